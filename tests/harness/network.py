"""The network is off in tests: only this machine may be reached.

An audit hook (PEP 578) sees every connection and name look-up that Python makes, whatever library asks for it, and
replaces nothing.
"""

import ipaddress
import socket
import sys
from typing import Any

LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})


class NetworkIsOff(Exception):
    """A test tried to reach another machine."""


def is_this_machine(host: Any) -> bool:
    """Whether `host` (a name, an address, or empty for "any of ours") is this machine."""
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    if not host or host in LOOPBACK_NAMES or host == socket.gethostname():
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and not is_this_machine(address[0]):
            raise NetworkIsOff(f"a connection to {address[0]}")
    elif event == "socket.getaddrinfo" and not is_this_machine(arguments[0]):
        raise NetworkIsOff(f"a look-up of {arguments[0]}")


_switched_off = False


def switch_off() -> None:
    """From now on, in this process, reaching another machine raises NetworkIsOff. Cannot be undone."""
    global _switched_off
    if not _switched_off:
        sys.addaudithook(_watch)
        _switched_off = True


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

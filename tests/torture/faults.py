"""What is done to the running service, for a few seconds, while people ring."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import make_url

from tests.harness.databases import BACKENDS, Databases
from tests.harness.outages import taken_away
from tests.harness.proxy import MODES, Proxy
from tests.journeys.conftest import Town

CARRIERS: Final = ("lost_callback", "duplicate", "reorder", "error_500", "rest_429", "rest_500", "hang_up_mid_bridge")
SOME: Final = 12  # occasions on which a carrier's fault strikes, a batch


class Where(NamedTuple):
    """What a fault may strike at: the running service, its database, and the networks in between."""

    town: Town
    url: str
    databases: Databases
    networks: dict[str, Proxy]  # by where they lead: redis, and database where it has a server


@dataclass(frozen=True)
class Fault:
    """One fault: a name for the table, and a way to have it for as long as a `with` lasts."""

    name: str
    strike: Callable[[Where], Any]
    backends: tuple[str, ...] = BACKENDS


@contextmanager
def _killed(process: str, town: Town) -> Iterator[None]:
    town.stack.kill(process)
    yield
    town.stack.restart(process)


@contextmanager
def _frozen(process: str, town: Town) -> Iterator[None]:
    town.stack.pause(process)
    yield
    town.stack.resume(process)


@contextmanager
def _database_frozen(url: str, databases: Databases) -> Iterator[None]:
    """The server stops answering and says nothing; SQLite has no server, so its file is held."""
    server = databases.postgres.process
    if make_url(url).get_backend_name() == "sqlite" or server is None:
        with taken_away(url, databases):
            yield
        return
    server.signal(signal.SIGSTOP)
    yield
    server.signal(signal.SIGCONT)


@contextmanager
def _network(mode: str, network: Proxy) -> Iterator[None]:
    getattr(network, mode)()
    yield
    network.passes()


@contextmanager
def _carrier(kind: str, town: Town) -> Iterator[None]:
    """`/voice/`: what is hosted with the carrier does not fail with us."""
    fault = {"kind": kind, "times": SOME, "match": "/voice/" if kind == "error_500" else ""}
    answer = town.stack.request("POST", f"{town.stack.carrier_url}/control/faults", body=fault)
    assert answer.status < 300, answer
    yield
    town.stack.request("DELETE", f"{town.stack.carrier_url}/control/faults")


def all_of_them() -> list[Fault]:
    """Every process killed and frozen, the database gone and frozen, and the carrier's bad days."""
    found = []
    for process in ("web", "worker", "clock", "redis"):
        found.append(Fault(f"{process} killed", lambda where, p=process: _killed(p, where.town)))
        found.append(Fault(f"{process} frozen", lambda where, p=process: _frozen(p, where.town)))
    found.append(Fault("database away", lambda where: taken_away(where.url, where.databases)))
    found.append(Fault("database frozen", lambda where: _database_frozen(where.url, where.databases)))
    for mode in MODES:
        way = mode.replace("_", " ")
        found.append(Fault(f"way to redis {way}", lambda where, m=mode: _network(m, where.networks["redis"])))
        found.append(
            Fault(
                f"way to database {way}", lambda where, m=mode: _network(m, where.networks["database"]), ("postgresql",)
            )
        )
    for kind in CARRIERS:
        found.append(Fault(f"carrier: {kind}", lambda where, k=kind: _carrier(k, where.town)))
    return found

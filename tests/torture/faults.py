"""What is done to the running service, for a few seconds, while people ring."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import make_url

from tests.harness.databases import Databases
from tests.harness.outages import taken_away
from tests.journeys.conftest import Town

CARRIERS: Final = ("lost_callback", "duplicate", "reorder", "error_500", "rest_429", "rest_500", "hang_up_mid_bridge")
SOME: Final = 12  # occasions on which a carrier's fault strikes, a batch


@dataclass(frozen=True)
class Fault:
    """One fault: a name for the table, and a way to have it for as long as a `with` lasts."""

    name: str
    strike: Callable[[Town, str, Databases], Any]


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
def _carrier(kind: str, town: Town) -> Iterator[None]:
    fault = {"kind": kind, "times": SOME}
    answer = town.stack.request("POST", f"{town.stack.carrier_url}/control/faults", body=fault)
    assert answer.status < 300, answer
    yield
    town.stack.request("DELETE", f"{town.stack.carrier_url}/control/faults")


def all_of_them() -> list[Fault]:
    """Every process killed and frozen, the database gone and frozen, and the carrier's bad days."""
    found = []
    for process in ("web", "worker", "clock", "redis"):
        found.append(Fault(f"{process} killed", lambda town, url, dbs, p=process: _killed(p, town)))
        found.append(Fault(f"{process} frozen", lambda town, url, dbs, p=process: _frozen(p, town)))
    found.append(Fault("database away", lambda town, url, dbs: taken_away(url, dbs)))
    found.append(Fault("database frozen", lambda town, url, dbs: _database_frozen(url, dbs)))
    for kind in CARRIERS:
        found.append(Fault(f"carrier: {kind}", lambda town, url, dbs, k=kind: _carrier(k, town)))
    return found

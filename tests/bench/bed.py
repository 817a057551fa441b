"""What the benchmark runs on: real servers as the tests start them, with the example service applied."""

import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from callflows.wording import SENTENCES
from tests.harness.databases import FIELD_KEYS, ROOT, Databases, local_settings
from tests.harness.network import free_port
from tests.harness.postgres import PostgresServer
from triage import apply, sealing, service_file
from triage.db import Database, open_database, utcnow

sealing.use(FIELD_KEYS)

DURABLE = ("shared_buffers=64MB", "max_connections=200")
"""PostgreSQL as in service: every commit reaches the disk, dead rows are cleared away."""

EXAMPLE = ROOT / "triage" / "local" / "example.toml"
Given, Result = ParamSpec("Given"), TypeVar("Result")
NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


@dataclass
class Bed:
    """Makes databases; `quick` asks every part for as little as still says something, `whole_minute` the texts for a
    minute at their highest rate.
    """

    databases: Databases
    folder: Path
    quick: bool
    whole_minute: bool = False

    def rounds(self, full: int) -> int:
        return 20 if self.quick else full

    def database(self, backend: str, *, pool_size: int = 6) -> Database:
        """A new database with the example service in it."""
        made = open_database(self.databases.fresh(backend), pool_size=pool_size)
        with made.transaction() as db:
            apply.apply(db, service_file.read(EXAMPLE, wording_names=SENTENCES), now=utcnow())
        return made

    def settings(self, database: Database) -> dict[str, str]:
        """Settings for a web, worker or clock process on this database."""
        port = free_port()
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **local_settings(),
            "DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
            "PORT": str(port),
        }


@contextmanager
def laid(*, quick: bool, whole_minute: bool = False) -> Iterator[Bed]:
    """A bed whose servers start when first needed, and are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="nwd-bench-"))
    databases = Databases(folder, PostgresServer(DURABLE))
    try:
        yield Bed(databases, folder, quick, whole_minute)
    finally:
        databases.close()
        databases.postgres.close()
        shutil.rmtree(folder, ignore_errors=True)


def alone(work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Result:
    """Do `work` in a fresh process of its own, and give back what it returned or raised."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *given, **named).result()

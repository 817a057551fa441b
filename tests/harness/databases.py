"""New databases for tests, already migrated, in milliseconds: each is a copy of one that was migrated once."""

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Engine

from tests.harness.postgres import PostgresServer

FIELD_KEYS = "tests:" + "dGhlc2Uga2V5cyBhcmUgZm9yIHRlc3RzIG9ubHkhIQ=="
BACKENDS = ("sqlite", "postgresql")
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "triage" / "local" / "example.toml"


class Databases:
    """Makes databases on both systems. One per test process; `close` drops whatever is left."""

    def __init__(self, folder: Path, postgres: PostgresServer) -> None:
        """`folder` holds the SQLite files. `postgres` is started when the first PostgreSQL one is asked for."""
        self.folder = folder
        self.postgres = postgres
        self._numbers = itertools.count(1)
        self._templates: dict[str, str] = {}
        self._made: list[str] = []

    def empty(self, backend: str) -> str:
        """The address of a new database with nothing in it."""
        name = self._name()
        if backend == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        self.postgres.start()
        self.postgres.run(f'create database "{name}"')
        self._made.append(name)
        return self.postgres.url_of(name)

    def fresh(self, backend: str) -> str:
        """The address of a new database with every migration applied and no rows of ours."""
        return self._copied(backend, None)

    def served(self, backend: str) -> str:
        """The address of a new database in which the example service file is applied, for a `Stack` to start on."""
        return self._copied(backend, EXAMPLE)

    def _copied(self, backend: str, service_file: Path | None) -> str:
        template = self._template(backend, service_file)
        name = self._name()
        if backend == "sqlite":
            shutil.copyfile(self.folder / f"{template}.db", self.folder / f"{name}.db")
            return f"sqlite:///{self.folder / name}.db"
        self.postgres.run(f'create database "{name}" template "{template}"')
        self._made.append(name)
        return self.postgres.url_of(name)

    def let_history_be_emptied(self, engine: Engine) -> None:
        """Take the triggers off that refuse it: for a database that is emptied for each test, and for no other."""
        with engine.begin() as connection:
            for table in ("history", "history_link"):
                if engine.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                else:
                    connection.exec_driver_sql(f"DROP TRIGGER {table}_no_update")
                    connection.exec_driver_sql(f"DROP TRIGGER {table}_no_delete")

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        if url.startswith("sqlite:///"):
            for ending in ("", "-wal", "-shm"):
                Path(url.removeprefix("sqlite:///") + ending).unlink(missing_ok=True)
            return
        name = next(name for name in self._made if self.postgres.url_of(name) == url)
        self.postgres.run(f'drop database if exists "{name}" with (force)')
        self._made.remove(name)

    def close(self) -> None:
        """Drop what is left on a server that is not ours; our own goes as a whole."""
        if self.postgres.given:
            for name in reversed(self._made):
                self.postgres.run(f'drop database if exists "{name}" with (force)')

    def _name(self) -> str:
        return f"nwd_test_{os.getpid()}_{next(self._numbers)}"

    def _template(self, backend: str, service_file: Path | None) -> str:
        key = f"{backend} {service_file}"
        if key not in self._templates:
            url = self._copied(backend, None) if service_file else self.empty(backend)
            if service_file:
                command(url, "apply", str(service_file))
            else:
                command(url, "migrate")
            name = self._made[-1] if backend == "postgresql" else Path(url).stem
            if backend == "sqlite":
                _fold_journal(self.folder / f"{name}.db")
            self._templates[key] = name
        return self._templates[key]


def command(url: str, *arguments: str) -> None:
    """`nowrongdoor ...` on the database at `url`, as operators type it."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("nowrongdoor")), *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **local_settings(), "DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}"


def local_settings() -> dict[str, str]:
    """Settings that satisfy every check and reach nobody; a test replaces the ones it is about."""
    from triage.local.environment import made_up

    return {
        **made_up(),
        "FIELD_KEYS": FIELD_KEYS,
        "SERVICE_MODE": "local",
        "PUBLIC_BASE_URL": "http://127.0.0.1:1",
        "TWILIO_API_BASE_URL": "http://127.0.0.1:1",
        "REDIS_URL": "unix:///nowhere/redis.sock",
        "PORT": "1",
    }


def _fold_journal(file: Path) -> None:
    """Put what lies in SQLite's write-ahead log into the file itself, so that a copy of the file is whole."""
    import sqlite3

    connection = sqlite3.connect(file)
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()

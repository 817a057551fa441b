"""The database: one engine, and the two ways to use it, `transaction()` and `reading()`.

SQLite runs in WAL mode with synchronous FULL, and every writing transaction starts with BEGIN IMMEDIATE behind one lock
in this process: deferred transactions fail on the upgrade, and waiting on SQLite's own lock is unfair (measured: a
waiter may starve for seconds). PostgreSQL gets short server-side limits, so that nobody waits for a stuck statement.
Where callers wait for us (the web process) there are deadlines on our side as well: `open_database(..., hurried=True)`.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from triage.patience import Patience, left_s

WRITER_WAIT_S = 2.0  # hurried: for our own turn to write on SQLite,
FILE_WAIT_S = 2.5  # and then for other processes; together under the five seconds a caller may wait
POSTGRES_LIMITS = "-c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=15000"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC. Refuses a naive one: nobody can know what it meant."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone was about to be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """One engine and its sessions. `after_commit` is told the outbox rows a committed transaction left behind."""

    def __init__(
        self, engine: Engine, after_commit: Callable[[Sequence[tuple[int, str]]], object] | None = None, *,
        patience: Patience | None = None, hurried: bool = False,
    ):  # fmt: skip
        self.engine = engine
        self.after_commit = after_commit
        self._patience = patience
        self._hurried = hurried
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._reader = engine.execution_options(read_only=True) if self.is_sqlite else engine
        self._committing = engine if self.is_sqlite else engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work: committed when the block ends, undone if it raises.

        Outbox rows added in it are handed to `after_commit` once they are safe; that call never raises. What
        `session.info["last_of_all"]` names is done just before the commit: it takes a lock that everybody wants.
        """
        with (
            self._unit(), self._one_writer(), Session(self.engine, expire_on_commit=False) as session, session.begin(),
        ):  # fmt: skip
            yield session
            if session.in_transaction():  # not when the block itself undid everything
                for last in session.info.pop("last_of_all", {}).values():
                    last(session)
        left: list[tuple[int, str]] = session.info.get("outbox", [])
        if left and self.after_commit:
            self.after_commit(left)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads. On SQLite it never waits for a writer."""
        with self._unit(), Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def statements(self, *, each_commits: bool = False) -> Iterator[Connection]:
        """One transaction of plain statements, without the unit of work: for the first webhook, where it would be
        half the time.

        With `each_commits`, on PostgreSQL, every statement is its own transaction: two round trips fewer.
        """
        engine = self._committing if each_commits else self.engine
        with self._unit(), self._one_writer(), engine.begin() as connection:
            yield connection

    def hurried_by(self, after_commit: Callable[[Sequence[tuple[int, str]]], object]) -> "Database":
        """The same database, whose transactions also tell `after_commit` what they left to do."""
        return Database(self.engine, after_commit, patience=self._patience, hurried=self._hurried)

    def _unit(self) -> AbstractContextManager[None]:
        return self._patience.unit() if self._patience else nullcontext()

    def _one_writer(self) -> AbstractContextManager[None]:
        if not self.is_sqlite:
            return nullcontext()
        return _our_turn(max(0, min(WRITER_WAIT_S, left_s())) if self._hurried else -1)


_WRITER = threading.RLock()


@contextmanager
def _our_turn(wait_s: float) -> Iterator[None]:
    """The one writer of this process. Raises NoConnectionFree after `wait_s` (-1: waits as long as it takes)."""
    if not _WRITER.acquire(timeout=wait_s):
        raise NoConnectionFree("another writer of this process holds the database")
    try:
        yield
    finally:
        _WRITER.release()


def open_database(url: str, *, pool_size: int = 6, hurried: bool = False, unit_s: float | None = None) -> Database:
    """Connect (lazily) to `url`: `sqlite:///path` or `postgresql+psycopg://...` (plain `postgresql://` is taken as
    that). `hurried`: a unit of work gives up in time for a caller to hear something within five seconds. `unit_s`: a
    unit of work on PostgreSQL gives up after that, though the server be frozen.
    """
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        url = parsed.render_as_string(hide_password=False)
        return Database(_sqlite(url, parsed.database, FILE_WAIT_S if hurried else 5), hurried=hurried)
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=2,
        pool_timeout=2 if hurried else 3,
        connect_args={"connect_timeout": 2 if hurried else 3, "options": POSTGRES_LIMITS},
    )
    patience = Patience(engine) if hurried else Patience(engine, unit_s) if unit_s else None
    return Database(engine, patience=patience, hurried=hurried)


def _sqlite(url: str, file: str | None, wait_s: float) -> Engine:
    if file and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": wait_s, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def settings(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={int(wait_s * 1000)}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(1000 * max(0, min(wait_s, left_s())))}")
        reading = connection.get_execution_options().get("read_only")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def utcnow() -> datetime:
    """The time now, aware, UTC. Read once at the edge (a request, a tick) and passed inwards as `now`."""
    return datetime.now(UTC)

"""A database that is frozen, not dead: nobody on the telephone waits for it."""

import contextlib
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from tests.harness.waiting import wait_until
from triage import db as databases
from triage import patience
from triage.db import Database, open_database

LONG_S = 8  # far less than for ever, far more than the deadline, on a busy machine


@pytest.fixture
def postgres(new_database: Callable[[str], str]) -> Iterator[Database]:
    made = open_database(new_database("postgresql"), hurried=True)
    yield made
    made.engine.dispose()


@pytest.fixture
def frozen(postgres: Database) -> Iterator[Callable[[], None]]:
    """Freezes the server process behind the pool's one connection, as a stopped machine would; `thaw` on the way out."""
    with postgres.reading() as db:
        pid = db.execute(text("SELECT pg_backend_pid()")).scalar_one()
    os.kill(pid, signal.SIGSTOP)
    yield lambda: os.kill(pid, signal.SIGCONT)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def asked(database: Database) -> int:
    with database.reading() as db:
        return int(db.execute(text("SELECT 1")).scalar_one())


def test_a_frozen_database_is_given_up_in_time_for_a_caller_and_then_refused_at_once(
    postgres: Database, frozen: Callable[[], None]
) -> None:
    began = time.monotonic()
    with pytest.raises(DBAPIError):
        asked(postgres)
    assert patience.SLOW_S < time.monotonic() - began < LONG_S
    with pytest.raises(patience.DatabaseAway):
        asked(postgres)
    frozen()
    assert wait_until(lambda: answers(postgres), LONG_S, what="asked again once it is back")
    assert asked(postgres) == 1


@pytest.fixture
def caller_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(patience, "REQUEST_S", 1.5)
    patience.a_caller_waits(True)
    yield
    patience.a_caller_waits(False)


@pytest.mark.usefixtures("caller_waits")
def test_the_units_of_one_webhook_have_one_deadline_together(postgres: Database) -> None:
    began, done = time.monotonic(), 0

    def one_unit() -> None:
        with postgres.reading() as db:
            db.execute(text("SELECT pg_sleep(0.4)"))

    with contextlib.suppress(DBAPIError, patience.DatabaseAway):
        while done < 20:
            one_unit()
            done += 1
    assert done <= 3
    assert time.monotonic() - began < LONG_S
    patience.a_caller_waits(False)
    with postgres.reading() as db:
        db.execute(text("SELECT pg_sleep(2)"))


@pytest.mark.usefixtures("caller_waits")
def test_on_sqlite_too_the_units_of_one_webhook_have_one_deadline_together(new_database: Callable[[str], str]) -> None:
    url = new_database("sqlite")
    waits, holds = open_database(url, hurried=True), sqlite3.connect(url.removeprefix("sqlite:///"))
    holds.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    for _ in range(5):
        with pytest.raises((DBAPIError, NoConnectionFree)), waits.transaction() as db:
            db.execute(text("SELECT 1"))
    assert time.monotonic() - began < 5 * databases.FILE_WAIT_S / 2
    holds.close()
    waits.engine.dispose()


def answers(database: Database) -> bool:
    try:
        return asked(database) == 1
    except (patience.DatabaseAway, DBAPIError):
        return False


def test_what_the_server_itself_refuses_opens_nothing(postgres: Database) -> None:
    with pytest.raises(DBAPIError):
        sleeps(postgres)
    assert asked(postgres) == 1


def sleeps(database: Database) -> None:
    with database.transaction() as db:
        db.execute(text("SET LOCAL statement_timeout = 1200"))
        db.execute(text("SELECT pg_sleep(9)"))


def test_a_long_night_of_short_units_cuts_nothing(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "UNIT_S", 0.4)
    with postgres.reading() as db:
        pid = db.execute(text("SELECT pg_backend_pid()")).scalar_one()
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        asked(postgres)
    with postgres.reading() as db:
        assert db.execute(text("SELECT pg_backend_pid()")).scalar_one() == pid


def test_nobody_waits_long_for_a_turn_to_write_on_sqlite(
    new_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "WRITER_WAIT_S", 0.2)
    database = open_database(new_database("sqlite"), hurried=True)
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with database.transaction() as db:
            db.execute(text("SELECT 1"))
            holding.set()
            done.wait(LONG_S)

    writer = threading.Thread(target=hold)
    writer.start()
    assert holding.wait(LONG_S)
    with pytest.raises(NoConnectionFree), database.transaction():
        pass
    done.set()
    writer.join()
    with database.transaction() as db:
        assert db.execute(text("SELECT 1")).scalar_one() == 1
    database.engine.dispose()

"""The database itself, its migrations, and the service file loaded into it."""

import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, func, inspect, select, text
from sqlalchemy.exc import StatementError

from tests import factories
from tests.harness.databases import BACKENDS, Databases
from tests.triage.test_claims import at_once
from triage import history, migrate, rules, service_file
from triage.apply import apply
from triage.db import Database, open_database, utcnow
from triage.models import History, Keyword, Line, Locality, Service, Staff, Unit
from triage.tables import Base


def note(database: Database, what: str = "read", at: datetime = factories.NOON) -> None:
    with database.transaction() as db:
        history.record(db, what, actor="x", now=at)


def count(database: Database) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(History)) or 0


# --- transactions --------------------------------------------------------------------------------------------------------


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises((StatementError, ValueError), match="without a zone"):
        note(database, at=datetime(2026, 11, 22, 12))  # noqa: DTZ001 - the point
    assert count(database) == 0


def test_times_come_back_in_utc_wherever_they_were_said(database: Database) -> None:
    note(database, at=datetime(2026, 7, 1, 13, tzinfo=timezone(timedelta(hours=1))))
    with database.reading() as db:
        at = db.scalars(select(History.at)).one()
    assert (at, at.tzinfo) == (datetime(2026, 7, 1, 12, tzinfo=UTC), UTC)
    assert utcnow().tzinfo is UTC


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def fails() -> None:
        with database.transaction() as db:
            history.record(db, "read", actor="x", now=factories.NOON)
            db.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert count(database) == 0


def test_many_writers_at_once_all_write(database: Database) -> None:
    def write() -> None:
        for _ in range(10):
            note(database)

    assert at_once(*[write] * 12) == [None] * 12
    assert count(database) == 120


def test_reading_does_not_wait_for_a_writer(database: Database) -> None:
    note(database)
    with database.transaction() as db:
        history.record(db, "read", actor="x", now=factories.NOON)
        db.flush()
        seen: list[int] = []
        reader = threading.Thread(target=lambda: seen.append(count(database)))
        reader.start()
        reader.join(3)
        assert seen == [1], "what is not committed is not seen"


def test_sqlite_is_durable_and_a_writer_holds_the_lock_from_its_start(new_database: Callable[[str], str]) -> None:
    url = new_database("sqlite")
    database = open_database(url)
    with database.reading() as db:
        said = {
            name: db.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert said == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    other = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0)
    with database.transaction() as db:
        db.execute(text("SELECT 1"))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.close()
    database.engine.dispose()


# --- migrations ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_migrations_go_up_down_and_up_and_end_where_the_models_are(databases: Databases, backend: str) -> None:
    database = open_database(databases.empty(backend))
    engine = database.engine
    migrate.to(engine)
    with engine.connect() as connection:
        chain = ScriptDirectory(str(migrate.MIGRATIONS)).get_current_head()
        assert migrate.at(connection) == migrate.head() == chain
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": Base.metadata})
        assert compare_metadata(context, Base.metadata) == []
    migrate.back_to(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrate.to(engine)
    migrate.to(engine)
    assert set(inspect(engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    engine.dispose()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_partial_indexes_are_as_the_models_say(new_database: Callable[[str], str], backend: str) -> None:
    """Autogenerate does not compare what a partial index covers; the one-nurse and one-car rules hang on it."""
    database = open_database(new_database(backend))
    plain = open_database("sqlite://" if backend == "sqlite" else new_database(backend))
    if backend == "sqlite":
        Base.metadata.create_all(plain.engine)
    else:
        with plain.engine.begin() as connection:
            Base.metadata.drop_all(connection)
            Base.metadata.create_all(connection)
    where = {}
    for name, each in (("migrated", database), ("modelled", plain)):
        with each.engine.connect() as connection:
            if backend == "sqlite":
                rows = connection.execute(
                    text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
                )
            else:
                rows = connection.execute(
                    text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")
                )
            where[name] = {row[0]: " ".join(row[1].replace('"', "").split()) for row in rows if "alembic" not in row[0]}
        each.engine.dispose()
    assert where["migrated"] == where["modelled"]
    assert sum(" WHERE " in definition for definition in where["migrated"].values()) >= 6


# --- the service file --------------------------------------------------------------------------------------------------------


def test_applying_a_file_twice_changes_nothing(database: Database) -> None:
    first = factories.make_service(database)
    assert len(first) == 3 + 5 + 2 + 1 + 1 + 1
    assert factories.make_service(database, now=factories.NOON + timedelta(days=1)) == []
    with database.reading() as db:
        assert db.get_one(Service, 1).version == 1
        assert db.scalar(select(func.count()).select_from(History)) == 1


def test_a_change_is_said_and_counted(database: Database) -> None:
    factories.make_service(database)
    small = factories.service()
    changes = factories.make_service(
        database,
        service=msgspec.structs.replace(small.service, name="New Name"),
        localities=(msgspec.structs.replace(small.localities[0], name="The Isle"), *small.localities[1:]),
    )
    assert changes == ["locality island: name", "service New Name: changed"]
    with database.reading() as db:
        assert (db.get_one(Service, 1).version, rules.current(db).name) == (2, "New Name")


def test_what_is_gone_from_the_file_is_retired_and_comes_back(database: Database) -> None:
    factories.make_service(database)
    small = factories.service()
    changes = factories.make_service(database, keywords=small.keywords[:1], units=(), lines=small.lines[:4])
    assert changes == [
        f"line {factories.NURSE_LINE}: retired", "keyword marigold: retired", "unit IW01: retired",
    ]  # fmt: skip
    with database.reading() as db:
        assert not db.get_one(Keyword, "marigold").active
        assert not db.get_one(Unit, "IW01").active
        assert not db.get_one(Line, factories.NURSE_LINE).active
    assert factories.make_service(database) == [
        f"line {factories.NURSE_LINE}: active", "keyword marigold: active", "unit IW01: active",
    ]  # fmt: skip


def test_a_car_on_duty_stays_so_when_the_file_is_applied_again(database: Database) -> None:
    factories.make_service(database)
    factories.make_unit(database, "IW01")
    small = factories.service()
    factories.make_service(database, units=(msgspec.structs.replace(small.units[0], crew=("nurse",)),))
    with database.reading() as db:
        assert (db.get_one(Unit, "IW01").state, db.get_one(Unit, "IW01").crew) == ("available", ["nurse"])


def test_nothing_is_half_loaded(database: Database) -> None:
    bad = service_file.Keyword("lantern", "nowhere", "Nobody", date(2026, 3, 1))
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        factories.make_service(database, keywords=(bad,))
    with database.reading() as db:
        assert [db.scalar(select(func.count()).select_from(model)) for model in (Locality, Line, Staff, Service)] == [
            0
        ] * 4


def test_numbers_in_the_file_become_the_rules(database: Database) -> None:
    factories.make_service(database, order=service_file.Order(wait_climb_minutes=5, lease_s=60, ack_deadline_s=90))
    with database.reading() as db:
        ours = rules.current(db).rules
    assert (ours.climb_every_s, ours.claim_lease_s, ours.acknowledge_s, ours.offer_valid_s) == (300, 60, 90, 90)


def test_numbers_of_the_car_in_the_file_become_the_rules(database: Database) -> None:
    given = {name: 600 + at for at, name in enumerate(service_file.Car.__struct_fields__)}
    factories.make_service(database, car=service_file.Car(**given))
    with database.reading() as db:
        ours = rules.current(db).rules
    assert {name: getattr(ours, name) for name in given} == given


def test_numbers_of_texts_in_the_file_become_the_rules_and_a_place_has_its_window(database: Database) -> None:
    written = """
        [service]
        name = "Test Crisis Line"
        [texts]
        silence_s = 300
        silence_danger_s = 120
        ask_after_s = 7200
        [[locality]]
        code = "island"
        name = "The Island"
        text_window_hours = 48
    """
    with database.transaction() as db:
        apply(db, service_file.read_text(written), now=factories.NOON)
    with database.reading() as db:
        ours = rules.current(db).rules
        assert (ours.silence_s, ours.silence_danger_s, ours.ask_after_s) == (300, 120, 7200)
        assert db.get_one(Locality, "island").text_window_hours == 48


@pytest.mark.parametrize("field", ["silence_s = 10", "silence_danger_s = 10", "ask_after_s = 60", "hurry_s = 1"])
def test_numbers_of_texts_that_cannot_be_are_refused(field: str) -> None:
    with pytest.raises(service_file.ServiceFileError, match="line 4"):
        service_file.read_text(f'[service]\nname = "Test"\n[texts]\n{field}\n')


def test_before_any_file_the_line_still_has_rules_and_words(database: Database) -> None:
    with database.reading() as db:
        ours = rules.current(db)
    assert ours.rules == rules.Rules()
    assert "999" in ours.no_car_fallback


FIRST_EXPANDING = 7  # from here on the version before goes on writing while a migration has run (README, A new version)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_version_before_can_go_on_writing_after_each_migration(databases: Databases, backend: str) -> None:
    """Expand first, contract later (R46): nothing is taken away, and nothing new has to be filled in."""
    engine = open_database(databases.empty(backend)).engine
    revisions = [f"{number:04}" for number in range(FIRST_EXPANDING - 1, int(migrate.head()) + 1)]
    migrate.to(engine, revisions[0])
    for revision in revisions[1:]:
        before = MetaData()
        before.reflect(engine)
        migrate.to(engine, revision)
        after = MetaData()
        after.reflect(engine)
        for name, old in before.tables.items():
            assert name in after.tables, f"{revision} takes the table {name} away"
            new = after.tables[name]
            assert set(old.c.keys()) <= set(new.c.keys()), f"{revision} takes columns of {name} away"
            for column in new.c:
                known = old.c.get(column.name)
                filled = column.nullable or column.server_default is not None or column.primary_key
                assert filled if known is None else (column.nullable or not known.nullable or filled), (
                    f"{revision}: the version before does not fill {name}.{column.name}"
                )
    engine.dispose()

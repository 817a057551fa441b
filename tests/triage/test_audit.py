"""History cannot be changed without it showing, and the database refuses to change it."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import DBAPIError

from tests import factories
from tests.harness.databases import BACKENDS
from tests.triage.scene import Scene
from triage import audit, contacts, history, migrate
from triage.audit import Broken, End
from triage.db import Database, open_database
from triage.models import History, HistoryLink

LATER = timedelta(minutes=2)


def verified(scene: Scene, *expect: End) -> int:
    with scene.database.reading() as db:
        return max(audit.verify(db, scene.now + LATER, expect=expect), default=0)


def acts(scene: Scene, *actors: str) -> None:
    for actor in actors:
        with scene.database.transaction() as db:
            history.record(db, "read", actor=actor, now=scene.now, contact_id="c", reason="é", n=1, yes=True, none=None)


def run(scene: Scene, statement: str) -> None:
    with scene.database.statements() as connection:
        connection.execute(text(statement))


@pytest.fixture
def told(scene: Scene) -> Scene:
    """Five lines: three by people, linked at once; two by the line itself, linked by the clock."""
    with scene.database.transaction() as db:
        audit.link_left(db, scene.now)
    acts(scene, "ana", "caller", "operator", "clock", "bola")
    with scene.database.transaction() as db:
        assert audit.link_left(db, scene.now) == 2
    return scene


def test_what_a_person_does_is_linked_in_the_same_transaction_and_the_rest_a_moment_later(scene: Scene) -> None:
    with scene.database.transaction() as db:
        audit.link_left(db, scene.now)
    before = verified(scene)
    acts(scene, "ana")
    assert verified(scene) == before + 1
    acts(scene, "caller")
    with scene.database.reading() as db:
        assert audit.left(db)
    with scene.database.transaction() as db:
        assert audit.link_left(db, scene.now) == 1
        assert audit.link_left(db, scene.now) == 0
    assert verified(scene) == before + 2


def test_a_transaction_that_fails_leaves_no_link(told: Scene) -> None:
    before = verified(told)

    def fails() -> None:
        with told.database.transaction() as db:
            history.record(db, "read", actor="ana", now=told.now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert verified(told) == before


def test_reading_a_record_is_linked_with_who_read_it(scene: Scene) -> None:
    nurse, contact = scene.nurse(), scene.caller()
    with scene.database.transaction() as db:
        contacts.read(db, contact.id, nurse, now=scene.now)
    with scene.database.reading() as db:
        line = db.scalars(select(History).join(HistoryLink, HistoryLink.history_id == History.id)
                          .where(History.what == "read")).one()  # fmt: skip
        assert (line.actor, line.contact_id) == (nurse.id, contact.id)


def test_many_people_at_once_make_one_chain(scene: Scene) -> None:
    import threading

    threads = [threading.Thread(target=acts, args=(scene, *[f"nurse{n}"] * 5)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with scene.database.transaction() as db:
        audit.link_left(db, scene.now)
    assert verified(scene) >= 40


@pytest.mark.parametrize(
    ("tampering", "says"),
    [
        ("UPDATE history SET actor = 'somebody else' WHERE actor = 'ana'", "was changed"),
        ("UPDATE history SET detail = '{\"n\": 2}' WHERE actor = 'ana'", "was changed"),
        ("UPDATE history SET contact_id = NULL WHERE actor = 'clock'", "was changed"),
        ("UPDATE history_link SET digest = 'x' WHERE seq = 2", "does not fit"),
        ("DELETE FROM history_link WHERE seq = 2", "Link 2 is missing"),
        ("DELETE FROM history_link WHERE seq = (SELECT max(seq) FROM history_link)", "taken off its end"),
        (
            "INSERT INTO history (at, what, actor, detail) VALUES ('2020-01-01 00:00:00+00:00', 'read', 'nobody', '{}')",
            "in no link",
        ),
    ],
)
def test_tampering_shows(told: Scene, tampering: str, says: str) -> None:
    verified(told)
    run(told, tampering)
    with pytest.raises(Broken, match=says):
        verified(told)


def test_a_deleted_line_shows_even_with_its_link(told: Scene) -> None:
    run(told, "DELETE FROM history_link WHERE seq = 3")
    run(told, "UPDATE history_link SET seq = seq - 1 WHERE seq > 3")
    with pytest.raises(Broken, match="does not fit"):
        verified(told)


def test_an_end_noted_before_shows_a_chain_written_anew(told: Scene) -> None:
    with told.database.reading() as db:
        noted = audit.end(db)
    acts(told, "ana")
    assert verified(told, noted)
    with pytest.raises(Broken, match="written anew"):
        verified(told, End(noted.seq, "0" * 64))
    with pytest.raises(Broken, match="its end is gone"):
        verified(told, End(noted.seq + 100, noted.digest))


@pytest.fixture(params=BACKENDS)
def untouched(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[Database]:
    """A database as `migrate` leaves it, with a line of history."""
    database = open_database(new_database(request.param))
    with database.transaction() as db:
        history.record(db, "read", actor="ana", now=factories.NOON)
    yield database
    database.engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history SET actor = 'x'", "DELETE FROM history", "UPDATE history_link SET digest = 'x'",
        "DELETE FROM history_link",
    ],
)  # fmt: skip
def test_the_database_refuses_to_change_or_delete_history(untouched: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="only ever added to"), untouched.statements() as connection:
        connection.execute(text(statement))


def test_the_services_own_role_can_add_to_history_and_nothing_else(new_database: Callable[[str], str]) -> None:
    url = new_database("postgresql")
    owner = open_database(url)
    with owner.statements() as connection:
        connection.execute(text("DROP ROLE IF EXISTS nwd_service"))
        connection.execute(text("CREATE ROLE nwd_service LOGIN PASSWORD 'only for this test'"))
    try:
        migrate.grant(owner.engine, "nwd_service")
        with owner.reading() as db:
            assert audit.can_rewrite(db), "its owner can"
        role = make_url(url).set(username="nwd_service", password="only for this test")
        service = open_database(role.render_as_string(hide_password=False))
        with service.transaction() as db:
            history.record(db, "read", actor="ana", now=factories.NOON)
        with service.reading() as db:
            assert not audit.can_rewrite(db)
            assert list(audit.verify(db, factories.NOON)) == [1]
        for statement in (
            "UPDATE history SET actor = 'x'", "DELETE FROM history", "TRUNCATE history_link, history",
            "ALTER TABLE history DISABLE TRIGGER ALL", "DROP TABLE history_link", "UPDATE alembic_version SET version_num = '1'",
        ):  # fmt: skip
            with pytest.raises(DBAPIError), service.statements() as connection:
                connection.execute(text(statement))
        service.engine.dispose()
    finally:
        with owner.statements() as connection:
            connection.execute(text("DROP OWNED BY nwd_service"))
            connection.execute(text("DROP ROLE nwd_service"))
        owner.engine.dispose()

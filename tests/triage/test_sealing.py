"""What is stored can be read by nobody without the keys, and found again all the same."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, Table, insert, inspect, select, text

from tests import factories
from tests.harness.databases import BACKENDS, FIELD_KEYS, Databases
from tests.triage.scene import Scene
from triage import contacts, migrate, rotation, sealing
from triage.db import open_database
from triage.models import Contact, Draft, Incident, Message, Outcome, Staff, Unit
from triage.sealing import CannotOpen, Keyring, place_of, ring, sealed_fields
from triage.tables import Base

NEWER = "newer:" + base64.urlsafe_b64encode(bytes(range(32))).decode()
HERE = place_of("contact", "number_sealed", "1")


@pytest.fixture(autouse=True)
def own_keys_again() -> Iterator[None]:
    yield
    sealing.use(FIELD_KEYS)


# --- one value ----------------------------------------------------------------------------------------------------------


def test_what_is_sealed_opens_again_and_is_different_every_time() -> None:
    keys = Keyring.parsed(FIELD_KEYS)
    first, second = keys.seal("Ventnor, 2 flat B – ünder the stairs", HERE), keys.seal("", HERE)
    assert keys.open(first, HERE) == "Ventnor, 2 flat B – ünder the stairs"
    assert keys.open(second, HERE) == ""
    assert keys.seal("x", HERE) != keys.seal("x", HERE), "equal texts must not look equal"


@pytest.mark.parametrize(
    "elsewhere",
    [
        place_of("contact", "number_sealed", "2"),
        place_of("contact", "body_sealed", "1"),
        place_of("message", "number_sealed", "1"),
    ],
)
def test_a_value_copied_to_another_row_column_or_table_does_not_open(elsewhere: str) -> None:
    keys = Keyring.parsed(FIELD_KEYS)
    with pytest.raises(CannotOpen, match="was changed, or belongs elsewhere"):
        keys.open(keys.seal("+447700900123", HERE), elsewhere)


@pytest.mark.parametrize("at", [0, 20, -3])
def test_a_value_that_was_changed_does_not_open(at: int) -> None:
    keys = Keyring.parsed(FIELD_KEYS)
    name, _, body = keys.seal("+447700900123", HERE).partition(".")
    raw = bytearray(base64.urlsafe_b64decode(body))
    raw[at] ^= 1
    with pytest.raises(CannotOpen):
        keys.open(f"{name}.{base64.urlsafe_b64encode(raw).decode()}", HERE)


@pytest.mark.parametrize("stored", ["+447700900123", "", "tests.", "tests.!!", "tests.AAAA", "nobody.AAAA"])
def test_what_was_never_sealed_does_not_pass_for_it(stored: str) -> None:
    with pytest.raises(CannotOpen):
        Keyring.parsed(FIELD_KEYS).open(stored, HERE)


def test_a_failure_names_the_place_and_never_the_value() -> None:
    keys = Keyring.parsed(FIELD_KEYS)
    with pytest.raises(CannotOpen) as failed:
        keys.open(keys.seal("+447700900123", HERE), place_of("contact", "number_sealed", "9"))
    assert "contact number_sealed 9" in str(failed.value)
    assert "7700" not in str(failed.value)


def test_an_older_key_opens_and_is_looked_for_until_it_is_taken_out() -> None:
    old = Keyring.parsed(FIELD_KEYS)
    both = Keyring.parsed(f"{NEWER},{FIELD_KEYS}")
    sealed = old.seal("harbour", HERE)
    assert both.open(sealed, HERE) == "harbour"
    assert not both.is_current(sealed)
    assert both.is_current(both.seal("harbour", HERE))
    assert old.index("number", "+447700900123") in both.indexes("number", "+447700900123")
    with pytest.raises(CannotOpen, match="FIELD_KEYS does not have"):
        Keyring.parsed(NEWER).open(sealed, HERE)


def test_the_index_needs_the_key_and_tells_kinds_apart() -> None:
    ours, theirs = Keyring.parsed(FIELD_KEYS), Keyring.parsed(NEWER)
    number = "+447700900123"
    assert ours.index("number", number) == ours.index("number", number)
    assert len({ours.index("number", number), ours.index("tail", number), theirs.index("number", number)}) == 3


# --- rows -----------------------------------------------------------------------------------------------------------------


def test_a_sealed_field_cannot_be_put_into_a_query_by_mistake() -> None:
    with pytest.raises(TypeError, match="no query can compare it"):
        select(Contact).where(Contact.number == "+447700900123")


def test_a_row_that_is_told_no_key_first_is_refused() -> None:
    with pytest.raises(ValueError, match="must be set before"):
        Draft(fields={"notes": "x"})


def test_a_number_is_found_by_the_whole_of_it_or_its_end_and_stored_nowhere(scene: Scene) -> None:
    contact = factories.make_contact(scene.database, number="+447700900456", now=scene.now)
    factories.make_contact(scene.database, number="+441632960456", now=scene.now)
    with scene.database.reading() as db:
        assert [c.id for c in contacts.search(db, number="+447700900456")] == [contact.id]
        assert len(contacts.search(db, number="456")) == 2
        assert len(contacts.search(db, number="0456")) == 2
        assert contacts.search(db, number="1456") == []
        assert contacts.search(db, number="+447700900457") == []
        stored = db.execute(text("SELECT * FROM contact")).all()
    assert "7700900456" not in str(stored)


def test_rotation_seals_everything_again_and_then_the_old_key_may_go(scene: Scene) -> None:
    contact = factories.make_contact(scene.database, number="+447700900456", now=scene.now)
    with scene.database.transaction() as db:
        db.add(
            Message(
                contact_id=contact.id, direction="in", number="+447700900456", line="x", body="I am by the harbour",
                state="received", made_at=scene.now,
            )
        )  # fmt: skip
    sealing.use(f"{NEWER},{FIELD_KEYS}")
    *_, last = rotation.rotate(scene.database)
    assert last.done == last.total > 2
    assert not last.closed
    assert {step.total for step in rotation.rotate(scene.database)} == {0}
    sealing.use(NEWER)
    with scene.database.reading() as db:
        assert [c.id for c in contacts.search(db, number="+447700900456")] == [contact.id]
        assert db.scalars(select(Message)).one().body == "I am by the harbour"
        assert all(row.phone.startswith("+") for row in db.scalars(select(Unit)))


def test_rotation_leaves_what_it_cannot_open_and_says_so(scene: Scene) -> None:
    factories.make_contact(scene.database, number="+447700900456", now=scene.now)
    sealing.use(NEWER)
    *_, last = rotation.rotate(scene.database)
    assert last.closed == last.total > 0
    sealing.use(FIELD_KEYS)
    with scene.database.reading() as db:
        assert db.scalars(select(Contact)).one().number == "+447700900456"


def test_a_conversation_goes_on_while_keys_change(scene: Scene) -> None:
    def texts() -> str:
        return factories.make_contact(scene.database, number="+447700900456", channel="text", now=scene.now).id

    first = texts()
    sealing.use(f"{NEWER},{FIELD_KEYS}")
    assert texts() == first


# --- the move from plain columns ------------------------------------------------------------------------------------------

PLAIN: dict[str, list[dict[str, Any]]] = {
    "staff": [{"id": "s1", "email": "ana@example.org", "name": "Ana", "roles": [], "localities": [], "skills": [],
               "phone": "+447700900201", "active": True}],
    "contact": [{"id": f"c{n}", "channel": "call", "carrier_id": f"CA{n}", "number": f"+4477009{n:05}" if n else None,
                 "route": "direct", "started_at": factories.NOON, "place": "waiting", "turn": 0, "leg_ended": False,
                 "danger": False, "cannot_talk": False, "opted_out": False} for n in range(7)],
    "message": [{"id": "m1", "contact_id": "c1", "direction": "in", "number": "+447700900001", "line": "x",
                 "body": "canary words", "state": "received", "attempts": 0, "trouble": None,
                 "made_at": factories.NOON}],
    "draft": [{"contact_id": "c1", "staff_id": "s1", "fields": {"outcome": {"notes": "canary note"}},
               "saved_at": factories.NOON}],
}  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_was_plain_is_sealed_by_the_migration_and_plain_again_if_it_is_undone(
    databases: Databases, backend: str
) -> None:
    url = databases.empty(backend)
    database = open_database(url)
    migrate.to(database.engine, "0002")
    with database.engine.begin() as connection:
        for name, rows in PLAIN.items():
            here = _as_it_is(connection, name)
            connection.execute(insert(here), rows)
    migrate.to(database.engine)
    with database.reading() as db:
        assert [row.number for row in db.scalars(select(Contact).order_by(Contact.id))] == [
            row["number"] for row in PLAIN["contact"]
        ]
        assert db.scalars(select(Message)).one().body == "canary words"
        assert db.scalars(select(Draft)).one().fields == {"outcome": {"notes": "canary note"}}
        assert db.scalars(select(Staff)).one().phone == "+447700900201"
        assert [c.id for c in contacts.search(db, number="+447700900003")] == ["c3"]
    if backend == "sqlite":
        raw = b"".join(path.read_bytes() for path in _files(url))
        for word in (b"canary", b"77009"):
            assert word not in raw
    migrate.back_to(database.engine, "0002")
    with database.engine.begin() as connection:
        for name, rows in PLAIN.items():
            found = connection.execute(select(_as_it_is(connection, name))).mappings().all()
            for row in rows:
                assert any(all(one[key] == value for key, value in row.items() if "_at" not in key) for one in found)
    migrate.back_to(database.engine, "base")
    database.engine.dispose()


def _as_it_is(connection: Any, name: str) -> Any:
    return Table(name, MetaData(), autoload_with=connection)


def _files(url: str) -> list[Path]:
    file = Path(url.removeprefix("sqlite:///"))
    return [path for path in file.parent.glob(file.name + "*") if path.is_file()]


def test_every_free_text_about_a_person_is_a_sealed_field() -> None:
    """A new column that can hold anything must be sealed, or be named here with the reason why it need not be."""
    ours = {
        ("service", "name"), ("locality", "name"), ("keyword", "word"), ("keyword", "agreed_by"),
        ("directory_entry", "name"), ("directory_entry", "what"), ("directory_entry", "hours"),
        ("directory_entry", "text"),  # the service file's own words
        ("staff", "email"), ("staff", "name"),  # who works here, as every page shows them
        ("unit", "reason"), ("presence", "reason"),  # about a car or a shift
        ("contact", "keyword"), ("contact", "place"),  # how far a conversation is, in our words
        ("contact", "last_reply"),  # what the line itself said
        ("incident", "fallback"),  # the service file's sentence
        ("outbox", "trouble"),  # the name of an error
        ("alarm", "words"),  # our own sentence about the service: counts, nobody's name
        ("account", "password"),  # argon2id
        ("account", "totp"), ("account", "totp_next"),  # sealed, under the name of what they hold
        ("account", "oidc_subject"), ("passkey", "credential_id"), ("passkey", "public_key"),  # no secrets
        ("passkey", "name"), ("api_token", "name"),  # what staff call their own
    }  # fmt: skip
    free = set()
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            length = getattr(column.type, "length", 0)  # None: of any length
            if (length is None or length > 64) and not column.name.endswith("_sealed"):
                free.add((table.name, column.name))
    assert free <= ours, "sealed, or named above with a reason"


def test_every_sealed_field_has_its_column() -> None:
    for model in (Contact, Message, Outcome, Incident):
        stored = {attribute.key for attribute in inspect(model).column_attrs}
        assert sealed_fields(model)
        for field in sealed_fields(model).values():
            assert field.stored in stored
            assert {index.attribute for index in field.indexes} <= stored
    assert ring().current.id == "tests"

"""How long a contact's record is kept, and its destruction: planned, agreed by two people, and leaving a stub.

The classes and their times are those of the NHS Records Management Code of Practice (2023, appendix II): a
mental-health record 20 years after the person was last in contact, an adult's 8, a child's until the 25th birthday, or
the 26th for who was 17. This line keeps mental-health records, so that is the class where nobody said another.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Delete, Table, delete, func, or_, select, tuple_
from sqlalchemy.orm import Session

from triage import carrier_copies, history, rules, same_person
from triage.after_models import FollowUp
from triage.db import Database
from triage.keeping_models import Destroyed, Keeping, LegalHold, RightsNote
from triage.models import Contact, Incident, Message, Promise, Staff
from triage.tables import Base

KINDS: Final = {"mental_health": "Mental health", "adult": "Adult, not mental health", "child": "Child"}
NOTES: Final = {"correction": "Asked for a correction", "objection": "Objected"}
AT_ONCE: Final = 100


class BadKeeping(Exception):
    """Not a class, year, reason or note that can be kept; `str()` says what to do."""


class Times(msgspec.Struct, frozen=True):
    """[retention] of the service file. `texts_days`: how long the words of texts are kept; None: as the record."""

    mental_health_years: int = 20
    adult_years: int = 8
    child_until: int = 25
    texts_days: int | None = None


def times(db: Session) -> Times:
    """The times this service keeps records for."""
    return msgspec.convert(rules.config(db).get("retention") or {}, Times)


# --- what people say about a record ---------------------------------------------------------------------------------


def say_class(db: Session, contact: Contact, kind: str, born: int | None, staff: Staff, *, now: datetime) -> None:
    """Say of what class a record is. Raises BadKeeping."""
    if kind not in KINDS:
        raise BadKeeping(f"Choose one of: {', '.join(KINDS)}.")
    if born is not None and not now.year - 120 <= born <= now.year:
        raise BadKeeping("Write the year of birth with four digits, or leave it out.")
    row = db.get(Keeping, contact.id) or Keeping(contact_id=contact.id)
    row.kind, row.born, row.said_by, row.said_at = kind, born if kind == "child" else None, staff.id, now
    db.add(row)
    history.record(db, "record_class", actor=staff.id, now=now, contact_id=contact.id, kind=kind)


def hold(db: Session, contact: Contact, reason: str, staff: Staff, *, now: datetime) -> None:
    """Nothing of this contact is destroyed until the hold is lifted. Raises BadKeeping without a reason."""
    if not reason.strip():
        raise BadKeeping("Say why the record must be held, and for whom.")
    if not holds(db, contact.id):
        db.add(LegalHold(contact_id=contact.id, reason=reason.strip(), held_by=staff.id, held_at=now))
        history.record(db, "held", actor=staff.id, now=now, contact_id=contact.id)


def lift(db: Session, contact: Contact, staff: Staff, *, now: datetime) -> None:
    """Lift every hold of this contact."""
    for row in holds(db, contact.id):
        row.lifted_by, row.lifted_at = staff.id, now
        history.record(db, "hold_lifted", actor=staff.id, now=now, contact_id=contact.id)


def holds(db: Session, contact_id: str) -> Sequence[LegalHold]:
    """Holds that are not lifted."""
    return db.scalars(select(LegalHold).where(LegalHold.contact_id == contact_id, LegalHold.lifted_at.is_(None))).all()


def note_right(db: Session, contact: Contact, kind: str, words: str, staff: Staff, *, now: datetime) -> None:
    """Record that the person asked for a correction or objected. Raises BadKeeping."""
    if kind not in NOTES:
        raise BadKeeping(f"Choose one of: {', '.join(NOTES)}.")
    if not words.strip():
        raise BadKeeping("Write what they said.")
    db.add(RightsNote(contact_id=contact.id, kind=kind, words=words.strip(), noted_by=staff.id, noted_at=now))
    history.record(db, f"asked_{kind}", actor=staff.id, now=now, contact_id=contact.id)


def rights_notes(db: Session, contact_id: str) -> Sequence[RightsNote]:
    """What the person asked for or objected to, oldest first."""
    return db.scalars(select(RightsNote).where(RightsNote.contact_id == contact_id).order_by(RightsNote.noted_at)).all()


def class_of(db: Session, contact_id: str) -> tuple[str, int | None]:
    """The class of a record, and a child's year of birth."""
    row = db.get(Keeping, contact_id)
    return (row.kind, row.born) if row else ("mental_health", None)


@dataclass(frozen=True)
class Kept:
    """How a record is kept: its class and until when; what holds it; what the person asked for or objected to."""

    kind: str
    born: int | None
    until: datetime
    holds: Sequence[LegalHold]
    notes: Sequence[RightsNote]


def kept(db: Session, contact: Contact) -> Kept:
    """How this contact's record is kept."""
    kind, born = class_of(db, contact.id)
    until = keep_until(kind, born, _last_contact(db, contact), times(db))
    return Kept(kind, born, until, holds(db, contact.id), rights_notes(db, contact.id))


# --- what is due ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Due:
    """A contact whose time is over, and the class it was kept under."""

    contact_id: str
    kind: str


@dataclass(frozen=True)
class Look:
    """One step through all contacts: how many were looked at, and which of them are due or would be but for a hold."""

    looked_at: int
    due: list[Due]
    held: int


def keep_until(kind: str, born: int | None, last_contact: datetime, given: Times) -> datetime:
    """The moment from which a record may go. A child of unknown age is taken for a newborn; a birthday for the year's
    last.
    """
    if kind != "child":
        years = given.adult_years if kind == "adult" else given.mental_health_years
        return _later(last_contact, years)
    born = born or last_contact.year
    was_seventeen = last_contact.year - born in (17, 18)
    return datetime(born + given.child_until + was_seventeen + 1, 1, 1, tzinfo=UTC)


def _later(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:  # the 29th of February
        return moment.replace(year=moment.year + years, day=28) + timedelta(days=1)


def look(db: Session, now: datetime) -> Iterator[Look]:
    """Go through all contacts, oldest first, some hundred at a time."""
    given, after = times(db), None
    while True:
        query = select(Contact).order_by(Contact.started_at, Contact.id).limit(AT_ONCE)
        if after is not None:
            query = query.where(tuple_(Contact.started_at, Contact.id) > after)
        rows = db.scalars(query).all()
        if not rows:
            return
        after = (rows[-1].started_at, rows[-1].id)
        due, held = [], 0
        for contact in rows:
            kind, born = class_of(db, contact.id)
            if keep_until(kind, born, _last_contact(db, contact), given) > now or _still_open(db, contact.id):
                continue
            if holds(db, contact.id):
                held += 1
            else:
                due.append(Due(contact.id, kind))
        db.expunge_all()
        yield Look(len(rows), due, held)


def _last_contact(db: Session, contact: Contact) -> datetime:
    """When this person was last in contact, as far as `same_person` can tell."""
    last = contact.ended_at or contact.started_at
    newest = db.scalar(select(func.max(Contact.started_at)).where(same_person.others(db, contact)))
    return max(last, newest) if newest else last


def _still_open(db: Session, contact_id: str) -> bool:
    owed = select(Promise.id).where(Promise.contact_id == contact_id, Promise.settled_at.is_(None))
    running = select(Incident.id).where(Incident.contact_id == contact_id, Incident.closed_at.is_(None))
    return any(db.scalar(query.limit(1)) for query in (owed, running))


# --- destruction ----------------------------------------------------------------------------------------------------


def destroy(database: Database, due: Due, approval_id: str, *, now: datetime) -> bool:
    """Delete a contact and all that hangs on it, leaving the stub, in one transaction. False if it is not due any
    more: somebody rang again, or holds it.
    """
    with database.transaction() as db:
        contact = db.scalar(select(Contact).where(Contact.id == due.contact_id).with_for_update())
        if contact is None or holds(db, contact.id) or _still_open(db, contact.id):
            return False
        kind, born = class_of(db, contact.id)
        if keep_until(kind, born, _last_contact(db, contact), times(db)) > now:
            return False
        rows: Counter[str] = Counter()
        started = contact.started_at
        carrier_copies.erase_with(db, due.contact_id, now=now)
        db.expunge_all()
        _delete(db, Base.metadata.tables["contact"], [due.contact_id], rows)
        db.add(
            Destroyed(
                contact_id=due.contact_id, kind=kind, started_at=started, rows=dict(rows), approval_id=approval_id,
                destroyed_at=now,
            )
        )  # fmt: skip
        history.record(
            db, "destroyed", actor="operator", now=now, contact_id=due.contact_id, approval_id=approval_id, kind=kind
        )
    return True


def _delete(db: Session, table: Table, ids: Sequence[Any], rows: Counter[str]) -> None:
    """Delete rows by id after everything that points at them. Every table with a foreign key is found, new ones too."""
    for child in reversed(Base.metadata.sorted_tables):
        for key in (key for key in child.foreign_keys if key.column.table is table):
            _, *more = own = list(child.primary_key.columns)
            pointing = key.parent.in_(ids)
            if more:  # a key of several columns: nothing points at such a row
                rows[child.name] += _gone(db, delete(child).where(pointing))
            elif found := db.scalars(select(own[0]).where(pointing)).all():
                _delete(db, child, found, rows)
    rows[table.name] += _gone(db, delete(table).where(next(iter(table.primary_key.columns)).in_(ids)))


def _gone(db: Session, statement: Delete) -> int:
    result: Any = db.execute(statement)
    return int(result.rowcount)


def erase_texts(db: Session, now: datetime, limit: int = AT_ONCE) -> int:
    """Take the words out of texts that are older than they are kept, and out of what was answered to the question
    after, some hundred at a time; says how many.
    """
    days = times(db).texts_days
    if days is None:
        return 0
    since = now - timedelta(days=days)
    held = select(LegalHold.contact_id).where(LegalHold.lifted_at.is_(None))
    said = select(FollowUp).where(FollowUp.words_sealed.is_not(None), FollowUp.asked_at < since)
    answers = db.scalars(said.where(FollowUp.contact_id.not_in(held)).order_by(FollowUp.asked_at).limit(limit)).all()
    for answer in answers:
        answer.words_sealed = None
    old = (
        select(Message)
        .join(Contact, Contact.id == Message.contact_id)
        .where(Message.made_at < since)
        .where(or_(Message.body_sealed.is_not(None), Message.media_sealed.is_not(None)))
        .where(Contact.ended_at.is_not(None), Contact.id.not_in(held))
        .limit(limit)
    )
    rows = db.scalars(old).all()
    for row in rows:
        row.body_sealed = row.media_sealed = None
        carrier_copies.erase_soon(db, row, now=now)
    erased = len(rows) + len(answers)
    if erased:
        history.record(db, "texts_erased", actor="operator", now=now, texts=erased)
    return erased

"""Who stopped our texts, by number, for as long as they have not asked for them again: the service's own list.

A lone opt-out word puts a number on it, and so does a text that the carrier refuses because of one. It outlives the
contact, and the carrier's redaction of numbers. Nothing that the line sends by itself goes to a number on it, whichever
line it rings or texts next; a nurse is told before she writes. A lone START lifts it.

For a car's telephone only the line that its offers come from counts: from any other one texts to it do not come.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session

from triage import history, same_person
from triage.models import Contact, Unit
from triage.sealing import ring
from triage.texting_models import OptOut

SAID: Final = "said"
CARRIER: Final = "carrier"


def add(db: Session, number: str | None, line: str, how: str, *, now: datetime) -> OptOut | None:
    """Put a number on the list, as one that wrote to `line`; None if it stood there already, or is no number."""
    if number is None or _standing(db, number, line):
        return None
    row = OptOut(number=number, line=line, how=how, since=now, lifted_at=None)
    db.add(row)
    db.flush()
    return row


def lift(db: Session, number: str | None, *, now: datetime) -> bool:
    """They want our texts again, whichever line they wrote to. Says whether they had stopped them."""
    if number is None:
        return False
    lifted = False
    for row in _rows(db, number):
        row.lifted_at, lifted = now, True
    before_the_list = (
        update(Contact)
        .where(same_person.of_number(number), Contact.opted_out)
        .values(opted_out=False)
        .returning(Contact.id)
    )
    return bool(db.scalars(before_the_list).all()) or lifted


def stopped(db: Session, number: str | None) -> bool:
    """Whether whoever has this number stopped our texts, on any line, in this contact or one before."""
    if number is None:
        return False
    listed = exists().where(*_of(number))
    noted = exists().where(same_person.of_number(number), Contact.opted_out)
    return bool(db.scalar(select(or_(listed, noted))))


def lone_word(body: str) -> str:
    """The reason that a nurse reads of a text that is nothing but an opt-out word."""
    return f"Texted only {body.strip().upper()[:12]}: it may be distress"


def by_contact(db: Session, contact: Contact, how: str, *, now: datetime) -> None:
    """This person stopped our texts. Repeating it is harmless."""
    contact.opted_out = True
    if add(db, contact.number, contact.line or "", how, now=now):
        actor = "texter" if how == SAID else "carrier"
        history.record(db, "texts_stopped", actor=actor, now=now, contact_id=contact.id, how=how)


def again_by_contact(db: Session, contact: Contact, *, now: datetime) -> bool:
    """This person wants our texts again. Says whether they had stopped them."""
    lifted = lift(db, contact.number, now=now) or contact.opted_out
    contact.opted_out = False
    if lifted:
        history.record(db, "texts_wanted", actor="texter", now=now, contact_id=contact.id)
    return lifted


def by_unit(db: Session, unit: Unit, line: str, how: str, *, now: datetime) -> None:
    """This car's telephone stopped our texts. Repeating it is harmless."""
    if add(db, unit.phone, line, how, now=now):
        actor = "crew" if how == SAID else "carrier"
        history.record(db, "texts_stopped", actor=actor, now=now, call_sign=unit.call_sign, how=how)


def again_by_unit(db: Session, unit: Unit, *, now: datetime) -> bool:
    """This car's telephone takes our texts again. Says whether it had stopped them."""
    if not lift(db, unit.phone, now=now):
        return False
    history.record(db, "texts_wanted", actor="crew", now=now, call_sign=unit.call_sign)
    return True


def units_stopped(db: Session, line: str) -> set[str]:
    """The call signs of cars whose telephone stopped the texts that come from `line`."""
    standing = set(db.scalars(select(OptOut.number_index).where(OptOut.lifted_at.is_(None), OptOut.line == line)))
    if not standing:
        return set()
    cars = db.scalars(select(Unit).where(Unit.active).order_by(Unit.call_sign))
    return {car.call_sign for car in cars if car.phone and standing & set(ring().indexes("number", car.phone))}


def refused_since(db: Session, since: datetime) -> Sequence[OptOut]:
    """Whom the carrier told us of since then, and who has not asked for texts again; the oldest first."""
    return db.scalars(
        select(OptOut)
        .where(OptOut.how == CARRIER, OptOut.lifted_at.is_(None), OptOut.since > since)
        .order_by(OptOut.since, OptOut.id)
    ).all()


def _rows(db: Session, number: str) -> Sequence[OptOut]:
    return db.scalars(select(OptOut).where(*_of(number)).order_by(OptOut.since, OptOut.id)).all()


def _of(number: str) -> tuple[ColumnElement[bool], ...]:
    return (OptOut.number_index.in_(ring().indexes("number", number)), OptOut.lifted_at.is_(None))


def _standing(db: Session, number: str, line: str) -> bool:
    return any(row.line == line for row in _rows(db, number))

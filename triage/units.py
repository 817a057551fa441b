"""Units: the cars, and whether they may be sent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from triage import history
from triage.car_models import Duty
from triage.contacts import NotFound
from triage.lifecycles import UNIT, move
from triage.models import Unit
from triage.sealing import ring

CHOSEN = ("available", "not_ready", "off_duty")


class BadState(Exception):
    """Not a state somebody may set; `str()` says which are."""


def all_of_them(db: Session) -> Sequence[Unit]:
    """Every unit in service, by call sign."""
    return db.scalars(select(Unit).where(Unit.active).order_by(Unit.call_sign)).all()


def get(db: Session, call_sign: str) -> Unit:
    """Raises NotFound."""
    unit = db.get(Unit, call_sign)
    if unit is None or not unit.active:
        raise NotFound(f"No unit is called {call_sign}.")
    return unit


def by_phone(db: Session, number: str | None) -> Unit | None:
    """The unit whose phone this is."""
    if number is None:
        return None
    return db.scalar(select(Unit).where(Unit.phone_index.in_(ring().indexes("number", number)), Unit.active))


def put(db: Session, unit: Unit, state: str, reason: str | None, *, actor: str, now: datetime) -> Unit:
    """Set a unit available, not ready (with a reason) or off duty, which ends the duty it is on. Raises BadState,
    IllegalMove (it holds a job).
    """
    if state not in CHOSEN:
        raise BadState(f"A unit is set to {', '.join(CHOSEN)}. Committed follows from its job.")
    if state == "not_ready" and not (reason or "").strip():
        raise BadState("Say why the unit is not ready.")
    if unit.state == state and unit.reason == reason:
        return unit
    if unit.state != state:
        unit.state = move(UNIT, unit.state, state, what=unit.call_sign)
        unit.since = now
    unit.reason = reason if state != "available" else None
    if state == "off_duty":
        on_it = (Duty.call_sign == unit.call_sign, Duty.began_at.is_not(None), Duty.ended_at.is_(None))
        db.execute(update(Duty).where(*on_it).values(ended_at=now))
    history.record(db, "unit", actor=actor, now=now, call_sign=unit.call_sign, state=state)
    return unit

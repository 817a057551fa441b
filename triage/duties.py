"""Duty times: when a car works, who is on board, and whether it may be offered a job because of them.

A car without any duty is sent as its state says. One whose duty is over by the plan, and was not ended, is not offered
jobs by itself any more; a person may still call it out, with a reason (`dispatch.send`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage import history, rules
from triage.car_models import Duty
from triage.contacts import NotFound
from triage.models import Unit
from triage.opening import UK

LONGEST: Final = timedelta(hours=24)  # our choice: longer is a slip of the day, not a duty
MOST_ON_BOARD: Final = 8
LONGEST_NAME: Final = 80


class BadDuty(Exception):
    """A duty that cannot be planned; `str()` says what to write instead, `field` where."""

    def __init__(self, field: str, sentence: str):
        super().__init__(sentence)
        self.field = field


class NotThatDuty(Exception):
    """It cannot be begun, ended or planned beside what is there; `str()` says why."""


def plan(
    db: Session, unit: Unit, starts_at: datetime, ends_at: datetime, crew: Sequence[str], *, actor: str, now: datetime
) -> Duty:
    """Plan a duty of this unit. The same again is the one that is planned. Raises BadDuty, NotThatDuty (overlap)."""
    on_board = people(crew)
    if ends_at <= starts_at:
        raise BadDuty("ends_at", "A duty ends after it starts. Correct the times.")
    if ends_at - starts_at > LONGEST:
        raise BadDuty("ends_at", "A duty is 24 hours at most. Look at the days.")
    if ends_at <= now:
        raise BadDuty("ends_at", "This duty would be over already. Look at the day.")
    lock(db, unit)
    for other in _open(db, unit.call_sign):
        if (other.starts_at, other.ends_at, other.crew) == (starts_at, ends_at, on_board):
            return other
        if starts_at < other.ends_at and other.starts_at < ends_at:
            raise NotThatDuty(
                f"{unit.call_sign} has a duty from {clock(other.starts_at)} to {clock(other.ends_at)}: "
                "two of one car cannot overlap. Change the times."
            )
    duty = Duty(
        call_sign=unit.call_sign, starts_at=starts_at, ends_at=ends_at, crew=on_board, made_by=actor, began_at=None,
        ended_at=None, hand_over_sealed=None,
    )  # fmt: skip
    db.add(duty)
    db.flush()
    history.record(
        db, "duty_planned", actor=actor, now=now, call_sign=unit.call_sign, duty_id=duty.id,
        starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat(),
    )  # fmt: skip
    return duty


def people(crew: Sequence[str]) -> list[str]:
    """Who is on board, as the board names them. Raises BadDuty."""
    named = list(dict.fromkeys(name.strip() for name in crew if name.strip()))
    if not named:
        raise BadDuty("crew", "Say who is on board: a name or a role for each.")
    if len(named) > MOST_ON_BOARD:
        raise BadDuty("crew", f"A car takes {MOST_ON_BOARD} people at most. Name those on board.")
    if any(len(name) > LONGEST_NAME for name in named):
        raise BadDuty("crew", f"A name holds {LONGEST_NAME} characters at most. Shorten it.")
    return named


def local_time(typed: str, field: str) -> datetime:
    """A day and time as people here write it. Raises BadDuty: also for an hour that the clocks skip or repeat."""
    try:
        at = datetime.fromisoformat(typed.strip())
    except ValueError:
        raise BadDuty(field, "Write a day and a time, such as 2026-03-01 17:30.") from None
    if at.tzinfo:
        return at.astimezone(UTC)
    first, second = at.replace(tzinfo=UK), at.replace(tzinfo=UK, fold=1)
    if first.utcoffset() != second.utcoffset():
        comes_twice = first.astimezone(UTC).astimezone(UK).replace(tzinfo=None) == at
        if comes_twice:
            raise BadDuty(field, f"The clocks go back that night, so {at:%H:%M} comes twice. Write 00:59 or 02:00.")
        raise BadDuty(field, f"The clocks go forward that night, so there is no {at:%H:%M}. Write 00:59 or 02:00.")
    return first.astimezone(UTC)


def lock(db: Session, unit: Unit) -> None:
    """Hold the unit until the transaction ends: two people planning or beginning at once must not both win."""
    db.scalar(select(Unit.call_sign).where(Unit.call_sign == unit.call_sign).with_for_update())


def get(db: Session, call_sign: str, duty_id: str) -> Duty:
    """Raises NotFound."""
    duty = db.get(Duty, duty_id, populate_existing=True)
    if duty is None or duty.call_sign != call_sign:
        raise NotFound(f"{call_sign} has no duty of this id.")
    return duty


def of_unit(db: Session, call_sign: str, now: datetime) -> Sequence[Duty]:
    """The duties of a car that are not over, and those that ended in the last day, by their start."""
    recent = Duty.ended_at.is_(None) | (Duty.ended_at > now - timedelta(days=1))
    return db.scalars(
        select(Duty).where(Duty.call_sign == call_sign, recent).order_by(Duty.starts_at, Duty.id)
    ).all()  # fmt: skip


def running(db: Session, call_sign: str) -> Duty | None:
    """The duty this car is on: begun and not ended, whatever the plan says."""
    return next((duty for duty in _open(db, call_sign) if duty.began_at is not None), None)


def following(db: Session, call_sign: str, now: datetime) -> Duty | None:
    """The next duty that has not begun and is not over by the plan."""
    return next((duty for duty in _open(db, call_sign) if duty.began_at is None and duty.ends_at > now), None)


def on_board(db: Session, unit: Unit) -> list[str]:
    """Who is in the car: as its duty says, or else as the service file lists its crew."""
    duty = running(db, unit.call_sign)
    return list(duty.crew if duty else unit.crew)


def over(db: Session, call_sign: str, now: datetime) -> Duty | None:
    """The running duty of this car, if by the plan it is over, or too near its end for another job."""
    duty = running(db, call_sign)
    last_offer = timedelta(seconds=rules.current(db).rules.last_offer_s)
    return duty if duty and now >= duty.ends_at - last_offer else None


def is_lone(db: Session | None, call_sign: str) -> bool:
    """Whether one person alone is on board of the duty this car is on. Without a duty nobody has said who is."""
    duty = running(db, call_sign) if db else None
    return duty is not None and len(duty.crew) == 1


def may_be_offered(db: Session, units: Sequence[Unit], scene_safety: str, now: datetime) -> list[Unit]:
    """Those of these units that may be offered such a scene by itself: with a phone, not past their duty, and not one
    person alone where the scene is not known to be safe. Asked once for all of them.
    """
    last_offer = timedelta(seconds=rules.current(db).rules.last_offer_s)
    begun = select(Duty).where(Duty.began_at.is_not(None), Duty.ended_at.is_(None)).order_by(Duty.starts_at, Duty.id)
    on_duty = {duty.call_sign: duty for duty in db.scalars(begun)} if units else {}

    def may(duty: Duty | None) -> bool:
        if duty is None:
            return True
        return now < duty.ends_at - last_offer and (scene_safety == "safe" or len(duty.crew) > 1)

    return [unit for unit in units if unit.phone and may(on_duty.get(unit.call_sign))]


def kept_back(db: Session, locality: str | None, scene_safety: str, now: datetime) -> list[str]:
    """Call signs of free cars of this place that are offered nothing only because their crew is alone: for a person to
    send, or not.
    """
    if scene_safety == "safe":
        return []
    near = _free(db, locality)
    return [car.call_sign for car in near if is_lone(db, car.call_sign) and not over(db, car.call_sign, now)]


def how_many_over(db: Session, now: datetime) -> str:
    """How many running duties are over by the plan, as part of a page's version."""
    still = select(func.count()).where(Duty.began_at.is_not(None), Duty.ended_at.is_(None), Duty.ends_at <= now)
    return str(db.scalar(still) or 0)


def past_their_end(db: Session, locality: str | None, now: datetime) -> list[str]:
    """Call signs of available cars of this place that are offered nothing because their duty is over."""
    return [car.call_sign for car in _free(db, locality) if over(db, car.call_sign, now)]


def _free(db: Session, locality: str | None) -> list[Unit]:
    cars = db.scalars(select(Unit).where(Unit.active, Unit.state == "available").order_by(Unit.call_sign)).all()
    return [car for car in cars if locality in (None, car.locality)]


def ended_during(db: Session, call_sign: str, since: datetime) -> bool:
    """Whether this car's duty was ended since then and no other runs: it goes off duty once it is clear."""
    if running(db, call_sign):
        return False
    ended = select(Duty.id).where(Duty.call_sign == call_sign, Duty.began_at.is_not(None), Duty.ended_at >= since)
    return db.scalar(ended.order_by(Duty.id).limit(1)) is not None


def clock(at: datetime) -> str:
    """The time as a clock here shows it."""
    return f"{at.astimezone(UK):%H:%M}"


def _open(db: Session, call_sign: str) -> Sequence[Duty]:
    return db.scalars(
        select(Duty).where(Duty.call_sign == call_sign, Duty.ended_at.is_(None)).order_by(Duty.starts_at, Duty.id)
    ).all()

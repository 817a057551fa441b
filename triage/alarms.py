"""Alarms: raised, kept in sight until somebody has seen them, and told to people on call until somebody has.

One open alarm a kind and subject. The watchdog raises and ends them (`settle`); a person says that they have seen one.
How grave it is goes by how many people it touches (reliability.md R5), never by who they are.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from triage import accounts, history
from triage.alarm_models import Alarm
from triage.contacts import NotFound
from triage.models import Staff

log = structlog.get_logger(__name__)
EVERYBODY: Final = -1
TOLD_AGAIN_AFTER: Final = timedelta(minutes=2)  # R38: the next person, if the first has not seen it
MOST_TOLD: Final = 8  # then it stays on the screens: the same telephones would only ring again
IN_SIGHT: Final = 50
ON_THE_FALLBACK_NUMBER: Final = "fallback_number"


class Finding(NamedTuple):
    """What a check found wrong: `words` for people, `people` touched (EVERYBODY for whoever rings)."""

    kind: str
    words: str
    people: int = 0
    subject: str = ""


def grade(alarm: Alarm) -> str:
    """`everyone`, `urgent` (somebody is touched now) or `notice`."""
    if alarm.people == EVERYBODY:
        return "everyone"
    return "urgent" if alarm.people else "notice"


def settle(db: Session, checked: Collection[str], found: Sequence[Finding], *, now: datetime) -> None:
    """Make the open alarms of these kinds what was found: new ones raised, those without a finding over."""
    standing = {
        (row.kind, row.subject): row
        for row in db.scalars(select(Alarm).where(Alarm.over_at.is_(None), Alarm.kind.in_(checked)))
    }
    for finding in found:
        row = standing.pop((finding.kind, finding.subject), None)
        if row is None:
            raised = Alarm(
                kind=finding.kind, subject=finding.subject, people=finding.people, words=finding.words[:300],
                raised_at=now, over_at=None, seen_by=None, seen_at=None, told_at=None,
            )  # fmt: skip
            db.add(raised)
            db.flush()
            history.record(db, "alarm_raised", actor="clock", now=now, kind=finding.kind, alarm_id=raised.id)
            log.error("alarm_raised", alarm=True, kind=finding.kind, people=finding.people)
        elif (row.people, row.words) != (finding.people, finding.words[:300]):
            row.people, row.words = finding.people, finding.words[:300]
            history.record(db, "alarm_changed", actor="clock", now=now, kind=row.kind, alarm_id=row.id)
    for row in standing.values():
        row.over_at = now
        history.record(db, "alarm_over", actor="clock", now=now, kind=row.kind, alarm_id=row.id)


def in_sight(db: Session) -> Sequence[Alarm]:
    """What stands on the screens: whatever is wrong now, and what was and nobody has seen; those of most people first,
    then the newest.
    """
    rows = db.scalars(
        select(Alarm).where(or_(Alarm.over_at.is_(None), Alarm.seen_at.is_(None))).order_by(Alarm.raised_at.desc())
        .limit(IN_SIGHT)
    ).all()  # fmt: skip
    return sorted(rows, key=lambda row: (row.over_at is not None, row.people != EVERYBODY, -row.people))


def seen(db: Session, alarm_id: str, staff: Staff, *, now: datetime) -> Alarm:
    """Somebody has seen it: nobody else is rung about it. Repeating it is harmless. Raises NotFound."""
    row = db.scalar(select(Alarm).where(Alarm.id == alarm_id).with_for_update())
    if row is None:
        raise NotFound("No alarm has this id.")
    if row.seen_at is None:
        row.seen_by, row.seen_at = staff.id, now
        history.record(db, "alarm_seen", actor=staff.id, now=now, kind=row.kind, alarm_id=row.id)
    return row


def heard(db: Session, alarm_id: str, number: str | None, *, now: datetime) -> None:
    """Whoever was rung on `number` pressed the key: seen are this alarm and those they were told of in the same call.

    Where nobody here has that number (the fallback number), it is seen by nobody by name. Raises NotFound.
    """
    row = db.get(Alarm, alarm_id)
    if row is None:
        raise NotFound("No alarm has this id.")
    person = accounts.by_phone(db, number)
    together = select(Alarm).where(or_(Alarm.id == alarm_id, Alarm.told_at == row.told_at), Alarm.seen_at.is_(None))
    for one in db.scalars(together.order_by(Alarm.id).with_for_update()):
        one.seen_by, one.seen_at = person.id if person else None, now
        by = person.id if person else ON_THE_FALLBACK_NUMBER
        history.record(db, "alarm_seen", actor=by, now=now, kind=one.kind, alarm_id=one.id, by_telephone=True)


def to_tell(db: Session, *, now: datetime) -> list[Alarm]:
    """The open alarms about which somebody on call is to be rung now; each is marked as told by this."""
    rows = db.scalars(
        select(Alarm)
        .where(Alarm.over_at.is_(None), Alarm.seen_at.is_(None), Alarm.people != 0, Alarm.told < MOST_TOLD)
        .where(or_(Alarm.told_at.is_(None), Alarm.told_at <= now - TOLD_AGAIN_AFTER, Alarm.told_at > now))
        .order_by(Alarm.raised_at)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.told, row.told_at = row.told + 1, now
    return list(rows)

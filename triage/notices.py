"""What a second person must know at once: glass that was broken, an anonymous person's number shown, unusual reading,
silence after danger.

A notice stands on every page of those it is for until one of them acknowledges it. About broken glass, unusual reading
and silence after danger their telephones get a text as well, that says no more than that something waits. It is never
for the person it is about. It is for the supervisors of the place; where there is no other one, for the administrators;
where there are none of those, for supervisors of other places.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage import history, reach, texts
from triage.contacts import NotFound
from triage.models import Contact, History, Locality, Staff
from triage.reach_models import Notice

log = structlog.get_logger(__name__)
MANY: Final = 20  # different people's records
WITHIN: Final = timedelta(minutes=10)
QUIET_FOR: Final = timedelta(hours=1)
TEXTED: Final = frozenset(
    {"break_glass", "unusual_reading", "silent_in_danger"}
)  # a number shown for a call-back wakes nobody
TEXT: Final = "Something waits for you on your page. Please sign in and read it."


class NotForYou(Exception):
    """Nobody acknowledges what they did themselves, or what is for others."""


class ToTell(NamedTuple):
    """For whom a notice is, and who they are now."""

    role: str
    locality: str | None
    people: Sequence[Staff]


def tell(
    db: Session, kind: str, actor: Staff, *, locality: str | None, contact: Contact | None, now: datetime
) -> Notice:
    """Tell a second person, in the transaction of what they are told of."""
    whom = _whom(db, actor, locality)
    notice = Notice(
        kind=kind, for_role=whom.role, locality=whom.locality, contact_id=contact.id if contact else None,
        actor=actor.id, made_at=now, acknowledged_by=None, acknowledged_at=None,
    )  # fmt: skip
    db.add(notice)
    db.flush()
    history.record(
        db, "second_person_told", actor=actor.id, now=now, contact_id=notice.contact_id, notice_id=notice.id, kind=kind
    )
    for person in whom.people if kind in TEXTED else ():
        texts.to_staff(db, person, TEXT, now=now)
    return notice


def _whom(db: Session, actor: Staff, locality: str | None) -> ToTell:
    everybody = db.scalars(select(Staff).where(Staff.active, Staff.id != actor.id).order_by(Staff.email)).all()
    supervisors = [one for one in everybody if "supervisor" in one.roles]
    overflow = _overflow(db)
    near = [one for one in supervisors if _of_place(one, locality, overflow)]
    if near:
        return ToTell("supervisor", locality, near)
    administrators = [one for one in everybody if "administrator" in one.roles]
    if administrators or not supervisors:
        return ToTell("administrator", None, administrators)
    return ToTell("supervisor", None, supervisors)


def _overflow(db: Session) -> dict[str, list[str]]:
    return {row.code: row.overflow for row in db.scalars(select(Locality))}


def _of_place(staff: Staff, locality: str | None, overflow: dict[str, list[str]]) -> bool:
    return locality is None or reach.of(["supervisor"], staff.localities, overflow).to(locality)


def is_for(db: Session, notice: Notice, staff: Staff) -> bool:
    """Whether this person is one of those the notice is for."""
    if notice.actor == staff.id or notice.for_role not in staff.roles:
        return False
    return notice.for_role != "supervisor" or _of_place(staff, notice.locality, _overflow(db))


def open_for(db: Session, staff: Staff, limit: int = 50) -> list[Notice]:
    """What this person has been told and nobody has acknowledged, newest first."""
    if not {"supervisor", "administrator"} & set(staff.roles):
        return []
    rows = db.scalars(
        select(Notice)
        .where(Notice.acknowledged_at.is_(None), Notice.actor != staff.id, Notice.for_role.in_(staff.roles))
        .order_by(Notice.made_at.desc(), Notice.id)
        .limit(500)
    ).all()
    if not rows:
        return []
    overflow = _overflow(db)
    mine = [row for row in rows if row.for_role != "supervisor" or _of_place(staff, row.locality, overflow)]
    return mine[:limit]


def acknowledge(db: Session, notice_id: str, staff: Staff, *, now: datetime) -> Notice:
    """A second person has read it. Repeating it is harmless. Raises NotFound, NotForYou."""
    notice = db.scalar(select(Notice).where(Notice.id == notice_id).with_for_update())
    if notice is None:
        raise NotFound("No notice has this id.")
    if notice.actor == staff.id:
        raise NotForYou("This is about what you did: somebody else reads and acknowledges it.")
    if not is_for(db, notice, staff):
        raise NotForYou("This notice is for others.")
    if notice.acknowledged_at is None:
        notice.acknowledged_by, notice.acknowledged_at = staff.id, now
        history.record(
            db, "notice_acknowledged", actor=staff.id, now=now, contact_id=notice.contact_id, notice_id=notice.id
        )
    return notice


def watch_reading(db: Session, staff: Staff, *, now: datetime) -> Notice | None:
    """After a record was read: more than MANY different people's within WITHIN is told to supervisors, once an hour."""
    db.flush()
    read = db.scalar(
        select(func.count(func.distinct(History.contact_id))).where(
            History.actor == staff.id, History.at > now - WITHIN, History.what == "read"
        )
    )
    if (read or 0) <= MANY:
        return None
    told = select(Notice.id).where(
        Notice.kind == "unusual_reading", Notice.actor == staff.id, Notice.made_at > now - QUIET_FOR
    )
    if db.scalar(told.limit(1)) is not None:
        return None
    notice = tell(db, "unusual_reading", staff, locality=None, contact=None, now=now)
    log.warning("unusual_reading", staff_id=staff.id, records=read, notice_id=notice.id)
    return notice

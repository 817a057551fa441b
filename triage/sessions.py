"""Who is signed in where. Each sign-in has an id of its own, and ends at once with whatever should end it.

Times: OWASP ASVS 5.0 7.3 asks for an idle and an absolute limit that fit the risk. Fifteen idle minutes on shared
workstations, and twelve hours: one shift with its hand-over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from triage.account_models import Account, SignedSession
from triage.models import Staff

LONGEST: Final = timedelta(hours=12)
IDLE_AFTER: Final = timedelta(minutes=15)
NOTED_EVERY: Final = timedelta(seconds=30)
PICKED: Final = "picked"


@dataclass(frozen=True)
class Known:
    """A session that holds. `idle`: nothing was done for so long that they must prove again who they are."""

    session: SignedSession
    staff: Staff
    idle: bool


def begin(db: Session, staff: Staff, how: str, *, stamp: str, browser: str, now: datetime) -> SignedSession:
    """A new session with a new id, for the roles they have now."""
    made = SignedSession(
        staff_id=staff.id, how=how, stamp=stamp, roles=sorted(staff.roles), browser=browser[:64], made_at=now,
        last_seen=now, ended_at=None, ended_why=None,
    )  # fmt: skip
    db.add(made)
    db.flush()
    return made


def find(db: Session, session_id: str, *, now: datetime, may_pick: bool) -> Known | None:
    """The session, if it still holds: not ended, not too old, its person active, with the roles it began with."""
    row = db.get(SignedSession, session_id)
    if row is None or row.ended_at is not None or row.made_at <= now - LONGEST:
        return None
    staff = db.get(Staff, row.staff_id)
    if staff is None or not staff.active or sorted(staff.roles) != row.roles:
        return None
    if row.how == PICKED:
        return Known(row, staff, idle=False) if may_pick else None
    account = db.get(Account, row.staff_id)
    if account is None or account.disabled_at is not None or account.stamp != row.stamp:
        return None
    return Known(row, staff, idle=row.last_seen <= now - IDLE_AFTER)


def is_open(db: Session, session_id: str) -> bool:
    """Whether nobody has ended it yet, though it may not hold any more."""
    row = db.get(SignedSession, session_id)
    return row is not None and row.ended_at is None


def note(db: Session, session_id: str, *, now: datetime) -> None:
    """They did something."""
    db.execute(update(SignedSession).where(SignedSession.id == session_id).values(last_seen=now))


def end(db: Session, session_id: str, why: str, *, now: datetime) -> bool:
    """End one. Says whether it was open."""
    return _end(db, SignedSession.id == session_id, why, now) > 0


def end_all(db: Session, staff_id: str, why: str, *, now: datetime, but: str | None = None) -> int:
    """End every session of somebody, or every other one."""
    return _end(db, (SignedSession.staff_id == staff_id) & (SignedSession.id != (but or "")), why, now)


def _end(db: Session, which: object, why: str, now: datetime) -> int:
    done = db.execute(
        update(SignedSession)
        .where(which, SignedSession.ended_at.is_(None))  # type: ignore[arg-type]
        .values(ended_at=now, ended_why=why)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def open_of(db: Session, staff_id: str, *, now: datetime) -> Sequence[SignedSession]:
    """The sessions of somebody that still hold, newest first."""
    rows = db.scalars(
        select(SignedSession)
        .where(
            SignedSession.staff_id == staff_id, SignedSession.ended_at.is_(None), SignedSession.made_at > now - LONGEST
        )
        .order_by(SignedSession.last_seen.desc())
    )  # fmt: skip
    return [row for row in rows if find(db, row.id, now=now, may_pick=True)]

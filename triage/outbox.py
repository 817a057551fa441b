"""Work a transaction leaves to be done: written with the change itself, done after it, found again if it was missed.

The row is the truth. RQ hurries it (`hurry`, after the commit, and again by the clock's sweep); whoever runs it first
claims it with one conditional write. With Redis gone the clock does the work itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from triage.db import Database
from triage.models import Outbox
from triage.moments import is_over

QUEUES: Final = ("dispatch", "line")
LEASE_S: Final = 30  # longer than any job: the carrier is given 5 s a request, three requests a job at most
UNCLAIMED_S: Final = 4  # enqueued but not claimed for so long: workers are gone, the clock takes it
RETRY_AFTER_S: Final = (2, 5, 10, 20, 30, 60)
FURTHEST: Final = timedelta(seconds=60)  # ahead of now: no work is put off for longer


class Claimed(NamedTuple):
    """A claimed row as a plain value: it outlives the transaction that claimed it."""

    id: int
    job: str
    args: dict[str, Any]
    attempts: int


def add(
    db: Session, job: str, *, now: datetime, queue: str = "line", due_at: datetime | None = None, **ids: Any
) -> None:
    """Promise `job` with these ids, in the caller's transaction. Done once the transaction has committed, or at
    `due_at`, which is FURTHEST from now at most.
    """
    assert due_at is None or due_at - now <= FURTHEST, f"{job} is put off for longer than any work may be"
    row = Outbox(queue=queue, job=job, args=ids, made_at=now, due_at=due_at or now)
    db.add(row)
    db.flush()
    if row.due_at <= now:
        db.info.setdefault("outbox", []).append((row.id, queue))


def due(db: Session, now: datetime, limit: int = 100) -> Sequence[Outbox]:
    """Rows to hand to RQ: due, never enqueued since they became due, and nobody at work on them. Oldest first."""
    return db.scalars(
        select(Outbox)
        .where(Outbox.done_at.is_(None), _due(now), _idle(now))
        .where(Outbox.enqueued_at.is_(None))
        .order_by(Outbox.due_at, Outbox.id)
        .limit(limit)
    ).all()


def left_lying(db: Session, now: datetime, limit: int = 100) -> Sequence[Outbox]:
    """Rows RQ was given that no worker took up in time, or whose worker died at it: the clock does these itself."""
    waited = now - timedelta(seconds=UNCLAIMED_S)
    return db.scalars(
        select(Outbox)
        .where(Outbox.done_at.is_(None), _due(waited), _idle(now))
        .where(is_over(Outbox.enqueued_at, waited, timedelta(seconds=UNCLAIMED_S)))
        .order_by(Outbox.due_at, Outbox.id)
        .limit(limit)
    ).all()


def _due(now: datetime) -> ColumnElement[bool]:
    return is_over(Outbox.due_at, now, FURTHEST)


def _idle(now: datetime) -> ColumnElement[bool]:
    return or_(Outbox.lease_until.is_(None), is_over(Outbox.lease_until, now, timedelta(seconds=LEASE_S)))


def enqueued(db: Session, ids: Sequence[int], now: datetime) -> None:
    """Note that RQ has been told of these rows."""
    db.execute(update(Outbox).where(Outbox.id.in_(ids)).values(enqueued_at=now))


def claim(database: Database, row_id: int, now: datetime) -> Claimed | None:
    """Take the row for LEASE_S seconds, or None: done already, not due, or in somebody's hands."""
    with database.statements(each_commits=True) as connection:
        row = connection.execute(
            update(Outbox)
            .where(Outbox.id == row_id, Outbox.done_at.is_(None), _due(now), _idle(now))
            .values(lease_until=now + timedelta(seconds=LEASE_S), attempts=Outbox.attempts + 1)
            .returning(Outbox.id, Outbox.job, Outbox.args, Outbox.attempts)
        ).one_or_none()
    return Claimed(*row) if row else None


def done(db: Session, claimed: Claimed, now: datetime, trouble: str | None = None) -> None:
    """The work is over, for good or with `trouble` that no retry would mend."""
    db.execute(
        update(Outbox)
        .where(and_(Outbox.id == claimed.id, Outbox.attempts == claimed.attempts))
        .values(done_at=now, lease_until=None, trouble=trouble)
    )


def again(db: Session, claimed: Claimed, now: datetime, trouble: str) -> None:
    """Give the row back, to be tried again after a little longer each time. It never gives up by itself."""
    wait = RETRY_AFTER_S[min(claimed.attempts, len(RETRY_AFTER_S)) - 1]
    db.execute(
        update(Outbox)
        .where(and_(Outbox.id == claimed.id, Outbox.attempts == claimed.attempts))
        .values(lease_until=None, enqueued_at=None, due_at=now + timedelta(seconds=wait), trouble=trouble)
    )

"""How the background work stands: what waits in each queue, what was tried in vain, and the workers that say they live.

The outbox is asked, not Redis: what RQ lost is still there. Nothing here is about a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from redis import Redis
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from triage import history
from triage.contacts import NotFound
from triage.models import Outbox
from triage.outbox import QUEUES

WORKERS_KEY = "rq:workers"  # the set in which RQ's workers register


@dataclass(frozen=True)
class QueueHealth:
    """One queue: how much is due, for how long the oldest, and how much has been tried and failed."""

    name: str
    waiting: int
    oldest_s: int
    failing: int


def of_all(db: Session, now: datetime) -> list[QueueHealth]:
    """Every queue, in the order of QUEUES."""
    found = []
    for name in QUEUES:
        open_here = select(func.count(), func.min(Outbox.due_at)).where(Outbox.queue == name, Outbox.done_at.is_(None))
        waiting, oldest = db.execute(open_here.where(Outbox.due_at <= now)).one()
        failing, _ = db.execute(open_here.where(Outbox.trouble.is_not(None))).one()
        oldest_s = max(0, int((now - oldest).total_seconds())) if oldest else 0
        found.append(QueueHealth(name, waiting, oldest_s, failing))
    return found


def in_trouble(db: Session, limit: int = 50) -> Sequence[Outbox]:
    """Work that was tried in vain and will be tried again, the oldest first."""
    wanted = select(Outbox).where(Outbox.done_at.is_(None), Outbox.trouble.is_not(None))
    return db.scalars(wanted.order_by(Outbox.made_at, Outbox.id).limit(limit)).all()


def try_now(db: Session, row_id: int, *, actor: str, now: datetime) -> None:
    """Let this work be tried at once, not after its delay. Repeating it is harmless. Raises NotFound."""
    moved = db.execute(
        update(Outbox).where(Outbox.id == row_id, Outbox.done_at.is_(None)).values(due_at=now, enqueued_at=None)
        .returning(Outbox.job)
    ).scalar_one_or_none()  # fmt: skip
    if moved is None:
        raise NotFound("No such work is left to do.")
    history.record(db, "work_tried_now", actor=actor, now=now, job=moved, row=row_id)


def workers(redis: Redis) -> int | None:
    """How many workers are registered; None while Redis does not say."""
    try:
        return int(redis.scard(WORKERS_KEY))
    except Exception:  # whatever is wrong with it: the clock does the work
        return None

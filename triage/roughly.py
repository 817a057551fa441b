"""How long somebody who texts will roughly wait: who is before them, and how long such waits really were lately.

Told, never promised. Where nothing is known, that is said instead of a number.
"""

from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows.texter import Wait
from triage import moments, queue
from triage.models import Contact, QueueEntry

LATELY: Final = timedelta(hours=3)  # a shift is not like the one before it
FEWEST: Final = 3  # of one or two people nothing follows for a third
MOST: Final = 50


def wait(db: Session, entry: QueueEntry, *, now: datetime) -> Wait:
    """What may truthfully be said of this wait now: four statements, however many wait or are on shift."""
    on_shift = queue.lanes_on_shift(db, now)
    nurses = sum(1 for lanes in on_shift if entry.lane in lanes or entry.band == queue.DANGER)
    if not nurses:
        return Wait(nurses=0)
    return Wait(nurses, queue.ahead_of(db, entry, now, on_shift), _lately(db, entry.lane, now))


def _lately(db: Session, lane: str, now: datetime) -> int | None:
    """The middle one of the waits of those of this lane who texted and are with a nurse since, in whole minutes: to the
    next five beyond ten, for it is no better known than that.
    """
    connected = (
        select(QueueEntry.arrived_at, QueueEntry.connected_at)
        .join(Contact, Contact.id == QueueEntry.contact_id)
        .where(QueueEntry.lane == lane, moments.lately(QueueEntry.connected_at, now, LATELY), Contact.channel == "text")
        .order_by(QueueEntry.connected_at.desc(), QueueEntry.id)
        .limit(MOST)
    )
    waits: list[float] = [(row.connected_at - row.arrived_at).total_seconds() / 60 for row in db.execute(connected)]
    if len(waits) < FEWEST:
        return None
    minutes = max(2, ceil(median(waits)))
    return minutes if minutes <= 10 else 5 * ceil(minutes / 5)

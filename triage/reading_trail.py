"""Who saw what: every opening of a record, every number shown and every glass broken, read back from history."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.models import History

A_DAY: Final = timedelta(days=1)
FURTHEST: Final = timedelta(days=366)
SEEING: Final = ("read", "flood_read", "incident_read", "revealed", "opened_picture", "glass_broken")


def looked_back(since: datetime | None, now: datetime) -> datetime:
    """From when on: as asked, within the last year; a day where nothing was asked."""
    if since is None:
        return now - A_DAY
    return min(max(since, now - FURTHEST), now)


def of_contact(db: Session, contact_id: str, limit: int = 200) -> Sequence[History]:
    """Who saw this contact, newest first."""
    return db.scalars(
        select(History)
        .where(History.contact_id == contact_id, History.what.in_(SEEING))
        .order_by(History.id.desc())
        .limit(limit)
    ).all()


def of_person(
    db: Session, staff_id: str, since: datetime | None, *, now: datetime, limit: int = 500
) -> Sequence[History]:
    """What one person saw since then (`looked_back`), newest first."""
    since = looked_back(since, now)
    return db.scalars(
        select(History)
        .where(History.actor == staff_id, History.at >= since, History.what.in_(SEEING))
        .order_by(History.id.desc())
        .limit(limit)
    ).all()

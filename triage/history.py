"""What happened, in order: one function to write it, and the version that tells pages something changed.

The lines are never changed, and are chained so that a change would show: see `triage.audit`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage import audit
from triage.models import History

LATE_COMMITS = 200
NOBODY_IN_PARTICULAR = frozenset({"caller", "texter", "crew", "carrier", "clock"})
"""Actors whose lines are linked into the chain a moment later, by the clock: a person on the line waits for no lock."""


def record(
    db: Session, what: str, *, actor: str, now: datetime, contact_id: str | None = None,
    incident_id: str | None = None, **detail: Any,
) -> None:  # fmt: skip
    """Add one line of history in the caller's transaction. `detail` holds ids, codes and times: nothing personal.

    Raises ValueError without an actor: nothing here happens by nobody.
    """
    if not actor:
        raise ValueError(f"history needs to know who did this: {what}")
    line = History(at=now, what=what, actor=actor, contact_id=contact_id, incident_id=incident_id, detail=detail)
    db.add(line)
    if actor not in NOBODY_IN_PARTICULAR:
        audit.link_at_the_end(db, line)


def version(db: Session) -> str:
    """A short text that changes whenever anything was recorded, from any process.

    The newest number alone is not enough: of two transactions at once, the one with the lower number may commit last,
    so the count of the last few numbers is part of it.
    """
    newest = db.scalar(select(func.max(History.id))) or 0
    seen = db.scalar(select(func.count()).where(History.id > newest - LATE_COMMITS)) or 0
    return f"{newest}.{seen}"

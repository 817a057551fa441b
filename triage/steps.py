"""The steps of an assignment, each with who said it, how, and when: by their device and by our clock."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.car_models import DispatchStep
from triage.models import Dispatch


def note(
    db: Session, row: Dispatch, action: str, *, actor: str, now: datetime, way: str = "board",
    said_at: datetime | None = None,
) -> None:  # fmt: skip
    """Add one step, with the state the assignment has after it."""
    db.add(
        DispatchStep(dispatch_id=row.id, action=action, state=row.state, at=now, said_at=said_at, actor=actor, way=way)
    )
    db.flush()


def latest(db: Session, row: Dispatch) -> int:
    """The id of this assignment's newest step."""
    newest = select(DispatchStep.id).where(DispatchStep.dispatch_id == row.id).order_by(DispatchStep.id.desc()).limit(1)
    return db.scalar(newest) or 0


def dispatch_of(db: Session, step_id: int) -> str | None:
    """The assignment this step belongs to."""
    return db.scalar(select(DispatchStep.dispatch_id).where(DispatchStep.id == step_id))


def told(db: Session, row: Dispatch) -> set[str]:
    """The actions of this assignment that are on record."""
    return set(db.scalars(select(DispatchStep.action).where(DispatchStep.dispatch_id == row.id)))

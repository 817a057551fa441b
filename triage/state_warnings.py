"""Jobs that stand in one state for longer than such a thing takes: people on duty are rung until one of them has it.

Whoever has it is not rung again about the same state; the next state starts anew. A crew that has accepted and does
not move is not here but in `crew_safety`, and so are the questions on scene: who answers them may still be held.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from triage import dispatch, moments, rules
from triage.models import Dispatch, Promise

KIND: Final = "state_too_long"
LIMITS: Final = {
    "en_route": ("en_route_s", "on the way"),
    "staging": ("staging_s", "waiting nearby"),
    "on_scene": ("on_scene_s", "there and not yet with the person"),
    "with_person": ("with_person_s", "with the person"),
    "leaving": ("leaving_s", "on the way with the person"),
    "at_destination": ("at_destination_s", "at the destination"),
    "handed_over": ("handed_over_s", "handed over and not yet clear"),
}
"""State: the rule that says after how many seconds it has been too long, and the state in words."""


def limit(state: str, numbers: rules.Rules) -> timedelta | None:
    """How long a job may stand in this state; None where another rule watches it."""
    return timedelta(seconds=getattr(numbers, LIMITS[state][0])) if state in LIMITS else None


def too_long(db: Session, now: datetime) -> Sequence[Dispatch]:
    """Jobs that stand too long where they are, and about which nobody was told since they came there."""
    numbers = rules.current(db).rules
    late = []
    for state in LIMITS:
        wait = timedelta(seconds=getattr(numbers, LIMITS[state][0]))
        late.append(and_(Dispatch.state == state, moments.is_over(Dispatch.state_since, now - wait, wait)))
    told = select(Promise.id).where(
        Promise.incident_id == Dispatch.incident_id, Promise.kind == KIND, Promise.made_at > Dispatch.state_since
    )
    return db.scalars(select(Dispatch).where(or_(*late), ~told.exists()).order_by(Dispatch.id)).all()


def stands_too_long(db: Session, row: Dispatch, *, now: datetime) -> None:
    """Ring people about this job. `row` is locked; one that moved on meanwhile is left alone."""
    if row.id in {one.id for one in too_long(db, now)}:
        minutes = int(abs(now - row.state_since).total_seconds()) // 60
        what = f"{row.call_sign} has been {LIMITS[row.state][1]} for {minutes} minutes: find out how the crew is"
        dispatch.person_must_decide(db, row, what, now, kind=KIND)

"""Crews that should have been heard from: not moving, long on scene, a change or a stand-down they have not confirmed.

On scene a crew is asked each `welfare_s`; it has `welfare_answer_s`, is asked once more and has `welfare_again_s`, and
then its silence is an emergency: people on duty are rung. Nothing here needs Redis or a worker.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows import crew
from triage import dispatch, history, moments, rules
from triage.lifecycles import UNDER_WAY
from triage.models import Dispatch, Incident, Promise, Unit

ASKED_IN: Final = ("on_scene", "with_person")


def due(db: Session, now: datetime) -> Sequence[Dispatch]:
    """Jobs whose crew should have been heard from by now."""
    numbers = rules.current(db).rules
    longest = timedelta(seconds=max(numbers.still_alert_s, numbers.welfare_s, numbers.acknowledge_s))
    over = moments.is_over(Dispatch.due_at, now, longest)
    return db.scalars(select(Dispatch).where(Dispatch.state.in_((*UNDER_WAY, "stood_down")), over)).all()


def not_heard(db: Session, row: Dispatch, *, now: datetime) -> None:
    """Do what this crew's silence calls for. `row` is locked; one that was heard from meanwhile is left alone."""
    if row.id not in {one.id for one in due(db, now)}:
        return
    if row.state == "stood_down":
        row.due_at = None
        what = f"{row.call_sign} has not confirmed that job {row.tag} is stood down: tell the crew"
        dispatch.person_must_decide(db, row, what, now, kind="stand_down_unread")
    elif row.state in ASKED_IN:
        _check(db, row, now)
    else:
        _ring_about_silence(db, row, now)


def _check(db: Session, row: Dispatch, now: datetime) -> None:
    if row.checks_asked >= 2:
        dispatch.act(db, row, "emergency", actor="clock", now=now, way="clock")
        what = f"{row.call_sign} did not answer two welfare checks: find out how the crew is"
        dispatch.person_must_decide(db, row, what, now, graver=True)
        return
    row.checks_asked += 1
    numbers = rules.current(db).rules
    row.due_at = now + timedelta(seconds=(numbers.welfare_answer_s, numbers.welfare_again_s)[row.checks_asked - 1])
    history.record(
        db, "welfare_asked", actor="clock", now=now, contact_id=row.incident.contact_id, incident_id=row.incident_id,
        dispatch_id=row.id, call_sign=row.call_sign, times=row.checks_asked,
    )  # fmt: skip
    unit = db.get_one(Unit, row.call_sign)
    dispatch.text_crew(db, row, unit, crew.welfare_check(row.tag, row.state, again=row.checks_asked > 1), now=now)


def _ring_about_silence(db: Session, row: Dispatch, now: datetime) -> None:
    """Accepted, and not moving: a person on duty finds out why. Again after as long again."""
    assert row.due_at is not None
    as_long = abs(row.due_at - row.state_since)
    asked = select(Promise.id).where(
        Promise.incident_id == row.incident_id, Promise.kind == "crew_silent",
        moments.lately(Promise.made_at, now, as_long),
    )  # fmt: skip
    if db.scalar(asked.limit(1)) is None:
        what = f"{row.call_sign} has not said that it is moving: find out how the crew is"
        dispatch.person_must_decide(db, row, what, now, kind="crew_silent")


def updates_unread(db: Session, now: datetime) -> Sequence[Dispatch]:
    """Jobs of which a change was told to the crew and not confirmed in the time an offer has; each change once."""
    wait = timedelta(seconds=rules.current(db).rules.acknowledge_s)
    unread = (
        select(Dispatch)
        .join(Incident, Incident.id == Dispatch.incident_id)
        .where(Dispatch.state.in_(UNDER_WAY), Dispatch.revision_read < Incident.revision)
        .where(moments.is_over(Dispatch.revision_told_at, now - wait, wait))
    )
    return db.scalars(unread).all()


def update_unread(db: Session, row: Dispatch, *, now: datetime) -> None:
    """The crew has not confirmed a change: a person tells them."""
    if row.id in {one.id for one in updates_unread(db, now)}:
        what = f"{row.call_sign} has not confirmed a change of job {row.tag}: tell the crew"
        row.revision_told_at = None  # said once: whoever has it says it to the crew
        dispatch.person_must_decide(db, row, what, now, kind="update_unread")

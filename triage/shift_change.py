"""Beginning and ending a duty. A job that is open when a duty ends goes to the next crew, or is finished first.

The next crew is texted everything about the job it takes over and confirms with `TAG 1`, as it confirms a change
(`triage.revisions`): not confirmed in the time an offer has, people on duty are rung.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from callflows import crew as crew_words
from triage import dispatch, duties, history, units
from triage.car_models import Duty
from triage.duties import NotThatDuty
from triage.lifecycles import UNDER_WAY
from triage.models import Dispatch, Unit

OPEN_JOB: Final = ("carry_over", "when_clear")


def begin(db: Session, unit: Unit, duty: Duty, *, actor: str, now: datetime, crew: Sequence[str] | None = None) -> Duty:
    """The crew is on board (as planned, or as given here): the unit is available. Begun twice is begun once.

    Raises NotThatDuty, BadDuty, IllegalMove (an older job is still open: it is carried over instead).
    """
    duties.lock(db, unit)
    if duty.ended_at is not None:
        raise NotThatDuty(f"This duty of {unit.call_sign} was ended. Plan another.")
    if duty.began_at is not None:
        return duty
    if now >= duty.ends_at:
        raise NotThatDuty(f"This duty of {unit.call_sign} was to end at {duties.clock(duty.ends_at)}. Plan another.")
    if other := duties.running(db, unit.call_sign):
        raise NotThatDuty(f"{unit.call_sign} is on duty until {duties.clock(other.ends_at)}. End that duty first.")
    if crew is not None:
        duty.crew = duties.people(crew)
    _began(db, unit, duty, actor, now)
    if unit.state != "committed":
        units.put(db, unit, "available", None, actor=actor, now=now)
    return duty


def end(
    db: Session, unit: Unit, duty: Duty, *, actor: str, now: datetime, hand_over: str | None = None,
    open_job: str | None = None,
) -> Duty:  # fmt: skip
    """End a duty that began, with what this shift leaves in words for the next. Ended twice is ended once.

    With an accepted job open, `open_job` says what becomes of it: `carry_over`, the next duty begins now and its crew
    takes the job; or `when_clear`, the unit goes off duty by itself when the job ends. An offer nobody accepted yet
    goes to the next unit. Raises NotThatDuty.
    """
    duties.lock(db, unit)
    if duty.began_at is None:
        raise NotThatDuty(f"This duty of {unit.call_sign} has not begun.")
    if duty.ended_at is not None:
        return duty
    row = next(iter(dispatch.open_of_unit(db, unit.call_sign)), None)
    row = dispatch.get(db, row.id) if row else None
    job = row if row and row.state in UNDER_WAY else None
    if job and open_job not in OPEN_JOB:
        raise NotThatDuty(
            f"{unit.call_sign} has job {job.tag}. "
            "Choose: the next crew takes it over, or the car goes off duty when it is clear."
        )
    following = duties.following(db, unit.call_sign, now)
    if job and open_job == "carry_over" and following is None:
        raise NotThatDuty(f"No next duty of {unit.call_sign} is planned. Plan it first, or end when clear.")
    duty.ended_at, duty.hand_over = now, (hand_over or "").strip() or None
    history.record(db, "duty_ended", actor=actor, now=now, call_sign=unit.call_sign, duty_id=duty.id)
    if job and open_job == "carry_over" and following:
        _began(db, unit, following, actor, now)
        _carry_over(db, unit, job, following, actor, now)
        return duty
    if row and row.state == "offered":
        dispatch.withdraw(db, row, actor=actor, now=now)
    if unit.state == "available":
        units.put(db, unit, "off_duty", None, actor=actor, now=now)
    if row and row.state == "stood_down":
        dispatch.offer_next(db, row.incident, actor=actor, now=now)
    return duty


def _began(db: Session, unit: Unit, duty: Duty, actor: str, now: datetime) -> None:
    duty.began_at = now
    history.record(
        db, "duty_began", actor=actor, now=now, call_sign=unit.call_sign, duty_id=duty.id, on_board=len(duty.crew)
    )


def _carry_over(db: Session, unit: Unit, job: Dispatch, duty: Duty, actor: str, now: datetime) -> None:
    """The dispatch stays as it is. That other people have it now is a revision of what its crew must have read."""
    incident = job.incident
    incident.revision += 1
    job.revision_told_at, job.checks_asked = now, 0
    history.record(
        db, "carried_over", actor=actor, now=now, contact_id=incident.contact_id, incident_id=incident.id,
        dispatch_id=job.id, call_sign=unit.call_sign, duty_id=duty.id, revision=incident.revision,
    )  # fmt: skip
    dispatch.text_crew(db, job, unit, crew_words.taken_over(dispatch.job(job), job.state), now=now)

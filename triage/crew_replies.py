"""What a crew says, by text, keypad or link, done; and the sentence that goes back.

Nothing a crew sends is lost: what cannot be read, or comes too late, is written to the job's history.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows import crew, texter
from triage import dispatch, history, opt_outs, promises, revisions
from triage.lifecycles import OPEN_DISPATCH, UNDER_WAY, IllegalMove, said
from triage.models import Dispatch, Unit


def is_from_crew(db: Session, unit: Unit, route: str, words: str) -> bool:
    """Whether a text from a unit's phone, on a line of this `route`, is about its job. A person may text the line from
    that phone too: never ignored.
    """
    return route == "crew" or crew.read(words) is not None or bool(dispatch.open_of_unit(db, unit.call_sign))


def reply(db: Session, unit: Unit, text: str, *, now: datetime, way: str = "text") -> str:
    """Act on a crew's text or keys; the sentence that confirms it, or says what is wrong and what to do."""
    unit.phone_heard_at = now
    jobs = dispatch.open_of_unit(db, unit.call_sign)
    meant = crew.read(text)
    if meant is None and jobs and crew.asks_for_help(text):
        meant = crew.Reply(jobs[0].tag, "emergency")
    if texter.opted_out(text):
        opt_outs.by_unit(db, unit, dispatch.texts_from(db), opt_outs.SAID, now=now)
    if texter.opted_in(text) and opt_outs.again_by_unit(db, unit, now=now):
        return " ".join([crew.TEXTS_AGAIN, *(_where_it_stands(row) for row in jobs)])
    if meant is None:
        for row in jobs:
            history.record(
                db, "crew_said", actor="crew", now=now, contact_id=row.incident.contact_id,
                incident_id=row.incident_id, dispatch_id=row.id,
            )  # fmt: skip
            row.note = text[:500]
        return crew.HOW_TO_REPLY
    matching = [row for row in jobs if meant.tag in (None, row.tag)]
    if not matching:
        return _not_open(db, unit, meant.tag, meant.action, now)
    return act(db, dispatch.get(db, matching[0].id), meant.action, now=now, way=way)


def _where_it_stands(row: Dispatch) -> str:
    """What a crew that got no texts must have in writing now: the offer, or the whole job."""
    if row.state == "offered":
        return f"{crew.offered(dispatch.job(row))}. Reply {row.tag} 1 to accept, {row.tag} 2 if you cannot."
    return dispatch.details(row)


def about(db: Session, dispatch_id: str, action: str, *, now: datetime, way: str) -> str:
    """What this crew did about one job, open for it or not, and the sentence that goes back."""
    row = dispatch.get(db, dispatch_id)
    if row.state in OPEN_DISPATCH:
        return act(db, row, action, now=now, way=way)
    return over(db, row, action, now=now)


def act(db: Session, row: Dispatch, action: str, *, now: datetime, way: str, said_at: datetime | None = None) -> str:
    """What this crew did about a job that is open for it, and the sentence that goes back. `row` is locked."""
    if action == "acknowledge" and row.state in UNDER_WAY:
        return revisions.read(db, row, now=now, way=way)
    before = row.state
    try:
        dispatch.act(db, row, action, actor="crew", now=now, way=way, said_at=said_at)
    except IllegalMove as wrong:
        if action == "emergency":
            return _help_all_the_same(db, row, now)
        return crew.not_now(row.tag, said(wrong.state))
    if action == "acknowledge":
        return dispatch.details(row)
    if row.state == before and dispatch.passed(row, action):
        return crew.noted_late(row.tag, dispatch.REACHED[action], row.state)
    stage = row.state == "en_route" and row.incident.scene_safety == "unsafe"
    return crew.confirmed(row.tag, row.state, stage=stage)


def _help_all_the_same(db: Session, row: Dispatch, now: datetime) -> str:
    """A crew asks for help about a job that is not (or no longer) theirs: a person is rung; the job stays as it is."""
    dispatch.person_must_decide(db, row, f"{row.call_sign} asks for help", now, graver=True)
    return crew.confirmed(row.tag, "emergency")


def _not_open(db: Session, unit: Unit, tag: str | None, action: str, now: datetime) -> str:
    last = db.scalar(
        select(Dispatch)
        .where(Dispatch.call_sign == unit.call_sign, (Dispatch.tag == tag) if tag else Dispatch.tag.is_not(None))
        .order_by(Dispatch.offered_at.desc())
        .limit(1)
    )
    if last:
        return over(db, last, action, now=now)
    return crew.not_yours(tag, None)


def over(db: Session, row: Dispatch, action: str, *, now: datetime) -> str:
    """What goes back about a job that is over, or another crew's. The word is kept; a stand-down is confirmed by it."""
    history.record(
        db, "crew_said", actor="crew", now=now, contact_id=row.incident.contact_id, incident_id=row.incident_id,
        dispatch_id=row.id, call_sign=row.call_sign, action=action, late=True,
    )  # fmt: skip
    if action == "emergency":
        return _help_all_the_same(db, row, now)
    if row.state == "stood_down" and row.acknowledged_at:
        return _stand_down_read(db, row, now)
    if dispatch.already(row, action):
        return crew.confirmed(row.tag, row.state)
    return crew.not_yours(row.tag, said(row.state))


def _stand_down_read(db: Session, row: Dispatch, now: datetime) -> str:
    if row.stand_down_read_at is None:
        row.stand_down_read_at, row.due_at = now, None
        history.record(
            db, "stand_down_read", actor="crew", now=now, contact_id=row.incident.contact_id,
            incident_id=row.incident_id, dispatch_id=row.id,
        )  # fmt: skip
        promises.settle_incident(
            db, row.incident_id, ("stand_down_unread",), "The crew has confirmed it", actor="crew", now=now
        )
    return crew.stand_down_confirmed(row.tag)

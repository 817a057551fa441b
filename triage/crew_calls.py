"""Calls with crews: rung about an offer nobody answered, and put through to the person (decision 0026).

A crew is rung once about an offer, `ring_crew_s` after it, and at once where the car's telephone stopped our texts; the
offer's deadline runs on whatever comes of it. Whoever
wants to speak with the person is rung on the telephone kept for the car first: a caller's number proves nothing. The
`token` of such a leg is the step of the job that it is about.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import false, func, or_, select, update
from sqlalchemy.orm import Session

from callflows import crew
from triage import destinations, dispatch, history, moments, opt_outs, outbox, ringing, rules, steps
from triage.lifecycles import UNDER_WAY
from triage.models import Dispatch, History, Incident, Leg, Message, Unit
from triage.sealing import ring

OFFER: Final = "crew_offer"
REACH: Final = "crew_reach"
PURPOSES: Final = (OFFER, REACH)
RINGING: Final = "person_ringing"  # a leg's outcome while the person is rung from it; then `person_` and how it went
RANG_PERSON: Final = "crew_rang_person"
MOST_AN_HOUR: Final = 10  # as many as the line itself rings somebody (triage.caps)
HOUR: Final = timedelta(hours=1)
JUST_NOW: Final = timedelta(seconds=30)


class CannotRing(Exception):
    """The person cannot be rung for this crew; `str()` is a sentence for the crew."""


# --- an offer nobody answered -----------------------------------------------------------------------------------------


def unanswered(db: Session, now: datetime) -> Sequence[Dispatch]:
    """Offers that nobody has answered by text for `ring_crew_s`, or that no text can bring to their car, not rung yet,
    with their deadline ahead.
    """
    to_ring = (
        select(Dispatch)
        .where(Dispatch.state == "offered", Dispatch.crew_rung_at.is_(None), Dispatch.due_at > now)
        .order_by(Dispatch.offered_at)
    )
    if db.scalar(to_ring.limit(1)) is None:
        return ()
    wait = timedelta(seconds=rules.current(db).rules.ring_crew_s)
    no_text_comes = Dispatch.call_sign.in_(opt_outs.units_stopped(db, dispatch.texts_from(db)))
    unanswered = moments.is_over(Dispatch.offered_at, now - wait, wait) if wait else false()
    return db.scalars(to_ring.where(or_(no_text_comes, unanswered))).all()


def ring_crew(db: Session, row: Dispatch, *, now: datetime) -> None:
    """Ring the car's telephone about its offer: once, however many clocks find it. `row` is locked."""
    first = db.execute(
        update(Dispatch)
        .where(Dispatch.id == row.id, Dispatch.state == "offered", Dispatch.crew_rung_at.is_(None))
        .values(crew_rung_at=now)
        .returning(Dispatch.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if first is None:
        return
    _place(db, OFFER, row, now)
    history.record(
        db, "crew_rung", actor="clock", now=now, contact_id=row.incident.contact_id, incident_id=row.incident_id,
        dispatch_id=row.id, call_sign=row.call_sign,
    )  # fmt: skip


def still_wanted(db: Session, leg: Leg) -> bool:
    """Whether this leg, which may not have been placed yet, still has something to ask."""
    state = db.scalar(select(Dispatch.state).where(Dispatch.id == steps.dispatch_of(db, leg.token)))
    return state == "offered" if leg.purpose == OFFER else state in UNDER_WAY


def job_of(db: Session, leg: Leg) -> Dispatch:
    """The job this leg is about, locked. Raises NotFound."""
    return dispatch.get(db, steps.dispatch_of(db, leg.token) or "")


def heard(db: Session, row: Dispatch, *, now: datetime) -> None:
    """A key came from the car's telephone: it is theirs, and somebody has it."""
    db.get_one(Unit, row.call_sign).phone_heard_at = now


def in_short(row: Dispatch) -> str:
    """How the job stands, without the address: for an offer what its text says."""
    if row.state == "offered":
        return f"{crew.offered(dispatch.job(row))}. 1 to accept, 2 if you cannot."
    return crew.confirmed(row.tag, row.state)


def stands(row: Dispatch) -> str:
    """The job as a crew that has it hears it again, the address with it."""
    return f"{crew.confirmed(row.tag, row.state).split(' Text ')[0]} {dispatch.details(row)}"


def can_be_texted(db: Session, row: Dispatch) -> bool:
    """Whether a text can reach the car of this job: its telephone has not stopped ours."""
    return row.call_sign not in opt_outs.units_stopped(db, dispatch.texts_from(db))


def in_writing(db: Session, row: Dispatch, *, now: datetime) -> None:
    """Text everything about the job to the car's telephone once more, unless that was just done. `row` is locked."""
    body = dispatch.details(row)
    sent = select(Message).where(Message.dispatch_id == row.id, moments.lately(Message.made_at, now, JUST_NOW))
    if not any(message.body == body for message in db.scalars(sent.order_by(Message.made_at))):
        dispatch.text_crew(db, row, db.get_one(Unit, row.call_sign), body, now=now)


# --- the person, for the crew -----------------------------------------------------------------------------------------


def number_for(db: Session, row: Dispatch, *, now: datetime) -> str:
    """The person's number, while the crew has accepted and the job is open. Raises CannotRing."""
    if row.state not in UNDER_WAY:
        raise CannotRing("You have no job that you have accepted.")
    policy = destinations.policy(db)
    reachable = [number for _, number in destinations.in_words(row.incident.call_back)]
    reachable = [number for number in reachable if destinations.may_reach(number, policy)]
    if not reachable:
        raise CannotRing("There is no number that we may ring. Ask the control room.")
    tries = select(func.count()).select_from(History).where(
        History.incident_id == row.incident_id, History.what == RANG_PERSON, moments.lately(History.at, now, HOUR)
    )  # fmt: skip
    if (db.scalar(tries) or 0) >= MOST_AN_HOUR:
        raise CannotRing("They were rung ten times within an hour. Ask the control room.")
    return reachable[0]


def ask_for_person(db: Session, row: Dispatch, *, now: datetime) -> str:
    """Ring the car's own telephone, to be put through from there; the sentence for the crew. `row` is locked.

    Asked again while it rings, it is the same call. Raises CannotRing.
    """
    number_for(db, row, now=now)
    unit = db.get_one(Unit, row.call_sign)
    up = select(Leg.id).where(
        Leg.to_index.in_(ring().indexes("number", unit.phone)), Leg.purpose == REACH, Leg.state.in_(ringing.LIVE),
        moments.lately(Leg.made_at, now, HOUR),
    )  # fmt: skip
    if db.scalar(up.limit(1)) is None:
        _place(db, REACH, row, now)
    return "Your own telephone rings in a moment: answer it and press 1. Then the person is rung."


def person_rung(leg: Leg) -> None:
    """The person is rung from this leg."""
    leg.outcome = RINGING


def person_came(db: Session, leg: Leg, row: Dispatch, *, now: datetime) -> bool:
    """The person pressed the key: both are joined, if the crew still has the job. A repeat says the same."""
    if row.state not in UNDER_WAY or leg.outcome not in (RINGING, "person_spoke"):
        return False
    if leg.outcome == RINGING:
        _note(db, leg, row, "spoke", now)
    return True


def person_over(db: Session, leg: Leg, row: Dispatch, outcome: str, *, now: datetime) -> str:
    """The person's call is over, joined or not: spoke, or why not (`callflows.crew_line.OUTCOMES`)."""
    if leg.outcome == RINGING:
        _note(db, leg, row, outcome, now)
    return (leg.outcome or "").removeprefix("person_") or outcome


def leg_over(db: Session, leg: Leg, *, now: datetime) -> None:
    """The crew's own call is over. Hung up while the person was rung, or never put through: said as well."""
    outcome = "crew_not_reached" if leg.purpose == REACH else None
    if leg.outcome == RINGING:
        outcome = "gave_up"
    elif (leg.outcome or "").startswith("person_"):
        return
    dispatch_id = steps.dispatch_of(db, leg.token)
    if outcome and dispatch_id:
        _note(db, leg, db.get_one(Dispatch, dispatch_id), outcome, now)


def rang(db: Session, incidents: Sequence[Incident]) -> dict[str, tuple[datetime, str]]:
    """Of each of these incidents, when its crew last rang the person through the line, and how it went."""
    lines = db.execute(
        select(History.incident_id, History.at, History.detail)
        .where(History.what == RANG_PERSON, History.incident_id.in_([one.id for one in incidents]))
        .order_by(History.id)
    )
    return {str(incident_id): (at, str(detail.get("outcome"))) for incident_id, at, detail in lines}


def _note(db: Session, leg: Leg, row: Dispatch, outcome: str, now: datetime) -> None:
    leg.outcome = f"person_{outcome}"
    history.record(
        db, RANG_PERSON, actor="crew", now=now, contact_id=row.incident.contact_id, incident_id=row.incident_id,
        dispatch_id=row.id, call_sign=row.call_sign, outcome=outcome,
    )  # fmt: skip


def _place(db: Session, purpose: str, row: Dispatch, now: datetime) -> None:
    leg = Leg(
        purpose=purpose, to=db.get_one(Unit, row.call_sign).phone, from_number=ringing.service_number(db, "crew"),
        entry_id=None, token=steps.latest(db, row), staff_id=None, promise_id=None, carrier_id=None, outcome=None,
        made_at=now, ended_at=None,
    )  # fmt: skip
    db.add(leg)
    db.flush()
    outbox.add(db, "place_call", queue="dispatch", now=now, leg_id=leg.id)

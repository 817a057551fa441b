"""Crews we ring: an offer to answer by key, and the person they (or a nurse, `text_legs`) are put through to.

The person's number stands in the document that dials it, which the carrier alone reads; the crew hears neither it nor
them until the person has pressed a key.
"""

from datetime import datetime
from typing import Final

from flask import Response, request
from sqlalchemy.orm import Session

from callflows import crew, crew_line
from callflows.conversation import Turn
from telephony import our_legs, text_legs, twiml
from telephony.reports import ENDS
from telephony.webhooks import line, now, voice
from triage import crew_calls, crew_replies, dispatch, ringing, text_calls
from triage.lifecycles import UNDER_WAY, said
from triage.models import Contact, Dispatch, Leg
from triage.standing import Standing

NOT_JOINED: Final = {"busy": "busy", "no_answer": "no_answer", "completed": "no_key"}  # anything else: failed


def answered(db: Session, leg: Leg, standing: Standing, at: datetime) -> Response:
    """The car's telephone was picked up, by somebody or by a machine: it is asked, and only a key answers."""
    row = crew_calls.job_of(db, leg)
    if leg.purpose == crew_calls.REACH and row.state in UNDER_WAY:
        return _answer(leg, crew_line.ready(row.tag, standing.service.name, standing.service.wording))
    return _answer(leg, _job(row, standing))


def _job(row: Dispatch, standing: Standing) -> Turn:
    """The job in words, as it stands for this crew."""
    name, wording = standing.service.name, standing.service.wording
    if row.state == "offered":
        return crew_line.offer(dispatch.job(row), name, wording)
    if row.state in UNDER_WAY:
        return crew_line.told(crew_calls.stands(row), wording, service=name)
    return crew_line.over(crew.not_yours(row.tag, said(row.state)))


def key_pressed(db: Session, leg: Leg, standing: Standing, at: datetime) -> Response:
    """A key on a call that we placed to a crew; silence does nothing."""
    row = crew_calls.job_of(db, leg)
    digit = request.form.get("Digits", "")[:1]
    if not digit:
        return _answer(leg, crew_line.no_key(standing.service.wording))
    crew_calls.heard(db, row, now=at)
    if digit == crew_line.AGAIN:
        return _answer(leg, _job(row, standing))
    wants_person = digit == crew_line.THE_PERSON or (digit == "1" and leg.purpose == crew_calls.REACH)
    if wants_person and row.state in UNDER_WAY:
        return _put_through(db, leg, row, standing, at)
    action = crew.DIGITS.get(digit)
    if action is None or wants_person:
        return _answer(leg, _job(row, standing))
    return _answer(leg, _told(crew_replies.about(db, row.id, action, now=at, way="keypad"), row, standing))


def _told(words: str, row: Dispatch, standing: Standing) -> Turn:
    return crew_line.told(words, standing.service.wording) if row.state in UNDER_WAY else crew_line.over(words)


def _put_through(db: Session, leg: Leg, row: Dispatch, standing: Standing, at: datetime) -> Response:
    try:
        number = crew_calls.number_for(db, row, now=at)
    except crew_calls.CannotRing as no:
        return _answer(leg, crew_line.told(str(no), standing.service.wording))
    crew_calls.person_rung(leg)
    ours = ringing.from_number(db, db.get_one(Contact, row.incident.contact_id))
    return _answer(leg, crew_line.ringing(standing.service.wording), number=number, caller_id=ours)


@voice.post("/legs/<leg_id>/person")
def person_answered(leg_id: str) -> Response:
    """Whoever picked up the person's telephone: asked for a key before anybody hears them."""
    standing = line().standing(now())
    wording = standing.service.wording
    with line().database.reading() as db:
        leg = our_legs.get(db, leg_id)
        asks = our_legs.is_dialled_from(leg) and leg.outcome == crew_calls.RINGING
    if leg.purpose == text_calls.REACH:
        return text_legs.person_answered(leg, standing, asks=asks)
    return _answer(leg, crew_line.person_check(wording) if asks else crew_line.person_not(wording), key="person/key")


@voice.post("/legs/<leg_id>/person/key")
def person_key(leg_id: str) -> Response:
    """1 joins them with the crew. Anything else, or nothing, does not: an answerphone presses no key."""
    at = now()
    standing = line().standing(at)
    with line().database.transaction() as db:
        leg = our_legs.get(db, leg_id)
        if leg.purpose == text_calls.REACH:
            return text_legs.person_key(db, leg, standing, at)
        row = crew_calls.job_of(db, leg)
        yes = request.form.get("Digits", "")[:1] == "1" and our_legs.is_dialled_from(leg)
        if yes and crew_calls.person_came(db, leg, row, now=at):
            return _answer(leg, crew_line.person_joined(standing.service.name, standing.service.wording))
    return _answer(leg, crew_line.person_not(standing.service.wording))


@voice.post("/legs/<leg_id>/reached")
def person_over(leg_id: str) -> Response:
    """The crew's side after the person: what came of it, and the keys again."""
    at = now()
    standing = line().standing(at)
    with line().database.transaction() as db:
        leg = our_legs.get(db, leg_id)
        if not our_legs.is_this_call(leg):
            return _answer(leg, crew_line.no_key(standing.service.wording))
        ended = ENDS.get(request.form.get("DialCallStatus", ""), "failed")
        came_of_it = NOT_JOINED.get(ended, "failed")
        if leg.purpose == text_calls.REACH:
            return text_legs.person_over(db, leg, standing, at, came_of_it)
        row = crew_calls.job_of(db, leg)
        outcome = crew_calls.person_over(db, leg, row, came_of_it, now=at)
        if row.state not in UNDER_WAY:
            return _answer(leg, crew_line.over(crew.not_yours(row.tag, said(row.state))))
        return _answer(leg, crew_line.reached(outcome, standing.service.wording))


def _answer(leg: Leg, turn: Turn, *, key: str = "key", number: str = "", caller_id: str = "") -> Response:
    base = line().url(f"/voice/legs/{leg.id}")
    to = twiml.Addresses(
        answer=f"{base}/{key}", left_room=f"{base}/reached", number=number, caller_id=caller_id,
        before_joining=f"{base}/person",
    )  # fmt: skip
    return twiml.answer(twiml.render(turn, to))

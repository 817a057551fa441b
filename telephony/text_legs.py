"""Nurses we ring to put them through to somebody they text with. The person's number stands only in the document that
dials it, which the carrier alone reads.
"""

from datetime import datetime

from flask import Response, request
from sqlalchemy.orm import Session

from callflows import ring_texter
from callflows.conversation import Turn
from telephony import our_legs, twiml
from telephony.webhooks import line
from triage import ringing, text_calls
from triage.models import Leg
from triage.standing import Standing


def answered(db: Session, leg: Leg, standing: Standing, at: datetime) -> Response:
    """The nurse, or a machine, picked up. At her screen the press was hers already."""
    if leg.to.startswith("client:"):
        return _put_through(db, leg, standing, at)
    return _answer(leg, ring_texter.ready(standing.service.wording))


def key_pressed(db: Session, leg: Leg, standing: Standing, at: datetime) -> Response:
    """1 rings the person. Anything else, or nothing, does not."""
    if request.form.get("Digits", "")[:1] == "1":
        return _put_through(db, leg, standing, at)
    return _answer(leg, ring_texter.no_key(standing.service.wording))


def _put_through(db: Session, leg: Leg, standing: Standing, at: datetime) -> Response:
    wording = standing.service.wording
    if leg.outcome not in (None, text_calls.RINGING):  # over: they are rung once a press
        return _answer(leg, ring_texter.reached(leg.outcome.removeprefix("person_"), wording))
    try:
        number = text_calls.number_for(db, leg, now=at)
    except text_calls.CannotRing as no:
        return _answer(leg, ring_texter.refused(str(no)))
    text_calls.person_rung(db, leg, now=at)
    contact = text_calls.still_hers(db, leg)
    ours = ringing.from_number(db, contact) if contact else leg.from_number
    return _answer(leg, ring_texter.ringing(wording), number=number, caller_id=ours)


def person_answered(leg: Leg, standing: Standing, *, asks: bool) -> Response:
    """Whoever picked up the person's telephone: asked for a key before anybody hears them."""
    wording = standing.service.wording
    return _answer(
        leg, ring_texter.person_check(wording) if asks else ring_texter.person_not(wording), key="person/key"
    )


def person_key(db: Session, leg: Leg, standing: Standing, at: datetime) -> Response:
    """1 joins them with the nurse. Anything else, or nothing, does not: an answerphone presses no key."""
    yes = request.form.get("Digits", "")[:1] == "1" and our_legs.is_dialled_from(leg)
    if yes and text_calls.person_came(db, leg, now=at):
        return _answer(leg, ring_texter.person_joined(standing.service.wording))
    return _answer(leg, ring_texter.person_not(standing.service.wording))


def person_over(db: Session, leg: Leg, standing: Standing, at: datetime, outcome: str) -> Response:
    """The nurse's side after the person: what came of it, and the end of the call."""
    return _answer(leg, ring_texter.reached(text_calls.person_over(db, leg, outcome, now=at), standing.service.wording))


def _answer(leg: Leg, turn: Turn, *, key: str = "key", number: str = "", caller_id: str = "") -> Response:
    base = line().url(f"/voice/legs/{leg.id}")
    to = twiml.Addresses(
        answer=f"{base}/{key}", left_room=f"{base}/reached", number=number, caller_id=caller_id,
        before_joining=f"{base}/person",
    )  # fmt: skip
    return twiml.answer(twiml.render(turn, to))

"""Legs we placed: to nurses, to a caller who is rung back, to people on duty. Each carries its own addresses."""

from datetime import datetime

from flask import Response, request
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callflows import crew_line, ring_texter, staff
from callflows.conversation import HangUp, Say, Turn
from callflows.wording import words
from telephony import crew_legs, numbers, staff_lines, text_legs, twiml
from telephony.our_legs import get as _leg
from telephony.our_legs import is_this_call as _this_call
from telephony.reports import ENDS
from telephony.webhooks import line, nothing, now, voice
from triage import accounts, bridge, contacts, crew_calls, jobs, presence, ringing, text_calls
from triage.lifecycles import HELD
from triage.models import Leg, Promise, QueueEntry
from triage.standing import Standing


@voice.post("/legs/<leg_id>/answer")
def answered(leg_id: str) -> Response:
    """Somebody, or a machine, picked up."""
    at = now()
    standing = line().standing(at)
    with line().database.transaction() as db:
        leg = _leg(db, leg_id)
        if not _this_call(leg):
            return _answer(leg, _over(leg, standing))
        if leg.state in ("placing", "ringing"):
            leg.state = "answered"
            leg.carrier_id = leg.carrier_id or request.form["CallSid"]
        if leg.purpose in crew_calls.PURPOSES:
            return crew_legs.answered(db, leg, standing, at)
        if leg.purpose == text_calls.REACH:
            return text_legs.answered(db, leg, standing, at)
        if leg.purpose in ("nurse", "alert") and leg.to.startswith("client:"):
            return _accept(db, leg, standing, at)  # at their screen: taking it was the press of a button
        return _answer(leg, _question(db, leg, standing, at))


def _question(db: Session, leg: Leg, standing: Standing, at: datetime) -> Turn:
    wording = standing.service.wording
    if leg.purpose == "call_back":
        return staff.call_back(wording)
    if leg.purpose == "person":
        return staff.person(db.get_one(Promise, leg.promise_id).what, standing.service.name, wording)
    entry = db.get_one(QueueEntry, leg.entry_id)
    if not _still_theirs(entry, leg):
        return staff.taken(wording)
    about = staff.About(
        locality=contacts.locality_name(db, entry.contact.locality), reasons=tuple(entry.reasons),
        waited_s=int((at - entry.arrived_at).total_seconds()), by_text=entry.contact.channel == "text",
    )  # fmt: skip
    return staff.offer(about, wording)


def _still_theirs(entry: QueueEntry, leg: Leg) -> bool:
    if leg.purpose == "alert":
        return entry.state == "waiting"
    return entry.nurse_id == leg.staff_id and entry.token == leg.token and entry.state in HELD


@voice.post("/legs/<leg_id>/key")
def key_pressed(leg_id: str) -> Response:
    """1 accepts. Anything else, or nothing, does not: an answerphone presses no key."""
    at = now()
    standing = line().standing(at)
    with line().database.transaction() as db:
        leg = _leg(db, leg_id)
        if not _this_call(leg):
            return _answer(leg, _over(leg, standing))
        if leg.purpose in crew_calls.PURPOSES:
            return crew_legs.key_pressed(db, leg, standing, at)
        if leg.purpose == text_calls.REACH:
            return text_legs.key_pressed(db, leg, standing, at)
        if request.form.get("Digits", "")[:1] == "1":
            return _accept(db, leg, standing, at)
        return _answer(leg, _refused(leg, standing))


def _refused(leg: Leg, standing: Standing) -> Turn:
    wording = standing.service.wording
    if leg.purpose == "call_back":
        return staff.call_back_over(wording)
    if leg.purpose == "person":
        return staff.person_no_key(wording)
    return staff.no_key(wording)


def _accept(db: Session, leg: Leg, standing: Standing, at: datetime) -> Response:
    wording = standing.service.wording
    if leg.purpose == "person":
        jobs.person_has_it(db, leg, now=at)
        return _answer(leg, staff.person_has_it(wording))
    try:
        if leg.purpose == "call_back":
            entry = bridge.call_back_accepted(db, leg, now=at)
            return _answer(leg, staff.call_back_accepted(wording), entry)
        entry = bridge.accepted(db, leg, standing.service.rules, now=at)
    except bridge.NotRungBack:
        return _answer(leg, staff.not_rung_back(wording))
    except bridge.Taken:
        return _answer(leg, staff.call_back_lost(wording) if leg.purpose == "call_back" else staff.taken(wording))
    if entry.contact.channel == "text":
        return _answer(leg, staff.text_taken(wording))
    return _answer(leg, staff.accepted(wording), entry)


@voice.post("/legs/<leg_id>/status")
def leg_status(leg_id: str) -> Response:
    """The carrier's report on a leg of ours. It may come before the answer to the request that placed it."""
    at = now()
    said = request.form.get("CallStatus", "")
    with line().database.transaction() as db:
        leg = db.get(Leg, leg_id)
        if leg is None:
            return nothing()
        if leg.carrier_id is None:
            db.execute(
                update(Leg).where(Leg.id == leg.id, Leg.carrier_id.is_(None)).values(carrier_id=request.form["CallSid"])
            )
            db.refresh(leg)
        if said in ENDS and request.form["CallSid"] == leg.carrier_id:
            bridge.leg_ended(db, leg, ENDS[said], line().standing(at).service.rules, now=at)
    return nothing()


@voice.post("/legs/<leg_id>/left-room")
def leg_left_room(leg_id: str) -> Response:
    """The room is over. A nurse's leg ends with a word; a caller we rang back is treated as any caller."""
    at = now()
    wording = line().standing(at).service.wording
    with line().database.transaction() as db:
        leg = _leg(db, leg_id)
        if leg.purpose == "call_back" and _this_call(leg):
            entry = db.get_one(QueueEntry, leg.entry_id)
            if entry.state not in ("finished", "abandoned"):
                bridge.room_lost(db, entry, now=at)
                back = line().url(f"/voice/contacts/{entry.contact_id}/back")
                return twiml.answer(twiml.go_to(back))
    return _answer(leg, Turn(staff.ENDED, (Say(words(wording, "nurse_over")), HangUp())))


@voice.post("/staff")
def browser_connects() -> Response:
    """A nurse's browser dials in through the TwiML App: joined to whoever she holds. The carrier vouches for `client:`.

    A desk phone's number proves nothing: it is made ready and rung back, as on the nurses' line.
    """
    at = now()
    standing = line().standing(at)
    identity = request.form.get("From", "")
    if number := numbers.e164(identity):
        return staff_lines.answer("nurse", number, standing, at)
    with line().database.transaction() as db:
        nurse = accounts.by_id(db, identity.removeprefix("client:")) if identity.startswith("client:") else None
        entry = presence.holding(db, nurse.id) if nurse else None
        if nurse is None or entry is None or entry.contact.channel != "call":
            over = Turn(staff.ENDED, (Say(words(standing.service.wording, "nurse_nobody")), HangUp()))
            return twiml.answer(twiml.render(over, twiml.Addresses()))
        leg = db.scalar(select(Leg).where(Leg.carrier_id == request.form["CallSid"]))
        if leg is None:
            leg = Leg(
                purpose="nurse", to=identity, from_number=ringing.from_number(db, entry.contact), entry_id=entry.id,
                token=entry.token, staff_id=nurse.id, promise_id=None, state="answered", outcome=None, made_at=at,
                carrier_id=request.form["CallSid"], ended_at=None,
            )  # fmt: skip
            db.add(leg)
            db.flush()
        if not _this_call(leg):
            return _answer(leg, _over(leg, standing))
        return _accept(db, leg, standing, at)


def _answer(leg: Leg, turn: Turn, entry: QueueEntry | None = None) -> Response:
    base = line().url(f"/voice/legs/{leg.id}")
    room = (entry.room if entry else None) or ""
    return twiml.answer(
        twiml.render(turn, twiml.Addresses(answer=f"{base}/key", left_room=f"{base}/left-room", room=room))
    )


def _over(leg: Leg, standing: Standing) -> Turn:
    """What an address that is used up says."""
    wording = standing.service.wording
    if leg.purpose == "call_back":
        return staff.call_back_lost(wording)
    if leg.purpose in crew_calls.PURPOSES:
        return crew_line.no_key(wording)
    if leg.purpose == text_calls.REACH:
        return ring_texter.no_key(wording)
    return staff.person_no_key(wording) if leg.purpose == "person" else staff.taken(wording)

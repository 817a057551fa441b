"""A caller's call, from the first ring: questions, the queue's doors, the room, the end."""

from datetime import datetime
from functools import lru_cache
from typing import Final

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows import caller
from callflows.conversation import HangUp, Hold, Meet, Say, Turn
from callflows.danger import in_danger_now
from callflows.wording import words
from telephony import numbers, rehearsal, staff_lines, twiml
from telephony.reports import ENDS
from telephony.webhooks import line, nothing, now, voice
from triage import bridge, contacts, effects, first_ring, recovering
from triage.lifecycles import HELD
from triage.models import Contact, QueueEntry
from triage.standing import Standing

ANYBODY: Final = "{contact_id}"  # stands where a contact's id will, in a document rendered once for everybody
ON_THEIR_WAY = {"redirected", "redirected-from-bridged", "hangup", "bridged", "bridging-in-process"}


@voice.post("/incoming")
def incoming() -> Response:
    """A call to one of our numbers: recorded, committed, then greeted."""
    at, form = now(), request.form
    standing = line().standing(at)
    dialled = numbers.e164(form.get("To")) or form.get("To", "")[:64]
    our_line = standing.line(dialled)
    number = numbers.e164(form.get("From"))
    if our_line and our_line.route in staff_lines.ROUTES:
        return staff_lines.answer(our_line.route, number, standing, at)
    route = our_line.route if our_line else "direct"
    turn = caller.begin(_flow_line(standing, route))
    if rehearsal.is_trial(form["CallSid"], line().auth_tokens):
        contact_id = first_ring.rehearse(
            line().database, carrier_id=form["CallSid"], dialled=dialled, place=turn.place, now=at
        )
        return twiml.answer(_greeting(turn, contact_id, standing))
    opened = first_ring.call(
        line().database,
        carrier_id=form["CallSid"],
        number=number,
        line=our_line,
        dialled=dialled,
        place=turn.place,
        now=at,
    )
    if turn.effects or not opened.fresh:
        with line().database.transaction() as db:
            contact = _lock(db, opened.contact_id)
            if contact.last_reply:  # this webhook came before, and the call has moved on since
                return twiml.answer(contact.last_reply)
            effects.carry_out(db, contact, turn, standing, now=at)
    return twiml.answer(_greeting(turn, opened.contact_id, standing))


@voice.post("/contacts/<contact_id>/turns/<int:number>")
def turn_taken(contact_id: str, number: int) -> Response:
    """Words, keys, or the silence after question `number`. A repeat gets the same answer; a stale one changes
    nothing.
    """
    at = now()
    standing = line().standing(at)
    with line().database.transaction() as db:
        contact = _lock(db, contact_id)
        if contact.channel == "text":
            return _goodbye(contact, at)
        if number != contact.turn:
            return twiml.answer(contact.last_reply or _first(contact, standing))
        heard = _heard(standing, contact.place)
        if contact.leg_ended:  # they have rung off: nobody waits on this line any more
            contact.danger = contact.danger or heard.danger
            return twiml.answer(contact.last_reply or _first(contact, standing))
        turn = caller.answer(_flow_line(standing, contact.route), contact.place, heard, standing.offered(contact.place))
        effects.carry_out(db, contact, turn, standing, now=at)
        contact.turn = number + 1
        contact.last_reply = _render(turn, contact.id, contact.turn, standing)
        return twiml.answer(contact.last_reply)


def _heard(standing: Standing, place: str) -> caller.Heard:
    """What the carrier reports, as the conversation understands it."""
    digits = request.form.get("Digits", "")
    speech = request.form.get("SpeechResult", "")
    vocabulary = standing.vocabulary
    asked = place != caller.GREETING
    match = vocabulary.keyed(digits) if digits and not asked else vocabulary.hear(speech)
    return caller.Heard(
        tried=match.tried, danger="*" in digits or in_danger_now(speech), sure=standing.sure(match),
        choices=standing.choices(match), yes=vocabulary.answer(digits or speech) if asked else None,
        digit=digits[:1] or caller.said_digit(speech),
    )  # fmt: skip


@voice.post("/status")
def status() -> Response:
    """The carrier's report on a call that came in: a caller's, or a nurse's browser. Only an end changes anything, and
    only once.
    """
    at, call_id, said = now(), request.form["CallSid"], request.form.get("CallStatus", "")
    if said in ENDS:
        with line().database.transaction() as db:
            if not recovering.call_over(db, call_id, ENDS[said], now=at):
                recovering.keep_early(db, call_id, ENDS[said], now=at)
    return nothing()


@voice.post("/contacts/<contact_id>/left-queue")
def left_queue(contact_id: str) -> Response:
    """The call came out of the carrier's queue: by our doing, the caller's, or a fault. Only the first two may end
    it.
    """
    result = request.form.get("QueueResult", "")
    at = now()
    if result in ON_THEIR_WAY:
        return twiml.answer(twiml.empty())
    with line().database.transaction() as db:
        contact = contacts.get(db, contact_id)
        entry = contacts.entry_of(db, contact_id)
        if result == "leave" and entry and entry.call_back:
            return _say(contact, Turn("ended", (Say(_words(at, "call_back_over")), HangUp())), at)
    return _wait_again(contact, "holding", at)


@voice.post("/contacts/<contact_id>/join")
def join(contact_id: str) -> Response:
    """We moved the caller here: into the room, if their nurse still has them."""
    at = now()
    with line().database.transaction() as db:
        contact = contacts.get(db, contact_id)
        entry = contacts.entry_of(db, contact_id)
        if contact.call_id != request.form["CallSid"]:
            return twiml.answer(twiml.empty())  # not their call: however well it is signed, it is let into no room
        if contact.channel == "text":
            return _goodbye(contact, at)
        if entry and entry.state in HELD and bridge.caller_joined(db, entry, now=at):
            return _say(contact, Turn("with_nurse", (Say(_words(at, "joining")), Meet(ends_room=True))), at, entry)
    return _wait_again(contact, "back_to_waiting", at)


@voice.post("/contacts/<contact_id>/back")
def back(contact_id: str) -> Response:
    """The nurse's side was lost: back to waiting, in the same place; or straight to the next nurse, if one is there."""
    with line().database.reading() as db:
        contact = contacts.get(db, contact_id)
        entry = contacts.entry_of(db, contact_id)
        taken_again = entry is not None and entry.state in ("connecting", "connected")
    if taken_again or contact.channel == "text":
        return join(contact_id)
    return _wait_again(contact, "back_to_waiting", now())


@voice.post("/contacts/<contact_id>/left-room")
def left_room(contact_id: str) -> Response:
    """The room is over and the caller is still on the line: finished means goodbye, anything else means waiting
    again.
    """
    at = now()
    with line().database.transaction() as db:
        contact = contacts.get(db, contact_id)
        entry = contacts.entry_of(db, contact_id)
        if entry is None or entry.state in ("finished", "abandoned") or contact.channel == "text":
            return _goodbye(contact, at)
        bridge.room_lost(db, entry, now=at)
    return _wait_again(contact, "back_to_waiting", at)


@voice.post("/contacts/<contact_id>/goodbye")
def goodbye(contact_id: str) -> Response:
    """The nurse has finished: a last word."""
    with line().database.reading() as db:
        entry = contacts.entry_of(db, contact_id)
        return _goodbye(contacts.get(db, contact_id), now(), heard=entry is None or entry.connected_at is not None)


def _goodbye(contact: Contact, at: datetime, heard: bool = True) -> Response:
    unheard = "goodbye_ring_back" if contact.number else "goodbye_unheard"
    return _say(contact, Turn("ended", (Say(_words(at, "goodbye" if heard else unheard)), HangUp())), at)


def _wait_again(contact: Contact, sentence: str, at: datetime) -> Response:
    return _say(contact, Turn(caller.WAITING, (Say(_words(at, sentence)), Hold())), at)


def _say(contact: Contact, turn: Turn, at: datetime, entry: QueueEntry | None = None) -> Response:
    standing = line().standing(at)
    return twiml.answer(_render(turn, contact.id, contact.turn, standing, room=entry.room if entry else None))


def _words(at: datetime, name: str) -> str:
    return words(line().standing(at).service.wording, name)


def _first(contact: Contact, standing: Standing) -> str:
    return _greeting(caller.begin(_flow_line(standing, contact.route)), contact.id, standing)


def _greeting(turn: Turn, contact_id: str, standing: Standing) -> str:
    """The first answer to a call: the same for everybody but for the contact's id, so it is rendered once a wording."""
    return _greeting_for_anybody(turn, line().public_base_url, standing.hints).replace(ANYBODY, contact_id)


@lru_cache(maxsize=32)
def _greeting_for_anybody(turn: Turn, base_url: str, hints: tuple[str, ...]) -> str:
    return twiml.render(turn, _addresses(base_url, ANYBODY, 0), hints)


def _render(turn: Turn, contact_id: str, number: int, standing: Standing, room: str | None = None) -> str:
    return twiml.render(turn, _addresses(line().public_base_url, contact_id, number, room), standing.hints)


def _addresses(base_url: str, contact_id: str, number: int, room: str | None = None) -> twiml.Addresses:
    base = f"{base_url}/voice/contacts/{contact_id}"
    return twiml.Addresses(
        answer=f"{base}/turns/{number}", wait=f"{base}/wait", left_queue=f"{base}/left-queue",
        left_room=f"{base}/left-room", room=room or "",
    )  # fmt: skip


def _flow_line(standing: Standing, route: str) -> caller.Line:
    return caller.Line(standing.service.name, route, standing.service.wording)


def _lock(db: Session, contact_id: str) -> Contact:
    """The contact, held until the transaction ends: two webhooks of one call take their turns."""
    contact = db.scalar(select(Contact).where(Contact.id == contact_id).with_for_update())
    if contact is None:
        raise contacts.NotFound("No contact has this id.")
    return contact

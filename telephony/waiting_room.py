"""What a caller hears while waiting, and the keys they may press."""

from datetime import datetime

from flask import Response, request
from sqlalchemy.orm import Session

from callflows import waiting
from callflows.conversation import Turn
from telephony import twiml
from telephony.webhooks import line, now, voice
from triage import contacts, destinations, effects, opt_outs, queue, texts
from triage.models import Contact


@voice.post("/contacts/<contact_id>/wait")
def wait_document(contact_id: str) -> Response:
    """One round of waiting. The carrier plays it again when it ends."""
    at = now()
    with line().database.reading() as db:
        contact = contacts.get(db, contact_id)
        turn = waiting.document(_wait(db, contact, at))
    return _answer(contact, turn)


@voice.post("/contacts/<contact_id>/wait/key")
def wait_key(contact_id: str) -> Response:
    """A key, or the silence at the end of a round."""
    digit = request.form.get("Digits", "")[:1]
    if not digit:
        return wait_document(contact_id)
    at = now()
    standing = line().standing(at)
    with line().database.transaction() as db:
        contact = contacts.get(db, contact_id)
        turn = waiting.key(_wait(db, contact, at), digit)
        effects.carry_out(db, contact, turn, standing, now=at)
    return _answer(contact, turn)


def _wait(db: Session, contact: Contact, at: datetime) -> waiting.Wait:
    entry = contacts.entry_of(db, contact.id)
    standing = line().standing(at)
    reachable = destinations.may_reach(contact.number, standing.destinations)
    can_text = reachable and texts.takes_texts(contact.number) and not opt_outs.stopped(db, contact.number)
    waited = at - (entry.arrived_at if entry else contact.started_at)
    return waiting.Wait(
        waited_s=max(0, int(waited.total_seconds())), ahead=queue.ahead_of(db, entry, at) if entry else 0,
        nurses=queue.nurses_for(db, entry.lane if entry else queue.NO_LANE, at), danger=contact.danger,
        has_number=reachable, can_text=can_text, wording=standing.service.wording,
    )  # fmt: skip


def _answer(contact: Contact, turn: Turn) -> Response:
    base = line().url(f"/voice/contacts/{contact.id}")
    to = twiml.Addresses(answer=f"{base}/wait/key", wait=f"{base}/wait", left_queue=f"{base}/left-queue")
    return twiml.answer(twiml.render(turn, to))

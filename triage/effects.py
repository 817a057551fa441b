"""Making a turn's effects true, in the transaction that also keeps the turn. Each is harmless when it comes twice."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows import danger
from callflows.conversation import Do, Effect, PlaceBy, Turn
from callflows.wording import words
from triage import contacts, destinations, promises, queue, saved_replies, texts
from triage.models import Contact, DirectoryEntry, Message
from triage.standing import Standing

HELP_ENTRIES = 3


def carry_out(db: Session, contact: Contact, turn: Turn, standing: Standing, *, now: datetime) -> None:
    """Do everything the turn says must become true of this contact."""
    contact.place = turn.place
    for effect in turn.effects:
        _do(db, contact, effect, standing, now)


def _do(db: Session, contact: Contact, effect: Effect, standing: Standing, now: datetime) -> None:
    actor = "texter" if contact.channel == "text" else "caller"
    rules = standing.service.rules
    match effect:
        case PlaceBy(word):
            contacts.place_by_keyword(db, contact, word, actor=actor, now=now)
        case Do.JOIN_QUEUE:
            queue.join(db, contact, rules, now=now)
        case Do.DANGER:
            contact.danger = True
            entry = queue.join(db, contact, rules, now=now)
            read_by = {"danger_list": danger.VERSION} if contact.channel == "text" else {}  # a caller may press star
            queue.raise_to(db, entry, queue.DANGER, queue.SAID_DANGER, actor=actor, now=now, **read_by)
        case Do.CALL_BACK if contact.channel == "text":
            entry = queue.join(db, contact, rules, now=now)
            queue.raise_to(db, entry, entry.band, queue.STATED["ring_me"], actor=actor, now=now)
            if destinations.may_reach(contact.number, standing.destinations):  # else nothing is promised
                promises.owe_call_back(db, contact, "Asked by text to be rung", now=now)
        case Do.CALL_BACK:
            entry = queue.join(db, contact, rules, now=now)
            entry.call_back = True
            promises.owe_call_back(db, contact, "Asked to be called back", now=now)
            queue.raise_to(db, entry, entry.band, queue.STATED["call_back"], actor=actor, now=now)
        case Do.FOR_SOMEONE_ELSE:
            contact.caller_role = "carer"
            entry = queue.join(db, contact, rules, now=now)
            queue.raise_to(db, entry, entry.band, queue.STATED["carer"], actor=actor, now=now)
        case Do.CANNOT_TALK:
            contact.cannot_talk = True
            entry = queue.join(db, contact, rules, now=now)
            queue.raise_to(db, entry, entry.band, queue.STATED["cannot_talk"], actor=actor, now=now)
        case Do.TEXT_LOCAL_HELP:
            if contact.channel == "call":
                contact.text_consent = True
            body = _local_help(db, contact, standing)
            if not (contact.opted_out or _told(db, contact, body)):
                texts.queue_text(db, contact, body, actor=actor, now=now)


def _told(db: Session, contact: Contact, body: str) -> bool:
    """Whether this very text is on its way to them already: a key pressed again asks for nothing new."""
    sent = select(Message).where(Message.contact_id == contact.id, Message.direction == "out")
    return any(message.body == body for message in db.scalars(sent.where(Message.state != "failed")))


def _local_help(db: Session, contact: Contact, standing: Standing) -> str:
    """A text naming help in the person's area; where none is known, who is there day and night."""
    near = select(DirectoryEntry).where(DirectoryEntry.locality == contact.locality).order_by(DirectoryEntry.name)
    named = [saved_replies.about(entry) for entry in db.scalars(near.limit(HELP_ENTRIES))]
    service = standing.service
    if not named:
        return words(service.wording, "text_no_local_help", contact.language, service=service.name)
    return words(service.wording, "text_local_help", contact.language, help="; ".join(named), service=service.name)

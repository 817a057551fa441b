"""Texts we send, to people and to crews: one row each, sent by a job, its state told as it is.

A text to a person is sent at most once and then shown as failed or unknown for a nurse to act on; a text to a crew is
sent at least once, and a repeat says so (reliability.md 5).
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callflows import crew, danger
from callflows.texter import Reply
from triage import (
    caps,
    contacts,
    destinations,
    dispatch,
    history,
    opt_outs,
    outbox,
    promises,
    queue,
    ringing,
    same_person,
)
from triage.after_models import FollowUp
from triage.lifecycles import MESSAGE, sources
from triage.media import Piece, as_kept
from triage.models import Contact, Message, Staff, Unit, new_id
from triage.standing import Standing

OWN_TEXTS_COUNT: Final = timedelta(days=3)  # a conversation by text is consent for so long
LONGEST = 1600  # the carrier's limit for one message body


NOT_REACHED = "a number the line does not text"
HELD = "held back: too many texts this hour"
NO_TEXTS = {
    "geographic": "A landline reads texts aloud. Ring them instead.",
    "freephone": "A freephone number takes no texts. Ring them instead.",
    "corporate": "An internet number takes no texts. Ring them instead.",
}


class CannotText(Exception):
    """This person cannot be texted, and why."""


class MayNotText(CannotText):
    """Nobody is texted on such a number, whoever asks: abroad, premium, one of ours."""


def to_person(
    db: Session, contact: Contact, body: str, staff: Staff, *, now: datetime, message_id: str | None = None
) -> Message:
    """Write a nurse's text to a texter, or to a caller who agreed to be texted. Raises CannotText.

    With `message_id` (32 hex digits, chosen by whoever asks), asking again is harmless: it is the same text.
    """
    if message_id and (same := db.get(Message, message_id)):
        if same.contact_id != contact.id or same.staff_id != staff.id:
            raise CannotText("This text was sent to somebody else. Write it again.")
        return same
    if message_id and not re.fullmatch(r"[0-9a-f]{32}", message_id):
        raise CannotText("The page is out of date. Open it again; what you wrote is still there.")
    body = body.strip()
    if not body:
        raise CannotText("There is nothing in this text. Write something first.")
    if len(body) > LONGEST:
        raise CannotText(f"A text can hold {LONGEST} characters; this one has {len(body)}.")
    if contact.number is None:
        raise CannotText("Their number is withheld, so they cannot be texted.")
    if opt_outs.stopped(db, contact.number):
        raise CannotText("They sent an opt-out word, so their carrier stops our texts. Offer them a call instead.")
    if contact.channel == "call" and not contact.text_consent:
        raise CannotText("They have not agreed to texts. Ask them, and note it in the outcome.")
    _may_text(db, contact.number)
    if no := NO_TEXTS.get(destinations.kind_of(contact.number)):
        raise CannotText(no)
    return queue_text(db, contact, body, actor=staff.id, staff_id=staff.id, now=now, message_id=message_id)


def may_be_texted(db: Session, contact: Contact, *, asked: bool = False) -> bool:
    """Whether the line may text this person by itself: they agreed, did not opt out, and it is no landline. `asked`:
    they agreed to this very text; whoever said no to texts is sent none all the same.
    """
    agreed = contact.channel == "text" or bool(contact.text_consent) or (asked and contact.text_consent is None)
    agreed = agreed and not opt_outs.stopped(db, contact.number)
    return agreed and takes_texts(contact.number) and destinations.may_reach(contact.number, destinations.policy(db))


def takes_texts(number: str | None) -> bool:
    """Whether this is a telephone that shows a text, as far as its range tells: a landline reads it aloud in the room,
    and freephone and internet numbers are nobody's mobile.
    """
    return destinations.kind_of(number) not in NO_TEXTS


def may_text_back(db: Session, contact: Contact, *, now: datetime) -> bool:
    """Whether whoever could not be reached by telephone may be told so by text: only with consent given before, in a
    contact of theirs or by a conversation by text of their own in the last OWN_TEXTS_COUNT, unless they have said no or
    sent an opt-out word since; and only to a mobile. Not while a nurse has them by text: she tells them herself.
    """
    same = Contact.id == contact.id
    if contact.number is not None:
        same = same | (same_person.others(db, contact) & same_person.of_number(contact.number))
    theirs = db.scalars(select(Contact).where(same).order_by(Contact.started_at.desc(), Contact.id)).all()
    if any(queue.with_nurse(db, one.id) for one in theirs if one.ended_at is None and one.channel == "text"):
        return False
    said = next((one.text_consent for one in theirs if one.text_consent is not None), None)
    wrote = any(one.channel == "text" and one.started_at > now - OWN_TEXTS_COUNT for one in theirs)
    if said is False or not (said or wrote) or opt_outs.stopped(db, contact.number):
        return False
    return takes_texts(contact.number) and destinations.may_reach(contact.number, destinations.policy(db))


def dropped(db: Session, message: Message, why: str, *, now: datetime) -> None:
    """A text of the line's own that is worth nothing any more: not sent, and nobody has to act on it."""
    message.state, message.trouble = "failed", why
    history.record(
        db, "text_state", actor="clock", now=now, contact_id=message.contact_id, message_id=message.id,
        state=message.state,
    )  # fmt: skip


def _may_text(db: Session, number: str) -> None:
    try:
        destinations.check(number, destinations.policy(db))
    except destinations.Refused as no:
        raise MayNotText(f"They cannot be texted from here: {no.why}. Speak with them on the line instead.") from None


def queue_text(
    db: Session, contact: Contact, body: str, *, actor: str, now: datetime, staff_id: str | None = None,
    message_id: str | None = None, news_of: tuple[str, str] | None = None, only_while: str | None = None,
) -> Message:  # fmt: skip
    """Leave a text to the contact's number to be sent. Used by nurses (above) and for what a caller asked for.

    `news_of`: the car's job and what is told of it (`triage.car_news`), looked at again when it is sent.
    `only_while`: what must still be so when it is sent (`jobs.ONLY_WHILE`), or it is dropped.
    Beyond the caps it is held: kept as not sent, for a person to decide (`triage.caps`).
    """
    held = caps.reached(db, contact, "text", now=now)
    message = Message(
        id=message_id or new_id(), contact_id=contact.id, dispatch_id=None, direction="out",
        number=contact.number or "", line=ringing.from_number(db, contact), body=body,
        state="failed" if held else "waiting", trouble=HELD if held else None, carrier_id=None, staff_id=staff_id,
        made_at=now,
    )  # fmt: skip
    db.add(message)
    db.flush()
    if not held:
        about: dict[str, Any] = {"dispatch_id": news_of[0], "news": news_of[1]} if news_of else {}
        if only_while:
            about["only_while"] = only_while
        outbox.add(db, "send_text", now=now, message_id=message.id, **about)
    history.record(db, "text_out", actor=actor, now=now, contact_id=contact.id, message_id=message.id)
    return message


def to_staff(db: Session, staff: Staff, body: str, *, now: datetime) -> Message | None:
    """Leave a text to somebody who works here, if a telephone is kept for them. Its words name nobody."""
    if staff.phone is None:
        return None
    message = Message(
        contact_id=None, dispatch_id=None, direction="out", number=staff.phone, body=body,
        line=ringing.service_number(db, "crew"), state="waiting", trouble=None, carrier_id=None, staff_id=None,
        made_at=now,
    )  # fmt: skip
    db.add(message)
    db.flush()
    outbox.add(db, "send_text", now=now, message_id=message.id)
    return message


def kept(db: Session, carrier_id: str) -> Contact | None:
    """Whose text this is, if it came before; None for a new one (and for a crew's)."""
    of_text = select(Contact).join(Message, Message.contact_id == Contact.id).where(Message.carrier_id == carrier_id)
    return db.scalar(of_text)


def received(
    db: Session, contact: Contact, carrier_id: str, body: str, *, now: datetime, media: Sequence[Piece] = ()
) -> Message | None:
    """A text from the person, once: None if this very text was kept before. `media`: what came with the words."""
    if db.scalar(select(Message.id).where(Message.carrier_id == carrier_id)):
        return None
    message = Message(
        contact_id=contact.id, dispatch_id=None, direction="in", number=contact.number or "", body=body,
        line=contact.line or "", state="received", trouble=None, carrier_id=carrier_id, staff_id=None, made_at=now,
        media=as_kept(media),
    )  # fmt: skip
    db.add(message)
    db.flush()
    history.record(db, "text_in", actor="texter", now=now, contact_id=contact.id, message_id=message.id)
    return message


def of_crew(db: Session, carrier_id: str) -> Message | None:
    """A crew's text that came before, with what we replied in `trouble`."""
    return db.scalar(select(Message).where(Message.carrier_id == carrier_id))


def from_crew(
    db: Session, unit: Unit, body: str, said: str, *, carrier_id: str, line: str, dispatch_id: str | None,
    now: datetime, media: Sequence[Piece] = (),
) -> None:  # fmt: skip
    """Keep a crew's text and what we replied to it, so that a repeat gets the same words."""
    message = Message(
        contact_id=None, dispatch_id=dispatch_id, direction="in", number=unit.phone, body=body, line=line,
        state="received", trouble=said, carrier_id=carrier_id, staff_id=None, made_at=now, media=as_kept(media),
    )  # fmt: skip
    db.add(message)


def answered(db: Session, contact: Contact) -> bool:
    """Whether we have texted anything in this conversation yet."""
    parts = contacts.parts_of(contact.id)
    ours = select(Message.id).where(Message.contact_id.in_(parts), Message.direction == "out")
    return db.scalar(ours.limit(1)) is not None


def said_by_line(db: Session, contact: Contact, reply: Reply, standing: Standing, *, now: datetime) -> Message:
    """The line's own answer to a text, carried by the webhook's reply itself: kept so that the nurse sees it, and with
    the names of its sentences and the versions of the wording and of the list of danger that made it.
    """
    message = Message(
        contact_id=contact.id, dispatch_id=None, direction="out", number=contact.number or "", body=reply.text or "",
        line=contact.line or "", state="sent", trouble=None, carrier_id=None, staff_id=None, made_at=now,
    )  # fmt: skip
    db.add(message)
    db.flush()
    history.record(
        db, "line_answered", actor="texter", now=now, contact_id=contact.id, message_id=message.id,
        says=[sentence.name for sentence in reply.sentences], language=contact.language,
        wording=standing.service.version, danger_list=danger.VERSION,
    )  # fmt: skip
    return message


def reported(
    db: Session, message_id: str | None, carrier_id: str, action: str, *, now: datetime, trouble: str | None = None
) -> bool:
    """The carrier's word on a text: `sent`, `delivered` or `fail`. An end absorbs whatever comes later. Says whether it
    was news.
    """
    which = Message.id == message_id if message_id else Message.carrier_id == carrier_id
    message = db.scalar(select(Message).where(which, Message.direction == "out"))
    if message is None:
        return False
    news = (
        update(Message)
        .where(Message.id == message.id, Message.state.in_(sources(MESSAGE, action)))
        .values(
            state=MESSAGE[sources(MESSAGE, action)[0], action],
            carrier_id=message.carrier_id or carrier_id or None,  # unique: "" would do for one text only
        )
        .returning(Message)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if db.scalars(news).one_or_none() is None:
        if carrier_id and message.carrier_id is None:  # no news, but it says which of the carrier's texts this is
            message.carrier_id = carrier_id
        return False
    if trouble:
        message.trouble = trouble
    if message.contact_id is None and message.dispatch_id is None:
        return True
    if message.state == "failed" and message.dispatch_id:
        dispatch.text_failed(db, message.dispatch_id, offer=crew.is_offer(message.body), now=now, trouble=trouble)
    if message.state == "failed" and message.contact_id:
        contact = contacts.goes_on_as(db, db.get_one(Contact, message.contact_id))
        if trouble == "opted_out":
            opt_outs.by_contact(db, contact, opt_outs.CARRIER, now=now)
        asked = db.scalar(select(FollowUp.contact_id).where(FollowUp.message_id == message.id))
        if not asked and not queue.with_nurse(db, contact.id):  # she sees it on her page, and is there for them
            promises.owe_call_back(db, contact, "A text to them did not arrive", now=now, they_came=False)
    history.record(
        db,
        "text_state",
        actor="carrier",
        now=now,
        contact_id=message.contact_id,
        message_id=message.id,
        state=message.state,
    )
    return True

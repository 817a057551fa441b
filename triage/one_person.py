"""Somebody who texts and rings is one person, on one wait (decision 0033): what follows from that beyond the queue.

A call takes a text conversation along when it joins the queue (`queue.join`). Here: what they text while they ring goes
to their call, the text conversation waits again when the call is lost, and the nurse who texts with somebody sees that
they ring and takes their call. A withheld or shared number links nothing, and nobody is told that they are known.
"""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import contacts, history, promises, queue, same_person
from triage.lifecycles import HELD, OPEN_ENTRY
from triage.models import Contact, Message, QueueEntry, Staff, new_id

WAS_TEXTING: Final = "Was texting with a nurse"
WAITS_BY_TEXT: Final = "Rang, and waits by text again"


class NotRinging(Exception):
    """There is no call of theirs to take; `str()` says what became of it."""


class Ringing(NamedTuple):
    """A call of theirs that is up now. `entry` is None before they wait for a nurse, `nurse` whoever has them."""

    contact: Contact
    entry: QueueEntry | None
    nurse: str | None


# --- a text, while they ring ------------------------------------------------------------------------------------------


def hears_text(db: Session, call: Contact, *, now: datetime) -> Contact:
    """Who hears a text of theirs, kept on this call, which waited or was with a nurse when it came: the call; but if it
    has ended at that very moment, a text conversation that waits. An ended call is read by nobody.
    """
    entry = contacts.entry_of(db, call.id)
    if entry is None or entry.state in OPEN_ENTRY:
        return call
    again = waits_by_text_again(db, entry, now=now)
    return again.contact if again else call


def texts_on_call(db: Session, call: Contact, *, danger: bool, now: datetime) -> QueueEntry | None:
    """They text while their call waits or is with a nurse: they may be texted, and danger raises the call. Nothing of
    it is said on the call: whoever holds that telephone may be somebody else.
    """
    call.text_consent = True
    entry = contacts.entry_of(db, call.id)
    if entry is not None and danger and entry.state in OPEN_ENTRY:
        queue.raise_to(db, entry, queue.DANGER, queue.SAID_DANGER, actor="texter", now=now)
    return entry


# --- the call is lost -------------------------------------------------------------------------------------------------


def waits_by_text_again(db: Session, entry: QueueEntry, *, now: datetime) -> QueueEntry | None:
    """The call is over before a nurse had them: whoever had texted waits by text again, at the place the call had.

    A contact of its own, as what ended is not opened again; None where they never texted, or do so with a nurse now.
    """
    call = entry.contact
    parts = contacts.parts_of(call.id)
    wrote = select(Message).where(Message.contact_id.in_(parts), Message.direction == "in")
    last = db.scalar(wrote.order_by(Message.made_at.desc(), Message.id.desc()).limit(1))
    texted = db.scalar(
        select(Contact)
        .where(Contact.id.in_(parts), Contact.channel == "text")
        .order_by(Contact.started_at.desc(), Contact.id.desc())
        .limit(1)
    )
    if call.number is None or (last is None and texted is None) or _open_text(db, call) is not None:
        return None
    from_call = call if texted is None else texted
    again = Contact(
        channel="text", carrier_id=f"on-{new_id()}", number=call.number, line=from_call.line, route=call.route,
        locality=call.locality, keyword=call.keyword, started_at=now, ended_at=None, place="waiting", turn=0,
        last_reply=None, call_id=None, leg_ended=True, danger=queue.said_danger(entry), cannot_talk=call.cannot_talk,
        caller_role=call.caller_role, text_consent=call.text_consent, opted_out=call.opted_out, failed_safe_at=None,
        went_on_as=None, language=call.language,
    )  # fmt: skip
    db.add(again)
    db.flush()
    queue.went_on(db, call, again, now=now)
    gone = (queue.TEXTED_FIRST, queue.NOT_YET_ASKED)
    reasons = [why for why in entry.reasons if why not in gone and not why.startswith(queue.TEXTING_WITH)]
    return queue.at_place(db, again, entry.band, [*reasons, WAITS_BY_TEXT], entry.arrived_at, now=now)


def _open_text(db: Session, contact: Contact) -> Contact | None:
    """Another text conversation of this number that runs."""
    if contact.number is None:
        return None
    running = select(Contact).where(same_person.of_number(contact.number), Contact.channel == "text")
    running = running.where(Contact.ended_at.is_(None), Contact.id != contact.id)
    return db.scalar(running.order_by(Contact.started_at, Contact.id).limit(1))


def other_texts_join(db: Session, contact: Contact, staff: Staff, *, now: datetime) -> None:
    """A text conversation of this number that runs goes on as this contact, which is to be one itself. Raises
    queue.NotTheirs if a colleague has it.
    """
    while (other := _open_text(db, contact)) is not None:
        entry = contacts.entry_of(db, other.id)
        if entry is not None and entry.state in HELD and entry.nurse_id != staff.id:
            raise queue.NotTheirs(f"{queue.nurse_name(db, entry)} is texting with them now.")
        if entry is not None:
            queue.leaves_flood(db, entry, actor=staff.id, now=now)
            queue.step(
                db, entry, "finish", actor=staff.id, now=now, token=entry.token, ended_at=now, ended_how="went_on"
            )
        queue.went_on(db, other, contact, now=now)


# --- the nurse who texts with them ------------------------------------------------------------------------------------


def ringing_now(db: Session, contact: Contact, now: datetime) -> Ringing | None:
    """The call that whoever texts here makes at this moment, from the same number."""
    if contact.channel != "text" or contact.number is None:
        return None
    up = (
        select(Contact)
        .outerjoin(QueueEntry, QueueEntry.contact_id == Contact.id)
        .where(same_person.others(db, contact), Contact.channel == "call", ~Contact.leg_ended)
        .where(Contact.started_at > now - promises.LONGEST_CALL)
        .where(QueueEntry.id.is_(None) | QueueEntry.state.in_(OPEN_ENTRY))
        .order_by(Contact.started_at.desc(), Contact.id)
    )
    for call in db.scalars(up):
        if call.number == contact.number:
            entry = contacts.entry_of(db, call.id)
            return Ringing(call, entry, queue.nurse_name(db, entry) if entry and entry.state in HELD else None)
    return None


def now_with(db: Session, texting: QueueEntry, *, now: datetime) -> None:
    """Another nurse has the text conversation, while they ring: the call says with whom they are texting now."""
    call = ringing_now(db, texting.contact, now)
    if call is None or call.entry is None:
        return
    said = f"{queue.TEXTING_WITH} {queue.nurse_name(db, texting) or 'a nurse'}"
    queue.raise_to(db, call.entry, call.entry.band, said, actor="clock", now=now)
    others = [why for why in call.entry.reasons if not why.startswith(queue.TEXTING_WITH)]
    call.entry.reasons = [*others, said]
    db.flush()


def not_with_her_now(db: Session, texting: QueueEntry, *, now: datetime) -> None:
    """A nurse has finished a text conversation, or it went back to the queue, while they ring: the call does not say
    any more that they are texting with her, and a conversation that waits goes on as the call.
    """
    call = ringing_now(db, texting.contact, now)
    if call is None or call.entry is None:
        return
    before, arrived_at = texting.state, texting.arrived_at
    band = texting.band if before == "waiting" else call.entry.band
    queue.raise_to(db, call.entry, band, WAS_TEXTING, actor="clock", now=now)
    call.entry.reasons = _together(call.entry, texting)
    if before == "waiting" and queue.goes_on_as_call(db, texting, call.contact, now=now):
        call.entry.arrived_at = min(call.entry.arrived_at, arrived_at)
    db.flush()


def _together(call: QueueEntry, texting: QueueEntry) -> list[str]:
    """The reasons of a call and of the text conversation that is over: whoever takes the call reads both."""
    kept = [why for why in call.reasons if not why.startswith(queue.TEXTING_WITH)]
    theirs_alone = (queue.NOT_YET_ASKED, queue.STANDS_FOR_FLOOD)
    return list(dict.fromkeys([*kept, *(why for why in texting.reasons if why not in theirs_alone)]))


def ends_into_call(db: Session, contact: Contact, staff: Staff, *, now: datetime) -> QueueEntry:
    """The text conversation this nurse holds ends, and goes on as the call they make now: that entry, for her to claim
    in this same transaction. Raises queue.NotTheirs, NotRinging: over already, or somebody else has it.
    """
    texting = queue.held_by(db, contact.id, staff)
    call = ringing_now(db, contact, now)
    if call is None:
        raise NotRinging("They are not ringing any more. The text conversation is still with you.")
    if call.nurse is not None:
        raise NotRinging(f"{call.nurse} has their call. The text conversation is still with you.")
    if call.entry is None:
        raise NotRinging("They have only just rung. Press again in a few seconds.")
    queue.step(
        db, texting, "finish", actor=staff.id, now=now, token=texting.token, ended_at=now, ended_how=queue.AS_CALL
    )
    queue.went_on(db, contact, call.contact, now=now)
    band = min(texting.band, queue.VERY_URGENT)
    queue.raise_to(db, call.entry, band, WAS_TEXTING, actor=staff.id, now=now)
    call.entry.arrived_at = min(call.entry.arrived_at, texting.arrived_at)
    call.entry.reasons = _together(call.entry, texting)
    db.flush()
    history.record(db, "took_their_call", actor=staff.id, now=now, contact_id=call.contact.id, other=contact.id)
    return call.entry

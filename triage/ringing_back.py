"""Ringing back a person who is owed a call: the nurse first, then they, at the place they had in the queue."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import bridge, contacts, history, ladder, presence, queue, same_person
from triage.ladder import NotNow
from triage.lifecycles import HELD, OPEN_ENTRY
from triage.models import Contact, Promise, QueueEntry, Staff, new_id
from triage.rules import Rules


def begin(db: Session, promise: Promise, staff: Staff, rules: Rules, *, now: datetime) -> QueueEntry:
    """Ring the person back now: the nurse is rung first, then they, at the place they had in the queue.

    Who waits already (for a call-back they asked for) is taken as they stand. Raises NotNow: not theirs to ring, no
    number, or somebody is with them.
    """
    if ladder.next_step(promise) in ("none", "keep"):
        raise NotNow("Nobody is owed a call here.")
    if not promise.reachable:
        raise NotNow("There is no number that the line may ring. Decide what else can be done for them.")
    if "nurse" not in staff.roles:
        raise NotNow("Only a nurse rings people back.")
    if presence.holding(db, staff.id):
        raise NotNow("You have somebody already. Finish that contact first.")
    contact = db.get_one(Contact, promise.contact_id)
    if name := _texts_with(db, contact, staff):
        raise NotNow(f"{name} is texting with them now, and can ring them from there.")
    entry = _waits(db, contact) or _joins_again(db, promise, contact, rules, now)
    if entry.state != "waiting" or queue.claim(db, entry.id, staff, rules, now=now) is None:
        raise NotNow("A colleague has them just now.")
    promise.owner_id = promise.owner_id or staff.id
    db.refresh(entry)
    bridge.ring(db, entry, staff, rules, now=now)
    return entry


def _texts_with(db: Session, contact: Contact, staff: Staff) -> str | None:
    """The colleague who has a text conversation with this person now."""
    theirs = select(QueueEntry).join(Contact, Contact.id == QueueEntry.contact_id)
    theirs = theirs.where((Contact.id == contact.id) | same_person.others(db, contact), Contact.channel == "text")
    theirs = theirs.where(QueueEntry.state.in_(HELD), QueueEntry.nurse_id != staff.id)
    entry = db.scalar(theirs.order_by(QueueEntry.arrived_at, QueueEntry.id).limit(1))
    return queue.nurse_name(db, entry) if entry else None


def _waits(db: Session, contact: Contact) -> QueueEntry | None:
    """This person's open entry by telephone, if they are in the queue or with somebody."""
    same = [contact.id, *db.scalars(select(Contact.id).where(same_person.others(db, contact)))]
    theirs = select(QueueEntry).join(Contact, Contact.id == QueueEntry.contact_id)
    theirs = theirs.where(QueueEntry.contact_id.in_(same), QueueEntry.state.in_(OPEN_ENTRY), Contact.channel == "call")
    return db.scalar(theirs.limit(1))


def _joins_again(db: Session, promise: Promise, contact: Contact, rules: Rules, now: datetime) -> QueueEntry:
    """A contact of its own for the call we make, in the queue at the place the first one had."""
    before = contacts.entry_of(db, contact.id)
    again = Contact(
        channel="call", carrier_id=f"back-{new_id()}", number=contact.number, line=contact.line, route=contact.route,
        locality=contact.locality, keyword=contact.keyword, started_at=now, ended_at=None, place="waiting", turn=0,
        last_reply=None, call_id=None, leg_ended=True, danger=contact.danger, cannot_talk=contact.cannot_talk,
        caller_role=contact.caller_role, text_consent=contact.text_consent, opted_out=contact.opted_out,
        failed_safe_at=None, went_on_as=None, language=contact.language,
    )  # fmt: skip
    db.add(again)
    db.flush()
    history.record(db, "rings_back", actor="clock", now=now, contact_id=again.id)
    entry = queue.join(db, again, rules, now=now)
    earliest = before.arrived_at if before else contact.started_at
    entry.arrived_at = min(entry.arrived_at, earliest, promise.made_at)  # they may have rung more often since
    entry.call_back = True
    db.flush()
    return entry

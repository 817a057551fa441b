"""Handing a text conversation to a colleague, with a note: she asks, and has it until the colleague takes it.

So nobody is between two nurses: the person is with the first until the moment they are with the second, in one write.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from triage import bridge, history, one_person, presence, queue
from triage.lifecycles import HELD
from triage.models import Contact, Presence, QueueEntry, Staff

LEAST_NOTE: Final = 10
LONGEST_NOTE: Final = 1000
NOT_ASKED: Final = "This is not asked of you any more."


class CannotHand(Exception):
    """This conversation is not handed over; `str()` says why and what to do."""


def ask(db: Session, contact: Contact, staff: Staff, to: Staff, note: str, *, now: datetime) -> QueueEntry:
    """Ask a colleague to take this conversation; asked again, the newest asking counts. Raises CannotHand, NotTheirs.

    The note says what the colleague must know: the person should not have to tell it all again.
    """
    entry = queue.held_by(db, contact.id, staff)
    row = db.get(Presence, to.id)
    if contact.channel != "text":
        raise CannotHand("Only a text conversation is handed over. Give a caller back to the queue instead.")
    if to.id == staff.id:
        raise CannotHand("It is yours already. Choose a colleague.")
    if "nurse" not in to.roles or not to.active or row is None or row.state == "off":
        raise CannotHand("That colleague is not on shift. Choose another, or give the person back to the queue.")
    note = note.strip()
    if len(note) < LEAST_NOTE:
        raise CannotHand("Write what your colleague must know: at least ten letters.")
    if len(note) > LONGEST_NOTE:
        raise CannotHand(f"A note can hold {LONGEST_NOTE} letters; this one has {len(note)}.")
    entry.hand_to_id, entry.hand_from_id, entry.hand_note, entry.handed_at = to.id, staff.id, note, None
    history.record(db, "asked_to_take", actor=staff.id, now=now, contact_id=contact.id, to=to.id)
    return entry


def stop(db: Session, contact: Contact, staff: Staff, *, now: datetime) -> None:
    """Not any more, say the one who asked or the colleague. Raises NotTheirs if it is asked of neither."""
    entry = db.scalar(select(QueueEntry).where(QueueEntry.contact_id == contact.id))
    if entry is None or staff.id not in (entry.nurse_id, entry.hand_to_id):
        raise queue.NotTheirs(NOT_ASKED)
    if entry.hand_to_id is None:
        return
    history.record(
        db, "not_taken", actor=staff.id, now=now, contact_id=contact.id, asked=entry.hand_to_id, by=entry.nurse_id
    )
    entry.hand_to_id = None


def take(db: Session, contact: Contact, staff: Staff, *, now: datetime) -> QueueEntry:
    """The colleague has the conversation from now on. Repeating it is harmless. Raises CannotHand, NotTheirs."""
    db.execute(select(Staff.id).where(Staff.id == staff.id).with_for_update(key_share=True))
    entry = db.scalar(select(QueueEntry).where(QueueEntry.contact_id == contact.id))
    if entry is not None and entry.nurse_id == staff.id and entry.state in HELD:
        return entry
    if entry is None or entry.hand_to_id != staff.id:
        raise queue.NotTheirs(NOT_ASKED)
    slot = presence.free_slot(db, staff.id, "text")
    if slot is None:
        raise CannotHand("You have as many as you take at a time. Finish one, or take more at a time, then take it.")
    gave = entry.nurse_id
    taken = db.execute(
        update(QueueEntry)
        .where(QueueEntry.id == entry.id, QueueEntry.state == "connected", QueueEntry.hand_to_id == staff.id,
               QueueEntry.token == entry.token)
        .values(nurse_id=staff.id, slot=slot, token=QueueEntry.token + 1, read_at=None, hand_to_id=None, handed_at=now)
        .returning(QueueEntry.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()  # fmt: skip
    db.refresh(entry)
    if taken is None:
        raise queue.NotTheirs(NOT_ASKED)
    row = presence.of(db, staff)
    if row.state != "on_contact":
        presence.change(db, row, "on_contact", actor=staff.id, now=now)
    bridge.has_no_more(db, gave, now=now)
    queue.note_acting_for(db, entry, staff, now=now)
    one_person.now_with(db, entry, now=now)
    history.record(db, "handed", actor=staff.id, now=now, contact_id=contact.id, gave=gave, token=entry.token)
    return entry


def asked_of(db: Session, staff: Staff) -> Sequence[QueueEntry]:
    """The conversations that colleagues ask this nurse to take, longest waiting person first."""
    asked = select(QueueEntry).where(QueueEntry.hand_to_id == staff.id, QueueEntry.state == "connected")
    return db.scalars(asked.order_by(QueueEntry.arrived_at, QueueEntry.id)).all()

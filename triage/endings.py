"""Ending a text conversation with what happens next: a last text in the nurse's own words, sent with the end.

The line adds nothing by itself. What is recorded as next steps, or as agreed, is put before her to change; what was
written for colleagues is not always what a telephone should show.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows.wording import words
from triage import bridge, contacts, outcomes, queue, rules, texts
from triage.models import Contact, Message, Staff


def last_text(db: Session, contact: Contact) -> str:
    """What her last text may say: the next steps of the newest outcome, or what was agreed; how to come back."""
    last = outcomes.latest(db, contact.id)
    steps = ((last.next_steps or last.agreed or "") if last else "").strip()
    whole = steps if not steps or steps.endswith((".", "!", "?")) else f"{steps}."
    return words(rules.current(db).wording, "text_ending", contact.language, next=whole)[: texts.LONGEST]


def finish(
    db: Session, contact: Contact, staff: Staff, body: str | None, *, now: datetime, message_id: str | None = None
) -> Message | None:
    """Finish the contact, with this last text if there is one: both or neither. Done twice is done once: a contact that
    is finished already gets no other text.

    Raises queue.NotTheirs, texts.CannotText and silence.CannotEnd; nothing is sent or finished then.
    """
    sent = None
    if body is not None:
        db.scalar(select(Contact.id).where(Contact.id == contact.id).with_for_update())
        entry = contacts.entry_of(db, contact.id)
        if entry is not None:
            db.refresh(entry)
        if entry is not None and entry.state == "finished" and entry.nurse_id == staff.id:
            return None
        queue.held_by(db, contact.id, staff)
        sent = texts.to_person(db, contact, body, staff, now=now, message_id=message_id)
    bridge.finish(db, contact, staff, now=now)
    return sent

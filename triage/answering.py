"""When the line stops answering somebody's texts by itself: never before they were answered, and never for a nurse.

An auto-responder (out of office, a shop, a car) answers our answer, and the two would go on for ever. What is stopped
here is the line's own voice alone: every text is kept, and whoever wrote waits for a nurse as before. The nurse is told
why it went quiet; she decides what it is.
"""

import unicodedata
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from triage import moments
from triage.models import Contact, Message
from triage.sealing import ring

MOST: Final = 5  # greeting, keyword, the word we asked about, danger twice: a person gets no further within
WITHIN: Final = timedelta(minutes=10)  # ten minutes, and a machine gets there in one
RIGHT_AFTER: Final = timedelta(seconds=30)  # a machine answers in seconds; who types the same again takes longer
ENOUGH: Final = "The line has stopped answering them by itself: five answers in ten minutes"
MACHINE: Final = "May be an automatic answer: the same words came again right after ours"


def same_words(body: str) -> str:
    """What is compared of two texts: letters and digits, whatever the case, the spaces and the look-alikes; of one that
    has none (a sign, a face) all of it. A text without words is like no other: nobody knows what a picture says.
    """
    return "".join(sign for sign in unicodedata.normalize("NFKC", body).casefold() if sign.isalnum()) or body.strip()


def enough(db: Session, contact: Contact, *, now: datetime) -> bool:
    """Whether the line has answered this number as often as it does by itself."""
    if contact.number is None:
        return False
    answers = select(func.count(Message.id)).where(
        *_ours(contact.number), Message.staff_id.is_(None), Message.state != "failed",
        moments.lately(Message.made_at, now, WITHIN),
    )  # fmt: skip
    return (db.scalar(answers) or 0) >= MOST


def may_be_machine(db: Session, contact: Contact, message: Message, *, now: datetime) -> bool:
    """Whether this text says what the one before it said, within seconds of something of ours that came between."""
    if contact.number is None:
        return False
    ours = select(Message.made_at).where(*_ours(contact.number), moments.lately(Message.made_at, now, RIGHT_AFTER))
    answered_at = db.scalar(ours.order_by(Message.made_at.desc()).limit(1))
    if answered_at is None:
        return False
    before = db.scalar(
        select(Message)
        .where(Message.number_index.in_(ring().indexes("number", contact.number)), Message.direction == "in")
        .where(Message.id != message.id, Message.made_at <= answered_at, moments.lately(Message.made_at, now, WITHIN))
        .order_by(Message.made_at.desc(), Message.id)
        .limit(1)
    )
    said = same_words(message.body)
    return before is not None and bool(said) and said == same_words(before.body)


def _ours(number: str) -> tuple[ColumnElement[bool], ...]:
    whose = Message.number_index.in_(ring().indexes("number", number))
    return (whose, Message.direction == "out", Message.contact_id.is_not(None))

"""The text conversations a nurse has at once, as her list shows them: whoever needs something from her comes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import drafts
from triage.models import Message, QueueEntry, Staff


@dataclass(frozen=True)
class Conversation:
    """One of them. `wrote_at`: when the person wrote last; `unread`: how many texts she has not looked at yet."""

    entry: QueueEntry
    wrote_at: datetime | None
    unread: int
    waits_for_answer: bool
    half_written: bool
    not_arrived: bool

    @property
    def danger_unanswered(self) -> bool:
        """They stated danger in this conversation, and the last word is theirs."""
        return self.entry.contact.danger and self.waits_for_answer


def of(db: Session, staff: Staff, entries: Sequence[QueueEntry]) -> list[Conversation]:
    """Her text conversations: danger stated and not answered first, then whoever waits for an answer, newest need
    first; then those who have one, newest first.
    """
    found = [_seen(db, staff, entry) for entry in entries if entry.contact.channel == "text"]
    return sorted(found, key=lambda one: (not one.danger_unanswered, not one.waits_for_answer, _age(one)))


def wrote_at(db: Session, contact_id: str) -> datetime | None:
    """When this person wrote last."""
    theirs = select(Message.made_at).where(Message.contact_id == contact_id, Message.direction == "in")
    return db.scalar(theirs.order_by(Message.made_at.desc()).limit(1))


def unread(db: Session, entry: QueueEntry) -> int:
    """How many of their texts came since she last looked. What came before she took them is on her page at once."""
    since = entry.read_at or entry.connected_at or entry.arrived_at
    theirs = select(Message.id).where(Message.contact_id == entry.contact_id, Message.direction == "in")
    return len(db.scalars(theirs.where(Message.made_at > since)).all())


def looked_at(entry: QueueEntry, *, now: datetime) -> None:
    """She has this conversation before her eyes."""
    entry.read_at = now


def marks(db: Session, entries: Sequence[QueueEntry]) -> str:
    """What of the list is not in the history: how far each is read. It counts in the page's version."""
    return ",".join(str(unread(db, entry)) for entry in entries if entry.contact.channel == "text")


def _seen(db: Session, staff: Staff, entry: QueueEntry) -> Conversation:
    last = select(Message).where(Message.contact_id == entry.contact_id)
    newest = last.order_by(Message.made_at.desc(), Message.id.desc()).limit(1)
    by_nurse = db.scalar(newest.where(Message.direction == "out", Message.staff_id.is_not(None)))
    wrote = wrote_at(db, entry.contact_id)
    draft = drafts.of(db, entry.contact_id, staff)
    return Conversation(
        entry,
        wrote,
        unread(db, entry),
        waits_for_answer=wrote is not None and (by_nurse is None or by_nurse.made_at < wrote),
        half_written=bool(draft and str(draft.fields.get(drafts.TEXT) or "").strip()),
        not_arrived=by_nurse is not None and by_nurse.state == "failed",
    )


def _age(one: Conversation) -> float:
    return -one.wrote_at.timestamp() if one.wrote_at else 0.0

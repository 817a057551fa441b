"""Texts sent in one breath: somebody presses send in the middle of a sentence, and goes on. They are read together,
each is kept and shown by itself, and the line says nothing twice to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows import texter
from triage.models import Contact, Message


@dataclass(frozen=True)
class Breath:
    """What was written in the breath before a text: `theirs`, by the person, `ours`, by the line; oldest first."""

    theirs: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()

    def has(self, text: str) -> bool:
        """Whether the line has said this to them a moment ago, alone or with more."""
        return any(text in said for said in self.ours)


def before(db: Session, contact: Contact, message: Message, within_s: int) -> Breath:
    """The breath before a text that has just come."""
    if contact.started_at >= message.made_at:  # the first of a conversation
        return Breath()
    lately = select(Message).where(
        Message.contact_id == contact.id, Message.id != message.id,
        Message.made_at >= message.made_at - timedelta(seconds=within_s), Message.made_at <= message.made_at,
    )  # fmt: skip
    return _of(db.scalars(lately.order_by(Message.made_at, Message.direction, Message.id)).all())


def _of(messages: Sequence[Message]) -> Breath:
    return Breath(
        tuple(one.body for one in messages if one.direction == "in" and one.body),
        tuple(one.body for one in messages if one.direction == "out" and one.body and one.staff_id is None),
    )


def danger_met(message: Message, messages: Sequence[Message], within_s: int) -> str | None:
    """The words by which the list of danger met a text of the person's, read as it was when it came; None if it did
    not, or the text's words are not kept any more. `messages` is the conversation, oldest first.
    """
    if message.direction != "in" or not message.body:
        return None
    since = message.made_at - timedelta(seconds=within_s)
    earlier = messages[: messages.index(message)] if message in messages else ()
    return texter.danger_met(message.body, _of([one for one in earlier if one.made_at >= since]).theirs)

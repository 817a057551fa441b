"""The tables of what comes after words in a text conversation: silences in it, and the one question once it is over."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from triage.models import Base, Contact
from triage.sealing import Sealed

ASKED_AFTER = "ask_after"
"""Contacts that agreed to the question, as the index over those is made."""

# Whom the question is still due to: looked for every second.
ASK_AFTER = Index(
    "ix_contact_ask_after", Contact.ended_at, postgresql_where=text(ASKED_AFTER), sqlite_where=text(ASKED_AFTER)
)


class Silence(Base):
    """A person with a nurse who does not write back. It is named by their last text (or by our first, where they rang
    before and have written none), so one silence is one row, and whatever they write next ends it without anything
    being changed here.
    """

    __tablename__ = "silence"
    message_id: Mapped[str] = mapped_column(ForeignKey("message.id"), primary_key=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    seen_at: Mapped[datetime]  # when the clock first noted it
    checked_at: Mapped[datetime | None]  # the line asked once whether they are there, or could not
    ask_again_at: Mapped[datetime | None]  # the nurse decided for now; None: it is for her to decide
    second_told_at: Mapped[datetime | None]  # a second person was told: there was danger
    to_ring_at: Mapped[datetime | None]  # the nurse chose to ring them


class FollowUp(Base):
    """The one question after a contact, and what they said to it. The row is there before the question is sent: it is
    never asked twice.
    """

    __tablename__ = "follow_up"
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    message_id: Mapped[str | None] = mapped_column(index=True)  # the text that asks
    asked_at: Mapped[datetime] = mapped_column(index=True)
    score: Mapped[int | None]  # 1 (not at all) to 5 (very)
    scored_at: Mapped[datetime | None]
    words_sealed: Mapped[str | None] = mapped_column(Text)
    words = Sealed[str | None]("words_sealed")  # personal

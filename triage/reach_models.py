"""The tables behind the walls: glass that was broken, who must be told, shared telephones, and who is one person.

A reason in somebody's words is personal and sealed. History keeps that it was given, never the words.
"""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from triage.models import Base, History, new_id
from triage.sealing import BlindIndex, Sealed

# Who read how much, and whom somebody held: asked at every reading of a record.
HISTORY_BY_ACTOR = Index("ix_history_actor_at", History.actor, History.at)


class BreakGlass(Base):
    """Somebody opened a record behind a wall, and why. It is open to them, and nobody else, until `open_until`."""

    __tablename__ = "break_glass"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    reason_sealed: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    open_until: Mapped[datetime]

    reason = Sealed[str]("reason_sealed")  # personal


class Notice(Base):
    """Something a second person must know at once: shown on every page of theirs until one of them says so.

    `for_role` and `locality` (None: all) say whose; whoever it is about (`actor`) is never one of them.
    """

    __tablename__ = "notice"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]  # break_glass | revealed | unusual_reading | lowered | silent_in_danger
    for_role: Mapped[str]
    locality: Mapped[str | None]
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contact.id"), index=True)
    actor: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    made_at: Mapped[datetime]
    acknowledged_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    acknowledged_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_notice_open", "acknowledged_at", "made_at"),)


class SharedNumber(Base):
    """A telephone that is not one person's: whoever uses it is linked to nobody by it."""

    __tablename__ = "shared_number"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    number_index: Mapped[str] = mapped_column(String(32), unique=True)
    number_sealed: Mapped[str] = mapped_column(Text)
    kind: Mapped[str]  # payphone | switchboard | shared | withheld_like
    marked_by: Mapped[str]  # a staff id, or operator
    marked_at: Mapped[datetime]

    number = Sealed[str]("number_sealed", [BlindIndex("number_index", "number")])  # personal


class Parting(Base):
    """A nurse says that two contacts are, or are not, of one person. Added, never overwritten: the newest holds."""

    __tablename__ = "parting"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    first_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)  # the lesser id of the two
    second_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    same: Mapped[bool] = mapped_column(Boolean)
    reason_sealed: Mapped[str] = mapped_column(Text)
    said_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    said_at: Mapped[datetime]

    reason = Sealed[str]("reason_sealed")  # personal


class StaysAnonymous(Base):
    """A person who asked that nobody learn who they are: showing their number is told to a second person."""

    __tablename__ = "stays_anonymous"
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    noted_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    noted_at: Mapped[datetime]

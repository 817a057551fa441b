"""Tables of what takes two people, and of how long a record is kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from triage.models import Base, SealedText, new_id
from triage.sealing import Sealed


class Approval(Base):
    """Something that takes two named people. `asked_by` is a staff id, or `operator` for a command: that counts as
    nobody.
    """

    __tablename__ = "approval"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]  # export | wording | fallback_number | deletion | subject_access
    state: Mapped[str] = mapped_column(default="asked")  # asked | agreed | refused | done
    what_sealed: Mapped[SealedText | None]
    what = Sealed[str]("what_sealed")  # for the people who decide, in a sentence
    details_sealed: Mapped[SealedText | None]
    details = Sealed[dict[str, Any]]("details_sealed", as_json=True)
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    agreements: Mapped[list["Agreement"]] = relationship(order_by="Agreement.at")


class Agreement(Base):
    """What one person said to it. Once a person, never changed."""

    __tablename__ = "agreement"
    approval_id: Mapped[str] = mapped_column(ForeignKey("approval.id"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    agrees: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime]


class Keeping(Base):
    """What class a contact's record is of, where somebody said so: see `triage.retention`."""

    __tablename__ = "keeping"
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    kind: Mapped[str]  # mental_health | adult | child
    born: Mapped[int | None]  # the year, of a child
    said_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    said_at: Mapped[datetime]


class LegalHold(Base):
    """While one is not lifted, nothing of the contact is destroyed."""

    __tablename__ = "legal_hold"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    reason_sealed: Mapped[SealedText | None]
    reason = Sealed[str]("reason_sealed")
    held_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    held_at: Mapped[datetime]
    lifted_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    lifted_at: Mapped[datetime | None]


class Destroyed(Base):
    """The stub of a contact that was destroyed: that there was one, of what class, and by whose agreement it went."""

    __tablename__ = "destroyed"
    contact_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    started_at: Mapped[datetime]
    rows: Mapped[dict[str, Any]]  # how many of each table went with it
    approval_id: Mapped[str] = mapped_column(ForeignKey("approval.id"))
    destroyed_at: Mapped[datetime]


class RightsNote(Base):
    """A person asked for a correction, or objected to what we hold or do with it. Recorded beside the record."""

    __tablename__ = "rights_note"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    kind: Mapped[str]  # correction | objection
    words_sealed: Mapped[SealedText | None]
    words = Sealed[str]("words_sealed")
    noted_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    noted_at: Mapped[datetime]

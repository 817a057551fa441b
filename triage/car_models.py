"""Tables of the car beside the job itself: each step of an assignment, duty times, where postcodes are."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from triage.models import Base, SealedText, new_id
from triage.sealing import Sealed


class DispatchStep(Base):
    """One step of one assignment, as it was said. Rows are added, never changed: the intervals are read from them.

    `state` is where the assignment stood afterwards; a step told late, after a later one, leaves it where it was.
    `at` is when we heard of it, `said_at` what the crew's own device said of when it was, if it said anything. `way` is
    text, keypad, link, board or clock.
    """

    __tablename__ = "dispatch_step"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatch.id"))
    action: Mapped[str]
    state: Mapped[str]
    at: Mapped[datetime]
    said_at: Mapped[datetime | None]
    actor: Mapped[str]
    way: Mapped[str]

    __table_args__ = (Index("ix_dispatch_step_dispatch_id", "dispatch_id", "at"),)


class Duty(Base):
    """One period in which a car works, planned and as it was: `crew` are the people on board, as the board names them.

    `hand_over` is what one shift left in words for the next.
    """

    __tablename__ = "duty"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    call_sign: Mapped[str] = mapped_column(ForeignKey("unit.call_sign"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    crew: Mapped[list[str]]
    made_by: Mapped[str]
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    hand_over_sealed: Mapped[SealedText | None]
    hand_over = Sealed[str | None]("hand_over_sealed")

    __table_args__ = (Index("ix_duty_call_sign", "call_sign", "starts_at"),)


class Postcode(Base):
    """Where the middle of a postcode is, from a loaded open file (triage.postcodes). Written without a space."""

    __tablename__ = "postcode"
    postcode: Mapped[str] = mapped_column(String(8), primary_key=True)
    lat: Mapped[float]
    lon: Mapped[float]

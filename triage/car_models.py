"""The table of what happened to each assignment of a car, step by step."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from triage.models import Base


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

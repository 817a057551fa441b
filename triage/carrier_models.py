"""Tables of what the carrier told us before we knew of what, and of when we last compared its calls with ours."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from triage.models import Base


class EarlyReport(Base):
    """The end of a call that nobody here knew when it was reported. Adopted when the call is known, else dropped.

    `key` is made of the carrier's id and the outcome, so that the same report kept twice is one.
    """

    __tablename__ = "early_report"
    key: Mapped[str] = mapped_column(primary_key=True)
    carrier_id: Mapped[str]
    outcome: Mapped[str]
    came_at: Mapped[datetime]


class Comparison(Base):
    """One row: when a comparison with the carrier's lists last began, and when one last succeeded."""

    __tablename__ = "comparison"
    id: Mapped[int] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

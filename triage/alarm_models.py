"""The table of alarms."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from triage.models import Base, new_id


class Alarm(Base):
    """Something that is wrong with the service. Its words name nobody; `subject` is an opaque id, or empty.

    `people` is how many are touched now; -1 stands for everybody who rings. It stays in sight until somebody has seen
    it, even when it is over.
    """

    __tablename__ = "alarm"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    subject: Mapped[str]
    people: Mapped[int] = mapped_column(Integer)
    words: Mapped[str] = mapped_column(String(300))
    raised_at: Mapped[datetime]
    over_at: Mapped[datetime | None]
    seen_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    seen_at: Mapped[datetime | None] = mapped_column(index=True)
    told: Mapped[int] = mapped_column(Integer, default=0)  # how many people on call have been rung about it
    told_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_alarm_open", "kind", "subject", unique=True,
            postgresql_where=text("over_at IS NULL"), sqlite_where=text("over_at IS NULL"),
        ),
    )  # fmt: skip

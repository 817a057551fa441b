"""Tables beside the texts: who stopped ours, and floods of first texts that wait to be looked at.

A number stands sealed beside its keyed hash, as everywhere.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from triage.models import Base, KeyedHash, SealedText, new_id
from triage.sealing import BlindIndex, Sealed


class OptOut(Base):
    """Somebody stopped our texts. Rows are kept when they want them again (`lifted_at`): the list says how it was.

    `line` is the number of ours that they wrote to. `how`: `said`, a lone opt-out word, or `carrier`, a text that was
    refused because of one that we never saw.
    """

    __tablename__ = "opt_out"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    number_sealed: Mapped[SealedText | None]
    number_index: Mapped[KeyedHash | None] = mapped_column(index=True)
    number = Sealed[str]("number_sealed", [BlindIndex("number_index", "number")])
    line: Mapped[str]
    how: Mapped[str]
    since: Mapped[datetime] = mapped_column(index=True)
    lifted_at: Mapped[datetime | None]


class TextFlood(Base):
    """Many first texts that look alike, merged until a person has decided what they are (decision 0030).

    `kind`: `in_a_row` (their numbers) or `same_words`. `decision`: `people` or `not_people`; None while nobody has
    decided. Its members are the contacts that name it.
    """

    __tablename__ = "text_flood"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    since: Mapped[datetime]  # the first of these texts
    found_at: Mapped[datetime]
    decision: Mapped[str | None]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_text_flood_undecided", "found_at",
            postgresql_where=text("decision IS NULL"), sqlite_where=text("decision IS NULL"),
        ),
    )  # fmt: skip

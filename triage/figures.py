"""Figures for readers who may see nobody: contacts of one whole month by what was decided, by place and by day.

A contact that went on as another one (somebody texted and then rang, on one wait) is counted once, as what it became.

Small counts single people out, so a count under LEAST is never shown, zero included; and no total may give one away:
on every line that adds up (each disposition, each place, the days) either nothing is hidden, or at least two numbers
are and they hide LEAST or more together. Only months that are over are counted: asking again tells nothing new, and no
two periods overlap, so nothing follows from subtracting one answer from another.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.after_models import FollowUp
from triage.models import Contact, Locality, Outcome, Staff
from triage.outcomes import DISPOSITIONS

LEAST: Final = 5
FEWER: Final = f"fewer than {LEAST}"
KEPT_BACK: Final = "not shown"  # large enough by itself, but a small one would follow from it
TOTAL: Final = ""
NOTHING: Final = "nothing_recorded"
UNKNOWN: Final = "unknown"
HERE: Final = ZoneInfo("Europe/London")

Cell = tuple[str, str]
At = tuple[str, str] | date  # a place in the table, or a day


class BadMonth(Exception):
    """Not a month for which there are figures; `str()` says which there are."""


class Month(NamedTuple):
    """A calendar month here."""

    year: int
    month: int

    @property
    def begins(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=HERE)

    @property
    def after(self) -> "Month":
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def before(self) -> "Month":
        return Month(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    def days(self) -> list[date]:
        first, end = self.begins.date(), self.after.begins.date()
        return [first + timedelta(days=number) for number in range((end - first).days)]

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def this_month(now: datetime) -> Month:
    """The calendar month that runs."""
    here = now.astimezone(HERE)
    return Month(here.year, here.month)


def written_month(asked: str) -> Month:
    """A month written as YYYY-MM. Raises BadMonth."""
    written = re.fullmatch(r"(20[0-9]{2})-(0[1-9]|1[0-2])", asked)
    if written is None:
        raise BadMonth("Write the month as year and number, such as 2026-03.")
    return Month(int(written[1]), int(written[2]))


def month_of(asked: str | None, now: datetime) -> Month:
    """The month asked for as YYYY-MM, or the last one that is over. Raises BadMonth."""
    last = this_month(now).before
    if not asked:
        return last
    wanted = written_month(asked)
    if wanted > last:
        raise BadMonth(f"That month is not over. The last one with figures is {last}.")
    return wanted


class Answers(NamedTuple):
    """Answers to the question after contacts of the month: how many, and their mean from 1 to 5; both hidden if few."""

    given: str
    mean: str | None


@dataclass(frozen=True)
class Figures:
    """Numbers as they may be shown: a count, FEWER or KEPT_BACK. Rows are dispositions; TOTAL is a line's sum."""

    month: Month
    dispositions: Sequence[str]
    localities: Sequence[str]
    cells: Mapping[Cell, str]
    days: Mapping[date, str]
    after: Answers

    @property
    def lines(self) -> list[str]:
        """The dispositions, and the sum of them."""
        return [*self.dispositions, TOTAL]

    def at(self, disposition: str, locality: str) -> str:
        return self.cells[disposition, locality]


def read(db: Session, staff: Staff, month: Month) -> Figures:
    """The figures of a month, of the places this person's entry in the service file names, or of all."""
    codes = list(db.scalars(select(Locality.code).order_by(Locality.code)))
    places = [code for code in codes if code in staff.localities] if staff.localities else [*codes, UNKNOWN]
    rows = db.execute(
        select(Contact.id, Contact.locality, Contact.started_at).where(
            Contact.started_at >= month.begins, Contact.started_at < month.after.begins, Contact.went_on_as.is_(None)
        )
    ).all()
    decided = _decided(db, month)
    counts: Counter[Cell] = Counter()
    days: Counter[date] = Counter()
    for contact_id, locality, started_at in rows:
        place = locality if locality in codes else UNKNOWN
        if place in places:
            counts[decided.get(contact_id, NOTHING), place] += 1
            days[started_at.astimezone(HERE).date()] += 1
    dispositions = [*DISPOSITIONS, NOTHING]
    cells = {(row, place): counts[row, place] for row in dispositions for place in places}
    by_day = {day: days[day] for day in month.days()}
    shown_cells, shown_days = shown(cells, by_day)
    return Figures(month, dispositions, places, shown_cells, shown_days, _after(db, month, codes, places))


def _after(db: Session, month: Month, codes: Sequence[str], places: Sequence[str]) -> Answers:
    """What people of these places answered. Of fewer than LEAST nothing is said: a mean of one is one person's word."""
    rows = db.execute(
        select(FollowUp.score, Contact.locality)
        .join(Contact, Contact.id == FollowUp.contact_id)
        .where(Contact.started_at >= month.begins, Contact.started_at < month.after.begins)
        .where(FollowUp.score.is_not(None))
    ).all()
    scores = [row.score for row in rows if (row.locality if row.locality in codes else UNKNOWN) in places]
    if len(scores) < LEAST:
        return Answers(FEWER, None)
    return Answers(str(len(scores)), f"{sum(scores) / len(scores):.1f}")


def _decided(db: Session, month: Month) -> dict[str, str]:
    """The newest decision on each contact of the month."""
    of_month = (
        select(Outcome.contact_id, Outcome.disposition)
        .join(Contact, Contact.id == Outcome.contact_id)
        .where(Contact.started_at >= month.begins, Contact.started_at < month.after.begins)
        .order_by(Outcome.recorded_at, Outcome.id)
    )
    return {row.contact_id: row.disposition for row in db.execute(of_month)}


def shown(cells: Mapping[Cell, int], days: Mapping[date, int]) -> tuple[dict[Cell, str], dict[date, str]]:
    """What may be shown of a table with its sums, and of the days, which add up to the same whole."""
    rows = list(dict.fromkeys(row for row, _ in cells))
    places = list(dict.fromkeys(place for _, place in cells))
    whole: dict[At, int] = dict(cells.items())
    whole.update(days.items())
    whole |= {(row, TOTAL): sum(cells[row, place] for place in places) for row in rows}
    whole |= {(TOTAL, place): sum(cells[row, place] for row in rows) for place in places}
    whole[TOTAL, TOTAL] = sum(cells.values())
    lines: list[tuple[list[At], Cell]] = [(list(days), (TOTAL, TOTAL))]
    lines += [([(row, place) for place in places], (row, TOTAL)) for row in [*rows, TOTAL]]
    lines += [([(row, place) for row in rows], (TOTAL, place)) for place in [*places, TOTAL]]
    hidden = {at for at, count in whole.items() if count < LEAST}
    while any(_hide_more(parts, total, whole, hidden) for parts, total in lines):
        pass
    said = {at: FEWER if count < LEAST else KEPT_BACK if at in hidden else str(count) for at, count in whole.items()}
    return (
        {at: words for at, words in said.items() if isinstance(at, tuple)},
        {at: words for at, words in said.items() if isinstance(at, date)},
    )


def _hide_more(parts: Sequence[At], total: Cell, whole: Mapping[At, int], hidden: set[At]) -> bool:
    """Hide one more number of a line from which a hidden one could be worked out; False if none could."""
    inside = [at for at in parts if at in hidden]
    if total in hidden:
        unknown, left = len(inside) + 1, [at for at in parts if at not in hidden]
        safe = unknown != 1 or not parts
    else:
        left = [at for at in parts if at not in hidden]
        together = sum(whole[at] for at in inside)
        safe = not inside or (len(inside) > 1 and together >= LEAST)
    if safe:
        return False
    hidden.add(min(left, key=lambda at: (whole[at], str(at))) if left else total)
    return True

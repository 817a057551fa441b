"""Figures that show nobody: no small count, and none that follows from the others."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from tests import factories
from triage import figures, outcomes
from triage.db import Database
from triage.figures import FEWER, KEPT_BACK, LEAST, TOTAL, BadMonth, Month, shown
from triage.models import Contact

Cell = tuple[str, str]


def days_of(total: int) -> dict[date, int]:
    return {date(2026, 3, 1): total, date(2026, 3, 2): 0, date(2026, 3, 3): 0}


def table(rows: list[list[int]]) -> dict[Cell, int]:
    return {(f"row{r}", f"place{c}"): count for r, line in enumerate(rows) for c, count in enumerate(line)}


def lines(cells: dict[Cell, int]) -> list[tuple[list[Cell], Cell]]:
    rows = [*dict.fromkeys(row for row, _ in cells), TOTAL]
    places = [*dict.fromkeys(place for _, place in cells), TOTAL]
    along = [([(row, place) for place in places[:-1]], (row, TOTAL)) for row in rows]
    return along + [([(row, place) for row in rows[:-1]], (TOTAL, place)) for place in places]


@pytest.mark.parametrize("seed", range(60))
def test_no_line_gives_a_small_number_away(seed: int) -> None:
    chance = random.Random(seed)
    cells = table([[chance.choice([0, 1, 2, 4, 5, 9, 40]) for _ in range(3)] for _ in range(4)])
    total = sum(cells.values())
    said, _ = shown(cells, days_of(total))
    for at, count in cells.items():
        assert said[at] in (str(count), KEPT_BACK) if count >= LEAST else said[at] == FEWER
    for parts, whole in lines(cells):
        hidden = [at for at in [*parts, whole] if not said[at].isdigit()]
        assert len(hidden) != 1, (parts, whole)
        if hidden and whole not in hidden:
            assert int(said[whole]) - sum(int(said[at]) for at in parts if at not in hidden) >= LEAST


def test_a_table_of_large_counts_is_shown_whole() -> None:
    cells = table([[10, 20], [30, 40]])
    said, days = shown(cells, {date(2026, 3, 1): 60, date(2026, 3, 2): 40})
    assert [said[at] for at in cells] == ["10", "20", "30", "40"]
    assert said[TOTAL, TOTAL] == "100"
    assert list(days.values()) == ["60", "40"]


def test_one_small_cell_takes_another_with_it_in_its_row_and_column() -> None:
    said, _ = shown(table([[2, 20, 30], [10, 40, 50], [60, 70, 80]]), days_of(362))
    assert said["row0", "place0"] == FEWER
    assert said["row0", "place1"] == KEPT_BACK
    assert said["row1", "place0"] == KEPT_BACK
    assert said["row2", "place2"] == "80"


def test_an_empty_month_tells_nothing() -> None:
    said, days = shown(table([[0, 0], [0, 0]]), days_of(0))
    assert set(said.values()) | set(days.values()) == {FEWER}


@pytest.mark.parametrize("small", list(product([0, 3, 4], repeat=2)))
def test_a_small_day_is_never_what_is_left_over(small: tuple[int, int]) -> None:
    days = {date(2026, 3, 1): small[0], date(2026, 3, 2): small[1], date(2026, 3, 3): 50, date(2026, 3, 4): 60}
    _, said = shown({("a", "b"): sum(days.values())}, days)
    hidden = [day for day, words in said.items() if not words.isdigit()]
    assert sum(days[day] for day in hidden) >= LEAST
    assert len(hidden) > 1


def test_months() -> None:
    now = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)  # already April here: summer time
    assert str(figures.month_of(None, now)) == "2026-03"
    assert str(figures.month_of("2025-12", now)) == "2025-12"
    assert Month(2026, 1).before == Month(2025, 12)
    assert Month(2025, 12).after == Month(2026, 1)
    assert len(Month(2028, 2).days()) == 29
    for wrong in ("2026-04", "2027-01", "2026-13", "2026-3", "soon", "2026", "1026-01", "２０２６-0１"):
        with pytest.raises(BadMonth):
            figures.month_of(wrong, now)


def test_contacts_are_counted_once_by_what_was_decided_last(database: Database) -> None:
    factories.make_service(database)
    reader = factories.make_staff(database, roles=("reader",), localities=())
    nurse = factories.make_nurse(database)
    then = datetime(2026, 3, 10, 12, tzinfo=UTC)
    for minute in range(6):
        made = factories.make_contact(database, line=factories.ISLAND_LINE, now=then + timedelta(minutes=minute))
        with database.transaction() as db:
            contact = db.get_one(Contact, made.id)
            for later, decided in enumerate(("signposted", "crisis_team")):
                at = then + timedelta(hours=1 + later)
                outcomes.record(db, contact, nurse, now=at, urgency=None, disposition=decided)
    for _ in range(7):
        factories.make_contact(database, now=then)
    factories.make_contact(database, now=datetime(2026, 4, 1, 12, tzinfo=UTC))
    with database.reading() as db:
        found = figures.read(db, reader, Month(2026, 3))
        assert found.at("crisis_team", "island") in ("6", KEPT_BACK)
        assert found.at("signposted", "island") == FEWER
        assert found.at(figures.NOTHING, figures.UNKNOWN) in ("7", KEPT_BACK)
        assert found.at(TOTAL, TOTAL) == "13"
        assert len(found.days) == 31
        one_place = figures.read(db, factories.make_staff(database, roles=("reader",), localities=("city",)),
                                 Month(2026, 3))  # fmt: skip
        assert (one_place.localities, one_place.at(TOTAL, TOTAL)) == (["city"], FEWER)

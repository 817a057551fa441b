"""The car's month: how long each part took, what came of the visits."""

from datetime import timedelta

import pytest

from tests import factories
from tests.triage.test_dispatch import Car
from triage import car_figures, incidents, visits
from triage.db import Database
from triage.figures import this_month


@pytest.fixture
def month(database: Database) -> car_figures.CarFigures:
    """Three jobs: two gone to, ten and twenty minutes on the way, and one nobody accepted."""
    car = Car(database)
    car.on_duty("IW01")
    for minutes, visit in ((10, "resolved"), (20, "emergency_department")):
        person = car.caller(line=factories.ISLAND_LINE)
        incident = car.asks_for_car(person, car.nurse_on)
        car.later(30)
        car.says("IW01", "1")
        car.says("IW01", "3")
        car.later(minutes=minutes)
        for digit in "458":
            car.says("IW01", digit)
        with database.transaction() as db:
            visits.record(db, incidents.get(db, incident.id), visit, None, actor="crew", now=car.now)
        car.later(60)
    car.asks_for_car(car.caller(line=factories.ISLAND_LINE), car.nurse_on)
    with database.reading() as db:
        return car_figures.read(db, this_month(car.now), now=car.now)


def test_each_part_has_its_median_and_ninetieth(month: car_figures.CarFigures) -> None:
    place = month.places["island"]
    assert (place.jobs, place.accepted, place.by_unit) == (3, 2, {"IW01": 2})
    assert place.interval("offered to accepted") == (2, 30, 30)
    assert place.interval("moving to there") == (2, 15 * 60, 20 * 60)
    assert place.interval("leaving to arrived") is None, "they took nobody along"
    assert place.not_conveyed == 0.5
    assert month.places[car_figures.EVERYWHERE].jobs == 3


def test_the_spreadsheet_has_a_row_for_each_place_and_one_for_all(month: car_figures.CarFigures) -> None:
    names, *rows = car_figures.lines(month)
    assert [row[1] for row in rows] == ["all", "island"]
    assert all(len(row) == len(names) for row in rows)
    island = dict(zip(names, rows[1], strict=True))
    assert (island["jobs"], island["not_conveyed"], island["moving_to_there_90th_s"]) == ("3", "0.500", "1200")


def test_another_month_has_nothing(database: Database) -> None:
    car = Car(database)
    car.on_duty("IW01")
    car.asked()
    with database.reading() as db:
        later = car_figures.read(db, this_month(car.now + timedelta(days=40)), now=car.now)
    assert later.places[car_figures.EVERYWHERE].jobs == 0


def test_who_was_not_there_counts_neither_for_nor_against_the_car(database: Database) -> None:
    car = Car(database)
    car.on_duty("IW01")
    for visit in ("not_found", "safe_haven"):
        incident = car.asks_for_car(car.caller(line=factories.ISLAND_LINE), car.nurse_on)
        for digit in "13458":
            car.says("IW01", digit)
        with database.transaction() as db:
            visits.record(db, incidents.get(db, incident.id), visit, None, actor="crew", now=car.now)
        car.later(60)
    with database.reading() as db:
        found = car_figures.read(db, this_month(car.now), now=car.now, localities=["island"])
        elsewhere = car_figures.read(db, this_month(car.now), now=car.now, localities=["city"])
    assert (found.places["island"].visits, found.places["island"].not_conveyed) == (1, 1.0)
    assert list(elsewhere.places.values()) == [car_figures.Place()]

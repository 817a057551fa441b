"""Which car is asked first: of the place, then the soonest there, then the longest available."""

from datetime import timedelta

import pytest

from tests import factories
from tests.triage.test_dispatch import Car
from triage import choosing, incidents, service_file, travel
from triage.apply import apply
from triage.car_models import Postcode
from triage.db import Database
from triage.models import Unit
from triage.travel import Arrival

NEWPORT, RYDE, COWES = (50.7010, -1.2930), (50.7300, -1.1620), (50.7600, -1.3000)
AT_RYDE = "50.7310, -1.1630"


@pytest.fixture
def car(database: Database) -> Car:
    return Car(database)


def stands(car: Car, call_sign: str, base: tuple[float, float] | None) -> None:
    with car.database.transaction() as db:
        unit = db.get_one(Unit, call_sign)
        unit.base_lat, unit.base_lon = base or (None, None)


def order(car: Car, incident_id: str) -> list[str]:
    with car.database.reading() as db:
        incident = incidents.get(db, incident_id)
        return [one.words for one in choosing.available(db, incident, car.now)]


def test_the_service_file_says_where_a_car_stands(database: Database) -> None:
    unit = service_file.Unit("IW01", "island", "+447700900901", base="SZ 500 890")
    later = service_file.Unit("IW02", "island", "+447700900902", base="PO30 1AA")
    with database.transaction() as db:
        apply(db, factories.service(units=(unit, later)), now=factories.NOON, fallback_number=factories.FALLBACK)
    with database.reading() as db:
        one, two = db.get_one(Unit, "IW01"), db.get_one(Unit, "IW02")
        assert one.base_lat == pytest.approx(50.699, abs=0.002)
        assert two.base_lat is None, "no list of postcodes is loaded"


def test_the_car_that_is_there_soonest_is_asked_not_the_longest_available(car: Car) -> None:
    car.on_duty("IW01", "IW02", "IW03")
    stands(car, "IW01", None)
    stands(car, "IW02", NEWPORT)
    stands(car, "IW03", RYDE)
    incident = car.asked(position=AT_RYDE)
    assert car.open(incident).call_sign == "IW03"
    [second, third] = order(car, incident.id)
    assert second.startswith("IW02, about ")
    assert third == "IW01", "whose way is not known comes last"


def test_the_own_place_comes_before_a_nearer_car_it_borrows(car: Car) -> None:
    car.on_duty("SO01", locality="city")
    car.on_duty("IW01")
    stands(car, "SO01", RYDE)
    assert car.open(car.asked(position=AT_RYDE)).call_sign == "IW01"


def test_without_places_the_longest_available_goes_as_before(car: Car) -> None:
    car.on_duty("IW02", "IW01")
    stands(car, "IW01", RYDE)
    assert car.open(car.asked()).call_sign == "IW02", "where the incident is nobody knows"


def test_a_car_is_where_its_last_job_of_the_day_was(car: Car) -> None:
    car.on_duty("IW01", "IW02")
    stands(car, "IW01", NEWPORT)
    stands(car, "IW02", COWES)
    first = car.asked(position=AT_RYDE)
    row = car.open(first)
    assert row.call_sign == "IW01"
    for action in ("acknowledge", "en_route", "on_scene", "clear"):
        car.acts(row, action)
    again = car.asked(position="50.7650, -1.3010")
    assert car.open(again).call_sign == "IW02", "IW01 is still at Ryde"
    with car.database.reading() as db:
        both = [db.get_one(Unit, name) for name in ("IW01", "IW02")]
        incident = incidents.get(db, first.id)
        today, tomorrow = (
            {one.unit.call_sign: one.arrival for one in choosing.in_order(db, incident, both, at)}
            for at in (car.now, car.now + timedelta(days=1))
        )
    assert today["IW01"] == Arrival(1, estimated=True)
    assert tomorrow["IW01"] == Arrival(19, estimated=True), "another day begins at the base"


def test_the_middle_of_the_postcode_serves_where_no_position_was_given(car: Car) -> None:
    with car.database.transaction() as db:
        db.add(Postcode(postcode="PO331AA", lat=50.731, lon=-1.163))
    car.on_duty("IW01", "IW02")
    stands(car, "IW01", NEWPORT)
    stands(car, "IW02", RYDE)
    incident = car.asked(postcode="po33 1aa")
    assert car.open(incident).call_sign == "IW02"
    assert incident.position is None, "looked up at need, not kept"


def test_a_car_that_moves_says_when_it_should_be_there(car: Car) -> None:
    car.on_duty("IW01")
    stands(car, "IW01", NEWPORT)
    incident = car.asked(position="50.7300, -1.1620")
    row = car.open(incident)
    car.acts(row, "acknowledge")
    assert car.open(incident).arrive_at is None
    moved = car.acts(row, "en_route")
    assert moved.arrive_at == car.now + timedelta(minutes=20)


def test_a_car_from_nowhere_says_nothing_of_when(car: Car) -> None:
    car.on_duty("IW01")
    stands(car, "IW01", None)
    row = car.open(car.asked(position=AT_RYDE))
    car.acts(row, "acknowledge")
    assert car.acts(row, "en_route").arrive_at is None


def test_what_the_routing_server_said_counts_and_is_not_about() -> None:
    said = travel.Arrival(7, estimated=False)
    unit = Unit(call_sign="IW01")
    assert choosing.Proposal(unit, said).words == "IW01, 7 min"
    assert choosing.Proposal(unit, None).words == "IW01"

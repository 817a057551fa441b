"""When a crew is rung about its offer: once, early enough, and only while the offer is open."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.fakes import FakeCarrier
from tests.triage.test_car_in_full import row_of
from tests.triage.test_claims import at_once
from tests.triage.test_dispatch import Car
from triage import crew_calls, destinations, dispatch, jobs, service_file
from triage.db import Database
from triage.models import Leg, Outbox


@pytest.fixture
def car(database: Database) -> Car:
    made = Car(database)
    made.on_duty("IW01")
    return made


def looks(car: Car) -> None:
    """The clock looks for offers to ring about."""
    with car.database.reading() as db:
        found = [row.id for row in crew_calls.unanswered(db, car.now)]
    for dispatch_id in found:
        with car.database.transaction() as db:
            crew_calls.ring_crew(db, dispatch.get(db, dispatch_id), now=car.now)


def calls(car: Car) -> list[Leg]:
    with car.database.reading() as db:
        return list(db.scalars(select(Leg).where(Leg.purpose.in_(crew_calls.PURPOSES)).order_by(Leg.made_at)))


def works(car: Car) -> FakeCarrier:
    """Do what is to be done about calls, with a carrier that remembers."""
    carrier = FakeCarrier()
    with car.database.reading() as db:
        placing = list(db.scalars(select(Outbox.id).where(Outbox.job == "place_call", Outbox.queue == "dispatch")))
    for row_id in placing:
        jobs.run(jobs.Means(car.database, carrier, factories.FALLBACK), row_id)
    return carrier


def test_an_offer_nobody_answers_is_rung_through_once_and_there_is_time_left_to_answer(car: Car) -> None:
    row = car.open(car.asked())
    car.later(car.rules.ring_crew_s - 1)
    looks(car)
    assert calls(car) == []
    car.later(1)
    looks(car)
    looks(car)
    [leg] = calls(car)
    assert row_of(car, row).crew_rung_at == car.now
    assert (leg.to, leg.purpose) == (car.unit("IW01").phone, crew_calls.OFFER)
    assert "crew_rung" in car.history(car.person)
    [call] = works(car).calls
    assert (call.to, call.leg_id) == (car.unit("IW01").phone, leg.id)
    left = row_of(car, row).due_at - car.now  # type: ignore[operator]
    assert left >= timedelta(seconds=car.rules.ring_s + 40), "to ring, to listen and to press"


def test_two_clocks_ring_once(car: Car) -> None:
    row = car.open(car.asked())
    car.later(car.rules.ring_crew_s)

    def ring() -> None:
        with car.database.transaction() as db:
            crew_calls.ring_crew(db, dispatch.get(db, row.id), now=car.now)

    assert at_once(ring, ring, ring) == [None, None, None]
    assert len(calls(car)) == 1


@pytest.mark.parametrize("answer", ["1", "2"])
def test_an_offer_that_was_answered_is_not_rung(car: Car, answer: str) -> None:
    car.asked()
    car.says("IW01", answer)
    car.later(car.rules.ring_crew_s)
    looks(car)
    assert calls(car) == []


def test_answered_between_the_clock_and_the_carrier_nobody_is_rung(car: Car) -> None:
    car.asked()
    car.later(car.rules.ring_crew_s)
    looks(car)
    car.says("IW01", "1")
    assert works(car).calls == []
    assert calls(car)[0].state == "ended"


def test_a_deadline_that_passed_is_not_rung_about_and_the_next_unit_is_rung_in_its_turn(car: Car) -> None:
    car.on_duty("IW02")
    first = car.open(car.asked())
    car.later(car.rules.acknowledge_s)
    looks(car)
    assert calls(car) == []
    car.times_out(first)
    car.later(car.rules.ring_crew_s)
    looks(car)
    assert [leg.to for leg in calls(car)] == [car.unit("IW02").phone]


def test_0_switches_it_off_and_the_file_says_after_how_long(car: Car) -> None:
    factories.make_service(car.database, car=service_file.Car(ring_crew_s=0))
    factories.make_unit(car.database, "IW01", now=car.now)
    car.asked()
    car.later(car.rules.acknowledge_s - 1)
    looks(car)
    assert calls(car) == []
    factories.make_service(car.database, car=service_file.Car(ring_crew_s=30))
    looks(car)
    assert len(calls(car)) == 1


def test_a_text_proves_the_cars_telephone_until_the_file_names_another(car: Car) -> None:
    assert car.unit("IW01").phone_heard_at is None
    car.asked()
    car.says("IW01", "what?")
    assert car.unit("IW01").phone_heard_at == car.now
    file = factories.service()
    factories.make_service(car.database)
    assert car.unit("IW01").phone_heard_at == car.now, "nothing changed"
    units = tuple(
        service_file.Unit(call_sign=unit.call_sign, locality=unit.locality, phone="+447700900877", crew=unit.crew)
        for unit in file.units
        if unit.call_sign == "IW01"
    )
    factories.make_service(car.database, units=units)
    assert car.unit("IW01").phone_heard_at is None


@pytest.mark.parametrize(
    ("words", "number", "rest"),
    [
        ("+447700900123", "+447700900123", ""),
        ("07700 900456", "+447700900456", ""),
        ("Mum on 01632 960123 after ten", "+441632960123", "Mum on after ten"),
        ("Mum, 07700900123", "+447700900123", "Mum"),
        ("knock twice at 12", None, "knock twice at 12"),
        ("999", None, "999"),
        (None, None, ""),
    ],
)
def test_numbers_in_what_somebody_wrote(words: str | None, number: str | None, rest: str) -> None:
    found = [e164 for _, e164 in destinations.in_words(words)]
    assert found == ([number] if number else [])
    assert destinations.without_numbers(words) == rest

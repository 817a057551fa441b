"""A position and who is there: asked for with the car, told to the crew that has it, changed as a revision."""

from typing import Any

import pytest

from callflows import crew
from tests.triage.test_car_in_full import change
from tests.triage.test_dispatch import Car
from triage.car_models import Postcode
from triage.db import Database
from triage.incidents import BadIncident
from triage.models import Incident

THERE = "50.70000,-1.29000"


@pytest.fixture
def car(database: Database) -> Car:
    made = Car(database)
    made.on_duty("IW01")
    return made


def nowhere_else(**over: Any) -> dict[str, Any]:
    return {"address": None, "postcode": None, **over}


def test_the_crew_that_has_it_is_told_the_position_and_who_is_there(car: Car) -> None:
    incident = car.asked(**nowhere_else(position="50.7000 N, 1.2900 W", who_is_there="Her brother and a dog"))
    assert incident.position == THERE
    [offer] = car.told("IW01")
    assert "near SZ58" in offer
    assert "50.70" not in offer
    assert "brother" not in offer
    told = car.says("IW01", "1")
    assert f"At {THERE} or SZ 50" in told
    assert "There: Her brother and a dog" in told
    assert told.startswith(f"IW01 has job {car.open(incident).tag}. At ")


def test_a_postcode_without_its_space_is_not_given_away_by_the_offer(car: Car) -> None:
    car.asked(postcode="PO301AA")
    [offer] = car.told("IW01")
    assert "near PO30." in offer


def test_a_changed_position_reaches_the_crew_as_a_revision(car: Car) -> None:
    incident = car.asked()
    tag = car.open(incident).tag
    car.says("IW01", "1")
    change(car, incident, position="SZ 50050 89050", who_is_there="Nobody else")
    told = car.told("IW01")[-1]
    assert told.startswith(f"Job {tag} CHANGED (2). At 50.69")
    assert "There: Nobody else" in told
    assert "Address" not in told, "only what is different"
    at = car.incident(incident).position
    assert at is not None
    assert change(car, incident, position=at).revision == 2, "the same place written otherwise is no change"
    change(car, incident, position=None, who_is_there=None)
    assert "No position known now" in car.told("IW01")[-1]


def test_one_of_address_postcode_and_position_stays(car: Car) -> None:
    incident = car.asked(**nowhere_else(position=THERE))
    with pytest.raises(BadIncident) as no:
        change(car, incident, position=None)
    assert no.value.field == "address"


@pytest.mark.parametrize(("where", "field"), [({}, "address"), ({"position": "by the pier"}, "position")])
def test_without_a_place_nobody_is_sent(car: Car, where: dict[str, Any], field: str) -> None:
    with pytest.raises(BadIncident) as no:
        car.asked(**nowhere_else(**where))
    assert no.value.field == field
    assert car.count(Incident) == 0


def test_a_postcode_written_as_the_position_is_its_middle(car: Car) -> None:
    with car.database.transaction() as db:
        db.add(Postcode(postcode="PO301AA", lat=50.7, lon=-1.29))
    assert car.asked(**nowhere_else(position="po30 1aa")).position == THERE


def test_position_and_who_is_there_are_sealed(car: Car) -> None:
    row = car.asked(position=THERE, who_is_there="Her brother")
    assert "50.7" not in (row.position_sealed or "50.7")
    assert "brother" not in (row.who_is_there_sealed or "brother")


def test_the_agreement_to_be_texted_is_kept(car: Car) -> None:
    assert car.asked(tell_person=True).tell_person is True
    assert crew.near(crew.Job("10", "IW01", None, None, "safe", None, None, None)) == ""

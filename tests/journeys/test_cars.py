"""A night of the response car: three units, six jobs, and what goes wrong with each of them."""

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.harness.databases import Databases
from tests.harness.waiting import wait_until
from tests.journeys.conftest import Colleague, Phone, Town
from triage.db import open_database, utcnow
from triage.models import Dispatch

UNITS = ("IW01", "PO01", "SO01")
KEYWORD = "harbour"  # the Isle of Wight, which borrows from Portsmouth, then Southampton


class Night:
    """The town, the nurse and the dispatcher of tonight, and time that can be made to pass for one job."""

    def __init__(self, town: Town, url: str) -> None:
        self.town, self.database = town, open_database(url)
        self.nurse = town.colleague("ana@example.org")
        self.dispatcher = town.colleague("grace@example.org")
        self.crews = {unit: town.crew(unit) for unit in UNITS}
        self._numbers = itertools.count(130)

    def needs_a_car(self, **more: Any) -> dict[str, Any]:
        """Somebody texts, the nurse takes them, asks for the car, and goes on to the next."""
        person = self.town.caller(f"+447700900{next(self._numbers)}")
        person.texts(f"{KEYWORD}, please send somebody")
        claim = wait_until(lambda: self.nurse.asks("POST", "/queue/next") or None, 15, what="they wait for the nurse")
        asked = {"address": "12 Invented Quay", "postcode": "PO30 9ZZ", **more}
        incident: dict[str, Any] = self.nurse.asks("POST", f"/contacts/{claim['contact_id']}/incidents", asked, 201)
        self.nurse.asks("POST", f"/contacts/{claim['contact_id']}/finish")
        self.nurse.is_ready()
        return incident

    def job(self, incident: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.dispatcher.asks("GET", f"/incidents/{incident['id']}")
        return found

    def is_offered(self, incident: dict[str, Any], unit: str) -> str:
        """Waits until this unit's crew has the offer on its phone; the job's tag."""
        wait_until(lambda: self.job(incident)["dispatches"][-1]["call_sign"] == unit, 20, what=f"{unit} is asked")
        tag: str = self.job(incident)["dispatches"][-1]["tag"]
        self.crews[unit].got_text(f"job {tag}")
        return tag

    def says(self, unit: str, words: str) -> None:
        self.crews[unit].texts(words, to="+441632960120")

    def stands(self, incident: dict[str, Any], state: str) -> None:
        wait_until(lambda: self.job(incident)["dispatches"][-1]["state"] == state, 20, what=f"the job is {state}")

    def time_passes(self, tag: str) -> None:
        """Whatever this job was given time for is over now."""
        with self.database.transaction() as db:
            db.execute(
                update(Dispatch).where(Dispatch.tag == tag, Dispatch.due_at.is_not(None)).values(due_at=utcnow())
            )

    def on_duty(self, unit: str, state: str = "available", **more: str) -> None:
        self.dispatcher.asks("PUT", f"/units/{unit}", {"state": state, **more})

    def owed(self) -> list[str]:
        return [promise["what"] for promise in self.dispatcher.asks("GET", "/promises")]

    def nobody_has_two(self) -> None:
        """At no time two open jobs of one unit, or two units on one job: the database would refuse it."""
        with self.database.reading() as db:
            open_now = select(Dispatch.incident_id, func.count()).where(Dispatch.closed_at.is_(None))
            assert all(count == 1 for _, count in db.execute(open_now.group_by(Dispatch.incident_id)))


@pytest.fixture
def night(make_town: Callable[..., Town], databases: Databases) -> Iterator[Night]:
    url = databases.served("postgresql")
    made = Night(make_town(database_url=url, service_file=None), url)
    yield made
    made.database.engine.dispose()


def is_rung_and_has_it(person: Colleague | Phone) -> None:
    """Somebody on duty is rung by the service and presses 1."""
    phone = person.phone if isinstance(person, Colleague) else person
    phone.is_rung(30).picks_up().presses("1").hears("it is yours now")


def test_three_units_six_jobs_and_what_goes_wrong_with_each(night: Night) -> None:
    for unit in UNITS:
        night.on_duty(unit)

    # 1: a silent crew, a late yes, a live edit, missed welfare checks
    first = night.needs_a_car(hazards="A dog in the yard", police_test="life")
    tag = night.is_offered(first, "IW01")
    night.time_passes(tag)
    second_tag = night.is_offered(first, "PO01")
    is_rung_and_has_it(night.dispatcher)
    night.says("IW01", f"{tag} 1")
    night.crews["IW01"].got_text("not open for you. Do not go")
    night.says("PO01", f"ok {second_tag}")
    told = night.crews["PO01"].got_text("HAZARDS: A dog in the yard")
    assert "Police asked for" in told["body"]
    night.stands(first, "acknowledged")
    night.nurse.asks("PATCH", f"/incidents/{first['id']}", {"address": "3 Other Street", "scene_safety": "unsafe"})
    changed = night.crews["PO01"].got_text("CHANGED (2)")
    assert "3 Other Street" in changed["body"]
    assert night.job(first)["dispatches"][-1]["revision_read"] == 1
    night.says("PO01", f"{second_tag} 1")
    wait_until(lambda: night.job(first)["dispatches"][-1]["revision_read"] == 2, 15, what="the change is confirmed")
    night.says("PO01", f"{second_tag} 4")
    night.stands(first, "on_scene")
    is_rung_and_has_it(night.dispatcher)  # it went in though the scene is not safe
    for asked in ("are you all right?", "We asked before"):
        night.time_passes(second_tag)
        night.crews["PO01"].got_text(asked)
    night.time_passes(second_tag)
    night.stands(first, "emergency")
    is_rung_and_has_it(night.dispatcher)

    # 2: stood down after it was accepted, and the crew confirms
    second = night.needs_a_car()
    tag = night.is_offered(second, "IW01")
    night.says("IW01", f"{tag}-1")
    night.stands(second, "acknowledged")
    night.dispatcher.asks("POST", f"/incidents/{second['id']}/stand-down", {"reason": "Found by family"})
    night.crews["IW01"].got_text("STAND DOWN")
    night.says("IW01", f"{tag} 8")
    night.crews["IW01"].got_text("you have confirmed it")
    assert night.job(second)["dispatches"][-1]["stand_down_read_at"]

    # 3: the shift of the island's car ends; the next place's goes, to the end, and says what came of it
    night.on_duty("IW01", "off_duty")
    third = night.needs_a_car()
    tag = night.is_offered(third, "SO01")
    night.says("SO01", f"{tag} 1")
    night.crews["SO01"].got_text("12 Invented Quay")
    night.nobody_has_two()

    # 4: nobody is left; the fallback at once, then a unit is called out with a reason
    fourth = night.needs_a_car()
    assert (fourth["state"], "home treatment team" in fourth["fallback"]) == ("no_unit", True)
    is_rung_and_has_it(night.dispatcher)
    night.dispatcher.asks("POST", f"/incidents/{fourth['id']}/dispatches", {"call_sign": "IW01"}, 409)
    why = {"call_sign": "IW01", "called_out": "Crew offered to stay on"}
    night.dispatcher.asks("POST", f"/incidents/{fourth['id']}/dispatches", why, 201)
    tag4 = night.is_offered(fourth, "IW01")
    night.says("IW01", f"1 {tag4}")
    night.stands(fourth, "acknowledged")

    # 5: nobody is left again, and 999 takes it
    fifth = night.needs_a_car()
    assert fifth["state"] == "no_unit"
    ended = night.dispatcher.asks("POST", f"/incidents/{fifth['id']}/escalate", {"reason": "Collapsed while texting"})
    assert ended["state"] == "escalated_999"

    # the others come to their ends: a step forgotten and told late, and what came of it
    night.says("SO01", f"{tag} 5")
    night.stands(third, "with_person")
    night.says("SO01", f"{tag} 3")
    night.crews["SO01"].got_text("noted that you were moving")
    night.says("SO01", f"{tag} 8")
    night.stands(third, "clear")
    visit = {"visit": "resolved", "words": "Sister stays the night"}
    assert night.dispatcher.asks("POST", f"/incidents/{third['id']}/visit", visit)["visit"] == "resolved"
    for digit, state in (("5", "with_person"), ("8", "clear")):
        night.says("IW01", f"{tag4} {digit}")
        night.stands(fourth, state)

    # 6: and the car that is free again has the next
    sixth = night.needs_a_car()
    tag = night.is_offered(sixth, "IW01")
    night.says("IW01", f"{tag} 2")
    tag = night.is_offered(sixth, "SO01")
    night.says("SO01", f"{tag} 1")
    night.stands(sixth, "acknowledged")
    night.nobody_has_two()

    # the shift changes with that job open: the next crew has it, is told everything, and confirms
    now = utcnow()
    times = [(now + timedelta(hours=hours)).isoformat() for hours in (-7, 1, 9)]
    duties = [
        night.dispatcher.asks(
            "POST", "/units/SO01/duties", {"starts_at": start, "ends_at": end, "crew": crew}, 201
        )
        for start, end, crew in ((times[0], times[1], ["Sam", "Priya"]), (times[1], times[2], ["Jo", "Ali"]))
    ]  # fmt: skip
    first_duty = f"/units/SO01/duties/{duties[0]['id']}"
    night.dispatcher.asks("POST", f"{first_duty}/begin", {})
    night.dispatcher.asks("POST", f"{first_duty}/end", {"hand_over": "The gate sticks"}, 409)
    over = {"hand_over": "The gate sticks", "open_job": "carry_over"}
    assert night.dispatcher.asks("POST", f"{first_duty}/end", over)["hand_over"] == "The gate sticks"
    night.crews["SO01"].got_text(f"TAKEN OVER. SO01 has job {tag}")
    job = night.job(sixth)
    assert (job["dispatches"][-1]["state"], job["dispatches"][-1]["revision_read"] < job["revision"]) == (
        "acknowledged", True,
    )  # fmt: skip
    night.says("SO01", f"{tag} 1")
    wait_until(
        lambda: night.job(sixth)["dispatches"][-1]["revision_read"] == job["revision"], 15, what="they have it"
    )  # fmt: skip
    [car] = [unit for unit in night.dispatcher.asks("GET", "/units") if unit["call_sign"] == "SO01"]
    assert (car["crew"], car["state"]) == (["Jo", "Ali"], "committed")
    report = night.town.stack.command("report", "cars").stdout
    assert "6 jobs, 5 accepted" in report
    assert night.town.warnings() == []

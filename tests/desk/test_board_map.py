"""The map beside the board: which incidents and cars are on it, for whom, and the outlines behind them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.desk import night
from tests.desk.pages_lab import Lab, Person
from triage import contacts, dispatch, incidents, outcomes, rules, units
from triage.apply import apply
from triage.models import Incident
from triage.service_file import read

MARK = re.compile(
    r'<li data-row="([^"]+)" data-kind="(\w+)" data-lat="([-.\d]+)" data-lon="([-.\d]+)">\s*([^<]*?)\s*</li>', re.DOTALL
)


@pytest.fixture
def lab(new_database: Any) -> Iterator[Lab]:
    made = Lab(new_database("sqlite"))
    yield made
    made.close()


def marks(person: Person, path: str = "/board/live") -> dict[str, tuple[str, str, str]]:
    """What is on somebody's map, by the row it belongs to: its kind, where, and its words."""
    page = person.get(path, script="live" in path).text
    return {row: (kind, f"{lat},{lon}", words) for row, kind, lat, lon, words in MARK.findall(page)}


def asked(lab: Lab, keyword: str = "harbour", **over: Any) -> Incident:
    """A nurse asks for the car. With nobody on duty there is no unit for it."""
    nurse = lab.staff("ana")
    contact = night.waits(lab.database, now=lab.now, keyword=keyword)
    with lab.database.transaction() as db:
        row = contacts.get(db, contact.id)
        outcomes.record(db, row, nurse, now=lab.now, urgency="B", disposition="response_car", notes="")
        return incidents.ask_for_car(
            db, row, nurse, now=lab.now, **{"address": "12 Quay Street", "position": "50.7123, -1.3123", **over}
        )


def on_duty(lab: Lab, call_sign: str) -> None:
    with lab.database.transaction() as db:
        units.put(db, units.get(db, call_sign), "available", None, actor="crew", now=lab.now)


def says(lab: Lab, call_sign: str, *actions: str) -> None:
    for action in actions:
        with lab.database.transaction() as db:
            dispatch.act(db, dispatch.open_of_unit(db, call_sign)[0], action, actor="crew", now=lab.now)


def test_marks_carry_words_and_a_place_and_no_address(lab: Lab) -> None:
    incident = asked(lab)
    grace = lab.as_("grace")
    due = re.search(r"Needed by ([^<]+?) <", grace.get("/board").text)
    assert due
    for path in ("/board", "/board/live"):
        found = marks(grace, path)
        assert found[f"incident-{incident.id}"] == ("nobody", "50.7123,-1.3123", f"No unit, needed by {due[1]}")
        assert found["unit-IW01"] == ("car", "50.701,-1.293", "IW01, off duty")
        assert not [words for _, _, words in found.values() if "Quay" in words]


def test_a_car_stands_at_its_base_until_it_reached_a_job_and_asks_for_help_in_words(lab: Lab) -> None:
    on_duty(lab, "IW01")
    incident = asked(lab)
    grace = lab.as_("grace")
    assert marks(grace)["unit-IW01"] == ("car", "50.701,-1.293", "IW01, asked")
    says(lab, "IW01", "acknowledge", "en_route")
    assert marks(grace)["unit-IW01"] == ("car", "50.701,-1.293", "IW01, on a job")
    says(lab, "IW01", "on_scene")
    assert marks(grace)["unit-IW01"] == ("car", "50.7123,-1.3123", "IW01, on a job")
    assert marks(grace)[f"incident-{incident.id}"][0] == "incident"
    says(lab, "IW01", "emergency")
    kind, _, words = marks(grace)[f"incident-{incident.id}"]
    assert kind == "help"
    assert words.startswith("IW01 asks for help, needed by")


def test_an_incident_with_an_address_alone_is_not_on_it_and_the_page_says_so(lab: Lab) -> None:
    placed, lost = asked(lab), asked(lab, position=None)
    grace = lab.as_("grace")
    assert {f"incident-{placed.id}", f"incident-{lost.id}"} & set(marks(grace)) == {f"incident-{placed.id}"}
    said = " ".join(grace.get("/board/live", script=True).text.split())
    assert "1 of 2 open incidents is on the map. Of the others only an address is known." in said


def test_an_incident_that_is_over_leaves_the_map(lab: Lab) -> None:
    incident = asked(lab)
    grace = lab.as_("grace")
    grace.post(f"/board/incidents/{incident.id}/stand-down", reason="Not needed")
    with lab.database.reading() as db:
        assert incidents.get(db, incident.id).state == "stood_down"
    assert f"incident-{incident.id}" not in marks(grace)


def test_walls_stand_on_the_map_also_round_a_car_at_a_job_one_may_not_see(lab: Lab) -> None:
    on_duty(lab, "SO01")
    theirs = asked(lab, keyword="marigold", position="50.9111, -1.4111")
    says(lab, "SO01", "acknowledge", "en_route", "on_scene")
    with lab.database.transaction() as db:
        watcher = lab.staff("isla")
        db.get_one(type(watcher), watcher.id).localities = ["iow"]
        port = lab.staff("grace")
        db.get_one(type(port), port.id).localities = ["southampton"]
    sees, does_not = lab.as_("grace"), lab.as_("isla")
    assert marks(sees)["unit-SO01"][1] == "50.9111,-1.4111"
    assert f"incident-{theirs.id}" in marks(sees)
    shown = does_not.get("/board/live", script=True).text
    assert 'id="unit-SO01"' in shown, "cars the island may borrow are on its board"
    assert f"incident-{theirs.id}" not in shown
    assert "unit-SO01" not in marks(does_not)
    assert "50.9111" not in shown


def test_the_outlines_are_served_once_and_the_map_names_their_version(lab: Lab) -> None:
    grace = lab.as_("grace")
    with lab.database.reading() as db:
        version, outlines = rules.current(db).outline, rules.outline(db)
    assert f'data-outline="/board/map?v={version}"' in grace.get("/board").text
    answer = grace.get("/board/map")
    assert answer.get_json(force=True) == outlines
    assert answer.content_type == "application/geo+json"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    again = grace.get("/board/map", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert grace.get("/board/live", script=True).headers["Cache-Control"] == "no-store"


def test_without_outlines_the_page_names_none(lab: Lab, tmp_path: Any) -> None:
    plain = tmp_path / "service.toml"
    plain.write_text(night.EXAMPLE.read_text().replace("map = ", "# map = "))
    with lab.database.transaction() as db:
        apply(db, read(plain), now=lab.now)
    grace = lab.as_("grace")
    assert "data-outline" not in grace.get("/board").text
    assert grace.get("/board/map").get_json(force=True)["features"] == []


def test_without_script_no_map_is_shown(lab: Lab) -> None:
    page = lab.as_("grace").get("/board").text
    assert re.search(r'<details[^>]* id="map-box" hidden>', page)

"""Redis and the workers only hurry the work. Without them it is done all the same, within seconds."""

from collections.abc import Callable

import pytest

from tests.harness.stack import EXAMPLE
from tests.harness.waiting import wait_until
from tests.journeys.conftest import Town

CAR = {"address": "12 Invented Quay", "postcode": None, "scene_safety": "safe", "concern": None, "call_back": None,
       "needed_by": None}  # fmt: skip


def with_nurse_and_contact(town: Town) -> tuple:
    ana = town.colleague("ana@example.org")
    town.colleague("grace@example.org").asks("PUT", "/units/IW01", {"state": "available"})
    town.caller().texts("harbour")
    wait_until(lambda: ana.queue(), 10, what="somebody waits")
    return ana, ana.asks("POST", "/queue/next", expect=200)["contact_id"]


@pytest.mark.parametrize("fault", ["redis_killed", "redis_frozen", "workers_killed", "both_killed"])
def test_the_car_is_texted_within_ten_seconds(make_town: Callable[..., Town], fault: str):
    town = make_town()
    ana, contact = with_nurse_and_contact(town)
    stack = town.stack
    if fault in ("redis_killed", "both_killed"):
        stack.kill("redis")
    if fault in ("workers_killed", "both_killed"):
        stack.kill("worker")
    if fault == "redis_frozen":
        stack.pause("redis")
    ana.asks("POST", f"/contacts/{contact}/incidents", CAR, expect=201)
    crew = town.crew("IW01")
    crew.got_text("to accept", deadline_s=14)
    crew.texts("1", to="+441632960120")
    crew.got_text("12 Invented Quay")
    assert len([t for t in crew._state()["texts"] if "to accept" in t["body"]]) == 1


def test_a_call_is_answered_queued_and_joined_without_redis_and_workers(make_town: Callable[..., Town]):
    town = make_town()
    town.stack.kill("redis")
    town.stack.kill("worker")
    ana = town.colleague("ana@example.org").is_ready()
    call = town.caller().rings().says("harbour")
    call.is_with(ana.phone.is_rung(deadline_s=20).picks_up().presses("1"), deadline_s=30)


def test_no_crew_answering_asks_the_next_and_then_rings_a_person(make_town: Callable[..., Town], tmp_path):
    quick = tmp_path / "quick.toml"
    text = EXAMPLE.read_text()
    assert "ack_deadline_s = 120" in text
    quick.write_text(text.replace("ack_deadline_s = 120", "ack_deadline_s = 30"))
    (tmp_path / "outline.geojson").write_bytes(EXAMPLE.with_name("outline.geojson").read_bytes())
    town = make_town(service_file=quick)
    ana, contact = with_nurse_and_contact(town)
    grace = town.colleague("grace@example.org")
    incident = ana.asks("POST", f"/contacts/{contact}/incidents", CAR, expect=201)
    town.crew("IW01").got_text("to accept")
    town.crew("IW01").got_text("not yours any more", deadline_s=45)
    assert ana.asks("GET", f"/incidents/{incident['id']}")["state"] == "no_unit"
    rung = grace.phone.is_rung(deadline_s=20).picks_up().hears("somebody must decide").presses("1").hears("it is yours")
    rung.is_over()
    (owed,) = [p for p in grace.asks("GET", "/promises") if p["kind"] == "no_unit"]
    assert owed

"""What may happen on the way to a nurse, with every process really running."""

from itertools import pairwise

import pytest

from tests.harness.waiting import wait_until
from tests.journeys.conftest import SPEED, Town


@pytest.fixture
def town(make_town, databases):
    made = make_town(database_url=databases.served("sqlite"), service_file=None)
    yield made
    assert made.warnings() == []
    assert not [line for line in made.stack.logs() if line.get("level") in ("error", "critical")]


def test_danger_now_rings_every_ready_nurse_and_the_first_to_accept_has_them(town: Town):
    ana, bola = town.colleague("ana@example.org").is_ready(), town.colleague("bola@example.org").is_ready()
    call = town.caller().rings().presses("*").hears("999")
    first, second = ana.phone.is_rung(), bola.phone.is_rung()
    second.picks_up().hears("danger")
    first.picks_up().hears("danger").presses("1")
    call.is_with(first)
    second.presses("1").hears("somebody else")
    assert ana.waits_until_connected()["band"] == 0
    assert bola.holding() is None


def test_a_silent_caller_is_waiting_within_25_seconds_and_hears_something_every_20(town: Town):
    town.clock(mode="manual")  # the caller's seconds, however long ours take on this machine
    call = town.caller().rings()
    town.clock(advance_s=26)
    state = call.state()
    assert state["queue"], "not waiting yet"
    assert state["queued_at"] - state["answered_at"] <= 25
    town.clock(advance_s=120)
    times = [said["at_s"] for said in call.state()["heard"]]
    assert len(times) >= 6
    assert max(later - earlier for earlier, later in pairwise(times)) <= 22
    town.clock(speed=SPEED)


def test_a_nurse_whose_line_drops_leaves_the_caller_in_the_same_place_for_another(town: Town):
    ana = town.colleague("ana@example.org").is_ready()
    call = town.caller().rings().says("harbour")
    nurse = ana.phone.is_rung().picks_up().presses("1")
    call.is_with(nurse)
    since = ana.waits_until_connected()["waiting_since"]
    nurse.hangs_up()
    call.hears("kept your place")
    assert call.is_up()
    assert ana.presence() == "wrapping_up"
    (waiting,) = wait_until(lambda: ana.queue(), 10, what="the caller waits again")
    assert (waiting["waiting_since"], waiting["band"]) == (since, 2)
    again = ana.is_ready().phone.is_rung().picks_up().presses("1")
    call.is_with(again)


def test_a_caller_who_asked_is_rung_back_after_a_nurse_is_there(town: Town):
    ana = town.colleague("ana@example.org")
    person = town.caller()
    call = person.rings().says("harbour").hears("press 1 to be called back").presses("1").hears("keep your place")
    call.is_over()
    (waiting,) = ana.queue()
    assert "called back" in waiting["reason"]
    ana.is_ready()
    nurse = ana.phone.is_rung().picks_up().presses("1")
    back = person.is_rung().picks_up().hears("if you asked for a call").presses("1")
    back.is_with(nurse)
    assert ana.waits_until_connected()["id"] == waiting["id"]


def test_voicemail_never_wins_a_caller_and_two_misses_are_a_break(town: Town):
    ana = town.colleague("ana@example.org")
    ana.phone.answers_by_itself(answers="voicemail", after_s=1)
    call = town.caller().rings().says("harbour")
    ana.is_ready()
    wait_until(lambda: ana.presence() == "break", 60, what="a nurse who never presses 1 is put on a break")
    assert call.is_up()
    assert [entry["state"] for entry in ana.queue()] == ["waiting"]


def test_hanging_up_while_waiting_is_owed_a_call(town: Town):
    ana = town.colleague("ana@example.org")
    call = town.caller().rings().says("harbour").hears("no nurse is free")
    call.hangs_up()
    (owed,) = wait_until(lambda: ana.asks("GET", "/promises"), 10, what="a call-back is owed")
    assert owed["kind"] == "call_back"
    ana.asks("POST", f"/promises/{owed['id']}/attempts", {"result": "Rang, no answer"})
    ana.asks("POST", f"/promises/{owed['id']}/settle", {"how": "Rang again, spoke for ten minutes"})
    assert ana.asks("GET", "/promises") == []


def test_a_second_nurse_cannot_take_who_is_taken(town: Town):
    ana, bola = town.colleague("ana@example.org"), town.colleague("bola@example.org")
    town.caller().texts("harbour")
    wait_until(lambda: ana.queue(), 10, what="somebody waits")
    ana.asks("POST", "/queue/next", expect=200)
    assert bola.asks("POST", "/queue/next", expect=204) is None

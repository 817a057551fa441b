"""What happens to a job after a crew has it: changes, welfare checks, late steps, stand-downs, units called out."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.triage.test_dispatch import Car
from triage import crew_safety, dispatch, incidents, promises, revisions, state_warnings, visits
from triage.car_models import DispatchStep
from triage.db import Database
from triage.lifecycles import IllegalMove
from triage.models import Dispatch, Incident, Message, Staff
from triage.texts import reported


@pytest.fixture
def car(database: Database) -> Car:
    made = Car(database)
    made.on_duty("IW01", "IW02")
    return made


def change(car: Car, incident: Incident, **wanted: Any) -> Incident:
    with car.database.transaction() as db:
        staff = db.get_one(Staff, car.nurse_on.id)
        return revisions.change(db, incidents.get(db, incident.id), staff, wanted, now=car.now)


def tick(car: Car) -> None:
    """Once through what the clock does about cars."""
    with car.database.reading() as db:
        late = [(row.id, dispatch.no_reply) for row in dispatch.overdue_offers(db, car.now)]
        late += [(row.id, dispatch.not_sent) for row in dispatch.unsent_offers(db, car.now)]
        late += [(row.id, crew_safety.not_heard) for row in crew_safety.due(db, car.now)]
        late += [(row.id, crew_safety.update_unread) for row in crew_safety.updates_unread(db, car.now)]
        late += [(row.id, state_warnings.stands_too_long) for row in state_warnings.too_long(db, car.now)]
    for dispatch_id, step in late:
        with car.database.transaction() as db:
            step(db, dispatch.get(db, dispatch_id), now=car.now)


def owed(car: Car) -> list[str]:
    return [promise.what for promise in car.owed()]


def row_of(car: Car, row: Dispatch) -> Dispatch:
    with car.database.reading() as db:
        return db.get_one(Dispatch, row.id)


# --- changes ----------------------------------------------------------------------------------------------------------


def test_a_change_reaches_the_crew_that_has_the_job_and_is_confirmed_with_1(car: Car) -> None:
    incident = car.asked()
    tag = car.open(incident).tag
    car.says("IW01", f"{tag} 1")
    car.says("IW01", "3")
    change(car, incident, address="2 Hill Road", hazards="A dog in the yard")
    told = car.told("IW01")[-1]
    assert told.startswith(f"Job {tag} CHANGED (2). Address now 2 Hill Road PO30 1AA. HAZARDS: A dog in the yard.")
    assert told.endswith(f"Reply {tag} 1 to say you have read this.")
    assert "Scene" not in told, "only what is different"
    assert row_of(car, car.open(incident)).revision_read == 1
    said = car.says("IW01", f"{tag} 1")
    assert "2 Hill Road" in said
    assert row_of(car, car.open(incident)).revision_read == 2
    assert car.open(incident).state == "en_route", "reading is not accepting anew"
    car.later(10 * 60)
    tick(car)
    assert owed(car) == []


def test_a_change_nobody_confirms_is_told_by_a_person(car: Car) -> None:
    incident = car.asked()
    tag = car.open(incident).tag
    car.says("IW01", "1")
    car.says("IW01", "3")
    change(car, incident, scene_safety="unsafe")
    assert "SCENE NOT SAFE" in car.told("IW01")[-1]
    car.later(car.rules.acknowledge_s - 1)
    tick(car)
    assert owed(car) == []
    car.later(1)
    tick(car)
    tick(car)
    assert owed(car) == [f"IW01 has not confirmed a change of job {tag}: tell the crew"]
    assert len(car.jobs("ring_person")) == 1
    car.says("IW01", f"{tag} 1")
    assert owed(car) == []


def test_a_person_who_told_the_crew_of_a_change_is_not_rung_about_it_again(car: Car) -> None:
    incident = car.asked()
    car.says("IW01", "1")
    car.says("IW01", "3")
    change(car, incident, scene_safety="unsafe")
    car.later(car.rules.acknowledge_s)
    tick(car)
    [promise] = car.owed()
    with car.database.transaction() as db:
        staff = db.get_one(Staff, car.nurse_on.id)
        promises.settle(db, promises.get(db, promise.id), "Told them by radio", staff, now=car.now)
    car.later(5 * 60)
    tick(car)
    assert "confirmed a change" not in " ".join(owed(car))
    change(car, incident, address="2 Hill Road")
    car.later(car.rules.acknowledge_s)
    tick(car)
    assert "confirmed a change" in " ".join(owed(car)), "the next change is another matter"


def test_a_call_for_help_is_not_hidden_behind_what_people_are_rung_about_already(car: Car) -> None:
    incident = car.asked()
    row = car.open(incident)
    car.says("IW01", "1")
    with car.database.transaction() as db:
        dispatch.person_must_decide(db, dispatch.get(db, row.id), "A text did not arrive", car.now)
    car.says("IW01", "9")
    assert owed(car) == ["IW01 asks for help"]
    with car.database.transaction() as db:
        dispatch.person_must_decide(db, dispatch.get(db, row.id), "A text did not arrive", car.now)
    assert owed(car) == ["IW01 asks for help"]


def test_whoever_accepts_after_a_change_is_told_everything_as_it_is(car: Car) -> None:
    incident = car.asked()
    before = car.told("IW01")
    change(car, incident, address="2 Hill Road")
    assert car.told("IW01") == before, "the address goes to the crew that accepts"
    assert "2 Hill Road" in car.says("IW01", "1")
    assert row_of(car, car.open(incident)).revision_read == 2


def test_the_same_words_again_are_no_change_and_an_end_takes_none(car: Car) -> None:
    incident = car.asked()
    assert change(car, incident, address=incident.address).revision == 1
    with pytest.raises(incidents.BadIncident):
        change(car, incident, address=" ")
    car.says("IW01", "1")
    car.says("IW01", "5")
    car.says("IW01", "8")
    with pytest.raises(IllegalMove):
        change(car, incident, address="2 Hill Road")


# --- welfare ----------------------------------------------------------------------------------------------------------


def test_a_crew_on_scene_is_asked_twice_and_its_silence_is_an_emergency(car: Car) -> None:
    incident = car.asked()
    tag = car.open(incident).tag
    car.says("IW01", "1")
    car.says("IW01", "4")
    car.later(car.rules.welfare_s)
    tick(car)
    tick(car)
    assert car.told("IW01")[-1] == f"Job {tag}: are you all right? Reply {tag} 4 if you are, {tag} 9 for help."
    car.later(car.rules.welfare_answer_s)
    tick(car)
    assert "We asked before and heard nothing." in car.told("IW01")[-1]
    assert owed(car) == []
    car.later(car.rules.welfare_again_s)
    tick(car)
    assert owed(car) == ["IW01 did not answer two welfare checks: find out how the crew is"]
    assert car.open(incident).state == "emergency"
    assert len(car.jobs("ring_person")) == 1
    tick(car)
    assert len(car.jobs("ring_person")) == 1


def test_a_crew_that_answers_is_asked_again_only_after_the_whole_time(car: Car) -> None:
    incident = car.asked()
    car.says("IW01", "1")
    car.says("IW01", "5")
    car.later(car.rules.welfare_s)
    tick(car)
    asked = len(car.told("IW01"))
    car.says("IW01", "5")
    car.later(car.rules.welfare_s - 1)
    tick(car)
    assert len(car.told("IW01")) == asked
    car.later(1)
    tick(car)
    assert len(car.told("IW01")) == asked + 1
    assert (car.open(incident).state, owed(car)) == ("with_person", [])


# --- the offer --------------------------------------------------------------------------------------------------------


def test_an_offer_that_has_not_gone_out_within_a_minute_is_told_to_a_person(car: Car) -> None:
    incident = car.asked()
    car.later(car.rules.unsent_s - 1)
    tick(car)
    assert owed(car) == []
    car.later(1)
    tick(car)
    tick(car)
    assert owed(car) == ["The offer to IW01 has not gone out: ring the crew"]
    assert car.open(incident).call_sign == "IW01", "its deadline runs on"
    car.says("IW01", "1")
    assert owed(car) == []


def test_an_offer_the_carrier_has_is_left_until_its_deadline(car: Car) -> None:
    incident = car.asked()
    with car.database.transaction() as db:
        offer = db.scalars(select(Message).where(Message.dispatch_id == car.open(incident).id)).one()
        reported(db, offer.id, "SM" + "1" * 32, "sent", now=car.now)
    car.later(car.rules.unsent_s + 1)
    tick(car)
    assert owed(car) == []


# --- stand-down -------------------------------------------------------------------------------------------------------


def stand_down(car: Car, incident: Incident) -> None:
    with car.database.transaction() as db:
        staff = db.get_one(Staff, car.nurse_on.id)
        incidents.stand_down(db, incidents.get(db, incident.id), "Found by family", staff, now=car.now)


@pytest.mark.parametrize("answer", ["8", "1", "TAG 8", "ok TAG"])
def test_a_stand_down_is_confirmed_by_the_crew_that_had_accepted(car: Car, answer: str) -> None:
    incident = car.asked()
    tag = car.open(incident).tag
    car.says("IW01", "1")
    stand_down(car, incident)
    assert f"Reply {tag} 8 to confirm" in car.told("IW01")[-1]
    assert "you have confirmed it" in car.says("IW01", answer.replace("TAG", tag))
    car.later(car.rules.acknowledge_s)
    tick(car)
    assert owed(car) == []


def test_a_stand_down_nobody_confirms_is_told_by_a_person(car: Car) -> None:
    incident = car.asked()
    tag = car.open(incident).tag
    car.says("IW01", "1")
    stand_down(car, incident)
    car.later(car.rules.acknowledge_s)
    tick(car)
    tick(car)
    assert owed(car) == [f"IW01 has not confirmed that job {tag} is stood down: tell the crew"]
    car.says("IW01", f"{tag} 8")
    assert owed(car) == []


def test_a_crew_that_had_only_been_asked_need_not_confirm(car: Car) -> None:
    incident = car.asked()
    stand_down(car, incident)
    assert "to confirm" not in car.told("IW01")[-1]
    car.later(car.rules.acknowledge_s)
    tick(car)
    assert owed(car) == []


# --- steps ------------------------------------------------------------------------------------------------------------


def test_every_step_is_kept_with_who_said_it_and_how(car: Car) -> None:
    incident = car.asked()
    row = car.open(incident)
    car.says("IW01", "1")
    car.acts(row, "en_route")
    with car.database.reading() as db:
        steps = db.scalars(
            select(DispatchStep).where(DispatchStep.dispatch_id == row.id).order_by(DispatchStep.id)
        ).all()
    assert [(one.action, one.state, one.way) for one in steps] == [
        ("offer", "offered", "board"), ("acknowledge", "acknowledged", "text"), ("en_route", "en_route", "board"),
    ]  # fmt: skip


def test_a_step_told_after_a_later_one_is_kept_and_moves_nothing(car: Car) -> None:
    incident = car.asked()
    tag = car.open(incident).tag
    car.says("IW01", "1")
    car.says("IW01", "5")
    assert car.says("IW01", "3") == f"Job {tag}: noted that you were moving. You are now with the person."
    car.says("IW01", "3")
    assert car.open(incident).state == "with_person"
    with car.database.reading() as db:
        steps = db.scalars(select(DispatchStep.action).order_by(DispatchStep.id)).all()
    assert list(steps) == ["offer", "acknowledge", "with_person", "en_route"]


def test_going_back_takes_a_reason(car: Car) -> None:
    incident = car.asked()
    row = car.open(incident)
    car.says("IW01", "1")
    car.says("IW01", "5")
    car.acts(row, "en_route")
    assert car.open(incident).state == "with_person"
    with car.database.transaction() as db:
        why = "Pressed 5 by mistake, still driving"
        dispatch.act(db, dispatch.get(db, row.id), "en_route", actor="a-dispatcher", now=car.now, note=why)
    assert car.open(incident).state == "en_route"


def test_help_in_words_is_help(car: Car) -> None:
    incident = car.asked()
    car.says("IW01", "1")
    assert "HELP NOTED" in car.says("IW01", "Help!! he has a knife")
    assert car.open(incident).state == "emergency"


# --- units ------------------------------------------------------------------------------------------------------------


def test_a_unit_that_is_not_available_goes_only_when_called_out_with_a_reason(car: Car) -> None:
    car.on_duty("IW03", state="not_ready")
    incident = car.asked()

    def send(why: str | None) -> Dispatch:
        with car.database.transaction() as db:
            found = incidents.get(db, incident.id)
            return dispatch.send(db, found, "IW03", actor="a-dispatcher", now=car.now, called_out=why)

    for nothing in (None, " "):
        with pytest.raises(dispatch.CannotSend, match="Say why it is called out"):
            send(nothing)
    assert send("Crew offered to go").call_sign == "IW03"
    assert "called_out" in car.history(car.person)
    car.says("IW03", "1")
    other = car.asks_for_car(car.caller(), car.nurse_on)
    with car.database.transaction() as db:
        found = incidents.get(db, other.id)
        with pytest.raises(dispatch.CannotSend, match="committed"):
            dispatch.send(db, found, "IW03", actor="a-dispatcher", now=car.now, called_out="Must go")


def test_what_the_crew_must_know_goes_with_the_address(car: Car) -> None:
    car.asked(hazards="Steep stairs", adjustments=["Plain clothes", "Interpreter"], police_test="life")
    told = car.says("IW01", "1")
    assert "HAZARDS: Steep stairs. Police asked for. Plain clothes, Interpreter." in told
    for nothing in ("Steep", "Police", "Plain"):
        assert nothing not in car.told("IW01")[0], "not with the offer"


@pytest.mark.parametrize(("field", "value"), [("police_test", "angry"), ("adjustments", ["Chocolate"])])
def test_what_cannot_be_asked_for_names_its_field(car: Car, field: str, value: Any) -> None:
    with pytest.raises(incidents.BadIncident) as bad:
        car.asked(**{field: value})
    assert bad.value.field == field


# --- what came of it --------------------------------------------------------------------------------------------------


def test_what_came_of_the_visit_is_kept_with_the_incident(car: Car) -> None:
    incident = car.asked()

    def came_of_it(visit: str) -> None:
        with car.database.transaction() as db:
            visits.record(db, incidents.get(db, incident.id), visit, "Sister stays", actor="crew", now=car.now)

    with pytest.raises(visits.BadVisit, match="No crew has accepted"):
        came_of_it("resolved")
    car.says("IW01", "1")
    with pytest.raises(visits.BadVisit, match="Choose one of"):
        came_of_it("fine")
    came_of_it("resolved")
    kept = car.incident(incident)
    assert (kept.visit, kept.visit_words) == ("resolved", "Sister stays")
    assert "visit" in car.history(car.person)


def test_an_incident_goes_to_999_and_the_crew_is_stood_down(car: Car) -> None:
    incident = car.asked()
    car.says("IW01", "1")
    with car.database.transaction() as db:
        staff = db.get_one(Staff, car.nurse_on.id)
        for _ in range(2):
            incidents.escalate(db, incidents.get(db, incident.id), "Collapsed", staff, now=car.now)
    assert (car.incident(incident).state, car.incident(incident).reason) == ("escalated_999", "Collapsed")
    assert "STAND DOWN" in car.told("IW01")[-1]


# --- too long in one state --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", state_warnings.LIMITS)
def test_a_state_that_lasts_too_long_rings_until_somebody_has_it_and_the_next_starts_anew(car: Car, state: str) -> None:
    row = car.open(car.asked())
    limit = state_warnings.limit(state, car.rules)
    assert limit is not None
    with car.database.transaction() as db:
        one = db.get_one(Dispatch, row.id)
        one.incident.state = "under_way"
        one.state, one.state_since, one.due_at, one.acknowledged_at = state, car.now, None, car.now
    car.later(limit.total_seconds() - 1)
    tick(car)
    assert owed(car) == []
    car.later(1)
    tick(car)
    tick(car)
    [promise] = car.owed()
    minutes = int(limit.total_seconds()) // 60
    assert promise.what.startswith(f"IW01 has been {state_warnings.LIMITS[state][1]} for {minutes} minutes")
    assert len(car.jobs("ring_person")) == 1
    with car.database.transaction() as db:
        promises.attempt(db, promises.get(db, promise.id), "I ring", db.get_one(Staff, car.nurse_on.id), now=car.now)
    car.later(minutes=3)
    tick(car)
    assert len(car.jobs("ring_person")) == 1, "whoever has it is not rung about it again"
    car.later(1)
    car.acts(row_of(car, row), "on_scene" if state in ("en_route", "staging") else NEXT_STEP[state])
    assert owed(car) == [], "the crew has moved on"


NEXT_STEP = {
    "on_scene": "with_person", "with_person": "leaving", "leaving": "at_destination", "at_destination": "handed_over",
    "handed_over": "clear",
}  # fmt: skip


def test_the_same_crew_is_rung_about_in_its_next_state(car: Car) -> None:
    car.open(car.asked())
    car.says("IW01", "1")
    car.says("IW01", "3")
    for digit, words in (("4", "on the way"), ("9", "there and not yet with")):
        car.later(car.rules.en_route_s)
        tick(car)
        assert words in " ".join(owed(car))
        car.says("IW01", digit)

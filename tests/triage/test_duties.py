"""Cars that work part of the day: duties planned, begun, ended, and the job that is open when a shift ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.triage.test_car_in_full import change, owed, tick
from tests.triage.test_claims import at_once
from tests.triage.test_dispatch import Car
from triage import dispatch, duties, incidents, shift_change, units
from triage.car_models import Duty
from triage.contacts import NotFound
from triage.db import Database
from triage.dispatch import CannotSend
from triage.duties import BadDuty, NotThatDuty
from triage.models import Incident, Service, Unit


class Shifts(Car):
    """A car, and somebody at the board who plans, begins and ends its duties."""

    def plans(self, start: float, end: float, *crew: str, call_sign: str = "IW01") -> Duty:
        """A duty from and until so many hours from now."""
        times = [self.now + timedelta(hours=hours) for hours in (start, end)]
        with self.database.transaction() as db:
            unit = units.get(db, call_sign)
            return duties.plan(db, unit, *times, crew or ("Sam", "Priya"), actor=self.nurse_on.id, now=self.now)

    def begins(self, duty: Duty, **more: Any) -> Duty:
        with self.database.transaction() as db:
            unit, row = units.get(db, duty.call_sign), duties.get(db, duty.call_sign, duty.id)
            return shift_change.begin(db, unit, row, actor=self.nurse_on.id, now=self.now, **more)

    def ends(self, duty: Duty, **more: Any) -> Duty:
        with self.database.transaction() as db:
            unit, row = units.get(db, duty.call_sign), duties.get(db, duty.call_sign, duty.id)
            return shift_change.end(db, unit, row, actor=self.nurse_on.id, now=self.now, **more)

    def sends(self, incident: Incident, call_sign: str, **more: Any) -> str:
        with self.database.transaction() as db:
            row = dispatch.send(
                db, incidents.get(db, incident.id), call_sign, actor=self.nurse_on.id, now=self.now, **more
            )
            return row.call_sign

    def on_board(self, call_sign: str = "IW01") -> list[str]:
        with self.database.reading() as db:
            return duties.on_board(db, db.get_one(Unit, call_sign))

    def numbers(self, **rules: int) -> None:
        with self.database.transaction() as db:
            row = db.get_one(Service, 1)
            row.config = {**row.config, "rules": {**row.config.get("rules", {}), **rules}}


@pytest.fixture
def car(database: Database) -> Shifts:
    made = Shifts(database)
    made.on_duty("IW01", state="off_duty")
    return made


# --- planning ---------------------------------------------------------------------------------------------------------


def test_a_duty_is_planned_once_and_does_not_move_the_car(car: Shifts) -> None:
    first, again = car.plans(1, 9), car.plans(1, 9)
    assert first.id == again.id
    assert (car.unit("IW01").state, first.crew) == ("off_duty", ["Sam", "Priya"])


def test_two_duties_of_one_car_cannot_overlap_and_may_meet(car: Shifts) -> None:
    car.plans(1, 9)
    for start, end in ((0, 2), (8, 10), (2, 3), (0, 12)):
        with pytest.raises(NotThatDuty, match="from 13:00 to 21:00: two of one car cannot overlap"):
            car.plans(start, end)
    car.plans(9, 17)
    car.on_duty("IW02")
    car.plans(1, 9, call_sign="IW02")


def test_of_two_people_who_plan_at_once_one_is_refused(car: Shifts) -> None:
    def plan(hours: int) -> str:
        try:
            car.plans(1, 9 + hours)
        except NotThatDuty:
            return "refused"
        return "planned"

    assert sorted(at_once(lambda: plan(0), lambda: plan(1))) == ["planned", "refused"]


@pytest.mark.parametrize(
    ("start", "end", "crew", "said"),
    [
        (5, 5, ["Sam"], "ends after it starts"),
        (5, 4, ["Sam"], "ends after it starts"),
        (1, 26, ["Sam"], "24 hours at most"),
        (-3, -1, ["Sam"], "over already"),
        (1, 9, [" "], "who is on board"),
        (1, 9, ["x" * 81], "80 characters"),
        (1, 9, [f"Person {one}" for one in range(9)], "8 people"),
    ],
)
def test_a_duty_that_cannot_be_is_refused_with_a_sentence(
    car: Shifts, start: float, end: float, crew: list[str], said: str
) -> None:
    with pytest.raises(BadDuty, match=said):
        car.plans(start, end, *crew)


def test_times_are_those_of_clocks_here_and_an_hour_that_is_skipped_or_repeated_is_refused() -> None:
    assert duties.local_time("2026-07-01T18:00", "ends_at") == datetime(2026, 7, 1, 17, tzinfo=UTC)
    assert duties.local_time("2026-12-01T18:00", "ends_at") == datetime(2026, 12, 1, 18, tzinfo=UTC)
    night = duties.local_time("2026-03-28T22:00", "a"), duties.local_time("2026-03-29T06:00", "b")
    assert night[1] - night[0] == timedelta(hours=7), "the night the clocks go forward"
    with pytest.raises(BadDuty, match="go forward that night, so there is no 01:30"):
        duties.local_time("2026-03-29T01:30", "ends_at")
    with pytest.raises(BadDuty, match="go back that night, so 01:30 comes twice"):
        duties.local_time("2026-10-25T01:30", "ends_at")
    with pytest.raises(BadDuty, match="Write a day and a time"):
        duties.local_time("tomorrow", "ends_at")


# --- beginning and the end by the plan --------------------------------------------------------------------------------


def test_beginning_makes_the_car_available_and_says_who_is_on_board(car: Shifts) -> None:
    duty = car.plans(0, 8)
    assert car.on_board() == car.unit("IW01").crew, "the service file's, until a duty says who"
    car.begins(duty, crew=["Sam", "Jo"])
    car.begins(duty)
    assert (car.unit("IW01").state, car.on_board()) == ("available", ["Sam", "Jo"])
    assert car.open(car.asked()).call_sign == "IW01"


def test_only_one_duty_runs_at_a_time(car: Shifts) -> None:
    first, second = car.plans(0, 8), car.plans(8, 16)
    car.begins(first)
    with pytest.raises(NotThatDuty, match="End that duty first"):
        car.begins(second)
    car.ends(first)
    with pytest.raises(NotThatDuty, match="was ended"):
        car.begins(first)
    car.later(hours=17)
    with pytest.raises(NotThatDuty, match="was to end at"):
        car.begins(second)


def test_a_duty_of_another_car_is_not_found(car: Shifts) -> None:
    car.on_duty("IW02")
    duty = car.plans(0, 8)
    with car.database.reading() as db, pytest.raises(NotFound):
        duties.get(db, "IW02", duty.id)


def test_a_car_past_its_end_is_offered_nothing_by_itself_and_a_person_is_told(car: Shifts) -> None:
    car.begins(car.plans(0, 8))
    car.later(hours=8)
    assert car.unit("IW01").state == "available"
    incident = car.asked()
    assert incident.state == "no_unit"
    assert owed(car) == ["No car is on duty, and the duty of IW01 is over (it may be called out): somebody must decide"]
    with pytest.raises(CannotSend, match=r"on duty until 20:00 only\. Say why it is called out"):
        car.sends(incident, "IW01")
    assert car.sends(incident, "IW01", called_out="They offered to stay") == "IW01"


def test_until_its_end_a_car_is_offered_jobs_unless_the_service_says_sooner(car: Shifts) -> None:
    car.begins(car.plans(0, 8))
    car.later(hours=8, seconds=-1)
    assert car.open(car.asked()).call_sign == "IW01"


def test_a_service_may_stop_offers_before_the_end(car: Shifts) -> None:
    car.numbers(last_offer_s=1800)
    car.begins(car.plans(0, 8))
    car.later(hours=7, minutes=31)
    assert car.asked().state == "no_unit"


def test_a_car_past_its_end_is_passed_over_for_another(car: Shifts) -> None:
    car.begins(car.plans(0, 8))
    car.later(hours=8)
    car.on_duty("IW02")
    assert car.open(car.asked()).call_sign == "IW02"


def test_a_car_set_available_by_hand_outside_its_duties_is_offered_jobs(car: Shifts) -> None:
    car.plans(3, 9)
    car.on_duty("IW01")
    assert car.open(car.asked()).call_sign == "IW01"


def test_setting_a_car_off_duty_by_hand_ends_its_duty(car: Shifts) -> None:
    duty = car.begins(car.plans(0, 8))
    car.on_duty("IW01", state="off_duty")
    with car.database.reading() as db:
        assert duties.get(db, "IW01", duty.id).ended_at is not None


# --- ending -----------------------------------------------------------------------------------------------------------


def test_ending_a_duty_sets_the_car_off_duty_and_keeps_what_is_handed_over(car: Shifts) -> None:
    duty = car.begins(car.plans(0, 8))
    ended = car.ends(duty, hand_over="Fuel is low")
    again = car.ends(duty, hand_over="Something else")
    assert (car.unit("IW01").state, ended.hand_over, again.hand_over) == ("off_duty", "Fuel is low", "Fuel is low")
    assert again.ended_at == ended.ended_at
    with pytest.raises(NotThatDuty, match="has not begun"):
        car.ends(car.plans(9, 12))


def test_with_a_job_open_the_end_asks_what_becomes_of_it(car: Shifts) -> None:
    duty = car.begins(car.plans(0, 8))
    incident = car.asked()
    tag = car.open(incident).tag
    car.says("IW01", "1")
    with pytest.raises(NotThatDuty, match=f"IW01 has job {tag}. Choose"):
        car.ends(duty)
    with pytest.raises(NotThatDuty, match="No next duty of IW01 is planned"):
        car.ends(duty, open_job="carry_over")
    with car.database.reading() as db:
        assert duties.running(db, "IW01") is not None


def test_the_next_crew_takes_the_open_job_over_and_confirms_it(car: Shifts) -> None:
    duty, following = car.begins(car.plans(0, 8)), car.plans(8, 16, "Jo", "Ali")
    incident = car.asked()
    row = car.open(incident)
    car.says("IW01", "1")
    car.says("IW01", "3")
    car.ends(duty, open_job="carry_over", hand_over="She knows we are late")
    now_open = car.open(incident)
    assert (now_open.id, now_open.state, car.unit("IW01").state) == (row.id, "en_route", "committed")
    assert car.on_board() == ["Jo", "Ali"]
    told = car.told("IW01")[-1]
    assert told.startswith(f"TAKEN OVER. IW01 has job {row.tag}. 1 Sea Street PO30 1AA")
    assert told.endswith(f"It is moving. Reply {row.tag} 1 to say that you have it.")
    assert "carried_over" in car.history(car.person)
    assert "1 Sea Street" in car.says("IW01", f"{row.tag} 1")
    car.later(car.rules.acknowledge_s)
    tick(car)
    assert owed(car) == []
    assert following.id


def test_a_next_crew_that_does_not_confirm_is_rung_by_a_person(car: Shifts) -> None:
    duty = car.begins(car.plans(0, 8))
    car.plans(8, 16, "Jo", "Ali")
    tag = car.open(car.asked()).tag
    car.says("IW01", "1")
    car.says("IW01", "3")
    car.ends(duty, open_job="carry_over")
    car.later(car.rules.acknowledge_s)
    tick(car)
    assert owed(car) == [f"IW01 has not confirmed a change of job {tag}: tell the crew"]


def test_a_car_that_ends_when_clear_goes_off_duty_by_itself(car: Shifts) -> None:
    duty = car.begins(car.plans(0, 8))
    incident = car.asked()
    car.says("IW01", "1")
    car.says("IW01", "5")
    car.ends(duty, open_job="when_clear")
    assert (car.unit("IW01").state, car.open(incident).state) == ("committed", "with_person")
    car.says("IW01", "8")
    assert car.unit("IW01").state == "off_duty"


def test_a_car_that_carried_over_is_available_once_it_is_clear(car: Shifts) -> None:
    duty = car.begins(car.plans(0, 8))
    car.plans(8, 16)
    car.asked()
    car.says("IW01", "1")
    car.says("IW01", "5")
    car.ends(duty, open_job="carry_over")
    car.says("IW01", "8")
    assert car.unit("IW01").state == "available"


def test_an_offer_nobody_accepted_goes_to_the_next_unit_when_the_duty_ends(car: Shifts) -> None:
    duty = car.begins(car.plans(0, 8))
    car.later(1)
    car.on_duty("IW02")
    incident = car.asked()
    assert car.open(incident).call_sign == "IW01"
    car.ends(duty)
    assert (car.open(incident).call_sign, car.unit("IW01").state) == ("IW02", "off_duty")


# --- alone, unsafe, unreachable ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scene", ["unsafe", "unknown"])
def test_a_lone_crew_is_sent_to_such_a_scene_by_a_person_only(car: Shifts, scene: str) -> None:
    car.begins(car.plans(0, 8, "Sam"))
    incident = car.asked(scene_safety=scene)
    assert incident.state == "no_unit"
    assert owed(car) == [
        "No car is on duty, IW01 has a lone crew, and the scene is not known to be safe: somebody must decide"
    ]
    assert car.sends(incident, "IW01") == "IW01"
    assert "You are a lone crew" in car.told("IW01")[-1]


def test_a_lone_crew_is_sent_to_a_scene_said_to_be_safe(car: Shifts) -> None:
    car.begins(car.plans(0, 8, "Sam"))
    assert car.open(car.asked(scene_safety="safe")).call_sign == "IW01"


def test_another_car_goes_where_a_lone_crew_does_not(car: Shifts) -> None:
    car.begins(car.plans(0, 8, "Sam"))
    car.on_duty("IW02")  # one entry in the service file and no duty: nobody has said that they are alone
    assert car.open(car.asked(scene_safety="unsafe")).call_sign == "IW02"


def test_a_lone_crew_is_asked_after_twice_as_often(car: Shifts) -> None:
    car.begins(car.plans(0, 8, "Sam"))
    row = car.open(car.asked(scene_safety="safe"))
    car.says("IW01", "1")
    car.says("IW01", "4")
    car.later(car.rules.welfare_s / 2)
    tick(car)
    assert car.told("IW01")[-1].startswith(f"Job {row.tag}: are you all right?")


def test_a_crew_is_told_to_wait_nearby_and_says_so_with_a_word(car: Shifts) -> None:
    car.on_duty("IW01")
    row = car.open(car.asked(scene_safety="unsafe"))
    for digit in ("1", "3"):
        assert "Stage at a distance until you are told it is safe" in car.says("IW01", f"{row.tag} {digit}")
    assert "waiting nearby" in car.says("IW01", f"{row.tag} waiting")
    car.says("IW01", f"{row.tag} 4")
    assert owed(car) == []


@pytest.mark.parametrize("digit", ["4", "5"])
def test_a_crew_that_goes_into_an_unsafe_scene_is_not_refused_and_a_person_is_rung(car: Shifts, digit: str) -> None:
    car.on_duty("IW01")
    row = car.open(car.asked(scene_safety="unsafe"))
    car.says("IW01", "1")
    car.says("IW01", "3")
    car.says("IW01", digit)
    assert owed(car) == ["IW01 went in and the scene is not safe: find out how the crew is"]
    car.later(dispatch.UNSAFE_CHECK_S)
    tick(car)
    assert car.told("IW01")[-1].startswith(f"Job {row.tag}: are you all right?")


def test_once_the_scene_is_said_to_be_safe_going_in_rings_nobody(car: Shifts) -> None:
    car.on_duty("IW01")
    incident = car.asked(scene_safety="unsafe")
    car.says("IW01", "1")
    car.says("IW01", "3")
    change(car, incident, scene_safety="safe")
    assert "Scene said to be safe, you may go in" in car.told("IW01")[-1]
    car.says("IW01", "4")
    assert owed(car) == []


def test_a_car_without_a_phone_is_not_offered_and_says_so(car: Shifts) -> None:
    car.on_duty("IW01")
    with car.database.transaction() as db:
        db.get_one(Unit, "IW01").phone = None  # type: ignore[assignment]
    incident = car.asked()
    assert incident.state == "no_unit"
    with pytest.raises(CannotSend, match="has no phone number"):
        car.sends(incident, "IW01")

"""The car: asked for, offered, accepted by exactly one crew, or a person knows."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from callflows import crew
from tests import factories
from tests.triage.scene import Scene
from tests.triage.test_claims import at_once
from triage import crew_replies, crew_safety, dispatch, incidents, texts, units
from triage.contacts import NotFound
from triage.db import Database
from triage.lifecycles import DISPATCH, IllegalMove
from triage.models import Contact, Dispatch, History, Incident, Message, Outbox, Outcome, Staff, Unit


class Car(Scene):
    """A scene with a caller who is with a nurse."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.nurse_on = self.nurse()
        self.person = self.caller(line=factories.ISLAND_LINE)
        self.together(self.person, self.nurse_on)

    def on_duty(self, *call_signs: str, **over: Any) -> None:
        for call_sign in call_signs:
            factories.make_unit(self.database, call_sign, now=self.now, **over)
            self.later(1)

    def asked(self, **over: Any) -> Incident:
        return self.incident(self.asks_for_car(self.person, self.nurse_on, **over))

    def open(self, incident: Incident) -> Dispatch:
        with self.database.reading() as db:
            row = dispatch.open_of(db, db.get_one(Incident, incident.id))
            assert row is not None, "nobody has it"
            return row

    def acts(self, row: Dispatch, action: str) -> Dispatch:
        with self.database.transaction() as db:
            return dispatch.act(db, dispatch.get(db, row.id), action, actor="crew", now=self.now)

    def times_out(self, row: Dispatch) -> None:
        with self.database.transaction() as db:
            dispatch.no_reply(db, dispatch.get(db, row.id), now=self.now)

    def silent_crews(self) -> int:
        """How many times somebody has been rung about a silent crew, after the clock has looked once more."""
        with self.database.transaction() as db:
            for row in crew_safety.due(db, self.now):
                crew_safety.not_heard(db, dispatch.get(db, row.id), now=self.now)
        return len(self.jobs("ring_person"))

    def says(self, call_sign: str, text: str) -> str:
        with self.database.transaction() as db:
            return crew_replies.reply(db, db.get_one(Unit, call_sign), text, now=self.now)

    def told(self, call_sign: str) -> list[str]:
        return [message.body for message in self.texts_to(self.unit(call_sign).phone)]

    def count(self, model: Any) -> int:
        with self.database.reading() as db:
            return db.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def car(database: Database) -> Car:
    return Car(database)


# --- asking ------------------------------------------------------------------------------------------------------------


def test_asking_for_the_car_is_one_transaction(car: Car) -> None:
    car.on_duty("IW01")
    incident = car.asked(concern="Alone, has not eaten", scene_safety="safe")
    assert (incident.state, incident.locality, incident.call_back) == ("offered", "island", car.person.number)
    [offer] = incident.dispatches
    assert (offer.call_sign, offer.state) == ("IW01", "offered")
    assert (offer.due_at - car.now).total_seconds() == car.rules.acknowledge_s  # type: ignore[operator]
    [text] = [job for job in car.jobs("send_text") if job.queue == "dispatch"]
    assert list(text.args) == ["message_id"]
    with car.database.reading() as db:
        assert db.scalars(select(Outcome.disposition)).all() == ["response_car"]
    assert car.told("IW01") == [f"IW01: job {offer.tag} near PO30. Scene said to be safe. Reply {offer.tag} 1 to accept, {offer.tag} 2 if you cannot."]  # fmt: skip
    assert "Sea Street" not in car.told("IW01")[0], "the address goes to the crew that accepts"


def test_if_anything_fails_on_the_way_nothing_was_asked(car: Car) -> None:
    car.on_duty("IW01")
    before = car.count(Outbox), car.count(History)

    def stops_midway() -> None:
        with car.database.transaction() as db:
            person, nurse = db.get_one(Contact, car.person.id), db.get_one(Staff, car.nurse_on.id)
            incidents.ask_for_car(db, person, nurse, address="1 Sea Street", now=car.now)
            raise RuntimeError("the machine stops here")

    with pytest.raises(RuntimeError):
        stops_midway()
    assert [car.count(model) for model in (Outcome, Incident, Dispatch, Message)] == [0, 0, 0, 0]
    assert (car.count(Outbox), car.count(History)) == before
    assert car.unit("IW01").state == "available"


def test_asking_twice_is_one_car(car: Car) -> None:
    car.on_duty("IW01", "IW02")
    assert car.asked().id == car.asked(address="2 Hill Road").id
    assert car.count(Dispatch) == car.count(Outcome) == 1


@pytest.mark.parametrize(
    ("field", "asked"), [("address", {"address": "  "}), ("scene_safety", {"scene_safety": "dangerous"})]
)
def test_a_request_that_cannot_be_names_its_field(car: Car, field: str, asked: dict[str, str]) -> None:
    with pytest.raises(incidents.BadIncident) as bad:
        car.asked(**asked)
    assert bad.value.field == field


def test_no_unit_on_duty_is_said_at_once_with_the_fallback_and_a_person_is_rung(car: Car) -> None:
    incident = car.asked()
    assert (incident.state, incident.fallback) == ("no_unit", "Ring the duty team on 01632 960 190.")
    [promise] = car.owed(car.person)
    assert (promise.kind, promise.due_at, promise.incident_id) == ("no_unit", car.now, incident.id)
    [job] = car.jobs("ring_person")
    assert (job.queue, job.args) == ("dispatch", {"promise_id": promise.id})


# --- which unit --------------------------------------------------------------------------------------------------------


def test_the_units_of_the_place_go_first_the_longest_free_of_them_then_those_it_borrows(car: Car) -> None:
    car.on_duty("CT01", locality="city")
    car.on_duty("IW02", "IW03")
    car.on_duty("FR01", locality="forest")
    incident = car.asked()
    tried = []
    while car.incident(incident).state == "offered":
        tried.append(car.open(incident).call_sign)
        car.says(tried[-1], "2")
    assert tried == ["IW02", "IW03", "CT01"]
    assert car.incident(incident).state == "no_unit"


@pytest.mark.parametrize("state", ["off_duty", "not_ready"])
def test_a_unit_that_is_not_available_is_not_offered_anything(car: Car, state: str) -> None:
    car.on_duty("IW01")
    if state == "off_duty":
        with car.database.transaction() as db:
            units.put(db, units.get(db, "IW01"), state, None, actor="x", now=car.now)
    else:
        car.on_duty("IW01", state=state)
    assert car.asked().state == "no_unit"


def test_a_unit_has_one_job_at_a_time(car: Car) -> None:
    car.on_duty("IW01")
    car.asked()
    other = car.caller(line=factories.ISLAND_LINE)
    assert car.asks_for_car(other, car.nurse_on).state == "no_unit"


def test_two_requests_at_once_do_not_send_one_car_twice(car: Car) -> None:
    car.on_duty("IW01")
    people = [car.caller(line=factories.ISLAND_LINE) for _ in range(4)]
    works: list[Callable[[], Any]] = [lambda person=person: car.asks_for_car(person, car.nurse_on) for person in people]  # type: ignore[misc]
    made = at_once(*works)
    assert not [error for error in made if isinstance(error, Exception)]
    assert sorted(car.incident(incident).state for incident in made) == ["no_unit", "no_unit", "no_unit", "offered"]


def test_no_two_open_jobs_share_their_tag(car: Car) -> None:
    tags = []
    for number in range(20):
        car.on_duty(f"U{number}")
        person = car.caller(line=factories.ISLAND_LINE)
        tags.append(car.open(car.asks_for_car(person, car.nurse_on)).tag)
    assert len(set(tags)) == 20
    assert all(len(tag) == 2 and tag.isdigit() for tag in tags)


# --- the offer's end -----------------------------------------------------------------------------------------------------


def test_a_unit_that_declines_is_followed_by_the_next(car: Car) -> None:
    car.on_duty("IW01", "IW02")
    incident = car.asked()
    assert "not taken" in car.says("IW01", "2")
    assert car.open(incident).call_sign == "IW02"
    assert car.unit("IW01").state == "available"


def test_no_reply_goes_to_the_next_and_then_to_a_person(car: Car) -> None:
    car.on_duty("IW01", "IW02")
    incident = car.asked()
    first = car.open(incident)
    car.times_out(first)
    car.times_out(first)
    second = car.open(incident)
    assert (second.call_sign, car.incident(incident).state) == ("IW02", "offered")
    assert [promise.what for promise in car.owed()] == ["IW01 did not answer, IW02 is asked: see that a crew goes"]
    assert len(car.jobs("ring_person")) == 1, "the next crew, and a person, too"
    assert car.told("IW01")[-1] == f"Job {first.tag} had no reply in time and is not yours any more. Do not go."
    car.times_out(second)
    assert car.incident(incident).state == "no_unit"
    assert [promise.what for promise in car.owed()] == ["No crew has accepted: somebody must decide"]
    assert len(car.jobs("ring_person")) == 1, "people are rung since the first did not answer, once at a time"


def test_an_offer_that_cannot_reach_its_crew_goes_to_the_next_at_once(car: Car) -> None:
    car.on_duty("IW01", "IW02")
    incident = car.asked()
    first = car.open(incident)
    with car.database.transaction() as db:
        offer = db.scalars(select(Message).where(Message.dispatch_id == first.id)).one()
        texts.reported(db, offer.id, "", "fail", now=car.now, trouble="phone unreachable")
    assert (car.open(incident).call_sign, car.incident(incident).state) == ("IW02", "offered")
    with car.database.reading() as db:
        assert db.get_one(Dispatch, first.id).note == "The offer did not reach their phone"


def test_a_person_tells_the_crew_what_its_phone_did_not_get(car: Car) -> None:
    car.on_duty("IW01")
    incident = car.asked()
    car.acts(car.open(incident), "acknowledge")
    stand_down(car, incident)
    with car.database.transaction() as db:
        [told] = [text for text in db.scalars(select(Message)) if "STAND DOWN" in text.body]
        texts.reported(db, told.id, "", "fail", now=car.now, trouble="phone unreachable")
    assert "A text to IW01 did not arrive: tell the crew" in [promise.what for promise in car.owed()]
    assert car.jobs("ring_person")


def test_the_deadline_is_found_by_the_clock_and_not_a_moment_early(car: Car) -> None:
    car.on_duty("IW01")
    car.asked()
    with car.database.reading() as db:
        assert dispatch.overdue_offers(db, car.now) == []
        car.later(car.rules.acknowledge_s)
        assert len(dispatch.overdue_offers(db, car.now)) == 1


def test_a_late_yes_is_refused_in_words_and_kept(car: Car) -> None:
    car.on_duty("IW01", "IW02")
    incident = car.asked()
    first = car.open(incident)
    car.times_out(first)
    said = car.says("IW01", f"{first.tag} 1")
    assert (
        said
        == f"Job {first.tag} is no reply and not open for you. Do not go on it. Ring the control room if that is wrong."
    )
    assert car.open(incident).call_sign == "IW02"
    assert car.unit("IW01").state == "available"
    with car.database.reading() as db:
        late = db.scalars(select(History).where(History.what == "crew_said")).one()
    assert late.detail["action"] == "acknowledge"


def test_two_crews_at_once_and_exactly_one_holds_it(car: Car) -> None:
    """The first was sent by the clock, the second by a dispatcher; both say yes at the same moment."""
    car.on_duty("IW01", "IW02")
    incident = car.asked()
    first = car.open(incident)
    car.times_out(first)
    second = car.open(incident)
    at_once(
        lambda: car.says("IW01", f"{first.tag} 1"),
        lambda: car.says("IW02", f"{second.tag} 1"),
        lambda: car.says("IW01", f"{first.tag} 1"),
    )
    assert car.open(incident).call_sign == "IW02"
    assert [car.unit(sign).state for sign in ("IW01", "IW02")] == ["available", "committed"]


@pytest.mark.parametrize("attempt", range(4))
def test_a_yes_that_races_its_deadline_has_one_winner(car: Car, attempt: int) -> None:
    car.on_duty("IW01", "IW02")
    incident = car.asked()
    first = car.open(incident)
    said, timed_out = at_once(lambda: car.says("IW01", "1"), lambda: car.times_out(first))
    assert not isinstance(said, Exception)
    assert not isinstance(timed_out, Exception)
    now = car.open(incident)
    if now.call_sign == "IW01":
        assert (now.state, car.incident(incident).state) == ("acknowledged", "under_way")
        assert "IW01 has job" in said
        assert not any("Do not go" in text for text in car.told("IW01"))
    else:
        assert (now.state, car.incident(incident).state) == ("offered", "offered")
        assert "has job" not in said
        assert car.unit("IW01").state == "available"
    assert sum(row.state in ("offered", "acknowledged") for row in car.dispatches(incident)) == 1


# --- what a crew says ----------------------------------------------------------------------------------------------------


def test_a_job_from_yes_to_clear_by_digits_alone(car: Car) -> None:
    car.on_duty("IW01")
    incident = car.asked(concern="Alone", scene_safety="unsafe")
    tag = car.open(incident).tag
    details = car.says("IW01", f"{tag} 1")
    assert "1 Sea Street PO30 1AA" in details
    assert "SCENE NOT SAFE, wait nearby" in details
    assert "Call back through the crew line, key *" in details
    assert str(car.person.number) not in details, "the line rings them for the crew"
    assert car.unit("IW01").state == "committed"
    for digit, state in (
        ("3", "en_route"),
        ("4", "on_scene"),
        ("5", "with_person"),
        ("6", "leaving"),
        ("7", "at_destination"),
    ):
        car.later(60)
        assert car.says("IW01", digit) == crew.confirmed(tag, state, stage=state == "en_route")
        row = car.open(incident)
        assert (row.state, row.state_since) == (state, car.now)
    assert "clear, thank you" in car.says("IW01", f"{tag}8")
    ended = car.incident(incident)
    assert (ended.state, ended.closed_at) == ("clear", car.now)
    assert car.unit("IW01").state == "available"


@pytest.mark.parametrize("digit", crew.DIGITS)
def test_every_digit_is_answered_at_every_state_and_said_again_changes_nothing(car: Car, digit: str) -> None:
    car.on_duty("IW01")
    incident = car.asked()
    for step in ("", "1", "3", "5", "6"):
        if step:
            car.says("IW01", step)
        before = car.open(incident).state
        if (before, crew.DIGITS[digit]) not in DISPATCH:
            reply = car.says("IW01", digit)
            assert reply
            assert car.open(incident).state == before
            continue
    car.says("IW01", digit)
    first = car.dispatches(incident)[0].state, car.count(History)
    assert car.says("IW01", digit)
    assert car.dispatches(incident)[0].state == first[0]


def test_a_repeated_yes_gets_the_details_again(car: Car) -> None:
    car.on_duty("IW01")
    incident = car.asked()
    assert car.says("IW01", "1") == car.says("IW01", "1")
    assert car.history(car.person).count("acknowledge") == 1
    assert car.open(incident).acknowledged_at is not None


def test_a_step_that_makes_no_sense_is_refused_and_says_what_to_do(car: Car) -> None:
    car.on_duty("IW01")
    incident = car.asked()
    said = car.says("IW01", "4")
    assert said.startswith(f"Job {car.open(incident).tag} is offered, so that is not possible now.")
    assert said.endswith(crew.HOW_TO_REPLY)


@pytest.mark.parametrize("text", ["on our way", "yes", "0", "99", "1 2 3", "👍", "", "STOP"])
def test_what_cannot_be_read_is_kept_for_people_and_answered(car: Car, text: str) -> None:
    car.on_duty("IW01")
    incident = car.asked()
    assert car.says("IW01", text) == crew.HOW_TO_REPLY
    row = car.open(incident)
    assert (row.state, row.note) == ("offered", text)
    assert car.history(car.person).count("crew_said") == 1


def test_a_wrong_number_is_not_taken_for_the_job_at_hand(car: Car) -> None:
    car.on_duty("IW01")
    incident = car.asked()
    wrong = "99" if car.open(incident).tag != "99" else "98"
    assert car.says("IW01", f"{wrong} 1").startswith(f"No job {wrong} is open for you.")
    assert car.open(incident).state == "offered"


def test_a_crew_without_a_job_is_told_so(car: Car) -> None:
    car.on_duty("IW01")
    assert car.says("IW01", "1") == crew.not_yours(None, None)


@pytest.mark.parametrize("when", ["offered", "under way", "over"])
def test_a_crew_that_asks_for_help_reaches_a_person_whenever_it_is(car: Car, when: str) -> None:
    car.on_duty("IW01")
    incident = car.asked()
    if when != "offered":
        car.says("IW01", "1")
    if when == "over":
        car.says("IW01", "5")
        car.says("IW01", "8")
    assert "HELP NOTED" in car.says("IW01", "9")
    [promise] = car.owed()
    assert (promise.kind, promise.what) == ("welfare_check", "IW01 asks for help")
    assert [job.args["promise_id"] for job in car.jobs("ring_person")] == [promise.id]
    assert car.dispatches(incident)[0].state == {"offered": "offered", "under way": "emergency", "over": "clear"}[when]


def test_a_person_who_is_not_found_goes_back_to_a_person_to_decide(car: Car) -> None:
    car.on_duty("IW01")
    incident = car.asked()
    for action in ("acknowledge", "on_scene", "unable_to_find"):
        car.acts(car.open(incident), action)
    assert car.incident(incident).state == "returned_to_nurse"
    assert [promise.what for promise in car.owed()] == ["IW01 could not find the person: decide what next"]
    assert car.unit("IW01").state == "available"


def test_a_crew_that_cannot_go_after_all_is_followed_by_the_next(car: Car) -> None:
    car.on_duty("IW01", "IW02")
    incident = car.asked()
    car.says("IW01", "1")
    car.says("IW01", "2")
    assert car.open(incident).call_sign == "IW02"
    assert car.unit("IW01").state == "available"


# --- dispatchers -----------------------------------------------------------------------------------------------------------


def send(car: Car, incident: Incident, call_sign: str) -> Dispatch:
    with car.database.transaction() as db:
        return dispatch.send(db, incidents.get(db, incident.id), call_sign, actor=car.nurse_on.id, now=car.now)


def test_a_car_that_comes_on_duty_can_be_sent_and_its_yes_settles_what_was_owed(car: Car) -> None:
    incident = car.asked()
    car.on_duty("IW01")
    assert send(car, incident, "IW01").state == "offered"
    assert send(car, incident, "IW01").id == car.open(incident).id, "sending twice is sending once"
    car.says("IW01", "1")
    assert car.incident(incident).state == "under_way"
    assert car.incident(incident).fallback is None
    assert car.owed() == []


def test_sending_another_unit_instead_tells_the_first(car: Car) -> None:
    car.on_duty("IW01", "IW02")
    incident = car.asked()
    tag = car.open(incident).tag
    send(car, incident, "IW02")
    assert car.open(incident).call_sign == "IW02"
    assert car.told("IW01")[-1] == crew.stood_down(tag)
    assert car.unit("IW01").state == "available"


def test_a_unit_that_cannot_be_sent_is_refused_with_the_reason(car: Car) -> None:
    car.on_duty("IW01", "IW02")
    car.on_duty("IW03", state="not_ready")
    incident = car.asked()
    with pytest.raises(NotFound):
        send(car, incident, "XX99")
    with pytest.raises(dispatch.CannotSend, match="not ready"):
        send(car, incident, "IW03")
    car.says("IW01", "1")
    with pytest.raises(dispatch.CannotSend, match="IW01 has this incident"):
        send(car, incident, "IW02")


def stand_down(car: Car, incident: Incident, reason: str = "Found by family") -> Incident:
    with car.database.transaction() as db:
        return incidents.stand_down(
            db, incidents.get(db, incident.id), reason, db.get_one(Staff, car.nurse_on.id), now=car.now
        )


@pytest.mark.parametrize("accepted", [False, True])
def test_standing_down_tells_the_crew_and_frees_it(car: Car, accepted: bool) -> None:
    car.on_duty("IW01")
    incident = car.asked()
    tag = car.open(incident).tag
    if accepted:
        car.says("IW01", "1")
    stand_down(car, incident)
    stand_down(car, incident)
    assert car.told("IW01")[-1] == crew.stood_down(tag, confirm=accepted)
    assert car.unit("IW01").state == "available"
    assert car.incident(incident).state == "stood_down"
    assert "stood down" in car.says("IW01", f"{tag} 1"), "a late yes does not bring it back"


def test_standing_down_needs_a_reason_and_an_open_incident(car: Car) -> None:
    car.on_duty("IW01")
    incident = car.asked()
    with pytest.raises(incidents.BadIncident):
        stand_down(car, incident, " ")
    car.says("IW01", "1")
    car.says("IW01", "5")
    car.says("IW01", "8")
    with pytest.raises(IllegalMove):
        stand_down(car, incident)


def test_standing_down_where_no_car_was_free_settles_what_was_owed(car: Car) -> None:
    incident = car.asked()
    stand_down(car, incident)
    assert car.owed() == []


def test_the_board_shows_what_is_open_soonest_needed_first_and_what_ended_lately(car: Car) -> None:
    car.on_duty("IW01")
    first = car.asked()
    stand_down(car, first)
    later, sooner, unknown = (car.caller(line=factories.ISLAND_LINE) for _ in range(3))
    made = [
        car.asks_for_car(person, car.nurse_on, needed_by=by)
        for person, by in (
            (unknown, None),
            (later, factories.NOON.replace(hour=18)),
            (sooner, factories.NOON.replace(hour=13)),
        )
    ]
    with car.database.reading() as db:
        board = [row.id for row in incidents.on_board(db, car.now)]
        assert board == [made[2].id, made[1].id, made[0].id, first.id]
        car.later(hours=13)
        assert first.id not in [row.id for row in incidents.on_board(db, car.now)]


@pytest.mark.parametrize(("state", "reason"), [("committed", None), ("flying", None), ("not_ready", " ")])
def test_a_unit_is_set_only_to_what_a_person_may_say(car: Car, state: str, reason: str | None) -> None:
    with pytest.raises(units.BadState), car.database.transaction() as db:
        units.put(db, units.get(db, "IW01"), state, reason, actor="x", now=car.now)


def test_a_unit_on_a_job_cannot_be_put_off_duty(car: Car) -> None:
    car.on_duty("IW01")
    car.asked()
    car.says("IW01", "1")
    with pytest.raises(IllegalMove), car.database.transaction() as db:
        units.put(db, units.get(db, "IW01"), "off_duty", None, actor="x", now=car.now)


def test_a_crew_that_does_not_move_off_is_asked_after_by_a_person(car: Car) -> None:
    car.on_duty("IW01")
    car.asked()
    car.says("IW01", "1")
    assert car.silent_crews() == 0
    car.later(8 * 60)
    assert car.silent_crews() == 1
    assert car.silent_crews() == 1  # asked once, not at every tick
    [promise] = car.owed()
    assert (promise.kind, promise.what.split(":")[0]) == ("crew_silent", "IW01 has not said that it is moving")
    car.says("IW01", "4")
    assert car.owed() == []


def test_a_crew_that_accepts_over_the_radio_gets_the_address_in_writing(car: Car) -> None:
    car.on_duty("IW01")
    incident = car.asked(address="12 Invented Quay")
    with car.database.transaction() as db:
        dispatch.act(db, dispatch.get(db, car.open(incident).id), "acknowledge", actor="a-dispatcher", now=car.now)
    assert "12 Invented Quay" in car.told("IW01")[-1]


def test_one_persons_car_says_nothing_of_what_is_owed_about_another(car: Car) -> None:
    first, second = car.asked(), None
    other = car.caller(line=factories.ISLAND_LINE)
    nurse = car.nurse()
    car.together(other, nurse)
    second = car.incident(car.asks_for_car(other, nurse))
    assert len(car.owed()) == 2
    car.on_duty("IW01")
    with car.database.transaction() as db:
        dispatch.send(db, incidents.get(db, first.id), "IW01", actor="a-dispatcher", now=car.now)
    car.says("IW01", "1")
    assert [promise.incident_id for promise in car.owed()] == [second.id]

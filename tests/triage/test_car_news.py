"""What the person is texted of the car: each thing once, only while it is so, and only where they agreed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from callflows.wording import SENTENCES
from tests import factories
from tests.fakes import FakeCarrier
from tests.triage.test_claims import at_once
from tests.triage.test_dispatch import Car
from triage import car_news, dispatch, incidents, jobs
from triage.db import Database, utcnow
from triage.models import Contact, Dispatch, Incident, Message, Outbox, Staff

COMING, NEAR, MOVING = "Somebody is coming to you", "about five minutes", "is on the way now"
NOT_COMING = "nobody is coming to you now after all"


class Told(Car):
    """A car for somebody who agreed to be texted."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.on_duty("IW01", "IW02")
        self.sets(Contact, text_consent=True)
        self.asked_for = self.asked()
        self.sets(Incident, tell_person=True)
        self.finishes(self.person, self.nurse_on)
        self.hangs_up(self.person)

    def sets(self, model: Any, **values: Any) -> None:
        with self.database.transaction() as db:
            for row in db.scalars(select(model).order_by(model.id)):
                for name, value in values.items():
                    setattr(row, name, value)

    def looks(self) -> None:
        with self.database.reading() as db:
            found = [row.id for row in car_news.due(db, self.now)]
        for dispatch_id in found:
            with self.database.transaction() as db:
                car_news.tell(db, dispatch.get(db, dispatch_id), now=self.now)

    def does(self, *digits: str) -> None:
        for digit in digits:
            self.says("IW01", digit)

    def arrives_in(self, minutes: int) -> None:
        self.sets(Dispatch, arrive_at=self.now + timedelta(minutes=minutes))

    def read(self) -> list[str]:
        """What the person was texted, after the clock has looked, and looked again."""
        self.looks()
        self.looks()
        return [message.body for message in self.texts_to(self.person.number)]


@pytest.fixture
def car(database: Database) -> Told:
    return Told(database)


def only(texts: list[str], *words: str) -> bool:
    return len(texts) == len(words) and all(word in text for word, text in zip(words, texts, strict=True))


def test_nothing_is_said_before_a_crew_has_accepted(car: Told) -> None:
    assert car.read() == []


def test_told_when_it_is_accepted_and_five_minutes_before_it_is_there(car: Told) -> None:
    car.does("1")
    assert only(car.read(), COMING)
    car.does("3")
    car.arrives_in(20)
    assert only(car.read(), COMING)
    car.later(minutes=14)
    assert only(car.read(), COMING)
    car.later(minutes=1)
    assert only(car.read(), COMING, NEAR)
    assert car.history(car.person).count("person_told") == 2


def test_whoever_agreed_to_this_text_needs_no_other_consent(car: Told) -> None:
    car.sets(Contact, text_consent=None)
    car.does("1")
    assert only(car.read(), COMING)


def test_whoever_chose_welsh_is_told_of_the_car_in_welsh(car: Told) -> None:
    car.sets(Contact, language="cy")
    car.does("1")
    assert only(car.read(), "Mae rhywun yn dod atoch")


def test_without_a_reckoned_time_moving_is_what_is_said(car: Told) -> None:
    car.does("1")
    car.read()
    car.does("3")
    assert only(car.read(), COMING, MOVING)


@pytest.mark.parametrize("digits", ["14", "15", "134"])
def test_never_once_the_car_is_there(car: Told, digits: str) -> None:
    car.does(*digits)
    assert car.read() == []


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Incident, {"tell_person": False}),
        (Contact, {"text_consent": False}),
        (Contact, {"opted_out": True}),
        (Contact, {"number": None}),
        (Contact, {"number": "+441632960145"}),
    ],
)
def test_only_where_they_agreed_and_may_be_texted(car: Told, model: Any, values: dict[str, Any]) -> None:
    car.sets(model, **values)
    car.does("1", "3")
    car.looks()
    with car.database.reading() as db:
        assert db.scalars(select(Message).where(Message.contact_id == car.person.id)).all() == []
    assert car.owed(car.person) == []


def stood_down(car: Told) -> None:
    with car.database.transaction() as db:
        incident = db.get_one(Incident, car.asked_for.id)
        incidents.stand_down(db, incident, "Found", db.get_one(Staff, car.nurse_on.id), now=car.now)


def declined(car: Told) -> None:
    with car.database.transaction() as db:
        [row] = db.scalars(select(Dispatch).where(Dispatch.call_sign == "IW01")).all()
        dispatch.act(db, dispatch.get(db, row.id), "decline", actor="crew", now=car.now)


@pytest.mark.parametrize("how", [stood_down, declined])
def test_a_car_that_does_not_come_after_all_is_said_once_and_a_call_is_owed(car: Told, how: Any) -> None:
    car.does("1")
    assert only(car.read(), COMING)
    how(car)
    assert only(car.read(), COMING, NOT_COMING)
    assert [promise.what for promise in car.owed(car.person) if promise.kind == "call_back"] == [car_news.OWED]


def test_the_next_crew_that_accepts_is_said_anew(car: Told) -> None:
    car.does("1")
    car.read()
    declined(car)
    car.looks()
    car.says("IW02", "1")
    assert only(car.read(), COMING, NOT_COMING, COMING)


def test_nobody_who_was_told_nothing_hears_that_it_does_not_come(car: Told) -> None:
    car.does("1")
    declined(car)
    assert car.read() == []
    assert car.owed(car.person) == []


def test_a_car_that_was_there_is_not_said_not_to_come(car: Told) -> None:
    car.does("1")
    car.read()
    car.does("4")
    stood_down(car)
    assert only(car.read(), COMING)


def test_who_opted_out_meanwhile_is_owed_the_call_all_the_same(car: Told) -> None:
    car.does("1")
    car.read()
    car.sets(Contact, opted_out=True)
    declined(car)
    assert only(car.read(), COMING)
    assert car_news.OWED in [promise.what for promise in car.owed(car.person)]


def test_two_clocks_say_it_once(car: Told) -> None:
    car.does("1")
    with car.database.reading() as db:
        [dispatch_id] = [row.id for row in car_news.due(db, car.now)]

    def tell() -> None:
        with car.database.transaction() as db:
            car_news.tell(db, dispatch.get(db, dispatch_id), now=car.now)

    assert at_once(tell, tell, tell) == [None, None, None]
    assert len(car.texts_to(car.person.number)) == 1


def test_the_words_fit_one_text_and_say_nothing_of_where_or_what(car: Told) -> None:
    for name in ("text_car_accepted", "text_car_near", "text_car_moving", "text_car_not_coming"):
        words = SENTENCES[name]
        assert len(words) <= 160, name
        assert words.isascii(), "every letter is in the smallest alphabet of texts"
        for secret in ("{service}", "mental", "crisis", "car ", "police"):
            assert secret not in words.lower(), name


# --- sent, or dropped -------------------------------------------------------------------------------------------------


def sends(car: Told) -> FakeCarrier:
    carrier = FakeCarrier()
    with car.database.reading() as db:
        waiting = db.scalars(select(Outbox).where(Outbox.job == "send_text", Outbox.queue == "line")).all()
    for row in waiting:
        jobs.run(jobs.Means(car.database, carrier, factories.FALLBACK), row.id)
    return carrier


@pytest.fixture
def now(database: Database) -> Told:
    """It plays now: jobs read the real clock."""
    made = Told(database)
    made.now = utcnow()
    return made


def made_at(car: Told, moment: datetime) -> None:
    with car.database.transaction() as db:
        db.execute(update(Message).where(Message.contact_id == car.person.id).values(made_at=moment))


def test_it_is_worth_three_minutes_at_the_carrier(now: Told) -> None:
    now.does("1")
    now.looks()
    [text] = sends(now).texts
    assert car_news.NEWS_VALID_S - 30 <= text.valid_s <= car_news.NEWS_VALID_S


def test_one_that_was_held_up_is_dropped_and_nobody_has_to_act_on_it(now: Told) -> None:
    now.does("1")
    now.looks()
    made_at(now, now.now - timedelta(seconds=car_news.NEWS_VALID_S))
    assert sends(now).texts == []
    assert now.owed(now.person) == []
    [message] = now.texts_to(now.person.number)
    assert (message.state, message.trouble) == ("failed", car_news.NOT_TRUE_ANY_MORE)


def test_one_that_is_not_true_any_more_is_dropped(now: Told) -> None:
    now.does("1")
    now.looks()
    now.does("4")
    assert sends(now).texts == []

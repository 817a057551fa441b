"""The one question after a contact: to whom it goes, when, and that it never goes twice."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from callflows.after import Answer
from tests import factories
from tests.triage.scene import Scene
from triage import figures, follow_up, incidents, outcomes, promises, same_person, texts
from triage.after_models import FollowUp
from triage.db import Database
from triage.figures import Month
from triage.models import Contact, Message, Staff

AFTERNOON = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
NUMBER = "+447700900123"


class After(Scene):
    """Somebody who texted, was heard at ten in the morning, and agreed to be asked."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.now = AFTERNOON.replace(hour=10)
        self.ana = self.nurse()
        self.person = self.heard()

    def heard(self, ask_after: bool | None = True, **over: object) -> Contact:
        person = self.caller(**{"channel": "text", "number": NUMBER, "line": factories.ISLAND_LINE, **over})
        self.together(person, self.ana)
        with self.database.transaction() as db:
            row, nurse = db.get_one(Contact, person.id), db.get_one(Staff, self.ana.id)
            outcomes.record(db, row, nurse, now=self.now, urgency="D", disposition="signposted", ask_after=ask_after)
        self.finishes(person, self.ana)
        return person

    def ticks(self) -> None:
        with self.database.reading() as db:
            whom = follow_up.due(db, self.rules, self.now)
        for one in whom:
            with self.database.transaction() as db:
                follow_up.ask(db, one, now=self.now)

    def asked(self) -> list[str]:
        """What went out unasked to this number."""
        return [row.body for row in self.texts_to(NUMBER) if row.staff_id is None]

    def answers(self, answer: Answer) -> str | None:
        with self.database.transaction() as db:
            return follow_up.answered(db, db.get_one(Contact, self.person.id), answer, now=self.now)

    def change(self, change: Callable[[Contact], None], person: Contact | None = None) -> None:
        with self.database.transaction() as db:
            change(db.get_one(Contact, (person or self.person).id))


@pytest.fixture
def after(database: Database) -> After:
    return After(database)


def test_who_agreed_is_asked_once_some_hours_later(after: After) -> None:
    after.later(hours=4, seconds=-1)
    after.ticks()
    assert after.asked() == []
    after.later(1)
    for _ in range(3):
        after.ticks()
        after.later(hours=1)
    [question] = after.asked()
    assert "1 (not at all) to 5 (very)" in question
    assert "999" in question
    assert after.history(after.person).count("asked_after") == 1


@pytest.mark.parametrize("said", [None, False])
def test_who_did_not_agree_is_not_asked(database: Database, said: bool | None) -> None:
    after = After(database)
    after.change(lambda row: setattr(row, "ask_after", said))
    after.later(hours=5)
    after.ticks()
    assert after.asked() == []


def test_nobody_is_asked_at_night_and_the_morning_is_soon_enough(after: After) -> None:
    after.change(lambda row: setattr(row, "ended_at", AFTERNOON.replace(hour=17, minute=30)))
    for hour, minute in ((21, 30), (23, 0)):
        after.now = AFTERNOON.replace(hour=hour, minute=minute)
        after.ticks()
    after.now = datetime(2026, 11, 25, 8, 59, tzinfo=UTC)
    after.ticks()
    assert after.asked() == []
    after.later(60)
    after.ticks()
    assert len(after.asked()) == 1


def test_night_is_night_here_in_summer_too(after: After) -> None:
    assert not follow_up._by_day(datetime(2026, 7, 1, 20, 30, tzinfo=UTC)), "half past nine in the evening here"
    assert follow_up._by_day(datetime(2026, 7, 1, 8, 30, tzinfo=UTC))


def opted_out(after: After) -> None:
    after.change(lambda row: setattr(row, "opted_out", True))


def danger_an_hour_ago(after: After) -> None:
    other = after.heard(ask_after=None, channel="call")
    after.change(lambda row: setattr(row, "danger", True), other)
    after.change(lambda row: setattr(row, "ended_at", after.now), other)


def waits(after: After) -> None:
    after.caller(number=NUMBER)


def with_a_nurse(after: After) -> None:
    after.together(after.caller(number=NUMBER), after.nurse())


def owed_a_call(after: After) -> None:
    with after.database.transaction() as db:
        promises.owe_call_back(db, db.get_one(Contact, after.person.id), "Asked to be rung", now=after.now)


def car_on_its_way(after: After) -> None:
    with after.database.transaction() as db:
        row, nurse = db.get_one(Contact, after.person.id), db.get_one(Staff, after.ana.id)
        incidents.ask_for_car(db, row, nurse, now=after.now, address="1 Sea Street", postcode="PO30 1AA")


def shared_telephone(after: After) -> None:
    with after.database.transaction() as db:
        row, nurse = db.get_one(Contact, after.person.id), db.get_one(Staff, after.ana.id)
        same_person.mark_shared(db, row, "shared", nurse, now=after.now)


def said_no_later(after: After) -> None:
    after.heard(ask_after=False)


@pytest.mark.parametrize(
    "against",
    [opted_out, danger_an_hour_ago, waits, with_a_nurse, owed_a_call, car_on_its_way, shared_telephone, said_no_later],
)
def test_who_has_something_open_or_was_in_danger_is_not_asked(after: After, against: Callable[[After], None]) -> None:
    after.later(hours=3, minutes=30)
    against(after)
    after.later(minutes=40)
    after.ticks()
    assert after.asked() == []


def test_danger_that_is_over_an_hour_old_does_not_keep_the_question_for_ever(after: After) -> None:
    after.change(lambda row: setattr(row, "danger", True))
    after.later(hours=4)
    after.ticks()
    assert len(after.asked()) == 1


def test_a_person_with_two_contacts_is_asked_about_one(after: After) -> None:
    after.later(minutes=10)
    after.heard()
    after.later(hours=5)
    after.ticks()
    after.ticks()
    assert len(after.asked()) == 1


def test_a_question_nobody_would_understand_any_more_is_not_asked(after: After) -> None:
    after.later(hours=49)
    after.ticks()
    assert after.asked() == []


def test_many_clocks_at_once_ask_once(after: After) -> None:
    after.later(hours=4)
    at_once, now = threading.Barrier(4), after.now

    def tick() -> None:
        at_once.wait()
        with after.database.transaction() as db:
            follow_up.ask(db, after.person.id, now=now)

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(after.asked()) == 1


def test_a_question_that_did_not_arrive_owes_nobody_a_call_and_is_not_asked_again(after: After) -> None:
    after.later(hours=4)
    after.ticks()
    with after.database.transaction() as db:
        row = db.scalars(select(Message).where(Message.direction == "out")).one()
        assert texts.reported(db, row.id, "SM1", "fail", now=after.now, trouble="30003")
    after.later(hours=1)
    after.ticks()
    assert after.owed(after.person) == []
    assert len(after.asked()) == 1


def test_the_answer_is_kept_sealed_with_words_for_a_day(after: After) -> None:
    assert after.answers(Answer(5, None)) is None, "nothing was asked"
    after.later(hours=4)
    after.ticks()
    assert after.answers(Answer(None, "it was helpful")) is None, "the number comes first"
    assert after.answers(Answer(4, None)) == "first"
    assert after.answers(Answer(5, None)) == "more"
    after.later(hours=20)
    assert after.answers(Answer(None, "the nurse was kind")) == "more"
    after.later(hours=5)
    assert after.answers(Answer(None, "thank you")) is None
    with after.database.reading() as db:
        row = db.scalars(select(FollowUp)).one()
    assert (row.score, row.words) == (5, "the nurse was kind")
    assert "kind" not in (row.words_sealed or "")


def test_a_number_days_later_is_no_answer_any_more(after: After) -> None:
    after.later(hours=4)
    after.ticks()
    after.later(hours=49)
    assert after.answers(Answer(4, None)) is None


def test_few_answers_are_not_shown_and_more_are_as_count_and_mean(after: After) -> None:
    reader = factories.make_staff(after.database, roles=("reader",), localities=())
    shown = []
    for number in range(5):
        person = after.person if number == 0 else after.heard(number=factories.number())
        with after.database.transaction() as db:
            db.add(FollowUp(contact_id=person.id, message_id=None, asked_at=after.now, score=number + 1,
                            scored_at=after.now, words=None))  # fmt: skip
        with after.database.reading() as db:
            shown.append(figures.read(db, reader, Month(2026, 11)).after)
    assert shown[3] == (figures.FEWER, None)
    assert shown[4] == ("5", "3.0")

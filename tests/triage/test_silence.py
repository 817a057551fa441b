"""A person in a text conversation who does not write: what the line does, and what is left to the nurse."""

import threading

import pytest
from sqlalchemy import select

from tests import factories
from tests.triage.scene import Scene
from triage import bridge, outcomes, presence, queue, silence, text_calls, texts
from triage.after_models import Silence
from triage.db import Database, utcnow
from triage.models import Contact, Leg, Message, Presence, Staff
from triage.reach_models import Notice


class Conversation(Scene):
    """A texter with a nurse, and a clock."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.supervisor = factories.make_staff(database, roles=("supervisor",), localities=("island",))
        self.ana = self.nurse()
        self.person = self.begins()

    def begins(self, **over: object) -> Contact:
        person = factories.make_contact(self.database, channel="text", line=factories.ISLAND_LINE, now=self.now, **over)
        self.joins(person)
        self.writes(person=person)
        return person

    def taken(self) -> "Conversation":
        self.together(self.person, self.ana)
        self.later(5)
        return self

    def writes(self, body: str = "I am here", person: Contact | None = None) -> None:
        with self.database.transaction() as db:
            row = db.get_one(Contact, (person or self.person).id)
            texts.received(db, row, factories.carrier_id("SM"), body, now=self.now)

    def says_danger(self) -> None:
        with self.database.transaction() as db:
            db.get_one(Contact, self.person.id).danger = True

    def answers(self, body: str = "What is going on?", state: str = "delivered") -> None:
        with self.database.transaction() as db:
            row = texts.to_person(db, db.get_one(Contact, self.person.id), body, self.ana, now=self.now)
            row.state = state

    def ticks(self) -> None:
        """What the clock does, once."""
        with self.database.reading() as db:
            late = list(silence.due(db, self.rules, self.now))
            waiting = list(silence.to_be_told(db, self.now))
        for one in late:
            with self.database.transaction() as db:
                silence.step(db, one, self.rules, now=self.now)
        for one in waiting:
            with self.database.transaction() as db:
                silence.tell_waiting(db, one, now=self.now)

    def chooses(self, choice: str) -> None:
        with self.database.transaction() as db:
            row = db.get_one(Contact, self.person.id)
            silence.decide(db, row, choice, db.get_one(Staff, self.ana.id), now=self.now)

    def by_itself(self) -> list[str]:
        """What the line texted them unasked."""
        with self.database.reading() as db:
            rows = db.scalars(
                select(Message)
                .where(Message.contact_id == self.person.id, Message.direction == "out", Message.staff_id.is_(None))
                .order_by(Message.made_at)
            )
            return [row.body for row in rows]

    def asks(self) -> bool:
        with self.database.reading() as db:
            quiet = silence.of(db, queue.held_by(db, self.person.id, self.ana), self.now)
            return quiet is not None and quiet.asks

    def told(self) -> list[str]:
        with self.database.reading() as db:
            return list(db.scalars(select(Notice.kind).order_by(Notice.made_at, Notice.id)))

    def records(self, **said: str) -> None:
        with self.database.transaction() as db:
            row = db.get_one(Contact, self.person.id)
            outcomes.record(db, row, self.ana, now=self.now, urgency="B", disposition="crisis_team", **said)


@pytest.fixture
def talk(database: Database) -> Conversation:
    return Conversation(database).taken()


def test_after_ten_minutes_the_line_asks_once_and_the_nurse_decides(talk: Conversation) -> None:
    talk.answers()
    talk.later(599)
    talk.ticks()
    assert (talk.by_itself(), talk.asks()) == ([], False)
    talk.later(1)
    talk.ticks()
    talk.ticks()
    [check] = talk.by_itself()
    assert "still here" in check
    assert "999" in check
    assert talk.asks()
    talk.later(hours=5)
    talk.ticks()
    assert talk.by_itself() == [check], "once in one silence"
    assert talk.entry(talk.person).state == "connected", "nothing ends by itself"
    assert talk.history(talk.person).count("silence_checked") == 1


def test_a_clock_that_stood_still_for_hours_asks_once(talk: Conversation) -> None:
    talk.answers()
    talk.later(hours=9)
    talk.ticks()
    talk.ticks()
    assert len(talk.by_itself()) == 1
    assert talk.asks()


def test_a_clock_that_was_put_back_asks_and_does_not_ask_each_second(talk: Conversation) -> None:
    talk.answers()
    talk.later(hours=-2)
    talk.ticks()
    talk.ticks()
    assert len(talk.by_itself()) == 1
    talk.chooses("wait")
    talk.later(hours=-26)
    talk.ticks()
    assert talk.asks(), "a time too far ahead to be meant is over"


def test_who_has_not_been_answered_yet_is_not_silent(talk: Conversation) -> None:
    talk.later(hours=1)
    talk.ticks()
    assert talk.by_itself() == []
    talk.answers()
    talk.later(60)
    talk.ticks()
    assert talk.by_itself() == [], "the nurse has only just written"


def test_their_text_ends_the_silence_and_the_next_one_is_another(talk: Conversation) -> None:
    talk.answers()
    talk.later(600)
    talk.ticks()
    talk.writes("sorry, my mum came in")
    assert not talk.asks()
    with pytest.raises(silence.NotSilent):
        talk.chooses("wait")
    talk.later(1)
    talk.answers()
    talk.later(600)
    talk.ticks()
    assert len(talk.by_itself()) == 2


def test_a_check_on_its_way_is_dropped_when_they_write(talk: Conversation) -> None:
    talk.answers()
    talk.later(600)
    talk.ticks()
    with talk.database.reading() as db:
        row = db.scalars(select(Message).where(Message.staff_id.is_(None), Message.direction == "out")).one()
        assert silence.still_silent(db, row)
    talk.later(1)
    talk.writes()
    with talk.database.reading() as db:
        assert not silence.still_silent(db, db.get_one(Message, row.id))


@pytest.mark.parametrize("why", ["opted out", "our text failed"])
def test_who_cannot_be_texted_is_not_and_the_nurse_is_asked_all_the_same(talk: Conversation, why: str) -> None:
    talk.answers(state="failed" if why == "our text failed" else "delivered")
    if why == "opted out":
        with talk.database.transaction() as db:
            db.get_one(Contact, talk.person.id).opted_out = True
    talk.later(600)
    talk.ticks()
    assert talk.by_itself() == []
    assert talk.asks()


def test_waiting_on_asks_her_again_after_another_while(talk: Conversation) -> None:
    talk.answers()
    talk.later(600)
    talk.ticks()
    talk.chooses("wait")
    talk.chooses("wait")
    assert not talk.asks()
    talk.later(599)
    talk.ticks()
    assert not talk.asks()
    talk.later(1)
    talk.ticks()
    assert talk.asks()
    assert len(talk.by_itself()) == 1
    assert talk.history(talk.person).count("silence_waits") == 1
    assert "silent_still" in talk.history(talk.person)


def test_ringing_them_is_owed_once_and_still_owed_when_the_conversation_is_finished(talk: Conversation) -> None:
    talk.answers()
    talk.later(600)
    talk.ticks()
    talk.chooses("ring")
    talk.chooses("ring")
    [owed] = talk.owed(talk.person)
    assert (owed.kind, owed.what, owed.reachable) == ("call_back", silence.RING, True)
    talk.finishes(talk.person, talk.ana)
    assert [one.id for one in talk.owed(talk.person)] == [owed.id]


def test_whoever_talks_with_the_nurse_is_not_asked_whether_they_are_there(talk: Conversation) -> None:
    talk.says_danger()
    talk.answers("I ring you now.")
    with talk.database.transaction() as db:
        row = db.get_one(Contact, talk.person.id)
        leg = text_calls.ask(db, row, db.get_one(Staff, talk.ana.id), now=talk.now)
        leg.state = "answered"
        text_calls.person_rung(db, leg, now=talk.now)
        assert text_calls.person_came(db, leg, now=talk.now)
    talk.later(minutes=20)
    talk.ticks()
    assert (talk.by_itself(), talk.told()) == ([], [])
    with talk.database.transaction() as db:
        talked = db.get_one(Leg, leg.id)
        talked.state, talked.ended_at = "ended", talk.now
    talk.later(299)
    talk.ticks()
    assert (talk.by_itself(), talk.told()) == ([], []), "the silence begins with the end of the call"
    talk.later(1)
    talk.ticks()
    assert talk.told() == ["silent_in_danger"]


def test_whoever_rings_us_is_not_asked_whether_they_are_there(talk: Conversation) -> None:
    talk.answers()
    talk.later(590)
    talk.caller(number=talk.contact(talk.person).number)
    talk.later(20)
    talk.ticks()
    assert talk.by_itself() == []


def test_only_the_nurse_who_has_them_decides(talk: Conversation) -> None:
    talk.answers()
    talk.later(600)
    talk.ticks()
    talk.ana = talk.nurse()
    with pytest.raises(queue.NotTheirs):
        talk.chooses("wait")


def test_silence_after_danger_is_told_to_a_second_person_after_five_minutes(talk: Conversation) -> None:
    talk.says_danger()
    talk.answers()
    talk.later(299)
    talk.ticks()
    assert (talk.told(), talk.asks()) == ([], False)
    talk.later(1)
    talk.answers("Are you safe?")
    talk.ticks()
    talk.ticks()
    assert talk.told() == ["silent_in_danger"], "writing to them again does not put it off"
    assert talk.asks()
    assert talk.by_itself() == []
    assert len(talk.texts_to(talk.supervisor.phone)) == 1
    talk.later(600)
    talk.ticks()
    assert len(talk.by_itself()) == 1


def test_silence_after_danger_does_not_end_before_an_outcome_says_what_was_done(talk: Conversation) -> None:
    talk.records(notes="Before they fell silent, in another conversation")
    talk.later(1)
    with talk.database.transaction() as db:
        queue.held_by(db, talk.person.id, talk.ana).connected_at = talk.now
    talk.says_danger()
    talk.answers()
    talk.later(300)
    with pytest.raises(silence.CannotEnd, match="what was done"):
        talk.finishes(talk.person, talk.ana)
    talk.records()
    with pytest.raises(silence.CannotEnd):
        talk.finishes(talk.person, talk.ana)
    assert talk.entry(talk.person).state == "connected"
    talk.later(1)
    talk.records(next_steps="Police asked to look for them at home, 14:20")
    talk.finishes(talk.person, talk.ana)
    assert talk.entry(talk.person).state == "finished"


def test_danger_that_was_answered_ends_as_any_other(talk: Conversation) -> None:
    talk.says_danger()
    talk.answers()
    talk.later(100)
    talk.writes("my sister is here now")
    talk.later(400)
    talk.finishes(talk.person, talk.ana)


def test_who_was_given_back_and_taken_again_is_not_asked_at_once(talk: Conversation) -> None:
    talk.answers()
    with talk.database.transaction() as db:
        bridge.give_back(db, db.get_one(Contact, talk.person.id), talk.ana, now=talk.now)
    talk.later(900)
    bea = talk.nurse()
    talk.together(talk.person, bea)
    talk.ticks()
    assert talk.by_itself() == []


def test_who_waits_is_told_once_an_hour_and_three_times_at_most_and_keeps_their_place(database: Database) -> None:
    talk = Conversation(database)
    arrived = talk.entry(talk.person).arrived_at
    talk.later(3599)
    talk.ticks()
    assert talk.by_itself() == []
    talk.later(1)
    for hour in range(1, 7):
        talk.ticks()
        talk.ticks()
        assert len(talk.by_itself()) == min(hour, silence.TOLD_AT_MOST)
        talk.later(hours=1, seconds=1)
    assert "still have your place" in talk.by_itself()[0]
    entry = talk.entry(talk.person)
    assert (entry.state, entry.arrived_at) == ("waiting", arrived)


def test_who_waits_and_writes_is_not_told_for_another_hour(database: Database) -> None:
    talk = Conversation(database)
    talk.later(minutes=50)
    talk.writes("are you there")
    talk.later(minutes=20)
    talk.ticks()
    assert talk.by_itself() == []


def test_who_rang_before_and_has_written_nothing_yet_is_told_no_more_often(database: Database) -> None:
    talk = Conversation(database)
    talk.person = talk.begins(number="+447700900455")
    call = talk.caller(number="+447700900455")
    talk.hangs_up(call)
    with talk.database.reading() as db:
        [talk.person] = [
            one for one in db.scalars(select(Contact).where(Contact.channel == "text", Contact.ended_at.is_(None)))
            if one.number == "+447700900455"
        ]  # fmt: skip
    for _hour in range(6):
        talk.later(hours=1, seconds=1)
        talk.ticks()
    assert len(talk.by_itself()) == silence.TOLD_AT_MOST


def moved_to_text(talk: Conversation) -> None:
    """They rang, spoke with her, were texted something meanwhile, and went on by text."""
    talk.finishes(talk.person, talk.ana)
    talk.person = talk.caller(danger=True)
    with talk.database.transaction() as db:
        db.get_one(Presence, talk.ana.id).state = "ready"
        db.get_one(Contact, talk.person.id).text_consent = True
    talk.together(talk.person, talk.ana)
    talk.answers("The address is in this text")
    talk.later(minutes=30)
    with talk.database.transaction() as db:
        bridge.go_on_by_text(db, db.get_one(Contact, talk.person.id), talk.ana, now=talk.now)


def test_who_went_on_by_text_from_a_call_and_writes_nothing_is_asked_and_somebody_told(talk: Conversation) -> None:
    moved_to_text(talk)
    before = len(talk.by_itself())
    talk.ticks()
    assert talk.told() == [], "they spoke until now"
    talk.later(5)
    talk.answers()
    talk.later(300)
    talk.ticks()
    assert talk.told() == ["silent_in_danger"]
    assert not talk.by_itself()[before:]
    talk.later(300)
    talk.ticks()
    talk.ticks()
    assert len(talk.by_itself()[before:]) == 1
    assert talk.asks()
    with pytest.raises(silence.CannotEnd):
        talk.finishes(talk.person, talk.ana)
    talk.writes()
    assert not talk.asks()


def speaks(talk: Conversation) -> Leg:
    """She rings them from the conversation, and they are put through."""
    with talk.database.transaction() as db:
        leg = text_calls.ask(db, db.get_one(Contact, talk.person.id), talk.ana, now=talk.now)
        leg.carrier_id = factories.carrier_id()
        text_calls.person_rung(db, leg, now=talk.now)
        assert text_calls.person_came(db, leg, now=talk.now)
        return leg


def test_whoever_she_speaks_with_by_telephone_is_not_silent(talk: Conversation) -> None:
    talk.says_danger()
    talk.answers("May I ring you?")
    leg = speaks(talk)
    talk.later(900)
    talk.ticks()
    assert (talk.by_itself(), talk.told()) == ([], [])
    talk.leg_ends(leg)
    talk.later(299)
    talk.ticks()
    assert (talk.by_itself(), talk.told()) == ([], [])
    talk.later(301)
    talk.ticks()
    assert (len(talk.by_itself()), talk.told()) == (1, ["silent_in_danger"])


def test_a_page_that_is_gone_takes_nobody_from_her_with_whom_she_speaks(talk: Conversation) -> None:
    leg = speaks(talk)
    with talk.database.transaction() as db:
        presence.page_seen(db, talk.ana.id, now=talk.now)
    talk.later(presence.PAGE_GONE_S + 1)
    for over in (False, True):
        if over:
            talk.leg_ends(leg)
        with talk.database.transaction() as db:
            bridge.pages_gone(db, talk.rules, now=talk.now)
        assert talk.entry(talk.person).state == ("waiting" if over else "connected")


def test_a_clock_put_back_does_not_tell_who_waits_each_second(database: Database) -> None:
    talk = Conversation(database)
    talk.later(hours=2)
    talk.ticks()
    talk.later(hours=-1)
    for _ in range(3):
        talk.ticks()
    assert len(talk.by_itself()) == 1


def test_two_clocks_at_once_check_once(talk: Conversation) -> None:
    talk.answers()
    talk.later(600)
    at_once = threading.Barrier(4)
    now = talk.now

    def tick() -> None:
        at_once.wait()
        with talk.database.transaction() as db:
            silence.step(db, talk.person.id, talk.rules, now=now)

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(talk.by_itself()) == 1
    with talk.database.reading() as db:
        assert len(db.scalars(select(Silence)).all()) == 1


def test_calls_are_never_silent_in_this_way(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.together(caller, nurse)
    scene.later(hours=1)
    with scene.database.reading() as db:
        assert silence.due(db, scene.rules, utcnow()) == []

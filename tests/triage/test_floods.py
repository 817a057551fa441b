"""Floods of first texts: merged and looked at by a person, and nobody who is there is held up."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.triage.scene import Scene, entry_of
from tests.triage.test_claims import at_once
from triage import floods, queue, rules, texts, watchdog
from triage.contacts import NotFound
from triage.models import Contact, Locality, QueueEntry, Staff
from triage.texting_models import TextFlood

SENTENCE = "Congratulations, your parcel is waiting at the depot."
LEAST = 8  # of each kind, in most of these tests; the real numbers have one of their own


class Night(Scene):
    """A scene whose people text as the line receives them. Numbers are `+447700900` and three digits."""

    def text(self, last: int, body: str = SENTENCE, *, own: bool = False, line: str = factories.DIRECT) -> bool:
        """A text comes; whether the line may answer it by itself."""
        self.later(1)
        contact = factories.make_contact(
            self.database, channel="text", number=f"+447700900{last:03}", line=line, now=self.now
        )
        with self.database.transaction() as db:
            row = db.scalars(select(Contact).where(Contact.id == contact.id).with_for_update()).one()
            message = texts.received(db, row, factories.carrier_id("SM"), body, now=self.now)
            assert message is not None
            if floods.takes(db, row, message, own=own, now=self.now):
                return False
            queue.join(db, row, rules.current(db).rules, now=self.now)
            return True

    def in_a_row(self, count: int, first: int = 100) -> None:
        for each in range(count):
            self.text(first + each, f"Message number {each} with words of its own")

    def same_words(self, count: int) -> None:
        for each in range(count):
            self.text(100 + each, SENTENCE)

    def clock(self) -> None:
        with self.database.transaction() as db:
            floods.keep_in_the_queue(db, rules.current(db).rules, now=self.now)

    def who(self, last: int) -> Contact:
        with self.database.reading() as db:
            rows = db.scalars(select(Contact).order_by(Contact.started_at.desc())).all()
            return next(row for row in rows if row.number == f"+447700900{last:03}")

    def state(self, last: int) -> str:
        return self.entry(self.who(last)).state

    def flood(self) -> floods.Shown:
        with self.database.reading() as db:
            [one] = [*floods.undecided(db), *floods.decided(db)]
            return one

    def count(self) -> int:
        with self.database.reading() as db:
            return len(db.scalars(select(TextFlood.id)).all())

    def in_queue(self) -> list[str]:
        with self.database.reading() as db:
            return [(entry.contact.number or "")[-3:] for entry in queue.waiting(db)]

    def decides(self, decision: str, staff: Staff) -> None:
        flood_id = self.flood().flood.id
        with self.database.transaction() as db:
            floods.decide(db, flood_id, decision, db.get_one(Staff, staff.id), now=self.now)


@pytest.fixture
def real_numbers() -> dict[str, int]:
    return dict(floods.LEAST)


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on LEAST are a flood, of each kind."""
    for kind in floods.LEAST:
        monkeypatch.setitem(floods.LEAST, kind, LEAST)


@pytest.fixture
def night(real_numbers: dict[str, int], database, monkeypatch: pytest.MonkeyPatch) -> Night:
    small(monkeypatch)
    return Night(database)


# --- what is a flood ----------------------------------------------------------------------------------------------------


def test_first_texts_from_numbers_in_a_row_are_merged_into_the_place_of_the_first(night: Night) -> None:
    night.in_a_row(LEAST - 1)
    assert night.count() == 0
    assert len(night.in_queue()) == LEAST - 1
    assert not night.text(150, "And one more of them"), "not answered"
    assert not night.text(199)
    assert night.in_queue() == ["100"], "the first stands for all of them, at its place"
    assert floods.STANDS in night.entry(night.who(100)).reasons
    assert night.flood().words == f"{LEAST + 1} first texts from numbers in a row"
    assert night.state(150) == "merged"
    with night.database.reading() as db:
        shown = night.flood()
        kept = floods.first_words(db, shown.contacts)
        assert len(kept) == len(shown.contacts), "every text is kept"


def test_the_same_words_from_numbers_in_a_row_are_merged(night: Night) -> None:
    night.same_words(LEAST)
    assert night.in_queue() == ["100"]
    assert night.flood().words == f"{LEAST} first texts from numbers in a row with the same words"
    assert not night.text(150, "CONGRATULATIONS! Your parcel is waiting, at the depot")


def test_the_real_numbers_of_a_flood(night: Night, real_numbers: dict[str, int]) -> None:
    floods.LEAST.update(real_numbers)
    night.same_words(24)
    assert (night.count(), len(night.in_queue())) == (0, 24)
    night.text(124)
    assert night.in_queue() == ["100"]
    assert night.text(150, "I live next to them, and I cannot sleep"), "a neighbour's words are their own"
    night.later(hours=1)
    for each in range(49):
        night.text(400 + each, f"Message number {each} with words of its own")
    assert night.count() == 1
    night.text(470, "And one more of them")
    assert night.count() == 2


@pytest.mark.parametrize("body", ["hello", "help me please", "I saw your poster and I need to talk to somebody"])
def test_what_people_say_first_is_no_flood_however_many_say_it(night: Night, body: str) -> None:
    for each in range(9):
        assert night.text(each * 101, body)
    assert night.count() == 0


def test_numbers_further_apart_or_over_a_longer_time_are_no_flood(night: Night) -> None:
    for each in range(9):
        assert night.text(each * 101, f"Message {each}")
    night.later(hours=1)
    for each in range(LEAST + 2):
        night.later(minutes=2)
        assert night.text(500 + each, f"Later message {each}")
    assert night.count() == 0


def test_a_window_of_a_hundred_numbers_across_a_round_number(night: Night) -> None:
    for each in range(LEAST):
        night.text(396 + each, f"Message {each}")
    assert night.count() == 1


def test_seven_here_and_seven_two_hundred_further_are_no_flood(night: Night) -> None:
    night.in_a_row(LEAST - 1, 100)
    night.in_a_row(LEAST - 1, 250)
    assert night.count() == 0


def test_many_texts_of_one_number_are_no_flood(night: Night) -> None:
    for each in range(12):
        assert night.text(100, f"I cannot sleep {each}")
    assert night.count() == 0


# --- nobody who is there is held up -------------------------------------------------------------------------------------


def test_somebody_with_words_of_their_own_is_answered_and_waits_while_a_flood_goes_on(night: Night) -> None:
    night.same_words(LEAST + 4)
    assert night.text(555, "I do not want to be here any more, are you there")
    assert night.in_queue() == ["100", "555"]


def test_who_says_danger_or_a_keyword_first_is_never_merged(night: Night) -> None:
    night.in_a_row(LEAST + 2)
    assert night.text(160, own=True)
    assert night.state(160) == "waiting"


def test_who_is_ahead_of_the_order_for_another_reason_is_never_merged(night: Night) -> None:
    night.in_a_row(LEAST)
    professional = night.text(161, line=factories.PROFESSIONAL_LINE)
    assert professional
    assert night.state(161) == "waiting"


def test_who_wrote_to_us_before_is_never_merged(night: Night) -> None:
    nurse = night.nurse()
    night.text(170, "It is me")
    night.together(night.who(170), nurse)
    night.finishes(night.who(170), nurse)
    night.later(hours=5)
    night.in_a_row(LEAST + 2)
    assert night.text(170, "It is me again")
    assert night.state(170) == "waiting"


def test_other_words_take_somebody_out_at_once_to_wait_since_they_first_wrote(night: Night) -> None:
    night.in_a_row(LEAST + 3)
    before = night.entry(night.who(105)).arrived_at
    night.later(minutes=3)
    assert night.text(105, "please, is anybody there")
    entry = night.entry(night.who(105))
    assert (entry.state, entry.arrived_at) == ("waiting", before)
    assert night.who(105).flood_id is None
    assert "left_flood" in night.history(night.who(105))
    assert night.in_queue() == ["100", "105"]


def test_the_very_same_words_again_change_nothing(night: Night) -> None:
    night.same_words(LEAST + 1)
    assert not night.text(101, SENTENCE.upper())
    assert night.state(101) == "merged"


def test_danger_or_a_keyword_in_the_same_words_takes_them_out_too(night: Night) -> None:
    night.same_words(LEAST + 1)
    assert night.text(101, own=True)
    assert night.state(101) == "waiting"


def test_when_the_first_turns_out_to_be_a_person_the_next_stands_for_the_rest(night: Night) -> None:
    night.in_a_row(LEAST + 1)
    night.text(100, "Sorry, I am scared")
    assert night.in_queue() == ["100", "101"]
    assert floods.STANDS not in night.entry(night.who(100)).reasons
    assert floods.STANDS in night.entry(night.who(101)).reasons


def test_a_nurse_who_finished_the_first_leaves_the_next_to_stand(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST + 1)
    night.together(night.who(100), nurse)
    night.clock()
    assert night.in_queue() == [], "she has the one that stands"
    night.finishes(night.who(100), nurse)
    night.clock()
    night.clock()
    assert night.in_queue() == ["101"]


def test_whoever_a_nurse_has_stays_with_her(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST - 1)
    night.together(night.who(100), nurse)
    night.text(190)
    assert night.state(100) == "connected"
    night.decides(floods.NOT_PEOPLE, nurse)
    assert night.state(100) == "connected"


def test_nobody_stays_merged_in_what_is_no_open_flood(night: Night) -> None:
    night.in_a_row(LEAST + 1)
    with night.database.transaction() as db:
        db.get_one(Contact, night.who(104).id).flood_id = None
    night.clock()
    assert night.state(104) == "waiting"


@pytest.mark.parametrize(("first", "then"), [("\U0001f622", "\U0001f62d"), ("", "")])
def test_another_face_or_picture_is_something_else(night: Night, first: str, then: str) -> None:
    night.in_a_row(LEAST)
    assert not night.text(150, first)
    with night.database.transaction() as db:
        row = db.get_one(Contact, night.who(150).id)
        message = texts.received(db, row, factories.carrier_id("SM"), then, now=night.now)
        assert message is not None
        assert not floods.takes(db, row, message, own=False, now=night.now)
    assert night.state(150) == "waiting"


def test_whoever_is_merged_and_rings_is_a_person_and_their_text_goes_on_as_their_call(night: Night) -> None:
    night.in_a_row(LEAST + 2)
    text = night.who(105)
    call = night.caller(number="+447700900105")
    assert night.entry(text).state == "finished"
    assert night.contact(text).went_on_as == call.id
    assert night.entry(call).reasons == [queue.TEXTED_FIRST]
    assert night.entry(call).arrived_at == text.started_at
    assert night.in_queue() == ["100", "105"], "one person is one wait"
    night.decides(floods.PEOPLE, night.nurse())
    assert night.texts_to("+447700900105") == [], "they are on the line: no text says that a nurse will answer here"
    assert sorted(night.in_queue()) == [str(last) for last in range(100, 110)]


def test_who_stands_for_a_flood_and_rings_takes_no_other_persons_reason_along(night: Night) -> None:
    night.in_a_row(LEAST + 1)
    call = night.caller(number="+447700900100")
    assert night.entry(call).reasons == [queue.TEXTED_FIRST]
    night.clock()
    assert night.in_queue() == ["100", "101"], "the next stands for the rest"
    assert floods.STANDS in night.entry(night.who(101)).reasons


def test_whom_a_nurse_had_is_a_person_even_with_the_same_words_again(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST + 1)
    first = night.who(100)
    night.together(first, nurse)
    night.finishes(first, nurse)
    with night.database.transaction() as db:
        row = db.get_one(Contact, first.id)
        message = texts.received(
            db, row, factories.carrier_id("SM"), "Message number 0 with words of its own", now=night.now
        )
        assert message is not None
        assert not floods.takes(db, row, message, own=False, now=night.now), "a nurse reads what they write now"
        assert row.flood_id is None


def test_people_are_told_who_this_is_in_their_language(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST + 1)
    with night.database.transaction() as db:
        db.get_one(Contact, night.who(108).id).language = "cy"
    night.decides(floods.PEOPLE, nurse)
    [answer] = night.texts_to("+447700900108")
    assert answer.body.startswith("Dyma ")


# --- people decide ------------------------------------------------------------------------------------------------------


def test_people_get_places_of_their_own_since_they_first_wrote_and_the_answer_they_were_not_given(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST + 2)
    arrived = {last: night.who(last).started_at for last in range(100, 110)}
    night.later(minutes=4)
    night.decides(floods.PEOPLE, nurse)
    assert night.in_queue() == [str(last) for last in range(100, 110)]
    assert {last: night.entry(night.who(last)).arrived_at for last in arrived} == arrived
    [answer] = night.texts_to("+447700900109")
    assert "Test Crisis Line" in answer.body
    assert floods.STANDS not in night.entry(night.who(100)).reasons
    night.clock()
    assert len(night.in_queue()) == 10


@pytest.mark.parametrize("last", [100, 104])
def test_whoever_rings_is_somebody_and_their_text_goes_with_the_call(night: Night, last: int) -> None:
    night.in_a_row(LEAST)
    arrived = night.entry(night.who(last)).arrived_at
    night.later(minutes=2)
    text = night.who(last)
    call = night.caller(number=text.number)
    entry = night.entry(call)
    assert (entry.arrived_at, entry.reasons) == (arrived, [queue.TEXTED_FIRST])
    assert night.contact(text).went_on_as == call.id
    assert [one.id for one in night.flood().contacts].count(text.id) == 0
    night.clock()
    assert len(night.in_queue()) == 2, "the call, and one who stands for the others"
    night.decides(floods.PEOPLE, night.nurse())
    assert night.texts_to(text.number) == []


def test_people_are_answered_in_the_language_of_their_line(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST)
    with night.database.transaction() as db:
        db.get_one(Contact, night.who(107).id).language = "cy"
    night.decides(floods.PEOPLE, nurse)
    [answer] = night.texts_to("+447700900107")
    assert answer.body.startswith("Dyma Test Crisis Line.")


def test_what_is_nobodys_is_closed_with_the_reason_and_may_be_taken_back(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST + 2)
    night.decides(floods.NOT_PEOPLE, nurse)
    assert night.in_queue() == []
    entry = night.entry(night.who(104))
    assert (entry.state, entry.ended_how) == ("dismissed", "not_people")
    assert night.who(104).ended_at == night.now
    assert night.texts_to("+447700900104") == []
    night.later(minutes=1)
    night.decides(floods.PEOPLE, nurse)
    entry = night.entry(night.who(104))
    assert (entry.state, entry.ended_how, night.who(104).ended_at) == ("waiting", None, None)
    assert len(night.in_queue()) == 10


def test_said_again_it_changes_nothing(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST)
    night.decides(floods.PEOPLE, nurse)
    before = night.jobs("send_text")
    night.later(minutes=1)
    night.decides(floods.PEOPLE, nurse)
    assert len(night.jobs("send_text")) == len(before)
    assert night.flood().flood.decided_at == night.now - timedelta(minutes=1)


def test_more_of_what_was_found_to_be_nobodys_makes_a_new_flood_for_people_to_decide(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST)
    night.decides(floods.NOT_PEOPLE, nurse)
    assert not night.text(188)
    with night.database.reading() as db:
        [new] = floods.undecided(db)
        assert [one.number for one in new.contacts] == ["+447700900188"]
    assert night.in_queue() == ["188"], "it is seen"


@pytest.mark.parametrize("own", [True, False])
def test_where_conversations_are_gone_on_with_a_closed_one_is_not(night: Night, *, own: bool) -> None:
    with night.database.transaction() as db:
        for place in db.scalars(select(Locality)):
            place.text_window_hours = 48
    for each in range(LEAST):
        night.text(100 + each, line=factories.ISLAND_LINE)
    closed = night.who(101)
    night.decides(floods.NOT_PEOPLE, night.nurse())
    assert night.text(101, "That was not me" if own else SENTENCE, line=factories.ISLAND_LINE) is own
    assert night.who(101).id != closed.id
    assert night.state(101) == "waiting", "somebody sees it"
    assert (night.who(101).flood_id is None) is own, "the same words again are a flood again"


def test_a_number_that_was_closed_and_writes_other_words_is_a_person(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST)
    night.decides(floods.NOT_PEOPLE, nurse)
    assert night.text(103, "That was not me, I need somebody")
    assert night.state(103) == "waiting"


def test_who_wrote_as_themselves_after_they_were_found_to_be_people_is_not_closed_with_the_rest(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST)
    night.decides(floods.PEOPLE, nurse)
    assert night.text(103, "Thank you. I am on the bridge and I cannot sleep")
    night.decides(floods.NOT_PEOPLE, nurse)
    assert night.in_queue() == ["103"]


def test_those_found_to_be_people_count_for_no_further_flood(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST)
    night.decides(floods.PEOPLE, nurse)
    assert night.text(188)


def test_only_a_flood_that_is_there_is_decided_and_only_one_way_or_the_other(night: Night) -> None:
    nurse = night.nurse()
    night.in_a_row(LEAST)
    with pytest.raises(floods.BadDecision):
        night.decides("maybe", nurse)
    with night.database.transaction() as db, pytest.raises(NotFound):
        floods.decide(db, "f" * 32, floods.PEOPLE, db.get_one(Staff, nurse.id), now=night.now)


def test_nothing_expires_and_after_ten_minutes_people_are_told(night: Night) -> None:
    night.in_a_row(LEAST)
    with night.database.reading() as db:
        assert watchdog.flood_undecided(db, night.now) == []
        [found] = watchdog.flood_undecided(db, night.now + floods.UNDECIDED_FOR)
    assert found.people == LEAST, "somebody is rung"
    assert "wait to be looked at" in found.words
    night.later(hours=20)
    night.clock()
    assert night.in_queue() == ["100"]
    night.decides(floods.PEOPLE, night.nurse())
    with night.database.reading() as db:
        assert watchdog.flood_undecided(db, night.now) == []


def test_texts_at_once_make_one_flood_and_nobody_waits_for_another_or_is_lost(night: Night) -> None:
    night.in_a_row(LEAST - 1)
    made = [
        factories.make_contact(night.database, channel="text", number=f"+447700900{last}", now=night.now)
        for last in range(180, 186)
    ]

    def comes(contact: Contact):
        def text() -> None:
            with night.database.transaction() as db:
                row = db.scalars(select(Contact).where(Contact.id == contact.id).with_for_update()).one()
                message = texts.received(db, row, factories.carrier_id("SM"), SENTENCE, now=night.now)
                assert message is not None
                if not floods.takes(db, row, message, own=False, now=night.now):
                    queue.join(db, row, rules.current(db).rules, now=night.now)

        return text

    assert at_once(*(comes(contact) for contact in made)) == [None] * len(made)
    assert night.count() == 1
    with night.database.reading() as db:
        states = {entry_of(db, contact).state for contact in made}
        assert "merged" in states
        assert states <= {"merged", "waiting"}, "who came while the flood was being found has a place of their own"
        assert len(db.scalars(select(QueueEntry.id)).all()) == LEAST - 1 + len(made), "nobody is lost"
    assert night.in_queue()[0] == "100"
    assert not night.text(187), "and the next one is merged"

"""A nurse with several text conversations, and one that she hands to a colleague."""

from typing import Any

import pytest

from tests.triage.scene import Scene, entry_of
from tests.triage.test_claims import at_once
from triage import bridge, handing, presence, queue
from triage.models import Contact, History, QueueEntry, Staff

NOTE = "Lives alone, has not eaten today, likes short texts."


class Desk(Scene):
    def texter(self, **over: Any) -> Contact:
        self.later(1)
        return super().texter(**over)

    def texts_at_once(self, nurse: Staff, number: int) -> None:
        with self.database.transaction() as db:
            presence.set_texts_at_once(db, db.get_one(Staff, nurse.id), number, now=self.now)

    def takes_more(self, nurse: Staff, beyond: int) -> QueueEntry | None:
        with self.database.transaction() as db:
            return bridge.take_next(db, db.get_one(Staff, nurse.id), self.rules, now=self.now, beyond=beyond)

    def has(self, nurse: Staff) -> list[str]:
        with self.database.reading() as db:
            return [entry.contact_id for entry in presence.all_held(db, nurse.id)]

    def finishes(self, contact: Contact, nurse: Staff) -> None:
        with self.database.transaction() as db:
            bridge.finish(db, db.get_one(Contact, contact.id), db.get_one(Staff, nurse.id), now=self.now)

    def asks(self, contact: Contact, nurse: Staff, colleague: Staff, note: str = NOTE) -> None:
        with self.database.transaction() as db:
            one, other = db.get_one(Staff, nurse.id), db.get_one(Staff, colleague.id)
            handing.ask(db, db.get_one(Contact, contact.id), one, other, note, now=self.now)

    def stops(self, contact: Contact, nurse: Staff) -> None:
        with self.database.transaction() as db:
            handing.stop(db, db.get_one(Contact, contact.id), db.get_one(Staff, nurse.id), now=self.now)

    def takes_over(self, contact: Contact, nurse: Staff) -> QueueEntry:
        with self.database.transaction() as db:
            return handing.take(db, db.get_one(Contact, contact.id), db.get_one(Staff, nurse.id), now=self.now)


@pytest.fixture
def desk(database) -> Desk:
    return Desk(database)


def test_without_a_word_of_hers_a_nurse_has_one_conversation(desk: Desk) -> None:
    nurse = desk.nurse()
    first, _second = desk.texter(), desk.texter()
    for beyond in (0, 0, 1, 2):
        assert desk.takes_more(nurse, beyond).contact_id == first.id
    assert desk.has(nurse) == [first.id]


def test_a_nurse_has_as_many_conversations_as_she_set_in_order_of_need_and_no_more(desk: Desk) -> None:
    nurse = desk.nurse()
    desk.texts_at_once(nurse, 3)
    first, second = desk.texter(), desk.texter()
    urgent, last = desk.texter(danger=True), desk.texter()
    taken = [desk.takes_more(nurse, beyond).contact_id for beyond in range(4)]
    assert taken == [urgent.id, first.id, second.id, urgent.id]
    assert last.id not in desk.has(nurse)
    assert desk.presence(nurse).state == "on_contact"


def test_asking_for_one_more_twice_takes_one(desk: Desk) -> None:
    nurse = desk.nurse()
    desk.texts_at_once(nurse, 4)
    for _ in range(4):
        desk.texter()
    desk.takes(nurse)
    taken = at_once(*(lambda: desk.takes_more(nurse, 1) for _ in range(6)))
    assert not [error for error in taken if isinstance(error, Exception)]
    assert len({entry.id for entry in taken}) == 1
    assert len(desk.has(nurse)) == 2


def test_while_she_texts_she_is_given_no_call_and_while_she_calls_no_text(desk: Desk) -> None:
    nurse, other = desk.nurse(), desk.nurse()
    for one in (nurse, other):
        desk.texts_at_once(one, 3)
    text = desk.texter()
    desk.takes(nurse)
    call = desk.caller(danger=True)
    assert desk.takes_more(nurse, 1) is None
    assert desk.takes(other).contact_id == call.id
    desk.texter()
    assert desk.takes_more(other, 1).contact_id == call.id
    assert desk.has(nurse) == [text.id]


def test_a_call_about_danger_that_she_answers_while_she_texts_goes_to_somebody_else(desk: Desk) -> None:
    nurse = desk.nurse()
    caller = desk.caller(danger=True)
    with desk.database.transaction() as db:
        bridge.alert_all_ready(db, desk.rules, now=desk.now)
    leg = desk.leg(caller, nurse)
    text = desk.texter(danger=True)
    with desk.database.transaction() as db:
        assert queue.claim(db, entry_of(db, text).id, db.get_one(Staff, nurse.id), desk.rules, now=desk.now)
    with pytest.raises(bridge.Taken):
        desk.accepts(leg)
    assert desk.has(nurse) == [text.id]


def test_finishing_one_of_several_leaves_her_with_the_others(desk: Desk) -> None:
    nurse = desk.nurse()
    desk.texts_at_once(nurse, 2)
    first, second = desk.texter(), desk.texter()
    desk.takes(nurse)
    desk.takes_more(nurse, 1)
    desk.finishes(first, nurse)
    assert (desk.has(nurse), desk.presence(nurse).state) == ([second.id], "on_contact")
    third = desk.texter()
    assert desk.takes_more(nurse, 1).contact_id == third.id
    desk.finishes(second, nurse)
    desk.finishes(third, nurse)
    assert desk.presence(nurse).state == "wrapping_up"


def test_when_her_page_is_gone_all_of_them_go_back_to_their_places(desk: Desk) -> None:
    nurse = desk.nurse()
    desk.texts_at_once(nurse, 2)
    people = [desk.texter(), desk.texter()]
    desk.takes(nurse)
    desk.takes_more(nurse, 1)
    with desk.database.transaction() as db:
        presence.page_seen(db, nurse.id, now=desk.now)
    desk.later(presence.PAGE_GONE_S + 1)
    with desk.database.transaction() as db:
        assert bridge.pages_gone(db, desk.rules, now=desk.now) == 1
        assert [entry_of(db, one).state for one in people] == ["waiting", "waiting"]
    assert desk.presence(nurse).state == "break"


@pytest.mark.parametrize("number", [0, 7, -1])
def test_a_number_nobody_can_follow_is_refused(desk: Desk, number: int) -> None:
    nurse = desk.nurse()
    with pytest.raises(presence.CannotBe, match="from 1 to 6"):
        desk.texts_at_once(nurse, number)


# --- handing over -----------------------------------------------------------------------------------------------------


def test_a_conversation_is_with_her_until_the_colleague_takes_it_with_the_note(desk: Desk) -> None:
    ana, bola = desk.nurse(), desk.nurse()
    texter = desk.texter()
    desk.takes(ana)
    desk.asks(texter, ana, bola)
    assert (desk.has(ana), desk.has(bola)) == ([texter.id], [])
    entry = desk.takes_over(texter, bola)
    assert (desk.has(ana), desk.has(bola)) == ([], [texter.id])
    assert (entry.hand_note, entry.hand_from_id, entry.state) == (NOTE, ana.id, "connected")
    assert (desk.presence(ana).state, desk.presence(bola).state) == ("wrapping_up", "on_contact")
    assert desk.takes_over(texter, bola).token == entry.token, "pressed again it is the same"
    with pytest.raises(queue.NotTheirs):
        desk.finishes(texter, ana)


def test_who_rings_is_said_to_text_with_whoever_has_the_conversation_now(desk: Desk) -> None:
    ana, bea = desk.nurse(name="Ana"), desk.nurse(name="Bea")
    person = desk.texter(number="+447700900455")
    desk.takes(ana)
    call = desk.caller(number="+447700900455")
    assert desk.entry(call).reasons == ["Is texting with Ana"]
    desk.asks(person, ana, bea)
    desk.takes_over(person, bea)
    assert desk.entry(call).reasons == ["Is texting with Bea"]


def test_the_note_is_not_readable_in_the_database(desk: Desk) -> None:
    ana, bola = desk.nurse(), desk.nurse()
    texter = desk.texter()
    desk.takes(ana)
    desk.asks(texter, ana, bola)
    with desk.database.reading() as db:
        assert "eaten" not in (entry_of(db, texter).hand_note_sealed or "")
        assert all("eaten" not in str(row.detail) for row in db.query(History))


@pytest.mark.parametrize("who", ["ana", "bola"])
def test_either_of_them_can_say_not_now_and_nothing_has_changed_for_the_person(desk: Desk, who: str) -> None:
    nurses = {"ana": desk.nurse(), "bola": desk.nurse()}
    texter = desk.texter()
    desk.takes(nurses["ana"])
    desk.asks(texter, nurses["ana"], nurses["bola"])
    desk.stops(texter, nurses[who])
    desk.stops(texter, nurses["ana"])
    with pytest.raises(queue.NotTheirs):
        desk.takes_over(texter, nurses["bola"])
    assert desk.has(nurses["ana"]) == [texter.id]


def test_a_third_nurse_neither_takes_nor_stops_it(desk: Desk) -> None:
    ana, bola, carys = desk.nurse(), desk.nurse(), desk.nurse()
    texter = desk.texter()
    desk.takes(ana)
    desk.asks(texter, ana, bola)
    for does in (desk.takes_over, desk.stops):
        with pytest.raises(queue.NotTheirs):
            does(texter, carys)


def test_a_colleague_with_a_call_or_with_enough_conversations_keeps_what_she_has(desk: Desk) -> None:
    ana, bola, carys = desk.nurse(), desk.nurse(), desk.nurse()
    first = desk.texter()
    desk.takes(ana)
    desk.caller()
    desk.takes(bola)
    desk.texter()
    desk.takes(carys)
    for colleague in (bola, carys):
        desk.asks(first, ana, colleague)
        with pytest.raises(handing.CannotHand, match="as many as you take"):
            desk.takes_over(first, colleague)
    desk.texts_at_once(carys, 2)
    desk.takes_over(first, carys)
    assert len(desk.has(carys)) == 2


def test_to_nobody_on_shift_without_a_note_or_for_a_call_nothing_is_asked(desk: Desk) -> None:
    ana, bola = desk.nurse(), desk.nurse()
    off = desk.nurse(state="off")
    texter = desk.texter()
    desk.takes(ana)
    for colleague, note, match in (
        (off, NOTE, "not on shift"),
        (bola, "  short ", "ten letters"),
        (ana, NOTE, "yours"),
    ):
        with pytest.raises(handing.CannotHand, match=match):
            desk.asks(texter, ana, colleague, note)
    with pytest.raises(handing.CannotHand, match="1000"):
        desk.asks(texter, ana, bola, "x" * 1001)
    caller = desk.caller()
    desk.takes(bola)
    with pytest.raises(handing.CannotHand, match="text conversation"):
        desk.asks(caller, bola, ana)


def test_one_that_is_given_back_is_not_asked_of_anybody_any_more(desk: Desk) -> None:
    ana, bola = desk.nurse(), desk.nurse()
    texter = desk.texter()
    desk.takes(ana)
    desk.asks(texter, ana, bola)
    with desk.database.transaction() as db:
        bridge.give_back(db, db.get_one(Contact, texter.id), db.get_one(Staff, ana.id), now=desk.now)
    with pytest.raises(queue.NotTheirs):
        desk.takes_over(texter, bola)


def test_two_tabs_of_the_colleague_and_the_nurse_who_takes_it_back_at_once(desk: Desk) -> None:
    ana, bola = desk.nurse(), desk.nurse()
    texter = desk.texter()
    desk.takes(ana)
    desk.asks(texter, ana, bola)
    at_once(
        *(lambda: desk.takes_over(texter, bola) for _ in range(3)),
        *(lambda: desk.stops(texter, ana) for _ in range(3)),
    )
    held = [*desk.has(ana), *desk.has(bola)]
    assert held == [texter.id], "with exactly one of them"

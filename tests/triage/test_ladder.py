"""Somebody who is owed a call: rung back at their place, never closed by itself, and never after one attempt."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.triage.scene import Scene
from triage import ladder, presence, promises, queue, ringing_back, same_person, texts
from triage.ladder import NotNow, Wrong
from triage.models import Contact, Leg, Promise, QueueEntry, Staff

WHY = "Their sister is on her way to them."


class Owed(Scene):
    """A scene in which somebody rang off before a nurse had them."""

    def __init__(self, database, **over):
        super().__init__(database)
        self.ana = self.nurse(state="break")
        self.person = self.caller(**over)
        self.rang_at = self.now
        self.later(30)
        self.hangs_up(self.person)

    @property
    def promise(self) -> Promise:
        with self.database.reading() as db:
            promise = db.scalars(select(Promise).where(Promise.kind == "call_back")).one()
            assert promise.attempts is not None
            return promise

    def does(self, work, nurse: Staff | None = None, **more):
        with self.database.transaction() as db:
            staff = db.get_one(Staff, (nurse or self.ana).id)
            return work(db, promises.get(db, self.promise.id), staff=staff, now=self.now, **more)

    def tries(self, result: str = "Rang, no answer") -> None:
        with self.database.transaction() as db:
            promise = promises.get(db, self.promise.id)
            promises.attempt(db, promise, result, db.get_one(Staff, self.ana.id), now=self.now)
            ladder.tried(db, promise, now=self.now)

    def climbs(self) -> None:
        """Every attempt there is, each at its time, and nobody answers."""
        for wait in (0, 5, 10):
            self.later(minutes=wait)
            self.tries()

    def rings_back(self) -> QueueEntry:
        return self.does(lambda db, promise, staff, now: ringing_back.begin(db, promise, staff, self.rules, now=now))

    def decides(self, decision: str = "leave", words: str = WHY, **more) -> Promise:
        return self.does(lambda db, promise, staff, now, **rest: ladder.decide(db, promise, decision, words, staff,
                                                                                now=now, **rest), **more)  # fmt: skip

    def rests(self, nurse: Staff) -> None:
        with self.database.transaction() as db:
            presence.put(db, db.get_one(Staff, nurse.id), "break", "phone", now=self.now)

    def closes(self, by: Staff) -> Promise:
        return self.does(lambda db, promise, staff, now: ladder.close(db, promise, WHY, staff, now=now), nurse=by)

    def legs_of(self, entry: QueueEntry, purpose: str) -> list[Leg]:
        with self.database.reading() as db:
            return list(db.scalars(select(Leg).where(Leg.entry_id == entry.id, Leg.purpose == purpose)))


@pytest.fixture
def owed(database) -> Owed:
    return Owed(database)


def test_rung_at_once_after_five_and_after_fifteen_minutes_then_somebody_decides(owed: Owed) -> None:
    first = owed.now
    steps = []
    for wait in (0, 5, 10):
        owed.later(minutes=wait)
        assert ladder.next_step(owed.promise) == "ring"
        owed.tries()
        steps.append(owed.promise.due_at - first)
    assert steps == [timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=15)]
    assert ladder.next_step(owed.promise) == "decide"
    owed.later(hours=30)
    assert owed.promise.settled_at is None, "it never closes by itself"


@pytest.mark.parametrize("consent", [True, False])
def test_a_text_that_gives_nothing_away_goes_where_they_said_texts_are_safe(database, consent: bool) -> None:
    owed = Owed(database)
    with database.transaction() as db:
        db.get_one(Contact, owed.person.id).text_consent = consent
    owed.tries()
    owed.later(minutes=5)
    assert owed.texts_to(owed.person.number) == []
    owed.tries()
    owed.later(minutes=10)
    owed.tries()
    sent = [text.body for text in owed.texts_to(owed.person.number)]
    assert len(sent) == (1 if consent else 0)
    for body in sent:
        assert "crisis" not in body.lower()
        assert "nurse" not in body.lower()


def test_one_unanswered_call_is_never_enough_to_decide_or_close(owed: Owed) -> None:
    supervisor = owed.nurse(roles=("nurse", "supervisor"), state="off")
    owed.tries()
    with pytest.raises(NotNow, match="rung first"):
        owed.decides()
    with pytest.raises(NotNow):
        owed.closes(supervisor)


def test_a_nurse_decides_and_a_supervisor_closes(owed: Owed) -> None:
    supervisor = owed.nurse(roles=("supervisor",), state="off")
    owed.climbs()
    with pytest.raises(NotNow):
        owed.decides(nurse=supervisor)
    with pytest.raises(NotNow):
        owed.closes(supervisor)
    owed.decides("next_of_kin")
    assert ladder.next_step(owed.promise) == "close"
    with pytest.raises(NotNow):
        owed.closes(owed.ana)
    owed.closes(supervisor)
    assert ladder.next_step(owed.promise) == "none"
    assert "Closed by a supervisor" in (owed.promise.settled_how or "")
    assert "failed_contact_decided" in owed.history(owed.person)


@pytest.mark.parametrize(
    ("decision", "words", "test", "field"),
    [("police", WHY, None, "legal_test"), ("police", WHY, "because", "legal_test"), ("nap", WHY, None, "decision"),
     ("leave", "no", None, "words")],
)  # fmt: skip
def test_what_is_missing_in_a_decision_is_named(owed: Owed, decision: str, words: str, test: str | None, field: str):
    owed.climbs()
    with pytest.raises(Wrong) as wrong:
        owed.decides(decision, words, legal_test=test)
    assert wrong.value.field == field
    assert owed.decides("police", legal_test="life").legal_test == "life"


def test_a_withheld_number_is_decided_about_without_being_rung(database) -> None:
    owed = Owed(database, number=None)
    assert ladder.next_step(owed.promise) == "decide"
    with pytest.raises(NotNow, match="no number"):
        owed.rings_back()
    assert owed.decides().decision == "leave"


def test_ringing_back_rings_the_nurse_first_and_keeps_their_place(owed: Owed) -> None:
    owed.later(minutes=3)
    entry = owed.rings_back()
    assert entry.arrived_at == owed.rang_at
    assert (entry.state, entry.nurse_id, entry.call_back) == ("offered", owed.ana.id, True)
    assert owed.legs_of(entry, "call_back") == []
    [hers] = owed.legs_of(entry, "nurse")
    owed.accepts(hers)
    [theirs] = owed.legs_of(entry, "call_back")
    assert theirs.to == owed.person.number
    owed.accepts(theirs)
    assert owed.promise.settled_how == "Reached: with a nurse"


def test_not_reached_is_noted_by_itself_on_the_one_thing_that_is_owed(owed: Owed) -> None:
    for wait, outcome, said in ((0, "no_answer", "no answer"), (5, "completed", "voicemail"), (10, "busy", "engaged")):
        owed.later(minutes=wait)
        entry = owed.rings_back()
        [hers] = owed.legs_of(entry, "nurse")
        owed.accepts(hers)
        [theirs] = owed.legs_of(entry, "call_back")
        owed.leg_ends(theirs, outcome)
        assert said in owed.promise.attempts[-1].result
        owed.rests(owed.ana)
    assert ladder.next_step(owed.promise) == "decide"


def test_two_nurses_never_ring_the_same_person(owed: Owed) -> None:
    other = owed.nurse(state="break")
    owed.rings_back()
    with pytest.raises(NotNow, match="colleague"):
        owed.does(lambda db, p, staff, now: ringing_back.begin(db, p, staff, owed.rules, now=now), nurse=other)


def test_a_nurse_with_somebody_rings_nobody_back(owed: Owed) -> None:
    owed.rings_back()
    with pytest.raises(NotNow, match="somebody already"):
        owed.rings_back()


def test_one_person_is_owed_one_call_however_often_they_ring(owed: Owed) -> None:
    due = owed.promise.due_at
    for _ in range(3):
        owed.later(minutes=1)
        again = owed.caller(number=owed.person.number)
        owed.hangs_up(again)
    assert owed.promise.due_at == due


def test_nothing_is_owed_to_somebody_who_is_on_the_line_now_and_it_is_again_when_they_are_lost(owed: Owed) -> None:
    again = owed.caller(number=owed.person.number)
    assert owed.owed() == []
    owed.hangs_up(again)
    assert len(owed.owed()) == 1


def test_a_second_abandoned_call_in_a_day_is_heard_first(owed: Owed) -> None:
    again = owed.caller(number=owed.person.number)
    owed.later(minutes=20)
    owed.hangs_up(again)
    owed.later(hours=5)
    assert owed.entry(owed.caller(number=owed.person.number)).band == queue.FAILED_BEFORE


def test_lost_again_everything_tried_or_decided_before_counts_no_more(owed: Owed) -> None:
    owed.climbs()
    owed.decides("leave")
    owed.later(hours=3)
    owed.hangs_up(owed.caller(number=owed.person.number))
    promise = owed.promise
    assert (ladder.next_step(promise), promise.decision, len(promise.attempts)) == ("ring", None, 3)
    owed.tries()
    assert ladder.next_step(owed.promise) == "ring", "one unanswered call is not three"


def test_three_notes_in_one_moment_are_one_attempt(owed: Owed) -> None:
    for _ in range(3):
        owed.tries()
    assert ladder.next_step(owed.promise) == "ring"
    with pytest.raises(NotNow, match="rung first"):
        owed.decides()


def rung_and(owed: Owed, outcome: str) -> None:
    entry = owed.rings_back()
    owed.accepts(owed.legs_of(entry, "nurse")[0])
    owed.leg_ends(owed.legs_of(entry, "call_back")[0], outcome)
    owed.rests(owed.ana)


def test_a_carrier_that_could_not_ring_is_noted_and_counts_for_nothing(owed: Owed) -> None:
    for wait in (0, 5, 10):
        owed.later(minutes=wait)
        rung_and(owed, "failed")
    assert [attempt.result for attempt in owed.promise.attempts] == ["Could not be rung"] * 3
    assert ladder.next_step(owed.promise) == "ring"


def test_a_number_that_is_none_is_decided_about(owed: Owed) -> None:
    rung_and(owed, "bad_number")
    assert (owed.promise.reachable, ladder.next_step(owed.promise)) == (False, "decide")


def test_nothing_is_owed_while_they_are_asked_what_they_need(owed: Owed) -> None:
    factories.make_contact(owed.database, now=owed.now, number=owed.person.number)
    assert owed.owed() == []
    owed.later(hours=7)
    assert len(owed.owed()) == 1, "an end that was lost hides nobody for good"


def joins(owed: Owed, other: Contact) -> None:
    with owed.database.transaction() as db:
        same_person.say(db, db.get_one(Contact, owed.person.id), db.get_one(Contact, other.id),
                        db.get_one(Staff, owed.ana.id), same=True, reason="Told me so", now=owed.now)  # fmt: skip


def test_nothing_is_owed_while_they_are_on_the_line_with_another_telephone(owed: Owed) -> None:
    joins(owed, owed.caller())
    assert owed.owed() == []


def test_lost_again_with_a_withheld_number_they_are_rung_on_the_one_we_have(owed: Owed) -> None:
    hidden = owed.caller(number=None)
    joins(owed, hidden)
    owed.hangs_up(hidden)
    entry = owed.rings_back()
    owed.accepts(owed.legs_of(entry, "nurse")[0])
    assert [leg.to for leg in owed.legs_of(entry, "call_back")] == [owed.person.number]


def test_whoever_waits_by_text_is_rung_all_the_same(owed: Owed) -> None:
    owed.texter(number=owed.person.number)
    assert owed.legs_of(owed.rings_back(), "nurse")


@pytest.mark.parametrize("trouble", [None, "opted_out"])
@pytest.mark.parametrize("held", [True, False])
def test_a_text_that_did_not_arrive_is_owed_unless_a_nurse_has_them(database, trouble: str | None, held: bool) -> None:
    scene = Scene(database)
    texter = scene.texter()
    if held:
        scene.takes(scene.nurse())
    with database.transaction() as db:
        message = texts.queue_text(db, db.get_one(Contact, texter.id), "A nurse is near", actor="clock", now=scene.now)
        message.state = "sent"
    with database.transaction() as db:
        texts.reported(db, message.id, "SM" + "1" * 32, "fail", now=scene.now, trouble=trouble)
    assert [promise.what for promise in scene.owed(texter)] == ([] if held else ["A text to them did not arrive"])


def test_what_we_tried_ourselves_does_not_begin_the_ladder_anew(owed: Owed) -> None:
    owed.climbs()
    owed.decides("leave")
    other = owed.caller(number=owed.person.number)
    with owed.database.transaction() as db:
        promises.owe_call_back(db, db.get_one(Contact, other.id), "No answer", now=owed.now, they_came=False)
        message = texts.queue_text(db, db.get_one(Contact, other.id), "Help near you", actor="clock", now=owed.now)
        message.state = "sent"
    with owed.database.transaction() as db:
        texts.reported(db, message.id, "SM" + "2" * 32, "fail", now=owed.now, trouble=None)
    assert owed.promise.decision == "leave"


def test_nobody_is_left_out_of_a_long_list(database) -> None:
    scene = Scene(database)
    for _ in range(203):
        scene.hangs_up(scene.caller())
    assert len(scene.owed()) == 203


def test_a_second_call_lost_is_rung_back_first_of_all(owed: Owed) -> None:
    again = owed.caller(number=owed.person.number)
    owed.later(minutes=20)
    owed.hangs_up(again)
    assert owed.rings_back().band == queue.FAILED_BEFORE


def test_two_calls_that_ended_before_the_queue_count_as_given_up_twice(database) -> None:
    scene = Scene(database)
    first = factories.make_contact(database, now=scene.now)
    for again in (first, factories.make_contact(database, now=scene.now, number=first.number)):
        scene.hangs_up(again)
        scene.later(minutes=1)
    assert scene.entry(scene.caller(number=first.number)).band == queue.FAILED_BEFORE


def test_what_was_settled_is_not_rung_decided_or_closed_again(owed: Owed) -> None:
    supervisor = owed.nurse(roles=("supervisor",), state="off")
    owed.does(lambda db, p, staff, now: promises.settle(db, p, "Spoke with them", staff, now=now))
    for again in (owed.rings_back, owed.decides, lambda: owed.closes(supervisor)):
        with pytest.raises(NotNow):
            again()

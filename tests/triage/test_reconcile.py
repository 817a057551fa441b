"""The carrier's lists against ours: whatever report was lost, people and nurses end up where they really are."""

import pytest
from sqlalchemy import select, text, update

from tests.factories import CREW_LINE, DIRECT
from tests.fakes import FakeCarrier
from tests.triage.scene import Scene
from triage import jobs, reconcile
from triage.db import Database
from triage.models import Contact, Leg, Message
from triage.reconcile import Reconciler

FALLBACK = "+441632960999"
NUMBER = "+447700900123"


class Lab(Scene):
    """A scene, and a clock that compares it with what the carrier has."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch):
        super().__init__(database)
        self.carrier = FakeCarrier()
        self.reconciler = Reconciler(jobs.Means(database, self.carrier, FALLBACK))
        monkeypatch.setattr(reconcile, "utcnow", lambda: self.now)

    def looks(self, after_s: float = 15) -> bool:
        self.later(after_s)
        return self.reconciler.look()

    def on_the_line(self, contact: Contact, *, in_queue: bool = True) -> None:
        """The carrier has this caller's call, up, and waiting in its queue."""
        self.carrier.has(contact.call_id or "", began_at=contact.started_at)
        if in_queue:
            self.carrier.held.add(contact.call_id or "")

    def waits(self) -> Contact:
        contact = self.caller(number=NUMBER)
        with self.database.transaction() as db:
            db.get_one(Contact, contact.id).place = "waiting"
        return self.contact(contact)

    def set_leg(self, leg: Leg, **values: object) -> None:
        with self.database.transaction() as db:
            db.execute(update(Leg).where(Leg.id == leg.id).values(**values))


@pytest.fixture
def lab(database: Database, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(database, monkeypatch)


def test_a_caller_whose_end_was_never_reported_is_owed_a_call(lab: Lab) -> None:
    caller = lab.waits()
    lab.carrier.has(caller.call_id or "", outcome="completed", began_at=lab.now)
    assert lab.looks()
    assert lab.entry(caller).state == "abandoned"
    assert [promise.kind for promise in lab.owed(caller)] == ["call_back"]


def test_a_call_the_carrier_does_not_know_at_all_is_over(lab: Lab) -> None:
    caller = lab.waits()
    assert lab.looks()
    assert lab.entry(caller).state == "abandoned"


def test_a_call_that_is_up_stays_and_nothing_is_done_about_it(lab: Lab) -> None:
    caller = lab.waits()
    lab.on_the_line(caller)
    for _ in range(3):
        assert lab.looks()
    assert lab.entry(caller).state == "waiting"
    assert lab.jobs("return_caller") == []
    assert lab.owed() == []


def test_a_list_that_missed_a_call_ends_nobody(lab: Lab) -> None:
    caller = lab.waits()
    lab.on_the_line(caller)
    lab.carrier.live_calls = dict  # type: ignore[method-assign]
    lab.looks()
    assert lab.entry(caller).state == "waiting"


def test_a_carrier_that_does_not_answer_is_no_evidence(lab: Lab) -> None:
    caller = lab.waits()
    lab.carrier.is_away(times=3)
    assert not lab.looks()
    assert lab.entry(caller).state == "waiting"
    lab.carrier.works_again()
    assert lab.looks()


def test_a_call_of_this_moment_is_left_for_the_next_look(lab: Lab) -> None:
    lab.later(60)
    caller = lab.waits()
    lab.looks(after_s=5)
    assert lab.entry(caller).state == "waiting"


def test_a_call_we_never_recorded_is_recorded_and_owed_when_it_is_over(lab: Lab) -> None:
    rang = lab.now
    lab.carrier.has("CA77", number=NUMBER, dialled=DIRECT, began_at=rang)
    lab.looks()
    with lab.database.reading() as db:
        contact = db.scalars(select(Contact)).one()
    assert (contact.carrier_id, contact.started_at, contact.leg_ended) == ("CA77", rang, False)
    assert lab.owed() == []
    lab.carrier.has("CA77", number=NUMBER, dialled=DIRECT, began_at=rang, outcome="completed")
    lab.looks()
    [promise] = lab.owed()
    assert "line failed them" in promise.what
    lab.looks()
    assert len(lab.owed()) == 1


def test_a_call_that_came_and_went_during_an_outage_is_owed(lab: Lab) -> None:
    lab.looks()
    lab.carrier.has("CA78", number=NUMBER, dialled=DIRECT, began_at=lab.now, outcome="completed")
    lab.later(hours=30)
    lab.looks()
    assert len(lab.owed()) == 1


def test_staff_lines_legs_of_ours_and_other_peoples_numbers_are_no_contacts(lab: Lab) -> None:
    lab.carrier.has("CA1", number=NUMBER, dialled=CREW_LINE, began_at=lab.now)
    lab.carrier.has("CA2", number=NUMBER, dialled="+441632960777", began_at=lab.now)
    lab.carrier.has("CA3", number=None, dialled=DIRECT, began_at=lab.now, by_a_person=False)
    lab.looks()
    with lab.database.reading() as db:
        assert db.scalars(select(Contact)).all() == []


def test_a_caller_in_no_queue_is_put_back_in_their_place_when_seen_so_twice(lab: Lab) -> None:
    caller = lab.waits()
    lab.on_the_line(caller, in_queue=False)
    lab.looks()
    assert lab.jobs("return_caller") == []
    lab.looks()
    [job] = lab.jobs("return_caller")
    assert job.args["contact_id"] == caller.id


def test_a_caller_talking_at_the_fallback_number_is_left_there(lab: Lab) -> None:
    caller = lab.waits()
    lab.on_the_line(caller, in_queue=False)
    lab.carrier.has("CA90", by_a_person=False, parent=caller.call_id, began_at=lab.now)
    lab.looks()
    lab.looks()
    assert lab.jobs("return_caller") == []


def test_a_caller_still_answering_a_question_is_left_there(lab: Lab) -> None:
    caller = lab.caller(number=NUMBER)
    lab.on_the_line(caller, in_queue=False)
    lab.looks()
    lab.looks()
    assert lab.jobs("return_caller") == []


def test_a_nurses_leg_whose_end_was_never_reported_gives_the_caller_back(lab: Lab) -> None:
    nurse = lab.nurse()
    caller = lab.waits()
    lab.on_the_line(caller)
    lab.together(caller, nurse)
    lab.set_leg(lab.leg(caller), carrier_id="CA50")
    lab.carrier.has("CA50", by_a_person=False, outcome="completed", began_at=lab.now)
    lab.looks()
    entry = lab.entry(caller)
    assert (entry.state, entry.arrived_at) == ("waiting", caller.started_at)
    assert lab.presence(nurse).state != "ready"
    assert lab.jobs("return_caller")


def test_a_caller_whose_nurse_has_no_leg_at_all_goes_back_to_their_place(lab: Lab) -> None:
    nurse = lab.nurse()
    caller = lab.waits()
    lab.on_the_line(caller)
    lab.together(caller, nurse)
    lab.set_leg(lab.leg(caller), state="ended")
    lab.looks()
    assert lab.entry(caller).state == "waiting"


def test_an_unanswered_leg_is_over_with_its_real_end(lab: Lab) -> None:
    nurse = lab.nurse()
    caller = lab.waits()
    lab.on_the_line(caller)
    lab.takes(nurse)
    lab.set_leg(lab.leg(caller), carrier_id="CA51", state="ringing")
    lab.carrier.has("CA51", by_a_person=False, outcome="no_answer", began_at=lab.now)
    lab.looks()
    assert lab.leg(caller).outcome == "no_answer"
    assert lab.entry(caller).state == "waiting"


def test_one_bad_row_never_stops_the_others(lab: Lab) -> None:
    first, second = lab.waits(), lab.caller(number="+447700900124")
    real = lab.carrier.call

    def breaks(carrier_id: str) -> object:
        if carrier_id == first.call_id:
            raise ValueError("this one")
        return real(carrier_id)

    lab.carrier.call = breaks  # type: ignore[method-assign, assignment]
    assert lab.looks()
    assert lab.entry(first).state == "waiting"
    assert lab.entry(second).state == "abandoned"


def test_two_clocks_make_one_look_every_fifteen_seconds(lab: Lab) -> None:
    other = Reconciler(jobs.Means(lab.database, lab.carrier, FALLBACK))
    lab.later(15)
    assert [lab.reconciler.look(), other.look()] == [True, False]
    lab.later(14)
    assert not other.look()
    lab.later(1)
    assert other.look()


def test_a_clock_set_back_by_hours_goes_on_looking(lab: Lab) -> None:
    assert lab.looks()
    lab.later(hours=-3)
    assert lab.looks()


def a_text(lab: Lab, state: str = "sent") -> str:
    caller = lab.texter(number=NUMBER)
    with lab.database.transaction() as db:
        row = Message(
            contact_id=caller.id, dispatch_id=None, direction="out", number=NUMBER, line=DIRECT, body="hello",
            state=state, trouble=None, carrier_id="SM1", staff_id=None, made_at=lab.now,
        )  # fmt: skip
        db.add(row)
        db.flush()
        return row.id


def text_of(lab: Lab, message_id: str) -> Message:
    with lab.database.reading() as db:
        return db.get_one(Message, message_id)


def test_a_text_without_a_report_is_asked_for_after_a_minute(lab: Lab) -> None:
    message_id = a_text(lab)
    lab.carrier.text_states["SM1"] = ("fail", "phone unreachable")
    lab.looks(after_s=30)
    assert text_of(lab, message_id).state == "sent"
    lab.looks(after_s=31)
    assert (text_of(lab, message_id).state, text_of(lab, message_id).trouble) == ("failed", "phone unreachable")


def test_a_text_the_carrier_has_not_sent_yet_stays_as_it_is(lab: Lab) -> None:
    message_id = a_text(lab)
    lab.looks(after_s=90)
    assert text_of(lab, message_id).state == "sent"


def test_a_look_reads_no_more_with_the_years(lab: Lab) -> None:
    with lab.database.reading() as db:
        plan = " ".join(
            str(row)
            for row in db.execute(
                text(
                    ("EXPLAIN QUERY PLAN " if lab.database.is_sqlite else "EXPLAIN ")
                    + "SELECT carrier_id FROM leg WHERE state <> 'ended' AND made_at <= '2026-11-22'"
                )
            )
        )
    if lab.database.is_sqlite:  # PostgreSQL reads a table of a few rows whole, whatever its indexes
        assert "ix_leg_up" in plan

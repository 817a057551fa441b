"""Every piece of background work: done twice, done after a crash at each step, and with the carrier away."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.fakes import FakeCarrier
from tests.triage.scene import Scene, entry_of
from triage import dispatch, jobs, outbox, promises, texts
from triage.db import Database, utcnow
from triage.models import Contact, Dispatch, Leg, Message, Outbox, Promise, Staff
from triage.outbox import LEASE_S, RETRY_AFTER_S


class Works(Scene):
    """A scene whose jobs are run by hand. They read the real clock, so it plays now."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.now = utcnow() - timedelta(seconds=5)
        self.carrier = FakeCarrier()
        self.means = jobs.Means(database, self.carrier, factories.FALLBACK)

    def runs(self, job: str | None = None) -> list[int]:
        """Run what is due once; the rows that were run."""
        return [row.id for row in self.jobs(job) if row.due_at <= utcnow() and jobs.run(self.means, row.id)]

    def row(self, row_id: int) -> Outbox:
        with self.database.reading() as db:
            return db.get_one(Outbox, row_id)

    def make_due(self) -> None:
        """Let every wait and every lease pass."""
        with self.database.transaction() as db:
            db.execute(
                update(Outbox)
                .where(Outbox.done_at.is_(None))
                .values(due_at=self.now, lease_until=None, enqueued_at=None)
            )

    def once_more(self, row_id: int) -> None:
        """The worker died after the work and before it could note it: the row is there again."""
        with self.database.transaction() as db:
            db.execute(update(Outbox).where(Outbox.id == row_id).values(done_at=None, lease_until=None))

    def message(self, message: Message) -> Message:
        with self.database.reading() as db:
            return db.get_one(Message, message.id)

    def find_leg(self, leg: Leg) -> Leg:
        with self.database.reading() as db:
            return db.get_one(Leg, leg.id)


@pytest.fixture
def works(database: Database) -> Works:
    return Works(database)


def text_to_person(works: Works) -> Message:
    texter, nurse = works.texter(), works.nurse()
    with works.database.transaction() as db:
        return texts.to_person(
            db, db.get_one(Contact, texter.id), "We are here.", db.get_one(Staff, nurse.id), now=works.now
        )


def offer_to_crew(works: Works) -> Message:
    factories.make_unit(works.database, "IW01", now=works.now)
    caller, nurse = works.caller(line=factories.ISLAND_LINE), works.nurse()
    works.together(caller, nurse)
    incident = works.asks_for_car(caller, nurse)
    assert incident.state == "offered"
    return works.texts_to("+447700900901")[0]


# --- any job -----------------------------------------------------------------------------------------------------------


def prepare(works: Works, job: str) -> Outbox:
    """One row of this job, with everything it is about."""
    if job == "send_text":
        text_to_person(works)
    elif job == "ring_person":
        caller = works.caller()
        with works.database.transaction() as db:
            owed = promises.owe(db, "no_unit", "Decide", caller, due_at=works.now, now=works.now)
            outbox.add(db, "ring_person", queue="dispatch", now=works.now, promise_id=owed.id)
    elif job == "erase_copy":
        with works.database.transaction() as db:
            outbox.add(db, "erase_copy", now=works.now, carrier_id=factories.carrier_id("SM"))
    else:
        nurse, caller = works.nurse(), works.caller()
        works.takes(nurse)
        if job != "place_call":
            works.runs("place_call")
            works.accepts(works.leg(caller))
        if job == "return_caller":
            works.leg_ends(works.leg(caller))
        if job in ("end_call", "hang_up"):
            works.arrives(caller)
            works.finishes(caller, nurse)
    return works.jobs(job)[0]


@pytest.mark.parametrize("job", sorted(jobs.JOBS))
def test_done_twice_is_done_once(works: Works, job: str) -> None:
    row = prepare(works, job)
    before = works.carrier.asked
    assert jobs.run(works.means, row.id)
    asked = works.carrier.asked - before
    assert asked == (0 if job == "ring_person" else 1)
    assert works.row(row.id).done_at is not None
    assert not jobs.run(works.means, row.id), "a second worker finds it done"
    assert works.carrier.asked == before + asked


@pytest.mark.parametrize("job", sorted(jobs.JOBS))
def test_a_worker_that_dies_before_the_work_leaves_it_to_be_done(works: Works, job: str) -> None:
    row = prepare(works, job)
    claimed = outbox.claim(works.database, row.id, utcnow())
    assert claimed is not None
    assert not jobs.run(works.means, row.id), "somebody is at it"
    later = utcnow() + timedelta(seconds=LEASE_S + 1)
    again = outbox.claim(works.database, row.id, later)
    assert again is not None
    assert again.attempts == 2
    with works.database.transaction() as db:
        outbox.done(db, claimed, later)
    assert works.row(row.id).done_at is None, "the first worker comes back too late to say anything"


HARMLESS_AGAIN = {
    "move_caller": 2, "return_caller": 2, "end_call": 2, "hang_up": 2, "place_call": 1, "send_text": 1, "erase_copy": 2,
}  # fmt: skip


@pytest.mark.parametrize("job", sorted(HARMLESS_AGAIN))
def test_a_worker_that_dies_after_the_work_was_recorded_repeats_only_what_is_harmless(works: Works, job: str) -> None:
    row = prepare(works, job)
    before = works.carrier.asked
    jobs.run(works.means, row.id)
    works.once_more(row.id)
    jobs.run(works.means, row.id)
    assert works.carrier.asked - before == HARMLESS_AGAIN[job]


@pytest.mark.parametrize("job", sorted(HARMLESS_AGAIN))
@pytest.mark.parametrize("in_doubt", [False, True])
def test_with_the_carrier_away_the_work_waits_a_little_longer_each_time_and_is_never_given_up(
    works: Works, job: str, in_doubt: bool
) -> None:
    row = prepare(works, job)
    works.carrier.is_away(times=8, in_doubt=in_doubt)
    waits = []
    for _ in range(8):
        assert jobs.run(works.means, row.id)
        waiting = works.row(row.id)
        waits.append(round((waiting.due_at - utcnow()).total_seconds()))
        assert (waiting.done_at, waiting.enqueued_at, waiting.lease_until) == (None, None, None)
        assert waiting.trouble == "away"
        works.make_due()
    assert waits == pytest.approx([*RETRY_AFTER_S, 60, 60], abs=2)
    works.carrier.works_again()
    jobs.run(works.means, row.id)
    assert works.row(row.id).done_at is not None


def test_a_job_that_is_not_one_of_ours_is_refused_and_says_so(works: Works) -> None:
    with works.database.transaction() as db:
        outbox.add(db, "os.system", now=works.now, command="true")
    [row] = works.jobs()
    assert jobs.run(works.means, row.id)
    assert works.row(row.id).trouble == "no such job: os.system"
    assert works.row(row.id).done_at is not None


def test_an_unforeseen_error_stops_one_row_and_not_the_others(works: Works) -> None:
    row = prepare(works, "place_call")
    works.carrier.fails(ZeroDivisionError("+447700900123"))
    assert jobs.run(works.means, row.id)
    assert works.row(row.id).trouble == "ZeroDivisionError", "and never what the error said"
    works.make_due()
    assert works.runs() == [row.id]
    assert len(works.carrier.calls) == 1


def test_work_that_is_not_due_is_not_done(works: Works) -> None:
    with works.database.transaction() as db:
        outbox.add(db, "place_call", now=utcnow(), due_at=utcnow() + timedelta(seconds=30), leg_id="x")
        assert db.info.get("outbox") is None, "RQ is not told of it yet"
    assert not jobs.run(works.means, works.jobs()[0].id)


# --- ringing -----------------------------------------------------------------------------------------------------------


def test_the_carriers_report_may_come_before_its_answer(works: Works) -> None:
    row = prepare(works, "place_call")
    works.carrier.is_away(in_doubt=True, done=True)
    jobs.run(works.means, row.id)
    with works.database.transaction() as db:  # the status callback of the call that was placed all the same
        db.execute(update(Leg).values(carrier_id=works.carrier.calls[0].carrier_id))
    works.make_due()
    jobs.run(works.means, row.id)
    assert len(works.carrier.calls) == 1, "nobody is rung twice"


@pytest.mark.parametrize("lost", ["the caller", "the claim"])
def test_a_ring_that_is_no_longer_wanted_is_not_placed(works: Works, lost: str) -> None:
    row = prepare(works, "place_call")
    with works.database.reading() as db:
        contact = db.scalars(select(Contact)).one()
    if lost == "the caller":
        works.hangs_up(contact)
    else:
        from triage import queue

        with works.database.transaction() as db:
            queue.put_back(db, entry_of(db, contact), "", actor="clock", now=works.now)
    assert works.runs("place_call") == [row.id]
    assert works.carrier.calls == []
    assert works.find_leg(works.leg(contact)).state == "ended"


def test_a_ring_placed_while_it_was_being_given_up_is_hung_up(works: Works) -> None:
    row = prepare(works, "place_call")
    with works.database.reading() as db:
        contact = db.scalars(select(Contact)).one()

    class Slow(FakeCarrier):
        def place_call(self, **asked: Any) -> str:
            works.hangs_up(contact)
            return super().place_call(**asked)

    carrier = Slow()
    jobs.run(works.means._replace(carrier=carrier), row.id)
    for row_id in [job.id for job in works.jobs("hang_up")]:
        jobs.run(works.means._replace(carrier=carrier), row_id)
    assert set(carrier.hung_up) == {carrier.calls[0].carrier_id}


def test_a_number_that_cannot_be_rung_returns_the_person_at_once(works: Works) -> None:
    row = prepare(works, "place_call")
    works.carrier.refuses("bad_number")
    jobs.run(works.means, row.id)
    assert works.row(row.id).done_at is not None
    assert len(works.waiting()) == 1


# --- moving people -----------------------------------------------------------------------------------------------------


def test_a_person_is_moved_to_the_room_only_while_that_claim_holds(works: Works) -> None:
    row = prepare(works, "move_caller")
    with works.database.reading() as db:
        contact = db.scalars(select(Contact)).one()
    works.leg_ends(works.leg(contact))
    jobs.run(works.means, row.id)
    assert works.carrier.moves == []


def test_a_person_left_alone_in_a_room_is_fetched_back_though_another_nurse_is_being_rung(works: Works) -> None:
    row = prepare(works, "return_caller")
    with works.database.reading() as db:
        contact = db.scalars(select(Contact)).one()
    works.takes(works.nurse())
    jobs.run(works.means, row.id)
    assert [(move.where, move.carrier_id) for move in works.carrier.moves] == [("back", contact.call_id)]


def test_a_person_another_nurse_has_is_not_fetched_back(works: Works) -> None:
    row = prepare(works, "return_caller")
    with works.database.reading() as db:
        contact = db.scalars(select(Contact)).one()
    works.together(contact, works.nurse())
    jobs.run(works.means, row.id)
    assert works.carrier.moves == []


@pytest.mark.parametrize("job", ["move_caller", "return_caller", "end_call"])
def test_a_call_the_carrier_does_not_have_any_more_is_over(works: Works, job: str) -> None:
    row = prepare(works, job)
    works.carrier.refuses("gone")
    jobs.run(works.means, row.id)
    assert works.row(row.id).done_at is not None
    with works.database.reading() as db:
        assert db.scalars(select(Contact)).one().leg_ended


@pytest.mark.parametrize("job", ["move_caller", "return_caller"])
def test_a_person_the_carrier_will_not_move_is_not_taken_for_gone(works: Works, job: str) -> None:
    row = prepare(works, job)
    works.carrier.refuses("refused")
    jobs.run(works.means, row.id)
    with works.database.reading() as db:
        assert not db.scalars(select(Contact)).one().leg_ended
    assert works.row(row.id).done_at is None
    assert works.owed() == []


# --- texts -------------------------------------------------------------------------------------------------------------


def test_a_text_goes_from_the_line_they_know_and_says_how_long_it_is_worth_having(works: Works) -> None:
    message = text_to_person(works)
    works.runs()
    [sent] = works.carrier.texts
    assert (sent.to, sent.from_number, sent.body, sent.message_id) == (
        message.number,
        message.line,
        "We are here.",
        message.id,
    )
    assert works.rules.text_valid_s - 60 < sent.valid_s <= works.rules.text_valid_s
    assert works.message(message).state == "sent"
    assert works.message(message).carrier_id == sent.carrier_id


def test_a_text_to_a_person_whose_answer_was_lost_is_found_and_not_sent_again(works: Works) -> None:
    message = text_to_person(works)
    works.carrier.is_away(in_doubt=True, done=True)
    works.runs()
    assert works.message(message).state == "sending", "not known yet, and shown as it is"
    works.make_due()
    works.runs()
    assert len(works.carrier.texts) == 1
    assert works.message(message).state == "sent"


def test_a_text_to_a_person_that_may_be_lost_is_never_sent_twice_and_a_nurse_sees_it(works: Works) -> None:
    message = text_to_person(works)
    works.carrier.is_away(in_doubt=True)
    works.runs()
    works.make_due()
    works.runs()
    assert works.carrier.texts == []
    shown = works.message(message)
    assert (shown.state, shown.trouble) == ("failed", "not known whether it was sent")


def test_a_text_that_certainly_did_not_go_is_sent_later(works: Works) -> None:
    message = text_to_person(works)
    works.carrier.is_away(times=3)
    for _ in range(4):
        works.runs()
        works.make_due()
    assert len(works.carrier.texts) == 1
    assert works.message(message).attempts == 4


def test_a_reply_to_a_person_is_not_sent_hours_later(works: Works) -> None:
    works.now -= timedelta(hours=2)
    message = text_to_person(works)
    works.runs()
    assert works.carrier.texts == []
    assert works.message(message).trouble == "too late to be of use"


@pytest.mark.parametrize("reason", ["opted_out", "bad_number", "refused"])
def test_texts_the_carrier_refuses_are_shown_as_failed_every_one_of_them(works: Works, reason: str) -> None:
    messages = [text_to_person(works) for _ in range(3)]
    works.carrier.refuses(reason, times=3)
    works.runs()
    assert [(works.message(m).state, works.message(m).trouble) for m in messages] == [("failed", reason)] * 3
    assert works.jobs() == []
    with works.database.reading() as db:
        assert {contact.opted_out for contact in db.scalars(select(Contact))} == {reason == "opted_out"}


def test_a_crew_is_texted_again_when_it_is_not_known_and_the_repeat_says_so(works: Works) -> None:
    offer = offer_to_crew(works)
    works.carrier.is_away(in_doubt=True)
    works.runs("send_text")
    works.make_due()
    works.runs("send_text")
    [sent] = works.carrier.texts
    assert sent.body == jobs.CREW_REPEAT + offer.body
    assert works.message(offer).state == "sent"


def test_an_offer_is_worth_having_until_its_deadline_and_not_a_moment_longer(works: Works) -> None:
    offer_to_crew(works)
    works.carrier.is_away()
    works.runs("send_text")
    with works.database.transaction() as db:
        db.execute(update(Message).values(made_at=works.now - timedelta(seconds=60)))
    works.make_due()
    works.runs("send_text")
    assert works.carrier.texts[0].valid_s <= works.rules.offer_valid_s - 60


def test_an_offer_that_is_over_is_not_sent_but_the_stand_down_is(works: Works) -> None:
    offer = offer_to_crew(works)
    with works.database.transaction() as db:
        dispatch.withdraw(db, db.scalars(select(Dispatch)).one(), actor="clock", now=works.now)
    works.runs("send_text")
    [sent] = works.carrier.texts
    assert "STAND DOWN" in sent.body
    assert sent.valid_s >= 3600, "a crew out of reach for minutes must still learn it"
    assert works.message(offer).state == "failed"


# --- people on duty ----------------------------------------------------------------------------------------------------


@pytest.fixture
def duty(works: Works) -> list[Staff]:
    """A supervisor, a dispatcher from elsewhere and one of the place, made in the wrong order."""
    made = []
    for role, place in (("supervisor", "island"), ("dispatcher", "city"), ("dispatcher", "island")):
        made.append(factories.make_staff(works.database, roles=(role,), localities=(place,)))
    factories.make_nurse(works.database)
    return made


def owed_decision(works: Works) -> Promise:
    caller = works.caller(line=factories.ISLAND_LINE)
    with works.database.transaction() as db:
        owed = promises.owe(db, "no_unit", "Decide", caller, due_at=works.now, now=works.now)
        outbox.add(db, "ring_person", queue="dispatch", now=works.now, promise_id=owed.id)
        return owed


def rings_end(works: Works) -> None:
    with works.database.transaction() as db:
        db.execute(update(Leg).values(state="ended", ended_at=works.now))


def test_people_on_duty_are_rung_one_after_the_other_and_the_fallback_number_last(
    works: Works, duty: list[Staff]
) -> None:
    owed_decision(works)
    for _ in range(5):
        works.runs("ring_person")
        works.runs("place_call")
        rings_end(works)
        works.make_due()
    supervisor, elsewhere, near = duty
    assert [call.to for call in works.carrier.calls] == [
        near.phone, elsewhere.phone, supervisor.phone, factories.FALLBACK,
    ]  # fmt: skip
    assert len(works.jobs("ring_person")) == 1, "and round again after a while"


def test_nobody_else_is_rung_while_one_is_being_rung(works: Works, duty: list[Staff]) -> None:
    owed_decision(works)
    for _ in range(3):
        works.runs("ring_person")
        works.runs("place_call")
        works.make_due()
    assert len(works.carrier.calls) == 1


def test_a_ring_whose_end_was_never_reported_does_not_stop_the_search(works: Works, duty: list[Staff]) -> None:
    owed_decision(works)
    works.runs("ring_person")
    works.runs("place_call")
    with works.database.transaction() as db:
        db.execute(update(Leg).values(made_at=utcnow() - timedelta(seconds=100)))
    works.make_due()
    works.runs("ring_person")
    works.runs("place_call")
    assert len(works.carrier.calls) == 2


def test_the_ringing_stops_when_somebody_has_it_or_it_is_settled(works: Works, duty: list[Staff]) -> None:
    promise = owed_decision(works)
    works.runs("ring_person")
    works.runs("place_call")
    with works.database.transaction() as db:
        leg = db.scalars(select(Leg)).one()
        jobs.person_has_it(db, leg, now=works.now)
        assert db.get_one(Promise, promise.id).owner_id == duty[2].id
    rings_end(works)
    works.make_due()
    works.runs()
    assert len(works.carrier.calls) == 1
    assert works.jobs() == []
    assert [attempt.result for attempt in works.owed()[0].attempts] == ["Said on the phone that they have it"]

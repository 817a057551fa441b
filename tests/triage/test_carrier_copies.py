"""The carrier's copies of texts: erased after their time, once sent, again after failures, and never at our cost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.fakes import FakeCarrier
from tests.triage.scene import Scene
from triage import approvals, carrier_copies, jobs, own_record, retention, rules, service_file, texts, watchdog
from triage.db import Database, utcnow
from triage.erasing import AWAY_FOR, Erasing
from triage.models import Contact, Message, Outbox
from triage.retention import Due
from triage.service_shape import ServiceFileError, Texts

DAY = timedelta(hours=24)


class Kept(Scene):
    """A scene that plays now, with texts of some age and a clock that erases."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.now = utcnow()
        self.carrier = FakeCarrier()
        self.means = jobs.Means(database, self.carrier, factories.FALLBACK)
        self.erasing = Erasing(self.means)
        self.asker = self.texter()

    def text(self, age: timedelta, **over: Any) -> str:
        """A text of this age, from the person unless it says otherwise; its id here."""
        with self.database.transaction() as db:
            usual: dict[str, Any] = {
                "contact_id": self.asker.id, "dispatch_id": None, "direction": "in", "number": "+447700900123",
                "line": "+441632960100", "body": "hello", "state": "received", "trouble": None, "staff_id": None,
                "carrier_id": factories.carrier_id("SM"), "made_at": self.now - age,
            }  # fmt: skip
            row = Message(**usual | over)
            db.add(row)
        return row.id

    def row(self, message_id: str) -> Message:
        with self.database.reading() as db:
            return db.get_one(Message, message_id)

    def is_erased(self, message_id: str) -> bool:
        return self.row(message_id).carrier_erased_at is not None

    def time_passes(self, span: timedelta) -> None:
        """Everything about texts becomes older by so much."""
        with self.database.transaction() as db:
            for row in db.scalars(select(Message)):
                row.made_at -= span
                if row.erase_again_at:
                    row.erase_again_at -= span
        self.erasing = Erasing(self.means)

    def ask(self, question: Any) -> Any:
        with self.database.reading() as db:
            return question(db)


@pytest.fixture
def kept(database: Database) -> Kept:
    return Kept(database)


def test_the_copy_of_an_old_text_is_erased_and_ours_is_kept(kept: Kept) -> None:
    old, young = kept.text(DAY + timedelta(minutes=1)), kept.text(DAY - timedelta(minutes=5))
    assert kept.erasing.look() == 1
    assert kept.carrier.erased == [kept.row(old).carrier_id]
    assert kept.is_erased(old)
    assert kept.row(old).body == "hello"
    assert not kept.is_erased(young)
    assert kept.erasing.look() == 0


def test_the_hours_are_those_of_the_service_file(database: Database) -> None:
    kept = Kept(database)
    assert kept.rules.carrier_copies_hours == 24
    factories.make_service(database, texts=Texts(carrier_copies_hours=2))
    kept.text(timedelta(hours=3))
    assert kept.erasing.look() == 1


@pytest.mark.parametrize("hours", [0, -1, 2161, "24", 1.5])
def test_hours_that_cannot_be_are_told_with_their_line(hours: object) -> None:
    with pytest.raises(ServiceFileError) as wrong:
        service_file.read_text(
            f'[service]\nname = "A line"\n[texts]\ncarrier_copies_hours = {hours!r}\n'.replace("'", '"')
        )
    assert [problem.line for problem in wrong.value.problems if "carrier_copies_hours" in problem.sentence] == [4]


@pytest.mark.parametrize(
    ("direction", "state", "more"),
    [
        ("out", "delivered", {}),
        ("out", "failed", {}),
        ("out", "sent", {}),
        ("in", "received", {"contact_id": None, "trouble": "Accepted: 1 Sea Street"}),
        ("out", "delivered", {"contact_id": None}),
    ],
)
def test_texts_both_ways_and_crews_texts_go(kept: Kept, direction: str, state: str, more: dict[str, Any]) -> None:
    text = kept.text(2 * DAY, direction=direction, state=state, **more)
    kept.erasing.look()
    assert kept.is_erased(text)


@pytest.mark.parametrize("state", ["waiting", "sending"])
def test_a_text_still_on_its_way_is_left_alone(kept: Kept, state: str) -> None:
    text = kept.text(2 * DAY, direction="out", state=state)
    assert kept.erasing.look() == 0
    assert kept.carrier.asked == 0
    assert not kept.is_erased(text)


def test_one_the_carrier_says_is_still_being_sent_is_tried_again_later(kept: Kept) -> None:
    text = kept.text(2 * DAY, direction="out", state="sent")
    other = kept.text(2 * DAY)
    kept.carrier.refuses("on_its_way")
    assert kept.erasing.look() == 1
    assert {kept.is_erased(text), kept.is_erased(other)} == {True, False}
    assert kept.erasing.look() == 0
    kept.time_passes(timedelta(minutes=6))
    assert kept.erasing.look() == 1
    assert kept.is_erased(text)


def test_a_text_the_line_never_sent_is_not_asked_for(kept: Kept) -> None:
    kept.text(2 * DAY, direction="out", state="failed", trouble=texts.HELD, carrier_id=None)
    assert kept.erasing.look() == 0
    assert kept.ask(carrier_copies.left) == 0


def test_an_answer_that_was_never_reported_on_is_found_by_its_words(kept: Kept) -> None:
    unreported = kept.text(2 * DAY, direction="out", state="sent", body="We are here.", carrier_id=None)
    kept.carrier.send_text(
        to="+447700900123", from_number="+441632960100", body="We are here.", message_id="", valid_s=9
    )
    assert kept.erasing.look() == 1
    assert kept.carrier.erased == [kept.carrier.texts[0].carrier_id]
    assert kept.is_erased(unreported)


def test_a_carrier_that_is_away_is_not_asked_about_the_next_text_and_is_asked_again_later(kept: Kept) -> None:
    for _ in range(3):
        kept.text(2 * DAY)
    kept.carrier.is_away(times=1)
    assert kept.erasing.look() == 0
    assert kept.carrier.asked == 1
    assert kept.erasing.look() == 0
    assert kept.carrier.asked == 1, "it is left in peace for a minute"
    kept.time_passes(AWAY_FOR)
    assert kept.erasing.look() == 2, "the first one has its own wait"
    kept.time_passes(timedelta(minutes=5))
    assert kept.erasing.look() == 1


def test_each_failure_waits_longer_up_to_some_hours(kept: Kept) -> None:
    text = kept.text(2 * DAY)
    waits = []
    for _ in range(7):
        kept.carrier.refuses("refused")
        kept.erasing.look()
        again_at = kept.row(text).erase_again_at
        assert again_at is not None
        waits.append(round((again_at - utcnow()) / timedelta(minutes=1)))
        kept.time_passes(timedelta(hours=7))
    assert waits == [5, 15, 60, 180, 360, 360, 360]


def test_a_wait_set_by_a_clock_that_was_far_ahead_counts_as_over(kept: Kept) -> None:
    text = kept.text(2 * DAY, erase_again_at=kept.now + timedelta(days=30), erase_tries=1)
    assert kept.erasing.look() == 1
    assert kept.is_erased(text)


def test_some_fifty_go_at_a_time_and_oldest_first(kept: Kept) -> None:
    oldest = [kept.text(2 * DAY + timedelta(minutes=n)) for n in range(60)][-50:]
    assert kept.erasing.look() == 50
    assert all(kept.is_erased(text) for text in oldest)
    assert kept.erasing.look() == 10


def test_two_clocks_at_once_ask_once_for_each(kept: Kept) -> None:
    for _ in range(10):
        kept.text(2 * DAY)
    clocks = [Erasing(kept.means) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda clock: clock.look(), clocks)) == 10
    assert len(kept.carrier.erased) == len(set(kept.carrier.erased)) == 10


def test_a_monitor_sees_how_many_are_left_and_a_day_of_failures_is_an_alarm(kept: Kept) -> None:
    kept.text(timedelta(hours=1))
    kept.text(2 * DAY + timedelta(minutes=1))
    now = utcnow()
    assert kept.ask(carrier_copies.left) == 2
    assert kept.ask(lambda db: carrier_copies.overdue(db, kept.rules, now)) == 1
    assert kept.ask(lambda db: watchdog.copies_left(db, now)) == [], "nobody has tried yet: a backlog is no failure"
    kept.carrier.refuses("refused")
    kept.erasing.look()
    [found] = kept.ask(lambda db: watchdog.copies_left(db, utcnow()))
    assert found.words.startswith("1 text ")
    assert found.people == 0, "nobody is rung at night for this"
    kept.time_passes(timedelta(minutes=6))
    kept.erasing.look()
    assert kept.ask(lambda db: watchdog.copies_left(db, utcnow())) == []


# --- with an erasure of ours ------------------------------------------------------------------------------------------


@pytest.fixture
def destroyed(kept: Kept) -> list[str]:
    """A record of long ago is destroyed; the carrier's ids of its texts whose copies were there."""
    there = [kept.text(timedelta(minutes=5)), kept.text(timedelta(minutes=4), direction="out", state="delivered")]
    gone = kept.text(timedelta(minutes=5), carrier_erased_at=kept.now)
    ids = [kept.row(one).carrier_id or "" for one in there]
    assert kept.row(gone).carrier_id not in ids
    contact_id = kept.row(there[0]).contact_id
    assert contact_id
    with kept.database.transaction() as db:
        contact = db.get_one(Contact, contact_id)
        contact.started_at = contact.ended_at = kept.now - timedelta(days=366 * 21)
        asked = approvals.ask(db, "deletion", "One record", {}, by=approvals.OPERATOR, now=kept.now)
    assert retention.destroy(kept.database, Due(contact_id, "mental_health"), asked.id, now=kept.now)
    return ids


def run_all(kept: Kept) -> None:
    for row in kept.jobs("erase_copy"):
        jobs.run(kept.means, row.id)


def test_with_a_destroyed_record_the_carriers_copies_go_at_once(kept: Kept, destroyed: list[str]) -> None:
    run_all(kept)
    assert sorted(kept.carrier.erased) == sorted(destroyed)
    assert not kept.ask(lambda db: db.scalars(select(Message)).all())


def test_a_carrier_that_is_away_then_is_asked_again_until_it_has_done_it(kept: Kept, destroyed: list[str]) -> None:
    kept.carrier.is_away(times=2, in_doubt=True)
    run_all(kept)
    assert kept.carrier.erased == []
    with kept.database.transaction() as db:
        db.execute(update(Outbox).where(Outbox.done_at.is_(None)).values(due_at=kept.now))
    run_all(kept)
    run_all(kept)
    assert sorted(kept.carrier.erased) == sorted(destroyed)


def test_words_erased_here_are_erased_there_and_the_pictures_with_them(kept: Kept) -> None:
    text = kept.text(timedelta(days=3), media=[{"kind": "picture", "type": "image/png", "at": ""}])
    with kept.database.transaction() as db:
        db.get_one(Contact, kept.row(text).contact_id).ended_at = kept.now
        row = db.get_one(rules.Service, 1)
        row.config = {**row.config, "retention": {"texts_days": 2}}
    with kept.database.transaction() as db:
        assert retention.erase_texts(db, kept.now) == 1
        assert retention.erase_texts(db, kept.now) == 0
    assert (kept.row(text).body, kept.row(text).media) == (None, None)
    run_all(kept)
    assert kept.carrier.erased == [kept.row(text).carrier_id]
    assert kept.is_erased(text)
    assert kept.erasing.look() == 0


def test_the_job_holds_the_carriers_id_and_nothing_of_a_person(kept: Kept, destroyed: list[str]) -> None:
    assert sorted(str(row.args) for row in kept.jobs("erase_copy")) == sorted(
        str({"carrier_id": one}) for one in destroyed
    )


def test_a_person_who_asks_for_their_record_reads_what_they_sent_and_nothing_of_our_housekeeping(kept: Kept) -> None:
    kept.text(timedelta(minutes=5), media=[{"kind": "picture", "type": "image/png", "at": "MM1/ME1"}])
    number = kept.contact(kept.asker).number
    assert number
    with kept.database.transaction() as db:
        record = own_record.gather(db, number, now=kept.now)
    [told] = record["contacts"][0]["parts"]["Texts"]
    assert told["media"] == ["a picture"]
    assert not [name for name in told if name.startswith("erase")]
    assert "ME1" not in own_record.page(record)

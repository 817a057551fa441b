"""Nobody is lost whom the line failed: from the spool and from early reports, in any order, any number of times."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import CREW_LINE, DIRECT
from tests.triage.scene import Scene
from tests.triage.test_dispatch import Car
from tests.triage.test_floods import Night
from triage import contacts, dispatch, floods, queue, recovering, rules
from triage.carrier_models import EarlyReport
from triage.db import Database
from triage.models import Contact, Message, Promise, QueueEntry
from triage.spool import Event, Spool
from triage.standing import Kept

NOW = datetime(2026, 11, 22, 3, 20, tzinfo=UTC)
RANG = NOW - timedelta(minutes=6)
NUMBER = "+447700900123"


class Lab:
    def __init__(self, database: Database, folder: Path):
        self.database, self.spool, self.kept = database, Spool(folder / "spool"), Kept(database)

    def drains(self, *events: Event) -> int:
        for event in events:
            assert self.spool.keep(event)
        return recovering.drain(self.database, self.kept, self.spool, now=NOW)

    def contacts(self) -> list[Contact]:
        with self.database.reading() as db:
            return list(db.scalars(select(Contact).order_by(Contact.started_at)))

    def owed(self) -> list[Promise]:
        with self.database.reading() as db:
            return list(db.scalars(select(Promise)))


@pytest.fixture
def lab(scene: Scene, tmp_path: Path) -> Lab:
    return Lab(scene.database, tmp_path)


def ring(carrier_id: str = "CA1", **more: object) -> Event:
    return Event("call", carrier_id, RANG, NUMBER, DIRECT, **more)  # type: ignore[arg-type]


def over(carrier_id: str = "CA1") -> Event:
    return Event("over", carrier_id, RANG + timedelta(minutes=1), NUMBER, DIRECT, outcome="completed")


def test_a_caller_the_line_failed_is_recorded_at_the_time_they_rang_and_owed_a_call(lab: Lab) -> None:
    assert lab.drains(ring(), over()) == 2
    [contact] = lab.contacts()
    assert (contact.started_at, contact.number, contact.leg_ended) == (RANG, NUMBER, True)
    [promise] = lab.owed()
    assert promise.kind == "call_back"
    assert "line failed them" in promise.what
    assert lab.spool.count() == 0


def test_nothing_is_owed_while_they_are_still_on_the_line(lab: Lab) -> None:
    lab.drains(ring())
    assert [contact.leg_ended for contact in lab.contacts()] == [False]
    assert lab.owed() == []


@pytest.mark.parametrize("seed", range(6))
def test_any_order_and_any_number_of_times_makes_one_contact_and_one_promise(lab: Lab, seed: int) -> None:
    order = random.Random(seed)
    events = [ring(), ring(danger=True), over(), over(), ring()]
    order.shuffle(events)
    for event in events:
        lab.drains(event)
    with lab.database.transaction() as db:
        recovering.adopt_early(db, now=NOW)
    [contact] = lab.contacts()
    assert contact.leg_ended
    assert contact.danger
    assert len(lab.owed()) == 1


def test_danger_said_in_a_webhook_that_failed_puts_them_first(lab: Lab) -> None:
    lab.drains(ring(danger=True))
    with lab.database.reading() as db:
        entry = db.scalars(select(QueueEntry)).one()
    assert (entry.band, entry.state) == (queue.DANGER, "waiting")
    lab.drains(over())
    [promise] = lab.owed()
    assert "danger" in promise.what


def test_whoever_the_line_failed_comes_before_others_when_they_ring_again(lab: Lab) -> None:
    lab.drains(ring(), over())
    again = factories.make_contact(lab.database, number=NUMBER, now=NOW)
    with lab.database.transaction() as db:
        entry = queue.join(db, contacts.get(db, again.id), rules.Rules(), now=NOW)
        assert entry.band == queue.FAILED_BEFORE
        assert any("line failed them" in why for why in entry.reasons)


def test_a_call_recorded_already_stays_one(lab: Lab) -> None:
    known = factories.make_contact(lab.database, carrier_id="CA9", number=NUMBER, now=RANG)
    lab.drains(ring("CA9"), over("CA9"))
    [contact] = lab.contacts()
    assert contact.id == known.id
    assert len(lab.owed()) == 1


def test_who_rings_a_staff_line_is_no_contact(lab: Lab) -> None:
    lab.drains(Event("call", "CA5", RANG, NUMBER, CREW_LINE))
    assert lab.contacts() == []
    assert lab.spool.count() == 0


def test_a_withheld_number_is_recorded_and_shown_as_unreachable(lab: Lab) -> None:
    lab.drains(Event("call", "CA6", RANG, None, DIRECT), over("CA6"))
    [promise] = lab.owed()
    assert not promise.reachable


def test_a_text_is_kept_once_and_waits_for_a_nurse(lab: Lab) -> None:
    text = Event("text", "SM1", RANG, NUMBER, DIRECT, words="harbour please", danger=False)
    for _ in range(3):
        lab.drains(text)
    [contact] = lab.contacts()
    with lab.database.reading() as db:
        entry = db.scalars(select(QueueEntry)).one()
        kept = db.scalars(select(Message)).all()
    assert (entry.contact_id, entry.state, entry.arrived_at) == (contact.id, "waiting", RANG)
    assert [(message.direction, message.body) for message in kept] == [("in", "harbour please")]
    assert contact.keyword == "harbour"


def test_the_language_asked_for_while_the_database_was_away_is_theirs(lab: Lab) -> None:
    lab.drains(Event("text", "SM5", RANG, NUMBER, DIRECT, words="Cymraeg os gwelwch yn dda", danger=False))
    [contact] = lab.contacts()
    assert contact.language == "cy"


def test_a_texter_in_danger_is_first(lab: Lab) -> None:
    lab.drains(Event("text", "SM2", RANG, NUMBER, DIRECT, words="he has a knife", danger=True))
    with lab.database.reading() as db:
        assert db.scalars(select(QueueEntry.band)).one() == queue.DANGER


def test_whoever_was_merged_into_a_flood_waits_by_themselves_once_the_line_failed_them(
    database: Database, tmp_path: Path
) -> None:
    night, lab = Night(database), Lab(database, tmp_path)
    night.now = RANG
    night.in_a_row(floods.LEAST)
    assert night.state(105) == "merged"
    drained = lab.drains(Event("text", "SM6", RANG, "+447700900105", DIRECT, words="he has a knife", danger=True))
    assert drained == 1
    entry = night.entry(night.who(105))
    assert (entry.state, entry.band) == ("waiting", queue.DANGER)


def test_a_crews_reply_is_acted_on_once_and_confirmed(database: Database, tmp_path: Path) -> None:
    car = Car(database)
    car.on_duty("IW01")
    offer = car.open(car.asked())
    told = len(car.told("IW01"))
    lab = Lab(database, tmp_path)
    reply = Event("text", "SM3", car.now, car.unit("IW01").phone, CREW_LINE, words=f"{offer.tag} 1")
    lab.drains(reply)
    lab.drains(reply)
    with database.reading() as db:
        assert dispatch.get(db, offer.id).state == "acknowledged"
        assert db.scalar(select(func.count(Message.id)).where(Message.carrier_id == "SM3")) == 1
    assert len(car.told("IW01")) == told + 1


def test_one_that_cannot_be_recorded_never_stops_the_others(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    real = recovering.call_seen

    def breaks_for_one(*args: object, carrier_id: str, **more: object) -> str | None:
        if carrier_id == "CA1":
            raise ValueError("this one")
        return real(*args, carrier_id=carrier_id, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(recovering, "call_seen", breaks_for_one)
    assert lab.drains(ring("CA1"), ring("CA2")) == 1
    assert [contact.carrier_id for contact in lab.contacts()] == ["CA2"]
    assert lab.spool.count() == 1


def test_a_hundred_that_cannot_be_recorded_never_starve_the_others(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    real = recovering.call_seen

    def breaks(*args: object, carrier_id: str, **more: object) -> str | None:
        if carrier_id.startswith("CAbad"):
            raise ValueError("this one")
        return real(*args, carrier_id=carrier_id, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(recovering, "call_seen", breaks)
    monkeypatch.setattr(recovering, "AT_ONCE", 3)
    assert lab.drains(*[ring(f"CAbad{number}") for number in range(5)], ring("CA2")) == 1


def test_ends_that_never_find_their_call_starve_no_others_and_one_that_fails_stops_none(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovering, "AT_ONCE", 2)
    for carrier_id in ("CA7", "CA8"):
        factories.make_contact(lab.database, carrier_id=carrier_id, number=factories.number(), now=NOW)
    with lab.database.transaction() as db:
        for number, carrier_id in enumerate(("CA1", "CA2", "CA3", "CA7", "CA8")):
            recovering.keep_early(db, carrier_id, "completed", now=NOW + timedelta(seconds=number))
    real = recovering.call_over

    def breaks_for_one(db: Session, carrier_id: str, outcome: str, **more: datetime) -> bool:
        applied = real(db, carrier_id, outcome, **more)
        if carrier_id == "CA7":
            raise ValueError("this one")
        return applied

    monkeypatch.setattr(recovering, "call_over", breaks_for_one)
    with lab.database.transaction() as db:
        assert recovering.adopt_early(db, now=NOW) == 1
    assert {contact.carrier_id: contact.leg_ended for contact in lab.contacts()} == {"CA7": False, "CA8": True}


def test_a_crew_that_writes_to_the_crew_line_without_a_job_is_no_contact(database: Database, tmp_path: Path) -> None:
    car = Car(database)
    car.on_duty("IW01")
    lab = Lab(database, tmp_path)
    lab.drains(Event("text", "SM4", car.now, car.unit("IW01").phone, CREW_LINE, words="hello?"))
    assert [contact.id for contact in lab.contacts()] == [car.person.id]


def test_an_end_that_came_before_its_call_ends_it_when_the_call_is_known(lab: Lab) -> None:
    with lab.database.transaction() as db:
        for _ in range(3):
            recovering.keep_early(db, "CA7", "completed", now=NOW)
        assert recovering.adopt_early(db, now=NOW) == 0
    factories.make_contact(lab.database, carrier_id="CA7", number=NUMBER, now=NOW)
    with lab.database.transaction() as db:
        assert recovering.adopt_early(db, now=NOW) == 1
        assert recovering.adopt_early(db, now=NOW) == 0
    assert [contact.leg_ended for contact in lab.contacts()] == [True]
    assert len(lab.owed()) == 1


def test_an_end_that_belongs_to_nobody_is_dropped_after_a_day(lab: Lab) -> None:
    with lab.database.transaction() as db:
        recovering.keep_early(db, "CA8", "completed", now=NOW)
        recovering.adopt_early(db, now=NOW + timedelta(hours=23))
        assert db.scalar(select(func.count()).select_from(EarlyReport)) == 1
        recovering.adopt_early(db, now=NOW + timedelta(hours=25))
        assert db.scalar(select(func.count()).select_from(EarlyReport)) == 0

"""What the watchdog finds, whom it rings, and when it falls silent."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.fakes import FakeCarrier
from tests.triage.scene import Scene
from tests.triage.test_dispatch import Car
from triage import alarms, dispatch, jobs, opt_outs, outbox, promises, watchdog
from triage.alarm_models import Alarm
from triage.carrier_models import Comparison
from triage.contacts import NotFound
from triage.db import Database
from triage.models import Contact, QueueEntry, Staff, new_id
from triage.spool import Event, Spool
from triage.watchdog import Watchdog

FALLBACK = "+441632960999"


class Lab:
    """A scene, its watchdog, and the telephones of those on call."""

    def __init__(self, scene: Scene, folder: Path, monkeypatch: pytest.MonkeyPatch):
        self.scene, self.carrier, self.spool = scene, FakeCarrier(), Spool(folder / "spool")
        self.sign, self.fault = folder / "alive", None
        self.dog = Watchdog(
            jobs.Means(scene.database, self.carrier, FALLBACK), self.spool, rehearse=lambda: self.fault,
            deadman_file=self.sign,
        )  # fmt: skip
        self.monotonic, self.clock_ahead_s = 1000.0, 1.0e9
        monkeypatch.setattr(watchdog, "_clock", lambda: self.monotonic + self.clock_ahead_s)
        monkeypatch.setattr(watchdog, "utcnow", lambda: scene.now)
        monkeypatch.setattr(watchdog.time, "monotonic", lambda: self.monotonic)
        self.dog._asked_at, self.dog._clock_ahead_s = self.monotonic, self.clock_ahead_s
        monkeypatch.setitem(watchdog.CHECKS, "clocks_apart", lambda db, now: [])  # its clock is not the database's

    def rounds(self, after_s: float = 15, times: int = 1) -> None:
        for _ in range(times):
            self.scene.later(after_s)
            self.monotonic += after_s
            self.dog.round()

    def alarms(self) -> list[Alarm]:
        with self.scene.database.reading() as db:
            return list(alarms.in_sight(db))

    def kinds(self) -> list[str]:
        return [row.kind for row in self.alarms() if row.over_at is None]

    def on_call(self, *roles: str) -> list[str]:
        return [factories.make_staff(self.scene.database, roles=(role,)).phone or "" for role in roles]

    def rung(self) -> list[str]:
        return [to for to, _ in self.carrier.told]


@pytest.fixture
def lab(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(scene, tmp_path, monkeypatch)


def test_all_is_well_and_it_says_so_by_touching_its_file(lab: Lab) -> None:
    lab.scene.nurse()
    lab.rounds()
    assert lab.alarms() == []
    assert lab.sign.exists()
    assert lab.rung() == []


def test_danger_now_with_nobody_ready_rings_those_on_call(lab: Lab) -> None:
    [dispatcher] = lab.on_call("dispatcher")
    lab.scene.caller(danger=True)
    lab.rounds()
    [alarm] = lab.alarms()
    assert (alarm.kind, alarm.people, alarms.grade(alarm)) == ("danger_waits", 1, "urgent")
    assert "no nurse is ready" in alarm.words
    assert lab.rung() == [dispatcher]
    assert [to for to, _ in lab.carrier.alarm_texts] == [dispatcher]


def test_what_is_said_names_nobody(lab: Lab) -> None:
    lab.on_call("dispatcher")
    caller = lab.scene.caller(danger=True)
    lab.rounds()
    for _, words in lab.carrier.told + lab.carrier.alarm_texts:
        assert caller.number not in words
        assert caller.id not in words


def test_the_next_person_is_rung_until_somebody_has_seen_it(lab: Lab) -> None:
    first, second = lab.on_call("dispatcher", "supervisor")
    lab.scene.nurse(state="break")
    lab.scene.caller(danger=True)
    lab.rounds(times=8)
    assert lab.rung() == [first]
    lab.rounds(times=2)
    assert lab.rung() == [first, second]
    lab.rounds(times=9)
    assert lab.rung() == [first, second, FALLBACK]
    [alarm] = lab.alarms()
    with lab.scene.database.transaction() as db:
        somebody = db.scalars(select(Staff).limit(1)).one()
        alarms.seen(db, alarm.id, somebody, now=lab.scene.now)
    lab.rounds(times=20)
    assert len(lab.rung()) == 3


def test_one_that_is_over_stays_in_sight_until_it_was_seen(lab: Lab) -> None:
    caller = lab.scene.caller(danger=True)
    lab.rounds()
    nurse = lab.scene.nurse()
    lab.scene.together(caller, nurse)
    lab.rounds()
    [alarm] = lab.alarms()
    assert alarm.over_at == lab.scene.now
    with lab.scene.database.transaction() as db:
        alarms.seen(db, alarm.id, db.get_one(Staff, nurse.id), now=lab.scene.now)
    assert lab.alarms() == []


def test_it_comes_back_as_a_new_alarm(lab: Lab) -> None:
    lab.scene.caller(danger=True)
    lab.rounds()
    nurse = lab.scene.nurse(state="break")
    with lab.scene.database.transaction() as db:
        db.execute(update(QueueEntry).values(state="finished", ended_at=lab.scene.now))
    lab.rounds()
    lab.scene.caller(danger=True)
    lab.rounds()
    assert [row.over_at is None for row in lab.alarms()] == [True, False]
    assert nurse


def test_an_alarm_nobody_knows_cannot_be_seen(lab: Lab) -> None:
    nurse = lab.scene.nurse()
    with pytest.raises(NotFound), lab.scene.database.transaction() as db:
        alarms.seen(db, new_id(), db.get_one(Staff, nurse.id), now=lab.scene.now)


def no_nurse(lab: Lab) -> None:
    lab.scene.caller()
    lab.scene.later(60)


def a_stuck_claim(lab: Lab) -> None:
    nurse = lab.scene.nurse()
    lab.scene.caller()
    lab.scene.takes(nurse)
    lab.scene.later(minutes=3)


def a_late_promise(lab: Lab) -> None:
    lab.scene.nurse()
    lab.scene.hangs_up(lab.scene.caller())
    lab.scene.later(hours=1)


def a_late_promise_somebody_owns(lab: Lab) -> None:
    ana = lab.scene.nurse()
    person = lab.scene.caller()
    lab.scene.hangs_up(person)
    with lab.scene.database.transaction() as db:
        [owed] = promises.owed(db, lab.scene.now)
        promises.attempt(db, owed, "Rang, no answer", db.get_one(Staff, ana.id), now=lab.scene.now)
    lab.scene.later(hours=1)


def late_dispatch_work(lab: Lab) -> None:
    with lab.scene.database.transaction() as db:
        outbox.add(db, "ring_person", queue="dispatch", now=lab.scene.now, promise_id="0" * 32)


def late_work(lab: Lab) -> None:
    lab.scene.nurse()
    with lab.scene.database.transaction() as db:
        outbox.add(db, "hang_up", now=lab.scene.now, leg_id="x")
    lab.scene.later(60)


def a_silent_carrier(lab: Lab) -> None:
    lab.scene.nurse()
    with lab.scene.database.transaction() as db:
        db.add(Comparison(id=1, begun_at=lab.scene.now, done_at=lab.scene.now))
    lab.scene.later(120)


def a_full_spool(lab: Lab) -> None:
    lab.scene.nurse()
    lab.spool.keep(Event("call", "CA1", lab.scene.now))
    lab.scene.later(hours=10**5)


def an_unanswered_trial(lab: Lab) -> None:
    lab.scene.nurse()
    lab.rounds()
    lab.fault = "status 502"


@pytest.mark.parametrize(
    ("happens", "kind"),
    [
        (no_nurse, "nobody_on_shift"), (a_stuck_claim, "claim_stuck"), (a_late_promise, "promises_late"),
        (a_late_promise_somebody_owns, "promises_late"),
        (late_work, "work_late"), (late_dispatch_work, "dispatch_queue_late"), (a_silent_carrier, "carrier_away"), (a_full_spool, "spool"),
        (an_unanswered_trial, "unanswered"),
    ],
)  # fmt: skip
def test_what_is_late_or_stuck_is_found(lab: Lab, happens: Callable[[Lab], None], kind: str) -> None:
    happens(lab)
    lab.rounds()
    assert kind in lab.kinds()


def test_a_car_nobody_accepted_is_found(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    car = Car(database)
    lab = Lab(car, tmp_path, monkeypatch)
    car.on_duty("IW01")
    incident = car.asked()
    car.later(minutes=4)
    lab.rounds()
    assert [(row.kind, row.subject) for row in lab.alarms() if row.kind == "car_late"] == [("car_late", incident.id)]


def test_an_unanswered_trial_where_none_ever_was_answered_wakes_nobody(lab: Lab) -> None:
    lab.scene.nurse()
    lab.on_call("dispatcher")
    lab.fault = "ConnectionRefusedError"
    lab.rounds()
    assert lab.kinds() == ["unanswered"]
    assert lab.rung() == []


def test_a_check_that_fails_is_told_and_the_others_go_on(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> list[alarms.Finding]:
        raise ValueError("this one")

    monkeypatch.setattr(watchdog, "CHECKS", {**watchdog.CHECKS, "no_line": breaks})
    lab.scene.caller(danger=True)
    lab.rounds()
    assert sorted(lab.kinds()) == ["checks", "danger_waits"]


def test_with_the_database_away_those_on_call_are_rung_from_memory_and_the_sign_of_life_stops(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.scene.nurse()
    [dispatcher] = lab.on_call("dispatcher")
    lab.rounds()
    lab.sign.unlink()

    def away(*_: object, **__: object) -> None:
        raise OSError("away")

    monkeypatch.setattr(lab.scene.database, "reading", away)
    monkeypatch.setattr(lab.scene.database, "transaction", away)
    lab.rounds()
    assert lab.rung() == []
    lab.rounds(times=3)
    assert lab.rung() == [dispatcher]
    assert "database does not answer" in lab.carrier.told[0][1]
    assert not lab.sign.exists()
    lab.rounds(times=30)
    assert len(lab.rung()) == 2


def test_a_carrier_that_cannot_ring_stops_no_round(lab: Lab) -> None:
    lab.on_call("dispatcher")
    lab.scene.caller(danger=True)
    lab.carrier.is_away(times=5)
    lab.rounds()
    assert lab.kinds() == ["danger_waits"]
    assert lab.sign.exists()


def test_a_way_to_tell_that_breaks_leaves_the_other_way(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    [dispatcher] = lab.on_call("dispatcher")
    lab.scene.caller(danger=True)

    def breaks(**_: str) -> None:
        raise KeyError("a bug of ours")

    monkeypatch.setattr(lab.carrier, "tell", breaks)
    lab.rounds()
    assert [to for to, _ in lab.carrier.alarm_texts] == [dispatcher]


def test_whoever_is_rung_says_with_a_key_that_they_have_it_and_nobody_else_is_rung(lab: Lab) -> None:
    first, _second = lab.on_call("dispatcher", "supervisor")
    lab.scene.caller(danger=True)
    lab.rounds()
    assert lab.rung() == [first]
    assert "Press 1" in lab.carrier.told[0][1]
    assert "Press 1" not in lab.carrier.alarm_texts[0][1]
    [alarm_id] = lab.carrier.told_of
    with lab.scene.database.transaction() as db:
        alarms.heard(db, alarm_id or "", first, now=lab.scene.now)
        alarms.heard(db, alarm_id or "", first, now=lab.scene.now)
    lab.rounds(times=20)
    assert [to for to, words in lab.carrier.told if "danger" in words] == [first]
    with lab.scene.database.reading() as db:
        seen = db.get_one(Alarm, alarm_id)
        assert db.get_one(Staff, seen.seen_by).phone == first


def test_the_key_on_the_fallback_number_is_nobodys_by_name_and_stops_the_ringing_all_the_same(lab: Lab) -> None:
    lab.scene.nurse()
    lab.scene.caller(danger=True)
    lab.rounds()
    assert lab.rung() == [FALLBACK]
    with lab.scene.database.transaction() as db:
        alarms.heard(db, lab.carrier.told_of[0] or "", FALLBACK, now=lab.scene.now)
    lab.rounds(times=20)
    assert [to for to, words in lab.carrier.told if "danger" in words] == [FALLBACK]
    with pytest.raises(NotFound), lab.scene.database.transaction() as db:
        alarms.heard(db, "0" * 32, FALLBACK, now=lab.scene.now)


def test_several_alarms_told_in_one_call_are_seen_by_one_key(lab: Lab) -> None:
    [only] = lab.on_call("dispatcher")
    lab.scene.caller(danger=True)
    lab.rounds()
    lab.fault = "status 500"
    lab.rounds(after_s=125)
    assert "3 alarms" in lab.carrier.told[-1][1]
    with lab.scene.database.transaction() as db:
        alarms.heard(db, lab.carrier.told_of[-1] or "", only, now=lab.scene.now)
    assert [row for row in lab.alarms() if row.seen_at is None] == []


def test_a_cars_phone_that_stopped_our_texts_is_told_until_start_comes_from_it(lab: Lab) -> None:
    [on_call] = lab.on_call("dispatcher")
    unit = factories.make_unit(lab.scene.database, "IW01", now=lab.scene.now)
    with lab.scene.database.transaction() as db:
        opt_outs.by_unit(db, db.merge(unit), dispatch.texts_from(db), opt_outs.CARRIER, now=lab.scene.now)
    lab.rounds()
    [alarm] = [one for one in lab.alarms() if one.kind == "crew_phone_stopped"]
    assert alarm.words == "IW01's phone stopped our texts: START from it undoes that."
    assert on_call in lab.rung(), "whoever is on duty is rung about it"
    with lab.scene.database.transaction() as db:
        opt_outs.again_by_unit(db, db.merge(unit), now=lab.scene.now)
    lab.rounds()
    assert "crew_phone_stopped" not in lab.kinds()


@pytest.mark.parametrize("waits", [True, False])
def test_a_person_the_carrier_refuses_to_text_raises_an_alarm_that_rings_only_while_they_wait(
    lab: Lab, waits: bool
) -> None:
    [on_call] = lab.on_call("supervisor")
    nurse = lab.scene.nurse()
    person = lab.scene.texter()
    if not waits:
        lab.scene.together(person, nurse)
    with lab.scene.database.transaction() as db:
        opt_outs.by_contact(db, db.get_one(Contact, person.id), opt_outs.CARRIER, now=lab.scene.now)
    lab.rounds()
    [alarm] = [one for one in lab.alarms() if one.kind == "texts_refused"]
    assert "offer them a call" in alarm.words
    assert (on_call in lab.rung()) == waits
    assert (person.number or "none") not in alarm.words


def test_a_word_that_they_said_themselves_is_no_alarm_a_nurse_sees_it(lab: Lab) -> None:
    lab.scene.nurse()
    person = lab.scene.texter()
    with lab.scene.database.transaction() as db:
        opt_outs.by_contact(db, db.get_one(Contact, person.id), opt_outs.SAID, now=lab.scene.now)
    lab.rounds()
    assert lab.kinds() == []

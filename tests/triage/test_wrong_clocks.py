"""Clocks are wrong now and then: set back, set forward, unlike each other. Nobody waits for that."""

import time

import pytest
from sqlalchemy import select, update

from tests.triage.scene import Scene
from tests.triage.test_dispatch import Car
from tests.triage.test_watchdog import Lab, lab  # noqa: F401 - a fixture
from triage import bridge, dispatch, outbox, queue, watchdog
from triage.db import Database, utcnow
from triage.models import Leg, Outbox

AN_HOUR = 3600


def test_work_promised_before_the_clock_went_back_is_done_at_once(scene: Scene) -> None:
    with scene.database.transaction() as db:
        outbox.add(db, "hang_up", now=scene.now, leg_id="0" * 32)
    scene.later(-AN_HOUR)
    with scene.database.transaction() as db:
        [row] = outbox.due(db, scene.now)
    assert outbox.claim(scene.database, row.id, scene.now)


def test_work_whose_worker_died_before_the_clock_went_back_is_done_by_another(scene: Scene) -> None:
    with scene.database.transaction() as db:
        outbox.add(db, "hang_up", now=scene.now, leg_id="0" * 32)
        row_id = db.scalars(select(Outbox.id)).one()
        outbox.enqueued(db, [row_id], scene.now)
    assert outbox.claim(scene.database, row_id, scene.now)
    scene.later(-AN_HOUR)
    with scene.database.reading() as db:
        assert [row.id for row in outbox.left_lying(db, scene.now)] == [row_id]
    assert outbox.claim(scene.database, row_id, scene.now)


def test_an_honest_lease_or_delay_is_not_taken_for_a_wrong_clock(scene: Scene) -> None:
    with scene.database.transaction() as db:
        outbox.add(db, "hang_up", now=scene.now, due_at=scene.now + outbox.FURTHEST, leg_id="0" * 32)
        row_id = db.scalars(select(Outbox.id)).one()
        assert not outbox.due(db, scene.now)
    assert outbox.claim(scene.database, row_id, scene.now) is None
    scene.later(outbox.FURTHEST.total_seconds())
    assert outbox.claim(scene.database, row_id, scene.now)
    scene.later(outbox.LEASE_S - 1)
    assert outbox.claim(scene.database, row_id, scene.now) is None
    scene.later(-30)
    assert outbox.claim(scene.database, row_id, scene.now) is None, "another machine's clock is half a minute behind"


def test_a_nurse_who_never_answered_does_not_keep_somebody_until_the_hour_has_come_again(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.takes(nurse)
    scene.later(-AN_HOUR)
    with scene.database.transaction() as db:
        assert bridge.release_expired(db, scene.rules, now=scene.now) == 1
    assert scene.entry(caller).state == "waiting"


def test_danger_now_rings_the_nurses_again_though_the_last_ring_seems_to_be_in_the_future(scene: Scene) -> None:
    scene.nurse()
    scene.caller(danger=True)
    with scene.database.transaction() as db:
        assert bridge.alert_all_ready(db, scene.rules, now=scene.now) == 1
        db.execute(update(Leg).values(state="ended", outcome="no_answer"))
    scene.later(-AN_HOUR)
    with scene.database.transaction() as db:
        assert bridge.alert_all_ready(db, scene.rules, now=scene.now) == 1


def test_waiting_goes_on_moving_people_up(scene: Scene) -> None:
    caller = scene.caller()
    scene.later(-3 * AN_HOUR)
    with scene.database.transaction() as db:
        assert queue.climb(db, scene.rules, now=scene.now) == 1
        assert queue.climb(db, scene.rules, now=scene.now) == 0, "one band, not one a second"
    assert scene.entry(caller).band == queue.NOT_ASKED - 1


def test_a_crew_that_did_not_answer_is_given_up_on(database: Database) -> None:
    car = Car(database)
    car.on_duty("IW01")
    row = car.open(car.asked())
    car.later(-AN_HOUR)
    with database.transaction() as db:
        assert [one.id for one in dispatch.overdue_offers(db, car.now)] == [row.id]


def test_a_crew_on_scene_is_asked_after(database: Database) -> None:
    car = Car(database)
    car.on_duty("IW01")
    row = car.open(car.asked())
    for action in ("acknowledge", "en_route", "on_scene"):
        row = car.acts(row, action)
    asked = len(car.told("IW01"))
    car.later(-AN_HOUR)
    car.silent_crews()
    assert "are you all right?" in car.told("IW01")[-1]
    assert len(car.told("IW01")) == asked + 1


@pytest.mark.parametrize(("by_s", "how"), [(-90, "90 s back"), (600, "600 s forward")])
def test_a_clock_that_jumped_is_told(lab: Lab, by_s: int, how: str) -> None:  # noqa: F811
    lab.scene.nurse()
    lab.rounds(times=3)
    assert "clock_jumped" not in lab.kinds()
    lab.clock_ahead_s += by_s
    lab.rounds()
    [words] = [row.words for row in lab.alarms() if row.kind == "clock_jumped"]
    assert how in words
    lab.rounds(times=45)
    assert "clock_jumped" not in lab.kinds()


def test_a_database_whose_clock_is_not_ours_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.reading() as db:
        assert watchdog.clocks_apart(db, utcnow()) == []
        monkeypatch.setattr(watchdog, "_clock", lambda: time.time() + 30)
        found = watchdog.clocks_apart(db, utcnow())
    if database.engine.dialect.name == "postgresql":
        assert "30 s apart" in found[0].words
    else:
        assert found == [], "SQLite has no clock of its own"

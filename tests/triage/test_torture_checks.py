"""The checks of the long fault run can fail: each is shown what it must not overlook."""

from datetime import timedelta

from sqlalchemy import update

from tests.torture import checks
from tests.triage.scene import Scene
from tests.triage.test_dispatch import Car
from triage import outbox
from triage.db import Database
from triage.models import Dispatch, Promise


def test_a_call_that_nobody_recorded_or_that_is_over_and_owed_nothing_is_found(scene: Scene) -> None:
    caller = scene.caller(carrier_id="CA000001")
    scene.hangs_up(caller)
    with scene.database.transaction() as db:
        assert checks.recorded_once(db, ["CA000001"]) == []
        assert checks.nobody_lost(db, ["CA000001"]) == []
        assert len(checks.recorded_once(db, ["CA000001", "CA000002"])) == 1
        for promise in db.query(Promise):
            db.delete(promise)
        db.flush()
        assert len(checks.nobody_lost(db, ["CA000001"])) == 1


def test_a_call_thought_to_be_up_is_found(scene: Scene) -> None:
    scene.caller(carrier_id="CA000001")
    with scene.database.reading() as db:
        assert len(checks.nobody_still_up(db, ["CA000001"])) == 1


def test_work_left_undone_is_found(scene: Scene) -> None:
    with scene.database.transaction() as db:
        outbox.add(db, "hang_up", now=scene.now - timedelta(hours=1), leg_id="x")
        assert len(checks.work_done(db)) == 1


def test_an_error_or_silence_that_a_caller_heard_is_found() -> None:
    call = {"heard": [{"text": "Hello"}], "answered_at": 0, "ended_at": 400}
    error = {**call, "heard": [{"text": "We are sorry, an application error has occurred."}]}
    assert checks.heard_words({"CA000001": call}) == []
    assert len(checks.heard_words({"CA000001": error, "CA000002": {**call, "heard": []}})) == 2


def test_a_car_nobody_accepted_and_nobody_was_told_of_is_found(database: Database) -> None:
    car = Car(database)
    car.on_duty("IW01")
    incident = car.asked()
    with database.transaction() as db:
        assert checks.cars(db, [incident.id]) == []
        db.execute(update(Dispatch).values(state="declined"))
        assert len(checks.cars(db, [incident.id])) == 1
        assert len(checks.cars(db, ["not there"])) == 1


def test_a_caller_with_two_nurses_at_once_is_found() -> None:
    assert checks.one_nurse({"CA000001": 1, "CA000002": 0}) == []
    assert checks.one_nurse({"CA000001": 2}) == ["call 000001 was with 2 people at once"]

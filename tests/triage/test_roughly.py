"""What people who text are told of their wait is so, and cheap to find out."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from callflows.texter import Wait
from tests import factories
from tests.triage.scene import Scene, entry_of
from triage import queue, roughly
from triage.db import Database
from triage.models import Contact, QueueEntry


def told(scene: Scene, contact: Contact) -> Wait:
    with scene.database.reading() as db:
        return roughly.wait(db, entry_of(db, contact), now=scene.now)


def waited(scene: Scene, *minutes: float, channel: str = "text", **over: object) -> None:
    """People who waited so long and are with a nurse since now."""
    for count in minutes:
        contact = scene.caller(channel=channel, line=factories.ISLAND_LINE, **over)
        with scene.database.transaction() as db:
            entry = db.get_one(QueueEntry, entry_of(db, contact).id)
            entry.state, entry.connected_at = "finished", scene.now
            entry.arrived_at = scene.now - timedelta(minutes=count)


def texter(scene: Scene) -> Contact:
    return scene.texter(line=factories.ISLAND_LINE)


def test_nobody_on_shift_is_what_is_known(scene: Scene) -> None:
    waited(scene, 3, 4, 5)
    scene.nurse(state="off")
    assert told(scene, texter(scene)) == Wait(nurses=0)


def test_who_is_before_them_and_the_middle_one_of_the_waits_lately(scene: Scene) -> None:
    scene.nurse()
    waited(scene, 3, 6.2, 90)
    texter(scene)
    scene.later(1)
    assert told(scene, texter(scene)) == Wait(1, 1, 7)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [([], None), ([5, 5], None), ([0.1] * 3, 2), ([10] * 3, 10), ([10.5] * 3, 15), ([31] * 4, 35)],
)
def test_too_few_give_no_number_and_no_number_is_better_than_it_was(
    scene: Scene, minutes: list[float], said: int | None
) -> None:
    scene.nurse()
    waited(scene, *minutes)
    assert told(scene, texter(scene)).minutes == said


def test_neither_calls_nor_yesterdays_waits_nor_those_of_another_place_say_how_long_a_text_waits(scene: Scene) -> None:
    scene.nurse()
    waited(scene, 3, 3, 3, channel="call")
    waited(scene, 3, 3, 3)
    scene.later(hours=4)
    for _ in range(3):
        contact = scene.texter()
        with scene.database.transaction() as db:
            entry_of(db, contact).connected_at = scene.now
    assert told(scene, texter(scene)).minutes is None


def test_danger_now_is_every_nurses(scene: Scene) -> None:
    scene.nurse(localities=("city",))
    scene.nurse(localities=("island",), state="busy")
    endangered = scene.texter(line=factories.ISLAND_LINE, danger=True)
    assert told(scene, endangered).nurses == 2
    assert told(scene, texter(scene)) == Wait(1, 1)


def test_it_takes_four_statements_however_many_are_on_shift(database: Database) -> None:
    scene = Scene(database)
    for _ in range(12):
        scene.nurse()
    waited(scene, 3, 3, 3)
    contact = texter(scene)
    said: list[str] = []

    def note(*told: object) -> None:
        said.append(str(told[2]))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        with database.reading() as db:
            entry = entry_of(db, contact)
            said.clear()
            assert roughly.wait(db, entry, now=scene.now).nurses == 12
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    assert len(said) == 4, said


def test_lanes_on_shift_are_those_of_each_nurse(scene: Scene) -> None:
    nurses = [scene.nurse(localities=localities) for localities in (("city",), ("island",), ("forest", "city"))]
    with scene.database.reading() as db:
        each = sorted(queue.lanes_for(db, nurse, scene.now) for nurse in nurses)
        assert sorted(queue.lanes_on_shift(db, scene.now)) == each

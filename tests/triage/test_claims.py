"""One nurse per caller, one caller per nurse, however many ask at once."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from tests import factories
from tests.triage.scene import Scene, entry_of
from triage import bridge, queue, rules
from triage.models import QueueEntry, Staff

NURSES = 32


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run every work in a thread of its own, started together; what each gave, or the error it raised."""
    gate, results = threading.Barrier(len(works)), [None] * len(works)

    def run(at: int) -> None:
        gate.wait(20)
        try:
            results[at] = works[at]()
        except Exception as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "somebody is still waiting"
    return results


def held(scene: Scene) -> list[tuple[str, str]]:
    with scene.database.reading() as db:
        rows = db.execute(select(QueueEntry.contact_id, QueueEntry.nurse_id).where(QueueEntry.state != "waiting"))
        return [tuple(row) for row in rows]


@pytest.mark.parametrize(("people", "places"), [(32, 1), (32, 3), (20, 2), (45, 3)])
def test_32_nurses_at_once_take_32_people_and_nobody_twice(scene: Scene, people: int, places: int) -> None:
    everywhere = ("island", "city", "forest")
    nurses = [scene.nurse(localities=everywhere) for _ in range(NURSES)]
    lines = [factories.DIRECT, factories.ISLAND_LINE, factories.PROFESSIONAL_LINE][:places]
    callers = [scene.caller(line=lines[at % places]) for at in range(people)]
    taken = at_once(*(lambda nurse=nurse: scene.takes(nurse) for nurse in nurses))
    assert not [error for error in taken if isinstance(error, Exception)]
    pairs = held(scene)
    expected = min(people, NURSES)
    assert len(pairs) == expected, "nobody is left while a nurse is free"
    assert len({contact for contact, _ in pairs}) == len({nurse for _, nurse in pairs}) == expected
    assert Counter(entry.contact_id for entry in taken if entry) == Counter(contact for contact, _ in pairs)
    if places == 1 and people > NURSES:
        assert {contact for contact, _ in pairs} == {caller.id for caller in callers[:NURSES]}


def test_a_nurse_in_two_tabs_gets_one_person(scene: Scene) -> None:
    nurse = scene.nurse()
    for _ in range(4):
        scene.caller()
    taken = at_once(*(lambda: scene.takes(nurse) for _ in range(8)))
    assert not [error for error in taken if isinstance(error, Exception)]
    assert len({entry.id for entry in taken}) == 1
    assert len(held(scene)) == 1
    assert len(scene.legs(taken[0].contact)) == 1, "and is rung once"


def test_two_nurses_rung_about_danger_press_1_together_and_one_has_the_person(scene: Scene) -> None:
    nurses = [scene.nurse() for _ in range(6)]
    caller = scene.caller(danger=True)
    with scene.database.transaction() as db:
        assert bridge.alert_all_ready(db, rules.current(db).rules, now=scene.now) == 6
    legs = [scene.leg(caller, nurse) for nurse in nurses]
    results = at_once(*(lambda leg=leg: scene.accepts(leg) for leg in legs))
    assert sum(isinstance(result, bridge.Taken) for result in results) == 5, results
    assert scene.entry(caller).nurse_id == next(r.nurse_id for r in results if isinstance(r, QueueEntry))


def test_asking_again_gives_the_same_person(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.later(1)
    scene.caller()
    first = scene.takes(nurse)
    scene.later(5)
    again = scene.takes(nurse)
    assert first is not None
    assert again is not None
    assert (again.id, again.token, again.lease_until) == (first.id, first.token, first.lease_until)
    assert len(scene.legs(caller)) == 1


def test_nobody_waiting_is_an_answer(scene: Scene) -> None:
    nurse = scene.nurse()
    assert scene.takes(nurse) is None
    assert scene.presence(nurse).state == "ready"


def test_a_stale_claim_changes_nothing(scene: Scene) -> None:
    caller, first, second = scene.caller(), scene.nurse(), scene.nurse()
    old = scene.takes(first)
    assert old is not None
    scene.later(41)
    expire(scene)
    new = scene.takes(second)
    assert new is not None
    assert new.token == old.token + 1
    with scene.database.transaction() as db:
        entry = entry_of(db, caller)
        assert not queue.step(db, entry, "connect", actor=first.id, now=scene.now, token=old.token)
        assert not queue.put_back(db, entry, "lost", actor=first.id, now=scene.now, token=old.token)
        assert not queue.step(db, entry, "finish", actor=first.id, now=scene.now, token=old.token)
        with pytest.raises(queue.NotTheirs):
            queue.held_by(db, caller.id, db.get_one(Staff, first.id))
    now = scene.entry(caller)
    assert (now.state, now.nurse_id, now.token) == ("offered", second.id, new.token)


def expire(scene: Scene) -> int:
    with scene.database.transaction() as db:
        return bridge.release_expired(db, rules.current(db).rules, now=scene.now)


def test_a_claim_not_taken_up_returns_the_person_to_the_same_place(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.later(1)
    behind = scene.caller()
    before = scene.entry(caller)
    scene.takes(nurse)
    assert scene.waiting() == [behind.id]
    scene.later(scene.rules.claim_lease_s - 1)
    assert expire(scene) == 0, "not a moment early"
    scene.later(1)
    assert expire(scene) == 1
    assert expire(scene) == 0
    after = scene.entry(caller)
    assert scene.waiting() == [caller.id, behind.id]
    assert (after.band, after.reasons, after.arrived_at) == (before.band, before.reasons, before.arrived_at)
    assert (after.nurse_id, after.room, after.lease_until) == (None, None, None)


def test_two_clocks_release_a_claim_once(scene: Scene) -> None:
    nurse = scene.nurse()
    caller = scene.caller()
    scene.takes(nurse)
    scene.phone_rings(scene.leg(caller))
    scene.later(60)
    assert sum(at_once(*(lambda: expire(scene) for _ in range(4)))) == 1
    assert scene.presence(nurse).missed == 1


def test_a_text_is_with_the_nurse_at_once_and_no_lease_takes_it_away(scene: Scene) -> None:
    nurse, texter = scene.nurse(), scene.texter()
    entry = scene.takes(nurse)
    assert entry is not None
    assert (entry.contact_id, entry.state, entry.lease_until) == (texter.id, "connected", None)
    assert scene.legs(texter) == []
    scene.later(hours=1)
    assert expire(scene) == 0

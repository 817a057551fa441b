"""Nobody is heard later than their place says, unless a nurse who heard them says why they can wait."""

import pytest
from sqlalchemy import select

from tests.triage.scene import Scene
from triage import lowering, queue
from triage.models import Contact, History
from triage.reach_models import Notice


def _lower(
    scene: Scene, contact: Contact, nurse: object, band: int, because: str = "safe_for_now", seen: int = 4
) -> None:
    with scene.database.transaction() as db:
        lowering.give_back_for_later(
            db,
            db.get_one(Contact, contact.id),
            band,
            because,
            nurse,
            seen=seen,
            now=scene.now,  # type: ignore[arg-type]
        )


def test_a_nurse_who_heard_somebody_gives_them_back_for_later_and_a_second_person_reads_it(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.together(caller, nurse)
    scene.later(60)
    after = scene.caller()
    _lower(scene, caller, nurse, queue.URGENT)
    entry = scene.entry(caller)
    assert (entry.state, entry.band, entry.climbed_at) == ("waiting", queue.URGENT, scene.now)
    assert lowering.BECAUSE["safe_for_now"] in entry.reasons
    assert scene.presence(nurse).state == "wrapping_up"
    assert scene.takes(scene.nurse()).contact_id == after.id, "whoever came later is heard first"  # type: ignore[union-attr]
    with scene.database.reading() as db:
        [line] = db.scalars(select(History).where(History.what == "lowered")).all()
        assert (line.actor, line.detail) == (nurse.id, {"before": 4, "band": 5, "because": "safe_for_now"})
        assert [one.actor for one in db.scalars(select(Notice).where(Notice.kind == "lowered"))] == [nurse.id]
        assert lowering.count(db) == 1


def test_waiting_moves_them_up_again(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.together(caller, nurse)
    _lower(scene, caller, nurse, queue.SCHEDULED)
    scene.later(scene.rules.climb_every_s + 1)
    with scene.database.transaction() as db:
        queue.climb(db, scene.rules, now=scene.now)
    assert scene.entry(caller).band == queue.URGENT


@pytest.mark.parametrize(
    ("heard", "band", "because", "seen", "says"),
    [
        (False, 5, "safe_for_now", 4, "not heard them yet"),
        (True, 4, "safe_for_now", 4, "Later bands: 5 to 6"),
        (True, 3, "safe_for_now", 4, "Later bands: 5 to 6"),
        (True, 7, "safe_for_now", 4, "Later bands: 5 to 6"),
        (True, 5, "no_nurse_free", 4, "How busy the line is, is no reason"),
        (True, 5, "", 4, "Say why they can wait"),
        (True, 5, "safe_for_now", 3, "in band 4 by now"),
    ],
)
def test_nobody_is_lowered_unheard_unsaid_or_for_being_many(
    scene: Scene, heard: bool, band: int, because: str, seen: int, says: str
) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    if heard:
        scene.together(caller, nurse)
    else:
        scene.takes(nurse)
    with pytest.raises(lowering.CannotLower, match=says):
        _lower(scene, caller, nurse, band, because, seen)
    entry = scene.entry(caller)
    assert (entry.band, entry.nurse_id) == (4, nurse.id), "nothing is half done"


def test_only_the_nurse_who_has_them_may(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.together(caller, nurse)
    with pytest.raises(queue.NotTheirs):
        _lower(scene, caller, scene.nurse(), 5)
    assert scene.entry(caller).band == 4


def test_danger_said_since_she_looked_is_read_first(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.together(caller, nurse)
    with scene.database.transaction() as db:
        entry = db.merge(scene.entry(caller))
        queue.raise_to(db, entry, queue.DANGER, queue.SAID_DANGER, actor="caller", now=scene.now)
    with pytest.raises(lowering.CannotLower, match=queue.SAID_DANGER):
        _lower(scene, caller, nurse, 5)
    assert scene.entry(caller).band == queue.DANGER

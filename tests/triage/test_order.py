"""In what order people are heard: need, then promise, then arrival. Nothing here says how risky anybody is."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.triage.scene import Scene
from triage import contacts, promises, queue, rules
from triage.db import Database
from triage.models import Contact, Locality, QueueEntry
from triage.queue import DANGER, FAILED_BEFORE, NOT_ASKED, PROFESSIONAL, URGENT, VERY_URGENT


def test_nobody_asked_yet_is_in_the_middle_and_says_so(scene: Scene) -> None:
    entry = scene.entry(scene.caller())
    assert (entry.band, entry.reasons) == (NOT_ASKED, ["Not yet asked"])


def test_joining_twice_is_joining_once(scene: Scene) -> None:
    caller = scene.caller()
    scene.later(60)
    scene.joins(caller)
    assert scene.waiting() == [caller.id]
    assert scene.entry(caller).arrived_at == factories.NOON


def test_within_a_band_whoever_came_first_is_first(scene: Scene) -> None:
    first = scene.caller()
    scene.later(1)
    second = scene.caller()
    assert scene.waiting() == [first.id, second.id]


def test_need_goes_before_arrival(scene: Scene) -> None:
    not_asked = scene.caller()
    scene.later(60)
    professional = scene.caller(line=factories.PROFESSIONAL_LINE)
    scene.later(60)
    in_danger = scene.caller(danger=True)
    assert scene.entry(professional).band == PROFESSIONAL
    assert scene.entry(in_danger).band == DANGER
    assert scene.waiting() == [in_danger.id, professional.id, not_asked.id]


def test_danger_said_while_waiting_goes_to_the_head_of_everything(scene: Scene) -> None:
    owed = scene.caller()
    scene.raised(owed, FAILED_BEFORE)
    scene.later(60)
    caller = scene.caller()
    scene.raised(caller, DANGER, queue.SAID_DANGER)
    assert scene.waiting() == [caller.id, owed.id]
    assert scene.entry(caller).reasons == [queue.SAID_DANGER]


def test_a_reason_may_raise_and_never_lowers(scene: Scene) -> None:
    caller = scene.caller(line=factories.PROFESSIONAL_LINE)
    scene.raised(caller, URGENT, "Safe for now")
    entry = scene.entry(caller)
    assert entry.band == PROFESSIONAL
    assert entry.reasons == ["A professional is with the person", "Safe for now"]
    scene.raised(caller, URGENT, "Safe for now")
    assert scene.entry(caller).reasons == entry.reasons


def test_a_keyword_changes_the_place_and_never_the_order(scene: Scene) -> None:
    caller = scene.caller()
    with scene.database.transaction() as db:
        contacts.place_by_keyword(db, contacts.get(db, caller.id), "marigold", actor="caller", now=scene.now)
    entry = scene.entry(caller)
    assert (entry.lane, entry.band, entry.arrived_at) == ("city", NOT_ASKED, factories.NOON)
    assert scene.contact(caller).keyword == "marigold"
    with scene.database.transaction() as db:
        contacts.place_by_keyword(db, contacts.get(db, caller.id), "unheard", actor="caller", now=scene.now)
    assert scene.entry(caller).lane == "city"


# --- people who were here before -------------------------------------------------------------------------------------


def test_whoever_is_cut_off_and_rings_again_within_15_minutes_keeps_their_first_arrival(scene: Scene) -> None:
    caller = scene.caller()
    scene.later(minutes=5)
    scene.hangs_up(caller)
    other = scene.caller()
    scene.later(minutes=14)
    again = scene.caller(number=caller.number)
    entry = scene.entry(again)
    assert (entry.band, entry.arrived_at) == (FAILED_BEFORE, factories.NOON)  # the call-back we owed is overdue by now
    assert "Rang again 14 min after their last call ended" in entry.reasons
    assert scene.waiting() == [again.id, other.id]


def test_soon_back_is_very_urgent(scene: Scene) -> None:
    caller = scene.caller()
    scene.later(minutes=2)
    scene.hangs_up(caller)
    scene.later(minutes=3)
    entry = scene.entry(scene.caller(number=caller.number))
    assert (entry.band, entry.reasons) == (VERY_URGENT, ["Rang again 3 min after their last call ended"])
    assert entry.arrived_at == factories.NOON


def test_after_15_minutes_it_is_a_new_wait_but_the_call_back_we_owe_puts_them_ahead(scene: Scene) -> None:
    caller = scene.caller()
    scene.hangs_up(caller)
    scene.later(minutes=16)
    entry = scene.entry(scene.caller(number=caller.number))
    assert (entry.band, entry.reasons) == (FAILED_BEFORE, ["We owed them a call-back"])
    assert entry.arrived_at == scene.now


@pytest.mark.parametrize("connected", [False, True], ids=["waiting", "with a nurse"])
def test_whoever_said_danger_and_was_cut_off_goes_ahead(scene: Scene, connected: bool) -> None:
    caller = scene.caller(danger=True)
    if connected:
        scene.together(caller, scene.nurse())
    scene.hangs_up(caller)
    scene.later(minutes=3)
    entry = scene.entry(scene.caller(number=caller.number))
    assert entry.band == FAILED_BEFORE
    assert entry.reasons[0] == "Cut off 3 min ago after saying there was danger"


def test_whoever_gave_up_twice_in_a_day_goes_ahead(scene: Scene) -> None:
    number = factories.number()
    for _ in range(2):
        caller = scene.caller(number=number)
        scene.hangs_up(caller)
        settle_all(scene)
        scene.later(hours=2)
    entry = scene.entry(scene.caller(number=number))
    assert (entry.band, entry.reasons) == (FAILED_BEFORE, ["Gave up waiting twice in the last 24 hours"])
    scene.hangs_up(caller)
    settle_all(scene)
    scene.later(hours=25)
    assert scene.entry(scene.caller(number=number)).band == NOT_ASKED


def test_a_finished_contact_leaves_no_mark(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.together(caller, nurse)
    scene.finishes(caller, nurse)
    scene.later(minutes=5)
    assert scene.entry(scene.caller(number=caller.number)).band == NOT_ASKED


def test_ringing_often_never_lowers_anybody(scene: Scene) -> None:
    number, bands = factories.number(), []
    for _ in range(6):
        caller = scene.caller(number=number)
        bands.append(scene.entry(caller).band)
        scene.hangs_up(caller)
        scene.later(minutes=1)
    assert bands == sorted(bands, reverse=True)
    assert bands[-1] == FAILED_BEFORE


def test_withheld_numbers_are_never_one_person(scene: Scene) -> None:
    caller = scene.caller(number=None, danger=True)
    scene.hangs_up(caller)
    scene.later(minutes=1)
    other = scene.caller(number=None)
    entry = scene.entry(other)
    assert (entry.band, entry.reasons, entry.arrived_at) == (NOT_ASKED, ["Not yet asked"], scene.now)
    with scene.database.reading() as db:
        assert contacts.earlier(db, contacts.get(db, other.id)) == []


def settle_all(scene: Scene) -> None:
    with scene.database.transaction() as db:
        for promise in promises.owed(db, scene.now):
            promises.settle_for(
                db, db.get_one(Contact, promise.contact_id), promise.kind, "Done", actor="clock", now=scene.now
            )


# --- waiting ---------------------------------------------------------------------------------------------------------


def climbs(scene: Scene) -> int:
    with scene.database.transaction() as db:
        return queue.climb(db, rules.current(db).rules, now=scene.now)


def test_waiting_raises_a_band_each_time_and_never_above_the_first(scene: Scene) -> None:
    caller = scene.caller()
    bands = []
    for _ in range(6):
        scene.later(scene.rules.climb_every_s)
        climbs(scene)
        assert climbs(scene) == 0, "one band at a time"
        bands.append(scene.entry(caller).band)
    assert bands == [3, 2, 1, 1, 1, 1]
    assert scene.entry(caller).reasons == ["Not yet asked", "Has waited 30 min"]


def test_waiting_a_little_raises_nobody(scene: Scene) -> None:
    scene.caller()
    scene.later(scene.rules.climb_every_s - 1)
    assert climbs(scene) == 0


def test_danger_said_while_the_clock_raises_others_stays_danger(database: Database) -> None:
    """Two transactions that read the same entry: neither may undo what the other raised."""
    scene = Scene(database)
    caller = scene.caller()
    with database.reading() as db:
        entry_id = scene.entry(caller).id
        stale = db.get_one(QueueEntry, entry_id)
        assert stale.band == NOT_ASKED
    scene.raised(caller, DANGER, queue.SAID_DANGER)
    with database.transaction() as db:
        seen = db.merge(stale, load=False)  # read before the danger was stated
        queue.raise_to(db, seen, NOT_ASKED, "Calling for someone else", actor="caller", now=scene.now)
    entry = scene.entry(caller)
    assert (entry.band, entry.reasons) == (DANGER, [queue.SAID_DANGER, "Calling for someone else"])


# --- places ----------------------------------------------------------------------------------------------------------


def lanes(scene: Scene, nurse: object) -> list[str]:
    with scene.database.reading() as db:
        return sorted(queue.lanes_for(db, nurse, scene.now))  # type: ignore[arg-type]


def test_a_nurse_takes_her_own_place_and_whoever_is_not_placed_yet(scene: Scene) -> None:
    island, city = scene.nurse(localities=("island",)), scene.nurse(localities=("city",))
    forest = scene.nurse(localities=("forest",))
    assert lanes(scene, island) == ["", "island"]
    assert lanes(scene, city) == ["", "city"]
    assert lanes(scene, forest) == ["", "forest"]


def test_a_place_without_its_own_nurse_borrows_as_its_overflow_says(scene: Scene) -> None:
    city, forest = scene.nurse(localities=("city",)), scene.nurse(localities=("forest",))
    assert lanes(scene, city) == ["", "city", "island"]  # the island borrows from the city
    assert lanes(scene, forest) == ["", "forest"]


def test_nobody_waits_for_an_empty_room_when_the_overflow_is_not_on_shift_either(scene: Scene) -> None:
    assert "island" in lanes(scene, scene.nurse(localities=("forest",)))


def test_a_place_that_names_nobody_borrows_from_everybody(scene: Scene) -> None:
    assert lanes(scene, scene.nurse(localities=("island",))) == ["", "city", "forest", "island"]


def test_a_nurse_on_a_break_still_keeps_her_place_her_own(scene: Scene) -> None:
    scene.nurse(localities=("island",), state="break")
    assert "island" not in lanes(scene, scene.nurse(localities=("city",)))


def test_outside_its_hours_a_place_borrows_although_its_own_nurse_is_on_shift(scene: Scene) -> None:
    with scene.database.transaction() as db:
        db.get_one(Locality, "island").hours = ["mon-fri 08:00-20:00"]
    own, city = scene.nurse(localities=("island",)), scene.nurse(localities=("city",))
    scene.now = datetime(2026, 7, 3, 18, 59, tzinfo=UTC)  # a Friday; a minute to eight in British summer time
    assert "island" not in lanes(scene, city)
    scene.later(60)
    assert "island" in lanes(scene, city)
    assert "island" in lanes(scene, own), "her own people stay hers"


def test_danger_now_is_taken_by_whoever_asks_next_wherever_it_is(scene: Scene) -> None:
    scene.nurse(localities=("island",), state="busy")
    city = scene.nurse(localities=("city",))
    scene.caller(line=factories.ISLAND_LINE)
    placed = scene.caller()
    endangered = scene.caller(line=factories.ISLAND_LINE, danger=True)
    with scene.database.transaction() as db:
        contacts.entry_of(db, placed.id).lane = "city"  # type: ignore[union-attr]
    with scene.database.reading() as db:
        assert queue.ahead_of(db, contacts.entry_of(db, placed.id), scene.now) == 1  # type: ignore[arg-type]
    assert scene.takes(city).contact_id == endangered.id  # type: ignore[union-attr]


def test_how_many_nurses_may_take_somebody_is_counted_over_shift_and_overflow(scene: Scene) -> None:
    scene.nurse(localities=("city",))
    scene.nurse(localities=("city",), state="off")
    scene.nurse(localities=("forest",))
    with scene.database.reading() as db:
        assert [queue.nurses_for(db, lane, scene.now) for lane in ("", "city", "island", "forest")] == [2, 1, 1, 1]


def test_the_next_person_is_the_first_of_all_lanes_a_nurse_may_take(scene: Scene) -> None:
    scene.nurse(localities=("city",))
    nurse = scene.nurse(localities=("island",))
    forest = scene.caller()
    with scene.database.transaction() as db:
        contacts.entry_of(db, forest.id).lane = "city"  # type: ignore[union-attr]
    scene.later(1)
    placed = scene.caller(line=factories.ISLAND_LINE)
    scene.later(1)
    scene.caller()
    assert scene.takes(nurse).contact_id == placed.id  # type: ignore[union-attr]


def test_how_many_are_ahead_is_what_the_order_says(scene: Scene) -> None:
    people = [scene.caller() for _ in range(4)]  # all at the same moment
    scene.raised(people[3], VERY_URGENT)
    with scene.database.reading() as db:
        ahead = [queue.ahead_of(db, contacts.entry_of(db, contact_id), scene.now) for contact_id in scene.waiting()]  # type: ignore[arg-type]
    assert ahead == [0, 1, 2, 3]


@pytest.fixture
def sqlite_scene(new_database: object) -> Scene:
    from triage.db import open_database

    return Scene(open_database(new_database("sqlite")))  # type: ignore[operator]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 50)), min_size=1, max_size=8))
def test_whatever_people_state_they_are_taken_by_need_then_arrival(
    sqlite_scene: Scene, people: list[tuple[int, int]]
) -> None:
    scene = sqlite_scene
    nurse = scene.nurse()
    start = scene.now
    expected = []
    for band, arrives_s in people:
        scene.now = start
        scene.later(arrives_s)
        caller = scene.caller()
        scene.raised(caller, band)
        entry = scene.entry(caller)
        expected.append((min(band, NOT_ASKED), scene.now, entry.id, caller.id))
    taken = []
    while entry := scene.takes(nurse):
        taken.append(entry.contact_id)
        scene.finishes(scene.contact(entry.contact), nurse)
        scene.later(1)
    assert taken == [contact_id for *_, contact_id in sorted(expected)]

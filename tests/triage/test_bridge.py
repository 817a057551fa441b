"""Bringing a nurse and a person together by telephone, and what becomes of the person whoever is lost on the way."""

import contextlib

import pytest
from sqlalchemy import select

from tests import factories
from tests.triage.scene import Scene
from triage import bridge, promises, ringing, rules
from triage.models import Contact, Leg, QueueEntry, Staff
from triage.queue import DANGER, NOT_ASKED, VERY_URGENT, NotTheirs


def offers(scene: Scene) -> int:
    with scene.database.transaction() as db:
        return bridge.offer_waiting(db, rules.current(db).rules, now=scene.now)


def alerts(scene: Scene) -> int:
    with scene.database.transaction() as db:
        return bridge.alert_all_ready(db, rules.current(db).rules, now=scene.now)


def expires(scene: Scene) -> int:
    with scene.database.transaction() as db:
        return bridge.release_expired(db, rules.current(db).rules, now=scene.now)


def jobs(scene: Scene) -> list[str]:
    return [row.job for row in scene.jobs()]


# --- a call, as it goes ------------------------------------------------------------------------------------------------


def test_taking_the_next_call_rings_the_nurse_from_the_line_that_was_rung(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller(line=factories.ISLAND_LINE)
    entry = scene.takes(nurse)
    assert entry is not None
    leg = scene.leg(caller, nurse)
    assert (entry.state, leg.to, leg.from_number, leg.purpose) == (
        "offered",
        nurse.phone,
        factories.ISLAND_LINE,
        "nurse",
    )
    assert scene.jobs("place_call")[0].args == {"leg_id": leg.id}
    assert scene.presence(nurse).state == "on_contact"
    assert caller.number not in str([row.args for row in scene.jobs()]), "ids only"


def test_a_nurse_in_the_browser_is_rung_there(scene: Scene) -> None:
    nurse, caller = scene.nurse(via="browser"), scene.caller()
    scene.takes(nurse)
    assert scene.leg(caller).to == f"client:{nurse.id}"


def test_a_call_to_a_number_nobody_configured_is_still_put_through(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller(line=None)
    scene.takes(nurse)
    assert scene.leg(caller, nurse).from_number == factories.DIRECT


def test_the_person_is_sent_for_only_when_the_nurse_has_answered(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.takes(nurse)
    assert scene.jobs("move_caller") == []
    entry = scene.accepts(scene.leg(caller))
    assert entry.state == "connecting"
    assert [row.args for row in scene.jobs("move_caller")] == [{"entry_id": entry.id, "token": entry.token}]
    assert scene.arrives(caller)
    entry = scene.entry(caller)
    assert (entry.state, entry.connected_at, entry.lease_until) == ("connected", scene.now, None)
    assert entry.room is not None
    assert caller.number not in entry.room


def test_pressing_1_twice_sends_for_the_person_once(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.takes(nurse)
    for _ in range(3):
        scene.accepts(scene.leg(caller))
    scene.arrives(caller)
    scene.accepts(scene.leg(caller))
    assert scene.arrives(caller)
    assert len(scene.jobs("move_caller")) == 1
    assert scene.entry(caller).state == "connected"


def test_a_late_1_on_a_ring_that_was_given_up_is_told_that_it_is_taken(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.takes(nurse)
    leg = scene.leg(caller)
    scene.later(60)
    expires(scene)
    with pytest.raises(bridge.Taken):
        scene.accepts(leg)
    scene.takes(scene.nurse())
    with pytest.raises(bridge.Taken):
        scene.accepts(leg)
    assert scene.entry(caller).state == "offered"


def test_finishing_says_goodbye_to_the_person_and_the_nurse_wraps_up(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.together(caller, nurse)
    scene.finishes(caller, nurse)
    scene.finishes(caller, nurse)
    entry = scene.entry(caller)
    assert (entry.state, entry.ended_how) == ("finished", "finished")
    assert scene.contact(caller).ended_at == scene.now
    assert len(scene.jobs("end_call")) == 1
    assert scene.presence(nurse).state == "wrapping_up", "ready again only by her own act"
    assert scene.owed() == []


def test_only_the_nurse_who_has_somebody_may_finish(scene: Scene) -> None:
    nurse, caller, other = scene.nurse(), scene.caller(), scene.nurse()
    scene.together(caller, nurse)
    with pytest.raises(NotTheirs):
        scene.finishes(caller, other)


def test_finishing_somebody_never_spoken_to_keeps_what_is_owed_to_them(scene: Scene) -> None:
    caller = scene.caller()
    scene.hangs_up(caller)
    again = scene.caller(number=caller.number)
    nurse = scene.nurse()
    scene.takes(nurse)
    scene.finishes(again, nurse)
    assert [promise.kind for promise in scene.owed(again)] == ["call_back"]


@pytest.mark.parametrize("spoken", [False, True])
def test_a_nurse_gives_somebody_back_at_the_place_they_had(scene: Scene, spoken: bool) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    arrived = scene.entry(caller).arrived_at
    if spoken:
        scene.together(caller, nurse)
    else:
        scene.takes(nurse)
    scene.later(30)
    scene.caller()
    with scene.database.transaction() as db:
        bridge.give_back(db, db.get_one(Contact, caller.id), nurse, now=scene.now)
    entry = scene.entry(caller)
    assert (entry.state, entry.nurse_id, entry.arrived_at) == ("waiting", None, arrived)
    assert "Given back by a nurse" in entry.reasons
    assert len(scene.jobs("return_caller")) == spoken, "who was brought to her is told, and heard by the next nurse"
    assert scene.jobs("hang_up")
    assert scene.presence(nurse).state == "wrapping_up", "nobody is offered to her until she says so"
    assert scene.takes(scene.nurse()).contact_id == caller.id  # type: ignore[union-attr]
    with scene.database.transaction() as db, pytest.raises(NotTheirs):
        bridge.give_back(db, db.get_one(Contact, caller.id), nurse, now=scene.now)


# --- the person is lost --------------------------------------------------------------------------------------------------


def brought_to(scene: Scene, state: str, caller: Contact) -> Staff:
    nurse = scene.nurse()
    if state != "waiting":
        scene.takes(nurse)
    if state in ("connecting", "connected"):
        scene.accepts(scene.leg(caller))
    if state == "connected":
        scene.arrives(caller)
    assert scene.entry(caller).state == state
    return nurse


@pytest.mark.parametrize("state", ["waiting", "offered", "connecting"])
def test_whoever_hangs_up_before_a_nurse_had_them_is_owed_a_call_back(scene: Scene, state: str) -> None:
    caller = scene.caller()
    nurse = brought_to(scene, state, caller)
    scene.later(5)
    scene.hangs_up(caller)
    scene.hangs_up(caller)
    entry = scene.entry(caller)
    assert (entry.state, entry.ended_how, entry.ended_at) == ("abandoned", "gave_up", scene.now)
    [promise] = scene.owed(caller)
    assert promise.kind == "call_back"
    assert promise.reachable
    assert (promise.due_at - scene.now).total_seconds() == scene.rules.call_back_due_s
    assert scene.presence(nurse).state == ("ready" if state == "waiting" else "wrapping_up")
    assert len(scene.jobs("hang_up")) == (0 if state == "waiting" else 1), "the nurse's phone stops"


def test_hanging_up_after_talking_is_an_end(scene: Scene) -> None:
    caller = scene.caller()
    nurse = brought_to(scene, "connected", caller)
    scene.hangs_up(caller)
    entry = scene.entry(caller)
    assert (entry.state, entry.ended_how) == ("finished", "rang_off")
    assert scene.owed() == []
    assert scene.presence(nurse).state == "wrapping_up"
    scene.finishes(caller, nurse)
    assert scene.jobs("end_call") == []


@pytest.mark.parametrize("state", ["waiting", "offered", "connecting", "connected"])
def test_whoever_said_danger_and_hangs_up_is_owed_a_call_back_whenever_it_is(scene: Scene, state: str) -> None:
    caller = scene.caller(danger=True)
    brought_to(scene, state, caller)
    scene.hangs_up(caller)
    assert [promise.kind for promise in scene.owed(caller)] == ["call_back"]


def test_ringing_off_in_the_greeting_is_owed_a_call_back_too(scene: Scene) -> None:
    contact = factories.make_contact(scene.database)
    scene.hangs_up(contact)
    assert scene.contact(contact).ended_at == scene.now
    assert [promise.kind for promise in scene.owed(contact)] == ["call_back"]


def test_a_withheld_number_is_owed_and_shown_as_out_of_reach(scene: Scene) -> None:
    caller = scene.caller(number=None)
    scene.hangs_up(caller)
    [promise] = scene.owed(caller)
    assert not promise.reachable


# --- the nurse is lost ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["no_answer", "busy", "canceled"])
def test_a_nurse_who_does_not_answer_keeps_nobody_waiting(scene: Scene, outcome: str) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.takes(nurse)
    scene.leg_ends(scene.leg(caller), outcome)
    scene.leg_ends(scene.leg(caller), outcome)
    entry = scene.entry(caller)
    assert (entry.state, entry.band, entry.arrived_at) == ("waiting", NOT_ASKED, factories.NOON)
    row = scene.presence(nurse)
    assert (row.state, row.reason, row.missed) == ("ready", "did not answer", 1)


def test_a_nurse_who_does_not_answer_twice_running_is_on_a_break_and_sees_why(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    for _ in range(2):
        scene.takes(nurse)
        scene.leg_ends(scene.leg(caller), "no_answer")
        scene.later(1)
    row = scene.presence(nurse)
    assert (row.state, row.reason) == ("break", "did not answer 2 times running")
    assert offers(scene) == 0


@pytest.mark.parametrize(
    ("outcome", "state", "why"),
    [
        ("failed", "ready", "the carrier could not ring you"),
        ("refused", "ready", "the carrier could not ring you"),
        ("bad_number", "break", "your number cannot be rung"),
    ],
)
def test_a_nurse_the_carrier_could_not_ring_is_not_blamed(scene: Scene, outcome: str, state: str, why: str) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.takes(nurse)
    scene.leg_ends(scene.leg(caller), outcome)
    row = scene.presence(nurse)
    assert (row.state, row.missed) == (state, 0)
    assert why in (row.reason or "")
    assert scene.waiting() == [caller.id]
    assert offers(scene) == 0, "the carrier is not asked again every second"
    scene.later(bridge.RING_AGAIN_AFTER.total_seconds() + 1)
    assert offers(scene) == (state == "ready")


def test_a_nurse_is_not_blamed_while_the_carrier_is_away(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    for _ in range(3):
        assert offers(scene) == 1
        scene.later(60)
        assert expires(scene) == 1
    assert (scene.presence(nurse).state, scene.presence(nurse).missed) == ("ready", 0)
    assert scene.waiting() == [caller.id]


def test_the_leg_she_did_not_use_ends_without_parting_them(scene: Scene) -> None:
    """Her browser dialled in while the call we placed to it was still ringing there; the carrier reports that one busy."""
    nurse, caller = scene.nurse(via="browser"), scene.caller()
    scene.takes(nurse)
    placed = scene.leg(caller)
    entry = scene.entry(caller)
    with scene.database.transaction() as db:
        dialled = Leg(
            purpose="nurse", to=placed.to, from_number=placed.from_number, entry_id=entry.id, token=entry.token,
            staff_id=nurse.id, promise_id=None, state="answered", outcome=None, made_at=scene.now,
            carrier_id="CA-dialled", ended_at=None,
        )  # fmt: skip
        db.add(dialled)
        db.flush()
        bridge.accepted(db, dialled, scene.rules, now=scene.now)
    assert [row.args["leg_id"] for row in scene.jobs("hang_up")] == [placed.id]
    scene.arrives(caller)
    scene.leg_ends(placed, "busy")
    assert (scene.entry(caller).state, scene.entry(caller).nurse_id) == ("connected", nurse.id)
    assert scene.presence(nurse).state == "on_contact"
    scene.leg_ends(dialled)
    assert scene.entry(caller).state == "waiting"


def test_nobody_is_left_with_a_caller_who_is_gone_and_unknown(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller(number=None)
    with scene.database.transaction() as db:
        db.get_one(Contact, caller.id).leg_ended = True  # rang off while their last webhook was on its way
    scene.takes(nurse)
    with scene.database.transaction() as db, contextlib.suppress(bridge.Taken):
        bridge.accepted(db, db.get_one(Leg, scene.leg(caller).id), scene.rules, now=scene.now)
        pytest.fail("she was told that they are being connected")
    assert scene.entry(caller).state == "finished"
    assert scene.presence(nurse).state == "wrapping_up"
    assert [promise.reachable for promise in scene.owed(caller)] == [False]


def test_answering_in_between_forgives_a_miss(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    scene.takes(nurse)
    scene.leg_ends(scene.leg(caller), "no_answer")
    scene.later(1)
    scene.together(caller, nurse)
    assert scene.presence(nurse).missed == 0


@pytest.mark.parametrize("state", ["connecting", "connected"])
def test_a_nurse_lost_on_the_line_sends_the_person_back_to_their_place_sooner(scene: Scene, state: str) -> None:
    caller = scene.caller()
    nurse = brought_to(scene, state, caller)
    scene.later(60)
    other = scene.caller()
    scene.leg_ends(scene.leg(caller))
    entry = scene.entry(caller)
    assert (entry.state, entry.band, entry.nurse_id) == ("waiting", VERY_URGENT, None)
    assert "The nurse's line was lost" in entry.reasons
    assert scene.waiting() == [caller.id, other.id]
    assert len(scene.jobs("return_caller")) == 1
    assert scene.presence(nurse).state == "wrapping_up"


def test_a_person_in_danger_stays_in_danger_when_the_nurse_is_lost(scene: Scene) -> None:
    caller = scene.caller(danger=True)
    brought_to(scene, "connected", caller)
    scene.leg_ends(scene.leg(caller))
    assert scene.entry(caller).band == DANGER


def test_a_room_that_ends_under_a_person_puts_them_back_once(scene: Scene) -> None:
    caller = scene.caller()
    nurse = brought_to(scene, "connected", caller)
    for _ in range(2):
        with scene.database.transaction() as db:
            bridge.room_lost(db, db.scalars(select(QueueEntry)).one(), now=scene.now)
    scene.leg_ends(scene.leg(caller))
    entry = scene.entry(caller)
    assert (entry.state, entry.band) == ("waiting", VERY_URGENT)
    assert scene.presence(nurse).state == "wrapping_up"
    assert scene.history(caller).count("return") == 1


def test_a_call_that_never_reaches_the_room_goes_back_and_the_nurse_is_not_blamed(scene: Scene) -> None:
    caller = scene.caller()
    nurse = brought_to(scene, "connecting", caller)
    scene.later(scene.rules.connect_lease_s + 1)
    assert expires(scene) == 1
    row = scene.presence(nurse)
    assert (row.state, row.missed, row.reason) == ("ready", 0, "the call could not be joined to yours")
    assert scene.entry(caller).state == "waiting"
    assert len(scene.jobs("return_caller")) == len(scene.jobs("hang_up")) == 1
    assert not scene.arrives(caller), "the room is no longer theirs"


# --- offering ------------------------------------------------------------------------------------------------------------


def test_nurses_ready_by_phone_are_rung_longest_ready_first(scene: Scene) -> None:
    first = scene.nurse()
    scene.later(10)
    second = scene.nurse()
    caller = scene.caller()
    assert offers(scene) == 1
    assert scene.entry(caller).nurse_id == first.id
    assert offers(scene) == 0
    other = scene.caller()
    assert offers(scene) == 1
    assert scene.entry(other).nurse_id == second.id


@pytest.mark.parametrize("state", ["busy", "break", "off"])
def test_a_nurse_who_is_not_ready_is_not_rung(scene: Scene, state: str) -> None:
    scene.nurse(state=state)
    scene.caller()
    assert offers(scene) == 0


def test_a_nurse_in_the_browser_takes_people_herself(scene: Scene) -> None:
    scene.nurse(via="browser")
    scene.caller()
    assert offers(scene) == 0


def test_nobody_is_offered_outside_their_place(scene: Scene) -> None:
    scene.nurse(localities=("island",), state="break")
    scene.nurse(localities=("city",))
    scene.caller(line=factories.ISLAND_LINE)
    assert offers(scene) == 0


def test_a_text_is_never_given_to_a_nurse_who_did_not_ask_and_would_not_know(scene: Scene) -> None:
    nurse, texter = scene.nurse(), scene.texter()
    scene.later(1)
    caller = scene.caller()
    assert offers(scene) == 1
    assert scene.entry(caller).nurse_id == nurse.id
    assert scene.entry(texter).state == "waiting"


# --- danger now ----------------------------------------------------------------------------------------------------------


def test_danger_rings_every_ready_nurse_wherever_they_work(scene: Scene) -> None:
    phone, browser = scene.nurse(), scene.nurse(via="browser", localities=("city",))
    scene.nurse(state="break")
    busy, caller = scene.nurse(), scene.caller()
    scene.together(caller, busy)
    urgent = scene.caller(danger=True, line=factories.ISLAND_LINE)
    assert alerts(scene) == 2
    assert {leg.to for leg in scene.legs(urgent)} == {phone.phone, f"client:{browser.id}"}
    assert alerts(scene) == 0, "nobody is rung twice at once"


def test_the_first_to_accept_has_them_and_the_others_are_told(scene: Scene) -> None:
    slow, quick, caller = scene.nurse(), scene.nurse(), scene.caller(danger=True)
    alerts(scene)
    entry = scene.accepts(scene.leg(caller, quick))
    assert (entry.state, entry.nurse_id) == ("connecting", quick.id)
    with pytest.raises(bridge.Taken):
        scene.accepts(scene.leg(caller, slow))
    assert {row.args["leg_id"] for row in scene.jobs("hang_up")} == {scene.leg(caller, slow).id}
    assert scene.presence(slow).state == "ready"
    assert alerts(scene) == 0


def test_a_nurse_who_takes_them_at_her_desk_stops_the_ringing_of_the_others(scene: Scene) -> None:
    other, nurse, caller = scene.nurse(), scene.nurse(), scene.caller(danger=True)
    alerts(scene)
    entry = scene.takes(nurse)
    assert entry is not None
    stopped = {row.args["leg_id"] for row in scene.jobs("hang_up")}
    assert stopped == {scene.leg(caller, other, "alert").id, scene.leg(caller, nurse, "alert").id}
    assert scene.accepts(scene.leg(caller, nurse, "nurse")).state == "connecting"


def test_danger_nobody_took_rings_everybody_again_and_is_never_left_to_one(scene: Scene) -> None:
    nurses, caller = [scene.nurse(), scene.nurse()], scene.caller(danger=True)
    assert alerts(scene) == 2
    scene.later(20)
    for leg in scene.legs(caller):
        scene.leg_ends(leg, "no_answer")
    assert offers(scene) == 0, "offered to one nurse, the others would not be rung"
    assert alerts(scene) == 0
    scene.later(scene.rules.alert_again_s)
    assert alerts(scene) == 2
    assert {scene.presence(nurse).missed for nurse in nurses} == {0}


def test_a_ring_whose_end_was_never_reported_keeps_a_nurse_from_nobody_for_long(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller(danger=True)
    alerts(scene)
    scene.hangs_up(caller)
    other = scene.caller()
    assert offers(scene) == 0
    scene.later(ringing.FORGOTTEN_AFTER.total_seconds())
    assert offers(scene) == 1
    assert scene.entry(other).nurse_id == nurse.id


def test_a_nurse_who_has_somebody_cannot_take_a_second_by_an_alert(scene: Scene) -> None:
    nurse, calm = scene.nurse(), scene.caller()
    urgent = scene.caller(danger=True)
    alerts(scene)
    with scene.database.transaction() as db:  # meanwhile she took somebody else, of a lower band, by an older screen
        assert queue_claim(db, scene, calm, nurse)
    with pytest.raises(bridge.Taken):
        scene.accepts(scene.leg(urgent, nurse))
    assert scene.entry(urgent).state == "waiting"


def queue_claim(db: object, scene: Scene, contact: Contact, nurse: Staff) -> QueueEntry | None:
    from triage import queue

    return queue.claim(db, scene.entry(contact).id, nurse, scene.rules, now=scene.now)  # type: ignore[arg-type]


# --- call me back, and keep my place ---------------------------------------------------------------------------------------


def asks_for_call_back(scene: Scene, caller: Contact) -> None:
    with scene.database.transaction() as db:
        db.scalars(select(QueueEntry).where(QueueEntry.contact_id == caller.id)).one().call_back = True
    scene.hangs_up(caller)


def test_whoever_asked_to_be_called_back_keeps_their_place_without_the_line(scene: Scene) -> None:
    caller = scene.caller()
    scene.later(1)
    behind = scene.caller()
    asks_for_call_back(scene, caller)
    assert scene.waiting() == [caller.id, behind.id]
    assert scene.owed() == []


def test_whoever_rings_again_before_we_did_takes_their_place_with_them(scene: Scene) -> None:
    caller = scene.caller()
    scene.raised(caller, VERY_URGENT, "Child alone")
    scene.later(60)
    other = scene.caller()
    asks_for_call_back(scene, caller)
    again = scene.caller(number=caller.number)
    assert scene.waiting() == [again.id, other.id], "one person, once, at the first arrival"
    entry = scene.entry(again)
    assert (entry.band, entry.arrived_at) == (VERY_URGENT, factories.NOON)
    assert entry.reasons == ["Rang again while waiting to be called back", "Child alone"]
    assert scene.contact(caller).ended_at == scene.now
    assert scene.owed() == []


def test_the_nurse_goes_first_then_the_person_is_rung_and_they_are_together(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    asks_for_call_back(scene, caller)
    scene.takes(nurse)
    assert scene.legs(caller, purpose="call_back") == [], "nobody is rung to an empty room"
    scene.accepts(scene.leg(caller, nurse))
    ring = scene.leg(caller, purpose="call_back")
    assert (ring.to, ring.staff_id) == (caller.number, None)
    assert scene.jobs("move_caller") == []
    entry = scene.accepts(ring)
    assert entry.state == "connected"
    contact = scene.contact(caller)
    assert not contact.leg_ended
    assert contact.call_id not in (None, caller.call_id), "this call is theirs from now on"
    scene.leg_ends(ring)
    assert scene.entry(caller).ended_how == "rang_off"


def test_a_call_back_that_is_not_answered_stays_owed_and_frees_the_nurse(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    asks_for_call_back(scene, caller)
    scene.takes(nurse)
    scene.accepts(scene.leg(caller, nurse))
    scene.leg_ends(scene.leg(caller, purpose="call_back"), "no_answer")
    assert scene.entry(caller).ended_how == "no_answer"
    [promise] = scene.owed(caller)
    assert [attempt.result for attempt in promise.attempts] == ["Rang, no answer"]
    assert scene.presence(nurse).state == "wrapping_up"
    assert {row.args["leg_id"] for row in scene.jobs("hang_up")} == {scene.leg(caller, nurse).id}


def test_answering_a_call_back_after_the_nurse_was_lost_says_so(scene: Scene) -> None:
    nurse, caller = scene.nurse(), scene.caller()
    asks_for_call_back(scene, caller)
    scene.takes(nurse)
    scene.accepts(scene.leg(caller, nurse))
    scene.leg_ends(scene.leg(caller, nurse))
    with pytest.raises(bridge.Taken):
        scene.accepts(scene.leg(caller, purpose="call_back"))
    assert scene.waiting() == [caller.id]


@pytest.mark.parametrize("state", ["offered", "connecting"])
def test_asking_to_be_called_back_just_as_a_nurse_is_found_loses_nothing(scene: Scene, state: str) -> None:
    caller = scene.caller()
    nurse = brought_to(scene, state, caller)
    asks_for_call_back(scene, caller)
    assert scene.owed() == []
    if state == "offered":
        scene.accepts(scene.leg(caller, nurse))
        assert scene.leg(caller, purpose="call_back").to == caller.number
    else:
        assert scene.waiting() == [caller.id]
        assert len(scene.jobs("hang_up")) == 1


def test_being_with_a_nurse_settles_what_was_owed_to_the_same_number(scene: Scene) -> None:
    caller = scene.caller()
    scene.hangs_up(caller)
    assert len(scene.owed(caller)) == 1
    again = scene.caller(number=caller.number)
    scene.together(again, scene.nurse())
    assert scene.owed() == []


def test_a_person_on_duty_is_rung_from_the_crew_line(scene: Scene) -> None:
    caller = scene.caller()
    with scene.database.transaction() as db:
        owed = promises.owe(db, "no_unit", "Decide", caller, due_at=scene.now, now=scene.now)
        leg = ringing.place_to_person(db, factories.FALLBACK, None, owed.id, now=scene.now)
    with scene.database.reading() as db:
        assert db.get_one(Leg, leg.id).from_number == factories.CREW_LINE
    assert [row.queue for row in scene.jobs("place_call")] == ["dispatch"]

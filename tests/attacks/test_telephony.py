"""The telephone as a weapon: our calls and texts sent where they must not go, other people's rooms and jobs entered."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.attacks.forging import Attacker, Got, sid
from tests.harness.waiting import wait_until
from tests.journeys.conftest import CREW_LINE, LINE, Colleague, Town
from triage.models import Contact, Dispatch, Leg, Message, Promise, QueueEntry, Staff, Unit

NURSE_LINE = "+441632960130"
# Put together, so that no whole number of somebody's stands in this file.
COSTLY = {
    "premium": "+44909" + "8790000", "shared-cost": "+44871" + "2000000", "personal": "+4470" + "12000000",
    "pager": "+4476" + "40000000", "abroad": "+35312345678", "abroad-premium": "+1900" + "5550123",
    "satellite": "+8816" + "12345678", "freephone": "+448081570123", "our-own-line": LINE, "channel-islands": "+441534" + "000000",
}  # fmt: skip


@pytest.fixture(scope="module")
def ana(town: Town) -> Colleague:
    return town.colleague("ana@example.org")


@pytest.fixture(scope="module")
def isla(town: Town) -> Colleague:
    return town.colleague("isla@example.org")


@pytest.fixture(scope="module")
def grace(town: Town) -> Colleague:
    return town.colleague("grace@example.org")


def waiting(attacker: Attacker, **over: str) -> tuple[Contact, str]:
    """Somebody rings, keys nothing, and is put into the queue."""
    _, call = attacker.rings(**over)
    contact: Any = attacker.contact_of(call)
    for turn in range(4):
        form = attacker.form(CallSid=call, **over)
        if "<Enqueue" in attacker.posts(f"/voice/contacts/{contact.id}/turns/{turn}", form).body:
            break
    return attacker.contact_of(call), call  # type: ignore[return-value]


def over(attacker: Attacker, contact: Contact, call: str, **more: str) -> None:
    attacker.posts("/voice/status", attacker.form(CallSid=call, CallStatus="completed", **more))


def entry_of(attacker: Attacker, contact: Contact) -> QueueEntry:
    return attacker.asks(lambda db: db.scalar(select(QueueEntry).where(QueueEntry.contact_id == contact.id)))  # type: ignore[no-any-return]


def rooms(*answers: Got) -> list[str]:
    return [answer.body for answer in answers if "<Conference" in answer.body]


# --- calls and texts sent where they cost ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", COSTLY)
def test_a_call_back_to_a_costly_number_is_refused_in_words_and_seen(attacker: Attacker, kind: str) -> None:
    """Shows a number that costs as the caller's own, and asks to be rung back on it."""
    contact, call = waiting(attacker, From=COSTLY[kind])
    heard = attacker.posts(
        f"/voice/contacts/{contact.id}/wait/key", attacker.form(CallSid=call, Digits="1", From=COSTLY[kind])
    )
    assert "cannot ring you" in heard.body
    assert entry_of(attacker, contact).call_back is False
    over(attacker, contact, call, From=COSTLY[kind])
    owed = attacker.asks(lambda db: db.scalars(select(Promise).where(Promise.contact_id == contact.id)).all())
    assert [(one.kind, one.reachable) for one in owed] == [("call_back", False)], "seen as owed and unreachable"


@pytest.mark.parametrize("kind", COSTLY)
def test_local_help_is_not_texted_to_a_costly_number(attacker: Attacker, kind: str) -> None:
    """Presses the key that has the line send a text."""
    contact, call = waiting(attacker, From=COSTLY[kind])
    heard = attacker.posts(
        f"/voice/contacts/{contact.id}/wait/key", attacker.form(CallSid=call, Digits="2", From=COSTLY[kind])
    )
    assert heard.status == 200
    sent = attacker.asks(lambda db: db.scalars(select(Message).where(Message.contact_id == contact.id)).all())
    assert sent == []
    over(attacker, contact, call)


@pytest.mark.parametrize("kind", [kind for kind in COSTLY if kind != "our-own-line"])
def test_a_nurse_who_texts_a_costly_number_is_told_why(attacker: Attacker, isla: Colleague, kind: str) -> None:
    """Texts the line from a number that costs, and waits for a nurse's reply."""
    attacker.texts(f"please answer {kind}", COSTLY[kind])
    contact = attacker.texter(f"please answer {kind}")
    problem = isla.asks("POST", f"/contacts/{contact.id}/messages", {"body": "hello"}, expect=422)
    assert "cannot be texted from here" in problem["detail"]
    assert COSTLY[kind][4:] not in str(problem)


@pytest.mark.parametrize(
    "number", [*(n for k, n in COSTLY.items()), "999", "112", "+44999", "118118", "0044 909 8790000"]
)
def test_a_crew_is_not_given_a_costly_or_emergency_number_to_ring(
    attacker: Attacker, isla: Colleague, number: str
) -> None:
    """Tells the nurse such a number as the one to ring."""
    contact, call = waiting(attacker)
    request = {"address": "12 Quay Street", "call_back": number}
    problem = isla.asks("POST", f"/contacts/{contact.id}/incidents", request, expect=422)
    assert problem["errors"][0]["pointer"] == "#/call_back"
    over(attacker, contact, call)


def test_two_lines_cannot_be_made_to_text_each_other_for_ever(attacker: Attacker) -> None:
    """Texts as one of our own lines: an answer would be answered, and so on."""
    for _ in range(3):
        answer = attacker.texts("hello", "+441632960111")
        assert (answer.status, "<Message" in answer.body) == (200, False)
    assert attacker.texter("hello").number == "+441632960111", "kept all the same, for a nurse to see"


def test_a_premium_number_gets_no_automatic_answer(attacker: Attacker) -> None:
    """Earns by the answers of a machine."""
    assert "<Message" not in attacker.texts("hello premium", COSTLY["premium"]).body


# --- who is who -------------------------------------------------------------------------------------------------------


def test_caller_id_of_a_nurse_opens_nothing(town: Town, attacker: Attacker) -> None:
    """Shows a nurse's own number on the nurses' line: she is rung back on the number kept for her, nobody is joined."""
    femi = town.colleague("femi@example.org")
    before = len(attacker.legs())
    answer, _ = attacker.rings(From=femi.phone.number, To=NURSE_LINE)
    assert "<Conference" not in answer.body
    assert "<Gather" not in answer.body
    assert all(leg.to == femi.phone.number for leg in attacker.legs()[before:])
    femi.asks("PUT", "/me/presence", {"state": "off"})


def test_caller_id_of_a_nurse_on_the_public_line_is_a_caller(attacker: Attacker, ana: Colleague) -> None:
    """Shows it on the public line: heard as anybody is."""
    answer, call = attacker.rings(From=ana.phone.number)
    assert "<Gather" in answer.body
    assert attacker.contact_of(call) is not None


@pytest.mark.parametrize("number", ["+447700900199", "anonymous", "", "+447700900201"])
def test_a_stranger_on_the_crew_line_moves_no_car(attacker: Attacker, number: str) -> None:
    """Rings or texts the crews' line from a phone that is no crew's."""
    before = jobs(attacker)
    attacker.posts("/voice/crew/key", attacker.form(From=number, To=CREW_LINE, Digits="101"))
    attacker.texts("10 1", number, To=CREW_LINE)
    assert jobs(attacker) == before


def jobs(attacker: Attacker) -> list[tuple[str, str]]:
    return sorted(attacker.asks(lambda db: [(row.id, row.state) for row in db.scalars(select(Dispatch))]))


@pytest.fixture(scope="module")
def offered(town: Town, attacker: Attacker, isla: Colleague, grace: Colleague) -> Iterator[Dispatch]:
    """A car is asked to go: IW01 has the offer, SO01 has none."""
    for call_sign in ("IW01", "SO01"):
        grace.asks("PUT", f"/units/{call_sign}", {"state": "available"})
    contact, call = waiting(attacker, To="+441632960111")
    over(attacker, contact, call)
    isla.asks("POST", f"/contacts/{contact.id}/incidents", {"address": "12 Quay Street"}, expect=201)
    yield attacker.asks(lambda db: db.scalars(select(Dispatch).where(Dispatch.call_sign == "IW01")).one())
    incident = attacker.asks(lambda db: db.scalars(select(Dispatch)).first()).incident_id
    grace.asks("POST", f"/incidents/{incident}/stand-down", {"reason": "The test is over"})


def test_another_crew_cannot_accept_a_job_that_is_not_theirs(town: Town, attacker: Attacker, offered: Dispatch) -> None:
    """Texts the right tag from another crew's own phone."""
    answer = attacker.texts(f"{offered.tag} 1", town.crew("SO01").number, To=CREW_LINE)
    assert "12 Quay Street" not in answer.body
    assert attacker.asks(lambda db: db.get(Dispatch, offered.id).state) == "offered"


@pytest.mark.parametrize("wrong", ["1 1", "00 1", "999 1", "1; update dispatch", "٣ ١", "-10 1", "10 10", "1" * 1500])
def test_a_crew_text_that_fits_nothing_moves_nothing(
    town: Town, attacker: Attacker, offered: Dispatch, wrong: str
) -> None:
    """Tries tags, digits of other alphabets, and code."""
    before = jobs(attacker)
    assert attacker.texts(wrong, town.crew("SO01").number, To=CREW_LINE).status == 200
    assert jobs(attacker) == before


def test_an_offer_holds_no_address_for_whoever_has_the_phone(town: Town, attacker: Attacker, offered: Dispatch) -> None:
    """Finds a crew's phone with an unanswered offer on it."""
    sent = attacker.asks(lambda db: db.scalars(select(Message).where(Message.dispatch_id == offered.id)).all())
    assert sent
    assert not [message for message in sent if "Quay" in message.body]


# --- rooms and staff legs ---------------------------------------------------------------------------------------------


def together(town: Town, attacker: Attacker, nurse: Colleague, number: str) -> dict[str, Any]:
    """A nurse and a caller, in one room."""
    caller = (
        town.caller(number).rings("+441632960111").presses("*")
    )  # danger: ahead of everybody an attack left waiting
    contact = wait_until(lambda: attacker.contact_of(caller.sid), 20, what="the caller is known")
    wait_until(lambda: attacker.asks(lambda db: db.get(Contact, contact.id).danger), 20, what="danger is known")
    nurse.is_ready()
    rung = nurse.phone.is_rung().picks_up().presses("1")
    nurse.waits_until_connected()
    entry = entry_of(attacker, contact)
    of_entry = select(Leg).where(Leg.entry_id == entry.id, Leg.state == "joined")
    return {
        "entry": entry,
        "leg": attacker.asks(lambda db: db.scalars(of_entry).one()),
        "caller": caller,
        "nurse": rung,
    }


@pytest.fixture(scope="module")
def joined(town: Town, attacker: Attacker, ana: Colleague) -> Iterator[dict[str, Any]]:
    """A call that is up while forged legs knock."""
    made = together(town, attacker, ana, "+447700900177")
    yield made
    ana.asks("POST", f"/contacts/{made['entry'].contact_id}/finish")
    ana.asks("PUT", "/me/presence", {"state": "off"})


def test_rooms_and_legs_cannot_be_guessed(attacker: Attacker, joined: dict[str, Any]) -> None:
    """Tries to name a room or a leg from a number, a name, a time or the contact."""
    for secret in (joined["entry"].room, joined["leg"].id):
        assert len(secret) == 32
        assert int(secret, 16)
        assert secret not in (joined["entry"].id, joined["entry"].contact_id)
    held = attacker.asks(lambda db: [row.room for row in db.scalars(select(QueueEntry)) if row.room])
    assert len(held) == len(set(held))


LEG_ADDRESSES: dict[str, Callable[[Attacker, dict[str, Any]], Got]] = {
    "answer-from-another-call": lambda a, j: a.posts(f"/voice/legs/{j['leg'].id}/answer", a.form()),
    "key-from-another-call": lambda a, j: a.posts(f"/voice/legs/{j['leg'].id}/key", a.form(Digits="1")),
    "entry-id-as-leg": lambda a, j: a.posts(f"/voice/legs/{j['entry'].id}/key", a.form(Digits="1")),
    "contact-id-as-leg": lambda a, j: a.posts(f"/voice/legs/{j['entry'].contact_id}/key", a.form(Digits="1")),
    "room-as-leg": lambda a, j: a.posts(f"/voice/legs/{j['entry'].room}/key", a.form(Digits="1")),
    "callers-join-from-another-call": lambda a, j: a.posts(f"/voice/contacts/{j['entry'].contact_id}/join", a.form()),
    "callers-way-back-from-another-call": lambda a, j: a.posts(f"/voice/contacts/{j['entry'].contact_id}/back", a.form()),
    "second-browser-in-her-name": lambda a, j: a.posts(
        "/voice/staff", a.form(From=f"client:{j['entry'].nurse_id}", To="")
    ),
    "browser-of-nobody": lambda a, j: a.posts("/voice/staff", a.form(From="client:" + "0" * 32)),
    "browser-by-email": lambda a, j: a.posts("/voice/staff", a.form(From="client:ana@example.org")),
    "browser-asking-for-the-room": lambda a, j: a.posts(
        "/voice/staff", a.form(From="client:x", room=j["entry"].room, To=j["entry"].room)
    ),
    "sip-address": lambda a, j: a.posts("/voice/staff", a.form(From="sip:ana@evil.example")),
    "a-desk-phones-number": lambda a, j: a.posts("/voice/staff", a.form(From="+447700900299")),
}  # fmt: skip


@pytest.mark.parametrize("name", LEG_ADDRESSES)
def test_a_forged_leg_however_well_signed_joins_nobody(attacker: Attacker, joined: dict[str, Any], name: str) -> None:
    """Has the signature key, and the addresses of a call that is up: still lets nobody listen in."""
    answer = LEG_ADDRESSES[name](attacker, joined)
    assert answer.status == 200
    assert "<Conference" not in answer.body
    assert joined["entry"].room not in answer.body
    assert joined["caller"].is_up()
    assert attacker.asks(lambda db: db.get(QueueEntry, joined["entry"].id).state) == "connected"


def test_a_forged_end_of_a_leg_parts_nobody(attacker: Attacker, joined: dict[str, Any]) -> None:
    """Reports a nurse's leg as over, from a call that is not that leg."""
    attacker.posts(f"/voice/legs/{joined['leg'].id}/status", attacker.form(CallStatus="completed"))
    assert attacker.asks(lambda db: db.get(QueueEntry, joined["entry"].id).state) == "connected"


def test_a_legs_address_is_dead_once_the_call_is_over(town: Town, attacker: Attacker, joined: dict[str, Any]) -> None:
    """Replays a nurse's own webhooks, with her own call's id, after the contact has ended."""
    bola = town.colleague("bola@example.org")
    ended = together(town, attacker, bola, "+447700900178")
    bola.asks("POST", f"/contacts/{ended['entry'].contact_id}/finish")
    bola.asks("PUT", "/me/presence", {"state": "off"})
    leg = ended["leg"]
    wait_until(lambda: attacker.asks(lambda db: db.get(Leg, leg.id).state) == "ended", 20, what="her leg is over")
    replayed = [
        attacker.posts(f"/voice/legs/{leg.id}/{step}", attacker.form(CallSid=leg.carrier_id, Digits="1"))
        for step in ("answer", "key", "left-room")
    ]
    assert rooms(*replayed) == []
    assert {answer.status for answer in replayed} == {200}


def test_a_person_on_duty_is_not_made_an_owner_by_a_dead_leg(attacker: Attacker) -> None:
    """Replays a key on a leg that rang somebody about a car and has ended."""
    legs = [leg for leg in attacker.legs() if leg.purpose == "person" and leg.state == "ended"]
    for leg in legs[:3]:
        attacker.posts(f"/voice/legs/{leg.id}/key", attacker.form(CallSid=leg.carrier_id or sid(), Digits="1"))
        promise = attacker.asks(lambda db, leg=leg: db.get(Promise, leg.promise_id))
        assert promise.owner_id is None or leg.outcome == "accepted"


# --- floods -----------------------------------------------------------------------------------------------------------


def test_a_flood_of_rings_keeps_nobody_else_out(attacker: Attacker) -> None:
    """Rings sixty times at once from one number: everyone is answered, also the next caller."""
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(attacker.rings()[0].status)) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(got) == {200}
    answer, _ = attacker.rings(From="+447700900188")
    assert "<Gather" in answer.body


def test_nobody_is_down_ranked_for_ringing_often(attacker: Attacker) -> None:
    """The control: an abuse control may slow or merge, never block: the sixty-first waits as the first did."""
    contact, call = waiting(attacker)
    assert entry_of(attacker, contact).band <= 4
    over(attacker, contact, call)


def test_staff_and_units_are_as_they_were(attacker: Attacker) -> None:
    """The control after everything above: no attack made or changed anybody."""
    staff, units = attacker.asks(
        lambda db: (db.scalar(select(func.count(Staff.id))), db.scalar(select(func.count(Unit.call_sign))))
    )
    assert (staff, units) == (12, 4)

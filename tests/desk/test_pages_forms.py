"""What a press does: on the desk, on the board, with wrong input, twice, and when something fails."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from structlog.testing import capture_logs

from tests.desk import night
from tests.desk.pages_lab import Lab, Person
from triage import caps, contacts, presence, promises
from triage.lifecycles import HELD
from triage.models import Dispatch, Draft, Incident, Message, Outcome, Promise, QueueEntry, Unit, new_id


@pytest.fixture
def lab(new_database: Callable[[str], str]) -> Iterator[Lab]:
    made = Lab(new_database("sqlite"))
    yield made
    made.close()


@pytest.fixture
def ana(lab: Lab) -> Person:
    return lab.as_("ana")


@pytest.fixture
def theirs(lab: Lab) -> str:
    """The contact Ana is together with, a call."""
    nurse = lab.staff("ana")
    night.ready(lab.database, nurse, now=lab.now)
    night.waits(lab.database, now=lab.now, line=night.ISLAND)
    contact_id = night.take(lab.database, nurse, now=lab.now)
    assert contact_id
    return contact_id


def count(lab: Lab, table: type) -> int:
    with lab.database.reading() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def state_of(lab: Lab, first_name: str) -> str:
    with lab.database.reading() as db:
        return presence.of(db, lab.staff(first_name)).state


# --- her state, and taking the next person ----------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False])
def test_one_press_changes_her_state(lab: Lab, ana: Person, script: bool) -> None:
    answer = ana.post("/desk/presence", state="ready", via="browser", script=script)
    assert "calls come to your browser" in ana.says(answer)
    assert state_of(lab, "ana") == "ready"
    ana.post("/desk/presence", state="break", script=script)
    assert state_of(lab, "ana") == "break"


def test_what_cannot_be_is_said_in_words(lab: Lab, ana: Person) -> None:
    with lab.database.transaction() as db:
        row = db.merge(lab.staff("ana"))
        row.phone = None
    answer = ana.post("/desk/presence", state="ready", via="phone", script=True)
    assert answer.status_code == 409
    assert "No phone is kept for you" in ana.says(answer)
    assert "Ready by phone" not in ana.get("/desk/live").text


def test_take_next_gives_her_the_next_person_once_however_often_she_presses(lab: Lab, ana: Person) -> None:
    assert "Nobody whom you can take" in ana.says(ana.post("/desk/next"))
    night.waits(lab.database, now=lab.now, minutes=2, line=night.ISLAND)
    night.waits(lab.database, now=lab.now, minutes=1, line=night.ISLAND)
    ana.post("/desk/presence", state="ready", via="browser")
    assert "You have the next person" in ana.says(ana.post("/desk/next"))
    for _ in range(2):
        assert "You have somebody already" in ana.says(ana.post("/desk/next"))
    with lab.database.reading() as db:
        held = db.scalars(select(QueueEntry).where(QueueEntry.state.in_(HELD))).all()
    assert len(held) == 1
    assert held[0].nurse_id == lab.staff("ana").id


def test_she_cannot_go_off_while_somebody_is_with_her(lab: Lab, ana: Person, theirs: str) -> None:
    assert "Finish that contact first" in ana.says(ana.post("/desk/presence", state="off"))


# --- the outcome ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False])
def test_a_wrong_outcome_comes_back_with_nothing_lost(lab: Lab, ana: Person, theirs: str, script: bool) -> None:
    answer = ana.post(
        f"/desk/contacts/{theirs}/outcomes", script=script, urgency="C", disposition="", needed_by="soon",
        notes="She is <calm> now", themes=["housing"], who="The sister",
    )  # fmt: skip
    assert answer.status_code == 422
    assert "The outcome is not recorded yet" in answer.text
    assert 'href="#disposition"' in answer.text
    assert 'href="#needed_by"' in answer.text
    assert 'id="needed_by"' in answer.text
    assert "She is &lt;calm&gt; now" in answer.text
    assert 'value="The sister"' in answer.text
    assert re.search(r'value="housing"\s+checked', answer.text)
    assert re.search(r'value="C"\s+checked', answer.text)
    assert count(lab, Outcome) == 0
    assert ("<html" in answer.text) is not script


def test_an_outcome_is_recorded_with_the_scales_times_and_once(lab: Lab, ana: Person, theirs: str) -> None:
    for _ in range(2):
        answer = ana.post(
            f"/desk/contacts/{theirs}/outcomes", urgency="B", disposition="crisis_team", agreed="Stay with Jo",
            text_consent="yes", caller_role="carer", themes=["anxiety", "money"], script=True,
        )  # fmt: skip
        assert answer.status_code == 200
        assert "Outcome recorded" in ana.says(answer)
    with lab.database.reading() as db:
        row = db.scalars(select(Outcome)).one()
        contact = contacts.get(db, theirs)
    assert (row.urgency, row.who, row.themes) == (
        "B",
        "Crisis or liaison team, response car, or A&E",
        ["anxiety", "money"],
    )
    assert row.needed_by
    assert row.needed_by > row.recorded_at
    assert (contact.caller_role, contact.text_consent) == ("carer", True)
    assert "Recorded" in ana.get("/desk").text


def test_another_letter_brings_its_own_time_and_team(lab: Lab, ana: Person, theirs: str) -> None:
    ana.post(f"/desk/contacts/{theirs}/outcomes", disposition="response_car", urgency="B")
    page = ana.get("/desk").text
    form = dict(re.findall(r'name="(needed_by|who)"[^>]*value="([^"]*)"', page))
    ana.post(f"/desk/contacts/{theirs}/outcomes", disposition="response_car", urgency="A", **form)
    with lab.database.reading() as db:
        last = db.scalars(select(Outcome).where(Outcome.urgency == "A")).one()
    assert (last.needed_by, last.who) == (last.recorded_at, "999: ambulance, police or fire")


def test_what_a_nurse_wrote_of_time_and_team_comes_back(lab: Lab, ana: Person, theirs: str) -> None:
    ana.post(
        f"/desk/contacts/{theirs}/outcomes",
        disposition="other",
        urgency="B",
        needed_by="2027-07-01T17:30",
        who="Her GP",
    )
    assert all(f'value="{kept}"' in ana.get("/desk").text for kept in ("2027-07-01T17:30", "Her GP"))


def test_give_back_and_take_next_say_what_is_so(lab: Lab, ana: Person, theirs: str) -> None:
    assert "You have somebody already" in ana.says(ana.post("/desk/next"))
    assert "they keep their place" in ana.says(ana.post(f"/desk/contacts/{theirs}/give-back"))
    assert state_of(lab, "ana") == "wrapping_up"


def test_a_time_is_read_as_the_clock_on_the_wall(lab: Lab, ana: Person, theirs: str) -> None:
    ana.post(f"/desk/contacts/{theirs}/outcomes", disposition="known_team", needed_by="2027-07-01T17:30", urgency="D")
    with lab.database.reading() as db:
        needed = db.scalars(select(Outcome.needed_by)).one()
    assert f"{needed:%Y-%m-%dT%H:%M%z}" == "2027-07-01T16:30+0000"
    assert 'value="2027-07-01T17:30"' in ana.get("/desk").text


def test_a_half_written_outcome_is_kept_and_comes_back(lab: Lab, ana: Person, theirs: str) -> None:
    answer = ana.post(f"/desk/contacts/{theirs}/draft", script=True, notes="Half a sen", urgency="D", themes=["abuse"])
    assert re.fullmatch(r"\d\d:\d\d:\d\d", answer.json["saved_at"])  # type: ignore[index]
    page = ana.get("/desk").text
    assert "Half a sen" in page
    assert re.search(r'value="D"\s+checked', page)
    ana.post(f"/desk/contacts/{theirs}/outcomes", disposition="other", notes="Half a sentence")
    assert count(lab, Draft) == 0


def test_a_save_that_comes_after_its_form_was_sent_keeps_nothing(lab: Lab, ana: Person, theirs: str) -> None:
    said = {"urgency": "B", "disposition": "response_car", "notes": "Alone on the quay"}
    key, words, where = new_id(), "I am going", "Behind the station"
    with lab.database.transaction() as db:
        contacts.get(db, theirs).text_consent = True
    ana.post(f"/desk/contacts/{theirs}/outcomes", **said)
    ana.post(f"/desk/contacts/{theirs}/messages", body=words, key=key)
    ana.post(f"/desk/contacts/{theirs}/incidents", address=where)
    late = {"text-body": words, "text-key": key, "car-address": where, **said}
    assert ana.post(f"/desk/contacts/{theirs}/draft", script=True, **late).status_code == 200
    assert count(lab, Draft) == 0
    ana.post(
        f"/desk/contacts/{theirs}/draft",
        script=True,
        **{**late, "notes": "Alone on the quay, cold", "text-key": new_id()},
    )
    with lab.database.reading() as db:
        kept = db.scalars(select(Draft)).one().fields
    assert (kept["outcome"]["notes"], kept["text"]) == ("Alone on the quay, cold", words)
    assert "car" not in kept


def test_finishing_asks_for_an_outcome_first_and_then_lets_her(lab: Lab, ana: Person, theirs: str) -> None:
    path = f"/desk/contacts/{theirs}/finish"
    assert "No outcome is recorded yet" in ana.says(ana.post(path))
    assert state_of(lab, "ana") == "on_contact"
    assert "Contact finished" in ana.says(ana.post(path, without="outcome"))
    assert state_of(lab, "ana") == "wrapping_up"
    assert "Contact finished" in ana.says(ana.post(path, without="outcome"))


def test_record_and_finish_is_one_press(lab: Lab, ana: Person, theirs: str) -> None:
    answer = ana.post(f"/desk/contacts/{theirs}/outcomes", disposition="signposted", then="finish")
    assert "Contact finished" in ana.says(answer)
    assert state_of(lab, "ana") == "wrapping_up"


def test_nobody_writes_in_the_contact_of_another_nurse(lab: Lab, theirs: str) -> None:
    bola = lab.as_("bola")
    for what, fields in (
        ("outcomes", {"disposition": "other"}), ("messages", {"body": "hello"}), ("incidents", {"address": "x"}),
        ("finish", {"without": "outcome"}), ("draft", {"notes": "x"}), ("give-back", {}),
    ):  # fmt: skip
        answer = bola.post(f"/desk/contacts/{theirs}/{what}", script=True, **fields)
        assert answer.status_code == 409, what
        assert "not with you" in bola.says(answer)
    assert count(lab, Outcome) + count(lab, Message) + count(lab, Incident) + count(lab, Draft) == 0
    assert bola.post(f"/desk/contacts/{new_id()}/finish", script=True).status_code == 404


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def texter(lab: Lab) -> str:
    nurse = lab.staff("ana")
    night.ready(lab.database, nurse, now=lab.now)
    night.waits(lab.database, now=lab.now, line=night.ISLAND, channel="text")
    contact_id = night.take(lab.database, nurse, now=lab.now)
    assert contact_id
    return contact_id


def test_a_text_sent_twice_with_one_key_is_one_text(lab: Lab, ana: Person, texter: str) -> None:
    key = new_id()
    for _ in range(2):
        answer = ana.post(f"/desk/contacts/{texter}/messages", body="Are you safe?", key=key, script=True)
        assert answer.status_code == 200
    fresh = re.search(r'name="key" value="(\w+)"', answer.text)
    assert fresh
    assert fresh[1] != key
    with lab.database.reading() as db:
        assert [text.body for text in db.scalars(select(Message).where(Message.direction == "out"))] == [
            "Are you safe?"
        ]
    assert "waiting to be sent" in ana.get("/desk").text


def test_a_text_that_could_name_somebody_is_looked_at_once_more_and_then_sent(
    lab: Lab, ana: Person, texter: str
) -> None:
    key, body = new_id(), "We have you as 943 476 5919."
    asked = ana.post(f"/desk/contacts/{texter}/messages", body=body, key=key, script=True)
    assert asked.status_code == 422
    assert "NHS number" in asked.text
    assert body in asked.text
    assert count(lab, Message) == 1
    looked = re.search(r'name="looked" value="([^"]*)"', asked.text)
    assert looked
    plain = ana.post(f"/desk/contacts/{texter}/messages", body=body, key=key)
    assert "Send all the same" in plain.text
    worse = ana.post(
        f"/desk/contacts/{texter}/messages", body=body + " PO30 5AA", key=key, looked=looked[1], script=True
    )
    assert "postcode" in worse.text
    sent = ana.post(f"/desk/contacts/{texter}/messages", body=body, key=key, looked=looked[1], script=True)
    assert sent.status_code == 200
    assert count(lab, Message) == 2


@pytest.mark.parametrize("script", [True, False])
def test_words_that_are_ready_are_put_in_to_be_changed_and_nothing_is_sent(
    lab: Lab, ana: Person, texter: str, script: bool
) -> None:
    page = ana.get("/desk").text
    before = count(lab, Message)
    for label, words in (("Before I go", "text this number again"), ("Island Carers", "01632 960402")):
        found = re.search(rf'<option value="([^"]+)">{label}', page)
        assert found
        answer = ana.post(
            f"/desk/contacts/{texter}/messages", body="Thank you.", ready=found[1], then="put_in", script=script
        )
        assert answer.status_code == 200
        written = re.search(r'<textarea[^>]*id="text-body"[^>]*>([^<]*)</textarea>', answer.text)
        assert written
        assert written[1].startswith("Thank you. ")
        assert words in written[1].replace("+44", "0").replace("01632960402", "01632 960402")
    assert count(lab, Message) == before


def test_a_text_beyond_the_cap_is_said_to_be_held_and_never_to_be_on_its_way(
    lab: Lab, ana: Person, texter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(caps.TO_ONE, "text", 0)
    answer = ana.post(f"/desk/contacts/{texter}/messages", body="Are you safe?", key=new_id(), script=True)
    assert "held back" in answer.headers["HX-Trigger"]
    page = ana.get("/desk").text
    assert "Are you safe?" in page, "her words stand there, to be sent again"
    assert "held back" in page
    with lab.database.reading() as db:
        assert [row.kind for row in db.scalars(select(Promise))] == ["held"]


def test_a_text_that_cannot_be_sent_keeps_its_words(lab: Lab, ana: Person, texter: str) -> None:
    with lab.database.transaction() as db:
        contacts.get(db, texter).opted_out = True
    answer = ana.post(f"/desk/contacts/{texter}/messages", body="Still there?", key=new_id(), script=True)
    assert answer.status_code == 422
    assert "Still there?" in answer.text
    assert "opt-out word" in answer.text
    empty = ana.post(f"/desk/contacts/{texter}/messages", body=" ", key=new_id(), script=True)
    assert "nothing in this text" in empty.text


def test_a_key_that_is_somebody_elses_text_sends_nothing(lab: Lab, ana: Person, texter: str) -> None:
    with lab.database.reading() as db:
        theirs = db.scalars(select(Message.id)).first()
    answer = ana.post(f"/desk/contacts/{texter}/messages", body="Hello", key=theirs, script=True)
    assert answer.status_code == 422
    assert ana.post(f"/desk/contacts/{texter}/messages", body="Hello", key="../x", script=True).status_code == 422
    assert count(lab, Message) == 1


# --- the car ----------------------------------------------------------------------------------------------------------


def on_duty(lab: Lab, call_sign: str) -> None:
    grace = lab.as_("grace")
    assert "available" in grace.says(grace.post(f"/board/units/{call_sign}", state="available"))


def test_asking_for_the_car_says_at_once_who_was_asked(lab: Lab, ana: Person, theirs: str) -> None:
    on_duty(lab, "IW01")
    for _ in range(2):
        answer = ana.post(f"/desk/contacts/{theirs}/incidents", address="12 Quay Street", postcode="po30 5aa")
        assert "IW01 was asked" in ana.says(answer)
    with lab.database.reading() as db:
        row = db.scalars(select(Incident)).one()
    assert (row.postcode, row.scene_safety) == ("PO30 5AA", "unknown")
    assert "IW01: waiting for the crew&#39;s answer" in ana.get("/desk").text


def test_a_position_alone_says_where_the_car_must_go(lab: Lab, ana: Person, theirs: str) -> None:
    on_duty(lab, "IW01")
    wrong = ana.post(f"/desk/contacts/{theirs}/incidents", position="SZ 500 8", who_is_there="Their son")
    assert wrong.status_code == 422
    assert 'href="#car-position"' in wrong.text
    assert 'value="SZ 500 8"' in wrong.text
    assert "Their son" in wrong.text
    said = {"position": "SZ 500 890", "who_is_there": "Their son", "tell_person": "yes"}
    assert "IW01 was asked" in ana.says(ana.post(f"/desk/contacts/{theirs}/incidents", **said))
    with lab.database.reading() as db:
        row = db.scalars(select(Incident)).one()
        assert (row.address, row.who_is_there, row.tell_person) == (None, "Their son", True)
    board = lab.as_("grace").get("/board").text
    assert row.position
    assert f"<strong>{row.where}</strong> (SZ 50" in board
    assert f", at {row.position}" not in board, "it is said once"
    assert "There: Their son" in board
    ana.post(f"/desk/contacts/{theirs}/draft", **{"car-address": "", "car-position": "SZ 500 890"})
    assert 'value="SZ 500 890"' not in ana.get("/desk").text, "what was asked for does not stand there again"


def test_the_board_says_when_each_car_could_be_there(lab: Lab, ana: Person, theirs: str) -> None:
    ana.post(f"/desk/contacts/{theirs}/incidents", position="50.7300, -1.1620")
    on_duty(lab, "IW01")
    grace = lab.as_("grace")
    assert re.search(r"Send IW01, about (1[4-9]|2[0-3]) min", grace.get("/board").text)
    with lab.database.reading() as db:
        [row] = db.scalars(select(Incident))
    assert "IW01 is asked" in grace.says(grace.post(f"/board/incidents/{row.id}/send", call_sign="IW01"))
    with lab.database.reading() as db:
        [sent] = db.scalars(select(Dispatch))
    for action in ("acknowledge", "en_route"):
        grace.post(f"/board/dispatches/{sent.id}/actions", action=action)
    assert "there about " in grace.get("/board").text


def test_with_no_car_on_duty_the_answer_names_who_to_turn_to(lab: Lab, ana: Person, theirs: str) -> None:
    answer = ana.post(f"/desk/contacts/{theirs}/incidents", address="12 Quay Street", script=True)
    assert "No car can go" in ana.says(answer)
    assert "home treatment team" in ana.says(answer)
    page = ana.get("/desk").text
    assert "Ring the Solent home treatment team" in page
    assert "No unit" in page


@pytest.mark.parametrize("script", [True, False])
def test_a_wrong_request_for_the_car_comes_back_open_with_nothing_lost(
    lab: Lab, ana: Person, theirs: str, script: bool
) -> None:
    answer = ana.post(
        f"/desk/contacts/{theirs}/incidents", address=" ", concern="Locked in the bathroom", call_back="not a number",
        scene_safety="unsafe", script=script,
    )  # fmt: skip
    assert answer.status_code == 422
    assert 'href="#car-address"' in answer.text
    assert 'href="#car-call_back"' in answer.text
    assert 'id="car-call_back"' in answer.text
    assert "Locked in the bathroom" in answer.text
    assert re.search(r'value="unsafe"\s+checked', answer.text)
    assert re.search(r'id="car-ask"\s+open', answer.text)
    assert count(lab, Incident) == 0


# --- the board --------------------------------------------------------------------------------------------------------


@pytest.fixture
def grace(lab: Lab) -> Person:
    return lab.as_("grace")


def test_a_dispatcher_sends_a_car_to_whom_nobody_was_going(lab: Lab, grace: Person) -> None:
    made = night.busy(lab.database, lab.now)
    answer = grace.post(f"/board/incidents/{made.no_car}/send", call_sign="PO01")
    assert "PO01 is asked to go" in grace.says(answer)
    again = grace.post(f"/board/incidents/{made.no_car}/send", call_sign="PO01")
    assert "PO01 is asked to go" in grace.says(again)
    taken = grace.post(f"/board/incidents/{made.no_car}/send", call_sign="IW01", script=True)
    assert taken.status_code == 409
    assert "IW01 is committed" in grace.says(taken)
    assert grace.post(f"/board/incidents/{made.no_car}/send", call_sign="XX99", script=True).status_code == 404


def _seen(page: str, incident_id: str) -> str:
    form = page.split(f'action="/board/incidents/{incident_id}/stand-down"')[1]
    found = re.search(r'name="seen" value="([^"]*)"', form)
    assert found
    return found[1]


def test_what_one_dispatcher_decides_is_not_undone_by_another_who_looked_at_an_older_page(lab: Lab) -> None:
    made = night.busy(lab.database, lab.now)
    grace, isla = lab.as_("grace"), lab.as_("isla")
    seen = _seen(isla.get("/board").text, made.no_car)
    assert "PO01 is asked" in grace.says(
        grace.post(f"/board/incidents/{made.no_car}/send", call_sign="PO01", seen=seen)
    )
    again = grace.post(f"/board/incidents/{made.no_car}/send", call_sign="PO01", seen=seen)
    assert "PO01 is asked" in grace.says(again)  # a double press is one
    for path in ("/board/incidents/{}/stand-down", "/incidents/{}/escalate"):
        late = isla.post(path.format(made.no_car), seen=seen, script=True, reason="No car")
        assert late.status_code == 409
        assert "PO01 waiting for the crew" in isla.says(late)
    now_seen = _seen(isla.get("/board").text, made.no_car)
    done = isla.post(f"/board/incidents/{made.no_car}/stand-down", seen=now_seen, reason="Found by family")
    assert "Stood down" in isla.says(done)


def test_standing_down_needs_a_reason(lab: Lab, grace: Person) -> None:
    made = night.busy(lab.database, lab.now)
    assert "Say why" in grace.says(grace.post(f"/board/incidents/{made.no_car}/stand-down", reason=" "))
    done = grace.post(f"/board/incidents/{made.no_car}/stand-down", reason="Home treatment team went")
    assert "Stood down" in grace.says(done)


def dispatch_of(lab: Lab, call_sign: str) -> str:
    page = lab.as_("grace").get("/board").text
    row = next(row for row in re.findall(r'<li class="incident.*?</li>', page, re.DOTALL) if f"said {call_sign}" in row)
    found = re.search(r"/board/dispatches/(\w+)/actions", row)
    assert found
    return found[1]


def test_what_a_crew_said_by_radio_moves_its_job_as_far_as_it_may(lab: Lab, grace: Person) -> None:
    night.busy(lab.database, lab.now)
    path = f"/board/dispatches/{dispatch_of(lab, 'SO01')}/actions"
    assert "on the way" in grace.says(grace.post(path, action="en_route"))
    assert "on the way" in grace.says(grace.post(path, action="acknowledge")), "said again, or late, it moves nothing"
    wrong = grace.post(path, action="handed_over", script=True)
    assert wrong.status_code == 409
    assert "is en route" in grace.says(wrong)
    assert grace.post(path, action="stand_down", script=True).status_code == 404
    assert "there" in grace.says(grace.post(path, action="on_scene"))


def test_a_unit_is_not_ready_for_a_reason(lab: Lab, grace: Person) -> None:
    on_duty(lab, "IW01")
    assert "Say why" in grace.says(grace.post("/board/units/IW01", state="not_ready"))
    assert "not ready" in grace.says(grace.post("/board/units/IW01", state="not_ready", reason="Refuelling"))
    assert "Refuelling" in grace.get("/board").text
    with lab.database.reading() as db:
        assert db.get_one(Unit, "IW01").reason == "Refuelling"
    assert grace.post("/board/units/XX99", state="available", script=True).status_code == 404


# --- promises ---------------------------------------------------------------------------------------------------------


def test_a_call_back_is_tried_noted_and_settled_by_a_person(lab: Lab, ana: Person) -> None:
    contact = night.make_contact_left(lab.database, lab.now)
    with lab.database.transaction() as db:
        owed = promises.owe_call_back(db, contacts.get(db, contact.id), "Rang off while waiting", now=lab.now).id
    assert "Nobody has it yet" in ana.get("/desk").text
    assert "stays owed" in ana.says(
        ana.post(f"/promises/{owed}/attempts", result="Rang, no answer", **{"from": "desk"})
    )
    page = ana.get("/desk").text
    assert "With Ana Fernsby" in page
    assert "1 tried" in page
    assert "Say how" in ana.says(ana.post(f"/promises/{owed}/settle", how="", **{"from": "desk"}))
    done = ana.post(f"/promises/{owed}/settle", how="Spoke with them", **{"from": "desk"})
    assert done.location == "/desk"
    assert "settled already" in ana.says(ana.post(f"/promises/{owed}/settle", how="Again", **{"from": "desk"}))
    with lab.database.reading() as db:
        assert db.get_one(Promise, owed).settled_how == "Spoke with them"
    assert ana.post(f"/promises/{new_id()}/settle", how="x", script=True).status_code == 404


def test_on_the_page_one_unanswered_call_is_not_the_end(lab: Lab, ana: Person) -> None:
    contact = night.make_contact_left(lab.database, lab.now)
    with lab.database.transaction() as db:
        owed = promises.owe_call_back(db, contacts.get(db, contact.id), "Rang off while waiting", now=lab.now).id
    path, back = f"/promises/{owed}", {"from": "desk"}
    assert "Ring them" in ana.get("/desk").text
    for ago in (15, 10):
        with lab.database.transaction() as db:
            promise, who = promises.get(db, owed), lab.staff("ana")
            promises.attempt(db, promise, "Rang, no answer", who, now=lab.now - timedelta(minutes=ago))
        assert "Decide what happens" not in ana.get("/desk").text
    ana.post(f"{path}/attempts", result="Rang, no answer", **back)
    assert "Decide what happens" in ana.get("/desk").text
    assert "which test is met" in ana.says(ana.post(f"{path}/decision", decision="police", words="x" * 12, **back))
    assert "supervisor closes" in ana.says(ana.post(f"{path}/decision", decision="leave", words="Safe at home", **back))
    assert "Decided: left as it is" in ana.get("/desk").text
    assert ana.post(f"{path}/close", reason="Safe at home", **back).status_code == 403
    isla = lab.as_("isla")
    assert "Close this" in isla.get("/board").text
    assert "Closed." in isla.says(isla.post(f"{path}/close", reason="Safe at home", **{"from": "board"}))
    assert "Nothing is owed" in ana.get("/desk").text


def test_a_press_from_the_board_goes_back_to_the_board_for_those_who_may(lab: Lab, ana: Person) -> None:
    night.busy(lab.database, lab.now)
    with lab.database.reading() as db:
        owed = db.scalars(select(Promise.id).where(Promise.kind == "no_unit")).one()
    grace = lab.as_("grace")
    assert grace.post(f"/promises/{owed}/attempts", result="Mine", **{"from": "board"}).location == "/board"
    femi = lab.as_("femi")
    assert femi.post(f"/promises/{owed}/attempts", result="Mine", **{"from": "board"}).location == "/desk"
    assert ana.post(f"/promises/{owed}/attempts", result="Mine", **{"from": "board"}).status_code == 403


# --- when something fails ---------------------------------------------------------------------------------------------


def test_a_failure_is_a_sentence_and_says_what_is_kept(lab: Lab, ana: Person) -> None:
    with lab.database.engine.connect() as connection:
        connection.execute(text("ALTER TABLE history RENAME TO gone"))
        connection.commit()
    with capture_logs() as logged:
        page = ana.get("/desk/live")
        pressed = ana.post("/desk/presence", state="ready", via="browser", script=True)
    assert [line["event"] for line in logged] == ["page_failed", "page_failed"]
    assert page.status_code == 500
    assert "Something failed on our side" in page.text
    assert "no such table" not in page.text
    assert pressed.status_code == 500
    assert "What you saved is kept" in ana.says(pressed)
    with lab.database.engine.connect() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO history"))
        connection.commit()
    assert state_of(lab, "ana") == "off"
    assert ana.get("/desk").status_code == 200


def test_even_with_no_database_at_all_there_is_a_sentence(lab: Lab, ana: Person) -> None:
    with lab.database.engine.connect() as connection:
        connection.execute(text("ALTER TABLE staff RENAME TO gone"))
        connection.execute(text("ALTER TABLE service RENAME TO gone_too"))
        connection.commit()
    lab.app.extensions["nowrongdoor.desk"].kept._standing = None
    with capture_logs():
        answer = ana.get("/desk")
    assert answer.status_code == 500
    assert "Something failed on our side" in answer.text


def test_an_address_that_names_nothing_gets_a_page(lab: Lab) -> None:
    isla = lab.as_("isla")
    answer = isla.get(f"/contacts/{new_id()}")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_somebody_heard_is_given_back_for_later_with_a_reason(lab: Lab, ana: Person, theirs: str) -> None:
    to = f"/desk/contacts/{theirs}/give-back-for-later"
    assert 'name="because"' in ana.get("/desk").text
    refused = ana.says(ana.post(to, seen_band="4", band="5", because=""))
    assert "Say why they can wait" in refused
    assert "A second person is told" in ana.says(ana.post(to, seen_band="4", band="5", because="help_there"))
    assert state_of(lab, "ana") == "wrapping_up"

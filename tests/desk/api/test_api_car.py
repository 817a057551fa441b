"""The response car over the API: asking for it, the board, units, crews, standing down, and what is owed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.desk.api.lab import DIRECT, MOBILE, Client, Lab, as_time
from triage.models import History

REQUEST = {
    "address": "12 Quay Street, Newport", "postcode": "PO30 5BD", "scene_safety": "safe",
    "concern": "Alone, asked for a visit.", "call_back": "07700 900456", "needed_by": "2026-11-22T23:15:00Z",
}  # fmt: skip


@pytest.fixture
def contact(lab: Lab, ana: Client) -> str:
    contact_id = lab.ring(MOBILE, keyword="harbour")
    ana.post("/queue/next", status=200)
    lab.nurse_answers(contact_id)
    return contact_id


def on_duty(grace: Client, *call_signs: str) -> None:
    for call_sign in call_signs:
        grace.put(f"/units/{call_sign}", {"state": "available"})


def ask(nurse: Client, contact: str, status: int = 201, **over: Any) -> dict[str, Any]:
    return nurse.post(f"/contacts/{contact}/incidents", {**REQUEST, **over}, status=status)


def act(grace: Client, dispatch: str, action: str, note: str | None = None) -> dict[str, Any]:
    return grace.post(f"/dispatches/{dispatch}/actions", {"action": action, "note": note}, status=200)


# --- asking -----------------------------------------------------------------------------------------------------------


def test_asking_for_the_car_offers_it_to_a_unit_and_texts_the_crew(
    lab: Lab, ana: Client, grace: Client, contact: str
) -> None:
    on_duty(grace, "IW01")
    incident = ask(ana, contact)
    assert {name: incident[name] for name in REQUEST if name != "call_back"} == {
        name: value for name, value in REQUEST.items() if name != "call_back"
    }
    assert incident["call_back"] == "••• ••• 456"
    assert (incident["state"], incident["fallback"], incident["requested_by"]) == ("offered", None, "Ana Fernsby")
    [offer] = incident["dispatches"]
    assert (offer["call_sign"], offer["state"], len(offer["tag"])) == ("IW01", "offered", 2)
    assert as_time(offer["due_at"]) == lab.now + timedelta(seconds=120)
    assert lab.left_to_do()[-1] == "send_text"
    [outcome] = ana.get(f"/contacts/{contact}")["outcomes"]
    assert outcome["disposition"] == "response_car"


def test_no_unit_on_duty_is_an_answer_with_who_to_turn_to_and_a_person_is_rung(
    lab: Lab, ana: Client, grace: Client, contact: str
) -> None:
    incident = ask(ana, contact)
    assert (incident["state"], incident["dispatches"]) == ("no_unit", [])
    assert incident["fallback"].startswith("No car can go now. Ring the Solent home treatment team")
    assert "ring_person" in lab.left_to_do()
    [owed] = grace.get("/promises")
    assert (owed["kind"], owed["incident_id"]) == ("no_unit", incident["id"])


def test_asking_again_is_the_same_incident_and_finds_a_unit_that_has_come_on_duty(
    lab: Lab, ana: Client, grace: Client, contact: str
) -> None:
    first = ask(ana, contact)
    assert ask(ana, contact, status=200)["id"] == first["id"]
    assert lab.left_to_do().count("ring_person") == 1
    on_duty(grace, "IW01")
    found = ask(ana, contact, status=200)
    assert (found["id"], found["state"], found["fallback"]) == (first["id"], "offered", None)
    assert len(ask(ana, contact, status=200)["dispatches"]) == 1


def test_two_requests_at_the_same_moment_are_one_car(ana: Client, isla: Client, grace: Client, contact: str) -> None:
    on_duty(grace, "IW01", "SO01", "PO01")

    def once(nurse: Client) -> str:
        return nurse.ask("POST", f"/contacts/{contact}/incidents", json=REQUEST).get_json()["id"]

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(once, [ana, isla] * 3))) == 1
    [incident] = grace.get("/incidents")
    assert len(incident["dispatches"]) == 1


def test_outcome_and_request_are_recorded_together_or_not_at_all(ana: Client, grace: Client, contact: str) -> None:
    on_duty(grace, "IW01")
    wrong = {**REQUEST, "address": " ", "outcome": {"urgency": "B", "notes": "Go and see them."}}
    [fault] = ana.refused(422, "POST", f"/contacts/{contact}/incidents", wrong)["errors"]
    assert fault["pointer"] == "#/address"
    assert ana.get(f"/contacts/{contact}")["outcomes"] == []
    ask(ana, contact, outcome={"urgency": "B", "notes": "Go and see them."})
    [outcome] = ana.get(f"/contacts/{contact}")["outcomes"]
    assert (outcome["disposition"], outcome["notes"]) == ("response_car", "Go and see them.")


def test_little_needs_to_be_known_and_the_call_back_is_their_own_number(ana: Client, contact: str) -> None:
    incident = ana.post(f"/contacts/{contact}/incidents", {"address": "The bandstand, Ryde"})
    assert (incident["scene_safety"], incident["call_back"]) == ("unknown", "••• ••• 123")


def test_a_request_that_cannot_be_says_which_field_and_leaves_nothing(ana: Client, grace: Client, contact: str) -> None:
    for over, pointer in (
        ({"address": ""}, "#/address"),
        ({"scene_safety": "dodgy"}, "#/scene_safety"),
        ({"needed_by": "0001-01-01T00:00:00+14:00"}, "#/needed_by"),
        ({"postcode": "x" * 17}, "#/postcode"),
        ({"outcome": {"urgency": "Z"}}, "#/outcome/urgency"),
        ({"outcome": {"disposition": "a_and_e"}}, "#/outcome/disposition"),
        ({"outcome": {"needed_by": "2026-11-22"}}, "#/outcome/needed_by"),
        ({"priority": 1}, "#/priority"),
    ):
        [fault] = ana.refused(422, "POST", f"/contacts/{contact}/incidents", {**REQUEST, **over})["errors"]
        assert fault["pointer"] == pointer
    assert grace.get("/incidents") == []


def test_a_position_or_a_postcode_alone_says_where(ana: Client, grace: Client, contact: str) -> None:
    on_duty(grace, "IW01")
    body = {"position": "SZ 500 890", "who_is_there": "Two friends", "tell_person": True}
    incident = ana.post(f"/contacts/{contact}/incidents", body)
    assert (incident["address"], incident["who_is_there"], incident["tell_person"]) == (None, "Two friends", True)
    assert incident["position"].startswith("50.69")
    assert incident["grid_reference"].startswith("SZ 50")
    changed = ana.ask("PATCH", f"/incidents/{incident['id']}", json={"position": "50.7000, -1.2900"}).get_json()
    assert (changed["position"], changed["revision"]) == ("50.70000,-1.29000", 2)
    [fault] = ana.refused(422, "PATCH", f"/incidents/{incident['id']}", {"position": None})["errors"]
    assert fault["pointer"] == "#/address", "nothing else says where"


def test_who_reads_an_incident_is_told_which_cars_could_be_there_when(ana: Client, grace: Client, contact: str) -> None:
    incident = ana.post(f"/contacts/{contact}/incidents", {"position": "50.7010, -1.2930"})
    assert incident["state"] == "no_unit"
    on_duty(grace, "IW01")
    [car] = grace.get(f"/incidents/{incident['id']}")["proposed"]
    assert car["call_sign"] == "IW01"
    assert (car["minutes"], car["estimated"]) == (1, True)


def test_a_position_that_is_none_says_so(ana: Client, grace: Client, contact: str) -> None:
    for body, pointer in (
        ({"position": "the old mill"}, "#/position"),
        ({"position": "PO30 1AA"}, "#/position"),  # no list of postcodes is loaded
        ({}, "#/address"),
        ({"position": " "}, "#/address"),
    ):
        [fault] = ana.refused(422, "POST", f"/contacts/{contact}/incidents", body)["errors"]
        assert fault["pointer"] == pointer
    assert grace.get("/incidents") == []


# --- crews ------------------------------------------------------------------------------------------------------------


def test_a_job_from_accepted_to_clear_moves_incident_and_unit_with_it(ana: Client, grace: Client, contact: str) -> None:
    on_duty(grace, "IW01")
    incident = ask(ana, contact)
    dispatch = incident["dispatches"][0]["id"]
    done = act(grace, dispatch, "acknowledge", "Said on the radio")
    assert (done["state"], done["note"]) == ("acknowledged", "Said on the radio")
    [unit] = [unit for unit in grace.get("/units") if unit["call_sign"] == "IW01"]
    assert (unit["state"], unit["dispatch"]["id"]) == ("committed", dispatch)
    for action in ("en_route", "on_scene", "with_person", "leaving", "at_destination", "handed_over"):
        assert act(grace, dispatch, action)["state"] == action
    assert act(grace, dispatch, "clear")["closed_at"]
    read = ana.get(f"/incidents/{incident['id']}")
    assert (read["state"], bool(read["closed_at"])) == ("clear", True)
    [unit] = [unit for unit in grace.get("/units") if unit["call_sign"] == "IW01"]
    assert (unit["state"], unit["dispatch"]) == ("available", None)


def test_saying_it_twice_is_harmless_and_a_step_that_cannot_be_is_told(
    ana: Client, grace: Client, contact: str
) -> None:
    on_duty(grace, "IW01")
    dispatch = ask(ana, contact)["dispatches"][0]["id"]
    assert act(grace, dispatch, "acknowledge") == act(grace, dispatch, "acknowledge")
    problem = grace.refused(409, "POST", f"/dispatches/{dispatch}/actions", {"action": "handed_over"})
    assert "is acknowledged" in problem["detail"]


def test_a_crew_that_cannot_go_or_does_not_answer_makes_the_next_one_asked(
    lab: Lab, ana: Client, grace: Client, contact: str
) -> None:
    on_duty(grace, "IW01", "PO01", "SO01")
    incident = ask(ana, contact)["id"]

    def now() -> dict[str, Any]:
        return grace.get(f"/incidents/{incident}")

    lab.later(20)
    act(grace, now()["dispatches"][0]["id"], "decline")
    assert [(job["call_sign"], job["state"]) for job in now()["dispatches"]] == [
        ("IW01", "declined"), ("PO01", "offered"),
    ]  # fmt: skip
    lab.later(121)
    lab.no_reply(now()["dispatches"][1]["id"])
    assert [job["state"] for job in now()["dispatches"]] == ["declined", "no_reply", "offered"]
    lab.later(20)
    act(grace, now()["dispatches"][2]["id"], "decline")
    assert now()["state"] == "no_unit"
    assert [promise["kind"] for promise in grace.get("/promises")] == ["no_unit"]


def test_a_crew_that_asks_for_help_or_cannot_find_them_makes_a_person_decide(
    lab: Lab, ana: Client, grace: Client, contact: str
) -> None:
    on_duty(grace, "IW01")
    dispatch = ask(ana, contact)["dispatches"][0]["id"]
    act(grace, dispatch, "acknowledge")
    act(grace, dispatch, "emergency")
    [owed] = grace.get("/promises")
    assert (owed["kind"], owed["what"]) == ("welfare_check", "IW01 asks for help")
    assert "ring_person" in lab.left_to_do()


def test_an_action_nobody_knows_and_a_dispatch_nobody_knows(ana: Client, grace: Client, contact: str) -> None:
    on_duty(grace, "IW01")
    dispatch = ask(ana, contact)["dispatches"][0]["id"]
    [fault] = grace.refused(422, "POST", f"/dispatches/{dispatch}/actions", {"action": "stand_down"})["errors"]
    assert fault["pointer"] == "#/action"
    grace.refused(404, "POST", "/dispatches/nothing/actions", {"action": "clear"})


# --- the dispatcher ---------------------------------------------------------------------------------------------------


def test_a_dispatcher_sends_another_unit_and_the_first_offer_is_withdrawn(
    ana: Client, grace: Client, contact: str
) -> None:
    on_duty(grace, "IW01", "SO01")
    incident = ask(ana, contact)["id"]
    sent = grace.post(f"/incidents/{incident}/dispatches", {"call_sign": "SO01"})
    assert (sent["call_sign"], sent["state"], sent["incident_id"]) == ("SO01", "offered", incident)
    assert grace.post(f"/incidents/{incident}/dispatches", {"call_sign": "SO01"}, status=200)["id"] == sent["id"]
    states = {job["call_sign"]: job["state"] for job in grace.get(f"/incidents/{incident}")["dispatches"]}
    assert states == {"IW01": "stood_down", "SO01": "offered"}


def test_a_dispatcher_sends_a_unit_that_came_on_duty_to_somebody_no_one_could_go_to(
    ana: Client, grace: Client, contact: str
) -> None:
    incident = ask(ana, contact)["id"]
    on_duty(grace, "IW01")
    dispatch = grace.post(f"/incidents/{incident}/dispatches", {"call_sign": "IW01"})["id"]
    act(grace, dispatch, "acknowledge")
    assert grace.get(f"/incidents/{incident}")["fallback"] is None
    assert grace.get("/promises") == []


def test_a_unit_that_cannot_go_is_not_sent(lab: Lab, ana: Client, grace: Client, contact: str) -> None:
    on_duty(grace, "IW01")
    incident = ask(ana, contact)
    send = f"/incidents/{incident['id']}/dispatches"
    assert "off duty" in grace.refused(409, "POST", send, {"call_sign": "SO01"})["detail"]
    [fault] = grace.refused(422, "POST", send, {"call_sign": "XX99"})["errors"]
    assert fault["pointer"] == "#/call_sign"
    act(grace, incident["dispatches"][0]["id"], "acknowledge")
    on_duty(grace, "SO01")
    assert "Stand it down first" in grace.refused(409, "POST", send, {"call_sign": "SO01"})["detail"]
    other = ask(ana, lab.ring("+447700900125", DIRECT))["id"]
    assert "committed" in grace.refused(409, "POST", f"/incidents/{other}/dispatches", {"call_sign": "IW01"})["detail"]
    grace.refused(404, "POST", "/incidents/nothing/dispatches", {"call_sign": "SO01"})


def test_standing_down_tells_the_crew_and_frees_the_unit(lab: Lab, ana: Client, grace: Client, contact: str) -> None:
    on_duty(grace, "IW01")
    incident = ask(ana, contact)
    act(grace, incident["dispatches"][0]["id"], "acknowledge")
    down = grace.post(f"/incidents/{incident['id']}/stand-down", {"reason": "They walked in."}, status=200)
    assert (down["state"], down["reason"], down["dispatches"][0]["state"]) == (
        "stood_down", "They walked in.", "stood_down",
    )  # fmt: skip
    assert lab.left_to_do()[-1] == "send_text"
    assert grace.get("/units")[0]["state"] == "available"
    assert grace.post(f"/incidents/{incident['id']}/stand-down", {"reason": "Again."}, status=200) == down


def test_a_nurse_stands_down_what_she_asked_for_and_nobody_elses(
    ana: Client, carys: Client, grace: Client, contact: str
) -> None:
    on_duty(grace, "IW01")
    incident = ask(ana, contact)["id"]
    carys.refused(403, "POST", f"/incidents/{incident}/stand-down", {"reason": "No."})
    [fault] = ana.refused(422, "POST", f"/incidents/{incident}/stand-down", {"reason": " "})["errors"]
    assert fault["pointer"] == "#/reason"
    assert ana.post(f"/incidents/{incident}/stand-down", {"reason": "No."}, status=200)["state"] == "stood_down"


def test_what_is_over_cannot_be_stood_down(ana: Client, grace: Client, contact: str) -> None:
    on_duty(grace, "IW01")
    incident = ask(ana, contact)
    dispatch = incident["dispatches"][0]["id"]
    for action in ("acknowledge", "on_scene", "clear"):
        act(grace, dispatch, action)
    problem = grace.refused(409, "POST", f"/incidents/{incident['id']}/stand-down", {"reason": "Late."})
    assert "is clear" in problem["detail"]


def test_the_board_shows_the_soonest_needed_first(lab: Lab, isla: Client, grace: Client) -> None:
    on_duty(grace, "IW01", "SO01", "PO01")
    late = ask(isla, lab.ring("+447700900111"), needed_by="2026-11-23T09:00:00Z")["id"]
    soon = ask(isla, lab.ring("+447700900112"), needed_by="2026-11-22T20:00:00Z")["id"]
    assert [incident["id"] for incident in grace.get("/incidents")] == [soon, late]
    grace.post(f"/incidents/{soon}/stand-down", {"reason": "Safe now."}, status=200)
    assert [incident["id"] for incident in isla.get("/incidents")] == [late, soon]
    lab.later(13 * 3600)
    assert [incident["id"] for incident in isla.get("/incidents")] == [late]


# --- units ------------------------------------------------------------------------------------------------------------


def test_a_unit_comes_on_duty_is_not_ready_for_a_reason_and_goes_off(grace: Client) -> None:
    assert {unit["state"] for unit in grace.get("/units")} == {"off_duty"}
    on = grace.put("/units/IW01", {"state": "available"})
    assert (on["state"], on["crew"], on["locality"]) == ("available", ["paramedic", "mental health nurse"], "iow")
    assert grace.put("/units/IW01", {"state": "not_ready", "reason": "Fuel"})["reason"] == "Fuel"
    assert grace.put("/units/IW01", {"state": "off_duty"})["state"] == "off_duty"


def test_a_unit_with_a_job_cannot_be_set_and_no_unit_without_a_reason_not_ready(
    ana: Client, grace: Client, contact: str
) -> None:
    on_duty(grace, "IW01")
    [fault] = grace.refused(422, "PUT", "/units/IW01", {"state": "not_ready"})["errors"]
    assert fault["pointer"] == "#/state"
    grace.refused(422, "PUT", "/units/IW01", {"state": "committed"})
    grace.refused(404, "PUT", "/units/XX99", {"state": "available"})
    act(grace, ask(ana, contact)["dispatches"][0]["id"], "acknowledge")
    assert "committed" in grace.refused(409, "PUT", "/units/IW01", {"state": "off_duty"})["detail"]


# --- promises ---------------------------------------------------------------------------------------------------------


def test_a_call_back_is_owed_tried_and_settled_by_a_person(lab: Lab, ana: Client, isla: Client) -> None:
    lab.hang_up(lab.ring("+447700900111"))
    lab.later(60)
    contact = lab.ring(None)
    lab.hang_up(contact)
    first, second = ana.get("/promises")
    assert as_time(first["due_at"]) < as_time(second["due_at"])
    assert (first["reachable"], second["reachable"], second["contact_id"]) == (True, False, contact)
    tried = ana.post(f"/promises/{first['id']}/attempts", {"result": "No answer, no message left"})
    assert tried["owner"] == "Ana Fernsby"
    assert [(a["by"], a["result"]) for a in tried["attempts"]] == [("Ana Fernsby", "No answer, no message left")]
    settled = isla.post(f"/promises/{first['id']}/settle", {"how": "Spoke with them"}, status=200)
    assert (settled["settled_how"], settled["owner"]) == ("Spoke with them", "Ana Fernsby")
    assert [promise["id"] for promise in ana.get("/promises")] == [second["id"]]


def test_what_is_settled_stays_settled(lab: Lab, ana: Client) -> None:
    lab.hang_up(lab.ring())
    [owed] = ana.get("/promises")
    ana.post(f"/promises/{owed['id']}/settle", {"how": "Spoke with them"}, status=200)
    again = ana.refused(409, "POST", f"/promises/{owed['id']}/settle", {"how": "Me too"})
    assert "Spoke with them" in again["detail"]
    ana.refused(409, "POST", f"/promises/{owed['id']}/attempts", {"result": "Rang"})


def test_a_promise_needs_words(lab: Lab, ana: Client) -> None:
    lab.hang_up(lab.ring())
    [owed] = ana.get("/promises")
    for path, field in (("attempts", "result"), ("settle", "how")):
        for words in ("", "  ", "x" * 301):
            [fault] = ana.refused(422, "POST", f"/promises/{owed['id']}/{path}", {field: words})["errors"]
            assert fault["pointer"] == f"#/{field}"
        ana.refused(404, "POST", f"/promises/nothing/{path}", {field: "Rang"})


def test_reading_an_incident_is_written_down_once_for_a_board_that_polls(
    lab: Lab, ana: Client, grace: Client, contact: str
) -> None:
    on_duty(grace, "IW01")
    incident = ask(ana, contact)["id"]
    for _ in range(3):
        grace.get(f"/incidents/{incident}")
    ana.get(f"/incidents/{incident}")
    with lab.database.reading() as db:
        reads = db.scalars(select(History).where(History.what == "incident_read")).all()
        assert len({line.actor for line in reads}) == len(reads) == 2
        assert {line.incident_id for line in reads} == {incident}


def test_a_call_back_that_reaches_nobody_is_decided_by_a_nurse_and_closed_by_a_supervisor(
    lab: Lab, ana: Client, isla: Client
) -> None:
    lab.hang_up(lab.ring("+447700900111"))
    [owed] = ana.get("/promises")
    path = f"/promises/{owed['id']}"
    decision = {"decision": "police", "words": "Said they would jump; not at home."}
    assert owed["next_step"] == "ring"
    assert "rung first" in ana.refused(409, "POST", f"{path}/decision", decision)["detail"]
    for minutes in (0, 5, 10):
        lab.later(minutes * 60)
        ana.post(f"{path}/attempts", {"result": "No answer"})
    [fault] = ana.refused(422, "POST", f"{path}/decision", decision)["errors"]
    assert fault["pointer"] == "#/legal_test"
    decided = ana.post(f"{path}/decision", {**decision, "legal_test": "life"}, status=200)
    assert (decided["next_step"], decided["decision"], decided["legal_test"]) == ("close", "police", "life")
    assert decided["decided_by"] == "Ana Fernsby"
    ana.refused(403, "POST", f"{path}/close", {"reason": "The police are with them."})
    closed = isla.post(f"{path}/close", {"reason": "The police are with them."}, status=200)
    assert closed["next_step"] == "none"
    assert ana.get("/promises") == []


def test_a_nurse_rings_somebody_back_from_what_is_owed(lab: Lab, ana: Client) -> None:
    lab.hang_up(lab.ring("+447700900111"))
    [owed] = ana.get("/promises")
    assert ana.post(f"/promises/{owed['id']}/call", status=200)["owner"] == "Ana Fernsby"
    holding = ana.get("/me")["holding"]
    assert holding["state"] == "offered"
    assert "somebody already" in ana.refused(409, "POST", f"/promises/{owed['id']}/call")["detail"]

"""What a nurse's own system sees: who she is, who waits, and the next person."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.desk.api.lab import DIRECT, ISLAND, Client, Lab, as_time

FIELDS = {
    "id", "contact_id", "channel", "locality", "band", "reason", "reasons", "waiting_since", "masked_number",
    "keyword", "state",
}  # fmt: skip


def test_a_nurse_asks_who_she_is(ana: Client) -> None:
    me = ana.get("/me")
    assert (me["name"], me["email"], me["roles"]) == ("Ana Fernsby", "ana@example.org", ["nurse"])
    assert (me["localities"], me["skills"]) == (["iow"], ["children and young people"])
    assert me["presence"] == {"state": "off", "via": "phone", "since": None, "reason": None, "texts_at_once": 1}
    assert (me["holding"], me["all_held"], me["asked_to_take"]) == (None, [], [])


def test_a_nurse_goes_ready_by_phone_or_browser_and_off_again(lab: Lab, ana: Client) -> None:
    put = ana.put("/me/presence", {"state": "ready", "via": "browser"})
    assert (put["state"], put["via"]) == ("ready", "browser")
    assert as_time(put["since"]) == lab.now
    assert ana.put("/me/presence", {"state": "break"})["via"] == "browser"
    assert ana.put("/me/presence", {"state": "off", "via": "phone"})["via"] == "phone"
    assert ana.get("/me")["presence"]["state"] == "off"


def test_a_nurse_who_is_with_somebody_cannot_go_ready(lab: Lab, ana: Client) -> None:
    lab.ring()
    ana.post("/queue/next", status=200)
    problem = ana.refused(409, "PUT", "/me/presence", {"state": "ready"})
    assert "Finish that contact first" in problem["detail"]


def test_the_queue_is_listed_in_the_order_people_will_be_taken(lab: Lab, ana: Client) -> None:
    first = lab.ring("+447700900111")
    lab.later(60)
    second = lab.ring("+447700900112", DIRECT)
    lab.later(60)
    danger = lab.ring("+447700900113", danger=True)
    waiting = ana.get("/queue")
    assert [entry["contact_id"] for entry in waiting] == [danger, first, second]
    assert all(set(entry) == FIELDS for entry in waiting)
    assert [entry["band"] for entry in waiting] == [0, 4, 4]
    assert waiting[0]["reason"] == "Said there is danger now"
    assert [entry["locality"] for entry in waiting] == ["iow", "iow", None]
    assert as_time(waiting[2]["waiting_since"]) - as_time(waiting[1]["waiting_since"])


def test_no_number_is_shown_whole_and_a_withheld_one_is_nobody(lab: Lab, ana: Client) -> None:
    lab.ring("+447700900123")
    lab.ring(None)
    lab.text("hello", "+447700900124")
    answer = ana.ask("GET", "/queue")
    assert {entry["masked_number"] for entry in answer.get_json()} == {"••• ••• 123", "••• ••• 124", "withheld"}
    assert "7700900" not in answer.get_data(as_text=True)


def test_the_keyword_and_every_stated_reason_are_told(lab: Lab, ana: Client) -> None:
    lab.ring(line=DIRECT, keyword="marigold", cannot_talk=True)
    [entry] = ana.get("/queue")
    assert (entry["keyword"], entry["locality"]) == ("marigold", "southampton")
    assert entry["reason"] == "; ".join(entry["reasons"])
    assert "Cannot talk" in entry["reason"]


def test_a_repeated_look_at_an_unchanged_queue_costs_nothing(lab: Lab, ana: Client) -> None:
    lab.ring()
    for path in ("/queue", "/incidents", "/units", "/promises"):
        tag = ana.ask("GET", path).headers["ETag"]
        again = ana.ask("GET", path, headers={"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == tag
    tag = ana.ask("GET", "/queue").headers["ETag"]
    lab.ring("+447700900125")
    changed = ana.ask("GET", "/queue", headers={"If-None-Match": tag})
    assert (changed.status_code, len(changed.get_json())) == (200, 2)


def test_nobody_waits(ana: Client) -> None:
    assert ana.get("/queue") == []
    assert ana.post("/queue/next", status=204) is None


def test_the_next_person_is_claimed_and_the_nurses_phone_rung(lab: Lab, ana: Client) -> None:
    contact = lab.ring()
    claim = ana.post("/queue/next", status=200)
    assert set(claim) == FIELDS | {"token", "lease_until", "connected_at"}
    assert (claim["contact_id"], claim["state"], claim["token"]) == (contact, "offered", 1)
    assert as_time(claim["lease_until"]) > lab.now
    assert "room" not in claim
    assert lab.left_to_do() == ["place_call"]
    assert ana.get("/me")["holding"]["id"] == claim["id"]
    assert ana.get("/me")["presence"]["state"] == "on_contact"
    assert ana.get("/queue") == []


def test_asking_again_returns_the_claim_a_nurse_holds_and_rings_once(lab: Lab, ana: Client) -> None:
    lab.ring()
    lab.ring("+447700900125")
    assert ana.post("/queue/next", status=200) == ana.post("/queue/next", status=200)
    assert lab.left_to_do() == ["place_call"]
    assert len(ana.get("/queue")) == 1


def test_a_text_is_the_nurses_at_once_and_rings_nobody(lab: Lab, ana: Client) -> None:
    contact = lab.text("are you there")
    claim = ana.post("/queue/next", status=200)
    assert (claim["contact_id"], claim["channel"], claim["state"]) == (contact, "text", "connected")
    assert lab.left_to_do() == []


def test_a_nurse_on_a_break_may_still_take_somebody_herself(lab: Lab, ana: Client) -> None:
    contact = lab.ring()
    ana.put("/me/presence", {"state": "break"})
    assert ana.post("/queue/next", status=200)["contact_id"] == contact


def test_a_nurse_takes_people_of_her_places_first_and_of_others_only_when_they_have_nobody(
    lab: Lab, ana: Client, carys: Client
) -> None:
    carys.put("/me/presence", {"state": "ready"})
    southampton = lab.ring(line=DIRECT, keyword="marigold")
    assert ana.post("/queue/next", status=204) is None
    assert carys.post("/queue/next", status=200)["contact_id"] == southampton


def test_one_person_goes_to_one_nurse_when_all_ask_at_once(lab: Lab) -> None:
    contacts = {lab.ring(f"+4477009005{n:02}", DIRECT) for n in range(2)}
    nurses = [lab.as_(who) for who in ("ana", "carys", "dev", "isla")] * 3

    def ask(nurse: Client) -> Any:
        return nurse.ask("POST", "/queue/next")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, nurses))
    assert {answer.status_code for answer in answers} == {200, 204}
    held = [lab.as_(who).get("/me")["holding"] for who in ("ana", "carys", "dev", "isla")]
    assert sorted(claim["contact_id"] for claim in held if claim) == sorted(contacts)


def test_a_supervisor_and_a_dispatcher_see_the_queue(lab: Lab, grace: Client, isla: Client) -> None:
    lab.ring(line=ISLAND)
    assert len(grace.get("/queue")) == len(isla.get("/queue")) == 1


def test_a_nurse_with_room_takes_one_more_text_and_hands_it_to_a_colleague(lab: Lab, ana: Client) -> None:
    first = lab.text("hello", "+447700900510")
    lab.later(5)
    second = lab.text("hello", "+447700900511")
    assert ana.put("/me/texts-at-once", {"number": 2})["texts_at_once"] == 2
    assert ana.post("/queue/next", status=200)["contact_id"] == first
    assert ana.post("/queue/next?beyond=1", status=200)["contact_id"] == second
    assert ana.post("/queue/next?beyond=1", status=200)["contact_id"] == second, "asked again it is the same"
    assert ana.post("/queue/next", status=200)["contact_id"] == first
    assert [claim["contact_id"] for claim in ana.get("/me")["all_held"]] == [first, second]
    dev = lab.as_("dev")
    dev.put("/me/presence", {"state": "busy"})
    note = "Is at home and likes short texts."
    asked = ana.post(f"/contacts/{second}/hand-over", {"to": "dev@example.org", "note": note}, status=200)
    assert (asked["to"], asked["note"]) == ("Dev Marchbank", note)
    assert [one["contact_id"] for one in dev.get("/me")["asked_to_take"]] == [second]
    assert dev.post(f"/contacts/{second}/hand-over/take", status=200)["contact_id"] == second
    assert [claim["contact_id"] for claim in ana.get("/me")["all_held"]] == [first]
    assert dev.get("/me")["asked_to_take"] == []


@pytest.mark.parametrize("body", [{"to": "nobody@example.org", "note": "x" * 20}, {"to": "ana@example.org"}, {}])
def test_a_hand_over_to_nobody_or_without_a_note_is_refused(lab: Lab, ana: Client, body: dict[str, str]) -> None:
    contact = lab.text("hello")
    ana.post("/queue/next", status=200)
    ana.refused(422, "POST", f"/contacts/{contact}/hand-over", body)


@pytest.mark.parametrize("number", [0, 7, "two"])
def test_a_number_of_conversations_nobody_can_follow_is_refused(ana: Client, number: object) -> None:
    ana.refused(422, "PUT", "/me/texts-at-once", {"number": number})

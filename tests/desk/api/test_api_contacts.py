"""Contacts over the API: search, read, what was decided, texts, the end."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.desk.api.lab import DIRECT, MOBILE, Client, Lab, as_time
from triage import rules, silence
from triage.models import Contact, Message

OUTCOME = {
    "urgency": "B", "disposition": "crisis_team", "notes": "Talked for a while.", "themes": ["low mood"],
    "next_steps": "The crisis team visits.",
}  # fmt: skip


@pytest.fixture
def contact(lab: Lab, ana: Client) -> str:
    """Somebody Ana is talking with."""
    contact_id = lab.ring(MOBILE, keyword="harbour")
    ana.post("/queue/next", status=200)
    lab.nurse_answers(contact_id)
    return contact_id


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_contact_is_read_whole_and_the_reading_written_down(lab: Lab, ana: Client, contact: str) -> None:
    ana.post(f"/contacts/{contact}/outcomes", OUTCOME)
    read = ana.get(f"/contacts/{contact}")
    assert (read["state"], read["nurse"], read["channel"]) == ("connected", "Ana Fernsby", "call")
    assert (read["locality"], read["keyword"], read["masked_number"]) == ("iow", "harbour", "••• ••• 123")
    assert (read["band"], read["reason"], read["danger"]) == (4, "Not yet asked", False)
    assert [outcome["notes"] for outcome in read["outcomes"]] == ["Talked for a while."]
    ana_id = ana.get("/me")["id"]
    assert lab.history(contact)[-1] == ("read", ana_id)


def test_earlier_contacts_of_a_number_are_shown_and_of_a_withheld_one_never(lab: Lab, isla: Client) -> None:
    first = lab.ring()
    isla.post(f"/contacts/{first}/outcomes", OUTCOME)
    lab.hang_up(first)
    lab.later(3600)
    second = lab.ring()
    earlier = isla.get(f"/contacts/{second}")["earlier"]
    assert [(seen["id"], seen["state"], seen["outcome"]) for seen in earlier] == [(first, "abandoned", "crisis_team")]
    lab.ring(None)
    assert isla.get(f"/contacts/{lab.ring(None)}")["earlier"] == []


def test_what_is_owed_to_the_person_is_on_their_contact(lab: Lab, isla: Client) -> None:
    contact = lab.ring()
    lab.hang_up(contact)
    [owed] = isla.get(f"/contacts/{contact}")["promises"]
    assert (owed["kind"], owed["reachable"], owed["settled_at"]) == ("call_back", True, None)


def test_the_texts_of_a_conversation_are_shown_with_where_they_got_to(lab: Lab, ana: Client) -> None:
    contact = lab.text("I do not know what to do")
    ana.post("/queue/next", status=200)
    ana.post(f"/contacts/{contact}/messages", {"body": "I am Ana. I am here."})
    shown = [(m["direction"], m["body"], m["state"], m["by"]) for m in ana.get(f"/contacts/{contact}")["messages"]]
    assert shown == [
        ("in", "I do not know what to do", "received", None),
        ("out", "I am Ana. I am here.", "waiting", "Ana Fernsby"),
    ]


def test_a_contact_says_which_language_the_person_chose(lab: Lab, ana: Client) -> None:
    contact = lab.ring("+447700900125")
    assert ana.get(f"/contacts/{contact}")["language"] is None
    with lab.database.transaction() as db:
        db.get_one(Contact, contact).language = "cy"
    assert ana.get(f"/contacts/{contact}")["language"] == "cy"


# --- searching --------------------------------------------------------------------------------------------------------


def test_a_number_is_found_however_it_is_written(lab: Lab, ana: Client) -> None:
    wanted = lab.ring("+447700900123")
    lab.ring("+447700900124")
    for written in ("%2B447700900123", "+447700900123", "07700 900123", "07700900123", "447700900123", "0123"):
        assert [found["id"] for found in ana.get(f"/contacts?number={written}")] == [wanted], written


def test_contacts_are_found_by_place_keyword_and_time_newest_first(lab: Lab, isla: Client, ana: Client) -> None:
    start = lab.now
    island = lab.ring("+447700900111")
    lab.later(60)
    marigold = lab.ring("+447700900112", DIRECT, keyword="marigold")
    lab.later(60)
    compass = lab.ring("+447700900113", DIRECT, keyword="compass")

    def found(query: str) -> list[str]:
        return [contact["id"] for contact in isla.get(f"/contacts?{query}")]

    assert found("locality=iow") == [island]
    assert found("locality=southampton") == [compass, marigold]
    assert found("locality=southampton&keyword=marigold") == [marigold]
    assert found("locality=southampton&limit=1") == [compass]
    since = (start + timedelta(seconds=30)).isoformat().replace("+00:00", "Z")
    assert found(f"since={since}") == [compass, marigold]
    assert found(f"until={since}") == [island]
    assert ana.get("/contacts?locality=southampton") == []
    assert [contact["id"] for contact in ana.get("/contacts?until=2100-01-01T00:00:00Z")] == [island]


def test_a_time_whose_plus_was_not_escaped_is_understood(lab: Lab, ana: Client) -> None:
    contact = lab.ring()
    answer = ana.ask("GET", f"/contacts?since={lab.now.isoformat()}", as_described=False)
    assert [found["id"] for found in answer.get_json()] == [contact]


def test_nobody_lists_everybody(ana: Client) -> None:
    for query in ("", "limit=10", "number=", "keyword=%20"):
        assert "Say what to look for" in ana.refused(422, "GET", f"/contacts?{query}")["detail"], query


def test_a_search_that_cannot_be_says_which_term(ana: Client) -> None:
    for query, parameter in (
        ("name=Jo", "name"),
        ("number=Jo", "number"),
        ("number=0123&number=0124", "number"),
        ("locality=iow&limit=0", "limit"),
        ("locality=iow&limit=ten", "limit"),
        ("since=yesterday", "since"),
        ("since=2026-11-22T10:00:00", "since"),
        ("since=0001-01-01T00:00:00-12:00", "since"),
        ("until=9999-12-31T23:59:59-12:00", "until"),
        ("keyword=%00", "keyword"),
    ):
        [fault] = ana.refused(422, "GET", f"/contacts?{query}")["errors"]
        assert fault["parameter"] == parameter
        assert fault["detail"]


def test_percent_and_underscore_in_a_search_match_nothing_special(lab: Lab, ana: Client) -> None:
    lab.ring()
    assert ana.get("/contacts?locality=%25") == ana.get("/contacts?keyword=____") == []


# --- outcomes ---------------------------------------------------------------------------------------------------------


def test_an_outcome_is_logged_with_by_when_and_by_whom(lab: Lab, ana: Client, contact: str) -> None:
    outcome = ana.post(f"/contacts/{contact}/outcomes", OUTCOME)
    assert {name: outcome[name] for name in OUTCOME} == OUTCOME
    assert as_time(outcome["needed_by"]) == lab.now + timedelta(hours=4)
    assert outcome["who"] == "Crisis or liaison team, response car, or A&E"
    assert (outcome["group"], outcome["mhsds_code"], outcome["recorded_by"]) == ("home", "05", "Ana Fernsby")


def test_the_same_outcome_sent_again_is_one_outcome_and_another_is_added(ana: Client, contact: str) -> None:
    first = ana.post(f"/contacts/{contact}/outcomes", OUTCOME)
    assert ana.post(f"/contacts/{contact}/outcomes", OUTCOME, status=200) == first
    sooner = ana.post(f"/contacts/{contact}/outcomes", {**OUTCOME, "needed_by": "2026-11-22T23:00:00Z"})
    lower = ana.post(f"/contacts/{contact}/outcomes", {**OUTCOME, "urgency": "C"})
    kept = [outcome["id"] for outcome in ana.get(f"/contacts/{contact}")["outcomes"]]
    assert sorted(kept) == sorted([first["id"], sooner["id"], lower["id"]])


def test_everything_a_nurse_may_add_to_an_outcome_is_kept(ana: Client, contact: str) -> None:
    more = {
        "agreed": "To keep the kettle on.", "who": "Their own team", "needed_by": "2026-11-23T09:30:00Z",
        "caller_role": "carer", "text_consent": True,
    }  # fmt: skip
    outcome = ana.post(f"/contacts/{contact}/outcomes", {**OUTCOME, **more})
    assert {name: outcome[name] for name in more} == more
    read = ana.get(f"/contacts/{contact}")
    assert (read["caller_role"], read["text_consent"]) == ("carer", True)


def test_next_steps_may_be_a_list(ana: Client, contact: str) -> None:
    logged = ana.post(f"/contacts/{contact}/outcomes", OUTCOME | {"next_steps": ["Safety plan", "Crisis team rings"]})
    assert logged["next_steps"] == "Safety plan\nCrisis team rings"


def test_an_outcome_needs_no_urgency_when_the_person_left(ana: Client, contact: str) -> None:
    outcome = ana.post(f"/contacts/{contact}/outcomes", {"disposition": "person_left", "notes": None})
    assert (outcome["urgency"], outcome["needed_by"], outcome["notes"], outcome["themes"]) == (None, None, None, [])


def test_another_nurse_or_a_supervisor_may_log_what_was_decided_and_is_named(
    carys: Client, isla: Client, contact: str
) -> None:
    assert carys.post(f"/contacts/{contact}/outcomes", OUTCOME)["recorded_by"] == "Carys Penhale"
    assert isla.post(f"/contacts/{contact}/outcomes", OUTCOME)["recorded_by"] == "Isla Wrenfield"


def test_an_outcome_that_cannot_be_says_which_field_and_leaves_nothing(ana: Client, contact: str) -> None:
    for body, pointer in (
        ({**OUTCOME, "urgency": "Z"}, "#/urgency"),
        ({**OUTCOME, "disposition": "home"}, "#/disposition"),
        ({"urgency": "B"}, "#/disposition"),
        ({**OUTCOME, "caller_role": "friend"}, "#/caller_role"),
        ({**OUTCOME, "needed_by": "2026-11-22T10:00:00"}, "#/needed_by"),
        ({**OUTCOME, "needed_by": "soon"}, "#/needed_by"),
        ({**OUTCOME, "needed_by": "9999-12-31T23:59:59-14:00"}, "#/needed_by"),
        ({**OUTCOME, "risk": "high"}, "#/risk"),
        ({**OUTCOME, "notes": ["a"]}, "#/notes"),
        ({**OUTCOME, "notes": "a\0b"}, "#/notes"),
        ({**OUTCOME, "themes": ["x" * 65]}, "#/themes/0"),
        ({**OUTCOME, "themes": [f"t{n}" for n in range(21)]}, "#/themes"),
        ({**OUTCOME, "who": "x" * 201}, "#/who"),
    ):
        [fault] = ana.refused(422, "POST", f"/contacts/{contact}/outcomes", body)["errors"]
        assert fault["pointer"] == pointer
    assert ana.get(f"/contacts/{contact}")["outcomes"] == []


# --- texts ------------------------------------------------------------------------------------------------------------


def test_a_caller_is_texted_only_when_they_agreed(lab: Lab, ana: Client, contact: str) -> None:
    message = {"body": "The Lamp Room opens at six."}
    assert "not agreed" in ana.refused(409, "POST", f"/contacts/{contact}/messages", message)["detail"]
    ana.post(f"/contacts/{contact}/outcomes", {**OUTCOME, "text_consent": True})
    sent = ana.post(f"/contacts/{contact}/messages", message)
    assert (sent["direction"], sent["state"], sent["trouble"]) == ("out", "waiting", None)
    assert "send_text" in lab.left_to_do()


def test_a_withheld_number_and_one_that_opted_out_cannot_be_texted(lab: Lab, ana: Client) -> None:
    hidden = lab.ring(None)
    assert "withheld" in ana.refused(409, "POST", f"/contacts/{hidden}/messages", {"body": "Hello"})["detail"]
    texter = lab.text("hello")
    with lab.database.transaction() as db:
        db.get_one(Contact, texter).opted_out = True
    assert "opt-out" in ana.refused(409, "POST", f"/contacts/{texter}/messages", {"body": "Hello"})["detail"]


def test_an_empty_text_and_one_too_long_are_refused(lab: Lab, ana: Client) -> None:
    contact = lab.text("hi")
    for body in ("", "   \n", "x" * 1601):
        [fault] = ana.refused(422, "POST", f"/contacts/{contact}/messages", {"body": body})["errors"]
        assert fault["pointer"] == "#/body"


# --- the end ----------------------------------------------------------------------------------------------------------


def test_the_nurse_finishes_and_wraps_up_and_saying_so_again_is_harmless(lab: Lab, ana: Client, contact: str) -> None:
    finished = ana.post(f"/contacts/{contact}/finish", status=200)
    assert (finished["state"], as_time(finished["ended_at"])) == ("finished", lab.now)
    assert "end_call" in lab.left_to_do()
    again = ana.post(f"/contacts/{contact}/finish", {}, status=200)
    assert again["state"] == "finished"
    me = ana.get("/me")
    assert (me["presence"]["state"], me["holding"]) == ("wrapping_up", None)
    assert ana.put("/me/presence", {"state": "ready"})["state"] == "ready"


def test_a_nurse_cannot_finish_what_another_holds(carys: Client, contact: str) -> None:
    assert "not with you" in carys.refused(409, "POST", f"/contacts/{contact}/finish")["detail"]


def test_somebody_given_back_waits_again_and_cannot_be_given_back_twice(
    ana: Client, carys: Client, contact: str
) -> None:
    carys.refused(409, "POST", f"/contacts/{contact}/give-back")
    assert ana.post(f"/contacts/{contact}/give-back", status=200)["state"] == "waiting"
    assert [entry["contact_id"] for entry in ana.get("/queue")] == [contact]
    assert ana.get("/me")["holding"] is None
    assert "not with you" in ana.refused(409, "POST", f"/contacts/{contact}/give-back")["detail"]


def test_somebody_heard_is_given_back_for_later_only_with_a_reason(lab: Lab, ana: Client, contact: str) -> None:
    to = f"/contacts/{contact}/give-back-for-later"
    wanted = {"seen_band": 4, "band": 5, "because": "safe_for_now"}
    [fault] = ana.refused(422, "POST", to, {**wanted, "because": "busy"})["errors"]
    assert fault["pointer"] == "#/because"
    [fault] = ana.refused(422, "POST", to, {**wanted, "seen_band": 2})["errors"]
    assert fault["pointer"] == "#/seen_band"
    assert ana.post(to, wanted, status=200)["state"] == "waiting"
    assert [(entry["contact_id"], entry["band"]) for entry in ana.get("/queue")] == [(contact, 5)]
    assert "not with you" in ana.refused(409, "POST", to, wanted)["detail"]


def test_a_conversation_is_finished_with_a_last_text_or_not_at_all(lab: Lab, ana: Client) -> None:
    contact = lab.text("hello")
    ana.post("/queue/next", status=200)
    to, last = f"/contacts/{contact}/finish", {"last_text": "Your team rings you on Tuesday."}
    [fault] = ana.refused(422, "POST", to, {"last_text": ""})["errors"]
    assert fault["pointer"] == "#/last_text"
    with lab.database.transaction() as db:
        db.get_one(Contact, contact).opted_out = True
    assert "opt-out word" in ana.refused(409, "POST", to, last)["detail"]
    assert ana.get(f"/contacts/{contact}")["state"] == "connected"
    with lab.database.transaction() as db:
        db.get_one(Contact, contact).opted_out = False
    for _ in range(2):
        assert ana.post(to, last, status=200)["state"] == "finished"
    with lab.database.reading() as db:
        texts = db.scalars(select(Message).where(Message.contact_id == contact, Message.direction == "out")).all()
        assert [row.body for row in texts if row.staff_id] == [last["last_text"]]


def test_a_silence_is_decided_about_by_whoever_has_them(lab: Lab, ana: Client, carys: Client) -> None:
    contact = lab.text("hello")
    ana.post("/queue/next", status=200)
    to = f"/contacts/{contact}/silence"
    assert "They have written" in ana.refused(409, "POST", to, {"choice": "wait"})["detail"]
    ana.post(f"/contacts/{contact}/messages", {"body": "What is going on?"})
    lab.later(600)
    with lab.database.transaction() as db:
        silence.step(db, contact, rules.current(db).rules, now=lab.now)
    assert "not with you" in carys.refused(409, "POST", to, {"choice": "ring"})["detail"]
    assert ana.post(to, {"choice": "ring"}, status=200)["state"] == "connected"
    assert [one["kind"] for one in ana.get("/promises") if one["contact_id"] == contact] == ["call_back"]


def test_a_text_conversation_is_finished_too(lab: Lab, ana: Client) -> None:
    contact = lab.text("hello")
    ana.post("/queue/next", status=200)
    assert ana.post(f"/contacts/{contact}/finish", status=200)["state"] == "finished"
    assert lab.text("hello again") != contact


# --- between text and call --------------------------------------------------------------------------------------------


def test_whoever_texts_is_rung_and_their_call_is_taken(lab: Lab, ana: Client) -> None:
    texter = lab.text("Is anybody there?", line="+441632960111")
    ana.post("/queue/next", status=200)
    assert ana.post(f"/contacts/{texter}/ring", status=200)["state"] == "connected"
    ana.post(f"/contacts/{texter}/ring", status=200)
    assert lab.left_to_do() == ["place_call"], "rung once"
    ana.post(f"/contacts/{texter}/take-call", status=409)
    call = lab.ring(MOBILE)
    [waits] = ana.get("/queue")
    assert waits["reasons"] == ["Is texting with Ana Fernsby"]
    taken = ana.post(f"/contacts/{texter}/take-call", status=200)
    assert (taken["contact_id"], taken["state"]) == (call, "offered")
    assert ana.get("/queue") == []
    assert [text["body"] for text in ana.get(f"/contacts/{call}")["messages"]] == ["Is anybody there?"]
    assert ana.get(f"/contacts/{texter}")["ended_how"] == "went_on_as_call"


def test_whoever_texts_and_then_rings_is_one_entry(lab: Lab, ana: Client) -> None:
    lab.text("Is anybody there?")
    lab.later(60)
    call = lab.ring(MOBILE)
    assert [(entry["contact_id"], entry["channel"]) for entry in ana.get("/queue")] == [(call, "call")]


def test_a_call_goes_on_by_text(lab: Lab, ana: Client, contact: str) -> None:
    ana.post(f"/contacts/{contact}/to-text", status=409)
    ana.post(f"/contacts/{contact}/outcomes", OUTCOME | {"text_consent": True})
    gone_on = ana.post(f"/contacts/{contact}/to-text", status=200)
    assert (gone_on["channel"], gone_on["state"]) == ("text", "connected")
    ana.post(f"/contacts/{contact}/to-text", status=200)
    lab.hang_up(contact)
    assert ana.get(f"/contacts/{contact}")["state"] == "connected"

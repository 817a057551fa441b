"""A night of texts: what people who cannot or will not speak meet, what their nurses see, and what goes wrong."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.harness.databases import Databases
from tests.harness.waiting import CROWDED, wait_until
from tests.journeys.conftest import CREW_LINE, LINE, Colleague, OnCall, Phone, Town
from tests.journeys.test_by_hand import sign_in
from tests.journeys.test_crew_by_phone import hear_each_other
from triage.db import open_database
from triage.models import Service

# The order of the queue and what is decided at once are seen on both databases; the rest on one, to keep this short.
on_sqlite = pytest.mark.parametrize("town", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("town", ["postgresql"], indirect=True)

OF_111 = "+441632960111"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)


def silent_for(town: Town, seconds: int) -> None:
    """Whoever does not write back for so long is asked whether they are there. The service file allows no less than
    two minutes, which a journey has not: the number is set where `apply` keeps it.
    """
    database = open_database(town.stack.settings["DATABASE_URL"])
    with database.transaction() as db:
        service = db.get_one(Service, 1)
        service.config = {**service.config, "rules": {**service.config.get("rules", {}), "silence_s": seconds}}
    database.engine.dispose()


def waits(nurse: Colleague, person: Phone) -> dict[str, Any]:
    """Waits until this person is in the queue that the nurse sees."""

    def entry() -> Any:
        return next((one for one in nurse.queue() if one["masked_number"].endswith(person.number[-3:])), None)

    return wait_until(entry, 15, what=f"{person.number} waits")


def takes(nurse: Colleague, person: Phone, beyond: int = 0) -> str:
    """The nurse takes the next, who is this person; the contact."""
    waits(nurse, person)
    claim = nurse.asks("POST", f"/queue/next?beyond={beyond}", expect=200)
    assert (claim["channel"], claim["state"]) == ("text", "connected")
    assert claim["masked_number"].endswith(person.number[-3:])
    return str(claim["contact_id"])


def writes(nurse: Colleague, contact: str, words: str, expect: int = 201) -> Any:
    return nurse.asks("POST", f"/contacts/{contact}/messages", {"body": words}, expect=expect)


def read(nurse: Colleague, contact: str) -> Any:
    return nurse.asks("GET", f"/contacts/{contact}")


def sees(nurse: Colleague, contact: str, words: str, state: str = "received") -> None:
    """Waits until the nurse sees a text with these words, in this state."""

    def seen() -> bool:
        return any(words in one["body"] and one["state"] == state for one in read(nurse, contact)["messages"])

    wait_until(seen, 15, what=f"the nurse sees {words!r} {state}")


@on_sqlite
def test_a_keyword_within_a_sentence_is_answered_once_and_a_nurse_of_that_place_writes_to_the_end(town: Town) -> None:
    ana, carys, person = town.colleague("ana@example.org"), town.colleague("carys@example.org"), town.caller()
    person.texts("hiya someone told me to say harbour to you, not great tonight")
    answer = person.got_text("Solent Crisis Line")["body"]
    for said in ("ring 999", "A nurse for Isle of Wight will read this", "until you delete this conversation"):
        assert said in answer
    [asked] = [one for one in town.webhooks() if one["path"] == "/sms/incoming"]
    assert asked["ms"] < 2000 * CROWDED, "the answer was there within two seconds"

    assert waits(ana, person)["locality"] == "iow"
    for nurse in (ana, carys):
        nurse.asks("PUT", "/me/presence", {"state": "busy"})
    assert carys.asks("POST", "/queue/next") is None, "a nurse of another place does not take them"
    contact = takes(ana, person)
    writes(ana, contact, "I am Ana, a nurse. What would help now?")
    person.got_text("What would help now?")
    sees(ana, contact, "What would help now?", "delivered")
    person.texts("just somebody who listens")
    sees(ana, contact, "just somebody who listens")

    ended = ana.asks(
        "POST", f"/contacts/{contact}/finish", {"last_text": "Sleep well. Your sister comes at nine."}, 200
    )
    assert ended["ended_at"]
    person.got_text("Your sister comes at nine")
    sees(ana, contact, "Your sister comes at nine", "delivered")
    ways = [(one["direction"], one["by"]) for one in read(ana, contact)["messages"]]
    assert ways == [("in", None), ("out", None), ("out", "Ana Fernsby"), ("in", None), ("out", "Ana Fernsby")]
    assert len(person.received()) == 3, "the line itself answered once"


def in_the_queue(nurse: Colleague) -> list[str]:
    """The last three digits of whoever waits, in their order."""
    return [one["masked_number"][-3:] for one in nurse.queue()]


def is_put_through(nurse: Colleague, contact: str, person: Phone) -> tuple[OnCall, OnCall]:
    """The nurse has herself rung, and then the person: they hear each other."""
    nurse.asks("POST", f"/contacts/{contact}/ring", expect=200)
    hers = nurse.phone.is_rung().picks_up().hears("we ring the person you are texting with").presses("1")
    theirs = person.is_rung().picks_up().hears("If you asked for a call, press 1")
    assert theirs.state()["from"] == LINE
    assert hers.state()["other_parties"] == [], "nobody hears anybody before the key"
    theirs.presses("1")
    hear_each_other(hers, theirs)
    return hers, theirs


def test_danger_said_in_two_texts_of_one_breath_goes_before_whoever_wrote_earlier(town: Town) -> None:
    ana, earlier, person = town.colleague("ana@example.org"), town.caller("+447700900140"), town.caller("+447700900151")
    earlier.texts("harbour, cant sleep")
    earlier.got_text("Isle of Wight")
    person.texts("harbour. ive taken")
    assert "999 if you have registered" not in person.got_text("Isle of Wight")["body"]
    person.texts("all my pills")
    assert "ring 999, or text 999 if you have registered" in person.got_text("People in danger now go before")["body"]
    wait_until(lambda: in_the_queue(ana) == ["151", "140"], 15, what="they are first")
    first, _ = ana.queue()
    assert first["band"] == 0
    assert "danger" in first["reason"].lower()
    takes(ana, person)


@on_postgresql
def test_a_lone_stop_is_met_with_silence_and_a_call_and_start_undoes_it(town: Town) -> None:
    ana, person, next_one = town.colleague("ana@example.org"), town.caller(), town.caller("+447700900140")
    person.texts("STOP")
    wait_until(lambda: "it may be distress" in waits(ana, person)["reason"], 15, what="the nurse reads what it may be")
    next_one.texts("harbour")
    next_one.got_text("Isle of Wight")
    carriers_own = "You have successfully been unsubscribed"
    assert [text["body"].startswith(carriers_own) for text in person.received()] == [True], "of ours there is nothing"

    contact = takes(ana, person)
    assert read(ana, contact)["opted_out"]
    assert "Offer them a call instead" in writes(ana, contact, "Are you all right?", 409)["detail"]
    hers, theirs = is_put_through(ana, contact, person)
    theirs.hangs_up()
    hers.hears("The text conversation is still on your desk").is_over()

    # they want texts again, and say so to another of our numbers: the carrier still stops those from this one
    person.texts("START", to=OF_111)
    wait_until(lambda: not read(ana, contact)["opted_out"], 15, what="the nurse sees that they want texts again")
    writes(ana, contact, "This one does not arrive.")
    sees(ana, contact, "This one does not arrive.", "failed")
    assert read(ana, contact)["opted_out"], "the carrier's word counts"
    writes(ana, contact, "Nor is this one taken.", 409)

    person.texts("START")
    wait_until(lambda: not read(ana, contact)["opted_out"], 15, what="the nurse sees that it is undone")
    writes(ana, contact, "Good that you are back.")
    person.got_text("Good that you are back.")


@on_sqlite
def test_whoever_falls_silent_is_asked_once_and_nothing_ends_by_itself(town: Town) -> None:
    ana, first, second = town.colleague("ana@example.org"), town.caller(), town.caller("+447700900140")
    silent_for(town, 4)
    ana.asks("PUT", "/me/texts-at-once", {"number": 2})
    contacts = []
    for beyond, person in enumerate((first, second)):
        person.texts("harbour, are you there")
        contacts.append(takes(ana, person, beyond))
        writes(ana, contacts[-1], "I am here. What happened?")
        assert "ring 999" in person.got_text("there is no hurry", 30)["body"]
    one, other = contacts

    ana.asks("POST", f"/contacts/{one}/silence", {"choice": "wait"}, 200)
    ana.asks("POST", f"/contacts/{other}/silence", {"choice": "ring"}, 200)
    [owed] = ana.asks("GET", "/promises")
    assert (owed["kind"], owed["contact_id"]) == ("call_back", other)
    writes(ana, other, "I will ring you in a moment.")
    second.got_text("I will ring you in a moment.")
    for person, contact in ((first, one), (second, other)):
        assert len([text for text in person.received() if "there is no hurry" in text["body"]]) == 1
        assert (read(ana, contact)["state"], read(ana, contact)["ended_at"]) == ("connected", None)

    first.texts("sorry fell asleep")
    sees(ana, one, "sorry fell asleep")
    ana.asks("POST", f"/contacts/{one}/silence", {"choice": "wait"}, 409)


@on_postgresql
def test_whoever_asks_by_text_to_be_rung_is_promised_it_and_is_rung(town: Town) -> None:
    ana, person = town.colleague("ana@example.org"), town.caller()
    person.texts("can you ring me please")
    said = person.got_text("We will ring you on this number")["body"]
    assert "Solent Crisis Line" in said
    assert "ring 999" in said
    assert "Asked to be rung" in waits(ana, person)["reasons"]
    [owed] = ana.asks("GET", "/promises")
    contact = takes(ana, person)
    assert (owed["kind"], owed["contact_id"], owed["reachable"]) == ("call_back", contact, True)
    is_put_through(ana, contact, person)
    assert ana.asks("GET", "/promises") == []
    [kept] = read(ana, contact)["promises"]
    assert kept["settled_how"] == "Reached: with a nurse"
    assert read(ana, contact)["state"] == "connected", "the conversation by text goes on"


@on_sqlite
def test_a_nurse_has_several_at_once_and_hands_one_to_a_colleague_unnoticed(town: Town) -> None:
    ana, bola = town.colleague("ana@example.org"), town.colleague("bola@example.org")
    first, second, third = (town.caller(f"+4477009001{last}") for last in ("31", "42", "53"))
    first.texts("harbour, cant stop crying")
    one = takes(ana, first)
    second.texts("harbour, its about my son")
    waits(ana, second)
    still = ana.asks("POST", "/queue/next?beyond=1", expect=200)
    assert still["contact_id"] == one, "one at a time, until she says otherwise"
    assert ana.asks("PUT", "/me/texts-at-once", {"number": 2})["texts_at_once"] == 2
    other = takes(ana, second, beyond=1)
    assert ana.asks("POST", "/queue/next?beyond=1", expect=200)["contact_id"] == other, "asked again, the same one"
    assert {held["contact_id"] for held in ana.asks("GET", "/me")["all_held"]} == {one, other}
    third.texts("harbour")
    waits(ana, third)
    still = ana.asks("POST", "/queue/next?beyond=2", expect=200)
    assert still["contact_id"] == one, "no more than she takes"

    writes(ana, one, "I am Ana. Tell me.")
    first.got_text("I am Ana. Tell me.")
    asking = {"to": "bola@example.org", "note": "Her mother died in May. She wants to be listened to."}
    ana.asks("POST", f"/contacts/{one}/hand-over", asking, 409)
    bola.asks("PUT", "/me/presence", {"state": "busy"})
    ana.asks("POST", f"/contacts/{one}/hand-over", asking, 200)
    first.texts("she used to sing")
    sees(ana, one, "she used to sing")
    [asked] = bola.asks("GET", "/me")["asked_to_take"]
    assert (asked["contact_id"], asked["asked_by"], asked["note"]) == (one, "Ana Fernsby", asking["note"])
    assert [held["contact_id"] for held in ana.asks("GET", "/me")["all_held"]] == [one, other], "hers until then"

    assert bola.asks("POST", f"/contacts/{one}/hand-over/take", expect=200)["contact_id"] == one
    writes(ana, one, "Not any more.", 409)
    writes(bola, one, "What did she sing?")
    first.got_text("What did she sing?")
    assert [held["contact_id"] for held in ana.asks("GET", "/me")["all_held"]] == [other]
    got = first.received()
    assert {text["from"] for text in got} == {LINE}
    assert len(got) == 3, "the line's answer and two texts of nurses: of the handing over nothing is said"


def test_a_flood_is_merged_a_person_in_danger_within_it_is_first_and_somebody_decides(
    town: Town, new_page: Callable[..., Any]
) -> None:
    isla, person = town.colleague("isla@example.org"), town.caller("+447700900513")
    crowd = [town.caller(f"+447700900{last}") for last in range(500, 527) if last != 513]
    for one in crowd[:12]:
        one.texts("Try our new offer today")
        one.got_text("Solent Crisis Line")
    person.texts("ive taken all my pills")
    assert "999" in person.got_text("People in danger now go before")["body"]
    for one in crowd[12:24]:
        one.texts("Try our new offer today")
        one.got_text("Solent Crisis Line")
    assert len(isla.queue()) == 25, "so many may still be people with the same poster before them"
    crowd[24].texts("Try our new offer today")
    wait_until(lambda: len(isla.queue()) == 2, 30, what="one stands for all of them")
    crowd[25].texts("Try our new offer today")
    first, standing = isla.queue()
    assert (first["band"], first["masked_number"][-3:]) == (0, "513")
    assert "look at all of them together" in standing["reason"]

    page = sign_in(new_page(), town, "Isla Wrenfield")
    page.goto(town.stack.web_url + "/floods")
    page.get_by_role("button", name="They are people").click()
    page.get_by_text("each of them waits for a nurse").wait_for()
    everybody = {one.number[-3:] for one in (person, *crowd)}
    wait_until(lambda: set(in_the_queue(isla)) == everybody, 15, what="everyone waits")
    assert in_the_queue(isla)[0] == "513"
    assert "look at all of them" not in " ".join(one["reason"] for one in isla.queue())
    for one in crowd[-2:]:
        one.got_text("This is Solent Crisis Line")


@on_sqlite
def test_a_landline_waits_and_nobody_has_a_text_read_aloud_in_the_room(town: Town) -> None:
    ana, landline, next_one = town.colleague("ana@example.org"), town.caller("+441632960771"), town.caller()
    landline.texts("harbour please")
    assert waits(ana, landline)["locality"] == "iow"
    next_one.texts("harbour")
    next_one.got_text("Isle of Wight")
    contact = takes(ana, landline)
    assert "reads texts aloud. Ring them instead" in writes(ana, contact, "I am here.", 409)["detail"]
    is_put_through(ana, contact, landline)
    assert landline.received() == []


def test_a_crew_whose_phone_stopped_our_texts_is_rung_at_once_about_the_next_job(
    make_town: Callable[..., Town], databases: Databases
) -> None:
    town = make_town(database_url=databases.served("sqlite"), service_file=None)  # its logs hold the alarm
    ana, grace = town.colleague("ana@example.org"), town.colleague("grace@example.org")
    crew, person = town.crew("IW01"), town.caller()
    grace.asks("PUT", "/units/IW01", {"state": "available"})
    crew.texts("STOP", to=CREW_LINE)
    crew.got_text("You have successfully been unsubscribed")

    def alarms() -> list[str]:
        return [one["words"] for one in grace.asks("GET", "/alarms") if one["kind"] == "crew_phone_stopped"
                and one["over_at"] is None]  # fmt: skip

    [words] = wait_until(alarms, 30, what="the dispatcher is told")
    assert "IW01's phone stopped our texts: START from it undoes that." in words

    person.texts("harbour, please send somebody")
    contact = takes(ana, person)
    asked = {"address": "12 Invented Quay", "postcode": "PO30 9ZZ"}
    incident = ana.asks("POST", f"/contacts/{contact}/incidents", asked, 201)
    call = crew.is_rung()
    rung_after = datetime.fromisoformat(call.state()["created_at"]) - datetime.fromisoformat(
        incident["dispatches"][0]["offered_at"]
    )
    assert rung_after.total_seconds() < 30, "at once, and not when a text has gone unanswered for 45 seconds"
    call.picks_up().hears("Press 1 to accept").presses("1").hears("12 Invented Quay")
    call.hangs_up()
    job = grace.asks("GET", f"/incidents/{incident['id']}")
    assert job["dispatches"][-1]["state"] == "acknowledged"
    assert len(crew.received()) == 1, "the carrier's own word, and no text of ours"

    crew.texts("START", to=CREW_LINE)
    told = crew.got_text("This phone gets our texts again")["body"]
    assert "12 Invented Quay" in told
    wait_until(lambda: not alarms(), 30, what="the alarm is over")
    assert town.warnings() == []


def test_a_texter_who_rings_is_one_person_and_waits_by_text_again_when_they_hang_up(town: Town) -> None:
    ana, person = town.colleague("ana@example.org"), town.caller()
    person.texts("harbour, it is bad tonight")
    since = waits(ana, person)["waiting_since"]
    call = person.rings().hears("this is solent crisis line")
    call.says("harbour")
    [as_call] = wait_until(
        lambda: [one for one in ana.queue() if one["channel"] == "call"], 20, what="their call waits"
    )
    assert len(ana.queue()) == 1
    assert (as_call["waiting_since"], as_call["locality"]) == (since, "iow")
    assert "Texted before they rang" in as_call["reasons"]
    call.hangs_up()
    [by_text] = wait_until(lambda: [one for one in ana.queue() if one["channel"] == "text"], 20, what="the text waits")
    assert len(ana.queue()) == 1
    assert by_text["waiting_since"] == since
    assert "Rang, and waits by text again" in by_text["reasons"]
    contact = takes(ana, person)
    writes(ana, contact, "You rang. Shall we write, or talk?")
    person.got_text("Shall we write, or talk?")


@on_sqlite
def test_welsh_help_and_a_picture_are_each_understood(town: Town) -> None:
    ana, welsh, asks, shows = town.colleague("ana@example.org"), *(town.caller(f"+4477009001{n}") for n in (31, 42, 53))
    welsh.texts("CYMRAEG")
    assert "ffoniwch 999" in welsh.got_text("Dyma Solent Crisis Line")["body"]
    contact = takes(ana, welsh)
    assert read(ana, contact)["language"] == "cy"
    ana.asks("POST", f"/contacts/{contact}/finish", expect=200)

    asks.texts("HELP")
    said = asks.got_text("Solent Crisis Line")["body"]
    assert "A nurse" in said
    assert "ring 999" in said
    contact = takes(ana, asks)
    ana.asks("POST", f"/contacts/{contact}/finish", expect=200)

    shows.sends_picture(PICTURE)
    shows.got_text("Solent Crisis Line")
    contact = takes(ana, shows)
    first = read(ana, contact)["messages"][0]
    assert (first["body"], first["media"]) == ("", [{"kind": "picture", "type": "image/png"}])

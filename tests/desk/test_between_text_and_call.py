"""On the desk: whoever texts is rung, promised a call or taken over when they ring; a call goes on by text."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from tests.desk import night
from tests.desk.pages_lab import Lab, Person
from triage import contacts, opt_outs
from triage.desk import words
from triage.models import Contact, Leg, Message, Promise

THEIRS = "+447700900477"


@pytest.fixture
def lab(new_database: Callable[[str], str]) -> Iterator[Lab]:
    made = Lab(new_database("sqlite"))
    yield made
    made.close()


@pytest.fixture
def ana(lab: Lab) -> Person:
    night.ready(lab.database, lab.staff("ana"), now=lab.now)
    return lab.as_("ana")


@pytest.fixture
def texter(lab: Lab, ana: Person) -> str:
    """Somebody Ana texts with."""
    contact = night.waits(lab.database, now=lab.now, line=night.ISLAND, channel="text", number=THEIRS)
    assert night.take(lab.database, lab.staff("ana"), now=lab.now) == contact.id
    return contact.id


def rows(lab: Lab, table: type) -> list:  # type: ignore[type-arg]
    with lab.database.reading() as db:
        return list(db.scalars(select(table)))


@pytest.mark.parametrize("script", [True, False])
def test_she_rings_whoever_she_texts_with_and_reads_how_it_stands(
    lab: Lab, ana: Person, texter: str, script: bool
) -> None:
    assert "Ring them now" in ana.get("/desk").text
    assert "is rung first" in ana.says(ana.post(f"/desk/contacts/{texter}/ring", script=script))
    ana.post(f"/desk/contacts/{texter}/ring")
    [leg] = rows(lab, Leg)
    assert (leg.purpose, leg.to) == ("nurse_reach", lab.staff("ana").phone)
    assert "Ringing your phone. Answer, then press 1." in ana.get("/desk/live", script=True).text
    for outcome, sentence in words.REACHING.items():
        with lab.database.transaction() as db:
            row = db.get_one(Leg, leg.id)
            row.outcome, row.state = outcome, "ended"
        assert sentence in ana.get("/desk").text


def test_who_sent_an_opt_out_word_is_offered_a_call(lab: Lab, ana: Person, texter: str) -> None:
    with lab.database.transaction() as db:
        db.get_one(Contact, texter).opted_out = True
    page = ana.get("/desk").text
    assert "Ring them instead." in page
    assert page.count(f'hx-post="/desk/contacts/{texter}/ring"') == 1, "one button rings them"
    assert "Promise them a call" not in page, "no text of hers would tell them"
    assert "No last text can be sent: they sent an opt-out word" in page


def test_who_stopped_our_texts_in_an_earlier_contact_is_not_said_to_have_refused_them(
    lab: Lab, ana: Person, texter: str
) -> None:
    with lab.database.transaction() as db:
        opt_outs.add(db, THEIRS, night.LINE, opt_outs.SAID, now=lab.now)
    page = ana.get("/desk").text
    assert "No last text can be sent: they sent an opt-out word" in page
    assert "they have not agreed to texts" not in page


def test_a_call_she_promised_is_still_owed_when_she_finishes_by_text(lab: Lab, ana: Person, texter: str) -> None:
    ana.post(f"/desk/contacts/{texter}/messages", body="", then="promise_call", when="by", time="18:30")
    ana.post(f"/desk/contacts/{texter}/finish", without="outcome")
    [promise] = rows(lab, Promise)
    assert promise.settled_at is None
    assert "A nurse promised them a call" in ana.get("/desk").text


def test_she_finds_her_way_back_to_the_call_she_took_beside_other_texts(lab: Lab, ana: Person, texter: str) -> None:
    ana.post("/desk/texts-at-once", number=2)
    other = night.waits(lab.database, now=lab.now, line=night.ISLAND, channel="text", number="+447700900478")
    ana.post("/desk/next", beyond=1)
    call = night.waits(lab.database, now=lab.now, line=night.ISLAND, number=THEIRS)
    assert "The call you have" not in ana.get(f"/desk?contact={other.id}").text
    ana.post(f"/desk/contacts/{texter}/take-call")
    page = ana.get(f"/desk?contact={other.id}").text
    assert f'data-contact="{other.id}"' in page
    assert "The call you have" in page
    assert f'href="/desk?contact={call.id}"' in page


def test_a_number_that_is_not_rung_has_no_button(lab: Lab, ana: Person, texter: str) -> None:
    with lab.database.transaction() as db:
        db.get_one(Contact, texter).number = "+353851234567"
    page = ana.get("/desk").text
    assert "Ring them now" not in page
    assert "Promise them a call" not in page
    assert "outside the United Kingdom" in ana.says(ana.post(f"/desk/contacts/{texter}/ring"))


def test_a_promised_call_puts_its_words_into_her_text_and_sends_nothing(lab: Lab, ana: Person, texter: str) -> None:
    to = f"/desk/contacts/{texter}/messages"
    form = ana.post(to, script=True, body="I am here.", then="promise_call", when="soon")
    assert form.status_code == 200
    assert "I am here. I will ring you on this number soon." in form.text
    assert [row.kind for row in rows(lab, Promise)] == ["call_back"]
    assert [row for row in rows(lab, Message) if row.direction == "out"] == []
    form = ana.post(to, script=True, body="", then="promise_call", when="by", time="18:30")
    assert "I will ring you on this number by 18:30." in form.text
    [promise] = rows(lab, Promise)
    assert f"{words.local(promise.due_at):%H:%M}" == "18:30"
    assert promise.due_at > lab.now


@pytest.mark.parametrize("time", ["", "soon", "25:00"])
def test_a_time_that_is_none_is_asked_for_again_with_nothing_lost(
    lab: Lab, ana: Person, texter: str, time: str
) -> None:
    fields = {"body": "I am here.", "then": "promise_call", "when": "by", "time": time}
    form = ana.post(f"/desk/contacts/{texter}/messages", script=True, **fields)
    assert form.status_code == 422
    assert "as hours and minutes" in form.text
    assert "I am here." in form.text
    assert rows(lab, Promise) == []


def test_she_sees_at_once_that_they_ring_and_takes_their_call(lab: Lab, ana: Person, texter: str) -> None:
    assert "ringing-now" not in ana.get("/desk").text
    call = night.waits(lab.database, now=lab.now, line=night.ISLAND, number=THEIRS)
    page = ana.get("/desk/live", script=True).text
    assert "They are ringing now." in page
    assert "Is texting with Ana Fernsby" in lab.as_("bola").get("/desk").text
    assert "Their call is yours" in ana.says(ana.post(f"/desk/contacts/{texter}/take-call", script=True))
    page = ana.get("/desk").text
    assert f'data-contact="{call.id}"' in page
    assert "hello is anyone there" in page, "their texts come along"
    assert 'id="text-form"' in page


def test_a_call_a_colleague_has_is_said_with_her_name(lab: Lab, ana: Person, texter: str) -> None:
    night.waits(lab.database, now=lab.now, line=night.ISLAND, number=THEIRS)
    night.ready(lab.database, lab.staff("bola"), now=lab.now)
    assert night.take(lab.database, lab.staff("bola"), now=lab.now)
    page = ana.get("/desk").text
    assert f"{lab.staff('bola').name} has their call" in page
    assert "Take their call" not in page
    assert "has their call" in ana.says(ana.post(f"/desk/contacts/{texter}/take-call"))


def test_a_call_goes_on_by_text_where_they_agreed(lab: Lab, ana: Person) -> None:
    call = night.waits(lab.database, now=lab.now, line=night.ISLAND, number=THEIRS)
    night.take(lab.database, lab.staff("ana"), now=lab.now)
    assert "Go on by text" not in ana.get("/desk").text
    assert "not agreed to texts" in ana.says(ana.post(f"/desk/contacts/{call.id}/to-text"))
    with lab.database.transaction() as db:
        db.get_one(Contact, call.id).text_consent = True
    assert "Go on by text" in ana.get("/desk").text
    assert "You go on by text" in ana.says(ana.post(f"/desk/contacts/{call.id}/to-text", script=True))
    assert "Text conversation" in ana.get("/desk").text
    with lab.database.reading() as db:
        assert contacts.get(db, call.id).channel == "text"

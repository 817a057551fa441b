"""Somebody asks by text to be rung: it is promised and said once, a nurse sees it, and nobody is promised what cannot be."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from tests.telephony.conftest import TheLine
from tests.telephony.test_voice import a_nurse
from triage import bridge, contacts, queue, ringing_back, text_calls
from triage.db import utcnow
from triage.ladder import NotNow
from triage.models import Promise, QueueEntry
from triage.rules import Rules

Ask = Callable[[Callable[..., Any]], Any]
ASKED = "Asked to be rung"
WORDS = "We will ring you on this number."


def entry(ask: Ask) -> QueueEntry:
    return ask(lambda db: db.scalars(select(QueueEntry)).one())


def owed(ask: Ask) -> list[Promise]:
    return ask(lambda db: list(db.scalars(select(Promise).where(Promise.settled_at.is_(None)))))


def test_who_asks_to_be_rung_is_promised_a_call_and_waits_on_by_text(line: TheLine, in_database: Ask) -> None:
    line.texts("hello")
    said = line.texts("can you call me pls").said
    assert said.startswith(WORDS)
    assert "999" in said
    [promise] = owed(in_database)
    assert (promise.kind, promise.what, promise.reachable) == ("call_back", "Asked by text to be rung", True)
    waits = entry(in_database)
    assert (waits.state, waits.call_back, waits.band) == ("waiting", False, queue.NOT_ASKED)
    assert waits.reasons == [ASKED]
    assert line.texts("RING ME").said == "", "said once"
    assert len(owed(in_database)) == 1


def test_a_first_text_that_asks_is_told_who_this_is(line: TheLine) -> None:
    said = line.texts("CALL").said
    assert said.startswith(f"This is Solent Crisis Line. {WORDS}")
    assert "999" in said


def test_danger_is_answered_before_all_else_and_the_call_is_owed_all_the_same(line: TheLine, in_database: Ask) -> None:
    said = line.texts("I have taken an overdose. ring me").said
    assert WORDS not in said
    assert "If there is danger now, ring 999" in said
    assert len(owed(in_database)) == 1
    assert entry(in_database).reasons == [queue.SAID_DANGER, ASKED]


@pytest.mark.parametrize("body", ["please dont call", "I need to call my mum", "ring me after six"])
def test_what_does_not_ask_is_shown_and_promises_nothing(line: TheLine, in_database: Ask, body: str) -> None:
    line.texts("hello")
    assert line.texts(body).said == ""
    assert owed(in_database) == []
    assert entry(in_database).reasons == [queue.NOT_YET_ASKED]


def test_who_cannot_be_rung_is_told_so_and_the_nurse_sees_that_they_asked(line: TheLine, in_database: Ask) -> None:
    line.texts("hello", From="+353851234567")
    said = line.texts("ring me", From="+353851234567").said
    assert said.startswith("We cannot ring the number you are texting from.")
    assert owed(in_database) == []
    assert entry(in_database).reasons == [ASKED]


def test_while_a_nurse_has_them_the_line_keeps_out_of_it_and_she_sees_it(line: TheLine, in_database: Ask) -> None:
    line.texts("hello")
    in_database(lambda db: bridge.take_next(db, a_nurse(db), Rules(), now=utcnow()))
    assert line.texts("call me").said == ""
    assert entry(in_database).reasons == [ASKED]
    [promise] = owed(in_database)

    def ring(db: Any) -> str:
        return text_calls.ask(db, contacts.get(db, promise.contact_id), a_nurse(db), now=utcnow()).purpose

    assert in_database(ring) == text_calls.REACH


def test_the_same_text_again_promises_nothing_more_and_says_the_same(line: TheLine, in_database: Ask) -> None:
    first = line.texts("call me", sid="SM" + "5" * 32)
    assert line.texts("call me", sid="SM" + "5" * 32).document == first.document
    assert len(owed(in_database)) == 1


def test_who_rings_them_from_the_list_takes_the_text_that_waits_along(line: TheLine, in_database: Ask) -> None:
    line.texts("call me")
    [promise] = owed(in_database)

    def begin(db: Any) -> str:
        return ringing_back.begin(db, db.get_one(Promise, promise.id), a_nurse(db), Rules(), now=utcnow()).contact_id

    call = in_database(begin)
    texting = in_database(lambda db: contacts.entry_of(db, promise.contact_id))
    assert (texting.state, texting.ended_how, texting.contact.went_on_as) == ("finished", "went_on_as_call", call)


def test_nobody_rings_from_the_list_whom_a_colleague_texts_with(line: TheLine, in_database: Ask) -> None:
    line.texts("call me")
    in_database(lambda db: bridge.take_next(db, a_nurse(db), Rules(), now=utcnow()))
    [promise] = owed(in_database)

    def begin(db: Any) -> None:
        from triage import accounts

        colleague = accounts.by_email(db, "bola@example.org")
        ringing_back.begin(db, db.get_one(Promise, promise.id), colleague, Rules(), now=utcnow())

    with pytest.raises(NotNow, match="is texting with them"):
        in_database(begin)


def test_asked_by_text_while_their_call_waits_the_nurse_sees_it(line: TheLine, in_database: Ask) -> None:
    line.rings().stays_silent().holds()
    line.texts("please ring me")
    assert entry(in_database).reasons == [ASKED]

"""Texts of somebody who rings, as they come in: kept with the call, answered as anybody's, silent on the telephone."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.telephony.conftest import TheLine
from tests.telephony.test_voice import take
from triage import contacts, queue
from triage.models import Contact, Message, QueueEntry

Ask = Callable[[Callable[..., Any]], Any]
SID = "SM" + "5" * 32


def said_to_them(ask: Ask) -> list[str]:
    """What the line left to be texted to them."""
    out = select(Message).where(Message.direction == "out").order_by(Message.made_at, Message.id)
    return [message.body for message in ask(lambda db: db.scalars(out).all())]


def waits(ask: Ask) -> list[QueueEntry]:
    return ask(lambda db: list(queue.waiting(db)))


def test_a_text_while_the_call_waits_is_kept_with_it_and_answered_as_any_first_text(
    line: TheLine, in_database: Ask
) -> None:
    call = line.rings().says("harbour").holds()
    assert line.texts("I cannot talk, he is here").said == "", "the answer is texted apart, once"
    [entry] = waits(in_database)
    assert entry.contact.channel == "call"
    texted = in_database(lambda db: contacts.messages(db, entry.contact_id))
    assert texted[0].body == "I cannot talk, he is here"
    [answer] = said_to_them(in_database)
    assert answer.startswith("This is Solent Crisis Line.")
    assert "A mental-health nurse will answer you here" in answer
    line.texts("please hurry")
    assert len(said_to_them(in_database)) == 1
    call.presses_while_waiting("3").hears("calling for someone else")


def test_danger_by_text_raises_the_call_that_waits_and_the_call_says_nothing_of_it(
    line: TheLine, in_database: Ask
) -> None:
    call = line.rings().stays_silent().holds()
    line.texts("I have taken an overdose")
    [entry] = waits(in_database)
    assert (entry.band, queue.SAID_DANGER in entry.reasons) == (queue.DANGER, True)
    assert "ring 999" in said_to_them(in_database)[0]
    call.presses_while_waiting("3").hears("calling for someone else")


def test_the_same_text_twice_is_one_and_a_voice_document_is_never_texted(line: TheLine, in_database: Ask) -> None:
    line.rings().says("harbour").holds()
    first = line.texts("hello", sid=SID)
    assert line.texts("hello", sid=SID).document == first.document
    assert "<Say" not in first.document
    assert in_database(lambda db: db.scalar(select(func.count()).where(Message.direction == "in"))) == 1
    assert len(said_to_them(in_database)) == 1


def test_a_repeated_turn_of_the_call_is_answered_as_before_their_text(line: TheLine) -> None:
    call = line.rings()
    address = call.last.attribute("action")
    heard = call.says("harbour").last.document
    call.holds()
    line.texts("hello")
    assert line.post(address, CallSid=call.sid, SpeechResult="harbour", **call.form).document == heard


def test_a_text_while_a_nurse_has_the_call_is_on_her_desk(line: TheLine, in_database: Ask) -> None:
    call = line.rings().says("harbour").holds()
    leg, contact_id = take(in_database)
    whisper = line.post(f"/voice/legs/{leg}/answer", CallSid="CA" + "9" * 32)
    line.post(whisper.attribute("action"), CallSid="CA" + "9" * 32, Digits="1")
    call._next(f"/voice/contacts/{contact_id}/join")
    line.texts("I cannot say this aloud")
    assert [one.contact_id for one in in_database(lambda db: db.scalars(select(Message)).all())] == [contact_id] * 2
    assert in_database(lambda db: db.scalar(select(func.count()).select_from(Contact))) == 1


@pytest.mark.parametrize("word", ["STOP", "quit."])
def test_a_lone_opt_out_word_during_the_call_is_shown_and_not_answered(
    line: TheLine, in_database: Ask, word: str
) -> None:
    line.rings().says("harbour").holds()
    line.texts(word)
    [entry] = waits(in_database)
    assert any("distress" in reason for reason in entry.reasons)
    assert entry.contact.opted_out
    assert said_to_them(in_database) == []


def test_who_texts_and_then_rings_hears_what_anybody_hears(line: TheLine, in_database: Ask) -> None:
    line.texts("I have taken an overdose")
    known = line.rings().stays_silent()
    assert known.last.said == line.rings(sid="CA" + "2" * 32, From="+447700900124").stays_silent().last.said
    waited = known.holds().last.said.lower()
    assert "if you can, ring 999 now" not in waited, "what was texted is not told to whoever holds the telephone"
    assert waits(in_database)[0].band == queue.DANGER


def test_a_text_that_comes_after_the_call_was_given_up_is_of_the_conversation_that_waits(
    line: TheLine, in_database: Ask
) -> None:
    line.texts("hello")
    line.rings().stays_silent().holds().hangs_up()
    assert line.texts("are you there").said == "", "they were greeted already"
    [entry] = waits(in_database)
    assert entry.contact.channel == "text"
    assert [m.body for m in in_database(lambda db: contacts.messages(db, entry.contact_id)) if m.direction == "in"] == [
        "hello", "are you there",
    ]  # fmt: skip


def test_a_withheld_number_that_rings_and_texts_is_two_people(line: TheLine, in_database: Ask) -> None:
    line.rings(From="anonymous").stays_silent().holds()
    line.texts("hello", From="anonymous")
    assert len(waits(in_database)) == 2


def test_the_language_asked_for_while_they_ring_is_theirs(line: TheLine, in_database: Ask) -> None:
    line.rings().says("harbour").holds()
    line.texts("hello")
    line.texts("Cymraeg")
    [entry] = waits(in_database)
    assert entry.contact.language == "cy"
    assert "yn Gymraeg o hyn ymlaen" in said_to_them(in_database)[-1]

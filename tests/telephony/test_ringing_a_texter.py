"""A nurse rings whoever she texts with: she first, then they, and nothing of the service before they say who they are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.telephony.conftest import Exchange, TheLine
from tests.telephony.test_voice import a_nurse
from triage import bridge, caps, contacts, promises, text_calls
from triage.db import utcnow
from triage.models import Contact, History, Leg, Outbox, Promise, QueueEntry
from triage.rules import Rules

PERSON = "+447700900123"
NURSE_CALL, PERSONS_CALL = "CA" + "9" * 32, "CA" + "d" * 32
Ask = Callable[[Callable[..., Any]], Any]


@dataclass
class Talk:
    """A text conversation in a nurse's hands."""

    line: TheLine
    ask: Ask
    contact_id: str

    def rings(self) -> str:
        """She presses "Ring them now"; the leg's id."""
        return self.ask(lambda db: text_calls.ask(db, contacts.get(db, self.contact_id), a_nurse(db), now=utcnow()).id)

    def answers(self, leg: str) -> Exchange:
        return self.line.post(f"/voice/legs/{leg}/answer", CallSid=NURSE_CALL)

    def presses(self, heard: Exchange, **form: str) -> Exchange:
        return self.line.post(heard.attribute("action"), CallSid=NURSE_CALL, **form)

    def person(self, url: str, **form: str) -> Exchange:
        return self.line.post(url, CallSid=PERSONS_CALL, ParentCallSid=NURSE_CALL, **form)

    def over(self, dials: Exchange, status: str) -> Exchange:
        return self.line.post(dials.attribute("action"), CallSid=NURSE_CALL, DialCallStatus=status)

    def hangs_up(self, leg: str, status: str = "completed") -> None:
        self.line.post(f"/voice/legs/{leg}/status", CallSid=NURSE_CALL, CallStatus=status)

    def is_owed(self) -> str:
        def owe(db: Any) -> str:
            return promises.owe_call_back(db, contacts.get(db, self.contact_id), "Asked to be rung", now=utcnow()).id

        return self.ask(owe)

    def promise(self, promise_id: str) -> Promise:
        def read(db: Any) -> Promise:
            row = db.get_one(Promise, promise_id)
            assert row.attempts is not None
            return row

        return self.ask(read)

    def how_it_went(self) -> list[str]:
        asked = select(History.detail).where(History.what == text_calls.RANG_THEM).order_by(History.id)
        return [detail["outcome"] for detail in self.ask(lambda db: db.scalars(asked).all())]

    def entry(self) -> QueueEntry:
        return self.ask(lambda db: contacts.entry_of(db, self.contact_id))


@pytest.fixture
def talk(line: TheLine, in_database: Ask) -> Talk:
    line.texts("hello", From=PERSON)
    entry = in_database(lambda db: bridge.take_next(db, a_nurse(db), Rules(), now=utcnow()))
    return Talk(line, in_database, entry.contact_id)


def test_she_is_rung_then_they_and_a_key_joins_them(talk: Talk) -> None:
    owed = talk.is_owed()
    leg = talk.rings()
    ready = talk.answers(leg)
    assert "Press 1" in ready.said
    dials = talk.presses(ready, Digits="1")
    assert (dials.text_of("Number"), dials.attribute("callerId")) == (PERSON, "+441632960100")
    assert PERSON not in dials.said
    asked = talk.person(dials.attribute("url"))
    assert asked.said.startswith("Hello. If you asked for a call, press 1.")
    assert "Solent" not in asked.said, "a stranger or an answerphone learns nothing of the service"
    joined = talk.person(asked.attribute("action"), Digits="1")
    assert (joined.said, joined.has("Hangup")) == ("A nurse is here.", False)
    assert talk.person(asked.attribute("action"), Digits="1").document == joined.document
    assert talk.promise(owed).settled_how == "Reached: with a nurse"
    assert "still on your desk" in talk.over(dials, "completed").said
    talk.hangs_up(leg)
    assert talk.how_it_went() == ["spoke"]
    assert talk.entry().state == "connected", "the text conversation stays in her hands"


@pytest.mark.parametrize(
    ("status", "outcome", "words", "result", "rang"),
    [
        ("no-answer", "no_answer", "did not answer", "Rang, no answer", True),
        ("busy", "busy", "engaged", "Rang, engaged", True),
        ("failed", "failed", "could not be rung", "Could not be rung", False),
    ],
)
def test_not_reached_is_said_and_kept_on_the_call_that_is_owed(
    talk: Talk, status: str, outcome: str, words: str, result: str, rang: bool
) -> None:
    owed = talk.is_owed()
    leg = talk.rings()
    dials = talk.presses(talk.answers(leg), Digits="1")
    over = talk.over(dials, status)
    assert words in over.said
    assert talk.over(dials, status).document == over.document, "a report that comes twice is one attempt"
    talk.hangs_up(leg)
    assert talk.how_it_went() == [outcome]
    assert [(one.result, one.rang) for one in talk.promise(owed).attempts] == [(result, rang)]
    assert talk.entry().state == "connected"


@pytest.mark.parametrize("digits", [{}, {"Digits": "2"}])
def test_a_voicemail_or_somebody_else_is_not_put_through(talk: Talk, digits: dict[str, str]) -> None:
    owed = talk.is_owed()
    dials = talk.presses(talk.answers(talk.rings()), Digits="1")
    asked = talk.person(dials.attribute("url"))
    no = talk.person(asked.attribute("action"), **digits)
    assert (no.has("Hangup"), "Solent" in no.said) == (True, False)
    assert "you were not put through" in talk.over(dials, "completed").said
    assert talk.how_it_went() == ["no_key"]
    assert "voicemail" in talk.promise(owed).attempts[0].result


def test_her_own_telephone_not_answered_rings_nobody_and_is_no_attempt(talk: Talk) -> None:
    owed = talk.is_owed()
    talk.hangs_up(talk.rings(), "no-answer")
    assert talk.how_it_went() == ["nurse_not_reached"]
    assert talk.promise(owed).attempts == []


def test_her_answerphone_presses_no_key(talk: Talk) -> None:
    silence = talk.presses(talk.answers(talk.rings()))
    assert (silence.has("Hangup"), silence.has("Dial")) == (True, False)


def test_she_rings_off_first_and_whoever_picks_up_then_is_let_go(talk: Talk) -> None:
    leg = talk.rings()
    dials = talk.presses(talk.answers(leg), Digits="1")
    asked = talk.person(dials.attribute("url"))
    talk.hangs_up(leg)
    assert talk.person(asked.attribute("action"), Digits="1").has("Hangup")
    assert talk.how_it_went() == ["gave_up"]


def test_a_repeated_press_rings_once_until_it_is_over(talk: Talk) -> None:
    leg = talk.rings()
    assert talk.rings() == leg
    assert talk.ask(lambda db: db.scalar(select(func.count()).where(Outbox.job == "place_call"))) == 1
    talk.hangs_up(leg, "busy")
    assert talk.rings() != leg


def test_a_call_that_was_never_placed_does_not_keep_her_from_ringing(talk: Talk) -> None:
    leg = talk.rings()
    talk.ask(lambda db: setattr(db.get_one(Leg, leg), "made_at", utcnow() - timedelta(minutes=3)))
    assert talk.rings() != leg


def test_a_conversation_given_up_meanwhile_rings_nobody(talk: Talk) -> None:
    ready = talk.answers(talk.rings())
    talk.ask(lambda db: bridge.give_back(db, contacts.get(db, talk.contact_id), a_nurse(db), now=utcnow()))
    assert not talk.presses(ready, Digits="1").has("Dial")


def test_a_stranger_with_a_copy_of_the_address_gets_nothing(talk: Talk) -> None:
    ready = talk.answers(talk.rings())
    stranger = talk.line.post(ready.attribute("action"), CallSid="CA" + "e" * 32, Digits="1")
    assert (stranger.has("Dial"), stranger.has("Hangup")) == (False, True)
    dials = talk.presses(ready, Digits="1")
    for call in ({"CallSid": PERSONS_CALL}, {"CallSid": PERSONS_CALL, "ParentCallSid": "CA" + "e" * 32}):
        assert talk.line.post(dials.attribute("url"), **call).has("Hangup")


@pytest.mark.parametrize("number", [None, "+353851234567"])
def test_a_number_that_is_not_rung_is_said_so(talk: Talk, number: str | None) -> None:
    talk.ask(lambda db: setattr(contacts.get(db, talk.contact_id), "number", number))
    with pytest.raises(text_calls.CannotRing):
        talk.rings()


def test_ten_times_an_hour_is_enough(talk: Talk) -> None:
    for _ in range(caps.TO_ONE["call"]):
        leg = talk.rings()
        talk.over(talk.presses(talk.answers(leg), Digits="1"), "busy")
        talk.hangs_up(leg)
    with pytest.raises(text_calls.CannotRing, match="too often"):
        talk.rings()


def test_who_sent_an_opt_out_word_may_still_be_rung(talk: Talk) -> None:
    talk.line.texts("STOP", From=PERSON)
    assert talk.presses(talk.answers(talk.rings()), Digits="1").text_of("Number") == PERSON


def test_who_rings_at_that_moment_is_not_rung(talk: Talk) -> None:
    talk.line.rings(From=PERSON).stays_silent()
    with pytest.raises(text_calls.CannotRing, match="take their call"):
        talk.rings()


def test_a_nurse_at_her_browser_is_put_through_at_once(talk: Talk) -> None:
    leg = talk.rings()
    talk.ask(lambda db: setattr(db.get_one(Leg, leg), "to", f"client:{a_nurse(db).id}"))
    assert talk.answers(leg).text_of("Number") == PERSON
    assert talk.answers(leg).text_of("Number") == PERSON, "the same webhook again is the same call"
    counted = select(func.count()).where(History.what == caps.RANG_BACK)
    assert talk.ask(lambda db: db.scalar(counted)) == 1


# --- a call goes on by text -------------------------------------------------------------------------------------------


def test_a_call_goes_on_by_text_and_its_end_ends_nothing(line: TheLine, in_database: Ask) -> None:
    from tests.telephony.test_voice import take

    call = line.rings().says("harbour").holds()
    leg, contact_id = take(in_database)
    whisper = line.post(f"/voice/legs/{leg}/answer", CallSid=NURSE_CALL)
    line.post(whisper.attribute("action"), CallSid=NURSE_CALL, Digits="1")
    call._next(f"/voice/contacts/{contact_id}/join")

    def go_on(db: Any) -> None:
        contacts.get(db, contact_id).text_consent = True
        bridge.go_on_by_text(db, contacts.get(db, contact_id), a_nurse(db), now=utcnow())

    in_database(go_on)
    call._next(f"/voice/contacts/{contact_id}/goodbye").hears("Thank you for calling")
    call._next(f"/voice/contacts/{contact_id}/left-room").hears("Thank you for calling")
    call._next(f"/voice/contacts/{contact_id}/back").hears("Thank you for calling")
    line.post(f"/voice/legs/{leg}/status", CallSid=NURSE_CALL, CallStatus="completed")
    call.hangs_up()
    entry = in_database(lambda db: contacts.entry_of(db, contact_id))
    assert (entry.state, entry.nurse_id) == ("connected", in_database(a_nurse).id)
    assert line.texts("thank you, I can write now").said == ""
    [contact] = in_database(lambda db: db.scalars(select(Contact)).all())
    assert (contact.channel, contact.ended_at) == ("text", None)
    bodies = [message.body for message in in_database(lambda db: contacts.messages(db, contact_id))]
    assert bodies == ["Hello. We go on here by text, as we agreed. Write when you can. In danger now, ring 999.",
                      "thank you, I can write now"]  # fmt: skip

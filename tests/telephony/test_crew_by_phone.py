"""Crews by telephone: rung about an offer, on the crew line, and put through to a person whose number they never get."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from tests.telephony.conftest import BASE, Exchange, TheLine
from tests.telephony.test_texting import job  # noqa: F401 - a fixture
from triage import crew_calls, dispatch
from triage.db import utcnow
from triage.models import Dispatch, History, Incident, Leg, Message, Outbox, Promise, Unit

CREW_LINE = "+441632960120"
CREW_CALL = "CA" + "c" * 32
PERSONS_CALL = "CA" + "d" * 32
PERSON = "+447700900150"
ADDRESS = "12 Invented Quay"
Ask = Callable[[Callable[..., Any]], Any]


@dataclass
class Crew:
    """IW01's crew, with a job offered to it, and its telephone."""

    line: TheLine
    ask: Ask
    phone: str
    dispatch_id: str
    tag: str

    def row(self) -> Dispatch:
        return self.ask(lambda db: db.get_one(Dispatch, self.dispatch_id))

    def state(self) -> str:
        return self.row().state

    def texts(self) -> list[str]:
        """What was texted to the car about its job, oldest first."""
        sent = select(Message).where(Message.dispatch_id == self.dispatch_id, Message.direction == "out")
        return self.ask(lambda db: [row.body for row in db.scalars(sent.order_by(Message.made_at, Message.id))])

    def says(self, digit: str) -> str:
        return self.line.texts(f"{self.tag} {digit}", From=self.phone).said

    def changes(self, **values: Any) -> None:
        def change(db: Any) -> None:
            incident = db.get_one(Incident, db.get_one(Dispatch, self.dispatch_id).incident_id)
            for name, value in values.items():
                setattr(incident, name, value)

        self.ask(change)

    def is_rung(self) -> str:
        """The clock has rung them about the offer; the leg's id."""
        self.ask(lambda db: crew_calls.ring_crew(db, dispatch.get(db, self.dispatch_id), now=utcnow()))
        return self.leg(crew_calls.OFFER)

    def leg(self, purpose: str) -> str:
        return self.ask(lambda db: db.scalars(select(Leg.id).where(Leg.purpose == purpose)).one())

    def picks_up(self, leg: str) -> Exchange:
        return self.line.post(f"/voice/legs/{leg}/answer", CallSid=CREW_CALL)

    def presses(self, heard: Exchange, digits: str) -> Exchange:
        return self.line.post(heard.attribute("action"), CallSid=CREW_CALL, Digits=digits)

    def rings(self) -> Any:
        return self.line.rings(From=self.phone, To=CREW_LINE, sid=CREW_CALL)

    def how_it_went(self) -> list[str]:
        asked = select(History.detail).where(History.what == crew_calls.RANG_PERSON).order_by(History.id)
        return [detail["outcome"] for detail in self.ask(lambda db: db.scalars(asked).all())]


@pytest.fixture
def crew(line: TheLine, in_database: Ask, job: tuple[str, str, str]) -> Crew:  # noqa: F811
    return Crew(line, in_database, *job)


# --- rung about an offer ----------------------------------------------------------------------------------------------


def test_a_crew_rung_with_an_offer_hears_what_the_text_says_and_accepts_with_1(crew: Crew) -> None:
    heard = crew.picks_up(crew.is_rung())
    for words in ("This is Solent Crisis Line", f"job {' '.join(crew.tag)} near P O 3 0.", "Press 1 to accept, 2 if"):
        assert words in heard.said
    assert ADDRESS not in heard.said
    assert crew.state() == "offered", "picking up accepts nothing"
    again = crew.presses(heard, "0")
    assert again.said == heard.said
    told = crew.presses(again, "1")
    assert (crew.state(), f"{ADDRESS} P O 3 0, 9 Z Z" in told.said) == ("acknowledged", True)
    assert ADDRESS in crew.presses(told, "0").said, "said again as often as they like"
    assert "Press 3 when moving" in told.said
    assert "moving" in crew.presses(told, "3").said
    assert crew.state() == "en_route"
    texts = crew.ask(lambda db: db.scalars(select(Message).where(Message.dispatch_id == crew.dispatch_id)).all())
    assert any(ADDRESS in text.body for text in texts), "what was heard stands in a text too"


def test_an_answerphone_or_a_pocket_accepts_nothing(crew: Crew) -> None:
    leg = crew.is_rung()
    heard = crew.picks_up(leg)
    silence = crew.line.post(heard.attribute("action"), CallSid=CREW_CALL)
    assert "nothing is noted" in silence.said
    assert silence.has("Hangup")
    due = crew.row().due_at
    crew.line.post(f"/voice/legs/{leg}/status", CallSid=CREW_CALL, CallStatus="completed")
    assert (crew.state(), crew.row().due_at) == ("offered", due), "the offer's deadline runs on"
    assert crew.how_it_went() == []
    assert crew.ask(lambda db: db.get_one(Unit, "IW01").phone_heard_at) is None


@pytest.mark.parametrize("ends", ["busy", "no-answer", "failed"])
def test_a_crew_that_cannot_be_rung_still_has_its_offer(crew: Crew, ends: str) -> None:
    leg, due = crew.is_rung(), crew.row().due_at
    crew.line.post(f"/voice/legs/{leg}/status", CallSid=CREW_CALL, CallStatus=ends)
    assert (crew.state(), crew.row().due_at) == ("offered", due)
    assert "1 to accept" in crew.rings().last.said


def test_2_is_noted_the_next_is_asked_and_the_call_ends(crew: Crew) -> None:
    told = crew.presses(crew.picks_up(crew.is_rung()), "2")
    assert (crew.state(), "not taken, thank you" in told.said, told.has("Hangup")) == ("declined", True, True)


def test_9_rings_a_person_before_and_after_accepting(crew: Crew) -> None:
    heard = crew.picks_up(crew.is_rung())
    assert "HELP NOTED" in crew.presses(heard, "9").said
    owed = select(Promise.what_sealed).where(Promise.kind == "welfare_check")
    assert len(crew.ask(lambda db: db.scalars(owed).all())) == 1
    assert crew.state() == "offered"
    crew.presses(heard, "1")
    crew.presses(heard, "9")
    assert crew.state() == "emergency"


@pytest.mark.parametrize("key", ["1", "0"])
def test_a_key_for_an_offer_gone_elsewhere_is_refused_aloud(crew: Crew, key: str) -> None:
    heard = crew.picks_up(crew.is_rung())
    crew.ask(lambda db: dispatch.no_reply(db, dispatch.get(db, crew.dispatch_id), now=utcnow()))
    refused = crew.presses(heard, key)
    assert "Do not go on it" in refused.said
    assert refused.has("Hangup")
    assert (crew.state(), ADDRESS in refused.said) == ("no_reply", False)


def test_whoever_picks_up_after_the_offer_is_gone_is_told_so(crew: Crew) -> None:
    leg = crew.is_rung()
    crew.ask(lambda db: dispatch.no_reply(db, dispatch.get(db, crew.dispatch_id), now=utcnow()))
    assert "Do not go on it" in crew.picks_up(leg).said


def test_the_same_key_twice_is_one_acceptance_and_another_call_with_the_address_gets_nothing(crew: Crew) -> None:
    heard = crew.picks_up(crew.is_rung())
    assert crew.presses(heard, "1").document == crew.presses(heard, "1").document
    stranger = crew.line.post(heard.attribute("action"), CallSid="CA" + "e" * 32, Digits="0")
    assert (ADDRESS in stranger.said, stranger.has("Hangup")) == (False, True)


def test_a_key_proves_the_cars_telephone(crew: Crew) -> None:
    crew.presses(crew.picks_up(crew.is_rung()), "0")
    assert crew.ask(lambda db: db.get_one(Unit, "IW01").phone_heard_at) is not None


# --- the crew line ----------------------------------------------------------------------------------------------------


def test_whoever_rings_with_the_cars_number_hears_the_job_and_the_address_goes_to_its_own_phone(crew: Crew) -> None:
    call = crew.rings().hears(f"job {' '.join(crew.tag)} near P O 3 0").hears("key your answer")
    call.presses("0").hears("1 to accept")
    assert ADDRESS not in call.last.said
    call.presses(f"{crew.tag}1").hears("accepted").hears("as a text")
    assert ADDRESS not in call.last.said
    assert crew.texts()[-1].count(ADDRESS) == 1
    told = len(crew.texts())
    call.presses("0").hears("accepted").hears("as a text")
    assert ADDRESS not in call.last.said
    assert len(crew.texts()) == told, "it came a moment ago"
    crew.rings().hears("accepted").hears("star to speak with the person")


def test_9_on_the_crew_line_is_help(crew: Crew) -> None:
    crew.says("1")
    crew.rings().presses("9").hears("HELP NOTED")
    assert crew.state() == "emergency"


def test_a_telephone_that_is_no_cars_hears_what_it_always_did(crew: Crew) -> None:
    call = crew.line.rings(From="+447700900777", To=CREW_LINE, sid=CREW_CALL)
    assert call.last.said.startswith("Crew line. Key your answer.")
    assert "not one of our nurses" in call.presses("0").last.said


def test_a_cars_telephone_without_a_job_is_told_so(crew: Crew) -> None:
    crew.says("2")
    call = crew.rings()
    assert call.last.said.startswith("Crew line. Key your answer.")
    call.presses("*")
    assert crew.ask(lambda db: db.scalars(select(Leg).where(Leg.purpose == crew_calls.REACH)).all()) == []


# --- the person -------------------------------------------------------------------------------------------------------


def reaches(crew: Crew) -> tuple[str, Exchange]:
    """The crew asked for the person on the crew line, was rung back, and pressed 1: the leg, and what it then hears."""
    crew.rings().presses("*").hears("hang up")
    leg = crew.leg(crew_calls.REACH)
    ready = crew.picks_up(leg)
    assert "put through to the person" in ready.said
    assert crew.how_it_went() == []
    return leg, crew.presses(ready, "1")


def person(crew: Crew, url: str, **form: str) -> Exchange:
    return crew.line.post(url, CallSid=PERSONS_CALL, ParentCallSid=CREW_CALL, **form)


def test_a_crew_is_put_through_from_our_number_once_the_person_pressed_a_key(crew: Crew) -> None:
    crew.says("1")
    leg, dials = reaches(crew)
    assert dials.text_of("Number") == PERSON
    assert dials.attribute("callerId") == "+441632960100", "the line's number, never the crew's"
    assert crew.phone not in dials.document
    assert PERSON not in dials.said
    asked = person(crew, dials.attribute("url"))
    assert "Solent" not in asked.said, "a stranger or an answerphone learns nothing of the service"
    joined = person(crew, asked.attribute("action"), Digits="1")
    assert joined.said == "This is the response car from Solent Crisis Line. You can speak now."
    assert not joined.has("Hangup")
    assert person(crew, asked.attribute("action"), Digits="1").document == joined.document, "a repeat is the same"
    over = crew.line.post(dials.attribute("action"), CallSid=CREW_CALL, DialCallStatus="completed")
    assert "The call is over" in over.said
    assert "moving" in crew.presses(over, "3").said
    crew.line.post(f"/voice/legs/{leg}/status", CallSid=CREW_CALL, CallStatus="completed")
    assert crew.how_it_went() == ["spoke"]


@pytest.mark.parametrize("digits", [{}, {"Digits": "2"}])
def test_a_voicemail_or_somebody_else_is_not_put_through(crew: Crew, digits: dict[str, str]) -> None:
    crew.says("1")
    _, dials = reaches(crew)
    asked = person(crew, dials.attribute("url"))
    no = person(crew, asked.attribute("action"), **digits)
    assert no.has("Hangup")
    assert "Solent" not in no.said
    over = crew.line.post(dials.attribute("action"), CallSid=CREW_CALL, DialCallStatus="completed")
    assert "you were not put through" in over.said
    assert crew.how_it_went() == ["no_key"]


@pytest.mark.parametrize(
    ("status", "outcome", "words"),
    [
        ("busy", "busy", "engaged"),
        ("no-answer", "no_answer", "did not answer"),
        ("failed", "failed", "could not be rung"),
        ("something new", "failed", "could not be rung"),
    ],
)
def test_a_person_not_reached_is_said_and_may_be_tried_again(crew: Crew, status: str, outcome: str, words: str) -> None:
    crew.says("1")
    _, dials = reaches(crew)
    over = crew.line.post(dials.attribute("action"), CallSid=CREW_CALL, DialCallStatus=status)
    assert words in over.said
    assert crew.how_it_went() == [outcome]
    assert crew.presses(over, "*").text_of("Number") == PERSON


def test_a_crew_that_rings_off_first_leaves_its_attempt_on_record(crew: Crew) -> None:
    crew.says("1")
    leg, dials = reaches(crew)
    asked = person(crew, dials.attribute("url"))
    crew.line.post(f"/voice/legs/{leg}/status", CallSid=CREW_CALL, CallStatus="completed")
    assert crew.how_it_went() == ["gave_up"]
    assert person(crew, asked.attribute("action"), Digits="1").has("Hangup"), "nobody is there any more"
    assert crew.how_it_went() == ["gave_up"]


def test_a_cars_telephone_that_is_not_answered_rings_nobody(crew: Crew) -> None:
    crew.says("1")
    crew.rings().presses("*")
    leg = crew.leg(crew_calls.REACH)
    crew.line.post(f"/voice/legs/{leg}/status", CallSid=CREW_CALL, CallStatus="no-answer")
    assert crew.how_it_went() == ["crew_not_reached"]


def test_only_while_the_job_is_theirs(crew: Crew) -> None:
    crew.rings().presses("*").hears("no job that you have accepted")
    crew.says("1")
    crew.rings().presses("*").hears("hang up")
    heard = crew.picks_up(crew.leg(crew_calls.REACH))
    dials = crew.presses(heard, "1")
    asked = person(crew, dials.attribute("url"))
    for digit in "358":
        crew.says(digit)
    assert person(crew, asked.attribute("action"), Digits="1").has("Hangup")
    gone = crew.presses(heard, "*")
    assert (gone.has("Dial"), "not open for you" in gone.said) == (False, True)
    assert crew.rings().presses("*").last.has("Dial") is False


@pytest.mark.parametrize("call_back", [None, "knock twice", "999", "0808 157 0123"])
def test_without_a_number_that_we_may_ring_they_are_told_so(crew: Crew, call_back: str | None) -> None:
    crew.says("1")
    crew.changes(call_back=call_back)
    crew.rings().presses("*").hears("no number that we may ring")
    assert crew.ask(lambda db: db.scalars(select(Outbox).where(Outbox.job == "place_call")).all()) == []


def test_the_number_is_found_in_what_the_nurse_wrote_and_the_crew_gets_the_rest(crew: Crew) -> None:
    crew.changes(call_back="Mum on 01632 960145, after ten")
    told = crew.says("1")
    assert "960145" not in told
    assert "Call back Mum on" in told
    _, dials = reaches(crew)
    assert dials.text_of("Number") == "+441632960145"


def test_rung_again_and_again_is_left_to_the_control_room(crew: Crew) -> None:
    crew.says("1")
    _, dials = reaches(crew)
    for _ in range(crew_calls.MOST_AN_HOUR):
        over = crew.line.post(dials.attribute("action"), CallSid=CREW_CALL, DialCallStatus="busy")
        dials = crew.presses(over, "*")
    assert "ten times" in dials.said
    assert not dials.has("Dial")


def test_asked_twice_it_is_one_call_to_the_car(crew: Crew) -> None:
    crew.says("1")
    crew.rings().presses("*")
    crew.rings().presses("*")
    assert crew.leg(crew_calls.REACH)


def test_no_other_call_is_joined_with_a_copy_of_the_address(crew: Crew) -> None:
    crew.says("1")
    leg, dials = reaches(crew)
    asked = person(crew, dials.attribute("url"))
    stranger = crew.line.post(
        asked.attribute("action"), CallSid=PERSONS_CALL, ParentCallSid="CA" + "e" * 32, Digits="1"
    )
    assert stranger.has("Hangup")
    assert crew.how_it_went() == []
    assert asked.attribute("action") == f"{BASE}/voice/legs/{leg}/person/key"

"""What the desk shows of somebody who does not write back, and how a text conversation ends there."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.desk import night
from tests.desk.pages_lab import Lab, Person
from triage import contacts, outcomes, promises, rules, silence, text_calls, texts
from triage.after_models import FollowUp
from triage.models import Leg, Message, QueueEntry, new_id


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
    """A texter Ana has, whom she has texted a quarter of an hour ago."""
    ago = lab.now - timedelta(minutes=15)
    night.ready(lab.database, lab.staff("ana"), now=ago)
    person = night.waits(lab.database, now=ago, channel="text", line=night.ISLAND, number="+447700900123")
    assert night.take(lab.database, lab.staff("ana"), now=ago) == person.id
    with lab.database.transaction() as db:
        row = contacts.get(db, person.id)
        texts.received(db, row, "SM1", "hello", now=ago)
        texts.to_person(db, row, "Hello, this is Ana.", lab.staff("ana"), now=ago + timedelta(seconds=1))
    return person.id


def records(lab: Lab, contact_id: str, **said: str) -> None:
    with lab.database.transaction() as db:
        outcomes.record(
            db, contacts.get(db, contact_id), lab.staff("ana"), now=lab.now, urgency="D", disposition="community_team",
            **said,
        )  # fmt: skip


def falls_silent(lab: Lab, contact_id: str, *, danger: bool = False) -> None:
    with lab.database.transaction() as db:
        contacts.get(db, contact_id).danger = danger
        silence.step(db, contact_id, rules.current(db).rules, now=lab.now)


def state_of(lab: Lab, contact_id: str) -> str:
    with lab.database.reading() as db:
        return db.scalars(select(QueueEntry.state).where(QueueEntry.contact_id == contact_id)).one()


def sent(lab: Lab, contact_id: str) -> list[str]:
    with lab.database.reading() as db:
        rows = select(Message).where(Message.contact_id == contact_id, Message.staff_id.is_not(None))
        return [row.body for row in db.scalars(rows.order_by(Message.made_at))]


def test_the_desk_says_that_they_are_silent_and_that_it_is_hers_to_decide(lab: Lab, ana: Person, theirs: str) -> None:
    assert 'id="silence"' not in ana.get("/desk").text
    falls_silent(lab, theirs)
    page = ana.get("/desk").text
    assert "They have not written since" in page
    assert "nothing ends by itself" in page
    assert "Wait on" in page
    assert "Ring them" in page
    assert "inset-strong" not in page


def test_silence_after_danger_is_shown_strongly(lab: Lab, ana: Person, theirs: str) -> None:
    falls_silent(lab, theirs, danger=True)
    page = ana.get("/desk").text
    assert "They said there was danger, and have not written since" in page
    assert "inset-strong" in page
    assert "A second person is told" in page


@pytest.mark.parametrize("script", [True, False])
def test_waiting_on_is_one_press(lab: Lab, ana: Person, theirs: str, script: bool) -> None:
    falls_silent(lab, theirs)
    assert "You wait on" in ana.says(ana.post(f"/desk/contacts/{theirs}/silence", choice="wait", script=script))
    page = ana.get("/desk").text
    assert "You are asked again at" in page
    assert "Wait on" not in page


def test_ringing_them_is_owed_and_stands_on_her_page(lab: Lab, ana: Person, theirs: str) -> None:
    falls_silent(lab, theirs)
    assert "owed now" in ana.says(ana.post(f"/desk/contacts/{theirs}/silence", choice="ring"))
    with lab.database.reading() as db:
        [owed] = [one for one in promises.owed(db, lab.now) if one.contact_id == theirs]
    assert (owed.kind, owed.what) == ("call_back", silence.RING)
    assert silence.RING in ana.get("/desk").text


def test_whoever_is_on_the_telephone_is_not_said_to_be_silent(lab: Lab, ana: Person, theirs: str) -> None:
    falls_silent(lab, theirs)
    ana.post(f"/desk/contacts/{theirs}/silence", choice="ring")
    assert "A call to them is owed." in ana.get("/desk").text
    ana.post(f"/desk/contacts/{theirs}/ring")
    assert 'id="silence"' not in ana.get("/desk").text
    with lab.database.transaction() as db:
        leg = db.scalars(select(Leg)).one()
        leg.state = "answered"
        text_calls.person_rung(db, leg, now=lab.now)
        assert text_calls.person_came(db, leg, now=lab.now)
        leg.state, leg.ended_at = "ended", lab.now
    assert "A call to them is owed." not in ana.get("/desk").text, "they have spoken"


def test_who_has_written_meanwhile_is_not_decided_about(lab: Lab, ana: Person, theirs: str) -> None:
    falls_silent(lab, theirs)
    with lab.database.transaction() as db:
        texts.received(db, contacts.get(db, theirs), "SM2", "still here", now=lab.now)
    answer = ana.post(f"/desk/contacts/{theirs}/silence", choice="wait", script=True)
    assert answer.status_code == 409
    assert "They have written since" in ana.says(answer)


@pytest.mark.parametrize("script", [True, False])
def test_silence_after_danger_does_not_end_without_words_of_what_was_done(
    lab: Lab, ana: Person, theirs: str, script: bool
) -> None:
    falls_silent(lab, theirs, danger=True)
    answer = ana.post(f"/desk/contacts/{theirs}/finish", without="outcome", script=script)
    assert "record an outcome that says in words what was done" in ana.says(answer)
    answer = ana.post(f"/desk/contacts/{theirs}/outcomes", disposition="person_left", then="finish", script=script)
    assert answer.status_code == 422
    assert "record an outcome that says in words what was done" in answer.text
    assert state_of(lab, theirs) == "connected"
    done = ana.post(
        f"/desk/contacts/{theirs}/outcomes", disposition="police_999", then="finish", notes="Police look for them",
        script=script,
    )  # fmt: skip
    assert "Contact finished" in ana.says(done)
    assert state_of(lab, theirs) == "finished"


# --- the end ----------------------------------------------------------------------------------------------------------


def test_her_last_text_begins_with_the_next_steps_she_recorded(lab: Lab, ana: Person, theirs: str) -> None:
    assert ">You can text here again at any time." in ana.get("/desk").text
    records(lab, theirs, next_steps="Your team rings you on Tuesday")
    assert ">Your team rings you on Tuesday. You can text here again" in ana.get("/desk").text


@pytest.mark.parametrize("script", [True, False])
def test_send_and_finish_is_one_press_and_pressed_twice_is_one_text(
    lab: Lab, ana: Person, theirs: str, script: bool
) -> None:
    records(lab, theirs)
    path = f"/desk/contacts/{theirs}/finish"
    words = "Your team rings you on Tuesday. Take care, Ana"
    said = ana.says(ana.post(path, last_text=words, key=new_id(), script=script))
    assert "last text is on its way" in said
    assert state_of(lab, theirs) == "finished"
    again = ana.says(ana.post(path, last_text=words, key=new_id(), script=script))
    assert "Nothing more was sent" in again
    assert sent(lab, theirs) == ["Hello, this is Ana.", words]


def test_the_outcome_is_asked_for_before_the_last_text_and_the_text_is_kept(lab: Lab, ana: Person, theirs: str) -> None:
    answer = ana.post(f"/desk/contacts/{theirs}/finish", last_text="Take care", key=new_id(), script=True)
    assert answer.status_code == 422
    assert "No outcome is recorded yet" in answer.text
    assert ">Take care</textarea>" in answer.text
    assert (state_of(lab, theirs), len(sent(lab, theirs))) == ("connected", 1)


def test_a_last_text_that_could_name_somebody_is_looked_at_once_more(lab: Lab, ana: Person, theirs: str) -> None:
    records(lab, theirs)
    path, words = f"/desk/contacts/{theirs}/finish", "See you at PO30 1AA"
    answer = ana.post(path, last_text=words, key=new_id(), script=True)
    assert "It has a full postcode in it" in answer.text
    assert state_of(lab, theirs) == "connected"
    assert "on its way" in ana.says(ana.post(path, last_text=words, key=new_id(), looked="postcode", script=True))


def test_who_cannot_be_texted_is_finished_without_a_last_text_and_she_reads_why(
    lab: Lab, ana: Person, theirs: str
) -> None:
    records(lab, theirs)
    with lab.database.transaction() as db:
        contacts.get(db, theirs).opted_out = True
    page = ana.get("/desk").text
    assert "No last text can be sent: they sent an opt-out word" in page
    assert "Finish without a last text" in page
    answer = ana.post(f"/desk/contacts/{theirs}/finish", last_text="Take care", key=new_id(), script=True)
    assert answer.status_code == 422
    assert state_of(lab, theirs) == "connected", "neither, where one of the two cannot be"
    assert "Contact finished" in ana.says(ana.post(f"/desk/contacts/{theirs}/finish"))
    assert len(sent(lab, theirs)) == 1


def test_recording_an_outcome_puts_its_steps_into_a_last_text_nobody_has_changed(
    lab: Lab, ana: Person, theirs: str
) -> None:
    ready = "You can text here again at any time. In danger now, ring 999."
    path, steps = f"/desk/contacts/{theirs}/outcomes", "Your team rings you on Tuesday"
    answer = ana.post(path, disposition="known_team", next_steps=steps, last_text=ready, script=True)
    assert f">{steps}. {ready}" in answer.text
    answer = ana.post(path, disposition="known_team", next_steps="Other", last_text="My own words", script=True)
    assert "last_text" not in answer.text, "what she has typed stays on the page"
    answer = ana.post(f"/desk/contacts/{theirs}/finish", last_text="My own words", then="put_in", script=True)
    assert ">Other. You can text" in answer.text


# --- after ------------------------------------------------------------------------------------------------------------


def test_the_outcome_keeps_whether_they_may_be_asked_and_the_record_shows_what_they_said(
    lab: Lab, ana: Person, theirs: str
) -> None:
    path = f"/desk/contacts/{theirs}/outcomes"
    ana.post(path, disposition="known_team", ask_after="yes")
    ana.post(path, disposition="signposted")
    with lab.database.transaction() as db:
        assert contacts.get(db, theirs).ask_after is True, "left open, it stays as they said"
        db.add(
            FollowUp(contact_id=theirs, message_id=None, asked_at=lab.now, score=4, scored_at=lab.now,
                     words="the nurse was kind")
        )  # fmt: skip
    page = ana.get(f"/contacts/{theirs}").text
    assert "They answered 4, where 1 is not at all and 5 is very." in page
    assert "the nurse was kind" in page
    assert "Agreed to one question afterwards" in page
    answers = lab.as_("isla").get("/figures").text
    assert "from 1 (not at all) to 5 (very): fewer than 5." in answers

"""Texts from people and crews, and what becomes of ours."""

import pytest
from sqlalchemy import func, select

from tests.telephony.test_voice import a_nurse
from triage import accounts, bridge, contacts, dispatch, incidents, outcomes, queue, ringing, texts, units
from triage.db import utcnow
from triage.models import Contact, Dispatch, Message, QueueEntry
from triage.rules import Rules


def the_entry(in_database):
    return in_database(lambda db: db.scalar(select(QueueEntry)))


def test_the_first_text_is_answered_with_who_this_is_and_999_and_waits_in_the_same_queue(line, in_database):
    reply = line.texts("I need somebody to talk to")
    assert "Solent Crisis Line" in reply.said
    assert "999" in reply.said
    entry = the_entry(in_database)
    assert (entry.state, entry.contact.channel, entry.band) == ("waiting", "text", queue.NOT_ASKED)


def test_a_second_text_goes_on_with_the_same_conversation_without_another_greeting(line, in_database):
    line.texts("hello")
    assert line.texts("are you there").said == ""
    assert in_database(lambda db: db.scalar(select(func.count()).select_from(Contact))) == 1
    assert (
        in_database(lambda db: db.scalar(select(func.count()).select_from(Message).where(Message.direction == "in")))
        == 2
    )


def test_the_same_text_twice_is_kept_once_and_answered_the_same(line, in_database):
    first = line.texts("hello", sid="SM" + "5" * 32).document
    assert line.texts("hello", sid="SM" + "5" * 32).document == first
    assert (
        in_database(lambda db: db.scalar(select(func.count()).select_from(Message).where(Message.direction == "in")))
        == 1
    )


def test_a_text_that_comes_again_after_the_end_opens_nothing(line, in_database):
    line.texts("hello", sid="SM" + "5" * 32)
    again = line.texts("are you there", sid="SM" + "6" * 32).document
    in_database(lambda db: bridge.take_next(db, a_nurse(db), Rules(), now=utcnow()))
    entry = the_entry(in_database)
    in_database(lambda db: bridge.finish(db, contacts.get(db, entry.contact_id), a_nurse(db), now=utcnow()))
    assert line.texts("are you there", sid="SM" + "6" * 32).document == again
    assert in_database(lambda db: db.scalar(select(func.count()).select_from(Contact))) == 1


def test_a_character_no_database_can_keep_loses_no_text(line, in_database):
    assert "Solent Crisis Line" in line.texts("hel\0lo").said
    assert in_database(
        lambda db: [text.body for text in db.scalars(select(Message).where(Message.direction == "in"))]
    ) == ["hello"]


def test_a_keyword_in_a_text_places_the_texter(line, in_database):
    assert "Isle of Wight" in line.texts("Harbour!").said
    assert the_entry(in_database).lane == "iow"
    line.texts("actually LANTERN")
    assert the_entry(in_database).lane != queue.NO_LANE


def test_danger_in_a_text_goes_first_and_is_answered_with_999(line, in_database):
    line.texts("hi")
    assert "999" in line.texts("I've taken an overdose").said
    assert the_entry(in_database).band == queue.DANGER


@pytest.mark.parametrize("word", ["STOP", "end", "Quit."])
def test_a_lone_opt_out_word_is_shown_to_a_nurse_and_not_answered(line, in_database, word):
    line.texts("hi")
    assert line.texts(word).said == ""
    entry = the_entry(in_database)
    assert any("distress" in reason for reason in entry.reasons)
    assert entry.contact.opted_out

    def reply(db):
        return texts.to_person(db, contacts.get(db, entry.contact_id), "hello", a_nurse(db), now=utcnow())

    with pytest.raises(texts.CannotText, match="call"):
        in_database(reply)


def test_two_first_texts_at_once_make_one_conversation(line, in_database):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: line.texts(f"text {n}", sid=f"SM{n:032d}"), range(4)))
    assert in_database(lambda db: db.scalar(select(func.count()).select_from(Contact))) == 1
    assert (
        in_database(lambda db: db.scalar(select(func.count()).select_from(Message).where(Message.direction == "in")))
        == 4
    )


def test_after_a_nurse_finished_a_new_text_is_a_new_contact(line, in_database):
    line.texts("harbour")

    def take_and_finish(db):
        nurse = a_nurse(db)
        entry = bridge.take_next(db, nurse, Rules(), now=utcnow())
        assert entry.state == "connected"
        bridge.finish(db, entry.contact, nurse, now=utcnow())

    in_database(take_and_finish)
    assert "Solent Crisis Line" in line.texts("me again").said
    assert in_database(lambda db: db.scalar(select(func.count()).select_from(Contact))) == 2


@pytest.mark.parametrize(
    ("reports", "state"),
    [
        (["sent", "delivered"], "delivered"),
        (["delivered", "sent"], "delivered"),
        (["sent", "undelivered"], "failed"),
        (["failed", "delivered"], "failed"),
        (["queued", "sending"], "waiting"),
    ],
)
def test_the_carriers_reports_in_any_order_end_in_the_truth(line, in_database, reports, state):
    line.texts("harbour")

    def reply(db):
        nurse = a_nurse(db)
        entry = bridge.take_next(db, nurse, Rules(), now=utcnow())
        return texts.to_person(db, entry.contact, "I am here", nurse, now=utcnow()).id

    message_id = in_database(reply)
    for report in reports:
        done = line.post(
            f"/sms/status?message={message_id}", MessageSid="SM" + "9" * 32, MessageStatus=report, ErrorCode="30003"
        )
        assert done.response.status_code == 204
    assert in_database(lambda db: db.get(Message, message_id).state) == state


# --- crews ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def job(line, in_database):
    """An incident offered to IW01; (its phone, the dispatch id)."""
    line.texts("harbour", From="+447700900150")

    def ask(db):
        unit = units.get(db, "IW01")
        units.put(db, unit, "available", None, actor="test", now=utcnow())
        contact = db.scalar(select(Contact))
        nurse = a_nurse(db)
        outcomes.record(db, contact, nurse, now=utcnow(), urgency="B", disposition="response_car")
        incident = incidents.ask_for_car(
            db,
            contact,
            nurse,
            address="12 Invented Quay",
            postcode="PO30 9ZZ",
            concern="Alone on the quay",
            now=utcnow(),
        )
        return unit.phone, dispatch.open_of(db, incident).id, dispatch.open_of(db, incident).tag

    return in_database(ask)


def test_the_offer_holds_no_address_and_the_acceptance_does(line, in_database, job):
    phone, dispatch_id, tag = job
    offer = in_database(lambda db: db.scalar(select(Message).where(Message.dispatch_id == dispatch_id)))
    assert "Invented Quay" not in offer.body
    assert f"{tag} 1" in offer.body
    accepted = line.texts(f"{tag} 1", From=phone, To=offer.line)
    assert "12 Invented Quay" in accepted.said


def test_a_crew_reports_each_step_by_a_digit_and_each_is_confirmed(line, in_database, job):
    phone, dispatch_id, _ = job
    for digit, state in [
        ("1", "acknowledged"),
        ("3", "en_route"),
        ("4", "on_scene"),
        ("5", "with_person"),
        ("8", "clear"),
    ]:
        assert line.texts(digit, From=phone).said
        assert in_database(lambda db: db.get(Dispatch, dispatch_id).state) == state
    assert in_database(lambda db: units.get(db, "IW01").state) == "available"


def test_a_crews_text_is_no_contact_of_ours_and_a_strangers_digit_is(line, in_database, job):
    phone, dispatch_id, _ = job
    line.texts("what is this", From=phone)
    assert in_database(lambda db: db.scalar(select(func.count()).select_from(Contact))) == 1
    line.texts("1", From="+447700900888")
    assert in_database(lambda db: db.get(Dispatch, dispatch_id).state) == "offered"
    assert in_database(lambda db: db.scalar(select(func.count()).select_from(Contact))) == 2


def test_a_crew_accepting_too_late_is_told_not_to_go(line, in_database, job):
    phone, dispatch_id, tag = job
    in_database(lambda db: dispatch.no_reply(db, dispatch.get(db, dispatch_id), now=utcnow()))
    assert "do not go" in line.texts(f"{tag} 1", From=phone).said.lower()


def test_a_crew_may_ring_and_key_the_same_digits(line, in_database, job):
    phone, dispatch_id, _ = job
    call = line.rings(From=phone, To="+441632960120", sid="CA" + "c" * 32).hears("key your answer")
    call.presses("1").hears("accepted").hears("as a text")
    told = select(Message).where(Message.dispatch_id == dispatch_id).order_by(Message.made_at)
    assert "12 Invented Quay" in in_database(lambda db: [text.body for text in db.scalars(told)])[-1]
    assert in_database(lambda db: db.get(Dispatch, dispatch_id).state) == "acknowledged"


def test_somebody_on_duty_who_presses_1_has_the_decision(line, in_database, job):
    _, dispatch_id, _ = job
    in_database(lambda db: dispatch.no_reply(db, dispatch.get(db, dispatch_id), now=utcnow()))

    def ring(db):
        from triage.models import Promise

        owed = db.scalar(select(Promise).where(Promise.kind == "no_unit"))
        person = next(s for s in accounts.everybody(db) if "dispatcher" in s.roles)
        return ringing.place_to_person(db, person.phone, person.id, owed.id, now=utcnow()).id, owed.id, person.id

    leg, promise_id, person_id = in_database(ring)
    heard = line.post(f"/voice/legs/{leg}/answer", CallSid="CA" + "d" * 32)
    assert "somebody must decide" in heard.said
    assert "yours now" in line.post(f"/voice/legs/{leg}/key", CallSid="CA" + "d" * 32, Digits="1").said
    from triage.models import Promise

    assert in_database(lambda db: db.get(Promise, promise_id).owner_id) == person_id


@pytest.mark.parametrize("answer", ["yes", "Yes please", "1", "harbour"])
def test_a_yes_to_the_word_we_asked_about_places_the_texter(line, in_database, answer):
    assert "HARBOUR" in line.texts("harper").said
    assert "Isle of Wight" in line.texts(answer).said
    assert the_entry(in_database).lane == "iow"


def test_a_no_or_anything_else_places_nobody(line, in_database):
    line.texts("harper")
    line.texts("no, I only want to talk")
    line.texts("yes")
    assert the_entry(in_database).lane == queue.NO_LANE


def test_whoever_began_with_an_opt_out_word_is_told_who_this_is_once_we_may_answer(line):
    assert line.texts("Stop").said == ""
    assert "999" in line.texts("START").said


def test_a_word_texted_to_a_nurse_moves_nobody(line, in_database):
    line.texts("hello")
    in_database(lambda db: bridge.take_next(db, a_nurse(db), Rules(), now=utcnow()))
    assert line.texts("harbour").said == ""
    assert the_entry(in_database).lane == queue.NO_LANE

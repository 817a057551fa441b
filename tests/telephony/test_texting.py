"""Texts from people and crews, and what becomes of ours."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from callflows import danger
from tests.telephony.test_voice import a_nurse
from triage import (
    accounts,
    bridge,
    contacts,
    dispatch,
    incidents,
    opt_outs,
    outcomes,
    presence,
    queue,
    ringing,
    texts,
    units,
)
from triage.db import utcnow
from triage.models import Contact, Dispatch, History, Message, QueueEntry
from triage.models import Line as LineOfOurs
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


# --- roughly how long ---


def test_the_first_answer_says_that_no_nurse_is_free_while_none_is_on_shift(line):
    assert line.texts("hello").said.endswith("No nurse is free yet.")


def test_the_first_answer_says_how_many_are_before_them_and_how_long_it_took_lately(line, in_database):
    in_database(lambda db: presence.put(db, a_nurse(db), "ready", "browser", now=utcnow()))
    assert line.texts("hello", From="+447700900301").said.endswith("You are next. We cannot say how long it will be.")
    for number, minutes in (("+447700900310", 4), ("+447700900311", 5), ("+447700900312", 12)):
        waited(in_database, line, number, minutes)
    said = line.texts("hello", From="+447700900302").said
    assert said.endswith("One person is before you. Lately people waited about 5 minutes.")


def waited(in_database, line, number, minutes):
    """Somebody texted, and has been with a nurse after so many minutes."""
    line.texts("hello", From=number)

    def together(db):
        entry = db.scalars(select(QueueEntry).order_by(QueueEntry.arrived_at.desc())).first()
        entry.state, entry.ended_at, entry.connected_at = "finished", utcnow(), utcnow()
        entry.arrived_at = entry.connected_at - timedelta(minutes=minutes)

    in_database(together)


# --- the person's language ---


def history_of(in_database, what):
    lines = select(History).where(History.what == what).order_by(History.id)
    return in_database(lambda db: [line.detail for line in db.scalars(lines)])


def test_whoever_asks_for_welsh_is_answered_in_welsh_from_then_on(line, in_database):
    assert "Dyma Solent Crisis Line" in line.texts("Cymraeg").said
    assert in_database(lambda db: db.scalar(select(Contact.language))) == "cy"
    assert "ffoniwch 999" in line.texts("ive taken an overdose").said
    assert "Isle of Wight yn eich ateb yma" in line.texts("harbour").said
    assert "in English from now on" in line.texts("english please").said
    assert [line["language"] for line in history_of(in_database, "language")] == ["cy", "en"]


def test_a_word_in_the_middle_of_a_sentence_chooses_no_language(line, in_database):
    assert "This is Solent Crisis Line" in line.texts("my welsh nan died").said
    assert in_database(lambda db: db.scalar(select(Contact.language))) is None


def test_a_line_may_text_in_welsh_from_the_start(line, in_database):
    in_database(lambda db: setattr(db.get(LineOfOurs, "+441632960100"), "language", "cy"))
    assert "Dyma Solent Crisis Line" in line.texts("hello").said
    assert in_database(lambda db: db.scalar(select(Contact.language))) == "cy"


# --- which list, which wording ---


def test_the_history_says_which_wording_and_which_list_answered_and_raised(line, in_database):
    line.texts("hello")
    line.texts("ive taken an overdose", sid="SM" + "7" * 32)
    first, second = history_of(in_database, "line_answered")
    assert first["says"] == ["text_first", "text_stays", "text_wait_no_nurse"]
    assert second["says"] == ["text_danger"]
    assert (second["wording"], second["danger_list"]) == (1, danger.VERSION)
    (raised,) = history_of(in_database, "reason")
    assert raised["danger_list"] == danger.VERSION
    assert "overdose" not in repr((first, second, raised))


# --- several texts in one breath ---


def test_a_sentence_sent_in_pieces_is_read_as_one(line, in_database):
    line.texts("ive taken")
    assert the_entry(in_database).band == queue.NOT_ASKED
    assert "999" in line.texts("40 tablets").said
    assert the_entry(in_database).band == queue.DANGER
    kept = in_database(lambda db: [text.body for text in contacts.messages(db, the_entry(in_database).contact_id)])
    assert {"ive taken", "40 tablets"} <= set(kept)


def test_pieces_sent_minutes_apart_are_not_one_sentence(line, in_database):
    line.texts("ive taken")
    a_minute_ago(in_database)
    assert line.texts("40 tablets").said == ""
    assert the_entry(in_database).band == queue.NOT_ASKED


def a_minute_ago(in_database):
    """What was texted until now was texted a minute ago."""

    def back(db):
        for text in db.scalars(select(Message).order_by(Message.id)):
            text.made_at -= timedelta(seconds=60)
        for contact in db.scalars(select(Contact).order_by(Contact.id)):
            contact.started_at -= timedelta(seconds=60)

    in_database(back)


def test_danger_said_over_and_over_in_one_breath_is_answered_once_and_later_again(line, in_database):
    line.texts("hello")
    assert "999" in line.texts("ive taken an overdose").said
    assert line.texts("ive taken an overdose please").said == ""
    a_minute_ago(in_database)
    assert "999" in line.texts("im on the bridge").said


def test_a_keyword_of_two_words_sent_in_two_texts_places_them_once(line, in_database):
    line.texts("hello")
    line.texts("my word is")
    assert "Isle of Wight" in line.texts("harbour").said
    assert line.texts("harbour").said == ""
    assert line.texts("are you there").said == ""


# --- HELP, INFO, LOCAL ---


@pytest.mark.parametrize("word", ["HELP", "info", "Help!"])
def test_help_gets_our_own_words_and_waits_for_a_nurse_like_everybody(line, in_database, word):
    line.texts("hi")
    said = line.texts(word).said
    assert "This is Solent Crisis Line. If there is danger now, ring 999. A nurse reads this" in said
    assert the_entry(in_database).state == "waiting"


def test_local_help_is_offered_once_placed_and_texted_when_asked_for_and_they_go_on_waiting(line, in_database):
    assert "LOCAL" not in line.texts("hi").said
    assert "Text LOCAL for help near you." in line.texts("harbour").said
    assert line.texts("LOCAL").said == ""
    sent = select(Message).where(Message.direction == "out", Message.state == "waiting")
    (help_near,) = in_database(lambda db: [text.body for text in db.scalars(sent)])
    assert help_near.startswith("These are the places near you")
    line.texts("local")
    assert len(in_database(lambda db: db.scalars(sent).all())) == 1
    assert the_entry(in_database).state == "waiting"


def test_whoever_opted_out_is_texted_no_local_help(line, in_database):
    line.texts("harbour")
    line.texts("STOP")
    line.texts("LOCAL")
    assert in_database(lambda db: db.scalar(select(func.count()).where(Message.state == "waiting"))) == 0


# --- a keyword anywhere ---


@pytest.mark.parametrize(
    "text",
    [
        "hiya im really struggling tonight cant sleep again, the leaflet said to text the word HARBOUR so here i am x",
        "harbour. thats my word i think?? sorry for bothering u",
        "ok so my keyword is harbor and ive been feeling rubbish since tuesday",
        "🙏 H a r b o u r 🙏",
        "nurse gave me this number + the word “harbour” dont know if its still ok to use",
        "hello, harbour. i cant sleep and i dont know who to talk to",
        "i cant sleep. harbour",
    ],
)
def test_a_keyword_is_found_in_a_long_and_messy_text(line, in_database, text):
    assert "Isle of Wight" in line.texts(text).said
    assert the_entry(in_database).lane == "iow"


@pytest.mark.parametrize(
    "text",
    [
        "we used to live by the harbour when mum was alive and i miss it so much every day",
        "the sea and the harbour, and the way we walked there",
    ],
)
def test_a_word_in_a_story_is_at_most_asked_about(line, in_database, text):
    line.texts(text)
    entry = the_entry(in_database)
    assert (entry.state, entry.lane) == ("waiting", queue.NO_LANE)


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


@pytest.mark.parametrize("word", ["STOP", "end"])
def test_a_crew_that_stops_our_texts_is_answered_nothing_that_its_carrier_would_refuse(line, in_database, job, word):
    phone, _, tag = job
    assert line.texts(word, From=phone, To="+441632960120").said == ""
    assert in_database(lambda db: opt_outs.units_stopped(db, dispatch.texts_from(db))) == {"IW01"}
    assert f"{tag} 1 to accept" in line.texts("START", From=phone, To="+441632960120").said


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

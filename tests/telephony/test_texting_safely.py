"""Whom the line answers by itself and whom it leaves to a nurse: opt-out words, landlines, machines, no numbers."""

import pytest
from sqlalchemy import func, select, update

from tests.telephony.test_texting import a_minute_ago
from tests.telephony.test_voice import a_nurse
from triage import answering, bridge, contacts, floods, opt_outs, queue, texts
from triage.db import utcnow
from triage.models import Contact, Locality, Message, QueueEntry
from triage.rules import Rules

LANDLINE = "+441632960321"


def entries(in_database):
    def read(db):
        return [(row.state, row.band, list(row.reasons)) for row in db.scalars(select(QueueEntry).order_by(QueueEntry.arrived_at))]  # fmt: skip

    return in_database(read)


def contact_count(in_database):
    return in_database(lambda db: db.scalar(select(func.count()).select_from(Contact)))


def finish(in_database):
    def take_and_finish(db):
        entry = bridge.take_next(db, a_nurse(db), Rules(), now=utcnow())
        bridge.finish(db, entry.contact, a_nurse(db), now=utcnow())

    in_database(take_and_finish)


# --- opt-out words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["STOP", "stopall", "Unsubscribe", "cancel", "END", "quit!", "revoke", "OptOut"])
def test_a_lone_opt_out_word_is_seen_by_whoever_waits_or_has_them_and_stops_the_lines_own_texts(
    line, in_database, word
):
    line.texts("hello")
    in_database(lambda db: bridge.take_next(db, a_nurse(db), Rules(), now=utcnow()))
    assert line.texts(word).said == ""
    [(state, _, reasons)] = entries(in_database)
    assert state == "connected", "she keeps them"
    assert f"Texted only {word.strip('!').upper()}" in reasons[-1]
    assert in_database(lambda db: opt_outs.stopped(db, "+447700900123"))
    assert line.texts("I need help, I am in danger").said == "", "the carrier would refuse it"
    assert in_database(lambda db: db.scalar(select(Contact.danger)))


def test_a_later_contact_begins_as_one_that_stopped_our_texts(line, in_database):
    line.texts("hello")
    line.texts("stop")
    finish(in_database)
    assert line.texts("harbour").said == ""
    newest = in_database(lambda db: db.scalar(select(Contact.opted_out).order_by(Contact.started_at.desc())))
    assert newest is True
    assert entries(in_database)[-1][0] == "waiting", "and waits like everybody"


def test_a_lone_opt_out_word_with_nobody_waiting_waits_for_a_nurse_with_the_reason(line, in_database):
    line.texts("Stop")
    [(state, band, reasons)] = entries(in_database)
    assert (state, band) == ("waiting", queue.NOT_ASKED)
    assert reasons == ["Texted only STOP: it may be distress"]


@pytest.mark.parametrize("word", ["START", "unstop", "yes"])
def test_their_word_undoes_it_and_they_are_told_once_who_this_is(line, in_database, word):
    line.texts("hello")
    line.texts("STOP")
    assert "Solent Crisis Line" in line.texts(word).said
    assert line.texts(word).said == ""
    assert not in_database(lambda db: opt_outs.stopped(db, "+447700900123"))


def test_a_yes_of_somebody_who_stopped_nothing_is_an_answer(line, in_database):
    assert "HARBOUR" in line.texts("harper").said
    assert "Isle of Wight" in line.texts("yes").said


def test_a_caller_who_stopped_our_texts_is_not_offered_one(line, in_database):
    line.texts("stop")
    call = line.rings().says("harbour").holds()
    assert "by text" not in call.last.said
    call.presses_while_waiting("2").hears("cannot text")
    out = select(func.count(Message.id)).where(Message.direction == "out")
    assert in_database(lambda db: db.scalar(out)) == 0


# --- landlines, and numbers that are none -----------------------------------------------------------------------------


def test_who_texts_from_a_landline_is_not_answered_aloud_and_waits(line, in_database):
    assert line.texts("I cannot talk", From=LANDLINE).said == ""
    [(state, _, _)] = entries(in_database)
    assert state == "waiting"

    def reply(db):
        entry = db.scalar(select(QueueEntry))
        texts.to_person(db, contacts.get(db, entry.contact_id), "hello", a_nurse(db), now=utcnow())

    with pytest.raises(texts.CannotText, match="A landline reads texts aloud"):
        in_database(reply)


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "MyBank",
        "60777",
        "+0",
        "nobody at all",
        "+4477\x0000900123",
        "+٤٤٧٧٠٠٩٠٠١٢٣",
        "+４４７７００９００１２３",
        "x" * 300,
    ],
    ids=["empty", "a name", "a short code", "too short", "words", "NUL", "Arabic digits", "full-width digits", "long"],
)
def test_a_sender_that_is_no_number_is_kept_and_waits_and_is_not_answered(line, in_database, sender):
    got = line.texts("I do not feel safe", From=sender)
    assert (got.response.status_code, got.said) == (200, "")
    [(state, _, _)] = entries(in_database)
    assert state == "waiting"
    [(number, body)] = in_database(
        lambda db: [
            (row.number, text.body) for row in db.scalars(select(Contact)) for text in db.scalars(select(Message))
        ]
    )
    assert body == "I do not feel safe"
    assert number in (None, "+4460777"), "never the number of a person"


def test_two_senders_that_are_no_number_are_two_people(line, in_database):
    line.texts("hello", From="MyBank")
    line.texts("hello", From="MyBank")
    assert contact_count(in_database) == 2


def test_a_line_that_is_no_number_loses_nothing(line, in_database):
    assert line.texts("hello", To="x\0y").response.status_code == 200
    assert contact_count(in_database) == 1


# --- machines ---------------------------------------------------------------------------------------------------------


def test_a_machine_that_answers_our_answer_is_answered_once_and_said_to_be_one(line, in_database):
    auto = "Thank you for your text. The harbour office is shut until Monday."
    assert "Solent Crisis Line" in line.texts(auto).said
    for _ in range(3):
        assert line.texts(auto.upper()).said == ""
    [(state, _, reasons)] = entries(in_database)
    assert state == "waiting", "a person decides what it is"
    assert reasons.count(answering.MACHINE) == 1
    kept = select(func.count(Message.id)).where(Message.direction == "in")
    assert in_database(lambda db: db.scalar(kept)) == 4


@pytest.mark.parametrize("media", [{}, {"NumMedia": "1", "MediaContentType0": "image/jpeg", "MediaUrl0": "https://x"}])
def test_faces_and_pictures_in_a_row_are_no_machine(line, in_database, media):
    faces = ("", "") if media else ("\U0001f622", "\U0001f62d")
    line.texts(faces[0], **media)
    line.texts(faces[1], **media)
    [(_, _, reasons)] = entries(in_database)
    assert answering.MACHINE not in reasons


def test_a_machine_is_not_greeted_anew_in_its_next_conversation(line, in_database):
    auto = "I am driving and will read this later."
    line.texts(auto)
    finish(in_database)
    assert line.texts(auto).said == ""


def test_other_words_are_answered_as_ever_and_so_is_danger_said_twice(line, in_database):
    line.texts("hello")
    assert "Isle of Wight" in line.texts("harbour").said
    assert "999" in line.texts("I've taken an overdose").said
    a_minute_ago(in_database)
    assert "999" in line.texts("I've taken an overdose").said
    [(_, band, reasons)] = entries(in_database)
    assert band == queue.DANGER
    assert answering.MACHINE not in reasons


def test_the_line_answers_one_number_five_times_in_ten_minutes_and_then_keeps_still(line, in_database):
    said = []
    for count in range(8):
        said.append(line.texts(("harbour", "lantern")[count % 2]).said)
        a_minute_ago(in_database)
    assert [bool(words) for words in said] == [True] * answering.MOST + [False] * 3
    [(state, _, reasons)] = entries(in_database)
    assert state == "waiting"
    assert reasons.count(answering.ENOUGH) == 1
    kept = select(func.count(Message.id)).where(Message.direction == "in")
    assert in_database(lambda db: db.scalar(kept)) == 8
    assert line.texts("harbour", From="+447700900124").said, "nobody else is touched"


def test_danger_beyond_that_is_not_answered_and_goes_first_all_the_same(line, in_database):
    for count in range(6):
        line.texts(("harbour", "lantern")[count % 2])
        a_minute_ago(in_database)
    assert line.texts("I've taken an overdose").said == ""
    [(_, band, _)] = entries(in_database)
    assert band == queue.DANGER


@pytest.mark.parametrize("code", ["21614", "21635", "30006"])
def test_a_landline_that_the_carrier_found_is_told_as_one(line, in_database, code):
    from triage.desk.words import TROUBLE

    line.texts("hello")

    def reply(db):
        entry = bridge.take_next(db, a_nurse(db), Rules(), now=utcnow())
        return texts.to_person(db, entry.contact, "I am here", a_nurse(db), now=utcnow()).id

    message_id = in_database(reply)
    line.post(
        f"/sms/status?message={message_id}", MessageSid="SM" + "9" * 32, MessageStatus="undelivered", ErrorCode=code
    )
    trouble = in_database(lambda db: db.get(Message, message_id).trouble)
    assert "landline" in TROUBLE[trouble]


# --- floods -----------------------------------------------------------------------------------------------------------

LEAST = 8


@pytest.fixture(autouse=True)
def _small_floods(monkeypatch):
    for kind in floods.LEAST:
        monkeypatch.setitem(floods.LEAST, kind, LEAST)


def test_a_flood_is_merged_and_not_answered_and_a_person_in_the_middle_of_it_is_heard(line, in_database):
    for each in range(LEAST - 1):
        assert line.texts(f"Win a car today, number {each}", From=f"+4477009002{each:02}").said
    for each in range(20, 25):
        assert line.texts(f"Win a car today, number {each}", From=f"+4477009002{each:02}").said == ""
    assert "Solent Crisis Line" in line.texts("I cannot do this any more", From="+447700900777").said
    assert "Isle of Wight" in line.texts("harbour", From="+447700900250").said, "a keyword is a person's"
    assert "999" in line.texts("I've taken an overdose", From="+447700900251").said
    assert line.texts("STOP", From="+447700900252").said == ""
    assert "Solent Crisis Line" in line.texts("sorry, is this the right number", From="+447700900222").said
    waiting = in_database(lambda db: {(row.contact.number or "")[-3:] for row in queue.waiting(db)})
    assert waiting == {"200", "777", "250", "251", "252", "222"}
    kept = select(func.count(Message.id)).where(Message.direction == "in")
    assert in_database(lambda db: db.scalar(kept)) == LEAST - 1 + 5 + 5


def test_a_merged_text_that_comes_again_is_merged_once(line, in_database):
    for each in range(LEAST + 1):
        sid = f"SM{each:032d}"
        first = line.texts("Your parcel is waiting at the depot", From=f"+4477009002{each:02}", sid=sid).document
        again = line.texts("Your parcel is waiting at the depot", From=f"+4477009002{each:02}", sid=sid).document
        assert first == again
    assert in_database(lambda db: len(floods.undecided(db)[0].contacts)) == LEAST + 1
    assert contact_count(in_database) == LEAST + 1


def test_a_number_found_to_be_nobodys_that_writes_again_is_kept_as_a_new_contact_within_the_window_too(
    line, in_database
):
    in_database(lambda db: db.execute(update(Locality).values(text_window_hours=48)))
    island = {"To": "+441632960111"}
    for each in range(LEAST + 1):
        line.texts(f"Win a car today, number {each}", From=f"+4477009002{each:02}", **island)

    def nobody(db):
        floods.decide(db, floods.undecided(db)[0].flood.id, floods.NOT_PEOPLE, a_nurse(db), now=utcnow())

    in_database(nobody)
    assert in_database(lambda db: len(queue.waiting(db))) == 0
    assert (
        "Solent Crisis Line"
        in line.texts("please answer me, I am a real person and I am scared", From="+447700900208", **island).said
    )
    assert "208" in in_database(lambda db: {row.contact.number[-3:] for row in queue.waiting(db)})
    line.texts("Win a car today, number 7", From="+447700900207", **island)
    states = in_database(
        lambda db: [row.state for row in db.scalars(select(QueueEntry)) if row.contact.ended_at is None]
    )
    assert sorted(states) == ["merged", "waiting"], "a new flood, for people to decide"

"""What callers hear and reach, from the first ring to the room."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from telephony import failsafe
from triage import accounts, bridge, contacts, queue, ringing
from triage.carrier_models import EarlyReport
from triage.db import Database, utcnow
from triage.models import Contact, History, Leg, Message, Presence, Promise, QueueEntry
from triage.rules import Rules
from triage.spool import Spool


def entry_of(in_database, sid="CA" + "1" * 32):
    return in_database(
        lambda db: db.scalar(
            select(QueueEntry).join(Contact, Contact.id == QueueEntry.contact_id).where(Contact.carrier_id == sid)
        )
    )


def contact_of(in_database, sid="CA" + "1" * 32):
    return in_database(lambda db: contacts.by_carrier_id(db, sid))


def a_nurse(db, locality="iow"):
    return next(s for s in accounts.everybody(db) if "nurse" in s.roles and locality in s.localities and s.phone)


def take(in_database, locality="iow"):
    """A nurse takes the next person by phone; her leg's id and the contact's."""

    def work(db):
        entry = bridge.take_next(db, a_nurse(db, locality), Rules(), now=utcnow())
        return ringing.of_entry(db, entry)[-1].id, entry.contact_id

    return in_database(work)


# --- the first ring ----------------------------------------------------------------------------------------------------


def test_the_greeting_says_who_this_is_what_to_do_in_danger_and_that_staying_is_enough(line):
    call = line.rings()
    call.hears("this is solent crisis line").hears("ring 999").hears("press star").hears("keyword").hears(
        "stay on the line"
    )
    gather = call.last
    assert gather.attribute("input") == "dtmf speech"
    assert gather.attribute("actionOnEmptyResult") == "true"
    assert "harbour" in gather.attribute("hints")


def test_the_contact_is_committed_before_the_greeting_goes_out(line, in_database):
    line.rings()
    contact = contact_of(in_database)
    assert (contact.number, contact.route, contact.channel) == ("+447700900123", "direct", "call")
    assert in_database(lambda db: db.scalars(select(History.what).where(History.contact_id == contact.id)).all()) == [
        "rang"
    ]


def test_the_same_ring_twice_at_once_is_one_contact_and_one_greeting(line, in_database):
    form = {"CallSid": "CA" + "7" * 32, "From": "+447700900123", "To": "+441632960100", "CallStatus": "ringing"}
    with ThreadPoolExecutor(6) as pool:
        heard = set(pool.map(lambda _: line.post("/voice/incoming", **form).document, range(6)))
    assert len(heard) == 1
    assert in_database(lambda db: db.scalar(select(func.count()).select_from(Contact))) == 1


@pytest.mark.parametrize("given", ["anonymous", "Restricted", "+266696687", "+86282452253", "", "not a number at all"])
def test_a_withheld_number_is_nobody_and_is_answered_all_the_same(line, in_database, given):
    line.rings(From=given).hears("this is solent crisis line")
    assert contact_of(in_database).number is None


@pytest.mark.parametrize(("given", "known"), [("07700900123", "+447700900123"), ("+44 7700 900123", "+447700900123")])
def test_national_and_spaced_numbers_are_one_person(line, in_database, given, known):
    line.rings(From=given)
    assert contact_of(in_database).number == known


def test_a_call_to_a_number_nobody_configured_is_answered_and_kept(line, in_database):
    line.rings(To="+441632960777").hears("this is solent crisis line").stays_silent().holds()
    assert contact_of(in_database).line is None


# --- the keyword, or not -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [("says", "harbour"), ("says", "um, it's Harbour please"), ("presses", "4272687")])
def test_a_keyword_said_or_keyed_places_the_caller_at_once(line, in_database, way):
    call = line.rings()
    getattr(call, way[0])(way[1]).hears("isle of wight").holds()
    entry = entry_of(in_database)
    assert (entry.lane, entry.band, entry.contact.keyword) == ("iow", queue.NOT_ASKED, "harbour")


def test_silence_is_an_answer_and_leads_to_a_nurse(line, in_database):
    line.rings().stays_silent().hears("stay on the line").holds()
    assert entry_of(in_database).state == "waiting"


def test_a_read_back_word_met_with_no_or_silence_still_leads_to_a_nurse(line, in_database):
    line.rings().says("harper").says("no").holds()
    assert entry_of(in_database).lane == queue.NO_LANE


def test_a_word_the_line_does_not_know_is_said_plainly_and_leads_to_a_nurse(line, in_database):
    line.rings().says("cauliflower").hears("do not know that word").holds()
    assert entry_of(in_database).lane == queue.NO_LANE


def test_an_unsure_word_is_read_back_and_a_yes_places_the_caller(line, in_database):
    line.rings().says("harper").hears("harbour. say yes, or press 1, if that is right").presses("1").hears(
        "isle of wight"
    ).holds()
    assert entry_of(in_database).lane == "iow"


def test_distress_is_never_taken_for_a_keyword(line, in_database):
    line.rings().says("I can't go on, I don't know what to do any more").holds()
    entry = entry_of(in_database)
    assert (entry.contact.keyword, entry.band) == (None, queue.NOT_ASKED)


def test_nobody_waits_longer_than_25_seconds_for_the_queue_even_in_silence(line):
    greeting = line.rings().last
    assert greeting.lasts_s() <= 19
    asked = line.rings(sid="CA" + "2" * 32).says("harper")
    assert greeting.lasts_s() + asked.last.lasts_s() <= 25
    asked.stays_silent().holds()


@pytest.mark.parametrize("way", [("says", "danger"), ("says", "I've taken an overdose"), ("presses", "*")])
def test_danger_now_is_heard_at_once_and_goes_before_everybody(line, in_database, way):
    call = line.rings()
    getattr(call, way[0])(way[1]).hears("999").hears("before everybody").holds().hears("999")
    entry = entry_of(in_database)
    assert (entry.band, entry.reasons) == (queue.DANGER, [queue.SAID_DANGER])


def test_a_professional_is_asked_nothing(line, in_database, database):
    from triage.models import Line

    in_database(lambda db: setattr(db.get(Line, "+441632960100"), "route", "professional"))
    line.rings().hears("for professionals").holds()
    assert entry_of(in_database).band == queue.PROFESSIONAL


# --- repeats and strays ------------------------------------------------------------------------------------------------


def test_a_repeated_answer_gets_the_same_words_and_changes_nothing(line, in_database):
    call = line.rings()
    url = call.last.attribute("action")
    first = line.post(url, CallSid=call.sid, SpeechResult="harbour").document
    assert line.post(url, CallSid=call.sid, SpeechResult="lantern").document == first
    assert entry_of(in_database).lane == "iow"


def test_the_first_webhook_coming_again_late_does_not_start_the_call_over(line):
    call = line.rings().says("harbour")
    again = line.post("/voice/incoming", CallSid=call.sid, **call.form).document
    assert again == call.last.document


# --- waiting -----------------------------------------------------------------------------------------------------------


def test_the_wait_says_how_many_are_before_and_offers_keys(line, in_database):
    def on_shift(db):
        from triage import presence

        presence.put(db, a_nurse(db), "ready", "browser", now=utcnow())

    in_database(on_shift)
    line.rings().says("harbour").holds().hears("you are next")
    second = line.rings(sid="CA" + "2" * 32, From="+447700900124").says("harbour").holds()
    second.hears("one person is before you").hears("press 1 to be called back")


def test_without_a_nurse_on_shift_the_wait_says_so_and_gives_999(line):
    line.rings().says("harbour").holds().hears("no nurse is free").hears("999")


def test_one_round_of_waiting_is_no_longer_than_about_twenty_seconds(line):
    assert line.rings().says("harbour").holds().last.lasts_s() <= 20


@pytest.mark.parametrize(
    ("key", "hears", "holds_of_contact", "reason"),
    [
        ("3", "someone else", ("caller_role", "carer"), "Calling for someone else"),
        ("4", "1 for yes", ("cannot_talk", True), "Cannot talk"),
        ("*", "999", ("danger", True), "danger"),
    ],
)
def test_one_key_while_waiting_tells_the_nurse(line, in_database, key, hears, holds_of_contact, reason):
    line.rings().says("harbour").holds().presses_while_waiting(key).hears(hears)
    entry = entry_of(in_database)
    assert getattr(entry.contact, holds_of_contact[0]) == holds_of_contact[1]
    assert any(reason in why for why in entry.reasons)
    assert entry.state == "waiting"


def test_an_unknown_key_loses_nobody_their_place(line, in_database):
    line.rings().says("harbour").holds().presses_while_waiting("7").hears("still in the queue")
    assert entry_of(in_database).state == "waiting"


def test_local_help_is_texted_to_a_caller_who_asks(line, in_database):
    line.rings().says("harbour").holds().presses_while_waiting("2").hears("sending you a text")
    message = in_database(lambda db: db.scalar(select(Message).where(Message.direction == "out")))
    assert message.number == "+447700900123"
    assert message.line == "+441632960100"
    assert message.state == "waiting"


def test_a_call_back_keeps_the_place_after_the_caller_hangs_up(line, in_database):
    call = line.rings().says("harbour").holds().presses_while_waiting("1").hears("keep your place")
    contact = contact_of(in_database)
    call._next(f"/voice/contacts/{contact.id}/left-queue", QueueResult="leave").hears("goodbye")
    call.hangs_up()
    entry = entry_of(in_database)
    assert (entry.state, entry.call_back) == ("waiting", True)
    owed = in_database(lambda db: db.scalars(select(Promise)).all())
    assert [(row.kind, row.what, row.reachable) for row in owed] == [("call_back", "Asked to be called back", True)]


def test_a_hidden_number_cannot_be_called_back_and_is_told_so(line, in_database):
    line.rings(From="anonymous").stays_silent().holds().presses_while_waiting("1").hears("hidden from us")
    assert entry_of(in_database).call_back is False


@pytest.mark.parametrize(("said", "danger"), [({"SpeechResult": "harbour"}, False), ({"Digits": "*"}, True)])
def test_an_answer_that_comes_after_the_end_of_the_call_puts_nobody_in_the_queue(line, in_database, said, danger):
    call = line.rings(From="anonymous")
    turn = call.last.attribute("action")
    call.hangs_up()
    line.post(turn.removeprefix("https://line.example.org"), CallSid="CA" + "1" * 32, **said)
    assert entry_of(in_database) is None
    assert contact_of(in_database).danger is danger
    owed = in_database(lambda db: [promise.what for promise in db.scalars(select(Promise))])
    assert owed == ["Rang off before reaching the queue"]


def test_hanging_up_while_waiting_becomes_a_call_back_we_owe(line, in_database):
    line.rings().says("harbour").holds()
    line.post("/voice/status", CallSid="CA" + "1" * 32, CallStatus="completed")
    line.post("/voice/status", CallSid="CA" + "1" * 32, CallStatus="completed")
    owed = in_database(lambda db: db.scalars(select(Promise)).all())
    assert [(row.kind, row.reachable) for row in owed] == [("call_back", True)]
    assert entry_of(in_database).state == "abandoned"


@pytest.mark.parametrize("result", ["error", "queue-full", "system-error", "something-new"])
def test_the_carriers_queue_failing_never_loses_the_caller(line, in_database, result):
    call = line.rings().says("harbour")
    contact = contact_of(in_database)
    call._next(f"/voice/contacts/{contact.id}/left-queue", QueueResult=result).hears("stay on the line").holds()
    assert entry_of(in_database).state == "waiting"


# --- a nurse -----------------------------------------------------------------------------------------------------------


def test_a_nurse_hears_who_and_why_presses_1_and_both_meet_in_an_opaque_room(line, in_database):
    call = line.rings().says("harbour").holds().presses_while_waiting("3")
    leg, contact_id = take(in_database)
    whisper = line.post(f"/voice/legs/{leg}/answer", CallSid="CA" + "9" * 32)
    assert "Isle of Wight" in whisper.said
    assert "someone else" in whisper.said
    assert "700" not in whisper.said
    nurse = line.post(whisper.attribute("action"), CallSid="CA" + "9" * 32, Digits="1")
    call._next(f"/voice/contacts/{contact_id}/join").hears("a nurse is here")
    assert nurse.text_of("Conference") == call.last.text_of("Conference")
    assert (nurse.attribute("endConferenceOnExit"), call.last.attribute("endConferenceOnExit")) == ("false", "true")
    assert entry_of(in_database).state == "connected"


def test_an_answerphone_presses_no_key_and_gets_nobody(line, in_database):
    line.rings().says("harbour").holds()
    leg, _ = take(in_database)
    line.post(f"/voice/legs/{leg}/answer", CallSid="CA" + "9" * 32)
    over = line.post(f"/voice/legs/{leg}/key", CallSid="CA" + "9" * 32)
    assert "no key" in over.said.lower()
    line.post(f"/voice/legs/{leg}/status", CallSid="CA" + "9" * 32, CallStatus="completed")
    assert entry_of(in_database).state == "waiting"


def test_a_nurse_too_late_is_told_that_somebody_else_has_the_call(line, in_database):
    call = line.rings().says("harbour").holds()
    leg, contact_id = take(in_database)
    in_database(lambda db: bridge.finish(db, contacts.get(db, contact_id), a_nurse(db), now=utcnow()))
    late = line.post(f"/voice/legs/{leg}/key", CallSid="CA" + "9" * 32, Digits="1")
    assert "somebody else" in late.said.lower()
    assert not late.has("Conference")
    call._next(f"/voice/contacts/{contact_id}/goodbye").hears("We will ring you on this number")


def test_a_nurse_who_drops_out_leaves_the_caller_on_the_line_in_the_same_place(line, in_database):
    call = line.rings().says("harbour").holds()
    before = entry_of(in_database).arrived_at
    leg, contact_id = take(in_database)
    line.post(f"/voice/legs/{leg}/answer", CallSid="CA" + "9" * 32)
    line.post(f"/voice/legs/{leg}/key", CallSid="CA" + "9" * 32, Digits="1")
    call._next(f"/voice/contacts/{contact_id}/join")
    line.post(f"/voice/legs/{leg}/status", CallSid="CA" + "9" * 32, CallStatus="completed")
    entry = entry_of(in_database)
    assert (entry.state, entry.arrived_at, entry.band) == ("waiting", before, queue.VERY_URGENT)
    call._next(f"/voice/contacts/{contact_id}/back").hears("kept your place").holds()


def test_a_browser_is_joined_only_to_the_person_its_nurse_holds(line, in_database):
    line.rings().says("harbour").holds()
    nurse_id = in_database(lambda db: a_nurse(db).id)
    stranger = line.post("/voice/staff", CallSid="CA" + "8" * 32, From=f"client:{nurse_id}", To="")
    assert not stranger.has("Conference")
    _, contact_id = take(in_database)
    joined = line.post("/voice/staff", CallSid="CA" + "6" * 32, From=f"client:{nurse_id}", To="")
    assert joined.text_of("Conference") == entry_of(in_database).room
    forged = line.post("/voice/staff", CallSid="CA" + "5" * 32, From="+447700900201", To="", contact=contact_id)
    assert not forged.has("Conference")
    assert "we will ring this number" in forged.said.lower()


def test_when_a_nurses_browser_call_ends_the_person_goes_back_to_their_place(line, in_database):
    call = line.rings().says("harbour").holds()
    nurse_id = in_database(lambda db: a_nurse(db).id)
    _, contact_id = take(in_database)
    line.post("/voice/staff", CallSid="CA" + "6" * 32, From=f"client:{nurse_id}", To="")
    call._next(f"/voice/contacts/{contact_id}/join")
    line.post("/voice/status", CallSid="CA" + "6" * 32, CallStatus="completed")
    entry = entry_of(in_database)
    assert (entry.state, entry.nurse_id) == ("waiting", None)
    assert "The nurse's line was lost" in entry.reasons


def test_ringing_the_nurse_line_makes_a_nurse_ready_and_joins_her_to_nobody(line, in_database):
    phone = in_database(lambda db: a_nurse(db).phone)
    line.rings(From=phone, To="+441632960130", sid="CA" + "4" * 32).hears("you are ready")
    nurse_id = in_database(lambda db: a_nurse(db).id)
    assert in_database(lambda db: db.get(Presence, nurse_id).state) == "ready"
    line.rings(From="+447700900999", To="+441632960130", sid="CA" + "3" * 32).hears("not one of our nurses")


def test_a_rung_back_caller_hears_nothing_of_the_service_until_they_press_1(line, in_database):
    call = line.rings().says("harbour").holds().presses_while_waiting("1")
    call.hangs_up()
    leg, _ = take(in_database)
    line.post(f"/voice/legs/{leg}/answer", CallSid="CA" + "9" * 32)
    line.post(f"/voice/legs/{leg}/key", CallSid="CA" + "9" * 32, Digits="1")
    back = in_database(lambda db: db.scalar(select(Leg).where(Leg.purpose == "call_back")))
    assert back.to == "+447700900123"
    rung = line.post(f"/voice/legs/{back.id}/answer", CallSid="CA" + "b" * 32)
    assert "crisis" not in rung.said.lower()
    joined = line.post(f"/voice/legs/{back.id}/key", CallSid="CA" + "b" * 32, Digits="1")
    assert joined.text_of("Conference") == entry_of(in_database).room
    assert entry_of(in_database).state == "connected"


# --- failure -----------------------------------------------------------------------------------------------------------


def test_with_the_database_away_the_caller_hears_words_and_a_dial_never_an_error(
    line, monkeypatch, database: Database, spool: Spool
):
    def broken(*_args, **_kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(database, "statements", broken)
    monkeypatch.setattr(database, "transaction", broken)
    monkeypatch.setattr(database, "reading", broken)
    for path in ("/voice/incoming", "/voice/contacts/abc/turns/0", "/voice/contacts/abc/wait", "/voice/legs/x/answer"):
        answer = line.client.post(
            path,
            data={"AccountSid": "AC" + "a" * 32, "CallSid": "CA" + "1" * 32},
            headers={
                "X-Twilio-Signature": line.validator.compute_signature(
                    "https://line.example.org" + path, {"AccountSid": "AC" + "a" * 32, "CallSid": "CA" + "1" * 32}
                )
            },
        )
        assert answer.status_code == 200, path
        in_the_queue = path.endswith("/wait")
        assert answer.get_data(as_text=True) == failsafe.document("+441632960999", in_the_queue=in_the_queue)
    text = line.texts("hello")
    assert "999" in text.said
    kept = [spool.read(file) for file in spool.files()]
    assert [(event.kind, event.carrier_id) for event in kept] == [("call", "CA" + "1" * 32)] * 3 + [
        ("text", "SM" + "1".zfill(32))
    ]
    assert kept[-1].words == "hello"


def test_a_forged_webhook_is_kept_nowhere(line, spool: Spool):
    answer = line.client.post("/voice/fallback", data={"CallSid": "CA" + "1" * 32})
    assert answer.status_code == 403
    assert spool.files() == []


def test_an_end_reported_while_the_database_is_away_is_kept(line, monkeypatch, database: Database, spool: Spool):
    def broken(*_args, **_kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(database, "transaction", broken)
    line.post("/voice/status", CallSid="CA" + "1" * 32, CallStatus="completed", From="anonymous", To="+441632960100")
    [file] = spool.files()
    event = spool.read(file)
    assert (event.kind, event.outcome, event.number) == ("over", "completed", None)


def test_danger_said_while_the_database_is_away_is_kept(line, monkeypatch, database: Database, spool: Spool):
    def broken(*_args, **_kwargs):
        raise OSError("disk full")

    call = line.rings()
    monkeypatch.setattr(database, "transaction", broken)
    call.says("he is here with a knife and he will kill me")
    [file] = spool.files()
    assert spool.read(file).danger


def test_an_end_that_comes_before_its_ring_is_kept_for_it(line, in_database):
    line.post(
        "/voice/status", CallSid="CA" + "7" * 32, CallStatus="completed", From="+447700900123", To="+441632960100"
    )
    kept = in_database(lambda db: [report.carrier_id for report in db.scalars(select(EarlyReport))])
    assert kept == ["CA" + "7" * 32]


def test_the_carriers_fallback_address_needs_no_database(line):
    assert "9 9 9" in line.post("/voice/fallback", CallSid="CA" + "1" * 32, ErrorCode="11200").said


def test_a_stray_address_is_heard_as_words_too(line):
    assert "+441632960999" in line.post("/voice/contacts/nobody/turns/0", CallSid="CA" + "1" * 32).document

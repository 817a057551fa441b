"""Somebody who texts and rings is one person on one wait: nobody is doubled, lowered, lost, or told that they are known."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.triage.scene import Scene, entry_of
from triage import bridge, contacts, floods, one_person, queue, same_person, text_calls, texts
from triage.models import Contact, Promise, QueueEntry, Staff
from triage.texting_models import TextFlood

THEIRS = "+447700900455"


def texts_in(scene: Scene, contact: Contact, body: str) -> None:
    with scene.database.transaction() as db:
        row = db.get_one(Contact, contact.id)
        texts.received(db, row, factories.carrier_id("SM"), body, now=scene.now)


def texter(scene: Scene, body: str = "hello", **over: object) -> Contact:
    contact = scene.texter(**{"number": THEIRS, **over})
    texts_in(scene, contact, body)
    return contact


def read(scene: Scene, contact: Contact) -> list[str]:
    """The texts that whoever has this contact sees."""
    with scene.database.reading() as db:
        return [message.body for message in contacts.messages(db, contact.id)]


def takes_call(scene: Scene, contact: Contact, nurse: Staff) -> QueueEntry:
    with scene.database.transaction() as db:
        row, staff = db.get_one(Contact, contact.id), db.get_one(Staff, nurse.id)
        return bridge.take_their_call(db, row, staff, scene.rules, now=scene.now)


def the_texter(scene: Scene) -> Contact:
    with scene.database.reading() as db:
        running = select(Contact).where(Contact.channel == "text", Contact.ended_at.is_(None))
        return db.scalars(running).one()


# --- a waiting texter rings -------------------------------------------------------------------------------------------


def test_a_call_takes_along_the_place_of_the_text_that_waits(scene: Scene) -> None:
    text = texter(scene)
    scene.raised(text, queue.VERY_URGENT, "Asked for somebody soon")
    scene.later(minutes=10)
    other = scene.caller()
    scene.later(minutes=5)
    call = scene.caller(number=THEIRS)
    assert scene.waiting() == [call.id, other.id], "one person is one wait"
    entry = scene.entry(call)
    assert (entry.band, entry.arrived_at) == (queue.VERY_URGENT, text.started_at)
    assert entry.reasons == [queue.TEXTED_FIRST, "Asked for somebody soon"]
    assert (scene.entry(text).state, scene.entry(text).ended_how) == ("finished", "went_on_as_call")
    after = scene.contact(text)
    assert (after.ended_at, after.went_on_as) == (scene.now, call.id)
    assert read(scene, call) == ["hello"]


def test_the_nurse_who_takes_the_call_may_text_them(scene: Scene) -> None:
    nurse = scene.nurse()
    texter(scene)
    call = scene.caller(number=THEIRS)
    scene.together(call, nurse)
    with scene.database.transaction() as db:
        texts.to_person(db, db.get_one(Contact, call.id), "I am here", db.get_one(Staff, nurse.id), now=scene.now)
    assert read(scene, call) == ["hello", "I am here"]


def test_danger_said_by_text_stays_with_the_place_and_is_not_told_on_the_call(scene: Scene) -> None:
    texter(scene, danger=True)
    call = scene.caller(number=THEIRS)
    assert scene.entry(call).band == queue.DANGER
    assert queue.SAID_DANGER in scene.entry(call).reasons
    assert not scene.contact(call).danger, "the call hears what any call hears"


def test_a_nurse_lost_after_danger_by_text_is_owed_a_call(scene: Scene) -> None:
    nurse = scene.nurse()
    texter(scene, danger=True)
    call = scene.caller(number=THEIRS)
    scene.together(call, nurse)
    scene.hangs_up(call)
    assert [one.contact_id for one in scene.owed()] == [call.id]


def test_an_opt_out_by_text_holds_for_the_call(scene: Scene) -> None:
    text = texter(scene)
    with scene.database.transaction() as db:
        db.get_one(Contact, text.id).opted_out = True
    assert scene.contact(scene.caller(number=THEIRS)).opted_out


def test_the_area_they_named_by_text_is_theirs_on_the_call(scene: Scene) -> None:
    text = texter(scene)
    with scene.database.transaction() as db:
        contacts.place_by_keyword(db, db.get_one(Contact, text.id), "harbour", actor="texter", now=scene.now)
    assert scene.entry(scene.caller(number=THEIRS)).lane == "island"


def test_a_withheld_or_shared_number_links_nobody(scene: Scene) -> None:
    nurse = scene.nurse()
    hidden, shared = scene.texter(number=None), texter(scene)
    with scene.database.transaction() as db:
        staff, row = db.get_one(Staff, nurse.id), db.get_one(Contact, shared.id)
        same_person.mark_shared(db, row, "payphone", staff, now=scene.now)
    first, second = scene.caller(number=None), scene.caller(number=THEIRS)
    assert set(scene.waiting()) == {hidden.id, shared.id, first.id, second.id}
    assert read(scene, second) == []


def test_another_telephone_joined_by_a_nurse_is_not_texted_for_this_one(scene: Scene) -> None:
    nurse = scene.nurse()
    before, text = scene.caller(number="+447700900456"), texter(scene)
    with scene.database.transaction() as db:
        staff = db.get_one(Staff, nurse.id)
        pair = db.get_one(Contact, before.id), db.get_one(Contact, text.id)
        same_person.say(db, *pair, staff, same=True, reason="They told me so themselves", now=scene.now)
    scene.hangs_up(before)
    call = scene.caller(number="+447700900456")
    assert scene.entry(text).state == "waiting"
    assert not scene.contact(call).text_consent


# --- the call is lost -------------------------------------------------------------------------------------------------


def test_whoever_hangs_up_while_waiting_waits_by_text_again_at_the_same_place(scene: Scene) -> None:
    text = texter(scene)
    scene.raised(text, queue.VERY_URGENT, "Asked for somebody soon")
    scene.later(minutes=3)
    call = scene.caller(number=THEIRS)
    scene.later(minutes=2)
    scene.hangs_up(call)
    assert [one.contact_id for one in scene.owed()] == [call.id], "the call-back is owed as always"
    again = the_texter(scene)
    assert scene.waiting() == [again.id]
    entry = scene.entry(again)
    assert (entry.band, entry.arrived_at) == (queue.VERY_URGENT, text.started_at)
    assert entry.reasons == ["Asked for somebody soon", one_person.WAITS_BY_TEXT]
    assert read(scene, again) == ["hello"]
    scene.hangs_up(call)
    assert scene.waiting() == [again.id], "a report that comes twice changes nothing"


def test_their_next_text_is_of_the_conversation_that_waits_again(scene: Scene) -> None:
    texter(scene)
    call = scene.caller(number=THEIRS)
    scene.hangs_up(call)
    again = factories.make_contact(scene.database, channel="text", number=THEIRS, now=scene.now)
    assert scene.waiting() == [again.id]


def test_ringing_hanging_up_and_ringing_again_is_still_one_wait_with_every_text(scene: Scene) -> None:
    text = texter(scene)
    scene.hangs_up(scene.caller(number=THEIRS))
    scene.later(minutes=1)
    texts_in(scene, the_texter(scene), "sorry, I could not speak")
    scene.later(minutes=1)
    call = scene.caller(number=THEIRS)
    assert scene.waiting() == [call.id]
    assert scene.entry(call).arrived_at == text.started_at
    assert read(scene, call) == ["hello", "sorry, I could not speak"]


def test_who_never_texted_is_owed_a_call_and_waits_nowhere(scene: Scene) -> None:
    scene.hangs_up(scene.caller(number=THEIRS))
    assert scene.waiting() == []
    assert len(scene.owed()) == 1


def test_a_call_back_that_reaches_nobody_leaves_the_text_waiting(scene: Scene) -> None:
    nurse = scene.nurse()
    text = texter(scene)
    call = scene.caller(number=THEIRS)
    with scene.database.transaction() as db:
        db.get_one(QueueEntry, scene.entry(call).id).call_back = True
    scene.hangs_up(call)
    scene.takes(nurse)
    scene.accepts(scene.leg(call, nurse))
    scene.leg_ends(scene.leg(call, purpose="call_back"), "no_answer")
    assert scene.waiting() == [the_texter(scene).id]
    assert scene.entry(the_texter(scene)).arrived_at == text.started_at


# --- a texter who is with a nurse rings -------------------------------------------------------------------------------


def test_a_call_of_somebody_who_is_texting_with_a_nurse_waits_and_says_with_whom(scene: Scene) -> None:
    nurse = scene.nurse(name="Ana")
    text = texter(scene)
    scene.together(text, nurse)
    scene.later(minutes=4)
    call = scene.caller(number=THEIRS)
    assert scene.entry(call).reasons == ["Is texting with Ana"]
    assert scene.entry(text).state == "connected", "nothing is taken from her"
    with scene.database.reading() as db:
        ringing = one_person.ringing_now(db, db.get_one(Contact, text.id), scene.now)
    assert ringing is not None
    assert (ringing.contact.id, ringing.nurse) == (call.id, None)


def test_a_conversation_given_back_while_they_ring_goes_on_as_the_call(scene: Scene) -> None:
    nurse = scene.nurse()
    text = texter(scene)
    scene.together(text, nurse)
    scene.later(minutes=4)
    call = scene.caller(number=THEIRS)
    with scene.database.transaction() as db:
        bridge.give_back(db, db.get_one(Contact, text.id), db.get_one(Staff, nurse.id), now=scene.now)
    assert scene.waiting() == [call.id], "one person is one wait"
    entry = scene.entry(call)
    assert (entry.band, entry.arrived_at) == (queue.VERY_URGENT, text.started_at)
    assert entry.reasons == [one_person.WAS_TEXTING, "Given back by a nurse"]
    assert read(scene, call) == ["hello"]


def test_a_conversation_finished_while_they_ring_is_not_said_to_go_on(scene: Scene) -> None:
    nurse = scene.nurse()
    text = texter(scene)
    scene.together(text, nurse)
    call = scene.caller(number=THEIRS)
    scene.finishes(text, nurse)
    assert scene.entry(call).reasons == [one_person.WAS_TEXTING]
    assert scene.waiting() == [call.id]


def test_she_takes_their_call_in_one_press_and_the_texts_come_along(scene: Scene) -> None:
    nurse = scene.nurse()
    text = texter(scene)
    scene.together(text, nurse)
    scene.later(minutes=4)
    call = scene.caller(number=THEIRS)
    assert takes_call(scene, text, nurse).contact_id == call.id
    entry = scene.entry(call)
    assert (entry.state, entry.nurse_id, entry.arrived_at) == ("offered", nurse.id, text.started_at)
    assert entry.reasons == [one_person.WAS_TEXTING]
    assert (scene.entry(text).state, scene.entry(text).ended_how) == ("finished", "went_on_as_call")
    assert scene.presence(nurse).state == "on_contact"
    scene.accepts(scene.leg(call, nurse))
    assert scene.arrives(call)
    assert read(scene, call) == ["hello"]


def test_danger_said_by_text_is_not_lost_when_she_takes_their_call(scene: Scene) -> None:
    nurse = scene.nurse()
    text = texter(scene, danger=True)
    scene.together(text, nurse)
    call = scene.caller(number=THEIRS)
    assert (scene.entry(call).band, scene.entry(call).reasons[0]) == (queue.DANGER, queue.SAID_DANGER)
    takes_call(scene, text, nurse)
    assert queue.SAID_DANGER in scene.entry(call).reasons
    scene.accepts(scene.leg(call, nurse))
    scene.arrives(call)
    scene.hangs_up(call)
    assert [one.contact_id for one in scene.owed()] == [call.id]


def test_pressed_twice_it_is_taken_once(scene: Scene) -> None:
    nurse = scene.nurse()
    text = texter(scene)
    scene.together(text, nurse)
    call = scene.caller(number=THEIRS)
    takes_call(scene, text, nurse)
    with pytest.raises(queue.NotTheirs):
        takes_call(scene, text, nurse)
    assert len(scene.legs(call, nurse)) == 1


def test_a_call_a_colleague_has_is_not_taken_and_she_is_told_who(scene: Scene) -> None:
    nurse, colleague = scene.nurse(), scene.nurse(name="Bola")
    text = texter(scene)
    scene.together(text, nurse)
    call = scene.caller(number=THEIRS)
    scene.together(call, colleague)
    with pytest.raises(one_person.NotRinging, match="Bola has their call"):
        takes_call(scene, text, nurse)
    assert scene.entry(text).state == "connected"
    assert scene.entry(call).nurse_id == colleague.id


def test_a_call_that_is_over_is_not_taken(scene: Scene) -> None:
    nurse = scene.nurse()
    text = texter(scene)
    scene.together(text, nurse)
    call = scene.caller(number=THEIRS)
    scene.hangs_up(call)
    with pytest.raises(one_person.NotRinging, match="not ringing any more"):
        takes_call(scene, text, nurse)
    assert scene.waiting() == [], "she has them: nothing waits beside her"
    assert scene.entry(text).state == "connected"


def test_who_hangs_up_before_she_answered_waits_by_text_ahead(scene: Scene) -> None:
    nurse = scene.nurse()
    text = texter(scene)
    scene.together(text, nurse)
    call = scene.caller(number=THEIRS)
    takes_call(scene, text, nurse)
    scene.hangs_up(call)
    entry = scene.entry(the_texter(scene))
    assert (entry.state, entry.band, entry.arrived_at) == ("waiting", queue.VERY_URGENT, text.started_at)


# --- a text, while their call waits or is with a nurse ----------------------------------------------------------------


@pytest.mark.parametrize("with_nurse", [False, True])
def test_a_text_while_they_ring_is_of_that_call(scene: Scene, with_nurse: bool) -> None:
    call = scene.caller(number=THEIRS)
    if with_nurse:
        scene.together(call, scene.nurse())
    found = factories.make_contact(scene.database, channel="text", number=THEIRS, now=scene.now)
    assert found.id == call.id


def test_a_text_of_a_shared_telephone_is_not_of_the_call(scene: Scene) -> None:
    nurse, call = scene.nurse(), scene.caller(number=THEIRS)
    with scene.database.transaction() as db:
        staff, row = db.get_one(Staff, nurse.id), db.get_one(Contact, call.id)
        same_person.mark_shared(db, row, "shared", staff, now=scene.now)
    assert factories.make_contact(scene.database, channel="text", number=THEIRS, now=scene.now).id != call.id


def test_after_the_call_a_text_begins_anew(scene: Scene) -> None:
    nurse, call = scene.nurse(), scene.caller(number=THEIRS)
    scene.together(call, nurse)
    scene.finishes(call, nurse)
    scene.later(minutes=1)
    text = factories.make_contact(scene.database, channel="text", number=THEIRS, now=scene.now)
    assert (text.id != call.id, text.started_at) == (True, call.started_at + timedelta(minutes=1))


def test_who_texted_during_the_call_and_hangs_up_waits_by_text(scene: Scene) -> None:
    call = scene.caller(number=THEIRS)
    texts_in(scene, call, "I cannot speak, he is back")
    with scene.database.transaction() as db:
        one_person.texts_on_call(db, db.get_one(Contact, call.id), danger=True, now=scene.now)
    scene.hangs_up(call)
    again = the_texter(scene)
    assert (scene.waiting(), scene.entry(again).band) == ([again.id], queue.DANGER)
    assert read(scene, again) == ["I cannot speak, he is back"]


@pytest.mark.parametrize("ends", ["hangs_up", "finished"])
def test_a_text_that_comes_as_their_call_ends_is_heard_all_the_same(scene: Scene, ends: str) -> None:
    nurse, call = scene.nurse(), scene.caller(number=THEIRS)
    if ends == "finished":
        scene.together(call, nurse)
    found = factories.make_contact(scene.database, channel="text", number=THEIRS, now=scene.now)
    assert found.id == call.id
    if ends == "finished":
        scene.finishes(call, nurse)
    else:
        scene.hangs_up(call)
    texts_in(scene, found, "sorry, he came in")
    for _repeat in range(2):
        with scene.database.transaction() as db:
            heard = one_person.hears_text(db, contacts.goes_on_as(db, db.get_one(Contact, call.id)), now=scene.now)
            assert (heard.channel, heard.ended_at) == ("text", None)
    again = the_texter(scene)
    assert scene.waiting() == [again.id]
    assert read(scene, again) == ["sorry, he came in"]


def test_a_text_that_comes_while_their_call_waits_is_heard_on_the_call(scene: Scene) -> None:
    call = scene.caller(number=THEIRS)
    texts_in(scene, call, "I am here")
    with scene.database.transaction() as db:
        assert one_person.hears_text(db, db.get_one(Contact, call.id), now=scene.now).id == call.id


# --- what was chosen, and floods --------------------------------------------------------------------------------------


def chooses_welsh(scene: Scene, contact: Contact) -> None:
    with scene.database.transaction() as db:
        contacts.choose_language(db, db.get_one(Contact, contact.id), "cy", now=scene.now)


def test_the_language_they_chose_by_text_goes_with_them_to_the_call_and_back(scene: Scene) -> None:
    chooses_welsh(scene, texter(scene))
    call = scene.caller(number=THEIRS)
    assert scene.contact(call).language == "cy"
    scene.hangs_up(call)
    assert the_texter(scene).language == "cy"


def test_a_call_that_goes_on_by_text_begins_in_the_language_they_chose_by_text(scene: Scene) -> None:
    nurse = scene.nurse()
    chooses_welsh(scene, texter(scene))
    call = scene.caller(number=THEIRS)
    scene.together(call, nurse)
    goes_on(scene, call, nurse)
    assert [text.body.split(".")[0] for text in scene.texts_to(THEIRS)] == ["Helo"]


def in_flood(scene: Scene, *, stands: bool) -> Contact:
    """Somebody whose first text was merged in a flood, or stands for it."""
    text = texter(scene)
    with scene.database.transaction() as db:
        flood = TextFlood(
            kind="same_words", since=scene.now, found_at=scene.now, decision=None, decided_by=None, decided_at=None
        )
        db.add(flood)
        db.flush()
        db.get_one(Contact, text.id).flood_id = flood.id
        entry = entry_of(db, text)
        if stands:
            queue.raise_to(db, entry, entry.band, floods.STANDS, actor="clock", now=scene.now)
        else:
            queue.step(db, entry, "merge", actor="clock", now=scene.now)
    return text


@pytest.mark.parametrize("stands", [True, False])
def test_who_rings_is_in_no_flood_and_takes_the_place_of_their_text_along(scene: Scene, *, stands: bool) -> None:
    text = in_flood(scene, stands=stands)
    scene.later(minutes=10)
    call = scene.caller(number=THEIRS)
    assert scene.waiting() == [call.id]
    entry = scene.entry(call)
    assert (entry.arrived_at, entry.reasons) == (text.started_at, [queue.TEXTED_FIRST])
    after = scene.contact(text)
    assert (after.flood_id, after.went_on_as, scene.entry(text).state) == (None, call.id, "finished")


def test_who_rang_meanwhile_is_not_texted_when_the_flood_is_found_to_be_people(scene: Scene) -> None:
    nurse, text = scene.nurse(), in_flood(scene, stands=True)
    with scene.database.transaction() as db:
        flood_id = db.get_one(Contact, text.id).flood_id
        queue.step(db, entry_of(db, text), "finish", actor="caller", now=scene.now)
        floods.decide(db, flood_id or "", floods.PEOPLE, db.get_one(Staff, nurse.id), now=scene.now)
    assert scene.texts_to(THEIRS) == []


def test_a_text_that_fails_after_they_rang_owes_no_call_while_they_are_with_a_nurse(scene: Scene) -> None:
    text = texter(scene)
    with scene.database.transaction() as db:
        sent = texts.queue_text(db, db.get_one(Contact, text.id), "Still here", actor="clock", now=scene.now)
    call = scene.caller(number=THEIRS)
    scene.together(call, scene.nurse())
    with scene.database.transaction() as db:
        assert texts.reported(db, sent.id, "SM9", "fail", now=scene.now, trouble="unreachable")
        assert db.scalars(select(Promise.id)).all() == []


def test_a_text_that_fails_while_they_ring_is_owed_to_whoever_rings(scene: Scene) -> None:
    text = texter(scene)
    with scene.database.transaction() as db:
        sent = texts.queue_text(db, db.get_one(Contact, text.id), "Still here", actor="clock", now=scene.now)
    call = scene.caller(number=THEIRS)
    with scene.database.transaction() as db:
        assert texts.reported(db, sent.id, "SM9", "fail", now=scene.now, trouble="unreachable")
        assert db.scalars(select(Promise.contact_id)).all() == [call.id]


def test_that_the_carrier_stops_our_texts_is_known_of_the_call_they_went_on_with(scene: Scene) -> None:
    text = texter(scene)
    with scene.database.transaction() as db:
        sent = texts.queue_text(db, db.get_one(Contact, text.id), "Still here", actor="clock", now=scene.now)
    call = scene.caller(number=THEIRS)
    with scene.database.transaction() as db:
        assert texts.reported(db, sent.id, "SM9", "fail", now=scene.now, trouble="opted_out")
    assert scene.contact(call).opted_out


# --- a call goes on by text -------------------------------------------------------------------------------------------


def goes_on(scene: Scene, contact: Contact, nurse: Staff) -> None:
    with scene.database.transaction() as db:
        row, staff = db.get_one(Contact, contact.id), db.get_one(Staff, nurse.id)
        bridge.go_on_by_text(db, row, staff, now=scene.now)


def agrees(scene: Scene, contact: Contact, *, agreed: bool | None = True) -> None:
    with scene.database.transaction() as db:
        db.get_one(Contact, contact.id).text_consent = agreed


def test_a_call_goes_on_by_text_in_the_same_hands(scene: Scene) -> None:
    nurse = scene.nurse()
    call = scene.caller(number=THEIRS)
    scene.together(call, nurse)
    agrees(scene, call)
    goes_on(scene, call, nurse)
    goes_on(scene, call, nurse)
    assert scene.contact(call).channel == "text"
    assert [text.body.startswith("Hello. We go on here by text") for text in scene.texts_to(THEIRS)] == [True]
    assert len(scene.jobs("end_call")) == 1
    scene.leg_ends(scene.leg(call, nurse))
    scene.hangs_up(call)
    assert (scene.entry(call).state, scene.entry(call).nurse_id) == ("connected", nurse.id)
    assert scene.contact(call).ended_at is None
    assert factories.make_contact(scene.database, channel="text", number=THEIRS, now=scene.now).id == call.id
    scene.finishes(call, nurse)
    assert scene.entry(call).state == "finished"


@pytest.mark.parametrize("agreed", [None, False])
def test_without_their_agreement_nothing_is_texted(scene: Scene, agreed: bool | None) -> None:
    nurse = scene.nurse()
    call = scene.caller(number=THEIRS)
    scene.together(call, nurse)
    agrees(scene, call, agreed=agreed)
    with pytest.raises(bridge.CannotMove, match="not agreed to texts"):
        goes_on(scene, call, nurse)
    assert scene.contact(call).channel == "call"
    assert scene.texts_to(THEIRS) == []


@pytest.mark.parametrize("number", ["+441632960145", "+353851234567"])
def test_a_telephone_that_is_not_texted_stays_a_call(scene: Scene, number: str) -> None:
    nurse = scene.nurse()
    call = scene.caller(number=number)
    scene.together(call, nurse)
    agrees(scene, call)
    with pytest.raises(bridge.CannotMove, match="cannot text them"):
        goes_on(scene, call, nurse)


def test_danger_they_texted_before_they_rang_is_known_once_the_call_goes_on_by_text(scene: Scene) -> None:
    nurse = scene.nurse()
    texter(scene, danger=True)
    call = scene.caller(number=THEIRS)
    scene.together(call, nurse)
    assert not scene.contact(call).danger, "nothing of it is said aloud"
    goes_on(scene, call, nurse)
    assert scene.contact(call).danger


def test_a_conversation_of_theirs_that_runs_is_joined_into_it(scene: Scene) -> None:
    nurse = scene.nurse()
    call = scene.caller(number=THEIRS)
    scene.together(call, nurse)
    with scene.database.transaction() as db:  # both came at the same moment
        other = Contact(
            channel="text", carrier_id=factories.carrier_id("SM"), number=THEIRS, line=call.line, route="direct",
            locality=None, keyword=None, started_at=scene.now, ended_at=None, place="waiting", turn=0, last_reply=None,
            call_id=None, leg_ended=True, caller_role=None, text_consent=None, failed_safe_at=None, went_on_as=None,
        )  # fmt: skip
        db.add(other)
        db.flush()
        queue.join(db, other, scene.rules, now=scene.now)
        texts.received(db, other, factories.carrier_id("SM"), "are you there", now=scene.now)
    agrees(scene, call)
    goes_on(scene, call, nurse)
    assert scene.waiting() == []
    assert scene.contact(other).went_on_as == call.id
    assert set(read(scene, call)) == {
        "are you there", "Hello. We go on here by text, as we agreed. Write when you can. In danger now, ring 999.",
    }  # fmt: skip


# --- a text after a call that did not reach them ----------------------------------------------------------------------


def may_text_back(scene: Scene, contact: Contact) -> bool:
    with scene.database.reading() as db:
        return texts.may_text_back(db, db.get_one(Contact, contact.id), now=scene.now)


def test_a_missed_call_is_told_by_text_only_with_consent_given_before(scene: Scene) -> None:
    before = scene.caller(number=THEIRS)
    scene.hangs_up(before)
    scene.later(hours=30)
    call = scene.caller(number=THEIRS)
    assert not may_text_back(scene, call)
    agrees(scene, before)
    assert may_text_back(scene, call), "they agreed in an earlier contact"
    agrees(scene, call, agreed=False)
    assert not may_text_back(scene, call), "they have said no since"


def test_their_own_texts_of_the_last_days_are_consent_and_older_ones_are_none(scene: Scene) -> None:
    nurse = scene.nurse()
    text = texter(scene)
    scene.together(text, nurse)
    call = scene.caller(number=THEIRS)
    assert not may_text_back(scene, call), "a nurse is texting with them: she tells them"
    scene.finishes(text, nurse)
    assert may_text_back(scene, call)
    scene.later(hours=24 * 4)
    assert not may_text_back(scene, call)


def test_an_opt_out_word_a_landline_and_a_withheld_number_are_not_texted(scene: Scene) -> None:
    nurse = scene.nurse()
    text = texter(scene)
    with scene.database.transaction() as db:
        db.get_one(Contact, text.id).opted_out = True
    scene.together(text, nurse)
    scene.finishes(text, nurse)
    assert not may_text_back(scene, scene.caller(number=THEIRS))
    for number in ("+441632960145", None):
        call = scene.caller(number=number)
        agrees(scene, call)
        assert not may_text_back(scene, call)


def test_a_nurses_promise_of_a_call_is_kept_with_the_time_she_said(scene: Scene) -> None:
    nurse = scene.nurse()
    text = texter(scene)
    scene.together(text, nurse)
    by = scene.now + timedelta(hours=2)
    for when in (None, by, by):
        with scene.database.transaction() as db:
            row, staff = db.get_one(Contact, text.id), db.get_one(Staff, nurse.id)
            text_calls.promise_a_call(db, row, staff, by=when, now=scene.now)
    [promise] = scene.owed(text)
    assert (promise.due_at, promise.what) == (by, "A nurse promised them a call")


def test_the_language_they_chose_and_what_they_agreed_to_go_on_with_them(scene: Scene) -> None:
    text = texter(scene)
    with scene.database.transaction() as db:
        row = db.get_one(Contact, text.id)
        row.language, row.ask_after = "cy", True
    call = scene.caller(number=THEIRS)
    assert (scene.contact(call).language, scene.contact(call).ask_after) == ("cy", True)
    scene.hangs_up(call)
    again = the_texter(scene)
    assert (again.language, again.ask_after) == ("cy", True)
    assert [scene.contact(one).ask_after for one in (text, call)] == [None, None], "they are asked once"


def test_a_call_promised_by_text_is_kept_by_speaking_and_not_by_the_end_of_the_texts(scene: Scene) -> None:
    nurse = scene.nurse()
    text = texter(scene)
    scene.together(text, nurse)
    with scene.database.transaction() as db:
        row, staff = db.get_one(Contact, text.id), db.get_one(Staff, nurse.id)
        text_calls.promise_a_call(db, row, staff, by=None, now=scene.now)
    scene.finishes(text, nurse)
    assert [one.what for one in scene.owed()] == ["A nurse promised them a call"]
    scene.later(minutes=5)
    call = scene.caller(number=THEIRS)
    scene.together(call, nurse)
    scene.finishes(call, nurse)
    assert scene.owed() == []

"""Every webhook of a whole contact comes again: at once, late, and out of order. Each has its effect once."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.telephony.conftest import Exchange, TheLine
from tests.telephony.test_voice import a_nurse, contact_of, take
from triage import bridge, contacts, crew_calls, dispatch, incidents, text_calls, texts, units
from triage.db import Database, utcnow
from triage.models import Contact, Dispatch, Incident, Leg, Message, Outbox, Presence, Promise, QueueEntry, Unit
from triage.rules import Rules

Story = Callable[[TheLine, Any], None]
NURSE_CALL = "CA" + "9" * 32


def _facts(database: Database) -> dict[str, Any]:
    """Everything a repeated webhook could have done a second time."""
    with database.reading() as db:
        return {
            "contacts": sorted(db.execute(select(Contact.id, Contact.locality, Contact.leg_ended, Contact.turn)).all()),
            "entries": sorted(
                db.execute(select(QueueEntry.id, QueueEntry.state, QueueEntry.band, QueueEntry.token)).all()
            ),
            "reasons": sorted(str(row.reasons) for row in db.scalars(select(QueueEntry))),
            "legs": sorted(str(row) for row in db.execute(select(Leg.id, Leg.state, Leg.outcome))),
            "texts": sorted(db.execute(select(Message.id, Message.state, Message.direction)).all()),
            "owed": sorted(
                str(row) for row in db.execute(select(Promise.kind, Promise.contact_id, Promise.settled_at))
            ),
            "incidents": sorted(db.execute(select(Incident.id, Incident.state)).all()),
            "jobs": sorted(db.execute(select(Dispatch.id, Dispatch.state)).all()),
            "nurses": sorted(db.execute(select(Presence.staff_id, Presence.state)).all()),
            "units": sorted(db.execute(select(Unit.call_sign, Unit.state)).all()),
            "work": db.execute(select(Outbox.job, func.count()).group_by(Outbox.job).order_by(Outbox.job)).all(),
        }


def _a_call_that_ends_with_a_nurse(line: TheLine, in_database: Any) -> None:
    call = line.rings().says("harbour").holds().presses_while_waiting("3")
    leg, contact_id = take(in_database)
    line.post(f"/voice/legs/{leg}/status", CallSid=NURSE_CALL, CallStatus="ringing")
    whisper = line.post(f"/voice/legs/{leg}/answer", CallSid=NURSE_CALL)
    line.post(whisper.attribute("action"), CallSid=NURSE_CALL, Digits="1")
    call._next(f"/voice/contacts/{contact_id}/left-queue", QueueResult="redirected")
    call._next(f"/voice/contacts/{contact_id}/join")
    in_database(lambda db: bridge.finish(db, contacts.get(db, contact_id), a_nurse(db), now=utcnow()))
    call._next(f"/voice/contacts/{contact_id}/left-room")
    call._next(f"/voice/contacts/{contact_id}/goodbye")
    line.post(f"/voice/legs/{leg}/left-room", CallSid=NURSE_CALL)
    line.post(f"/voice/legs/{leg}/status", CallSid=NURSE_CALL, CallStatus="completed")
    call.hangs_up()


def _a_call_given_up(line: TheLine, in_database: Any) -> None:
    call = line.rings().says("danger").holds().presses_while_waiting("2")
    call._next(f"/voice/contacts/{contact_of(in_database).id}/left-queue", QueueResult="hangup")
    call.hangs_up()


def _a_nurse_lost(line: TheLine, in_database: Any) -> None:
    call = line.rings().presses("*").holds()
    leg, contact_id = take(in_database)
    whisper = line.post(f"/voice/legs/{leg}/answer", CallSid=NURSE_CALL)
    line.post(whisper.attribute("action"), CallSid=NURSE_CALL, Digits="1")
    call._next(f"/voice/contacts/{contact_id}/join")
    line.post(f"/voice/legs/{leg}/status", CallSid=NURSE_CALL, CallStatus="failed")
    call._next(f"/voice/contacts/{contact_id}/back").holds()


def _a_car_is_asked_for(line: TheLine, in_database: Any) -> tuple[str, str, str]:
    """The id of a text to the person, the job's tag, and the car's telephone."""
    line.texts("harbour please")
    line.texts("I have nobody")
    nurse = in_database(a_nurse)

    def car(db: Any) -> tuple[str, str]:
        entry = bridge.take_next(db, nurse, Rules(), now=utcnow())
        sent = texts.to_person(db, entry.contact, "I am here", nurse, now=utcnow())
        for unit in units.all_of_them(db):
            units.put(db, unit, "available", None, actor=nurse.id, now=utcnow())
        incident = incidents.ask_for_car(
            db, entry.contact, nurse, now=utcnow(), address="The bandstand", postcode=None, scene_safety="unknown",
            concern=None, call_back=None, needed_by=None,
        )  # fmt: skip
        phone = db.get_one(Unit, incident.dispatches[-1].call_sign).phone
        return sent.id, f"{incident.dispatches[-1].tag} {phone}"

    message_id, job = in_database(car)
    return message_id, *job.split()


def _a_texter_and_a_car(line: TheLine, in_database: Any) -> None:
    message_id, tag, phone = _a_car_is_asked_for(line, in_database)
    for state in ("sent", "delivered"):
        line.post(f"/sms/status?message={message_id}", MessageSid="SM" + "5" * 32, MessageStatus=state)
    for digit in "1345":
        line.texts(f"{tag} {digit}", From=phone)


def _a_crew_rung_and_put_through(line: TheLine, in_database: Any) -> None:
    _, tag, phone = _a_car_is_asked_for(line, in_database)

    def ring(db: Any) -> str:
        [row] = db.scalars(select(Dispatch)).all()
        crew_calls.ring_crew(db, dispatch.get(db, row.id), now=utcnow())
        return db.scalars(select(Leg.id).where(Leg.purpose == crew_calls.OFFER)).one()

    leg = in_database(ring)
    theirs = {"CallSid": "CA" + "7" * 32, "ParentCallSid": NURSE_CALL}
    offer = line.post(f"/voice/legs/{leg}/answer", CallSid=NURSE_CALL)
    line.post(offer.attribute("action"), CallSid=NURSE_CALL, Digits="1")
    dials = line.post(offer.attribute("action"), CallSid=NURSE_CALL, Digits="*")
    asked = line.post(dials.attribute("url"), **theirs)
    line.post(asked.attribute("action"), Digits="1", **theirs)
    line.post(dials.attribute("action"), CallSid=NURSE_CALL, DialCallStatus="completed")
    line.post(offer.attribute("action"), CallSid=NURSE_CALL, Digits="3")
    line.post(f"/voice/legs/{leg}/status", CallSid=NURSE_CALL, CallStatus="completed")
    for digit in "458":
        line.texts(f"{tag} {digit}", From=phone)


def _a_texter_who_asks_to_be_rung_and_is(line: TheLine, in_database: Any) -> None:
    line.texts("hello")
    line.texts("pls ring me")

    def ring(db: Any) -> str:
        nurse = a_nurse(db)
        entry = bridge.take_next(db, nurse, Rules(), now=utcnow())
        return text_calls.ask(db, entry.contact, nurse, now=utcnow()).id

    leg = in_database(ring)
    theirs = {"CallSid": "CA" + "7" * 32, "ParentCallSid": NURSE_CALL}
    ready = line.post(f"/voice/legs/{leg}/answer", CallSid=NURSE_CALL)
    dials = line.post(ready.attribute("action"), CallSid=NURSE_CALL, Digits="1")
    asked = line.post(dials.attribute("url"), **theirs)
    line.post(asked.attribute("action"), Digits="1", **theirs)
    line.post(dials.attribute("action"), CallSid=NURSE_CALL, DialCallStatus="completed")
    line.post(f"/voice/legs/{leg}/status", CallSid=NURSE_CALL, CallStatus="completed")
    line.texts("thank you")


def _a_caller_who_texts_while_they_wait(line: TheLine, in_database: Any) -> None:
    line.rings().stays_silent().holds()
    line.texts("I cannot say it aloud")
    line.texts("I have taken an overdose")
    line.texts("call me")


ENDS = {
    _a_call_that_ends_with_a_nurse: ("finished", []),
    _a_call_given_up: ("abandoned", []),
    _a_nurse_lost: ("waiting", []),
    _a_texter_and_a_car: ("connected", ["with_person"]),
    _a_crew_rung_and_put_through: ("connected", ["clear"]),
    _a_texter_who_asks_to_be_rung_and_is: ("connected", []),
    _a_caller_who_texts_while_they_wait: ("waiting", []),
}
"""Where the entry, and the car's jobs, stand after each story."""
each_story = pytest.mark.parametrize("story", ENDS, ids=lambda story: story.__name__.strip("_"))


def _profile(url: str) -> str:
    return "messaging" if "/sms/" in url else "queue_wait" if url.endswith(("/wait", "/wait/key")) else "voice"


@each_story
def test_each_coming_twice_in_a_row_gets_the_same_answer_and_changes_nothing_more(
    line: TheLine, in_database: Any, database: Database, monkeypatch: pytest.MonkeyPatch, story: Story
) -> None:
    once = line.post

    def twice(url: str, **form: str) -> Exchange:
        first = once(url, **form)
        after_one = _facts(database)
        again = once(url, **form)
        assert again.document == first.document, url
        assert _facts(database) == after_one, url
        return first

    monkeypatch.setattr(line, "post", twice)
    story(line, in_database)


@each_story
@pytest.mark.parametrize("seed", range(3))
def test_all_of_them_coming_again_late_and_shuffled_change_nothing(
    line: TheLine, in_database: Any, database: Database, monkeypatch: pytest.MonkeyPatch, story: Story, seed: int
) -> None:
    once, came = line.post, []

    def noted(url: str, **form: str) -> Exchange:
        came.append((url, form))
        return once(url, **form)

    monkeypatch.setattr(line, "post", noted)
    story(line, in_database)
    after = _facts(database)
    assert (after["entries"][0][1], [state for _, state in after["jobs"]]) == ENDS[story]
    late = [*came, *came]
    random.Random(seed).shuffle(late)
    for url, form in late:
        answer = once(url, **{**form, "profile": _profile(url)})
        assert answer.response.status_code in (200, 204), url
        assert _facts(database) == after, url

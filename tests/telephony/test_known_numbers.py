"""The line never tells whoever rings or texts whether a number is known: a number can be forged, and read by others."""

from datetime import timedelta

import pytest

from triage import contacts, notices, outcomes, queue, same_person
from triage.db import utcnow
from triage.models import Contact, Staff
from triage.rules import Rules

KNOWN, NEW = "+447700900123", "+447700900124"


def rang_before(db, *, danger=False, decided=False, shared=False):
    """Somebody of this number rang an hour ago, and gave up waiting."""
    before = utcnow() - timedelta(hours=1)
    contact = Contact(
        channel="call", carrier_id="CA" + "9" * 32, number=KNOWN, line="+441632960100", route="direct",
        locality="southampton", keyword="marigold", started_at=before, ended_at=before + timedelta(minutes=5),
        place="waiting", last_reply=None, call_id=None, caller_role="carer", text_consent=True, danger=danger,
        leg_ended=True,
    )  # fmt: skip
    db.add(contact)
    db.flush()
    entry = queue.join(db, contact, Rules(), now=before)
    queue.step(db, entry, "abandon", actor="caller", now=before, ended_at=before + timedelta(minutes=5),
               ended_how="gave_up")  # fmt: skip
    nurse = db.query(Staff).filter_by(email="carys@example.org").one()
    if decided:
        outcomes.record(db, contact, nurse, now=before, urgency="B", disposition="crisis_team", notes="Has a plan.")
    if shared:
        same_person.mark_shared(db, contact, "payphone", nurse, now=before)
    return contacts.get(db, contact.id)


HISTORIES = [{}, {"danger": True}, {"decided": True}, {"danger": True, "decided": True}, {"shared": True}]


def a_whole_call(line, number, sid):
    """Every document that a caller gets, from the ring to the wait, with our ids taken out."""
    call = line.rings(sid=sid, From=number)
    heard = [call.last.said]
    call.says("marigold")
    heard.append(call.last.said)
    while not call.last.has("Enqueue"):
        call.stays_silent()
        heard.append(call.last.said)
        assert len(heard) < 9
    call.holds()
    return [*heard, call.last.said]


@pytest.mark.parametrize("history", HISTORIES)
def test_a_first_caller_and_a_known_one_hear_the_same_words(line, in_database, history):
    first = a_whole_call(line, NEW, "CA" + "1" * 32)
    line.post("/voice/status", CallSid="CA" + "1" * 32, CallStatus="completed", From=NEW, To="+441632960100")
    in_database(lambda db: rang_before(db, **history).id)
    assert a_whole_call(line, KNOWN, "CA" + "2" * 32) == first


@pytest.mark.parametrize("history", HISTORIES)
def test_a_first_texter_and_a_known_one_read_the_same_words(line, in_database, history):
    in_database(lambda db: rang_before(db, **history).id)
    for body in ("hello", "marigold", "I will hurt myself now", "STOP"):
        known, new = line.texts(body, From=KNOWN), line.texts(body, From=NEW)
        assert known.said == new.said, body


def test_a_notice_to_staff_says_nothing_of_anybody():
    assert not any(char.isdigit() for char in notices.TEXT)
    assert "crisis" not in notices.TEXT.lower()

"""Whoever texts again after the end: the same conversation within the window, an answer to the question, or a new one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update

from tests.telephony.test_voice import a_nurse
from triage import bridge, contacts, presence, queue, reach_models
from triage.after_models import FollowUp
from triage.db import utcnow
from triage.models import Contact, History, Locality, Message, QueueEntry, new_id
from triage.rules import Rules

ISLAND = "+441632960111"
THANKS = "Thank you. If you need somebody"


@pytest.fixture
def window(in_database):
    """Conversations of the island may be come back to for two days."""
    in_database(lambda db: db.execute(update(Locality).where(Locality.code == "iow").values(text_window_hours=48)))


@pytest.fixture
def ended(line, in_database):
    """The contact of somebody who texted the island, was heard, and was finished with an hour ago."""

    def ends():
        line.texts("hello", To=ISLAND)

        def take_and_finish(db):
            nurse, then = a_nurse(db), utcnow() - timedelta(hours=1)
            entry = bridge.take_next(db, nurse, Rules(), now=then)
            bridge.finish(db, entry.contact, nurse, now=then)
            return entry.contact_id

        return in_database(take_and_finish)

    return ends


def entries(in_database):
    return in_database(lambda db: list(db.scalars(select(QueueEntry).order_by(QueueEntry.arrived_at))))


def count(in_database, table):
    return in_database(lambda db: db.scalar(select(func.count()).select_from(table)))


def happened(in_database, contact_id):
    lines = select(History.what).where(History.contact_id == contact_id).order_by(History.id)
    return in_database(lambda db: list(db.scalars(lines)))


def test_without_a_window_a_text_after_the_end_is_a_new_contact(line, in_database, ended):
    ended()
    assert "Solent Crisis Line" in line.texts("me again", To=ISLAND).said
    assert count(in_database, Contact) == 2


def test_within_the_window_it_is_the_same_conversation_and_a_nurse_will_read_it(line, in_database, window, ended):
    contact_id = ended()
    token = entries(in_database)[0].token
    before = utcnow()
    said = line.texts("me again", To=ISLAND).said
    assert "a nurse will read it" in said
    assert "Solent Crisis Line" not in said, "they are not greeted again"
    [entry] = entries(in_database)
    assert (entry.contact_id, entry.state, entry.nurse_id, entry.token) == (contact_id, "waiting", None, token)
    assert entry.arrived_at >= before
    assert entry.contact.ended_at is None
    assert entry.reasons[0].startswith("Came back to a conversation that ended ")
    assert entry.band == queue.NOT_ASKED
    assert "come_back" in happened(in_database, contact_id)
    assert line.texts("are you there", To=ISLAND).said == ""
    claimed = in_database(lambda db: bridge.take_next(db, a_nurse(db), Rules(), now=utcnow()))
    assert (claimed.contact_id, claimed.token) == (contact_id, token + 1)


def test_whoever_finished_them_before_cannot_finish_them_again_unheard(line, in_database, window, ended):
    contact_id = ended()
    line.texts("me again", To=ISLAND)
    with pytest.raises(queue.NotTheirs):
        in_database(lambda db: bridge.finish(db, contacts.get(db, contact_id), a_nurse(db), now=utcnow()))


def test_the_nurse_who_had_them_is_named_while_she_is_on_shift(line, in_database, window, ended):
    ended()
    nurse = in_database(a_nurse)
    line.texts("me again", To=ISLAND)
    assert f"{nurse.name} had them before" in entries(in_database)[0].reasons


def test_a_nurse_who_has_gone_home_is_not_named(line, in_database, window, ended):
    ended()
    in_database(lambda db: presence.put(db, a_nurse(db), "off", None, now=utcnow()))
    line.texts("me again", To=ISLAND)
    assert not any("had them before" in why for why in entries(in_database)[0].reasons)


def test_back_within_a_quarter_of_an_hour_or_after_danger_is_ahead(line, in_database, window, ended):
    contact_id = ended()
    in_database(lambda db: db.execute(update(Contact).where(Contact.id == contact_id).values(danger=True)))
    line.texts("me again", To=ISLAND)
    [entry] = entries(in_database)
    assert (entry.band, entry.reasons[1]) == (queue.VERY_URGENT, "Said there was danger in it")


def test_danger_on_coming_back_goes_first_and_is_answered_with_999(line, in_database, window, ended):
    ended()
    assert "ring 999" in line.texts("I've taken an overdose", To=ISLAND).said
    [entry] = entries(in_database)
    assert (entry.band, entry.state) == (queue.DANGER, "waiting")


def test_a_lone_stop_on_coming_back_is_seen_by_a_nurse(line, in_database, window, ended):
    ended()
    assert line.texts("STOP", To=ISLAND).said == ""
    [entry] = entries(in_database)
    assert entry.state == "waiting"
    assert any("distress" in why for why in entry.reasons)


def test_after_the_window_it_is_a_new_contact(line, in_database, window, ended):
    contact_id = ended()
    ago = utcnow() - timedelta(hours=49)
    in_database(lambda db: db.execute(update(Contact).where(Contact.id == contact_id).values(ended_at=ago)))
    line.texts("me again", To=ISLAND)
    assert count(in_database, Contact) == 2


def test_a_telephone_that_is_shared_comes_back_to_nobodys_conversation(line, in_database, window, ended):
    contact_id = ended()

    def mark(db):
        row = reach_models.SharedNumber(id=new_id(), kind="shared", marked_by="operator", marked_at=utcnow())
        row.number = contacts.get(db, contact_id).number
        db.add(row)

    in_database(mark)
    line.texts("hello", To=ISLAND)
    assert count(in_database, Contact) == 2


def test_two_first_texts_at_once_open_it_once(line, in_database, window, ended):
    contact_id = ended()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: line.texts(f"text {n}", sid=f"SM9{n:031d}", To=ISLAND), range(4)))
    assert happened(in_database, contact_id).count("come_back") == 1
    assert (count(in_database, Contact), count(in_database, QueueEntry)) == (1, 1)
    texts = select(func.count()).select_from(Message).where(Message.direction == "in")
    assert in_database(lambda db: db.scalar(texts)) == 5


def test_a_running_conversation_costs_no_look_at_ended_ones(line, in_database, window):
    line.texts("hello", To=ISLAND)
    asked = []
    listen = lambda *given: asked.append(given[2])  # noqa: E731
    event.listen(line.database.engine, "before_cursor_execute", listen)
    line.texts("are you there", To=ISLAND)
    event.remove(line.database.engine, "before_cursor_execute", listen)
    assert not any("text_window_hours" in statement and "follow_up" in statement for statement in asked)


# --- the question after -----------------------------------------------------------------------------------------------


@pytest.fixture
def asked(in_database, ended):
    """Whoever was finished with, and was asked the question just now."""
    contact_id = ended()
    row = {"contact_id": contact_id, "message_id": None, "asked_at": utcnow(), "score": None, "scored_at": None}
    in_database(lambda db: db.add(FollowUp(**row, words=None)))
    return contact_id


def the_answer(in_database):
    return in_database(lambda db: (lambda row: (row.score, row.words))(db.scalar(select(FollowUp))))


def test_a_number_and_then_words_are_kept_and_open_nothing(line, in_database, asked):
    assert THANKS in line.texts("4", To=ISLAND).said
    assert line.texts("The nurse was kind", To=ISLAND).said == ""
    assert the_answer(in_database) == (4, "The nurse was kind")
    [entry] = entries(in_database)
    assert (entry.state, count(in_database, Contact)) == ("finished", 1)


def test_the_same_answer_again_is_kept_once(line, in_database, asked):
    first = line.texts("4", sid="SM" + "7" * 32, To=ISLAND).document
    assert line.texts("4", sid="SM" + "7" * 32, To=ISLAND).document == first
    assert happened(in_database, asked).count("answered_after") == 1


def test_an_answer_within_the_window_opens_nothing_either(line, in_database, window, asked):
    line.texts("5 thank you", To=ISLAND)
    assert the_answer(in_database) == (5, "thank you")
    assert [entry.state for entry in entries(in_database)] == ["finished"]


@pytest.mark.parametrize(
    "body", ["I've taken an overdose", "it did not help", "5 paracetamol", "harbour", "STOP", "help"]
)
def test_whatever_is_not_plainly_an_answer_is_for_a_nurse(line, in_database, asked, body):
    line.texts("2", To=ISLAND)
    line.texts(body, To=ISLAND)
    assert [entry.state for entry in entries(in_database)] == ["finished", "waiting"]
    assert the_answer(in_database) == (2, None)


def test_a_number_nobody_asked_for_is_a_text_like_any(line, in_database, ended):
    ended()
    line.texts("4", To=ISLAND)
    assert [entry.state for entry in entries(in_database)] == ["finished", "waiting"]


def test_while_a_conversation_runs_a_number_is_for_the_nurse(line, in_database, asked):
    line.texts("I need somebody", To=ISLAND)
    line.texts("4", To=ISLAND)
    assert the_answer(in_database) == (None, None)

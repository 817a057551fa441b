"""Texts as networks really deliver them: twice, at once, late, in odd letters, with reports that come early or never."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from sqlalchemy import func, select

from telephony import inbound
from tests.fakes import FakeCarrier
from tests.telephony.conftest import ACCOUNT, BASE, TheLine
from tests.telephony.test_voice import a_nurse
from triage import bridge, jobs, queue, texts
from triage.db import Database, utcnow
from triage.models import Contact, Message, Outbox, Promise, QueueEntry
from triage.rules import Rules

FALLBACK = "+441632960999"
Ask = Callable[[Callable[..., Any]], Any]


def words_kept(in_database: Ask) -> list[str]:
    kept = select(Message).where(Message.direction == "in").order_by(Message.made_at, Message.id)
    return [row.body for row in in_database(lambda db: db.scalars(kept).all())]


def entry(in_database: Ask) -> Any:
    return in_database(lambda db: db.scalar(select(QueueEntry)))


def count(in_database: Ask, model: Any) -> int:
    return int(in_database(lambda db: db.scalar(select(func.count()).select_from(model))))


# --- twice, at once, out of order -------------------------------------------------------------------------------------


def test_one_text_delivered_several_times_at_once_is_one_text_with_one_answer(line: TheLine, in_database: Ask) -> None:
    line.texts("hello", sid="SM" + "1" * 32)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: line.texts("I cannot sleep", sid="SM" + "7" * 32).document, range(4)))
    assert words_kept(in_database) == ["hello", "I cannot sleep"]
    assert len(set(answers)) == 1
    assert count(in_database, QueueEntry) == 1


def test_the_first_text_delivered_several_times_at_once_is_answered_once_and_waits_once(
    line: TheLine, in_database: Ask
) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: line.texts("hello", sid="SM" + "7" * 32).said, range(4)))
    assert words_kept(in_database) == ["hello"]
    assert all("Solent Crisis Line" in said for said in answers)
    assert (count(in_database, Contact), count(in_database, QueueEntry)) == (1, 1)
    sent = select(func.count()).select_from(Message).where(Message.direction == "out")
    assert in_database(lambda db: db.scalar(sent)) == 1


def test_two_texts_that_overtake_each_other_are_both_kept_and_greeted_once(line: TheLine, in_database: Ask) -> None:
    assert "Solent Crisis Line" in line.texts("and I don't know what to do", sid="SM" + "2" * 32).said
    assert line.texts("my brother died", sid="SM" + "1" * 32).said == ""
    assert sorted(words_kept(in_database)) == ["and I don't know what to do", "my brother died"]
    assert count(in_database, Contact) == 1


# --- long, odd and hostile letters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "a" * 1600,
        "\u0645\u0631\u062d\u0628\u0627 " * 260,
        "\U0001f622" * 800,
        "one breath, in three parts. " * 16,
        "\U0001f469\u200d\U0001f469\u200d\U0001f467 \u05e9\u05dc\u05d5\u05dd \u202edetrever\u202c \ufffd \ufdfa",
        "line one\nline two\ttabbed\r\nline three",
        "' OR 1=1; -- <b>&amp;</b> {{7*7}} %s \\x00",
    ],
)
def test_whatever_a_person_writes_is_kept_as_they_wrote_it(line: TheLine, in_database: Ask, body: str) -> None:
    reply = line.texts(body, NumSegments=str(-(-len(body) // 67)))
    assert "Solent Crisis Line" in reply.said
    assert words_kept(in_database) == [body]
    assert entry(in_database).state == "waiting"


@pytest.mark.parametrize("at", [0, 700, 1570])
def test_danger_is_read_anywhere_in_the_longest_text(line: TheLine, in_database: Ask, at: int) -> None:
    body = ("so much to say. " * 100)[:at] + " I've taken an overdose. " + ("and more. " * 160)
    line.texts(body[:1600])
    assert entry(in_database).band == queue.DANGER


def test_a_text_of_several_parts_is_one_text(line: TheLine, in_database: Ask) -> None:
    body = "It began last week and it has not stopped since. " * 9 + "I've taken an overdose."
    line.texts(body, NumSegments="4")
    assert words_kept(in_database) == [body]
    assert entry(in_database).band == queue.DANGER


DANGER = {
    "full width": "\uff29\u2019\uff56\uff45 \uff54\uff41\uff4b\uff45\uff4e \uff41\uff4e \uff4f\uff56\uff45\uff52\uff44\uff4f\uff53\uff45",
    "Cyrillic letters": "I've t\u0430k\u0435n an \u043ev\u0435rd\u043es\u0435",
    "Greek letters": "I've t\u03b1k\u03b5n an \u03bfver\u03b4\u03bf\u0455e",
    "Armenian letters": "I've taken an \u0585verd\u0585se",
    "bold letters": "I've taken an \U0001d428\U0001d42f\U0001d41e\U0001d42b\U0001d41d\U0001d428\U0001d42c\U0001d41e",
    "circles": "I've taken an \u24de\u24e5\u24d4\u24e1\u24d3\u24de\u24e2\u24d4",
    "accents": "I've t\u00e0ken \u00e4n \u00f6v\u00e9rd\u00f4se",
    "zero-width characters": "I've taken an over\u200bdo\u200dse",
    "soft hyphens": "I've taken an over\u00addose",
    "marks of direction": "\u202bI've taken an \u2067overdose\u2069\u202c",
    "emoji": "\U0001f622\U0001f622 I've taken an overdose \U0001f622",
    "a NUL within a word": "I've taken an over\0dose",
    "other control characters": "I've\x07 taken an over\x1bdose\x7f",
}


@pytest.mark.parametrize("how", DANGER)
def test_danger_is_read_whatever_letters_it_is_written_with(line: TheLine, in_database: Ask, how: str) -> None:
    assert "999" in line.texts(DANGER[how]).said
    assert entry(in_database).band == queue.DANGER


@pytest.mark.parametrize(
    "body",
    ["h\u0430rb\u043eur", "\uff28\uff21\uff32\uff22\uff2f\uff35\uff32", "\u202eharbour\u202c", "HAR\u200bBOUR \U0001f44d",
     "\u210darbour", "harb\0our", "\u0397\u0391RB\u039fUR"],
)  # fmt: skip
def test_the_keyword_is_read_whatever_letters_it_is_written_with(line: TheLine, in_database: Ask, body: str) -> None:
    assert "Isle of Wight" in line.texts(body).said
    assert entry(in_database).lane == "iow"


@pytest.mark.parametrize("code", [*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xD800, 0xDFFF])
def test_a_character_that_cannot_be_kept_is_left_out_and_the_rest_is_kept(code: int) -> None:
    assert inbound.words({"Body": f"before{chr(code)}after"}) == "beforeafter"


def test_bytes_that_are_no_text_lose_no_text(line: TheLine, in_database: Ask) -> None:
    """Half of a character, as no carrier should send it: posted as raw bytes, and signed as they are read."""
    form = {"AccountSid": ACCOUNT, "From": "+447700900123", "To": "+441632960100", "MessageSid": "SM" + "4" * 32}
    raw = urlencode(form).encode() + b"&Body=" + b"are you there%ED%A0%80%FF%00".replace(b" ", b"+")
    seen = dict(parse_qsl(raw.decode(), keep_blank_values=True, errors="werkzeug.url_quote"))
    signature = line.validator.compute_signature(f"{BASE}/sms/incoming", seen)
    answer = line.client.post(
        "/sms/incoming", data=raw, content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
    )  # fmt: skip
    assert answer.status_code == 200
    [kept] = words_kept(in_database)
    assert kept.startswith("are you there")
    assert "\0" not in kept


# --- what became of ours ----------------------------------------------------------------------------------------------


class OnItsWay:
    """A nurse's text, and the carrier that is asked to send it."""

    def __init__(self, line: TheLine, database: Database, in_database: Ask) -> None:
        self.line, self.in_database = line, in_database
        self.carrier = FakeCarrier()
        self.means = jobs.Means(database, self.carrier, FALLBACK)
        line.texts("harbour", sid="SM" + "e" * 32)

        def reply(db: Any) -> tuple[str, str]:
            nurse = a_nurse(db)
            taken = bridge.take_next(db, nurse, Rules(), now=utcnow())
            assert taken
            return texts.to_person(db, taken.contact, "I am here", nurse, now=utcnow()).id, taken.contact_id

        self.id, self.contact_id = in_database(reply)

    def is_sent(self) -> None:
        rows = self.in_database(lambda db: db.scalars(select(Outbox).where(Outbox.job == "send_text")).all())
        for row in rows:
            jobs.run(self.means, row.id)

    def report(self, status: str, sid: str = "SM" + f"{1:032x}", message: str | None = None, **more: str) -> int:
        where = f"/sms/status?message={message or self.id}"
        return self.line.post(where, MessageSid=sid, MessageStatus=status, **more).response.status_code

    @property
    def row(self) -> Message:
        found = self.in_database(lambda db: db.get(Message, self.id))
        assert isinstance(found, Message)
        return found


@pytest.fixture
def ours(line: TheLine, database: Database, in_database: Ask) -> OnItsWay:
    return OnItsWay(line, database, in_database)


def test_a_report_that_is_faster_than_the_answer_is_believed_and_nothing_is_sent_twice(ours: OnItsWay) -> None:
    send = ours.carrier.send_text

    def reports_first(**asked: Any) -> str:
        sid = send(**asked)
        assert ours.report("delivered", sid) == 204
        return sid

    ours.carrier.send_text = reports_first  # type: ignore[method-assign]
    ours.is_sent()
    ours.is_sent()
    assert (ours.row.state, ours.row.carrier_id) == ("delivered", ours.carrier.texts[0].carrier_id)
    assert len(ours.carrier.texts) == 1


def test_a_report_after_the_answer_is_believed(ours: OnItsWay) -> None:
    ours.is_sent()
    assert ours.row.state == "sent"
    assert ours.report("delivered", ours.row.carrier_id or "") == 204
    assert ours.row.state == "delivered"


def test_without_any_report_the_nurse_reads_that_it_is_not_confirmed(ours: OnItsWay) -> None:
    ours.is_sent()
    assert (ours.row.state, ours.row.trouble) == ("sent", None)


@pytest.mark.parametrize(
    "status", ["accepted", "scheduled", "queued", "sending", "partially_delivered", "canceled-ish", ""]
)
def test_a_status_that_is_no_end_or_that_nobody_knows_changes_nothing(ours: OnItsWay, status: str) -> None:
    ours.is_sent()
    assert ours.report(status) == 204
    assert ours.row.state == "sent"


@pytest.mark.parametrize(("status", "code"), [("undelivered", "30003"), ("failed", "30006"), ("undelivered", "99999"),
                                              ("failed", "")])  # fmt: skip
def test_one_that_did_not_arrive_is_shown_as_such_however_often_and_late_it_is_said(
    ours: OnItsWay, status: str, code: str
) -> None:
    ours.is_sent()
    for report in (status, status, "sent", "delivered"):
        assert ours.report(report, ours.row.carrier_id or "", ErrorCode=code) == 204
    assert ours.row.state == "failed"
    assert ours.row.trouble
    with_nurse = ours.in_database(lambda db: db.scalar(select(func.count()).select_from(Promise)))
    assert with_nurse == 0, "she sees it on her page, and is there for them"


@pytest.mark.parametrize("message", ["0" * 32, "nonsense", "'; drop table message"])
@pytest.mark.parametrize("status", ["delivered", "undelivered"])
def test_a_report_about_a_text_nobody_knows_is_taken_and_changes_nothing(
    ours: OnItsWay, message: str, status: str
) -> None:
    ours.is_sent()
    assert ours.report(status, "SM" + "9" * 32, message=message.replace(" ", "%20")) == 204
    assert ours.row.state == "sent"


def test_a_report_about_a_persons_own_text_changes_nothing(ours: OnItsWay) -> None:
    theirs = ours.in_database(lambda db: db.scalar(select(Message).where(Message.direction == "in")))
    assert ours.report("undelivered", theirs.carrier_id, message=theirs.id) == 204
    assert ours.in_database(lambda db: db.get(Message, theirs.id).state) == "received"


def test_the_first_report_on_the_lines_own_answer_says_which_text_it_is(line: TheLine, in_database: Ask) -> None:
    """So that the carrier's copy of it can be erased, also when the report that it arrived never comes."""
    line.texts("hello")
    reply = in_database(lambda db: db.scalar(select(Message).where(Message.direction == "out")))
    line.post(f"/sms/status?message={reply.id}", MessageSid="SM" + "8" * 32, MessageStatus="sent")
    kept = in_database(lambda db: db.get(Message, reply.id))
    assert (kept.state, kept.carrier_id) == ("sent", "SM" + "8" * 32)

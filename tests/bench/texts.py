"""First texts at a steady rate: answered, and visible at the desk, beside a bare signed route that commits one row.

Texts come when they are due, however long those before them take, as the carrier sends them; the floor and ours take
turns at the same rate. Every text begins a conversation of its own, with words of its own. The numbers are Ofcom's drama
mobiles alone, a thousand, and many first texts of numbers in a row are a flood (`triage.floods`), so: every fourth
number writes first, as somebody nobody knows, 25 of any hundred, half of what would be a flood; after them, those who
wrote a month ago, who are never merged; then the same people on other lines of the service, each a conversation of its
own there. Five lines are as many as the line answers one number on within ten minutes. What comes after that, at 100 a
second for a minute, is from landlines: kept and put in the queue, but not answered.
"""

import os
import random
import re
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from sqlalchemy import func, insert, select
from twilio.request_validator import RequestValidator

from tests import factories
from tests.bench import report
from tests.bench.bed import Bed
from tests.bench.measuring import Spread, Strangers, percentile
from tests.bench.rings import FORM, TEXT_PATH
from tests.bench.server import FLOOR_TARGET, OURS_TARGET, PATIENCE_S, served, whole
from triage import accounts
from triage.db import Database, utcnow
from triage.models import Contact, History, Line, Message, QueueEntry, new_id
from triage.sealing import columns
from triage.spool import Spool

RATES = (1, 20, 100)  # texts a second
SLICES = 4
SECONDS = {1: 24, 20: 12, 100: 8}  # of ours at each rate, over all its slices
QUICK_SECONDS = {1: 8, 20: 6, 100: 4}
FEWEST_AT_ONCE, MOST_AT_ONCE = 8, 100  # connections
POLL_EVERY_S = 1.0
CARRIER_WAITS_S = 15.0
SETTLED_WITHIN_S = 60.0
LISTED = (
    450  # GET /queue lists 500 people, some of them here before: of more than that, not everybody can be seen in it
)
KNOWN_FOR = timedelta(days=30)
STEPS = ("texted", "text_in", "joined_queue", "line_answered")  # of a conversation that was answered, once each


@dataclass(frozen=True)
class Text:
    """One text before it is sent: its id, as the carrier gives it, and the whole request."""

    sid: str
    request: bytes
    answered: bool  # whether the line answers such a number


@dataclass
class Sent:
    """One text after it: when it was due, how long its answer took from then on, and that answer."""

    text: Text
    due: float
    took: float
    answer: str


class People:
    """Whoever texts, in the order the docstring above gives, each with a request signed as the server was told."""

    def __init__(self, lines: Sequence[str]) -> None:
        chance = random.Random(1)
        mobiles = [f"+447700900{at:03d}" for at in range(1000)]
        landlines = [number for at in range(1000) if (number := f"+441632960{at:03d}") not in lines]
        strangers, self.known = mobiles[::4], [one for at, one in enumerate(mobiles) if at % 4] + landlines
        self._order: deque[tuple[str, str]] = deque()
        for line, some in ((lines[0], strangers), (lines[0], self.known[:750]), *((line, mobiles) for line in lines[1:]),
                           *((line, landlines) for line in lines)):  # fmt: skip
            self._order += [(number, line) for number in chance.sample(some, len(some))]
        self._texts = 0

    def next(self, told: dict[str, str]) -> Text:
        """A first text of the next person."""
        number, line = self._order.popleft()
        return self._text(told, number, line)

    def again(self, told: dict[str, str]) -> Text:
        """One for the floor, which does not mind who writes."""
        return self._text(told, *self._order[0])

    def _text(self, told: dict[str, str], number: str, line: str) -> Text:
        base_url, validator = told["PUBLIC_BASE_URL"], RequestValidator(told["TWILIO_AUTH_TOKEN"])
        self._texts += 1
        sid = "SM" + new_id()
        fields = {
            "AccountSid": told["TWILIO_ACCOUNT_SID"], "ApiVersion": "2010-04-01", "MessageSid": sid, "SmsSid": sid,
            "SmsMessageSid": sid, "SmsStatus": "received", "NumMedia": "0", "NumSegments": "1", "From": number,
            "FromCity": "", "FromCountry": "GB", "FromState": "", "FromZip": "", "To": line, "ToCity": "",
            "ToCountry": "GB", "ToState": "", "ToZip": "", "Body": f"I do not know whom to ask, it is night {self._texts}",
        }  # fmt: skip
        body = urlencode(fields).encode()
        head = (
            f"POST {TEXT_PATH} HTTP/1.1\r\nHost: {urlsplit(base_url).netloc}\r\nAccept: */*\r\n"
            f"User-Agent: TwilioProxy/1.1\r\n"
            f"X-Twilio-Signature: {validator.compute_signature(base_url + TEXT_PATH, fields)}\r\n"
            f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return Text(sid, head.encode() + body, answered=number.startswith("+447"))


def run(bed: Bed) -> list[report.Found]:
    found = report.Found(
        "First texts at a steady rate over HTTP, the Procfile's web line, PostgreSQL: the webhook answered",
        ("texts/s", "ours p50, ms", "ours p99, ms", "floor p50, ms", "floor p99, ms", "floor's p50 / ours",
         "computing, ms (floor)"),
        notes=["Floor: a bare signed route that commits one row, at the same rate in turn. Aim: at least 0.5 of it.",
               "Counted from the moment a text was due. Computing: CPU of the web processes for each text."],
    )  # fmt: skip
    seen = report.Found(
        "The same texts: visible at the desk, and nothing lost",
        ("texts/s", "visible p50, ms", "visible p99, ms", "sent", "answered", "put aside", "after 15 s"),
        notes=[f"Visible: in GET /queue, asked for by one program every {POLL_EVERY_S:g} s, so half of that is the asking.",
               "Put aside: answered with the fail-safe words and kept on the disk, for the clock to record. After 15 s the "
               "carrier gives up on an answer."],
    )  # fmt: skip
    with Strangers() as strangers:
        for rate in RATES:
            _at(bed, rate, found, seen)
    found.strangers = seen.strangers = strangers.share
    return [found, seen]


def _at(bed: Bed, rate: int, found: report.Found, seen: report.Found) -> None:
    database, spool = bed.database("postgresql"), Spool(bed.folder / f"spool-{rate}")
    lines, token = _prepare(database)
    minute = bed.whole_minute and rate == max(RATES)
    slices = 1 if minute else SLICES // 2 if bed.quick else SLICES
    count = (60 if minute else (QUICK_SECONDS if bed.quick else SECONDS)[rate] // slices) * rate
    floors, ours = _Side(), _Side()
    with (
        served(bed, database, OURS_TARGET, SPOOL_DIR=str(spool.folder)) as web,
        served(bed, database, FLOOR_TARGET) as bare,
    ):
        people = People(lines)
        _make_known(database, people.known)
        for _ in range(FEWEST_AT_ONCE):  # wakes both up
            drive(web.port, [people.next(web.told)], rate)
            drive(bare.port, [people.again(bare.told)], rate)
        with _desk(web.told["PUBLIC_BASE_URL"], token) as desk:
            for _ in range(slices):
                floors.add(drive(bare.port, [people.again(bare.told) for _ in range(count)], rate, bare.process.pid))
                ours.add(drive(web.port, [people.next(web.told) for _ in range(count)], rate, web.process.pid))
            faults, kept_at, aside = _judge(database, spool, ours.sent)
            desk.wait_for(set(kept_at))
    share = Spread.of(floor / its for floor, its in zip(floors.p50s, ours.p50s, strict=True))
    found.add(str(rate), *ours.times(), *floors.times(), report.ratio(share),
              f"{ours.computing_ms():.1f} ({floors.computing_ms():.1f})")  # fmt: skip
    visible = sorted(desk.seen[contact_id] - due for contact_id, due in kept_at.items() if contact_id in desk.seen)
    if len(visible) < len(kept_at) < LISTED:
        faults.append(f"{len(kept_at) - len(visible)} people never stood in the queue")
    seen.add(str(rate), *(report.ms(percentile(visible, share)) if visible else "-" for share in (0.5, 0.99)),
             str(len(ours.sent)), str(sum(1 for one in ours.sent if _reply(one))), str(aside),
             str(sum(1 for one in ours.sent if one.took > CARRIER_WAITS_S)))  # fmt: skip
    seen.faults += [f"{rate} a second: {fault}" for fault in faults]


class _Side:
    """What was sent to one of the two servers, over all slices."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.p50s: list[float] = []
        self._computed: list[float] = []

    def add(self, driven: tuple[list[Sent], float]) -> None:
        sent, computed = driven
        self.sent += sent
        self.p50s.append(percentile(sorted(one.took for one in sent), 0.5))
        self._computed.append(computed)

    def times(self) -> list[str]:
        took = sorted(one.took for one in self.sent)
        return [report.ms(percentile(took, share)) for share in (0.5, 0.99)]

    def computing_ms(self) -> float:
        return sum(self._computed) / len(self.sent) * 1e3


# --- the load ---------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Open:
    """A connection that is kept alive, and the text that waits for its answer on it."""

    socket: socket.socket
    text: Text | None = None
    due: float = 0.0
    answer: bytes = b""


def drive(port: int, texts: Sequence[Text], rate: float, pid: int = 0) -> tuple[list[Sent], float]:
    """Send each text when it is due, over as many connections as that takes; and the CPU seconds that the processes
    under `pid` used meanwhile. Raises RuntimeError for a bad answer, or none.
    """
    before, sent = _computing_s(pid), []
    with selectors.DefaultSelector() as selector:
        idle = [_connect(selector, port) for _ in range(min(FEWEST_AT_ONCE, len(texts)))]
        many, begun, at = len(idle), time.time(), 0
        try:
            while len(sent) < len(texts):
                now = time.time()
                while at < len(texts) and begun + at / rate <= now and (idle or many < MOST_AT_ONCE):
                    if not idle:
                        idle.append(_connect(selector, port))
                        many += 1
                    _send(idle.pop(), texts[at], begun + at / rate)
                    at += 1
                next_due = begun + at / rate if at < len(texts) and (idle or many < MOST_AT_ONCE) else None
                patience = PATIENCE_S if next_due is None else max(0.0, next_due - time.time())
                ready = selector.select(patience)
                if not ready and next_due is None:
                    raise RuntimeError(f"no answer within {PATIENCE_S:g} s")
                for key, _ in ready:
                    if key.data.text is None:  # the server closes a connection that nobody used for seconds
                        selector.unregister(key.data.socket)
                        key.data.socket.close()
                        idle.remove(key.data)
                        many -= 1
                    elif done := _take(key.data):
                        sent.append(done)
                        idle.append(key.data)
        finally:
            for key in list(selector.get_map().values()):
                key.data.socket.close()
    return sent, _computing_s(pid) - before


def _connect(selector: selectors.BaseSelector, port: int) -> _Open:
    made = _Open(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S))
    made.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    selector.register(made.socket, selectors.EVENT_READ, made)
    return made


def _send(connection: _Open, text: Text, due: float) -> None:
    connection.text, connection.due, connection.answer = text, due, b""
    connection.socket.sendall(text.request)


def _take(connection: _Open) -> Sent | None:
    connection.answer += connection.socket.recv(65536)
    body = whole(connection.answer)
    if body is None:
        return None
    text, connection.text = connection.text, None
    assert text is not None
    return Sent(text, connection.due, time.time() - connection.due, body.decode())


def _computing_s(pid: int) -> float:
    """Seconds of CPU that this process and its children have used."""
    used = 0
    for stat in Path("/proc").glob("[0-9]*/stat") if pid else ():
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if pid in (int(stat.parent.name), int(fields[1])):
            used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


# --- who is there, and the desk ---------------------------------------------------------------------------------------


def _prepare(database: Database) -> tuple[list[str], str]:
    """Five lines that people text, and a nurse on shift; their numbers, and her token."""
    now = utcnow()
    nurse = factories.make_nurse(database, now=now)
    with database.transaction() as db:
        more = [f"+4416329601{at}" for at in range(41, 45)]
        db.add_all(Line(number=number, locality=None, route="direct", language=None) for number in more)
        first = db.scalars(select(Line.number).where(Line.route == "direct").order_by(Line.number)).first()
        assert first is not None
        return [first, *more], accounts.make_token(db, nurse.email, now=now)


def _make_known(database: Database, numbers: Sequence[str]) -> None:
    """Each of these wrote a month ago; that is over."""
    then = utcnow() - KNOWN_FOR
    rows: list[dict[str, Any]] = []
    for number in numbers:
        contact_id = new_id()
        rows.append(
            {
                **columns(Contact, contact_id, number=number), "id": contact_id, "channel": "text",
                "carrier_id": "SM" + new_id(), "line": None, "route": "direct", "locality": None, "started_at": then,
                "ended_at": then, "place": "waiting", "turn": 0, "leg_ended": True, "danger": False,
                "cannot_talk": False, "opted_out": False,
            }
        )  # fmt: skip
    with database.engine.begin() as connection:
        connection.execute(insert(Contact.__table__), rows)
        connection.exec_driver_sql("analyze")


@dataclass
class Desk:
    """One program that looks at the queue: when it first saw each contact."""

    seen: dict[str, float] = field(default_factory=dict)

    def wait_for(self, contacts: set[str]) -> None:
        """Until it has seen all of these, or SETTLED_WITHIN_S have passed."""
        deadline = time.monotonic() + SETTLED_WITHIN_S
        while contacts - self.seen.keys() and time.monotonic() < deadline:
            time.sleep(POLL_EVERY_S / 4)


@contextmanager
def _desk(base_url: str, token: str) -> Iterator[Desk]:
    desk, over = Desk(), threading.Event()

    def look() -> None:
        with requests.Session() as asking:
            asking.headers["Authorization"] = f"Bearer {token}"
            while not over.wait(POLL_EVERY_S):
                answer = asking.get(f"{base_url}/api/v1/queue", timeout=PATIENCE_S)
                asking.headers["If-None-Match"] = answer.headers["ETag"]
                if answer.status_code == requests.codes.ok:
                    now = time.time()
                    for entry in answer.json():
                        desk.seen.setdefault(entry["contact_id"], now)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield desk
    finally:
        over.set()
        looking.join(PATIENCE_S)


# --- what must be true at any speed -----------------------------------------------------------------------------------


def _reply(sent: Sent) -> str | None:
    """The id of the reply that this text was answered with, if it was one of the line's own."""
    found = re.search(r"/sms/status\?message=([0-9a-f]{32})", sent.answer)
    return found[1] if found else None


def _judge(database: Database, spool: Spool, sent: Sequence[Sent]) -> tuple[list[str], dict[str, float], int]:
    """What is wrong; when the text of each contact was due; and how many texts were put aside."""
    due = {one.text.sid: one.due for one in sent}
    with database.reading() as db:
        kept = dict(
            db.execute(
                select(Message.carrier_id, Message.contact_id).where(Message.direction == "in").order_by(Message.id)
            ).all()
        )
        replies = set(db.scalars(select(Message.id).where(Message.direction == "out")))
        first_of = dict(db.execute(select(Contact.id, Contact.carrier_id).where(Contact.carrier_id.in_(due))).all())
        states = dict(db.execute(select(QueueEntry.contact_id, QueueEntry.state)).all())
        happened = {
            step: dict(
                db.execute(
                    select(History.contact_id, func.count()).where(History.what == step).group_by(History.contact_id)
                ).all()
            )
            for step in STEPS
        }
    aside = {event.carrier_id for file in spool.files() if (event := spool.read(file))}
    faults = []

    def wrong(many: int, what: str) -> None:
        if many:
            faults.append(f"{many} {what}")

    ours = {sid: str(kept[sid]) for sid in due if sid in kept}
    wrong(sum(1 for sid in due if sid not in ours and sid not in aside), "texts kept nowhere")
    wrong(sum(1 for sid, contact in ours.items() if first_of.get(contact) != sid), "texts with somebody else's contact")
    wrong(sum(1 for contact in ours.values() if states.get(contact) != "waiting"), "people who wait for nobody")
    for step in STEPS[:-1]:
        wrong(sum(1 for contact in ours.values() if happened[step].get(contact) != 1), f"histories without one {step}")
    for one in sent:
        if one.text.sid in ours and one.text.answered != (_reply(one) in replies):
            wrong(1, "text answered otherwise than its number asks for")
    answered = {one.text.sid for one in sent if _reply(one)}
    wrong(
        sum(1 for sid in answered if sid not in ours or happened["line_answered"].get(ours[sid]) != 1),
        "replies without one line of history",
    )
    return faults, {contact: due[sid] for sid, contact in ours.items()}, len(aside & due.keys())

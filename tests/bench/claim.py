"""Claiming the next person: how much slower it gets with 100,000 waiting than with 100, and 32 nurses at once."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from tests import factories
from tests.bench import report
from tests.bench.bed import NAMES, Bed, alone
from tests.bench.measuring import Rounds, Strangers
from tests.harness.databases import BACKENDS
from triage import contacts, queue, rules, sealing
from triage.db import Database, open_database, utcnow
from triage.models import Contact, Line, QueueEntry, Staff, new_id

SHALLOW, DEEP = 100, 100_000
NURSES, THREADS = 32, 16
CLAIMS_A_ROUND = 6
AT_A_TIME = 5_000  # rows an insert
BANDS = (queue.VERY_URGENT, queue.PROFESSIONAL, queue.NOT_ASKED, queue.URGENT)


def run(bed: Bed) -> list[report.Found]:
    found = report.Found(
        f"Claim of the next person: {DEEP:,} waiting against {SHALLOW}",
        ("database", "times slower", "goal", f"{DEEP:,} waiting, µs", f"{SHALLOW} waiting, µs"),
        notes=["One claim in a transaction of its own; each is followed by the end of that contact and a new arrival."],
    )
    crowd = report.Found(
        f"{NURSES} nurses at once, in {NURSES // THREADS} processes, until nobody waits",
        ("database", "people", "claims/s", "claimed twice", "left behind"),
    )
    with Strangers() as strangers:
        for backend in reversed(BACKENDS):
            depths = {depth: _Queue(bed.database(backend), depth) for depth in (SHALLOW, DEEP)}
            measured = _interleave(depths, bed.rounds(60))
            found.add(NAMES[backend], report.ratio(measured.slower(str(DEEP), str(SHALLOW))), "1.3",
                      report.us(measured.us(str(DEEP))), report.us(measured.us(str(SHALLOW))))  # fmt: skip
    found.strangers = strangers.share
    with Strangers() as strangers:
        for backend in reversed(BACKENDS):
            _all_at_once(bed, backend, crowd)
    crowd.strangers = strangers.share
    return [found, crowd]


class _Queue:
    """A database in which `depth` people wait, in every lane and several bands, and one nurse who may take any."""

    def __init__(self, database: Database, depth: int) -> None:
        self.database = database
        with database.reading() as db:
            self.rules = rules.current(db).rules
            self.lines = db.scalars(select(Line).where(Line.route.in_(("direct", "111")))).all()
            self.places = sorted({place for place in db.scalars(select(Staff.localities)) for place in place})
        self.nurse = factories.make_nurse(database, localities=self.places, now=utcnow())
        self._fill(depth)

    def _fill(self, depth: int) -> None:
        began, lanes = utcnow() - timedelta(hours=1), [queue.NO_LANE, *self.places]
        with self.database.engine.begin() as connection:
            for start in range(0, depth, AT_A_TIME):
                people, entries = [], []
                for at in range(start, min(start + AT_A_TIME, depth)):
                    contact, entry = _waiting(lanes[at % len(lanes)], BANDS[at // 7 % len(BANDS)],
                                              began + timedelta(milliseconds=30 * at))  # fmt: skip
                    people.append(contact)
                    entries.append(entry)
                connection.execute(insert(Contact.__table__), people)
                connection.execute(insert(QueueEntry.__table__), entries)
            connection.exec_driver_sql("analyze")  # as the database itself does within a minute of such a rush

    def claim(self) -> float:
        """Seconds that one claim took. Then that contact is over, and somebody else has arrived."""
        start, now = time.perf_counter(), utcnow()
        with self.database.transaction() as db:
            entry = queue.claim_next(db, db.get_one(Staff, self.nurse.id), self.rules, now=now)
        took = time.perf_counter() - start
        if entry is None:
            raise RuntimeError("nobody was waiting")
        _finish(self.database, entry, self.nurse.id)
        arrived = factories.make_contact(self.database, line=self.lines[0].number, now=now)
        with self.database.transaction() as db:
            queue.join(db, contacts.get(db, arrived.id), self.rules, now=now)
        return took


def _waiting(lane: str, band: int, since: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    contact_id, call = new_id(), factories.carrier_id()
    contact = {
        **sealing.columns(Contact, contact_id, number=factories.number()),
        "id": contact_id, "channel": "call", "carrier_id": call, "line": factories.DIRECT,
        "route": "direct", "locality": lane or None, "started_at": since, "place": "waiting", "turn": 1, "call_id": call,
        "leg_ended": False, "danger": False, "cannot_talk": False, "opted_out": False,
    }  # fmt: skip
    entry = {
        "id": new_id(), "contact_id": contact_id, "state": "waiting", "lane": lane, "band": band,
        "reasons": ["Not yet asked"], "arrived_at": since, "climbed_at": since, "token": 0, "call_back": False,
    }  # fmt: skip
    return contact, entry


def _finish(database: Database, entry: QueueEntry, nurse_id: str) -> None:
    with database.transaction() as db:
        now = utcnow()
        row = db.get_one(QueueEntry, entry.id)
        queue.step(db, row, "finish", actor=nurse_id, now=now, token=entry.token, ended_at=now, ended_how="finished")


def _interleave(queues: dict[int, _Queue], rounds: int) -> Rounds:
    measured = Rounds()
    for one in queues.values():
        for _ in range(12):
            one.claim()
    for at in range(rounds):
        for depth in sorted(queues, reverse=bool(at % 2)):
            took = sorted(queues[depth].claim() for _ in range(CLAIMS_A_ROUND))
            measured.add(str(depth), took[len(took) // 2])
    return measured


def _all_at_once(bed: Bed, backend: str, found: report.Found) -> None:
    people = 320 if bed.quick else 1280
    crowd = _Queue(bed.database(backend), people)
    nurses = [factories.make_nurse(crowd.database, localities=crowd.places, now=utcnow()) for _ in range(NURSES)]
    url = crowd.database.engine.url.render_as_string(hide_password=False)
    starts_at = time.time() + 6.0  # by then every process has read its programs and stands ready
    shares = [[nurse.id for nurse in nurses[at : at + THREADS]] for at in range(0, NURSES, THREADS)]
    answers: list[Any] = [None] * len(shares)

    def ask(at: int) -> None:
        answers[at] = alone(take_all, url, shares[at], starts_at)

    _together([lambda at=at: ask(at) for at in range(len(shares))])
    claimed = [contact for contacts_, _, _ in answers for contact in contacts_]
    seconds = max(end for _, _, end in answers) - min(begun for _, begun, _ in answers)
    twice = sum(1 for times in Counter(claimed).values() if times > 1)
    left = people - len(set(claimed))
    found.add(NAMES[backend], str(people), f"{len(claimed) / seconds:,.0f}", str(twice), str(left))
    if twice:
        found.faults.append(f"{twice} people were claimed by two nurses on {NAMES[backend]}")
    if left:
        found.faults.append(f"{left} people were left waiting on {NAMES[backend]} though nurses were free")


def take_all(url: str, nurse_ids: list[str], starts_at: float) -> tuple[list[str], float, float]:
    """In a process of its own: each nurse takes and finishes people until none waits. Who was taken, and from when to
    when."""
    database, taken = open_database(url, pool_size=THREADS + 2), []
    with database.reading() as db:
        numbers = rules.current(db).rules

    def work(nurse_id: str) -> None:
        while True:
            with database.transaction() as db:
                entry = queue.claim_next(db, db.get_one(Staff, nurse_id), numbers, now=utcnow())
            if entry is None:
                return
            taken.append(entry.contact_id)
            _finish(database, entry, nurse_id)

    time.sleep(max(0.0, starts_at - time.time()))
    begun = time.time()
    _together([lambda nurse_id=nurse_id: work(nurse_id) for nurse_id in nurse_ids])
    return taken, begun, time.time()


def _together(works: list[Callable[[], None]]) -> None:
    """Run every work in a thread of its own; raises the first error that any of them raised."""
    errors: list[Exception] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]

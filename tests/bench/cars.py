"""From asking for the car to the carrier having the text to its crew: one at a time, ten and fifty at once.

The carrier is the least that will do: it takes a text and notes the moment. The floor is a bare RQ job that posts to it.
"""

import json
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import requests
from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from sqlalchemy import select, update

from tests import factories
from tests.bench import report
from tests.bench.bed import Bed
from tests.bench.measuring import Strangers, percentile
from tests.harness.databases import ROOT
from tests.harness.redis_server import RedisServer
from tests.harness.waiting import wait_until
from triage import hurry, incidents, outbox
from triage.db import Database, utcnow
from triage.local.processes import Process, stop_all
from triage.models import Contact, Staff, Unit

AT_ONCE = (1, 10, 50)
FLOOR_QUEUE = "bench"


class Carrier:
    """Takes texts, and notes when each came, by the first word of its body. Each has an id of its own, as ours keeps it."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}
        carrier = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                if "Body" in form:  # else a call to somebody on duty
                    carrier.came.setdefault(form["Body"][0].split(":")[0], time.time())
                body = json.dumps({"sid": f"SM{uuid.uuid4().hex}", "status": "queued"}).encode()
                self.send_response(201)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def bare(url: str, name: str) -> None:
    """The floor's job: one text posted, nothing else."""
    requests.post(url, data={"Body": f"{name}: job"}, timeout=5)


class Night:
    """Asks for cars as a web process does, for units that are there for one job each."""

    def __init__(self, database: Database, redis_url: str, carrier: Carrier) -> None:
        self.database, self.carrier = database, carrier
        self._hurried = database.hurried_by(hurry.Hurry(hurry.client(redis_url)))
        self._made = 0
        with database.reading() as db:
            self.nurse = db.scalars(select(Staff).where(Staff.email == "ana@example.org")).one()

    def ask(self, at_once: int) -> list[float]:
        """Seconds from each request to the carrier's having the offer."""
        now, jobs = utcnow(), []
        with self.database.transaction() as db:
            db.execute(update(Unit).values(active=False))
        for _ in range(at_once):
            self._made += 1
            factories.make_unit(self.database, f"B{self._made}", locality="iow", now=now)
            jobs.append(factories.make_contact(self.database, line="+441632960111", now=now).id)
        began: list[float] = []
        barrier = threading.Barrier(at_once)

        def ask(contact_id: str) -> None:
            barrier.wait()
            began.append(time.time())
            with self._hurried.transaction() as db:
                nurse = db.get_one(Staff, self.nurse.id)
                incidents.ask_for_car(db, db.get_one(Contact, contact_id), nurse, address="1 Sea Street", now=utcnow())

        threads = [threading.Thread(target=ask, args=(contact_id,)) for contact_id in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        names = [f"B{self._made - number}" for number in range(at_once)]
        wait_until(lambda: all(name in self.carrier.came for name in names), 60, what="every offer at the carrier")
        first = min(began)
        return sorted(self.carrier.came[name] - first for name in names)


def run(bed: Bed) -> list[report.Found]:
    database, redis, carrier = bed.database("postgresql", pool_size=max(AT_ONCE)), RedisServer(), Carrier()
    redis.start()
    environment = {**bed.settings(database), "REDIS_URL": redis.url, "TWILIO_API_BASE_URL": carrier.url}
    floor = ["rq", "worker", FLOOR_QUEUE, "--url", redis.url, "--quiet", "--worker-class", "rq.SimpleWorker",
             "--serializer", "json"]  # fmt: skip
    started = [
        _start(bed, name, command, environment)
        for name, command in (
            ("worker", ["nowrongdoor", "worker"]), ("clock", ["nowrongdoor", "clock"]), ("floor-worker", floor)
        )
    ]  # fmt: skip
    found = report.Found(
        "From asking for the car to the carrier having the text to its crew, PostgreSQL, workers through Redis",
        ("at once", "p50, ms", "p99, ms", "floor p50, ms", "ratio of the p50", "jobs"),
        notes=["Floor: bare RQ jobs that post to the same carrier, enqueued as many at once, in the same minute.",
               "At once: all counted from the first request. Aims: 3 times at the median; 2 s at p99 with 50."],
    )  # fmt: skip
    try:
        with Strangers() as strangers:
            _measure(bed, found, Night(database, redis.url, carrier), redis, carrier)
        found.strangers = strangers.share
    finally:
        stop_all(started, patience_s=3)
        redis.close()
        carrier.server.shutdown()
    return [found]


def _measure(bed: Bed, found: report.Found, night: Night, redis: RedisServer, carrier: Carrier) -> None:
    connection = Redis.from_url(redis.url)
    plain = Queue(FLOOR_QUEUE, connection=connection, serializer=JSONSerializer)
    working = {*outbox.QUEUES, FLOOR_QUEUE}
    wait_until(lambda: {n for w in Worker.all(connection=connection) for n in w.queue_names()} >= working, 40,
               what="the workers work")  # fmt: skip
    night.ask(1)  # wakes everything up
    _floor(plain, carrier, 1, "wake")
    for at_once in AT_ONCE:
        ours: list[float] = []
        bare_ones: list[float] = []
        for turn in range(max(2, bed.rounds(40) // at_once)):
            ours += night.ask(at_once)
            bare_ones += _floor(plain, carrier, at_once, f"{at_once}.{turn}")
        ours.sort()
        bare_ones.sort()
        p50, floor50 = percentile(ours, 0.5), percentile(bare_ones, 0.5)
        found.add(str(at_once), report.ms(p50), report.ms(percentile(ours, 0.99)), report.ms(floor50),
                  f"{p50 / floor50:.2f}", str(len(ours)))  # fmt: skip
    connection.close()


def _floor(plain: Queue, carrier: Carrier, at_once: int, turn: str) -> list[float]:
    names = [f"F{turn}.{number}" for number in range(at_once)]
    began = time.time()
    for name in names:
        plain.enqueue("tests.bench.cars.bare", carrier.url, name)
    wait_until(lambda: all(name in carrier.came for name in names), 60, what="the floor's texts at the carrier")
    return [carrier.came[name] - began for name in names]


def _start(bed: Bed, name: str, command: list[str], environment: dict[str, str]) -> Process:
    command[0] = str(Path(sys.executable).with_name(command[0]))
    process = Process(name, command, environment=environment, log=bed.folder / f"cars-{name}.log", folder=ROOT)
    process.start()
    return process

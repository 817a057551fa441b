"""From the commit that promises a job to its start: by a real worker through Redis, and by the clock with Redis gone.

The job is a text to a crew that no longer exists: it is claimed like any other, and then there is nothing to do. The
moment of the claim is noted by a trigger in this benchmark's own database.
"""

import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from sqlalchemy import text

from tests.bench import report
from tests.bench.bed import Bed
from tests.bench.measuring import Spread, Strangers, percentile
from tests.harness.databases import ROOT
from tests.harness.redis_server import RedisServer
from tests.harness.waiting import wait_until
from triage import hurry, outbox
from triage.db import Database, utcnow
from triage.local.processes import Process, stop_all
from triage.models import new_id

NOTE_STARTS = (
    "create table job_start (row_id integer primary key, at double precision)",
    "create function note_start() returns trigger language plpgsql as $$ begin insert into job_start values"
    " (new.id, extract(epoch from clock_timestamp())) on conflict do nothing; return null; end $$",
    "create trigger note_start after update of attempts on outbox for each row execute function note_start()",
)
FLOOR_QUEUE = "bench"


class Web:
    """What a web process does with work it leaves: commit the row, then hurry RQ. Remembers when each was committed."""

    def __init__(self, database: Database, redis_url: str) -> None:
        self.database = database
        self.committed: dict[int, float] = {}
        self._hurry = hurry.Hurry(hurry.client(redis_url))
        self._leaving = database.hurried_by(self._after_commit)

    def _after_commit(self, rows: Sequence[tuple[int, str]]) -> None:
        self.committed |= {row_id: time.time() for row_id, _ in rows}
        self._hurry(rows)

    def leave_job(self) -> None:
        with self._leaving.transaction() as db:
            outbox.add(db, "send_text", queue="dispatch", now=utcnow(), message_id=new_id())

    def waits(self) -> list[float]:
        """Seconds from each commit to the start of its job, of those started so far."""
        with self.database.reading() as db:
            starts = dict(db.execute(text("select row_id, at from job_start")).tuples().all())
        return [starts[row_id] - at for row_id, at in self.committed.items() if row_id in starts]

    def all_started(self) -> bool:
        return len(self.waits()) == len(self.committed)


def run(bed: Bed) -> list[report.Found]:
    database, redis = bed.database("postgresql"), RedisServer()
    with database.engine.begin() as connection:
        for statement in NOTE_STARTS:
            connection.exec_driver_sql(statement)
    redis.start()
    environment = {**bed.settings(database), "REDIS_URL": redis.url}
    floor = ["rq", "worker", FLOOR_QUEUE, "--url", redis.url, "--quiet", "--worker-class", "rq.SimpleWorker",
             "--serializer", "json"]  # fmt: skip
    started = [
        _start(bed, "worker", ["nowrongdoor", "worker"], environment),
        _start(bed, "clock", ["nowrongdoor", "clock"], environment),
        _start(bed, "floor-worker", floor, environment),
    ]
    found = report.Found(
        "From the commit of an outbox row to the start of its job, PostgreSQL",
        ("who does it", "p50, ms", "p99, ms", "jobs"),
        notes=["Floor: RQ's SimpleWorker on a bare queue, from the enqueue to the start, in turn with the worker."],
    )
    try:
        with Strangers() as strangers:
            _through_redis(bed, found, Web(database, redis.url), redis)
            redis.kill()
            _by_the_clock(bed, found, Web(database, redis.url))
        found.strangers = strangers.share
    finally:
        stop_all(started, patience_s=3)
        redis.close()
    return [found]


def _through_redis(bed: Bed, found: report.Found, web: Web, redis: RedisServer) -> None:
    connection = Redis.from_url(redis.url)
    plain = Queue(FLOOR_QUEUE, connection=connection, serializer=JSONSerializer)
    wait_until(lambda: _worked_on(connection) >= {*outbox.QUEUES, FLOOR_QUEUE}, 40, what="the workers work")
    floor: list[float] = []
    for at in range(3 + bed.rounds(60)):
        enqueued = time.time()
        job = plain.enqueue("time.time")
        floor.append(wait_until(job.return_value, 20, what="the floor's job", every_s=0.002) - enqueued)
        web.leave_job()
        wait_until(web.all_started, 20, what="the job started", every_s=0.005)
        if at == 2:  # the first ones wake everything up
            floor.clear()
            web.committed.clear()
    _add(found, "a worker, hurried through Redis", web.waits())
    _add(found, "floor", floor)
    ratio = Spread.of(ours / bare for ours, bare in zip(web.waits(), floor, strict=True))
    found.notes.append(f"The worker to the floor: {report.ratio(ratio)}.")
    connection.close()


def _worked_on(connection: Redis) -> set[str]:
    return {name for one in Worker.all(connection=connection) for name in one.queue_names()}


def _by_the_clock(bed: Bed, found: report.Found, web: Web) -> None:
    for _ in range(bed.rounds(60)):
        web.leave_job()
        time.sleep(random.uniform(0.02, 0.18))  # so that jobs meet the clock's tick anywhere
    wait_until(web.all_started, 30, what="the clock did them all")
    _add(found, "the clock, Redis stopped", web.waits())


def _add(found: report.Found, name: str, waits: list[float]) -> None:
    ordered = sorted(waits)
    found.add(name, report.ms(percentile(ordered, 0.5)), report.ms(percentile(ordered, 0.99)), str(len(ordered)))


def _start(bed: Bed, name: str, command: list[str], environment: dict[str, str]) -> Process:
    command[0] = str(Path(sys.executable).with_name(command[0]))
    process = Process(name, command, environment=environment, log=bed.folder / f"{name}.log", folder=ROOT)
    process.start()
    return process

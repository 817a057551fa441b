"""What hurries work and what finds it again: RQ on a real Redis, the clock without one."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import select, update

from tests import factories
from tests.fakes import FakeCarrier
from tests.harness.databases import ROOT, local_settings
from tests.harness.redis_server import RedisServer
from tests.harness.waiting import wait_until
from tests.triage.scene import Scene
from triage import dispatch, hurry, jobs, outbox, texts, worker
from triage.clock import Clock
from triage.db import Database, utcnow
from triage.models import Contact, Dispatch, Incident, Message, Outbox
from triage.outbox import UNCLAIMED_S
from triage.spool import Spool
from triage.watchdog import Watchdog


class Now(Scene):
    """A scene that plays a little before now, with a carrier, a Redis and a clock."""

    def __init__(self, database: Database, redis_url: str) -> None:
        super().__init__(database)
        self.now = utcnow() - timedelta(seconds=30)
        self.carrier = FakeCarrier()
        self.redis = hurry.client(redis_url)
        self.hurry = hurry.Hurry(self.redis)
        means, spool = jobs.Means(database, self.carrier, factories.FALLBACK), Spool(Path("/nowhere/spool"))
        self.clock = Clock(means, self.hurry, spool, Watchdog(means, spool))
        self.clock._reconciler.look = lambda: False  # type: ignore[method-assign]  # test_reconcile.py has it

    def rings(self) -> Outbox:
        """A nurse is to be rung; nobody has been told yet."""
        self.nurse()
        self.caller()
        self.clock.timers()
        return self.jobs("place_call")[0]

    def queued(self, name: str) -> list[Job]:
        return list(Queue(name, connection=self.redis, serializer=JSONSerializer).jobs)

    def row(self, row: Outbox) -> Outbox:
        with self.database.reading() as db:
            return db.get_one(Outbox, row.id)


@pytest.fixture
def place(database: Database, redis_url: str) -> Iterator[Now]:
    place = Now(database, redis_url)
    yield place
    place.clock._pool.shutdown(wait=True)
    place.redis.close()


def test_rq_is_told_ids_only_in_json_and_of_one_function(place: Now) -> None:
    row = place.rings()
    place.clock.relay()
    [job] = place.queued("line")
    assert (job.func_name, job.args, job.kwargs) == (hurry.JOB, [row.id], {})
    raw = b" ".join(place.redis.hgetall(job.key).values())
    for number in (place.leg(contact_of(place)).to, contact_of(place).number):
        assert number is not None
        assert number.encode() not in raw
    place.clock.relay()
    assert len(place.queued("line")) == 1, "told once"


def contact_of(place: Now) -> Contact:
    with place.database.reading() as db:
        return db.query(Contact).one()


def test_a_transaction_tells_rq_once_it_is_safe_and_not_if_it_failed(place: Now) -> None:
    database = place.database.hurried_by(place.hurry)
    with database.transaction() as db:
        outbox.add(db, "hang_up", now=place.now, leg_id="x")
        assert place.queued("line") == []
    assert len(place.queued("line")) == 1
    with pytest.raises(ZeroDivisionError), database.transaction() as db:
        outbox.add(db, "hang_up", now=place.now, leg_id=str(1 / 0))
    assert len(place.queued("line")) == 1
    place.clock.relay()
    assert len(place.queued("line")) == 1, "and the sweep does not tell it again"


def test_dispatch_work_has_a_queue_of_its_own(place: Now) -> None:
    with place.database.transaction() as db:
        outbox.add(db, "send_text", queue="dispatch", now=place.now, message_id="x")
    place.clock.relay()
    assert [len(place.queued(name)) for name in ("dispatch", "line")] == [1, 0]


@pytest.mark.parametrize("how", ["kill", "pause"])
def test_with_redis_gone_or_frozen_nobody_waits_for_it_and_the_clock_does_the_work(
    place: Now, redis_server: RedisServer, how: str
) -> None:
    row = place.rings()
    getattr(redis_server, how)()
    try:
        started = time.monotonic()
        assert not place.hurry([(row.id, "line")] * 5)
        assert time.monotonic() - started < 1.0
        place.clock.relay()
        wait_until(lambda: place.row(row).done_at, 8, what="the clock to ring the nurse")
        assert len(place.carrier.calls) == 1
    finally:
        redis_server.resume()
        if how == "kill":
            redis_server.start()


def test_work_that_no_worker_takes_up_is_done_by_the_clock(place: Now) -> None:
    row = place.rings()
    place.clock.relay()
    place.clock.relay()
    assert place.carrier.calls == [], "a worker has its chance first"
    with place.database.transaction() as db:
        waited = utcnow() - timedelta(seconds=UNCLAIMED_S + 1)
        db.execute(update(Outbox).values(enqueued_at=waited, due_at=waited))
    place.clock.relay()
    wait_until(lambda: place.row(row).done_at, 8)
    place.clock.relay()
    assert len(place.carrier.calls) == 1


def test_work_whose_worker_died_at_it_is_found_again(place: Now) -> None:
    row = place.rings()
    place.clock.relay()
    assert outbox.claim(place.database, row.id, utcnow())
    with place.database.transaction() as db:
        waited = utcnow() - timedelta(seconds=60)
        db.execute(update(Outbox).values(enqueued_at=waited, due_at=waited))
    place.clock.relay()
    assert place.row(row).attempts == 1, "not while its lease runs"
    with place.database.transaction() as db:
        db.execute(update(Outbox).values(lease_until=utcnow() - timedelta(seconds=1)))
    place.clock.relay()
    wait_until(lambda: place.row(row).done_at, 8)
    assert place.row(row).attempts == 2


def test_work_given_back_goes_to_rq_again_as_a_new_job(place: Now) -> None:
    row = place.rings()
    place.clock.relay()
    place.carrier.is_away()
    jobs.run(jobs.Means(place.database, place.carrier, factories.FALLBACK), row.id)
    with place.database.transaction() as db:
        db.execute(update(Outbox).values(due_at=utcnow()))
    place.clock.relay()
    assert [job.id for job in place.queued("line")] == [f"line-{row.id}-0", f"line-{row.id}-1"]


def test_the_clock_offers_alerts_releases_climbs_and_passes_on(place: Now) -> None:
    nurse, calm = place.nurse(), place.caller(line=factories.ISLAND_LINE)
    place.together(calm, nurse)
    factories.make_unit(place.database, "IW01", now=place.now)
    incident = place.asks_for_car(calm, nurse)
    ready, waiting = place.nurse(), place.caller()
    with place.database.transaction() as db:
        db.execute(update(Dispatch).values(due_at=place.now))
        entry = db.merge(place.entry(waiting))
        entry.climbed_at = utcnow() - timedelta(hours=1)
    place.clock.timers()
    entry = place.entry(waiting)
    assert (entry.state, entry.nurse_id) == ("offered", ready.id)
    assert place.incident(incident).state == "no_unit"
    place.phone_rings(place.leg(waiting))
    with place.database.transaction() as db:
        db.merge(entry).lease_until = place.now
    place.clock.timers()
    assert place.presence(ready).missed == 1
    assert place.history(waiting).count("return") == 1


@pytest.mark.parametrize("writes", [True, False])
def test_the_clock_asks_a_silent_texter_and_not_one_who_writes_meanwhile(place: Now, writes: bool) -> None:
    place.later(-1200)
    nurse, person = place.nurse(), place.texter()
    with place.database.transaction() as db:
        texts.received(db, db.get_one(Contact, person.id), "SM1", "hello", now=place.now)
    place.together(person, nurse)
    place.later(60)
    with place.database.transaction() as db:
        sent = texts.to_person(db, db.get_one(Contact, person.id), "I am Ana", nurse, now=place.now)
        sent.state = "delivered"
    place.clock.timers()
    place.clock.timers()
    [job] = [row for row in place.jobs("send_text") if "only_while" in row.args]
    if writes:
        with place.database.transaction() as db:
            texts.received(db, db.get_one(Contact, person.id), "SM2", "I am here", now=utcnow())
    jobs.run(jobs.Means(place.database, place.carrier, factories.FALLBACK), job.id)
    assert len(place.carrier.texts) == (0 if writes else 1)
    with place.database.reading() as db:
        row = db.get_one(Message, job.args["message_id"])
    assert row.state == ("failed" if writes else "sent")
    assert place.owed() == []


def test_one_step_of_the_clock_that_fails_does_not_stop_the_next(place: Now) -> None:
    done = []
    place.clock.guarded("broken", lambda: 1 / 0)
    place.clock.guarded("next", lambda: done.append(True))
    assert done == [True]


def test_two_clocks_pass_an_offer_on_once(place: Now) -> None:
    from tests.triage.test_claims import at_once

    nurse, caller = place.nurse(), place.caller(line=factories.ISLAND_LINE)
    place.together(caller, nurse)
    for sign in ("IW01", "IW02", "IW03"):
        factories.make_unit(place.database, sign, now=place.now)
    incident = place.asks_for_car(caller, nurse)
    with place.database.transaction() as db:
        db.execute(update(Dispatch).values(due_at=utcnow() - timedelta(seconds=1)))
    at_once(place.clock._crews, place.clock._crews, place.clock._crews)
    assert len(place.dispatches(incident)) == 2
    with place.database.reading() as db:
        assert dispatch.overdue_offers(db, utcnow()) == []


def test_with_redis_gone_two_clocks_ring_a_silent_crew_once_and_text_the_person_once(
    place: Now, redis_server: RedisServer
) -> None:
    from tests.triage.test_claims import at_once

    nurse, caller = place.nurse(), place.caller(line=factories.ISLAND_LINE)
    place.together(caller, nurse)
    for sign in ("IW01", "IW02"):
        factories.make_unit(place.database, sign, now=place.now)
    silent, other = place.asks_for_car(caller, nurse), place.texter(line=factories.ISLAND_LINE)
    place.together(other, place.nurse())
    answered = place.asks_for_car(other, nurse)
    with place.database.transaction() as db:
        db.execute(update(Incident).values(tell_person=True))
        db.execute(update(Dispatch).values(offered_at=utcnow() - timedelta(seconds=place.rules.ring_crew_s)))
        db.execute(update(Outbox).values(done_at=utcnow()))
        [row] = db.scalars(select(Dispatch).where(Dispatch.incident_id == answered.id))
        dispatch.act(db, dispatch.get(db, row.id), "acknowledge", actor="crew", now=utcnow())
    redis_server.kill()
    try:
        at_once(place.clock._crews, place.clock._crews, place.clock._crews)

        def done() -> bool:
            place.clock.relay()
            return bool(place.carrier.calls and place.carrier.texts)

        wait_until(done, 8, what="the clock rings and texts")
        assert [call.to for call in place.carrier.calls] == [place.unit(place.dispatches(silent)[0].call_sign).phone]
        assert [text.to for text in place.carrier.texts] == [other.number]
    finally:
        redis_server.start()


# --- a real worker -----------------------------------------------------------------------------------------------------


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(database_url: str, redis_url: str, queue: str = "line") -> subprocess.Popen[bytes]:
        settings = {**local_settings(), "DATABASE_URL": database_url, "REDIS_URL": redis_url, "PATH": "/usr/bin:/bin"}
        command = [str(Path(sys.executable).with_name("nowrongdoor")), "worker", queue]
        with (tmp_path / "worker.log").open("ab") as log:
            started.append(subprocess.Popen(command, env=settings, cwd=ROOT, stdout=log, stderr=log))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


def test_a_real_worker_does_our_work_and_refuses_every_other_function(
    database_url: str, redis_url: str, start_worker: Callable[..., Any], tmp_path: Path
) -> None:
    from triage.db import open_database

    database = open_database(database_url)
    redis = hurry.client(redis_url)
    touched = tmp_path / "touched"
    lines = Queue("line", connection=redis, serializer=JSONSerializer)
    refused = [
        lines.enqueue("os.system", f"touch {touched}"),
        lines.enqueue("triage.jobs.run", 1),
        lines.enqueue("subprocess.check_call", ["touch", str(touched)]),
    ]
    with database.hurried_by(hurry.Hurry(redis)).transaction() as db:
        outbox.add(db, "no_such_job", now=utcnow())
    process = start_worker(database_url, redis_url)

    def done() -> Any:
        with database.reading() as db:
            row = db.query(Outbox).one()
            return row.done_at and row

    row = wait_until(done, 40, what="the worker to do the row after refusing three others")
    assert row.trouble == "no such job: no_such_job"
    assert process.poll() is None
    assert not touched.exists()
    wait_until(lambda: {str(job.get_status().value) for job in refused} == {"failed"}, 10)
    redis.close()
    database.engine.dispose()


def test_a_process_that_was_not_set_up_does_no_work() -> None:
    with pytest.raises(RuntimeError, match="no means"):
        worker.run_row(1)

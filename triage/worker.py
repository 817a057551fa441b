"""The RQ workers: one queue a process, one allow-listed function, settings that notice a dead worker in seconds.

RQ's defaults notice after 13 minutes, and a worker on two queues can lose a job for good (performance.md 3.2, 3.5).
What RQ loses all the same, the clock does.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.process import BaseProcess
from typing import Final

import structlog
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from triage import hurry, jobs
from triage.outbox import QUEUES

log = structlog.get_logger(__name__)
LOOK_EVERY_S: Final = 0.2
RESTART_AFTER_S: Final = 1.0
FORK: Final = multiprocessing.get_context("fork")
_means: jobs.Means | None = None


def run_row(row_id: int) -> bool:
    """What every job is: do outbox row `row_id`. Raises RuntimeError in a process that was not set up to."""
    if _means is None:
        raise RuntimeError("this process has no means to do jobs")
    return jobs.run(_means, int(row_id))


class LineWorker(SimpleWorker):
    """A worker that runs `run_row` and nothing else, and whose death is noticed in ten seconds.

    It does its work in its own process: a fork for each job has to learn every statement again, which made an offer
    twenty times as slow as the carrier's answer (decision 0023). A job that hangs is ended by RQ's own time-out; a
    process that dies is started again by `supervise`, and what it had in its hands is done by the clock.
    """

    max_connection_wait_time = 1.0

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        return 10

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        # JSON payloads alone are no cure: RQ imports and calls whatever name stands in Redis (reliability.md 3).
        if job.func_name != hurry.JOB:
            log.error("job_not_allowed", name=str(job.func_name)[:60])
            job.retries_left = 0
            self.handle_job_failure(job, queue, execution=execution, exc_string="this function is not allowed")
            return False
        return super().perform_job(job, queue, execution)


def work(means: jobs.Means, redis_url: str, queue: str) -> None:
    """Work on one queue until told to stop."""
    global _means
    _means = means
    connection = hurry.client(redis_url, patient=True)
    worker = LineWorker(
        [Queue(queue, connection=connection, serializer=JSONSerializer)], connection=connection,
        serializer=JSONSerializer, maintenance_interval=5, worker_ttl=20, job_monitoring_interval=3,
    )  # fmt: skip
    worker.work(logging_level="WARNING")


def supervise(means: jobs.Means, redis_url: str) -> None:
    """Keep one worker process for each queue alive until told to stop: a worker that loses Redis mid-job exits.

    The children are forked, so that everything is imported once; they end with this process, also when it is killed.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    children: dict[str, BaseProcess] = {}
    while not stop.wait(LOOK_EVERY_S):
        for queue in QUEUES:
            child = children.get(queue)
            if child is not None and child.is_alive():
                continue
            if child is not None:
                log.warning("worker_restarted", queue=queue, exit=child.exitcode)
                stop.wait(RESTART_AFTER_S)
            children[queue] = FORK.Process(target=_child, args=(means, redis_url, queue, os.getpid()), name=queue)
            children[queue].start()
    for child in children.values():
        child.terminate()
    for child in children.values():
        child.join(10)
        child.kill()


def _child(means: jobs.Means, redis_url: str, queue: str, parent: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _die_with(parent)
    means.database.engine.dispose(close=False)  # connections are the parent's: a child opens its own
    work(means, redis_url, queue)


def _die_with(parent: int) -> None:
    """On Linux, end this process when the one that started it ends, however that happens. Elsewhere, nothing."""
    if not sys.platform.startswith("linux"):
        return
    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit(0)

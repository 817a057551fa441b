"""Telling RQ about work as soon as it is committed. Only ever a hurry: a failure here is nobody's failure.

The client gives up at once (no retries, half a second): with redis-py's own defaults a frozen Redis would hold a
request for a minute (performance.md 3.3). A push whose answer was lost may stand twice in the queue; the claim makes
that harmless.
"""

from collections.abc import Sequence
from typing import Final

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer

from triage.outbox import QUEUES

log = structlog.get_logger(__name__)
JOB: Final = "triage.worker.run_row"  # the only function a worker runs
JOB_TIMEOUT_S: Final = 30


def client(url: str, *, patient: bool = False) -> Redis:
    """A Redis client for hurrying (gives up at once), or a `patient` one for a worker that has nothing else to do."""
    if patient:
        return Redis.from_url(url, socket_connect_timeout=2)
    return Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.25, retry=Retry(NoBackoff(), 0))


class Hurry:
    """Hands outbox rows to RQ. Calling it never raises."""

    def __init__(self, redis: Redis):
        self._queues = {name: Queue(name, connection=redis, serializer=JSONSerializer) for name in QUEUES}

    def __call__(self, rows: Sequence[tuple[int, str]]) -> bool:
        """Enqueue these (row id, queue name). False if Redis did not take them all: the sweep will."""
        try:
            for row_id, queue in rows:
                self.enqueue(row_id, queue)
        except RedisError as error:
            log.warning("redis_away", error=type(error).__name__)
            return False
        return True

    def enqueue(self, row_id: int, queue: str, attempt: int = 0) -> None:
        """One row, once per attempt. Raises RedisError."""
        try:
            self._queues[queue].enqueue(
                JOB, args=[row_id], job_id=f"{queue}-{row_id}-{attempt}", unique=True,
                job_timeout=JOB_TIMEOUT_S, result_ttl=60, failure_ttl=7 * 86400, ttl=600,
            )  # fmt: skip
        except DuplicateJobError:
            return

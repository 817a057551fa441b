"""The clock: timers, sweeps and the outbox, a few times a second. Any number may run; every step is a conditional
write.

It needs no Redis. Work that RQ was given and did not take up within seconds, or that Redis would not take, it does
itself.
"""

import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from types import FrameType
from typing import Final

import structlog
from sqlalchemy.orm import Session

from triage import (
    audit,
    bridge,
    car_news,
    crew_calls,
    crew_safety,
    dispatch,
    floods,
    follow_up,
    jobs,
    outbox,
    queue,
    recovering,
    rules,
    signing_in,
    silence,
    state_warnings,
)
from triage.db import utcnow
from triage.erasing import Erasing
from triage.hurry import Hurry
from triage.reconcile import Reconciler
from triage.spool import Spool
from triage.standing import Kept
from triage.watchdog import EVERY_S, Watchdog

log = structlog.get_logger(__name__)
RELAY_EVERY_S: Final = 0.25
TIMERS_EVERY_S: Final = 1.0
SAYS_CHAIN_EVERY: Final = timedelta(hours=1)
TIDIES_EVERY: Final = timedelta(hours=1)
ASKS_AFTER_EVERY: Final = timedelta(seconds=30)
WATCHING_ENDS_S: Final = 2.0
AT_ONCE: Final = 4  # pieces of work the clock does itself side by side: one slow carrier answer must not hold the rest


class Clock:
    """Ticks until stopped. One tick never stops another: each step has its own transaction and its own guard."""

    def __init__(self, means: jobs.Means, hurry: Hurry, spool: Spool, watchdog: Watchdog):
        self._means = means
        self._hurry = hurry
        self._spool = spool
        self._kept = Kept(means.database)
        self._reconciler = Reconciler(means)
        self._erasing = Erasing(means)
        self._watchdog = watchdog
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="clock")
        self._running: set[int | str] = set()
        self._chain_said: datetime | None = None
        self._tidied: datetime | None = None
        self._looked_after: datetime | None = None

    def run(self) -> None:
        """Tick until SIGTERM or SIGINT."""
        signal.signal(signal.SIGTERM, self._asked_to_stop)
        signal.signal(signal.SIGINT, self._asked_to_stop)
        log.info("clock_started")
        watching = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        watching.start()
        last = float("-inf")
        ticks = 0.0
        while not self._stop.wait(RELAY_EVERY_S):
            ticks += RELAY_EVERY_S
            self.guarded("relay", self.relay)
            if ticks - last >= TIMERS_EVERY_S:
                last = ticks
                self.timers()
        watching.join(WATCHING_ENDS_S)
        self._pool.shutdown(wait=True, cancel_futures=True)
        log.info("clock_stopped")

    def _watch(self) -> None:
        """The watchdog has a thread of its own: whatever holds the ticks up must not hold it."""
        while not self._stop.wait(EVERY_S):
            self.guarded("watchdog", self._watchdog.round)

    def _asked_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def guarded(self, step: str, work: Callable[[], object]) -> None:
        """Run one step; an error is logged and the next step goes on."""
        try:
            work()
        except Exception as error:
            log.exception("clock_step_failed", step=step, error=type(error).__name__)

    def relay(self) -> None:
        """Hand new work to RQ; do what Redis would not take, and what no worker took up, here."""
        now = utcnow()
        with self._means.database.reading() as db:
            new = [(row.id, row.queue, row.attempts) for row in outbox.due(db, now)]
            left = [row.id for row in outbox.left_lying(db, now)]
        if new:
            taken = self._enqueue(new)
            with self._means.database.transaction() as db:
                outbox.enqueued(db, [row_id for row_id, _, _ in new], now)
            left += [row_id for row_id, _, _ in new[taken:]]
        for row_id in left:
            self._do(row_id)

    def _enqueue(self, rows: list[tuple[int, str, int]]) -> int:
        for count, (row_id, name, attempt) in enumerate(rows):
            try:
                self._hurry.enqueue(row_id, name, attempt)
            except Exception as error:  # whatever is wrong with Redis, the clock does the work
                log.warning("redis_away", error=type(error).__name__)
                return count
        return len(rows)

    def _do(self, row_id: int) -> None:
        self._beside(row_id, "job", lambda: jobs.run(self._means, row_id))

    def _beside(self, key: int | str, step: str, work: Callable[[], object]) -> None:
        """Do what waits for the carrier beside the ticks, once at a time for each `key`."""
        if key in self._running:
            return
        self._running.add(key)

        def guarded() -> None:
            try:
                self.guarded(step, work)
            finally:
                self._running.discard(key)

        self._pool.submit(guarded)

    def timers(self) -> None:
        """Everything that becomes due by itself."""
        self.guarded("leases", lambda: self._step(bridge.release_expired))
        self.guarded("pages", lambda: self._step(bridge.pages_gone))
        self.guarded("alerts", lambda: self._step(bridge.alert_all_ready))
        self.guarded("offers", lambda: self._step(bridge.offer_waiting))
        self.guarded("floods", lambda: self._step(floods.keep_in_the_queue))
        self.guarded("climb", lambda: self._step(queue.climb))
        self.guarded("chain", self._chain)
        self.guarded("crews", self._crews)
        self.guarded("silences", self._silences)
        self.guarded("spool", self._recover)
        self._beside("reconcile", "reconcile", self._reconciler.look)
        self._beside("erasing", "erasing", self._erasing.look)
        self.guarded("tidy", self._tidy)

    def _chain(self) -> None:
        """Link what people on the line, the carrier and the clock did; say now and then where the chain ends."""
        now = utcnow()
        with self._means.database.reading() as db:
            left = audit.left(db)
        if left:
            with self._means.database.transaction() as db:
                audit.link_left(db, now)
        if self._chain_said is None or now - self._chain_said >= SAYS_CHAIN_EVERY:
            self._chain_said = now
            with self._means.database.reading() as db:
                log.info("end_of_history", end=str(audit.end(db)))

    def _recover(self) -> None:
        """Record what could not be recorded when it came, and apply ends that came before their call."""
        now = utcnow()
        if self._spool.count():
            recovering.drain(self._means.database, self._kept, self._spool, now=now)
        with self._means.database.reading() as db:
            early = recovering.any_early(db)
        if early:
            with self._means.database.transaction() as db:
                recovering.adopt_early(db, now=now)

    def _tidy(self) -> None:
        """Drop what signing in left behind and nobody needs: old counts, links and sessions."""
        now = utcnow()
        if self._tidied is None or now - self._tidied >= TIDIES_EVERY:
            self._tidied = now
            with self._means.database.transaction() as db:
                signing_in.tidy(db, now=now)

    def _step(self, work: Callable[..., int]) -> None:
        now = utcnow()
        with self._means.database.transaction() as db:
            work(db, rules.current(db).rules, now=now)

    def _crews(self) -> None:
        now = utcnow()
        with self._means.database.reading() as db:
            late = [(row.id, dispatch.no_reply) for row in dispatch.overdue_offers(db, now)]
            late += [(row.id, dispatch.not_sent) for row in dispatch.unsent_offers(db, now)]
            late += [(row.id, crew_calls.ring_crew) for row in crew_calls.unanswered(db, now)]
            late += [(row.id, car_news.tell) for row in car_news.due(db, now)]
            late += [(row.id, crew_safety.not_heard) for row in crew_safety.due(db, now)]
            late += [(row.id, crew_safety.update_unread) for row in crew_safety.updates_unread(db, now)]
            late += [(row.id, state_warnings.stands_too_long) for row in state_warnings.too_long(db, now)]
        for dispatch_id, step in late:
            self.guarded(step.__name__, partial(self._crew_step, step, dispatch_id, now))

    def _silences(self) -> None:
        """People in text conversations who do not write, with a nurse and waiting for one; and the question after."""
        now = utcnow()
        with self._means.database.reading() as db:
            numbers = rules.current(db).rules
            late = [partial(silence.step, contact_id=one, numbers=numbers) for one in silence.due(db, numbers, now)]
            late += [partial(follow_up.ask, contact_id=one) for one in self._asks_after(db, numbers, now)]
            late += [partial(silence.tell_waiting, contact_id=one) for one in silence.to_be_told(db, now)]
        for step in late:
            self.guarded(step.func.__name__, partial(self._one, step, now))

    def _asks_after(self, db: Session, numbers: rules.Rules, now: datetime) -> Sequence[str]:
        """Whom to ask the one question: looked for now and then, nobody waits for it."""
        if self._looked_after is not None and timedelta(0) <= now - self._looked_after < ASKS_AFTER_EVERY:
            return []
        self._looked_after = now
        return follow_up.due(db, numbers, now)

    def _one(self, step: Callable[..., None], now: datetime) -> None:
        with self._means.database.transaction() as db:
            step(db, now=now)

    def _crew_step(self, step: Callable[..., None], dispatch_id: str, now: datetime) -> None:
        with self._means.database.transaction() as db:
            step(db, dispatch.get(db, dispatch_id), now=now)

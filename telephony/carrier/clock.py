"""Carrier time: the seconds that speech, ringing and waiting take. It can run fast, or only when told.

Durations and deadlines are carrier seconds. Dates shown to the service are the machine's own, because the
service lives by those. Webhook time limits are real seconds and never come through here.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

FASTEST = 1000
SETTLE_LIMIT_S = 20.0
"""Real seconds `advance` waits for work in flight (a webhook may take 15) before it moves on."""


@dataclass(eq=False)
class _Wait:
    bell: threading.Condition
    until: float | None
    ready: Callable[[], bool]


class Clock:
    """One clock and one lock for the whole carrier.

    All waiting happens here, so fast and manual time reach everyone.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._speed = speed
        self._manual = False
        self._base = 0.0
        self._base_real = time.monotonic()
        self._waits: list[_Wait] = []
        self._workers = 0

    def now(self) -> float:
        """Carrier seconds since the carrier started."""
        with self.lock:
            if self._manual:
                return self._base
            return self._base + (time.monotonic() - self._base_real) * self._speed

    def describe(self) -> dict[str, object]:
        """The clock as the control API shows it."""
        with self.lock:
            return {
                "mode": "manual" if self._manual else "running",
                "speed": self._speed,
                "now_s": round(self.now(), 3),
            }

    def run(self, speed: float) -> None:
        """Let time run by itself at `speed` carrier seconds a second.

        Raises ValueError unless 0 < speed <= 1000.
        """
        if not 0 < speed <= 1000:
            raise ValueError("speed must be above 0 and at most 1000")
        with self.lock:
            self._rebase()
            self._speed, self._manual = speed, False
            self._ring()

    def hold(self) -> None:
        """Stop time until `advance` or `run`."""
        with self.lock:
            self._rebase()
            self._manual = True
            self._ring()

    def advance(self, seconds: float) -> None:
        """Move time on by `seconds`, stopping at each deadline on the way until what it set off is done.

        In manual mode the result is the same however fast the machine is. Raises ValueError for a negative
        number.
        """
        if seconds < 0:
            raise ValueError("time only goes forward")
        with self.lock:
            if not self._manual:
                self._base += seconds
                self._ring()
                return
            target = self._base + seconds
            while True:
                self._settle()
                deadlines = [w.until for w in self._waits if w.until is not None and self._base < w.until <= target]
                if not deadlines:
                    break
                self._base = min(deadlines)
                self._ring()
            self._base = target
            self._ring()
            self._settle()

    def wait(self, bell: threading.Condition, seconds: float | None, ready: Callable[[], bool]) -> bool:
        """Wait until `ready()` (asked again whenever `bell` is rung) or for `seconds`. Says whether it was
        ready.

        `bell` must have been made by `bell()`, so that it shares the carrier's lock.
        """
        with self.lock:
            wait = _Wait(bell, None if seconds is None else self.now() + seconds, ready)
            self._waits.append(wait)
            self._changed.notify_all()
            try:
                while not ready():
                    left = None if wait.until is None else wait.until - self.now()
                    if left is not None and left <= 0:
                        return False
                    bell.wait(None if left is None or self._manual else max(left / self._speed, 0.0005))
                return True
            finally:
                self._waits.remove(wait)

    def bell(self) -> threading.Condition:
        """Something to wait on and to be rung by."""
        return threading.Condition(self.lock)

    def spawn(self, work: Callable[[], None], name: str) -> None:
        """Do `work` in a thread of its own; `advance` waits for it whenever it is not waiting for time to
        pass.
        """
        with self.lock:
            self._workers += 1

        def body() -> None:
            try:
                work()
            finally:
                with self.lock:
                    self._workers -= 1
                    self._changed.notify_all()

        threading.Thread(target=body, name=name, daemon=True).start()

    def finish_work(self, limit_s: float) -> None:
        """Run as fast as can be until no work is left, or for `limit_s` real seconds."""
        with self.lock:
            self.run(FASTEST)
            give_up = time.monotonic() + limit_s
            while self._workers and time.monotonic() < give_up:
                self._changed.wait(0.25)

    def _rebase(self) -> None:
        self._base = self.now()
        self._base_real = time.monotonic()

    def _ring(self) -> None:
        for wait in self._waits:
            wait.bell.notify_all()

    def _settle(self) -> None:
        give_up = time.monotonic() + SETTLE_LIMIT_S
        while not self._quiet() and time.monotonic() < give_up:
            self._changed.wait(0.25)

    def _quiet(self) -> bool:
        if len(self._waits) < self._workers:
            return False
        return not any((w.until is not None and w.until <= self._base) or w.ready() for w in self._waits)

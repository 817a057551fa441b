"""How long a unit of work waits for the database where somebody on the telephone waits for us.

Server-side limits cannot fire when the server itself is frozen: a query then hangs for ever, and with it a thread of
the web process (measured, reliability.md 3). So each unit of work has a deadline on our side, kept by one thread a
process that cuts the connections of those past it. Once the database has let one unit wait so long, the others are
refused at once, and one a second tries whether it is back: threads must not wait in turn while callers hear nothing.
A webhook may have several units of work: all of them together have REQUEST_S, or a slow network would add them up.
"""

import math
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

UNIT_S: Final = 3.5  # a caller must hear something within five seconds (reliability.md R30)
REQUEST_S: Final = 4.0  # for all the units of one webhook, from its beginning
SLOW_S: Final = 1.0  # a failure faster than this made nobody wait: it opens nothing
TRY_AGAIN_S: Final = 1.0
LOOK_EVERY_S: Final = 0.1


_thread = threading.local()


def a_caller_waits(waits: bool) -> None:
    """This thread works on a webhook from now on; or, with False, on nothing that a caller waits for."""
    _thread.until = time.monotonic() + REQUEST_S if waits else math.inf


def left_s() -> float:
    """How long the caller whose webhook this thread works on may still wait for the database; endless without one."""
    return getattr(_thread, "until", math.inf) - time.monotonic()


class DatabaseAway(NoConnectionFree):
    """The database let somebody wait too long a moment ago, and is not asked again just yet."""


class Patience:
    """Watches the units of work of one engine (PostgreSQL). Safe from many threads, and over a fork."""

    def __init__(self, engine: Engine, unit_s: float = UNIT_S):
        self._unit_s = unit_s
        self._deadlines: dict[int, tuple[float, Any]] = {}
        self._watcher_of: int | None = None
        self._here = threading.local()
        self._lock = threading.Lock()
        self._away = False
        self._try_at = 0.0
        event.listen(engine, "checkout", self._taken)
        event.listen(engine, "checkin", self._given_back)

    @contextmanager
    def unit(self) -> Iterator[None]:
        """One unit of work. Raises DatabaseAway at once while the database is known to be away, and when the caller has
        waited long enough for others.
        """
        self._refuse_while_away()
        began, outer = time.monotonic(), getattr(self._here, "until", math.inf)
        if left_s() <= 0:
            raise DatabaseAway("the database took too long for this webhook")
        self._here.until = min(began + self._unit_s, began + left_s(), outer)
        try:
            yield
        except (DBAPIError, NoConnectionFree) as error:
            self._try_at = time.monotonic() + TRY_AGAIN_S
            self._away = time.monotonic() - began >= SLOW_S and _never_answered(error)
            raise
        finally:
            self._here.until = outer
        self._away = False

    def _refuse_while_away(self) -> None:
        if not self._away:
            return
        with self._lock:
            if time.monotonic() < self._try_at:
                raise DatabaseAway("the database did not answer a moment ago")
            self._try_at = time.monotonic() + self._unit_s + TRY_AGAIN_S  # this one tries; nobody else meanwhile

    def _taken(self, connection: Any, _entry: Any, _proxy: Any) -> None:
        with self._lock:
            self._deadlines[id(connection)] = (self._until(), connection)
        if self._watcher_of != os.getpid():  # the first in this process: threads do not survive a fork
            with self._lock:
                if self._watcher_of != os.getpid():
                    self._watcher_of = os.getpid()
                    threading.Thread(target=self._watch, name="patience", daemon=True).start()

    def _until(self) -> float:
        until = getattr(self._here, "until", math.inf)
        return until if until < math.inf else time.monotonic() + self._unit_s  # taken without a unit

    def _given_back(self, connection: Any, entry: Any) -> None:
        with self._lock:
            in_time = self._deadlines.pop(id(connection), None) is not None
        if connection is not None and not in_time:  # cut just as its work was done: nobody else must get it
            entry.invalidate()

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            now = time.monotonic()
            with self._lock:
                for key, (deadline, connection) in list(self._deadlines.items()):
                    if deadline <= now:
                        self._deadlines.pop(key)
                        _cut(connection)


def _cut(connection: Any) -> None:
    """Shut the socket down under whoever waits on it: they get an error at once. Never raises."""
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
    except Exception:  # noqa: S110 - closed already, which is what was wanted
        pass


def _never_answered(error: DBAPIError | NoConnectionFree) -> bool:
    """Whether the server said nothing at all. What it says itself (a lock not granted in time) has a code."""
    return not isinstance(error, DBAPIError) or getattr(error.orig, "sqlstate", None) is None

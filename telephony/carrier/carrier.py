"""The carrier itself: everything it holds, and how calls come to be."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from . import executor
from .callbacks import Callbacks
from .calls import Leg
from .clock import Clock
from .faults import Faults
from .messages import Messages
from .orders import Callback, Source
from .phones import Phone
from .queues import Queue
from .rooms import Room
from .settings import Line, Settings
from .webhooks import Webhooks

KEPT_CALLS = 5000
KEPT_WARNINGS = 1000
DRAIN_LIMIT_S = 20.0
"""Real seconds a fresh start waits for webhooks on their way."""


class NoSuchLine(Exception):
    """Nobody would answer at that number: it is not a line, and there are no defaults."""


class Carrier:
    """All the state of the carrier. One lock, the clock's, guards it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url = f"http://{settings.host}:{settings.port}"
        self.stopping = threading.Event()
        self.clock = Clock(settings.speed)
        self.faults = Faults()
        self.webhooks = Webhooks(settings, self.faults, self.stopping)
        self.callbacks = Callbacks(self)
        self.messages = Messages(self)
        self.calls: dict[str, Leg] = {}
        self.queues: dict[str, Queue] = {}
        self.rooms: list[Room] = []
        self.phones: dict[str, Phone] = {}
        self.sounds: dict[str, float] = {}
        self.warnings: deque[dict[str, Any]] = deque(maxlen=KEPT_WARNINGS)
        self._next_place = 0.0
        self._lines_at_start = dict(settings.numbers), settings.defaults, settings.twiml_app

    def start_afresh(self) -> None:
        """End every call, let what is on its way arrive, and be as at the start: no calls, texts, faults,
        changes.
        """
        with self.clock.lock:
            for leg in list(self.calls.values()):
                leg.end()
        self.clock.finish_work(DRAIN_LIMIT_S)
        with self.clock.lock:
            held = (self.calls, self.queues, self.rooms, self.phones, self.sounds, self.warnings)
            for each in (*held, self.messages.all, self.messages.stopped):
                each.clear()
            numbers, self.settings.defaults, self.settings.twiml_app = self._lines_at_start
            self.settings.numbers = dict(numbers)
            self._next_place = 0.0
        self.faults.clear()
        self.webhooks.forget()
        self.webhooks.keep_params = False
        self.clock.run(self.settings.speed)

    # Calls

    def ring_line(
        self,
        from_: str,
        to: str,
        *,
        person: str = "",
        params: Mapping[str, str] | None = None,
        forwarded_from: str = "",
        peer: Leg | None = None,
    ) -> Leg:
        """Somebody rings a line, or a browser (`client:`) connects to the TwiML App. Raises NoSuchLine."""
        line = self.settings.twiml_app if from_.startswith("client:") else self.settings.line(to)
        if line is None or not line.voice_url:
            raise NoSuchLine(to)
        leg = Leg(
            self,
            direction="inbound",
            from_=from_,
            to=to,
            person=person or from_,
            params=params,
            callback=Callback(line.status_callback) if line.status_callback else None,
            fallback=Source(line.voice_fallback_url) if line.voice_fallback_url else None,
            forwarded_from=forwarded_from,
        )
        if peer is not None:
            leg.peer, peer.peer = peer, leg
        self._add(leg)
        self.clock.spawn(lambda: executor.run(leg, Source(line.voice_url)), f"call {leg.sid}")
        return leg

    def place(
        self,
        from_: str,
        to: str,
        source: Source,
        *,
        timeout_s: float,
        callback: Callback | None,
        fallback: Source | None,
        detect_machine: bool = False,
    ) -> Leg:
        """A call by REST: rings `to`, then carries out `source`. Returns at once, queued."""
        leg = Leg(
            self,
            direction="outbound-api",
            from_=from_,
            to=to,
            person=to,
            callback=callback,
            fallback=fallback,
        )
        leg.detects_machine = detect_machine
        delay_s = leg.paced_s = self._pace()
        self._add(leg)
        self.clock.spawn(lambda: executor.run_placed(leg, source, timeout_s, delay_s), f"call {leg.sid}")
        return leg

    def dial(
        self, parent: Leg, to: str, caller_id: str, *, params: Mapping[str, str], callback: Callback | None
    ) -> Leg:
        """A child leg, for Dial. Its caller starts its thread."""
        leg = Leg(
            self,
            direction="outbound-dial",
            from_=caller_id,
            to=to,
            person=to,
            params=params,
            callback=callback,
            parent=parent,
        )
        self._add(leg)
        parent.children.append(leg)
        return leg

    def may_send_from(self, number: str) -> bool:
        """Whether the account owns `number`: a configured line, or any number where defaults are set."""
        defaults = self.settings.defaults
        return number in self.settings.numbers or bool(defaults.voice_url or defaults.sms_url)

    def phone(self, person: str) -> Phone:
        """How that person's phone answers."""
        return self.phones.get(person) or Phone()

    def _add(self, leg: Leg) -> None:
        with self.clock.lock:
            self.calls[leg.sid] = leg
            if len(self.calls) > KEPT_CALLS:
                for sid in [sid for sid, old in self.calls.items() if old.over][: KEPT_CALLS // 10]:
                    del self.calls[sid]
        self.log("call", sid=leg.sid, direction=leg.direction)

    def _pace(self) -> float:
        if not self.settings.calls_per_second:
            return 0.0
        with self.clock.lock:
            start = max(self.clock.now(), self._next_place)
            self._next_place = start + 1 / self.settings.calls_per_second
            return start - self.clock.now()

    # Queues and rooms

    def queue(self, name: str) -> Queue:
        """The queue of that name, made if it is new."""
        with self.clock.lock:
            for queue in self.queues.values():
                if queue.name == name:
                    return queue
            queue = Queue(self, name)
            self.queues[queue.sid] = queue
            return queue

    def room(self, name_or_sid: str) -> Room | None:
        """The room that is open under that name or identifier."""
        with self.clock.lock:
            for room in self.rooms:
                if room.status != "completed" and name_or_sid in {room.name, room.sid}:
                    return room
        return None

    def open_room(self, name: str, callback: Callback | None, largest: int) -> Room:
        """The open room of that name, made if there is none; only its first joiner's callback counts."""
        with self.clock.lock:
            room = self.room(name)
            if room is None:
                room = Room(self, name, callback, largest)
                self.rooms.append(room)
                del self.rooms[:-KEPT_CALLS]
            return room

    # Lines

    def set_line(self, number: str, line: Line) -> None:
        """Say where a number's calls and texts go."""
        with self.clock.lock:
            self.settings.numbers[number] = line

    # What the operator sees

    def warn(self, code: int, message: str, *, sid: str = "", url: str = "") -> None:
        """Keep a warning for GET /control/warnings: Twilio's code, what was wrong, where.

        Never words or numbers.
        """
        with self.clock.lock:
            self.warnings.append(
                {
                    "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                    "code": code,
                    "message": message,
                    "sid": sid,
                    "path": urlsplit(url).path,
                }
            )
        self.log("warning", code=code, sid=sid, path=urlsplit(url).path)

    def log(self, event: str, **facts: object) -> None:
        """One JSON line on standard output: identifiers and states, never a number or a word anybody said."""
        row = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "process": "carrier",
            "event": event,
        }
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more: calls go on
            sys.stdout.write(json.dumps(row | facts) + "\n")
            sys.stdout.flush()

"""Status callbacks: sent beside the call, in order for each call, text or room; an answer changes nothing."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .webhooks import WebhookFailed

if TYPE_CHECKING:
    from .carrier import Carrier


@dataclass(frozen=True)
class _Letter:
    url: str
    params: Mapping[str, str]
    kind: str
    method: str


class Callbacks:
    """Posts callbacks without holding up the call. Each `key` (a sid) has its own order."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[_Letter]] = {}

    def post(self, key: str, url: str, params: Mapping[str, str], *, kind: str, method: str = "POST") -> None:
        """Send `params` to `url` after whatever is already on its way for `key`."""
        letter = _Letter(url, dict(params), kind, method)
        with self._lock:
            if key in self._waiting:
                self._waiting[key].append(letter)
                return
            self._waiting[key] = deque([letter])
        self._carrier.clock.spawn(lambda: self._deliver(key), f"callbacks {key}")

    def _deliver(self, key: str) -> None:
        held: _Letter | None = None
        while True:
            with self._lock:
                letters = self._waiting[key]
                if not letters:
                    if held is None:
                        del self._waiting[key]
                        return
                    letters.append(held)
                    held = None
                letter = letters.popleft()
            if held is None and (fault := self._carrier.faults.take("reorder", letter.url)):
                held = letter
                self._wait_for_next(key, fault.seconds)
                continue
            self._send(letter)
            if held is not None:
                self._send(held)
                held = None

    def _wait_for_next(self, key: str, seconds: float) -> None:
        bell = self._carrier.clock.bell()
        steps = max(int(seconds / 0.1), 1)
        for _ in range(steps):
            with self._lock:
                if self._waiting[key]:
                    return
            self._carrier.clock.wait(bell, seconds / steps, lambda: False)

    def _send(self, letter: _Letter) -> None:
        if self._carrier.faults.take("lost_callback", letter.url):
            return
        try:
            self._carrier.webhooks.send(letter.url, letter.params, kind=letter.kind, method=letter.method)
        except WebhookFailed as failed:
            self._carrier.warn(failed.code, "a callback was not accepted", url=letter.url)

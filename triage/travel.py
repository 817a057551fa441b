"""How long a car takes to a place: by a routing server where the trust has one, else by distance and time of day.

The estimate is the great circle times ROAD_FACTOR at the speed of the hour. Both are our choice, made for town and
country alike and measured nowhere: a trust that knows better has a routing server. A straight line knows no water:
where that matters, set ROUTING_URL or give the far side a locality of its own.

`Roads` is the only part that asks another machine, and is asked outside of transactions. What it said is kept for a
while, and `arrival` reads that: it never waits.
"""

import json
import math
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from triage import places
from triage.opening import UK
from triage.places import Position

log = structlog.get_logger(__name__)
ROAD_FACTOR: Final = 1.3
SPEEDS_KMH: Final = ((0, 55), (6, 45), (7, 35), (10, 40), (15, 35), (19, 45), (22, 50), (24, 0))  # from each hour on
DEADLINE_S: Final = 0.8  # for the whole answer, name look-up and reading included
KEPT_S: Final = 120
QUIET_S: Final = 30  # after a failure nothing is asked for so long
MOST: Final = 25  # cars, and incidents, in one question
LONGEST: Final = 1_000_000  # bytes of an answer

Pair = tuple[str, str]


@dataclass(frozen=True)
class Arrival:
    """Whole minutes to a place, at least 1; `estimated` when no routing server said so."""

    minutes: int
    estimated: bool


def speed_kmh(now: datetime) -> int:
    """How fast a car gets on at this hour."""
    hour = now.astimezone(UK).hour
    return next(speed for (start, speed), (end, _) in pairwise(SPEEDS_KMH) if start <= hour < end)


def estimate(car: Position, to: Position, now: datetime) -> int:
    """Minutes by distance and hour."""
    return _minutes(places.metres(car, to) / 1000 * ROAD_FACTOR / speed_kmh(now) * 3600)


def arrival(car: Position | None, to: Position | None, now: datetime) -> Arrival | None:
    """How long this car takes, as far as is known now; None where a place is not known, or no road leads there."""
    if car is None or to is None:
        return None
    known, minutes = roads().said(car, to)
    if known:
        return Arrival(minutes, estimated=False) if minutes is not None else None
    return Arrival(estimate(car, to, now), estimated=True)


class Roads:
    """The trust's routing server: OSRM (`.../table/v1/driving`) or Valhalla (`.../sources_to_targets`).

    Whatever goes wrong is counted in `failures`, and nobody is told: the estimate stands. Positions are rounded to
    three decimals (about 100 m) before they are sent.
    """

    def __init__(self, url: str | None = None, *, ticks: Callable[[], float] = time.monotonic):
        self.url = url
        self.failures = 0
        self._ticks = ticks
        self._said: dict[Pair, tuple[float, int | None]] = {}
        self._quiet_until = -math.inf
        self._asking = threading.Lock()

    def said(self, car: Position, to: Position) -> tuple[bool, int | None]:
        """Whether it said something of these two lately, and the minutes; None where it knows no road."""
        at, minutes = self._said.get((_rounded(car), _rounded(to)), (-math.inf, None))
        return (True, minutes) if self._ticks() - at < KEPT_S else (False, None)

    def ask(self, cars: Sequence[Position], to: Sequence[Position]) -> None:
        """Ask how long each of the cars takes to each place, unless that is known; at most DEADLINE_S. No transaction
        is open meanwhile. While another request asks, or after a failure, nothing is asked.
        """
        if not self.url or self._ticks() < self._quiet_until:
            return
        unknown = [(a, b) for a in cars for b in to if not self.said(a, b)[0]]
        if not unknown or not self._asking.acquire(blocking=False):
            return
        try:
            sources = list(dict.fromkeys(_rounded(a) for a, _ in unknown))[:MOST]
            targets = list(dict.fromkeys(_rounded(b) for _, b in unknown))[:MOST]
            seconds = self._in_time(sources, targets)
            if seconds is None:
                self.failures += 1
                self._quiet_until = self._ticks() + QUIET_S
                return
            if len(self._said) > 50 * MOST**2:
                self._said = {}
            for a, row in zip(sources, seconds, strict=True):
                for b, one in zip(targets, row, strict=True):
                    self._said[a, b] = (self._ticks(), None if one is None else _minutes(one))
        finally:
            self._asking.release()

    def _in_time(self, sources: list[str], targets: list[str]) -> list[list[float | None]] | None:
        """The seconds, or None if they did not come in time or are none. A server that sends a byte now and then keeps
        only its own thread.
        """
        answer: list[list[list[float | None]]] = []

        def run() -> None:
            try:
                answer.append(self._fetch(str(self.url), sources, targets))
            except Exception as error:  # whatever it is, the estimate stands
                log.warning("routing_failed", error=type(error).__name__)

        asking = threading.Thread(target=run, daemon=True)
        asking.start()
        asking.join(DEADLINE_S)
        return answer[0] if answer else None

    def _fetch(self, url: str, sources: list[str], targets: list[str]) -> list[list[float | None]]:
        if urlsplit(url).path.rstrip("/").endswith("/sources_to_targets"):
            asked = {"sources": _places(sources), "targets": _places(targets), "costing": "auto"}
            request = urllib.request.Request(  # noqa: S310 - settings let in https, and http to this machine
                url, json.dumps(asked).encode(), {"Content-Type": "application/json"}
            )
            rows = [[cell["time"] for cell in row] for row in _json(request)["sources_to_targets"]]
        else:
            both = [*sources, *targets]
            where = ";".join(",".join(reversed(one.split(","))) for one in both)
            of = ";".join(map(str, range(len(sources))))
            to = ";".join(map(str, range(len(sources), len(both))))
            request = urllib.request.Request(  # noqa: S310
                f"{url.rstrip('/')}/{where}?sources={of}&destinations={to}&annotations=duration"
            )
            rows = _json(request)["durations"]
        if [len(row) for row in rows] != [len(targets)] * len(sources):
            raise ValueError("not as many times as were asked for")
        return [[None if one is None else _sensible(one) for one in row] for row in rows]


class _Stay(urllib.request.HTTPRedirectHandler):
    """Positions go to the address that was set, and nowhere else."""

    def redirect_request(self, *asked: Any, **more: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())


def _json(request: urllib.request.Request) -> Any:
    with _OPENER.open(request, timeout=DEADLINE_S) as response:
        body = response.read(LONGEST + 1)
    if len(body) > LONGEST:
        raise ValueError("too long an answer")
    return json.loads(body)


def _sensible(seconds: Any) -> float:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds < 86_400:
        raise ValueError("not a time")
    return float(seconds)


def _places(them: list[str]) -> list[dict[str, float]]:
    return [{"lat": float(lat), "lon": float(lon)} for lat, lon in (one.split(",") for one in them)]


def _minutes(seconds: float) -> int:
    return max(1, math.ceil(seconds / 60))


def _rounded(position: Position) -> str:
    return f"{position.lat:.3f},{position.lon:.3f}"


_roads = Roads()


def use(url: str | None) -> None:
    """Ask this routing server from now on; none, when None."""
    global _roads
    _roads = Roads(url)


def roads() -> Roads:
    """The routing server of this process."""
    return _roads

"""How long a car takes: reckoned, or said by a routing server that answers, is silent, or answers rubbish."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from triage import travel
from triage.places import Position
from triage.travel import Arrival, Roads

NEWPORT, RYDE = Position(50.7010, -1.2930), Position(50.7300, -1.1620)
NOON, NIGHT = datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 22, 3, tzinfo=UTC)


class Server(ThreadingHTTPServer):
    """Answers what it is told to, or nothing until it is let go."""

    def __init__(self, answer: bytes | None, status: int = 200, location: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.status, self.location = answer, status, location
        self.asked: list[tuple[str, bytes]] = []
        self.let_go = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.path, body))
        if self.server.answer is None:
            self.server.let_go.wait(10)
            return
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(answer: object, status: int = 200, location: str = "") -> Iterator[Server]:
    body = answer if answer is None or isinstance(answer, bytes) else json.dumps(answer).encode()
    server = Server(body, status, location)
    running = threading.Thread(target=server.serve_forever, args=(0.01,))
    running.start()
    try:
        yield server
    finally:
        server.let_go.set()
        server.shutdown()
        running.join()
        server.server_close()


@pytest.fixture(autouse=True)
def no_roads() -> Iterator[None]:
    yield
    travel.use(None)


def test_the_estimate_is_distance_road_and_hour() -> None:
    # 9.8 km as the crow flies, 12.7 by road: 19.1 minutes at 40 km/h, 13.9 at 55
    assert travel.arrival(NEWPORT, RYDE, NOON) == Arrival(20, estimated=True)
    assert travel.arrival(NEWPORT, RYDE, NIGHT) == Arrival(14, estimated=True)
    assert travel.arrival(RYDE, RYDE, NOON) == Arrival(1, estimated=True)
    assert travel.arrival(None, RYDE, NOON) is None
    assert travel.arrival(RYDE, None, NOON) is None


def test_every_hour_has_a_speed_and_the_hours_are_ours_not_utc() -> None:
    assert all(30 <= travel.speed_kmh(NOON.replace(hour=hour)) <= 60 for hour in range(24))
    summer = datetime(2026, 7, 1, 5, 30, tzinfo=UTC)  # half past six here
    assert travel.speed_kmh(summer) == 45


def test_osrm_says_how_long_and_is_asked_once() -> None:
    with serving({"code": "Ok", "durations": [[730.2]]}) as server:
        travel.use(f"{server.url}/table/v1/driving")
        for _ in range(3):
            travel.roads().ask([NEWPORT], [RYDE])
        [(path, _)] = server.asked
    assert path == ("/table/v1/driving/-1.293,50.701;-1.162,50.730?sources=0&destinations=1&annotations=duration"), (
        "longitude first, and no nearer than a hundred metres"
    )
    assert travel.arrival(NEWPORT, RYDE, NOON) == Arrival(13, estimated=False)


def test_valhalla_says_how_long_and_where_no_road_leads() -> None:
    with serving({"sources_to_targets": [[{"time": 100, "distance": 1}, {"time": None}]]}) as server:
        travel.use(f"{server.url}/sources_to_targets")
        travel.roads().ask([NEWPORT], [RYDE, Position(50.9070, -1.4040)])
        [(_, body)] = server.asked
    assert json.loads(body)["sources"] == [{"lat": 50.701, "lon": -1.293}]
    assert travel.arrival(NEWPORT, RYDE, NOON) == Arrival(2, estimated=False)
    assert travel.arrival(NEWPORT, Position(50.9070, -1.4040), NOON) is None, "over the water there is no road"


@pytest.mark.parametrize(
    "rubbish",
    [
        b"", b"<html>", {}, [], {"durations": None}, {"durations": []}, {"durations": [[1, 2]]}, {"durations": [["1"]]},
        {"durations": [[-1]]}, {"durations": [[1e9]]}, {"durations": [[True]]}, b"[" * 100_000, b"x" * 1_000_002,
    ],
)  # fmt: skip
def test_rubbish_is_counted_and_the_estimate_stands(rubbish: object) -> None:
    with serving(rubbish) as server:
        travel.use(f"{server.url}/table/v1/driving")
        travel.roads().ask([NEWPORT], [RYDE])
    assert travel.roads().failures == 1
    assert travel.arrival(NEWPORT, RYDE, NOON) == Arrival(20, estimated=True)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_no_other_answer_counts_and_nothing_is_sent_elsewhere(status: int) -> None:
    with serving({"durations": [[60]]}) as other, serving({"durations": [[60]]}, status, f"{other.url}/x") as server:
        travel.use(f"{server.url}/table/v1/driving")
        travel.roads().ask([NEWPORT], [RYDE])
        assert other.asked == []
    assert travel.roads().failures == 1


def test_a_silent_server_costs_less_than_a_second_and_is_left_alone_for_a_while() -> None:
    now = [0.0]
    with serving(None) as server:
        roads = Roads(f"{server.url}/table/v1/driving", ticks=lambda: now[0])
        began = time.monotonic()
        roads.ask([NEWPORT], [RYDE])
        assert time.monotonic() - began < 1.5
        roads.ask([NEWPORT], [RYDE])
        assert (roads.failures, len(server.asked)) == (1, 1)
        server.answer = b'{"durations": [[60]]}'
        now[0] = travel.QUIET_S + 1
        roads.ask([NEWPORT], [RYDE])
        assert roads.said(NEWPORT, RYDE) == (True, 1)
        now[0] += travel.KEPT_S
        assert roads.said(NEWPORT, RYDE) == (False, None), "what it said is not kept for long"


def test_without_a_server_nobody_is_asked() -> None:
    roads = Roads(None)
    roads.ask([NEWPORT], [RYDE])
    assert roads.failures == 0

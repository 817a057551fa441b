"""The harness itself: what every other test leans on must fail when it should."""

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
import redis
from sqlalchemy import create_engine, text
from werkzeug.serving import make_server

from tests.harness.browser import Violation
from tests.harness.databases import BACKENDS, Databases
from tests.harness.network import NetworkIsOff, is_this_machine
from tests.harness.redis_server import RedisServer
from tests.harness.waiting import wait_until

ELSEWHERE = "192.0.2.1"  # RFC 5737: documentation, reaches nobody


def test_reaching_another_machine_is_refused() -> None:
    with pytest.raises(NetworkIsOff), socket.socket() as client:
        client.connect((ELSEWHERE, 443))
    with pytest.raises(NetworkIsOff):
        socket.getaddrinfo("line.example", 443)


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        (b"localhost", True),
        (ELSEWHERE, False),
        ("10.0.0.1", False),
        ("line.example", False),
        ("127.0.0.1.line.example", False),
    ],
)
def test_only_loopback_is_this_machine(host: Any, ours: bool) -> None:
    assert is_this_machine(host) is ours


def test_waiting_returns_what_came_true_and_fails_with_what_it_saw() -> None:
    seen = iter([0, 0, 7])
    assert wait_until(lambda: next(seen), 5) == 7
    with pytest.raises(AssertionError, match=r"a crew to answer.*last seen: 0"):
        wait_until(lambda: 0, 0.05, what="a crew to answer")


def test_the_redis_keeps_what_it_confirmed_when_it_is_killed(redis_server: RedisServer, redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url, socket_timeout=2)
    client.rpush("queue", "a job")
    redis_server.kill()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    redis_server.start()
    assert client.lrange("queue", 0, -1) == [b"a job"]
    client.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_new_database_is_empty_and_apart_from_the_others(databases: Databases, backend: str) -> None:
    first, second = databases.empty(backend), databases.empty(backend)
    for url in (first, second):
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("create table only_here (id integer)"))
        engine.dispose()
    databases.drop(first)
    databases.drop(second)


@pytest.fixture
def faulty_page(tmp_path: Any) -> str:
    """A page with one fault that axe must find."""
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><html lang='en'><title>A page</title><main><h1>Hello</h1><img src='x.png'></main>")
    return f"file://{page}"


def test_the_browser_finds_an_accessibility_fault(
    chromium: Any, faulty_page: str, axe: Callable[[Any], list[Violation]]
) -> None:
    page = chromium.new_page()
    page.goto(faulty_page)
    assert [violation.rule for violation in axe(page)] == ["image-alt"]
    page.close()


def test_a_page_is_not_held_while_a_test_waits_for_something_else(
    new_page: Callable[..., Any], free_port: Callable[[], int]
) -> None:
    asked: list[str] = []

    def service(environ: dict[str, Any], start: Any) -> list[bytes]:
        asked.append(environ["REQUEST_METHOD"])
        start("200 OK", [("Content-Type", "text/html")])
        return [b"<button onclick=\"setTimeout(() => fetch('/', {method: 'POST'}), 50)\">Send</button>"]

    server = make_server("127.0.0.1", free_port(), service, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        page = new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.get_by_role("button", name="Send").click()
        wait_until(lambda: "POST" in asked, 5, what="what the page sent after the click")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_page_cannot_reach_another_host(chromium: Any) -> None:
    from tests.harness.browser import only_this_machine

    context = chromium.new_context()
    outside = only_this_machine(context)
    page = context.new_page()
    page.set_content("<img src='https://line.example/a.png' onerror='window.refused = true'>")
    page.wait_for_function("window.refused")
    assert outside == ["https://line.example/a.png"]
    page.set_content("<img src='https://192.0.2.5/a.png' onerror='window.refused = true'>")
    page.wait_for_function("window.refused")
    assert outside[1:] == ["https://192.0.2.5/a.png"]
    context.close()


@pytest.mark.xdist_group("kept together")
def test_a_group_of_tests_is_kept_in_one_worker(request: pytest.FixtureRequest) -> None:
    if getattr(request.config.option, "loadgroup", False):  # else each worker would start every service anew, unseen
        assert request.node.nodeid.endswith("@kept together")

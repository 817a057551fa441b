"""Fixtures with real parts, shared by every test. What they are made of is in `tests/harness/`.

Servers start when the first test of a worker asks for them and live as long as that worker.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.harness import browser, network
from tests.harness.databases import BACKENDS, FIELD_KEYS, Databases
from tests.harness.postgres import PostgresServer
from tests.harness.redis_server import RedisServer
from tests.harness.stack import Stack, stack_folder
from triage import crew_links, sealing

network.switch_off()
structlog.configure(  # its usual way of showing an error, every local value with it, takes a second each
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)
sealing.use(FIELD_KEYS)


@pytest.fixture(autouse=True)
def no_links_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the crew's page is, a process is told once, by `create_app`: that must not reach the next test."""
    monkeypatch.setattr(crew_links, "_base", None)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A real Redis of this worker's own. A test that stops or pauses it must bring it back."""
    server = RedisServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of a Redis with nothing in it."""
    import redis

    client = redis.Redis.from_url(redis_server.url)
    client.flushall()
    client.close()
    return redis_server.url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL: TEST_DATABASE_URL, or one of this worker's own, started when it is first asked for."""
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """The address of the maintenance database; tests want `database_url` or `new_database` instead."""
    postgres_server.start()
    return postgres_server.url


@pytest.fixture(scope="session")
def databases(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Makes new databases: `databases.fresh("postgresql")` is migrated, `databases.empty("sqlite")` is not."""
    made = Databases(tmp_path_factory.mktemp("databases"), postgres_server)
    yield made
    made.close()


@pytest.fixture
def new_database(databases: Databases) -> Iterator[Callable[[str], str]]:
    """`new_database("postgresql")`: the address of a migrated, empty database, dropped after the test."""
    made = []

    def make(backend: str) -> str:
        made.append(databases.fresh(backend))
        return made[-1]

    yield make
    for url in made:
        databases.drop(url)


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """A migrated, empty database; the test runs once on SQLite and once on PostgreSQL."""
    return new_database(request.param)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Makes TCP ports that nobody listens on."""
    return network.free_port


@pytest.fixture
def make_stack() -> Iterator[Callable[..., Stack]]:
    """`make_stack(database_url=..., carrier_speed=...)`: the whole service, ready; stopped after the test."""
    made: list[Stack] = []

    def make(**options: Any) -> Stack:
        stack = Stack(stack_folder(), **options)
        made.append(stack)
        return stack.start()

    yield make
    for stack in made:
        stack.close()
        shutil.rmtree(stack.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser of this worker's own. Where there is none the test is skipped, or fails under CI."""
    if reason := browser.why_not():
        if os.environ.get("CI"):
            pytest.fail(f"browser tests may not be skipped here: {reason}")
        pytest.skip(f"BROWSER TEST SKIPPED: {reason}")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        launched = browser.launch(playwright)
        yield launched
        launched.close()


@pytest.fixture
def new_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """`new_page()`: a page in a browser profile of its own, for a second person. Fails if it asked another host, but
    for those whose names begin with `in_vain`.
    """
    opened: list[tuple[Any, list[str]]] = []

    def make(in_vain: str = "", **options: Any) -> Any:
        context = chromium.new_context(locale="en-GB", timezone_id="Europe/London", **options)
        context.set_default_timeout(30_000)
        opened.append((context, browser.only_this_machine(context, in_vain)))
        return context.new_page()

    yield make
    for context, _ in opened:
        context.close()
    outside = [url for _, urls in opened for url in urls]
    assert not outside, f"a page asked for another host: {outside}"


@pytest.fixture
def browser_page(new_page: Callable[..., Any]) -> Any:
    """A page in a real Chromium that can reach this machine only."""
    return new_page()


@pytest.fixture(scope="session")
def axe() -> Callable[[Any], list[browser.Violation]]:
    """`axe(page)`: the WCAG 2.2 A and AA faults that axe-core finds on the page as it is now."""
    return browser.axe


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a browser or the real processes, and keep each file of those in one worker."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "chromium" in names:
            item.add_marker(pytest.mark.browser)
        if "make_stack" in names or "chromium" in names:
            item.add_marker(pytest.mark.xdist_group(Path(str(item.path)).stem))
        if "make_stack" in names:
            item.add_marker(pytest.mark.journey)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say aloud, last of all, that the browser tests did not run."""
    reason = browser.why_not()
    skipped = [report for report in terminalreporter.getreports("skipped") if "BROWSER TEST" in str(report.longrepr)]
    if reason and skipped:
        terminalreporter.section("BROWSER TESTS SKIPPED", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} browser tests did not run: {reason}.", red=True)

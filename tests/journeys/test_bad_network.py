"""The network to the database or to Redis misbehaves under callers: nobody waits in silence, nobody is lost."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.harness.databases import BACKENDS, Databases
from tests.harness.proxy import MODES, Proxy
from tests.harness.redis_server import RedisServer
from tests.harness.waiting import wait_until
from tests.journeys.conftest import Colleague, Town
from triage.local.environment import FALLBACK_NUMBER

ANSWERED_WITHIN_MS = 5000
MANY = 30


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def someone(number: int) -> str:
    return f"+4477009001{number:02d}"


def slowest(town: Town, path: str = "/voice/") -> float:
    """The longest any of these webhooks took since the start, in ms. An unanswered one is longer than all."""
    asked = [one for one in town.webhooks() if one["path"].startswith(path)]
    return max(one["ms"] if one["status"] in (200, 204) else float("inf") for one in asked)


def each_is_one_contact(nurse: Colleague, numbers: list[str]) -> None:
    def found(number: str) -> list[dict[str, Any]]:
        return nurse.asks("GET", f"/contacts?number=%2B{number[1:]}")

    for number in numbers:
        wait_until(lambda number=number: len(found(number)) == 1, 60, what=f"{number} is one contact")


def owed_or_waiting(nurse: Colleague, count: int) -> None:
    def accounted() -> bool:
        return len(nurse.asks("GET", "/promises")) + len(nurse.queue()) >= count

    wait_until(accounted, 60, what=f"{count} people wait or are owed a call")


def test_callers_hear_words_while_the_way_to_the_database_is_bad_and_are_recorded_once(
    make_town: Callable[..., Town], databases: Databases, closing: ExitStack
) -> None:
    network = closing.enter_context(Proxy.to_database(databases.served("postgresql")))
    town = make_town(database_url=network.database_url, service_file=None)
    ana = town.colleague("ana@example.org")
    town.caller(FALLBACK_NUMBER).answers_by_itself(answers="manual")
    waiting = town.caller(someone(0)).rings().says("harbour")
    wait_until(lambda: waiting.state()["queue"], 20, what="one caller waits already")
    rung = [someone(0)]

    for mode in MODES:
        getattr(network, mode)()
        numbers = [someone(len(rung) + n) for n in range(3)]
        calls = [town.caller(number).rings() for number in numbers]
        for call in calls:
            wait_until(lambda call=call: call.state()["heard"], 20, what=f"hears words ({mode})")
        calls[0].hangs_up()
        network.passes()
        for call in calls[1:]:
            call.hangs_up()
        rung += numbers
    wait_until(lambda: not waiting.is_up() or waiting.state()["queue"], 60, what="who waited waits again, if there")
    if waiting.is_up():
        waiting.hangs_up()
    each_is_one_contact(ana, rung)
    owed_or_waiting(ana, len(rung))
    assert slowest(town) < ANSWERED_WITHIN_MS


def test_many_callers_at_once_on_a_database_that_says_nothing_each_hear_words_in_time(
    make_town: Callable[..., Town], databases: Databases, closing: ExitStack
) -> None:
    network = closing.enter_context(Proxy.to_database(databases.served("postgresql")))
    town = make_town(database_url=network.database_url, service_file=None)
    ana = town.colleague("ana@example.org")
    town.caller(FALLBACK_NUMBER).answers_by_itself(answers="manual")
    numbers = [someone(n) for n in range(MANY)]

    network.is_silent()
    with ThreadPoolExecutor(MANY) as pool:
        calls = list(pool.map(lambda number: town.caller(number).rings(), numbers))
    for call in calls:
        call.hears("line has a fault")
    assert slowest(town, "/voice/incoming") < ANSWERED_WITHIN_MS
    for call in calls:
        call.hangs_up()
    network.passes()
    each_is_one_contact(ana, numbers)
    owed_or_waiting(ana, MANY)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_caller_reaches_a_nurse_while_the_way_to_redis_is_bad(
    make_town: Callable[..., Town], databases: Databases, closing: ExitStack, backend: str
) -> None:
    redis = RedisServer()
    network = closing.enter_context(Proxy.to_redis(redis))
    settings = {"REDIS_URL": network.redis_url}
    town = make_town(database_url=databases.served(backend), service_file=None, redis=redis, settings=settings)
    ana = town.colleague("ana@example.org")
    for number, mode in enumerate(MODES):
        getattr(network, mode)()
        ana.is_ready()
        call = town.caller(someone(number)).rings().says("harbour")
        theirs = ana.phone.is_rung(30).picks_up().presses("1")
        call.is_with(theirs)
        ana.asks("POST", f"/contacts/{ana.waits_until_connected()['contact_id']}/finish", expect=200)
        call.is_over()
        theirs.is_over()
        network.passes()
    assert slowest(town) < ANSWERED_WITHIN_MS

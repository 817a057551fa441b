"""The database is taken away under callers: they hear words and a way to a person, and nobody is forgotten after."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.databases import BACKENDS, Databases
from tests.harness.outages import taken_away
from tests.harness.waiting import wait_until
from tests.journeys.conftest import Town
from triage.local.environment import FALLBACK_NUMBER

WAITS = "+447700900170"
RING_THEN = ("+447700900171", "+447700900172", "+447700900173")
TEXTS = "+447700900179"


@pytest.mark.parametrize("backend", BACKENDS)
def test_callers_whom_the_line_failed_are_each_recorded_once_and_owed_a_call(
    make_town: Callable[..., Town], databases: Databases, backend: str
) -> None:
    url = databases.served(backend)
    town = make_town(database_url=url, service_file=None)
    ana = town.colleague("ana@example.org")
    waiting = town.caller(WAITS).rings().says("harbour")
    wait_until(lambda: waiting.state()["queue"], 20, what="one caller waits already")
    town.caller(FALLBACK_NUMBER).answers_by_itself(answers="manual")

    with taken_away(url, databases):
        began = time.monotonic()
        calls = [town.caller(number).rings() for number in RING_THEN]
        for call in calls:
            call.hears("line has a fault")
        assert time.monotonic() - began < 15, "three callers at once, five seconds each at the most"
        calls[0].hangs_up()
        texter = town.caller(TEXTS)
        texter.texts("is anyone there")
        texter.got_text("fault")
    for call in calls[1:]:
        call.hangs_up()

    def owed() -> list[dict[str, Any]]:
        return [row for row in ana.asks("GET", "/promises") if "line failed them" in row["what"]]

    wait_until(lambda: len(owed()) == len(calls), 60, what="everybody who was failed and is gone is owed a call")
    for number in (WAITS, *RING_THEN, TEXTS):
        found = ana.asks("GET", f"/contacts?number=%2B{number[1:]}")
        assert [row["masked_number"][-3:] for row in found] == [number[-3:]], f"{number} is one contact"
    wait_until(lambda: waiting.state()["queue"], 60, what="the one who waited waits again, or still")
    assert {row["channel"] for row in ana.queue()} == {"call", "text"}
    assert not list((town.stack.folder / "spool").glob("*.event"))

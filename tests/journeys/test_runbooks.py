"""Two pages of the runbook, walked while people are on the line: another database server, and a carrier that is silent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness.databases import BACKENDS, Databases
from tests.harness.waiting import wait_until
from tests.journeys import hosted
from tests.journeys.conftest import Colleague, Town
from tests.triage.test_restore import backed_up_and_restored

NURSE = "ana@example.org"
THE_SERVICE = ("clock", "worker", "web")


@pytest.mark.parametrize("backend", BACKENDS)
def test_on_another_database_server_whoever_waited_or_rang_meanwhile_is_accounted_for(
    make_town: Callable[..., Town], databases: Databases, backend: str, tmp_path: Path
) -> None:
    url = databases.served(backend)
    town = make_town(database_url=url, service_file=None)
    hosted.on_every_line(town)
    ana = town.colleague(NURSE)
    waited = town.caller().rings().says("harbour").hears("no nurse is free")
    for name in THE_SERVICE:
        town.stack.terminate(name)
    standby = backed_up_and_restored(databases, url, tmp_path)  # what a standby has received when it is promoted
    meanwhile = town.caller("+447700900124").rings().hears("our line has a fault")
    town.stack.settings["DATABASE_URL"] = standby
    for name in THE_SERVICE:
        town.stack.processes[name].environment["DATABASE_URL"] = standby
        town.stack.restart(name)
    assert "Everything answers" in town.stack.command("check").stdout
    for call in (waited, meanwhile):
        call.hangs_up()
        found = f"/contacts?number=%2B{call.phone.number[1:]}"
        [contact] = wait_until(lambda found=found: ana.asks("GET", found), 60, what="they are on record")
        wait_until(lambda contact=contact: _is_owed(ana, contact["id"]), 60, what="they are owed a call")
    ana.is_ready()
    call = town.caller("+447700900125").rings().says("harbour")
    call.is_with(ana.phone.is_rung().picks_up().presses("1"))


def _is_owed(nurse: Colleague, contact_id: str) -> bool:
    return contact_id in [promise["contact_id"] for promise in nurse.asks("GET", "/promises")]


def test_while_the_carrier_is_silent_nobody_is_lost_and_the_nurse_is_rung_when_it_is_back(
    make_town: Callable[..., Town], databases: Databases
) -> None:
    town = make_town(database_url=databases.served("postgresql"), service_file=None)
    ana = town.colleague(NURSE)
    call = town.caller().rings().says("harbour").hears("no nurse is free")
    town.stack.pause("carrier")
    held = ana.asks("POST", "/queue/next")
    assert held["channel"] == "call"
    wait_until(lambda: _said(town, "job_again"), 40, what="the work is put off, not dropped")
    town.stack.resume("carrier")
    call.is_with(ana.phone.is_rung(60).picks_up().presses("1"), 60)
    assert ana.waits_until_connected()["contact_id"] == held["contact_id"]


def _said(town: Town, event: str) -> list[dict[str, Any]]:
    return [line for line in town.stack.logs("worker", "clock") if line.get("event") == event]

"""The whole service as `make run` and the journeys start it: comes up, mends itself, goes down without a trace."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.harness.databases import ROOT
from tests.harness.stack import Stack
from tests.harness.waiting import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("whole_service")]


class LocalService:
    """`python -m triage.local` in a folder of its own."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.said = folder / "said.txt"
        self.var = folder / "var"
        with self.said.open("wb") as out:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", "triage.local"],
                cwd=ROOT,
                env={**os.environ, **settings, "NWD_VAR": str(self.var)},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        """What it has said so far."""
        return self.said.read_text()

    def wait_until_it_runs(self) -> None:
        """Return once it has printed where to look."""

        def running() -> bool:
            if self.supervisor.poll() is not None:
                raise RuntimeError(self.text())
            return "Ctrl-C stops everything" in self.text()

        wait_until(running, 60, what="the service to run")

    def family(self) -> list[psutil.Process]:
        """Every process it started, and theirs."""
        return list(psutil.Process(self.supervisor.pid).children(recursive=True))

    def stop(self, number: int) -> int:
        """Send a signal; how it ended."""
        self.supervisor.send_signal(number)
        return self.supervisor.wait(30)


@pytest.fixture
def start(free_port: Callable[[], int], tmp_path: Path) -> Iterator[Callable[[], LocalService]]:
    """Starts the service, each time in the same folder on the same ports."""
    settings = {"PORT": str(free_port()), "CARRIER_PORT": str(free_port())}
    started: list[LocalService] = []

    def begin() -> LocalService:
        started.append(LocalService(tmp_path, settings))
        return started[-1]

    yield begin
    for service in started:
        if service.supervisor.poll() is None:
            service.stop(signal.SIGTERM)
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_it_runs_mends_itself_stops_cleanly_and_goes_on_from_there(start: Callable[[], LocalService]) -> None:
    service = start()
    service.wait_until_it_runs()
    secrets = (service.var / "local.env").read_text()
    assert "Phone page" in service.text()

    web = next(process for process in service.family() if "gunicorn" in " ".join(process.cmdline()))
    web.kill()
    wait_until(lambda: "web ended (signal 9) and is started again" in service.text(), what="the death to be told")
    wait_until(lambda: any("gunicorn" in " ".join(process.cmdline()) for process in service.family()), what="a new web")

    family = service.family()
    assert service.stop(signal.SIGINT) == 0
    wait_until(lambda: not any(process.is_running() for process in family), 5, what="every process to be gone")

    again = start()
    again.wait_until_it_runs()
    assert (again.var / "local.env").read_text() == secrets
    assert "Loading the example" not in again.text(), "what was loaded, and changed since, must survive a restart"
    second = start()
    assert second.supervisor.wait(30) == 3
    family = again.family()
    assert again.stop(signal.SIGTERM) == 0
    wait_until(lambda: not any(process.is_running() for process in family), 5, what="every process to be gone")


def test_every_process_of_the_stack_can_be_killed_and_comes_back(
    make_stack: Callable[..., Stack], new_database: Callable[[str], str]
) -> None:
    stack = make_stack(database_url=new_database("postgresql"))
    assert stack.get("/healthz/live").status == 200
    for name in ("carrier", "web", "redis"):
        stack.kill(name)
        assert not stack.processes[name].running
        stack.restart(name)
    stack.wait_ready()
    token = stack.token("ana@example.org")
    me: Any = stack.api("GET", "/me", token).json()
    assert me["name"] == "Ana Fernsby"
    assert stack.api("GET", "/me", "not a token").status == 401
    odd = [line for line in stack.logs() if "unparsed" in line]
    assert odd == [], "every line of the service's own is JSON"


def test_check_places_a_trial_call_once_the_service_listens(
    make_stack: Callable[..., Stack], new_database: Callable[[str], str]
) -> None:
    stack = make_stack(database_url=new_database("sqlite"))
    assert "and a trial call" in stack.command("check").stdout
    stack.kill("redis")
    stack.kill("web")
    done = stack.command("check", check=False)
    assert done.returncode == 1
    assert "Redis does not answer" in done.stderr
    assert "trial call" not in done.stderr, "a service that is not started yet is no fault of its settings"
    stack.restart("redis")
    assert "Nothing listens" in stack.command("check").stdout

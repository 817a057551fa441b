"""The carrier as a process of its own: how it starts, what it refuses, what it logs and keeps, how it stops."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from telephony.carrier.server import Server
from telephony.carrier.settings import Settings, WrongSetting
from tests.telephony.carrier.carrier_lab import ACCOUNT, CALLER, LINE, TOKEN, Control, Service, until

ROOT = Path(__file__).parents[3]


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "telephony.carrier", *options]


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, **more}


def refused(*options: str, **more: str) -> str:
    done = subprocess.run(
        command(*options), cwd=ROOT, env=environment(**more), capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture
def start(
    tmp_path: Path, free_port: Callable[[], int]
) -> Iterator[Callable[..., tuple[subprocess.Popen[str], Control]]]:
    running: list[subprocess.Popen[str]] = []

    def begin(*options: str) -> tuple[subprocess.Popen[str], Control]:
        port = free_port()
        log = (tmp_path / f"carrier-{len(running)}.log").open("w")
        process = subprocess.Popen(
            command("--port", str(port), *options), cwd=ROOT, env=environment(), stdout=log, text=True
        )
        log.close()
        running.append(process)

        def answers() -> bool:
            try:
                return bool(Control(port).get("/control/health")["ok"])
            except OSError:
                return False

        until(answers, "the carrier to answer")
        return process, Control(port)

    yield begin
    for process in running:
        process.kill()
        process.wait()


def test_it_runs_keeps_texts_logs_no_person_and_stops_promptly(
    start: Callable[..., tuple[subprocess.Popen[str], Control]], service: Service, tmp_path: Path
) -> None:
    config = tmp_path / "carrier.json"
    line = {"voice_url": f"{service.url}/voice", "sms_url": f"{service.url}/sms", "name": "Test line"}
    config.write_text(json.dumps({"numbers": {LINE: line}, "phonebook": [{"name": "Ana", "number": CALLER}]}))
    kept = tmp_path / "kept"
    options = ("--config", str(config), "--state-dir", str(kept), "--speed", "20")
    service.says("voice", "<Gather input='speech'><Say>hello</Say></Gather><Pause length='600'/>")
    service.says("sms", "<Message>our answer</Message>")

    process, control = start(*options)
    control.ring().answers("harbour")
    control.text("STOP")
    until(lambda: len(control.phone(CALLER)["texts"]) == 2)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - began < 3

    rows = [json.loads(row) for row in (tmp_path / "carrier-0.log").read_text().splitlines()]
    assert {"listening", "call", "text", "stopping"} <= {row["event"] for row in rows}
    everything = json.dumps(rows)
    for private in (CALLER.lstrip("+"), LINE.lstrip("+"), "harbour", "hello", "STOP", "our answer"):
        assert private not in everything
    assert stat.S_IMODE((kept / "texts.json").stat().st_mode) == 0o600

    process, control = start(*options)
    assert control.phone(CALLER)["texts"][0]["body"] == "STOP"
    assert control.get("/control/calls")["calls"] == []
    control.text("START")
    until(lambda: any("re-subscribed" in text["body"] for text in control.phone(CALLER)["texts"]))
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def test_it_refuses_to_be_reached_from_elsewhere() -> None:
    assert "loopback only" in refused("--host", "0.0.0.0")
    for host in ("0.0.0.0", "::", "192.0.2.1", "line.example.org"):
        with pytest.raises(WrongSetting):
            Settings(ACCOUNT, TOKEN, host=host)
    assert Settings(ACCOUNT, TOKEN, host="::1").host == "::1"


def test_a_wrong_setting_stops_the_start_and_names_itself(tmp_path: Path, server: Server) -> None:
    assert "TWILIO_ACCOUNT_SID" in refused(TWILIO_ACCOUNT_SID="")
    assert "the port is taken" in refused("--port", str(server.port))
    config = tmp_path / "carrier.json"
    config.write_text('{"numbers": {"+441632960111": {"voice_url": "x"}}}')
    assert "voice_url must be an absolute" in refused("--config", str(config))
    config.write_text('{"colours": 1}')
    assert "an object with only" in refused("--config", str(config))
    (tmp_path / "texts.json").write_text("[]")
    assert "cannot be read" in refused("--state-dir", str(tmp_path))


def test_it_can_start_afresh(service: Service, control: Control) -> None:
    service.says("voice", "<Enqueue waitUrl='/wait'>nurses</Enqueue>")
    service.says("wait", "<Pause length='10'/>")
    service.documents["sms"] = (204, "")
    control.ring().waits_in("nurses")
    control.text("STOP")
    control.put(f"/control/phones/{CALLER}", answers="busy")
    control.put(f"/control/numbers/{LINE}", voice_url=f"{service.url}/other")
    control.post("/control/faults", kind="slow")
    control.post("/control/clock", mode="manual")
    control.post("/control/reset")
    assert until(lambda: service.forms("status"))[0]["CallStatus"] == "completed"
    assert control.get("/control/calls")["calls"] == []
    assert control.get("/control/faults")["faults"] == []
    assert control.get("/control/clock")["mode"] == "running"
    phone = control.phone(CALLER)
    assert (phone["texts"], phone["answers"]) == ([], "manual")
    assert control.get("/control/numbers")["numbers"] == {}


def test_pages_from_elsewhere_cannot_use_the_control_api(control: Control) -> None:
    desk = {"Origin": "http://127.0.0.1:8080"}
    assert control.ask("GET", "/control/clock", headers=desk)[0] == 200
    assert control.ask("OPTIONS", "/control/calls", headers=desk)[0] == 200
    assert control.ask("POST", "/control/calls", {}, {"Origin": "https://elsewhere.example"})[0] == 403
    assert control.ask("GET", "/control/clock", headers={"Host": "rebound.example"})[0] == 403


def test_it_imports_nothing_of_ours() -> None:
    told = "import sys, telephony.carrier.__main__; print([m for m in sys.modules if m.split('.')[0] in "
    told += "('triage', 'callflows', 'app') or m.startswith('telephony.') and not m.startswith('telephony.carrier')])"
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout.strip() == "[]"

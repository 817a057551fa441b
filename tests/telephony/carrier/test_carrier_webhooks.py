"""What the service sees of the carrier: signatures, retries, fallbacks, documents it cannot use, and time."""

from __future__ import annotations

import socket
import time

import pytest

from telephony.carrier.server import Server
from telephony.carrier.webhooks import Overrides, signature
from tests.telephony.carrier.carrier_lab import Control, Document, Service, until


def test_the_signature_of_twilios_own_example() -> None:
    """The worked example of twilio.com/docs/usage/security, so that the stock validator is not the only judge."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    params = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+12349013030",
        "Digits": "1234",
        "From": "+12349013030",
        "To": "+18005551212",
    }
    assert signature("12345", url, params) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def test_the_fragment_is_obeyed_and_never_signed(service: Service, control: Control) -> None:
    answers = iter([(500, ""), (503, ""), (200, "<Response><Say>third time</Say></Response>")])
    service.documents["flaky"] = lambda form: next(answers)
    control.put("/control/numbers/+441632960112", voice_url=f"{service.url}/flaky?a=b#rc=3&rp=5xx,rt")
    control.ring(to="+441632960112").hears("third time")
    tokens = {headers["I-Twilio-Idempotency-Token"] for path, _, headers in service.asked if path == "flaky"}
    assert len(tokens) == 1
    log = [r for r in control.get("/control/requests")["requests"] if r["path"] == "/flaky"]
    assert [(r["status"], r["attempt"]) for r in log] == [(500, 1), (503, 2), (200, 3)]
    assert "params" not in log[0]


def test_overrides_keep_to_twilios_ranges() -> None:
    usual = Overrides.read("")
    assert (usual.connect_s, usual.read_s, usual.total_s, usual.retries) == (5, 15, 15, 1)
    assert usual.policy == {"ct"}
    given = Overrides.read("rc=9&rt=99999&ct=1&tt=2000&rp=all&e=dublin")
    assert (given.connect_s, given.read_s, given.total_s, given.retries) == (0.1, 15, 2, 5)
    assert Overrides.read("rc=x&rt=").retries == 1


def test_a_server_error_is_not_tried_again_but_falls_back(service: Service, control: Control) -> None:
    service.documents["voice"] = (500, "")
    service.says("fallback", "<Say>please hold on</Say>")
    call = control.ring().becomes("completed")
    assert call.heard() == "please hold on"
    assert len(service.forms("voice")) == 1
    form = service.forms("fallback")[0]
    assert (form["ErrorCode"], form["ErrorUrl"]) == ("11200", f"{service.url}/voice")


UNUSABLE: list[tuple[Document, int]] = [
    ((200, "<Response><Say>unclosed</Response>"), 12100),
    ((200, "<Answer/>"), 12100),
    ((200, ""), 12100),
    ((200, "\n<?xml version='1.0'?><Response/>"), 12100),
    ((200, "<Response><Say>a</Say></Response>", "application/json"), 12300),
    ((200, "<!DOCTYPE r [<!ENTITY a 'b'>]><Response><Say>&a;</Say></Response>"), 12100),
]


def test_documents_that_cannot_be_used(service: Service, control: Control, subtests: pytest.Subtests) -> None:
    service.says("fallback", "<Say>please hold on</Say>")
    for document, code in UNUSABLE:
        with subtests.test(document=document):
            service.documents["voice"] = document
            control.ring().hears("please hold on")
            assert control.warnings()[-1] == code
            assert service.forms("fallback")[-1]["ErrorCode"] == str(code)


def test_a_later_document_falls_back_too_and_the_apology_is_last(service: Service, control: Control) -> None:
    service.says("voice", "<Redirect>/broken</Redirect>")
    service.documents["fallback"] = (502, "")
    call = control.ring().becomes("completed")
    assert [h["who"] for h in call.now["heard"]] == ["carrier"]
    assert "application error" in call.heard()
    assert until(lambda: service.forms("status"))[0]["CallStatus"] == "completed"


def test_unknown_markup_is_reported_and_passed_over(service: Service, control: Control) -> None:
    service.says(
        "voice",
        "<Say pace='slow'>one</Say><Record/><Leave/><Gather timeout='0'><Dial>x</Dial></Gather><Say>two</Say>",
    )
    call = control.ring().hears("two")
    assert call.heard().startswith("one")
    messages = {w["message"] for w in control.get("/control/warnings")["warnings"] if w["code"] == 12200}
    assert messages == {
        "Say has no attribute pace",
        "Record is not known in a call document",
        "Leave is not allowed in a call document",
        "Gather timeout has a value that is not allowed",
        "Dial is not allowed in Gather",
    }


def test_a_refused_connection_is_tried_once_more_then_falls_back(service: Service, control: Control) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    control.put(
        "/control/numbers/+441632960112",
        voice_url=f"http://127.0.0.1:{port}/dead",
        voice_fallback_url=f"{service.url}/fallback",
    )
    service.says("fallback", "<Say>please hold on</Say>")
    control.ring(to="+441632960112").hears("please hold on")
    dead = [r for r in control.get("/control/requests")["requests"] if r["path"] == "/dead"]
    assert [r["error"] for r in dead] == ["could not connect"] * 2
    assert service.forms("fallback")[0]["ErrorCode"] == "11205"


def test_slow_answers_are_given_up_in_real_time(service: Service, control: Control) -> None:
    service.delays["voice"] = 1.0
    service.says("voice", "<Say>too late</Say>")
    service.says("fallback", "<Say>please hold on</Say>")
    control.put(
        "/control/numbers/+441632960111",
        voice_url=f"{service.url}/voice#rt=200",
        voice_fallback_url=f"{service.url}/fallback",
    )
    began = time.monotonic()
    control.ring().hears("please hold on")
    assert time.monotonic() - began < 0.9
    assert service.forms("fallback")[0]["ErrorCode"] == "11205"


def test_slow_fault_lets_the_service_act_but_not_answer(service: Service, control: Control) -> None:
    service.says("voice", "<Say>hello</Say>")
    service.says("fallback", "<Say>please hold on</Say>")
    control.put(
        "/control/numbers/+441632960111",
        voice_url=f"{service.url}/voice#rt=100",
        voice_fallback_url=f"{service.url}/fallback",
    )
    control.post("/control/faults", kind="slow", match="/voice", seconds=5)
    control.ring().hears("please hold on")
    assert len(service.forms("voice")) == 1


def test_error_500_duplicate_and_lost_callbacks(service: Service, control: Control) -> None:
    service.says("voice", "<Say>hello</Say>")
    service.says("fallback", "<Say>please hold on</Say>")
    control.post("/control/faults", kind="error_500", match="/voice")
    control.ring().hears("please hold on").becomes("completed")
    assert service.forms("voice") == []
    until(lambda: len(service.forms("status")) == 1)
    control.post("/control/faults", kind="duplicate", match="/voice")
    control.post("/control/faults", kind="lost_callback", match="/status")
    call = control.ring().becomes("completed")
    assert call.heard() == "hello"
    pair = [headers["I-Twilio-Idempotency-Token"] for path, _, headers in service.asked if path == "voice"]
    assert len(pair) == 2
    assert len(set(pair)) == 1
    until(lambda: control.get("/control/faults")["faults"] == [])
    control.ring().becomes("completed")
    until(lambda: len(service.forms("status")) == 2)
    assert call.sid not in {form["CallSid"] for form in service.forms("status")}


def test_a_reordered_callback_arrives_after_the_next(service: Service, control: Control, server: Server) -> None:
    control.post("/control/faults", kind="reorder", match="/room", seconds=200)
    service.says(
        "voice",
        "<Dial><Conference statusCallback='/room' statusCallbackEvent='join leave end'>r</Conference></Dial>",
    )
    call = control.ring()
    until(lambda: call.now["conference"])
    call.does("hangup")
    until(lambda: len(service.forms("room")) == 3)
    assert [f["SequenceNumber"] for f in service.forms("room")] == ["2", "1", "3"]


def test_one_bad_fault_is_refused(control: Control) -> None:
    status, body = control.ask("POST", "/control/faults", {"kind": "gremlins"})
    assert status == 400
    assert "hang_up_mid_bridge" in body["error"]
    control.post("/control/faults", kind="slow")
    assert control.ask("DELETE", "/control/faults") == (200, {"faults": []})


def test_documents_in_a_ring_end_in_the_apology(service: Service, control: Control) -> None:
    control.post("/control/clock", speed=1)
    service.says("voice", "<Redirect>/voice</Redirect>")
    control.ring().hears("application error")
    assert 11750 in control.warnings()


# Time


def test_manual_time_is_exact(service: Service, control: Control) -> None:
    """Ten words take four seconds; five more of silence end the Gather; then the next words are said, at nine."""
    control.post("/control/clock", mode="manual")
    service.says(
        "voice",
        "<Gather timeout='5' action='/a'><Say>one two three four five six seven eight nine ten</Say></Gather><Say>still there</Say>",
    )
    call = control.ring().hears("one two")
    time.sleep(0.1)
    assert "still" not in call.heard()
    control.post("/control/clock", advance_s=8.9)
    assert "still" not in call.heard()
    control.post("/control/clock", advance_s=0.2)
    assert [entry["at_s"] for entry in call.now["heard"]] == [0, 9.0]
    clock = control.post("/control/clock", advance_s=60)
    assert (clock["mode"], clock["now_s"] > 69) == ("manual", True)
    assert call.now["status"] == "completed"
    assert call.now["ended_at"] == pytest.approx(9.8)
    control.post("/control/clock", speed=100)
    assert control.get("/control/clock")["mode"] == "running"


def test_the_clock_can_be_sped_up_while_someone_waits(service: Service, control: Control) -> None:
    control.post("/control/clock", speed=0.5)
    service.says("voice", "<Pause length='300'/><Say>five minutes later</Say>")
    call = control.ring()
    until(lambda: service.forms("voice"))
    control.post("/control/clock", speed=1000)
    call.hears("five minutes later")


def test_a_public_address_can_be_rehearsed_on_this_machine(service: Service, control: Control, server: Server) -> None:
    """The signature is over the public address; the request goes to this machine and names the public host."""
    from twilio.request_validator import RequestValidator

    server.carrier.settings.deliver_to["https://line.example.org"] = service.url
    control.put("/control/numbers/+441632960112", voice_url="https://line.example.org/public?x=1#rc=1")
    service.says("public", "<Say>rehearsed</Say>")
    control.ring(to="+441632960112").hears("rehearsed")
    _, form, headers = service.asked[0]
    assert headers["Host"] == "line.example.org"
    validator = RequestValidator(server.carrier.settings.auth_token)
    assert validator.validate("https://line.example.org/public?x=1", form, headers["X-Twilio-Signature"])
    service.unsigned.clear()

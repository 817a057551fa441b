"""People who are rung: by REST and by Dial, answering, refusing, away, engaged, or a machine."""

from __future__ import annotations

import pytest
from twilio.rest import Client

from tests.telephony.carrier.carrier_lab import CALLER, LINE, NURSE, Control, Service, until


def place(client: Client, service: Service, to: str = NURSE, **more: object) -> str:
    usual = {"url": f"{service.url}/placed", "status_callback": f"{service.url}/nurse-status", "timeout": 600}
    given = usual | more
    return str(client.calls.create(to=to, from_=LINE, **given).sid)


def final(service: Service) -> str:
    return str(until(lambda: service.forms("nurse-status"))[0]["CallStatus"])


@pytest.mark.parametrize(("act", "status"), [("reject", "busy"), ("hangup", "busy"), (None, "no-answer")])
def test_a_nurse_who_does_not_take_it(
    service: Service, control: Control, client: Client, act: str | None, status: str
) -> None:
    sid = place(client, service, timeout=600 if act else 15)
    if act:
        control.rung(NURSE).does(act)
    assert final(service) == status
    assert client.calls(sid).fetch().status == status
    assert service.forms("placed") == []


def test_scripted_people(service: Service, control: Control, client: Client) -> None:
    service.says("placed", "<Gather numDigits='1' action='/key'><Say>press 1</Say></Gather><Say>no key</Say>")
    service.says("key", "<Gather numDigits='2' action='/key2'/>")
    service.says("key2", "<Say>thank you</Say>")
    control.put(f"/control/phones/{NURSE}", answers="human", after_s=3, presses="1,42")
    sid = place(client, service)
    until(lambda: client.calls(sid).fetch().status == "completed")
    assert (service.forms("key")[0]["Digits"], service.forms("key2")[0]["Digits"]) == ("1", "42")
    assert client.calls(sid).fetch().answered_by is None
    control.put(f"/control/phones/{NURSE}", answers="busy")
    sid = place(client, service)
    until(lambda: client.calls(sid).fetch().status == "busy")
    control.put(f"/control/phones/{NURSE}", answers="no_answer")
    sid = place(client, service, timeout=5)
    until(lambda: client.calls(sid).fetch().status == "no-answer")
    assert control.ask("PUT", f"/control/phones/{NURSE}", {"answers": "perhaps"})[0] == 400


def test_voicemail_greets_and_never_presses(service: Service, control: Control, client: Client) -> None:
    service.says(
        "placed",
        "<Gather numDigits='1' action='/key' timeout='6'><Say>press 1</Say></Gather><Say>no key</Say>",
    )
    control.put(f"/control/phones/{NURSE}", answers="voicemail", after_s=1)
    sid = place(client, service, machine_detection="Enable")
    until(lambda: client.calls(sid).fetch().status == "completed")
    assert service.forms("key") == []
    assert service.forms("placed")[0]["AnsweredBy"] == "machine_start"
    said = control.get(f"/control/calls/{sid}")["said"]
    assert "leave a message" in said[0]["text"]


def test_voicemail_by_hand(service: Service, control: Control, client: Client) -> None:
    service.says("placed", "<Say>press 1</Say><Pause length='100'/>")
    place(client, service)
    call = control.rung(NURSE).does("voicemail").becomes("completed")
    assert call.now["machine"] is True


def test_a_phone_that_is_off_fails(service: Service, control: Control, client: Client) -> None:
    control.post("/control/faults", kind="unreachable", match=NURSE)
    place(client, service)
    assert final(service) == "failed"


def test_dial_rings_and_joins(service: Service, control: Control) -> None:
    service.says("voice", f"<Dial action='/after' callerId='{LINE}' timeout='600'><Number>{NURSE}</Number></Dial>")
    service.says("after", "<Say>they have gone</Say>")
    caller = control.ring()
    nurse = control.rung(NURSE)
    assert (nurse.now["from"], nurse.now["direction"]) == (LINE, "outbound-dial")
    nurse.does("answer")
    until(lambda: caller.now["other_parties"])
    assert caller.says("hello") == 1
    nurse.hears("hello").does("hangup")
    caller.hears("they have gone")
    form = service.forms("after")[0]
    assert (form["DialCallStatus"], form["DialCallSid"], form["DialBridged"]) == (
        "completed",
        nurse.sid,
        "true",
    )


def test_dial_without_callerid_shows_the_callers_own_number(service: Service, control: Control) -> None:
    service.says("voice", f"<Dial timeout='600'>{NURSE}</Dial>")
    control.ring()
    assert control.rung(NURSE).now["from"] == CALLER


def test_the_caller_hanging_up_stops_the_ringing(service: Service, control: Control) -> None:
    service.says(
        "voice",
        f"<Dial timeout='600' answerOnBridge='true' action='/after'><Number statusCallback='/nurse-status'>{NURSE}</Number></Dial>",
    )
    service.documents["after"] = (204, "")
    caller = control.ring()
    nurse = control.rung(NURSE)
    assert caller.now["status"] == "ringing"
    caller.does("hangup")
    nurse.becomes("canceled")
    assert final(service) == "canceled"


def test_several_rung_at_once_and_press_one_to_accept(service: Service, control: Control) -> None:
    """Voicemail may not win: only who presses 1 is joined, and everyone else stops ringing."""
    other = "+447700900202"
    service.says(
        "voice",
        f"<Dial action='/after' timeout='600'><Number url='/screen'>{NURSE}</Number><Number url='/screen'>{other}</Number>"
        "<Client url='/screen'><Identity>ana</Identity><Parameter name='entry' value='e1'/></Client></Dial>",
    )
    service.says("screen", "<Gather numDigits='1' action='/accept' timeout='600'><Say>press 1</Say></Gather><Hangup/>")
    service.documents["accept"] = (200, "<Response/>")
    service.says("after", "<Say>goodbye</Say>")
    control.put(f"/control/phones/{NURSE}", answers="voicemail", after_s=1)
    caller = control.ring()
    client_leg = control.rung("client:ana")
    second = control.rung(other).does("answer").presses("1")
    until(lambda: caller.now["other_parties"])
    assert caller.now["other_parties"][0]["sid"] == second.sid
    client_leg.becomes("canceled")
    assert service.forms("screen")[0]["CallStatus"] == "in-progress"
    second.does("hangup")
    caller.hears("goodbye")
    assert service.forms("after")[0]["DialCallStatus"] == "completed"


def test_nobody_answers_a_dial(service: Service, control: Control) -> None:
    service.says(
        "voice",
        f"<Dial action='/after' timeout='5' sequential='true'><Number>{NURSE}</Number><Client>ana</Client></Dial>",
    )
    service.says("after", "<Say>nobody</Say>")
    caller = control.ring().hears("nobody")
    assert service.forms("after")[0]["DialCallStatus"] == "no-answer"
    rung = [c["to"] for c in control.get("/control/calls")["calls"] if c["direction"] == "outbound-dial"]
    assert rung == [NURSE, "client:ana"]
    assert caller.heard() == "(ringing) / (ringing) / nobody" or caller.heard() == "(ringing) / nobody"


def test_a_browser_already_talking_is_engaged(service: Service, control: Control, client: Client) -> None:
    service.says("staff", "<Pause length='1'/><Say>x</Say><Pause length='600'/>")
    control.ring("client:ana", "").hears("x")
    sid = place(client, service, to="client:ana")
    until(lambda: client.calls(sid).fetch().status == "busy")


def test_calling_one_of_the_lines_runs_that_lines_own_document(
    service: Service, control: Control, client: Client
) -> None:
    service.says("voice", "<Say>this is the line</Say><Pause length='60'/>")
    service.says("placed", "<Say>this is a check</Say><Pause length='60'/>")
    control.put("/control/numbers/+441632960112", voice_url="", status_callback="")
    sid = str(client.calls.create(to=LINE, from_="+441632960112", url=f"{service.url}/placed").sid)
    placed = until(lambda: control.get(f"/control/calls/{sid}"))
    until(lambda: "this is the line" in str(control.get(f"/control/calls/{sid}")["heard"]))
    assert placed["direction"] == "outbound-api"
    client.calls(sid).update(status="completed")
    until(lambda: all(c["status"] == "completed" for c in control.get("/control/calls")["calls"]))


def test_a_line_without_a_voice_url_fails_at_once(service: Service, control: Control, client: Client) -> None:
    control.put("/control/numbers/+441632960112", sms_url=f"{service.url}/sms")
    place(client, service, to="+441632960112")
    assert final(service) == "failed"


def test_a_call_may_be_moved_the_moment_it_is_answered(service: Service, control: Control, client: Client) -> None:
    service.says("elsewhere", "<Say>moved at once</Say><Pause length='600'/>")
    service.says("placed", "<Say>the first document</Say><Pause length='600'/>")
    moved: list[str] = []

    def on_status(form: dict[str, str]) -> tuple[int, str]:
        if form["CallStatus"] == "in-progress":
            moved.append(client.calls(form["CallSid"]).update(url=f"{service.url}/elsewhere").sid)
        return 204, ""

    service.documents["nurse-status"] = on_status
    place(client, service, status_callback_event=["answered"])
    control.rung(NURSE).does("answer").hears("moved at once")
    assert len(moved) == 1


def test_calls_can_be_paced(service: Service, control: Control, client: Client, server) -> None:
    server.carrier.settings.calls_per_second = 1
    control.post("/control/clock", mode="manual")
    first, second = place(client, service), place(client, service)
    assert client.calls(first).fetch().queue_time == "0"
    assert int(client.calls(second).fetch().queue_time or 0) == 1000

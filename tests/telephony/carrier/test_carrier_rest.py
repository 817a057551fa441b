"""The REST API under the stock client: credentials, errors, lists, and what it refuses."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from telephony.carrier.server import Server
from tests.telephony.carrier.carrier_lab import (
    ACCOUNT,
    CALLER,
    LINE,
    NURSE,
    TOKEN,
    Control,
    RewritingHttpClient,
    Service,
    until,
)

FIELDS = """account_sid annotation answered_by api_version caller_name date_created date_updated direction duration
    end_time forwarded_from from from_formatted group_sid parent_call_sid phone_number_sid price price_unit
    queue_time sid start_time status subresource_uris to to_formatted trunk_sid uri"""
BASE = f"/2010-04-01/Accounts/{ACCOUNT}"


def raw(control: Control, method: str, path: str, token: str = TOKEN):
    pair = base64.b64encode(f"{ACCOUNT}:{token}".encode()).decode()
    return control.ask(method, path, headers={"Authorization": f"Basic {pair}"})


def test_a_wrong_token_is_refused(server: Server) -> None:
    transport = RewritingHttpClient(server.url)
    with pytest.raises(TwilioRestException) as refused:
        Client(ACCOUNT, "wrong", http_client=transport).calls.create(to=NURSE, from_=LINE, twiml="<Response/>")
    assert (refused.value.status, refused.value.code) == (401, 20003)
    assert transport.session is not None
    transport.session.close()


def test_errors_have_twilios_shape(control: Control) -> None:
    status, body = raw(control, "GET", f"{BASE}/Calls/CA{'0' * 32}.json")
    assert status == 404
    assert body == {
        "code": 20404,
        "message": f"The requested resource {BASE}/Calls/CA{'0' * 32}.json was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
    }
    assert raw(control, "GET", "/2010-04-01/Accounts/AC" + "9" * 32 + "/Calls.json")[0] == 404
    assert raw(control, "GET", f"{BASE}/Recordings.json")[1]["code"] == 20404
    assert raw(control, "DELETE", f"{BASE}/Calls.json")[1]["code"] == 20004


def test_a_call_has_every_documented_field(service: Service, control: Control, client: Client) -> None:
    service.says("voice", "<Say>hello</Say><Pause length='30'/>")
    call = control.ring().becomes("completed")
    fetched = client.calls(call.sid).fetch()
    assert (fetched.status, fetched.direction, fetched._from, fetched.to) == (
        "completed",
        "inbound",
        CALLER,
        LINE,
    )
    assert 30 <= int(fetched.duration or 0) <= 40
    assert fetched.start_time is not None
    assert fetched.end_time is not None
    assert abs(fetched.end_time - datetime.now(UTC)) < timedelta(seconds=60)
    _, body = raw(control, "GET", f"{BASE}/Calls/{call.sid}.json")
    assert set(body) >= set(FIELDS.split())
    assert body["phone_number_sid"] == client.incoming_phone_numbers.list()[0].sid


def test_calls_are_listed_filtered_and_paged(service: Service, control: Control, client: Client) -> None:
    service.says("voice", "<Pause length='6000'/>")
    sids = [control.ring(f"+4477009001{n:02}").sid for n in range(7)]
    control.post(f"/control/calls/{sids[0]}/hangup")
    assert [c.sid for c in client.calls.list(page_size=3)] == sids[::-1]
    assert [c.sid for c in client.calls.list(page_size=3, limit=2)] == [sids[6], sids[5]]
    assert [c.sid for c in client.calls.list(status="ringing")] == sids[:0:-1]
    assert [c.sid for c in client.calls.list(from_="+447700900103")] == [sids[3]]
    assert len(client.calls.list(to=LINE, start_time_after=datetime.now(UTC) - timedelta(minutes=1))) == 7
    assert client.calls.list(start_time_after=datetime.now(UTC) + timedelta(minutes=1)) == []
    assert client.calls.list(start_time_before=datetime.now(UTC) - timedelta(minutes=1)) == []


BAD_CALLS: list[tuple[dict[str, Any], int]] = [
    ({"to": ""}, 21201),
    ({"to": "nobody"}, 21211),
    ({"from_": ""}, 21213),
    ({"from_": "me"}, 21212),
    ({"from_": "+447700900999"}, 21210),
    ({"url": "/relative"}, 21205),
    ({"url": None}, 21205),
    ({"timeout": 601}, 20001),
    ({"status_callback_event": ["answer"], "status_callback": "https://x.example/"}, 21626),
    ({"method": "PUT"}, 20001),
    ({"twiml": "<Response/>" + " " * 4000, "url": None}, 20001),
]


def test_bad_calls_are_refused_with_twilios_codes(client: Client, subtests: pytest.Subtests) -> None:
    usual = {"to": NURSE, "from_": LINE, "url": "https://line.example.org/x"}
    for given, code in BAD_CALLS:
        with subtests.test(given=given):
            wanted = {k: v for k, v in (usual | given).items() if v is not None}
            with pytest.raises(TwilioRestException) as refused:
                client.calls.create(**wanted)
            assert (refused.value.status, refused.value.code) == (400, code)


def test_an_unknown_parameter_is_refused(control: Control) -> None:
    status, body = raw(control, "GET", f"{BASE}/Calls.json?Colour=red")
    assert (status, body["code"]) == (400, 20001)


def test_inline_markup_and_a_move_to_more(service: Service, control: Control, client: Client) -> None:
    service.says("moved", "<Say>moved on</Say><Pause length='600'/>")
    control.put(f"/control/phones/{NURSE}", answers="human", after_s=0)
    placed = client.calls.create(
        to=NURSE, from_=LINE, twiml="<Response><Say>inline</Say><Pause length='600'/></Response>"
    )
    until(lambda: "inline" in str(control.get(f"/control/calls/{placed.sid}")["heard"]))
    client.calls(placed.sid).update(url=f"{service.url}/moved", method="GET")
    until(lambda: "moved on" in str(control.get(f"/control/calls/{placed.sid}")["heard"]))
    client.calls(placed.sid).update(twiml="<Response><Say>last words</Say></Response>")
    until(lambda: client.calls(placed.sid).fetch().status == "completed")
    with pytest.raises(TwilioRestException) as over:
        client.calls(placed.sid).update(status="completed")
    assert over.value.code == 21220


def test_a_ringing_call_is_cancelled_but_not_moved(service: Service, control: Control, client: Client) -> None:
    placed = client.calls.create(to=NURSE, from_=LINE, url=f"{service.url}/x", timeout=600)
    control.rung(NURSE)
    with pytest.raises(TwilioRestException) as early:
        client.calls(placed.sid).update(url=f"{service.url}/y")
    assert early.value.code == 21220
    assert client.calls(placed.sid).update(status="canceled").status == "canceled"


def test_rest_faults(service: Service, control: Control, client: Client) -> None:
    service.says("voice", "<Pause length='1'/><Say>x</Say><Pause length='600'/>")
    call = control.ring().hears("x")
    for kind, status, code in (("rest_429", 429, 20429), ("rest_500", 500, 20500)):
        control.post("/control/faults", kind=kind, match="/Calls")
        with pytest.raises(TwilioRestException) as failed:
            client.calls(call.sid).fetch()
        assert (failed.value.status, failed.value.code) == (status, code)
    control.post("/control/faults", kind="not_in_progress_21220")
    with pytest.raises(TwilioRestException) as stale:
        client.calls(call.sid).update(url=f"{service.url}/voice")
    assert stale.value.code == 21220
    client.queues.create(friendly_name="nurses")
    queue = client.queues.list()[0]
    control.post("/control/faults", kind="gone_20404")
    with pytest.raises(TwilioRestException) as gone:
        client.queues(queue.sid).members("Front").fetch()
    assert gone.value.code == 20404
    assert client.calls(call.sid).fetch().status == "in-progress"


def test_a_timed_out_create_has_been_carried_out(service: Service, control: Control, server: Server) -> None:
    control.post("/control/faults", kind="rest_timeout", match="/Messages", seconds=30)
    transport = RewritingHttpClient(server.url)
    transport.timeout = 0.3
    client = Client(ACCOUNT, TOKEN, http_client=transport)
    with pytest.raises(Exception, match="timed out"):
        client.messages.create(to=CALLER, from_=LINE, body="hello")
    assert len(client.messages.list()) == 1
    assert transport.session is not None
    transport.session.close()


def test_numbers_are_listed_and_changed(service: Service, control: Control, client: Client) -> None:
    number = client.incoming_phone_numbers.list()[0]
    assert (number.phone_number, number.friendly_name, number.voice_url) == (
        LINE,
        "Test line",
        f"{service.url}/voice",
    )
    assert number.status_callback == f"{service.url}/status"
    changed = client.incoming_phone_numbers(number.sid).update(voice_url=f"{service.url}/new")
    assert changed.voice_url == f"{service.url}/new"
    service.says("new", "<Say>newly configured</Say>")
    control.ring().hears("newly configured")
    with pytest.raises(TwilioRestException) as refused:
        client.incoming_phone_numbers(number.sid).update(voice_url="", voice_fallback_url=f"{service.url}/fallback")
    assert refused.value.code == 21405
    assert [n.phone_number for n in client.incoming_phone_numbers.list(phone_number=LINE)] == [LINE]


def test_queues_are_made_listed_and_named_once(client: Client) -> None:
    queue = client.queues.create(friendly_name="nurses", max_size=5000)
    assert (queue.friendly_name, queue.max_size, queue.current_size) == ("nurses", 5000, 0)
    assert client.queues(queue.sid).fetch().sid == queue.sid
    assert client.queues(queue.sid).update(max_size=10).max_size == 10
    with pytest.raises(TwilioRestException):
        client.queues.create(friendly_name="nurses")

"""Texts both ways, what became of them, and the words a carrier acts on by itself."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from telephony.carrier.messages import segments
from tests.telephony.carrier.carrier_lab import ACCOUNT, CALLER, LINE, TOKEN, Control, Service, until


def bodies(control: Control, direction: str = "received") -> list[str]:
    return [t["body"] for t in control.phone(CALLER)["texts"] if t["direction"] == direction]


def test_a_text_is_posted_and_its_reply_comes_back(service: Service, control: Control) -> None:
    service.says(
        "sms",
        "<Message statusCallback='/text-status'><Body>You are through.\nNow wait.</Body></Message><Message>Two</Message>",
    )
    sid = control.text("hello there")
    until(lambda: bodies(control) == ["You are through.\nNow wait.", "Two"])
    form = service.forms("sms")[0]
    assert (form["MessageSid"], form["SmsSid"], form["Body"]) == (sid, sid, "hello there")
    assert (form["NumMedia"], form["NumSegments"], form["From"], form["To"]) == ("0", "1", CALLER, LINE)
    until(lambda: [f["MessageStatus"] for f in service.forms("text-status")] == ["sent", "delivered"])
    until(lambda: [t["status"] for t in control.phone(CALLER)["texts"]] == ["received", "delivered", "delivered"])
    assert control.warnings() == []


def test_a_text_may_be_answered_with_nothing_or_elsewhere(service: Service, control: Control) -> None:
    redirect = "<Response><Redirect>/sms/more</Redirect></Response>"
    service.documents["sms"] = lambda form: (204, "") if form["Body"] == "one" else redirect
    control.text("one")
    service.says("sms/more", "<Message>from elsewhere</Message>")
    control.text("two")
    until(lambda: bodies(control) == ["from elsewhere"])
    assert control.warnings() == []


def test_a_failing_text_webhook_falls_back_or_is_dropped(service: Service, control: Control) -> None:
    service.documents["sms"] = (500, "")
    service.says("sms-fallback", "<Message>We got your text.</Message>")
    control.text("nobody hears this")
    until(lambda: 11200 in control.warnings())
    control.put(
        f"/control/numbers/{LINE}",
        sms_url=f"{service.url}/sms",
        sms_fallback_url=f"{service.url}/sms-fallback",
    )
    control.text("this is caught")
    until(lambda: bodies(control) == ["We got your text."])
    assert service.forms("sms-fallback")[0]["ErrorCode"] == "11200"


def test_stop_blocks_start_lifts_and_the_webhook_hears_both(service: Service, control: Control, client: Client) -> None:
    service.documents["sms"] = (204, "")
    control.text(" Stop ")
    until(lambda: any("unsubscribed" in body for body in bodies(control)))
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=CALLER, from_=LINE, body="are you all right?")
    assert (refused.value.status, refused.value.code) == (400, 21610)
    control.text("please do not stop")
    control.text("START")
    until(lambda: any("re-subscribed" in body for body in bodies(control)))
    client.messages.create(to=CALLER, from_=LINE, body="are you all right?")
    until(lambda: bodies(control)[-1] == "are you all right?")
    assert [f["Body"] for f in service.forms("sms")] == [" Stop ", "please do not stop", "START"]


def test_help_gets_the_carriers_own_words_first(service: Service, control: Control) -> None:
    service.says("sms", "<Message>and ours</Message>")
    control.text("help")
    until(lambda: len(bodies(control)) == 2)
    assert set(bodies(control)) == {"Reply STOP to unsubscribe. Msg&Data Rates May Apply.", "and ours"}


def test_a_text_sent_by_rest_is_told_of_until_delivered(service: Service, control: Control, client: Client) -> None:
    sent = client.messages.create(
        to=CALLER,
        from_=LINE,
        body="A nurse will ring you.",
        status_callback=f"{service.url}/text-status",
        validity_period=300,
    )
    assert (sent.status, sent.direction, sent.num_segments) == ("queued", "outbound-api", "1")
    forms = until(lambda: len(service.forms("text-status")) == 2 and service.forms("text-status"))
    assert [(f["MessageSid"], f["MessageStatus"]) for f in forms] == [
        (sent.sid, "sent"),
        (sent.sid, "delivered"),
    ]
    assert client.messages(sent.sid).fetch().status == "delivered"
    assert [m.sid for m in client.messages.list(to=CALLER)] == [sent.sid]
    assert client.messages.list(to=LINE) == []
    assert client.messages(sent.sid).update(body="").body == ""
    assert client.messages(sent.sid).delete()


def test_a_phone_that_is_off(service: Service, control: Control, client: Client) -> None:
    control.post("/control/faults", kind="unreachable", match=CALLER)
    sent = client.messages.create(to=CALLER, from_=LINE, body="hello", status_callback=f"{service.url}/text-status")
    last = until(lambda: len(service.forms("text-status")) == 2 and service.forms("text-status")[1])
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", "30003")
    assert client.messages(sent.sid).fetch().error_code == 30003


BAD_TEXTS: list[tuple[dict[str, Any], int]] = [
    ({"body": ""}, 21602),
    ({"body": "x" * 1601}, 21617),
    ({"to": ""}, 21604),
    ({"to": "nobody"}, 21211),
    ({"to": LINE}, 21266),
    ({"from_": "+447700900999"}, 21606),
    ({"from_": "Line!"}, 21212),
    ({"status_callback": "/relative"}, 21609),
    ({"validity_period": 99_999}, 20001),
]


def test_bad_texts_are_refused_with_twilios_codes(client: Client, subtests: pytest.Subtests) -> None:
    for given, code in BAD_TEXTS:
        with subtests.test(given=given):
            with pytest.raises(TwilioRestException) as refused:
                client.messages.create(**{"to": CALLER, "from_": LINE, "body": "hello", **given})
            assert (refused.value.status, refused.value.code) == (400, code)


def test_opt_out_fault(control: Control, client: Client) -> None:
    control.post("/control/faults", kind="opt_out_21610")
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=CALLER, from_=LINE, body="hello")
    assert refused.value.code == 21610
    client.messages.create(to=CALLER, from_=LINE, body="hello")


@pytest.mark.parametrize(
    ("body", "parts"),
    [("a" * 160, 1), ("a" * 161, 2), ("[" * 81, 2), ("♥" * 70, 1), ("♥" * 100, 2), ("", 1)],
)
def test_segments(body: str, parts: int) -> None:
    assert segments(body) == parts


# --- pictures and voice notes -----------------------------------------------------------------------------------------

PICTURE = b"\x89PNG\r\n\x1a\n and the rest"


def piece(content: bytes = PICTURE, kind: str = "image/png") -> dict[str, str]:
    return {"type": kind, "base64": base64.b64encode(content).decode()}


def fetched(url: str, account: str = ACCOUNT, token: str = TOKEN) -> tuple[int, str, bytes]:
    answer = requests.get(url, auth=(account, token), timeout=10)
    return answer.status_code, answer.headers["Content-Type"], answer.content


def test_a_picture_comes_with_its_text_and_is_fetched_with_the_accounts_credentials(
    service: Service, control: Control
) -> None:
    service.documents["sms"] = (204, "")
    sid = control.text("", media=[piece(), piece(b"#!AMR\n", "audio/amr")])
    form = until(lambda: service.forms("sms"))[0]
    assert (form["MessageSid"], form["Body"], form["NumMedia"]) == (sid, "", "2")
    assert sid.startswith("MM")
    assert (form["MediaContentType0"], form["MediaContentType1"]) == ("image/png", "audio/amr")
    assert re.search(rf"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}/Media/ME[0-9a-f]{{32}}$", form["MediaUrl0"])
    assert fetched(form["MediaUrl0"]) == (200, "image/png", PICTURE)
    assert fetched(form["MediaUrl1"]) == (200, "audio/amr", b"#!AMR\n")
    assert fetched(form["MediaUrl0"], token="somebody else's")[0] == 401
    assert control.phone(CALLER)["texts"][0]["media"] == ["image/png", "audio/amr"]


@pytest.mark.parametrize("media", [[piece()] * 11, [{"type": "picture"}], [piece(bytes(5_300_000))], "a picture"])
def test_what_no_phone_could_send_is_refused(control: Control, service: Service, media: Any) -> None:
    status, _ = control.ask("POST", "/control/texts", {"from": CALLER, "to": LINE, "body": "", "media": media})
    assert status == 400


def test_words_and_pictures_are_erased_one_by_one_and_only_once_sent(
    service: Service, control: Control, client: Client
) -> None:
    service.documents["sms"] = (204, "")
    theirs = control.text("look", media=[piece()])
    [picture] = client.messages(theirs).media.list()
    assert client.messages(theirs).media(picture.sid).fetch().content_type == "image/png"
    assert client.messages(theirs).media(picture.sid).delete()
    assert client.messages(theirs).update(body="").body == ""
    assert client.messages(theirs).fetch().num_media == "0"
    with pytest.raises(TwilioRestException) as gone:
        client.messages(theirs).media(picture.sid).delete()
    assert (gone.value.status, gone.value.code) == (404, 20404)

    control.post("/control/clock", mode="manual")
    ours = client.messages.create(to=CALLER, from_=LINE, body="we are here")
    for erase in (lambda: client.messages(ours.sid).update(body=""), client.messages(ours.sid).delete):
        with pytest.raises(TwilioRestException) as early:
            erase()
        assert (early.value.status, early.value.code) == (409, 20009)
    control.post("/control/clock", mode="running", speed=40)
    until(lambda: client.messages(ours.sid).fetch().status == "delivered")
    assert client.messages(ours.sid).update(body="").body == ""
    assert client.messages(ours.sid).delete()
    assert client.http_client.faults == []

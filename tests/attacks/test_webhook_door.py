"""Forged, replayed and misshapen webhooks. Whatever is not the carrier's own word is refused and changes nothing."""

import threading
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest

from tests.attacks.forging import FORM, Attacker, Got, sha1, sid

Forgery = Callable[[Attacker], Got]
INCOMING = "/voice/incoming"
FORGERIES: dict[str, tuple[str, Forgery]] = {}


def forgery(name: str, sentence: str) -> Callable[[Forgery], Forgery]:
    """A webhook that must get 403. `sentence` says what the attacker tries."""

    def add(does: Forgery) -> Forgery:
        FORGERIES[name] = (sentence, does)
        return does

    return add


def over_https(a: Attacker) -> Got:
    form = a.form()
    return a.posts(INCOMING, form, a.signature(INCOMING, form, base=a.town.stack.web_url.replace("http:", "https:")))


def changed(a: Attacker, **over: str) -> Got:
    """A rightly signed form, with something else in it when it arrives."""
    form = a.form()
    return a.posts(INCOMING, {**form, **over}, a.signature(INCOMING, form))


def shifted(a: Attacker) -> Got:
    form = a.form()
    moved = {name: value for name, value in form.items() if name != "AccountSid"}
    return a.posts(INCOMING, {**moved, "AccountSi": "d" + form["AccountSid"]}, a.signature(INCOMING, form))


def raw(a: Attacker, body: str, kind: str = FORM, path: str = INCOMING) -> Got:
    """Any body, signed over the address alone and over what a form reader would make of it."""
    form = dict(urllib.parse.parse_qsl(body)) if kind == FORM else {}
    headers = {"Content-Type": kind, "X-Twilio-Signature": a.signature(path, form)}
    return a.sends("POST", path, body, headers)


forgery("no-signature", "rings the line without any signature")(lambda a: a.posts(INCOMING, a.form(), ""))
forgery("empty-signature", "sends an empty signature header")(
    lambda a: a.posts(INCOMING, a.form(), "", {"X-Twilio-Signature": ""})
)
forgery("guessed-signature", "guesses 20 bytes")(lambda a: a.posts(INCOMING, a.form(), "AAAAAAAAAAAAAAAAAAAAAAAAAAA="))
forgery("signature-not-ascii", "sends bytes no base64 has")(lambda a: a.posts(INCOMING, a.form(), "\xe9" * 27))
forgery("signature-very-long", "sends a signature of 8000 letters")(lambda a: a.posts(INCOMING, a.form(), "A" * 8000))
forgery("another-accounts-token", "signs with the token of an account of their own")(
    lambda a: a.posts(INCOMING, form := a.form(), a.signature(INCOMING, form, token="t" * 32))
)
forgery("old-token", "signs with the token that was in use before the rotation")(
    lambda a: a.posts(
        INCOMING, form := a.form(), a.signature(INCOMING, form, token=a.town.stack.settings["TWILIO_AUTH_TOKEN"][::-1])
    )
)
forgery("empty-token", "signs with the empty key, in case none is configured")(
    lambda a: a.posts(
        INCOMING, form := a.form(),
        sha1(b"", a.town.stack.web_url + INCOMING + "".join(key + form[key] for key in sorted(form))),
    )
)  # fmt: skip
forgery("account-id-as-token", "signs with the account id, which is no secret")(
    lambda a: a.posts(
        INCOMING, form := a.form(), a.signature(INCOMING, form, token=a.town.stack.settings["TWILIO_ACCOUNT_SID"])
    )
)
forgery("signed-as-https", "replays a signature made for the https address")(over_https)
forgery("signed-for-another-host", "replays a signature made for another host")(
    lambda a: a.posts(INCOMING, form := a.form(), a.signature(INCOMING, form, base="https://line.example.org"))
)
forgery("signed-for-another-path", "takes the signature of a status report for a new call")(
    lambda a: a.posts(INCOMING, form := a.form(), a.signature("/voice/status", form))
)
forgery("signed-with-a-query", "adds a query to an address that was signed without")(
    lambda a: a.posts(INCOMING + "?message=1", form := a.form(), a.signature(INCOMING, form))
)
forgery("path-with-a-slash-more", "asks the same address with a slash more")(
    lambda a: a.posts("/" + INCOMING, form := a.form(), a.signature(INCOMING, form))
)
forgery("path-encoded", "spells the path in percent signs under the plain path's signature")(
    lambda a: a.posts("/voice/%69ncoming", form := a.form(), a.signature(INCOMING, form))
)
forgery("host-header", "names another host and signs for that one")(
    lambda a: a.posts(
        INCOMING, form := a.form(), a.signature(INCOMING, form, base="http://evil.example"), {"Host": "evil.example"}
    )
)
forgery("forwarded-host", "claims through a proxy's headers to be at the host they signed for")(
    lambda a: a.posts(
        INCOMING, form := a.form(), a.signature(INCOMING, form, base="https://evil.example"),
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    )
)  # fmt: skip
forgery("another-caller", "puts another caller's number into a signed form")(lambda a: changed(a, From="+447700900199"))
forgery("another-line", "puts another line into a signed form")(lambda a: changed(a, To="+441632960120"))
forgery("extra-parameter", "adds a parameter to a signed form")(lambda a: changed(a, Digits="1"))
forgery("renamed-by-shifting", "moves a letter from a name into its value, which signs the same")(shifted)
forgery("another-account", "signs rightly for the account of somebody else")(
    lambda a: a.posts(INCOMING, a.form(AccountSid="AC" + "b" * 32))
)
forgery("no-account", "leaves the account out")(lambda a: a.posts(INCOMING, a.form(AccountSid="-")))
forgery("no-call-id", "leaves the call's id out")(lambda a: a.posts(INCOMING, a.form(CallSid="-")))
for number, garbage in enumerate(
    ("CA 1; drop table contact", "../../etc/passwd", "CA" + "1" * 200, "CA\r\nX: y", "CA\0" * 5, "é" * 34)
):
    forgery(f"call-id-garbage-{number}", "puts something else where the call's id belongs")(
        lambda a, garbage=garbage: a.posts(INCOMING, a.form(CallSid=garbage))  # type: ignore[misc]
    )
forgery("twice-the-same-name", "repeats a parameter, so that two readers read two values")(
    lambda a: raw(a, urllib.parse.urlencode(form := a.form()) + "&CallSid=" + form["CallSid"])
)
forgery("json-body", "sends JSON, which the signature does not cover")(lambda a: raw(a, "{}", "application/json"))
forgery("multipart", "sends the form as parts")(lambda a: raw(a, "--x\r\n\r\n--x--", "multipart/form-data; boundary=x"))
forgery("text-body", "sends plain text")(lambda a: raw(a, "AccountSid=x", "text/plain"))
forgery("xml-body", "sends XML with an entity")(
    lambda a: raw(a, '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>', "application/xml")
)
forgery("no-body", "sends nothing")(lambda a: raw(a, ""))
forgery("body-hash-in-the-address", "asks the check to trust a hash in the address instead of the form")(
    lambda a: a.posts(p := INCOMING + "?bodySHA256=" + "0" * 64, f := a.form(), a.signature(p, f))
)
forgery("parameters-in-the-address", "moves the caller's number from the form into the address")(
    lambda a: a.posts(p := INCOMING + "?From=%2B447700900123", f := a.form(From="-"), a.signature(p, f))
)
forgery("method-override", "asks for another method by header")(
    lambda a: a.posts(INCOMING, a.form(), "", {"X-HTTP-Method-Override": "GET"})
)
forgery("unsigned-staff-leg", "answers a nurse's leg without a signature")(
    lambda a: a.posts(f"/voice/legs/{'0' * 32}/key", a.form(Digits="1"), "")
)
forgery("unsigned-browser", "claims to be a nurse's browser without a signature")(
    lambda a: a.posts("/voice/staff", a.form(From="client:" + "0" * 32), "")
)
forgery("unsigned-fallback", "asks for the fallback document without a signature")(
    lambda a: a.posts("/voice/fallback", a.form(), "")
)
forgery("unsigned-text", "texts as a crew without a signature")(
    lambda a: a.posts("/sms/incoming", a.form(MessageSid=sid("SM"), From="+447700900301", Body="10 1"), "")
)
forgery("unsigned-report", "reports a text as delivered without a signature")(
    lambda a: a.posts("/sms/status?message=1", a.form(MessageSid=sid("SM"), MessageStatus="delivered"), "")
)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_and_leaves_nothing(attacker: Attacker, name: str) -> None:
    sentence, does = FORGERIES[name]
    before = attacker.contacts()
    answer = does(attacker).says_nothing_of_the_inside()
    assert answer.status in (400, 403, 404), f"{sentence}: {answer}"
    assert attacker.contacts() == before, sentence


def test_the_real_carrier_is_let_in(attacker: Attacker) -> None:
    """The control for all of the above: the same form, unchanged, is a caller."""
    before = attacker.contacts()
    answer, call = attacker.rings()
    assert (answer.status, attacker.contacts()) == (200, before + 1)
    assert attacker.contact_of(call) is not None


def test_a_replayed_ring_is_the_same_call(attacker: Attacker) -> None:
    """Sends a recorded webhook ten times: one contact, one answer."""
    form = attacker.form()
    before = attacker.contacts()
    answers = [attacker.posts("/voice/incoming", form) for _ in range(10)]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert attacker.contacts() == before + 1


def test_a_ring_replayed_by_many_at_once_is_one_call(attacker: Attacker) -> None:
    """Sends it from eight sides in the same moment."""
    form = attacker.form()
    before = attacker.contacts()
    got: list[int] = []
    threads = [
        threading.Thread(target=lambda: got.append(attacker.posts("/voice/incoming", form).status)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [200] * 8
    assert attacker.contacts() == before + 1


@pytest.mark.parametrize(
    ("path", "over"),
    [
        ("/voice/status", {"CallStatus": "completed"}),
        ("/voice/contacts/" + "0" * 32 + "/turns/0", {"Digits": "1"}),
        ("/voice/contacts/" + "0" * 32 + "/wait/key", {"Digits": "1"}),
        ("/voice/contacts/" + "0" * 32 + "/join", {}),
        ("/voice/contacts/" + "0" * 32 + "/goodbye", {}),
        ("/voice/legs/" + "0" * 32 + "/answer", {}),
        ("/voice/legs/" + "0" * 32 + "/key", {"Digits": "1"}),
        ("/voice/legs/" + "0" * 32 + "/status", {"CallStatus": "completed"}),
        ("/sms/status?message=" + "0" * 32, {"MessageSid": "SM" + "0" * 32, "MessageStatus": "delivered"}),
    ],
)
def test_a_signed_report_on_something_unknown_changes_nothing_and_breaks_nothing(
    attacker: Attacker, path: str, over: dict[str, str]
) -> None:
    """Makes up ids: nothing is created, and whoever is on such a call hears words all the same."""
    before = attacker.contacts()
    answer = attacker.posts(path, attacker.form(**over)).says_nothing_of_the_inside()
    assert answer.status in (200, 204)
    assert "conference" not in answer.body.lower()
    assert attacker.contacts() == before


def test_reports_out_of_order_cannot_raise_a_call_from_the_dead(attacker: Attacker) -> None:
    """Reports the end, then sends the ring, a key and a ringing report again."""
    _, call = attacker.rings()
    end = attacker.form(CallSid=call, CallStatus="completed")
    assert attacker.posts("/voice/status", end).status == 204
    contact: Any = attacker.contact_of(call)
    assert contact.leg_ended
    attacker.posts("/voice/status", attacker.form(CallSid=call, CallStatus="in-progress"))
    attacker.posts(f"/voice/contacts/{contact.id}/turns/0", attacker.form(CallSid=call, Digits="1"))
    attacker.rings(CallSid=call)
    assert attacker.contact_of(call).leg_ended  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "number",
    [
        "Unknown",
        "anonymous",
        "Restricted",
        "+266696687",
        "+86282452253",
        "",
        "+1",
        "sip:a@evil.example",
        "client:ana",
        "<script>alert(1)</script>",
        "+44" + "9" * 40,
    ],
)
def test_a_caller_who_is_nobody_is_heard_and_is_never_somebody(attacker: Attacker, number: str) -> None:
    """Withholds the number, or sends a word, an address or markup for one: heard, recorded, and no identity."""
    answer, call = attacker.rings(From=number)
    assert answer.status == 200
    assert "<Gather" in answer.body
    contact = attacker.contact_of(call)
    assert contact is not None
    assert contact.number is None


@pytest.mark.parametrize("to", ["+447700900999", "", "sip:line@evil.example", "' or 1=1 --"])
def test_a_call_to_a_number_that_is_not_ours_is_answered_and_never_turned_away(attacker: Attacker, to: str) -> None:
    """Rings through a number nobody configured: a person may be behind it."""
    answer, call = attacker.rings(To=to)
    assert answer.status == 200
    assert "<Gather" in answer.body
    assert attacker.contact_of(call) is not None

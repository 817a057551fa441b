"""Only what the carrier signed comes in. Everything else is refused, changes nothing, and is never an error of ours."""

import base64
import hashlib
import hmac

import pytest
from sqlalchemy import func, select
from twilio.request_validator import RequestValidator

from tests.telephony.conftest import ACCOUNT, BASE, SECOND_TOKEN, TOKEN
from triage.models import Contact, History

FORM = {"AccountSid": ACCOUNT, "CallSid": "CA" + "1" * 32, "From": "+447700900123", "To": "+441632960100"}


def signed(path: str, form: dict[str, str], token: str = TOKEN) -> str:
    return RequestValidator(token).compute_signature(BASE + path, form)


def routes(line):
    """Every webhook address, with something in its blanks."""
    for rule in line.client.application.url_map.iter_rules():
        if rule.methods and "POST" in rule.methods:
            yield rule.rule.replace("<contact_id>", "c1").replace("<leg_id>", "l1").replace("<int:number>", "0")


def test_every_address_refuses_an_unsigned_request(line):
    addresses = list(routes(line))
    assert len(addresses) > 12
    for path in addresses:
        assert line.client.post(path, data=FORM).status_code == 403, path


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Signature": ""},
        {"X-Twilio-Signature": "AAAA"},
        {"X-Twilio-Signature": "\u00e9" * 10},
        {"X-Twilio-Signature": signed("/voice/incoming", FORM, "somebody-elses-token-entirely")},
        {"X-Twilio-Signature": signed("/voice/status", FORM)},
        {"X-Twilio-Signature": signed("/voice/incoming", {**FORM, "From": "+447700900999"})},
    ],
)
def test_a_missing_or_wrong_signature_is_refused_and_changes_nothing(line, in_database, headers):
    assert line.client.post("/voice/incoming", data=FORM, headers=headers).status_code == 403
    assert in_database(lambda db: db.scalar(select(func.count()).select_from(Contact))) == 0


def test_the_second_token_is_taken_during_a_rotation(line):
    assert line.post("/voice/incoming", signed_by=SECOND_TOKEN, **FORM).response.status_code == 200


def test_an_empty_key_signs_nothing(line):
    digest = hmac.new(
        b"", (BASE + "/voice/incoming" + "".join(k + FORM[k] for k in sorted(FORM))).encode(), hashlib.sha1
    )
    headers = {"X-Twilio-Signature": base64.b64encode(digest.digest()).decode()}
    assert line.client.post("/voice/incoming", data=FORM, headers=headers).status_code == 403


def test_json_is_refused_even_with_a_signature_over_the_address(line):
    headers = {"X-Twilio-Signature": signed("/voice/incoming", {})}
    assert line.client.post("/voice/incoming", json=FORM, headers=headers).status_code == 403


def test_duplicated_names_are_refused(line):
    body = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in FORM.items())
    headers = {"X-Twilio-Signature": signed("/voice/incoming", FORM)}
    twice = line.client.post(
        "/voice/incoming", data=f"{body}&CallSid={FORM['CallSid']}", headers=headers,
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert twice.status_code == 403


def test_parameters_moved_into_the_address_are_refused(line):
    path = "/voice/incoming?From=%2B447700900123"
    form = {name: value for name, value in FORM.items() if name != "From"}
    assert line.client.post(path, data=form, headers={"X-Twilio-Signature": signed(path, form)}).status_code == 403


@pytest.mark.parametrize("change", [{"AccountSid": "AC" + "b" * 32}, {"CallSid": ""}, {"CallSid": "CA 1; drop"}])
def test_another_account_or_no_call_is_refused(line, change):
    form = {**FORM, **change}
    assert (
        line.client.post(
            "/voice/incoming", data=form, headers={"X-Twilio-Signature": signed("/voice/incoming", form)}
        ).status_code
        == 403
    )


@pytest.mark.parametrize("name", ["Body", "CallStatus"])
def test_shifting_letters_between_a_name_and_its_value_is_refused(line, in_database, name):
    """The signature joins names and values without a mark between; the guards must notice."""
    signature = signed("/voice/incoming", FORM)
    form = {**FORM}
    form["AccountSi"] = "d" + form.pop("AccountSid")
    assert line.client.post("/voice/incoming", data=form, headers={"X-Twilio-Signature": signature}).status_code == 403
    assert in_database(lambda db: db.scalar(select(func.count()).select_from(History))) in (0, 1)


def test_parameters_the_carrier_adds_later_are_no_reason_to_refuse(line):
    assert (
        line.post(
            "/voice/incoming", **FORM, SomethingNew="x", StirVerstat="TN-Validation-Passed-A"
        ).response.status_code
        == 200
    )


def test_the_address_is_our_configured_one_whatever_the_host_header_says(line):
    path = "/voice/incoming"
    headers = {
        "X-Twilio-Signature": signed(path, FORM),
        "Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-Host": "evil:99999",
    }
    assert line.client.post(path, data=FORM, headers=headers).status_code == 200


def test_a_huge_or_strange_body_is_refused(line):
    assert (
        line.client.post(
            "/voice/incoming", data=b"\xff\xfe" * 50, content_type="application/x-www-form-urlencoded"
        ).status_code
        == 403
    )
    assert (
        line.client.post("/voice/incoming", data=b"x", content_type="multipart/form-data; boundary=x").status_code
        == 403
    )


def test_asking_by_get_is_no_way_in(line):
    assert line.client.get("/voice/incoming").status_code == 405

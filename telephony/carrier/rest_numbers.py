"""REST: the account's numbers. Source: twilio.com/docs/phone-numbers/api/incomingphonenumber-resource."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from .carrier import Carrier
from .rest import BASE, PAGING, Refused, not_found, only, page, rfc2822, web_address
from .settings import Line
from .sids import fixed_sid

URLS = {
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
    "SmsUrl": "sms_url",
    "SmsFallbackUrl": "sms_fallback_url",
}
METHODS = frozenset(["VoiceMethod", "VoiceFallbackMethod", "StatusCallbackMethod", "SmsMethod", "SmsFallbackMethod"])
BORN = datetime(2026, 1, 1, tzinfo=UTC)


def shown(carrier: Carrier, number: str, line: Line) -> dict[str, Any]:
    """A number as Twilio shows it."""
    account = carrier.settings.account_sid
    sid = fixed_sid("PN", number)
    base = f"/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{sid}"
    return {
        "account_sid": account,
        "address_requirements": "none",
        "address_sid": None,
        "api_version": "2010-04-01",
        "beta": False,
        "bundle_sid": None,
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "date_created": rfc2822(BORN),
        "date_updated": rfc2822(BORN),
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "emergency_status": "Inactive",
        "friendly_name": line.name or number,
        "identity_sid": None,
        "origin": "hosted",
        "phone_number": number,
        "sid": sid,
        "sms_application_sid": "",
        "sms_fallback_method": "POST",
        "sms_fallback_url": line.sms_fallback_url,
        "sms_method": "POST",
        "sms_url": line.sms_url,
        "status": "in-use",
        "status_callback": line.status_callback,
        "status_callback_method": "POST",
        "subresource_uris": {"assigned_add_ons": f"{base}/AssignedAddOns.json"},
        "trunk_sid": None,
        "type": "local",
        "uri": f"{base}.json",
        "voice_application_sid": "",
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_fallback_url": line.voice_fallback_url,
        "voice_method": "POST",
        "voice_receive_mode": "voice",
        "voice_url": line.voice_url,
    }


def blueprint(carrier: Carrier) -> Blueprint:
    """The routes of /IncomingPhoneNumbers."""
    routes = Blueprint("rest_numbers", __name__, url_prefix=BASE)

    @routes.get("/IncomingPhoneNumbers.json")
    def read() -> Response:
        args = request.args
        only(args, {"PhoneNumber", "FriendlyName", "Beta", "Origin"} | PAGING)
        rows = [shown(carrier, number, line) for number, line in sorted(carrier.settings.numbers.items())]
        wanted = args.get("PhoneNumber", "")
        name = args.get("FriendlyName")
        rows = [r for r in rows if wanted in r["phone_number"] and name in {None, r["friendly_name"]}]
        return page(rows, "incoming_phone_numbers")

    @routes.get("/IncomingPhoneNumbers/<sid>.json")
    def fetch(sid: str) -> Response:
        number = _number(sid)
        return jsonify(shown(carrier, number, carrier.settings.numbers[number]))

    @routes.post("/IncomingPhoneNumbers/<sid>.json")
    def update(sid: str) -> Response:
        form = request.form
        only(form, {*URLS, *METHODS, "FriendlyName"})
        number = _number(sid)
        if any(form.get(name, "POST") != "POST" for name in METHODS):
            raise Refused(400, 20001, "the local carrier asks a number's addresses with POST only")
        changes = {attribute: web_address(form, name, 21502) for name, attribute in URLS.items() if name in form}
        line = replace(carrier.settings.numbers[number], **changes)
        if "FriendlyName" in form:
            line.name = form["FriendlyName"]
        if line.voice_fallback_url and not line.voice_url:
            raise Refused(400, 21405, "VoiceFallbackUrl needs a VoiceUrl")
        if line.sms_fallback_url and not line.sms_url:
            raise Refused(400, 21406, "SmsFallbackUrl needs an SmsUrl")
        carrier.set_line(number, line)
        return jsonify(shown(carrier, number, line))

    def _number(sid: str) -> str:
        for number in carrier.settings.numbers:
            if fixed_sid("PN", number) == sid:
                return number
        raise not_found()

    return routes

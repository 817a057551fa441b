"""REST: calls. Source: twilio.com/docs/voice/api/call-resource."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from .calls import EVENT_STATUS, LIVE, Leg
from .carrier import Carrier
from .orders import FINISHED_ONLY, Callback, Source
from .rest import BASE, PAGING, Refused, method, not_found, only, page, rfc2822, web_address, whole
from .sids import fixed_sid
from .words import names

CALLABLE = re.compile(r"\+?\d{3,15}|client:[^\s]{1,256}")
EVENTS = frozenset(EVENT_STATUS) | FINISHED_ONLY
CARRIED_OUT = names(
    "To From Url Method FallbackUrl FallbackMethod StatusCallback StatusCallbackMethod "
    "StatusCallbackEvent Timeout Twiml TimeLimit MachineDetection"
)
ONLY_ACCEPTED = names(
    "SendDigits Record RecordingChannels RecordingStatusCallback RecordingStatusCallbackMethod "
    "RecordingStatusCallbackEvent RecordingTrack RecordingConfigurationId SipAuthUsername "
    "SipAuthPassword Trim CallerId CallReason CallToken Byoc AsyncAmd AsyncAmdStatusCallback "
    "AsyncAmdStatusCallbackMethod Passports ClientNotificationUrl MachineDetectionTimeout "
    "MachineDetectionSpeechThreshold ApplicationSid MachineDetectionSpeechEndThreshold "
    "MachineDetectionSilenceTimeout"
)
UPDATE = names("Url Method Twiml Status FallbackUrl FallbackMethod StatusCallback StatusCallbackMethod TimeLimit")
FILTERS = names("To From Status ParentCallSid StartTime StartTime< StartTime> EndTime EndTime< EndTime>")
LONGEST_MARKUP = 4000
SUBRESOURCES = {
    "events": "Events",
    "notifications": "Notifications",
    "payments": "Payments",
    "recordings": "Recordings",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}


def shown(leg: Leg) -> dict[str, Any]:
    """A call as Twilio shows it."""
    account = leg.carrier.settings.account_sid
    base = f"/2010-04-01/Accounts/{account}/Calls/{leg.sid}"
    line = leg.to if leg.direction == "inbound" else leg.from_
    return {
        "account_sid": account,
        "annotation": None,
        "answered_by": leg.answered_by,
        "api_version": "2010-04-01",
        "caller_name": None,
        "date_created": rfc2822(leg.date_created),
        "date_updated": rfc2822(leg.date_updated),
        "direction": leg.direction,
        "duration": str(leg.duration_s) if leg.over else None,
        "end_time": rfc2822(leg.date_ended),
        "forwarded_from": leg.forwarded_from or None,
        "from": leg.from_,
        "from_formatted": leg.from_,
        "group_sid": None,
        "parent_call_sid": leg.parent.sid if leg.parent else None,
        "phone_number_sid": fixed_sid("PN", line) if line in leg.carrier.settings.numbers else None,
        "price": None,
        "price_unit": "USD",
        "queue_time": str(round(leg.paced_s * 1000)),
        "sid": leg.sid,
        "start_time": rfc2822(leg.date_answered or (leg.date_ended and leg.date_created)),
        "status": leg.status,
        "subresource_uris": {key: f"{base}/{name}.json" for key, name in SUBRESOURCES.items()},
        "to": leg.to,
        "to_formatted": leg.to,
        "trunk_sid": None,
        "uri": f"{base}.json",
    }


def blueprint(carrier: Carrier) -> Blueprint:
    """The routes of /Calls."""
    routes = Blueprint("rest_calls", __name__, url_prefix=BASE)

    @routes.post("/Calls.json")
    def create() -> tuple[Response, int]:
        form = request.form
        only(form, CARRIED_OUT | ONLY_ACCEPTED)
        to, from_ = form.get("To", ""), form.get("From", "")
        if not to:
            raise Refused(400, 21201, "No 'To' number is specified")
        if not CALLABLE.fullmatch(to):
            raise Refused(400, 21211, "Invalid 'To' Phone Number")
        if not from_:
            raise Refused(400, 21213, "No 'From' number is specified")
        if not CALLABLE.fullmatch(from_):
            raise Refused(400, 21212, "Invalid 'From' Number")
        if not from_.startswith("client:") and not carrier.may_send_from(from_):
            raise Refused(400, 21210, "The source phone number provided is not yet verified for your account")
        source = _source("Url is required unless Twiml is given")
        fallback = web_address(form, "FallbackUrl", 21205)
        if carried := sorted(set(form) & ONLY_ACCEPTED):
            carrier.warn(0, f"the local carrier does not carry out {', '.join(carried)}", url=request.path)
        with carrier.clock.lock:
            leg = carrier.place(
                from_,
                to,
                source,
                timeout_s=whole(form, "Timeout", 1, 600, 60),
                callback=_callback(),
                fallback=Source(fallback, method(form, "FallbackMethod")) if fallback else None,
                detect_machine=form.get("MachineDetection", "") in {"Enable", "DetectMessageEnd"},
            )
            return jsonify(shown(leg)), 201

    @routes.get("/Calls.json")
    def read() -> Response:
        only(request.args, FILTERS | PAGING)
        with carrier.clock.lock:
            legs = [leg for leg in reversed(carrier.calls.values()) if _wanted(leg)]
            return page([shown(leg) for leg in legs], "calls")

    @routes.get("/Calls/<sid>.json")
    def fetch(sid: str) -> Response:
        return jsonify(shown(_leg(sid)))

    @routes.post("/Calls/<sid>.json")
    def update(sid: str) -> Response:
        form = request.form
        only(form, UPDATE)
        leg = _leg(sid)
        status = form.get("Status", "")
        if status not in {"", "completed", "canceled"}:
            raise Refused(400, 21219, "Status must be completed or canceled")
        if carrier.faults.take("not_in_progress_21220", request.path):
            raise Refused(400, 21220, "Call is not in-progress. Cannot redirect.")
        if leg.over:
            raise Refused(400, 21220, "Call is not in-progress. Cannot redirect.")
        if address := web_address(form, "StatusCallback", 21609):
            leg.callback = Callback(address, method(form, "StatusCallbackMethod"))
        if fallback := web_address(form, "FallbackUrl", 21205):
            leg.fallback = Source(fallback, method(form, "FallbackMethod"))
        if status == "canceled" and leg.status == "in-progress":
            raise Refused(400, 21220, "Call is in-progress. Cannot cancel.")
        if status:
            leg.end(status, reason="participant_updated_via_api")
        elif (form.get("Url") or form.get("Twiml")) and not leg.move(_source("")):
            raise Refused(400, 21220, "Call is not in-progress. Cannot redirect.")
        return jsonify(shown(leg))

    def _leg(sid: str) -> Leg:
        leg = carrier.calls.get(sid)
        if leg is None:
            raise not_found()
        return leg

    return routes


def _source(missing: str) -> Source:
    form = request.form
    if url := web_address(form, "Url", 21205):
        return Source(url, method(form))
    words = form.get("Twiml", "")
    if not words:
        raise Refused(400, 21205, missing)
    if len(words) > LONGEST_MARKUP:
        raise Refused(400, 20001, f"Twiml is longer than {LONGEST_MARKUP} characters")
    return Source(markup=words)


def _callback() -> Callback | None:
    form = request.form
    url = web_address(form, "StatusCallback", 21609)
    events = frozenset(event for given in form.getlist("StatusCallbackEvent") for event in given.split())
    if not events <= EVENTS:
        raise Refused(400, 21626, f"StatusCallbackEvent must be among {', '.join(sorted(EVENTS))}")
    return Callback(url, method(form, "StatusCallbackMethod"), events or FINISHED_ONLY) if url else None


def _wanted(leg: Leg) -> bool:
    args = request.args
    status = args.get("Status")
    if status and status not in LIVE | {"completed", "busy", "failed", "no-answer", "canceled"}:
        raise Refused(400, 20001, "Status is not a call status")
    if any(
        args.get(name, value) != value for name, value in (("To", leg.to), ("From", leg.from_), ("Status", leg.status))
    ):
        return False
    if (parent := args.get("ParentCallSid")) and (leg.parent is None or leg.parent.sid != parent):
        return False
    return _within("StartTime", leg.date_answered or leg.date_created) and _within("EndTime", leg.date_ended)


def _within(name: str, when: datetime | None) -> bool:
    """Whether a time passes the filters on it: on that day, or before or after that moment, inclusively."""
    for sign in ("", "<", ">"):
        given = request.args.get(name + sign)
        if not given:
            continue
        try:
            limit = datetime.fromisoformat(given)
        except ValueError:
            raise Refused(400, 20001, f"{name}{sign} is not a date") from None
        limit = limit.replace(tzinfo=UTC) if limit.tzinfo is None else limit
        if when is None:
            return False
        passes = {
            "": when.date() == limit.date(),
            "<": when <= limit,
            ">": when >= limit.replace(microsecond=0),
        }
        if not passes[sign]:
            return False
    return True

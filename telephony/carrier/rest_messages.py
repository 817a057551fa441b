"""REST: messages. Source: twilio.com/docs/messaging/api/message-resource."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from .carrier import Carrier
from .messages import LONGEST_BODY, ON_ITS_WAY, Media, Message, OptedOut, segments
from .rest import BASE, PAGING, Refused, not_found, only, page, rfc2822, web_address, whole
from .words import names

TEXTABLE = re.compile(r"\+?\d{5,15}")
CARRIED_OUT = frozenset(["To", "From", "Body", "StatusCallback", "ValidityPeriod"])
ONLY_ACCEPTED = names(
    "MaxPrice ProvideFeedback Attempt ForceDelivery ContentRetention AddressRetention SmartEncoded "
    "ShortenUrls RiskCheck MessageIntent TrafficType"
)
LONGEST_VALIDITY_S = 36_000


def shown(carrier: Carrier, message: Message) -> dict[str, Any]:
    """A text as Twilio shows it."""
    account = carrier.settings.account_sid
    base = f"/2010-04-01/Accounts/{account}/Messages/{message.sid}"
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": rfc2822(message.date_created),
        "date_sent": rfc2822(message.date_sent),
        "date_updated": rfc2822(message.date_updated),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": "Unreachable destination handset" if message.error_code == 30003 else None,
        "from": message.from_,
        "messaging_service_sid": None,
        "num_media": str(len(message.media)),
        "num_segments": str(segments(message.body)),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{base}/Media.json", "feedback": f"{base}/Feedback.json"},
        "to": message.to,
        "uri": f"{base}.json",
    }


def media_shown(carrier: Carrier, message: Message, piece: Media) -> dict[str, Any]:
    """A piece of media as Twilio shows it: twilio.com/docs/messaging/api/media-resource."""
    account = carrier.settings.account_sid
    return {
        "account_sid": account,
        "content_type": piece.content_type,
        "date_created": rfc2822(piece.date_created),
        "date_updated": rfc2822(piece.date_created),
        "parent_sid": message.sid,
        "sid": piece.sid,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{message.sid}/Media/{piece.sid}.json",
    }


def blueprint(carrier: Carrier) -> Blueprint:
    """The routes of /Messages."""
    routes = Blueprint("rest_messages", __name__, url_prefix=BASE)

    @routes.post("/Messages.json")
    def create() -> tuple[Response, int]:
        form = request.form
        only(form, CARRIED_OUT | ONLY_ACCEPTED)
        to, from_, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
        if not to:
            raise Refused(400, 21604, "A 'To' phone number is required.")
        if not TEXTABLE.fullmatch(to):
            raise Refused(400, 21211, "Invalid 'To' Phone Number")
        if not from_:
            raise Refused(400, 21603, "A 'From' phone number is required.")
        if not TEXTABLE.fullmatch(from_):
            raise Refused(400, 21212, "Invalid 'From' Number")
        if not carrier.may_send_from(from_):
            raise Refused(400, 21606, "The 'From' phone number provided is not a valid message-capable number")
        if to == from_:
            raise Refused(400, 21266, "'To' and 'From' number cannot be the same")
        if not body:
            raise Refused(400, 21602, "Message body is required.")
        if len(body) > LONGEST_BODY:
            raise Refused(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        whole(form, "ValidityPeriod", 1, LONGEST_VALIDITY_S, LONGEST_VALIDITY_S)
        callback = web_address(form, "StatusCallback", 21609)
        blocked = carrier.faults.take("opt_out_21610", request.path) is not None
        try:
            if blocked:
                raise OptedOut
            message = carrier.messages.send(from_, to, body, callback)
        except OptedOut:
            raise Refused(400, 21610, "Attempt to send to unsubscribed recipient") from None
        return jsonify(shown(carrier, message)), 201

    @routes.get("/Messages.json")
    def read() -> Response:
        args = request.args
        only(args, {"To", "From", "DateSent", "DateSent<", "DateSent>"} | PAGING)
        with carrier.clock.lock:
            found = [
                shown(carrier, m)
                for m in reversed(carrier.messages.all.values())
                if args.get("To", m.to) == m.to and args.get("From", m.from_) == m.from_ and _sent_within(m)
            ]
        return page(found, "messages")

    @routes.get("/Messages/<sid>.json")
    def fetch(sid: str) -> Response:
        return jsonify(shown(carrier, _message(sid)))

    @routes.post("/Messages/<sid>.json")
    def update(sid: str) -> Response:
        """Erase the words of a text; nothing else about it can be changed."""
        only(request.form, {"Body"})
        message = _message(sid)
        if request.form.get("Body"):
            raise Refused(400, 20001, "Body can only be emptied")
        _not_on_its_way(message)
        message.body, message.date_updated = "", datetime.now(UTC)
        return jsonify(shown(carrier, message))

    @routes.delete("/Messages/<sid>.json")
    def delete(sid: str) -> tuple[str, int]:
        """Its pieces of media go with it."""
        with carrier.clock.lock:
            message = _message(sid)
            _not_on_its_way(message)
            del carrier.messages.all[message.sid]
        return "", 204

    @routes.get("/Messages/<sid>/Media.json")
    def media(sid: str) -> Response:
        only(request.args, {"DateCreated", "DateCreated<", "DateCreated>"} | PAGING)
        message = _message(sid)
        return page([media_shown(carrier, message, piece) for piece in message.media], "media_list")

    @routes.get("/Messages/<sid>/Media/<piece>")
    def content(sid: str, piece: str) -> Response:
        """The piece itself; with `.json` behind its id, what is known of it."""
        message = _message(sid)
        found = _piece(message, piece.removesuffix(".json"))
        if piece.endswith(".json"):
            return jsonify(media_shown(carrier, message, found))
        return Response(found.content, content_type=found.content_type)

    @routes.delete("/Messages/<sid>/Media/<piece>.json")
    def delete_media(sid: str, piece: str) -> tuple[str, int]:
        with carrier.clock.lock:
            message = _message(sid)
            message.media.remove(_piece(message, piece))
        return "", 204

    def _piece(message: Message, sid: str) -> Media:
        piece = next((piece for piece in message.media if piece.sid == sid), None)
        if piece is None:
            raise not_found()
        return piece

    def _message(sid: str) -> Message:
        message = carrier.messages.all.get(sid)
        if message is None:
            raise not_found()
        return message

    return routes


def _not_on_its_way(message: Message) -> None:
    if message.status in ON_ITS_WAY:
        raise Refused(409, 20009, "The message has not been completed yet")


def _sent_within(message: Message) -> bool:
    when = message.date_sent or message.date_created
    for sign in ("", "<", ">"):
        given = request.args.get("DateSent" + sign)
        if not given:
            continue
        try:
            limit = datetime.fromisoformat(given)
        except ValueError:
            raise Refused(400, 20001, f"DateSent{sign} is not a date") from None
        limit = limit.replace(tzinfo=UTC) if limit.tzinfo is None else limit
        if not {"": when.date() == limit.date(), "<": when <= limit, ">": when >= limit}[sign]:
            return False
    return True

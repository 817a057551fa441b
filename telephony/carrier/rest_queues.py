"""REST: queues and who waits in them.

Source: twilio.com/docs/voice/api/queue-resource and /member-resource.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from .carrier import Carrier
from .orders import Source
from .queues import LARGEST, USUAL_SIZE, Member, Queue
from .rest import BASE, PAGING, Refused, method, not_found, only, page, rfc2822, web_address, whole


def shown_queue(queue: Queue) -> dict[str, Any]:
    """A queue as Twilio shows it."""
    account = queue.carrier.settings.account_sid
    base = f"/2010-04-01/Accounts/{account}/Queues/{queue.sid}"
    return {
        "account_sid": account,
        "average_wait_time": queue.average_wait_s,
        "current_size": len(queue.members),
        "date_created": rfc2822(queue.date_created),
        "date_updated": rfc2822(queue.date_created),
        "friendly_name": queue.name,
        "max_size": queue.max_size,
        "sid": queue.sid,
        "subresource_uris": {"members": f"{base}/Members.json"},
        "uri": f"{base}.json",
    }


def shown_member(member: Member) -> dict[str, Any]:
    """A waiting call as Twilio shows it."""
    queue = member.queue
    account = queue.carrier.settings.account_sid
    return {
        "call_sid": member.leg.sid,
        "date_enqueued": rfc2822(member.date_enqueued),
        "position": member.position,
        "queue_sid": queue.sid,
        "uri": f"/2010-04-01/Accounts/{account}/Queues/{queue.sid}/Members/{member.leg.sid}.json",
        "wait_time": member.waited_s,
    }


def blueprint(carrier: Carrier) -> Blueprint:
    """The routes of /Queues and /Queues/.../Members."""
    routes = Blueprint("rest_queues", __name__, url_prefix=BASE)

    @routes.post("/Queues.json")
    def create() -> tuple[Response, int]:
        form = request.form
        only(form, {"FriendlyName", "MaxSize"})
        name = form.get("FriendlyName", "")
        if not 1 <= len(name) <= 64:
            raise Refused(400, 20001, "FriendlyName must be 1 to 64 characters")
        size = whole(form, "MaxSize", 1, LARGEST, USUAL_SIZE)
        with carrier.clock.lock:
            if any(queue.name == name for queue in carrier.queues.values()):
                raise Refused(400, 22003, "Queue name is already in use")
            queue = carrier.queue(name)
            queue.max_size = size
        return jsonify(shown_queue(queue)), 201

    @routes.get("/Queues.json")
    def read() -> Response:
        only(request.args, PAGING)
        with carrier.clock.lock:
            return page([shown_queue(queue) for queue in carrier.queues.values()], "queues")

    @routes.get("/Queues/<sid>.json")
    def fetch(sid: str) -> Response:
        return jsonify(shown_queue(_queue(sid)))

    @routes.post("/Queues/<sid>.json")
    def update(sid: str) -> Response:
        form = request.form
        only(form, {"FriendlyName", "MaxSize"})
        queue = _queue(sid)
        queue.max_size = whole(form, "MaxSize", 1, LARGEST, queue.max_size)
        queue.name = form.get("FriendlyName") or queue.name
        return jsonify(shown_queue(queue))

    @routes.get("/Queues/<sid>/Members.json")
    def members(sid: str) -> Response:
        only(request.args, PAGING)
        with carrier.clock.lock:
            return page([shown_member(member) for member in _queue(sid).members], "queue_members")

    @routes.get("/Queues/<sid>/Members/<call_sid>.json")
    def fetch_member(sid: str, call_sid: str) -> Response:
        with carrier.clock.lock:
            return jsonify(shown_member(_member(sid, call_sid)))

    @routes.post("/Queues/<sid>/Members/<call_sid>.json")
    def take(sid: str, call_sid: str) -> Response:
        form = request.form
        only(form, {"Url", "Method"})
        url = web_address(form, "Url", 21205)
        if not url:
            raise Refused(400, 21205, "Url is required")
        with carrier.clock.lock:
            member = _member(sid, call_sid)
            answer = shown_member(member)
            if not member.leg.move(Source(url, method(form))):
                raise not_found()
        return jsonify(answer)

    def _queue(sid: str) -> Queue:
        queue = carrier.queues.get(sid)
        if queue is None:
            raise not_found()
        return queue

    def _member(sid: str, call_sid: str) -> Member:
        members = _queue(sid).members
        found = [m for m in members if call_sid in {"Front", m.leg.sid}][:1]
        if not found:
            raise not_found()
        return found[0]

    return routes

"""Calls and texts as the control API shows them."""

from __future__ import annotations

from typing import Any

from .calls import Leg
from .messages import Message


def call_view(leg: Leg) -> dict[str, Any]:
    """A call as the control API shows it."""
    carrier = leg.carrier
    with carrier.clock.lock:
        asking = leg.asking
        room = leg.participant.room if leg.participant else None
        until = leg.left_queue_at if leg.left_queue_at is not None else leg.ended_at
        waited = None
        if leg.queued_at is not None:
            waited = round((carrier.clock.now() if until is None else until) - leg.queued_at, 2)
        return {
            "sid": leg.sid,
            "from": leg.from_,
            "to": leg.to,
            "phone": leg.person,
            "direction": leg.direction,
            "status": leg.status,
            "incoming": leg.direction.startswith("outbound"),
            "heard": list(leg.heard),
            "said": list(leg.said),
            "asking": asking
            and {
                "digits": asking.digits,
                "speech": asking.speech,
                "num_digits": asking.num_digits,
                "finish_on_key": asking.finish_on_key,
            },
            "queue": leg.member.queue.name if leg.member and leg.member.result is None else None,
            "conference": room.name if room else None,
            "conference_started": room.started if room else False,
            "muted": leg.participant.muted if leg.participant else False,
            "hold": leg.participant.hold if leg.participant else False,
            "other_parties": [
                {"sid": o.sid, "phone": o.person, "label": o.participant.label if o.participant else ""}
                for o in leg.others()
            ],
            "created_at": leg.date_created.isoformat(timespec="milliseconds"),
            "answered_at": _since(leg, leg.answered_at),
            "queued_at": _since(leg, leg.queued_at),
            "left_queue_at": _since(leg, leg.left_queue_at),
            "ended_at": _since(leg, leg.ended_at),
            "age_s": _since(leg, carrier.clock.now()),
            "waited_s": waited,
            "machine": leg.machine,
        }


def text_view(message: Message, person: str) -> dict[str, Any]:
    """A text as a phone shows it: `direction` is sent or received, seen from that phone."""
    return {
        "sid": message.sid,
        "direction": "sent" if message.from_ == person else "received",
        "from": message.from_,
        "to": message.to,
        "body": message.body,
        "at": message.date_created.isoformat(timespec="milliseconds"),
        "status": message.status,
        "media": [piece.content_type for piece in message.media],
    }


def _since(leg: Leg, at: float | None) -> float | None:
    return None if at is None else round(at - leg.created_at, 2)

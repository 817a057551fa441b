"""Enqueue and Leave: waiting, what is heard meanwhile, and how the wait ends."""

from __future__ import annotations

from .calls import Bridge, Leg
from .documents import carries_out, fetch, follow, perform
from .markup import DocumentFailed, Verb
from .orders import Ended, Moved, Source
from .queues import Member

LONGEST_NAME = 64
SHORTEST_ROUND_S = 1.0
"""A wait document that takes no time is asked for no faster than this."""


class LeftQueue(Exception):
    """The wait document said Leave."""


@carries_out("Leave")
def leave(leg: Leg, verb: Verb, source: Source) -> None:
    """`<Leave>`: only in a wait document, where the grammar allows it."""
    raise LeftQueue


@carries_out("Enqueue")
def enqueue(leg: Leg, verb: Verb, source: Source) -> Source | None:
    """`<Enqueue>`: wait until taken, moved, gone or told to leave; then the action, with QueueResult and
    QueueTime.
    """
    leg.answer()
    name = verb.text
    if not name or len(name) > LONGEST_NAME:
        leg.carrier.warn(12200, "Enqueue needs a queue name of 1 to 64 characters", sid=leg.sid, url=source.url)
        return _after(leg, verb, source, "system-error", None)
    member = leg.carrier.queue(name).join(leg)
    if member is None:
        return _after(leg, verb, source, "queue-full", None)
    try:
        with leg.broken_by(lambda: member.result is not None or member.taken_by is not None):
            member.settle(_wait(leg, verb, source, member))
        if member.taken_by is not None and member.result is None:
            _be_taken(leg, member)
            member.settle("bridged")
    except (Moved, Ended):
        member.settle("hangup" if leg.over else "redirected")
        action = _after(leg, verb, source, member.result or "error", member)
        if action is not None:
            form = {**leg.params(), **action.params}
            leg.carrier.callbacks.post(leg.sid, action.url, form, kind="voice", method=action.method)
        raise
    finally:
        member.queue.remove(member)
        leg.member = None
    return _after(leg, verb, source, member.result or "error", member)


def _after(leg: Leg, verb: Verb, source: Source, result: str, member: Member | None) -> Source | None:
    action = verb.get("action")
    if not action:
        return None
    params = {"QueueResult": result, "QueueTime": str(member.waited_s if member else 0)}
    if member is not None:
        params["QueueSid"] = member.queue.sid
    return follow(source, action, verb.get("method", "POST"), params)


def _wait(leg: Leg, verb: Verb, source: Source, member: Member) -> str:
    url = verb.get("waitUrl")
    if not url:
        if "waitUrl" not in verb.attributes:
            leg.hear("sound", "(music)")
        leg.wait()
    first = follow(source, url, verb.get("waitUrlMethod", "POST"))
    following: Source | None = None
    while True:
        began = leg.carrier.clock.now()
        current = following or first
        try:
            document = fetch(leg, current, "wait", member.params())
            following = perform(leg, document, current)
        except DocumentFailed as failure:
            leg.carrier.warn(failure.code, str(failure), sid=leg.sid, url=current.url)
            return "error"
        except LeftQueue:
            return "leave"
        spent = leg.carrier.clock.now() - began
        if following is None and spent < SHORTEST_ROUND_S:
            leg.wait(SHORTEST_ROUND_S - spent)


def _be_taken(leg: Leg, member: Member) -> None:
    """The taken caller's side of Dial Queue: the document before the bridge, then the bridge."""
    taker = member.taken_by
    if taker is None:
        return
    following = member.before_bridge
    while following is not None:
        current = following
        try:
            document = fetch(leg, current, "hold", {**member.params(), "DequeingCallSid": taker.sid})
            following = perform(leg, document, current)
        except DocumentFailed as failure:
            leg.carrier.warn(failure.code, str(failure), sid=leg.sid, url=current.url)
            break
    if taker.over:
        return
    bridge = member.bridge = Bridge.join(leg, taker)
    try:
        leg.wait(until=lambda: not bridge.open)
    finally:
        bridge.close()

"""Dial: ringing people, joining them to a call, and what became of it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from . import conferencing, speech
from .calls import Bridge, Leg
from .documents import CannotGoOn, carries_out, carry_out, follow
from .markup import Verb
from .orders import FINISHED_ONLY, Callback, Ended, Moved, Source
from .phones import GREETING, RECORDING_S, Phone

USUAL_TIMEOUT_S = 30
USUAL_LIMIT_S = 14_400
ENGAGED_S = 0.5


def ring(leg: Leg, timeout_s: float) -> bool:
    """Ring the phone at the leg's far end.

    True once it is answered; otherwise the leg has ended, and says why.
    """
    carrier = leg.carrier
    line = carrier.settings.numbers.get(leg.to)
    if carrier.faults.take("unreachable", leg.to) or (line is not None and not line.voice_url):
        leg.end("failed")
        return False
    if line is not None:
        leg.ringing()
        carrier.ring_line(leg.from_, leg.to, person=leg.from_, peer=leg)
        return leg.wait(timeout_s, lambda: leg.answered_at is not None) or _unanswered(leg)
    engaged = any(c.person == leg.to and c.status == "in-progress" for c in carrier.calls.values())
    if leg.to.startswith("client:") and engaged:
        leg.end("busy")
        return False
    leg.ringing()
    phone = carrier.phone(leg.to)
    if phone.answers == "busy":
        leg.wait(ENGAGED_S)
        leg.end("busy")
        return False
    scripted = phone.answers in {"human", "voicemail"} and phone.after_s < timeout_s
    if leg.wait(phone.after_s if scripted else timeout_s, lambda: leg.answered_at is not None):
        return True
    if not scripted:
        return _unanswered(leg)
    pick_up(leg, phone)
    return True


def pick_up(leg: Leg, phone: Phone) -> None:
    """Answer as a scripted person or machine does."""
    if phone.answers == "voicemail":
        answer_by_machine(leg)
    else:
        leg.presses = [keys for keys in phone.presses.split(",") if keys]
        leg.answer()


def answer_by_machine(leg: Leg) -> None:
    """A voicemail picks up: it greets, listens, presses nothing and hangs up."""
    leg.machine = True
    leg.answer()

    def machine() -> None:
        clock = leg.carrier.clock
        leg.say(GREETING)
        clock.wait(leg.bell, speech.seconds_to_say(GREETING) + RECORDING_S, lambda: leg.over)
        leg.end("completed")

    leg.carrier.clock.spawn(machine, f"machine {leg.sid}")


def _unanswered(leg: Leg) -> bool:
    leg.end("no-answer")
    return False


@carries_out("Dial")
def dial(leg: Leg, verb: Verb, source: Source) -> Source | None:
    """`<Dial>`: join the call to a room, to whoever waits in a queue, or to people who are rung."""
    if not verb.true("answerOnBridge", False):
        leg.answer()
    action = verb.get("action")
    method = verb.get("method", "POST")
    nouns = list(verb.children)
    if verb.text:
        nouns.append(Verb("Number", {}, verb.text))
    try:
        if rooms := [n for n in nouns if n.name == "Conference"]:
            leg.answer()
            result = {"DialCallStatus": conferencing.take_part(leg, rooms[0], source)}
        elif queues := [n for n in nouns if n.name == "Queue"]:
            leg.answer()
            result = _serve_queue(leg, queues[0], source)
        else:
            result = _ring_people(leg, verb, nouns, source)
    except Ended:
        if action:
            form = {**leg.params(), "DialCallStatus": "completed"}
            leg.carrier.callbacks.post(leg.sid, follow(source, action, "").url, form, kind="voice", method=method)
        raise
    return follow(source, action, method, result) if action else None


def _serve_queue(leg: Leg, noun: Verb, source: Source) -> dict[str, str]:
    carrier = leg.carrier
    found = [q for q in carrier.queues.values() if q.name == noun.text]
    if not found:
        return {"DialCallStatus": "failed", "QueueResult": "queue-not-found"}
    queue = found[0]
    before = follow(source, noun.get("url"), noun.get("method", "POST")) if noun.get("url") else None
    queue.dialling.append(leg)
    try:
        leg.wait(until=lambda: bool(queue.members))
        member = queue.take_front(leg, before)
        while member is None:
            leg.wait(until=lambda: bool(queue.members))
            member = queue.take_front(leg, before)
    finally:
        queue.dialling.remove(leg)
    taken = member
    leg.wait(until=lambda: taken.bridge is not None or taken.leg.over or taken.result is not None)
    bridge = taken.bridge
    began = carrier.clock.now()
    if bridge is not None:
        try:
            leg.wait(until=lambda: not bridge.open)
        finally:
            bridge.close()
    return {
        "DialCallStatus": "completed",
        "DialCallSid": taken.leg.sid,
        "DialCallDuration": str(round(carrier.clock.now() - began)),
    }


@dataclass
class _Ringing:
    """The people rung by one Dial; the first to be ready is joined to the caller."""

    parent: Leg
    winner: Leg | None = None
    over: bool = False
    moved_away: list[Leg] = field(default_factory=list)


def _ring_people(leg: Leg, verb: Verb, nouns: Sequence[Verb], source: Source) -> dict[str, str]:
    if not nouns:
        leg.carrier.warn(13221, "Dial rings nobody", sid=leg.sid, url=source.url)
        return {"DialCallStatus": "failed"}
    leg.hear("sound", "(ringing)")
    timeout_s = verb.number("timeout", USUAL_TIMEOUT_S)
    groups = [[noun] for noun in nouns] if verb.true("sequential", False) else [list(nouns)]
    children: list[Leg] = []
    for group in groups:
        ringing = _Ringing(leg)
        rung: list[Leg] = []
        try:
            rung = [_ring_one(ringing, noun, verb, source, timeout_s) for noun in group]
            children += rung
            leg.wait(until=lambda r=ringing, c=rung: r.winner is not None or all(x.over for x in c))  # type: ignore[misc]
            if ringing.winner is not None:
                return _talk(leg, ringing, rung, verb)
        finally:
            ringing.over = True
            for child in rung:
                child.stir()
                if child not in ringing.moved_away:
                    child.end("completed" if child.answered_at is not None else "canceled")
    last = children[-1]
    statuses = {child.status for child in children}
    status = next((s for s in ("completed", "busy", "no-answer", "failed", "canceled") if s in statuses), "failed")
    return {
        "DialCallStatus": status,
        "DialCallSid": last.sid,
        "DialCallDuration": "0",
        "DialBridged": "false",
    }


def _talk(leg: Leg, ringing: _Ringing, rung: Sequence[Leg], verb: Verb) -> dict[str, str]:
    winner = ringing.winner
    assert winner is not None
    for child in rung:
        if child is not winner:
            child.end("completed" if child.answered_at is not None else "canceled")
    leg.answer()
    bridge = Bridge.join(leg, winner)
    try:
        leg.wait(verb.number("timeLimit", USUAL_LIMIT_S), lambda: not bridge.open or winner.over)
    finally:
        bridge.close()
    return {
        "DialCallStatus": "completed",
        "DialCallSid": winner.sid,
        "DialCallDuration": str(round(leg.carrier.clock.now() - bridge.began)),
        "DialBridged": "true",
    }


def _ring_one(ringing: _Ringing, noun: Verb, verb: Verb, source: Source, timeout_s: float) -> Leg:
    leg = ringing.parent
    identity = next((c.text for c in noun.children if c.name == "Identity"), noun.text)
    to = f"client:{identity.removeprefix('client:')}" if noun.name == "Client" else identity
    callback = None
    if url := noun.get("statusCallback"):
        events = frozenset(noun.get("statusCallbackEvent").split()) or FINISHED_ONLY
        callback = Callback(follow(source, url, "").url, noun.get("statusCallbackMethod", "POST"), events)
    params = {c.get("name"): c.get("value") for c in noun.children if c.name == "Parameter"}
    child = leg.carrier.dial(leg, to, verb.get("callerId") or leg.from_, params=params, callback=callback)
    before = follow(source, noun.get("url"), noun.get("method", "POST")) if noun.get("url") else None
    leg.carrier.clock.spawn(partial(_child, child, ringing, before, timeout_s), f"call {child.sid}")
    return child


def _child(child: Leg, ringing: _Ringing, before: Source | None, timeout_s: float) -> None:
    """A dialled person's side: ring, hear the document meant for them alone, then talk until it is over."""
    try:
        child.progress("initiated")
        if not ring(child, timeout_s):
            return
        if before is not None:
            carry_out(child, before)
        with child.carrier.clock.lock:
            if ringing.winner is None and not ringing.over:
                ringing.winner = child
                ringing.parent.stir()
        if ringing.winner is child:
            child.wait(until=lambda: ringing.over)
        child.end("completed")
    except Ended:
        pass
    except CannotGoOn:
        child.end("completed")
    except Moved as moved:
        ringing.moved_away.append(child)
        if child.bridge is not None:
            child.bridge.close()
        with contextlib.suppress(Ended, CannotGoOn):
            carry_out(child, moved.source)
    finally:
        child.end("completed" if child.answered_at is not None else "failed")
        ringing.parent.stir()

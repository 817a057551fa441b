"""Gather: a question, and the keys or speech that answer it."""

from __future__ import annotations

from . import sounds, speech
from .calls import Asking, Leg
from .documents import carries_out, follow
from .markup import Verb
from .orders import Source

USUAL_TIMEOUT_S = 5
SPEECH_END_S = 1.0
"""Silence after which a `speechTimeout` of auto takes speech as finished."""
CONFIDENCE = "0.9"
THINKING_S = 1.0
"""How long a scripted person takes to press a key once asked."""


@carries_out("Gather")
def gather(leg: Leg, verb: Verb, source: Source) -> Source | None:
    """`<Gather>`: the action's document when there was an answer (or it wants empty ones), else the next
    verb.
    """
    leg.answer()
    inputs = verb.get("input", "dtmf").split()
    limit = verb.number("numDigits", 0) or None
    finish = verb.get("finishOnKey", "#")
    with leg.carrier.clock.lock:
        leg.digits, leg.speech = "", None
        leg.asking = Asking("dtmf" in inputs, "speech" in inputs, limit, finish)
    try:
        answer = _listen(leg, verb, source, limit, finish)
    finally:
        leg.asking = None
    if answer is None:
        if not verb.true("actionOnEmptyResult", False):
            return None
        answer = {"Digits": ""} if "dtmf" in inputs else {"SpeechResult": ""}
    return follow(source, verb.get("action"), verb.get("method", "POST"), answer)


def _listen(leg: Leg, verb: Verb, source: Source, limit: int | None, finish: str) -> dict[str, str] | None:
    def answered() -> bool:
        return bool(leg.digits) or leg.speech is not None

    def complete() -> bool:
        keys = leg.digits
        return leg.speech is not None or (limit is not None and len(keys) >= limit) or (bool(finish) and finish in keys)

    if verb.true("bargeIn", True):
        with leg.broken_by(answered):
            _ask(leg, verb, source)
    else:
        _ask(leg, verb, source)
    if leg.presses and leg.asking is not None and leg.asking.digits and not answered():
        leg.wait(THINKING_S, answered)
        if not answered():
            leg.press(leg.presses.pop(0))
    timeout_s = verb.number("timeout", USUAL_TIMEOUT_S)
    if not leg.wait(timeout_s, answered):
        return None
    while not complete():
        so_far = len(leg.digits)
        if not leg.wait(timeout_s, lambda n=so_far: len(leg.digits) > n or complete()):  # type: ignore[misc]
            break
    if leg.digits:
        keys, pressed, _ = leg.digits.partition(finish) if finish else (leg.digits, "", "")
        keys = keys[:limit]
        if not keys:
            return None
        return {"Digits": keys, "msg": "Gather End"} | ({"FinishedOnKey": finish} if pressed else {})
    words = leg.speech or ""
    leg.asking = None
    leg.wait(speech.seconds_to_say(words) + (verb.number("speechTimeout", 0) or SPEECH_END_S))
    if not words.strip():
        return None
    return {"SpeechResult": words, "Confidence": CONFIDENCE, "Language": verb.get("language", "en-US")}


def _ask(leg: Leg, verb: Verb, source: Source) -> None:
    for inner in verb.children:
        {"Say": sounds.say, "Play": sounds.play, "Pause": sounds.pause}[inner.name](leg, inner, source)

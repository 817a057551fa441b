"""Say, Play and Pause: what the person hears, and how long it takes."""

from __future__ import annotations

from . import speech
from .calls import Leg
from .documents import carries_out, follow
from .markup import Verb
from .orders import Source
from .webhooks import WebhookFailed

ENDLESS = 1000
"""How often a loop of 0 plays (twilio.com/docs/voice/twiml/say, loop)."""


def speak(leg: Leg, words: str, seconds: float | None = None, who: str = "line") -> None:
    """Say words to the person and let the time it takes go by."""
    leg.hear(who, words)
    leg.wait(speech.seconds_to_say(words) if seconds is None else seconds)


@carries_out("Say")
def say(leg: Leg, verb: Verb, source: Source) -> None:
    """`<Say>`."""
    leg.answer()
    if not verb.text:
        return
    for _ in range(verb.number("loop", 1) or ENDLESS):
        speak(leg, verb.text, speech.seconds_of_say(verb))


@carries_out("Play")
def play(leg: Leg, verb: Verb, source: Source) -> None:
    """`<Play>`: a sound file, asked for once and timed if it is a WAV, or key tones."""
    leg.answer()
    if digits := verb.get("digits"):
        leg.hear("sound", f"(keys {digits})")
        leg.wait(len(digits) * speech.KEY_TONE_S)
        return
    url = follow(source, verb.text, "GET").url
    seconds = _length(leg, url)
    if seconds is None:
        return
    name = url.partition("?")[0].rpartition("/")[2]
    for _ in range(verb.number("loop", 1) or ENDLESS):
        leg.hear("sound", f"(plays {name})")
        leg.wait(seconds)


@carries_out("Pause")
def pause(leg: Leg, verb: Verb, source: Source) -> None:
    """`<Pause>`; as the first verb it does not answer the call."""
    leg.wait(verb.number("length", 1))


def _length(leg: Leg, url: str) -> float | None:
    known = leg.carrier.sounds
    if url not in known:
        try:
            reply = leg.carrier.webhooks.send(url, {}, kind="sound", method="GET")
        except WebhookFailed:
            leg.carrier.warn(11200, "a sound could not be fetched", sid=leg.sid, url=url)
            return None
        known[url] = speech.seconds_of_sound(reply.body)
        leg.check()
    return known[url]

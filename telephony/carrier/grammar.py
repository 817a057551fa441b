"""The markup the carrier carries out: verbs, their attributes and what may stand inside them.

Source: the TwiML reference pages under twilio.com/docs/voice/twiml and twilio.com/docs/messaging/twiml. A
verb or attribute that Twilio has and this table does not is one the carrier does not carry out; it is
reported, never ignored in silence.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from .words import names

Check = Callable[[str], bool]

EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
ROOM_EVENTS = frozenset({"start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"})
SSML_ATTRIBUTES = names(
    "strength time level lang xml:lang alphabet ph volume rate pitch interpret-as format role alias"
)
SSML = frozenset({"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w"})


def anything(value: str) -> bool:
    """Any text at all."""
    return True


def some(value: str) -> bool:
    """Text that is not empty."""
    return bool(value)


def boolean(value: str) -> bool:
    """`true` or `false`."""
    return value in {"true", "false"}


def one_of(*allowed: str) -> Check:
    """One of these words."""
    return lambda value: value in allowed


def words_of(allowed: frozenset[str]) -> Check:
    """One or more of these words, separated by spaces."""
    return lambda value: bool(value.split()) and set(value.split()) <= allowed


def whole(low: int, high: int) -> Check:
    """A whole number in this range."""
    return lambda value: value.isdecimal() and low <= int(value) <= high


def up_to(length: int) -> Check:
    """Text of 1 to `length` characters."""
    return lambda value: 0 < len(value) <= length


def _inputs(value: str) -> bool:
    return value in {"dtmf", "speech", "dtmf speech", "speech dtmf"}


def _hints(value: str) -> bool:
    hints = value.split(",")
    return len(hints) <= 500 and all(len(hint.strip()) <= 100 for hint in hints)


def _auto_or(low: int, high: int) -> Check:
    number = whole(low, high)
    return lambda value: value == "auto" or number(value)


def _e164_or_client(value: str) -> bool:
    return bool(re.fullmatch(r"\+?\d{3,15}|client:.+", value))


METHOD = one_of("GET", "POST")
CALLBACK = {"statusCallback": some, "statusCallbackMethod": METHOD, "statusCallbackEvent": words_of(EVENTS)}


@dataclass(frozen=True)
class Rule:
    """What one element may have. `text` says whether words may stand in it."""

    attributes: dict[str, Check] = field(default_factory=dict)
    children: frozenset[str] = frozenset()
    text: bool = False


VOICE: dict[str, Rule] = {
    "Say": Rule({"voice": some, "language": some, "loop": whole(0, 1000)}, SSML, text=True),
    "Play": Rule({"loop": whole(0, 1000), "digits": lambda v: bool(re.fullmatch(r"[0-9wW*#]+", v))}, text=True),
    "Pause": Rule({"length": whole(1, 86_400)}),
    "Gather": Rule(
        {
            "input": _inputs,
            "action": some,
            "method": METHOD,
            "timeout": _auto_or(1, 600),
            "speechTimeout": _auto_or(1, 600),
            "maxSpeechTime": whole(1, 60),
            "profanityFilter": boolean,
            "finishOnKey": lambda v: len(v) <= 1 and v in "0123456789*#",
            "numDigits": whole(1, 1000),
            "partialResultCallback": some,
            "partialResultCallbackMethod": METHOD,
            "language": some,
            "hints": _hints,
            "bargeIn": boolean,
            "actionOnEmptyResult": boolean,
            "speechModel": some,
            "enhanced": boolean,
            "debug": boolean,
        },
        frozenset({"Say", "Play", "Pause"}),
    ),
    "Enqueue": Rule({"action": some, "method": METHOD, "waitUrl": anything, "waitUrlMethod": METHOD}, text=True),
    "Leave": Rule(),
    "Dial": Rule(
        {
            "action": some,
            "method": METHOD,
            "timeout": whole(1, 600),
            "timeLimit": whole(1, 86_400),
            "callerId": _e164_or_client,
            "answerOnBridge": boolean,
            "hangupOnStar": boolean,
            "ringTone": some,
            "sequential": boolean,
        },
        frozenset({"Number", "Client", "Conference", "Queue"}),
        text=True,
    ),
    "Redirect": Rule({"method": METHOD}, text=True),
    "Hangup": Rule(),
    "Reject": Rule({"reason": one_of("rejected", "busy")}),
}
"""Verbs that may stand directly under Response in a voice document."""

INSIDE: dict[str, Rule] = {
    "Number": Rule({"url": some, "method": METHOD, "sendDigits": some, **CALLBACK}, text=True),
    "Client": Rule({"url": some, "method": METHOD, **CALLBACK}, frozenset({"Identity", "Parameter"}), text=True),
    "Identity": Rule(text=True),
    "Parameter": Rule({"name": some, "value": anything}),
    "Queue": Rule({"url": some, "method": METHOD}, text=True),
    "Conference": Rule(
        {
            "muted": boolean,
            "beep": one_of("true", "false", "onEnter", "onExit"),
            "startConferenceOnEnter": boolean,
            "endConferenceOnExit": boolean,
            "waitUrl": anything,
            "waitMethod": METHOD,
            "maxParticipants": whole(2, 250),
            "statusCallback": some,
            "statusCallbackMethod": METHOD,
            "statusCallbackEvent": words_of(ROOM_EVENTS),
            "participantLabel": up_to(128),
            "coach": some,
            "jitterBufferSize": one_of("large", "medium", "small", "off"),
            "region": some,
        },
        text=True,
    ),
    **{tag: Rule(dict.fromkeys(SSML_ATTRIBUTES, anything), SSML, text=True) for tag in SSML},
}
"""Elements that stand only inside a verb."""

MESSAGING: dict[str, Rule] = {
    "Message": Rule(
        {"to": some, "from": some, "action": some, "method": METHOD, "statusCallback": some},
        frozenset({"Body", "Media"}),
        text=True,
    ),
    "Redirect": Rule({"method": METHOD}, text=True),
    "Body": Rule(text=True),
    "Media": Rule(text=True),
}

CONTEXTS: dict[str, frozenset[str]] = {
    "call": frozenset(VOICE) - {"Leave"},
    "wait": frozenset({"Play", "Say", "Pause", "Hangup", "Redirect", "Leave", "Gather"}),
    "hold": frozenset({"Play", "Say", "Pause", "Redirect"}),
    "message": frozenset({"Message", "Redirect"}),
}
"""Which verbs a document may use: a call; a queue's waitUrl; a room's wait, hold and announce; a reply to a
text.
"""

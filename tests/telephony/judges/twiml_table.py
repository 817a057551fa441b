"""The TwiML this service may speak, as one table: verbs, attributes, values, nesting and contexts.

Narrower than Twilio's own grammar on purpose: nothing here can record, stream, transcribe or take payment, and
every default that would play music at, beep at or cut off a caller has to be overridden in words. Sources: Twilio's
references for each verb (twilio.com/docs/voice/twiml/...), read 2026; attribute names are checked in the tests
against the verbs of the installed Twilio library.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Choice:
    """One of a few words, spelled exactly."""

    values: frozenset[str]

    def fault(self, value: str) -> str | None:
        return None if value in self.values else f"must be one of {', '.join(sorted(self.values))}"


@dataclass(frozen=True)
class Whole:
    """A whole number between two bounds, both included; `word` is the one word allowed instead."""

    low: int
    high: int
    word: str | None = None

    def fault(self, value: str) -> str | None:
        if value == self.word and self.word is not None:
            return None
        if re.fullmatch(r"[0-9]{1,9}", value) and self.low <= int(value) <= self.high:
            return None
        return f"must be a whole number from {self.low} to {self.high}"


@dataclass(frozen=True)
class Words:
    """Distinct words from a list, separated by single spaces."""

    values: frozenset[str]

    def fault(self, value: str) -> str | None:
        words = value.split(" ")
        if len(set(words)) == len(words) and set(words) <= self.values:
            return None
        return f"must be words from {', '.join(sorted(self.values))}, separated by single spaces"


@dataclass(frozen=True)
class Pattern:
    """A string of a stated shape. `opaque` ones may hold nobody's number."""

    shape: str
    meaning: str
    opaque: bool = False

    def fault(self, value: str) -> str | None:
        return None if re.fullmatch(self.shape, value) else f"must be {self.meaning}"


@dataclass(frozen=True)
class Address:
    """An absolute address on our own host. `or_empty` where the reference gives the empty string a meaning."""

    or_empty: bool = False


@dataclass(frozen=True)
class Prose:
    """Words for a person, at most `longest` characters."""

    longest: int


@dataclass(frozen=True)
class Hints:
    """Comma-separated phrases: at most 500, each at most 100 characters (Gather reference)."""

    most: int = 500
    longest: int = 100

    def fault(self, value: str) -> str | None:
        phrases = [phrase.strip() for phrase in value.split(",")]
        if not all(phrases):
            return "must not hold an empty phrase"
        if len(phrases) > self.most:
            return f"must hold at most {self.most} phrases"
        if any(len(phrase) > self.longest for phrase in phrases):
            return f"must hold phrases of at most {self.longest} characters"
        return None


Rule = Choice | Whole | Words | Pattern | Address | Prose | Hints


@dataclass(frozen=True)
class Verb:
    """What one element may hold. `text_needed` False lets the text be left out, as in an inline noun's parent."""

    attributes: Mapping[str, Rule] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()
    text: Rule | None = None
    text_needed: bool = True


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TRUTH = Choice(_words("true false"))
# A GET would carry the caller's number in the query, and so into every log on the way.
POST = Choice(_words("POST"))
URL = Address()
E164 = Pattern(r"\+[1-9][0-9]{6,14}", "a number in E.164 form")
TONES = Pattern(r"[0-9wW#*]{1,32}", "at most 32 keypad tones")
NAME = Pattern(r"[a-z0-9-]{8,64}", "an opaque name of 8 to 64 small letters, digits and hyphens", opaque=True)
IDENTITY = Pattern(r"[A-Za-z0-9_-]{1,121}", "an opaque identity of letters, digits, _ and -", opaque=True)
LABEL = Pattern(r"[A-Za-z0-9_-]{1,128}", "an opaque label of letters, digits, _ and -", opaque=True)
CALL = Pattern(r"CA[0-9a-f]{32}", "a call sid")
CALL_EVENTS = Words(_words("initiated ringing answered completed"))
ROOM_EVENTS = Words(_words("start end join leave mute hold modify speaker announcement"))

VOICES = _words("man woman alice Polly.Arthur-Neural Polly.Gwyneth Polly.Amy-Generative") | {
    f"Polly.{name}{kind}" for name in ("Amy", "Brian", "Emma") for kind in ("", "-Neural")
}
VOICES |= {f"Google.en-GB-{kind}-{letter}" for kind in ("Standard", "Wavenet", "Neural2") for letter in "ABCDFNO"}
VOICES |= {f"Google.en-GB-Chirp3-HD-{name}" for name in _words("Aoede Charon Fenrir Kore Leda Orus Puck Zephyr")}

VERBS: Mapping[str, Verb] = {
    "Say": Verb(
        # loop=0 would repeat for ever.
        {"voice": Choice(VOICES), "language": Choice(_words("en-GB cy-GB")), "loop": Whole(1, 10)},
        text=Prose(4096),
    ),
    "Play": Verb({"loop": Whole(0, 1000), "digits": TONES}, text=URL, text_needed=False),
    "Pause": Verb({"length": Whole(1, 60)}),
    "Gather": Verb(
        {
            "input": Words(_words("dtmf speech")),
            "action": URL,
            "method": POST,
            "timeout": Whole(1, 60),
            "speechTimeout": Whole(1, 60, word="auto"),
            "maxSpeechTime": Whole(1, 60),
            "numDigits": Whole(1, 32),
            "finishOnKey": Pattern(r"[0-9#*]?", "one key, or empty for none"),
            "language": Choice(_words("en-GB")),
            "hints": Hints(),
            "profanityFilter": TRUTH,
            "bargeIn": TRUTH,
            "actionOnEmptyResult": TRUTH,
            # The models that take en-GB and keep the carrier's own fail-over between speech providers.
            "speechModel": Choice(_words("default phone_call experimental_utterances experimental_conversations")),
        },
        required=_words("action input"),
        children=_words("Say Play Pause"),
    ),
    "Enqueue": Verb(
        {"action": URL, "method": POST, "waitUrl": URL, "waitUrlMethod": POST},
        required=_words("action waitUrl"),
        text=NAME,
    ),
    "Dial": Verb(
        {
            "action": URL,
            "method": POST,
            "timeout": Whole(1, 600),
            "timeLimit": Whole(1, 86400),
            "callerId": E164,
            "answerOnBridge": TRUTH,
            "hangupOnStar": TRUTH,
            "ringTone": Choice(_words("uk")),
            "sequential": TRUTH,
        },
        children=_words("Number Client Conference Queue"),
        text=E164,
        text_needed=False,
    ),
    "Number": Verb(
        {
            "url": URL,
            "method": POST,
            "sendDigits": TONES,
            "statusCallback": URL,
            "statusCallbackMethod": POST,
            "statusCallbackEvent": CALL_EVENTS,
        },
        text=E164,
    ),
    "Client": Verb(
        {
            "url": URL,
            "method": POST,
            "statusCallback": URL,
            "statusCallbackMethod": POST,
            "statusCallbackEvent": CALL_EVENTS,
        },
        text=IDENTITY,
    ),
    "Conference": Verb(
        {
            "muted": TRUTH,
            "beep": Choice(_words("false")),
            "startConferenceOnEnter": TRUTH,
            "endConferenceOnExit": TRUTH,
            "waitUrl": Address(or_empty=True),  # empty is silence; left out it is the carrier's music
            "waitMethod": POST,
            "maxParticipants": Whole(2, 250),
            "coach": CALL,
            "region": Choice(_words("ie1 de1 us1 us2 au1 br1 jp1 sg1")),
            "jitterBufferSize": Choice(_words("off small medium large")),
            "participantLabel": LABEL,
            "statusCallback": URL,
            "statusCallbackMethod": POST,
            "statusCallbackEvent": ROOM_EVENTS,
        },
        required=_words("beep startConferenceOnEnter endConferenceOnExit waitUrl"),
        text=NAME,
    ),
    "Queue": Verb({"url": URL, "method": POST}, text=NAME),
    "Leave": Verb(),
    "Redirect": Verb({"method": POST}, text=URL),
    "Hangup": Verb(),
    "Reject": Verb({"reason": Choice(_words("rejected busy"))}),
    "Message": Verb(
        {"to": E164, "from": E164, "action": URL, "method": POST, "statusCallback": URL},
        children=_words("Body"),
        text=Prose(1600),
        text_needed=False,
    ),
    "Body": Verb(text=Prose(1600)),
}

# Which verbs may stand directly under Response, by what the document answers.
PROFILES: Mapping[str, frozenset[str]] = {
    "voice": _words("Say Play Pause Gather Enqueue Dial Redirect Hangup Reject"),
    "queue_wait": _words("Play Say Pause Hangup Redirect Leave Gather"),
    "conference_wait": _words("Play Say Pause Redirect"),
    "queue_url": _words("Play Say Pause Redirect"),
    "messaging": _words("Message Redirect"),
}
# Nobody waits longer than this without hearing something true.
LONGEST_SILENCE_IN_QUEUE_S = 20
SURVEILLANCE = _words("Record Pay Start Stop Stream Siprec Transcription Recording Connect Prompt")
EMERGENCY = _words("999 112 911")
MOST_BYTES = 64 * 1024

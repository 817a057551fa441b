"""Words that mean something to the line, or to the carrier, when they are a whole text: never anybody's keyword.

What the carrier acts on by itself, unless its handling is switched off, is from Twilio's list
(https://support.twilio.com/hc/en-us/articles/223134027). From a person in crisis any of them may be a sign of distress.
"""

from typing import Final

from callflows.plain_words import plain_words

OPT_OUT: Final = ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout")
OPT_IN: Final = ("start", "yes", "unstop")
HELP: Final = ("help", "info")
CALL: Final = ("call",)
LOCAL: Final = ("local", "lleol")
WELSH: Final = ("cymraeg", "gymraeg", "welsh")
ENGLISH: Final = ("english", "saesneg")

OF_THE_CARRIER: Final = frozenset({*OPT_OUT, *OPT_IN, *HELP})
OF_THE_LINE: Final = frozenset({*CALL, *LOCAL, *WELSH, *ENGLISH})

LANGUAGES: Final = {**dict.fromkeys(WELSH, "cy"), **dict.fromkeys(ENGLISH, "en")}
_ASKED_WITH: Final = {
    "can", "could", "you", "we", "i", "id", "want", "would", "like", "to", "text", "reply", "answer", "write", "in",
    "please", "pls", "plz", "thanks", "thank", "only", "instead", "yn", "os", "gwelwch", "dda", "plis", "diolch",
}  # fmt: skip


def alone(text: str, reserved: tuple[str, ...]) -> bool:
    """Whether `text` is nothing but one of these words: "Help!" is, "help me" is not."""
    words = plain_words(text)
    return len(words) == 1 and words[0] in reserved


def language(text: str) -> str | None:
    """The language that a text asks for and does nothing else: "CYMRAEG", "in welsh please", "yn Gymraeg os gwelwch yn
    dda". A text that only has such a word in it ("my welsh nan died") asks for none.
    """
    rest = [word for word in plain_words(text) if word not in _ASKED_WITH]
    return LANGUAGES.get(rest[0]) if len(rest) == 1 else None

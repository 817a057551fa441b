"""Yes, no or unclear, to "is that right?"."""

import re

from callflows.plain_words import plain_words

from . import everyday as say


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.split(","))


_AGREED = _phrases(
    "1, one, thats right, that is right, thats it, thats the one, thats correct, that is correct, it is,"
    " uh huh, you got it, i think so, spot on, thats my word, of course, thats what i said, you are right,"
    " youre right, thats my keyword, that one"
)
_DENIED = _phrases(
    "2, two, thats wrong, that is wrong, thats not right, that is not right, thats not it, that isnt"
    " right, that isnt it, it isnt, its not, it is not, not right, not that, not really, not correct,"
    " thats not correct, i didnt, i didnt say that, thats not what i said, i dont think so, neither,"
    " never, not it, something else, different word, a different word, no way, that isnt it, it wasnt, not"
    " that one, neither of them"
)
_OPENS_A_YES = say.YES - {"right", "sure", "ok", "okay", "correct", "exactly", "indeed", "ie"}
_OPENS_A_NO = say.NO - {"na", "wrong", "incorrect"}
_NOT_A_NO = _phrases(
    "one, body, point, idea, reason, more, choice, hope, longer, help, friends, matter, wonder, need, use"
)
"""After "no" these make another thing of it: "no one listens"."""

_HUMMED_YES = re.compile(r"\b(?:uh|m+) h(?:uh|m+)\b|\b(?:mhm+|aha)\b")
"""What a person hums who agrees: "uh huh", "mm hmm". Other sounds only hesitate."""

_ASIDE = {"please", "thanks", "thank", "sorry", "love", "mate", "well", "so", "hello"}


def yes_or_no(said_or_digits: str) -> bool | None:
    """Yes (1), no (2) or unclear (None). Only a plain answer counts: "no one listens" and "right now" are
    neither."""
    words = [word for word in plain_words(said_or_digits) if word not in _ASIDE and not say.hesitation(word)]
    if not words:
        return True if _HUMMED_YES.search(" ".join(plain_words(said_or_digits))) else None
    text = " ".join(words)
    agreed = text in _AGREED or set(words) <= say.YES or (words[0] in _OPENS_A_YES)
    denied = text in _DENIED or set(words) <= say.NO or _opens_with_no(words)
    rest = " ".join(words[1:])
    if agreed and (rest in _DENIED or any(word in say.NO for word in words[1:])):
        return None
    if denied and not agreed and (rest in _AGREED or any(word in _OPENS_A_YES for word in words[1:])):
        return None
    return None if agreed == denied else agreed


def _opens_with_no(words: list[str]) -> bool:
    return words[0] in _OPENS_A_NO and not (len(words) > 1 and words[0] == "no" and words[1] in _NOT_A_NO)

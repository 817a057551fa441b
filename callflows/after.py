"""What a text says that may be the answer to the one question after a contact: 1 to 5, or a few words about it.

Doubt is a person who needs somebody. So an answer is only what could not be anything else: the number by itself, or
with thanks; then one short sentence that speaks of the line and not of the person. All else is a text like any other.
"""

import re
from typing import Final, NamedTuple

from callflows.danger import in_danger_now

LONGEST: Final = 140  # characters: one short sentence
_SCORE: Final = re.compile(r"\s*([1-5])\s*[.!)]?\s*")
_SCORE_AND_WORDS: Final = re.compile(
    r"\s*([1-5])\s*(?:[.,;:!)\n-]+\s*(.+)|\s((?:thank|thanks|diolch|ta)\b.*))", re.DOTALL | re.IGNORECASE
)
_SENTENCES: Final = re.compile(r"[.!?]+\s+\S")
# Words that speak of the line. Without one of them, in whatever language, it is no answer.
_LINE_WORDS = """
nurse nurses helpful unhelpful kind thank thanks thankyou good great lovely nice friendly patient listened listening
understanding understood service line text texts texting quick fast slow long waiting brilliant excellent diolch
"""
# What may stand beside them. Any other word, "I" and "help" before all, may be somebody in need: a nurse reads it.
_PLAIN_WORDS = """
a about also and always answer answered answers at bit both but clear did easy felt fine for from good had has have
he helped helping her him in is it its just lot made more most much of on one people quite really reply
replied she so some team than that the their them there they thing things this time to too u very was well were with
work worked you your yes x
"""
_ABOUT_THE_LINE: Final = frozenset(_LINE_WORDS.split())
_PLAIN: Final = _ABOUT_THE_LINE | frozenset(_PLAIN_WORDS.split())


class Answer(NamedTuple):
    """A plain answer: the score, if the text has one, and the words beside it."""

    score: int | None
    words: str | None


def plain_answer(text: str) -> Answer | None:
    """The answer, if this text could be nothing else; None where there is any doubt."""
    if in_danger_now(text):
        return None
    if alone := _SCORE.fullmatch(text):
        return Answer(int(alone[1]), None)
    if both := _SCORE_AND_WORDS.fullmatch(text):
        said = (both[2] or both[3]).strip()
        return Answer(int(both[1]), said) if _about_the_line(said) else None
    said = text.strip()
    return Answer(None, said) if _about_the_line(said) else None


def _about_the_line(said: str) -> bool:
    spoken = re.sub(r"['’`]", "", said.lower())
    words = re.findall(r"[^\W\d_]+", spoken)
    return (
        bool(_ABOUT_THE_LINE.intersection(words))
        and len(said) <= LONGEST
        and "?" not in said
        and not re.search(r"\d", said)
        and not _SENTENCES.search(said)
        and _PLAIN.issuperset(words)
    )

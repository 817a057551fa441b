"""The keyword in a text, which people send beside what they came to say."""

import re

from .vocabulary import Vocabulary
from .words import Match

_STOPS = re.compile(r"[.,;:!?\n]+")


def texted(vocabulary: Vocabulary, body: str) -> Match:
    """What the recogniser finds in a text; and a word that it would ask about is sure where it stands by itself between
    two stops ("hello, harbour. i cant sleep"). Two of them are asked about as before.
    """
    match = vocabulary.read(body)
    if match.sure or not match.choices:
        return match
    alone = [found for part in _STOPS.split(body) if (found := vocabulary.read(part)).sure in match.choices]
    return alone[0] if len({found.sure.word for found in alone if found.sure}) == 1 else match

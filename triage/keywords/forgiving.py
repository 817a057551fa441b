"""Slips of the finger, the tongue and the machine that listens: which keyword, if any, was meant.

What is no word of the language can hardly mean anything but the keyword it is nearest to, so it is acted on. What
is another word of the language ("bacon" for *beacon*, "hero" for *heron*) is asked about at most, and a word of
every day or of distress ("heroin", "starving") is left to mean itself.
"""

from collections.abc import Iterable, Sequence

from rapidfuzz.distance import OSA

from . import everyday as say
from .common_words import known
from .forms import Forms, Found
from .homophones import said_like
from .slips import SHORT_FORM, likely_slip
from .sound import heard_alike, likeness, sounds
from .trimming import LEETS, loosely
from .words import Match, Word

LONGEST = 40
"""Letters. Anything longer is no slip."""

SHARD = 2
"""Letters. What is this short is no sign that the words beside it are a slip."""

ALIKE_ENOUGH = 0.7
"""Share of letters in place from which what is no word, but sounds like a keyword, is acted on."""

VERY_ALIKE = 0.8
"""Share of letters in place from which everyday words that sound like a keyword ("will oh") are asked about."""


def forgive(left: Sequence[str], forms: Forms, *, typed: bool, announced: bool) -> Match | None:
    """The keyword that these words, and nothing else, may be a slip of."""
    said = "".join(left)
    if len(said) > LONGEST or any(word in say.NEVER for word in left):
        return None
    if any(c.isdigit() for c in said):
        said = said.translate(LEETS)
        if found := forms.exact.get(said):
            return match(found)
        left = (said,)
    itself = all(map(say.means_itself, left))
    word = all(known(part) or len(part) <= SHARD for part in left)
    if not say.everyday(left) and (found := forms.said.get(said_like(left))):
        return match(found) if announced or not (itself or (typed and word)) else ask(found)
    if itself and len(left) == 1 and not announced:
        return None
    if not word and (found := forms.loose.get(loosely(said))):
        return match(found)
    heard = dict.fromkeys(form for key in sounds(said) for form in forms.sounds.get(key, ()))
    alike = [form for form in heard if heard_alike(said, form, word=word)]
    if say.everyday(left) and not announced:
        return ask(keyword for form in alike if likeness(said, form) >= VERY_ALIKE for keyword in forms.exact[form])
    alone = word and len(left) == 1
    slips = [form for slips, form in forms.near.near(said) if likely_slip(said, form, slips, typed=typed, word=alone)]
    near = list(dict.fromkeys([*alike, *slips]))
    found = tuple(dict.fromkeys(keyword for form in near for keyword in forms.exact[form]))
    if len(found) != 1 or word:
        return ask(found)
    plainly = (alike and likeness(said, near[0]) >= ALIKE_ENOUGH) or (typed and OSA.distance(said, near[0]) == 1)
    return match(found) if plainly and len(near[0]) > SHORT_FORM else ask(found)


def match(found: Found) -> Match | None:
    """Sure of one keyword; between several, ask."""
    return Match(sure=found[0]) if len(found) == 1 else ask(found)


def ask(found: Iterable[Word]) -> Match | None:
    """Read these back, two at most."""
    choices = tuple(dict.fromkeys(found))[:2]
    return Match(choices=choices) if choices else None

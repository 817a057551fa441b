"""Do two spellings sound alike to an English ear, or to a machine listening for English?

Metaphone (jellyfish) and the number of syllables, with what Metaphone lacks for speech in Britain: h is
dropped, th is said f, p and b are near, the t of "thistle" is silent, and "harbour", "harbor" and "harba"
end alike. Sound alone is loose ("kestrel" and "Castrol" share it), so spelling has to agree as well.
"""

import re
from functools import lru_cache

import jellyfish
from rapidfuzz.distance import OSA

_ENOUGH_SPELLING = ((5, 0.55), (4, 0.7), (0, 0.8))
"""Share of letters in place that is asked for beside the same sound, by how much sound there is. Of
little sound there is much in the language: "willow" has that of "yellow" but for one consonant."""

_PLENTY = 4
"""A sound longer than this (four consonants and the syllables) is seldom shared by chance."""

_ENOUGH_SPELLING_WITHOUT_R = 0.7
"""The same where the words only sound alike to somebody who does not say the r of "orchard"."""

_UNKNOWN_WORD = 0.5
"""The same where what was heard is no word of the language, and so can hardly be another one."""

_HARD_CH = re.compile(r"ch(?=or|r|l|ids?$)")
_SHUN = re.compile(r"ce(?=an)")
_SILENT_T = re.compile(r"(?<=s)t(?=les?$|els?$|ens?$)")
_SILENT_R = re.compile(r"(?<=[aeiou])r+(?![aeiouyr])")
_LAST_SCHWA = re.compile(r"(?<=[b-df-hj-np-tv-z])(a|ah|ar|er|or|our|ur|re)$")
_LAST_ED = re.compile(r"(?<=[^aeiouytd])ed$")
_SYLLABLE = re.compile(r"[aeiouy]+(?!$)|[aiouy]+$|(?<=[^aeiouyl])l+e?$")


@lru_cache(maxsize=8192)
def sounds(letters: str) -> tuple[str, str]:
    """What is heard of a word, or of words run together: with its r said, and without."""
    said = _LAST_ED.sub("d", _SILENT_T.sub("", _HARD_CH.sub("k", _SHUN.sub("sh", letters))))
    return _heard(_LAST_SCHWA.sub("er", said)), "-" + _heard(_SILENT_R.sub("", said))


def _heard(said: str) -> str:
    heard = jellyfish.metaphone(said.removeprefix("h")).replace("0", "F").replace("B", "P")
    return f"{heard}{len(_SYLLABLE.findall(said))}"


def little_sound(letters: str) -> bool:
    """Of one or two consonants, such as "willow": the vowels tell it from other words, and Metaphone
    leaves them out."""
    return len(sounds(letters)[0]) <= 3


def likeness(one: str, other: str) -> float:
    """Letters in place, 0 to 1; a swapped pair of neighbours counts as one slip."""
    return OSA.normalized_similarity(one, other)


def same_sound(one: str, other: str) -> bool:
    """The sound agrees, and there is enough of it to be mistaken whatever the spelling: "phoenix" and
    "feenicks"."""
    heard = sounds(one)[0]
    return heard_alike(one, other) or (len(heard) > _PLENTY and heard == sounds(other)[0])


def heard_alike(one: str, other: str, *, word: bool = True) -> bool:
    """Both the sound and enough of the spelling agree. `word`: what was heard is a word, or words, of the language."""
    (full, short), others = sounds(one), sounds(other)
    near = likeness(one, other)
    if full == others[0]:
        enough = next(enough for size, enough in _ENOUGH_SPELLING if len(full) >= size)
        return near >= (enough if word else _UNKNOWN_WORD)
    return short == others[1] and len(short) > _PLENTY and near >= _ENOUGH_SPELLING_WITHOUT_R

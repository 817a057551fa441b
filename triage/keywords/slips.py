"""Finds the spellings a slip or two away from one, without comparing it with each of them.

Two spellings within n slips (a letter left out, added, changed, or swapped with its neighbour) become the
same when at most n letters are taken out of each, so what is left of every known spelling is kept ready to
be looked up.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations

from rapidfuzz.distance import OSA

SHORT_FORM = 4
"""Letters. A slip of a keyword this short is asked about; a shorter one has to be right."""

LONG_ENOUGH_FOR_TWO = 8
"""Letters. From here two slips are still nearer to the keyword than to most other words; they are always
asked about."""

LONGEST = 24
"""Letters. Anything longer is not looked up: it is not a slip of a keyword."""


_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _keys_beside() -> dict[str, str]:
    where = {key: (x, y) for y, row in enumerate(_KEYBOARD) for x, key in enumerate(row)}
    return {
        key: "".join(other for other, (ox, oy) in where.items() if abs(ox - x) <= 1 and abs(oy - y) <= 1)
        for key, (x, y) in where.items()
    }


_KEYS_BESIDE = _keys_beside()
"""The keys around each one on the keyboard of a telephone: "jarbour" is a slip, "pillow" is another word."""

_SOUNDS_BESIDE = {
    letter: pair for pair in ("pb", "td", "kgc", "fvt", "szc", "mn", "jgy", "wv", "aeiou") for letter in pair
}
"""Letters heard for each other. They open words that are otherwise the same."""


class Slips:
    """Known spellings, ready to be looked up by something up to `most` slips from them."""

    def __init__(self, spellings: Iterable[str], *, most: int) -> None:
        self._most = most
        self._left = _what_is_left(tuple(spellings), most)

    def near(self, said: str) -> list[tuple[int, str]]:
        """How many slips away, and the spelling; the nearest first, then as in the alphabet."""
        if not SHORT_FORM - 1 <= len(said) <= LONGEST:
            return []
        close = {spelling for left in _left_of(said, self._most) for spelling in self._left.get(left, ())}
        measured = ((OSA.distance(said, spelling), spelling) for spelling in close)
        return sorted((slips, spelling) for slips, spelling in measured if slips <= self._most)


@lru_cache(maxsize=8)
def _what_is_left(spellings: tuple[str, ...], most: int) -> dict[str, list[str]]:
    """Kept from one building to the next: a service's keywords change a few times a year, and 500 take 50 ms."""
    by_left: dict[str, list[str]] = {}
    for spelling in spellings:
        for left in set(_left_of(spelling, most)):
            by_left.setdefault(left, []).append(spelling)
    return by_left


def _left_of(letters: str, most: int) -> Iterator[str]:
    """The letters with none, one ... `most` of them taken out. Nothing of what is too long to be looked
    up."""
    for out in range(most + 1 if len(letters) <= LONGEST else 0):
        for kept in combinations(letters, len(letters) - out):
            yield "".join(kept)


def likely_slip(said: str, form: str, slips: int, *, typed: bool, word: bool) -> bool:
    """Whether a person's finger, or a machine's ear, could have made `said` of `form`. `word`: it is one of the
    language, and so more likely to be that word."""
    if slips == 2:
        reordered = said[0] == form[0] and sorted(said) == sorted(form)
        return not word and (
            max(len(said), len(form)) >= LONG_ENOUGH_FOR_TWO or (reordered and len(form) > SHORT_FORM + 1)
        )
    if not word:
        return True
    if len(form) <= SHORT_FORM:
        return False
    if said[0] == form[0] or said[1:] != form[1:]:
        return True
    return said[0] in (_KEYS_BESIDE if typed else _SOUNDS_BESIDE).get(form[0], "")

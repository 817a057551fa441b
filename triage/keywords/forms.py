"""The forms in which the agreed keywords may be given, each ready to be looked up at once."""

from collections.abc import Iterable, Sequence

from . import everyday as say
from .around import frames
from .common_words import plural
from .homophones import said_like
from .slips import SHORT_FORM, Slips
from .sound import sounds
from .trimming import loosely
from .words import Word, key_digits

KEYS_FOR_A_SLIP = 6
"""Keys. From here one wrong, missing or extra key is asked about."""

Found = tuple[Word, ...]


class Forms:
    """Every form of some keywords, by its letters, its plural, its keys and its sound. Built once, never changed."""

    def __init__(self, words: Iterable[Word]) -> None:
        self.exact: dict[str, Found] = {}
        self.plurals: dict[str, Found] = {}
        self.loose: dict[str, Found] = {}
        self.keys: dict[str, Found] = {}
        self.said: dict[str, Found] = {}
        self.sounds: dict[str, list[str]] = {}
        self.own: set[str] = set()
        self.openings: set[str] = set()
        self.parted: set[tuple[str, ...]] = set()
        self.only_alone: set[str] = set()
        self.most_words = 1
        for word in sorted(words, key=lambda word: word.retired):
            for form in word.forms():
                self._add(word, form)
        self.plurals = {letters: found for letters, found in self.plurals.items() if letters not in self.exact}
        forgiving = [letters for letters in self.exact if len(letters) >= SHORT_FORM and letters not in self.only_alone]
        for letters in forgiving:
            for heard in sounds(letters):
                self.sounds.setdefault(heard, []).append(letters)
        self.near = Slips(forgiving, most=2)
        self.near_keys = Slips((keys for keys in self.keys if len(keys) >= KEYS_FOR_A_SLIP), most=1)

    def _add(self, word: Word, form: tuple[str, ...]) -> None:
        letters = "".join(form)
        _put(self.exact, letters, word)
        _put(self.keys, key_digits(form), word)
        self.own.update(form)
        self.openings.add(form[0])
        self.parted.add(form)
        self.most_words = max(self.most_words, len(form))
        if say.everyday(form) or all(map(frames, form)):
            self.only_alone.add(letters)
            return
        for many in (plural(letters), f"{letters}s"):
            _put(self.plurals, many, word)
        _put(self.loose, loosely(letters), word)
        _put(self.said, said_like(form), word)
        _put(self.said, said_like([letters]), word)

    def at(self, words: Sequence[str], at: int) -> tuple[Found, int]:
        """The keyword that begins there, and how many words it takes. None is found inside everyday words."""
        for size in range(min(self.most_words + 1, len(words) - at), 0, -1):
            letters = "".join(words[at : at + size])
            if letters in self.only_alone or (size > 1 and self.falls_together(words[at : at + size])):
                continue
            if found := self.exact.get(letters) or self.plurals.get(letters):
                return found, size
        return (), 0

    def falls_together(self, words: Sequence[str]) -> bool:
        """Whether a keyword is only made by running everyday words together: "her on"."""
        return tuple(words) not in self.parted and say.everyday(words)


def _put(index: dict[str, Found], key: str, word: Word) -> None:
    """Under its key, unless a live keyword has it already and this one is retired."""
    there = index.get(key, ())
    if word not in there and not (word.retired and there):
        index[key] = (*there, word)

"""Finding any of a list of phrases at the start, the end or within some words, without trying each in
turn."""

from collections.abc import Iterable, Sequence

Phrase = tuple[str, ...]


class Phrases:
    """A fixed list of phrases. The longest that fits is the one found."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._by_first: dict[str, list[Phrase]] = {}
        self._by_last: dict[str, list[Phrase]] = {}
        for phrase in sorted(set(phrases), key=len, reverse=True):
            self._by_first.setdefault(phrase[0], []).append(phrase)
            self._by_last.setdefault(phrase[-1], []).append(phrase)

    def at(self, words: Sequence[str], start: int = 0) -> int:
        """How many words the longest phrase beginning at `start` takes; 0 when there is none."""
        for phrase in self._by_first.get(words[start], ()):
            if tuple(words[start : start + len(phrase)]) == phrase:
                return len(phrase)
        return 0

    def ending(self, words: Sequence[str]) -> int:
        """How many words the longest phrase that ends them takes; 0 when there is none."""
        for phrase in self._by_last.get(words[-1], ()):
            if tuple(words[-len(phrase) :]) == phrase:
                return len(phrase)
        return 0

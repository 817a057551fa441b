"""Takes from an utterance what is said around a keyword, and from a word what does not tell it from
another."""

import re
from collections.abc import Sequence

from . import everyday as say

LEETS = str.maketrans("01345789", "oieastbg")
"""What is typed for a letter: "harb0ur", "w1llow"."""

SPELLED = 4
"""Single letters in a row that spell a word."""

_PLURAL = re.compile(r"(?<=...)(?:(?<=[sxzh])es|s)+$")


def unspelled(words: list[str]) -> list[str]:
    """With a word spelled out letter by letter put together: ["its", "h", "a", "r", "p"] is ["its",
    "harp"]."""
    out: list[str] = []
    run: list[str] = []
    for word in (*words, ""):
        if len(word) == 1:
            run.append(word)
            continue
        out += ["".join(run)] if len(run) >= SPELLED else run
        run = []
        out.append(word)
    return out[:-1]


def said_once(words: list[str]) -> list[str]:
    """Without stammered beginnings ("har harbour") and repeats ("harbour harbour")."""
    kept = [word for at, word in enumerate(words) if at + 1 == len(words) or not words[at + 1].startswith(word)]
    for size in range(1, len(kept) // 2 + 1):
        if len(kept) % size == 0 and kept == kept[:size] * (len(kept) // size):
            return kept[:size]
    return kept


def once_only(letters: str) -> str:
    """Half of what was written twice without a gap: "willowwillow"."""
    half = letters[: len(letters) // 2]
    return half if half + half == letters else letters


def without_manners(words: Sequence[str]) -> list[str]:
    """Without greetings and hesitations before and after. A "no" stays: it may deny what follows."""
    manners = say.POLITE - say.NO
    around = [at for at, word in enumerate(words) if word not in manners and not say.hesitation(word)]
    return list(words[around[0] : around[-1] + 1]) if around else []


def before_likening(words: list[str]) -> list[str]:
    """Without what is said to explain a word: ["marigold", "like", "the", "flower"] is ["marigold"]."""
    at = words.index("like") if "like" in words[1:5] else len(words)
    return words[:at] if at else words


def loosely(letters: str) -> str:
    """Without what plurals and doubled letters change."""
    once = "".join(c for at, c in enumerate(letters) if at == 0 or c != letters[at - 1])
    return _PLURAL.sub("", once)

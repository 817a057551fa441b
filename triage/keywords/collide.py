"""Which agreed keywords must not be put on a line, and why, before anybody rings it.

A keyword is refused when it could be taken for another one (by spelling, by sound or on the telephone's
keys) or when a person could say it meaning something else (help, a number, yes, or a word the carrier acts
on). Every form is looked at: the word and what it sounds like. Forms of one word never collide with each
other: synonyms belong there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from rapidfuzz import process
from rapidfuzz.distance import OSA

from callflows import reserved
from callflows.danger import in_danger_now

from . import everyday as say
from .around import ANNOUNCED, frames
from .common_words import inflections, known, plural
from .homophones import said_like
from .sound import heard_alike, same_sound, sounds
from .words import Word, key_digits

SHORTEST, LONGEST, MOST_WORDS = 3, 16, 4
"""Letters in a keyword, letters in one of its words, and words. One of three letters has to be given exactly. Sixteen
is what text platforms allow a keyword."""

LONG_ENOUGH_FOR_TWO = 8
"""Letters from which two keywords that begin alike need three letters of difference, because two slips in one are
forgiven. Shorter ones need two: a slip that is near both is asked about."""

SOUND_ENOUGH = 5
"""Letters from which a keyword that only sounds like a word of distress is refused."""

_SAID_WITHOUT_MEANING = say.SPACERS | ANNOUNCED | {"say", "said", "key", "its", "my"}
_JOINED_TO_CRISIS = ("me", "it", "him", "her", "us", "you", "them", "self", "now", "please")
_MEANT = say.OPT_OUT | say.CRISIS
_INFLECTED = {form: word for word in sorted(_MEANT) for form in inflections(word)}
"""With the word that each is a form of."""


@dataclass(frozen=True)
class Collision:
    """One thing wrong with a keyword, in one sentence. `at` and `other` count from 0 in the words that
    were given."""

    at: int
    other: int | None
    sentence: str


def problems(words: Sequence[Word]) -> list[Collision]:
    """Everything wrong with these keywords, in their order. An empty list means they can be told apart."""
    own = [Collision(at, None, sentence) for at, word in enumerate(words) for sentence in _with_itself(word)]
    return sorted(
        [*own, *_with_each_other(words)],
        key=lambda found: (found.at, found.other is not None, found.other or 0),
    )


def _with_itself(word: Word) -> Iterator[str]:
    if not word.forms() or not any(c.isalpha() for c in "".join(word.forms()[0])):
        yield f'"{word.word}" has no letters from a to z; choose a word that can be spelled on a telephone.'
        return
    for form in word.forms():
        if wrong := _never(form, itself=form == word.forms()[0]):
            named = f'"{" ".join(form)}"' + ("" if form == word.forms()[0] else f', given as a sound of "{word.word}",')
            yield f"{named} {wrong}"


def _never(form: tuple[str, ...], *, itself: bool) -> str | None:
    """What is wrong with a form. One that is not the keyword itself may be everyday words ("half her"): it counts only
    when nothing else is said."""
    whole, joined = " ".join(form), "".join(form)
    if joined in say.OPT_OUT:
        return "is a word the telephone company acts on when it is texted; choose another."
    if joined in reserved.OF_THE_LINE:
        return "is a word this line acts on when it is texted; choose another."
    if any(c.isdigit() for c in joined) or all(part in say.NUMBERS for part in form):
        return "is a number; choose a word."
    if any(part in say.YES | say.NO for part in form) and all(part in say.YES | say.NO | say.SPACERS for part in form):
        return "means yes or no; choose another."
    if crisis := _crisis(form, joined):
        return f'has "{crisis}" in it, which must always mean what it says; choose another.'
    if in_danger_now(whole) or in_danger_now(joined):
        return "is what somebody in danger says; choose another."
    if all(part in _SAID_WITHOUT_MEANING for part in form) or (itself and say.everyday(form)):
        return "is said in passing by many people; choose another."
    if len(joined) < SHORTEST:
        return f"is shorter than {SHORTEST} letters; choose a longer word."
    if any(len(part) > LONGEST for part in form):
        return f"has a word longer than {LONGEST} letters; choose a shorter one."
    if len(form) > MOST_WORDS:
        return f"is more than {MOST_WORDS} words; choose fewer."
    near = next((taken for taken in sorted(_MEANT) if _easily_confused(form, taken)), None)
    return f'is too near "{near}", which must always mean what it says; choose another.' if near else None


def _crisis(form: tuple[str, ...], joined: str) -> str | None:
    """The word of distress in a form that is nothing else: "hurt her", but not "safe haven" or "fire station"."""
    crisis = next((part for part in form if part in say.CRISIS), None)
    if joined in say.CRISIS or "danger" in form or say.everyday(form):
        return crisis or (joined if joined in say.CRISIS else None)
    for other in _JOINED_TO_CRISIS if len(form) == 1 else ():
        for rest in (joined.removeprefix(other), joined.removesuffix(other)):
            if rest != joined and rest in _MEANT:
                return rest
    return None


def _easily_confused(form: tuple[str, ...], taken: str) -> bool:
    """By a listener, for a word of distress; by a finger, for one the telephone company acts on. Other words of the
    language are told from it unless they are forms of it or are said exactly like it."""
    joined = "".join(form)
    if _INFLECTED.get(joined) == taken or plural(joined) == taken or said_like(form) == said_like([taken]):
        return True
    if taken == "danger" or (taken in say.OPT_OUT and not known(joined)):
        return OSA.distance(joined, taken, score_cutoff=1) <= 1
    return taken in say.CRISIS and not known(joined) and len(joined) >= SOUND_ENOUGH and heard_alike(joined, taken)


def _with_each_other(words: Sequence[Word]) -> Iterator[Collision]:
    forms = [(at, form, "".join(form)) for at, word in enumerate(words) for form in word.forms()]
    joined = [letters for *_, letters in forms]
    parted = [form for _, form, _ in forms]
    said: set[tuple[int, int]] = set()
    for first, second, why in [
        *_same_keys(forms),
        *_near_spelling(joined),
        *_same_sound(parted, joined),
        *_same_word(parted),
    ]:
        one, other = sorted((first, second), key=lambda at: forms[at][0])
        pair = (forms[one][0], forms[other][0])
        if pair[0] != pair[1] and pair not in said:
            said.add(pair)
            yield Collision(pair[1], pair[0], _sentence(words, forms[other], forms[one], why))


def _same_keys(forms: Sequence[tuple[int, tuple[str, ...], str]]) -> Iterator[tuple[int, int, str]]:
    by_keys: dict[str, list[int]] = {}
    for at, (_, form, _letters) in enumerate(forms):
        by_keys.setdefault(key_digits(form), []).append(at)
    for keys, same in by_keys.items():
        for one, other in combinations(same, 2):
            alike = forms[one][2] == forms[other][2]
            yield one, other, "are the same word" if alike else f"are the same keys on a telephone, {keys}"


def _near_spelling(joined: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    for at, letters in enumerate(joined):
        rest = joined[at + 1 :]
        for other, slips, ahead in process.extract(letters, rest, scorer=OSA.distance, score_cutoff=2, limit=None):
            if slips == 1:
                yield at, at + 1 + ahead, "differ by only one letter"
            elif slips == 2 and letters[0] == other[0] and min(len(letters), len(other)) >= LONG_ENOUGH_FOR_TWO:
                yield at, at + 1 + ahead, "differ by only two letters"


def _same_sound(parted: Sequence[tuple[str, ...]], joined: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    for one, other in _sharing([{*sounds(letters)} for letters in joined]):
        if same_sound(joined[one], joined[other]):
            yield one, other, "sound alike"
    for one, other in _sharing([{said_like(form), said_like(["".join(form)])} for form in parted]):
        yield one, other, "sound alike"


def _same_word(parted: Sequence[tuple[str, ...]]) -> Iterator[tuple[int, int, str]]:
    """Alike but for an article, a plural or what people say before any keyword: "the harbour", "daisies"."""
    cores = ["".join(part for part in form if not frames(part)) or "".join(form) for form in parted]
    for one, other in _sharing([{core, plural(core), f"{core}s"} for core in cores]):
        yield one, other, "are the same word"


def _sharing(keys: Sequence[set[str]]) -> Iterator[tuple[int, int]]:
    """Pairs of places that have a key in common."""
    by_key: dict[str, list[int]] = {}
    for at, mine in enumerate(keys):
        for key in mine:
            by_key.setdefault(key, []).append(at)
    for same in by_key.values():
        yield from combinations(same, 2)


def _sentence(
    words: Sequence[Word],
    one: tuple[int, tuple[str, ...], str],
    other: tuple[int, tuple[str, ...], str],
    why: str,
) -> str:
    def named(at: int, form: tuple[str, ...]) -> str:
        word = words[at]
        means = "" if form == word.forms()[0] else f' (a sound of "{word.word}")'
        return f'"{" ".join(form)}"{means} for {word.locality}'

    advice = "keep one and change the other"
    if words[one[0]].locality == words[other[0]].locality:
        advice = "if both mean that place, list one under sounds_like of the other"
    return f"{named(*one[:2])} and {named(*other[:2])} {why}; {advice}."

"""A caller, from the first ring to the queue: at most two questions, and silence is always an answer.

Places: `greeting`, `confirm:WORD` (one keyword to check), `which:FIRST:SECOND` (two near ones), `waiting`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from callflows.conversation import Ask, Do, Effect, Hold, PlaceBy, Say, Step, Turn
from callflows.plain_words import plain_words
from callflows.wording import words

GREETING: Final = "greeting"
WAITING: Final = "waiting"
ASKS_NOTHING: Final = ("professional",)
ASKED: Final = ("confirm:", "which:")
SAID: Final = {"one": "1", "first": "1", "two": "2", "second": "2"}
MOST_WORDS: Final = 5  # "the first one please": an answer, not a story with a number in it


@dataclass(frozen=True)
class Line:
    """What the flow may know of the line that was rung."""

    service: str
    route: str
    wording: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Word:
    """A keyword as the flow speaks of it."""

    word: str
    locality: str  # its name, for people


@dataclass(frozen=True)
class Heard:
    """What the person did at a question. Nothing set: they were silent, or the line could not make it out."""

    tried: bool = False  # a keyword was attempted, though it may be none of ours
    danger: bool = False
    sure: Word | None = None
    choices: tuple[Word, ...] = ()
    yes: bool | None = None
    digit: str | None = None


def begin(line: Line) -> Turn:
    """The first thing a caller hears, once the contact is committed."""
    if line.route in ASKS_NOTHING:
        return _wait(line, "greeting_professional")
    return Turn(GREETING, (Ask(words(line.wording, "greeting", service=line.service), speech=True, most_keys=None),))


def answer(line: Line, place: str, heard: Heard, offered: Mapping[str, Word]) -> Turn:
    """What follows `heard` at `place`. `offered` has the words named in the place, as they are called now.

    Total: any place and anything heard leads on, and within one more question to the queue.
    """
    if heard.danger:
        where: tuple[Effect, ...] = (PlaceBy(heard.sure.word),) if heard.sure else ()
        return Turn(WAITING, (Say(words(line.wording, "danger")), Hold()), (*where, Do.DANGER, Do.JOIN_QUEUE))
    if place == GREETING:
        return _placed(line, heard.sure) or _check(line, heard.choices) or _no_word(line, heard)
    answered = chosen(place, heard, offered) if place.startswith(ASKED) else None
    return _placed(line, answered) or _wait(line, "holding")


def asking(choices: tuple[Word, ...]) -> str:
    """The place of a conversation that has asked about these one or two words."""
    names = ":".join(choice.word for choice in choices[:2])
    return f"{'confirm' if len(choices) == 1 else 'which'}:{names}"


def chosen(place: str, heard: Heard, offered: Mapping[str, Word]) -> Word | None:
    """The word somebody gave or agreed to when asked at `place`. None: they said no, nothing, or something else."""
    if heard.sure:
        return heard.sure
    kind, _, names = place.partition(":")
    if len(heard.choices) == 1 and heard.choices[0].word in offered:
        return heard.choices[0]
    if kind == "confirm":
        return offered.get(names) if heard.yes or heard.digit == "1" else None
    first, _, second = names.partition(":")
    return offered.get({"1": first, "2": second}.get(heard.digit or "", ""))


def said_digit(speech: str) -> str | None:
    """ "the first one", "two": which of two somebody says. None when they say anything else, or both."""
    spoken = plain_words(speech)
    meant = {SAID[word] for word in spoken if word in SAID}
    if "first" in spoken or "second" in spoken:
        meant = {SAID[word] for word in spoken if word in ("first", "second")}
    return meant.pop() if len(meant) == 1 and len(spoken) <= MOST_WORDS else None


def _placed(line: Line, word: Word | None) -> Turn | None:
    if word is None:
        return None
    thanks = words(line.wording, "keyword_known", word=word.word, locality=word.locality)
    return Turn(WAITING, (Say(thanks), Hold()), (PlaceBy(word.word), Do.JOIN_QUEUE))


def _check(line: Line, choices: tuple[Word, ...]) -> Turn | None:
    if not choices:
        return None
    if len(choices) == 1:
        question = words(line.wording, "keyword_check", word=choices[0].word)
        return Turn(asking(choices), (Ask(question, speech=True, wait_s=3),))
    first, second = choices[:2]
    question = words(line.wording, "keyword_which", first=first.word, second=second.word)
    return Turn(asking(choices), (Ask(question, speech=True, wait_s=3),))


def _no_word(line: Line, heard: Heard) -> Turn:
    return _wait(line, "keyword_not_known" if heard.tried else "holding")


def _wait(line: Line, sentence: str) -> Turn:
    steps: tuple[Step, ...] = (Say(words(line.wording, sentence, service=line.service)), Hold())
    effects: tuple[Effect, ...] = (Do.JOIN_QUEUE,)
    return Turn(WAITING, steps, effects)

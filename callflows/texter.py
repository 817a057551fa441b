"""What the line itself answers to a text. A nurse answers the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple

from callflows import danger, reserved
from callflows.caller import WAITING, Heard, asking
from callflows.conversation import Do, Effect, PlaceBy, Turn
from callflows.plain_words import LONGEST
from callflows.reserved import OPT_IN, OPT_OUT
from callflows.wording import words

TWO_TEXTS: Final = 306  # characters that two joined texts hold, in the alphabet of ordinary texts (3GPP TS 23.038)


class Sentence(NamedTuple):
    """One of the line's sentences as it is sent, and its name."""

    name: str
    text: str


@dataclass(frozen=True)
class TextLine:
    service: str
    wording: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None

    def say(self, name: str, /, **filled: object) -> Sentence:
        return Sentence(name, words(self.wording, name, self.language, service=self.service, **filled))


class Asked(StrEnum):
    """What a text asks of the line itself, with a reserved word that is all of it."""

    LANGUAGE = "language"
    HELP = "help"
    LOCAL = "local"


@dataclass(frozen=True)
class Wait:
    """What may truthfully be said of somebody's wait: for how many nurses on shift, who is before them, and how long
    such waits were lately in minutes. None: too little is known.
    """

    nurses: int
    ahead: int = 0
    minutes: int | None = None


@dataclass(frozen=True)
class Reply:
    """The turn, and what is texted back: nothing where silence is right. `roughly`: it also says how long."""

    turn: Turn
    sentences: tuple[Sentence, ...] = ()
    roughly: bool = False

    @property
    def text(self) -> str | None:
        return " ".join(sentence.text for sentence in self.sentences) or None


def reply(
    line: TextLine, heard: Heard, *, first: bool, with_nurse: bool = False, asked: Asked | None = None,
    help_near: bool = False,
) -> Reply:  # fmt: skip
    """The answer to one text: always to the first, later only to danger, keywords and what was asked of the line; once
    a nurse has them, only to danger. Every texter waits for a nurse. `help_near`: local help is known where they are.
    """
    effects: list[Effect] = [Do.DANGER] if heard.danger else []
    if heard.sure and not with_nurse:
        effects.append(PlaceBy(heard.sure.word))
    if asked is Asked.LOCAL and not with_nurse:
        effects.append(Do.TEXT_LOCAL_HELP)
    effects.append(Do.JOIN_QUEUE)
    ask = bool(heard.choices) and not (heard.sure or heard.danger or with_nurse)
    turn = Turn(asking(heard.choices) if ask else WAITING, (), tuple(effects))
    if heard.danger:
        return Reply(turn, _danger(line, first, with_nurse))
    if with_nurse:
        return Reply(turn)
    if first:
        return Reply(turn, _first(line, heard, help_near), roughly=True)
    return Reply(turn, _later(line, heard, asked, help_near))


def with_wait(line: TextLine, reply: Reply, wait: Wait) -> Reply:
    """The first answer with roughly how long it will be, as far as two texts have room for it."""
    if not wait.nurses:
        return replace(reply, sentences=_fitting(reply.sentences, line.say("text_wait_no_nurse")))
    if wait.ahead == 0:
        before = line.say("text_wait_next")
    elif wait.ahead == 1:
        before = line.say("text_wait_one")
    else:
        before = line.say("text_wait_ahead", ahead=wait.ahead)
    lately = line.say("text_wait_lately", minutes=wait.minutes) if wait.minutes else line.say("text_wait_not_known")
    return replace(reply, sentences=_fitting(reply.sentences, before, lately))


def with_call(line: TextLine, reply: Reply, *, may_ring: bool, first: bool, silent: bool) -> Reply:
    """They ask to be rung: it is promised, and said once; of danger the line speaks before all else. `silent`: it was
    said before, or a nurse has them.
    """
    turn = replace(reply.turn, effects=(*reply.turn.effects, Do.CALL_BACK))
    if silent or Do.DANGER in turn.effects:
        return replace(reply, turn=turn)
    who = (line.say("text_who"),) if first else ()
    return Reply(turn, (*who, line.say("text_call_back" if may_ring else "text_no_call_back")))


def _danger(line: TextLine, first: bool, with_nurse: bool) -> tuple[Sentence, ...]:
    if with_nurse:
        return (line.say("text_danger_with_nurse"),)
    if first:
        return _fitting((line.say("text_who"), line.say("text_danger")), line.say("text_stays"))
    return (line.say("text_danger"),)


def _first(line: TextLine, heard: Heard, help_near: bool) -> tuple[Sentence, ...]:
    near, stays = (line.say("text_offer_local"),) if help_near else (), line.say("text_stays")
    if heard.sure:
        return _fitting((line.say("text_first_place", locality=heard.sure.locality), stays), *near)
    if heard.choices:
        return line.say("text_first"), stays, line.say("text_which_first", words=_either(line, heard))
    return _fitting((line.say("text_first"), stays), *near)


def _later(line: TextLine, heard: Heard, asked: Asked | None, help_near: bool) -> tuple[Sentence, ...]:
    if heard.sure:
        near = (line.say("text_offer_local"),) if help_near else ()
        return _fitting((line.say("text_place", locality=heard.sure.locality),), *near)
    if heard.choices:
        return (line.say("text_which", words=_either(line, heard)),)
    if asked is Asked.HELP:
        return (line.say("text_help"),)
    return (line.say("text_language"),) if asked is Asked.LANGUAGE else ()


def _either(line: TextLine, heard: Heard) -> str:
    return f" {line.say('text_or').text} ".join(choice.word.upper() for choice in heard.choices)


def _fitting(must: tuple[Sentence, ...], *more: Sentence) -> tuple[Sentence, ...]:
    """What must be said, and of the rest, in its order, what two texts still have room for."""
    for one in more:
        if len(" ".join(sentence.text for sentence in (*must, one))) <= TWO_TEXTS:
            must = (*must, one)
    return must


def asks(text: str) -> Asked | None:
    """What a text asks of the line with a word of its own, and with nothing else."""
    if reserved.language(text):
        return Asked.LANGUAGE
    if reserved.alone(text, reserved.HELP):
        return Asked.HELP
    return Asked.LOCAL if reserved.alone(text, reserved.LOCAL) else None


def danger_met(text: str, before: Sequence[str] = ()) -> str | None:
    """The words that state danger now in this text, or in it together with those sent in the same breath `before` it,
    if they stated none by themselves: "ive taken", "all my pills". None: no danger is stated anew.
    """
    if (found := danger.met(text)) or not before:
        return found
    earlier = " ".join(before)
    return None if danger.met(earlier[-LONGEST:]) else danger.met(f"{earlier} {text}"[-LONGEST:])


def opted_out(text: str) -> bool:
    """A text that is nothing but an opt-out word: the carrier blocks our replies from here on."""
    return text.strip().strip(".!").lower() in OPT_OUT


def opted_in(text: str) -> bool:
    return text.strip().strip(".!").lower() in OPT_IN

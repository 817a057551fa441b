"""What the line itself answers to a text. A nurse answers the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from callflows.caller import WAITING, Heard, asking
from callflows.conversation import Do, Effect, PlaceBy, Turn
from callflows.wording import words

# What carriers act on by themselves (twilio.md 1.7): a reply to these would fail, and from a person in crisis they may
# be a sign of distress.
OPT_OUT = ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout")
OPT_IN = ("start", "yes", "unstop")


@dataclass(frozen=True)
class TextLine:
    service: str
    wording: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """The turn, and what is texted back: None where silence is right."""

    turn: Turn
    text: str | None


def reply(line: TextLine, heard: Heard, *, first: bool, with_nurse: bool = False) -> Reply:
    """The answer to one text: always to the first, later only to danger and keywords; once a nurse has them, only to
    danger. Every texter waits for a nurse.
    """
    effects: list[Effect] = [Do.DANGER] if heard.danger else []
    if heard.sure and not with_nurse:
        effects.append(PlaceBy(heard.sure.word))
    effects.append(Do.JOIN_QUEUE)
    asked = bool(heard.choices) and not (heard.sure or heard.danger or with_nurse)
    place = asking(heard.choices) if asked else WAITING
    return Reply(Turn(place, (), tuple(effects)), _text(line, heard, first, with_nurse))


def _text(line: TextLine, heard: Heard, first: bool, with_nurse: bool) -> str | None:
    if with_nurse:
        return words(line.wording, "text_danger_with_nurse") if heard.danger else None
    if heard.danger:
        who = words(line.wording, "text_who", service=line.service) if first else ""
        return f"{who} {words(line.wording, 'text_danger')}".strip()
    if first and heard.sure:
        return words(line.wording, "text_first_place", service=line.service, locality=heard.sure.locality)
    if heard.sure:
        return words(line.wording, "text_place", locality=heard.sure.locality)
    greeting = words(line.wording, "text_first", service=line.service) if first else ""
    if heard.choices:
        asked = " or ".join(choice.word.upper() for choice in heard.choices)
        return f"{greeting} {words(line.wording, 'text_which', words=asked)}".strip()
    return greeting or None


def opted_out(text: str) -> bool:
    """A text that is nothing but an opt-out word: the carrier blocks our replies from here on."""
    return text.strip().strip(".!").lower() in OPT_OUT


def opted_in(text: str) -> bool:
    return text.strip().strip(".!").lower() in OPT_IN

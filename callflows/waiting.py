"""A caller in the queue: something true at least every 20 seconds, and one-key choices at any time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from callflows.caller import WAITING
from callflows.conversation import Ask, Do, LeaveQueue, Say, Turn, WaitOn
from callflows.wording import words

ROUND_S: Final = 20  # one wait document, spoken and listened to, lasts no longer than this
QUIET_S: Final = 12


@dataclass(frozen=True)
class Wait:
    """What is true of this wait just now."""

    waited_s: int
    ahead: int
    nurses: int  # on shift and able to take this person
    danger: bool = False
    has_number: bool = True
    can_text: bool = True
    wording: Mapping[str, str] = field(default_factory=dict)


def document(wait: Wait) -> Turn:
    """One round of waiting: where they stand, then the choices in every other round, quiet listening in between."""

    def say(name: str) -> str:
        return words(wait.wording, name)

    if wait.danger:
        where = _where(wait) if wait.nurses else ""
        return Turn(WAITING, (Ask(f"{where} {say('wait_danger')}".strip(), wait_s=8), WaitOn()))
    if (wait.waited_s // ROUND_S) % 2:
        still = f"{say('wait_quiet')} {_time(wait)}".strip()
        return Turn(WAITING, (Ask(still, wait_s=QUIET_S), WaitOn()))
    offers = [_where(wait)]
    if wait.has_number:
        offers.append(say("wait_choice_call_back"))
    if wait.can_text:
        offers.append(say("wait_choice_text"))
    return Turn(WAITING, (Ask(" ".join([*offers, say("wait_choices")]), wait_s=2), WaitOn()))


def _where(wait: Wait) -> str:
    say = wait.wording
    if wait.nurses == 0:
        return words(say, "wait_no_nurse")
    if wait.ahead == 0:
        return words(say, "wait_next")
    if wait.ahead == 1:
        return words(say, "wait_one_ahead")
    return words(say, "wait_ahead", ahead=wait.ahead)


def _time(wait: Wait) -> str:
    minutes = wait.waited_s // 60
    return words(wait.wording, "wait_minutes", minutes=minutes) if minutes >= 2 else ""


def key(wait: Wait, digit: str) -> Turn:
    """A key pressed while waiting. No key loses anybody their place, and none is lost: each answer listens for more."""

    def stay(name: str, *effects: Do) -> Turn:
        return Turn(WAITING, (Ask(words(wait.wording, name), wait_s=1), WaitOn()), effects)

    if digit == "*":
        return stay("danger", Do.DANGER)
    if digit == "1":
        if not wait.has_number:
            return stay("choice_no_call_back")
        return Turn(WAITING, (Say(words(wait.wording, "choice_call_back")), LeaveQueue()), (Do.CALL_BACK,))
    if digit == "2":
        return stay("choice_text", Do.TEXT_LOCAL_HELP) if wait.can_text else stay("choice_no_text")
    if digit == "3":
        return stay("choice_carer", Do.FOR_SOMEONE_ELSE)
    if digit == "4":
        return stay("choice_cannot_talk", Do.CANNOT_TALK)
    return stay("choice_unknown")

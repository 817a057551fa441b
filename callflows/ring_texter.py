"""What a nurse hears who rings somebody from a text conversation, and what they hear: nothing of the service until they
say that it is them.
"""

from collections.abc import Mapping

from callflows import staff
from callflows.conversation import Ask, HangUp, Reach, Say, Turn
from callflows.crew_line import OUTCOMES
from callflows.wording import words


def ready(wording: Mapping[str, str]) -> Turn:
    """Her telephone is rung: a key proves that it is she and no answerphone."""
    return Turn("ready", (Ask(words(wording, "nurse_reach_ready"), wait_s=8), HangUp()))


def ringing(wording: Mapping[str, str]) -> Turn:
    return Turn("reaching", (Say(words(wording, "nurse_reach_ringing")), Reach()))


def no_key(wording: Mapping[str, str]) -> Turn:
    return _over(words(wording, "nurse_reach_no_key"))


def refused(why: str) -> Turn:
    """They cannot be rung, and why."""
    return _over(why)


def reached(outcome: str, wording: Mapping[str, str]) -> Turn:
    """Her side, after the person: what came of it. The conversation by text goes on."""
    return _over(f"{OUTCOMES.get(outcome, OUTCOMES['failed'])} {words(wording, 'nurse_reach_over')}")


def person_check(wording: Mapping[str, str]) -> Turn:
    return staff.call_back(wording)


def person_joined(wording: Mapping[str, str]) -> Turn:
    return Turn("person_joined", (Say(words(wording, "joining")),))


def person_not(wording: Mapping[str, str]) -> Turn:
    return staff.call_back_over(wording)


def _over(said: str) -> Turn:
    return Turn(staff.ENDED, (Say(said), HangUp()))

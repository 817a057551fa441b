"""What nurses and people on duty hear when we ring them. Press 1 to accept: an answerphone never does."""

from collections.abc import Mapping
from dataclasses import dataclass

from callflows.conversation import Ask, HangUp, Meet, Pause, Say, Turn
from callflows.wording import words

OFFERED, JOINED, ENDED = "offered", "joined", "ended"


@dataclass(frozen=True)
class About:
    """What a nurse is told of who waits, before she accepts. Never a name or number."""

    locality: str
    reasons: tuple[str, ...]
    waited_s: int
    by_text: bool = False


def offer(about: About, wording: Mapping[str, str]) -> Turn:
    """The whisper: from where, why, how long; then press 1."""
    minutes = about.waited_s // 60
    waited = "just now" if minutes < 1 else f"waiting {minutes} minute{'s' if minutes > 1 else ''}"
    what = f"{'Text' if about.by_text else 'Call'} from {about.locality}, {waited}. {'. '.join(about.reasons)}."
    question = words(wording, "nurse_offer", what=what)
    return Turn(OFFERED, (Ask(question, wait_s=6), Say(words(wording, "nurse_no_key")), HangUp()))


def accepted(wording: Mapping[str, str]) -> Turn:
    return Turn(JOINED, (Say(words(wording, "nurse_connecting")), Meet(ends_room=False)))


def text_taken(wording: Mapping[str, str]) -> Turn:
    """She accepted a texter: there is no room to go to, the conversation is on her desk."""
    return _over(wording, "nurse_text")


def taken(wording: Mapping[str, str]) -> Turn:
    return _over(wording, "nurse_taken")


def not_rung_back(wording: Mapping[str, str]) -> Turn:
    """She accepted somebody who has rung off and whom the line may not ring: it stays owed, for a person to decide."""
    return _over(wording, "nurse_not_rung_back")


def no_key(wording: Mapping[str, str]) -> Turn:
    return _over(wording, "nurse_no_key")


def call_back(wording: Mapping[str, str]) -> Turn:
    """Ringing a person back: nothing of the service is said until they say it is them."""
    question = words(wording, "call_back_check")
    return Turn(
        OFFERED,
        (Pause(1), Ask(question, wait_s=6), Ask(question, wait_s=6), Say(words(wording, "call_back_over")), HangUp()),
    )


def call_back_accepted(wording: Mapping[str, str]) -> Turn:
    return Turn(JOINED, (Say(words(wording, "joining")), Meet(ends_room=True)))


def call_back_lost(wording: Mapping[str, str]) -> Turn:
    return _over(wording, "call_back_nurse_gone")


def call_back_over(wording: Mapping[str, str]) -> Turn:
    return _over(wording, "call_back_over")


def person(what: str, service: str, wording: Mapping[str, str]) -> Turn:
    """Somebody on duty is rung about something only a person can decide. Asked twice: they may have been asleep."""
    question = words(wording, "person_offer", service=service, what=what)
    return Turn(
        OFFERED, (Ask(question, wait_s=6), Ask(question, wait_s=8), Say(words(wording, "person_no_key")), HangUp())
    )


def person_has_it(wording: Mapping[str, str]) -> Turn:
    return _over(wording, "person_has_it")


def person_no_key(wording: Mapping[str, str]) -> Turn:
    return _over(wording, "person_no_key")


def _over(wording: Mapping[str, str], sentence: str) -> Turn:
    return Turn(ENDED, (Say(words(wording, sentence)), HangUp()))

"""What a crew hears on the telephone: rung with an offer, on the crew line, and put through to the person.

Only a key does anything: an answerphone, a pocket or a passenger who picks up presses none. What is written for a text
is said so that an ear can follow it: tags and postcodes letter by letter, "press" where a text says "reply".
"""

import re
from collections.abc import Mapping
from typing import Final

from callflows import crew
from callflows.conversation import Ask, HangUp, Pause, Reach, Say, Turn
from callflows.wording import words

AGAIN: Final = "0"
THE_PERSON: Final = "*"
WAIT_S: Final = 8  # for a key, with a hand that comes off the wheel
_TAG = re.compile(r"\b(job) (\d)(\d)\b", re.IGNORECASE)
_REPLY = re.compile(r"\bReply \d\d (\d)\b")
_SPELLED = re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]?)(?: ?(\d[A-Z]{2}))?\b")  # postcodes, and call signs
OUTCOMES: Final = {
    "spoke": "The call is over.",
    "no_answer": "They did not answer.",
    "busy": "Their telephone is engaged.",
    "failed": "Their telephone could not be rung.",
    "no_key": "Somebody or a machine picked up and pressed no key, so you were not put through.",
}  # fmt: skip


def aloud(text: str) -> str:
    """Words made for a text, as they are said."""
    text = _TAG.sub(lambda found: " ".join(found.groups()), text)
    text = _REPLY.sub(r"Press \1", text)
    text = text.replace("Reply with a digit", "Press a key").replace("Text ", "Press ").replace("key *", "key star")
    return _SPELLED.sub(lambda found: ", ".join(" ".join(part) for part in found.groups() if part), text)


def offer(job: crew.Job, service: str, wording: Mapping[str, str]) -> Turn:
    """Rung about an offer nobody answered: what the text says, without the address, and the two keys."""
    return _asks(words(wording, "crew_offer", service=service, what=aloud(crew.offered(job)) + "."))


def told(said: str, wording: Mapping[str, str], *, service: str = "") -> Turn:
    """What is noted or stands now, then the keys once more: the crew has the job."""
    who = f"This is {service}." if service else ""
    return _asks(f"{who} {aloud(said)} {words(wording, 'crew_keys')} {words(wording, 'crew_more')}")


def over(said: str) -> Turn:
    """Nothing more can be done about this job from here."""
    return Turn("ended", (Say(aloud(said)), HangUp()))


def no_key(wording: Mapping[str, str]) -> Turn:
    return Turn("ended", (Say(words(wording, "crew_no_key")), HangUp()))


def ring_back(wording: Mapping[str, str]) -> Turn:
    """They asked for the person on a call that they placed: their own telephone is rung first."""
    return Turn("ended", (Say(words(wording, "crew_rung_back")), HangUp()))


def ready(tag: str, service: str, wording: Mapping[str, str], *, before: str = "") -> Turn:
    """Their telephone is rung to be put through; `before`: what came of the try before."""
    return _asks(f"{before} {words(wording, 'crew_ready', service=service, tag=' '.join(tag))}")


def ringing(wording: Mapping[str, str]) -> Turn:
    return Turn("reaching", (Say(words(wording, "crew_ringing")), Reach()))


def reached(outcome: str, wording: Mapping[str, str]) -> Turn:
    """Back from the call to the person, with the job still theirs."""
    return told(OUTCOMES[outcome], wording)


def person_check(wording: Mapping[str, str]) -> Turn:
    """The person is rung: nothing of the service is said until they say that it is them."""
    return Turn(
        "person_asked",
        (Pause(1), Ask(words(wording, "crew_person_check"), wait_s=8), Say(words(wording, "call_back_over")), HangUp()),
    )


def person_joined(service: str, wording: Mapping[str, str]) -> Turn:
    return Turn("person_joined", (Say(words(wording, "crew_person_joined", service=service)),))


def person_not(wording: Mapping[str, str]) -> Turn:
    return Turn("ended", (Say(words(wording, "call_back_over")), HangUp()))


def _asks(question: str) -> Turn:
    return Turn("crew", (Ask(" ".join(question.split()), wait_s=WAIT_S), HangUp()))

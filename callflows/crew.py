"""How a crew and the line talk: by text, or the same digits on a keypad. Pure: words in, words out.

A reply is `TAG DIGIT`, or the digit alone while only one job is open. No reply is ever an opt-out word: STOP from a
crew's phone would cut the car off from its own dispatch (domain.md 3.6).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

UK: Final = ZoneInfo("Europe/London")
DIGITS: Final = {
    "1": "acknowledge", "2": "decline", "3": "en_route", "4": "on_scene", "5": "with_person",
    "6": "leaving", "7": "at_destination", "8": "clear", "9": "emergency",
}  # fmt: skip
NEXT: Final = {
    "acknowledged": "3 when moving",
    "en_route": "4 when there",
    "staging": "4 when there",
    "on_scene": "5 when with the person",
    "with_person": "6 when leaving, or 8 if all is settled there",
    "leaving": "7 when you arrive",
    "at_destination": "8 when clear",
    "handed_over": "8 when clear",
}
HAS: Final = {
    "acknowledged": "accepted", "declined": "not taken, thank you", "en_route": "moving",
    "staging": "waiting nearby", "on_scene": "there", "with_person": "with the person", "leaving": "leaving",
    "at_destination": "arrived", "handed_over": "handed over", "clear": "clear, thank you",
    "emergency": "HELP NOTED, a person is being rung now. Ring 999 if you are in danger",
    "unable_to_find": "person not found, a nurse will decide", "stood_down": "stood down",
}  # fmt: skip
HOW_TO_REPLY: Final = (
    "Reply with a digit: 1 accept, 2 cannot, 3 moving, 4 there, 5 with person, 6 leaving, 7 arrived, 8 clear, 9 help."
)
_REPLY = re.compile(r"(?:(\d{2})[\s.,:;#-]*)?([1-9])[\s.!]*")


@dataclass(frozen=True)
class Job:
    """What the crew may be told of an incident."""

    tag: str
    call_sign: str
    address: str
    postcode: str | None
    scene_safety: str
    concern: str | None
    call_back: str | None
    needed_by: datetime | None


@dataclass(frozen=True)
class Reply:
    tag: str | None
    action: str


def read(text: str) -> Reply | None:
    """`"42 1"`, `"421"`, `" 1. "` -> what the crew did; None if it is not such a reply."""
    match = _REPLY.fullmatch(text.strip())
    return Reply(match[1], DIGITS[match[2]]) if match else None


def offer(job: Job) -> str:
    """The offer. The address goes only to the crew that accepts."""
    where = (job.postcode or "").split(" ")[0]
    near = f" near {where}" if where else ""
    parts = [f"{job.call_sign}: job {job.tag}{near}", _scene(job), _by(job)]
    said = ". ".join(part for part in parts if part)
    return f"{said}. Reply {job.tag} 1 to accept, {job.tag} 2 if you cannot."


def is_offer(text: str) -> bool:
    """Whether a text of ours is an offer, which is worth nothing once it was answered or is late."""
    return "to accept" in text


def accepted(job: Job) -> str:
    """The details, for the crew that has it."""
    parts = [
        f"{job.call_sign} has job {job.tag}", f"{job.address} {job.postcode or ''}".strip(), _scene(job), _by(job),
        job.concern or "", f"Call back {job.call_back}" if job.call_back else "",
    ]  # fmt: skip
    said = ". ".join(part.strip().rstrip(".") for part in parts if part)
    return f"{said}. Text {NEXT['acknowledged']}, 9 for help."


def confirmed(tag: str, state: str) -> str:
    """Back to the crew after each reply: what is noted, and what comes next."""
    then = f" Text {NEXT[state]}." if state in NEXT else ""
    return f"Job {tag}: {HAS[state]}.{then}"


def gone(tag: str) -> str:
    return f"Job {tag} had no reply in time and is not yours any more. Do not go."


def stood_down(tag: str) -> str:
    return f"Job {tag}: STAND DOWN. You are not needed. You are free for the next job."


def not_now(tag: str, state: str) -> str:
    """A digit that does not follow from where the job stands."""
    return f"Job {tag} is {state}, so that is not possible now. {HOW_TO_REPLY}"


def not_yours(tag: str | None, state: str | None) -> str:
    """A reply to a job this crew does not hold (any more)."""
    if tag is None:
        return "You have no open job. Ring the control room if you expected one."
    if state is None:
        return f"No job {tag} is open for you. Ring the control room if you expected one."
    return f"Job {tag} is {state} and not open for you. Do not go on it. Ring the control room if that is wrong."


def _scene(job: Job) -> str:
    return {"safe": "Scene said to be safe", "unsafe": "SCENE NOT SAFE, wait nearby"}.get(
        job.scene_safety, "Scene safety not known"
    )


def _by(job: Job) -> str:
    return f"Needed by {job.needed_by.astimezone(UK):%H:%M}" if job.needed_by else ""

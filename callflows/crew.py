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
TEXTS_AGAIN: Final = "Thank you. This phone gets our texts again."
SAID: Final = {
    "acknowledge": ("ok", "okay", "yes", "yep", "accept", "accepted", "acknowledged", "will go", "got it"),
    "decline": ("no", "cannot", "can't", "cant", "cannot go", "decline", "declined"),
    "en_route": ("moving", "going", "on our way", "on my way", "on way", "en route", "mobile"),
    "staging": ("staging", "waiting", "waiting nearby", "holding", "standing by"),
    "on_scene": ("there", "here", "at scene", "on scene"),
    "with_person": ("with them", "with person", "with the person", "with patient"),
    "leaving": ("leaving", "left"),
    "at_destination": ("arrived", "at destination"),
    "clear": ("clear", "done", "finished"),
    "emergency": ("help", "emergency", "mayday"),
}
STAGE: Final = "Stage at a distance until you are told it is safe"
_WORDS: Final = {words: action for action, said in SAID.items() for words in said}
_APART = r"[\s.,:;#/-]*"
_REPLY = re.compile(rf"(?:(\d{{2}}){_APART})?([1-9])[\s.!]*")
_TURNED = re.compile(r"([1-9])[\s.,:;#/-]+(\d{2})[\s.!]*")
_IN_WORDS = re.compile(rf"(?:(\d{{2}}){_APART}([a-z' ]+?)|([a-z' ]+?){_APART}(\d{{2}}))[\s.!]*")
_HELP = re.compile(r"(?:help|mayday|emergency)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Job:
    """What the crew may be told of an incident."""

    tag: str
    call_sign: str
    address: str | None
    postcode: str | None
    scene_safety: str
    concern: str | None
    call_back: str | None
    needed_by: datetime | None
    hazards: str | None = None
    adjustments: tuple[str, ...] = ()
    police: bool = False
    position: str | None = None  # "latitude,longitude": a phone opens it
    grid: str | None = None  # the same as an OS grid reference, "SZ 50231 89012"
    who_is_there: str | None = None
    lone: bool = False


@dataclass(frozen=True)
class Reply:
    tag: str | None
    action: str


def read(text: str) -> Reply | None:
    """`"42 1"`, `"421"`, `"1 42"`, `"ok 42"`, `" 1. "` -> what the crew did; None if it is not such a reply.

    Words count only with the job they are about: without it they may be about anything.
    """
    text = " ".join(text.replace("\u2019", "'").split()).lower()
    if match := _REPLY.fullmatch(text):
        return Reply(match[1], DIGITS[match[2]])
    if match := _TURNED.fullmatch(text):
        return Reply(match[2], DIGITS[match[1]])
    if match := _IN_WORDS.fullmatch(text):
        action = _WORDS.get((match[2] or match[3]).strip())
        return Reply(match[1] or match[4], action) if action else None
    return None


def asks_for_help(text: str) -> bool:
    """Whether a crew that has a job asks for help in words, without naming the job."""
    return _HELP.match(text.strip()) is not None


def offered(job: Job) -> str:
    """What a crew is told before it accepts: where only roughly."""
    where = near(job)
    about = f" near {where}" if where else ""
    parts = [f"{job.call_sign}: job {job.tag}{about}", _scene(job), _by(job), "You are a lone crew" if job.lone else ""]
    return ". ".join(part for part in parts if part)


def offer(job: Job, link: str | None = None) -> str:
    """The offer, and the link to the job's page. The address goes only to the crew that accepts."""
    page = f" Or open {link}" if link else ""
    return f"{offered(job)}. Reply {job.tag} 1 to accept, {job.tag} 2 if you cannot.{page}"


def near(job: Job) -> str:
    """About where it is, for a crew that has not accepted: the first half of the postcode, or a square of ten
    kilometres. Empty where neither is known.
    """
    code = "".join((job.postcode or "").split())
    return (code[:-3] if len(code) > 4 else code) or _square(job)


def is_offer(text: str) -> bool:
    """Whether a text of ours is an offer, which is worth nothing once it was answered or is late."""
    return "to accept" in text


def accepted(job: Job) -> str:
    """The details, for the crew that has it."""
    parts = [
        f"{job.call_sign} has job {job.tag}", _address(job), _position(job), _scene(job), _by(job),
        f"There: {job.who_is_there}" if job.who_is_there else "",
        f"HAZARDS: {job.hazards}" if job.hazards else "", "Police asked for" if job.police else "",
        ", ".join(job.adjustments), job.concern or "", f"Call back {job.call_back}" if job.call_back else "",
    ]  # fmt: skip
    if job.scene_safety == "unsafe":
        parts.append(f"{STAGE}, and text {job.tag} waiting")
    said = ". ".join(part.strip().rstrip(".") for part in parts if part)
    return f"{said}. Text {NEXT['acknowledged']}, 9 for help."


def taken_over(job: Job, state: str) -> str:
    """To the crew that begins its duty with a job the last one leaves it: everything, and how to confirm it."""
    told = accepted(job).rpartition(" Text ")[0]
    return f"TAKEN OVER. {told} It is {HAS[state].split(',')[0]}. Reply {job.tag} 1 to say that you have it."


def confirmed(tag: str, state: str, *, stage: bool = False) -> str:
    """Back to the crew after each reply: what is noted, and what comes next. `stage`: they go to an unsafe scene."""
    then = f" Text {NEXT[state]}." if state in NEXT else ""
    then += f" {STAGE}, and text {tag} waiting." if stage else ""
    return f"Job {tag}: {HAS[state]}.{then}"


def gone(tag: str) -> str:
    return f"Job {tag} had no reply in time and is not yours any more. Do not go."


def noted_late(tag: str, reached: str, state: str) -> str:
    """A step told after a later one."""
    return f"Job {tag}: noted that you were {HAS[reached]}. You are now {HAS[state]}."


def changed(job: Job, revision: int, fields: tuple[str, ...]) -> str:
    """What is different since the crew was told: only that, and how to confirm it."""
    said = {
        "address": f"Address now {_address(job)}",
        "position": _position(job) or "No position known now",
        "who_is_there": f"There: {job.who_is_there}" if job.who_is_there else "Not known who is there",
        "scene_safety": f"{_scene(job)}, you may go in" if job.scene_safety == "safe" else _scene(job),
        "needed_by": _by(job),
        "hazards": f"HAZARDS: {job.hazards}" if job.hazards else "No hazards known now", "concern": job.concern or "",
        "call_back": f"Call back {job.call_back}" if job.call_back else "Nobody to call back",
        "adjustments": ", ".join(job.adjustments) or "No adjustments",
        "police_test": "Police asked for" if job.police else "Police not asked for",
    }  # fmt: skip
    wanted = dict.fromkeys("address" if name == "postcode" else name for name in fields)
    parts = [said[name].strip().rstrip(".") for name in said if name in wanted]
    told = ". ".join(part for part in parts if part)
    return f"Job {job.tag} CHANGED ({revision}). {told}. Reply {job.tag} 1 to say you have read this."


def welfare_check(tag: str, state: str, *, again: bool) -> str:
    """Asked on scene. The digit is the one of where they are, so that the answer changes nothing else."""
    digit = "5" if state == "with_person" else "4"
    second = " We asked before and heard nothing." if again else ""
    return f"Job {tag}: are you all right?{second} Reply {tag} {digit} if you are, {tag} 9 for help."


def stood_down(tag: str, *, confirm: bool = False) -> str:
    """`confirm`: the crew had accepted, and may be on its way."""
    how = f" Reply {tag} 8 to confirm." if confirm else ""
    return f"Job {tag}: STAND DOWN. You are not needed. You are free for the next job.{how}"


def stand_down_confirmed(tag: str) -> str:
    return f"Job {tag}: stood down, and you have confirmed it. Thank you."


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


def _address(job: Job) -> str:
    return f"{job.address or ''} {job.postcode or ''}".strip()


def _position(job: Job) -> str:
    grid = f" or {job.grid}" if job.grid else ""
    return f"At {job.position}{grid}" if job.position else ""


def _square(job: Job) -> str:
    """The ten kilometres it lies in, "SZ58": about as much as the first half of a postcode gives away."""
    letters, _, figures = (job.grid or "").partition(" ")
    east, _, north = figures.partition(" ")
    return f"{letters}{east[0]}{north[0]}" if east and north else ""


def _scene(job: Job) -> str:
    return {"safe": "Scene said to be safe", "unsafe": "SCENE NOT SAFE, wait nearby"}.get(
        job.scene_safety, "Scene safety not known"
    )


def _by(job: Job) -> str:
    return f"Needed by {job.needed_by.astimezone(UK):%H:%M}" if job.needed_by else ""

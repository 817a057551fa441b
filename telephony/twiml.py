"""Turns into the carrier's markup. Every attribute the carrier's defaults would get wrong is said aloud.

No document ever records, transcribes or streams: `tests/telephony` checks every document against a strict grammar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import Response
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from callflows.conversation import Ask, HangUp, Hold, LeaveQueue, Meet, Pause, Reach, Say, Turn, WaitOn

QUEUE: Final = "waiting-for-a-nurse"  # one queue at the carrier; the order is ours, in the database
VOICE: Final = {"voice": "Polly.Amy", "language": "en-GB"}
RING_PERSON_S: Final = 25  # a person who is expected to be near their telephone
HINTS_CHARS: Final = 100  # the longest hint the carrier takes


@dataclass(frozen=True)
class Addresses:
    """Where the carrier goes next: absolute, with opaque ids only. Empty where a turn cannot need it."""

    answer: str = ""  # a question was answered, or met with silence
    wait: str = ""  # the wait document
    left_queue: str = ""
    left_room: str = ""
    room: str = ""
    number: str = ""  # of the person a crew is put through to
    caller_id: str = ""  # the number of ours that they see
    before_joining: str = ""  # asks the person, before anybody hears them


def render(turn: Turn, to: Addresses, hints: Sequence[str] = ()) -> str:
    """The voice document for a turn."""
    response = VoiceResponse()
    for step in turn.steps:
        match step:
            case Say(text):
                response.say(text, **VOICE)
            case Pause(seconds):
                response.pause(length=seconds)
            case Ask():
                response.append(_question(step, to, hints))
            case Hold():
                response.enqueue(QUEUE, action=to.left_queue, wait_url=to.wait)
            case WaitOn():
                response.redirect(to.wait)
            case LeaveQueue():
                response.leave()
            case Meet(ends_room):
                response.append(_room(to, ends_room))
            case Reach():
                response.append(_reach(to))
            case HangUp():
                response.hangup()
    if turn.steps and isinstance(turn.steps[-1], Ask):
        response.redirect(to.answer)  # also for a carrier that reports no silence: the line never just ends
    return str(response)


def _question(ask: Ask, to: Addresses, hints: Sequence[str]) -> Gather:
    """A silent person comes back by the same address as one who answered: silence is an answer.

    Inside the queue the silence is the wait itself, so it needs no report there.
    """
    attributes: dict[str, object] = {"input": "dtmf", "action": to.answer, "timeout": ask.wait_s}
    attributes["action_on_empty_result"] = True
    if ask.most_keys is not None:
        attributes["num_digits"] = ask.most_keys
    if ask.speech:
        attributes |= {"input": "dtmf speech", "language": "en-GB", "profanity_filter": False, "speech_timeout": "auto"}
        if hints:
            attributes["hints"] = ", ".join(hint[:HINTS_CHARS] for hint in hints)
    gather = Gather(**attributes)
    gather.say(ask.text, **VOICE)
    return gather


def _room(to: Addresses, ends_room: bool) -> Dial:
    dial = Dial(action=to.left_room)
    dial.conference(
        to.room, beep="false", start_conference_on_enter=True, end_conference_on_exit=ends_room, wait_url="",
        max_participants=3,
    )  # fmt: skip
    return dial


def _reach(to: Addresses) -> Dial:
    dial = Dial(action=to.left_room, caller_id=to.caller_id, timeout=RING_PERSON_S, ring_tone="uk")
    dial.number(to.number, url=to.before_joining)
    return dial


def spoken(words: str, *, times: int, key_to: str | None = None) -> str:
    """These words, said again after a breath. A key pressed meanwhile goes to `key_to`; silence goes nowhere, so that
    all is said also while we could not answer.
    """
    response = VoiceResponse()
    for _ in range(times):
        if key_to is None:
            response.say(words, **VOICE)
            response.pause(length=2)
        else:
            gather = Gather(input="dtmf", num_digits=1, timeout=3, action=key_to, action_on_empty_result=False)
            gather.say(words, **VOICE)
            response.append(gather)
    response.hangup()
    return str(response)


def empty() -> str:
    """A document that says and does nothing: for a leg that is going somewhere else by our own doing."""
    return str(VoiceResponse())


def go_to(url: str) -> str:
    """On to another document of ours."""
    response = VoiceResponse()
    response.redirect(url)
    return str(response)


def text_reply(body: str | None, status_callback: str | None = None) -> str:
    """The answer to a text: one message, or none."""
    response = MessagingResponse()
    if body:
        response.message(body, status_callback=status_callback) if status_callback else response.message(body)
    return str(response)


def answer(document: str) -> Response:
    """A document as the HTTP answer the carrier wants."""
    return Response(document, content_type="text/xml; charset=utf-8")

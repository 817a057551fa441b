"""What a caller hears when anything of ours has failed: constant words and a dial, made once at start-up.

No database, Redis, template, network or environment at request time. The same document is written to a file for the
carrier to host (`nowrongdoor fallback-twiml`). Numbers said in words: 999 and 111 are national; Samaritans' 116 123 is
free, day and night.
"""

from flask import Response
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

ADVICE = (
    "We are sorry. Our line has a fault, and we are putting you through to a person another way. "
    "If there is danger now, hang up and ring 9 9 9."
)
# Said when nobody answered, and also when somebody did and has hung up: true of both.
AFTER = (
    "If you could not talk to anybody, or need more: in danger now, ring 9 9 9. For the N H S mental health line, ring "
    "1 1 1 and choose option 2. Samaritans listen day and night, free, on 1 1 6 1 2 3. Please ring us again too."
)
TEXT = (
    "Our text line has a fault, and nobody may see this text. If there is danger now ring 999. For NHS mental health "
    "help ring 111, option 2. Samaritans listen day and night on 116 123."
)
WAITING = (
    "We are sorry. Our line has a fault just now. If there is danger now, hang up and ring 9 9 9. "
    "Stay on the line, and we try to put you through."
)
VOICE = {"voice": "Polly.Amy", "language": "en-GB"}


def document(fallback_number: str, *, in_the_queue: bool = False) -> str:
    """The fail-safe voice document: advice, a dial of the fallback number, then who else to ring, said twice.

    Heard in the carrier's queue it leaves the queue first: no dial is carried out there. What the line is asked then
    is answered with waiting again, or with this document as it stands.
    """
    response = VoiceResponse()
    if in_the_queue:
        response.say(WAITING, **VOICE)
        response.leave()
    response.say(ADVICE, **VOICE)
    response.dial(fallback_number, timeout=30)
    for _ in range(2):
        response.say(AFTER, **VOICE)
        response.pause(length=2)
    return str(response)


class FailSafe:
    """The ready-made answers."""

    def __init__(self, fallback_number: str):
        self._voice = document(fallback_number).encode()
        self._waiting = document(fallback_number, in_the_queue=True).encode()
        reply = MessagingResponse()
        reply.message(TEXT)
        self._text = str(reply).encode()

    def voice(self) -> Response:
        """200 with the constant voice document."""
        return Response(self._voice, content_type="text/xml; charset=utf-8")

    def waiting(self) -> Response:
        """200 with the constant document for somebody in the carrier's queue."""
        return Response(self._waiting, content_type="text/xml; charset=utf-8")

    def text(self) -> Response:
        """200 with the constant text."""
        return Response(self._text, content_type="text/xml; charset=utf-8")

"""A failed webhook in our own words, for the spool: the one place that knows what the carrier calls them there."""

from datetime import datetime
from typing import Final

from flask import Request

from callflows.danger import in_danger_now
from telephony import inbound, numbers
from telephony.reports import ENDS
from triage.spool import Event

OUR_OWN_LEGS: Final = ("/voice/legs/", "/voice/staff", "/voice/crew/")


def event_of(request: Request, at: datetime) -> Event | None:
    """What a failed webhook told us that must not be lost; None for one that the carrier's lists will tell again.

    A caller's ring, words, keys and end, and a person's text. What happens on legs we placed ourselves is left to the
    comparison with the carrier's lists, but for their end.
    """
    form = request.form
    if request.path == "/sms/incoming":
        if not form.get("MessageSid"):
            return None
        return Event(
            "text", form["MessageSid"], at, numbers.e164(form.get("From")), _dialled(form.get("To", "")),
            words=inbound.words(form), danger=in_danger_now(form.get("Body", "")), media=tuple(inbound.media(form)),
        )  # fmt: skip
    call_id = form.get("CallSid")
    if not request.path.startswith("/voice/") or not call_id:
        return None
    if outcome := ENDS.get(form.get("CallStatus", "")):
        return Event("over", call_id, at, numbers.e164(form.get("From")), _dialled(form.get("To", "")), outcome=outcome)
    ours = request.path.startswith(OUR_OWN_LEGS) or form.get("From", "").startswith("client:")
    if ours or form.get("Direction", "inbound") != "inbound":
        return None
    danger = "*" in form.get("Digits", "") or in_danger_now(form.get("SpeechResult", ""))
    return Event("call", call_id, at, numbers.e164(form.get("From")), _dialled(form.get("To", "")), danger=danger)


def _dialled(to: str) -> str:
    return numbers.e164(to) or to[:64]

"""Lines that staff ring: nurses to make themselves ready, crews to key what they did.

A caller's number proves nothing, so ringing in never joins anybody to a person: a nurse is rung back on the number kept
for her, and a crew's keys do no more than its texts do.
"""

from datetime import datetime
from typing import Final

from flask import Response, request

from callflows.conversation import Ask, HangUp, Say, Turn
from callflows.wording import words
from telephony import numbers, twiml
from telephony.webhooks import line, now, voice
from triage import accounts, crew_replies, presence, units
from triage.standing import Standing

ROUTES: Final = ("nurse", "crew")


def answer(route: str, number: str | None, standing: Standing, at: datetime) -> Response:
    """A call to a staff line."""
    return _nurse(number, standing, at) if route == "nurse" else _crew(standing)


def _nurse(number: str | None, standing: Standing, at: datetime) -> Response:
    with line().database.transaction() as db:
        nurse = accounts.by_phone(db, number)
        sentence = "nurse_not_known"
        if nurse and "nurse" in nurse.roles:
            sentence = "nurse_ready"
            if presence.holding(db, nurse.id) is None:
                presence.put(db, nurse, "ready", "phone", now=at)
    return _over(standing, words(standing.service.wording, sentence))


def _crew(standing: Standing) -> Response:
    ask = Turn("crew", (Ask(words(standing.service.wording, "crew_key"), most_keys=3, wait_s=6), HangUp()))
    return twiml.answer(twiml.render(ask, twiml.Addresses(answer=line().url("/voice/crew/key"))))


@voice.post("/crew/key")
def crew_key() -> Response:
    """Keys from a unit's phone: the tag and a digit, or the digit alone. Confirmed in words, then asked again."""
    at = now()
    standing = line().standing(at)
    digits = request.form.get("Digits", "")
    with line().database.transaction() as db:
        unit = units.by_phone(db, numbers.e164(request.form.get("From")))
        if unit is None:
            return _over(standing, words(standing.service.wording, "nurse_not_known"))
        if not digits:
            return _over(standing, words(standing.service.wording, "goodbye"))
        said = crew_replies.reply(db, unit, digits, now=at, way="keypad")
    again = Turn("crew", (Say(said), Ask(words(standing.service.wording, "crew_key"), most_keys=3, wait_s=6), HangUp()))
    return twiml.answer(twiml.render(again, twiml.Addresses(answer=line().url("/voice/crew/key"))))


def _over(standing: Standing, sentence: str) -> Response:
    return twiml.answer(twiml.render(Turn("ended", (Say(sentence), HangUp())), twiml.Addresses()))

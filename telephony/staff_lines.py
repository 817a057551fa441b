"""Lines that staff ring: nurses to make themselves ready, crews to key what they did.

A caller's number proves nothing, so ringing in never joins anybody to a person: a nurse is rung back on the number kept
for her, and a crew on the one kept for its car (decision 0026); a crew's other keys do no more than its texts do.
"""

from datetime import datetime
from typing import Final

from flask import Response, request

from callflows import crew_line
from callflows.conversation import Ask, HangUp, Say, Turn
from callflows.wording import words
from telephony import numbers, twiml
from telephony.webhooks import line, now, voice
from triage import accounts, crew_calls, crew_replies, dispatch, presence, units
from triage.standing import Standing

ROUTES: Final = ("nurse", "crew")


def answer(route: str, number: str | None, standing: Standing, at: datetime) -> Response:
    """A call to a staff line."""
    return _nurse(number, standing, at) if route == "nurse" else _crew(number, standing, at)


def _nurse(number: str | None, standing: Standing, at: datetime) -> Response:
    with line().database.transaction() as db:
        nurse = accounts.by_phone(db, number)
        sentence = "nurse_not_known"
        if nurse and "nurse" in nurse.roles:
            sentence = "nurse_ready"
            if presence.holding(db, nurse.id) is None:
                presence.put(db, nurse, "ready", "phone", now=at)
    return _over(standing, words(standing.service.wording, sentence))


def _crew(number: str | None, standing: Standing, at: datetime) -> Response:
    """A crew that rings hears how its job stands before it is asked; anybody else is only asked."""
    with line().database.reading() as db:
        unit = units.by_phone(db, number)
        jobs = dispatch.open_of_unit(db, unit.call_sign) if unit else ()
        stands = crew_line.aloud(crew_calls.in_short(jobs[0])) if jobs else ""
        return _ask(standing, stands, accepted=bool(jobs) and dispatch.under_way(jobs[0]))


def _ask(standing: Standing, before: str, *, accepted: bool, apart: bool = False) -> Response:
    """The question for keys; `apart`: with what comes before it said first, and no key cutting it short."""
    wording = standing.service.wording
    question = f"{words(wording, 'crew_key')} {words(wording, 'crew_more') if accepted else ''}"
    first = (Say(before),) if apart and before else ()
    asked = " ".join((question if apart else f"{before} {question}").split())
    turn = Turn("crew", (*first, Ask(asked, most_keys=3, wait_s=6), HangUp()))
    return twiml.answer(twiml.render(turn, twiml.Addresses(answer=line().url("/voice/crew/key"))))


@voice.post("/crew/key")
def crew_key() -> Response:
    """Keys from a unit's phone: the tag and a digit, or the digit alone; 0 says the job again, star rings the person.
    Confirmed in words, then asked again. Where the job is goes to the car's own telephone as a text: a caller's number
    proves nothing.
    """
    at = now()
    standing = line().standing(at)
    digits = request.form.get("Digits", "")
    with line().database.transaction() as db:
        unit = units.by_phone(db, numbers.e164(request.form.get("From")))
        if unit is None:
            return _over(standing, words(standing.service.wording, "nurse_not_known"))
        if not digits:
            return _over(standing, words(standing.service.wording, "goodbye"))
        jobs = dispatch.open_of_unit(db, unit.call_sign)
        job = dispatch.get(db, jobs[0].id) if jobs else None
        if job and crew_line.THE_PERSON in digits:
            unit.phone_heard_at = at
            try:
                crew_calls.ask_for_person(db, job, now=at)
            except crew_calls.CannotRing as no:
                return _ask(standing, str(no), accepted=dispatch.under_way(job), apart=True)
            return twiml.answer(twiml.render(crew_line.ring_back(standing.service.wording), twiml.Addresses()))
        if job and digits in (crew_line.AGAIN, job.tag + crew_line.AGAIN):
            unit.phone_heard_at = at
            said = dispatch.details(job) if dispatch.under_way(job) else crew_calls.in_short(job)
        else:
            said = crew_replies.reply(db, unit, digits, now=at, way="keypad")
        if job and dispatch.under_way(job) and said == dispatch.details(job):  # not for whoever shows the car's number
            crew_calls.in_writing(db, job, now=at)
            written = "crew_texted" if crew_calls.can_be_texted(db, job) else "crew_not_texted"
            said = f"{crew_calls.in_short(job)} {words(standing.service.wording, written)}"
        accepted = any(dispatch.under_way(one) for one in dispatch.open_of_unit(db, unit.call_sign))
    return _ask(standing, crew_line.aloud(said), accepted=accepted, apart=True)


def _over(standing: Standing, sentence: str) -> Response:
    return twiml.answer(twiml.render(Turn("ended", (Say(sentence), HangUp())), twiml.Addresses()))

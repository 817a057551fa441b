"""Contacts: search, read, what was decided, texts, the request for the car, the end."""

import re
from datetime import datetime

import phonenumbers
from sqlalchemy.orm import Session

from triage import (
    bridge,
    contacts,
    endings,
    history,
    incidents,
    lowering,
    outcomes,
    queue,
    rules,
    silence,
    text_calls,
    texts,
    walls,
)
from triage.desk.api.answers import (
    ClaimAnswer,
    ContactAnswer,
    FoundContact,
    IncidentAnswer,
    MessageAnswer,
    OutcomeAnswer,
)
from triage.desk.api.bodies import (
    ContactSearch,
    FinishBody,
    IncidentBody,
    LaterBody,
    MessageBody,
    OutcomeBody,
    SilenceBody,
)
from triage.desk.api.door import CLINICAL, NURSES, Ask, call
from triage.desk.api.problems import Fault, Refused, invalid
from triage.desk.context import desk
from triage.lifecycles import HELD
from triage.models import Contact, Outcome

YEARS = range(2000, 2101)  # a time outside these is a slip, and some of them no database can keep


@call("GET", "/contacts", CLINICAL, query=ContactSearch, answers={200: list[FoundContact]}, problems=(422,))
def find_contacts(ask: Ask) -> list[FoundContact]:
    """Contacts within my reach that fit every term, newest first. A term is required: nobody lists everyone.

    A search is written down: who, when and by what kind of term.
    """
    wanted = ask.query
    for name in ("since", "until"):
        _sensible(name, getattr(wanted, name), parameter=True)
    terms = sorted(name for name in wanted.__struct_fields__ if name != "limit" and getattr(wanted, name))
    with desk().database.transaction() as db:
        found = contacts.search(
            db, number=_number(wanted.number), locality=_plain("locality", wanted.locality),
            keyword=_plain("keyword", wanted.keyword), since=wanted.since, until=wanted.until, limit=wanted.limit,
            within=walls.Walls(db, ask.staff, ask.now).contacts(),
        )  # fmt: skip
        history.record(db, "searched", actor=ask.staff.id, now=ask.now, terms=terms, found=len(found))
        return [FoundContact.of(db, row) for row in found]


@call("GET", "/contacts/<contact_id>", CLINICAL, answers={200: ContactAnswer}, problems=(404,))
def read_contact(ask: Ask, contact_id: str) -> ContactAnswer:
    """One contact, whole. Reading is written down: who, and when."""
    with desk().database.transaction() as db:
        contact = walls.read_contact(db, contact_id, ask.staff, now=ask.now)
        return ContactAnswer.of(db, contact, walls.Walls(db, ask.staff, ask.now))


@call(
    "POST", "/contacts/<contact_id>/outcomes", CLINICAL, body=OutcomeBody,
    answers={201: OutcomeAnswer, 200: OutcomeAnswer}, problems=(404,),
)  # fmt: skip
def log_outcome(ask: Ask, contact_id: str) -> tuple[int, OutcomeAnswer]:
    """Log a triage outcome: 201. The same one again is the one there is: 200."""
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        before = outcomes.latest(db, contact.id)
        outcome = _record(db, contact, ask, ask.body)
        same = before is not None and before.id == outcome.id
        return 200 if same else 201, OutcomeAnswer.of(db, outcome)


@call(
    "POST",
    "/contacts/<contact_id>/messages",
    CLINICAL,
    body=MessageBody,
    answers={201: MessageAnswer},
    problems=(404, 409),
)
def text_person(ask: Ask, contact_id: str) -> tuple[int, MessageAnswer]:
    """Text the person: a texter, or a caller who agreed to be texted."""
    if not ask.body.body.strip():
        raise invalid("body", "There is nothing in this text. Write something first.")
    with desk().database.transaction() as db:
        message = texts.to_person(db, _writable(db, contact_id, ask), ask.body.body, ask.staff, now=ask.now)
        return 201, MessageAnswer.of(db, message)


@call(
    "POST", "/contacts/<contact_id>/incidents", CLINICAL, body=IncidentBody,
    answers={201: IncidentAnswer, 200: IncidentAnswer}, problems=(404,),
)  # fmt: skip
def ask_for_car(ask: Ask, contact_id: str) -> tuple[int, IncidentAnswer]:
    """Ask for the response car: 201, also when no unit is free (`state` no_unit, `fallback` says who to turn to).

    While the contact's incident is open, asking again answers 200 with that one.
    """
    wanted: IncidentBody = ask.body
    _sensible("needed_by", wanted.needed_by)
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        before = {row.id for row in contacts.incidents(db, contact.id)}
        outcome = None
        if wanted.outcome is not None:
            if wanted.outcome.disposition != "response_car":
                raise invalid("outcome.disposition", "The outcome that asks for the car says response_car.")
            outcome = _record(db, contact, ask, wanted.outcome, within="outcome.")
        incident = incidents.ask_for_car(
            db, contact, ask.staff, now=ask.now, address=wanted.address, postcode=wanted.postcode or None,
            scene_safety=wanted.scene_safety or "unknown", concern=wanted.concern or None,
            call_back=call_back_number(wanted.call_back), needed_by=wanted.needed_by, outcome=outcome,
            hazards=wanted.hazards, adjustments=wanted.adjustments, police_test=wanted.police_test,
            position=wanted.position, who_is_there=wanted.who_is_there or None, tell_person=wanted.tell_person,
        )  # fmt: skip
        return 200 if incident.id in before else 201, IncidentAnswer.of(db, incident)


@call(
    "POST", "/contacts/<contact_id>/finish", NURSES, body=FinishBody, answers={200: ContactAnswer},
    problems=(404, 409), body_optional=True,
)  # fmt: skip
def finish_contact(ask: Ask, contact_id: str) -> ContactAnswer:
    """End the contact I hold, and wrap up. With `last_text` the person is texted that, or nothing is ended (409).

    Repeating it is harmless: nothing is texted twice. 409 too where they said there was danger, fell silent, and no
    outcome says in words what was done.
    """
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        endings.finish(db, contact, ask.staff, ask.body.last_text, now=ask.now)
        return ContactAnswer.of(db, contact, walls.Walls(db, ask.staff, ask.now))


@call(
    "POST", "/contacts/<contact_id>/silence", NURSES, body=SilenceBody, answers={200: ContactAnswer},
    problems=(404, 409),
)  # fmt: skip
def decide_silence(ask: Ask, contact_id: str) -> ContactAnswer:
    """The texter I have does not write back: I wait on, or want them rung (a call-back is owed then).

    409 if they are not silent. Ending the conversation is `finish`. Repeating it is harmless.
    """
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        silence.decide(db, contact, ask.body.choice, ask.staff, now=ask.now)
        return ContactAnswer.of(db, contact, walls.Walls(db, ask.staff, ask.now))


@call("POST", "/contacts/<contact_id>/give-back", NURSES, answers={200: ContactAnswer}, problems=(404, 409))
def give_back(ask: Ask, contact_id: str) -> ContactAnswer:
    """Give the contact I hold back to the queue, at the place it had. I am offered nobody until I say I am ready."""
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        bridge.give_back(db, contact, ask.staff, now=ask.now)
        return ContactAnswer.of(db, contact, walls.Walls(db, ask.staff, ask.now))


@call(
    "POST", "/contacts/<contact_id>/give-back-for-later", NURSES, body=LaterBody, answers={200: ContactAnswer},
    problems=(404, 409),
)  # fmt: skip
def give_back_for_later(ask: Ask, contact_id: str) -> ContactAnswer:
    """Give the contact I hold and have heard back, to be heard later than its band says. The only way down.

    A second person is told and the number of times is counted. How busy the line is, is no reason.
    """
    wanted: LaterBody = ask.body
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        try:
            lowering.give_back_for_later(
                db, contact, wanted.band, wanted.because, ask.staff, seen=wanted.seen_band, now=ask.now
            )
        except lowering.CannotLower as no:
            raise invalid(no.field, str(no)) from None
        return ContactAnswer.of(db, contact, walls.Walls(db, ask.staff, ask.now))


@call("POST", "/contacts/<contact_id>/ring", NURSES, answers={200: ContactAnswer}, problems=(404, 409))
def ring_texter(ask: Ask, contact_id: str) -> ContactAnswer:
    """Ring me, and then whoever I text with: they are asked discreetly before we are joined. The text conversation
    stays mine. Repeating it while it rings is the same call.
    """
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        text_calls.ask(db, contact, ask.staff, now=ask.now)
        return ContactAnswer.of(db, contact, walls.Walls(db, ask.staff, ask.now))


@call("POST", "/contacts/<contact_id>/take-call", NURSES, answers={200: ClaimAnswer}, problems=(404, 409))
def take_their_call(ask: Ask, contact_id: str) -> ClaimAnswer:
    """Take the call of whoever I text with and who rings now: the conversation goes on as that call, which is mine."""
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        return ClaimAnswer.of(bridge.take_their_call(db, contact, ask.staff, rules.current(db).rules, now=ask.now))


@call("POST", "/contacts/<contact_id>/to-text", NURSES, answers={200: ContactAnswer}, problems=(404, 409))
def go_on_by_text(ask: Ask, contact_id: str) -> ContactAnswer:
    """Go on by text with whoever I have on the telephone, if they agreed to texts. Repeating it is harmless."""
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        bridge.go_on_by_text(db, contact, ask.staff, now=ask.now)
        return ContactAnswer.of(db, contact, walls.Walls(db, ask.staff, ask.now))


def _writable(db: Session, contact_id: str, ask: Ask) -> Contact:
    """A contact to write to: within reach, and while another nurse has the person only a supervisor does so.

    Raises NotFound, Walled, NotTheirs.
    """
    contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
    entry = contacts.entry_of(db, contact.id)
    with_another = entry is not None and entry.state in HELD and entry.nurse_id != ask.staff.id
    if with_another and "supervisor" not in ask.staff.roles:
        raise queue.NotTheirs("Another nurse has this person now. Ask her to text them.")
    return contact


def _record(db: Session, contact: Contact, ask: Ask, said: OutcomeBody, within: str = "") -> Outcome:
    _sensible(f"{within}needed_by", said.needed_by)
    try:
        return outcomes.record(
            db, contact, ask.staff, now=ask.now, urgency=said.urgency, disposition=said.disposition,
            notes=said.notes or "", agreed=said.agreed or "", next_steps=_steps(said.next_steps), themes=said.themes,
            who=said.who, needed_by=said.needed_by, caller_role=said.caller_role, text_consent=said.text_consent,
            ask_after=said.ask_after,
        )  # fmt: skip
    except outcomes.BadOutcome as bad:
        raise invalid(f"{within}{bad.field}", str(bad)) from None


def _steps(said: str | list[str] | None) -> str:
    return said if isinstance(said, str) else "\n".join(said or ())


def _sensible(name: str, when: datetime | None, *, parameter: bool = False) -> None:
    if when is None or when.year in YEARS:
        return
    sentence = f"{name}: this year cannot be right."
    raise Refused(422, sentence, [Fault(sentence, parameter=name)]) if parameter else invalid(name, sentence)


def _plain(name: str, value: str | None) -> str | None:
    if value is not None and "\0" in value:
        raise Refused(422, f"{name} has a character no name has.", [Fault("Leave it out.", parameter=name)])
    return value


def _number(given: str | None) -> str | None:
    """A search's number: its last digits, or a whole number however it is written, as E.164."""
    if given is None:
        return None
    digits = re.sub(r"\D", "", given)
    if len(digits) in (3, 4):
        return digits
    plus = "+" if len(digits) > 10 and not digits.startswith("0") and not given.strip().startswith("+") else ""
    try:
        parsed = phonenumbers.parse(plus + given.strip(), "GB")
    except phonenumbers.NumberParseException:
        sentence = "Give the whole number, such as +447700900123, or its last three or four digits."
        raise Refused(422, sentence, [Fault(sentence, parameter="number")]) from None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def call_back_number(given: str | None) -> str | None:
    """How the crew may ring them: a number as E.164 if it reads as one, else as it was written. Never refused."""
    try:
        parsed = phonenumbers.parse(given or "", "GB")
    except phonenumbers.NumberParseException:
        return (given or "").strip() or None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)

"""Texts that come in, from people and from crews, and the carrier's reports on texts we sent."""

from dataclasses import replace
from datetime import datetime

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows import caller, crew, texter
from callflows.danger import in_danger_now
from telephony import numbers, twiml
from telephony.reports import TEXTS, trouble_of
from telephony.webhooks import line, nothing, now, sms
from triage import (
    answering,
    contacts,
    crew_replies,
    destinations,
    dispatch,
    effects,
    first_ring,
    floods,
    opt_outs,
    queue,
    texts,
    units,
)
from triage.lifecycles import HELD
from triage.models import Contact, Message, Unit
from triage.standing import Standing


@sms.post("/incoming")
def incoming() -> Response:
    """A text to one of our numbers: kept, then answered. Every person who texts waits for a nurse."""
    at, form = now(), request.form
    standing = line().standing(at)
    number = numbers.e164(form.get("From"))
    dialled = numbers.e164(form.get("To")) or form.get("To", "").replace("\0", "")[:64]
    body = form.get("Body", "").replace("\0", "")  # PostgreSQL cannot keep that one character
    our_line = standing.line(dialled)
    with line().database.transaction() as db:
        if kept := texts.kept(db, form["MessageSid"]):
            return twiml.answer(kept.last_reply or twiml.text_reply(None))
        unit = units.by_phone(db, number)
        if unit and crew_replies.is_from_crew(db, unit, our_line.route if our_line else "", body):
            return twiml.answer(twiml.text_reply(_crew(db, unit, body, at)))
    opened = first_ring.text(
        line().database, carrier_id=form["MessageSid"], number=number, line=our_line, dialled=dialled, now=at
    )
    with line().database.transaction() as db:
        contact = db.scalar(select(Contact).where(Contact.id == opened.contact_id).with_for_update())
        assert contact is not None
        message = texts.received(db, contact, form["MessageSid"], body, now=at)
        if message is None:
            return twiml.answer(contact.last_reply or twiml.text_reply(None))
        contact.opted_out = contact.opted_out or opt_outs.stopped(db, contact.number)
        contact.last_reply = _reply(db, contact, message, standing, at)
        return twiml.answer(contact.last_reply)


def _reply(db: Session, contact: Contact, message: Message, standing: Standing, at: datetime) -> str:
    service, body = standing.service, message.body
    if texter.opted_out(body):
        floods.takes(db, contact, message, own=True, now=at)
        entry = queue.join(db, contact, service.rules, now=at)
        opt_outs.by_contact(db, contact, opt_outs.SAID, now=at)
        why = f"Texted only {body.strip().upper()[:12]}: it may be distress"
        queue.raise_to(db, entry, entry.band, why, actor="texter", now=at)
        return twiml.text_reply(None)
    wanted_again = texter.opted_in(body) and opt_outs.again_by_contact(db, contact, now=at)
    heard = _heard(standing, contact.place, body)
    own_words = heard.danger or heard.sure is not None or wanted_again
    if floods.takes(db, contact, message, own=own_words, now=at):
        return twiml.text_reply(None)
    first = wanted_again or not texts.answered(db, contact)
    waiting = contacts.entry_of(db, contact.id)
    with_nurse = waiting is not None and waiting.state in HELD
    reply = texter.reply(texter.TextLine(service.name, service.wording), heard, first=first, with_nurse=with_nurse)
    effects.carry_out(db, contact, reply.turn, standing, now=at)
    # stated danger is answered again: somebody may say it twice and mean it
    if not heard.danger and answering.may_be_machine(db, contact, message, now=at):
        return _keeps_still(db, contact, answering.MACHINE, standing, at)
    if reply.text is None or contact.opted_out or not _may_answer(standing, contact.number):
        return twiml.text_reply(None)
    if answering.enough(db, contact, now=at):
        return _keeps_still(db, contact, answering.ENOUGH, standing, at)
    answer = texts.said_by_line(db, contact, reply.text, now=at)
    return twiml.text_reply(reply.text, line().url(f"/sms/status?message={answer.id}"))


def _keeps_still(db: Session, contact: Contact, why: str, standing: Standing, at: datetime) -> str:
    """No answer by itself; the nurse reads why."""
    entry = queue.join(db, contact, standing.service.rules, now=at)
    if why not in entry.reasons:
        queue.raise_to(db, entry, entry.band, why, actor="clock", now=at)
    return twiml.text_reply(None)


def _may_answer(standing: Standing, number: str | None) -> bool:
    """Whether the line answers by itself: not to a number of ours (it would talk to itself for ever), to one that
    costs, to a landline, which reads it aloud, or to what is no number. Whoever wrote waits for a nurse all the same; a
    person who texts from abroad is answered.
    """
    try:
        destinations.check(number, standing.destinations, trusted=True)
    except destinations.Refused:
        return False
    return texts.takes_texts(number)


def _heard(standing: Standing, place: str, body: str) -> caller.Heard:
    """What a text says, also as the answer to what we asked about a keyword."""
    vocabulary = standing.vocabulary
    match = vocabulary.read(body)
    heard = caller.Heard(
        danger=in_danger_now(body), sure=standing.sure(match), choices=standing.choices(match),
        yes=vocabulary.answer(body), digit=body.strip() if body.strip() in ("1", "2") else caller.said_digit(body),
    )  # fmt: skip
    agreed = caller.chosen(place, heard, standing.offered(place)) if place.startswith(caller.ASKED) else None
    return replace(heard, sure=heard.sure or agreed)


def _crew(db: Session, unit: Unit, body: str, at: datetime) -> str:
    """A crew's reply, done once: a repeat of the same text gets the same words."""
    sid = request.form["MessageSid"]
    if before := texts.of_crew(db, sid):
        return before.trouble or crew.HOW_TO_REPLY
    said = crew_replies.reply(db, unit, body, now=at)
    jobs = dispatch.open_of_unit(db, unit.call_sign)
    texts.from_crew(
        db, unit, body, said, carrier_id=sid, line=numbers.e164(request.form.get("To")) or "",
        dispatch_id=jobs[0].id if jobs else None, now=at,
    )  # fmt: skip
    return said


@sms.post("/status")
def status() -> Response:
    """The carrier's report on a text of ours, in any order, any number of times."""
    form = request.form
    action = TEXTS.get(form.get("MessageStatus") or form.get("SmsStatus") or "")
    if action:
        trouble = trouble_of(form.get("ErrorCode")) if action == "fail" else None
        with line().database.transaction() as db:
            texts.reported(db, request.args.get("message"), form["MessageSid"], action, now=now(), trouble=trouble)
    return nothing()

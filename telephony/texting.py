"""Texts that come in, from people and from crews, and the carrier's reports on texts we sent."""

from dataclasses import replace
from datetime import datetime

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows import caller, crew, texter
from callflows.danger import in_danger_now
from telephony import inbound, numbers, twiml
from telephony.reports import TEXTS, trouble_of
from telephony.webhooks import line, nothing, now, sms
from triage import contacts, crew_replies, destinations, dispatch, effects, first_ring, queue, texts, units
from triage.lifecycles import HELD
from triage.media import Piece
from triage.models import Contact, Unit
from triage.standing import Standing


@sms.post("/incoming")
def incoming() -> Response:
    """A text to one of our numbers: kept, then answered. Every person who texts waits for a nurse."""
    at, form = now(), request.form
    standing = line().standing(at)
    number = numbers.e164(form.get("From"))
    dialled = numbers.e164(form.get("To")) or form.get("To", "")[:64]
    body, media = inbound.words(form), inbound.media(form)
    our_line = standing.line(dialled)
    with line().database.transaction() as db:
        if kept := texts.kept(db, form["MessageSid"]):
            return twiml.answer(kept.last_reply or twiml.text_reply(None))
        unit = units.by_phone(db, number)
        if unit and crew_replies.is_from_crew(db, unit, our_line.route if our_line else "", body):
            return twiml.answer(twiml.text_reply(_crew(db, unit, body, media, at)))
    opened = first_ring.text(
        line().database, carrier_id=form["MessageSid"], number=number, line=our_line, dialled=dialled, now=at
    )
    with line().database.transaction() as db:
        contact = db.scalar(select(Contact).where(Contact.id == opened.contact_id).with_for_update())
        assert contact is not None
        if texts.received(db, contact, form["MessageSid"], body, now=at, media=media) is None:
            return twiml.answer(contact.last_reply or twiml.text_reply(None))
        contact.last_reply = _reply(db, contact, body, standing, at)
        return twiml.answer(contact.last_reply)


def _reply(db: Session, contact: Contact, body: str, standing: Standing, at: datetime) -> str:
    service = standing.service
    if texter.opted_out(body):
        entry = queue.join(db, contact, service.rules, now=at)
        contact.opted_out = True
        why = f"Texted only {body.strip().upper()[:12]}: it may be distress"
        queue.raise_to(db, entry, entry.band, why, actor="texter", now=at)
        return twiml.text_reply(None)
    if texter.opted_in(body):
        contact.opted_out = False
    heard = _heard(standing, contact.place, body)
    first = not texts.answered(db, contact)
    waiting = contacts.entry_of(db, contact.id)
    with_nurse = waiting is not None and waiting.state in HELD
    reply = texter.reply(texter.TextLine(service.name, service.wording), heard, first=first, with_nurse=with_nurse)
    effects.carry_out(db, contact, reply.turn, standing, now=at)
    if reply.text is None or not _may_answer(standing, contact.number):
        return twiml.text_reply(None)
    message = texts.said_by_line(db, contact, reply.text, now=at)
    return twiml.text_reply(reply.text, line().url(f"/sms/status?message={message.id}"))


def _may_answer(standing: Standing, number: str | None) -> bool:
    """Whether the line answers by itself: not to a number of ours (it would talk to itself for ever), nor to one that
    costs. Whoever wrote waits for a nurse all the same; a person who texts from abroad is answered.
    """
    try:
        destinations.check(number, standing.destinations, trusted=True)
    except destinations.Refused as no:
        return no.kind == "no number"
    return True


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


def _crew(db: Session, unit: Unit, body: str, media: list[Piece], at: datetime) -> str:
    """A crew's reply, done once: a repeat of the same text gets the same words."""
    sid = request.form["MessageSid"]
    if before := texts.of_crew(db, sid):
        return before.trouble or crew.HOW_TO_REPLY
    said = crew_replies.reply(db, unit, body, now=at)
    jobs = dispatch.open_of_unit(db, unit.call_sign)
    texts.from_crew(
        db, unit, body, said, carrier_id=sid, line=numbers.e164(request.form.get("To")) or "",
        dispatch_id=jobs[0].id if jobs else None, now=at, media=media,
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

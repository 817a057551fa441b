"""Texts that come in, from people and from crews, and the carrier's reports on texts we sent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows import call_me, caller, crew, reserved, texter
from callflows.after import Answer, plain_answer
from callflows.conversation import Do, Turn
from telephony import inbound, numbers, twiml
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
    follow_up,
    one_breath,
    one_person,
    opt_outs,
    queue,
    roughly,
    texts,
    units,
)
from triage.keywords import Match, texted
from triage.lifecycles import HELD
from triage.media import Piece
from triage.models import Contact, Message, Unit
from triage.standing import Standing


@sms.post("/incoming")
def incoming() -> Response:
    """A text to one of our numbers: kept, then answered. Every person who texts waits for a nurse."""
    at, form = now(), request.form
    standing = line().standing(at)
    number = numbers.e164(form.get("From"))
    dialled = numbers.e164(form.get("To")) or form.get("To", "").replace("\0", "")[:64]
    body, media = inbound.words(form), inbound.media(form)
    our_line = standing.line(dialled)
    with line().database.transaction() as db:
        if kept := texts.kept(db, form["MessageSid"]):
            return twiml.answer(_answered(kept))
        unit = units.by_phone(db, number)
        if unit and crew_replies.is_from_crew(db, unit, our_line.route if our_line else "", body):
            said = _crew(db, unit, body, media, at)
            return twiml.answer(twiml.text_reply(None if texter.opted_out(body) else said))
    answer = _answer(standing, body) if not media else None
    opened = first_ring.text(
        line().database, carrier_id=form["MessageSid"], number=number, line=our_line, dialled=dialled, now=at,
        answer=answer, words_index=floods.index_of(body),
    )  # fmt: skip
    with line().database.transaction() as db:
        contact = db.scalar(select(Contact).where(Contact.id == opened.contact_id).with_for_update())
        assert contact is not None
        contact = contacts.goes_on_as(db, contact)
        message = texts.received(db, contact, form["MessageSid"], body, now=at, media=media)
        if message is None:
            return twiml.answer(_answered(contact))
        if answer and contact.ended_at is not None and (kept_as := follow_up.answered(db, contact, answer, now=at)):
            contact.last_reply = _thanks(db, contact, standing, at) if kept_as == "first" else twiml.text_reply(None)
            return twiml.answer(contact.last_reply)
        contact.opted_out = contact.opted_out or opt_outs.stopped(db, contact.number)
        if contact.channel == "call":
            contact = one_person.hears_text(db, contact, now=at)
        if contact.channel == "call":
            _on_their_call(db, contact, message, standing, at)
            return twiml.answer(_answered(contact))
        contact.last_reply = _reply(db, contact, message, standing, at)
        return twiml.answer(contact.last_reply)


def _answered(contact: Contact) -> str:
    """What the carrier was answered to the last text here; to one that came to a call nothing: that is texted apart."""
    said = contact.last_reply if contact.channel == "text" else None
    return said or twiml.text_reply(None)


def _answer(standing: Standing, body: str) -> Answer | None:
    """The plain answer this text could be to the question after a contact. A word of ours is none."""
    match = standing.vocabulary.read(body)
    if match.sure or match.choices or texter.opted_out(body) or texter.opted_in(body):
        return None
    return plain_answer(body)


def _thanks(db: Session, contact: Contact, standing: Standing, at: datetime) -> str:
    """For the answer to the question after: it is kept, and calls nobody, however often the line has answered."""
    if answering.enough(db, contact, now=at):
        return twiml.text_reply(None)
    said = texter.TextLine(standing.service.name, standing.service.wording, contact.language).say("text_after_thanks")
    return _texted(db, contact, texter.Reply(Turn(contact.place, ()), (said,)), standing, at)


def _on_their_call(db: Session, contact: Contact, message: Message, standing: Standing, at: datetime) -> None:
    """A text of somebody whose call waits or is with a nurse: it stands with the call, and the words of the answer are
    those that anybody gets.
    """
    service, body = standing.service, message.body or ""
    breath = one_breath.before(db, contact, message, service.rules.one_breath_s)
    asked = texter.asks(body)
    heard = replace(_heard(standing, contact, body, breath.theirs, asked), choices=())
    entry = one_person.texts_on_call(db, contact, danger=heard.danger, now=at)
    if texter.opted_out(body):
        opt_outs.by_contact(db, contact, opt_outs.SAID, now=at)
        if entry is not None:
            queue.raise_to(db, entry, entry.band, opt_outs.lone_word(body), actor="texter", now=at)
        return
    if texter.opted_in(body):
        opt_outs.again_by_contact(db, contact, now=at)
    if language := reserved.language(body):
        contacts.choose_language(db, contact, language, now=at)
    first = not texts.answered(db, contact)
    with_nurse = entry is not None and entry.state in HELD
    if heard.sure and not with_nurse:
        contacts.place_by_keyword(db, contact, heard.sure.word, actor="texter", now=at)
    if entry is not None and call_me.asks(body):
        queue.raise_to(db, entry, entry.band, queue.STATED["ring_me"], actor="texter", now=at)
    if asked is texter.Asked.LOCAL and not with_nurse:
        effects.carry_out(db, contact, Turn(contact.place, (), (Do.TEXT_LOCAL_HELP,)), standing, now=at)
    line_of_texts = texter.TextLine(service.name, service.wording, contact.language)
    reply = texter.reply(line_of_texts, heard, first=first, asked=asked, with_nurse=with_nurse and not first)
    if not reply.text or contact.opted_out or not _may_answer(standing, contact.number) or breath.has(reply.text):
        return
    if not answering.enough(db, contact, now=at):
        texts.queue_text(db, contact, reply.text, actor="texter", now=at)


def _reply(db: Session, contact: Contact, message: Message, standing: Standing, at: datetime) -> str:
    service, body = standing.service, message.body or ""
    back = contact.ended_at is not None
    if texter.opted_out(body):
        floods.takes(db, contact, message, own=True, now=at)
        entry = queue.join(db, contact, service.rules, now=at)
        opt_outs.by_contact(db, contact, opt_outs.SAID, now=at)
        queue.raise_to(db, entry, entry.band, opt_outs.lone_word(body), actor="texter", now=at)
        return twiml.text_reply(None)
    wanted_again = texter.opted_in(body) and opt_outs.again_by_contact(db, contact, now=at)
    if language := reserved.language(body):
        contacts.choose_language(db, contact, language, now=at)
    breath = one_breath.before(db, contact, message, service.rules.one_breath_s)
    asked = texter.asks(body)
    heard = _heard(standing, contact, body, breath.theirs, asked)
    own_words = heard.danger or heard.sure is not None or wanted_again or asked is not None or call_me.asks(body)
    if floods.takes(db, contact, message, own=own_words, now=at):
        return twiml.text_reply(None)
    waiting = contacts.entry_of(db, contact.id)
    with_nurse = waiting is not None and waiting.state in HELD
    first = wanted_again or not texts.answered(db, contact)
    line_of_texts = texter.TextLine(service.name, service.wording, contact.language)
    reply = texter.reply(
        line_of_texts, heard, first=first, asked=asked, with_nurse=with_nurse,
        help_near=(heard.sure.locality if heard.sure else standing.localities.get(contact.locality or ""))
        in standing.help_near,
    )  # fmt: skip
    if call_me.asks(body):
        asked_before = waiting is not None and queue.STATED["ring_me"] in waiting.reasons
        may_ring = destinations.may_reach(contact.number, standing.destinations)
        silent = asked_before or with_nurse
        reply = texter.with_call(line_of_texts, reply, may_ring=may_ring, first=first, silent=silent)
    effects.carry_out(db, contact, reply.turn, standing, now=at)
    # stated danger is answered again: somebody may say it twice and mean it
    if not heard.danger and answering.may_be_machine(db, contact, message, now=at):
        return _keeps_still(db, contact, answering.MACHINE, standing, at)
    if back and not reply.sentences:
        reply = replace(reply, sentences=(line_of_texts.say("text_back"),), roughly=True)
    if reply.text is None or (breath.has(reply.text) and not wanted_again):
        return twiml.text_reply(None)
    if reply.roughly:
        entry = queue.join(db, contact, service.rules, now=at)
        reply = texter.with_wait(line_of_texts, reply, roughly.wait(db, entry, now=at))
    return _texted(db, contact, reply, standing, at)


def _texted(db: Session, contact: Contact, reply: texter.Reply, standing: Standing, at: datetime) -> str:
    """The webhook's answer: these words as a text, if the line may answer this number."""
    if reply.text is None or contact.opted_out or not _may_answer(standing, contact.number):
        return twiml.text_reply(None)
    if answering.enough(db, contact, now=at):
        return _keeps_still(db, contact, answering.ENOUGH, standing, at)
    said = texts.said_by_line(db, contact, reply, standing, now=at)
    return twiml.text_reply(said.body, line().url(f"/sms/status?message={said.id}"))


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


def _heard(
    standing: Standing, contact: Contact, body: str, before: Sequence[str], asked: texter.Asked | None
) -> caller.Heard:
    """What a text says, also as the answer to what we asked about a keyword, and together with those sent in the same
    breath before it. A word that asks something of the line is no keyword.
    """
    vocabulary, place = standing.vocabulary, contact.place
    heard = caller.Heard(danger=texter.danger_met(body, before) is not None)
    if asked:
        return heard
    match = texted(vocabulary, body)
    if before and match == Match():
        together = vocabulary.read(" ".join((*before, body)))
        match = together if together.sure and together.sure.word != contact.keyword else match
    heard = replace(
        heard, sure=standing.sure(match), choices=standing.choices(match), yes=vocabulary.answer(body),
        digit=body.strip() if body.strip() in ("1", "2") else caller.said_digit(body),
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

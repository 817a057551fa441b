"""Recording, afterwards, what could not be recorded when it came: from the spool, and from the carrier's own lists.

Everything here may come twice, late and in any order: contacts are made by the carrier's id, once, and an end is an
end.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Select, delete, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from callflows import call_me, caller, reserved, texter
from callflows.conversation import Do, Turn
from triage import (
    bridge,
    crew_replies,
    dispatch,
    effects,
    first_ring,
    floods,
    history,
    one_breath,
    one_person,
    opt_outs,
    queue,
    rules,
    texts,
    units,
)
from triage.carrier_models import EarlyReport
from triage.contacts import choose_language, entry_of, goes_on_as, place_by_keyword
from triage.db import Database
from triage.keywords import texted
from triage.lifecycles import HELD
from triage.models import Contact, Leg, Line, Message
from triage.spool import Event, Spool
from triage.standing import Kept, Standing

log = structlog.get_logger(__name__)
STAFF_ROUTES: Final = ("nurse", "crew")  # who rings there is no contact
EARLY_KEPT: Final = timedelta(days=1)  # a call whose first webhook has not come by then never will: the lists decide
AT_ONCE: Final = 100


def drain(database: Database, kept: Kept, spool: Spool, *, now: datetime) -> int:
    """Record what the spool holds, oldest first and AT_ONCE at most; how many events that was.

    A database that is still away leaves the rest for later; one event that cannot be recorded never stops the others.
    """
    done = 0
    for file in spool.files():
        if done >= AT_ONCE:
            break
        event = spool.read(file)
        if event is None:
            continue
        try:
            _record(database, kept, event, now)
        except Exception as error:
            log.error("spool_not_recorded", alarm=True, kind=event.kind, error=type(error).__name__)
            if not _answers(database):
                break
            continue
        spool.done(file)
        done += 1
    if done:
        log.info("spool_recorded", events=done)
    return done


def _answers(database: Database) -> bool:
    try:
        with database.reading() as db:
            db.execute(select(1))
    except Exception:
        return False
    return True


def _record(database: Database, kept: Kept, event: Event, now: datetime) -> None:
    if event.kind == "text":
        _text(database, kept, event, now)
        return
    if event.kind == "call":
        call_seen(
            database, carrier_id=event.carrier_id, number=event.number, dialled=event.dialled, started_at=event.at,
            failed_at=event.at, danger=event.danger, now=now,
        )  # fmt: skip
        return
    with database.transaction() as db:
        if not call_over(db, event.carrier_id, event.outcome, now=now):
            keep_early(db, event.carrier_id, event.outcome, now=now)


def call_seen(
    database: Database, *, carrier_id: str, number: str | None, dialled: str, started_at: datetime, now: datetime,
    failed_at: datetime | None = None, danger: bool = False,
) -> str | None:  # fmt: skip
    """A call to one of our numbers that may not be recorded yet: the contact's id, made at the time it rang.

    None for calls that are no contact: a staff line, or a leg we placed ourselves. `failed_at` says that the line
    failed this call then: it is not the caller who gave up, and the words of what is owed say so.
    """
    with database.reading() as db:
        if db.scalar(select(Leg.id).where(Leg.carrier_id == carrier_id).limit(1)):
            return None
        known = db.scalar(_of_call(carrier_id))
        line = db.get(Line, dialled)
    if known is None:
        if line is not None and line.route in STAFF_ROUTES:
            return None
        first_ring.call(
            database, carrier_id=carrier_id, number=number, line=line, dialled=dialled, place=caller.GREETING,
            now=started_at,
        )  # fmt: skip
    with database.transaction() as db:
        contact = db.scalars(_of_call(carrier_id).with_for_update()).one()
        if known is None:
            history.record(db, "recorded_late", actor="carrier", now=now, contact_id=contact.id)
        if failed_at and contact.failed_safe_at is None:
            contact.failed_safe_at = failed_at
            history.record(db, "failed_safe", actor="carrier", now=failed_at, contact_id=contact.id)
        if danger:
            _danger(db, contact, now)
        return contact.id


def _danger(db: Session, contact: Contact, now: datetime) -> None:
    """They said there is danger in a webhook that failed: nobody may be told less than they said."""
    contact.danger = True
    entry = entry_of(db, contact.id)
    if entry is None and not contact.leg_ended:
        entry = queue.join(db, contact, rules.current(db).rules, now=now)
    if entry is not None and entry.state == "waiting":
        queue.raise_to(db, entry, queue.DANGER, queue.SAID_DANGER, actor="caller", now=now)


def _of_call(carrier_id: str) -> Select[Contact]:
    return select(Contact).where(or_(Contact.carrier_id == carrier_id, Contact.call_id == carrier_id))


def call_over(db: Session, carrier_id: str, outcome: str, *, now: datetime) -> bool:
    """A call is over, whoever's it was; false if nobody here knows it. A second report changes nothing."""
    if contact := db.scalar(select(Contact).where(Contact.call_id == carrier_id)):
        bridge.caller_gone(db, contact, now=now)
    elif leg := db.scalar(select(Leg).where(Leg.carrier_id == carrier_id)):
        bridge.leg_ended(db, leg, outcome, rules.current(db).rules, now=now)
    else:
        return db.scalar(select(Contact.id).where(Contact.carrier_id == carrier_id)) is not None
    return True


# --- reports that came before their call was known --------------------------------------------------------------------


def keep_early(db: Session, carrier_id: str, outcome: str, *, now: datetime) -> None:
    """Keep the end of a call nobody here knows (yet), once."""
    key = hashlib.sha256(f"{carrier_id}\0{outcome}".encode()).hexdigest()
    insert = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {"key": key, "carrier_id": carrier_id, "outcome": outcome, "came_at": now}
    db.execute(insert(EarlyReport).values(row).on_conflict_do_nothing())


def any_early(db: Session) -> bool:
    """Whether an end is kept whose call was not known."""
    return db.scalar(select(EarlyReport.key).limit(1)) is not None


def adopt_early(db: Session, *, now: datetime) -> int:
    """Apply every kept end whose call is known by now, and drop those too old to belong to any; how many applied."""
    applied = 0
    sid = EarlyReport.carrier_id
    theirs = exists().where((Contact.call_id == sid) | (Contact.carrier_id == sid))
    known = theirs | exists().where(Leg.carrier_id == sid)
    for key, carrier_id, outcome in db.execute(
        select(EarlyReport.key, sid, EarlyReport.outcome).where(known).order_by(EarlyReport.came_at).limit(AT_ONCE)
    ).all():
        try:
            with db.begin_nested():
                applied += call_over(db, carrier_id, outcome, now=now)
                db.execute(delete(EarlyReport).where(EarlyReport.key == key))
        except Exception as error:  # one that cannot be applied never stops the others
            log.error("early_report_not_applied", alarm=True, call=carrier_id, error=type(error).__name__)
    db.execute(delete(EarlyReport).where(EarlyReport.came_at < now - EARLY_KEPT))
    return applied


# --- texts ------------------------------------------------------------------------------------------------------------


def _text(database: Database, kept: Kept, event: Event, now: datetime) -> None:
    """A text that was answered with the emergency words: kept, and its writer waits for a nurse. Nothing is answered
    by the line a second time.
    """
    standing = kept.now(now.date())
    line = standing.line(event.dialled)
    with database.transaction() as db:
        if texts.kept(db, event.carrier_id):
            return
        unit = units.by_phone(db, event.number)
        if unit and crew_replies.is_from_crew(db, unit, line.route if line else "", event.words):
            if texts.of_crew(db, event.carrier_id):
                return
            said = crew_replies.reply(db, unit, event.words, now=now)
            jobs = dispatch.open_of_unit(db, unit.call_sign)
            texts.from_crew(
                db, unit, event.words, said, carrier_id=event.carrier_id, line=event.dialled,
                dispatch_id=jobs[0].id if jobs else None, now=event.at, media=event.media,
            )  # fmt: skip
            if jobs:
                dispatch.text_crew(db, jobs[0], unit, said, now=now)
            return
    opened = first_ring.text(
        database, carrier_id=event.carrier_id, number=event.number, line=line, dialled=event.dialled, now=event.at
    )
    with database.transaction() as db:
        contact = db.scalars(select(Contact).where(Contact.id == opened.contact_id).with_for_update()).one()
        contact = goes_on_as(db, contact)
        message = texts.received(db, contact, event.carrier_id, event.words, now=event.at, media=event.media)
        if message is None:
            return
        contact.failed_safe_at = contact.failed_safe_at or event.at
        history.record(db, "failed_safe", actor="carrier", now=event.at, contact_id=contact.id)
        if contact.channel == "call":
            contact = one_person.hears_text(db, contact, now=now)
        _read(db, contact, message, event, standing, now)


def _read(db: Session, contact: Contact, message: Message, event: Event, standing: Standing, now: datetime) -> None:
    """What the text says is acted on as if it had been read when it came; only nothing is answered."""
    body, numbers = event.words, standing.service.rules
    breath = one_breath.before(db, contact, message, numbers.one_breath_s)
    danger = event.danger or texter.danger_met(body, breath.theirs) is not None
    word, stops, asks_call = (
        standing.sure(texted(standing.vocabulary, body)),
        texter.opted_out(body),
        call_me.asks(body),
    )
    contact.opted_out = contact.opted_out or opt_outs.stopped(db, contact.number)
    wanted_again = texter.opted_in(body) and opt_outs.again_by_contact(db, contact, now=event.at)
    if language := reserved.language(body):
        choose_language(db, contact, language, now=event.at)
    if contact.channel == "call":  # of what they text nothing is said aloud
        one_person.texts_on_call(db, contact, danger=danger, now=now)
    else:
        own = danger or stops or asks_call or wanted_again or word is not None or texter.asks(body) is not None
        if floods.takes(db, contact, message, own=own, now=event.at):
            return
        contact.danger = contact.danger or danger
    entry = queue.join(db, contact, numbers, now=now)
    if word and entry.state not in HELD:
        place_by_keyword(db, contact, word.word, actor="texter", now=now)
    if stops:
        opt_outs.by_contact(db, contact, opt_outs.SAID, now=event.at)
        queue.raise_to(db, entry, entry.band, opt_outs.lone_word(body), actor="texter", now=now)
    if asks_call and contact.channel == "text":
        effects.carry_out(db, contact, Turn(contact.place, (), (Do.CALL_BACK,)), standing, now=now)
    elif asks_call:
        queue.raise_to(db, entry, entry.band, queue.STATED["ring_me"], actor="texter", now=now)
    if danger:
        queue.raise_to(db, entry, queue.DANGER, queue.SAID_DANGER, actor="texter", now=now)

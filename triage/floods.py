"""Floods of first texts that look alike: merged, never blocked, until a person has decided what they are.

A flood would fill the queue and bury whoever is really there. So one entry, that of the first, stands for all of them;
the others are kept with their texts and wait apart (`merged`) at their own arrival, without an automatic answer.
Nobody is merged who said that there is danger, gave a keyword, wrote before, or is ahead of the order for another
reason; whoever says anything else is taken out at once. People decide, and may decide again; nothing expires.

What counts as alike is IN_A_ROW and SAME_WORDS below: data, with reasons.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from callflows.wording import words
from triage import answering, history, moments, queue, rules, same_person, texts
from triage.contacts import NotFound, entry_of
from triage.lifecycles import HELD
from triage.models import Contact, History, Message, QueueEntry, Service, Staff
from triage.sealing import ring, run_of
from triage.texting_models import TextFlood

IN_A_ROW: Final = "in_a_row"
SAME_WORDS: Final = "same_words"
KINDS: Final = {IN_A_ROW: "from numbers in a row", SAME_WORDS: "with the same words"}
WITHIN: Final = timedelta(minutes=10)
LEAST: Final = 8  # eight strangers within ten minutes: a busy line hears of two or three new texters in that time
NEAR: Final = 100  # British mobiles are a thousand million numbers: eight people within a hundred do not happen
LEAST_LETTERS: Final = 20  # "hello" and "please help me" are what people write; a machine's sentence is longer
LOOKED_AT: Final = 500  # of first texts that may be alike, the newest
PEOPLE: Final = "people"
NOT_PEOPLE: Final = "not_people"
STANDS: Final = queue.STANDS
UNDECIDED_FOR: Final = timedelta(minutes=10)
READ_AGAIN_AFTER: Final = timedelta(minutes=10)  # the page opened again is one reading


def said(kind: str, count: int) -> str:
    """`"23 first texts from numbers in a row"`."""
    return f"{count} first text{'' if count == 1 else 's'} {KINDS[kind]}"


class Short(NamedTuple):
    """A flood that waits for a decision, for the top of every page."""

    words: str
    since: datetime


class Shown(NamedTuple):
    """A flood as people see it: how many first texts are in it, and those contacts, oldest first."""

    flood: TextFlood
    contacts: Sequence[Contact]

    @property
    def words(self) -> str:
        return said(self.flood.kind, len(self.contacts))


class BadDecision(Exception):
    """Not something that can be decided of a flood."""


# --- a text comes -----------------------------------------------------------------------------------------------------


def takes(db: Session, contact: Contact, message: Message, *, own: bool, now: datetime) -> bool:
    """Whether this text is merged into a flood, or still is: then the line answers nothing, and does nothing else.

    `own`: it says something that is theirs alone (danger, a keyword, a lone opt-out word), so it never is. `contact` is
    locked.
    """
    first = db.scalar(
        select(Message)
        .where(Message.contact_id == contact.id, Message.direction == "in", Message.id != message.id)
        .order_by(Message.made_at, Message.id)
        .limit(1)
    )
    said = answering.same_words(message.body)
    if first is not None:
        if own or contact.flood_id is None or said != answering.same_words(first.body):
            take_out(db, contact, now=now)
            return False
        return _undecided(db, contact.flood_id) is not None
    contact.words_index = ring().index("words", said) if len(said) >= LEAST_LETTERS else None
    if own or contact.number is None or _wrote_before(db, contact):
        return False
    return _merged(db, contact, said, now)


def take_out(db: Session, contact: Contact, *, now: datetime) -> None:
    """This person is themselves: out of the flood at once, to wait alone since they first wrote."""
    if contact.flood_id is None:
        return
    flood_id, contact.flood_id = contact.flood_id, None
    entry = entry_of(db, contact.id)
    if entry is not None:
        _without_reason(entry)
        queue.step(db, entry, "part", actor="texter", now=now)
    history.record(db, "left_flood", actor="texter", now=now, contact_id=contact.id, flood_id=flood_id)
    db.flush()
    if _undecided(db, flood_id) is not None:
        _somebody_stands(db, flood_id, now)


def _wrote_before(db: Session, contact: Contact) -> bool:
    """Whether we know this number: from any contact but one with these words that was found to be nobody's."""
    assert contact.number is not None
    nobody = select(TextFlood.id).where(TextFlood.decision == NOT_PEOPLE)
    same = Contact.words_index.is_not_distinct_from(contact.words_index)
    known = select(Contact.id).where(
        same_person.of_number(contact.number), Contact.id != contact.id,
        or_(Contact.flood_id.is_(None), Contact.flood_id.not_in(nobody), ~same),
    )  # fmt: skip
    return db.scalar(known.limit(1)) is not None


def _merged(db: Session, contact: Contact, said: str, now: datetime) -> bool:
    alike = {kind: found for kind, found in _alike(db, contact, now).items() if found}
    if not alike:
        return False
    flood = _running(db, alike)
    if flood is None and any(_many(found) for found in alike.values()):
        db.execute(select(Service.id).where(Service.id == 1).with_for_update())  # two at once begin one flood
        alike = {kind: found for kind, found in _alike(db, contact, now).items() if found}
        flood = _running(db, alike) or _begin(db, contact, alike, now)
    return flood is not None and _join(db, flood, contact, now)


def _alike(db: Session, contact: Contact, now: datetime) -> dict[str, list[Contact]]:
    """First texts that this one is like, itself among them: of the last minutes, or in an open flood."""
    open_floods = select(TextFlood.id).where(TextFlood.decision.is_(None))
    people = select(TextFlood.id).where(TextFlood.decision == PEOPLE)
    here = and_(
        Contact.channel == "text",
        or_(moments.lately(Contact.started_at, now, WITHIN), Contact.flood_id.in_(open_floods)),
        or_(Contact.flood_id.is_(None), Contact.flood_id.not_in(people)),
    )
    number = int((contact.number or "").lstrip("+"))
    near = [
        one for one in _some(db, here, Contact.number_run.in_(_runs(contact.number or "")))
        if one.number and abs(int(one.number.lstrip("+")) - number) < NEAR
    ]  # fmt: skip
    same = _some(db, here, Contact.words_index == contact.words_index) if contact.words_index else []
    return {IN_A_ROW: _within_one_row(near, number), SAME_WORDS: same}


def _some(db: Session, *which: ColumnElement[bool]) -> list[Contact]:
    db.flush()
    newest = select(Contact).where(*which).order_by(Contact.started_at.desc(), Contact.id).limit(LOOKED_AT)
    return list(db.scalars(newest.execution_options(populate_existing=True)))


def _runs(number: str) -> list[str]:
    """The keyed hashes of the hundred this number lies in, and of the hundreds beside it."""
    hundred = int(run_of(number).lstrip("+"))
    return [one for run in (hundred - 1, hundred, hundred + 1) for one in ring().indexes("run", f"+{run}")]


def _within_one_row(near: list[Contact], number: int) -> list[Contact]:
    """The most of these that lie within NEAR of one another, with `number` among them."""
    numbered = [(int((one.number or "").lstrip("+")), one) for one in near]
    rows = [
        [one for its, one in numbered if start <= its < start + NEAR]
        for start in sorted({its for its, _ in numbered if its <= number})
    ]
    return max(rows, key=len, default=[])


def _many(found: Iterable[Contact]) -> bool:
    return len({one.number_index for one in found}) >= LEAST


def _running(db: Session, alike: dict[str, list[Contact]]) -> TextFlood | None:
    """The flood of the same kind that some of these are in and that nobody has decided on, if there is one."""
    for kind, found in alike.items():
        ids = {one.flood_id for one in found if one.flood_id}
        undecided = select(TextFlood).where(TextFlood.id.in_(ids), TextFlood.kind == kind, TextFlood.decision.is_(None))
        if ids and (flood := db.scalar(undecided.order_by(TextFlood.found_at, TextFlood.id).limit(1))):
            return flood
    return None


def _begin(db: Session, contact: Contact, alike: dict[str, list[Contact]], now: datetime) -> TextFlood | None:
    """A new flood of those that are alike: those of them who still wait and said nothing else are in it as well."""
    for kind, found in alike.items():
        if not _many(found):
            continue
        flood = TextFlood(
            kind=kind, since=min(one.started_at for one in found), found_at=now, decision=None, decided_by=None,
            decided_at=None,
        )  # fmt: skip
        db.add(flood)
        db.flush()
        history.record(db, "flood_found", actor="clock", now=now, flood_id=flood.id, kind=kind)
        free = select(Contact).where(Contact.id.in_([one.id for one in found if one.id != contact.id]))
        free = free.where(Contact.flood_id.is_(None)).order_by(Contact.started_at, Contact.id)
        # one whose own text is just being read finds the flood by itself
        for one in db.scalars(free.with_for_update(skip_locked=True)).all():
            if _said_once(db, one):
                _join(db, flood, one, now)
        return flood
    return None


def _said_once(db: Session, contact: Contact) -> bool:
    texted = select(func.count(Message.id)).where(Message.contact_id == contact.id, Message.direction == "in")
    return db.scalar(texted) == 1 and not contact.danger and contact.keyword is None


def _join(db: Session, flood: TextFlood, contact: Contact, now: datetime) -> bool:
    """Merge this contact, or let it stand for the flood where nobody does yet. Nobody whom the order puts ahead."""
    still_open = select(TextFlood.id).where(TextFlood.id == flood.id, TextFlood.decision.is_(None))
    if db.scalar(still_open.with_for_update()) is None:
        return False
    entry = queue.join(db, contact, rules.current(db).rules, now=now)
    if entry.state != "waiting" or entry.band < queue.NOT_ASKED:
        return False
    contact.flood_id = flood.id
    history.record(db, "merged", actor="clock", now=now, contact_id=contact.id, flood_id=flood.id)
    db.flush()
    if _standing(db, flood.id, but=contact.id):
        queue.step(db, entry, "merge", actor="clock", now=now)
    else:
        queue.raise_to(db, entry, entry.band, STANDS, actor="clock", now=now)
    return True


# --- who stands for it ------------------------------------------------------------------------------------------------


def _standing(db: Session, flood_id: str, but: str = "") -> bool:
    """Whether one of them is in the queue, or with a nurse."""
    stands = (
        select(QueueEntry.id)
        .join(Contact, Contact.id == QueueEntry.contact_id)
        .where(Contact.flood_id == flood_id, Contact.id != but, QueueEntry.state.in_(("waiting", *HELD)))
    )
    return db.scalar(stands.limit(1)) is not None


def _somebody_stands(db: Session, flood_id: str, now: datetime) -> None:
    """Where nobody stands for this flood any more, the oldest of those that are merged does."""
    if _standing(db, flood_id):
        return
    oldest = db.scalar(
        select(QueueEntry)
        .join(QueueEntry.contact)
        .where(Contact.flood_id == flood_id, QueueEntry.state == "merged")
        .order_by(QueueEntry.arrived_at, QueueEntry.id)
        .limit(1)
    )
    if oldest and queue.step(db, oldest, "part", actor="clock", now=now):
        queue.raise_to(db, oldest, oldest.band, STANDS, actor="clock", now=now)


def keep_in_the_queue(db: Session, _rules: rules.Rules, *, now: datetime) -> int:
    """One of each flood that nobody has decided on waits in the queue; and nobody stays merged in no such flood,
    whatever came between. For the clock; says how many floods there are.
    """
    floods = db.scalars(select(TextFlood.id).where(TextFlood.decision.is_(None)).order_by(TextFlood.found_at)).all()
    for flood_id in floods:
        _somebody_stands(db, flood_id, now)
    astray = (
        select(QueueEntry)
        .join(QueueEntry.contact)
        .where(QueueEntry.state == "merged", or_(Contact.flood_id.is_(None), Contact.flood_id.not_in(floods)))
        .order_by(QueueEntry.arrived_at, QueueEntry.id)
    )
    for entry in db.scalars(astray).all():
        queue.step(db, entry, "part", actor="clock", now=now)
    return len(floods)


# --- people decide ----------------------------------------------------------------------------------------------------


def undecided(db: Session) -> list[Shown]:
    """Floods that nobody has decided on, the oldest first."""
    rows = db.scalars(select(TextFlood).where(TextFlood.decision.is_(None)).order_by(TextFlood.found_at, TextFlood.id))
    return [_shown(db, row) for row in rows]


def in_short(db: Session) -> list[Short]:
    """The same, without its texts."""
    rows = db.execute(
        select(TextFlood.kind, TextFlood.since, func.count(Contact.id))
        .outerjoin(Contact, Contact.flood_id == TextFlood.id)
        .where(TextFlood.decision.is_(None))
        .group_by(TextFlood.id, TextFlood.kind, TextFlood.since, TextFlood.found_at)
        .order_by(TextFlood.found_at, TextFlood.id)
    )
    return [Short(said(kind, count), since) for kind, since, count in rows]


def decided(db: Session, limit: int = 20) -> list[Shown]:
    """Those decided last, which may be decided again."""
    rows = select(TextFlood).where(TextFlood.decision.is_not(None)).order_by(TextFlood.decided_at.desc(), TextFlood.id)
    return [_shown(db, row) for row in db.scalars(rows.limit(limit))]


def _shown(db: Session, flood: TextFlood) -> Shown:
    members = select(Contact).where(Contact.flood_id == flood.id).order_by(Contact.started_at, Contact.id)
    return Shown(flood, db.scalars(members).all())


def first_words(db: Session, contacts: Sequence[Contact]) -> dict[str, Message]:
    """The first text of each of these contacts, by its id."""
    found: dict[str, Message] = {}
    texts_in = select(Message).where(Message.contact_id.in_([one.id for one in contacts]), Message.direction == "in")
    for message in db.scalars(texts_in.order_by(Message.made_at, Message.id)):
        found.setdefault(str(message.contact_id), message)
    return found


def read(db: Session, contacts: Sequence[Contact], staff: Staff, *, now: datetime) -> dict[str, Message]:
    """The first texts of these contacts, to be read by somebody: that is written down, of each."""
    lately = select(History.contact_id).where(
        History.actor == staff.id, History.what == "flood_read", moments.lately(History.at, now, READ_AGAIN_AFTER)
    )
    seen = set(db.scalars(lately))
    for contact in contacts:
        if contact.id not in seen:
            history.record(db, "flood_read", actor=staff.id, now=now, contact_id=contact.id, flood_id=contact.flood_id)
    return first_words(db, contacts)


def get(db: Session, flood_id: str) -> Shown:
    """One flood with its contacts. Raises NotFound."""
    flood = db.get(TextFlood, flood_id)
    if flood is None:
        raise NotFound("No flood has this id.")
    return _shown(db, flood)


def decide(db: Session, flood_id: str, decision: str, staff: Staff, *, now: datetime) -> TextFlood:
    """A person says what they are. `people`: each gets its own place, since it first wrote, and is told who this is.
    `not_people`: closed, with that reason. Either may be decided anew; said again it changes nothing. Whom a nurse has
    stays with her, and whoever said that there is danger is closed by nobody but a nurse who has them.

    Raises NotFound, BadDecision.
    """
    if decision not in (PEOPLE, NOT_PEOPLE):
        raise BadDecision("Say what they are: people, or not people.")
    flood = db.scalar(select(TextFlood).where(TextFlood.id == flood_id).with_for_update())
    if flood is None:
        raise NotFound("No flood has this id.")
    if flood.decision == decision:
        return flood
    flood.decision, flood.decided_by, flood.decided_at = decision, staff.id, now
    history.record(db, "flood_decided", actor=staff.id, now=now, flood_id=flood.id, decision=decision)
    for contact in _shown(db, flood).contacts:
        entry = entry_of(db, contact.id)
        if entry is None:
            continue
        _without_reason(entry)
        if decision == PEOPLE:
            _is_a_person(db, contact, entry, staff, now)
        elif not contact.danger and queue.step(
            db, entry, "dismiss", actor=staff.id, now=now, ended_at=now, ended_how=NOT_PEOPLE
        ):
            contact.ended_at = now
    return flood


def _is_a_person(db: Session, contact: Contact, entry: QueueEntry, staff: Staff, now: datetime) -> None:
    """Their own place in the queue, and the answer that they were not given."""
    queue.step(db, entry, "part", actor=staff.id, now=now, ended_at=None, ended_how=None)
    if entry.state == "waiting" and not _writes_anew(db, contact):
        contact.ended_at = None
    if not texts.answered(db, contact) and texts.may_be_texted(db, contact):
        service = rules.current(db)
        texts.queue_text(
            db,
            contact,
            words(service.wording, "text_first", contact.language, service=service.name),
            actor=staff.id,
            now=now,
        )


def _writes_anew(db: Session, contact: Contact) -> bool:
    """Whether this number has another conversation open on the same line: there is only ever one."""
    if contact.number is None:
        return False
    another = select(Contact.id).where(
        same_person.of_number(contact.number), Contact.id != contact.id, Contact.channel == "text",
        Contact.line.is_not_distinct_from(contact.line), Contact.ended_at.is_(None),
    )  # fmt: skip
    return db.scalar(another.limit(1)) is not None


def _undecided(db: Session, flood_id: str) -> TextFlood | None:
    return db.scalar(select(TextFlood).where(TextFlood.id == flood_id, TextFlood.decision.is_(None)))


def _without_reason(entry: QueueEntry) -> None:
    if STANDS in entry.reasons:
        entry.reasons = [why for why in entry.reasons if why != STANDS] or ["Not yet asked"]

"""A person in a text conversation who does not write: what the line does by itself, and what only a nurse decides.

**With a nurse**, our text the last one: after `silence_s` the line asks once, gently, whether they are there. From then
on the nurse decides: wait on, ring them, or end with what happens next. Nothing ends by itself. Where danger was said
she is asked after `silence_danger_s`, a second person is told, and it does not end for silence before an
outcome says in words what was done. Whatever the person writes ends the silence.

**Waiting for a nurse**, a silent person keeps their place for ever: it is we who are late, not they, and a telephone
without battery, or without somebody else looking on, is no reason to be passed over. They are told once an hour that
they are still waiting, because nothing else of ours is true; three times at most in one silence: a telephone that
lights up all night may tell somebody what it should not.

Whoever is on the telephone with us, or is rung, is not silent; afterwards the silence begins with the end of that call.

Everything here is decided under the lock of the contact, as a text that comes in is: of two clocks one is first, and a
person who writes at that moment is not asked whether they are there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from callflows.wording import words
from triage import history, moments, notices, outcomes, promises, queue, rules, text_calls, texts
from triage.after_models import Silence
from triage.db import utcnow
from triage.models import Contact, History, Message, QueueEntry, Staff
from triage.opening import UK
from triage.rules import Rules

AN_HOUR: Final = timedelta(hours=1)
TOLD_AT_MOST: Final = 3
IN_DANGER: Final = "silent_in_danger"
LONGEST: Final = timedelta(days=1)  # further ahead no silence is ever to be asked about again
CHOICES: Final = ("wait", "ring")
RING: Final = "Stopped writing in a text conversation: the nurse wants them rung"
NOT_YET: Final = (
    "They said there was danger and have not written since {since}. Before this ends, record an outcome that says in "
    "words what was done: who was told, who looks for them."
)


class NotSilent(Exception):
    """There is nothing to decide: they have written, or are not with this nurse. `str()` says so."""


class CannotEnd(Exception):
    """This conversation does not end yet; `str()` says what must be recorded first."""


@dataclass(frozen=True)
class Quiet:
    """A person with a nurse who has not answered our text. `message_id` is the last one of theirs, or the first of ours
    where they have written none in this conversation (they rang before it).

    `since` is our first text without an answer, `last` our last one; never before this nurse had them, nor before they
    last spoke with her by telephone.
    """

    message_id: str
    since: datetime
    last: datetime
    arrived: bool  # our last text did not fail
    row: Silence | None

    @property
    def asks(self) -> bool:
        """Whether it is for the nurse to decide now."""
        return self.row is not None and self.row.ask_again_at is None


def of(db: Session, entry: QueueEntry, now: datetime) -> Quiet | None:
    """The silence of this conversation, if there is one: a nurse has them, the last text is hers, and they are not on
    the telephone with us.
    """
    if entry.state != "connected" or entry.contact.channel != "text":
        return None
    theirs = db.execute(
        select(Message.id, Message.made_at)
        .where(Message.contact_id == entry.contact_id, Message.direction == "in")
        .order_by(Message.made_at.desc(), Message.id.desc())
        .limit(1)
    ).one_or_none()
    hers = (
        select(Message.id, Message.made_at, Message.state)
        .where(Message.contact_id == entry.contact_id, Message.direction == "out", Message.staff_id.is_not(None))
        .order_by(Message.made_at, Message.id)
    )
    ours = db.execute(hers.where(Message.made_at >= theirs.made_at) if theirs else hers).all()
    spoken = text_calls.spoken(db, entry)
    if not ours or text_calls.on_the_phone(db, entry, now):
        return None
    by_voice = (entry.connected_at, _moved_to_text(db, entry), spoken and spoken.ended_at)
    begun = max(ours[0].made_at, *(moment for moment in by_voice if moment))
    named = theirs.id if theirs else ours[0].id
    row = db.get(Silence, named, populate_existing=True)
    first, last = max(ours[0].made_at, begun), max(ours[-1].made_at, begun)
    return Quiet(named, first, last, ours[-1].state != "failed", row)


def _moved_to_text(db: Session, entry: QueueEntry) -> datetime | None:
    """When a call went on as this text conversation: until then they spoke."""
    if entry.contact.call_id is None:
        return None
    moved = select(func.max(History.at)).where(History.contact_id == entry.contact_id, History.what == "moved_to_text")
    return db.scalar(moved)


# --- what the clock does ----------------------------------------------------------------------------------------------


def due(db: Session, numbers: Rules, now: datetime) -> Sequence[str]:
    """Contacts whose silence calls for something now."""
    newest = select(func.max(Message.made_at)).where(Message.contact_id == QueueEntry.contact_id)
    theirs = newest.where(Message.direction == "in").scalar_subquery()
    ours = newest.where(Message.direction == "out", Message.staff_id.is_not(None)).scalar_subquery()
    held = db.scalars(
        select(QueueEntry)
        .join(QueueEntry.contact)
        .where(QueueEntry.state == "connected", Contact.channel == "text", ours >= func.coalesce(theirs, ours))
        .order_by(QueueEntry.id)
    ).all()
    return [entry.contact_id for entry in held if _wants_something(entry, of(db, entry, now), numbers, now)]


def _wants_something(entry: QueueEntry, quiet: Quiet | None, numbers: Rules, now: datetime) -> bool:
    return quiet is not None and (
        _tells(entry.contact, quiet, numbers, now) or _checks(quiet, numbers, now) or _asks_again(quiet, now)
    )


def _tells(contact: Contact, quiet: Quiet, numbers: Rules, now: datetime) -> bool:
    told = quiet.row is not None and quiet.row.second_told_at is not None
    return contact.danger and not told and _over(quiet.since, numbers.silence_danger_s, now)


def _checks(quiet: Quiet, numbers: Rules, now: datetime) -> bool:
    checked = quiet.row is not None and quiet.row.checked_at is not None
    return not checked and _over(quiet.last, numbers.silence_s, now)


def _asks_again(quiet: Quiet, now: datetime) -> bool:
    again = quiet.row.ask_again_at if quiet.row else None
    return again is not None and not now < again <= now + LONGEST + moments.APART


def _over(since: datetime, seconds: int, now: datetime) -> bool:
    """So long ago; or, for a clock that was put back, further ahead than clocks lie apart."""
    return not moments.was_lately(since, now, timedelta(seconds=seconds))


def step(db: Session, contact_id: str, numbers: Rules, *, now: datetime) -> None:
    """Do what one silence calls for now: each thing once, however late the clock comes. Harmless when repeated."""
    entry = _locked(db, contact_id)
    quiet = of(db, entry, now) if entry else None
    if entry is None or quiet is None or not _wants_something(entry, quiet, numbers, now):
        return
    contact = entry.contact
    row = quiet.row
    if row is None:
        row = Silence(
            message_id=quiet.message_id, contact_id=contact.id, seen_at=now, checked_at=None, ask_again_at=None,
            second_told_at=None, to_ring_at=None,
        )  # fmt: skip
        db.add(row)
        history.record(db, "silent", actor="clock", now=now, contact_id=contact.id)
    if _tells(contact, quiet, numbers, now):
        row.second_told_at = now
        nurse = db.get_one(Staff, entry.nurse_id)
        notices.tell(db, IN_DANGER, nurse, locality=contact.locality, contact=contact, now=now)
    if _checks(quiet, numbers, now):
        row.checked_at = now
        if quiet.arrived and texts.may_be_texted(db, contact):
            body = words(rules.current(db).wording, "text_silence", contact.language)
            texts.queue_text(db, contact, body, actor="clock", now=now, only_while="silent")
            history.record(db, "silence_checked", actor="clock", now=now, contact_id=contact.id)
    if _asks_again(quiet, now):
        row.ask_again_at = None
        history.record(db, "silent_still", actor="clock", now=now, contact_id=contact.id)
    db.flush()


def _locked(db: Session, contact_id: str) -> QueueEntry | None:
    db.scalar(select(Contact.id).where(Contact.id == contact_id).with_for_update())
    found = select(QueueEntry).where(QueueEntry.contact_id == contact_id)
    return db.scalar(found.execution_options(populate_existing=True))


def to_be_told(db: Session, now: datetime) -> Sequence[str]:
    """Contacts that wait for a nurse, with whom nothing was texted either way for an hour."""
    waits = (
        select(QueueEntry.contact_id)
        .join(QueueEntry.contact)
        .where(QueueEntry.state == "waiting", Contact.channel == "text", ~Contact.opted_out)
        .where(QueueEntry.arrived_at <= now - AN_HOUR)
        .order_by(QueueEntry.arrived_at, QueueEntry.id)
    )
    said, asked = aliased(Message), aliased(Message)
    # A text that seems to come from the future counts as one just now: whoever waits is not told every second.
    lately = select(said.id).where(said.contact_id == QueueEntry.contact_id, said.made_at > now - AN_HOUR)
    theirs = select(func.max(asked.made_at)).where(asked.contact_id == QueueEntry.contact_id, asked.direction == "in")
    told = (
        select(func.count(said.id))
        .where(said.contact_id == QueueEntry.contact_id, said.direction == "out", said.staff_id.is_(None))
        .where(said.made_at > func.coalesce(theirs.scalar_subquery(), Contact.started_at))
    )
    return db.scalars(waits.where(~lately.exists(), told.scalar_subquery() < TOLD_AT_MOST)).all()


def tell_waiting(db: Session, contact_id: str, *, now: datetime) -> None:
    """Tell somebody who waits that they still do. Harmless when repeated: it is not due again for an hour."""
    entry = _locked(db, contact_id)
    if entry is None or contact_id not in to_be_told(db, now) or not texts.may_be_texted(db, entry.contact):
        return
    body = words(rules.current(db).wording, "text_still_waiting", entry.contact.language)
    texts.queue_text(db, entry.contact, body, actor="clock", now=now, only_while="waiting")
    history.record(db, "told_still_waiting", actor="clock", now=now, contact_id=contact_id)


def still_silent(db: Session, message: Message) -> bool:
    """Whether a text that asks if they are there is still right: they have not written since, and a nurse has them."""
    entry = db.scalar(select(QueueEntry).where(QueueEntry.contact_id == message.contact_id))
    return entry is not None and of(db, entry, utcnow()) is not None and not _wrote_since(db, message)


def still_waits(db: Session, message: Message) -> bool:
    """Whether a text that says they are still waiting is still true."""
    entry = db.scalar(select(QueueEntry).where(QueueEntry.contact_id == message.contact_id))
    return entry is not None and entry.state == "waiting" and not _wrote_since(db, message)


def _wrote_since(db: Session, message: Message) -> bool:
    newer = select(Message.id).where(
        Message.contact_id == message.contact_id, Message.direction == "in", Message.made_at >= message.made_at
    )
    return db.scalar(newer.limit(1)) is not None


# --- what the nurse decides -------------------------------------------------------------------------------------------


def decide(db: Session, contact: Contact, choice: str, staff: Staff, *, now: datetime) -> None:
    """The nurse waits on, or wants them rung: a call-back is owed then. She is asked again after another while.

    Pressed again it changes nothing. Raises queue.NotTheirs, NotSilent if they have written meanwhile, and
    promises' own refusals.
    """
    if choice not in CHOICES:
        raise NotSilent("Say whether to wait on or to ring them.")
    _locked(db, contact.id)
    entry = queue.held_by(db, contact.id, staff)
    quiet = of(db, entry, now)
    if quiet is None or quiet.row is None:
        raise NotSilent("They have written since, or you have: read that first.")
    if not quiet.asks and not (choice == "ring" and quiet.row.to_ring_at is None):
        return
    quiet.row.ask_again_at = now + timedelta(seconds=rules.current(db).rules.silence_s)
    if choice == "ring" and quiet.row.to_ring_at is None:
        quiet.row.to_ring_at = now
        promises.owe_call_back(db, contact, RING, now=now, they_came=False)
        history.record(db, "silence_rings", actor=staff.id, now=now, contact_id=contact.id)
    else:
        history.record(db, "silence_waits", actor=staff.id, now=now, contact_id=contact.id)
    db.flush()


def to_be_rung(db: Session, entry: QueueEntry) -> bool:
    """Whether the nurse wanted them rung, in this conversation: the end of it is not that they were."""
    chosen = select(Silence.message_id).where(
        Silence.contact_id == entry.contact_id, Silence.to_ring_at >= (entry.connected_at or entry.arrived_at)
    )
    return db.scalar(chosen.limit(1)) is not None


def may_end(db: Session, entry: QueueEntry, *, now: datetime) -> None:
    """Raises CannotEnd where they said there was danger, fell silent, and no outcome says in words what was done."""
    quiet = of(db, entry, now) if entry.contact.danger else None
    if quiet is None or not (quiet.row or _over(quiet.since, rules.current(db).rules.silence_danger_s, now)):
        return
    last = outcomes.latest(db, entry.contact_id)
    in_this_one = last is not None and (entry.connected_at is None or last.recorded_at >= entry.connected_at)
    if last is None or not in_this_one or not (last.notes or last.agreed or last.next_steps):
        raise CannotEnd(NOT_YET.format(since=_at(quiet.since)))


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UK):%H:%M}"

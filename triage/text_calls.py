"""Ringing somebody from a text conversation: the nurse's own telephone or browser first, then they (decision 0033).

As with crews (`triage.crew_calls`) the person is dialled from her leg and asked discreetly before anybody hears them;
neither sees the other's number. The text conversation stays in her hands meanwhile and after. What came of it is told
on her desk, and noted on the call that is owed to them, if one is.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from triage import caps, destinations, history, ladder, moments, one_person, promises, queue, ringing
from triage.lifecycles import HELD
from triage.models import Contact, History, Leg, Promise, QueueEntry, Staff

REACH: Final = "nurse_reach"
RINGING: Final = "person_ringing"  # a leg's outcome while the person is rung from it; then `person_` and how it went
SPOKE: Final = "person_spoke"
RANG_THEM: Final = "nurse_rang_person"
PROMISED: Final = "call_promised"
LONGEST: Final = timedelta(hours=6)
RESULTS: Final = {
    "no_answer": "Rang, no answer",
    "busy": "Rang, engaged",
    "failed": "Could not be rung",
    "no_key": "Rang, picked up, and nobody asked for us: voicemail, or somebody else",
    "gave_up": "The nurse rang off before they answered",
}
RANG_OUT: Final = ("no_answer", "busy", "no_key")  # their telephone was tried in earnest: it counts as an attempt


class CannotRing(Exception):
    """They cannot be rung from this conversation; `str()` says why, to the nurse."""


def ask(db: Session, contact: Contact, staff: Staff, *, now: datetime) -> Leg:
    """Ring the nurse who holds this text conversation, to be put through to them. Asked again while she or they are
    rung, it is the same call. Raises queue.NotTheirs, CannotRing.
    """
    entry = queue.held_by(db, contact.id, staff)
    db.refresh(entry, with_for_update={"of": QueueEntry})  # two presses at once are one call
    entry = queue.held_by(db, contact.id, staff)
    if contact.channel != "text":
        raise CannotRing("You have them on the telephone, not by text.")
    if leg := up(db, entry, now):
        return leg
    if one_person.ringing_now(db, contact, now) is not None:
        raise CannotRing("They are ringing us at this moment: take their call instead.")
    _may_ring(db, contact, now)
    leg = ringing.place(
        db, REACH, ringing.address(db, staff), ringing.from_number(db, contact), now=now, entry=entry, staff=staff
    )
    history.record(db, "asked_to_ring", actor=staff.id, now=now, contact_id=contact.id)
    return leg


def up(db: Session, entry: QueueEntry, now: datetime) -> Leg | None:
    """The call from this conversation that is up now; one that nobody answered in time is not."""
    rings = Leg.state.in_(("placing", "ringing")) & moments.lately(Leg.made_at, now, ringing.FORGOTTEN_AFTER)
    talks = Leg.state.in_(("answered", "joined")) & moments.lately(Leg.made_at, now, LONGEST)
    return db.scalar(of_claim(entry).where(rings | talks).order_by(Leg.made_at.desc()).limit(1))


def spoken(db: Session, entry: QueueEntry) -> Leg | None:
    """The last call from this conversation in which they spoke with the nurse who has it; until it is over it has no
    `ended_at`.
    """
    joined = of_claim(entry).where(Leg.outcome == SPOKE)
    return db.scalar(joined.order_by(Leg.made_at.desc(), Leg.id).limit(1))


def speaking(db: Session, entry: QueueEntry, now: datetime) -> bool:
    """Whether she speaks with them by telephone at this moment. No call is taken to last longer than LONGEST."""
    leg = spoken(db, entry)
    return leg is not None and leg.ended_at is None and moments.was_lately(leg.made_at, now, LONGEST)


def of_claim(entry: QueueEntry) -> Select[Leg]:
    """The calls made from this conversation, for the claim that stands now."""
    return select(Leg).where(Leg.entry_id == entry.id, Leg.token == entry.token, Leg.purpose == REACH)


def _may_ring(db: Session, contact: Contact, now: datetime) -> str:
    if contact.number is None:
        raise CannotRing("Their number is withheld: nobody can ring them.")
    try:
        destinations.check(contact.number, destinations.policy(db))
    except destinations.Refused as no:
        raise CannotRing(f"The line does not ring their number: {no.why}.") from None
    if caps.reached(db, contact, "call", now=now):
        raise CannotRing("They were rung too often this hour. Go on by text, or try again later.")
    return contact.number


def on_the_phone(db: Session, entry: QueueEntry, now: datetime) -> bool:
    """Whether they are on the telephone with us, rung by us, or ringing us at this moment."""
    return up(db, entry, now) is not None or one_person.ringing_now(db, entry.contact, now) is not None


def still_hers(db: Session, leg: Leg) -> Contact | None:
    """The contact, while the nurse of this leg still holds the conversation she asked from."""
    entry = db.get(QueueEntry, leg.entry_id)
    held = entry is not None and entry.token == leg.token and entry.state in HELD and entry.nurse_id == leg.staff_id
    return entry.contact if entry is not None and held else None


def number_for(db: Session, leg: Leg, *, now: datetime) -> str:
    """The person's number, for the document that dials it. Raises CannotRing."""
    contact = still_hers(db, leg)
    if contact is None:
        raise CannotRing("This conversation is not with you any more.")
    return _may_ring(db, contact, now)


def person_rung(db: Session, leg: Leg, *, now: datetime) -> None:
    """The person is rung from this leg. A repeat of the same press is not counted again."""
    if leg.outcome == RINGING:
        return
    leg.outcome = RINGING
    history.record(db, caps.RANG_BACK, actor=leg.staff_id or "clock", now=now, contact_id=_contact(db, leg).id)


def person_came(db: Session, leg: Leg, *, now: datetime) -> bool:
    """The person pressed the key: both are joined, if the conversation is still hers. A repeat says the same."""
    contact = still_hers(db, leg)
    if contact is None or leg.outcome not in (RINGING, SPOKE):
        return False
    if leg.outcome == RINGING:
        leg.state = "joined"
        _note(db, leg, "spoke", now)
        promises.settle_for(db, contact, "call_back", "Reached: with a nurse", actor=leg.staff_id or "clock", now=now)
    return True


def person_over(db: Session, leg: Leg, outcome: str, *, now: datetime) -> str:
    """The person's call is over, joined or not: `spoke`, or why not (RESULTS)."""
    if leg.outcome == RINGING:
        _note(db, leg, outcome, now)
    return (leg.outcome or "").removeprefix("person_") or outcome


def leg_over(db: Session, leg: Leg, *, now: datetime) -> None:
    """The nurse's own call is over: hung up while they were rung, or never answered by her."""
    if leg.outcome == RINGING:
        _note(db, leg, "gave_up", now)
    elif not (leg.outcome or "").startswith("person_") and leg.outcome != "withdrawn":
        _note(db, leg, "nurse_not_reached", now)


def _note(db: Session, leg: Leg, outcome: str, now: datetime) -> None:
    leg.outcome, contact = f"person_{outcome}", _contact(db, leg)
    history.record(db, RANG_THEM, actor=leg.staff_id or "clock", now=now, contact_id=contact.id, outcome=outcome)
    if outcome not in RESULTS:
        return
    rang = outcome in RANG_OUT
    for owed in promises.tried(db, contact, RESULTS[outcome], by=leg.staff_id, now=now, rang=rang):
        ladder.tried(db, owed, now=now)


def _contact(db: Session, leg: Leg) -> Contact:
    return db.get_one(QueueEntry, leg.entry_id).contact


# --- a call promised --------------------------------------------------------------------------------------------------


def promise_a_call(db: Session, contact: Contact, staff: Staff, *, by: datetime | None, now: datetime) -> Promise:
    """The nurse promises whoever she texts with a call, soon or `by` a time. Promised twice it is one promise, with the
    newer time. Raises queue.NotTheirs, CannotRing: nothing is promised that cannot be kept.
    """
    queue.held_by(db, contact.id, staff)
    if not destinations.may_reach(contact.number, destinations.policy(db)):
        raise CannotRing("The line does not ring their number, so a call cannot be promised to them.")
    promise = promises.owe_call_back(db, contact, "A nurse promised them a call", now=now, they_came=False)
    if by is not None:
        promise.due_at = by
    history.record(
        db, PROMISED, actor=staff.id, now=now, contact_id=contact.id, promise_id=promise.id,
        by=by.isoformat() if by else None,
    )  # fmt: skip
    return promise


def promised(db: Session, contact: Contact) -> bool:
    """Whether a nurse promised them, by text, a call that is owed still: words by text do not keep it."""
    said = select(History).where(History.contact_id == contact.id, History.what == PROMISED).order_by(History.id)
    ids = {row.detail["promise_id"] for row in db.scalars(said)}
    owed = select(Promise.id).where(Promise.id.in_(ids), Promise.settled_at.is_(None)).order_by(Promise.id)
    return db.scalar(owed.limit(1)) is not None


def may_be_rung(db: Session, contact: Contact) -> bool:
    """Whether the desk offers to ring them: a text conversation, and a number that the line rings."""
    return contact.channel == "text" and destinations.may_reach(contact.number, destinations.policy(db))

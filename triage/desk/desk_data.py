"""What the nurse desk shows, read in one go. Only reads; the rows stay with the session they came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import (
    contacts,
    drafts,
    handing,
    one_person,
    opt_outs,
    outcomes,
    presence,
    promises,
    queue,
    ringing,
    silence,
    text_calls,
    texts,
)
from triage.desk import conversations
from triage.lifecycles import HELD, OPEN_ENTRY, OPEN_INCIDENT
from triage.models import Contact, DirectoryEntry, Incident, Leg, Message, Outcome, Presence, Promise, QueueEntry, Staff
from triage.reach_models import SharedNumber
from triage.walls import Walls


@dataclass(frozen=True)
class Earlier:
    """One earlier contact of the same person, what was decided last, and whether notes were left half written. Behind a
    wall (`open` false) only when and where it was is shown."""

    contact: Contact
    outcome: Outcome | None
    half_written: bool
    open: bool


@dataclass(frozen=True)
class WithMe:
    """The person this nurse has, or has just had: everything her workspace shows."""

    entry: QueueEntry
    contact: Contact
    leg: Leg | None
    open: bool  # she holds them now
    earlier: Sequence[Earlier]
    messages: Sequence[Message]
    incidents: Sequence[Incident]
    outcomes: Sequence[Outcome]
    directory: Sequence[DirectoryEntry]
    stopped: bool  # their number stopped our texts, now or before
    takes_texts: bool  # their number is no landline, as far as it tells
    wrote_at: datetime | None = None  # when they wrote last, in a text conversation
    reach: Leg | None = None  # the last call that she made to them from this text conversation
    can_ring: bool = False
    ringing: one_person.Ringing | None = None  # the call they make to us while she texts with them
    quiet: silence.Quiet | None = None  # they do not write back
    call_owed: bool = False

    @property
    def can_text(self) -> bool:
        """Whether a text could reach them: a texter, or a caller who agreed."""
        agreed = self.contact.channel == "text" or bool(self.contact.text_consent)
        return agreed and self.contact.number is not None and self.takes_texts and not self.stopped

    @property
    def car_open(self) -> bool:
        """Whether a car is asked for already."""
        return any(incident.state in OPEN_INCIDENT for incident in self.incidents)


@dataclass(frozen=True)
class Colleague:
    staff: Staff
    presence: Presence
    entries: Sequence[QueueEntry]


def with_me(db: Session, staff: Staff, showing: str = "") -> QueueEntry | None:
    """The entry she holds, or while she wraps up the one that just ended. Of several, that of the contact `showing`."""
    if held := presence.all_held(db, staff.id):
        return next((entry for entry in held if entry.contact_id == showing), held[0])
    row = db.get(Presence, staff.id)
    if row is None or row.state != "wrapping_up":
        return None
    return db.scalar(
        select(QueueEntry)
        .where(QueueEntry.nurse_id == staff.id, QueueEntry.ended_at >= row.since)
        .order_by(QueueEntry.ended_at.desc())
        .limit(1)
    )


def legs(db: Session, entry: QueueEntry | None) -> Sequence[Leg]:
    """The legs of the claim she holds, newest last. Their states are not in the history, so they count in the ETag."""
    if entry is None:
        return []
    return [leg for leg in ringing.of_entry(db, entry) if leg.token == entry.token]


def workspace(db: Session, staff: Staff, walls: Walls, now: datetime, showing: str = "") -> WithMe | None:
    """The person with her, if any."""
    entry = with_me(db, staff, showing)
    if entry is None:
        return None
    contact = entry.contact
    mine = [leg for leg in legs(db, entry) if leg.purpose == "nurse"]
    return WithMe(
        entry=entry,
        contact=contact,
        leg=mine[-1] if mine else None,
        open=entry.state in HELD,
        earlier=earlier(db, contact, walls),
        messages=contacts.messages(db, contact.id),
        incidents=contacts.incidents(db, contact.id),
        outcomes=outcomes.of(db, contact.id),
        directory=_help_near(db, contact.locality),
        wrote_at=conversations.wrote_at(db, contact.id) if contact.channel == "text" else None,
        reach=next((leg for leg in reversed(legs(db, entry)) if leg.purpose == text_calls.REACH), None),
        can_ring=entry.state in HELD and text_calls.may_be_rung(db, contact),
        ringing=one_person.ringing_now(db, contact, now) if entry.state in HELD else None,
        quiet=silence.of(db, entry, now),
        call_owed=promises.is_owed(db, contact, "call_back"),
        stopped=opt_outs.stopped(db, contact.number),
        takes_texts=texts.takes_texts(contact.number),
    )


def earlier(db: Session, contact: Contact, walls: Walls) -> list[Earlier]:
    """The earlier contacts of this person, newest first."""
    found = []
    for one in contacts.earlier(db, contact):
        if walls.contact(one):
            found.append(Earlier(one, outcomes.latest(db, one.id), bool(drafts.unrecorded(db, one.id)), open=True))
        else:
            found.append(Earlier(one, None, half_written=False, open=False))
    return found


def _help_near(db: Session, locality: str | None) -> Sequence[DirectoryEntry]:
    query = select(DirectoryEntry).order_by(DirectoryEntry.locality, DirectoryEntry.name)
    return db.scalars(query.where(DirectoryEntry.locality == locality) if locality else query).all()


def panels(db: Session, staff: Staff, now: datetime, showing: str = "") -> dict[str, Any]:
    """Everything on the desk that changes by itself; of several conversations, with that of the contact `showing`."""
    walls = Walls(db, staff, now)
    lanes = walls.lanes
    everybody = queue.waiting(db)
    waiting = [entry for entry in everybody if walls.waiting(entry)]
    on_their_way = db.scalars(
        select(QueueEntry).where(QueueEntry.state.in_(("offered", "connecting"))).order_by(QueueEntry.arrived_at)
    )
    mine = presence.all_held(db, staff.id)
    standing = db.get(Presence, staff.id)
    return {
        "presence": standing,
        "conversations": conversations.of(db, staff, mine),
        "call_beside": next((entry for entry in mine if entry.contact.channel == "call"), None),
        "texts_at_once": standing.texts_at_once if standing else 1,
        "one_more": bool(mine) and presence.free_slot(db, staff.id, "text") is not None,
        "asked_to_take": handing.asked_of(db, staff),
        "waiting_entries": waiting,
        "elsewhere": len(everybody) - len(waiting),
        "acts_for": walls.acts_for,
        "mine": lambda entry: queue.may_take(entry, lanes),
        "for_me": sum(queue.may_take(entry, lanes) for entry in waiting),
        "danger": sum(entry.band == queue.DANGER for entry in waiting),
        "on_their_way": [entry for entry in on_their_way if walls.waiting(entry)],
        "colleagues": colleagues(db, staff),
        "promises": [one for one in promises.owed(db, now) if one.kind == "call_back" and walls.promise(one)],
        "owners": owners(db),
        "in_queue": in_queue(db),
        "person": workspace(db, staff, walls, now, showing),
        "contact_of": contact_of(db),
        "urgency_of": urgency_of(db),
        "now": now,
    }


def colleagues(db: Session, staff: Staff) -> Sequence[Colleague]:
    """The other nurses on shift, and whom each has."""
    rows = db.execute(
        select(Staff, Presence)
        .join(Presence, Presence.staff_id == Staff.id)
        .where(Presence.state != "off", Staff.active, Staff.id != staff.id)
        .order_by(Staff.name)
    ).all()
    held: dict[str, list[QueueEntry]] = {}
    for entry in db.scalars(select(QueueEntry).where(QueueEntry.state.in_(HELD)).order_by(QueueEntry.slot)):
        held.setdefault(entry.nurse_id or "", []).append(entry)
    return [Colleague(one, row, held.get(one.id, ())) for one, row in rows]


def owners(db: Session) -> dict[str, str]:
    """Names by id, for whoever owns or did something."""
    return {row.id: row.name for row in db.execute(select(Staff.id, Staff.name))}


def in_queue(db: Session) -> set[str]:
    """Keyed hashes of the numbers of those waiting or with a nurse: whoever is owed a call may be among them. A shared
    telephone tells nothing of who waits.
    """
    hashes = select(Contact.number_index).join(QueueEntry, QueueEntry.contact_id == Contact.id)
    hashes = hashes.where(Contact.number_index.not_in(select(SharedNumber.number_index)))
    return {number for number in db.scalars(hashes.where(QueueEntry.state.in_(OPEN_ENTRY))) if number}


def urgency_of(db: Session) -> Any:
    """A way for templates to reach the urgency of the outcome that asked for a car."""

    def look_up(incident: Incident) -> str | None:
        return db.get_one(Outcome, incident.outcome_id).urgency

    return look_up


def contact_of(db: Session) -> Any:
    """A way for templates to reach the contact of a promise or an incident."""

    def look_up(owed: Promise | Incident) -> Contact:
        return db.get_one(Contact, owed.contact_id)

    return look_up

"""Legs the service places: to whom, from which of our numbers, and which of them belong to a claim.

A leg is committed before the carrier is asked (`jobs.place_call` does that), so that a report on it finds it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from triage import outbox, presence
from triage.models import Contact, Leg, Line, QueueEntry, Staff

LIVE: Final = ("placing", "ringing", "answered", "joined")
FORGOTTEN_AFTER: Final = timedelta(seconds=90)  # rung (20 s), asked twice (14 s and the words), and time to spare


def address(db: Session, staff: Staff) -> str:
    """Where this nurse takes calls: her telephone or her browser."""
    row = presence.of(db, staff)
    if row.via == "phone" and staff.phone:
        return staff.phone
    return f"client:{staff.id}"


def place(
    db: Session, purpose: str, to: str, sender: str, *, now: datetime, entry: QueueEntry, staff: Staff | None = None
) -> Leg:
    """Ring somebody about an entry, for the claim that stands now."""
    leg = Leg(
        purpose=purpose, to=to, from_number=sender, entry_id=entry.id, token=entry.token, carrier_id=None,
        staff_id=staff.id if staff else None, promise_id=None, outcome=None, made_at=now, ended_at=None,
    )  # fmt: skip
    db.add(leg)
    db.flush()
    outbox.add(db, "place_call", now=now, leg_id=leg.id)
    return leg


def of_claim(entry: QueueEntry) -> Select[Leg]:
    """The nurse's legs for the claim that stands now."""
    return select(Leg).where(Leg.entry_id == entry.id, Leg.token == entry.token, Leg.purpose == "nurse")


def of_entry(db: Session, entry: QueueEntry) -> Sequence[Leg]:
    """Every leg ever placed about an entry, oldest first."""
    return db.scalars(select(Leg).where(Leg.entry_id == entry.id).order_by(Leg.made_at, Leg.token)).all()


def from_number(db: Session, contact: Contact) -> str:
    """The number we ring and text from for this contact: the line it came by. Never the person's own number."""
    if contact.line:
        return contact.line
    return service_number(db)


def service_number(db: Session, *routes: str) -> str:
    """A line of ours: the first of the wanted routes that has one, else any. Raises LookupError before `apply`."""
    lines = db.scalars(select(Line).where(Line.active).order_by(Line.number)).all()
    for route in (*routes, "direct", "111"):
        for line in lines:
            if line.route == route:
                return line.number
    if not lines:
        raise LookupError("no line is configured: run `nowrongdoor apply` first")
    return lines[0].number


def place_to_person(db: Session, to: str, staff_id: str | None, promise_id: str, *, now: datetime) -> Leg:
    """Ring somebody on duty (or the fallback number, where `staff_id` is None) about what only a person can decide."""
    leg = Leg(
        purpose="person", to=to, from_number=service_number(db, "crew"), entry_id=None,
        staff_id=staff_id, promise_id=promise_id, carrier_id=None, outcome=None, made_at=now, ended_at=None,
    )  # fmt: skip
    db.add(leg)
    db.flush()
    outbox.add(db, "place_call", queue="dispatch", now=now, leg_id=leg.id)
    return leg

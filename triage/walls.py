"""The one door to other people's records, for pages and API alike: it exists, it is within reach, it is written down.

`triage.reach` says which localities somebody reaches; here that meets the rows. An id that does not exist is NotFound.
One behind a wall is Walled, which names breaking the glass: ids cannot be guessed, so saying that it exists gives
nothing away. Whoever acts on a record that is not their own locality's acts for that locality, and history says so.

A wall never leaves a caller unserved: who may be *taken* from the queue is `queue.lanes_for`, and danger now is
everybody's; a call-back is shown to every nurse who could take that person; whoever was rung about a decision and took
it on sees what it is about; and what no dispatcher or supervisor reaches is on every board.
"""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from triage import contacts, dispatch, history, incidents, notices, promises, queue, reach, units
from triage.contacts import NotFound
from triage.models import Contact, Dispatch, History, Incident, Locality, Promise, QueueEntry, Staff, Unit, new_id
from triage.reach import Reach
from triage.reach_models import BreakGlass, StaysAnonymous

OPEN_FOR: Final = timedelta(hours=4)
LEAST_REASON: Final = 10
LONGEST_REASON: Final = 1000
SAID_AGAIN_AFTER: Final = timedelta(hours=12)
READ_AGAIN_AFTER: Final = timedelta(minutes=10)  # a board that polls is one reading
BOARD: Final = frozenset({"dispatcher", "supervisor"})


class Walled(Exception):
    """It exists, and is another locality's. `contact_id`: whose glass would have to be broken, where there is one."""

    def __init__(self, contact_id: str | None = None):
        super().__init__(
            "This belongs to another locality. If somebody's safety needs you to see it now, break the glass on the "
            "contact with a reason: it opens for a few hours, and a second person is told at once."
            if contact_id
            else "This belongs to another locality. Ask its dispatchers."
        )
        self.contact_id = contact_id


class BadBreak(Exception):
    """Not a reason for breaking the glass; `str()` says what to write."""


class Walls:
    """One person's reach at one moment, read once for a request."""

    def __init__(self, db: Session, staff: Staff, now: datetime):
        self._db, self._staff, self._now = db, staff, now
        self._overflow = {row.code: row.overflow for row in db.scalars(select(Locality))}
        self.reach: Reach = reach.of(staff.roles, staff.localities, self._overflow)

    # --- what is theirs by name

    @cached_property
    def _glass(self) -> frozenset[str]:
        open_now = select(BreakGlass.contact_id).where(
            BreakGlass.staff_id == self._staff.id, BreakGlass.open_until > self._now
        )
        return frozenset(self._db.scalars(open_now))

    @cached_property
    def _decides(self) -> frozenset[str]:
        """Incidents about which they said, on the telephone or a page, that the decision is theirs."""
        owned = select(Promise.incident_id).where(
            Promise.owner_id == self._staff.id, Promise.settled_at.is_(None), Promise.incident_id.is_not(None)
        )
        return frozenset(one for one in self._db.scalars(owned) if one)

    def _held(self) -> ColumnElement[bool]:
        """Contacts they hold or held, or asked a car for."""
        me = self._staff.id
        return or_(
            Contact.id.in_(select(QueueEntry.contact_id).where(QueueEntry.nurse_id == me)),
            Contact.id.in_(
                select(History.contact_id).where(
                    History.actor == me, History.what == "claimed", History.contact_id.is_not(None)
                )
            ),
            Contact.id.in_(select(Incident.contact_id).where(Incident.requested_by == me)),
        )

    def _by_name(self, contact_id: str) -> bool:
        if self.reach is reach.NOWHERE:
            return False
        if contact_id in self._glass:
            return True
        return self._db.scalar(select(Contact.id).where(Contact.id == contact_id, self._held())) is not None

    # --- each kind of thing

    def contact(self, contact: Contact) -> bool:
        """Whether they may open and act on this contact."""
        return self.reach.to(contact.locality) or self._by_name(contact.id)

    def contacts(self) -> ColumnElement[bool]:
        """The condition that finds the contacts they may open."""
        if self.reach is reach.NOWHERE:
            return Contact.id.is_(None)
        if self.reach.everywhere:
            return true()
        return or_(
            Contact.locality.is_(None), Contact.locality.in_(self.reach.codes), Contact.id.in_(self._glass),
            self._held(),
        )  # fmt: skip

    def waiting(self, entry: QueueEntry) -> bool:
        """Whether they see this person in the queue: within reach, theirs to take, or danger now."""
        return self.reach.to(entry.lane or None) or entry.lane in self.lanes or entry.band == queue.DANGER

    @cached_property
    def lanes(self) -> list[str]:
        """The lanes they may take people from now; none for whoever is no nurse."""
        return queue.lanes_for(self._db, self._staff, self._now) if "nurse" in self._staff.roles else []

    @cached_property
    def _unwatched(self) -> frozenset[str]:
        """Localities that no dispatcher and no supervisor reaches: every board shows them."""
        if not BOARD & set(self._staff.roles):
            return frozenset()
        watched: set[str] = set()
        for one in self._db.scalars(select(Staff).where(Staff.active)):
            if BOARD & set(one.roles):
                its = reach.of(one.roles, one.localities, self._overflow)
                watched |= self._overflow.keys() if its.everywhere else its.codes
        return frozenset(self._overflow.keys() - watched)

    def incident(self, incident: Incident) -> bool:
        """Whether they may see and act on this incident."""
        if self.reach.to(incident.locality) or incident.locality in self._unwatched:
            return True
        if self.reach is reach.NOWHERE:
            return False
        if incident.requested_by == self._staff.id or incident.id in self._decides:
            return True
        return self._by_name(incident.contact_id)

    def promise(self, promise: Promise) -> bool:
        """Whether they see and may keep this promise: by its person, its incident, or because they could take them."""
        if promise.owner_id == self._staff.id:
            return True
        contact = self._db.get_one(Contact, promise.contact_id)
        if self.contact(contact) or contact.locality in self._unwatched:
            return True
        if promise.incident_id and self.incident(self._db.get_one(Incident, promise.incident_id)):
            return True
        return promise.kind == "call_back" and (contact.locality or "") in self.lanes

    def unit(self, unit: Unit) -> bool:
        """Whether they may set this car's state."""
        return self.reach.to(unit.locality) or unit.locality in self._unwatched

    def unit_seen(self, unit: Unit) -> bool:
        """Whether they see this car: also where they borrow from that locality, or it is on a job they may see."""
        if self.unit(unit) or unit.locality in reach.lends_to(self._staff.localities, self._overflow):
            return True
        job = next(iter(dispatch.open_of_unit(self._db, unit.call_sign)), None)
        return job is not None and self.incident(job.incident)

    def acts_for(self, locality: str | None) -> str | None:
        """The locality they act for by acting on something of `locality`, where it is not their own."""
        return self.reach.acts_for(locality)


# --- the door ---------------------------------------------------------------------------------------------------------


def read_contact(db: Session, contact_id: str, staff: Staff, *, now: datetime) -> Contact:
    """Open a record: within reach, written down, and watched for unusual reading. Raises NotFound, Walled."""
    _within(Walls(db, staff, now), contacts.get(db, contact_id))
    contact = contacts.read(db, contact_id, staff, now=now)
    notices.watch_reading(db, staff, now=now)
    return contact


def contact(db: Session, contact_id: str, staff: Staff, *, now: datetime) -> Contact:
    """A contact to act on; for another locality, that is written down. Raises NotFound, Walled."""
    found = contacts.get(db, contact_id)
    walls = Walls(db, staff, now)
    _within(walls, found)
    acting(db, walls, staff, found.locality, contact_id=found.id, now=now)
    return found


def _within(walls: Walls, found: Contact) -> None:
    if not walls.contact(found):
        raise Walled(found.id)


def seen_incident(db: Session, incident_id: str, staff: Staff, *, now: datetime) -> Incident:
    """An incident to look at; `note_reading` follows where `is_new_reading`. Raises NotFound, Walled."""
    found = db.get(Incident, incident_id)
    if found is None:
        raise NotFound("No incident has this id.")
    if not Walls(db, staff, now).incident(found):
        raise Walled(found.contact_id)
    return found


def is_new_reading(db: Session, found: Incident, staff: Staff, *, now: datetime) -> bool:
    """Whether this person's reading of the incident is still to be written down."""
    seen = select(History.id).where(
        History.incident_id == found.id, History.actor == staff.id, History.what == "incident_read",
        History.at > now - READ_AGAIN_AFTER,
    )  # fmt: skip
    return db.scalar(seen.limit(1)) is None


def note_reading(db: Session, found: Incident, staff: Staff, *, now: datetime) -> None:
    """Write down who read an incident, as with a contact."""
    history.record(db, "incident_read", actor=staff.id, now=now, contact_id=found.contact_id, incident_id=found.id)


def incident(db: Session, incident_id: str, staff: Staff, *, now: datetime) -> Incident:
    """An incident to act on, locked; for another locality, that is written down. Raises NotFound, Walled."""
    found = incidents.get(db, incident_id)
    _act_on(db, found, staff, now)
    return found


def dispatched(db: Session, dispatch_id: str, staff: Staff, *, now: datetime) -> Dispatch:
    """A dispatch to act on, its incident locked. Raises NotFound, Walled."""
    row = dispatch.get(db, dispatch_id)
    _act_on(db, row.incident, staff, now)
    return row


def _act_on(db: Session, found: Incident, staff: Staff, now: datetime) -> None:
    walls = Walls(db, staff, now)
    if not walls.incident(found):
        raise Walled(found.contact_id)
    acting(db, walls, staff, found.locality, contact_id=found.contact_id, incident_id=found.id, now=now)


def promise(db: Session, promise_id: str, staff: Staff, *, now: datetime) -> Promise:
    """A promise to act on, locked; for another locality, that is written down. Raises NotFound, Walled."""
    found = promises.get(db, promise_id)
    walls = Walls(db, staff, now)
    if not walls.promise(found):
        raise Walled(found.contact_id)
    locality = db.get_one(Contact, found.contact_id).locality
    acting(db, walls, staff, locality, contact_id=found.contact_id, now=now)
    return found


def unit(db: Session, call_sign: str, staff: Staff, *, now: datetime) -> Unit:
    """A car whose state is to be set. Raises NotFound, Walled."""
    found = units.get(db, call_sign)
    walls = Walls(db, staff, now)
    if not walls.unit(found):
        raise Walled
    if locality := walls.acts_for(found.locality):
        history.record(db, "acting_for", actor=staff.id, now=now, locality=locality, call_sign=found.call_sign)
    return found


def car_to_send(db: Session, call_sign: str, staff: Staff, *, now: datetime) -> Unit:
    """A car to be sent: one they see, for a place may borrow it. Raises NotFound, Walled."""
    found = units.get(db, call_sign)
    if not Walls(db, staff, now).unit_seen(found):
        raise Walled
    return found


def acting(
    db: Session, walls: Walls, staff: Staff, locality: str | None, *, contact_id: str, now: datetime,
    incident_id: str | None = None,
) -> str | None:  # fmt: skip
    """Write down that somebody acts for a locality that is not theirs; once a shift and record. The locality, if so."""
    other = walls.acts_for(locality)
    if other is None:
        return None
    said = select(History.id).where(
        History.contact_id == contact_id, History.actor == staff.id, History.what == "acting_for",
        History.at > now - SAID_AGAIN_AFTER,
    )  # fmt: skip
    if db.scalar(said.limit(1)) is None:
        history.record(
            db, "acting_for", actor=staff.id, now=now, contact_id=contact_id, incident_id=incident_id, locality=other
        )
    return other


# --- breaking the glass -----------------------------------------------------------------------------------------------


def break_glass(db: Session, contact_id: str, reason: str, staff: Staff, *, now: datetime) -> tuple[BreakGlass, bool]:
    """Open a record behind a wall to this person for OPEN_FOR, with a reason; a second person is told at once.

    While it is open, asking again returns what there is (and False). Raises NotFound, BadBreak.
    """
    contact = contacts.get(db, contact_id)
    words = reason.strip()
    if len(words) < LEAST_REASON:
        raise BadBreak(f"Say why you must see this record now, in at least {LEAST_REASON} letters.")
    if len(words) > LONGEST_REASON:
        raise BadBreak(f"Say it in at most {LONGEST_REASON} letters.")
    db.execute(select(Staff.id).where(Staff.id == staff.id).with_for_update(key_share=True))
    running = db.scalar(
        select(BreakGlass)
        .where(BreakGlass.contact_id == contact.id, BreakGlass.staff_id == staff.id, BreakGlass.open_until > now)
        .limit(1)
    )
    if running is not None:
        return running, False
    row = BreakGlass(id=new_id(), contact_id=contact.id, staff_id=staff.id, made_at=now, open_until=now + OPEN_FOR)
    row.reason = words
    db.add(row)
    db.flush()
    history.record(db, "glass_broken", actor=staff.id, now=now, contact_id=contact.id, break_glass_id=row.id)
    notices.tell(db, "break_glass", staff, locality=contact.locality, contact=contact, now=now)
    return row, True


def reveal(db: Session, contact_id: str, reason: str, staff: Staff, *, now: datetime) -> str | None:
    """The whole number, within reach, for a stated reason; None if withheld.

    A second person is told unless it is the nurse who has the person now and they did not ask to stay anonymous.
    Raises NotFound, Walled, contacts.BadReason.
    """
    found = contact(db, contact_id, staff, now=now)
    number = contacts.reveal(db, found, reason, staff, now=now)
    entry = contacts.entry_of(db, found.id)
    with_them = entry is not None and entry.nurse_id == staff.id
    if number is not None and (not with_them or stays_anonymous(db, found.id)):
        notices.tell(db, "revealed", staff, locality=found.locality, contact=found, now=now)
    return number


def stays_anonymous(db: Session, contact_id: str) -> bool:
    """Whether this person asked that nobody learn who they are."""
    return db.get(StaysAnonymous, contact_id) is not None


def note_anonymous(db: Session, found: Contact, staff: Staff, *, now: datetime) -> None:
    """Keep a person's wish to stay anonymous with their contact. Repeating it is harmless."""
    if stays_anonymous(db, found.id):
        return
    db.add(StaysAnonymous(contact_id=found.id, noted_by=staff.id, noted_at=now))
    db.flush()
    history.record(db, "stays_anonymous", actor=staff.id, now=now, contact_id=found.id)

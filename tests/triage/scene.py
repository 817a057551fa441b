"""The service as a test plays it: people ring, nurses answer, time passes. Every step is a transaction of its own."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, select

from tests import factories
from triage import bridge, contacts, incidents, promises, queue, ringing, rules
from triage.db import Database
from triage.models import (
    Base,
    Contact,
    Dispatch,
    History,
    Incident,
    Leg,
    Message,
    Outbox,
    Presence,
    Promise,
    QueueEntry,
    Staff,
    Unit,
)
from triage.rules import Rules


class Scene:
    """One service and its clock. Methods take and give ids and detached rows."""

    def __init__(self, database: Database, **over: Any) -> None:
        self.database = database
        self.now: datetime = factories.NOON
        if over:
            factories.make_service(database, now=self.now, **over)
        else:
            load_small_service(database)

    @property
    def rules(self) -> Rules:
        with self.database.reading() as db:
            return rules.current(db).rules

    def later(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0) -> None:
        """Time passes; nothing else happens."""
        self.now += timedelta(seconds=seconds, minutes=minutes, hours=hours)

    # people

    def nurse(self, **over: Any) -> Staff:
        return factories.make_nurse(self.database, now=self.now, **over)

    def caller(self, **over: Any) -> Contact:
        """Somebody rings and is waiting. `danger` says they said so."""
        danger = over.pop("danger", False)
        contact = factories.make_contact(self.database, now=self.now, **over)
        self.joins(contact, danger=danger)
        return self.contact(contact)

    def texter(self, **over: Any) -> Contact:
        return self.caller(channel="text", **over)

    def joins(self, contact: Contact, *, danger: bool = False) -> QueueEntry:
        with self.database.transaction() as db:
            row = db.get_one(Contact, contact.id)
            row.danger = danger
            return queue.join(db, row, rules.current(db).rules, now=self.now)

    def raised(self, contact: Contact, band: int, reason: str = "Stated") -> None:
        with self.database.transaction() as db:
            queue.raise_to(db, entry_of(db, contact), band, reason, actor="caller", now=self.now)

    # what nurses do

    def takes(self, nurse: Staff) -> QueueEntry | None:
        with self.database.transaction() as db:
            return bridge.take_next(db, db.get_one(Staff, nurse.id), rules.current(db).rules, now=self.now)

    def leg(self, contact: Contact, nurse: Staff | None = None, purpose: str | None = None) -> Leg:
        """The newest leg placed about this contact."""
        found = self.legs(contact, nurse, purpose)
        assert found, "no leg was placed"
        return found[-1]

    def phone_rings(self, leg: Leg) -> None:
        """The carrier has rung this leg's phone."""
        with self.database.transaction() as db:
            db.get_one(Leg, leg.id).state = "ringing"

    def legs(self, contact: Contact, nurse: Staff | None = None, purpose: str | None = None) -> list[Leg]:
        with self.database.reading() as db:
            rows = ringing.of_entry(db, entry_of(db, contact))
            return [
                leg
                for leg in rows
                if (nurse is None or leg.staff_id == nurse.id) and (purpose is None or leg.purpose == purpose)
            ]

    def accepts(self, leg: Leg) -> QueueEntry:
        """Whoever is on this leg presses 1. Raises Taken."""
        with self.database.transaction() as db:
            row = db.get_one(Leg, leg.id)
            if leg.purpose == "call_back":
                row.carrier_id = row.carrier_id or factories.carrier_id()
                return bridge.call_back_accepted(db, row, now=self.now)
            return bridge.accepted(db, row, rules.current(db).rules, now=self.now)

    def leg_ends(self, leg: Leg, outcome: str = "completed") -> None:
        with self.database.transaction() as db:
            bridge.leg_ended(db, db.get_one(Leg, leg.id), outcome, rules.current(db).rules, now=self.now)

    def arrives(self, contact: Contact) -> bool:
        """The person's call has come to the room."""
        with self.database.transaction() as db:
            return bridge.caller_joined(db, entry_of(db, contact), now=self.now)

    def hangs_up(self, contact: Contact) -> None:
        with self.database.transaction() as db:
            bridge.caller_gone(db, db.get_one(Contact, contact.id), now=self.now)

    def together(self, contact: Contact, nurse: Staff) -> QueueEntry:
        """From waiting to connected, as a call goes."""
        taken = self.takes(nurse)
        assert taken is not None
        assert taken.contact_id == contact.id
        if contact.channel == "call":
            self.accepts(self.leg(contact, nurse))
            assert self.arrives(contact)
        return self.entry(contact)

    def finishes(self, contact: Contact, nurse: Staff) -> None:
        with self.database.transaction() as db:
            bridge.finish(db, db.get_one(Contact, contact.id), db.get_one(Staff, nurse.id), now=self.now)

    def asks_for_car(self, contact: Contact, nurse: Staff, **over: Any) -> Incident:
        asked = {"address": "1 Sea Street", "postcode": "PO30 1AA", **over}
        with self.database.transaction() as db:
            return incidents.ask_for_car(
                db, db.get_one(Contact, contact.id), db.get_one(Staff, nurse.id), now=self.now, **asked
            )

    # what is true now

    def entry(self, contact: Contact) -> QueueEntry:
        with self.database.reading() as db:
            return entry_of(db, contact)

    def contact(self, contact: Contact) -> Contact:
        with self.database.reading() as db:
            return contacts.get(db, contact.id)

    def waiting(self) -> list[str]:
        """Contact ids, in the order they will be taken."""
        with self.database.reading() as db:
            return [entry.contact_id for entry in queue.waiting(db)]

    def presence(self, nurse: Staff) -> Presence:
        with self.database.reading() as db:
            return db.get_one(Presence, nurse.id)

    def owed(self, contact: Contact | None = None) -> list[Promise]:
        with self.database.reading() as db:
            rows = list(promises.owed(db, self.now))
            for row in rows:
                assert row.attempts is not None  # loaded while the session is here
        return [row for row in rows if contact is None or row.contact_id == contact.id]

    def jobs(self, job: str | None = None) -> list[Outbox]:
        """Work promised and not done, oldest first."""
        with self.database.reading() as db:
            rows = db.scalars(select(Outbox).where(Outbox.done_at.is_(None)).order_by(Outbox.id)).all()
        return [row for row in rows if job is None or row.job == job]

    def history(self, contact: Contact) -> list[str]:
        with self.database.reading() as db:
            return list(db.scalars(select(History.what).where(History.contact_id == contact.id).order_by(History.id)))

    def incident(self, incident: Incident) -> Incident:
        with self.database.reading() as db:
            row = db.get_one(Incident, incident.id)
            assert row.dispatches is not None
            return row

    def dispatches(self, incident: Incident) -> list[Dispatch]:
        return list(self.incident(incident).dispatches)

    def unit(self, call_sign: str) -> Unit:
        with self.database.reading() as db:
            return db.get_one(Unit, call_sign)

    def texts_to(self, number: str | None) -> list[Message]:
        """In the order in which they were left to be sent: many bear the same time, and a table has no order."""
        left = {row.args["message_id"]: row.id for row in self.jobs("send_text")}
        with self.database.reading() as db:
            rows = [
                text for text in db.scalars(select(Message).where(Message.direction == "out")) if text.number == number
            ]
            return sorted(rows, key=lambda message: left.get(message.id, 0)) if number else []


_APPLIED: list[tuple[Table, list[dict[str, Any]]]] = []


def load_small_service(database: Database) -> None:
    """What `apply` makes of the small service: applied the first time, the same rows again for every later test."""
    if _APPLIED:
        with database.statements() as connection:
            for table, rows in _APPLIED:
                connection.execute(insert(table), rows)
        return
    factories.make_service(database)
    with database.reading() as db:
        for table in Base.metadata.sorted_tables:
            rows = [dict(row._mapping) for row in db.execute(select(table))]
            if rows and not table.name.startswith("history"):
                _APPLIED.append((table, rows))


def entry_of(db: Any, contact: Contact) -> QueueEntry:
    entry = contacts.entry_of(db, contact.id)
    assert entry is not None, "not in the queue"
    return entry

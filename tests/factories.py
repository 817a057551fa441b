"""Valid things for tests: each takes only what the test is about, and makes the rest up.

Everything is made the way the service itself makes it: a service through `apply`, a contact through its first ring.
What comes back is read-only: ids, or rows no session holds any more.
"""

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from sqlalchemy import select

from triage import first_ring, presence, service_file, units
from triage.apply import apply
from triage.db import Database
from triage.models import Contact, Line, Staff, Unit, new_id

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DIRECT, ISLAND_LINE = "+441632960100", "+441632960111"
PROFESSIONAL_LINE, CREW_LINE, NURSE_LINE = "+441632960112", "+441632960120", "+441632960130"
FALLBACK = "+441632960999"
_people = itertools.count()


def number() -> str:
    """A mobile number of a person, from Ofcom's drama range; the next one each time (300 until they repeat).

    Never one that a test or the example service names: whoever looks for such a number must not find another person.
    """
    return f"+447700900{460 + next(_people) % 300}"


def service(**over: Any) -> service_file.ServiceFile:
    """A small service: three localities, a line of every route, two keywords, one car on the island, no staff.

    The island borrows from the city; the city lends to and borrows from anybody; the forest borrows from the island.
    """
    small = service_file.ServiceFile(
        service=service_file.Service("Test Crisis Line", no_car_fallback="Ring the duty team on 01632 960 190."),
        localities=(
            service_file.Locality("island", "The Island", ("city",)),
            service_file.Locality("city", "The City"),
            service_file.Locality("forest", "The Forest", ("island",)),
        ),
        lines=(
            service_file.Line(DIRECT),
            service_file.Line(ISLAND_LINE, "island", "111"),
            service_file.Line(PROFESSIONAL_LINE, None, "professional"),
            service_file.Line(CREW_LINE, None, "crew"),
            service_file.Line(NURSE_LINE, None, "nurse"),
        ),
        keywords=(
            service_file.Keyword("harbour", "island", "Island forum", date(2026, 3, 1), ("harbor",)),
            service_file.Keyword("marigold", "city", "City panel", date(2026, 3, 1)),
        ),
        units=(service_file.Unit("IW01", "island", "+447700900901", ("paramedic", "mental health nurse")),),
        directory=(service_file.DirectoryEntry("Harbour House", "island", "A place to sit", "+441632960150", "daily"),),
    )
    return msgspec.structs.replace(small, **over)


def make_service(database: Database, *, now: datetime = NOON, **over: Any) -> list[str]:
    """Load `service(**over)` through `apply`; what changed."""
    with database.transaction() as db:
        return apply(db, service(**over), now=now)


def make_staff(
    database: Database, *, roles: Sequence[str], localities: Sequence[str] = ("island",), **over: Any
) -> Staff:
    """Somebody who works here, with a phone of their own unless `phone=None`."""
    person = new_id()[:8]
    values = {"name": f"{roles[0].title()} {person}", "email": f"{person}@example.org", "phone": number(), **over}
    staff = Staff(roles=list(roles), localities=list(localities), skills=[], **values)
    with database.transaction() as db:
        db.add(staff)
    return staff


def make_nurse(
    database: Database, *, state: str = "ready", via: str = "phone", now: datetime = NOON, **over: Any
) -> Staff:
    """A nurse on shift and ready to be rung, on the island."""
    nurse = make_staff(database, **{"roles": ("nurse",), **over})
    if state != "off":
        with database.transaction() as db:
            presence.put(db, nurse, state, via, now=now)
    return nurse


def make_unit(
    database: Database, call_sign: str = "IW02", *, locality: str = "island", state: str = "available",
    now: datetime = NOON,
) -> Unit:  # fmt: skip
    """A car, on duty and free. An existing call sign is brought to that state."""
    with database.transaction() as db:
        unit = db.get(Unit, call_sign)
        if unit is None:
            unit = Unit(call_sign=call_sign, locality=locality, phone=number(), crew=["paramedic"], state="off_duty",
                        reason=None, since=now)  # fmt: skip
            db.add(unit)
            db.flush()
        units.put(db, unit, state, "tyres" if state == "not_ready" else None, actor="operator", now=now)
    return unit


def carrier_id(kind: str = "CA") -> str:
    """An id as the carrier gives them."""
    return kind + new_id()


def make_contact(
    database: Database, *, channel: str = "call", line: str | None = DIRECT, now: datetime = NOON, **over: Any
) -> Contact:
    """A contact at its first ring or text. `number=None` withholds it; a line nobody configured is `line=None`."""
    caller = over.pop("number", number()) if "number" in over else number()
    with database.reading() as db:
        row = db.get(Line, line) if line else None
    asked = {"carrier_id": carrier_id("CA" if channel == "call" else "SM"), "number": caller, "line": row,
             "dialled": line or "+441632960198", "now": now, **over}  # fmt: skip
    if channel == "call":
        opened = first_ring.call(database, place="greeting", **asked)
    else:
        opened = first_ring.text(database, **asked)
    with database.reading() as db:
        return db.scalars(select(Contact).where(Contact.id == opened.contact_id)).one()


def make_left(database: Database, *, now: datetime = NOON) -> Contact:
    """A person who is not on the line any more; what is owed to them is the test's to say."""
    contact = make_contact(database, now=now)
    with database.transaction() as db:
        left = db.get_one(Contact, contact.id)
        left.leg_ended, left.ended_at = True, now
        return left

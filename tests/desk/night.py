"""A night on the line, for the pages to show: people waiting, one with a nurse, cars on the way and one that cannot go.

Made through the services, as the line itself would, at times before `now` where waiting matters.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from callflows.wording import SENTENCES
from tests.factories import make_contact, make_left
from triage import accounts, bridge, contacts, dispatch, incidents, outcomes, presence, promises, queue, texts, units
from triage.apply import apply
from triage.db import Database
from triage.models import Contact, Leg, Staff
from triage.rules import Rules
from triage.service_file import read

EXAMPLE = Path(__file__).resolve().parents[2] / "triage" / "local" / "example.toml"
LINE, ISLAND = "+441632960100", "+441632960111"
RULES = Rules()


def load_example(database: Database, now: datetime) -> None:
    """The service that `make run` loads."""
    with database.transaction() as db:
        apply(db, read(EXAMPLE, wording_names=SENTENCES), now=now)


def person(database: Database, first_name: str) -> Staff:
    """Somebody of the example service."""
    with database.reading() as db:
        return accounts.by_email(db, f"{first_name}@example.org")


def waits(
    database: Database, *, now: datetime, minutes: float = 0, channel: str = "call", line: str = LINE,
    keyword: str | None = None, danger: bool = False, **over: object,
) -> Contact:  # fmt: skip
    """Somebody rang or texted `minutes` ago and waits."""
    came = now - timedelta(minutes=minutes)
    contact = make_contact(database, channel=channel, line=line, now=came, **over)
    with database.transaction() as db:
        row = contacts.get(db, contact.id)
        row.danger = danger
        entry = queue.join(db, row, RULES, now=came)
        if keyword:
            contacts.place_by_keyword(db, row, keyword, actor="caller", now=came)
        if channel == "text":
            texts.received(db, row, row.carrier_id, "hello is anyone there", now=came)
        assert entry.state == "waiting"
    return contact


def says(database: Database, contact: Contact, reason: str, *, now: datetime, band: int = queue.NOT_ASKED) -> None:
    """Somebody who waits keys something about themselves."""
    with database.transaction() as db:
        row = contacts.get(db, contact.id)
        row.caller_role = "carer" if reason == "carer" else row.caller_role
        row.cannot_talk = row.cannot_talk or reason == "cannot_talk"
        entry = contacts.entry_of(db, contact.id)
        assert entry is not None
        queue.raise_to(db, entry, band, queue.STATED[reason], actor="caller", now=now)


def take(database: Database, nurse: Staff, *, now: datetime, together: bool = True) -> str | None:
    """A nurse takes the next person, and for a call answers and is joined to them. The contact's id."""
    with database.transaction() as db:
        entry = bridge.take_next(db, nurse, RULES, now=now)
        if entry is None:
            return None
        if together and entry.contact.channel == "call":
            leg = db.scalars(select(Leg).where(Leg.entry_id == entry.id, Leg.purpose == "nurse")).one()
            leg.state = "answered"
            entry = bridge.accepted(db, leg, RULES, now=now)
            bridge.caller_joined(db, entry, now=now)
        return entry.contact_id


def ready(database: Database, nurse: Staff, *, now: datetime, via: str = "phone", state: str = "ready") -> None:
    with database.transaction() as db:
        presence.put(db, nurse, state, via, now=now)


@dataclass(frozen=True)
class Night:
    """What was made, for tests that look for it."""

    hers: str  # the contact with Ana
    no_car: str  # the incident nobody goes to


@dataclass(frozen=True)
class Job:
    address: str
    call_sign: str
    actions: tuple[str, ...]
    minutes_ago: float
    hours_to_go: float


def busy(database: Database, now: datetime) -> Night:
    """Six waiting, Ana with a texter she has met before, Bola on a call, three cars out, one incident with none."""
    ana, bola, carys, femi, grace = (person(database, name) for name in ("ana", "bola", "carys", "femi", "grace"))
    _cars(database, femi, grace, now)
    met = waits(database, now=now - timedelta(days=2), line=ISLAND, number="+447700900123", keyword="harbour")
    ready(database, ana, now=now - timedelta(days=2))
    take(database, ana, now=now - timedelta(days=2))
    with database.transaction() as db:
        outcomes.record(
            db, contacts.get(db, met.id), ana, now=now - timedelta(days=2), urgency="D", disposition="community_team",
            notes="Sleeping badly since the move. Sister lives near.", agreed="Team to ring on Friday.",
            themes=["low mood", "housing"],
        )  # fmt: skip
        bridge.finish(db, contacts.get(db, met.id), ana, now=now - timedelta(days=2))
    _texter(database, ana, now)
    ready(database, bola, now=now - timedelta(minutes=20), via="browser")
    waits(database, now=now, minutes=16, keyword="lantern")
    take(database, bola, now=now - timedelta(minutes=15))
    ready(database, carys, now=now - timedelta(minutes=4), state="break")
    with database.transaction() as db:
        left = make_contact_left(database, now)
        promises.owe_call_back(db, contacts.get(db, left.id), "Rang off while waiting", now=now - timedelta(minutes=8))
    carer = waits(database, now=now, minutes=11.4, keyword="compass")
    says(database, carer, "carer", now=now)
    silent = waits(database, now=now, minutes=3.2, line=ISLAND)
    says(database, silent, "cannot_talk", now=now)
    waits(database, now=now, minutes=6.1, number=None)
    waits(database, now=now, minutes=0.7, channel="text", keyword="marigold")
    waits(database, now=now, minutes=0.3, danger=True, line=ISLAND)
    with database.reading() as db:
        from triage.models import Incident

        no_car = db.scalars(select(Incident).where(Incident.state == "no_unit")).one().id
    hers = next(iter(_hers(database, ana)))
    return Night(hers=hers, no_car=no_car)


def make_contact_left(database: Database, now: datetime) -> Contact:
    """Somebody who rang off nine minutes ago, before a nurse had them."""
    return make_left(database, now=now - timedelta(minutes=9))


def _hers(database: Database, nurse: Staff) -> list[str]:
    with database.reading() as db:
        entry = presence.holding(db, nurse.id)
        return [entry.contact_id] if entry else []


def _texter(database: Database, ana: Staff, now: datetime) -> None:
    ready(database, ana, now=now - timedelta(minutes=30))
    contact = waits(
        database, now=now, minutes=14, channel="text", line=ISLAND, number="+447700900123", keyword="red kite"
    )
    take(database, ana, now=now - timedelta(minutes=12))
    with database.transaction() as db:
        row = contacts.get(db, contact.id)
        sent = texts.to_person(
            db, row, "Hello, this is Ana, a nurse. I have time for you now.", ana, now=now - timedelta(minutes=12)
        )
        texts.reported(db, sent.id, "SM1", "delivered", now=now)
        texts.received(db, row, "SM2", "cant sleep again. my brother shouts at night and i dont want to go home",
                       now=now - timedelta(minutes=10))  # fmt: skip
        lost = texts.to_person(db, row, "Are you somewhere safe at the moment?", ana, now=now - timedelta(minutes=9))
        texts.reported(db, lost.id, "SM3", "fail", now=now, trouble="not known whether it was sent")
        sent = texts.to_person(
            db, row, "Is there somewhere else you could sleep tonight?", ana, now=now - timedelta(minutes=1)
        )
        texts.reported(db, sent.id, "SM4", "sent", now=now)


def _cars(database: Database, nurse: Staff, dispatcher: Staff, now: datetime) -> None:
    hour = now - timedelta(hours=1)
    for call_sign in ("IW01", "SO01", "SO02", "PO01"):
        with database.transaction() as db:
            units.put(db, units.get(db, call_sign), "available", None, actor=dispatcher.id, now=hour)
    jobs = (
        Job("Flat 3, 12 Quay Street, Newport", "IW01", ("acknowledge", "en_route", "on_scene", "with_person"), 50, 3),
        Job("The bench by the Itchen footbridge", "SO01", ("acknowledge",), 9, 3.6),
        Job("8 Cromwell Road", "SO02", (), 1.8, 1.2),
    )
    keywords = {"IW01": "harbour", "SO01": "marigold", "SO02": "compass", "": "lantern"}
    for job in jobs:
        _incident(database, nurse, job, keywords[job.call_sign], now)
    with database.transaction() as db:
        units.put(
            db,
            units.get(db, "PO01"),
            "not_ready",
            "Vehicle fault",
            actor=dispatcher.id,
            now=now - timedelta(minutes=25),
        )
    _incident(database, nurse, Job("41 Fratton Row, back door", "", (), 6, 2), "lantern", now)
    with database.transaction() as db:
        units.put(db, units.get(db, "PO01"), "available", None, actor=dispatcher.id, now=now - timedelta(minutes=2))


def _incident(database: Database, nurse: Staff, job: Job, keyword: str, now: datetime) -> None:
    asked = now - timedelta(minutes=job.minutes_ago)
    ready(database, nurse, now=asked)
    contact = waits(database, now=asked, keyword=keyword)
    take(database, nurse, now=asked)
    with database.transaction() as db:
        row = contacts.get(db, contact.id)
        outcomes.record(db, row, nurse, now=asked, urgency="B", disposition="response_car", notes="")
        incident = incidents.ask_for_car(
            db, row, nurse, address=job.address, postcode="PO30 5AA", now=asked, scene_safety="unknown",
            concern="On their own, has eaten nothing since yesterday. Knock and say Femi sent you.",
            needed_by=now + timedelta(hours=job.hours_to_go),
        )  # fmt: skip
        running = dispatch.open_of(db, incident)
        for step, action in enumerate(job.actions):
            assert running is not None
            dispatch.act(db, running, action, actor="crew", now=asked + timedelta(minutes=1 + step * 7))
        bridge.finish(db, row, nurse, now=asked)

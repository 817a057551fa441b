"""Loading a checked service file: what is in it becomes true, what is gone from it is retired, never deleted.

One transaction: all of it or nothing. Applying the same file twice changes nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from triage import approvals, history, outline, places, rules, whereabouts
from triage.models import DirectoryEntry, Keyword, Line, Locality, Service, Staff, Unit, new_id
from triage.reach_models import SharedNumber
from triage.service_file import ServiceFile

FALLBACK = "fallback_number"
OPERATOR = "operator"


def apply(
    db: Session, file: ServiceFile, *, now: datetime, fallback_number: str = "", two_people: bool = False
) -> list[str]:
    """Make the database say what the file says; one line for each thing that changed, for the operator to read.

    With `two_people`, a service that already runs goes on with the wording, times of keeping and fallback number it
    has until two people agreed to new ones (`triage.approvals`).
    """
    changes: list[str] = []
    _rows(
        db,
        changes,
        Locality,
        "code",
        (
            {"code": r.code, "name": r.name, "overflow": list(r.overflow), "hours": list(file.hours_of(r.code))}
            for r in file.localities
        ),
    )
    db.flush()
    _rows(
        db,
        changes,
        Line,
        "number",
        ({"number": r.number, "locality": r.locality, "route": r.route} for r in file.lines),
    )
    _rows(
        db, changes, Keyword, "word",
        (
            {
                "word": r.word, "locality": r.locality, "sounds_like": list(r.sounds_like), "agreed_by": r.agreed_by,
                "agreed_on": r.agreed_on, "valid_from": r.valid_from, "valid_to": r.valid_to,
            }
            for r in file.keywords
        ),
    )  # fmt: skip
    _rows(
        db, changes, Staff, "email",
        (
            {
                "email": r.email, "name": r.name, "roles": list(r.roles), "localities": list(r.localities),
                "phone": r.phone, "skills": list(r.skills),
            }
            for r in file.staff
        ),
    )  # fmt: skip
    phones = {unit.call_sign: unit.phone for unit in db.scalars(select(Unit).order_by(Unit.call_sign))}
    _rows(
        db, changes, Unit, "call_sign",
        (
            {
                "call_sign": r.call_sign, "locality": r.locality, "phone": r.phone, "crew": list(r.crew),
                **_base(db, r.base),
            }
            for r in file.units
        ),
        new={"state": "off_duty", "reason": None, "since": now},
    )  # fmt: skip
    for unit in db.scalars(select(Unit).order_by(Unit.call_sign)):
        if phones.get(unit.call_sign) != unit.phone:
            unit.phone_heard_at = None  # another telephone: nobody has answered from it yet
    _directory(db, changes, file)
    _shared_numbers(db, changes, file, now)
    _service(db, changes, file, now, fallback_number, two_people)
    _outline(db, changes, file, now)
    rules.forget(db)
    if changes:
        history.record(db, "service_applied", actor="operator", now=now, changes=len(changes))
    return changes


def _base(db: Session, typed: str | None) -> dict[str, float | None]:
    """Where a car stands. A postcode whose list is not loaded yet is nowhere: load it, and apply once more."""
    try:
        there = places.kept(whereabouts.read(db, typed))
    except places.BadPlace:
        there = None
    return {"base_lat": there.lat if there else None, "base_lon": there.lon if there else None}


def _rows(
    db: Session,
    changes: list[str],
    model: Any,
    key: str,
    wanted: Iterable[dict[str, Any]],
    new: dict[str, Any] | None = None,
) -> None:
    """Bring one table to what is wanted, keyed by `key`; what is not wanted any more is made inactive."""
    kind = model.__tablename__
    have = {getattr(row, key): row for row in db.scalars(select(model))}
    for values in wanted:
        row = have.pop(values[key], None)
        if row is None:
            db.add(model(**values, **(new or {})))
            changes.append(f"{kind} {values[key]}: added")
            continue
        changed = [name for name, value in values.items() if getattr(row, name) != value]
        for name in changed:
            setattr(row, name, values[name])
        if not row.active:
            row.active = True
            changed.append("active")
        if changed:
            changes.append(f"{kind} {values[key]}: {', '.join(changed)}")
    for name, row in have.items():
        if row.active:
            row.active = False
            changes.append(f"{kind} {name}: retired")


def _directory(db: Session, changes: list[str], file: ServiceFile) -> None:
    wanted = [(r.locality, r.name, r.what, r.phone, r.open, r.text) for r in file.directory]
    have = [(r.locality, r.name, r.what, r.phone, r.hours, r.text) for r in db.scalars(select(DirectoryEntry))]
    if sorted(wanted, key=str) == sorted(have, key=str):
        return
    db.execute(delete(DirectoryEntry))
    for locality, name, what, phone, hours, text in wanted:
        db.add(DirectoryEntry(locality=locality, name=name, what=what, phone=phone, hours=hours, text=text))
    changes.append(f"directory: {len(wanted)} entries")


def _shared_numbers(db: Session, changes: list[str], file: ServiceFile, now: datetime) -> None:
    """Telephones the file says are shared; what a nurse marked on a record stands, whatever the file says."""
    have = {row.number: row for row in db.scalars(select(SharedNumber))}
    for wanted in file.shared_numbers:
        row = have.pop(wanted.number, None)
        if row is None:
            row = SharedNumber(id=new_id(), kind=wanted.kind, marked_by=OPERATOR, marked_at=now)
            row.number = wanted.number
            db.add(row)
            changes.append(f"shared number ending {wanted.number[-3:]}: added")
        elif row.marked_by == OPERATOR and row.kind != wanted.kind:
            row.kind, row.marked_at = wanted.kind, now
            changes.append(f"shared number ending {wanted.number[-3:]}: kind")
    for number, row in have.items():
        if row.marked_by == OPERATOR:
            db.delete(row)
            changes.append(f"shared number ending {number[-3:]}: retired")


def _service(
    db: Session, changes: list[str], file: ServiceFile, now: datetime, fallback_number: str, two_people: bool
) -> None:
    rules = {}
    if file.order.wait_climb_minutes is not None:
        rules["climb_every_s"] = file.order.wait_climb_minutes * 60
    if file.order.lease_s is not None:
        rules["claim_lease_s"] = file.order.lease_s
    if file.order.ack_deadline_s is not None:
        rules["acknowledge_s"] = rules["offer_valid_s"] = file.order.ack_deadline_s
    for table in (file.car, file.texts):
        rules |= {name: value for name, value in msgspec.structs.asdict(table).items() if value is not None}
    retention = {name: value for name, value in msgspec.structs.asdict(file.retention).items() if value is not None}
    config: dict[str, Any] = {"rules": rules, "no_car_fallback": file.service.no_car_fallback}
    if file.service.allow_destinations:
        config["allow_destinations"] = list(file.service.allow_destinations)
    if file.replies:
        config["replies"] = [[reply.name, reply.text] for reply in file.replies]
    if file.outline:
        config["outline"] = outline.version(file.outline)
    row = db.get(Service, 1)
    if row is None:
        config |= {"retention": retention, FALLBACK: fallback_number}
        db.add(Service(id=1, name=file.service.name, config=config, wording=file.wording, version=1, applied_at=now))
        changes.append(f"service {file.service.name}: added")
        return
    wanted = {"wording": file.wording, "retention": retention}
    have = {"wording": row.wording, "retention": row.config.get("retention", {})}
    if two_people:
        if wanted != have:
            what = f"{_told(have['wording'], wanted['wording'])} Times of keeping: {retention or 'the usual ones'}."
            _ask(db, changes, "wording", what, wanted, now)
        if fallback_number and row.config.get(FALLBACK) != fallback_number:
            was = row.config.get(FALLBACK) or "none"
            what = f"Callers we cannot serve are put through to {fallback_number}. Until now: {was}."
            _ask(db, changes, "fallback_number", what, {FALLBACK: fallback_number}, now)
        wanted, fallback_number = have, row.config.get(FALLBACK, "")
    config |= {"retention": wanted["retention"], FALLBACK: fallback_number or row.config.get(FALLBACK, "")}
    if (row.name, {**row.config}, row.wording) != (file.service.name, config, wanted["wording"]):
        row.name, row.config, row.wording = file.service.name, config, wanted["wording"]
        row.version, row.applied_at = row.version + 1, now
        changes.append(f"service {file.service.name}: changed")


def _outline(db: Session, changes: list[str], file: ServiceFile, now: datetime) -> None:
    """The outlines of the board's map, in a row of their own: the numbers are read often, and these are large."""
    row = db.get(Service, rules.OUTLINE)
    wanted = file.outline or {}
    if wanted == (row.config if row else {}):
        return
    changes.append(f"map: {len(wanted['features'])} outlines" if wanted else "map: retired")
    if row is None:
        row = Service(id=rules.OUTLINE, name="map", config=wanted, wording={}, version=0, applied_at=now)
        db.add(row)
    row.config, row.version, row.applied_at = wanted, row.version + 1, now


def _ask(db: Session, changes: list[str], kind: str, what: str, wanted: dict[str, Any], now: datetime) -> None:
    asked = approvals.ask(db, kind, what, wanted, by=approvals.OPERATOR, now=now)
    if asked.asked_at == now:
        changes.append(f"{approvals.KINDS[kind]}: asked for; it changes when two people agree on the page Two people")


def _told(have: dict[str, Any], wanted: dict[str, Any]) -> str:
    """What changes in the wording, in words."""
    told = [f"{name}: {wanted.get(name) or 'as shipped'}" for name in sorted({*have, *wanted})
            if have.get(name) != wanted.get(name)]  # fmt: skip
    return "Wording: " + (" / ".join(told) if told else "as it is") + "."


def _agreed(db: Session, details: dict[str, Any], now: datetime) -> None:
    """Two people agreed to new wording, times of keeping, or another fallback number."""
    row = db.get_one(Service, 1)
    if "wording" in details:
        row.wording = details["wording"]
    row.config = {**row.config, **{name: value for name, value in details.items() if name != "wording"}}
    row.version, row.applied_at = row.version + 1, now
    rules.forget(db)


approvals.CARRY_OUT["wording"] = approvals.CARRY_OUT["fallback_number"] = _agreed

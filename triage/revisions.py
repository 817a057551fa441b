"""What a nurse or dispatcher changes after the car was asked for, and whether its crew has read it.

Each change is a numbered revision of the incident. A crew that has the job is texted what is different and confirms it
with `TAG 1`; whoever accepts later is told everything as it is then. Who has not confirmed in the time an offer has, is
told by a person (`crew_safety`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows import crew
from triage import dispatch, history, incidents, promises
from triage.lifecycles import OPEN_INCIDENT, UNDER_WAY, IllegalMove
from triage.models import Dispatch, History, Incident, Staff, Unit

CHANGEABLE: Final = (
    "address", "postcode", "scene_safety", "concern", "call_back", "hazards", "adjustments", "police_test", "needed_by",
    "position", "who_is_there",
)  # fmt: skip


def change(db: Session, incident: Incident, staff: Staff, wanted: Mapping[str, Any], *, now: datetime) -> Incident:
    """Change what the crew must know. Only fields of CHANGEABLE that differ count; without one nothing happens.

    `incident` is locked. Raises incidents.BadIncident for a value that cannot be, IllegalMove once it is over.
    """
    if incident.state not in (*OPEN_INCIDENT, "no_unit"):
        raise IllegalMove("This incident", incident.state, "change")
    incidents.check(db, **{name: value for name, value in wanted.items() if name in incidents.CHECKED})
    if "position" in wanted:
        wanted = {**wanted, "position": incidents.read_position(db, wanted["position"])}
    if not any(wanted.get(name, getattr(incident, name)) for name in ("address", "postcode", "position")):
        raise incidents.BadIncident("address", incidents.WHERE)
    different = {
        name: wanted[name] for name in CHANGEABLE if name in wanted and getattr(incident, name) != wanted[name]
    }
    if not different:
        return incident
    for name, value in different.items():
        setattr(incident, name, value)
    incident.revision += 1
    history.record(
        db, "incident_changed", actor=staff.id, now=now, contact_id=incident.contact_id, incident_id=incident.id,
        revision=incident.revision, fields=sorted(different),
    )  # fmt: skip
    running = dispatch.open_of(db, incident)
    if running and running.state in UNDER_WAY:
        running.revision_told_at = now
        told = crew.changed(dispatch.job(running), incident.revision, tuple(different))
        dispatch.text_crew(db, running, db.get_one(Unit, running.call_sign), told, now=now)
    return incident


@dataclass(frozen=True)
class Change:
    """One revision of what a crew must know: when, by whom (a staff id), which fields, and which crews have read it."""

    number: int
    at: datetime
    by: str
    fields: Sequence[str]
    read: dict[str, datetime]  # by call sign: the first reading of this revision or a later one


def trail(db: Session, changed: Sequence[Incident]) -> dict[str, list[Change]]:
    """The changes of each of these incidents by its id, oldest first, and who has read them. Accepting reads all."""
    lines = db.scalars(
        select(History)
        .where(History.incident_id.in_([one.id for one in changed]))
        .where(History.what.in_(("incident_changed", "change_read", "acknowledge")))
        .order_by(History.id)
    ).all()
    units = {row.id: row.call_sign for one in changed for row in one.dispatches}
    found: dict[str, list[Change]] = {one.id: [] for one in changed}
    for line in lines:
        assert line.incident_id
        changes = found[line.incident_id]
        if line.what == "incident_changed":
            changes.append(Change(line.detail["revision"], line.at, line.actor, line.detail["fields"], {}))
            continue
        unit = units[line.detail["dispatch_id"]]
        for change_read in changes:
            change_read.read.setdefault(unit, line.at)
    return found


def read(db: Session, row: Dispatch, *, now: datetime, way: str) -> str:
    """The crew confirms what was changed, or asks again what the job is: everything, as it is now."""
    if row.revision_read < row.incident.revision:
        row.revision_read = row.incident.revision
        history.record(
            db, "change_read", actor="crew", now=now, contact_id=row.incident.contact_id, incident_id=row.incident_id,
            dispatch_id=row.id, revision=row.revision_read, way=way,
        )  # fmt: skip
        promises.settle_incident(
            db, row.incident_id, ("update_unread",), "The crew has confirmed it", actor="crew", now=now
        )
    return dispatch.details(row)

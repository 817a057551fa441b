"""What came of a visit: said by the crew, or by whoever spoke with it; kept with the incident and the record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from triage import history
from triage.models import Incident

VISITS: Final[Mapping[str, str]] = {
    "resolved": "Settled there, with a plan",
    "safe_haven": "Taken to a Safe Haven or crisis space",
    "place_of_safety": "Taken to a place of safety",
    "emergency_department": "Taken to an emergency department",
    "crisis_team": "Handed over to the crisis team",
    "police": "Handed over to the police",
    "ambulance": "An ambulance took over",
    "declined": "Did not want help",
    "not_found": "Not found",
    "not_needed": "Not needed when the crew came",
}
CONVEYED: Final = frozenset({"emergency_department", "ambulance"})
"""To an emergency department, as an ambulance goes there. The share of people met to whom that did not happen is what a
response car is judged by: a Safe Haven, a place of safety or the crisis team count as without it."""
NOT_MET: Final = frozenset({"not_found", "not_needed"})
"""Nobody was seen, so these visits are in no share: they would make the car look better than it is."""


class BadVisit(Exception):
    """This cannot be said of this visit; `str()` says what can."""


def record(db: Session, incident: Incident, visit: str, words: str | None, *, actor: str, now: datetime) -> Incident:
    """Say what came of it. Said anew it replaces what was said, and both are in the history. Raises BadVisit."""
    if visit not in VISITS:
        raise BadVisit(f"Choose one of: {', '.join(VISITS)}.")
    if not any(row.acknowledged_at for row in incident.dispatches):
        raise BadVisit("No crew has accepted this job, so there was no visit.")
    incident.visit, incident.visit_words = visit, (words or "").strip() or None
    history.record(
        db, "visit", actor=actor, now=now, contact_id=incident.contact_id, incident_id=incident.id, visit=visit
    )
    return incident

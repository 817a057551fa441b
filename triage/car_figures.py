"""How the car did in one month: jobs, how long each part took, what came of the visits, by place.

Times are what the crew's own device said, where it said anything, else when we heard. Only jobs asked for in that
month count, the calendar month here. For those who run the service: small counts are not hidden.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.car_models import DispatchStep
from triage.figures import HERE, Month
from triage.models import Dispatch, Incident
from triage.visits import CONVEYED, NOT_MET

EVERYWHERE: Final = ""
MOMENTS: Final = (
    "asked", "offer", "acknowledge", "en_route", "on_scene", "with_person", "leaving", "at_destination", "handed_over",
    "clear",
)  # fmt: skip
INTERVALS: Final[Mapping[str, tuple[str, str]]] = {
    "asked to offered": ("asked", "offer"),
    "offered to accepted": ("offer", "acknowledge"),
    "accepted to moving": ("acknowledge", "en_route"),
    "moving to there": ("en_route", "on_scene"),
    "there to with the person": ("on_scene", "with_person"),
    "with the person to leaving": ("with_person", "leaving"),
    "leaving to arrived": ("leaving", "at_destination"),
    "arrived to handed over": ("at_destination", "handed_over"),
    "asked to there": ("asked", "on_scene"),
    "asked to clear": ("asked", "clear"),
}


class Took(NamedTuple):
    """Of how many jobs, and the median and the 90th centile (nearest rank) of how long it took, in seconds."""

    jobs: int
    median_s: int
    ninetieth_s: int


@dataclass
class Place:
    """The jobs of one locality, or of all (EVERYWHERE)."""

    jobs: int = 0
    accepted: int = 0
    visits: int = 0  # somebody was seen, and it is known what came of it
    conveyed: int = 0
    took: dict[str, list[int]] = field(default_factory=dict)
    by_unit: dict[str, int] = field(default_factory=dict)

    @property
    def not_conveyed(self) -> float | None:
        """The share of known visits without an emergency department; None without any visit."""
        return (self.visits - self.conveyed) / self.visits if self.visits else None

    def interval(self, name: str) -> Took | None:
        """One of INTERVALS; None if no job has both its ends."""
        seconds = sorted(self.took.get(name, ()))
        if not seconds:
            return None
        return Took(len(seconds), round(median(seconds)), seconds[math.ceil(0.9 * len(seconds)) - 1])


@dataclass(frozen=True)
class CarFigures:
    """The figures of a month. `days` is how many of its days there have been: what a unit's jobs a day are of."""

    month: Month
    days: int
    places: Mapping[str, Place]


def read(db: Session, month: Month, *, now: datetime, localities: Collection[str] = ()) -> CarFigures:
    """The figures of a month, also of the one that runs: of these localities, or of all and of places not known."""
    places: dict[str, Place] = {EVERYWHERE: Place()}
    asked = select(Incident).where(Incident.requested_at >= month.begins, Incident.requested_at < month.after.begins)
    if localities:
        asked = asked.where(Incident.locality.in_(localities))
    for incident in db.scalars(asked.order_by(Incident.requested_at)):
        for code in (EVERYWHERE, incident.locality or "unknown"):
            _add(db, places.setdefault(code, Place()), incident)
    today = now.astimezone(HERE).date()
    days = sum(1 for day in month.days() if day <= today)
    return CarFigures(month, days, places)


def _add(db: Session, place: Place, incident: Incident) -> None:
    place.jobs += 1
    rows = db.scalars(select(Dispatch).where(Dispatch.incident_id == incident.id)).unique().all()
    accepted = [row for row in rows if row.acknowledged_at]
    if incident.visit and incident.visit not in NOT_MET:
        place.visits += 1
        place.conveyed += incident.visit in CONVEYED
    for row in accepted:
        place.by_unit[row.call_sign] = place.by_unit.get(row.call_sign, 0) + 1
    if not accepted:
        return
    place.accepted += 1
    moments = _moments(db, incident, rows, max(accepted, key=lambda row: row.acknowledged_at or row.offered_at))
    for name, (start, end) in INTERVALS.items():
        if start in moments and end in moments and moments[end] >= moments[start]:
            place.took.setdefault(name, []).append(round((moments[end] - moments[start]) / timedelta(seconds=1)))


def _moments(db: Session, incident: Incident, rows: Sequence[Dispatch], went: Dispatch) -> dict[str, datetime]:
    """When each of MOMENTS first was, for the crew that went."""
    moments = {"asked": incident.requested_at, "offer": min(row.offered_at for row in rows)}
    steps = db.scalars(
        select(DispatchStep).where(DispatchStep.dispatch_id == went.id, DispatchStep.action.in_(MOMENTS[2:]))
    ).all()
    for step in sorted(steps, key=lambda step: step.said_at or step.at):
        moments.setdefault(step.action, step.said_at or step.at)
    return moments


def lines(figures: CarFigures) -> list[list[str]]:
    """The figures as rows of a table, the first with the names of its columns: for a spreadsheet."""
    names = ["month", "locality", "jobs", "accepted", "visits_known", "not_conveyed", "jobs_per_unit_per_day"]
    for name in INTERVALS:
        key = name.replace(" ", "_")
        names += [f"{key}_jobs", f"{key}_median_s", f"{key}_90th_s"]
    told = [names]
    for code, place in sorted(figures.places.items()):
        units = len(place.by_unit) * figures.days
        share = "" if place.not_conveyed is None else f"{place.not_conveyed:.3f}"
        row = [str(figures.month), code or "all", str(place.jobs), str(place.accepted), str(place.visits), share]
        row.append(f"{sum(place.by_unit.values()) / units:.2f}" if units else "")
        for name in INTERVALS:
            took = place.interval(name)
            row += [str(one) for one in took] if took else ["0", "", ""]
        told.append(row)
    return told

"""Which car: those that may be offered an incident, in the order they are offered it and the board proposes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import duties, travel, whereabouts
from triage.lifecycles import OPEN_DISPATCH
from triage.models import Dispatch, Incident, Locality, Unit
from triage.travel import Arrival


@dataclass(frozen=True)
class Proposal:
    """A car for an incident, and when it would be there, where that is known."""

    unit: Unit
    arrival: Arrival | None

    @property
    def words(self) -> str:
        """`"IW01, about 12 min"`; "about" when nobody but our own reckoning says so."""
        if self.arrival is None:
            return self.unit.call_sign
        return f"{self.unit.call_sign}, {'about ' if self.arrival.estimated else ''}{self.arrival.minutes} min"


def available(db: Session, incident: Incident, now: datetime) -> list[Proposal]:
    """Units that may be offered this incident: of its locality, then of those it borrows from.

    Within each, the soonest there first; one whose time is not known comes after those whose is, the longest available
    first. A place nobody knows the locality of may get any unit.
    """
    busy = select(Dispatch.call_sign).where(Dispatch.state.in_(OPEN_DISPATCH))
    free = db.scalars(
        select(Unit)
        .where(Unit.active, Unit.state == "available", Unit.call_sign.not_in(busy))
        .order_by(Unit.since, Unit.call_sign)
    ).all()
    free = duties.may_be_offered(db, free, incident.scene_safety, now)
    near = _near(db, incident)
    return _in_order(db, incident, [unit for unit in free if near is None or unit.locality in near], near, now)


def in_order(db: Session, incident: Incident, cars: Sequence[Unit], now: datetime) -> list[Proposal]:
    """These cars as `available` orders them; those of other localities last."""
    return _in_order(db, incident, cars, _near(db, incident), now)


def _in_order(
    db: Session, incident: Incident, cars: Sequence[Unit], near: list[str] | None, now: datetime
) -> list[Proposal]:
    ranks = {locality: at for at, locality in enumerate(near or [])}
    to = whereabouts.of_incident(db, incident)
    where = whereabouts.of_units(db, cars, now) if to else {}
    proposals = [Proposal(car, travel.arrival(where.get(car.call_sign), to, now)) for car in cars]

    def place(one: Proposal) -> tuple[int, bool, int, datetime, str]:
        car = one.unit
        rank = ranks.get(car.locality, len(ranks))
        minutes = one.arrival.minutes if one.arrival else 0
        return rank, one.arrival is None, minutes, car.since, car.call_sign

    return sorted(proposals, key=place)


def _near(db: Session, incident: Incident) -> list[str] | None:
    """Its own locality, then those it borrows from, in their order; None where nobody knows its locality."""
    if incident.locality is None:
        return None
    locality = db.get(Locality, incident.locality)
    return list(dict.fromkeys([incident.locality, *(locality.overflow if locality else [])]))

"""Where an incident is and where a car is, as far as is known. Read from the database, never asked of anybody else."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import places
from triage.car_models import DispatchStep, Postcode
from triage.models import Dispatch, Incident, Unit
from triage.opening import UK
from triage.places import BadPlace, Position

THERE: Final = ("on_scene", "with_person", "leaving", "at_destination", "clear")  # steps of a crew that has been there


def read(db: Session, typed: str | None) -> str | None:
    """What is kept of what was typed: `lat,lon`. A whole postcode counts where its list is loaded. Raises BadPlace."""
    if not (typed or "").strip():
        return None
    typed = str(typed).strip()
    if places.postcode(typed):
        middle = of_postcode(db, typed)
        if middle is None:
            raise BadPlace(f"We do not know where {typed.upper()} is. Write it as the postcode, with an address.")
        return str(middle)
    return str(places.read(typed))


def of_postcode(db: Session, typed: str | None) -> Position | None:
    """The middle of a postcode, from the list that was loaded (triage.postcodes); None where it is not in it."""
    code = places.postcode(typed)
    row = db.get(Postcode, code) if code else None
    return Position(row.lat, row.lon) if row else None


def of_incident(db: Session, incident: Incident) -> Position | None:
    """Where it was said to be, else the middle of its postcode. That is looked up each time, and not kept."""
    return places.kept(incident.position) or of_postcode(db, incident.postcode)


def of_units(
    db: Session, cars: Sequence[Unit], now: datetime, may_see: Callable[[Incident], bool] = lambda _: True
) -> dict[str, Position]:
    """Where these cars are, by call sign: at the incident each last reached today, else at its base. Others are left
    out: nobody knows, or it is at an incident that whoever asks may not see.
    """
    names = [car.call_sign for car in cars]
    morning = now.astimezone(UK).replace(hour=0, minute=0, second=0, microsecond=0)
    reached = db.execute(
        select(Dispatch.call_sign, Incident)
        .join(DispatchStep, DispatchStep.dispatch_id == Dispatch.id)
        .join(Incident, Incident.id == Dispatch.incident_id)
        .where(Dispatch.call_sign.in_(names), DispatchStep.action.in_(THERE), DispatchStep.at >= morning)
        .order_by(DispatchStep.at, DispatchStep.id)
    )
    last = {row.call_sign: row.Incident for row in reached}
    cars = [car for car in cars if car.call_sign not in last or may_see(last[car.call_sign])]
    found = {car.call_sign: of_incident(db, last[car.call_sign]) for car in cars if car.call_sign in last}
    for car in cars:
        if found.get(car.call_sign) is None and car.base_lat is not None and car.base_lon is not None:
            found[car.call_sign] = Position(car.base_lat, car.base_lon)
    return {call_sign: position for call_sign, position in found.items() if position}

"""What the dispatch board shows, read in one go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import (
    choosing,
    crew_calls,
    dispatch,
    duties,
    incidents,
    opt_outs,
    promises,
    revisions,
    rules,
    travel,
    units,
    whereabouts,
)
from triage.choosing import Proposal
from triage.db import Database
from triage.desk import desk_data
from triage.lifecycles import CREW_ACTIONS, DISPATCH, INCIDENT, OPEN_DISPATCH, OPEN_INCIDENT
from triage.models import Dispatch, Incident, Promise, Staff, Unit
from triage.places import Position
from triage.walls import Walls


@dataclass(frozen=True)
class Row:
    """One incident on the board: its running dispatch, those before it, and what may be done now."""

    incident: Incident
    running: Dispatch | None
    before: Sequence[Dispatch]
    actions: Sequence[str]  # what its crew may report next, by the life cycle
    can_send: bool
    can_stand_down: bool
    can_escalate: bool
    had_crew: bool

    @property
    def seen(self) -> str:
        """What a page shows of it. A press made on another picture is not done: somebody else was there first."""
        return seen(self.incident, self.running)

    @property
    def help(self) -> bool:
        """Whether its crew asks for help."""
        return self.running is not None and self.running.state == "emergency"


def seen(incident: Incident, running: Dispatch | None) -> str:
    """Where an incident stands, and who has it. The steps of a crew on its way are not in it: no surprise."""
    return f"{incident.state} {running.id if running else ''}".strip()


def running_of(incident: Incident) -> Dispatch | None:
    """Its dispatch that is not over, if any."""
    return next((one for one in incident.dispatches if one.state in OPEN_DISPATCH), None)


def row(incident: Incident) -> Row:
    """The incident with what its life cycles allow."""
    running = running_of(incident)
    moves = {action for state, action in DISPATCH if running and state == running.state}
    return Row(
        incident=incident,
        running=running,
        before=[one for one in incident.dispatches if one is not running],
        actions=[action for action in CREW_ACTIONS if action in moves],
        can_send=(incident.state, "offer") in INCIDENT and (running is None or running.state == "offered"),
        can_stand_down=(incident.state, "stand_down") in INCIDENT,
        can_escalate=(incident.state, "escalate") in INCIDENT,
        had_crew=any(one.acknowledged_at for one in incident.dispatches),
    )


def panels(db: Session, staff: Staff, now: datetime) -> dict[str, Any]:
    """Everything on the board. Nobody is going, and a crew that asks for help: first, and kept in sight."""
    walls = Walls(db, staff, now)
    rows = [row(incident) for incident in incidents.on_board(db, now) if walls.incident(incident)]
    cars = [car for car in units.all_of_them(db) if walls.unit_seen(car)]
    over = {car.call_sign for car in cars if duties.over(db, car.call_sign, now)}
    duty_of = {car.call_sign: duties.running(db, car.call_sign) for car in cars}
    next_duty = {car.call_sign: duties.following(db, car.call_sign, now) for car in cars}
    asked = set(db.scalars(select(Dispatch.call_sign).where(Dispatch.state.in_(OPEN_DISPATCH))))
    jobs = {one.running.call_sign: one for one in rows if one.running}
    owed = [one for one in promises.owed(db, now) if one.kind != "call_back" or "supervisor" in staff.roles]
    owed = [one for one in owed if walls.promise(one)]
    free = [car for car in cars if car.state == "available" and car.call_sign not in asked | over]
    return {
        "first": [one for one in rows if one.help] + [one for one in rows if one.incident.state == "no_unit"],
        "help": sum(one.help for one in rows),
        "changes_of": revisions.trail(db, [one.incident for one in rows if one.incident.revision > 1]),
        "sound": _sound(rows, owed),
        "running": [one for one in rows if one.incident.state in OPEN_INCIDENT and not one.help],
        "ended": [one for one in rows if one.incident.state not in (*OPEN_INCIDENT, "no_unit")],
        "rang": crew_calls.rang(db, [one.incident for one in rows]),
        "units": cars,
        "may_set": walls.unit,
        "acts_for": walls.acts_for,
        "duty_of": duty_of,
        "next_duty": next_duty,
        "duty_over": over - asked,
        "proposed": _proposals(db, rows, free, now),
        "jobs": jobs,
        "place_of": _places(db, rows),
        "unit_at": whereabouts.of_units(db, cars, now, walls.incident),
        "outline": rules.current(db).outline,
        "phones": {car.call_sign: car.phone for car in cars},
        "phone_stopped": opt_outs.units_stopped(db, dispatch.texts_from(db)) if cars else set(),
        "promises": owed,
        "owners": desk_data.owners(db),
        "in_queue": desk_data.in_queue(db),
        "contact_of": desk_data.contact_of(db),
        "urgency_of": desk_data.urgency_of(db),
        "now": now,
    }


def _sound(rows: Sequence[Row], owed: Sequence[Promise]) -> str:
    """Which sound the page makes: the gravest of what nobody has taken yet; none once everything has somebody."""
    untaken = {one.incident_id for one in owed if one.owner_id is None and one.incident_id}
    if any(one.help and one.incident.id in untaken for one in rows):
        return "help"
    if any(one.incident.state == "no_unit" and one.incident.id in untaken for one in rows):
        return "nobody"
    return "person" if untaken else ""


def called_out_first(cars: Sequence[Unit], locality: str | None, duty_over: Collection[str] = ()) -> list[Unit]:
    """Cars that go only when called out: not on a job, and not available, or with their duty over. Those of the
    incident's own place first.
    """
    out = [car for car in cars if car.state in ("off_duty", "not_ready") or car.call_sign in duty_over]
    return free_first(out, locality)


def _proposals(db: Session, rows: Sequence[Row], free: Sequence[Unit], now: datetime) -> dict[str, list[Proposal]]:
    """For each incident a car may be sent to: the cars that are free, in the order they should be thought of."""
    return {
        one.incident.id: choosing.in_order(db, one.incident, free, now) for one in rows if free and one.can_send
    }  # fmt: skip


def _places(db: Session, rows: Sequence[Row]) -> dict[str, Position]:
    """Where the incidents of these rows are, as far as it is known."""
    found = {one.incident.id: whereabouts.of_incident(db, one.incident) for one in rows if not one.incident.closed_at}
    return {incident_id: position for incident_id, position in found.items() if position}


def journeys(db: Session, incidents_shown: Sequence[Incident], now: datetime) -> tuple[list[Position], list[Position]]:
    """Where the cars are that may be sent, and where these incidents are: what a routing server may be asked."""
    cars = [car for car in units.all_of_them(db) if car.state == "available"]
    to = [whereabouts.of_incident(db, one) for one in incidents_shown if (one.state, "offer") in INCIDENT]
    return list(whereabouts.of_units(db, cars, now).values()), [one for one in to if one]


def ask_roads(database: Database, now: datetime, incident_id: str | None = None) -> None:
    """Let the routing server say how long the cars take, where there is one: before, and never in, a transaction."""
    if travel.roads().url is None:
        return
    with database.reading() as db:
        one = db.get(Incident, incident_id) if incident_id else None
        cars, to = journeys(db, ([one] if one else []) if incident_id else incidents.on_board(db, now), now)
    travel.roads().ask(cars, to)


def free_first(cars: Sequence[Unit], locality: str | None) -> list[Unit]:
    """Cars that may be sent, those of the incident's own place first."""
    return sorted(cars, key=lambda car: (car.locality != locality, car.call_sign))

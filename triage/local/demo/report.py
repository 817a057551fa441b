"""What the newcomer sees: a line while it plays, and at the end what happened to each of the forty."""

from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from triage.local.demo.people import Person
from triage.local.demo.world import Refused, World

WORDS = {"waiting": "still waiting", "abandoned": "rang off", "finished": "finished"}


def listed(world: World, supervisor: str, cast: list[Person], since: str) -> dict[str, dict[str, Any]]:
    """Each person's contact as the list has it, by their number; a withheld one is found by the order they rang in."""
    seen = world.api(supervisor, "GET", f"/contacts?since={since}&limit=200")
    by_tail = {contact["masked_number"][-3:]: contact for contact in seen}
    hidden = iter([contact for contact in reversed(seen) if contact["masked_number"] == "withheld"])
    found = {
        person.number: next(hidden, None) if person.withheld else by_tail.get(person.number[-3:]) for person in cast
    }
    return {number: contact for number, contact in found.items() if contact}


def read(world: World, supervisor: str, seen: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Those contacts, whole."""
    return {number: world.api(supervisor, "GET", f"/contacts/{contact['id']}") for number, contact in seen.items()}


def is_over(contact: dict[str, Any] | None) -> bool:
    """Whether nobody waits or talks any more."""
    return contact is not None and contact["state"] in ("finished", "abandoned", "ended")


def table(cast: list[Person], contacts: dict[str, dict[str, Any]]) -> Table:
    """One row for each person."""
    shown = Table(title="What happened to each of the forty", title_justify="left", box=SIMPLE_HEAD)
    for name, right in (("at", True), ("who", False), ("how", False), ("waited", True), ("nurse", False)):
        shown.add_column(name, justify="right" if right else "left", no_wrap=name in ("at", "waited"))
    for name in ("outcome", "car"):
        shown.add_column(name)
    for person in cast:
        contact = contacts.get(person.number)
        shown.add_row(
            f"{person.at_s:.0f} s", person.name, person.how, *(_row(contact) if contact else ("", "", "-", ""))
        )
    return shown


def _row(contact: dict[str, Any]) -> tuple[str, str, str, str]:
    outcome = contact["outcomes"][-1] if contact["outcomes"] else None
    said = f"{outcome['urgency'] or ''} {outcome['disposition'].replace('_', ' ')}" if outcome else _without(contact)
    return _waited(contact), (contact["nurse"] or "").split(" ")[0], said, _car(contact)


def _without(contact: dict[str, Any]) -> str:
    said: str = WORDS.get(contact["state"], contact["state"])
    owed = [promise for promise in contact["promises"] if not promise["settled_at"]]
    if not owed:
        return said
    return f"{said}; {'a call-back is owed' if owed[0]['reachable'] else 'no number to ring back'}"


def _waited(contact: dict[str, Any]) -> str:
    until = contact["connected_at"] or contact["ended_at"]
    if until is None or contact["waiting_since"] is None:
        return ""
    waited = datetime.fromisoformat(until) - datetime.fromisoformat(contact["waiting_since"])
    return f"{waited.total_seconds():.0f} s"


def _car(contact: dict[str, Any]) -> str:
    if not contact["incidents"]:
        return ""
    incident = contact["incidents"][-1]
    went = [f"{job['call_sign']} {job['state'].replace('_', ' ')}" for job in incident["dispatches"]]
    return ", ".join(went) or str(incident["state"]).replace("_", " ")


def now(world: World, supervisor: str) -> str:
    """The service this moment, in a line."""
    try:
        waiting = len(world.api(supervisor, "GET", "/queue"))
        units = world.api(supervisor, "GET", "/units")
    except Refused as no:
        return str(no)
    out = sum(unit["state"] == "committed" for unit in units)
    return f"{waiting} waiting, {out} of {len(units)} cars out"

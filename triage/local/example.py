"""What the local carrier and the welcome text need of a service file: its numbers, and who carries them."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

ROUTES = {
    "111": "the line behind NHS 111",
    "direct": "the direct line",
    "professional": "for professionals",
    "crew": "for crews",
    "nurse": "for nurses on duty",
}


@dataclass(frozen=True)
class Example:
    """The parts of a service file that a person at the phone page asks for."""

    name: str
    lines: list[tuple[str, str]]
    keywords: list[tuple[str, str]]
    phonebook: list[dict[str, str]]
    cars: list[str]
    dispatcher: str | None


def read(path: Path) -> Example:
    """The service file at `path`, read only as far as needed here; `nowrongdoor apply` is what checks it."""
    today = date.today()  # noqa: DTZ011 - the day on this machine's own clock
    given: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    places = {locality["code"]: locality["name"] for locality in given.get("locality", [])}
    lines = []
    for line in given.get("line", []):
        where = places.get(line.get("locality", ""), "every area")
        lines.append((line["number"], f"{ROUTES.get(line['route'], line['route'])}, {where}"))
    people = [(staff["name"], staff) for staff in given.get("staff", [])]
    control = [staff["email"] for staff in given.get("staff", []) if "dispatcher" in staff["roles"]]
    units = [(f"Car {unit['call_sign']}", unit) for unit in given.get("unit", [])]
    return Example(
        name=given["service"]["name"],
        lines=lines,
        keywords=[
            (keyword["word"], places.get(keyword["locality"], ""))
            for keyword in given.get("keyword", [])
            if keyword.get("valid_to", date.max) >= today >= keyword.get("valid_from", date.min)
        ],
        phonebook=[{"name": name, "number": who["phone"]} for name, who in people + units if who.get("phone")],
        cars=[unit["call_sign"] for unit in given.get("unit", [])],
        dispatcher=control[0] if control else None,
    )


def carrier_config(example: Example, base_url: str) -> dict[str, Any]:
    """The local carrier's configuration: what a person would set up per number in the carrier's console."""
    addresses = {
        "voice_url": f"{base_url}/voice/incoming",
        "voice_fallback_url": f"{base_url}/voice/fallback",
        "status_callback": f"{base_url}/voice/status",
        "sms_url": f"{base_url}/sms/incoming",
    }
    return {
        "defaults": addresses,
        "numbers": {number: {**addresses, "name": about} for number, about in example.lines},
        "twiml_app_voice_url": f"{base_url}/voice/staff",
        "phonebook": example.phonebook,
    }

"""Six nurses, a dispatcher and four crews at work."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from triage.local.demo.people import Person
from triage.local.demo.world import Refused, World

EVERY_S: Final = 0.5
NOTES: Final = "Listened. Agreed what happens next, and who does it."
CREW_STEPS: Final = ("3", "4", "5", "6", "7", "8")


@dataclass
class Nurse:
    """One nurse: ready by phone, with whoever comes, and ready again. Her phone answers and presses 1 by itself."""

    world: World
    name: str
    token: str
    phone: str
    people: Mapping[str, Person]  # by the last three digits, which is what a nurse sees
    saw: dict[str, str] = field(default_factory=dict)

    def work(self) -> None:
        """Until the play is over."""
        self.world.set_phone(self.phone, "human", "1")
        self._ready()
        while not self.world.over.is_set():
            me = self._ask("GET", "/me")
            held, standing = me["holding"], me["presence"]["state"]
            if held and held["state"] == "connected":
                self._with(held)
                self._ready()
            elif not held and standing != "ready":
                self._ready()  # she wraps up quickly; put on a break for a ring she missed, she comes back
            elif not held and any(entry["channel"] == "text" for entry in self._ask("GET", "/queue")):
                self._ask("POST", "/queue/next")
            self.world.pause(EVERY_S)

    def stop(self) -> None:
        """Go home."""
        try:
            self._ask("PUT", "/me/presence", {"state": "off"})
        except Refused:
            return  # still with somebody: she stays

    def _ready(self) -> None:
        try:
            self._ask("PUT", "/me/presence", {"state": "ready", "via": "phone"})
        except Refused as no:
            if no.status != 409:  # holding somebody who came meanwhile is no trouble
                raise

    def _with(self, held: dict[str, Any]) -> None:
        contact = held["contact_id"]
        person = self.people.get(held["masked_number"][-3:])
        if held["channel"] == "text":
            self._write(contact)
        self.world.pause(person.talk_s if person else 8)
        try:
            self._record(contact, person)
            self._ask("POST", f"/contacts/{contact}/finish")
        except Refused as no:
            if no.status != 409:  # they rang off, or the line was lost, while she wrote
                raise

    def _write(self, contact: str) -> None:
        hello = f"I'm {self.name.split()[0]}, a mental-health nurse. I'm here, and I have time. What is happening?"
        try:
            self._ask("POST", f"/contacts/{contact}/messages", {"body": hello})
        except Refused as no:
            if no.status != 409:  # their carrier blocks our texts: she notes what she can
                raise

    def _record(self, contact: str, person: Person | None) -> None:
        outcome = {
            "urgency": person.urgency if person else "G", "notes": NOTES, "themes": ["low mood"],
            "disposition": person.disposition if person else "home_management", "next_steps": "As agreed.",
        }  # fmt: skip
        if person is None or person.car is None:
            self._ask("POST", f"/contacts/{contact}/outcomes", outcome)
            return
        where = {"address": person.car.address, "postcode": person.car.postcode, "scene_safety": person.car.scene}
        self._ask(
            "POST", f"/contacts/{contact}/incidents", {**where, "concern": "Asked for a visit.", "outcome": outcome}
        )

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.world.api(self.token, method, path, body)


@dataclass
class Dispatcher:
    """Puts the cars on duty, sends one that came free to whoever had none, looks after crews that ask for help."""

    world: World
    token: str
    phone: str

    def cars_on_duty(self) -> None:
        for unit in self._ask("GET", "/units"):
            if unit["state"] in ("off_duty", "not_ready"):
                self._ask("PUT", f"/units/{unit['call_sign']}", {"state": "available"})

    def work(self) -> None:
        """Until the play is over."""
        self.world.set_phone(self.phone, "human", "1")
        while not self.world.over.is_set():
            self._send_the_free()
            self._look_after_crews()
            self.world.pause(2)

    def open_incidents(self) -> int:
        return sum(1 for incident in self._ask("GET", "/incidents") if incident["closed_at"] is None)

    def _send_the_free(self) -> None:
        waiting = [incident for incident in self._ask("GET", "/incidents") if incident["state"] == "no_unit"]
        free = [unit for unit in self._ask("GET", "/units") if unit["state"] == "available" and not unit["dispatch"]]
        for incident, unit in zip(waiting, free, strict=False):
            try:
                self._ask("POST", f"/incidents/{incident['id']}/dispatches", {"call_sign": unit["call_sign"]})
            except Refused as no:
                if no.status != 409:  # offered elsewhere a moment ago
                    raise

    def _look_after_crews(self) -> None:
        for promise in self._ask("GET", "/promises"):
            if promise["kind"] == "welfare_check":
                self._ask("POST", f"/promises/{promise['id']}/attempts", {"result": "Rang the crew"})
                self._ask("POST", f"/promises/{promise['id']}/settle", {"how": "Police are with them; they go on"})

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.world.api(self.token, method, path, body)


@dataclass
class Crew:
    """A crew with its mobile: accepts, and texts each step. `shy` refuses its first job; `needs_help` asks once."""

    world: World
    call_sign: str
    phone: str
    shy: bool = False
    needs_help: bool = False

    def work(self) -> None:
        """Until the play is over."""
        read = len(self._texts())
        while not self.world.over.is_set():
            texts = self._texts()
            for text in texts[read:]:
                offer = re.search(r"Reply (\d\d) 1 to accept", text["body"])
                if offer:
                    self._job(offer[1], text["from"])
            read = max(read, len(texts))
            self.world.pause(EVERY_S)

    def _job(self, tag: str, line: str) -> None:
        self.world.pause(2)
        if self.shy:
            self.shy = False
            self._say(f"{tag} 2", line)
            return
        self._say(f"{tag} 1", line)
        steps = list(CREW_STEPS)
        if self.needs_help:
            self.needs_help = False
            steps.insert(2, "9")
        for step in steps:
            self.world.pause(3)
            if self.world.over.is_set() or self._stood_down(tag):
                return
            self._say(f"{tag} {step}", line)
            if step == "9":
                self.world.pause(3)

    def _stood_down(self, tag: str) -> bool:
        return any(f"Job {tag}: STAND DOWN" in text["body"] for text in self._texts()[-4:])

    def _say(self, words: str, line: str) -> None:
        self.world.carrier("POST", "/texts", {"from": self.phone, "to": line, "body": words})

    def _texts(self) -> list[dict[str, Any]]:
        return [text for text in self.world.phone(self.phone)["texts"] if text["direction"] == "received"]


def until(world: World, condition: Any, seconds: float) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not world.over.is_set():
        if condition():
            return True
        world.pause(1)
    return bool(condition())

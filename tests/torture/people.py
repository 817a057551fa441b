"""Who takes part: nurses and crews that go on by themselves, callers and texters with a plan of their own."""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.journeys.conftest import LINE, Colleague, Phone, Town

NURSES: Final = ("ana@example.org", "bola@example.org", "carys@example.org", "dev@example.org", "ewa@example.org")
UNITS: Final = ("IW01", "PO01", "SO01", "SO02")
AREAS: Final = (113, 114, 115, 116, 117, 118, 121)
"""Ofcom's drama ranges of these areas, a thousand numbers each: everybody in a run is somebody else."""
TALK_S: Final = 0.4


def number(person: int) -> str:
    """The telephone number of the n-th person of a run."""
    return f"+44{AREAS[person // 1000 % len(AREAS)]}496{person % 1000:04d}"


@dataclass
class Working:
    """Everybody who works, each in a thread, until `over`. What fails for them is tried again: they are people."""

    town: Town
    over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    ask_for_car: dict[str, bool] = field(default_factory=dict)
    cars: list[str] = field(default_factory=list)

    def start(self, units: list[str]) -> None:
        for email in NURSES:
            nurse = self.town.colleague(email)
            nurse.phone.answers_by_itself(answers="human", after_s=2, presses="1")
            self._goes_on(lambda nurse=nurse: self._nurse(nurse))
        dispatcher = self.town.colleague("grace@example.org")
        for call_sign in units:
            self._goes_on(lambda c=call_sign: self._crew(c, dispatcher))

    def stop(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(30)

    def _goes_on(self, step: Callable[[], None]) -> None:
        def run() -> None:
            while not self.over.wait(0.15):
                try:
                    step()
                except (AssertionError, OSError, LookupError, ValueError, TypeError):
                    self.over.wait(0.5)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.threads.append(thread)

    def _nurse(self, nurse: Colleague) -> None:
        me = nurse.asks("GET", "/me")
        held = me["holding"]
        if held is None:
            if me["presence"]["state"] != "ready":
                nurse.is_ready()
            if any(row["channel"] == "text" for row in nurse.queue()):
                nurse.asks("POST", "/queue/next")
            return
        if held["state"] != "connected":
            return
        contact = held["contact_id"]
        if held["channel"] == "text":
            car = {"address": "1 Invented Street", "postcode": "PO30 1AA", "scene_safety": "safe", "concern": "x"}
            incident = nurse.asks("POST", f"/contacts/{contact}/incidents", car)
            self.cars.append(incident["id"])
        else:
            time.sleep(TALK_S)
        nurse.asks("POST", f"/contacts/{contact}/finish", expect=200)

    def _crew(self, call_sign: str, dispatcher: Colleague) -> None:
        units = {row["call_sign"]: row for row in dispatcher.asks("GET", "/units")}
        if units[call_sign]["state"] == "off_duty":
            dispatcher.asks("PUT", f"/units/{call_sign}", {"state": "available"})
        phone = self.town.crew(call_sign)
        for incident in dispatcher.asks("GET", "/incidents"):
            for row in incident["dispatches"]:
                if row["call_sign"] != call_sign:
                    continue
                if row["state"] == "offered" and self._offered(phone, row["tag"]):
                    phone.texts(f"{row['tag']} 1", to=_crew_line(phone))
                elif row["state"] == "acknowledged":
                    phone.texts(f"{row['tag']} 5", to=_crew_line(phone))
                elif row["state"] == "with_person":
                    phone.texts(f"{row['tag']} 8", to=_crew_line(phone))

    @staticmethod
    def _offered(phone: Phone, tag: str) -> bool:
        texts = phone._state()["texts"]
        return any(text["to"] == phone.number and tag in text["body"] for text in texts)


def _crew_line(phone: Phone) -> str:
    return str(next(text["from"] for text in reversed(phone._state()["texts"]) if text["to"] == phone.number))


@dataclass
class Caller:
    """One person, one call: what they do is drawn before they ring."""

    town: Town
    number: str
    chance: random.Random
    sid: str = ""
    hung_up_at: float | None = None
    most_at_once: int = 0  # people they were with

    def __call__(self) -> None:
        time.sleep(self.chance.uniform(0, 5))
        phone = self.town.caller(self.number)
        plan = self.chance.choice(["stays", "stays", "stays", "rings_off_soon", "rings_off_later", "danger", "keyword"])
        self.sid = phone._ask("POST", "/calls", {"from": self.number, "to": LINE})["sid"]
        stays_s = {"rings_off_soon": 0.2, "rings_off_later": 3.0}.get(plan, 14.0) * self.chance.uniform(0.5, 1.3)
        until = time.monotonic() + stays_s
        acted = plan in ("stays", "rings_off_soon", "rings_off_later")
        while time.monotonic() < until:
            state = self.state()
            self.most_at_once = max(self.most_at_once, len(state["other_parties"]))
            if state["ended_at"] is not None:
                break
            if not acted and state["asking"]:
                act = ("digits", {"digits": "*"}) if plan == "danger" else ("speech", {"text": "harbour"})
                self._try(f"/calls/{self.sid}/{act[0]}", act[1])
                acted = True
            time.sleep(0.1)
        self.hung_up_at = time.monotonic()
        self._try(f"/calls/{self.sid}/hangup", {})

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.town.caller(self.number)._ask("GET", f"/calls/{self.sid}")
        return found

    def _try(self, path: str, body: dict[str, str]) -> None:
        with contextlib.suppress(AssertionError):  # the call is over, or asks nothing any more
            self.town.caller(self.number)._ask("POST", path, body)

"""People of the journeys: callers, nurses at their telephones, crews. They use the carrier's phones and our API, no more."""

import base64
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.harness.stack import EXAMPLE, Stack
from tests.harness.waiting import wait_until
from triage import service_file

LINE = "+441632960100"
CREW_LINE = "+441632960120"
SPEED = 10  # the carrier's clock: a greeting of 14 seconds takes 1.4


@dataclass
class Phone:
    """Somebody's telephone, at the local carrier."""

    stack: Stack
    number: str

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.stack.request(method, f"{self.stack.carrier_url}/control{path}", body=body)
        assert answer.status < 300, answer
        return answer.json() if answer.body else None

    def _state(self) -> dict[str, Any]:
        return self._ask("GET", f"/phones/{urllib.parse.quote(self.number, safe='')}")

    def rings(self, line: str = LINE) -> "OnCall":
        return OnCall(self, self._ask("POST", "/calls", {"from": self.number, "to": line})["sid"])

    def is_rung(self, deadline_s: float = 15) -> "OnCall":
        """Waits until this phone rings."""

        def ringing() -> Any:
            return next((c["sid"] for c in self._state()["calls"] if c["incoming"] and c["status"] == "ringing"), None)

        return OnCall(self, wait_until(ringing, deadline_s, what=f"{self.number} is rung"))

    def is_ringing(self) -> bool:
        return any(c["incoming"] and c["status"] == "ringing" for c in self._state()["calls"])

    def answers_by_itself(self, **how: Any) -> None:
        self._ask("PUT", f"/phones/{urllib.parse.quote(self.number, safe='')}", how)

    def texts(self, body: str, to: str = LINE) -> None:
        self._ask("POST", "/texts", {"from": self.number, "to": to, "body": body})

    def sends_picture(self, picture: bytes, to: str = LINE) -> None:
        """A picture without a word."""
        media = [{"type": "image/png", "base64": base64.b64encode(picture).decode()}]
        self._ask("POST", "/texts", {"from": self.number, "to": to, "media": media})

    def received(self) -> list[dict[str, Any]]:
        """The texts this phone has got, oldest first."""
        return [text for text in self._state()["texts"] if text["direction"] == "received"]

    def got_text(self, containing: str, deadline_s: float = 15) -> dict[str, Any]:
        """Waits for a text that contains these words."""

        def found() -> Any:
            for text in self._state()["texts"]:
                if text["to"] == self.number and containing.lower() in text["body"].lower():
                    return text
            return None

        return wait_until(found, deadline_s, what=f"{self.number} gets a text with {containing!r}")


@dataclass
class OnCall:
    """One call, as the person holding the phone meets it."""

    phone: Phone
    sid: str

    def state(self) -> dict[str, Any]:
        return self.phone._ask("GET", f"/calls/{self.sid}")

    def hears(self, words: str, deadline_s: float = 20) -> "OnCall":
        def heard() -> bool:
            return any(words.lower() in said["text"].lower() for said in self.state()["heard"])

        try:
            wait_until(heard, deadline_s, what=f"hears {words!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}; heard: {[said['text'] for said in self.state()['heard']]}") from None
        return self

    def is_asked(self) -> "OnCall":
        wait_until(lambda: self.state()["asking"], 20, what="is asked something")
        return self

    def says(self, words: str) -> "OnCall":
        self.is_asked()
        self.phone._ask("POST", f"/calls/{self.sid}/speech", {"text": words})
        return self

    def presses(self, digits: str) -> "OnCall":
        self.is_asked()
        self.phone._ask("POST", f"/calls/{self.sid}/digits", {"digits": digits})
        return self

    def picks_up(self) -> "OnCall":
        self.phone._ask("POST", f"/calls/{self.sid}/answer", {})
        return self

    def hangs_up(self) -> None:
        self.phone._ask("POST", f"/calls/{self.sid}/hangup", {})

    def is_with(self, other: "OnCall", deadline_s: float = 20) -> "OnCall":
        """Waits until both are in one room, started, and nobody else is."""

        def together() -> bool:
            mine = self.state()
            return mine["conference_started"] and [party["sid"] for party in mine["other_parties"]] == [other.sid]

        wait_until(together, deadline_s, what="together in one room")
        return self

    def is_over(self, deadline_s: float = 20) -> None:
        wait_until(lambda: self.state()["ended_at"] is not None, deadline_s, what="the call is over")

    def is_up(self) -> bool:
        return self.state()["ended_at"] is None


@dataclass
class Colleague:
    """A member of staff with a token."""

    stack: Stack
    email: str
    token: str
    phone: Phone

    def asks(self, method: str, path: str, body: Any = None, expect: int | None = None) -> Any:
        answer = self.stack.api(method, path, self.token, body)
        assert answer.status == expect if expect else answer.status < 300, answer
        return answer.json() if answer.body else None

    def is_ready(self, via: str = "phone") -> "Colleague":
        self.asks("PUT", "/me/presence", {"state": "ready", "via": via})
        return self

    def presence(self) -> str:
        return self.asks("GET", "/me")["presence"]["state"]

    def queue(self) -> list[dict[str, Any]]:
        return self.asks("GET", "/queue")

    def holding(self) -> dict[str, Any] | None:
        return self.asks("GET", "/me")["holding"]

    def waits_until_connected(self) -> dict[str, Any]:
        def connected() -> Any:
            held = self.holding()
            return held if held and held["state"] == "connected" else None

        return wait_until(connected, 20, what="the nurse and the person are connected")


SERVICE = service_file.read(EXAMPLE)


@dataclass
class Town:
    """Everybody, and the service they use."""

    stack: Stack

    def caller(self, number: str = "+447700900123") -> Phone:
        return Phone(self.stack, number)

    def colleague(self, email: str) -> Colleague:
        person = next(person for person in SERVICE.staff if person.email == email)
        return Colleague(self.stack, email, self.stack.token(email), Phone(self.stack, person.phone or ""))

    def crew(self, call_sign: str) -> Phone:
        unit = next(unit for unit in SERVICE.units if unit.call_sign == call_sign)
        return Phone(self.stack, unit.phone)

    def warnings(self) -> list[Any]:
        return self.stack.request("GET", f"{self.stack.carrier_url}/control/warnings").json()["warnings"]

    def clock(self, **change: Any) -> None:
        """Change the carrier's clock: `mode="manual"`, `advance_s=...`, `speed=...`."""
        answer = self.stack.request("POST", f"{self.stack.carrier_url}/control/clock", body=change, timeout_s=120)
        assert answer.status == 200, answer

    def webhooks(self) -> list[dict[str, Any]]:
        return self.stack.request("GET", f"{self.stack.carrier_url}/control/requests").json()["requests"]


@pytest.fixture
def make_town(make_stack: Callable[..., Stack]) -> Callable[..., Town]:
    def make(**options: Any) -> Town:
        return Town(make_stack(**{"carrier_speed": SPEED, **options}))

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, make_town: Callable[..., Town], databases: Any) -> Iterator[Town]:
    """The whole service on each database, really running. Afterwards: no warning of the carrier, no error of ours."""
    made = make_town(database_url=databases.served(request.param), service_file=None)
    yield made
    assert made.warnings() == []
    failed = [line for line in made.stack.logs() if line.get("level") in ("error", "critical") or "unparsed" in line]
    assert not failed, failed[:5]

"""Stand-ins for the world outside: small, honest, and able to fail. Each passes the contract test of the real one."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from triage.ports import CarrierRefused, CarriersCall, CarrierUnavailable, Destination


class Call(NamedTuple):
    """A call we placed."""

    carrier_id: str
    to: str
    from_number: str
    leg_id: str
    ring_s: int


class Move(NamedTuple):
    """A caller taken somewhere."""

    carrier_id: str
    contact_id: str
    where: Destination


class Text(NamedTuple):
    """A text we sent."""

    carrier_id: str
    to: str
    from_number: str
    body: str
    message_id: str
    valid_s: int
    at: datetime


class FakeCarrier:
    """`triage.ports.Carrier` that remembers what it was asked. Told to fail, it fails that many times, then works.

    A failure `after` doing the work is what a lost answer looks like: it happened, and the asker does not know.
    """

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.calls: list[Call] = []
        self.moves: list[Move] = []
        self.hung_up: list[str] = []
        self.texts: list[Text] = []
        self.asked = 0
        self.list_is_behind = False  # what was sent does not stand in the carrier's list yet
        self.erased: list[str] = []
        self.over: set[str] = set()
        self.told: list[tuple[str, str]] = []
        self.told_of: list[str | None] = []
        self.alarm_texts: list[tuple[str, str]] = []
        self.listed: dict[str, CarriersCall] = {}
        self.held: set[str] = set()
        self.text_states: dict[str, tuple[str, str | None]] = {}
        self._clock = clock or (lambda: datetime.now(UTC))
        self._ids = itertools.count(1)
        self._failures: list[tuple[Exception, bool]] = []

    def fails(self, error: Exception, *, times: int = 1, after: bool = False) -> None:
        """The next `times` requests raise `error`: instead of the work, or `after` it was done."""
        self._failures += [(error, after)] * times

    def is_away(self, *, times: int = 1, in_doubt: bool = False, done: bool = False) -> None:
        """Unavailable. `in_doubt`: no answer came back; `done`: and it had happened."""
        self.fails(CarrierUnavailable("away", in_doubt=in_doubt), times=times, after=done)

    def refuses(self, reason: str, *, times: int = 1) -> None:
        """Says no, for good: gone, opted_out, bad_number or refused."""
        self.fails(CarrierRefused(reason), times=times)

    def works_again(self) -> None:
        self._failures.clear()

    def place_call(self, *, to: str, from_number: str, leg_id: str, ring_s: int) -> str:
        return self._do(lambda: self.calls.append(Call(self._id("CA"), to, from_number, leg_id, ring_s)), self.calls)

    def move_caller(self, *, carrier_id: str, contact_id: str, where: Destination) -> None:
        if carrier_id in self.over:
            raise CarrierRefused("gone")
        self._do(lambda: self.moves.append(Move(carrier_id, contact_id, where)))

    def hang_up(self, *, carrier_id: str) -> None:
        def work() -> None:
            self.hung_up.append(carrier_id)
            self.over.add(carrier_id)

        self._do(work)

    def send_text(self, *, to: str, from_number: str, body: str, message_id: str, valid_s: int) -> str:
        return self._do(
            lambda: self.texts.append(Text(self._id("SM"), to, from_number, body, message_id, valid_s, self._clock())),
            self.texts,
        )

    def find_text(self, *, to: str, containing: str, since: datetime) -> str | None:
        self._do(lambda: None)
        for text in [] if self.list_is_behind else self.texts:
            if text.to == to and containing in text.body and text.at >= since:
                return text.carrier_id
        return None

    def has(
        self, carrier_id: str, *, number: str | None = "+447700900123", dialled: str = "+441632960100",
        by_a_person: bool = True, outcome: str | None = None, began_at: datetime | None = None,
        parent: str | None = None,
    ) -> None:  # fmt: skip
        """A call that stands in the carrier's lists, up unless it has an outcome."""
        self.listed[carrier_id] = CarriersCall(carrier_id, number, dialled, by_a_person, outcome, began_at, parent)

    def tell(self, *, to: str, from_number: str, words: str, alarm_id: str | None = None) -> None:
        self._do(lambda: self.told.append((to, words)))
        self.told_of.append(alarm_id)

    def text_alarm(self, *, to: str, from_number: str, words: str) -> None:
        self._do(lambda: self.alarm_texts.append((to, words)))

    def live_calls(self) -> dict[str, CarriersCall]:
        self._do(lambda: None)
        return {carrier_id: call for carrier_id, call in self.listed.items() if call.outcome is None}

    def calls_since(self, since: datetime) -> list[CarriersCall]:
        self._do(lambda: None)
        return [one for one in self.listed.values() if one.by_a_person and one.began_at and one.began_at >= since]

    def call(self, carrier_id: str) -> CarriersCall | None:
        self._do(lambda: None)
        return self.listed.get(carrier_id)

    def held_calls(self) -> set[str]:
        self._do(lambda: None)
        return set(self.held)

    def text_state(self, carrier_id: str) -> tuple[str, str | None] | None:
        self._do(lambda: None)
        return self.text_states.get(carrier_id)

    def erase_text(self, *, carrier_id: str) -> None:
        self._do(lambda: self.erased.append(carrier_id))

    def _id(self, kind: str) -> str:
        return f"{kind}{next(self._ids):032x}"

    def _do(self, work: Callable[[], None], made: list[Any] | None = None) -> Any:
        self.asked += 1
        error, after = self._failures.pop(0) if self._failures else (None, False)
        if error and not after:
            raise error
        work()
        if error:
            raise error
        return made[-1].carrier_id if made else None

"""Queues: who waits, in order of arrival, and how each wait ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .calls import Bridge, Leg
from .sids import new_sid

if TYPE_CHECKING:
    from .carrier import Carrier
    from .orders import Source

USUAL_SIZE = 1000
LARGEST = 5000


@dataclass(eq=False)
class Member:
    """One call waiting in a queue."""

    leg: Leg
    queue: Queue
    joined_at: float
    date_enqueued: datetime
    result: str | None = None
    bridge: Bridge | None = None
    before_bridge: Source | None = None
    taken_by: Leg | None = None

    def settle(self, result: str) -> None:
        """End the wait with Twilio's QueueResult; the first result stands. Hanging up once bridged is `bridged`."""
        if self.result is None:
            bridged = {"redirected": "redirected-from-bridged", "hangup": "bridged"} if self.bridge else {}
            self.result = bridged.get(result, result)
            self.queue.remove(self)
            self.leg.left_queue_at = self.leg.carrier.clock.now()
            self.leg.stir()

    @property
    def waited_s(self) -> int:
        """Whole carrier seconds in the queue."""
        return int(self.leg.carrier.clock.now() - self.joined_at)

    @property
    def position(self) -> int:
        """Place in order of arrival, from 1; 0 once gone."""
        return self.queue.members.index(self) + 1 if self in self.queue.members else 0

    def params(self) -> dict[str, str]:
        """What a wait document's request says of the queue."""
        with self.leg.carrier.clock.lock:
            return {
                "QueueSid": self.queue.sid,
                "QueuePosition": str(self.position),
                "QueueTime": str(self.waited_s),
                "AvgQueueTime": str(self.queue.average_wait_s),
                "CurrentQueueSize": str(len(self.queue.members)),
                "MaxQueueSize": str(self.queue.max_size),
            }


@dataclass(eq=False)
class Queue:
    """A named queue. Made by the first Enqueue that names it, or by REST."""

    carrier: Carrier
    name: str
    max_size: int = USUAL_SIZE
    sid: str = field(default_factory=lambda: new_sid("QU"))
    members: list[Member] = field(default_factory=list)
    date_created: datetime = field(default_factory=lambda: datetime.now(UTC))
    dialling: list[Leg] = field(default_factory=list)

    @property
    def average_wait_s(self) -> int:
        """Mean wait of those waiting now."""
        return sum(m.waited_s for m in self.members) // len(self.members) if self.members else 0

    def join(self, leg: Leg) -> Member | None:
        """Add a call at the end. None when the queue is full."""
        clock = self.carrier.clock
        with clock.lock:
            if len(self.members) >= self.max_size:
                return None
            member = Member(leg, self, clock.now(), datetime.now(UTC))
            self.members.append(member)
            leg.member = member
            leg.queued_at = clock.now() if leg.queued_at is None else leg.queued_at
            leg.left_queue_at = None
            for waiting in self.dialling:
                waiting.stir()
            return member

    def remove(self, member: Member) -> None:
        """Take a call out, if it is still in."""
        with self.carrier.clock.lock:
            if member in self.members:
                self.members.remove(member)

    def take_front(self, by: Leg, before_bridge: Source | None) -> Member | None:
        """Promise the call at the front to `by`; None while nobody waits."""
        with self.carrier.clock.lock:
            if not self.members:
                return None
            member = self.members[0]
            member.taken_by, member.before_bridge = by, before_bridge
            self.remove(member)
            member.leg.stir()
            return member

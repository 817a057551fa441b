"""One leg of a call: its state, what the person at its end hears and does, and the orders that change its
course.

A leg's own thread carries out its documents and waits in `Leg.wait`; every other thread changes a leg only
through the methods here, under the carrier's one lock. An order (hang-up, or a move to another document)
interrupts any wait.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .orders import Broken, Callback, Ended, Moved, Source
from .sids import new_sid

if TYPE_CHECKING:
    from .carrier import Carrier
    from .queues import Member
    from .rooms import Participant

LIVE = frozenset({"queued", "ringing", "in-progress"})
EVENT_STATUS = {"initiated": "initiated", "ringing": "ringing", "answered": "in-progress"}


@dataclass(eq=False)
class Bridge:
    """Two legs joined directly, by Dial Number, Client or Queue."""

    legs: tuple[Leg, Leg]
    began: float
    open: bool = True

    @classmethod
    def join(cls, one: Leg, other: Leg) -> Bridge:
        """Join two legs: from now each hears the other's person."""
        with one.carrier.clock.lock:
            bridge = cls((one, other), one.carrier.clock.now())
            one.bridge = other.bridge = bridge
            one.stir()
            other.stir()
            return bridge

    def close(self) -> None:
        """Part the two; both hear silence and go on with their documents."""
        self.open = False
        for leg in self.legs:
            if leg.bridge is self:
                leg.bridge = None
            leg.stir()


@dataclass
class Asking:
    """What a Gather is listening for at this moment."""

    digits: bool
    speech: bool
    num_digits: int | None
    finish_on_key: str


class Leg:
    """One leg of a call. `person` is the phone at its end: a number, or client: and an identity."""

    def __init__(
        self,
        carrier: Carrier,
        *,
        direction: str,
        from_: str,
        to: str,
        person: str,
        params: Mapping[str, str] | None = None,
        callback: Callback | None = None,
        fallback: Source | None = None,
        parent: Leg | None = None,
        forwarded_from: str = "",
    ) -> None:
        self.carrier = carrier
        self.sid = new_sid("CA")
        self.direction = direction
        self.from_, self.to, self.person = from_, to, person
        self.custom_params = dict(params or {})
        self.callback = callback
        self.fallback = fallback
        self.parent = parent
        self.forwarded_from = forwarded_from
        self.status = "queued" if direction.startswith("outbound") else "ringing"
        self.created_at = carrier.clock.now()
        self.date_created = self.date_updated = datetime.now(UTC)
        self.date_answered: datetime | None = None
        self.date_ended: datetime | None = None
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.queued_at: float | None = None
        self.left_queue_at: float | None = None
        self.heard: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.asking: Asking | None = None
        self.digits = ""
        self.speech: str | None = None
        self.member: Member | None = None
        self.participant: Participant | None = None
        self.bridge: Bridge | None = None
        self.peer: Leg | None = None
        self.children: list[Leg] = []
        self.machine = False
        self.detects_machine = False
        self.paced_s = 0.0
        self.presses: list[str] = []
        self.bell = carrier.clock.bell()
        self._sequence = 0
        self._order: Moved | Ended | None = None
        self._vanishing = False
        self._breakers: list[Callable[[], bool]] = []

    # What happens to the leg

    @property
    def over(self) -> bool:
        """Whether the leg has ended, for whatever reason."""
        return self.status not in LIVE

    def answer(self) -> None:
        """The called end picks up. Repeating it changes nothing."""
        with self.carrier.clock.lock:
            if self.over or self.status == "in-progress":
                return
            self.status = "in-progress"
            self.answered_at = self.carrier.clock.now()
            self.date_answered = self.date_updated = datetime.now(UTC)
            if self.peer is not None:
                self.peer.answer()
        self.progress("answered")
        self.stir()

    def ringing(self) -> None:
        """The far phone is ringing."""
        with self.carrier.clock.lock:
            self.status = "ringing"
        self.progress("ringing")

    def end(self, status: str = "completed", reason: str = "participant_hung_up") -> None:
        """End the leg: it leaves its queue, room and bridge at once, and its callback goes out.

        Safe to repeat.
        """
        with self.carrier.clock.lock:
            if self.over:
                return
            if status == "completed" and self.answered_at is None:
                status = "canceled" if self.direction.startswith("outbound") else "no-answer"
            self.status = status
            self.ended_at = self.carrier.clock.now()
            self.date_ended = self.date_updated = datetime.now(UTC)
            self.asking = None
            self._order = Ended()
            if self.member is not None:
                self.member.settle("hangup")
            if self.participant is not None:
                self.participant.remove(reason)
            if self.bridge is not None:
                self.bridge.close()
            for child in self.children:
                child.end("completed" if child.answered_at is not None else "canceled")
            if self.peer is not None:
                self.peer.end("completed" if self.peer.answered_at is not None else status)
            self.stir()
            if self.parent is not None:
                self.parent.stir()
        self.progress("completed")
        self.carrier.log("call ended", sid=self.sid, status=self.status)

    def move(self, source: Source) -> bool:
        """Send the leg to another document. False when there is no call in progress to send."""
        with self.carrier.clock.lock:
            if self.status != "in-progress":
                return False
            if self.member is not None:
                self.member.settle("redirected")
            self._vanishing = self.carrier.faults.take("hang_up_mid_bridge") is not None
            self._order = Moved(source)
            self.stir()
            return True

    def stir(self) -> None:
        """Have the leg's thread look again at what it waits for."""
        with self.carrier.clock.lock:
            self.bell.notify_all()

    # How the leg's own thread waits

    def wait(self, seconds: float | None = None, until: Callable[[], bool] | None = None) -> bool:
        """Let carrier time pass.

        True as soon as `until` holds. Raises what interrupts: Moved, Ended or Broken.
        """
        with self.carrier.clock.lock:
            self.check()
            self.carrier.clock.wait(self.bell, seconds, lambda: self._interrupted() or (until is not None and until()))
            self.check()
            return until is not None and until()

    def check(self) -> None:
        """Raise the interruption that has come meanwhile, if one has."""
        with self.carrier.clock.lock:
            order = self._order
            if order is not None:
                if isinstance(order, Moved):
                    self._order = None
                    if self._vanishing:
                        self.end()
                        raise Ended
                raise order
            for test in self._breakers:
                if test():
                    raise Broken(test)

    @contextlib.contextmanager
    def broken_by(self, test: Callable[[], bool]) -> Iterator[None]:
        """Leave the block, quietly, as soon as `test` holds (whoever makes it so must `stir` the leg)."""
        self._breakers.append(test)
        try:
            yield
        except Broken as broken:
            if broken.test is not test:
                raise
        finally:
            self._breakers.remove(test)

    def _interrupted(self) -> bool:
        return self._order is not None or any(test() for test in self._breakers)

    # What the person hears, says and presses

    def hear(self, who: str, text: str, party: str | None = None) -> None:
        """Something reaches the person's ear: `who` is line, carrier, sound or other (then `party` is their
        call).
        """
        with self.carrier.clock.lock:
            entry: dict[str, Any] = {"at_s": self._at(), "who": who, "text": text}
            if party:
                entry["party"] = party
            self.heard.append(entry)
            if self.peer is not None and who in {"line", "carrier"}:
                self.peer.heard.append({"at_s": self.peer._at(), "who": "other", "text": text, "party": self.sid})

    def say(self, text: str) -> int:
        """The person speaks: heard by whoever is joined to them now. Returns how many heard it."""
        with self.carrier.clock.lock:
            self.said.append({"at_s": self._at(), "text": text})
            if self.participant is not None and not self.participant.can_speak:
                return 0
            listeners = self.others()
            for other in listeners:
                other.hear("other", text, self.sid)
            return len(listeners)

    def press(self, digits: str) -> bool:
        """The person presses keys. True when a Gather was listening for them."""
        with self.carrier.clock.lock:
            self.said.append({"at_s": self._at(), "text": f"[{digits}]"})
            if self.asking is None or not self.asking.digits:
                return False
            self.digits += digits
            self.stir()
            return True

    def answer_aloud(self, text: str) -> bool:
        """The person speaks when asked.

        True when a Gather was listening for speech; others hear it if not.
        """
        with self.carrier.clock.lock:
            if self.asking is None or not self.asking.speech:
                self.say(text)
                return False
            self.said.append({"at_s": self._at(), "text": text})
            self.speech = text
            self.stir()
            return True

    def others(self) -> list[Leg]:
        """The legs whose people can be heard by this one's and the other way round."""
        if self.participant is not None:
            return self.participant.others()
        if self.bridge is not None:
            return [leg for leg in self.bridge.legs if leg is not self]
        return []

    def _at(self) -> float:
        return round(self.carrier.clock.now() - self.created_at, 2)

    # What the service is told

    def params(self) -> dict[str, str]:
        """The parameters of every voice webhook about this leg."""
        country = {"From": self.from_, "To": self.to}
        form = {
            "CallSid": self.sid,
            "AccountSid": self.carrier.settings.account_sid,
            "From": self.from_,
            "To": self.to,
            "Caller": self.from_,
            "Called": self.to,
            "CallStatus": self.status,
            "Direction": self.direction,
            "ApiVersion": "2010-04-01",
        }
        for end, number in [*country.items(), ("Caller", self.from_), ("Called", self.to)]:
            if not number.startswith("client:"):
                form |= {f"{end}City": "", f"{end}State": "", f"{end}Zip": ""}
                form[f"{end}Country"] = "GB" if number.startswith("+44") else ""
        if self.answered_by:
            form["AnsweredBy"] = self.answered_by
        if self.forwarded_from:
            form["ForwardedFrom"] = self.forwarded_from
        if self.parent is not None:
            form["ParentCallSid"] = self.parent.sid
        return {**self.custom_params, **form}

    def progress(self, event: str) -> None:
        """Tell the leg's status callback, where it asked for this event."""
        callback = self.callback
        if callback is None or not callback.url or event not in callback.events:
            return
        form = self.params()
        form["CallStatus"] = EVENT_STATUS.get(event, self.status)
        form["CallbackSource"] = "call-progress-events"
        form["Timestamp"] = http_date(datetime.now(UTC))
        with self.carrier.clock.lock:
            form["SequenceNumber"] = str(self._sequence)
            self._sequence += 1
        if event == "completed":
            form |= {"CallDuration": str(self.duration_s), "Duration": str(-(-self.duration_s // 60))}
        self.carrier.callbacks.post(self.sid, callback.url, form, kind="voice-status", method=callback.method)

    @property
    def answered_by(self) -> str | None:
        """What picked up, where the call was placed with machine detection."""
        if not self.detects_machine or self.answered_at is None:
            return None
        return "machine_start" if self.machine else "human"

    @property
    def duration_s(self) -> int:
        """Whole carrier seconds from answer to end (or to now)."""
        if self.answered_at is None:
            return 0
        end = self.carrier.clock.now() if self.ended_at is None else self.ended_at
        return round(end - self.answered_at)


def http_date(when: datetime) -> str:
    """A date as Twilio writes it: RFC 2822, UTC."""
    return when.strftime("%a, %d %b %Y %H:%M:%S +0000")

"""Rooms: conferences, who is in them, and the events told to the first joiner's callback."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .calls import Leg, http_date
from .orders import Callback, Source
from .sids import new_sid

if TYPE_CHECKING:
    from .carrier import Carrier


@dataclass(eq=False)
class Participant:
    """One call in a room."""

    leg: Leg
    room: Room
    label: str = ""
    muted: bool = False
    hold: bool = False
    starts: bool = True
    ends: bool = False
    beep: str = "true"
    coach: str = ""
    hold_source: Source | None = None
    announce: Source | None = None
    removed: str | None = None
    date_created: datetime = field(default_factory=lambda: datetime.now(UTC))
    date_updated: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def can_speak(self) -> bool:
        """Whether the others hear this one."""
        return self.room.started and not self.muted and not self.hold and self.removed is None

    def others(self) -> list[Leg]:
        """The other people in the room who are not on hold, once it has started."""
        if not self.room.started or self.hold:
            return []
        room = [p for p in self.room.participants if p is not self and not p.hold]
        if self.coach:
            room = [p for p in room if p.leg.sid == self.coach]
        return [p.leg for p in room]

    def remove(self, reason: str) -> None:
        """Take the call out of the room, once; ends the room where this one's leaving does."""
        self.room.leave(self, reason)


@dataclass(eq=False)
class Room:
    """A conference from its first joiner to its last."""

    carrier: Carrier
    name: str
    callback: Callback | None
    largest: int = 250
    sid: str = field(default_factory=lambda: new_sid("CF"))
    status: str = "init"
    participants: list[Participant] = field(default_factory=list)
    date_created: datetime = field(default_factory=lambda: datetime.now(UTC))
    date_updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    reason_ended: str | None = None
    ended_by: str | None = None
    _sequence: int = 0

    @property
    def started(self) -> bool:
        """Whether people hear each other."""
        return self.status == "in-progress"

    def join(self, participant: Participant) -> None:
        """Bring a call in; with two in the room and one of them allowed to start it, it starts."""
        with self.carrier.clock.lock:
            self.participants.append(participant)
            participant.leg.participant = participant
            if participant.beep in {"true", "onEnter"}:
                self._beep(participant)
            self.tell("join", participant)
            if self.status == "init" and len(self.participants) > 1 and any(p.starts for p in self.participants):
                self.status = "in-progress"
                self.tell("start", None, CallSid=participant.leg.sid)
            self._stir()

    def leave(self, participant: Participant, reason: str) -> None:
        """Take a call out. The last to leave, or one whose leaving ends the room, ends it."""
        with self.carrier.clock.lock:
            if participant.removed is not None:
                return
            participant.removed = reason
            self.participants.remove(participant)
            if participant.leg.participant is participant:
                participant.leg.participant = None
            if participant.beep in {"true", "onExit"}:
                self._beep(participant)
            self.tell(
                "leave",
                participant,
                ReasonParticipantLeft=reason,
                ParticipantCallStatus=participant.leg.status,
            )
            participant.leg.stir()
            if self.status == "completed":
                return
            if participant.ends and reason != "conference_ended_via_api":
                self.end(
                    "participant-with-end-conference-on-exit-left",
                    participant.leg,
                    "moderator_ended_conference",
                )
            elif not self.participants:
                self.end("last-participant-left", participant.leg)
            self._stir()

    def end(self, why: str, by: Leg | None = None, reason: str = "conference_ended_via_api") -> None:
        """End the room for everyone in it."""
        with self.carrier.clock.lock:
            if self.status == "completed":
                return
            self.status = "completed"
            self.reason_ended, self.ended_by = why, by.sid if by else None
            for participant in list(self.participants):
                self.leave(participant, reason)
            self.tell("end", None, ReasonConferenceEnded=why, CallSidEndingConference=by.sid if by else "")

    def say(self, words: str) -> None:
        """Something everybody in the room hears."""
        for participant in self.participants:
            participant.leg.hear("line", words)

    def tell(self, event: str, participant: Participant | None, said_as: str = "", **extra: str) -> None:
        """Tell the room's callback, where it asked for this kind of event.

        Events of one room are numbered from 1.
        """
        self.date_updated = datetime.now(UTC)
        self._sequence += 1
        callback = self.callback
        if callback is None or event not in callback.events:
            return
        form = {
            "StatusCallbackEvent": said_as or f"{'conference' if participant is None else 'participant'}-{event}",
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "AccountSid": self.carrier.settings.account_sid,
            "SequenceNumber": str(self._sequence),
            "Timestamp": http_date(datetime.now(UTC)),
        }
        if participant is not None:
            form |= {
                "CallSid": participant.leg.sid,
                "Muted": str(participant.muted).lower(),
                "Hold": str(participant.hold).lower(),
                "Coaching": str(bool(participant.coach)).lower(),
                "EndConferenceOnExit": str(participant.ends).lower(),
                "StartConferenceOnEnter": str(participant.starts).lower(),
            }
            if participant.label:
                form["ParticipantLabel"] = participant.label
        self.carrier.callbacks.post(self.sid, callback.url, form | extra, kind="room-status", method=callback.method)

    def _beep(self, about: Participant) -> None:
        for participant in [*self.participants, about]:
            if participant.removed is None:
                participant.leg.hear("sound", "(beep)")

    def _stir(self) -> None:
        for participant in self.participants:
            participant.leg.stir()

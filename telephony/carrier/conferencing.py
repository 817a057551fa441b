"""Dial Conference: a call's stay in a room, with what it hears before the room starts and while on hold."""

from __future__ import annotations

from .calls import Leg
from .documents import fetch, follow, perform
from .markup import DocumentFailed, Verb
from .orders import Callback, Source
from .rooms import Participant, Room

USUAL_EVENTS = "start end"


def take_part(leg: Leg, noun: Verb, source: Source) -> str:
    """`<Conference>`: stay until removed, moved or gone. Returns the DialCallStatus."""
    carrier = leg.carrier
    callback = None
    if url := noun.get("statusCallback"):
        events = frozenset(noun.get("statusCallbackEvent", USUAL_EVENTS).split())
        callback = Callback(follow(source, url, "").url, noun.get("statusCallbackMethod", "POST"), events)
    label, coach = noun.get("participantLabel"), noun.get("coach")
    with carrier.clock.lock:
        room = carrier.open_room(noun.text, callback, noun.number("maxParticipants", 250))
        problem = _problem(room, label, coach)
        if problem is None:
            participant = Participant(
                leg,
                room,
                label=label,
                muted=noun.true("muted", False),
                starts=noun.true("startConferenceOnEnter", True),
                ends=noun.true("endConferenceOnExit", False),
                beep=noun.get("beep", "true"),
                coach=coach,
            )
            room.join(participant)
    if problem is not None:
        carrier.warn(*problem, sid=leg.sid, url=source.url)
        return "failed"
    failed = False
    try:
        with leg.broken_by(lambda: participant.removed is not None):
            _stay(leg, participant, noun, source)
            failed = True
    finally:
        participant.remove("participant_hung_up" if leg.over else "participant_updated_via_api")
    return "failed" if failed else "completed"


def _problem(room: Room, label: str, coach: str) -> tuple[int, str] | None:
    if label and any(p.label == label for p in room.participants):
        return 16025, "the participant label is already in the room"
    if len(room.participants) >= room.largest:
        return 16023, "the room is full"
    if coach and not any(p.leg.sid == coach for p in room.participants):
        return 13240, "nobody in the room has the call to be coached"
    return None


def _stay(leg: Leg, participant: Participant, noun: Verb, source: Source) -> None:
    """Returns only when the document to be heard while waiting fails, which puts the call out of the room."""
    room, waited = participant.room, False
    while True:
        if (announce := participant.announce) is not None:
            participant.announce = None
            _play(leg, announce, participant)
        elif participant.hold:
            with leg.broken_by(lambda: not participant.hold):
                _play(leg, participant.hold_source, participant)
                leg.wait()
        elif not room.started and not waited:
            waited = True
            url = noun.get("waitUrl")
            wait = follow(source, url, noun.get("waitMethod", "POST")) if url else None
            with leg.broken_by(lambda: room.started or participant.announce is not None):
                if "waitUrl" in noun.attributes and not url:
                    continue
                if not _play(leg, wait, participant):
                    return
        else:
            leg.wait(until=lambda: participant.announce is not None or participant.hold)


def _play(leg: Leg, first: Source | None, participant: Participant) -> bool:
    """Plays a document of the holding kind once through, or music where there is none.

    False when it failed.
    """
    if first is None:
        leg.hear("sound", "(music)")
        return True
    following: Source | None = first
    while following is not None:
        began = leg.carrier.clock.now()
        try:
            extra = {"ConferenceSid": participant.room.sid, "FriendlyName": participant.room.name}
            document = fetch(leg, following, "hold", extra)
        except DocumentFailed as failure:
            leg.carrier.warn(failure.code, str(failure), sid=leg.sid, url=following.url)
            return False
        following = perform(leg, document, following)
        spent = leg.carrier.clock.now() - began
        if following is not None and spent < 1:
            leg.wait(1 - spent)
    return True

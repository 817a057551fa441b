"""REST: conferences and participants.

Source: twilio.com/docs/voice/api/conference-resource, /participant-resource.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Blueprint, Response, jsonify, request

from .carrier import Carrier
from .orders import FINISHED_ONLY, Callback, Source
from .rest import BASE, PAGING, Refused, boolean, method, not_found, only, page, rfc2822, web_address, whole
from .rest_calls import CALLABLE, EVENTS
from .rooms import Participant, Room
from .words import names

CREATE = names(
    "From To StatusCallback StatusCallbackMethod StatusCallbackEvent Label Timeout Muted Beep "
    "StartConferenceOnEnter EndConferenceOnExit WaitUrl WaitMethod MaxParticipants "
    "ConferenceStatusCallback ConferenceStatusCallbackMethod ConferenceStatusCallbackEvent Coaching "
    "CallSidToCoach CallerId EarlyMedia JitterBufferSize"
)
UPDATE = names(
    "Muted Hold HoldUrl HoldMethod AnnounceUrl AnnounceMethod WaitUrl WaitMethod BeepOnExit "
    "EndConferenceOnExit Coaching CallSidToCoach"
)
TO_NOUN = {
    "Label": "participantLabel",
    "Muted": "muted",
    "Beep": "beep",
    "StartConferenceOnEnter": "startConferenceOnEnter",
    "EndConferenceOnExit": "endConferenceOnExit",
    "WaitUrl": "waitUrl",
    "WaitMethod": "waitMethod",
    "MaxParticipants": "maxParticipants",
    "ConferenceStatusCallback": "statusCallback",
    "ConferenceStatusCallbackMethod": "statusCallbackMethod",
    "CallSidToCoach": "coach",
    "JitterBufferSize": "jitterBufferSize",
}


def shown_room(room: Room) -> dict[str, Any]:
    """A conference as Twilio shows it."""
    account = room.carrier.settings.account_sid
    base = f"/2010-04-01/Accounts/{account}/Conferences/{room.sid}"
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "call_sid_ending_conference": room.ended_by,
        "date_created": rfc2822(room.date_created),
        "date_updated": rfc2822(room.date_updated),
        "friendly_name": room.name,
        "reason_conference_ended": room.reason_ended,
        "region": "us1",
        "sid": room.sid,
        "status": room.status,
        "subresource_uris": {
            "participants": f"{base}/Participants.json",
            "recordings": f"{base}/Recordings.json",
        },
        "uri": f"{base}.json",
    }


def _shown(room: Room, call_sid: str, **over: Any) -> dict[str, Any]:
    account = room.carrier.settings.account_sid
    now = rfc2822(datetime.now(UTC))
    return {
        "account_sid": account,
        "call_sid": call_sid,
        "call_sid_to_coach": None,
        "coaching": False,
        "conference_sid": room.sid,
        "date_created": now,
        "date_updated": now,
        "end_conference_on_exit": False,
        "hold": False,
        "label": None,
        "muted": False,
        "queue_time": "0",
        "start_conference_on_enter": True,
        "status": "connected",
        "uri": f"/2010-04-01/Accounts/{account}/Conferences/{room.sid}/Participants/{call_sid}.json",
        **over,
    }


def shown_participant(participant: Participant) -> dict[str, Any]:
    """A participant as Twilio shows it."""
    return _shown(
        participant.room,
        participant.leg.sid,
        call_sid_to_coach=participant.coach or None,
        coaching=bool(participant.coach),
        date_created=rfc2822(participant.date_created),
        date_updated=rfc2822(participant.date_updated),
        end_conference_on_exit=participant.ends,
        hold=participant.hold,
        label=participant.label or None,
        muted=participant.muted,
        start_conference_on_enter=participant.starts,
    )


def blueprint(carrier: Carrier) -> Blueprint:
    """The routes of /Conferences and /Conferences/.../Participants."""
    routes = Blueprint("rest_rooms", __name__, url_prefix=BASE)

    @routes.get("/Conferences.json")
    def read() -> Response:
        args = request.args
        days = {f"{name}{sign}" for name in ("DateCreated", "DateUpdated") for sign in ("", "<", ">")}
        only(args, {"FriendlyName", "Status"} | days | PAGING)
        if args.get("Status", "init") not in {"init", "in-progress", "completed"}:
            raise Refused(400, 20001, "Status is not a conference status")
        with carrier.clock.lock:
            found = [
                shown_room(room)
                for room in reversed(carrier.rooms)
                if args.get("FriendlyName", room.name) == room.name and args.get("Status", room.status) == room.status
            ]
        return page(found, "conferences")

    @routes.get("/Conferences/<sid>.json")
    def fetch(sid: str) -> Response:
        return jsonify(shown_room(_room(sid)))

    @routes.post("/Conferences/<sid>.json")
    def update(sid: str) -> Response:
        form = request.form
        only(form, {"Status", "AnnounceUrl", "AnnounceMethod"})
        room = _room(sid)
        if form.get("Status", "completed") != "completed":
            raise Refused(400, 20001, "Status can only be completed")
        announce = web_address(form, "AnnounceUrl", 21205)
        if room.status == "completed":
            raise Refused(400, 21220, "The conference has already ended")
        if form.get("Status"):
            room.end("conference-ended-via-api")
        elif announce:
            with carrier.clock.lock:
                for participant in room.participants:
                    _announce(participant, announce)
        return jsonify(shown_room(room))

    @routes.get("/Conferences/<sid>/Participants.json")
    def participants(sid: str) -> Response:
        args = request.args
        only(args, {"Muted", "Hold", "Coaching"} | PAGING)
        with carrier.clock.lock:
            found = [shown_participant(p) for p in _room(sid).participants]
        for name in ("Muted", "Hold", "Coaching"):
            if name in args:
                wanted = boolean(args, name, True)
                found = [row for row in found if row[name.lower()] is wanted]
        return page(found, "participants")

    @routes.post("/Conferences/<sid>/Participants.json")
    def create(sid: str) -> tuple[Response, int]:
        form = request.form
        only(form, CREATE)
        to, from_ = form.get("To", ""), form.get("From", "")
        if not to or not CALLABLE.fullmatch(to):
            raise Refused(400, 21211 if to else 21201, "Invalid 'To' Phone Number")
        if not from_ or not (from_.startswith("client:") or carrier.may_send_from(from_)):
            raise Refused(400, 21212, "Invalid 'From' Number")
        if len(form.get("Label", "")) > 128:
            raise Refused(400, 16025, "Label is longer than 128 characters")
        room = carrier.room(sid)
        if room is None:
            if sid.startswith("CF"):
                raise not_found()
            url = web_address(form, "ConferenceStatusCallback", 21609)
            kinds = frozenset(" ".join(form.getlist("ConferenceStatusCallbackEvent") or ["start end"]).split())
            callback = Callback(url, method(form, "ConferenceStatusCallbackMethod"), kinds) if url else None
            room = carrier.open_room(sid, callback, whole(form, "MaxParticipants", 2, 250, 250))
        url = web_address(form, "StatusCallback", 21609)
        events = frozenset(" ".join(form.getlist("StatusCallbackEvent")).split())
        if not events <= EVENTS:
            raise Refused(400, 21626, f"StatusCallbackEvent must be among {', '.join(sorted(EVENTS))}")
        leg = carrier.place(
            form.get("CallerId") or from_,
            to,
            Source(markup=_joining(room.name)),
            timeout_s=whole(form, "Timeout", 5, 600, 60),
            callback=Callback(url, method(form, "StatusCallbackMethod"), events or FINISHED_ONLY) if url else None,
            fallback=None,
        )
        answer = _shown(
            room,
            leg.sid,
            label=form.get("Label") or None,
            muted=boolean(form, "Muted", False),
            start_conference_on_enter=boolean(form, "StartConferenceOnEnter", True),
            end_conference_on_exit=boolean(form, "EndConferenceOnExit", False),
            call_sid_to_coach=form.get("CallSidToCoach"),
            coaching=boolean(form, "Coaching", False),
            status="queued",
        )
        return jsonify(answer), 201

    @routes.get("/Conferences/<sid>/Participants/<who>.json")
    def fetch_participant(sid: str, who: str) -> Response:
        with carrier.clock.lock:
            return jsonify(shown_participant(_participant(sid, who)))

    @routes.post("/Conferences/<sid>/Participants/<who>.json")
    def update_participant(sid: str, who: str) -> Response:
        form = request.form
        only(form, UPDATE)
        with carrier.clock.lock:
            participant = _participant(sid, who)
            _change(participant)
            participant.date_updated = datetime.now(UTC)
            participant.leg.stir()
            return jsonify(shown_participant(participant))

    @routes.delete("/Conferences/<sid>/Participants/<who>.json")
    def remove(sid: str, who: str) -> tuple[str, int]:
        with carrier.clock.lock:
            _participant(sid, who).remove("participant_updated_via_api")
        return "", 204

    def _room(sid: str) -> Room:
        with carrier.clock.lock:
            for room in carrier.rooms:
                if room.sid == sid:
                    return room
        raise not_found()

    def _participant(sid: str, who: str) -> Participant:
        for participant in _room(sid).participants:
            if who in {participant.leg.sid, participant.label}:
                return participant
        raise not_found()

    return routes


def _change(participant: Participant) -> None:
    form, room = request.form, participant.room
    muted, hold = boolean(form, "Muted", participant.muted), boolean(form, "Hold", participant.hold)
    hold_url, announce = web_address(form, "HoldUrl", 21205), web_address(form, "AnnounceUrl", 21205)
    participant.ends = boolean(form, "EndConferenceOnExit", participant.ends)
    if "BeepOnExit" in form:
        participant.beep = "onExit" if boolean(form, "BeepOnExit", False) else "false"
    if "CallSidToCoach" in form or "Coaching" in form:
        participant.coach = form.get("CallSidToCoach", "") if boolean(form, "Coaching", True) else ""
        room.tell("modify", participant)
    if muted != participant.muted:
        participant.muted = muted
        room.tell("mute", participant, "participant-mute" if muted else "participant-unmute")
    if hold != participant.hold:
        participant.hold = hold
        participant.hold_source = Source(hold_url, method(form, "HoldMethod")) if hold_url else None
        room.tell("hold", participant, "participant-hold" if hold else "participant-unhold")
    if announce:
        _announce(participant, announce)


def _announce(participant: Participant, url: str) -> None:
    participant.announce = Source(url, method(request.form, "AnnounceMethod"))
    participant.room.tell("announcement", participant, "announcement-end")
    participant.leg.stir()


def _joining(name: str) -> str:
    form = request.form
    response = Element("Response")
    attributes = {noun: form[given] for given, noun in TO_NOUN.items() if form.get(given)}
    if events := form.getlist("ConferenceStatusCallbackEvent"):
        attributes["statusCallbackEvent"] = " ".join(events)
    SubElement(SubElement(response, "Dial"), "Conference", attributes).text = name
    return tostring(response, encoding="unicode")

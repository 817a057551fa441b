"""The control API: what a person's hands, ears and phone do, for tests, the demo, the stand-in softphone and
the phone page.

JSON in and out, on this machine only, no credentials. Times ending in `_s` are carrier seconds; those of one
call count from when it was placed.
"""

from __future__ import annotations

import base64
import re
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, request

from .calls import Leg
from .carrier import Carrier, NoSuchLine
from .control_views import call_view, text_view
from .dialling import answer_by_machine
from .faults import Fault
from .messages import MOST_MEDIA, MOST_MEDIA_BYTES, Media
from .phones import Phone
from .settings import Line, WrongSetting

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
DIALLABLE = re.compile(r"\+?\d{3,15}")
CALLER = re.compile(r"\+?\d{3,15}|client:[^\s]{1,256}|anonymous|Anonymous|Restricted|Unavailable|Private")
KEYS = re.compile(r"[0-9*#wW]{1,64}")
CONTENT_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+(; ?[a-z0-9=-]+)?")
RECENT_CALLS = 20


class Wrong(Exception):
    """A request the control API does not carry out, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


def blueprint(carrier: Carrier) -> Blueprint:
    """The routes of /control."""
    routes = Blueprint("control", __name__, url_prefix="/control")
    routes.before_request(_only_this_machine)
    routes.after_request(_share)

    @routes.errorhandler(Wrong)
    def wrong(problem: Wrong) -> tuple[Response, int]:
        return jsonify({"error": problem.why}), problem.status

    @routes.errorhandler(ValueError)
    def nonsense(problem: ValueError) -> tuple[Response, int]:
        return jsonify({"error": str(problem)}), 400

    @routes.errorhandler(WrongSetting)
    def wrong_setting(problem: WrongSetting) -> tuple[Response, int]:
        return jsonify({"error": str(problem)}), 400

    @routes.get("/health")
    def health() -> Response:
        return jsonify({"ok": True, "calls": sum(not leg.over for leg in carrier.calls.values())})

    @routes.post("/reset")
    def reset() -> Response:
        carrier.start_afresh()
        return jsonify({"ok": True})

    # Lines

    @routes.get("/numbers")
    def numbers() -> Response:
        shown = {number: line.shown() for number, line in carrier.settings.numbers.items()}
        return jsonify({"numbers": shown, "defaults": carrier.settings.defaults.shown()})

    @routes.get("/numbers/<number>")
    def number(number: str) -> Response:
        line = carrier.settings.numbers.get(number)
        if line is None:
            raise Wrong(404, "no such line")
        return jsonify(line.shown())

    @routes.put("/numbers/<number>")
    def set_number(number: str) -> Response:
        if not DIALLABLE.fullmatch(number):
            raise Wrong(400, "a number is + and digits")
        line = Line.read(_body(), "line")
        carrier.set_line(number, line)
        return jsonify(line.shown())

    @routes.get("/defaults")
    def defaults() -> Response:
        return jsonify(carrier.settings.defaults.shown())

    @routes.put("/defaults")
    def set_defaults() -> Response:
        carrier.settings.defaults = Line.read(_body(), "defaults")
        return jsonify(carrier.settings.defaults.shown())

    @routes.put("/twiml-app")
    def set_app() -> Response:
        carrier.settings.twiml_app = Line.read(_body(), "twiml_app")
        return jsonify(carrier.settings.twiml_app.shown())

    @routes.get("/directory")
    def directory() -> Response:
        lines = [{"number": n, "name": line.name} for n, line in sorted(carrier.settings.numbers.items())]
        return jsonify({"lines": lines, "phonebook": carrier.settings.phonebook})

    # Calls

    @routes.post("/calls")
    def ring() -> tuple[Response, int]:
        body = _body()
        from_, to = _text(body, "from"), str(body.get("to") or "")
        from_ = {"withheld": "anonymous"}.get(from_, from_)
        if not CALLER.fullmatch(from_):
            raise Wrong(400, "from is a number, client: and an identity, or anonymous")
        if not from_.startswith("client:") and not DIALLABLE.fullmatch(to):
            raise Wrong(400, "to is a number")
        params = body.get("params") or {}
        if not isinstance(params, dict):
            raise Wrong(400, "params is an object")
        try:
            leg = carrier.ring_line(
                from_,
                to,
                person=str(body.get("phone") or from_),
                params={str(k): str(v) for k, v in params.items()},
                forwarded_from=str(body.get("forwarded_from") or ""),
            )
        except NoSuchLine:
            raise Wrong(404, "nobody answers at that number: it has no voice_url") from None
        return jsonify({"sid": leg.sid}), 201

    @routes.get("/calls")
    def calls() -> Response:
        with carrier.clock.lock:
            return jsonify({"calls": [call_view(leg) for leg in carrier.calls.values()]})

    @routes.get("/calls/<sid>")
    def call(sid: str) -> Response:
        return jsonify(call_view(_leg(sid)))

    @routes.post("/calls/<sid>/digits")
    def digits(sid: str) -> Response:
        keys = _text(_body(), "digits")
        if not KEYS.fullmatch(keys):
            raise Wrong(400, "digits are 0-9, * and #")
        return jsonify({"taken": _talking(sid).press(keys.replace("w", "").replace("W", ""))})

    @routes.post("/calls/<sid>/speech")
    def speech(sid: str) -> Response:
        return jsonify({"taken": _talking(sid).answer_aloud(_text(_body(), "text"))})

    @routes.post("/calls/<sid>/say")
    def say(sid: str) -> Response:
        return jsonify({"heard_by": _talking(sid).say(_text(_body(), "text"))})

    @routes.post("/calls/<sid>/hangup")
    def hangup(sid: str) -> Response:
        leg = _leg(sid)
        unanswered = leg.answered_at is None and leg.direction.startswith("outbound")
        leg.end("busy" if unanswered else "completed")
        return jsonify(call_view(leg))

    def _ringing(sid: str) -> Leg:
        leg = _leg(sid)
        if not leg.direction.startswith("outbound") or leg.status != "ringing":
            raise Wrong(409, f"the call is {leg.status}, not ringing at a phone")
        return leg

    @routes.post("/calls/<sid>/answer")
    def answer(sid: str) -> Response:
        leg = _ringing(sid)
        leg.answer()
        return jsonify(call_view(leg))

    @routes.post("/calls/<sid>/reject")
    def reject(sid: str) -> Response:
        leg = _ringing(sid)
        leg.end("busy")
        return jsonify(call_view(leg))

    @routes.post("/calls/<sid>/voicemail")
    def voicemail(sid: str) -> Response:
        leg = _ringing(sid)
        answer_by_machine(leg)
        return jsonify(call_view(leg))

    def _leg(sid: str) -> Leg:
        leg = carrier.calls.get(sid)
        if leg is None:
            raise Wrong(404, "no such call")
        return leg

    def _talking(sid: str) -> Leg:
        leg = _leg(sid)
        if leg.status != "in-progress":
            raise Wrong(409, f"the call is {leg.status}, not in progress")
        return leg

    # Phones and texts

    @routes.get("/phones/<path:person>")
    def phone(person: str) -> Response:
        with carrier.clock.lock:
            mine = [leg for leg in carrier.calls.values() if leg.person == person]
            recent = mine[-RECENT_CALLS:]
            shown = [call_view(leg) for leg in mine if not leg.over or leg in recent]
            texts = [text_view(m, person) for m in carrier.messages.of_phone(person)]
        return jsonify({"id": person, **carrier.phone(person).shown(), "calls": shown, "texts": texts})

    @routes.put("/phones/<path:person>")
    def set_phone(person: str) -> Response:
        body = _body()
        if set(body) - {"answers", "after_s", "presses"}:
            raise Wrong(400, "a phone has answers, after_s and presses")
        phone = Phone(str(body.get("answers", "manual")), float(body.get("after_s", 2)), str(body.get("presses") or ""))
        with carrier.clock.lock:
            carrier.phones[person] = phone
        return jsonify(phone.shown())

    @routes.post("/texts")
    def text() -> tuple[Response, int]:
        body = _body()
        from_, to, media = _text(body, "from"), _text(body, "to"), _media(body)
        words = str(body.get("body") or "") if media else _text(body, "body")
        if not DIALLABLE.fullmatch(from_) or not DIALLABLE.fullmatch(to):
            raise Wrong(400, "from and to are numbers")
        line = carrier.settings.line(to)
        if line is None or not line.sms_url:
            raise Wrong(404, "nobody reads texts at that number: it has no sms_url")
        return jsonify({"sid": carrier.messages.receive(from_, to, words, media).sid}), 201

    # Time, faults, and what was noticed

    @routes.get("/clock")
    def clock() -> Response:
        return jsonify(carrier.clock.describe())

    @routes.post("/clock")
    def set_clock() -> Response:
        body = _body()
        if set(body) - {"mode", "speed", "advance_s"} or not body:
            raise Wrong(400, "a clock is given mode (manual or running), speed or advance_s")
        if body.get("mode", "manual") not in {"manual", "running"}:
            raise Wrong(400, "mode is manual or running")
        if body.get("mode") == "manual":
            carrier.clock.hold()
        elif "speed" in body or "mode" in body:
            carrier.clock.run(float(body.get("speed", cast(float, carrier.clock.describe()["speed"]))))
        if "advance_s" in body:
            carrier.clock.advance(float(body["advance_s"]))
        return jsonify(carrier.clock.describe())

    @routes.get("/warnings")
    def warnings() -> Response:
        with carrier.clock.lock:
            return jsonify({"warnings": list(carrier.warnings)})

    @routes.delete("/warnings")
    def forget_warnings() -> Response:
        with carrier.clock.lock:
            carrier.warnings.clear()
        return jsonify({"warnings": []})

    @routes.get("/requests")
    def requests() -> Response:
        return jsonify({"requests": carrier.webhooks.log(), "keep_params": carrier.webhooks.keep_params})

    @routes.put("/requests")
    def keep() -> Response:
        carrier.webhooks.keep_params = bool(_body().get("keep_params"))
        return jsonify({"keep_params": carrier.webhooks.keep_params})

    @routes.delete("/requests")
    def forget() -> Response:
        carrier.webhooks.forget()
        return jsonify({"requests": []})

    @routes.get("/faults")
    def faults() -> Response:
        return jsonify({"faults": carrier.faults.shown()})

    @routes.post("/faults")
    def add_fault() -> tuple[Response, int]:
        body = _body()
        if set(body) - {"kind", "times", "match", "seconds"}:
            raise Wrong(400, "a fault has kind, times, match and seconds")
        fault = Fault(
            str(body.get("kind")),
            int(body.get("times", 1)),
            str(body.get("match") or ""),
            float(body.get("seconds", 3)),
        )
        carrier.faults.add(fault)
        return jsonify(fault.shown()), 201

    @routes.delete("/faults")
    def clear_faults() -> Response:
        carrier.faults.clear()
        return jsonify({"faults": []})

    return routes


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Wrong(400, "a JSON object is expected")
    return body


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Wrong(400, f"{name} is missing")
    return value


def _media(body: dict[str, Any]) -> list[Media]:
    """What is put to a text: a list of objects with `type` and `base64`."""
    given = body.get("media") or []
    if not isinstance(given, list) or len(given) > MOST_MEDIA:
        raise Wrong(400, f"media is a list of at most {MOST_MEDIA}")
    pieces = []
    for one in given:
        if not isinstance(one, dict) or not CONTENT_TYPE.fullmatch(str(one.get("type"))):
            raise Wrong(400, "each of media has a type, such as image/png, and base64")
        pieces.append(Media(one["type"], base64.b64decode(str(one.get("base64") or ""), validate=True)))
    if sum(len(piece.content) for piece in pieces) > MOST_MEDIA_BYTES:
        raise Wrong(400, "media of one text hold 5 MB together at most")
    return pieces


def _loopback(origin: str) -> bool:
    return (urlsplit(origin).hostname or "") in LOOPBACK_NAMES


def _only_this_machine() -> tuple[Response, int] | None:
    """Refuse pages from elsewhere, also those whose name was made to point here."""
    origin = request.headers.get("Origin")
    if not _loopback(f"//{request.host}") or (origin is not None and not _loopback(origin)):
        return jsonify({"error": "the control API is for this machine only"}), 403
    return None


def _share(response: Response) -> Response:
    origin = request.headers.get("Origin")
    if origin is not None and _loopback(origin):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, DELETE"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Vary"] = "Origin"
    response.headers["Cache-Control"] = "no-store"
    return response

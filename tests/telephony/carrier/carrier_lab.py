"""A service of a few scripted documents, a carrier beside it, people with phones, and the stock REST client."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, request
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.telephony.judges.api import check_exchange

ACCOUNT = "AC" + "0" * 31 + "1"
TOKEN = "a-token-of-this-test"
LINE = "+441632960111"
CALLER = "+447700900123"
NURSE = "+447700900201"
PATIENCE_S = 60.0

Document = str | tuple[int, str] | tuple[int, str, str]


def until(found: Callable[[], Any], why: str = "") -> Any:
    """What `found` gives once it gives something; fails after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := found()):
        assert time.monotonic() < deadline, f"waited in vain: {why or found}"
        time.sleep(0.005)
    return value


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        pass


class Service:
    """Answers each path with its document, and checks every signature as the real service would."""

    def __init__(self) -> None:
        self.documents: dict[str, Document | Callable[[dict[str, str]], Document]] = dict.fromkeys(
            ("status", "room", "nurse-status", "text-status"), (204, "")
        )
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.unsigned: list[str] = []
        self.delays: dict[str, float] = {}
        validator = RequestValidator(TOKEN)
        app = Flask("service")

        @app.route("/<path:path>", methods=["GET", "POST"])
        def answer(path: str) -> Response:
            form = request.form.to_dict() if request.method == "POST" else request.args.to_dict()
            signed = request.headers.get("X-Twilio-Signature", "")
            if not validator.validate(request.url, request.form.to_dict(), signed):
                self.unsigned.append(path)
            self.asked.append((path, form, dict(request.headers)))
            time.sleep(self.delays.get(path, 0))
            document = self.documents.get(path, (404, ""))
            if callable(document):
                document = document(form)
            if isinstance(document, str):
                document = (200, document)
            status, text, kind = (*document, "text/xml")[:3]
            return Response(text, status, content_type=kind)

        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def says(self, path: str, inner: str) -> None:
        """A document of these verbs at `path`."""
        self.documents[path] = f"<?xml version='1.0' encoding='UTF-8'?><Response>{inner}</Response>"

    def forms(self, path: str) -> list[dict[str, str]]:
        """What was posted to `path`, in order."""
        return [form for asked, form, _ in list(self.asked) if asked == path]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Call:
    """A person's end of a call."""

    def __init__(self, control: Control, sid: str) -> None:
        self.control, self.sid = control, sid

    @property
    def now(self) -> dict[str, Any]:
        return self.control.get(f"/control/calls/{self.sid}")

    def heard(self) -> str:
        return " / ".join(entry["text"] for entry in self.now["heard"])

    def hears(self, words: str) -> Call:
        until(lambda: words in self.heard(), f"to hear {words!r}")
        return self

    def asked(self) -> Call:
        until(lambda: self.now["asking"], "a question")
        return self

    def presses(self, digits: str) -> Call:
        self.asked()
        self.control.post(f"/control/calls/{self.sid}/digits", digits=digits)
        return self

    def answers(self, words: str) -> Call:
        until(lambda: (self.now["asking"] or {}).get("speech"), "a question to answer aloud")
        self.control.post(f"/control/calls/{self.sid}/speech", text=words)
        return self

    def says(self, words: str) -> int:
        return int(self.control.post(f"/control/calls/{self.sid}/say", text=words)["heard_by"])

    def does(self, act: str) -> Call:
        self.control.post(f"/control/calls/{self.sid}/{act}")
        return self

    def becomes(self, status: str) -> Call:
        until(lambda: self.now["status"] == status, f"the call to be {status}, it is {self.now['status']}")
        return self

    def waits_in(self, queue: str) -> Call:
        until(lambda: self.now["queue"] == queue, f"to wait in {queue}")
        return self

    def is_in(self, room: str) -> Call:
        until(lambda: self.now["conference"] == room and self.now["conference_started"], f"to be in {room}")
        return self


class Control:
    """The control API."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        status, body = self.ask("GET", path)
        assert status == 200, body
        return body

    def post(self, path: str, **body: Any) -> Any:
        status, answer = self.ask("POST", path, body)
        assert status in {200, 201}, answer
        return answer

    def put(self, path: str, **body: Any) -> Any:
        status, answer = self.ask("PUT", path, body)
        assert status == 200, answer
        return answer

    def ring(self, from_: str = CALLER, to: str = LINE, **more: Any) -> Call:
        return Call(self, self.post("/control/calls", **{"from": from_, "to": to}, **more)["sid"])

    def rung(self, person: str) -> Call:
        """The call now ringing at a phone."""
        found = until(
            lambda: [c for c in self.phone(person)["calls"] if c["status"] == "ringing" and c["incoming"]],
            f"{person} to be rung",
        )
        return Call(self, found[-1]["sid"])

    def phone(self, person: str) -> Any:
        return self.get(f"/control/phones/{quote(person)}")

    def text(self, body: str, from_: str = CALLER, to: str = LINE, **more: Any) -> str:
        return str(self.post("/control/texts", **{"from": from_, "to": to, "body": body}, **more)["sid"])

    def warnings(self) -> list[int]:
        return [w["code"] for w in self.get("/control/warnings")["warnings"]]


class RewritingHttpClient(TwilioHttpClient):
    """The stock client's transport, with Twilio's host turned into the carrier's, and every answer judged."""

    def __init__(self, carrier_url: str) -> None:
        super().__init__(timeout=10, pool_connections=True)
        self.carrier_url = carrier_url
        self.faults: list[str] = []

    def request(self, method: str, url: str, **more: Any) -> Any:
        answer = super().request(method, url.replace("https://api.twilio.com", self.carrier_url), **more)
        query = f"?{urlencode(more['params'], doseq=True)}" if more.get("params") else ""
        body = json.loads(answer.text) if answer.text else None
        found = check_exchange(method, url + query, None, answer.status_code, body, judge_request=False)
        self.faults += [fault for fault in found if "not an operation of this slice" not in fault]
        return answer

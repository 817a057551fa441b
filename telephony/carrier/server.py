"""The carrier's one HTTP server: REST, control API and the phone page, on loopback."""

from __future__ import annotations

import logging
import mimetypes
import socket
import threading
from pathlib import Path

from flask import Flask, Response
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from . import control, rest, rest_calls, rest_messages, rest_numbers, rest_queues, rest_rooms, state
from .carrier import Carrier
from .settings import Settings, require_loopback

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_app(carrier: Carrier) -> Flask:
    """The carrier's routes."""
    app = Flask("telephony.carrier", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    rest.install(
        app,
        carrier,
        [module.blueprint for module in (rest_calls, rest_messages, rest_queues, rest_rooms, rest_numbers)],
    )
    app.register_blueprint(control.blueprint(carrier))

    @app.get("/")
    def phone_page() -> Response:
        return _page("phone.html")

    @app.get("/static/<path:name>")
    def static_file(name: str) -> Response:
        return _page(name)

    return app


class Server:
    """A running carrier."""

    def __init__(self, settings: Settings) -> None:
        require_loopback(settings.host)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.carrier = Carrier(settings)
        if settings.state_dir is not None:
            state.load(self.carrier.messages, settings.state_dir)
        with _listen(settings.host, settings.port) as taken:
            self._http: BaseWSGIServer = make_server(
                settings.host,
                settings.port,
                create_app(self.carrier),
                threaded=True,
                request_handler=_Quiet,
                fd=taken.fileno(),
            )
        self.port: int = self._http.socket.getsockname()[1]
        self.url = self.carrier.url = f"http://{settings.host}:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="carrier", daemon=True)

    def start(self) -> None:
        """Begin to answer; returns at once."""
        self._thread.start()
        self.carrier.log("listening", port=self.port, speed=self.carrier.settings.speed)

    def stop(self) -> None:
        """Stop answering, let go what waits in real time, and keep what a state folder is for."""
        self.carrier.stopping.set()
        self.carrier.log("stopping")
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(2)
        folder = self.carrier.settings.state_dir
        if folder is not None:
            state.save(self.carrier.messages, folder)


def _listen(host: str, port: int) -> socket.socket:
    """Take the port first, so that one in use is an OSError and not the end of the process."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


class _Quiet(WSGIRequestHandler):
    """Answers on kept connections, and logs nothing: addresses asked for may hold a number."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def _page(name: str) -> Response:
    """A file of ours, read whole: this server leaves one open behind a browser that goes away in the middle of it."""
    path = safe_join(str(STATIC), name)
    if path is None or not Path(path).is_file():
        raise NotFound
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    response = Response(Path(path).read_bytes(), mimetype=kind)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-cache"
    return response

"""The emergency document where it belongs: hosted with the carrier, for when our web process is not there at all."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from telephony.failsafe import document
from tests.journeys.conftest import Town
from triage.local.environment import FALLBACK_NUMBER


class _Hosted(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = document(FALLBACK_NUMBER).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def on_every_line(town: Town) -> None:
    """Serve it, and make it every line's fallback address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hosted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    control = f"{town.stack.carrier_url}/control"
    numbers = town.stack.request("GET", f"{control}/numbers").json()["numbers"]
    for number, line in numbers.items():
        changed = {**line, "voice_fallback_url": f"http://127.0.0.1:{server.server_port}/"}
        answer = town.stack.request("PUT", f"{control}/numbers/%2B{number[1:]}", body=changed)
        assert answer.status < 300, answer

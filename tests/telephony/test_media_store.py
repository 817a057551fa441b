"""Fetching a picture from the carrier: from its own hosts alone, within size and time, and never with our credentials
to anybody else.
"""

import base64
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from telephony.carrier.server import Server
from telephony.carrier.settings import Line, Settings
from telephony.media_store import AT_ONCE, CarrierMedia
from tests.harness.network import free_port
from tests.telephony.carrier.carrier_lab import ACCOUNT, CALLER, LINE, TOKEN, Control
from triage.ports import NotShown

AT = f"MM{'1' * 32}/ME{'a' * 32}"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
MOST = 100_000

Answers = Callable[[BaseHTTPRequestHandler], None]


class Store:
    """Somebody's web server, doing as a test says."""

    def __init__(self) -> None:
        self.answer: Answers = lambda asked: gives(asked, PICTURE)
        self.asked: list[tuple[str, str | None]] = []
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                store.asked.append((self.path, self.headers.get("Authorization")))
                try:
                    store.answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def gives(asked: BaseHTTPRequestHandler, content: bytes, status: int = 200, **headers: str) -> None:
    asked.send_response(status)
    for name, value in {"Content_Type": "image/png", "Content_Length": str(len(content)), **headers}.items():
        asked.send_header(name.replace("_", "-"), value)
    asked.end_headers()
    asked.wfile.write(content)


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store()
    yield made
    made.stop()


def fetches(store: Store, at: str = AT, *, most_bytes: int = MOST, all_s: float = 2.0) -> tuple[str, bytes]:
    media = CarrierMedia(account_sid=ACCOUNT, auth_token=TOKEN, api_base_url=store.url, all_s=all_s)
    return media.fetch(at, most_bytes=most_bytes)


def why_not(*args: Any, **more: Any) -> str:
    with pytest.raises(NotShown) as no:
        fetches(*args, **more)
    return no.value.reason


def test_it_is_asked_for_by_its_two_ids_with_the_accounts_credentials(store: Store) -> None:
    assert fetches(store) == ("image/png", PICTURE)
    [(path, secret)] = store.asked
    assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages/MM{'1' * 32}/Media/ME{'a' * 32}"
    assert secret == "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()


@pytest.mark.parametrize("at", ["", "MM1/ME2", f"{AT}/../x", f"{AT}?x", "https://elsewhere.example/x", f"{AT}\n"])
def test_what_is_no_place_of_the_carriers_is_not_asked_for(store: Store, at: str) -> None:
    assert why_not(store, at) == "gone"
    assert store.asked == []


@pytest.mark.parametrize(
    "where",
    [
        "https://elsewhere.example/picture.png",
        "http://mms.twiliocdn.com/picture.png",
        "https://mms.twiliocdn.com:8443/picture.png",
        "https://mms.twiliocdn.com@elsewhere.example/picture.png",
        "https://me@mms.twiliocdn.com/picture.png",
        "https://mms.twiliocdn.com.elsewhere.example/picture.png",
        "https://s3-external-1.amazonaws.com/somebody.else/picture.png",
        "https://s3-external-1.amazonaws.com/media.twiliocdn.com/../somebody.else/x",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost/x",
        "file:///etc/passwd",
        "https://mms.twiliocdn.com:port/",
        "//elsewhere.example/x",
    ],
)
def test_it_is_not_followed_to_a_place_that_is_not_the_carriers(store: Store, where: str) -> None:
    store.answer = lambda asked: gives(asked, b"", 307, Location=where)
    assert why_not(store) == "elsewhere"
    assert len(store.asked) == 1


def test_another_port_of_this_machine_is_not_the_carrier(store: Store) -> None:
    other = Store()
    store.answer = lambda asked: gives(asked, b"", 307, Location=f"{other.url}/x")
    assert why_not(store) == "elsewhere"
    assert other.asked == []
    other.stop()


@pytest.mark.parametrize(
    "where",
    [
        "https://mms.twiliocdn.com/AC1/x?Expires=1&Signature=2",
        "https://media.twiliocdn.com/x",
        "https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC1/x",
    ],
)
def test_the_carriers_own_stores_are_followed_and_never_shown_our_credentials(where: str) -> None:
    media = CarrierMedia(account_sid=ACCOUNT, auth_token=TOKEN, api_base_url=None)
    assert media._may_ask(where)
    assert not media._is_api(urlsplit(where))


def test_sent_round_and_round_it_gives_up(store: Store) -> None:
    store.answer = lambda asked: gives(asked, b"", 302, Location="/again")
    assert why_not(store) == "elsewhere"
    assert len(store.asked) == 3


@pytest.mark.parametrize(
    ("status", "reason"),
    [(404, "gone"), (410, "gone"), (401, "unavailable"), (403, "unavailable"), (429, "unavailable"), (500, "unavailable"),
     (204, "unavailable"), (206, "unavailable")],
)  # fmt: skip
def test_a_refusal_is_said_for_what_it_is(store: Store, status: int, reason: str) -> None:
    store.answer = lambda asked: gives(asked, b"" if status == 204 else b"{}", status)
    assert why_not(store) == reason


def test_what_says_it_is_too_large_is_not_read(store: Store) -> None:
    store.answer = lambda asked: gives(asked, b"", Content_Length=str(MOST + 1))
    assert why_not(store) == "too_large"


def test_what_does_not_say_and_is_too_large_is_cut(store: Store) -> None:
    sent: list[int] = []

    def endless(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(200)
        asked.send_header("Connection", "close")
        asked.end_headers()
        for _ in range(10_000):
            asked.wfile.write(bytes(10_000))
            sent.append(10_000)

    store.answer = endless
    assert why_not(store) == "too_large"
    assert sum(sent) < 50 * MOST


def test_one_cut_off_half_way_is_not_shown(store: Store) -> None:
    def half(asked: BaseHTTPRequestHandler) -> None:
        gives(asked, PICTURE[:100], Content_Length=str(len(PICTURE)))
        asked.close_connection = True

    store.answer = half
    assert why_not(store) == "unavailable"


def test_a_carrier_that_gives_a_byte_now_and_then_is_left(store: Store) -> None:
    def dribble(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(200)
        asked.send_header("Content-Length", "5000")
        asked.end_headers()
        for _ in range(100):
            asked.wfile.write(b"x")
            asked.wfile.flush()
            time.sleep(0.05)

    store.answer = dribble
    began = time.monotonic()
    assert why_not(store, all_s=0.3) == "unavailable"
    assert time.monotonic() - began < 3


def test_nobody_there_is_unavailable() -> None:
    media = CarrierMedia(account_sid=ACCOUNT, auth_token=TOKEN, api_base_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(NotShown) as no:
        media.fetch(AT, most_bytes=MOST)
    assert no.value.reason == "unavailable"


def test_some_at_once_wait_for_the_carrier_and_no_more_because_callers_need_the_rest(store: Store) -> None:
    go = threading.Event()

    def slow(asked: BaseHTTPRequestHandler) -> None:
        assert go.wait(10)
        gives(asked, PICTURE)

    store.answer = slow
    media = CarrierMedia(account_sid=ACCOUNT, auth_token=TOKEN, api_base_url=store.url)
    threads = [threading.Thread(target=media.fetch, args=(AT,), kwargs={"most_bytes": MOST}) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    while len(store.asked) < AT_ONCE:
        time.sleep(0.01)
    with pytest.raises(NotShown):
        media.fetch(AT, most_bytes=MOST)
    go.set()
    for thread in threads:
        thread.join()
    assert media.fetch(AT, most_bytes=MOST) == ("image/png", PICTURE)


def test_the_local_carrier_gives_what_a_person_sent_until_it_is_erased() -> None:
    server = Server(Settings(ACCOUNT, TOKEN, port=0, speed=40, numbers={LINE: Line(sms_url="http://127.0.0.1:9/sms")}))
    server.start()
    piece = {"type": "image/png", "base64": base64.b64encode(PICTURE).decode()}
    sid = Control(server.port).text("", CALLER, LINE, media=[piece])
    [kept] = server.carrier.messages.all[sid].media
    media = CarrierMedia(account_sid=ACCOUNT, auth_token=TOKEN, api_base_url=server.url)
    assert media.fetch(f"{sid}/{kept.sid}", most_bytes=MOST) == ("image/png", PICTURE)
    server.carrier.messages.all[sid].media.clear()
    with pytest.raises(NotShown) as no:
        media.fetch(f"{sid}/{kept.sid}", most_bytes=MOST)
    assert no.value.reason == "gone"
    server.stop()

"""The platform itself: methods, headers, bodies and addresses nobody should send, secrets nobody should find, and the
parts that have no page.
"""

import json
import os
import socket
import threading
import time
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.forging import FORM, Attacker, Browser, Got
from tests.journeys.conftest import Colleague, Town
from triage.desk import static_files

OUTSIDE = {"X-Forwarded-For": "192.0.2.7"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def kit(town: Town) -> Colleague:
    return town.colleague("kit@example.org")


@pytest.fixture(scope="module")
def isla(town: Town) -> Colleague:
    return town.colleague("isla@example.org")


@pytest.fixture(scope="module")
def browser(attacker: Attacker) -> Browser:
    return Browser(attacker, "isla@example.org")


def bearer(who: Colleague) -> dict[str, str]:
    return {"Authorization": f"Bearer {who.token}"}


# --- methods and addresses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", ["TRACE", "TRACK", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "DEBUG", "get", "X" * 200]
)
@pytest.mark.parametrize("path", ["/desk", "/api/v1/queue", "/voice/incoming", "/healthz/live"])
def test_a_method_nobody_serves_is_refused_and_echoes_nothing(attacker: Attacker, method: str, path: str) -> None:
    """Asks by other methods: to see headers sent back, or to get past checks made for GET and POST."""
    answer = attacker.sends(method, path, headers={"X-Secret": "echoed-secret"}).says_nothing_of_the_inside()
    assert 400 <= answer.status < 500 or answer.status == 501
    assert "echoed-secret" not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        "../../app.py", "..%2f..%2fapp.py", "%2e%2e/%2e%2e/app.py", "....//....//app.py", "..\\..\\app.py", "%00", "../desk.jinja",
        "/etc/passwd", "..%252f..%252fapp.py", ".env", "vendor/../../../../.env", "%c0%ae%c0%ae/app.py",
    ],
)  # fmt: skip
def test_static_files_lead_nowhere_else(attacker: Attacker, path: str) -> None:
    """Climbs out of the folder of styles and scripts."""
    answer = attacker.sends("GET", static_files.prefix() + path).says_nothing_of_the_inside()
    assert answer.status in (400, 401, 404, 302)
    assert "import" not in answer.body
    assert "SECRET_KEY" not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        "/.env", "/.git/config", "/.git/HEAD", "/app.py", "/console", "/rq", "/rq/", "/admin", "/redis", "/flower", "/debug",
        "/server-status", "/actuator/env", "/var/local.env", "/var/service.db", "/docs", "/swagger", "/wp-login.php", "/static/",
        "/api/v1/../../.env", "/control/phones", "/metrics/", "/healthz", "/phpinfo.php",
    ],
)  # fmt: skip
def test_there_is_nothing_at_the_usual_places(attacker: Attacker, path: str) -> None:
    """Tries where other services leave secrets, queues and consoles: RQ has no page here at all."""
    answer = attacker.sends("GET", path).says_nothing_of_the_inside()
    assert answer.status == 404
    assert len(answer.body) < 400
    assert answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:99999", "localhost@evil.example", "", "[::1", "a" * 4000, "127.0.0.1:1\t"]
)
def test_a_host_header_is_never_believed(attacker: Attacker, host: str) -> None:
    """Has links or redirects made for another host."""
    for path in ("/", "/desk", "/sign-in"):
        answer = attacker.sends("GET", path, headers={"Host": host}).says_nothing_of_the_inside()
        assert answer.status < 500
        assert "evil.example" not in answer.headers.get("Location", "")
        assert "evil.example" not in answer.body


@pytest.mark.parametrize(
    "where", ["//evil.example", "https://evil.example", "/\\evil.example", "%0d%0aLocation:%20//evil.example"]
)
def test_no_redirect_leads_away(attacker: Attacker, where: str) -> None:
    """Adds a place to go to after signing in."""
    for path in (f"/?next={where}", f"/sign-in?next={where}", f"/{where}", f"/desk?return={where}"):
        answer = attacker.sends("GET", path)
        assert "evil.example" not in answer.headers.get("Location", "")
        assert answer.status < 500


# --- bodies and headers -----------------------------------------------------------------------------------------------


def test_a_body_beyond_the_limit_is_refused_everywhere(attacker: Attacker, isla: Colleague) -> None:
    """Sends a third of a megabyte."""
    big = "x=" + "a" * 300_000
    assert attacker.sends("POST", "/voice/incoming", big, {"Content-Type": FORM}).status in (403, 413)
    assert attacker.sends("POST", "/sign-in", big, {"Content-Type": FORM}).status in (400, 413)
    answer = attacker.sends(
        "POST", "/api/v1/contacts/x/outcomes", '{"notes": "' + "a" * 300_000 + '"}', JSON | bearer(isla)
    )
    assert answer.status == 413
    assert answer.json()["status"] == 413


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("deep", "[" * 50_000 + "]" * 50_000, "application/json"),
        ("deep-objects", '{"a":' * 20_000 + "1" + "}" * 20_000, "application/json"),
        ("many-keys", json.dumps({f"k{n}": n for n in range(10_000)}), "application/json"),
        ("same-key-twice", '{"disposition": "other", "disposition": "response_car"}x', "application/json"),
        ("huge-number", '{"urgency": ' + "9" * 5000 + "}", "application/json"),
        ("nul", '{"disposition": "other", "notes": "a\\u0000b"}', "application/json"),
        ("lone-surrogate", '{"notes": "\\ud800"}', "application/json"),
        ("utf-16", '{"disposition": "other"}'.encode("utf-16"), "application/json"),
        ("not-json", "disposition=other", "application/json"),
        ("form", "disposition=other", FORM),
        ("xml", "<a/>", "application/xml"),
        ("yaml", "!!python/object/apply:os.system [id]", "application/yaml"),
        ("pickle", b"\x80\x05cos\nsystem\n(S'id'\ntR.", "application/octet-stream"),
        ("no-type", '{"disposition": "other"}', ""),
        ("prototype", '{"__proto__": {"admin": true}, "disposition": "other"}', "application/json"),
        ("staff-id", '{"disposition": "other", "recorded_by": "0"}', "application/json"),
    ],
)  # fmt: skip
def test_a_misshapen_body_gets_a_problem_that_says_nothing_of_the_inside(
    attacker: Attacker, isla: Colleague, name: str, body: Any, kind: str
) -> None:
    """Sends what breaks readers of JSON, or sets what nobody should set."""
    _, call = attacker.rings()
    contact: Any = attacker.contact_of(call)
    headers = {**bearer(isla), **({"Content-Type": kind} if kind else {})}
    answer = attacker.sends(
        "POST", f"/api/v1/contacts/{contact.id}/outcomes", body, headers
    ).says_nothing_of_the_inside()
    assert answer.status in (400, 415, 422), name
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.json()) <= {"type", "title", "status", "detail", "errors"}


@pytest.mark.parametrize(
    "name",
    ["one-huge-header", "many-headers", "long-address", "many-parameters", "same-parameter-twice", "header-line-break"],
)
def test_headers_and_addresses_have_limits(attacker: Attacker, isla: Colleague, name: str) -> None:
    """Fills memory by headers and addresses, or smuggles a second header."""
    ask = {
        "one-huge-header": lambda: attacker.sends("GET", "/healthz/live", headers={"X-A": "a" * 20_000}),
        "many-headers": lambda: attacker.sends("GET", "/healthz/live", headers={f"X-{n}": "a" for n in range(200)}),
        "long-address": lambda: attacker.sends("GET", "/desk?" + "a" * 9_000),
        "many-parameters": lambda: attacker.sends(
            "GET", "/api/v1/contacts?" + "&".join(f"p{n}=1" for n in range(400)), headers=bearer(isla)
        ),
        "same-parameter-twice": lambda: attacker.sends(
            "GET", "/api/v1/contacts?locality=iow&locality=southampton", headers=bearer(isla)
        ),
        "header-line-break": lambda: raw(
            attacker, b"GET /healthz/live HTTP/1.1\r\nHost: x\r\nX-A: b\nX-Injected : y\r\nConnection: close\r\n\r\n"
        ),
    }[name]  # fmt: skip
    answer = ask()
    assert 400 <= answer.status < 500


def raw(attacker: Attacker, said: bytes) -> Got:
    """Bytes on the wire, as they are; the first answer's status."""
    with socket.create_connection(("127.0.0.1", attacker.town.stack.port), timeout=10) as wire:
        wire.sendall(said)
        got = b""
        while part := wire.recv(65536):
            got += part
    status = int(got.split()[1]) if got.startswith(b"HTTP/") else 400
    return Got(status, got.decode("utf-8", "replace"), {})


SMUGGLED = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "said",
    [
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n" + SMUGGLED,
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello" + SMUGGLED,
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\nConnection: close\r\n\r\n0\r\n\r\n" + SMUGGLED,
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\nConnection: close\r\n\r\n" + SMUGGLED,
        b"GET /sign-in HTTP/9.9\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100 + b"\r\n\r\n",
    ],
    ids=["length-and-chunks", "two-lengths", "unknown-encoding", "negative-length", "future-version", "tls-to-a-plain-port"],
)  # fmt: skip
def test_no_second_request_is_smuggled_in_a_first(attacker: Attacker, said: bytes) -> None:
    """Makes proxy and server disagree on where a request ends."""
    answer = raw(attacker, said)
    assert answer.status >= 400
    assert "nowrongdoor_" not in answer.body, "no numbers to somebody who was hidden in another's request"
    assert "Traceback" not in answer.body


def stalled(attacker: Attacker, senders: int) -> list[socket.socket]:
    """Connections that send a few letters of a request, and no more."""
    wires = [socket.create_connection(("127.0.0.1", attacker.town.stack.port), timeout=10) for _ in range(senders)]
    for wire in wires:
        wire.sendall(b"POST /voice/incoming HTTP/1.1\r\nHost: x\r\nX-A: ")
    return wires


def test_a_few_slow_senders_stop_nobody(attacker: Attacker) -> None:
    """Opens three connections, sends a few letters, and waits."""
    wires = stalled(attacker, 3)
    try:
        began = time.monotonic()
        answer, _ = attacker.rings()
        assert answer.status == 200
        assert time.monotonic() - began < 3
    finally:
        for wire in wires:
            wire.close()


def test_many_slow_senders_hold_the_line_for_seconds_and_not_for_ever(attacker: Attacker) -> None:
    """Opens more connections than there are threads, and keeps them: without a proxy in front that is all of them."""
    wires = stalled(attacker, 12)
    try:
        time.sleep(1)  # the threads are theirs now
        began = time.monotonic()
        form = attacker.form()
        body = urllib.parse.urlencode(form)
        mark = {"Content-Type": FORM, "X-Twilio-Signature": attacker.signature("/voice/incoming", form)}
        answer = attacker.sends("POST", "/voice/incoming", body, mark, timeout_s=20)
        assert answer.status == 200
        assert time.monotonic() - began < 14, "before the carrier gives up"
    finally:
        for wire in wires:
            wire.close()


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in",
        "/desk",
        "/board",
        "/service",
        "/contacts",
        "/nothing",
        "/api/v1/me",
        "/healthz/live",
        "/voice/incoming",
    ],
)
def test_every_answer_keeps_itself_out_of_caches_frames_and_other_hands(browser: Browser, path: str) -> None:
    """Frames a page, reads it from a cache, has its type guessed, or learns of it by a referrer."""
    headers = browser.get(path).headers
    assert "no-store" in headers["Cache-Control"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert (
        "frame-ancestors 'none'" in headers.get("Content-Security-Policy", "") or "problem" in headers["Content-Type"]
    )
    assert headers.get("Referrer-Policy") in ("same-origin", "no-referrer")
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("path", ["/desk", "/board", "/service", "/contacts"])
def test_the_policy_lets_no_inline_script_no_eval_and_no_third_host_run(browser: Browser, path: str) -> None:
    """Finds a way to write one tag: it must still not run."""
    first, second = browser.get(path), browser.get(path)
    policies = [answer.headers["Content-Security-Policy"] for answer in (first, second)]
    for policy in policies:
        for word in ("unsafe-inline", "unsafe-eval", "*", "http:", "wss:"):
            assert word not in policy.replace(browser.attacker.town.stack.carrier_url, ""), policy
        for part in ("default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"):
            assert part in policy
    nonces = [policy.split("'nonce-")[1].split("'")[0] for policy in policies]
    assert nonces[0] != nonces[1], "a nonce is for one answer"


POSTS = [
    "/sign-out", "/desk/presence", "/desk/next", "/contacts", f"/contacts/{'0' * 32}/number", f"/promises/{'0' * 32}/settle",
    f"/desk/contacts/{'0' * 32}/outcomes", f"/desk/contacts/{'0' * 32}/messages", f"/desk/contacts/{'0' * 32}/incidents",
    f"/desk/contacts/{'0' * 32}/finish",
]  # fmt: skip


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("token", ["", "x", "of-another-session"])
def test_no_change_is_made_by_another_site(attacker: Attacker, browser: Browser, path: str, token: str) -> None:
    """Has a signed-in nurse's browser post from another page: without the form's token, or with somebody else's."""
    other = Browser(attacker, "jonah@example.org").token if token == "of-another-session" else token
    mine, browser.token = browser.token, other
    try:
        answer = browser.post(path, {"Origin": "https://evil.example", "Referer": "https://evil.example/"})
        assert answer.status == 400
    finally:
        browser.token = mine
    assert browser.get("/desk").status == 200, "still signed in, and as she was"


@pytest.mark.parametrize(
    "cookie",
    [
        "session=eyJzdGFmZiI6IjAifQ.aaaa.bbbb",
        "session=",
        "session=" + "a" * 3000,
        "session=.eJw; session=x",
        "session=%00",
    ],
)
def test_a_made_up_session_is_nobodys(attacker: Attacker, cookie: str) -> None:
    """Makes a cookie up."""
    answer = attacker.sends(
        "GET", "/desk", headers={"Cookie": f"{cookie}; {cookie.replace('session', 'nwd')}"}
    ).says_nothing_of_the_inside()
    assert (answer.status, answer.headers.get("Location", "").partition("?")[0]) == (302, "/sign-in")


# --- the inside -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forwarded", ["192.0.2.7", "127.0.0.1", "::1", "localhost", "", "192.0.2.7, 127.0.0.1"])
def test_the_numbers_are_not_for_whoever_comes_through_a_proxy(attacker: Attacker, forwarded: str) -> None:
    """Claims, through the proxy's header, to be this machine."""
    answer = attacker.sends("GET", "/metrics", headers={"X-Forwarded-For": forwarded})
    assert answer.status == 401
    assert "nowrongdoor_" not in answer.body


def test_the_numbers_are_for_those_who_run_the_service(
    attacker: Attacker, town: Town, kit: Colleague, browser: Browser
) -> None:
    """Asks with a nurse's token, and the control: an administrator's, and a supervisor who is signed in."""
    nurse = town.colleague("bola@example.org")
    assert attacker.sends("GET", "/metrics", headers={**OUTSIDE, **bearer(nurse)}).status == 401
    assert attacker.sends("GET", "/metrics", headers={**OUTSIDE, **bearer(kit)}).status == 200
    assert browser.get("/metrics", **OUTSIDE).status == 200


@pytest.mark.parametrize("path", ["/healthz/live", "/healthz/ready", "/healthz/safe"])
def test_health_tells_a_stranger_one_word(attacker: Attacker, path: str) -> None:
    """Learns from a health page what is broken, how many nurses there are, and which address to forge."""
    assert set(attacker.sends("GET", path, headers=OUTSIDE).json()) == {"status"}


def test_a_wrong_bearer_token_is_slowed_where_it_comes_from_alone(attacker: Attacker, kit: Colleague) -> None:
    """Guesses tokens as fast as it can."""
    source = {"X-Forwarded-For": "192.0.2.66"}

    def guess(n: int) -> Got:
        return attacker.sends("GET", "/api/v1/me", headers={**source, "Authorization": f"Bearer nwd_guess{n}"})

    answers = [guess(0)]
    while answers[-1].status == 401 and len(answers) < 300:  # a hundred a minute, and a minute may turn meanwhile
        answers.append(guess(len(answers)))
    assert len(answers) > 100
    assert answers[-1].status == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert answers[-1].headers["Content-Type"] == "application/problem+json"
    assert attacker.sends("GET", "/api/v1/me", headers={**source, **bearer(kit)}).status == 200
    assert attacker.sends("GET", "/api/v1/me", headers={"Authorization": "Bearer nwd_x"}).status == 401


@pytest.mark.parametrize(
    "given",
    ["Bearer", "Bearer ", "bearer x", "Basic YTpi", "Token x", "Bearer " + "a" * 7000, "Bearer é", "Bearer a b"],
)
def test_a_strange_authorization_is_refused(attacker: Attacker, given: str) -> None:
    """Sends what no client of ours sends."""
    answer = attacker.sends("GET", "/api/v1/queue", headers={"Authorization": given.encode().decode("latin-1")})
    assert answer.says_nothing_of_the_inside().status == 401


def secrets_of(town: Town, *more: str) -> dict[str, str]:
    names = ("TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET", "SECRET_KEY")
    found = {name: town.stack.settings[name] for name in names}
    found["FIELD_KEYS"] = town.stack.settings["FIELD_KEYS"].rpartition(":")[2]
    return found | {f"more {n}": value for n, value in enumerate(more)}


def test_no_secret_is_in_logs_redis_processes_or_addresses(
    town: Town, attacker: Attacker, kit: Colleague, browser: Browser, tmp_path: Path
) -> None:
    """Provokes errors with secrets in every place a request has, then reads whatever the machine lets others read."""
    secrets = secrets_of(town, kit.token, *browser.cookies.values())
    for secret in secrets.values():
        for path in (f"/nothing/{secret}", f"/voice/contacts/{secret[:40]}/join", f"/api/v1/contacts/{secret[:40]}"):
            attacker.sends("GET", path, headers={"Authorization": f"Bearer {secret}", "User-Agent": secret})
        attacker.posts(f"/voice/contacts/{secret[:30]}/turns/0", attacker.form(SpeechResult=secret, Digits=secret))
        attacker.posts(
            "/sms/status?message=" + secret[:30], attacker.form(MessageSid="SM" + "0" * 32, ErrorCode=secret)
        )
    town.stack.command("report", "now")
    for name, secret in secrets.items():
        for process in town.stack.processes.values():
            if process.log.exists() and "carrier" not in process.log.name:
                assert secret not in process.log.read_text(encoding="utf-8"), f"{name} in {process.log.name}"
        for request in town.webhooks():
            assert secret not in request["url"], f"{name} in an address the carrier has"
        for process_id in [entry for entry in os.listdir("/proc") if entry.isdigit()] if Path("/proc").is_dir() else ():
            try:
                said = Path(f"/proc/{process_id}/cmdline").read_bytes()
            except OSError:
                continue
            assert secret.encode() not in said, f"{name} in the arguments of a process"
    everything = redis_holds(town)
    assert everything
    for name, secret in secrets.items():
        assert secret not in everything, f"{name} in Redis"


def redis_holds(town: Town) -> str:
    """Every key with its value, as far as Redis will show it."""
    from redis import Redis

    client = Redis.from_url(town.stack.settings["REDIS_URL"])
    try:
        return " ".join(f"{key!r} {client.dump(key)!r}" for key in client.keys("*")) or "nothing"
    finally:
        client.close()


def test_redis_down_or_frozen_stops_neither_limits_nor_pages(town: Town, attacker: Attacker, kit: Colleague) -> None:
    """Takes Redis away, and hopes that doors open, or that all of them shut."""
    town.stack.pause("redis")
    try:
        began = time.monotonic()
        answers = [attacker.sends("GET", "/api/v1/me", headers=bearer(kit)) for _ in range(3)]
        assert {answer.status for answer in answers} == {200}
        assert attacker.rings()[0].status == 200
        assert attacker.sends("GET", "/sign-in").status == 200
        assert time.monotonic() - began < 10
    finally:
        town.stack.resume("redis")


def test_many_at_once_are_all_served(attacker: Attacker, kit: Colleague) -> None:
    """The control: a busy hour is no attack."""
    got: list[int] = []
    ask = lambda: got.extend(attacker.sends("GET", "/api/v1/me", headers=bearer(kit)).status for _ in range(20))  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [200] * 120

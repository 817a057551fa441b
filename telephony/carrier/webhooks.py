"""Webhooks as Twilio sends them: signed, timed out, tried again only where the address asks for it.

Sources: twilio.com/docs/usage/webhooks/webhooks-security (signature), .../webhooks-connection-overrides (the
fragment), twilio.com/docs/api/errors/11205 (time limits).
"""

import base64
import hashlib
import hmac
import http.client
import ssl
import threading
import time
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from .faults import Faults
from .settings import Settings

LONGEST_DOCUMENT = 64 * 1024
MOST_REDIRECTS = 5
KEPT_REQUESTS = 5000


@dataclass(frozen=True)
class Reply:
    """What a webhook was answered with."""

    status: int
    content_type: str
    body: bytes


class WebhookFailed(Exception):
    """No usable answer: `code` is Twilio's (11200 HTTP failure, 11205 connect or time-out)."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


class _Attempt(Exception):
    def __init__(self, policy: str, code: int, why: str) -> None:
        super().__init__(why)
        self.policy, self.code = policy, code


@dataclass(frozen=True)
class Overrides:
    """What an address' fragment asks for: `#rc=2&rp=5xx,ct,rt&rt=4000`. Milliseconds become seconds."""

    connect_s: float = 5.0
    read_s: float = 15.0
    total_s: float = 15.0
    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})

    @classmethod
    def read(cls, fragment: str) -> "Overrides":
        """The overrides of a fragment; anything out of Twilio's ranges is brought within them, nonsense is
        passed over.
        """
        given = dict(parse_qsl(fragment))

        def number(key: str, low: int, high: int, usual: int) -> int:
            try:
                return min(max(int(given.get(key, usual)), low), high)
            except ValueError:
                return usual

        return cls(
            connect_s=number("ct", 100, 10_000, 5000) / 1000,
            read_s=number("rt", 100, 15_000, 15_000) / 1000,
            total_s=number("tt", 100, 15_000, 15_000) / 1000,
            retries=number("rc", 0, 5, 1),
            policy=frozenset(given.get("rp", "ct").split(",")),
        )


def signature(token: str, url: str, params: Mapping[str, str]) -> str:
    """The X-Twilio-Signature of a form posted to `url`, which carries its query but never its fragment."""
    text = url + "".join(key + params[key] for key in sorted(params))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class Webhooks:
    """Sends webhooks and keeps a log of them without what was in them."""

    def __init__(self, settings: Settings, faults: Faults, stopping: threading.Event) -> None:
        self._settings = settings
        self._faults = faults
        self._stopping = stopping
        self._lock = threading.Lock()
        self._count = 0
        self._log: deque[dict[str, Any]] = deque(maxlen=KEPT_REQUESTS)
        self.keep_params = False

    def send(self, url: str, params: Mapping[str, str], *, kind: str, method: str = "POST") -> Reply:
        """Ask `url`, keeping to its overrides. Only an answer of 200-299 comes back. Raises WebhookFailed."""
        parts = urlsplit(url)
        overrides = Overrides.read(parts.fragment)
        plain = urlunsplit(parts._replace(fragment=""))
        token = str(uuid.uuid4())
        began = time.monotonic()
        for attempt in range(overrides.retries + 1):
            try:
                reply = self._ask(plain, params, method, kind, token, attempt, overrides, began)
                if self._faults.take("duplicate", parts.path):
                    self._ask(plain, params, method, kind, token, attempt, overrides, time.monotonic())
                return reply
            except _Attempt as failed:
                out_of_time = time.monotonic() - began >= overrides.total_s
                again = failed.policy in overrides.policy or "all" in overrides.policy
                if attempt == overrides.retries or out_of_time or not again or self._stopping.is_set():
                    raise WebhookFailed(failed.code, str(failed)) from None
        raise AssertionError("unreachable")

    def log(self) -> list[dict[str, Any]]:
        """The webhooks sent, oldest first."""
        with self._lock:
            return list(self._log)

    def forget(self) -> None:
        """Empty the log."""
        with self._lock:
            self._log.clear()

    def _ask(
        self,
        url: str,
        params: Mapping[str, str],
        method: str,
        kind: str,
        token: str,
        attempt: int,
        overrides: Overrides,
        began: float,
    ) -> Reply:
        started = time.monotonic()
        row: dict[str, Any] = {
            "kind": kind,
            "method": method,
            "path": urlsplit(url).path,
            "attempt": attempt + 1,
        }
        row |= {"status": None, "error": None}
        if self.keep_params:
            row["params"] = dict(params)
        try:
            reply = self._exchange(url, params, method, token, overrides, began)
            row["status"] = reply.status
            if reply.status >= 400:
                policy = "5xx" if reply.status >= 500 else "4xx"
                raise _Attempt(policy, 11200, f"answered {reply.status}")
            return reply
        except _Attempt as failed:
            row["error"] = str(failed)
            raise
        finally:
            row["ms"] = round((time.monotonic() - started) * 1000, 1)
            with self._lock:
                self._count += 1
                self._log.append({"n": self._count, **row})

    def _exchange(
        self, url: str, params: Mapping[str, str], method: str, token: str, overrides: Overrides, began: float
    ) -> Reply:
        path = urlsplit(url).path
        if self._faults.take("error_500", path):
            return Reply(500, "text/html", b"")
        slow = self._faults.take("slow", path)
        for _ in range(MOST_REDIRECTS):
            left_s = overrides.total_s - (time.monotonic() - began)
            reply, location = self._once(url, params, method, token, overrides, max(left_s, 0.05))
            if not location:
                break
            url, method = urljoin(url, location), "GET" if reply.status != 307 else method
        if slow:
            allowed_s = min(overrides.read_s, overrides.total_s - (time.monotonic() - began))
            self._stopping.wait(min(slow.seconds, max(allowed_s, 0)))
            if slow.seconds >= allowed_s:
                raise _Attempt("rt", 11205, "no answer in time")
        return reply

    def _once(
        self,
        url: str,
        params: Mapping[str, str],
        method: str,
        token: str,
        overrides: Overrides,
        left_s: float,
    ) -> tuple[Reply, str]:
        headers = {
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "I-Twilio-Idempotency-Token": token,
            "Connection": "close",
        }
        body: bytes | None = None
        if method == "GET":
            if params:
                url += ("&" if urlsplit(url).query else "?") + urlencode(params)
            headers["X-Twilio-Signature"] = signature(self._settings.auth_token, url, {})
        else:
            body = urlencode(params).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
            headers["X-Twilio-Signature"] = signature(self._settings.auth_token, url, params)
        public, local = urlsplit(url), urlsplit(self._settings.delivery_address(url))
        headers["Host"] = public.netloc.rpartition("@")[2]
        if public.scheme == "https" and local.scheme == "http":
            headers["X-Forwarded-Proto"] = "https"
        connection = self._connection(local.scheme, local.hostname or "", local.port, min(overrides.connect_s, left_s))
        try:
            try:
                connection.connect()
            except (OSError, ssl.SSLError):
                raise _Attempt("ct", 11205, "could not connect") from None
            connection.sock.settimeout(min(overrides.read_s, left_s))
            target = urlunsplit(("", "", local.path or "/", local.query, ""))
            try:
                connection.request(method, target, body=body, headers=headers)
                answer = connection.getresponse()
                content = answer.read(LONGEST_DOCUMENT + 1)
            except TimeoutError:
                raise _Attempt("rt", 11205, "no answer in time") from None
            except (OSError, http.client.HTTPException):
                raise _Attempt("rt", 11200, "the connection broke") from None
            reply = Reply(answer.status, answer.headers.get("Content-Type", ""), content)
            return reply, answer.headers.get("Location", "") if answer.status in {301, 302, 303, 307} else ""
        finally:
            connection.close()

    @staticmethod
    def _connection(scheme: str, host: str, port: int | None, timeout_s: float) -> http.client.HTTPConnection:
        if scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=timeout_s)
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=timeout_s)
        raise _Attempt("ct", 11100, "not an http address")

"""What came with a text, fetched from the carrier when a nurse asks for it: `triage.ports.MediaStore`.

The address is made here, of the API in use and the two ids that were kept, so nothing a text says decides whom we ask.
The carrier answers with the piece, or sends us on to its own store for media: those hosts alone are followed, over
https, and without our credentials. Everything is counted and timed: a web process has callers to answer.

Sources: twilio.com/docs/messaging/api/media-resource; support.twilio.com/hc/en-us/articles/223183748 (the hosts).
"""

import base64
import re
import ssl
import threading
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

import structlog

from triage.ports import NotShown

log = structlog.get_logger(__name__)
API: Final = "https://api.twilio.com"
STORES: Final = {  # host: what a path there begins with
    "mms.twiliocdn.com": "/",
    "media.twiliocdn.com": "/",
    "s3-external-1.amazonaws.com": "/media.twiliocdn.com/",
}
AT: Final = re.compile(r"((?:SM|MM)[0-9a-fA-F]{32})/(ME[0-9a-fA-F]{32})")
SENT_ON: Final = (301, 302, 303, 307, 308)
MOST_HOPS: Final = 3
ALL_S: Final = 6.0
ONE_S: Final = 3.0  # without a byte
AT_ONCE: Final = 2  # of this process: its other threads are for callers
A_PART: Final = 64 * 1024


class CarrierMedia:
    """The carrier's store of media. Raises only NotShown."""

    def __init__(self, *, account_sid: str, auth_token: str, api_base_url: str | None, all_s: float = ALL_S):
        self._api = urlsplit(api_base_url or API)
        self._account = account_sid
        self._secret = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._all_s = all_s
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def fetch(self, at: str, *, most_bytes: int) -> tuple[str, bytes]:
        ids = AT.fullmatch(at)
        if ids is None:
            raise NotShown("gone")
        if not self._places.acquire(blocking=False):
            raise NotShown("unavailable")
        try:
            url = f"/2010-04-01/Accounts/{self._account}/Messages/{ids[1]}/Media/{ids[2]}"
            return self._follow(urljoin(self._api.geturl(), url), most_bytes, time.monotonic() + self._all_s)
        except (OSError, HTTPException) as error:
            log.warning("media_not_fetched", error=type(error).__name__)
            raise NotShown("unavailable") from None
        finally:
            self._places.release()

    def _follow(self, url: str, most_bytes: int, until: float) -> tuple[str, bytes]:
        for _ in range(MOST_HOPS):
            where = urlsplit(url)
            connection = self._connect(where, until)
            try:
                path = f"{where.path}?{where.query}" if where.query else where.path
                ours = {"Authorization": f"Basic {self._secret}"} if self._is_api(where) else {}
                connection.request("GET", path, headers={"Connection": "close", **ours})
                with connection.getresponse() as answer:
                    if answer.status not in SENT_ON:
                        return answer.headers.get("Content-Type", ""), _read(answer, most_bytes, until)
                    url = urljoin(url, answer.headers.get("Location", ""))
            finally:
                connection.close()
            if not self._may_ask(url):
                log.warning("media_elsewhere")
                raise NotShown("elsewhere")
        raise NotShown("elsewhere")

    def _connect(self, where: SplitResult, until: float) -> HTTPConnection:
        wait_s = min(ONE_S, max(0.1, until - time.monotonic()))
        host = where.hostname or ""
        if where.scheme == "https":
            return HTTPSConnection(host, where.port, timeout=wait_s, context=ssl.create_default_context())
        return HTTPConnection(host, where.port, timeout=wait_s)  # the local carrier: the settings refuse any other

    def _is_api(self, where: SplitResult) -> bool:
        return (where.scheme, where.netloc) == (self._api.scheme, self._api.netloc)

    def _may_ask(self, url: str) -> bool:
        try:
            where = urlsplit(url)
            port = where.port
        except ValueError:
            return False
        if self._is_api(where):
            return True
        begins = STORES.get(where.hostname or "")
        plain = "@" not in where.netloc and port in (None, 443) and ".." not in where.path
        return begins is not None and where.scheme == "https" and plain and where.path.startswith(begins)


def _read(answer: HTTPResponse, most_bytes: int, until: float) -> bytes:
    """The whole piece, within size and time. Raises NotShown."""
    if answer.status in (404, 410):
        raise NotShown("gone")
    if answer.status != 200:
        log.warning("media_not_fetched", status=answer.status)
        raise NotShown("unavailable")
    if (answer.length or 0) > most_bytes:
        raise NotShown("too_large")
    parts, size = [], 0
    while part := answer.read1(A_PART):
        size += len(part)
        if size > most_bytes:
            raise NotShown("too_large")
        if time.monotonic() > until:
            raise NotShown("unavailable")
        parts.append(part)
    if answer.length:
        raise NotShown("unavailable")  # cut off: half a picture is not what they sent
    return b"".join(parts)

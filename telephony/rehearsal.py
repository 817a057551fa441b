"""The trial call: once a minute somebody who is nobody rings through the real webhook, and is counted nowhere.

Its call id is told from every real one by a keyed hash of the auth token, which only we and the carrier have. The
webhook does for it all it does for a caller (signature, configuration, the contact's own statements, the greeting) and
takes the rows back before they are committed: so nothing has to be left out of any list or count.
"""

import hashlib
import hmac
import secrets
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Final
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from telephony.failsafe import ADVICE

SLOW_S: Final = 5.0  # what a caller may wait (reliability.md R30)
NOBODY_THERE: Final = "nothing listens there"
NONCE_DIGITS: Final = 8
_opened = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # our own address: through no proxy


def call_id(auth_token: str, nonce: str | None = None) -> str:
    """A call id of the trial caller: 34 characters, as the carrier's are."""
    nonce = nonce or secrets.token_hex(NONCE_DIGITS // 2)
    mark = hmac.new(auth_token.encode(), b"trial call " + nonce.encode(), hashlib.sha256).hexdigest()
    return f"CA{mark[: 32 - NONCE_DIGITS]}{nonce}"


def is_trial(given: str, auth_tokens: tuple[str, ...]) -> bool:
    """Whether this is a call id of the trial caller. No stranger can make one, and no real one is one."""
    nonce = given[-NONCE_DIGITS:]
    return any(hmac.compare_digest(given.encode(), call_id(token, nonce).encode()) for token in auth_tokens)


class TrialCaller:
    """Rings `POST /voice/incoming` as the carrier does."""

    def __init__(self, *, base_url: str, account_sid: str, auth_token: str, every_s: float):
        self._url = f"{base_url}/voice/incoming"
        self._account, self._token, self._every_s = account_sid, auth_token, every_s
        self._rang_at = float("-inf")
        self._fault: str | None = None

    def __call__(self) -> str | None:
        """What was wrong with the newest trial call, in a few words; None if it was answered as a caller's is. Rings
        when the last was `every_s` ago, and until then says the same again.
        """
        if time.monotonic() - self._rang_at >= self._every_s:
            self._rang_at = time.monotonic()
            self._fault = self.ring()
        return self._fault

    def ring(self) -> str | None:
        """Ring once. Raises nothing."""
        form = {
            "AccountSid": self._account, "ApiVersion": "2010-04-01", "CallSid": call_id(self._token),
            "CallStatus": "ringing", "Direction": "inbound", "From": "anonymous", "To": "",
        }  # fmt: skip
        signature = RequestValidator(self._token).compute_signature(self._url, form)
        asked = urllib.request.Request(  # noqa: S310 - PUBLIC_BASE_URL is http(s), checked at the start
            self._url,
            urlencode(form).encode(),
            {"X-Twilio-Signature": signature, "I-Twilio-Idempotency-Token": "trial"},
        )
        began = time.monotonic()
        try:
            with _opened.open(asked, timeout=SLOW_S * 2) as answer:
                said = answer.read(64 * 1024).decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            with error:
                return f"status {error.code}"
        except urllib.error.URLError as error:
            refused = isinstance(error.reason, ConnectionRefusedError)
            return NOBODY_THERE if refused else type(error.reason).__name__
        except (OSError, ValueError, HTTPException) as error:
            return type(error).__name__
        if time.monotonic() - began > SLOW_S:
            return f"it took more than {SLOW_S:.0f} seconds"
        if ADVICE in said:
            return "the emergency words were said"
        return None if "<Gather" in said or "<Enqueue" in said else "no greeting was said"

"""The door of the webhooks: only what the carrier signed with our token comes in. Everything else is 403, no effect.

The library's validator checks the HMAC; around it stand the guards it lacks (reliability.md 3: it raises on a missing
header, folds duplicated names, checks nothing of a JSON body, and joins names and values without separators).
"""

import re
from collections.abc import Sequence

from flask import Request, abort
from twilio.request_validator import RequestValidator

FORM = "application/x-www-form-urlencoded"
OUR_QUERY = {"message"}  # the only query parameter in any address of ours
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Door:
    """Lets signed webhooks in. `tokens` are the auth token and, during a rotation, the second one."""

    def __init__(self, public_base_url: str, account_sid: str, tokens: Sequence[str]):
        if not tokens or not all(tokens):
            raise ValueError("webhooks cannot be checked without an auth token")
        self._base = public_base_url
        self._account_sid = account_sid
        self._validators = [RequestValidator(token) for token in tokens]

    def check(self, request: Request) -> None:
        """Returns if the carrier signed this request for our account; aborts with 403 otherwise, whatever is wrong."""
        try:
            fine = self._signed(request)
        except Exception:  # a malformed request must not become a 500 that a stranger can cause
            fine = False
        if not fine:
            abort(403)

    def _signed(self, request: Request) -> bool:
        if request.mimetype != FORM:
            return False
        form, query = request.form, request.args
        if any(len(values) != 1 for _, values in (*form.lists(), *query.lists())) or set(query) - OUR_QUERY:
            return False
        if form.get("AccountSid") != self._account_sid or not self._has_id(form):
            return False
        url = self._base + self._raw_path(request)
        signature = request.headers.get("X-Twilio-Signature", "")
        return any(validator.validate(url, form, signature) for validator in self._validators)

    @staticmethod
    def _has_id(form: object) -> bool:
        get = form.get  # type: ignore[attr-defined]
        return any(_ID.fullmatch(get(name, "")) for name in ("CallSid", "MessageSid"))

    @staticmethod
    def _raw_path(request: Request) -> str:
        """The path and query as they came, not as the framework decoded them: that is what was signed."""
        raw: str = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path.rstrip("?")
        return raw if raw.startswith("/") else "/" + raw.split("://", 1)[-1].partition("/")[2]

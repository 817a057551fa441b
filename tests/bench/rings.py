"""First voice webhooks as the carrier sends them: 26 form fields, each call a new one, each rightly signed."""

import io
from typing import Any
from urllib.parse import urlencode, urlsplit

from twilio.request_validator import RequestValidator

from triage.models import new_id

PATH = "/voice/incoming"
TEXT_PATH = "/sms/incoming"
FORM = "application/x-www-form-urlencoded"


class Carrier:
    """Makes signed webhooks for one address. The people are invented, their numbers from Ofcom's drama ranges."""

    def __init__(self, base_url: str, account_sid: str, token: str, dialled: str) -> None:
        self.base_url, self.account_sid, self.dialled = base_url, account_sid, dialled
        self._validator = RequestValidator(token)
        self._calls = 0

    def fields(self) -> dict[str, str]:
        self._calls += 1
        caller = f"+447700900{self._calls % 1000:03d}"
        return {
            "AccountSid": self.account_sid, "ApiVersion": "2010-04-01", "CallSid": "CA" + new_id(),
            "CallStatus": "ringing", "CallToken": '{"parentCallInfoToken":"' + "x" * 120 + '"}', "Called": self.dialled,
            "CalledCity": "", "CalledCountry": "GB", "CalledState": "Newport", "CalledZip": "", "Caller": caller,
            "CallerCity": "", "CallerCountry": "GB", "CallerState": "", "CallerZip": "", "Direction": "inbound",
            "From": caller, "FromCity": "", "FromCountry": "GB", "FromState": "", "FromZip": "",
            "StirVerstat": "TN-Validation-Passed-A", "To": self.dialled, "ToCity": "", "ToCountry": "GB", "ToZip": "",
        }  # fmt: skip

    def signed(self) -> tuple[bytes, str]:
        """A body, and the signature that belongs to it."""
        fields = self.fields()
        return urlencode(fields).encode(), self._validator.compute_signature(self.base_url + PATH, fields)

    def environ(self) -> dict[str, Any]:
        """The webhook as a WSGI server hands it on."""
        body, signature = self.signed()
        address = urlsplit(self.base_url)
        return {
            "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": PATH, "RAW_URI": PATH, "QUERY_STRING": "",
            "SERVER_NAME": address.hostname, "SERVER_PORT": str(address.port or 80), "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": address.netloc, "HTTP_ACCEPT": "*/*",
            "HTTP_USER_AGENT": "TwilioProxy/1.1", "HTTP_X_TWILIO_SIGNATURE": signature, "CONTENT_TYPE": FORM,
            "CONTENT_LENGTH": str(len(body)), "wsgi.version": (1, 0), "wsgi.url_scheme": address.scheme,
            "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(), "wsgi.multithread": True,
            "wsgi.multiprocess": True, "wsgi.run_once": False,
        }  # fmt: skip

    def http(self) -> bytes:
        """The webhook as it goes over a connection that is kept alive."""
        body, signature = self.signed()
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: {urlsplit(self.base_url).netloc}\r\nAccept: */*\r\n"
            f"User-Agent: TwilioProxy/1.1\r\nX-Twilio-Signature: {signature}\r\n"
            f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def call_wsgi(app: Any, environ: dict[str, Any]) -> bytes:
    """Hand one request to a WSGI application; its body. Raises RuntimeError for anything but 200."""
    told: list[str] = []
    answer = app(environ, lambda status, headers, trouble=None: told.append(status))
    try:
        body = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    if told != ["200 OK"]:
        raise RuntimeError(f"the webhook was answered {told}")
    return body

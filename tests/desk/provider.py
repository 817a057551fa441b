"""A real OpenID provider from a package, in a process of its own: an organisation's sign-in on this machine."""

import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from tests.harness.network import free_port
from tests.harness.waiting import wait_until
from triage.settings import Organisation

ANA, ISLA = "ana@example.org", "isla@example.org"
PEOPLE: dict[str, dict[str, Any]] = {
    "ana-with-mfa": {"email": ANA, "email_verified": True, "amr": ["pwd", "mfa"], "roles": ["administrator"]},
    "ana-with-card": {"email": ANA, "email_verified": True, "authentication_assurance_level": "3"},
    "ana-password-only": {"email": ANA, "email_verified": True, "amr": ["pwd"]},
    "somebody-calling-herself-ana": {"email": ANA, "email_verified": False, "amr": ["mfa"]},
    "ana-without-a-word-on-it": {"email": ANA, "amr": ["mfa"]},
    "stranger": {"email": "stranger@example.org", "email_verified": True, "amr": ["mfa"]},
    "nameless": {"amr": ["mfa"]},
    "isla-by-upn": {"upn": ISLA, "amr": ["mfa"]},
}
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_stays = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())


class Provider:
    """`organisation()` are the settings of it; `says(url, who)` is where it sends `who` from an authorisation address."""

    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        known = [json.dumps({"sub": sub, **claims}) for sub, claims in PEOPLE.items()]
        command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [*command, *(part for one in known for part in ("--user-claims", one))],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self._answers, 30, what="the OpenID provider answers")

    def _answers(self) -> bool:
        with _direct.open(f"{self.issuer}/.well-known/openid-configuration", timeout=5) as got:
            return bool(got.status == 200)

    def organisation(self, **over: Any) -> Organisation:
        return Organisation(**{
            "issuer": self.issuer, "client_id": "nowrongdoor", "client_secret": "a secret of the tests", **over
        })  # fmt: skip

    def says(self, url: str, who: str, **over: str) -> str:
        """The address the person's browser comes back with, its host left out."""
        body = urllib.parse.urlencode({"sub": who}).encode() if who != "deny" else b"action=deny"
        try:
            with _stays.open(urllib.request.Request(url, data=body), timeout=10) as got:
                raise AssertionError(f"it did not send {who} on: {got.status}")
        except urllib.error.HTTPError as sent:
            with sent:
                location = sent.headers["Location"]
        parts = urllib.parse.urlsplit(location)
        query = {**dict(urllib.parse.parse_qsl(parts.query)), **over}
        return f"{parts.path}?{urllib.parse.urlencode(query)}"

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)

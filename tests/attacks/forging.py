"""An attacker at the service's doors: raw HTTP, forged webhooks, and the database to see what came of it."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import secrets
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from twilio.request_validator import RequestValidator

from tests.harness.waiting import wait_until
from tests.journeys.conftest import LINE, Town
from triage.db import Database, open_database
from triage.models import Contact, Leg, Message, Staff

FORM = "application/x-www-form-urlencoded"
CALLER = "+447700900123"


def sid(kind: str = "CA") -> str:
    """A new id of the carrier's shape."""
    return kind + secrets.token_hex(16)


@dataclass
class Got:
    """What an attacker sees."""

    status: int
    body: str
    headers: dict[str, str]
    cookies: tuple[str, ...] = ()

    def json(self) -> Any:
        return json.loads(self.body)

    def says_nothing_of_the_inside(self) -> "Got":
        for word in ("Traceback", 'File "', "sqlalchemy", "psycopg", "werkzeug", "flask", "site-packages", "sqlite"):
            assert word.lower() not in self.body.lower(), f"{word!r} in {self.body[:300]}"
        return self


@dataclass
class Attacker:
    """Somebody at the door. `knows_token` is for what even a leaked signature key must not open."""

    town: Town
    database: Database = field(init=False)

    def __post_init__(self) -> None:
        self.database = open_database(self.town.stack.settings["DATABASE_URL"])

    # requests as they please

    def sends(
        self, method: str, path: str, body: bytes | str = b"", headers: dict[str, str] | None = None, *,
        timeout_s: float = 15,
    ) -> Got:  # fmt: skip
        """One raw request: nothing is corrected on the way."""
        connection = http.client.HTTPConnection("127.0.0.1", self.town.stack.port, timeout=timeout_s)
        try:
            connection.putrequest(method, path, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
            data = body.encode() if isinstance(body, str) else body
            given = {"Content-Length": str(len(data)), **(headers or {})}
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(data)
            answer = connection.getresponse()
            cookies = tuple(answer.headers.get_all("Set-Cookie") or ())
            return Got(answer.status, answer.read().decode("utf-8", "replace"), dict(answer.getheaders()), cookies)
        finally:
            connection.close()

    # webhooks

    def form(self, **over: str) -> dict[str, str]:
        whole = {
            "AccountSid": self.town.stack.settings["TWILIO_ACCOUNT_SID"], "ApiVersion": "2010-04-01", "CallSid": sid(),
            "From": CALLER, "To": LINE, "CallStatus": "ringing", "Direction": "inbound", **over,
        }  # fmt: skip
        return {name: value for name, value in whole.items() if value != "-"}

    def signature(self, path: str, form: dict[str, str], token: str | None = None, base: str | None = None) -> str:
        key = token if token is not None else self.town.stack.settings["TWILIO_AUTH_TOKEN"]
        return str(RequestValidator(key).compute_signature((base or self.town.stack.web_url) + path, form))

    def posts(
        self, path: str, form: dict[str, str], signature: str | None = None, headers: dict[str, str] | None = None
    ) -> Got:
        """A webhook; rightly signed unless another signature is given ("" for none)."""
        mark = self.signature(path, form) if signature is None else signature
        signed = {"X-Twilio-Signature": mark} if mark else {}
        body = urllib.parse.urlencode(form)
        return self.sends("POST", path, body, {"Content-Type": FORM, **signed, **(headers or {})})

    def rings(self, **over: str) -> tuple[Got, str]:
        form = self.form(**over)
        return self.posts("/voice/incoming", form), form["CallSid"]

    def texts(self, body: str, number: str = CALLER, **over: str) -> Got:
        form = self.form(CallSid="-", CallStatus="-", MessageSid=sid("SM"), Body=body, From=number, **over)
        return self.posts("/sms/incoming", form)

    # what came of it

    def asks(self, question: Callable[[Any], Any]) -> Any:
        with self.database.reading() as db:
            return question(db)

    def contacts(self) -> int:
        """How many there are, once what was kept on disk of failed webhooks has been recorded."""
        spool = self.town.stack.folder / "spool"
        wait_until(lambda: not list(spool.glob("*.event")), 20, what="the spool to be recorded")
        return int(self.asks(lambda db: db.scalar(select(func.count()).select_from(Contact))))

    def contact_of(self, carrier_id: str) -> Contact | None:
        found: Contact | None = self.asks(lambda db: db.scalar(select(Contact).where(Contact.carrier_id == carrier_id)))
        return found

    def texter(self, body: str) -> Contact:
        """Whose conversation the newest text with these words is."""

        def newest(db: Any) -> Any:
            rows = db.scalars(
                select(Message).where(Message.direction == "in").order_by(Message.made_at.desc()).limit(30)
            )
            return db.get(Contact, next(row.contact_id for row in rows if row.body == body))

        found: Contact = self.asks(newest)
        return found

    def legs(self) -> list[Leg]:
        return list(self.asks(lambda db: db.scalars(select(Leg).order_by(Leg.made_at)).all()))


def sha1(key: bytes, said: str) -> str:
    return base64.b64encode(hmac.new(key, said.encode(), hashlib.sha1).digest()).decode()


class Browser:
    """A member of staff at the pages, signed in by being picked (local mode)."""

    def __init__(self, attacker: Attacker, email: str) -> None:
        self.attacker = attacker
        self.cookies: dict[str, str] = {}
        staff = attacker.asks(lambda db: db.scalar(select(Staff.id).where(Staff.email == email)))
        self.token = self._token(self.get("/sign-in").body)
        answer = self.post("/sign-in", staff=staff)
        assert answer.status == 303, answer
        self.token = self._token(self.get("/service").body)

    @staticmethod
    def _token(page: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        return found[1] if found else ""

    def get(self, path: str, **headers: str) -> Got:
        return self._kept(self.attacker.sends("GET", path, headers={"Cookie": self.cookie, **headers}))

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Got:
        body = urllib.parse.urlencode({"csrf_token": self.token, **fields})
        return self._kept(
            self.attacker.sends("POST", path, body, {"Content-Type": FORM, "Cookie": self.cookie, **(headers or {})})
        )

    def _kept(self, got: Got) -> Got:
        for said in got.cookies:
            name, _, value = said.partition(";")[0].partition("=")
            self.cookies[name] = value
        return got

    @property
    def cookie(self) -> str:
        """What the browser sends along."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

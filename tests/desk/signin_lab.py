"""People who sign in for real: a database with the example service, a clock to move, and browsers with cookies."""

import re
from datetime import datetime, timedelta
from typing import Any

import pyotp
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.desk.pages_lab import Lab
from triage import signing_in
from triage.account_models import Account, SignedSession
from triage.models import History

PASSWORD = "kestrel amber window"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Clock:
    def __init__(self, now: datetime):
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **by: float) -> None:
        self.now += timedelta(**by)


class Browser:
    """One browser: it keeps cookies, and fills forms in as a person would."""

    def __init__(self, app: Flask, *, address: str = "192.0.2.10"):
        self.client = app.test_client()
        self.address = address
        self.token = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        answer = self.client.get(path, headers=headers, environ_base={"REMOTE_ADDR": self.address}, buffered=True)
        if found := TOKEN.search(answer.text):
            self.token = found[1]
        return answer

    def post(self, path: str, *, script: bool = False, **fields: Any) -> TestResponse:
        answer = self.client.post(
            path, data={"csrf_token": self.token, **fields}, headers={"HX-Request": "true"} if script else {},
            environ_base={"REMOTE_ADDR": self.address},
        )  # fmt: skip
        if found := TOKEN.search(answer.text):
            self.token = found[1]
        return answer

    def password(self, email: str, password: str = PASSWORD) -> TestResponse:
        self.get("/sign-in")
        return self.post("/sign-in/password", email=email, password=password)

    def code(self, code: str) -> TestResponse:
        self.get("/sign-in/second-factor")
        return self.post("/sign-in/second-factor", code=code)

    def is_in(self) -> bool:
        return self.get("/account").status_code == 200


class SigningLab(Lab):
    """`lab.enrol("ana")` gives her an account with a password and an app; `lab.code("ana")` is what the app shows."""

    def __init__(self, url: str, **options: Any):
        options.setdefault("local_sign_in", False)
        self.clock = Clock(datetime.now().astimezone())
        super().__init__(url, clock=self.clock, **options)
        self.secrets: dict[str, str] = {}

    def browser(self, **options: Any) -> Browser:
        return Browser(self.app, **options)

    def email(self, first_name: str) -> str:
        return self.staff(first_name).email

    def link(self, first_name: str) -> str:
        with self.database.transaction() as db:
            secret = signing_in.make_link(db, self.staff(first_name), by="operator", now=self.clock())
        return f"/set-up/{secret}"

    def enrol(self, first_name: str, *, password: str = PASSWORD, browser: Browser | None = None) -> list[str]:
        """Through the link, in a browser of its own unless one is given. Returns the recovery codes."""
        link, at = self.link(first_name), browser or self.browser()
        at.get(link)
        answer = at.post(link, password=password, again=password)
        assert answer.status_code == 303, answer.text
        page = at.get(answer.location)
        typed = re.search(r'id="typed">([^<]+)<', page.text)
        assert typed
        self.secrets[first_name] = typed[1].replace(" ", "")
        done = at.post(f"{link}/app", code=self.code(first_name))
        assert done.status_code == 200, done.text
        self.clock.passes(seconds=30)  # the code just used works once
        return re.findall(r"<li><code>([^<]+)</code>", done.text)

    def code(self, first_name: str, *, ago_s: int = 0) -> str:
        return pyotp.TOTP(self.secrets[first_name]).at(int(self.clock().timestamp()) - ago_s)

    def sign_in(self, first_name: str, browser: Browser | None = None) -> Browser:
        at = browser or self.browser()
        answer = at.password(self.email(first_name))
        assert answer.status_code == 303, answer.text
        answer = at.code(self.code(first_name))
        assert answer.status_code == 303, answer.text
        self.clock.passes(seconds=30)
        at.get("/account")
        return at

    def account(self, first_name: str) -> Account:
        with self.database.reading() as db:
            return db.get_one(Account, self.staff(first_name).id)

    def sessions(self, first_name: str) -> list[SignedSession]:
        with self.database.reading() as db:
            mine = select(SignedSession).where(SignedSession.staff_id == self.staff(first_name).id)
            return list(db.scalars(mine.order_by(SignedSession.made_at)))

    def happened(self, *what: str) -> list[str]:
        with self.database.reading() as db:
            return list(db.scalars(select(History.what).where(History.what.in_(what)).order_by(History.id)))

"""The staff pages on a database with the example service, and the people who open them."""

import re
import tempfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from tests.desk import night
from triage.db import Database, open_database, utcnow
from triage.desk import context, pages
from triage.models import Staff
from triage.standing import Kept

_folder = tempfile.TemporaryDirectory(prefix="nwd-templates-")
COMPILED = FileSystemBytecodeCache(_folder.name)  # each test has an app of its own; the templates are the same
NO_PHONE: dict[str, Any] = {"kind": "none"}


def pages_app(
    database: Database, *, local_sign_in: bool = True, softphone: dict[str, Any] = NO_PHONE,
    clock: Callable[[], datetime] = utcnow, secure: bool = False, **more: Any,
) -> Flask:  # fmt: skip
    """An app with the pages and nothing else."""
    app = Flask("nowrongdoor", static_folder=None)
    app.config.update(SECRET_KEY="a secret for tests alone, nobody else", SESSION_COOKIE_SECURE=secure)
    desk = context.Desk(
        database, Kept(database), local_sign_in, lambda staff_id: softphone, phone_page=None, clock=clock, **more
    )
    context.attach(app, desk)
    pages.attach(app)
    app.jinja_env.bytecode_cache = COMPILED
    return app


class Person:
    """Somebody at a browser. `script` asks as our scripts do."""

    def __init__(self, app: Flask, staff: Staff | None = None):
        self.client = app.test_client()
        self.staff = staff
        self.token = self._token(self.client.get("/sign-in"))
        if staff:
            answer = self.post("/sign-in", staff=staff.id)
            assert answer.status_code == 303, answer.text
            self.token = self._token(self.client.get("/service"))

    @staticmethod
    def _token(answer: TestResponse) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        return found[1] if found else ""

    def get(self, path: str, *, script: bool = False, **headers: str) -> TestResponse:
        return self.client.get(path, headers={**({"HX-Request": "true"} if script else {}), **headers}, buffered=True)

    def post(self, path: str, *, script: bool = False, **fields: Any) -> TestResponse:
        headers = {"HX-Request": "true"} if script else {}
        return self.client.post(path, data={"csrf_token": self.token, **fields}, headers=headers)

    def says(self, answer: TestResponse) -> str:
        """The sentence that a press got, with script or without."""
        if "HX-Trigger" in answer.headers:
            return str(answer.headers["HX-Trigger"])
        assert answer.status_code == 303, answer.text
        return " ".join(re.findall(r'class="notice[^"]*">([^<]+)<', self.client.get(answer.location).text))


class Lab:
    """A database, the app on it, and its people by first name."""

    def __init__(self, url: str, **options: Any):
        self.database = open_database(url)
        self.now = utcnow()
        night.load_example(self.database, self.now)
        self.app = pages_app(self.database, **options)

    def staff(self, first_name: str) -> Staff:
        return night.person(self.database, first_name)

    def as_(self, first_name: str) -> Person:
        return Person(self.app, self.staff(first_name))

    def close(self) -> None:
        self.database.engine.dispose()

"""The floor of a first webhook, of a call or a text: a bare Flask route that checks the same signature, and one read, one insert and one
commit through the bare driver on the same database. It answers with a constant document and records nothing else.
"""

import os
import sqlite3
import threading
from datetime import UTC, datetime
from typing import Any

import psycopg
from flask import Flask, Response, abort, request
from sqlalchemy import make_url
from twilio.request_validator import RequestValidator

from tests.bench.rings import PATH, TEXT_PATH
from tests.harness.postgres import libpq
from triage.db import POSTGRES_LIMITS
from triage.models import new_id

TABLE = (
    "create table if not exists floor_call (id varchar(64) primary key, carrier_id varchar(64) not null unique,"
    " number varchar(64), line varchar(64), started_at {time} not null)",
    "create index if not exists ix_floor_call_number on floor_call (number, started_at)",
)
READ = "select id from floor_call where number = {p} order by started_at desc limit 1"
WRITE = "insert into floor_call (id, carrier_id, number, line, started_at) values ({p}, {p}, {p}, {p}, {p})"
DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Gather action="https://line.example.org/next" input="dtmf">'
    "<Say>Please stay on the line.</Say></Gather></Response>"
)


class Bare:
    """The database through its driver: one connection a thread, the pragmas and limits of the service itself."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sqlite = url.startswith("sqlite")
        mark = "?" if self.sqlite else "%s"
        self._read, self._write = READ.format(p=mark), WRITE.format(p=mark)
        self._mine = threading.local()
        self._one_writer = threading.Lock()
        connection = self._connect()
        for statement in TABLE:
            connection.execute(statement.format(time="text" if self.sqlite else "timestamptz"))
        connection.commit()
        connection.close()

    def _connect(self) -> Any:
        if not self.sqlite:
            return psycopg.connect(libpq(self.url), options=POSTGRES_LIMITS)
        connection = sqlite3.connect(str(make_url(self.url).database), timeout=5, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
            connection.execute(f"pragma {pragma}")
        return connection

    def record(self, carrier_id: str, number: str, line: str) -> None:
        """One read, one insert, one commit."""
        if not hasattr(self._mine, "connection"):
            self._mine.connection = self._connect()
        connection, now = self._mine.connection, datetime.now(UTC)
        if not self.sqlite:
            connection.execute(self._read, (number,)).fetchone()
            connection.execute(self._write, (new_id(), carrier_id, number, line, now))
            connection.commit()
            return
        with self._one_writer:
            connection.execute("begin immediate")
            connection.execute(self._read, (number,)).fetchone()
            connection.execute(self._write, (new_id(), carrier_id, number, line, now.isoformat()))
            connection.execute("commit")


def app_for(database_url: str, public_base_url: str, token: str) -> Flask:
    """The floor as a WSGI application."""
    app, bare, validator = Flask("floor"), Bare(database_url), RequestValidator(token)

    @app.post(PATH)
    @app.post(TEXT_PATH)
    def incoming() -> Response:
        form = request.form
        if not validator.validate(public_base_url + request.path, form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)
        bare.record(form.get("CallSid") or form["MessageSid"], form["From"], form["To"])
        return Response(DOCUMENT, content_type="text/xml; charset=utf-8")

    return app


def create_app() -> Flask:
    """The same for gunicorn, from the settings that the service itself would read."""
    return app_for(os.environ["DATABASE_URL"], os.environ["PUBLIC_BASE_URL"], os.environ["TWILIO_AUTH_TOKEN"])

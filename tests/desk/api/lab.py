"""A desk for API tests: a real database with the example service in it, people who ring, and staff with tokens.

Every answer is held against the OpenAPI description that the app itself serves.
"""

import json
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from openapi_core import Config, OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIResponse
from openapi_core.datatypes import RequestParameters
from sqlalchemy import select
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from callflows.conversation import Do, PlaceBy, Turn
from callflows.wording import SENTENCES
from triage import accounts, bridge, dispatch, effects, first_ring, hurry, rules, texts
from triage.apply import apply
from triage.db import Database, utcnow
from triage.desk import api, context, health
from triage.models import Contact, History, Leg, Line, Outbox, QueueEntry, new_id
from triage.service_file import ServiceFile, read
from triage.standing import Kept

EXAMPLE = Path(__file__).parents[3] / "triage" / "local" / "example.toml"
STAFF = ("ana", "carys", "dev", "grace", "isla", "kit")  # iow nurse, two others, dispatcher, supervisor+nurse, admin
DIRECT, ISLAND = "+441632960100", "+441632960111"
MOBILE = "+447700900123"
BASE = "https://line.example.org"
NO_REDIS = "redis://127.0.0.1:1"


class Lab:
    """The desk, its clock (moved by `later`), and what people outside do."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = utcnow()
        with self.database.transaction() as db:
            apply(db, _example(), now=self.now)
        with self.database.transaction() as db:
            self.tokens = {who: accounts.make_token(db, f"{who}@example.org", now=self.now) for who in STAFF}
        self.kept = Kept(database)
        self.app = make_app(database, self.kept, lambda: self.now)
        self.description = _description(self.app.test_client().get("/api/v1/openapi.json").get_data(as_text=True))

    def as_(self, who: str | None) -> "Client":
        """The API as this member of staff uses it; None for a stranger."""
        return Client(self, self.tokens[who] if who else None)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def ring(self, number: str | None = MOBILE, line: str = ISLAND, *, keyword: str | None = None, danger: bool = False,
             cannot_talk: bool = False) -> str:  # fmt: skip
        """Somebody rings and comes to wait; the contact's id."""
        opened = first_ring.call(
            self.database, carrier_id="CA" + new_id(), number=number, line=self.line(line), dialled=line,
            place="greeting", now=self.now,
        )  # fmt: skip
        wishes = [Do.DANGER if danger else Do.JOIN_QUEUE]
        if cannot_talk:
            wishes.append(Do.CANNOT_TALK)
        self._waits(opened.contact_id, (*([PlaceBy(keyword)] if keyword else []), *wishes))
        return opened.contact_id

    def text(self, body: str, number: str = MOBILE, line: str = DIRECT) -> str:
        """Somebody texts and comes to wait; the contact's id."""
        sid = "SM" + new_id()
        opened = first_ring.text(
            self.database, carrier_id=sid, number=number, line=self.line(line), dialled=line, now=self.now
        )
        with self.database.transaction() as db:
            texts.received(db, db.get_one(Contact, opened.contact_id), sid, body, now=self.now)
        self._waits(opened.contact_id, (Do.JOIN_QUEUE,))
        return opened.contact_id

    def _waits(self, contact_id: str, wishes: tuple[Any, ...]) -> None:
        with self.database.transaction() as db:
            contact = db.get_one(Contact, contact_id)
            effects.carry_out(db, contact, Turn("waiting", (), wishes), self.kept.now(self.now.date()), now=self.now)

    def line(self, number: str) -> Line | None:
        return self.kept.now(self.now.date()).line(number)

    def nurse_answers(self, contact_id: str) -> None:
        """The nurse rung about this contact presses 1, and the caller comes to the room."""
        with self.database.transaction() as db:
            entry = db.scalars(select(QueueEntry).where(QueueEntry.contact_id == contact_id)).one()
            leg = db.scalars(select(Leg).where(Leg.entry_id == entry.id, Leg.token == entry.token)).one()
            bridge.accepted(db, leg, rules.current(db).rules, now=self.now)
            bridge.caller_joined(db, entry, now=self.now)

    def hang_up(self, contact_id: str) -> None:
        """The caller rings off."""
        with self.database.transaction() as db:
            bridge.caller_gone(db, db.get_one(Contact, contact_id), now=self.now)

    def no_reply(self, dispatch_id: str) -> None:
        """The crew did not answer in time, as the clock notices."""
        with self.database.transaction() as db:
            dispatch.no_reply(db, dispatch.get(db, dispatch_id), now=self.now)

    def history(self, contact_id: str) -> list[tuple[str, str]]:
        """What was done with this contact, and by whom."""
        with self.database.reading() as db:
            rows = db.scalars(select(History).where(History.contact_id == contact_id).order_by(History.id))
            return [(row.what, row.actor) for row in rows]

    def left_to_do(self) -> list[str]:
        """The names of the jobs that wait to be done."""
        with self.database.reading() as db:
            return list(db.scalars(select(Outbox.job).where(Outbox.done_at.is_(None)).order_by(Outbox.id)))


@cache
def _example() -> ServiceFile:
    return read(EXAMPLE, wording_names=SENTENCES)


@cache
def _description(text: str) -> OpenAPI:
    readers = {"application/problem+json": json.loads}
    return OpenAPI.from_dict(json.loads(text), config=Config(extra_media_type_deserializers=readers))


class Client:
    """One person's requests. Whatever comes back must be as the description says, refusals too."""

    def __init__(self, lab: Lab, token: str | None) -> None:
        self._lab = lab
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = lab.app.test_client()

    def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, as_described: bool = True, **sent: Any
    ) -> TestResponse:
        """The response, checked; and the request too, unless it is one that is taken though nobody should write it so."""
        address = f"/api/v1{path}"
        response = self._client.open(address, method=method, headers={**self._headers, **(headers or {})}, **sent)
        if response.status_code >= 400:
            check_problem(response)
        if self._routed(response):
            asked = Asked(method, address, response.request.args, sent.get("json"), self._headers)
            self._lab.description.validate_response(asked, WerkzeugOpenAPIResponse(response))
            if response.status_code < 300 and as_described:  # what is taken must be allowed by the description
                self._lab.description.validate_request(asked)
        return response

    def _routed(self, response: TestResponse) -> bool:
        """Whether the address and method are ours at all: a description says nothing of others."""
        routes = self._lab.app.url_map.bind("localhost")
        return routes.test(response.request.path, response.request.method) and "openapi" not in response.request.path

    def get(self, path: str, **sent: Any) -> Any:
        """What a GET answers. Fails on anything but 200."""
        return self._good(self.ask("GET", path, **sent), 200)

    def post(self, path: str, body: Any = None, status: int = 201) -> Any:
        return self._good(self.ask("POST", path, json=body), status)

    def put(self, path: str, body: Any) -> Any:
        return self._good(self.ask("PUT", path, json=body), 200)

    def refused(self, status: int, method: str, path: str, body: Any = None, **sent: Any) -> dict[str, Any]:
        """The problem this request is refused with."""
        if body is not None:
            sent["json"] = body
        response = self.ask(method, path, **sent)
        assert response.status_code == status, response.get_data(as_text=True)
        return response.get_json()

    def _good(self, response: TestResponse, status: int) -> Any:
        assert response.status_code == status, response.get_data(as_text=True)
        return response.get_json() if response.data else None


class Asked:
    """A request in the shape openapi-core reads."""

    host_url = "http://localhost"
    content_type = "application/json"

    def __init__(self, method: str, address: str, query: Any, body: Any, headers: dict[str, str]) -> None:
        self.method, self.path = method.lower(), address.partition("?")[0]
        self.body = None if body is None else json.dumps(body).encode()
        self.parameters = RequestParameters(query=query, header=Headers(headers))


def check_problem(response: TestResponse) -> None:
    """A refusal as RFC 9457 has it, which tells nothing of the inside."""
    assert response.mimetype == "application/problem+json", response.get_data(as_text=True)
    problem = response.get_json()
    assert problem["type"] == "about:blank"
    assert problem["status"] == response.status_code
    assert problem["title"]
    assert problem["detail"].endswith(".")
    for inside in ("Traceback", "sqlalchemy", "psycopg", "sqlite", ".py", "SELECT", "msgspec"):
        assert inside not in response.get_data(as_text=True)


def make_app(database: Database, kept: Kept, clock: Any) -> Flask:
    """The web process as far as API and health go; there is no Redis."""
    app = Flask("nowrongdoor", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=256 * 1024)
    no_softphone = {"ready": False}
    context.attach(app, context.Desk(database, kept, False, lambda _staff: no_softphone, None, clock))
    health.attach(app, redis=hurry.client(NO_REDIS), public_base_url=BASE)
    api.attach(app)
    return app


def as_time(text: str) -> datetime:
    """A time of an answer, which must say it is UTC."""
    assert text.endswith("Z")
    return datetime.fromisoformat(text)

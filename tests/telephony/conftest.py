"""The line as a carrier reaches it: signed forms in, documents out, every document judged by the strict grammar."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from callflows.wording import SENTENCES
from telephony import failsafe, webhooks
from tests.telephony.judges import twiml_grammar
from triage import apply, service_file
from triage.db import Database, open_database, utcnow
from triage.spool import Spool
from triage.standing import Kept

EXAMPLE = Path(__file__).parents[2] / "triage" / "local" / "example.toml"
ACCOUNT = "AC" + "a" * 32
TOKEN = "the-first-auth-token-of-the-account"
SECOND_TOKEN = "the-token-after-the-rotation-----"
BASE = "https://line.example.org"
FALLBACK = "+441632960999"
WORDS_PER_S = 2.5


@dataclass
class Exchange:
    """One webhook's answer, as a caller meets it."""

    response: TestResponse
    document: str

    @property
    def said(self) -> str:
        """Everything spoken, or texted back, in order."""
        root = ElementTree.fromstring(self.document)
        return " ".join((node.text or "") for node in root.iter() if node.tag in ("Say", "Message"))

    def attribute(self, name: str) -> str:
        """The first value of this attribute, anywhere in the document."""
        found = re.search(rf'{name}="([^"]*)"', self.document)
        assert found, f"no {name} in {self.document}"
        return found[1]

    def has(self, verb: str) -> bool:
        return any(node.tag == verb for node in ElementTree.fromstring(self.document).iter())

    def text_of(self, verb: str) -> str:
        return next(node.text or "" for node in ElementTree.fromstring(self.document).iter() if node.tag == verb)

    def lasts_s(self) -> float:
        """How long it takes to say, and then to listen to silence."""
        silence = re.findall(r'(?:timeout|length)="(\d+)"', self.document)
        return len(self.said.split()) / WORDS_PER_S + sum(map(int, silence[:1]))


@dataclass
class TheLine:
    """Signs and posts as the carrier does, and refuses a document the carrier could not follow."""

    client: FlaskClient
    database: Database
    calls: int = 0
    validator: RequestValidator = field(default_factory=lambda: RequestValidator(TOKEN))

    def post(self, url: str, *, profile: str = "voice", signed_by: str | None = None, **form: str) -> Exchange:
        path = url.removeprefix(BASE)
        form = {"AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", **form}
        validator = RequestValidator(signed_by) if signed_by else self.validator
        signature = validator.compute_signature(BASE + path, form)
        response = self.client.post(path, data=form, headers={"X-Twilio-Signature": signature})
        document = response.get_data(as_text=True)
        if response.status_code == 200:
            faults = twiml_grammar.check(document, profile=profile, base_url=BASE, may_be_empty=True)
            # The fail-safe document is constant: it cannot know which line was rung, so whoever answers the fallback
            # number sees the caller's own number, and can ring back if the call is cut off.
            if document == failsafe.document(FALLBACK):
                faults.remove("<Dial> has no callerId.")
            elif document == failsafe.document(FALLBACK, in_the_queue=True):
                faults = []  # what comes after leaving the queue is for a carrier that does not know how to
            assert not faults, f"{faults}\n{document}"
            assert response.content_type == "text/xml; charset=utf-8"
        return Exchange(response, document)

    def rings(self, sid: str = "CA" + "1" * 32, **form: str) -> "Call":
        form = {"From": "+447700900123", "To": "+441632960100", "CallStatus": "ringing", **form}
        return Call(self, sid, form, self.post("/voice/incoming", CallSid=sid, **form))

    def texts(self, body: str, sid: str | None = None, **form: str) -> Exchange:
        self.calls += 1
        form = {"From": "+447700900123", "To": "+441632960100", "Body": body, **form}
        return self.post("/sms/incoming", profile="messaging", MessageSid=sid or f"SM{self.calls:032d}", **form)


@dataclass
class Call:
    """A caller's call: what they hear last, and what they can do about it."""

    line: TheLine
    sid: str
    form: dict[str, str]
    last: Exchange

    def _next(self, url: str, profile: str = "voice", **form: str) -> "Call":
        self.last = self.line.post(url, profile=profile, CallSid=self.sid, **{**self.form, **form})
        return self

    def hears(self, words: str) -> "Call":
        assert words.lower() in self.last.said.lower(), f"did not hear {words!r} in: {self.last.said}"
        return self

    def says(self, words: str) -> "Call":
        return self._next(self.last.attribute("action"), SpeechResult=words, Confidence="0.8")

    def presses(self, digits: str) -> "Call":
        return self._next(self.last.attribute("action"), Digits=digits)

    def stays_silent(self) -> "Call":
        return self._next(self.last.attribute("action"))

    def holds(self) -> "Call":
        """Goes into the carrier's queue and hears the wait document."""
        assert self.last.has("Enqueue"), self.last.document
        return self._next(self.last.attribute("waitUrl"), profile="queue_wait")

    def presses_while_waiting(self, digit: str) -> "Call":
        return self._next(self.last.attribute("action"), profile="queue_wait", Digits=digit)

    def hangs_up(self) -> "Call":
        response = self.line.post(
            "/voice/status", CallSid=self.sid, **{**self.form, "CallStatus": "completed"}
        ).response
        assert response.status_code == 204
        return self


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = open_database(database_url)
    wanted = service_file.read(EXAMPLE, wording_names=SENTENCES)
    with made.transaction() as db:
        apply.apply(db, wanted, now=utcnow())
    yield made
    made.engine.dispose()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Where the line keeps what it could not record."""
    return Spool(tmp_path / "spool")


@pytest.fixture
def line(database: Database, spool: Spool) -> TheLine:
    app = Flask("line")
    tokens = (TOKEN, SECOND_TOKEN)
    webhooks.attach(app, webhooks.Line(database, Kept(database), BASE, ACCOUNT, tokens, FALLBACK, spool))
    return TheLine(app.test_client(), database)


@pytest.fixture
def in_database(database: Database) -> Callable[..., Any]:
    """`in_database(lambda db: ...)`: what a question to the database answers."""

    def ask(question: Callable[..., Any]) -> Any:
        with database.transaction() as db:
            return question(db)

    return ask

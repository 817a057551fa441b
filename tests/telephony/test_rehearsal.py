"""The trial call: answered as a caller's is, told from every real call, and counted nowhere."""

import secrets
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select
from werkzeug.serving import make_server

from telephony import rehearsal
from telephony.rehearsal import TrialCaller
from tests.telephony.conftest import ACCOUNT, SECOND_TOKEN, TOKEN, TheLine
from triage.db import Database
from triage.models import Contact, History
from triage.spool import Spool


@pytest.fixture
def trial(line: TheLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrialCaller]:
    """A trial caller that reaches the line over HTTP, under the address that its signatures are made for."""
    server = make_server("127.0.0.1", 0, line.client.application, threaded=True)
    base = f"http://127.0.0.1:{server.server_port}"
    app = line.client.application
    from telephony.signature import Door

    app.extensions["nowrongdoor.door"] = Door(base, ACCOUNT, (TOKEN, SECOND_TOKEN))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield TrialCaller(base_url=base, account_sid=ACCOUNT, auth_token=TOKEN, every_s=60)
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_is_answered_and_leaves_nothing_behind(trial: TrialCaller, database: Database) -> None:
    assert trial() is None
    with database.reading() as db:
        assert db.scalar(select(func.count(Contact.id))) == 0
        assert db.scalar(select(func.count(History.id)).where(History.what == "rang")) == 0


def test_a_database_that_is_away_is_noticed_and_no_call_is_kept_for_it(
    trial: TrialCaller, database: Database, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(database, "statements", broken)
    assert trial() == "the emergency words were said"
    assert spool.files() == []


def test_it_rings_no_more_often_than_asked(trial: TrialCaller, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(trial, "ring", lambda: rung.append(1))
    for _ in range(4):
        trial()
    assert len(rung) == 1


def test_nobody_listening_is_a_fault_in_a_few_words() -> None:
    nobody = TrialCaller(base_url="http://127.0.0.1:1", account_sid=ACCOUNT, auth_token=TOKEN, every_s=60)
    assert nobody() == rehearsal.NOBODY_THERE


def test_a_real_call_is_never_taken_for_a_trial() -> None:
    assert rehearsal.is_trial(rehearsal.call_id(TOKEN), (SECOND_TOKEN, TOKEN))
    assert not rehearsal.is_trial(rehearsal.call_id("another-token"), (TOKEN,))
    assert not rehearsal.is_trial("", (TOKEN,))
    for _ in range(200):
        assert not rehearsal.is_trial(f"CA{secrets.token_hex(16)}", (TOKEN,))

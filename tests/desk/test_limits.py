"""Nobody asks without end, nobody is locked out by a neighbour, and a Redis that is away or frozen stops neither
limits nor service.
"""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from app import create_app
from tests.harness.databases import local_settings
from tests.harness.redis_server import RedisServer
from tests.harness.stack import EXAMPLE
from tests.telephony.test_door import FORM
from triage import accounts, apply, service_file, settings
from triage.db import open_database, utcnow
from triage.desk import limits

OUTSIDE = {"REMOTE_ADDR": "192.0.2.7"}


class Web:
    """The whole web process, with an administrator's token."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        given = settings.load({**local_settings(), "DATABASE_URL": database_url, "REDIS_URL": redis_url})
        database = open_database(database_url)
        with database.transaction() as db:
            apply.apply(db, service_file.read(EXAMPLE), now=utcnow())
        with database.transaction() as db:
            self.token = accounts.make_token(db, "kit@example.org", now=utcnow())
        database.engine.dispose()
        self.app: Flask = create_app(given)
        self.client: FlaskClient = self.app.test_client()

    def api(self, token: str | None = None, **over: Any) -> Any:
        headers = {"Authorization": f"Bearer {token or self.token}", **over.pop("headers", {})}
        return self.client.get("/api/v1/me", headers=headers, **over)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Setting up logging is for a whole process: put back what other tests of this one rely on."""
    root = logging.getLogger()
    handlers, level, ours = root.handlers, root.level, structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**ours)
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def web(new_database: Callable[[str], str], redis_url: str) -> Web:
    return Web(new_database("sqlite"), redis_url)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three a day, so that no minute turns between the first and the fourth."""
    for name in ("TOKEN", "SIGNED_IN", "STRANGER", "HEALTH"):
        monkeypatch.setattr(limits, name, "3 per day")
    monkeypatch.setattr(limits, "WRONG_TOKENS", limits.parse("3 per day"))


def test_a_token_that_asks_without_end_is_told_to_wait_and_others_are_not(few: None, web: Web) -> None:
    assert [web.api().status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = web.api()
    assert refused.mimetype == "application/problem+json"
    assert 1 <= int(refused.headers["Retry-After"]) <= 86_401
    assert "too often" in refused.get_json()["detail"]
    assert web.api("nwd_somebody_else").status_code == 401


def test_wrong_tokens_are_slowed_by_where_they_come_from_and_right_ones_never(few: None, web: Web) -> None:
    tried = [web.api(f"nwd_wrong_{n}", environ_overrides=OUTSIDE) for n in range(5)]
    assert [answer.status_code for answer in tried] == [401, 401, 401, 429, 429]
    assert tried[-1].headers["Retry-After"]
    assert web.api("nwd_wrong", environ_overrides={"REMOTE_ADDR": "192.0.2.8"}).status_code == 401
    assert web.api(environ_overrides=OUTSIDE).status_code == 200, "the neighbour with a right token is served"


def test_pages_say_it_in_a_sentence(few: None, web: Web) -> None:
    answers = [web.client.get("/sign-in") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert "Wait a minute" in answers[-1].text
    assert answers[-1].headers["Cache-Control"] == "no-store"


def test_behind_a_proxy_the_proxys_word_counts_and_the_clients_does_not(few: None, web: Web) -> None:
    def ask(forwarded: str) -> int:
        return web.client.get("/sign-in", headers={"X-Forwarded-For": forwarded}).status_code

    assert [ask(f"203.0.113.{n}, 192.0.2.7") for n in range(4)] == [200, 200, 200, 429]
    assert ask("192.0.2.7, 192.0.2.8") == 200
    far = {"X-Forwarded-For": "192.0.2.9"}
    codes = [web.client.get("/sign-in", headers=far, environ_overrides=OUTSIDE).status_code for _ in range(2)]
    assert codes == [429, 429], "a header sent from elsewhere is nobody's word: still the source that was stopped"


def test_monitors_elsewhere_are_counted_and_this_machine_is_not(few: None, web: Web) -> None:
    outside = [web.client.get("/healthz/live", environ_overrides=OUTSIDE).status_code for _ in range(4)]
    assert outside == [200, 200, 200, 429]
    assert {web.client.get("/healthz/live").status_code for _ in range(9)} == {200}


def test_webhooks_are_never_counted(few: None, web: Web) -> None:
    assert {web.client.post("/voice/incoming", data=FORM).status_code for _ in range(20)} == {403}


def test_redis_holds_no_token_no_name_and_no_address(web: Web, redis_url: str) -> None:
    web.api(environ_overrides=OUTSIDE)
    web.api("nwd_wrong_token", environ_overrides=OUTSIDE)
    redis = Redis.from_url(redis_url)
    keys = b" ".join(redis.keys("*")).decode()
    redis.close()
    assert "limits" in keys
    for secret in (web.token, "nwd_wrong_token", "192.0.2.7", "kit"):
        assert secret not in keys


@pytest.mark.parametrize("fault", ["away", "frozen"])
def test_without_redis_it_goes_on_serving_and_counting(
    fault: str, few: None, new_database: Callable[[str], str], redis_server: RedisServer, redis_url: str
) -> None:
    url = redis_url if fault == "frozen" else "redis://127.0.0.1:1"
    web = Web(new_database("sqlite"), url)
    if fault == "frozen":
        redis_server.pause()
    try:
        began = time.monotonic()
        assert [web.api().status_code for _ in range(4)] == [200, 200, 200, 429]
        assert time.monotonic() - began < 3
    finally:
        redis_server.resume()

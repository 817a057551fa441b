"""What a load balancer, a monitor and the person on call may rely on: live, ready, safe, and the numbers."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis

from tests.desk.api.lab import BASE, DIRECT, NO_REDIS, Client, Lab
from tests.harness.redis_server import RedisServer
from triage import hurry, outbox
from triage.db import Database, open_database, utcnow
from triage.desk import context, health
from triage.standing import Kept


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    database = open_database(database_url)
    yield Lab(database)
    database.engine.dispose()


def bare_app(database: Database, redis: Redis) -> Flask:
    app = Flask("nowrongdoor", static_folder=None)
    context.attach(app, context.Desk(database, Kept(database), False, lambda _staff: {}, None))
    health.attach(app, redis=redis, public_base_url=BASE)
    return app


def look(app: Flask, which: str) -> tuple[int, dict[str, object]]:
    response = app.test_client().get(f"/healthz/{which}")
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, response.get_json()


def test_the_process_lives_whatever_else_does_not() -> None:
    app = bare_app(open_database("postgresql://nobody@127.0.0.1:1/nothing"), hurry.client(NO_REDIS))
    assert look(app, "live") == (200, {"status": "ok"})


def test_ready_needs_the_database_and_only_tells_of_redis(lab: Lab, redis_server: RedisServer) -> None:
    status, said = look(lab.app, "ready")
    assert (status, said["status"], said["reasons"]) == (200, "ready", [])
    assert "Redis does not answer" in str(said["warnings"])
    status, said = look(bare_app(lab.database, hurry.client(redis_server.url)), "ready")
    assert (status, said["warnings"]) == (200, [])


def test_without_its_database_it_is_neither_ready_nor_safe() -> None:
    app = bare_app(open_database("postgresql://nobody@127.0.0.1:1/nothing"), hurry.client(NO_REDIS))
    for which in ("ready", "safe"):
        status, said = look(app, which)
        assert (status, said["reasons"]) == (503, ["The database does not answer."])


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_database_that_was_not_migrated_is_not_ready(databases, request, backend: str) -> None:
    if backend == "postgresql":
        request.getfixturevalue("postgres_url")
    database = open_database(databases.empty(backend))
    status, said = look(bare_app(database, hurry.client(NO_REDIS)), "ready")
    assert status == 503
    assert "nowrongdoor migrate" in str(said["reasons"])
    database.engine.dispose()


def test_safe_when_the_next_caller_would_be_recorded_answered_and_put_before_a_nurse(lab: Lab) -> None:
    lab.as_("ana").put("/me/presence", {"state": "ready"})
    lab.ring()
    lab.later(40)
    status, said = look(lab.app, "safe")
    assert (status, said["status"], said["reasons"]) == (200, "safe", [])
    assert (said["oldest_wait_s"], said["nurses_on_shift"], said["lines"]) == (40, 1, 4)
    assert said["carrier_calls"] == f"{BASE}/voice/incoming"


def test_nobody_on_shift_is_told_and_is_no_reason_to_turn_callers_away(lab: Lab) -> None:
    status, said = look(lab.app, "safe")
    assert status == 200
    assert any("No nurse is on shift" in warning for warning in said["warnings"])


def test_not_safe_before_any_line_is_configured(new_database: Callable[[str], str]) -> None:
    database = open_database(new_database("sqlite"))
    status, said = look(bare_app(database, hurry.client(NO_REDIS)), "safe")
    assert (status, said["reasons"]) == (503, ["No line is configured: run `nowrongdoor apply service.toml`."])


def test_not_safe_when_what_is_due_lies_undone(lab: Lab) -> None:
    with lab.database.transaction() as db:
        outbox.add(db, "hang_up", now=lab.now, leg_id="nobody")
        outbox.add(db, "hang_up", now=lab.now, due_at=lab.now + timedelta(minutes=1), leg_id="nobody")
    lab.later(15)
    assert look(lab.app, "safe")[0] == 200
    lab.later(1)
    status, said = look(lab.app, "safe")
    assert (status, said["reasons"]) == (
        503, ["Work has been due for 16 s and nobody did it: the clock is not running."],
    )  # fmt: skip


def test_not_safe_when_a_claim_that_ran_out_is_not_given_back(lab: Lab) -> None:
    lab.ring()
    lab.as_("ana").post("/queue/next", status=200)
    with lab.database.transaction() as db:
        for row in outbox.due(db, lab.now):
            row.done_at = lab.now
    lab.later(41)
    assert look(lab.app, "safe")[0] == 200
    lab.later(20)
    assert look(lab.app, "safe")[0] == 503


def test_not_safe_when_the_database_takes_no_writes(new_database: Callable[[str], str], postgres_url: str) -> None:
    database = open_database(new_database("postgresql"))
    lab = Lab(database)
    assert look(lab.app, "safe")[0] == 200
    with database.engine.connect() as connection:
        name = connection.exec_driver_sql("select current_database()").scalar_one()
        connection.exec_driver_sql(f'alter database "{name}" set default_transaction_read_only = on')
        connection.commit()
    database.engine.dispose()
    status, said = look(lab.app, "safe")
    assert status == 503
    assert "takes no writes" in str(said["reasons"])
    assert look(lab.app, "ready")[0] == 200
    database.engine.dispose()


def test_looking_changes_nothing(lab: Lab, ana: Client) -> None:
    tag = ana.ask("GET", "/queue").headers["ETag"]
    for which in ("live", "ready", "safe"):
        look(lab.app, which)
    assert ana.ask("GET", "/queue").headers["ETag"] == tag


@pytest.fixture
def ana(lab: Lab) -> Client:
    return lab.as_("ana")


def test_the_numbers_are_for_this_machine_or_a_token(lab: Lab) -> None:
    client = lab.app.test_client()
    ask = {"Authorization": f"Bearer {lab.tokens['kit']}"}
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_overrides=elsewhere).status_code == 401
    assert client.get("/metrics", environ_overrides=elsewhere, headers=ask).status_code == 200
    assert (
        client.get("/metrics", environ_overrides=elsewhere, headers={"Authorization": "Bearer no"}).status_code == 401
    )
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 401
        assert client.get("/metrics", headers={header: "127.0.0.1", **ask}).status_code == 200


def test_a_nurses_token_does_not_open_the_numbers(lab: Lab) -> None:
    for who, status in (("ana", 401), ("grace", 401), ("isla", 200), ("kit", 200)):
        ask = {"Authorization": f"Bearer {lab.tokens[who]}"}
        answer = lab.app.test_client().get("/metrics", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}, headers=ask)
        assert answer.status_code == status, who


@pytest.mark.parametrize("which", ["ready", "safe"])
def test_whoever_asks_from_outside_is_told_the_word_alone(lab: Lab, which: str) -> None:
    client = lab.app.test_client()
    for how in ({"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}}, {"headers": {"X-Forwarded-For": "127.0.0.1"}}):
        assert client.get(f"/healthz/{which}", **how).get_json() == {"status": which}
    ask = {"Authorization": f"Bearer {lab.tokens['kit']}", "X-Forwarded-For": "192.0.2.7"}
    assert "warnings" in client.get(f"/healthz/{which}", headers=ask).get_json()


def test_a_database_that_is_away_tells_nothing_outside() -> None:
    app = bare_app(open_database("postgresql://nobody@127.0.0.1:1/nothing"), hurry.client(NO_REDIS))
    ask = {"Authorization": "Bearer nwd_x"}
    answer = app.test_client().get("/healthz/safe", headers=ask, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert (answer.status_code, answer.get_json()) == (503, {"status": "not safe"})


def test_the_numbers_say_who_waits_how_long_and_what_is_open_and_nothing_of_anybody(lab: Lab, ana: Client) -> None:
    ana.put("/me/presence", {"state": "ready"})
    car_for = lab.ring("+447700900111", danger=True)
    lab.ring("+447700900112", DIRECT)
    lab.text("hello", "+447700900113")
    ana.post(f"/contacts/{car_for}/incidents", {"address": "12 Quay Street"})
    lab.hang_up(lab.ring("+447700900114"))
    lab.later(90)
    text = lab.app.test_client().get("/metrics").get_data(as_text=True)
    for line in (
        'nowrongdoor_contacts_total{channel="call"} 3',
        'nowrongdoor_contacts_total{channel="text"} 1',
        'nowrongdoor_waiting{band="0"} 1',
        'nowrongdoor_waiting{band="4"} 2',
        "nowrongdoor_oldest_wait_seconds 90",
        'nowrongdoor_nurses{state="ready"} 1',
        "nowrongdoor_incidents_open 1",
        "nowrongdoor_promises_owed 2",
        "nowrongdoor_promises_overdue 1",
    ):
        assert line in text.splitlines()
    assert "7700900" not in text
    assert "Quay" not in text
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) nowrongdoor_\w+ .+|nowrongdoor_\w+(\{\w+=\"\w+\"\})? \d+", line), line


def test_time_moves_on_the_real_clock_too(new_database: Callable[[str], str]) -> None:
    database = open_database(new_database("sqlite"))
    app = bare_app(database, hurry.client(NO_REDIS))
    with database.transaction() as db:
        outbox.add(db, "hang_up", now=utcnow() - timedelta(seconds=30), leg_id="nobody")
    assert "nowrongdoor_work_late_seconds 3" in app.test_client().get("/metrics").get_data(as_text=True)

"""`nowrongdoor check --production`: a sentence for each thing that may not stand where callers' words are real."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import factories
from tests.harness.databases import local_settings
from triage import production_check, settings
from triage.apply import apply
from triage.db import open_database, utcnow
from triage.models import Unit
from triage.production_check import findings

STRONG = "Jx0o3vW8q1nTz5Lk7Yb2Rd9Pf4Hs6Gm-"
SAFE: dict[str, Any] = {
    "mode": "production", "api_base_url": None, "public_base_url": "https://line.example.org", "secret_key": STRONG,
    "field_keys": "k1:" + STRONG[::-1], "redis_url": "rediss://:word@redis.example.org/0",
}  # fmt: skip


def given(**over: Any) -> settings.Settings:
    return replace(settings.load(local_settings()), **{**SAFE, **over})


def about_settings(folder: Path, environment: dict[str, str] | None = None, **over: Any) -> str:
    database = {"database_url": f"sqlite:///{folder / 'none.db'}"}
    return "\n".join(findings(given(**{**database, **over}), environment or {}, folder))


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"mode": "local"}, "SERVICE_MODE is local"),
        ({"api_base_url": "http://127.0.0.1:1"}, "TWILIO_API_BASE_URL is set"),
        ({"public_base_url": "http://127.0.0.1:1"}, "PUBLIC_BASE_URL is not https"),
        ({"secret_key": "sixteen-letters-long"}, "SECRET_KEY looks made by hand"),
        ({"field_keys": "k1:" + "abcde" * 8}, "FIELD_KEYS looks made by hand"),
        ({"field_keys": f"k1:{STRONG}"}, "SECRET_KEY is also used"),
        ({"field_keys": f"k1:{STRONG[::-1]},k2:{STRONG[::-1]}"}, "the same key twice"),
        ({"auth_tokens": (STRONG[::-1],)}, "also an auth token"),
        ({"auth_tokens": ("a" * 20, "a" * 20)}, "are the same"),
        ({"redis_url": "redis://:word@redis.example.org/0"}, "without TLS"),
        ({"redis_url": "rediss://redis.example.org/0"}, "asks for no password"),
        ({"fallback_number": "+44999"}, "FALLBACK_NUMBER cannot be relied on: it is an emergency number"),
        ({"fallback_number": "+44909" + "8790000"}, "premium-rate"),
        ({"database_url": "postgresql://us@db.example.invalid/x"}, "PostgreSQL is on another machine without TLS"),
        ({}, "DATABASE_URL is SQLite"),
        ({}, "could not be looked at"),
    ],
)  # fmt: skip
def test_each_unsafe_setting_is_a_finding(tmp_path: Path, over: dict[str, Any], said: str, monkeypatch) -> None:
    if "database_url" in over:  # no name is looked up in tests
        monkeypatch.setattr(production_check, "_looked", lambda *_: [])
    assert said in about_settings(tmp_path, **over)


def test_what_is_safe_is_no_finding(tmp_path: Path) -> None:
    said = about_settings(tmp_path)
    for word in ("SERVICE_MODE", "TWILIO", "https", "SECRET_KEY", "FIELD_KEYS", "Redis", "FALLBACK", ".env", "Debug"):
        assert word not in said
    assert "Redis" not in about_settings(tmp_path, redis_url="unix:///run/redis.sock")
    assert "Redis" not in about_settings(tmp_path, redis_url="redis://127.0.0.1:6379/0")


def test_debugging_and_an_open_env_file_are_findings(tmp_path: Path) -> None:
    assert "Debugging is on" in about_settings(tmp_path, {"FLASK_DEBUG": "1"})
    assert "Debugging" not in about_settings(tmp_path, {"FLASK_DEBUG": "0"})
    (tmp_path / ".env").touch(mode=0o644)
    assert "chmod 600 .env" in about_settings(tmp_path)


def test_one_administrator_no_phone_on_duty_and_a_costly_number_are_findings(
    new_database: Callable[[str], str],
) -> None:
    url = new_database("sqlite")
    database = open_database(url)
    factories.make_service(database, now=utcnow())
    factories.make_unit(database, now=utcnow(), call_sign="Z1")
    with database.transaction() as db:
        db.get_one(Unit, "Z1").phone = "+44909" + "8790001"
    said = "\n".join(findings(given(database_url=url), {}, Path("/nonexistent")))
    database.engine.dispose()
    for sentence in (
        "Fewer than two administrators",
        "Fewer than two supervisors",
        "No dispatcher or supervisor has a",
    ):
        assert sentence in said
    assert "unit Z1 is never rung: it is a premium-rate number" in said


def test_a_role_that_could_rewrite_history_is_a_finding(new_database: Callable[[str], str]) -> None:
    url = new_database("postgresql")
    said = "\n".join(findings(given(database_url=url), {}, Path("/nonexistent")))
    assert "is a superuser" in said


def test_a_fallback_number_nobody_agreed_to_is_a_finding(new_database: Callable[[str], str], tmp_path: Path) -> None:
    url = new_database("sqlite")
    database = open_database(url)
    with database.transaction() as db:
        apply(db, factories.service(), now=utcnow(), fallback_number="+441632960999", two_people=True)
    database.engine.dispose()
    agreed = findings(given(database_url=url, fallback_number="+441632960999"), {}, tmp_path)
    assert not any("two people agreed" in finding for finding in agreed)
    other = findings(given(database_url=url, fallback_number="+441632960998"), {}, tmp_path)
    assert any("two people agreed to (+441632960999)" in finding for finding in other)


def test_a_fallback_number_that_costs_or_is_no_telephone_stops_the_start(tmp_path: Path) -> None:
    command = str(Path(sys.executable).with_name("nowrongdoor"))
    for number, why in (("+44909" + "8790000", "premium-rate"), ("+44" + "116123", "short number")):
        here = {"PATH": "/usr/bin:/bin", **local_settings(), "FALLBACK_NUMBER": number}
        done = subprocess.run([command, "fallback-twiml"], cwd=tmp_path, env=here, capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stderr.startswith("FALLBACK_NUMBER is never rung")
        assert why in done.stderr


def test_the_command_says_every_finding_and_ends_with_one(tmp_path: Path) -> None:
    command = str(Path(sys.executable).with_name("nowrongdoor"))
    settings_here = {"PATH": "/usr/bin:/bin", **local_settings(), "DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}"}
    done = subprocess.run(
        [command, "check", "--production"], cwd=tmp_path, env=settings_here, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert "SERVICE_MODE is local" in done.stderr
    assert "whether the carrier still answers STOP and HELP by itself" in done.stdout
    assert not [word for word in ("Traceback", settings_here["SECRET_KEY"]) if word in done.stderr + done.stdout]

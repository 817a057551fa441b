"""Secrets stay where they belong: out of logs and tracebacks, and out of a `.env` that others can read."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.databases import ROOT, local_settings
from triage import settings

PROGRAM = """
import logging, structlog
from triage import logs, settings, startup
given = startup.settings_or_exit()
logs.set_up("web")
log = structlog.get_logger("x")
for secret in given.secrets:
    log.info(f"plain {secret}", detail=f"inside {secret} too", many=[secret, {"deep": secret}], thing=ValueError(secret))
    logging.getLogger("library").warning("library says %s", secret)
    try:
        local = secret
        raise RuntimeError(f"it failed with {secret}")
    except RuntimeError:
        log.exception("failed")
        logging.getLogger("library").exception("it failed with %s", secret)
log.info("Authorization: Bearer nwd_abcdefghijklmnop", where="postgresql://us:hunter2hunter2@db/x", said="nwd_0123456789")
"""
WITH_PASSWORDS = {
    "DATABASE_URL": "postgresql://nowrongdoor:the-databases-password@127.0.0.1/x",
    "REDIS_URL": "redis://:the-redis-password@127.0.0.1:1/0",
    "TWILIO_AUTH_TOKEN_SECONDARY": "the-second-token-of-the-account",
    "SECRET_KEY_PREVIOUS": "the-key-before-this-one-of-cookies",
    "OIDC_ISSUER": "https://login.example.org",
    "OIDC_CLIENT_ID": "nowrongdoor",
    "OIDC_CLIENT_SECRET": "the-secret-of-the-organisations-sign-in",
    "FIELD_KEYS": local_settings()["FIELD_KEYS"] + ",older:" + "b2xkZXIga2V5cyBhcmUgZm9yIHRlc3RzIGFsc28h",
}


def start(folder: Path, program: str, **over: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **local_settings(), **over}
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


def test_no_secret_reaches_a_log_line_whatever_it_stands_in(tmp_path: Path) -> None:
    given = settings.load({**local_settings(), **WITH_PASSWORDS})
    assert len(given.secrets) == 10
    done = start(tmp_path, PROGRAM, **{**local_settings(), **WITH_PASSWORDS, **same(given)})
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 4 * len(given.secrets) + 1
    for line in done.stdout.splitlines():
        json.loads(line)
    for secret in (*given.secrets, "nwd_abcdefghijklmnop", "hunter2hunter2", "nwd_0123456789"):
        assert secret not in done.stdout + done.stderr
    assert "postgresql://us:[masked]@db/x" in done.stdout


def same(given: settings.Settings) -> dict[str, str]:
    """The made-up ones are new each time they are asked for: these are the ones already read."""
    return {
        "TWILIO_AUTH_TOKEN": given.auth_tokens[0], "TWILIO_API_SECRET": given.api_secret,
        "SECRET_KEY": given.secret_key, "FIELD_KEYS": given.field_keys,
    }  # fmt: skip


def test_settings_do_not_show_their_secrets_when_printed() -> None:
    given = settings.load({**local_settings(), **WITH_PASSWORDS})
    for shown in (repr(given), str(given), f"{given}", repr([given])):
        assert not [secret for secret in given.secrets if secret in shown]


@pytest.mark.parametrize(("mode", "ends"), [("production", 2), ("local", 0)])
@pytest.mark.parametrize("rights", [0o644, 0o640, 0o604])
def test_an_env_file_that_others_can_read_is_told_and_in_production_stops_the_start(
    tmp_path: Path, mode: str, ends: int, rights: int
) -> None:
    file = tmp_path / ".env"
    file.write_text("SECRET_KEY=x\n", encoding="utf-8")
    file.chmod(rights)
    done = start(tmp_path, "from triage import startup; startup.settings_or_exit()", SERVICE_MODE=mode)
    assert (done.returncode, "chmod 600 .env" in done.stderr) == (ends, True)
    file.chmod(0o600)
    done = start(tmp_path, "from triage import startup; startup.settings_or_exit()", SERVICE_MODE=mode)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_servers_own_errors_name_a_place_and_quote_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "def make():\n    raise RuntimeError('the-secret-in-the-message')\n", encoding="utf-8"
    )
    gunicorn = shutil.which("gunicorn", path=str(Path(sys.executable).parent))
    done = subprocess.run(
        [str(gunicorn), "-c", str(ROOT / "gunicorn.conf.py"), "--no-control-socket", "--bind", "127.0.0.1:0", "broken:make()"],
        cwd=tmp_path, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert "the-secret-in-the-message" not in done.stdout
    assert "broken.py:2" in done.stdout

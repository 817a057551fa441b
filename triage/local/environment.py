"""The settings that `make run` gives every process: made up once, kept in `var/local.env`.

The names are those of `.env.example`; the environment overrides them. The made-up values are worth nothing
outside this machine, but only the file's owner can read it all the same: whoever holds SECRET_KEY and
FIELD_KEYS can read what the service stored.
"""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from triage.local.problems import NotWritable, Problem

FALLBACK_NUMBER = "+441632960999"  # Ofcom drama range: rings nowhere


class NotANumber(Problem):
    """A port that is not one."""


def port_from(environment: Mapping[str, str], name: str, default: int) -> int:
    """The port that `name` sets. Raises NotANumber for anything but 1 to 65535."""
    said = environment.get(name) or str(default)
    if said.isascii() and said.isdigit() and 0 < int(said) < 65536:
        return int(said)
    raise NotANumber(f"{name} is {said!r}: a port is a number from 1 to 65535.")


def made_up() -> dict[str, str]:
    """New secrets in the shapes that the real ones have."""
    return {
        "TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "TWILIO_API_KEY": "SK" + secrets.token_hex(16),
        "TWILIO_API_SECRET": secrets.token_hex(16),
        "TWILIO_TWIML_APP_SID": "AP" + secrets.token_hex(16),
        "SECRET_KEY": secrets.token_urlsafe(32),
        "FIELD_KEYS": "local1:" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "FALLBACK_NUMBER": FALLBACK_NUMBER,
    }


def kept(path: Path) -> dict[str, str]:
    """The secrets in `path`; whatever it lacks is made up and added. Raises NotWritable."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    pairs = [line.partition("=") for line in lines if "=" in line and not line.startswith("#")]
    have = {name.strip(): value.strip() for name, _, value in pairs}
    missing = {name: value for name, value in made_up().items() if name not in have}
    if missing:
        head = lines or ["# Made up by `make run` for this machine. Not for production; not to be shared."]
        text = "\n".join([*head, *(f"{name}={value}" for name, value in missing.items())]) + "\n"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise NotWritable(f"The local settings cannot be written to {path}: {error.strerror}.") from error
    return have | missing


def settings(
    environment: Mapping[str, str],
    *,
    secrets_of: Mapping[str, str],
    var: Path,
    port: int,
    carrier_port: int,
    redis: str,
) -> dict[str, str]:
    """The environment for every process: the caller's own, completed with what it does not say."""
    ours = {
        **secrets_of,
        "SERVICE_MODE": "local",
        "DATABASE_URL": f"sqlite:///{var.resolve() / 'service.db'}",
        "SPOOL_DIR": str(var.resolve() / "spool"),
        "REDIS_URL": redis,
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "TWILIO_API_BASE_URL": f"http://127.0.0.1:{carrier_port}",
    }
    given = {name: value for name, value in environment.items() if value or name not in ours}
    return {**ours, **given, "PORT": str(port), "PYTHONUNBUFFERED": "1"}

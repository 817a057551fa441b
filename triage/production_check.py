"""What must be put right before callers' words are real: `nowrongdoor check --production`.

One sentence for each finding, with how to mend it. What it cannot look at it says, rather than passing over it.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from triage import audit, destinations, rules
from triage.apply import FALLBACK
from triage.db import Database, open_database
from triage.models import ApiToken, Promise, Staff, Unit
from triage.settings import Settings, is_loopback, open_env_file

ENOUGH_LETTERS: Final = 12  # different ones: 32 random bytes in base64 have about 25
LONG_ENOUGH: Final = 32
ENCRYPTED: Final = ("require", "verify-ca", "verify-full")
ON_CALL: Final = frozenset({"dispatcher", "supervisor"})


def findings(settings: Settings, environment: Mapping[str, str], folder: Path) -> list[str]:
    """Every fault that would do on one machine for trying out and must not stand where callers' words are real."""
    return [
        *_mode(settings, environment), *_secrets(settings), *_redis(settings), *_machine(folder), *_database(settings),
    ]  # fmt: skip


def _mode(settings: Settings, environment: Mapping[str, str]) -> Iterator[str]:
    if settings.is_local:
        yield "SERVICE_MODE is local: anybody can sign in by picking a person. Set it to production."
    if settings.api_base_url:
        yield "TWILIO_API_BASE_URL is set: calls and texts go to a carrier on this machine, not the real one. Unset it."
    if not settings.public_base_url.startswith("https:"):
        yield "PUBLIC_BASE_URL is not https: no HSTS for browsers, and cookies may travel in the clear. Use https."
    if environment.get("FLASK_DEBUG", "0") not in ("", "0") or environment.get("PYTHONDEVMODE"):
        yield "Debugging is on (FLASK_DEBUG or PYTHONDEVMODE): errors would show the inside. Unset it."
    if environment.get("PYTHONASYNCIODEBUG") or environment.get("WERKZEUG_DEBUG_PIN"):
        yield "A debugger's setting is in the environment (WERKZEUG_DEBUG_PIN or PYTHONASYNCIODEBUG). Unset it."
    kind = destinations.kind_of(settings.fallback_number)
    if kind not in (*destinations.ORDINARY, "freephone"):
        why = destinations.NEVER.get(kind) or destinations.ONLY_IF_ALLOWED.get(kind, "it cannot be rung")
        yield f"FALLBACK_NUMBER cannot be relied on: {why}. Name a telephone that a person always picks up."


def _secrets(settings: Settings) -> Iterator[str]:
    keys = [part.strip().rpartition(":")[2] for part in settings.field_keys.split(",")]
    named = [("SECRET_KEY", settings.secret_key), *(("FIELD_KEYS", key) for key in keys)]
    for name, value in named:
        if len(value) < LONG_ENOUGH or len(set(value)) < ENOUGH_LETTERS:
            yield f"{name} looks made by hand. Make it with the command that .env.example gives."
    if settings.secret_key in keys or settings.secret_key in settings.auth_tokens:
        yield "SECRET_KEY is also used for something else: whoever learns one has both. Make another."
    if any(key in settings.auth_tokens for key in keys):
        yield "A key of FIELD_KEYS is also an auth token: whoever learns one has both. Make another."
    if len(set(keys)) != len(keys):
        yield "FIELD_KEYS names the same key twice. Keep one of them."
    if len(set(settings.auth_tokens)) != len(settings.auth_tokens):
        yield "TWILIO_AUTH_TOKEN and TWILIO_AUTH_TOKEN_SECONDARY are the same. Leave the second out until you rotate."


def _redis(settings: Settings) -> Iterator[str]:
    url = urlsplit(settings.redis_url)
    if url.scheme == "unix" or is_loopback(url.hostname or ""):
        return
    if not url.password:
        yield "Redis is on another machine and asks for no password: whoever can write to it runs our jobs. Set one."
    if url.scheme != "rediss":
        yield "Redis is on another machine without TLS. Use rediss:// in REDIS_URL."


def _machine(folder: Path) -> Iterator[str]:
    if open_env := open_env_file(folder):
        yield open_env
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        yield "This runs as root: a fault in it would own the machine. Run it as a user of its own."


# --- the database -----------------------------------------------------------------------------------------------------


def _database(settings: Settings) -> Iterator[str]:
    url = urlsplit(settings.database_url)
    if url.scheme.startswith("sqlite"):
        yield "DATABASE_URL is SQLite: for more than one machine, and for backups while running, use PostgreSQL."
    elif not (is_loopback(url.hostname or "") or not url.hostname):
        mode = parse_qs(url.query).get("sslmode", [""])[-1]
        if mode not in ENCRYPTED:
            yield "PostgreSQL is on another machine without TLS. Add ?sslmode=verify-full to DATABASE_URL."
    database = open_database(settings.database_url)
    try:
        for look in (_role, _people, _tokens, _lines, partial(_fallback, settings.fallback_number)):
            yield from _looked(database, look)
    finally:
        database.engine.dispose()


def _looked(database: Database, look: Callable[[Session], Iterator[str]]) -> list[str]:
    try:
        with database.reading() as db:
            return list(look(db))
    except Exception as error:
        return [f"The database could not be looked at ({type(error).__name__}), so what it holds was not checked."]


def _role(db: Session) -> Iterator[str]:
    if db.get_bind().dialect.name != "postgresql":
        return
    if db.scalar(text("select rolsuper from pg_roles where rolname = current_user")):
        yield "The database role is a superuser: nothing in the database stands in its way. Use a role of its own."
    elif audit.can_rewrite(db):
        yield (
            "The database role may change or delete history: it owns the table or was given the right. Migrate as one "
            "role and run the service as another, with SELECT and INSERT alone on history."
        )


def _people(db: Session) -> Iterator[str]:
    staff = db.scalars(select(Staff).where(Staff.active)).all()
    administrators = [one for one in staff if "administrator" in one.roles]
    supervisors = [one for one in staff if "supervisor" in one.roles]
    if len(administrators) < 2:
        yield "Fewer than two administrators are in the service file: one who is away locks everybody out. Add another."
    if len(supervisors) < 2:
        yield "Fewer than two supervisors are in the service file: nobody can stand in for one. Add another."
    if not any(one.phone for one in staff if ON_CALL & set(one.roles)):
        yield "No dispatcher or supervisor has a phone: nobody on duty can be rung about a car. Add phone = to one."


def _tokens(db: Session) -> Iterator[str]:
    lasting = select(func.count(ApiToken.digest)).where(ApiToken.revoked_at.is_(None), ApiToken.expires_at.is_(None))
    if count := db.scalar(lasting):
        yield f"{count} bearer tokens never expire. Make new ones and revoke these."


def _fallback(number: str, db: Session) -> Iterator[str]:
    agreed = rules.config(db).get(FALLBACK)
    if agreed and agreed != number:
        yield (
            f"FALLBACK_NUMBER is not the number two people agreed to ({agreed}). Set it back, or apply the service "
            "file and let two people agree on the page Two people."
        )


def _lines(db: Session) -> Iterator[str]:
    under = destinations.policy(db)
    rung = [*((f"staff {one.email}", one.phone) for one in db.scalars(select(Staff).where(Staff.active)) if one.phone)]
    rung += [(f"unit {one.call_sign}", one.phone) for one in db.scalars(select(Unit).where(Unit.active))]
    for whose, number in rung:
        try:
            destinations.check(number, under, trusted=True)
        except destinations.Refused as no:
            yield f"The phone of {whose} is never rung: {no.why}. Correct it in the service file and apply it."
    overdue = select(Promise.id).where(Promise.kind == "held", Promise.settled_at.is_(None)).limit(1)
    if db.scalar(overdue):
        yield "Texts or calls were held back by a cap and nobody has settled it. Look at the board."

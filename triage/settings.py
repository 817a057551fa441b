"""The settings, from the environment. A missing or unsafe one stops the start with a sentence that names it.

All are listed in `.env.example`. Nothing is read from the environment anywhere else in the service.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from environs import Env

MODES = ("production", "local")
KNOWN_DEFAULTS = {"changeme", "secret", "dev", "development", "password", "test"}
FEWEST_LETTERS = 5  # different ones in a secret: "aaaaaaaaaaaaaaaaaaaa" is long and guessed at once
# What proves a second factor unless OIDC_MFA says otherwise: Entra ID's amr, RFC 8176's, and the NHS identity levels of
# CIS2 (authentication assurance level 2 or 3).
MFA_VALUES = frozenset({"mfa", "AAL2_OR_AAL3_ANY", "AAL2_ANY", "AAL3_ANY", "AAL2", "AAL3"})
DATABASES = ("sqlite", "postgresql", "postgres")


class SettingsError(Exception):
    """What is wrong with the settings: every fault at once, one sentence each, in `faults`."""

    def __init__(self, faults: list[str]):
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Organisation:
    """The organisation's own sign-in, by OpenID Connect. `mfa_values`: which `amr` or `acr` prove a second factor."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    private_key: str = field(default="", repr=False)
    name: str = "your organisation"
    email_claim: str = "email"
    mfa_values: frozenset[str] = MFA_VALUES


@dataclass(frozen=True)
class Settings:
    """The settings of one process. Secrets are kept out of `repr`."""

    mode: Literal["production", "local"]
    database_url: str
    redis_url: str
    public_base_url: str
    account_sid: str
    auth_tokens: tuple[str, ...]
    api_key: str
    api_secret: str
    twiml_app_sid: str
    api_base_url: str | None
    secret_key: str
    field_keys: str
    fallback_number: str
    port: int
    secret_keys_previous: tuple[str, ...] = ()
    breached_passwords_file: Path | None = None
    organisation: "Organisation | None" = None
    spool_dir: Path = Path("var") / "spool"
    deadman_file: Path | None = None
    deadman_url: str | None = None
    synthetic_call_every_s: int = 60
    routing_url: str | None = None

    def __repr__(self) -> str:
        return f"Settings(mode={self.mode!r}, public_base_url={self.public_base_url!r})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that opens something, for logs to leave out."""
        keys = [part.strip().rpartition(":")[2] for part in self.field_keys.split(",")]
        passwords = [urlsplit(url).password or "" for url in (self.database_url, self.redis_url)]
        signing = (self.secret_key, *self.secret_keys_previous)
        organisation = (self.organisation.client_secret, self.organisation.private_key) if self.organisation else ()
        found = (*self.auth_tokens, self.api_secret, *signing, *keys, *passwords, *organisation)
        return tuple(secret for secret in found if secret)

    @property
    def is_local(self) -> bool:
        return self.mode == "local"


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check. Raises SettingsError."""
    env = _Reader(environment)
    mode = env.text("SERVICE_MODE", "production")
    settings = Settings(
        mode="local" if mode == "local" else "production",
        database_url=env.text("DATABASE_URL", f"sqlite:///{Path('var').resolve() / 'service.db'}"),
        redis_url=env.text("REDIS_URL", f"unix://{Path('var').resolve() / 'run' / 'redis.sock'}"),
        public_base_url=env.text("PUBLIC_BASE_URL").rstrip("/"),
        account_sid=env.text("TWILIO_ACCOUNT_SID"),
        auth_tokens=tuple(
            token for token in (env.text("TWILIO_AUTH_TOKEN"), env.text("TWILIO_AUTH_TOKEN_SECONDARY", "")) if token
        ),
        api_key=env.text("TWILIO_API_KEY", ""),
        api_secret=env.text("TWILIO_API_SECRET", ""),
        twiml_app_sid=env.text("TWILIO_TWIML_APP_SID", ""),
        api_base_url=env.text("TWILIO_API_BASE_URL", "").rstrip("/") or None,
        secret_key=env.text("SECRET_KEY"),
        field_keys=env.text("FIELD_KEYS"),
        fallback_number=env.text("FALLBACK_NUMBER"),
        port=env.whole("PORT", 8080),
        secret_keys_previous=tuple(key for key in (env.text("SECRET_KEY_PREVIOUS", ""),) if key),
        breached_passwords_file=Path(breached) if (breached := env.text("BREACHED_PASSWORDS_FILE", "")) else None,
        organisation=_organisation(env),
        deadman_file=Path(sign) if (sign := env.text("DEADMAN_FILE", "")) else None,
        deadman_url=env.text("DEADMAN_URL", "") or None,
        routing_url=env.text("ROUTING_URL", "") or None,
        synthetic_call_every_s=env.whole("SYNTHETIC_CALL_EVERY_S", 60),
        spool_dir=Path(env.text("SPOOL_DIR", str(Path("var") / "spool"))).resolve(),
    )
    faults = env.faults + _faults(settings, mode, set(env.missing))
    if not settings.is_local:
        faults += [*_debug_faults(env), *_open_server_faults(settings)]
    if faults:
        raise SettingsError(faults)
    return settings


def _organisation(env: "_Reader") -> Organisation | None:
    """The OIDC settings, all of them or none; what is wrong with them goes to the reader's faults."""
    given = {
        "OIDC_ISSUER": env.text("OIDC_ISSUER", ""),
        "OIDC_CLIENT_ID": env.text("OIDC_CLIENT_ID", ""),
        "OIDC_CLIENT_SECRET": env.text("OIDC_CLIENT_SECRET", ""),
        "OIDC_PRIVATE_KEY_FILE": env.text("OIDC_PRIVATE_KEY_FILE", ""),
        "OIDC_NAME": env.text("OIDC_NAME", ""),
        "OIDC_EMAIL_CLAIM": env.text("OIDC_EMAIL_CLAIM", ""),
        "OIDC_MFA": env.text("OIDC_MFA", ""),
    }
    if not any(given.values()):
        return None
    for name in ("OIDC_ISSUER", "OIDC_CLIENT_ID"):
        if not given[name]:
            env.faults.append(f"{name} is not set, but other OIDC settings are: set what they need, or none.")
    if bool(given["OIDC_CLIENT_SECRET"]) == bool(given["OIDC_PRIVATE_KEY_FILE"]):
        env.faults.append("OIDC_CLIENT_SECRET or OIDC_PRIVATE_KEY_FILE is needed, and one alone.")
    issuer = urlsplit(given["OIDC_ISSUER"])
    if given["OIDC_ISSUER"] and not (
        issuer.hostname and not issuer.query and not issuer.fragment
        and (issuer.scheme == "https" or (issuer.scheme == "http" and is_loopback(issuer.hostname)))
    ):  # fmt: skip
        env.faults.append(
            "OIDC_ISSUER must be an https address: whoever can change its answers can sign in as anybody."
        )
    key = ""
    if given["OIDC_PRIVATE_KEY_FILE"]:
        try:
            key = Path(given["OIDC_PRIVATE_KEY_FILE"]).read_text(encoding="utf-8")
        except (OSError, ValueError):
            env.faults.append("OIDC_PRIVATE_KEY_FILE cannot be read.")
    values = frozenset(given["OIDC_MFA"].replace(",", " ").split())
    return Organisation(
        issuer=given["OIDC_ISSUER"], client_id=given["OIDC_CLIENT_ID"], client_secret=given["OIDC_CLIENT_SECRET"],
        private_key=key, name=given["OIDC_NAME"] or "your organisation",
        email_claim=given["OIDC_EMAIL_CLAIM"] or "email", mfa_values=values or MFA_VALUES,
    )  # fmt: skip


class _Reader:
    """Collects what is missing instead of stopping at the first."""

    def __init__(self, environment: Mapping[str, str] | None):
        self._env = Env()
        self._given = environment
        self.faults: list[str] = []
        self.missing: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        value = self._given.get(name, "") if self._given is not None else self._env.str(name, "")
        value = value.strip()
        if value:
            return value
        if default is None:
            self.missing.append(name)
            self.faults.append(f"{name} is not set. See .env.example for what it is.")
            return ""
        return default

    def whole(self, name: str, default: int) -> int:
        try:
            return int(self.text(name, str(default)))
        except ValueError:
            self.faults.append(f"{name} must be a whole number.")
            return default


def _faults(settings: Settings, mode: str, missing: set[str]) -> list[str]:
    faults = []
    if mode not in MODES:
        faults.append(f"SERVICE_MODE is production or local, not {mode!r}.")
    url = urlsplit(settings.public_base_url)
    if "PUBLIC_BASE_URL" not in missing:
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment or url.username:
            faults.append(
                "PUBLIC_BASE_URL must be an address such as https://line.example.org, with nothing after the path."
            )
        elif url.scheme == "http" and not is_loopback(url.hostname):
            faults.append(
                "PUBLIC_BASE_URL must be https: over plain http anybody on the way can read what the carrier sends."
            )
    if settings.api_base_url and not is_loopback(urlsplit(settings.api_base_url).hostname or ""):
        faults.append("TWILIO_API_BASE_URL may only name this machine (127.0.0.1): it is for the local carrier.")
    if settings.account_sid and not re.fullmatch(r"AC[0-9a-zA-Z]{32}", settings.account_sid):
        faults.append("TWILIO_ACCOUNT_SID must be AC and 32 letters and digits, as the carrier's console shows it.")
    for name, token in zip(("TWILIO_AUTH_TOKEN", "TWILIO_AUTH_TOKEN_SECONDARY"), settings.auth_tokens, strict=False):
        if len(token) < 16:
            faults.append(f"{name} is too short to be the carrier's: whoever guesses it can forge calls.")
    if "SECRET_KEY" not in missing and not _hard_to_guess(settings.secret_key):
        faults.append("SECRET_KEY must be at least 16 characters nobody can guess.")
    if settings.secret_keys_previous and not _hard_to_guess(settings.secret_keys_previous[0]):
        faults.append("SECRET_KEY_PREVIOUS must be at least 16 characters nobody can guess, as SECRET_KEY.")
    if settings.breached_passwords_file and not settings.breached_passwords_file.is_file():
        faults.append("BREACHED_PASSWORDS_FILE names no file. Leave it empty where there is none.")
    if settings.deadman_url and urlsplit(settings.deadman_url).scheme not in ("http", "https"):
        faults.append("DEADMAN_URL must be an http or https address, asked once every watchdog round.")
    if settings.routing_url and not _routing_address(settings.routing_url):
        faults.append(
            "ROUTING_URL must be https (or on this machine) and end in /sources_to_targets or in /table/v1/driving."
        )
    if settings.synthetic_call_every_s < 0:
        faults.append("SYNTHETIC_CALL_EVERY_S is a number of seconds; 0 for no trial calls.")
    faults += _softphone_faults(settings) + _server_faults(settings)
    if "FIELD_KEYS" not in missing:
        faults += _field_key_faults(settings.field_keys)
    if settings.fallback_number and not re.fullmatch(r"\+[1-9][0-9]{6,14}", settings.fallback_number):
        faults.append("FALLBACK_NUMBER must be a telephone number with its country code, such as +441632960999.")
    return faults


def _routing_address(address: str) -> bool:
    url = urlsplit(address)
    safe = url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname or ""))
    path = url.path.rstrip("/")
    known = path.endswith("/sources_to_targets") or re.search(r"/table/v1/[a-z]+$", path) is not None
    return bool(safe and known and url.hostname and not url.username and not url.query and not url.fragment)


def _hard_to_guess(secret: str) -> bool:
    plain = secret.lower()
    repeated = any(plain == (word * len(plain))[: len(plain)] for word in KNOWN_DEFAULTS)
    return len(secret) >= 16 and len(set(secret)) >= FEWEST_LETTERS and not repeated


def _softphone_faults(settings: Settings) -> list[str]:
    three = {
        "TWILIO_API_KEY": settings.api_key, "TWILIO_API_SECRET": settings.api_secret,
        "TWILIO_TWIML_APP_SID": settings.twiml_app_sid,
    }  # fmt: skip
    left_out = [name for name, value in three.items() if not value]
    if not left_out or len(left_out) == len(three):
        return []
    return [f"{name} is not set, but the other softphone settings are: set all three, or none." for name in left_out]


def _server_faults(settings: Settings) -> list[str]:
    faults = []
    if urlsplit(settings.database_url).scheme.partition("+")[0] not in DATABASES:
        faults.append("DATABASE_URL must begin with postgresql:// or sqlite:///.")
    if urlsplit(settings.redis_url).scheme not in ("redis", "rediss", "unix"):
        faults.append("REDIS_URL must begin with redis://, rediss:// or unix://.")
    if not 1 <= settings.port <= 65535:
        faults.append("PORT must be from 1 to 65535.")
    return faults


def _debug_faults(env: "_Reader") -> Iterator[str]:
    for name in ("FLASK_DEBUG", "PYTHONDEVMODE"):
        if env.text(name, "0").lower() not in ("0", "false", "no", "off"):
            yield f"{name} is on: errors would show the inside of the service. Unset it."


def _open_server_faults(settings: Settings) -> Iterator[str]:
    """Servers on another machine that ask for no password: whoever reaches them has everything."""
    redis, database = urlsplit(settings.redis_url), urlsplit(settings.database_url)
    if redis.scheme in ("redis", "rediss") and not is_loopback(redis.hostname or "") and not redis.password:
        yield "REDIS_URL names another machine without a password: whoever can write there runs our jobs. Set one."
    asked = parse_qs(database.query)
    host = asked.get("host", [database.hostname or ""])[-1]
    proven = database.password or asked.keys() & {"passfile", "sslcert", "service", "password"}
    elsewhere = host and not host.startswith("/") and not is_loopback(host)
    if database.scheme.startswith("postgres") and elsewhere and not proven:
        yield "DATABASE_URL names another machine without a password (or passfile=, or sslcert=). Set one."


def _field_key_faults(keys: str) -> list[str]:
    """One key or more, divided by commas, each `ID:KEY` or KEY alone; a key is 32 random bytes in base64 or hex."""
    for part in keys.split(","):
        key = part.strip().rpartition(":")[2]
        if not re.fullmatch(r"[A-Za-z0-9+/_=-]{32,}", key) or len(set(key)) < FEWEST_LETTERS:
            return ["FIELD_KEYS must be one or more ID:KEY, divided by commas, each KEY 32 random bytes in base64."]
    return []


def open_env_file(folder: Path) -> str | None:
    """A sentence if the folder's `.env` can be read by others than its owner; None if not, or if there is none."""
    file = folder / ".env"
    try:
        mode = file.stat().st_mode
    except OSError:
        return None
    if mode & 0o077 == 0:
        return None
    return "Others on this machine can read .env, and with it every secret. Run `chmod 600 .env`."


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

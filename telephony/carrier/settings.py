"""What the carrier was told at its start: account, port, lines, phonebook.

A wrong setting stops the start, naming itself.
"""

import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

ACCOUNT_SID = re.compile(r"AC[0-9a-f]{32}\Z")


class WrongSetting(Exception):
    """A setting that cannot be honoured; the message names it in one sentence."""


@dataclass
class Line:
    """Where a number's calls and texts are sent. Twilio's IncomingPhoneNumber has the same fields."""

    voice_url: str = ""
    voice_fallback_url: str = ""
    status_callback: str = ""
    sms_url: str = ""
    sms_fallback_url: str = ""
    name: str = ""

    @classmethod
    def read(cls, given: Mapping[str, Any], where: str) -> Self:
        """A line from JSON. Raises WrongSetting for a field it does not know or a value that is not text."""
        known = {f.name for f in fields(cls)}
        for key, value in given.items():
            if key not in known:
                raise WrongSetting(f"{where}: unknown field {key!r} (known: {', '.join(sorted(known))})")
            if not isinstance(value, str):
                raise WrongSetting(f"{where}: {key} must be text")
            if key != "name" and value and not value.startswith(("http://", "https://")):
                raise WrongSetting(f"{where}: {key} must be an absolute http or https address")
        if given.get("voice_fallback_url") and not given.get("voice_url"):
            raise WrongSetting(f"{where}: a fallback needs a voice_url first (Twilio error 21405)")
        if given.get("sms_fallback_url") and not given.get("sms_url"):
            raise WrongSetting(f"{where}: a fallback needs an sms_url first (Twilio error 21406)")
        return cls(**given)

    def shown(self) -> dict[str, str]:
        """The line as JSON."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass
class Settings:
    """The carrier's settings. `numbers` are the lines; `defaults` answers for any number not among them."""

    account_sid: str
    auth_token: str
    port: int = 8089
    host: str = "127.0.0.1"
    speed: float = 1.0
    api_key: str = ""
    api_secret: str = ""
    state_dir: Path | None = None
    numbers: dict[str, Line] = field(default_factory=dict)
    defaults: Line = field(default_factory=Line)
    twiml_app: Line = field(default_factory=Line)
    phonebook: list[dict[str, str]] = field(default_factory=list)
    deliver_to: dict[str, str] = field(default_factory=dict)
    calls_per_second: float = 0.0

    def __post_init__(self) -> None:
        if not ACCOUNT_SID.match(self.account_sid):
            raise WrongSetting("--account-sid (TWILIO_ACCOUNT_SID) must be AC and 32 hexadecimal digits")
        if not self.auth_token:
            raise WrongSetting("--auth-token (TWILIO_AUTH_TOKEN) is missing")
        require_loopback(self.host)

    def line(self, number: str) -> Line | None:
        """The line at `number`, by its own settings or by the defaults; None where nobody would answer."""
        found = self.numbers.get(number)
        if found is None and (self.defaults.voice_url or self.defaults.sms_url):
            return self.defaults
        return found

    def delivery_address(self, url: str) -> str:
        """Where a webhook for the public `url` really goes: a rehearsal may map a public host to this
        machine.
        """
        for public, local in self.deliver_to.items():
            if url == public or url.startswith((public + "/", public + "?")):
                return local + url[len(public) :]
        return url


def require_loopback(host: str) -> None:
    """Raise WrongSetting unless `host` is an address of this machine only.

    Names are not trusted, but localhost.
    """
    if host == "localhost":
        return
    try:
        if ipaddress.ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise WrongSetting(f"--host {host}: the local carrier listens on loopback only, such as 127.0.0.1")


CONFIG_FIELDS = {
    "defaults",
    "numbers",
    "twiml_app_voice_url",
    "twiml_app",
    "phonebook",
    "deliver_to",
    "calls_per_second",
}


def read_config(path: Path) -> dict[str, Any]:
    """The settings a config file holds, by field name. Raises WrongSetting with the file's name in it."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise WrongSetting(f"--config {path}: {problem.strerror}") from None
    except ValueError as problem:
        raise WrongSetting(f"--config {path}: not JSON ({problem})") from None
    if not isinstance(given, dict) or not set(given) <= CONFIG_FIELDS:
        raise WrongSetting(f"--config {path}: an object with only {', '.join(sorted(CONFIG_FIELDS))} is expected")
    app = Line.read(given.get("twiml_app", {}), f"{path}: twiml_app")
    if url := given.get("twiml_app_voice_url"):
        app.voice_url = url
    return {
        "defaults": Line.read(given.get("defaults", {}), f"{path}: defaults"),
        "numbers": {n: Line.read(line, f"{path}: {n}") for n, line in given.get("numbers", {}).items()},
        "twiml_app": app,
        "phonebook": [{"name": str(p["name"]), "number": str(p["number"])} for p in given.get("phonebook", [])],
        "deliver_to": {k.rstrip("/"): v.rstrip("/") for k, v in given.get("deliver_to", {}).items()},
        "calls_per_second": float(given.get("calls_per_second", 0)),
    }


def from_environment(name: str) -> str | None:
    """An environment variable, with empty counted as missing."""
    return os.environ.get(name) or None

"""The running service as people outside meet it: the local carrier's phones, and the JSON API with tokens."""

import json
import os
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from triage.local import embedded, environment
from triage.local.problems import Problem

ROOT: Final = Path(__file__).resolve().parents[3]
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NotThere(Problem):
    """Something the play needs does not answer, or answers what it should not."""

    exit_code = 7


class Refused(Exception):
    """The service said no, with a reason: the one who asked decides what to do about it."""

    def __init__(self, status: int, detail: str):
        super().__init__(f"{status}: {detail}")
        self.status = status


class World:
    """The carrier and the service. Safe from many threads. `over` is set when the play ends, for whatever reason."""

    def __init__(self, given: Mapping[str, str]) -> None:
        """Read where they are. Raises Problem for a port that is not one."""
        self.given = given
        self.port = environment.port_from(given, "PORT", 8080)
        self.carrier_port = environment.port_from(given, "CARRIER_PORT", 8089)
        self.var = Path(given.get("NWD_VAR") or ROOT / "var").resolve()
        self.over = threading.Event()

    def check(self) -> None:
        """Raises NotThere, in a sentence, unless the service runs."""
        for name, url in (("service", f"{self._web}/healthz/ready"), ("local carrier", f"{self._carrier}/health")):
            try:
                self._ask("GET", url)
            except (NotThere, Refused) as error:
                why = f"The {name} does not answer at {url}: start it with `make run` first, and leave it running."
                raise NotThere(why) from error
        if not (self.var / "local.env").is_file():
            raise NotThere(f"{self.var} has no settings of a running service: set NWD_VAR as `make run` had it.")

    @property
    def _web(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def _carrier(self) -> str:
        return f"http://127.0.0.1:{self.carrier_port}/control"

    def token(self, email: str) -> str:
        """A bearer token, made with the command that operators use. Raises NotThere if it cannot be made."""
        settings = environment.settings(
            self.given,
            secrets_of=environment.kept(self.var / "local.env"),
            var=self.var,
            port=self.port,
            carrier_port=self.carrier_port,
            redis=f"unix://{embedded.socket_path(self.var / 'run')}",
        )
        command = [str(ROOT / ".venv" / "bin" / "nowrongdoor"), "staff", "token", email]
        if not Path(command[0]).exists():
            command[0] = "nowrongdoor"
        done = subprocess.run(
            command,
            env={"PATH": os.defpath, **settings},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise NotThere(f"No token for {email}: {said} The play needs the example service that `make run` loads.")
        return done.stdout.strip().splitlines()[-1]

    def carrier(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the local carrier's control API. Raises NotThere, Refused."""
        return self._ask(method, f"{self._carrier}{path}", body)

    def phone(self, number: str) -> Any:
        """A phone: its calls and texts."""
        return self.carrier("GET", f"/phones/{urllib.parse.quote(number, safe='')}")

    def set_phone(self, number: str, answers: str, presses: str = "") -> None:
        """Say how a phone answers when it rings."""
        how = {"answers": answers, "after_s": 3, "presses": presses}
        self.carrier("PUT", f"/phones/{urllib.parse.quote(number, safe='')}", how)

    def api(self, token: str, method: str, path: str, body: Any = None) -> Any:
        """Make a call of the JSON API. Raises NotThere, Refused."""
        return self._ask(method, f"{self._web}/api/v1{path}", body, token)

    def pause(self, seconds: float) -> None:
        """Wait, unless the play is over."""
        self.over.wait(seconds)

    def _ask(self, method: str, url: str, body: Any = None, token: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(url, data=data, method=method, headers=headers)  # noqa: S310 - this machine
        try:
            with _direct.open(request, timeout=20) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                said = error.read().decode(errors="replace")
            raise Refused(error.code, _reason(said)) from None
        except OSError as error:
            raise NotThere(f"{url.split('?')[0]} does not answer ({error}).") from error
        return json.loads(text) if text else None


def _reason(said: str) -> str:
    try:
        told = json.loads(said)
    except ValueError:
        return said[:200]
    return str(told.get("detail") or told.get("error") or told) if isinstance(told, dict) else str(told)

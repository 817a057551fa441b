"""The whole service as real processes for one test: Redis, the local carrier and every line of the `Procfile`.

    with Stack(folder, database_url=url) as stack:
        assert stack.get("/healthz/safe").status == 200
        stack.kill("worker")
        stack.restart("worker")

The processes get settings from the environment and nothing else, as in service; the ports are free ones.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.harness.databases import EXAMPLE, ROOT, command, local_settings
from tests.harness.network import free_port
from tests.harness.redis_server import RedisServer
from tests.harness.waiting import wait_until
from triage import accounts
from triage.db import open_database, utcnow
from triage.local import example, procfile
from triage.local.processes import Process, stop_all

PATIENCE_S = 12.0
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Answer:
    """What an HTTP request got: `status`, `body` as text, `json()`."""

    def __init__(self, status: int, body: str, headers: dict[str, str]) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"<{self.status} {self.body[:300]}>"


class Stack:
    """Every process of the service, by name: `redis`, `carrier`, and those of the Procfile."""

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str | None = None,
        service_file: Path | None = EXAMPLE,
        carrier_speed: float = 1.0,
        carrier_options: Iterable[str] = (),
        settings: dict[str, str] | None = None,
        redis: RedisServer | None = None,
    ) -> None:
        """`folder` gets logs and data. Without `database_url`, SQLite in it. `settings` are added last.

        `redis` is one made before, not started, when something stands in front of it; else one of its own.

        `service_file` is applied at the start; None for a database in which the example is already
        (`Databases.served`).
        """
        self.folder = folder
        self.service_file = service_file
        self.service = example.read(service_file or EXAMPLE)
        self.port = free_port()
        self.carrier_port = free_port()
        self.web_url = f"http://127.0.0.1:{self.port}"
        self.carrier_url = f"http://127.0.0.1:{self.carrier_port}"
        self.redis = redis or RedisServer()
        self.settings = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            **local_settings(),
            "DATABASE_URL": database_url or f"sqlite:///{folder / 'service.db'}",
            "REDIS_URL": self.redis.url,
            "PUBLIC_BASE_URL": self.web_url,
            "TWILIO_API_BASE_URL": self.carrier_url,
            "PORT": str(self.port),
            "SPOOL_DIR": str(folder / "spool"),
            "DEADMAN_FILE": str(folder / "alive"),
            "PYTHONUNBUFFERED": "1",
            **(settings or {}),
        }
        config = folder / "carrier.json"
        told = example.carrier_config(self.service, self.settings["PUBLIC_BASE_URL"])
        config.write_text(json.dumps(told), encoding="utf-8")
        carrier = [sys.executable, "-m", "telephony.carrier", "--port", str(self.carrier_port)]
        carrier += ["--config", str(config), "--speed", str(carrier_speed), *carrier_options]
        commands = {"carrier": carrier, **procfile.read(ROOT / "Procfile")}
        self.processes = {"redis": self.redis.process} | {
            name: Process(name, command, environment=self.settings, log=folder / f"{name}.log", folder=ROOT)
            for name, command in commands.items()
        }

    # Starting and stopping

    def start(self) -> Self:
        """Migrate, load the service file, start everything in no particular order, and wait until it is ready."""
        try:
            self.redis.start()
            if self.service_file:
                command(self.settings["DATABASE_URL"], "migrate")
                self.command("apply", str(self.service_file))
            for name in sorted(set(self.processes) - {"redis"}):
                self.processes[name].start()
            self.wait_ready()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End every process, Redis last. At once: how they stop in good order is `terminate`'s to see."""
        for name, process in self.processes.items():
            if name != "redis":
                process.end()
        self.redis.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait_ready(self, deadline_s: float = 30) -> None:
        """Return when web and carrier answer. Fails with the last words of a process that ended instead."""
        wait_until(
            lambda: self._alive() and self.get("/healthz/ready").status == 200,
            deadline_s,
            what="web is ready",
        )
        wait_until(
            lambda: self._alive() and self.request("GET", self.carrier_url + "/").status == 200,
            deadline_s,
            what="the carrier answers",
        )

    def _alive(self) -> bool:
        for name, process in self.processes.items():
            if process.exit_code is not None:
                raise RuntimeError(f"{name} ended ({process.exit_code}):\n{process.last_words(20)}")
        return True

    # Faults, by process name

    def kill(self, name: str) -> None:
        """End it at once, with everything it started."""
        self.processes[name].end()

    def terminate(self, name: str) -> None:
        """Stop it in good order, as a deployment does."""
        stop_all([self.processes[name]], patience_s=PATIENCE_S)

    def pause(self, name: str) -> None:
        """Freeze it, with everything it started: connections stay open, nothing answers."""
        self.processes[name].signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Go on after `pause`."""
        self.processes[name].signal(signal.SIGCONT)

    def restart(self, name: str) -> None:
        """End it if it runs, and start it again; returns when web, carrier or Redis answers."""
        self.kill(name)
        if name == "redis":
            self.redis.start()
        else:
            self.processes[name].start()
        if name in ("web", "carrier"):
            self.wait_ready()

    # Talking to it

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `nowrongdoor ...` with the stack's settings; fails on a non-zero end unless `check` is false."""
        done = subprocess.run(
            ["nowrongdoor", *arguments],
            executable=shutil.which("nowrongdoor", path=self.settings["PATH"]),
            cwd=ROOT,
            env=self.settings,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if check:
            shown = f"{done.stdout}{done.stderr}"
            assert done.returncode == 0, f"nowrongdoor {' '.join(arguments)}: {done.returncode}\n{shown}"
        return done

    def token(self, email: str) -> str:
        """A bearer token for a member of staff, made as `nowrongdoor staff token` makes it and without its start."""
        database = open_database(self.settings["DATABASE_URL"])
        try:
            with database.transaction() as db:
                return accounts.make_token(db, email, now=utcnow())
        finally:
            database.engine.dispose()

    def get(self, path: str, token: str | None = None) -> Answer:
        """GET a path of the web process."""
        return self.request("GET", self.web_url + path, token=token)

    def api(self, method: str, path: str, token: str, body: Any = None) -> Answer:
        """Call the JSON API: `path` is what comes after `/api/v1`."""
        return self.request(method, f"{self.web_url}/api/v1{path}", token=token, body=body)

    def request(
        self,
        method: str,
        url: str,
        *,
        token: str | None = None,
        body: Any = None,
        timeout_s: float = 15,
    ) -> Answer:
        """One HTTP request, JSON both ways. Every status is an answer; no connection is an OSError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        asked = urllib.request.Request(url, data=data, method=method, headers=headers)
        try:
            with _direct.open(asked, timeout=timeout_s) as got:
                return Answer(got.status, got.read().decode(), dict(got.headers))
        except urllib.error.HTTPError as got:
            with got:
                return Answer(got.code, got.read().decode(errors="replace"), dict(got.headers))

    # What it said

    def logs(self, *names: str) -> list[dict[str, Any]]:
        """The JSON lines that the named processes (all of ours by default) have written, each with `process`.

        A line that is not a JSON object comes back as {"unparsed": line}: the service promises there are none.
        """
        lines = []
        for name in names or [name for name in self.processes if name not in ("redis", "carrier")]:
            log = self.processes[name].log
            for text in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
                try:
                    said = json.loads(text)
                    assert isinstance(said, dict)
                except (ValueError, AssertionError):
                    said = {"unparsed": text}
                lines.append({**said, "process": name})
        return lines


def stack_folder() -> Path:
    """A folder for a stack, with a path short enough for sockets."""
    return Path(tempfile.mkdtemp(prefix="nwd-stack-"))

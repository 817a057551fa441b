"""What operators type, and what they are told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from structlog.testing import capture_logs

from tests import factories
from tests.harness.databases import BACKENDS, FIELD_KEYS, Databases, local_settings
from tests.harness.waiting import wait_until
from tests.triage.scene import Scene
from triage import accounts, factors, outcomes, sealing, signing_in, startup
from triage.account_models import Account
from triage.commands import cli
from triage.db import open_database, utcnow
from triage.models import Contact, Line, Locality, Staff

FILE = """
[service]
name = "Small Line"
[[locality]]
code = "iow"
name = "Isle of Wight"
[[line]]
number = "+441632960111"
locality = "iow"
[[staff]]
email = "ana@example.org"
name = "Ana"
roles = ["nurse"]
localities = ["iow"]
phone = "+447700900201"
"""


def run_on(url: str, *arguments: str, **settings: str) -> Result:
    """`nowrongdoor ...`, as an operator types it."""
    made_up = {**local_settings(), "DATABASE_URL": url, **settings}
    return CliRunner().invoke(cli, arguments, env=made_up, catch_exceptions=False)


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    return new_database(request.param)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "service.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def localities(url: str) -> list[str]:
    database = open_database(url)
    with database.reading() as db:
        codes = list(db.scalars(select(Locality.code)))
    database.engine.dispose()
    return codes


def test_a_file_that_should_not_have_been_applied_is_rolled_back_by_applying_the_one_before(
    url: str, file: Path
) -> None:
    run_on(url, "apply", str(file))
    wrong = file.with_name("wrong.toml")
    wrong.write_text(FILE.replace('"iow"', '"city"').replace("Isle of Wight", "City"), encoding="utf-8")
    assert run_on(url, "apply", str(wrong)).exit_code == 0
    assert "line +441632960111: locality" in run_on(url, "apply", str(file), "--check").stdout
    assert run_on(url, "apply", str(file)).exit_code == 0
    database = open_database(url)
    with database.reading() as db:
        assert db.get_one(Line, "+441632960111").locality == "iow"
        assert db.scalars(select(Staff)).one().localities == ["iow"]
    database.engine.dispose()
    assert "Nothing to change" in run_on(url, "apply", str(file)).stdout


def test_a_file_is_tried_applied_and_applied_again(url: str, file: Path) -> None:
    tried = run_on(url, "apply", str(file), "--check")
    assert (tried.exit_code, tried.stderr) == (0, "")
    assert "locality iow: added" in tried.stdout
    assert "4 would change." in tried.stdout
    assert localities(url) == [], "a trial changes nothing"
    done = run_on(url, "apply", str(file))
    assert "4 changed." in done.stdout
    assert localities(url) == ["iow"]
    assert "Nothing to change" in run_on(url, "apply", str(file)).stdout


def test_a_token_is_printed_once_and_works(url: str, file: Path) -> None:
    run_on(url, "apply", str(file))
    done = run_on(url, "staff", "token", "ana@example.org")
    token = done.stdout.strip()
    assert (done.exit_code, token.startswith(accounts.TOKEN_PREFIX)) == (0, True)
    database = open_database(url)
    with database.reading() as db:
        assert accounts.by_token(db, token).name == "Ana"  # type: ignore[union-attr]
    database.engine.dispose()
    refused = run_on(url, "staff", "token", "ben@example.org")
    assert refused.exit_code == 1
    assert "ben@example.org" in refused.stderr
    assert refused.stdout == ""


def test_a_token_can_be_for_reading_alone_and_for_some_days(url: str, file: Path) -> None:
    run_on(url, "apply", str(file))
    done = run_on(url, "staff", "token", "ana@example.org", "--scope", "read", "--days", "7", "--name", "board")
    assert done.exit_code == 0, done.stderr
    database = open_database(url)
    with database.reading() as db:
        [row] = accounts.tokens(db)
        assert (row.scope, row.name) == ("read", "board")
        assert row.expires_at is not None
        assert (row.expires_at - row.made_at).days == 7
    database.engine.dispose()
    assert run_on(url, "staff", "token", "ana@example.org", "--days", "0").exit_code == 2
    assert run_on(url, "staff", "token", "ana@example.org", "--scope", "all").exit_code == 2


def test_a_link_is_printed_once_and_only_for_who_works_here(url: str, file: Path) -> None:
    run_on(url, "apply", str(file))
    done = run_on(url, "staff", "invite", "ana@example.org")
    assert done.exit_code == 0, done.stderr
    secret = done.stdout.strip().rpartition("/set-up/")[2]
    database = open_database(url)
    with database.reading() as db:
        assert signing_in.open_link(db, secret, now=utcnow()).staff.name == "Ana"
    database.engine.dispose()
    for email in ("ben@example.org", ""):
        assert run_on(url, "staff", "invite", email).exit_code == 1
    refused = run_on(url, "staff", "first-administrator", "ana@example.org")
    assert refused.exit_code == 1
    assert "not an administrator" in refused.stderr


def test_a_lost_second_factor_is_reset_by_command_when_no_administrator_is_left(url: str, file: Path) -> None:
    run_on(url, "apply", str(file))
    database = open_database(url)
    with database.transaction() as db:
        ana = accounts.by_email(db, "ana@example.org")
        signing_in.make_link(db, ana, by="operator", now=utcnow())
        factors.new_recovery_codes(db, ana.id, now=utcnow())
    done = run_on(url, "staff", "reset-second-factor", "ana@example.org")
    assert "/set-up/" in done.stdout, done.stderr
    with database.reading() as db:
        assert not factors.kinds(db, db.get_one(Account, ana.id)).recovery_codes
    database.engine.dispose()


def test_a_report_counts_contacts_by_their_last_outcome(url: str) -> None:
    scene = Scene(open_database(url))
    scene.now = utcnow()
    nurse, callers = scene.nurse(), [scene.caller() for _ in range(3)]
    for caller, decisions in zip(callers, (["a_and_e", "home_management"], ["response_car"], []), strict=True):
        for disposition in decisions:
            scene.later(1)
            with scene.database.transaction() as db:
                outcomes.record(
                    db, db.get_one(Contact, caller.id), db.get_one(Staff, nurse.id), now=scene.now, urgency=None,
                    disposition=disposition,
                )  # fmt: skip
    scene.database.engine.dispose()
    done = run_on(url, "report", "outcomes")
    assert done.exit_code == 0, done.stderr
    assert "3 contacts, 2 with an outcome." in done.stdout
    assert "home 100.0 %" in done.stdout
    assert "A&E" not in done.stdout
    now = run_on(url, "report", "now")
    assert "3 waiting, 0 incidents open." in now.stdout
    assert factories.service().service.name not in now.stderr


def test_a_report_of_nothing_is_an_answer(url: str) -> None:
    done = run_on(url, "report", "outcomes")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "0 contacts, 0 with an outcome." in done.stdout


def test_a_wrong_file_is_shown_by_line_and_nothing_is_changed(new_database: Callable[[str], str], file: Path) -> None:
    url = new_database("sqlite")
    file.write_text(
        FILE + "\n[[staff]]\nemail = 'ben@example.org'\nname = 'Ben'\nroles = ['captain']\n", encoding="utf-8"
    )
    done = run_on(url, "apply", str(file))
    assert done.exit_code == 1
    assert "line 20: " in done.stderr
    assert "captain" in done.stderr
    assert "Nothing was changed." in done.stderr
    assert localities(url) == []
    assert run_on(url, "apply", str(file.with_name("no.toml"))).exit_code == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_database_that_is_not_up_to_date_is_named_and_migrated(
    databases: Databases, file: Path, backend: str
) -> None:
    url = databases.empty(backend)
    refused = run_on(url, "apply", str(file))
    assert refused.exit_code == 2
    assert "nowrongdoor migrate" in refused.stderr
    assert "The database is at" in run_on(url, "migrate").stdout
    assert run_on(url, "migrate").exit_code == 0
    assert run_on(url, "apply", str(file)).exit_code == 0


def test_unsafe_settings_stop_every_command_and_are_all_named(tmp_path: Path) -> None:
    done = run_on(f"sqlite:///{tmp_path / 'x.db'}", "migrate", SECRET_KEY="", FALLBACK_NUMBER="999")
    assert done.exit_code == 2
    assert "SECRET_KEY" in done.stderr
    assert "FALLBACK_NUMBER" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_process_started_before_the_database_was_migrated_waits_for_it(databases: Databases, backend: str) -> None:
    url = databases.empty(backend)
    with ThreadPoolExecutor(1) as pool, capture_logs() as logs:
        waiting = pool.submit(startup.database_when_up, url)
        wait_until(lambda: logs, 20, what="it says what it waits for")
        assert "nowrongdoor migrate" in logs[0]["why"]
        assert run_on(url, "migrate").exit_code == 0
        waiting.result(20).engine.dispose()


def test_a_process_never_writes_to_a_database_that_is_newer_than_it(new_database: Callable[[str], str]) -> None:
    url = new_database("sqlite")
    database = open_database(url)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.engine.dispose()
    with pytest.raises(SystemExit) as stopped:
        startup.database_when_up(url)
    assert stopped.value.code == 2


def test_the_chain_of_history_is_followed_and_its_end_can_be_proved_later(url: str, file: Path) -> None:
    run_on(url, "apply", str(file))
    first = run_on(url, "audit", "verify")
    assert first.exit_code == 0
    assert "links hold" in first.stdout
    noted = first.stdout.strip().splitlines()[-1]
    run_on(url, "staff", "token", "ana@example.org")
    assert run_on(url, "audit", "verify", "--expect", noted).exit_code == 0
    other = run_on(url, "audit", "verify", "--expect", "1:" + "0" * 64)
    assert other.exit_code == 1
    assert "written anew" in other.stderr
    assert run_on(url, "audit", "verify", "--expect", "nonsense").exit_code == 2


def test_a_new_key_is_printed_and_everything_can_be_sealed_with_it(url: str, file: Path) -> None:
    run_on(url, "apply", str(file))
    new = run_on(url, "keys", "new").stdout.strip()
    try:
        both = run_on(url, "keys", "rotate", FIELD_KEYS=f"{new},{FIELD_KEYS}")
        assert "1 rows sealed again" in both.stdout
        assert "0 rows sealed again" in run_on(url, "keys", "rotate", FIELD_KEYS=new).stdout
        gone = run_on(url, "keys", "rotate", FIELD_KEYS=FIELD_KEYS)
        assert gone.exit_code == 1
        assert "Add those" in gone.stderr
    finally:
        sealing.use(FIELD_KEYS)


def test_a_role_that_cannot_be_granted_anything_is_told_in_a_sentence(url: str) -> None:
    refused = run_on(url, "migrate", "--grant-to", "nobody_of_that_name")
    assert refused.exit_code == 1
    assert ("Only PostgreSQL has roles" if url.startswith("sqlite") else "Make the role first") in refused.stderr


def test_postcodes_are_loaded_and_the_rows_nobody_can_read_are_said(url: str, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("pcds,lat,long\nPO30 1AA,50.7,-1.29\nPO30 1AB,here,there\nPO30 1AD,99.999999,0\n")
    done = run_on(url, "postcodes", str(file))
    assert done.exit_code == 0
    assert "1 postcodes loaded; 1 without a position left out; 1 rows could not be read." in " ".join(
        done.stdout.split()
    )
    assert "list.csv, line 3:" in done.stderr
    file.write_text("nothing")
    refused = run_on(url, "postcodes", str(file))
    assert refused.exit_code == 1
    assert "Nothing was changed." in refused.stderr

"""The runbook *The database is lost: restore*, walked: what was promised is still promised on the copy."""

import sqlite3
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url, select

from tests import factories
from tests.harness.databases import BACKENDS, Databases
from tests.harness.postgres import client, libpq
from tests.triage.scene import Scene
from tests.triage.test_commands import run_on
from triage import audit, contacts, promises, queue, rules
from triage.db import open_database, utcnow
from triage.models import Message


def backed_up_and_restored(databases: Databases, url: str, folder: Path) -> str:
    """The address of a copy made from a backup, as the runbook says."""
    if url.startswith("sqlite"):
        copy = folder / "copy.db"
        with sqlite3.connect(str(make_url(url).database)) as live, sqlite3.connect(copy) as taken:
            live.backup(taken)
        taken.close()
        return f"sqlite:///{copy}"
    dump, restored = str(folder / "line.dump"), databases.empty("postgresql")
    subprocess.run([client("pg_dump"), "--format=custom", f"--file={dump}", libpq(url)], check=True, timeout=120)
    restore = [client("pg_restore"), "--no-owner", "--no-privileges", f"--dbname={libpq(restored)}", dump]
    subprocess.run(restore, check=True, timeout=120)
    return restored


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_waits_and_who_is_owed_a_call_are_there_on_the_restored_copy(
    databases: Databases, backend: str, tmp_path: Path
) -> None:
    url = databases.fresh(backend)
    database = open_database(url)
    scene = Scene(database)
    waiting, left, texter = scene.caller(danger=True), scene.caller(), scene.texter()
    scene.hangs_up(left)
    with database.transaction() as db:
        db.add(Message(contact_id=texter.id, direction="in", number=texter.number or "", line=factories.DIRECT,
                       body="I would rather write", state="received", attempts=0, trouble=None, made_at=scene.now,
                       carrier_id="SM" + "1" * 32))  # fmt: skip
    with database.transaction() as db:
        audit.link_left(db, utcnow())  # as the clock does every second
    noted = run_on(url, "audit", "verify").stdout.split()[-1]
    copy = backed_up_and_restored(databases, url, tmp_path)
    database.engine.dispose()

    assert run_on(copy, "migrate").exit_code == 0
    assert run_on(copy, "audit", "verify", "--expect", noted).exit_code == 0
    restored = open_database(copy)
    with restored.reading() as db:
        assert [entry.contact_id for entry in queue.waiting(db)] == [waiting.id, texter.id]
        assert [promise.contact_id for promise in promises.owed(db, scene.now)] == [left.id]
        assert contacts.get(db, waiting.id).number == waiting.number
        assert db.scalars(select(Message.body_sealed)).one() != "I would rather write"
        assert db.scalars(select(Message)).one().body == "I would rather write"
    again = factories.make_contact(restored, number=left.number, now=utcnow())
    with restored.transaction() as db:
        assert queue.join(db, contacts.get(db, again.id), rules.current(db).rules, now=utcnow()).state == "waiting"
    restored.engine.dispose()

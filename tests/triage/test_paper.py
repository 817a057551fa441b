"""Paper mode: what is printed before the screens go, and what is entered afterwards, once and at its real time."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from tests import factories
from tests.harness.databases import Databases, local_settings
from tests.triage.scene import Scene
from tests.triage.test_commands import run_on
from tests.triage.test_dispatch import Car
from triage import contacts, outcomes, paper, queue
from triage.commands import cli
from triage.db import Database, open_database
from triage.models import Contact, History, Promise, QueueEntry, Staff
from triage.paper import COLUMNS, BadForms

NUMBER = "+447700900123"


class Paper(Scene):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.ana = self.nurse(state="off")

    def row(self, **over: str) -> dict[str, str]:
        spoken = {
            "form": "P1", "rang_at": self.ago(60), "number": NUMBER, "locality": "island", "nurse": self.ana.email,
            "spoke_at": self.ago(50), "ended_at": self.ago(20), "urgency": "c", "disposition": "crisis_team",
            "notes": "Hears voices again", "next_steps": "Crisis team rings at nine",
        }  # fmt: skip
        return spoken | over

    def unspoken(self, **over: str) -> dict[str, str]:
        nobody = {"form": "P2", "nurse": "", "spoke_at": "", "disposition": "", "urgency": "", "notes": ""}
        return self.row(**nobody) | over

    def ago(self, minutes: int) -> str:
        return (self.now - timedelta(minutes=minutes)).astimezone(paper.UK).strftime(paper.CLOCK)

    def enters(self, *rows: dict[str, str]) -> list[str]:
        file = io.StringIO()
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
        file.seek(0)
        with self.database.transaction() as db:
            forms = paper.read_forms(db, file, now=self.now)
            return paper.enter(db, forms, db.get_one(Staff, self.ana.id), now=self.now)

    def faults(self, *rows: dict[str, str]) -> list[str]:
        with pytest.raises(BadForms) as bad:
            self.enters(*rows)
        with self.database.reading() as db:
            assert db.scalar(select(func.count(Contact.id)).where(Contact.carrier_id.startswith(paper.FORM))) == 0
        return bad.value.faults

    def kept(self, form: str = "P1") -> Contact:
        with self.database.reading() as db:
            return db.scalars(select(Contact).where(Contact.carrier_id == f"{paper.FORM}{form}")).one()


@pytest.fixture
def scene(database: Database) -> Paper:
    return Paper(database)


def test_a_case_stands_at_its_real_time_with_what_the_nurse_decided(scene: Paper) -> None:
    assert scene.enters(scene.row()) == ["P1"]
    contact = scene.kept()
    assert (contact.number, contact.locality, contact.leg_ended) == (NUMBER, "island", True)
    assert contact.started_at == scene.now.replace(second=0, microsecond=0) - timedelta(minutes=60)
    with scene.database.reading() as db:
        decided = outcomes.latest(db, contact.id)
        entry = contacts.entry_of(db, contact.id)
        assert decided is not None
        assert entry is not None
        assert (decided.urgency, decided.disposition, decided.recorded_by) == ("C", "crisis_team", scene.ana.id)
        assert decided.recorded_at == contact.ended_at
        assert (entry.state, entry.nurse_id, entry.reasons) == ("finished", scene.ana.id, [paper.ON_PAPER])
        assert scene.owed() == []
    assert "entered_from_paper" in scene.history(contact)


def test_a_form_makes_a_case_once_however_often_it_is_entered(scene: Paper) -> None:
    assert scene.enters(scene.row(), scene.unspoken()) == ["P1", "P2"]
    assert scene.enters(scene.row(), scene.unspoken(), scene.unspoken(form="P3")) == ["P3"]
    with scene.database.reading() as db:
        assert db.scalar(select(func.count(Contact.id))) == 3


def test_whoever_was_not_spoken_with_or_was_promised_a_call_is_owed_one(scene: Paper) -> None:
    scene.enters(scene.unspoken(), scene.row(form="P4", number="07700 900124", call_back="yes"), scene.row(form="P5",
                 number="07700 900125"))  # fmt: skip
    with scene.database.reading() as db:
        owed = set(db.scalars(select(Promise.contact_id)))
    assert owed == {scene.kept("P2").id, scene.kept("P4").id}


def test_whoever_was_decided_about_and_is_lost_again_on_paper_is_rung_anew(scene: Paper) -> None:
    scene.hangs_up(scene.caller(number=NUMBER))
    with scene.database.transaction() as db:
        db.scalars(select(Promise)).one().decision = "leave"
    scene.enters(scene.unspoken())
    with scene.database.reading() as db:
        assert db.scalars(select(Promise)).one().decision is None


def test_whoever_a_nurse_had_since_is_owed_nothing(scene: Paper) -> None:
    scene.together(scene.caller(number=NUMBER), scene.nurse())
    scene.enters(scene.unspoken())
    with scene.database.reading() as db:
        assert db.scalars(select(Promise)).all() == []


def test_who_gave_up_on_paper_and_rings_now_is_not_behind_everybody(scene: Paper) -> None:
    scene.enters(scene.unspoken(), scene.unspoken(form="P3", rang_at=scene.ago(40)))
    entry = scene.entry(scene.caller(number=NUMBER))
    assert entry.band == queue.FAILED_BEFORE


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"form": ""}, "form"),
        ({"rang_at": ""}, "rang_at"),
        ({"rang_at": "yesterday"}, "rang_at"),
        ({"rang_at": "2999-01-01 00:00", "ended_at": "2999-01-01 00:00", "spoke_at": "2999-01-01 00:00"}, "rang_at"),
        ({"ended_at": "2020-01-01 00:00"}, "ended_at"),
        ({"number": "the flat above"}, "number"),
        ({"locality": "atlantis"}, "locality"),
        ({"nurse": "nobody@example.org"}, "nurse"),
        ({"nurse": ""}, "spoke_at"),
        ({"spoke_at": ""}, "spoke_at"),
        ({"disposition": "nap"}, "disposition"),
        ({"disposition": ""}, "disposition"),
        ({"urgency": "Z"}, "urgency"),
        ({"danger": "perhaps"}, "danger"),
        ({"call_back": "soon"}, "call_back"),
    ],
)
def test_each_fault_is_named_by_row_and_column_and_nothing_is_entered(
    scene: Paper, over: dict[str, str], said: str
) -> None:
    found = scene.faults(scene.row(form="P9"), scene.row(**over))
    assert any(fault.startswith(f"Row 3, {said}:") for fault in found), found


def test_the_same_form_twice_in_one_file_is_a_fault(scene: Paper) -> None:
    [fault] = scene.faults(scene.row(), scene.row(notes="another person"))
    assert "twice" in fault


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-07-01 03:15", datetime(2026, 7, 1, 2, 15, tzinfo=UTC)),
        ("2026-10-25 01:30+01:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25 01:30+00:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2024-02-29 12:00", datetime(2024, 2, 29, 12, 0, tzinfo=UTC)),
    ],
)
def test_the_clock_on_the_wall_is_read_through_both_clock_changes(scene: Paper, written: str, meant: datetime) -> None:
    scene.now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    scene.enters(scene.unspoken(rang_at=written, ended_at=scene.ago(1)))
    assert scene.kept("P2").started_at == meant


@pytest.mark.parametrize(
    ("written", "said"),
    [("2026-10-25 01:30", "came twice"), ("2026-03-29 01:30", "skipped"), ("2026-02-29 12:00", "write it as")],
)
def test_a_time_that_was_twice_or_never_is_asked_back(scene: Paper, written: str, said: str) -> None:
    scene.now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    assert said in scene.faults(scene.unspoken(rang_at=written, ended_at=scene.ago(1)))[0]


def test_the_sheet_says_who_waits_who_is_owed_a_call_which_cars_are_out_and_whom_to_ring(database: Database) -> None:
    car = Car(database)
    car.on_duty("IW01")
    car.asked()
    waiting = car.caller(number=NUMBER, danger=True)
    car.hangs_up(left := car.caller())
    boss = factories.make_staff(database, roles=("dispatcher",))
    with database.reading() as db:
        sheet = paper.sheet(db, now=car.now)
    for said in (waiting.number, left.number, "IW01", boss.phone, "WAITING FOR A NURSE, in order (1)", "danger now"):
        assert str(said) in sheet
    with database.reading() as db:
        assert db.scalars(select(QueueEntry.state).where(QueueEntry.contact_id == waiting.id)).one() == "waiting"


def test_the_commands_print_and_enter(scene: Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in local_settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", scene.database.engine.url.render_as_string(hide_password=False))

    def runs(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["paper", *words, "--by", scene.ana.email])
        return done.exit_code, done.output

    file = tmp_path / "cases.csv"
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, COLUMNS)
        writer.writeheader()
        writer.writerow(scene.row(rang_at="2026-01-05 03:00", spoke_at="2026-01-05 03:10", ended_at="2026-01-05 03:40"))
    assert runs("enter", str(file), "--check") == (0, "1 cases can be entered.\n")
    assert runs("enter", str(file)) == (0, "1 cases entered, 0 were there already.\n")
    assert runs("enter", str(file)) == (0, "0 cases entered, 1 were there already.\n")
    code, printed = runs("print")
    assert code == 0
    assert "WAITING FOR A NURSE" in printed
    assert "History does not say" not in printed
    with scene.database.reading() as db:
        assert db.scalars(select(History.actor).where(History.what == "printed_on_paper")).one() == scene.ana.id
    file.write_text("form,rang_at\nP1,now\n", encoding="utf-8")
    code, said = runs("enter", str(file))
    assert code == 1
    assert "Nothing was entered." in said


def test_a_standby_that_takes_no_writing_can_be_printed_from(
    databases: Databases,
) -> None:
    url = databases.fresh("postgresql")
    database = open_database(url)
    scene = Paper(database)
    waiting = scene.caller()
    name = database.engine.url.database
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    database.engine.dispose()
    done = run_on(url, "paper", "print", "--by", scene.ana.email)
    assert done.exit_code == 0
    assert str(waiting.number) in done.stdout
    assert "note it yourself" in done.stderr

"""What takes two people, how long records are kept, and a person's own record."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from tests import factories
from tests.harness.databases import BACKENDS, local_settings
from tests.triage.scene import Scene
from triage import approvals, export, opt_outs, own_record, retention, rules, service_file
from triage.after_models import FollowUp
from triage.apply import apply
from triage.commands import cli
from triage.db import Database, open_database
from triage.keeping_models import Destroyed
from triage.models import Contact, History, Message, Service, Staff
from triage.retention import Times, keep_until
from triage.tables import Base

YEARS = timedelta(days=366)


def boss(scene: Scene, role: str = "supervisor") -> Staff:
    return factories.make_staff(scene.database, roles=(role,))


def asked(scene: Scene, by: str = "operator", kind: str = "export") -> str:
    with scene.database.transaction() as db:
        return approvals.ask(db, kind, "Export all", {"n": by}, by=by, now=scene.now).id


def agree(scene: Scene, approval: str, staff: Staff, agrees: bool = True) -> str:
    with scene.database.transaction() as db:
        return approvals.decide(db, approval, staff, agrees, now=scene.now).state


def used(scene: Scene, approval: str, kind: str = "export") -> None:
    with scene.database.transaction() as db:
        approvals.carry_out(db, approval, kind, now=scene.now)


# --- two people ---------------------------------------------------------------------------------------------------------


def test_what_a_command_asks_for_takes_two_named_people_and_is_used_once(scene: Scene) -> None:
    one = asked(scene)
    assert agree(scene, one, boss(scene)) == "asked"
    with pytest.raises(approvals.NotAgreed, match="1 of 2 people"):
        used(scene, one)
    assert agree(scene, one, boss(scene, "administrator")) == "agreed"
    used(scene, one)
    with pytest.raises(approvals.NotAgreed, match="done already"):
        used(scene, one)


def test_whoever_asks_on_the_page_needs_one_other_and_cannot_be_that_other(scene: Scene) -> None:
    mine = boss(scene)
    one = asked(scene, by=mine.id)
    with pytest.raises(approvals.CannotDecide, match="somebody else"):
        agree(scene, one, mine)
    assert agree(scene, one, boss(scene)) == "agreed"


def test_nobody_agrees_twice_and_nobody_without_the_role(scene: Scene) -> None:
    one, first = asked(scene), boss(scene)
    agree(scene, one, first)
    with pytest.raises(approvals.CannotDecide, match="somebody else as well"):
        agree(scene, one, first)
    for role in ("nurse", "dispatcher"):
        with pytest.raises(approvals.CannotDecide, match="Only a supervisor"):
            agree(scene, one, factories.make_staff(scene.database, roles=(role,)))


def test_one_refusal_ends_it(scene: Scene) -> None:
    one = asked(scene)
    assert agree(scene, one, boss(scene), agrees=False) == "refused"
    with pytest.raises(approvals.CannotDecide, match="decided"):
        agree(scene, one, boss(scene))
    with pytest.raises(approvals.NotAgreed, match="refused"):
        used(scene, one)


def test_an_agreement_is_for_one_thing_and_for_some_days(scene: Scene) -> None:
    one = asked(scene)
    agree(scene, one, boss(scene))
    agree(scene, one, boss(scene))
    with pytest.raises(approvals.NotAgreed, match="something else: export"):
        used(scene, one, "deletion")
    scene.later(hours=24 * 8)
    with pytest.raises(approvals.NotAgreed, match="too long ago"):
        used(scene, one)


def test_every_step_is_history_and_the_same_asked_twice_is_asked_once(scene: Scene) -> None:
    one = asked(scene)
    assert asked(scene) == one
    agree(scene, one, boss(scene))
    agree(scene, one, boss(scene))
    used(scene, one)
    with scene.database.reading() as db:
        said = select(History.what).where(History.what.startswith("approval")).order_by(History.id)
        lines = list(db.scalars(said))
    assert lines == ["approval_asked", "approval_agreed", "approval_agreed", "approval_used"]


# --- wording, times of keeping, the fallback number ----------------------------------------------------------------------


def applied(scene: Scene, *, two_people: bool = True, fallback: str = "+441632960999", **over: object) -> list[str]:
    with scene.database.transaction() as db:
        file = factories.service(**over)
        return apply(db, file, now=scene.now, two_people=two_people, fallback_number=fallback)


def wording(scene: Scene) -> dict[str, str]:
    with scene.database.reading() as db:
        return rules.current(db).wording


def test_new_wording_waits_for_two_people_and_the_rest_of_the_file_does_not(scene: Scene) -> None:
    applied(scene, two_people=False)
    changes = applied(scene, wording={"greeting": "Hello."}, lines=factories.service().lines[:3])
    assert any("asked for" in change for change in changes)
    assert any("retired" in change for change in changes)
    assert "greeting" not in wording(scene)
    scene.later(1)
    assert applied(scene, wording={"greeting": "Hello."}, lines=factories.service().lines[:3]) == []
    with scene.database.reading() as db:
        [row] = approvals.waiting(db, scene.now)
        assert "Hello." in row.what
    agree(scene, row.id, boss(scene))
    assert agree(scene, row.id, boss(scene)) == "done"
    assert wording(scene) == {"greeting": "Hello."}
    changes = applied(scene, wording={"greeting": "Hello."}, lines=factories.service().lines[:3])
    assert all(change.startswith("staff ") for change in changes), "those who decided are not in the file"


def test_new_times_of_keeping_and_another_fallback_number_wait_too(scene: Scene) -> None:
    applied(scene, two_people=False)
    applied(scene, fallback="+441632960998", retention=service_file.Retention(mental_health_years=30))
    with scene.database.reading() as db:
        assert retention.times(db) == Times()
        waiting = approvals.waiting(db, scene.now)
    assert {row.kind for row in waiting} == {"wording", "fallback_number"}
    for row in waiting:
        agree(scene, row.id, boss(scene))
        agree(scene, row.id, boss(scene))
    with scene.database.reading() as db:
        assert retention.times(db).mental_health_years == 30
        assert db.get_one(Service, 1).config["fallback_number"] == "+441632960998"


def test_the_first_file_and_a_service_on_one_machine_take_nobody(scene: Scene) -> None:
    assert not any("asked for" in change for change in applied(scene, two_people=False, wording={"greeting": "Hi."}))
    assert wording(scene) == {"greeting": "Hi."}


# --- how long -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "born", "last", "until"),
    [
        ("mental_health", None, datetime(2020, 2, 29, tzinfo=UTC), datetime(2040, 2, 29, tzinfo=UTC)),
        ("mental_health", None, datetime(2016, 2, 29, tzinfo=UTC), datetime(2036, 2, 29, tzinfo=UTC)),
        ("adult", None, datetime(2020, 5, 1, tzinfo=UTC), datetime(2028, 5, 1, tzinfo=UTC)),
        ("adult", None, datetime(2015, 2, 28, tzinfo=UTC), datetime(2023, 2, 28, tzinfo=UTC)),
        ("child", 2010, datetime(2022, 5, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)),
        ("child", 2010, datetime(2027, 5, 1, tzinfo=UTC), datetime(2037, 1, 1, tzinfo=UTC)),
        ("child", None, datetime(2022, 5, 1, tzinfo=UTC), datetime(2048, 1, 1, tzinfo=UTC)),
    ],
)
def test_each_class_is_kept_as_long_as_the_code_says(
    kind: str, born: int | None, last: datetime, until: datetime
) -> None:
    assert keep_until(kind, born, last, Times()) == until


def old_contact(scene: Scene, **over: object) -> Contact:
    contact = scene.caller(**over)
    nurse = scene.nurse()
    scene.takes(nurse)
    with scene.database.transaction() as db:
        row = db.get_one(Contact, contact.id)
        row.ended_at = scene.now
        db.add(Message(contact_id=contact.id, direction="in", number="+447700900456", line="x", body="words",
                       state="received", made_at=scene.now))  # fmt: skip
    return contact


def due(scene: Scene) -> tuple[list[str], int]:
    with scene.database.reading() as db:
        steps = list(retention.look(db, scene.now))
    return [one.contact_id for step in steps for one in step.due], sum(step.held for step in steps)


def destroyed(scene: Scene, contact: Contact, approval: str) -> bool:
    return retention.destroy(scene.database, retention.Due(contact.id, "mental_health"), approval, now=scene.now)


def test_a_record_goes_when_its_time_is_over_with_all_that_hangs_on_it_and_leaves_a_stub(scene: Scene) -> None:
    contact = old_contact(scene)
    kept = scene.caller()
    assert due(scene) == ([], 0)
    nurse = scene.nurse(state="off")
    with scene.database.transaction() as db:
        retention.note_right(db, db.get_one(Contact, contact.id), "objection", "no", nurse, now=scene.now)
    scene.now += 21 * YEARS
    with scene.database.transaction() as db:
        db.get_one(Contact, kept.id).started_at = scene.now
    assert due(scene) == ([contact.id], 0)
    assert destroyed(scene, contact, asked(scene, kind="deletion"))
    assert not destroyed(scene, contact, "x"), "once"
    with scene.database.reading() as db:
        assert db.get(Contact, contact.id) is None
        assert db.get(Contact, kept.id)
        stub = db.get_one(Destroyed, contact.id)
        assert stub.kind == "mental_health"
        assert stub.rows["message"] == stub.rows["queue_entry"] == stub.rows["contact"] == stub.rows["rights_note"] == 1
        for table in Base.metadata.sorted_tables:
            for key in table.foreign_keys:
                if key.column.table.name == "contact":
                    left = select(func.count()).select_from(table).where(key.parent == contact.id)
                    assert db.scalar(left) == 0, table.name
        assert db.scalars(select(History).where(History.contact_id == contact.id)).all(), "that it was, stays"


def test_a_hold_a_newer_contact_and_anything_owed_keep_a_record(scene: Scene) -> None:
    nurse = scene.nurse(state="off")
    held, again = old_contact(scene), old_contact(scene, number="+447700900999")
    with scene.database.transaction() as db:
        with pytest.raises(retention.BadKeeping):
            retention.hold(db, db.get_one(Contact, held.id), " ", nurse, now=scene.now)
        retention.hold(db, db.get_one(Contact, held.id), "Coroner", nurse, now=scene.now)
    scene.now += 21 * YEARS
    factories.make_contact(scene.database, number="+447700900999", now=scene.now)
    assert due(scene) == ([], 1)
    assert not destroyed(scene, held, "x")
    assert not destroyed(scene, again, "x")
    with scene.database.transaction() as db:
        retention.lift(db, db.get_one(Contact, held.id), nurse, now=scene.now)
    assert due(scene) == ([held.id], 0)


def test_a_childs_record_is_kept_longer_once_somebody_says_so(scene: Scene) -> None:
    nurse, contact = scene.nurse(state="off"), old_contact(scene)
    with scene.database.transaction() as db:
        row = db.get_one(Contact, contact.id)
        for kind, born in (("martian", None), ("child", 1066)):
            with pytest.raises(retention.BadKeeping):
                retention.say_class(db, row, kind, born, nurse, now=scene.now)
        retention.say_class(db, row, "child", None, nurse, now=scene.now)
    scene.now += 21 * YEARS
    assert due(scene) == ([], 0)
    scene.now += 7 * YEARS
    assert due(scene) == ([contact.id], 0)


def test_the_words_of_texts_can_go_before_their_record(scene: Scene) -> None:
    contact = old_contact(scene)
    applied(scene, two_people=False, retention=service_file.Retention(texts_days=30))
    with scene.database.transaction() as db:
        answer = FollowUp(contact_id=contact.id, message_id=None, asked_at=scene.now, score=4, scored_at=scene.now)
        answer.words = "She listened"
        db.add(answer)
    with scene.database.transaction() as db:
        assert retention.erase_texts(db, scene.now) == 0
        scene.later(hours=24 * 31)
        assert retention.erase_texts(db, scene.now) == 2, "a text, and the words of an answer"
        assert retention.erase_texts(db, scene.now) == 0
    with scene.database.reading() as db:
        assert db.scalars(select(Message).where(Message.contact_id == contact.id)).one().body is None
        kept = db.get_one(FollowUp, contact.id)
        assert (kept.score, kept.words) == (4, None)


# --- export and own record ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["=1+1", "+447700900123", "-2", "@x", "\tx", "\rx", "\nx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert export.harmless(cell) == "'" + cell


def test_an_export_has_no_words_and_no_numbers(scene: Scene) -> None:
    old_contact(scene, number="+447700900777")
    file = io.StringIO()
    with scene.database.reading() as db:
        assert list(export.write(db, file, scene.now - timedelta(days=1), scene.now + timedelta(days=1))) == [1]
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert rows[0]["number"].endswith("777")
    assert "7700" not in file.getvalue()
    assert "words" not in file.getvalue()


def test_a_persons_own_record_holds_all_of_theirs_nobody_elses_and_no_ids_or_hashes(scene: Scene) -> None:
    mine = old_contact(scene, number="+447700900456")
    scene.caller(number="+447700900457")
    with scene.database.transaction() as db:
        db.add(Message(contact_id=mine.id, direction="in", number="+447700900456", line="x", body="<script>alert(1)",
                       state="received", made_at=scene.now))  # fmt: skip
        db.get_one(Contact, mine.id).words_index = "f" * 32
        opt_outs.add(db, "+447700900456", factories.DIRECT, opt_outs.SAID, now=scene.now)
        record = own_record.gather(db, "+447700900456", now=scene.now)
    page, data = own_record.page(record), own_record.as_json(record)
    assert len(json.loads(data)["contacts"]) == 1
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "900457" not in page + data
    assert mine.id not in page + data
    assert "sealed" not in data
    assert "_index" not in data
    assert [one["how"] for one in json.loads(data)["texts_stopped"]] == ["said"]
    assert "Asked us to send no texts" in page
    with scene.database.reading() as db:
        assert db.scalars(select(History).where(History.what == "gathered_for_them")).one().contact_id == mine.id


# --- the commands ---------------------------------------------------------------------------------------------------------------


def run_on(url: str, *arguments: str) -> Result:
    made_up = {**local_settings(), "DATABASE_URL": url}
    return CliRunner().invoke(cli, arguments, env=made_up, catch_exceptions=False)


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    return new_database(request.param)


def two_agree(database: Database, approval: str) -> None:
    for _ in range(2):
        person = factories.make_staff(database, roles=("administrator",), localities=())
        with database.transaction() as db:
            approvals.decide(db, approval, person, True, now=datetime.now(UTC))


def test_each_command_asks_waits_and_then_does_it_once(url: str, tmp_path: Path) -> None:
    database = open_database(url)
    factories.make_service(database)
    contact = factories.make_contact(database, number="+447700900456", now=datetime(2001, 1, 1, tzinfo=UTC))
    for ask, run in (
        (
            ("export", "ask", "--since", "2000-01-01", "--until", "2030-01-01", "--why", "audit"),
            "export run {} {}/a.csv",
        ),
        (("subject-access", "ask", "07700 900456", "--why", "seen passport"), "subject-access gather {} {}/own"),
        (("retention", "ask"), "retention run {}"),
    ):
        approval = run_on(url, *ask).stdout.strip().splitlines()[-1]
        command = run.format(approval, tmp_path).split()
        early = run_on(url, *command)
        assert early.exit_code == 1, early.output
        assert "0 of 2 people" in early.stderr
        two_agree(database, approval)
        done = run_on(url, *command)
        assert done.exit_code == 0, done.output
        assert run_on(url, *command).exit_code == 1, "once"
    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o600
    assert "2001-01-01" in (tmp_path / "a.csv").read_text()
    assert "+447700900456" in (tmp_path / "own" / "record.html").read_text()
    with database.reading() as db:
        assert db.get(Contact, contact.id) is None
    plan = run_on(url, "retention", "plan")
    assert "0 due" in plan.stdout
    assert run_on(url, "subject-access", "ask", "nobody", "--why", "x").exit_code == 2
    database.engine.dispose()

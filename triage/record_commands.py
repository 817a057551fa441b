"""The commands about whole records: how long they are kept, their export, and a person's own. Each takes two people."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import func, select

from triage import approvals, export, own_record, retention
from triage.contacts import NotFound, masked
from triage.db import utcnow
from triage.keeping_models import Approval
from triage.models import Contact
from triage.office import console, database_or_exit


def _day(_ctx: click.Context, _param: click.Parameter, value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


def _agreed_or_exit(approval_id: str, kind: str) -> Approval:
    try:
        with database_or_exit().transaction() as db:
            return approvals.carry_out(db, approval_id, kind, now=utcnow())
    except (NotFound, approvals.NotAgreed) as no:
        click.echo(str(no), err=True)
        sys.exit(1)


def _say_asked(row: Approval, command: str) -> None:
    console.print(f"Asked for. Two people decide on the page Two people. Then: nowrongdoor {command}")
    click.echo(row.id)


@contextmanager
def _own_file(path: Path) -> Iterator[TextIO]:
    """A new file that only this user can read; gone again if what writes it fails. Exits if there is one already."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        click.echo(f"{path} cannot be written: {error.strerror}. Nothing was written, and nothing used up.", err=True)
        sys.exit(1)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@click.group("retention")
def retention_group() -> None:
    """How long records are kept, and destroying those whose time is over."""


@retention_group.command("plan")
def retention_plan() -> None:
    """What is due to be destroyed, by class. Changes nothing."""
    counts, held = _due()
    table = Table("class", "contacts due")
    for kind, count in sorted(counts.items()):
        table.add_row(retention.KINDS[kind], str(count))
    console.print(table)
    console.print(f"{counts.total()} due; {held} more are due and under legal hold.")


def _due() -> tuple[Counter[str], int]:
    counts, held = Counter[str](), 0
    with database_or_exit().reading() as db, Progress(console=console, transient=True) as bar:
        whole = db.scalar(select(func.count()).select_from(Contact)) or 0
        task = bar.add_task("Looking through contacts", total=whole)
        for step in retention.look(db, utcnow()):
            counts.update(due.kind for due in step.due)
            held += step.held
            bar.advance(task, step.looked_at)
    return counts, held


@retention_group.command("ask")
def retention_ask() -> None:
    """Ask two people to agree that what is due now is destroyed. Prints the id to run it with."""
    counts, _ = _due()
    now = utcnow()
    by_class = ", ".join(f"{count} {retention.KINDS[kind].lower()}" for kind, count in sorted(counts.items()))
    what = (
        f"Destroy the records of {counts.total()} contacts whose time was over on {now:%d %B %Y}: {by_class or 'none'}."
    )
    with database_or_exit().transaction() as db:
        row = approvals.ask(
            db, "deletion", what, {"before": now.isoformat(), "contacts": counts.total()}, by="operator", now=now
        )
    _say_asked(row, f"retention run {row.id}")


@retention_group.command("run")
@click.argument("approval_id")
def retention_run(approval_id: str) -> None:
    """Destroy what two people agreed to. May be stopped; what is left is asked for again."""
    database = database_or_exit()
    agreed = _agreed_or_exit(approval_id, "deletion")
    before, most = datetime.fromisoformat(agreed.details["before"]), int(agreed.details["contacts"])
    gone = texts = 0
    with Progress(console=console) as bar:
        task = bar.add_task("Destroying", total=most)
        with database.reading() as db:
            due = [one for step in retention.look(db, before) for one in step.due][:most]
        for one in due:
            gone += retention.destroy(database, one, agreed.id, now=before)
            bar.update(task, completed=gone)
        while True:
            with database.transaction() as db:
                erased = retention.erase_texts(db, before)
            texts += erased
            if not erased:
                break
    console.print(f"{gone} contacts destroyed, each leaving a stub; the words of {texts} texts erased.")


@click.group("export")
def export_group() -> None:
    """Contacts as a table, numbers masked and no words."""


@export_group.command("ask")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), callback=_day, required=True)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), callback=_day, required=True)
@click.option("--why", required=True, help="What it is for: the people who decide read this.")
def export_ask(since: datetime, until: datetime, why: str) -> None:
    """Ask two people to agree to an export. Prints the id to run it with."""
    what = f"Export the contacts from {since:%d %B %Y} until {until:%d %B %Y}: {why.strip()[:300]}"
    details = {"since": since.isoformat(), "until": until.isoformat(), "why": why}
    with database_or_exit().transaction() as db:
        row = approvals.ask(db, "export", what, details, by="operator", now=utcnow())
    _say_asked(row, f"export run {row.id} FILE.csv")


@export_group.command("run")
@click.argument("approval_id")
@click.argument("file", type=click.Path(path_type=Path))
def export_run(approval_id: str, file: Path) -> None:
    """Write the agreed export to FILE, which only you can read. Once."""
    database = database_or_exit()
    with _own_file(file) as opened:
        agreed = _agreed_or_exit(approval_id, "export")
        since, until = (datetime.fromisoformat(agreed.details[name]) for name in ("since", "until"))
        written = 0
        with database.reading() as db, Progress(console=console, transient=True) as bar:
            task = bar.add_task("Writing", total=None)
            for written in export.write(db, opened, since, until):
                bar.update(task, completed=written)
    console.print(f"{written} contacts in {file}.")


@click.group("subject-access")
def subject_access() -> None:
    """A person's own record, for them."""


@subject_access.command("ask")
@click.argument("number")
@click.option("--why", required=True, help="How you know that it is they who ask.")
def subject_access_ask(number: str, why: str) -> None:
    """Ask two people to agree that everything about NUMBER is gathered. Prints the id to gather it with."""
    try:
        number = own_record.normal(number)
    except own_record.NotANumber as no:
        raise click.BadParameter(str(no), param_hint="NUMBER") from None
    what = f"Gather everything held about the number {masked(number)}, for the person: {why.strip()[:300]}"
    with database_or_exit().transaction() as db:
        row = approvals.ask(db, "subject_access", what, {"number": number, "why": why}, by="operator", now=utcnow())
    _say_asked(row, f"subject-access gather {row.id} FOLDER")


@subject_access.command("gather")
@click.argument("approval_id")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def subject_access_gather(approval_id: str, folder: Path) -> None:
    """Write the agreed record to FOLDER: record.html to read, record.json for a machine. Once."""
    database = database_or_exit()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _own_file(folder / "record.html") as page, _own_file(folder / "record.json") as data:
        agreed = _agreed_or_exit(approval_id, "subject_access")
        with database.transaction() as db:
            record = own_record.gather(db, agreed.details["number"], now=utcnow())
        page.write(own_record.page(record))
        data.write(own_record.as_json(record))
    console.print(f"{len(record['contacts'])} contacts in {folder}. Read it before you hand it over.")

"""The commands operators type: migrate, apply, staff, report. app.py adds those that need the carrier or the
processes.
"""

import base64
import csv
import secrets
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.progress import Progress as BarOfProgress
from rich.table import Table
from sqlalchemy import func, select

from callflows.wording import SENTENCES
from triage import accounts, audit, car_figures, contacts, migrate, postcodes, rotation, signing_in
from triage.account_models import Account
from triage.apply import apply as apply_file
from triage.db import utcnow
from triage.figures import BadMonth, this_month, written_month
from triage.models import Contact, Incident, Outcome, QueueEntry
from triage.office import console, database_or_exit
from triage.outcomes import DISPOSITIONS
from triage.paper_commands import paper_group
from triage.record_commands import export_group, retention_group, subject_access
from triage.service_file import ServiceFileError, read
from triage.startup import settings_or_exit


@click.group()
@click.version_option(package_name="nowrongdoor")
def cli() -> None:
    """No Wrong Door: the telephony backend of a mental-health crisis line."""


for group in (retention_group, export_group, subject_access, paper_group):
    cli.add_command(group)


@cli.command("migrate")
@click.option("--grant-to", metavar="ROLE", help="PostgreSQL: let this role run the service, and no more than that.")
def migrate_command(grant_to: str | None) -> None:
    """Bring the database to the shape this version needs."""
    database = database_or_exit(migrated=False)
    migrate.to(database.engine)
    if grant_to:
        try:
            migrate.grant(database.engine, grant_to)
        except migrate.CannotGrant as no:
            click.echo(str(no), err=True)
            sys.exit(1)
    console.print(f"The database is at {migrate.head()}.")


@cli.command("apply")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Say what would change, and change nothing.")
def apply_command(file: Path, check: bool) -> None:
    """Load a service file: localities, lines, keywords, staff, units, wording. All of it or nothing."""
    try:
        wanted = read(file, wording_names=SENTENCES)
    except ServiceFileError as error:
        for problem in error.problems:
            click.echo(f"{file}: line {problem.line}: {problem.sentence}", err=True)
        click.echo("Nothing was changed.", err=True)
        sys.exit(1)
    given = settings_or_exit()
    database = database_or_exit()
    with database.transaction() as db:
        changes = apply_file(
            db, wanted, now=utcnow(), fallback_number=given.fallback_number, two_people=not given.is_local
        )
        if check:
            db.rollback()
    for change in changes:
        console.print(f"  {change}")
    word = "would change" if check else "changed"
    console.print(f"{len(changes)} {word}." if changes else "Nothing to change: the service is as the file says.")


@cli.command("postcodes")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def postcodes_command(file: Path) -> None:
    """Load where postcodes are, from an ONSPD or Code-Point Open file (csv or zip). Replaces what was loaded before."""
    database = database_or_exit()
    reading = None
    try:
        with BarOfProgress(console=console) as bar:
            task, second = bar.add_task("Reading", total=None), bar.add_task("Writing", total=None)
            for reading in postcodes.load(database, file):
                bar.update(task, total=reading.size, completed=reading.read)
                bar.update(second, total=reading.good, completed=reading.written)
    except postcodes.NoPostcodes as no:
        click.echo(str(no), err=True)
        sys.exit(1)
    if reading is None:
        return
    for row in reading.bad:
        click.echo(row, err=True)
    if more := reading.bad_rows - len(reading.bad):
        click.echo(f"And {more} more.", err=True)
    console.print(
        f"{reading.in_place} postcodes loaded; {reading.nowhere} without a position left out; "
        f"{reading.bad_rows} rows could not be read."
    )


@cli.group()
def keys() -> None:
    """The keys that names, numbers, addresses and words are sealed with (FIELD_KEYS)."""


@keys.command("new")
def keys_new() -> None:
    """Print a new key, as FIELD_KEYS takes it."""
    click.echo(f"k{utcnow():%Y%m%d}{secrets.token_hex(2)}:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}")


@keys.command("rotate")
def keys_rotate() -> None:
    """Seal everything again with the first key of FIELD_KEYS. Afterwards the others may go."""
    database = database_or_exit()
    with BarOfProgress(console=console) as bar:
        task = bar.add_task("Sealing again", total=None)
        progress = None
        for progress in rotation.rotate(database):
            bar.update(task, total=progress.total, completed=progress.done + progress.closed)
    if progress and progress.closed:
        click.echo(f"{progress.closed} rows are sealed with keys that FIELD_KEYS does not have. Add those.", err=True)
        sys.exit(1)
    console.print(f"{progress.done if progress else 0} rows sealed again. Everything is under the first key.")


@cli.group("audit")
def audit_group() -> None:
    """What was done and read, and by whom: the chain of history."""


@audit_group.command("verify")
@click.option("--expect", "noted", multiple=True, metavar="END", help="An end of the chain noted before (SEQ:DIGEST).")
def audit_verify(noted: tuple[str, ...]) -> None:
    """Whether any line of history was changed, added or taken out. Exit code 1 if so."""
    expect = []
    for one in noted:
        seq, _, digest = one.partition(":")
        if not seq.isdigit() or not digest:
            raise click.BadParameter("an end is written SEQ:DIGEST, as this command prints it", param_hint="--expect")
        expect.append(audit.End(int(seq), digest))
    with database_or_exit().reading() as db, BarOfProgress(console=console, transient=True) as bar:
        whole = audit.end(db)
        task = bar.add_task("Following the chain", total=whole.seq)
        try:
            for good in audit.verify(db, utcnow(), expect=expect):
                bar.update(task, completed=good)
        except audit.Broken as broken:
            click.echo(str(broken), err=True)
            sys.exit(1)
    console.print(f"All {whole.seq} links hold. Keep this end elsewhere, to prove it later:")
    click.echo(str(whole))


@cli.group()
def staff() -> None:
    """Staff and their tokens."""


@staff.command("token")
@click.argument("email")
@click.option(
    "--scope",
    type=click.Choice(accounts.SCOPES),
    default=accounts.WRITE,
    show_default=True,
    help="write: everything this person may do. read: nothing is changed with it.",
)
@click.option(
    "--days",
    type=click.IntRange(1, accounts.LONGEST_TOKEN_DAYS),
    default=accounts.TOKEN_DAYS,
    show_default=True,
    help="How long it works.",
)
@click.option("--name", default="", help="What it is for, to tell it from others.")
def staff_token(email: str, scope: str, days: int, name: str) -> None:
    """Make a bearer token for the API and print it, once."""
    database = database_or_exit()
    try:
        with database.transaction() as db:
            token = accounts.make_token(db, email, now=utcnow(), scope=scope, days=days, name=name)
    except accounts.NoSuchStaff as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(token)


@staff.command("invite")
@click.argument("email")
def staff_invite(email: str) -> None:
    """Make a link to set a password and a second factor, and print it, once. It works for an hour.

    For whoever has no account yet, and for whoever forgot their password: they prove the second factor they have.
    """
    _print_link(email)


@staff.command("first-administrator")
@click.argument("email")
def staff_first_administrator(email: str) -> None:
    """As invite, for the first administrator: refused once any administrator can sign in."""
    _print_link(email, first=True)


@staff.command("reset-second-factor")
@click.argument("email")
def staff_reset_second_factor(email: str) -> None:
    """Take a lost second factor away, and print a link to set up another: for when no administrator can sign in.

    Administrators do this on the Accounts page. It ends every session of this person, and is recorded.
    """
    _print_link(email, reset=True)


def _print_link(email: str, *, first: bool = False, reset: bool = False) -> None:
    base_url = settings_or_exit().public_base_url
    database = database_or_exit()
    try:
        with database.transaction() as db:
            person = accounts.by_email(db, email)
            if first and "administrator" not in person.roles:
                raise accounts.NoSuchStaff(f"{email} is not an administrator in the service file. Add the role, apply.")
            if first and signing_in.is_there_an_administrator(db):
                raise accounts.NoSuchStaff("An administrator has an account already: they make links, on Accounts.")
            account = db.get(Account, person.id)
            if reset and account is not None:
                signing_in.reset_factors(db, account, by="operator", now=utcnow())
            secret = signing_in.make_link(db, person, by="operator", now=utcnow())
    except accounts.NoSuchStaff as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(f"{base_url}/set-up/{secret}")


@staff.command("list")
def staff_list() -> None:
    """Who works here."""
    table = Table("name", "e-mail", "roles", "localities")
    with database_or_exit().reading() as db:
        for row in accounts.everybody(db):
            table.add_row(row.name, row.email, ", ".join(row.roles), ", ".join(row.localities))
    console.print(table)


@cli.group()
def report() -> None:
    """What the line did."""


@report.command("outcomes")
@click.option("--days", default=7, show_default=True, help="How far back.")
def report_outcomes(days: int) -> None:
    """Final outcomes by disposition and national group, with the number they are shares of."""
    since = utcnow() - timedelta(days=days)
    with database_or_exit().reading() as db:
        last: dict[str, str] = {}
        for row in db.scalars(select(Outcome).where(Outcome.recorded_at >= since).order_by(Outcome.recorded_at)):
            last[row.contact_id] = row.disposition
        contacts_n = db.scalar(select(func.count()).select_from(Contact).where(Contact.started_at >= since)) or 0
    _print_outcomes(Counter(last.values()), contacts_n, since)


def _print_outcomes(counts: Counter[str], contacts_n: int, since: datetime) -> None:
    total = counts.total()
    console.print(f"Since {since:%Y-%m-%d %H:%M} UTC: {contacts_n} contacts, {total} with an outcome.")
    groups = Counter[str]()
    table = Table("disposition", "group", "contacts", "share")
    for disposition, count in counts.most_common():
        known = DISPOSITIONS[disposition]
        groups[known.group] += count
        table.add_row(known.label, known.group, str(count), f"{100 * count / total:.1f} %")
    console.print(table)
    console.print(", ".join(f"{group} {100 * count / total:.1f} %" for group, count in groups.most_common()))


@report.command("cars")
@click.option("--month", "asked", metavar="YYYY-MM", help="The month; this one if left out.")
@click.option("--csv", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write a spreadsheet here.")
def report_cars(asked: str | None, file: Path | None) -> None:
    """Jobs of the response car, how long each part took, and what came of the visits, by place."""
    now = utcnow()
    try:
        month = written_month(asked) if asked else this_month(now)
    except BadMonth as no:
        raise click.BadParameter(str(no), param_hint="--month") from None
    with database_or_exit().reading() as db:
        found = car_figures.read(db, month, now=now)
    if file:
        with file.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows(car_figures.lines(found))
        console.print(f"Written to {file}.")
        return
    _print_cars(found)


def _print_cars(found: car_figures.CarFigures) -> None:
    for code, place in sorted(found.places.items()):
        share = "not known" if place.not_conveyed is None else f"{100 * place.not_conveyed:.0f} %"
        console.print(
            f"{found.month}, {code or 'all places'}: {place.jobs} jobs, {place.accepted} accepted. "
            f"No emergency department: {share} of {place.visits} visits where somebody was seen."
        )
        table = Table("from", "jobs", "median", "90th centile")
        for name in car_figures.INTERVALS:
            if took := place.interval(name):
                table.add_row(name, str(took.jobs), _minutes(took.median_s), _minutes(took.ninetieth_s))
        console.print(table)
        for call_sign, jobs in sorted(place.by_unit.items()):
            console.print(f"  {call_sign}: {jobs} jobs, {jobs / max(1, found.days):.2f} a day")


def _minutes(seconds: int) -> str:
    return f"{seconds // 60} min {seconds % 60:02d} s"


@report.command("now")
def report_now() -> None:
    """Who waits, and what is open, this minute."""
    with database_or_exit().reading() as db:
        waiting = db.scalars(select(QueueEntry).where(QueueEntry.state == "waiting")).all()
        incidents = db.scalar(select(func.count()).select_from(Incident).where(Incident.closed_at.is_(None))) or 0
        by_place = Counter(contacts.locality_name(db, entry.lane or None) for entry in waiting)
    console.print(f"{len(waiting)} waiting, {incidents} incidents open.")
    for place, count in by_place.most_common():
        console.print(f"  {place}: {count}")

"""The commands of paper mode: print what a shift needs, enter what it wrote."""

import sys
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from triage import accounts, paper
from triage.db import utcnow
from triage.models import Staff
from triage.office import console, database_or_exit


@click.group("paper")
def paper_group() -> None:
    """Working on paper: printing before, entering afterwards."""


def _by(db: Session, email: str) -> Staff:
    try:
        return accounts.by_email(db, email)
    except accounts.NoSuchStaff as nobody:
        click.echo(str(nobody), err=True)
        sys.exit(1)


@paper_group.command("print")
@click.option("--by", "email", required=True, help="Your address in the service file: history keeps who printed.")
def paper_print(email: str) -> None:
    """Print who waits, who is owed a call, which cars are out and whom to ring, with whole numbers and addresses."""
    database, now = database_or_exit(), utcnow()
    with database.reading() as db:
        staff, sheet = _by(db, email), paper.sheet(db, now=now)
    try:
        with database.transaction() as db:
            paper.printed(db, staff, now=now)
    except DBAPIError as error:  # a standby takes no writing, and is what is left
        click.echo(f"History does not say that you printed this ({type(error).__name__}): note it yourself.", err=True)
    click.echo(sheet, nl=False)


@paper_group.command("enter")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--by", "email", required=True, help="Your address in the service file: history keeps who entered it.")
@click.option("--check", is_flag=True, help="Only look for faults.")
def paper_enter(file: Path, email: str, check: bool) -> None:
    """Enter the cases of a CSV file, one a row, at the times they had. A form that was entered before is left alone."""
    now = utcnow()
    try:
        with database_or_exit().transaction() as db, file.open(encoding="utf-8-sig", newline="") as opened:
            staff = _by(db, email)
            forms = paper.read_forms(db, opened, now=now)
            new = [] if check else paper.enter(db, forms, staff, now=now)
    except (paper.BadForms, UnicodeDecodeError) as bad:
        click.echo(bad if isinstance(bad, paper.BadForms) else "The file is not UTF-8 text.", err=True)
        click.echo("Nothing was entered.", err=True)
        sys.exit(1)
    if check:
        console.print(f"{len(forms)} cases can be entered.")
    else:
        console.print(f"{len(new)} cases entered, {len(forms) - len(new)} were there already.")

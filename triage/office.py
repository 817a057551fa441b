"""What every command shares: where it prints, and its database."""

import sys

import click
from rich.console import Console

from triage.db import Database, open_database
from triage.startup import migration_fault, settings_or_exit

console = Console(highlight=False, soft_wrap=True)


def database_or_exit(*, migrated: bool = True) -> Database:
    """The database, closed when the command ends; with `migrated`, only one in the shape this version needs."""
    database = open_database(settings_or_exit().database_url)
    click.get_current_context().call_on_close(database.engine.dispose)
    if migrated and (fault := migration_fault(database)):
        click.echo(fault, err=True)
        sys.exit(2)
    return database

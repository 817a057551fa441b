"""What every process and command does first: read the settings, and see that the database has the right shape."""

import sys
import time
from pathlib import Path

import click
import structlog
from sqlalchemy.exc import OperationalError

from triage import destinations, logs, migrate, sealing, settings
from triage.db import Database, open_database

log = structlog.get_logger(__name__)
UNIT_S = 10.0  # for worker and clock: long for any step of theirs, short enough to try again and to say so


def settings_or_exit() -> settings.Settings:
    """The settings, or every fault in them on standard error and exit code 2. The process has its field keys then."""
    try:
        given = settings.load()
    except settings.SettingsError as error:
        for fault in error.faults:
            click.echo(fault, err=True)
        sys.exit(2)
    logs.hide(given.secrets)
    kind = destinations.kind_of(given.fallback_number)
    if kind in destinations.NEVER:
        click.echo(
            f"FALLBACK_NUMBER is never rung: {destinations.NEVER[kind]}. Name a telephone of your own.", err=True
        )
        sys.exit(2)
    sealing.use(given.field_keys)
    if open_env := settings.open_env_file(Path.cwd()):
        click.echo(open_env, err=True)
        if not given.is_local:
            sys.exit(2)
    return given


def migration_fault(database: Database) -> str | None:
    """What is wrong with the database's shape, in a sentence; None if nothing is. Raises what the database raises."""
    have = _shape(database)
    if have == migrate.head():
        return None
    if _is_newer(have):
        return f"The database is at {have}, newer than this version knows ({migrate.head()}). Run the newer version."
    return "The database is not up to date. Run `nowrongdoor migrate`."


def _shape(database: Database) -> str | None:
    with database.engine.connect() as connection:
        return migrate.at(connection)


def _is_newer(have: str | None) -> bool:
    return have is not None and have > migrate.head()


def database_when_up(url: str) -> Database:
    """The database, waited for while it is not up or not migrated yet: processes start in any order.

    One that is newer than this version is not written to: exit code 2.
    """
    database = open_database(url, unit_s=UNIT_S)
    said: str | None = None
    while True:
        try:
            fault = migration_fault(database)
            if fault and _is_newer(_shape(database)):
                click.echo(fault, err=True)
                sys.exit(2)
        except OperationalError as error:
            fault = f"The database does not answer ({type(error).__name__})."
        if fault is None:
            return database
        if fault != said:
            log.warning("waiting_for_the_database", why=fault)
            said = fault
        time.sleep(1)

"""Bringing the database to the shape this version needs, and saying whether it has it.

Alembic is imported where something is migrated: every process asks for the shape when it starts, and need not wait for
that.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import ProgrammingError

if TYPE_CHECKING:
    from alembic.config import Config


class CannotGrant(Exception):
    """The role cannot be given its rights; `str()` says why, and what to do."""


MIGRATIONS = Path(str(files("triage") / "migrations"))


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@cache
def head() -> str:
    """The revision this version of the service works with: migrations are numbered one after another."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def at(connection: Connection) -> str | None:
    """The revision the database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def to(engine: Engine, revision: str = "head") -> None:
    """Upgrade to `revision`. Does nothing when it is there already."""
    from alembic import command

    with engine.connect() as connection:
        before = at(connection)
        command.upgrade(_config(connection), revision)
        connection.commit()
        changed = before is not None and at(connection) != before
    if changed and engine.dialect.name == "sqlite":
        _rewrite(engine)


def _rewrite(engine: Engine) -> None:
    """Write a SQLite file anew: what a migration took out of it would otherwise stay in pages nobody uses."""
    connection = engine.raw_connection()
    try:
        connection.driver_connection.execute("VACUUM")  # type: ignore[union-attr]
        connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    finally:
        connection.close()


def grant(engine: Engine, role: str) -> None:
    """Let a PostgreSQL role run the service and no more: history it may read and add to, the shape it cannot change.

    Raises CannotGrant: on another database, for no such role, or without the right to.
    """
    if engine.dialect.name != "postgresql":
        raise CannotGrant("Only PostgreSQL has roles: leave --grant-to out.")
    name = engine.dialect.identifier_preparer.quote(role)
    try:
        _grant_all(engine, name)
    except ProgrammingError as error:
        raise CannotGrant(f"PostgreSQL refuses: {error.orig}. Make the role first, and grant as the owner.") from None


def _grant_all(engine: Engine, name: str) -> None:
    with engine.begin() as connection:
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
            "REVOKE UPDATE, DELETE, TRUNCATE ON history, history_link FROM {}",
            "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
        ):
            connection.exec_driver_sql(statement.format(name))


def back_to(engine: Engine, revision: str) -> None:
    """Downgrade to `revision` (`base` for an empty database)."""
    from alembic import command

    with engine.connect() as connection:
        command.downgrade(_config(connection), revision)
        connection.commit()


def new_revision(engine: Engine, message: str, number: str) -> None:
    """Write a migration from what the models say and the database has not: to be read and corrected by a person."""
    from alembic import command

    with engine.connect() as connection:
        command.revision(_config(connection), message, autogenerate=True, rev_id=number)

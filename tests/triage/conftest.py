"""A database with the small service of `tests/factories.py` in it, emptied and loaded again for every test."""

from collections.abc import Iterator

import pytest

from tests.harness.databases import BACKENDS, Databases
from tests.triage.scene import Scene
from triage import audit
from triage.db import Database, open_database
from triage.tables import Base


@pytest.fixture(scope="session")
def kept_databases(databases: Databases) -> Iterator[dict[str, Database]]:
    """One migrated database on each system, opened when first used, kept for all tests of this process."""
    opened: dict[str, Database] = {}
    yield opened
    for database in opened.values():
        database.engine.dispose()


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, kept_databases: dict[str, Database], databases: Databases) -> Database:
    """A migrated database without rows; the test runs once on each system."""
    if request.param not in kept_databases:
        kept_databases[request.param] = open_database(databases.fresh(request.param), pool_size=40)
        databases.let_history_be_emptied(kept_databases[request.param].engine)
    kept = kept_databases[request.param]
    empty(kept)
    return kept


def empty(kept: Database) -> None:
    """Take every row out, history too, which only a test may."""
    emptied = [f'DELETE FROM "{table.name}"' for table in reversed(Base.metadata.sorted_tables)]
    emptied.append(f"INSERT INTO history_head (id, seq, digest, linked_below) VALUES (1, 0, '{audit.START}', 0)")
    with kept.statements() as connection:
        for statement in emptied if kept.is_sqlite else ["; ".join(emptied)]:
            connection.exec_driver_sql(statement)


@pytest.fixture
def scene(database: Database) -> Scene:
    """The small service, at noon, with nobody on shift and nobody waiting."""
    return Scene(database)

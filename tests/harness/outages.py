"""A database that nobody reaches for a while, and comes back."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url

from tests.harness.databases import Databases


@contextmanager
def taken_away(url: str, databases: Databases) -> Iterator[None]:
    """Another process has the file to itself; or the server throws everybody out and lets nobody in."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        other = sqlite3.connect(str(parsed.database), isolation_level=None, timeout=30)
        try:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")
        finally:
            other.close()
        return
    name = parsed.database
    databases.postgres.run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    try:
        databases.postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        yield
    finally:
        databases.postgres.run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

"""Alembic's entry: runs the migrations on the connection that `triage.migrate` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from triage.db import UtcDateTime
from triage.tables import Base


def as_plain_column(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Migrations name plain column types: they must not change when our own classes do."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_item=as_plain_column,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()

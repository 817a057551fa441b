"""In which language a line and a person are texted, and an index for how long people waited lately

Revision ID: 0014
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("contact", "line"):
        op.add_column(table, sa.Column("language", sa.String(64), nullable=True))
    op.create_index("ix_queue_entry_connected", "queue_entry", ["lane", "connected_at"])


def downgrade() -> None:
    op.drop_index("ix_queue_entry_connected", table_name="queue_entry")
    for table in ("contact", "line"):
        op.drop_column(table, "language")

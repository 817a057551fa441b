"""Hours of a locality, and the text of local help

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default lets the release before this one go on adding localities.
    op.add_column("locality", sa.Column("hours", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("directory_entry", sa.Column("text", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("directory_entry") as table:
        table.drop_column("text")
    with op.batch_alter_table("locality") as table:
        table.drop_column("hours")

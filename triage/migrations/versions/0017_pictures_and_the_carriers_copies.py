"""What came with a text beside its words, and whether the carrier's copy of it is erased

Revision ID: 0017
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEPT_THERE = sa.text("carrier_erased_at IS NULL")


def upgrade() -> None:
    op.add_column("message", sa.Column("media_sealed", sa.Text(), nullable=True))
    for name in ("carrier_erased_at", "erase_again_at"):
        op.add_column("message", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("message", sa.Column("erase_tries", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "ix_message_kept_by_the_carrier", "message", ["made_at"], postgresql_where=KEPT_THERE, sqlite_where=KEPT_THERE
    )


def downgrade() -> None:
    op.drop_index("ix_message_kept_by_the_carrier", "message")
    for name in ("erase_tries", "erase_again_at", "carrier_erased_at", "media_sealed"):
        op.drop_column("message", name)

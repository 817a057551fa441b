"""Calls the carrier knows and we did not: reports kept until their call is known, and when we last compared

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UP = sa.text("state <> 'ended'")
ON_ITS_WAY = sa.text("state IN ('sending', 'sent')")


def upgrade() -> None:
    op.add_column("contact", sa.Column("failed_safe_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_leg_up", "leg", ["made_at"], postgresql_where=UP, sqlite_where=UP)
    op.create_index(
        "ix_message_on_its_way", "message", ["made_at"], postgresql_where=ON_ITS_WAY, sqlite_where=ON_ITS_WAY
    )
    op.create_table(
        "early_report",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("carrier_id", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_early_report"),
    )
    op.create_table(
        "comparison",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_comparison"),
    )


def downgrade() -> None:
    op.drop_table("comparison")
    op.drop_table("early_report")
    op.drop_index("ix_message_on_its_way", table_name="message")
    op.drop_index("ix_leg_up", table_name="leg")
    op.drop_column("contact", "failed_safe_at")

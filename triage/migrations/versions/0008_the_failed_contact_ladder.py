"""What is owed: the ladder, decisions and closing

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("decision", "legal_test", "decided_by"):
        op.add_column("promise", sa.Column(name, sa.String(64), nullable=True))
    for name in ("decided_at", "lost_at"):
        op.add_column("promise", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("promise", sa.Column("decision_words_sealed", sa.Text(), nullable=True))
    op.add_column("promise_attempt", sa.Column("rang", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    op.drop_column("promise_attempt", "rang")
    for name in ("decision_words_sealed", "lost_at", "decided_at", "decided_by", "legal_test", "decision"):
        op.drop_column("promise", name)

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
    op.add_column("promise", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("promise", sa.Column("decision_words_sealed", sa.Text(), nullable=True))


def downgrade() -> None:
    for name in ("decision_words_sealed", "decided_at", "decided_by", "legal_test", "decision"):
        op.drop_column("promise", name)

"""The contact into which another one of the same person went on

Revision ID: 0018
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
WENT_ON = "went_on_as IS NOT NULL"


def upgrade() -> None:
    op.add_column("contact", sa.Column("went_on_as", sa.String(64), nullable=True))
    op.create_index(
        "ix_contact_went_on_as", "contact", ["went_on_as"],
        postgresql_where=sa.text(WENT_ON), sqlite_where=sa.text(WENT_ON),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_contact_went_on_as", "contact")
    op.drop_column("contact", "went_on_as")

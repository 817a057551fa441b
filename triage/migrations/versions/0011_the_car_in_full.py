"""The response car: what the crew must know, revisions, welfare checks, the visit, and every step

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INCIDENT = ("hazards_sealed", "visit_words_sealed")


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def upgrade() -> None:
    for name in INCIDENT:
        op.add_column("incident", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("incident", sa.Column("adjustments", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("incident", sa.Column("police_test", sa.String(64), nullable=True))
    op.add_column("incident", sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("incident", sa.Column("visit", sa.String(64), nullable=True))
    op.add_column("dispatch", sa.Column("revision_read", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("dispatch", sa.Column("checks_asked", sa.Integer(), nullable=False, server_default="0"))
    for name in ("revision_told_at", "stand_down_read_at"):
        op.add_column("dispatch", _time(name))
    for name in ("link_hash", "link_phone"):
        op.add_column("dispatch", sa.Column(name, sa.String(64), nullable=True))
    op.create_index("ix_dispatch_link_hash", "dispatch", ["link_hash"])
    op.create_table(
        "dispatch_step",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("dispatch_id", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _time("said_at"),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("way", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatch.id"], name="fk_dispatch_step_dispatch_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dispatch_step"),
    )
    op.create_index("ix_dispatch_step_dispatch_id", "dispatch_step", ["dispatch_id", "at"])


def downgrade() -> None:
    op.drop_table("dispatch_step")
    op.drop_index("ix_dispatch_link_hash", "dispatch")
    for name in ("link_phone", "link_hash"):
        op.drop_column("dispatch", name)
    for name in ("stand_down_read_at", "revision_told_at", "checks_asked", "revision_read"):
        op.drop_column("dispatch", name)
    for name in ("visit", "revision", "police_test", "adjustments", *INCIDENT):
        op.drop_column("incident", name)

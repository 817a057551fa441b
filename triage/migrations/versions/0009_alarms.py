"""Alarms: what is wrong with the service now, whom it touches, and who has seen it

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN = sa.text("over_at IS NULL")


def _time(name: str, *, empty: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=empty)


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(300), nullable=False),
        _time("raised_at"),
        _time("over_at", empty=True),
        sa.Column("seen_by", sa.String(64), nullable=True),
        _time("seen_at", empty=True),
        sa.Column("told", sa.Integer(), nullable=False, server_default="0"),
        _time("told_at", empty=True),
        sa.ForeignKeyConstraint(["seen_by"], ["staff.id"], name="fk_alarm_seen_by"),
        sa.PrimaryKeyConstraint("id", name="pk_alarm"),
    )
    op.create_index(
        "uq_alarm_open", "alarm", ["kind", "subject"], unique=True, postgresql_where=OPEN, sqlite_where=OPEN
    )
    op.create_index("ix_alarm_seen_at", "alarm", ["seen_at"])


def downgrade() -> None:
    op.drop_table("alarm")

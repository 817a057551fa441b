"""Where an incident and a car are, who is there, duty times of cars, and postcode centroids

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    for name in ("position_sealed", "who_is_there_sealed"):
        op.add_column("incident", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("incident", sa.Column("tell_person", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("crew_rung_at", "arrive_at"):
        op.add_column("dispatch", _time(name))
    op.add_column("dispatch", sa.Column("person_told", sa.String(64), nullable=True))
    for name in ("base_lat", "base_lon"):
        op.add_column("unit", sa.Column(name, sa.Double(), nullable=True))
    op.add_column("unit", _time("phone_heard_at"))
    op.create_table(
        "postcode",
        sa.Column("postcode", sa.String(8), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("postcode", name="pk_postcode"),
    )
    op.create_table(
        "duty",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("call_sign", sa.String(64), nullable=False),
        _time("starts_at", nullable=False),
        _time("ends_at", nullable=False),
        sa.Column("crew", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        _time("began_at"),
        _time("ended_at"),
        sa.Column("hand_over_sealed", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_sign"], ["unit.call_sign"], name="fk_duty_call_sign"),
        sa.PrimaryKeyConstraint("id", name="pk_duty"),
    )
    op.create_index("ix_duty_call_sign", "duty", ["call_sign", "starts_at"])


def downgrade() -> None:
    op.drop_table("duty")
    op.drop_table("postcode")
    for name in ("phone_heard_at", "base_lon", "base_lat"):
        op.drop_column("unit", name)
    for name in ("person_told", "arrive_at", "crew_rung_at"):
        op.drop_column("dispatch", name)
    for name in ("tell_person", "who_is_there_sealed", "position_sealed"):
        op.drop_column("incident", name)

"""What takes two people, and how long records are kept

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _text(name: str, *, empty: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(64), nullable=empty)


def _time(name: str, *, empty: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=empty)


def _sealed(name: str) -> sa.Column[str]:
    return sa.Column(f"{name}_sealed", sa.Text(), nullable=True)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")


def upgrade() -> None:
    op.create_table(
        "approval",
        _text("id"), _text("kind"), _text("state"), _sealed("what"), _sealed("details"), _text("asked_by"),
        _time("asked_at"), _time("expires_at"), _time("done_at", empty=True),
        sa.PrimaryKeyConstraint("id", name="pk_approval"),
    )  # fmt: skip
    op.create_table(
        "agreement",
        _text("approval_id"), _text("staff_id"), sa.Column("agrees", sa.Boolean(), nullable=False), _time("at"),
        _to("agreement", "approval_id", "approval"), _to("agreement", "staff_id", "staff"),
        sa.PrimaryKeyConstraint("approval_id", "staff_id", name="pk_agreement"),
    )  # fmt: skip
    op.create_table(
        "keeping",
        _text("contact_id"), _text("kind"), sa.Column("born", sa.Integer(), nullable=True), _text("said_by"),
        _time("said_at"), _to("keeping", "contact_id", "contact"), _to("keeping", "said_by", "staff"),
        sa.PrimaryKeyConstraint("contact_id", name="pk_keeping"),
    )  # fmt: skip
    op.create_table(
        "legal_hold",
        _text("id"), _text("contact_id"), _sealed("reason"), _text("held_by"), _time("held_at"),
        _text("lifted_by", empty=True), _time("lifted_at", empty=True), _to("legal_hold", "contact_id", "contact"),
        _to("legal_hold", "held_by", "staff"), _to("legal_hold", "lifted_by", "staff"),
        sa.PrimaryKeyConstraint("id", name="pk_legal_hold"),
    )  # fmt: skip
    op.create_index("ix_legal_hold_contact_id", "legal_hold", ["contact_id"])
    op.create_table(
        "destroyed",
        _text("contact_id"), _text("kind"), _time("started_at"), sa.Column("rows", sa.JSON(), nullable=False),
        _text("approval_id"), _time("destroyed_at"), _to("destroyed", "approval_id", "approval"),
        sa.PrimaryKeyConstraint("contact_id", name="pk_destroyed"),
    )  # fmt: skip
    op.create_table(
        "rights_note",
        _text("id"), _text("contact_id"), _text("kind"), _sealed("words"), _text("noted_by"), _time("noted_at"),
        _to("rights_note", "contact_id", "contact"), _to("rights_note", "noted_by", "staff"),
        sa.PrimaryKeyConstraint("id", name="pk_rights_note"),
    )  # fmt: skip
    op.create_index("ix_rights_note_contact_id", "rights_note", ["contact_id"])


def downgrade() -> None:
    for table in ("rights_note", "destroyed", "legal_hold", "keeping", "agreement", "approval"):
        op.drop_table(table)

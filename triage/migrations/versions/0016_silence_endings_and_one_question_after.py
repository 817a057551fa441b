"""Silences in text conversations, how long one may be come back to, and the one question after

Revision ID: 0016
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("locality", sa.Column("text_window_hours", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("contact", sa.Column("ask_after", sa.Boolean(), nullable=True))
    op.create_index(
        "ix_contact_ask_after", "contact", ["ended_at"],
        postgresql_where=sa.text("ask_after"), sqlite_where=sa.text("ask_after"),
    )  # fmt: skip
    op.create_table(
        "silence",
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("contact_id", sa.String(64), nullable=False),
        _time("seen_at", nullable=False),
        _time("checked_at"),
        _time("ask_again_at"),
        _time("second_told_at"),
        _time("to_ring_at"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_silence_message_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_silence_contact_id"),
        sa.PrimaryKeyConstraint("message_id", name="pk_silence"),
    )
    op.create_index("ix_silence_contact_id", "silence", ["contact_id"])
    op.create_table(
        "follow_up",
        sa.Column("contact_id", sa.String(64), nullable=False),
        sa.Column("message_id", sa.String(64), nullable=True),
        _time("asked_at", nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        _time("scored_at"),
        sa.Column("words_sealed", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_follow_up_contact_id"),
        sa.PrimaryKeyConstraint("contact_id", name="pk_follow_up"),
    )
    for name in ("asked_at", "message_id"):
        op.create_index(f"ix_follow_up_{name}", "follow_up", [name])


def downgrade() -> None:
    op.drop_table("follow_up")
    op.drop_table("silence")
    op.drop_index("ix_contact_ask_after", "contact")
    op.drop_column("contact", "ask_after")
    op.drop_column("locality", "text_window_hours")

"""Several text conversations a nurse has at once, what she has read of each, and handing one to a colleague

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

HELD = "state IN ('offered', 'connecting', 'connected')"


def upgrade() -> None:
    op.add_column("presence", sa.Column("texts_at_once", sa.Integer(), nullable=False, server_default="1"))
    op.drop_index("uq_queue_entry_one_nurse", table_name="queue_entry")
    with op.batch_alter_table("queue_entry") as entry:
        entry.add_column(sa.Column("slot", sa.Integer(), nullable=False, server_default="0"))
        entry.add_column(sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
        entry.add_column(sa.Column("hand_to_id", sa.String(64), nullable=True))
        entry.add_column(sa.Column("hand_from_id", sa.String(64), nullable=True))
        entry.add_column(sa.Column("hand_note_sealed", sa.Text(), nullable=True))
        entry.add_column(sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True))
        entry.create_foreign_key("fk_queue_entry_hand_to_id_staff", "staff", ["hand_to_id"], ["id"])
        entry.create_foreign_key("fk_queue_entry_hand_from_id_staff", "staff", ["hand_from_id"], ["id"])
    op.create_index(
        "uq_queue_entry_nurse_slot", "queue_entry", ["nurse_id", "slot"], unique=True,
        postgresql_where=sa.text(HELD), sqlite_where=sa.text(HELD),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("uq_queue_entry_nurse_slot", table_name="queue_entry")
    with op.batch_alter_table("queue_entry") as entry:
        for name in ("handed_at", "hand_note_sealed", "hand_from_id", "hand_to_id", "read_at", "slot"):
            entry.drop_column(name)
    op.create_index(
        "uq_queue_entry_one_nurse", "queue_entry", ["nurse_id"], unique=True,
        postgresql_where=sa.text(HELD), sqlite_where=sa.text(HELD),
    )  # fmt: skip
    op.drop_column("presence", "texts_at_once")

"""Who stopped our texts, and floods of first texts

Revision ID: 0015
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "opt_out",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("number_sealed", sa.Text(), nullable=True),
        sa.Column("number_index", sa.String(32), nullable=True),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("how", sa.String(64), nullable=False),
        _time("since", nullable=False),
        _time("lifted_at"),
        sa.PrimaryKeyConstraint("id", name="pk_opt_out"),
    )
    op.create_index("ix_opt_out_number_index", "opt_out", ["number_index"])
    op.create_index("ix_opt_out_since", "opt_out", ["since"])
    op.create_table(
        "text_flood",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        _time("since", nullable=False),
        _time("found_at", nullable=False),
        sa.Column("decision", sa.String(64), nullable=True),
        sa.Column("decided_by", sa.String(64), nullable=True),
        _time("decided_at"),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name="fk_text_flood_decided_by"),
        sa.PrimaryKeyConstraint("id", name="pk_text_flood"),
    )
    undecided = sa.text("decision IS NULL")
    op.create_index(
        "ix_text_flood_undecided", "text_flood", ["found_at"], postgresql_where=undecided, sqlite_where=undecided
    )
    for name, length in (("number_run", 32), ("words_index", 32), ("flood_id", 64)):
        op.add_column("contact", sa.Column(name, sa.String(length), nullable=True))
    merged = sa.text("state = 'merged'")
    op.create_index(
        "ix_queue_entry_merged", "queue_entry", ["contact_id"], postgresql_where=merged, sqlite_where=merged
    )
    texts = sa.text("channel = 'text'")
    op.create_index(
        "ix_contact_number_run", "contact", ["number_run", "started_at"], postgresql_where=texts, sqlite_where=texts
    )
    op.create_index("ix_contact_flood_id", "contact", ["flood_id"])


def downgrade() -> None:
    for name in ("flood_id", "number_run"):
        op.drop_index(f"ix_contact_{name}", "contact")
    for name in ("flood_id", "words_index", "number_run"):
        op.drop_column("contact", name)
    op.drop_index("ix_queue_entry_merged", "queue_entry")
    op.drop_table("text_flood")
    op.drop_table("opt_out")

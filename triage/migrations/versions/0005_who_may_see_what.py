"""Who may see what: glass that was broken, notices to a second person, shared telephones, and who is one person

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.String(64)
WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_index("ix_history_actor_at", "history", ["actor", "at"])
    op.create_table(
        "break_glass",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("reason_sealed", sa.Text(), nullable=False),
        sa.Column("made_at", WHEN, nullable=False),
        sa.Column("open_until", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_break_glass_contact_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_break_glass_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_break_glass"),
    )
    op.create_index("ix_break_glass_contact_id", "break_glass", ["contact_id"])
    op.create_index("ix_break_glass_staff_id", "break_glass", ["staff_id"])
    op.create_table(
        "notice",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", ID, nullable=False),
        sa.Column("for_role", ID, nullable=False),
        sa.Column("locality", ID, nullable=True),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("actor", ID, nullable=False),
        sa.Column("made_at", WHEN, nullable=False),
        sa.Column("acknowledged_by", ID, nullable=True),
        sa.Column("acknowledged_at", WHEN, nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_notice_contact_id"),
        sa.ForeignKeyConstraint(["actor"], ["staff.id"], name="fk_notice_actor"),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["staff.id"], name="fk_notice_acknowledged_by"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_contact_id", "notice", ["contact_id"])
    op.create_index("ix_notice_open", "notice", ["acknowledged_at", "made_at"])
    op.create_table(
        "shared_number",
        sa.Column("id", ID, nullable=False),
        sa.Column("number_index", sa.String(32), nullable=False),
        sa.Column("number_sealed", sa.Text(), nullable=False),
        sa.Column("kind", ID, nullable=False),
        sa.Column("marked_by", ID, nullable=False),
        sa.Column("marked_at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shared_number"),
        sa.UniqueConstraint("number_index", name="uq_shared_number_number_index"),
    )
    op.create_table(
        "parting",
        sa.Column("id", ID, nullable=False),
        sa.Column("first_id", ID, nullable=False),
        sa.Column("second_id", ID, nullable=False),
        sa.Column("same", sa.Boolean(), nullable=False),
        sa.Column("reason_sealed", sa.Text(), nullable=False),
        sa.Column("said_by", ID, nullable=False),
        sa.Column("said_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["first_id"], ["contact.id"], name="fk_parting_first_id"),
        sa.ForeignKeyConstraint(["second_id"], ["contact.id"], name="fk_parting_second_id"),
        sa.ForeignKeyConstraint(["said_by"], ["staff.id"], name="fk_parting_said_by"),
        sa.PrimaryKeyConstraint("id", name="pk_parting"),
    )
    op.create_index("ix_parting_first_id", "parting", ["first_id"])
    op.create_index("ix_parting_second_id", "parting", ["second_id"])
    op.create_table(
        "stays_anonymous",
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("noted_by", ID, nullable=False),
        sa.Column("noted_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_stays_anonymous_contact_id"),
        sa.ForeignKeyConstraint(["noted_by"], ["staff.id"], name="fk_stays_anonymous_noted_by"),
        sa.PrimaryKeyConstraint("contact_id", name="pk_stays_anonymous"),
    )


def downgrade() -> None:
    op.drop_table("stays_anonymous")
    op.drop_table("parting")
    op.drop_table("shared_number")
    op.drop_table("notice")
    op.drop_table("break_glass")
    op.drop_index("ix_history_actor_at", "history")

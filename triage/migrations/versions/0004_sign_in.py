"""sign in

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def staff_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=f"fk_{table}_staff_id")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("staff_id", sa.String(64), nullable=False),
        sa.Column("password", sa.String(200), nullable=True),
        sa.Column("password_at", TIME, nullable=True),
        sa.Column("stamp", sa.String(64), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("disabled_at", TIME, nullable=True),
        sa.Column("signed_in_at", TIME, nullable=True),
        sa.Column("totp", sa.Text(), nullable=True),
        sa.Column("totp_next", sa.Text(), nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=False),
        sa.Column("challenge", sa.String(64), nullable=True),
        sa.Column("challenge_at", TIME, nullable=True),
        sa.Column("oidc_subject", sa.String(300), nullable=True),
        staff_key("account"),
        sa.UniqueConstraint("oidc_subject", name="uq_account_oidc_subject"),
        sa.PrimaryKeyConstraint("staff_id", name="pk_account"),
    )
    op.create_table(
        "passkey",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("staff_id", sa.String(64), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME, nullable=True),
        staff_key("passkey"),
        sa.PrimaryKeyConstraint("id", name="pk_passkey"),
        sa.UniqueConstraint("credential_id", name="uq_passkey_credential_id"),
    )
    op.create_index("ix_passkey_staff_id", "passkey", ["staff_id"])
    op.create_table(
        "recovery_code",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("staff_id", sa.String(64), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        staff_key("recovery_code"),
        sa.PrimaryKeyConstraint("digest", name="pk_recovery_code"),
    )
    op.create_index("ix_recovery_code_staff_id", "recovery_code", ["staff_id"])
    op.create_table(
        "account_link",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("staff_id", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("password_at", TIME, nullable=True),
        sa.Column("used_at", TIME, nullable=True),
        staff_key("account_link"),
        sa.PrimaryKeyConstraint("digest", name="pk_account_link"),
    )
    op.create_index("ix_account_link_staff_id", "account_link", ["staff_id"])
    op.create_table(
        "signed_session",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("staff_id", sa.String(64), nullable=False),
        sa.Column("how", sa.String(64), nullable=False),
        sa.Column("stamp", sa.String(64), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("browser", sa.String(64), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("last_seen", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("ended_why", sa.String(64), nullable=True),
        staff_key("signed_session"),
        sa.PrimaryKeyConstraint("id", name="pk_signed_session"),
    )
    op.create_index("ix_signed_session_staff_id", "signed_session", ["staff_id"])
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("not_before", TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_attempts"),
    )
    with op.batch_alter_table("api_token") as token:
        token.add_column(sa.Column("name", sa.String(100), nullable=True))
        token.add_column(sa.Column("scope", sa.String(64), nullable=False, server_default="write"))
        token.add_column(sa.Column("expires_at", TIME, nullable=True))  # tokens made before this do not expire
        token.add_column(sa.Column("last_used_at", TIME, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("api_token") as token:
        for column in ("last_used_at", "expires_at", "scope", "name"):
            token.drop_column(column)
    for table in ("attempts", "signed_session", "account_link", "recovery_code", "passkey", "account"):
        op.drop_table(table)

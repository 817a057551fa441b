"""The tables of the first ring to the car

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("carrier_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=True),
        sa.Column("line", sa.String(length=64), nullable=True),
        sa.Column("route", sa.String(length=64), nullable=False),
        sa.Column("locality", sa.String(length=64), nullable=True),
        sa.Column("keyword", sa.String(length=80), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("last_reply", sa.Text(), nullable=True),
        sa.Column("call_id", sa.String(length=64), nullable=True),
        sa.Column("leg_ended", sa.Boolean(), nullable=False),
        sa.Column("danger", sa.Boolean(), nullable=False),
        sa.Column("cannot_talk", sa.Boolean(), nullable=False),
        sa.Column("caller_role", sa.String(length=64), nullable=True),
        sa.Column("text_consent", sa.Boolean(), nullable=True),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("carrier_id", name=op.f("uq_contact_carrier_id")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_call_id"), ["call_id"], unique=False)
        batch_op.create_index("ix_contact_number_started", ["number", "started_at"], unique=False)
        batch_op.create_index("ix_contact_started", ["started_at"], unique=False)
        batch_op.create_index(
            "uq_contact_open_text",
            ["number", "line"],
            unique=True,
            postgresql_where=sa.text("channel = 'text' AND ended_at IS NULL AND number IS NOT NULL"),
            sqlite_where=sa.text("channel = 'text' AND ended_at IS NULL AND number IS NOT NULL"),
        )

    op.create_table(
        "history",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.String(length=64), nullable=True),
        sa.Column("incident_id", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    with op.batch_alter_table("history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_history_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_history_incident_id"), ["incident_id"], unique=False)

    op.create_table(
        "locality",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("overflow", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_locality")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(length=300), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_open",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("done_at IS NULL"),
            sqlite_where=sa.text("done_at IS NULL"),
        )

    op.create_table(
        "service",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("wording", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("localities", sa.JSON(), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("phone", sa.String(length=64), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_email")),
    )
    op.create_table(
        "api_token",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_api_token_staff_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_api_token")),
    )
    op.create_table(
        "directory_entry",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("locality", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("phone", sa.String(length=64), nullable=True),
        sa.Column("hours", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["locality"], ["locality.code"], name=op.f("fk_directory_entry_locality")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_entry")),
    )
    with op.batch_alter_table("directory_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_directory_entry_locality"), ["locality"], unique=False)

    op.create_table(
        "draft",
        sa.Column("contact_id", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=64), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_draft_contact_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_draft_staff_id")),
        sa.PrimaryKeyConstraint("contact_id", "staff_id", name=op.f("pk_draft")),
    )
    op.create_table(
        "keyword",
        sa.Column("word", sa.String(length=80), nullable=False),
        sa.Column("locality", sa.String(length=64), nullable=False),
        sa.Column("sounds_like", sa.JSON(), nullable=False),
        sa.Column("agreed_by", sa.String(length=200), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["locality"], ["locality.code"], name=op.f("fk_keyword_locality")),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_keyword")),
    )
    op.create_table(
        "line",
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("locality", sa.String(length=64), nullable=True),
        sa.Column("route", sa.String(length=64), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["locality"], ["locality.code"], name=op.f("fk_line_locality")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_line")),
    )
    op.create_table(
        "outcome",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.String(length=64), nullable=False),
        sa.Column("urgency", sa.String(length=1), nullable=True),
        sa.Column("scale_version", sa.String(length=64), nullable=False),
        sa.Column("disposition", sa.String(length=64), nullable=False),
        sa.Column("group", sa.String(length=64), nullable=False),
        sa.Column("mhsds_code", sa.String(length=64), nullable=False),
        sa.Column("needed_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("who", sa.String(length=200), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("agreed", sa.Text(), nullable=True),
        sa.Column("next_steps", sa.Text(), nullable=True),
        sa.Column("themes", sa.JSON(), nullable=False),
        sa.Column("caller_role", sa.String(length=64), nullable=True),
        sa.Column("text_consent", sa.Boolean(), nullable=True),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_outcome_contact_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["staff.id"], name=op.f("fk_outcome_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome")),
    )
    with op.batch_alter_table("outcome", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outcome_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "presence",
        sa.Column("staff_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("via", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_presence_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_presence")),
    )
    op.create_table(
        "queue_entry",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("band", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("climbed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("nurse_id", sa.String(length=64), nullable=True),
        sa.Column("room", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("call_back", sa.Boolean(), nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_how", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_queue_entry_contact_id")),
        sa.ForeignKeyConstraint(["nurse_id"], ["staff.id"], name=op.f("fk_queue_entry_nurse_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_entry")),
        sa.UniqueConstraint("contact_id", name=op.f("uq_queue_entry_contact_id")),
    )
    with op.batch_alter_table("queue_entry", schema=None) as batch_op:
        batch_op.create_index(
            "ix_queue_entry_waiting",
            ["lane", "band", "arrived_at", "id"],
            unique=False,
            postgresql_where=sa.text("state = 'waiting'"),
            sqlite_where=sa.text("state = 'waiting'"),
        )
        batch_op.create_index(
            "uq_queue_entry_one_nurse",
            ["nurse_id"],
            unique=True,
            postgresql_where=sa.text("state IN ('offered', 'connecting', 'connected')"),
            sqlite_where=sa.text("state IN ('offered', 'connecting', 'connected')"),
        )

    op.create_table(
        "unit",
        sa.Column("call_sign", sa.String(length=64), nullable=False),
        sa.Column("locality", sa.String(length=64), nullable=False),
        sa.Column("phone", sa.String(length=64), nullable=False),
        sa.Column("crew", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["locality"], ["locality.code"], name=op.f("fk_unit_locality")),
        sa.PrimaryKeyConstraint("call_sign", name=op.f("pk_unit")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.String(length=64), nullable=False),
        sa.Column("outcome_id", sa.String(length=64), nullable=False),
        sa.Column("locality", sa.String(length=64), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("postcode", sa.String(length=64), nullable=True),
        sa.Column("scene_safety", sa.String(length=64), nullable=False),
        sa.Column("concern", sa.Text(), nullable=True),
        sa.Column("call_back", sa.String(length=64), nullable=True),
        sa.Column("needed_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fallback", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_incident_contact_id")),
        sa.ForeignKeyConstraint(["outcome_id"], ["outcome.id"], name=op.f("fk_incident_outcome_id")),
        sa.ForeignKeyConstraint(["requested_by"], ["staff.id"], name=op.f("fk_incident_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index("ix_incident_state_requested", ["state", "requested_at"], unique=False)

    op.create_table(
        "dispatch",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("incident_id", sa.String(length=64), nullable=False),
        sa.Column("call_sign", sa.String(length=64), nullable=False),
        sa.Column("tag", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_sign"], ["unit.call_sign"], name=op.f("fk_dispatch_call_sign")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_dispatch_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch")),
    )
    with op.batch_alter_table("dispatch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatch_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_dispatch_incident_id"), ["incident_id"], unique=False)
        batch_op.create_index(
            "uq_dispatch_open_incident",
            ["incident_id"],
            unique=True,
            postgresql_where=sa.text(
                "state IN ('offered', 'acknowledged', 'en_route', 'staging', 'on_scene', 'with_person', 'leaving', 'at_destination', 'handed_over', 'emergency')"
            ),
            sqlite_where=sa.text(
                "state IN ('offered', 'acknowledged', 'en_route', 'staging', 'on_scene', 'with_person', 'leaving', 'at_destination', 'handed_over', 'emergency')"
            ),
        )
        batch_op.create_index(
            "uq_dispatch_open_unit",
            ["call_sign"],
            unique=True,
            postgresql_where=sa.text(
                "state IN ('offered', 'acknowledged', 'en_route', 'staging', 'on_scene', 'with_person', 'leaving', 'at_destination', 'handed_over', 'emergency')"
            ),
            sqlite_where=sa.text(
                "state IN ('offered', 'acknowledged', 'en_route', 'staging', 'on_scene', 'with_person', 'leaving', 'at_destination', 'handed_over', 'emergency')"
            ),
        )

    op.create_table(
        "promise",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=300), nullable=False),
        sa.Column("contact_id", sa.String(length=64), nullable=False),
        sa.Column("incident_id", sa.String(length=64), nullable=True),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner_id", sa.String(length=64), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_how", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_promise_contact_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_promise_incident_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name=op.f("fk_promise_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
    )
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_promise_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_promise_incident_id"), ["incident_id"], unique=False)
        batch_op.create_index(
            "ix_promise_owed",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("settled_at IS NULL"),
            sqlite_where=sa.text("settled_at IS NULL"),
        )

    op.create_table(
        "leg",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("to", sa.String(length=64), nullable=False),
        sa.Column("from_number", sa.String(length=64), nullable=False),
        sa.Column("entry_id", sa.String(length=64), nullable=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.String(length=64), nullable=True),
        sa.Column("promise_id", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("carrier_id", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["queue_entry.id"], name=op.f("fk_leg_entry_id")),
        sa.ForeignKeyConstraint(["promise_id"], ["promise.id"], name=op.f("fk_leg_promise_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_leg_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leg")),
    )
    with op.batch_alter_table("leg", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_leg_carrier_id"), ["carrier_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_leg_entry_id"), ["entry_id"], unique=False)

    op.create_table(
        "message",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.String(length=64), nullable=True),
        sa.Column("dispatch_id", sa.String(length=64), nullable=True),
        sa.Column("direction", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("line", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("carrier_id", sa.String(length=64), nullable=True),
        sa.Column("staff_id", sa.String(length=64), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_message_contact_id")),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatch.id"], name=op.f("fk_message_dispatch_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_message_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("carrier_id", name=op.f("uq_message_carrier_id")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_dispatch_id"), ["dispatch_id"], unique=False)

    op.create_table(
        "promise_attempt",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("promise_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=True),
        sa.Column("result", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["staff.id"], name=op.f("fk_promise_attempt_by")),
        sa.ForeignKeyConstraint(["promise_id"], ["promise.id"], name=op.f("fk_promise_attempt_promise_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise_attempt")),
    )
    with op.batch_alter_table("promise_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_promise_attempt_promise_id"), ["promise_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("promise_attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_promise_attempt_promise_id"))

    op.drop_table("promise_attempt")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_message_dispatch_id"))
        batch_op.drop_index(batch_op.f("ix_message_contact_id"))

    op.drop_table("message")
    with op.batch_alter_table("leg", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_leg_entry_id"))
        batch_op.drop_index(batch_op.f("ix_leg_carrier_id"))

    op.drop_table("leg")
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_promise_owed",
            postgresql_where=sa.text("settled_at IS NULL"),
            sqlite_where=sa.text("settled_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_promise_incident_id"))
        batch_op.drop_index(batch_op.f("ix_promise_contact_id"))

    op.drop_table("promise")
    with op.batch_alter_table("dispatch", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_dispatch_open_unit",
            postgresql_where=sa.text(
                "state IN ('offered', 'acknowledged', 'en_route', 'staging', 'on_scene', 'with_person', 'leaving', 'at_destination', 'handed_over', 'emergency')"
            ),
            sqlite_where=sa.text(
                "state IN ('offered', 'acknowledged', 'en_route', 'staging', 'on_scene', 'with_person', 'leaving', 'at_destination', 'handed_over', 'emergency')"
            ),
        )
        batch_op.drop_index(
            "uq_dispatch_open_incident",
            postgresql_where=sa.text(
                "state IN ('offered', 'acknowledged', 'en_route', 'staging', 'on_scene', 'with_person', 'leaving', 'at_destination', 'handed_over', 'emergency')"
            ),
            sqlite_where=sa.text(
                "state IN ('offered', 'acknowledged', 'en_route', 'staging', 'on_scene', 'with_person', 'leaving', 'at_destination', 'handed_over', 'emergency')"
            ),
        )
        batch_op.drop_index(batch_op.f("ix_dispatch_incident_id"))
        batch_op.drop_index(batch_op.f("ix_dispatch_due_at"))

    op.drop_table("dispatch")
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.drop_index("ix_incident_state_requested")
        batch_op.drop_index(batch_op.f("ix_incident_contact_id"))

    op.drop_table("incident")
    op.drop_table("unit")
    with op.batch_alter_table("queue_entry", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_queue_entry_one_nurse",
            postgresql_where=sa.text("state IN ('offered', 'connecting', 'connected')"),
            sqlite_where=sa.text("state IN ('offered', 'connecting', 'connected')"),
        )
        batch_op.drop_index(
            "ix_queue_entry_waiting",
            postgresql_where=sa.text("state = 'waiting'"),
            sqlite_where=sa.text("state = 'waiting'"),
        )

    op.drop_table("queue_entry")
    op.drop_table("presence")
    with op.batch_alter_table("outcome", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outcome_contact_id"))

    op.drop_table("outcome")
    op.drop_table("line")
    op.drop_table("keyword")
    op.drop_table("draft")
    with op.batch_alter_table("directory_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_directory_entry_locality"))

    op.drop_table("directory_entry")
    op.drop_table("api_token")
    op.drop_table("staff")
    op.drop_table("service")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_open",
            postgresql_where=sa.text("done_at IS NULL"),
            sqlite_where=sa.text("done_at IS NULL"),
        )

    op.drop_table("outbox")
    op.drop_table("locality")
    with op.batch_alter_table("history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_history_incident_id"))
        batch_op.drop_index(batch_op.f("ix_history_contact_id"))

    op.drop_table("history")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_contact_open_text",
            postgresql_where=sa.text("channel = 'text' AND ended_at IS NULL AND number IS NOT NULL"),
            sqlite_where=sa.text("channel = 'text' AND ended_at IS NULL AND number IS NOT NULL"),
        )
        batch_op.drop_index("ix_contact_started")
        batch_op.drop_index("ix_contact_number_started")
        batch_op.drop_index(batch_op.f("ix_contact_call_id"))

    op.drop_table("contact")

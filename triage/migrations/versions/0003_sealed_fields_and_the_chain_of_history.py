"""Sealed fields, and the chain of history

What a person said or is called moves into sealed columns; the plain ones go. The release before this one cannot run
beside it. History can only be added to from here on, and its lines are chained.

Revision ID: 0003
Revises: 0002
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from triage.sealing import place_of, ring, tail_of

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

AT_ONCE = 500
START = "0" * 64  # triage.audit.START
# table: its key, and the plain columns with the type they had and whether they may be empty
FIELDS: dict[str, tuple[tuple[str, ...], dict[str, tuple[Any, bool]]]] = {
    "staff": (("id",), {"phone": (sa.String(64), True)}),
    "unit": (("call_sign",), {"phone": (sa.String(64), False)}),
    "contact": (("id",), {"number": (sa.String(64), True)}),
    "leg": (("id",), {"to": (sa.String(64), False)}),
    "outcome": (
        ("id",),
        {
            "who": (sa.String(200), True), "notes": (sa.Text(), True), "agreed": (sa.Text(), True),
            "next_steps": (sa.Text(), True),
        },
    ),
    "draft": (("contact_id", "staff_id"), {"fields": (sa.JSON(), False)}),
    "message": (
        ("id",), {"number": (sa.String(64), False), "body": (sa.Text(), False), "trouble": (sa.Text(), True)},
    ),
    "incident": (
        ("id",),
        {
            "address": (sa.Text(), False), "postcode": (sa.String(64), True), "concern": (sa.Text(), True),
            "call_back": (sa.String(64), True), "reason": (sa.Text(), True),
        },
    ),
    "dispatch": (("id",), {"note": (sa.Text(), True)}),
    "promise": (("id",), {"what": (sa.String(300), False), "settled_how": (sa.String(300), True)}),
    "promise_attempt": (("id",), {"result": (sa.String(300), False)}),
}  # fmt: skip
# (table, plain column): the indexes beside the sealed one, and what of the value each hashes
INDEXES: dict[tuple[str, str], dict[str, tuple[str, Callable[[str], str]]]] = {
    ("staff", "phone"): {"phone_index": ("number", str)},
    ("unit", "phone"): {"phone_index": ("number", str)},
    ("contact", "number"): {"number_index": ("number", str), "number_tail": ("tail", tail_of)},
    ("leg", "to"): {"to_index": ("number", str)},
    ("message", "number"): {"number_index": ("number", str)},
}
NEVER_CHANGED = ("history", "history_link")


def upgrade() -> None:
    for table, (_, fields) in FIELDS.items():
        for name in fields:
            op.add_column(table, sa.Column(f"{name}_sealed", sa.Text(), nullable=True))
            for index in INDEXES.get((table, name), ()):
                op.add_column(table, sa.Column(index, sa.String(32), nullable=True))
    _seal_all()
    op.drop_index("ix_contact_number_started", "contact")
    op.drop_index("uq_contact_open_text", "contact")
    for table, (_, fields) in FIELDS.items():
        for name in fields:
            op.drop_column(table, name)
    _index_contacts("number_index")
    for table, index in (
        ("staff", "phone_index"), ("unit", "phone_index"), ("contact", "number_tail"), ("leg", "to_index"),
        ("message", "number_index"),
    ):  # fmt: skip
        op.create_index(f"ix_{table}_{index}", table, [index])
    _chain()


def downgrade() -> None:
    _unchain()
    for table, index in (
        ("staff", "phone_index"), ("unit", "phone_index"), ("contact", "number_tail"), ("leg", "to_index"),
        ("message", "number_index"),
    ):  # fmt: skip
        op.drop_index(f"ix_{table}_{index}", table)
    op.drop_index("ix_contact_number_index_started", "contact")
    op.drop_index("uq_contact_open_text", "contact")
    empty = {sa.JSON: "{}"}
    for table, (_, fields) in FIELDS.items():
        for name, (kind, may_be_empty) in fields.items():
            default = None if may_be_empty else empty.get(type(kind), "")
            op.add_column(table, sa.Column(name, kind, nullable=may_be_empty, server_default=default))
    _open_all()
    for table, (_, fields) in FIELDS.items():
        for name, (_, may_be_empty) in fields.items():
            op.drop_column(table, f"{name}_sealed")
            for index in INDEXES.get((table, name), ()):
                op.drop_column(table, index)
            if not may_be_empty:
                with op.batch_alter_table(table) as batch:
                    batch.alter_column(name, server_default=None)
    _index_contacts("number")


def _index_contacts(column: str) -> None:
    op.create_index(f"ix_contact_{column}_started", "contact", [column, "started_at"])
    open_text = sa.text(f"channel = 'text' AND ended_at IS NULL AND {column} IS NOT NULL")
    op.create_index(
        "uq_contact_open_text", "contact", [column, "line"], unique=True,
        postgresql_where=open_text, sqlite_where=open_text,
    )  # fmt: skip


def _seal_all() -> None:
    for table, (keys, fields) in FIELDS.items():

        def sealed(row: Mapping[str, Any], key: str, table: str = table, fields: Any = fields) -> dict[str, Any]:
            values: dict[str, Any] = {}
            for name, (kind, _) in fields.items():
                if row[name] is None:
                    continue
                value = json.dumps(row[name]) if isinstance(kind, sa.JSON) else row[name]
                values[f"{name}_sealed"] = ring().seal(value, place_of(table, f"{name}_sealed", key))
                for index, (what, part) in INDEXES.get((table, name), {}).items():
                    values[index] = ring().index(what, part(value))
            return values

        plain = {name: kind for name, (kind, _) in fields.items()}
        new = [f"{name}_sealed" for name in fields]
        new += [index for name in fields for index in INDEXES.get((table, name), ())]
        _each(table, keys, plain, dict.fromkeys(new, sa.Text()), sealed)


def _open_all() -> None:
    for table, (keys, fields) in FIELDS.items():

        def opened(row: Mapping[str, Any], key: str, table: str = table, fields: Any = fields) -> dict[str, Any]:
            values: dict[str, Any] = {}
            for name, (kind, _) in fields.items():
                if row[f"{name}_sealed"] is None:
                    continue
                value = ring().open(row[f"{name}_sealed"], place_of(table, f"{name}_sealed", key))
                values[name] = json.loads(value) if isinstance(kind, sa.JSON) else value
            return values

        sealed = {f"{name}_sealed": sa.Text() for name in fields}
        _each(table, keys, sealed, {name: kind for name, (kind, _) in fields.items()}, opened)


def _each(
    table: str, keys: tuple[str, ...], read: Mapping[str, Any], write: Mapping[str, Any],
    change: Callable[[Mapping[str, Any], str], dict[str, Any]],
) -> None:  # fmt: skip
    """Change every row of a table, some hundred at a time, in the order of its key."""
    db = op.get_bind()
    columns = {name: sa.column(name, kind) for name, kind in {**read, **write}.items()}
    key_columns = [sa.column(name, sa.String()) for name in keys]
    whole = sa.table(table, *key_columns, *columns.values())
    last: tuple[str, ...] | None = None
    while True:
        query = sa.select(*key_columns, *(columns[name] for name in read)).select_from(whole).limit(AT_ONCE)
        query = query.order_by(*key_columns)
        if last is not None:
            query = query.where(sa.tuple_(*key_columns) > sa.tuple_(*(sa.literal(part) for part in last)))
        rows = [dict(row._mapping) for row in db.execute(query)]
        for row in rows:
            last = tuple(row[name] for name in keys)
            if values := change(row, ",".join(last)):
                this = [column == row[column.name] for column in key_columns]
                db.execute(sa.update(whole).where(*this).values({columns[name]: v for name, v in values.items()}))
        if len(rows) < AT_ONCE:
            return


def _chain() -> None:
    op.create_table(
        "history_link",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("history_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["history_id"], ["history.id"], name="fk_history_link_history_id"),
        sa.PrimaryKeyConstraint("seq", name="pk_history_link"),
        sa.UniqueConstraint("history_id", name="uq_history_link_history_id"),
    )
    op.create_table(
        "history_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("linked_below", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history_head"),
    )
    head = sa.table("history_head", *(sa.column(name) for name in ("id", "seq", "digest", "linked_below")))
    op.execute(head.insert().values(id=1, seq=0, digest=START, linked_below=0))
    if op.get_bind().dialect.name == "sqlite":
        for table in NEVER_CHANGED:
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is only ever added to'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    for table in NEVER_CHANGED:
        op.execute(
            f"CREATE TRIGGER {table}_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"
        )
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC, CURRENT_USER")


def _unchain() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in NEVER_CHANGED:
            for act in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_no_{act}")
    else:
        for table in NEVER_CHANGED:
            op.execute(f"DROP TRIGGER {table}_only_added_to ON {table}")
            op.execute(f"GRANT UPDATE, DELETE, TRUNCATE ON {table} TO CURRENT_USER")
        op.execute("DROP FUNCTION only_added_to()")
    op.drop_table("history_head")
    op.drop_table("history_link")

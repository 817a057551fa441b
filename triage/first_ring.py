"""The first webhook of a call or a text conversation: the contact and its first event, committed before any answer.

This is the one path where every round trip counts (performance.md 1): statements built once, without the unit of work;
on PostgreSQL a single one, which commits itself. A repeat of the same webhook, or two at once, make one contact.
"""

from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Insert, Table, bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from triage.db import Database
from triage.models import Contact, History, Line, new_id
from triage.sealing import columns, ring

_CONTACT, _HISTORY = cast(Table, Contact.__table__), cast(Table, History.__table__)
_ROW = (
    "id", "channel", "carrier_id", "number_sealed", "number_index", "number_tail", "number_run", "line", "route",
    "locality", "started_at", "place", "turn", "call_id", "leg_ended", "danger", "cannot_talk", "opted_out",
)  # fmt: skip
_VALUES: dict[str, Any] = {name: bindparam(name) for name in _ROW}
_EVENT_ROW = ("at", "what", "actor", "contact_id", "detail")


def _both_at_once() -> Insert:
    """PostgreSQL's way: the contact and, if it is new, its first event. Returns the contact's id, or nothing."""
    made = postgresql.insert(_CONTACT).values(_VALUES).on_conflict_do_nothing().returning(_CONTACT.c.id).cte("made")
    values = [
        made.c.id if name == "contact_id" else bindparam(f"event_{name}", type_=_HISTORY.c[name].type)
        for name in _EVENT_ROW
    ]
    return insert(_HISTORY).from_select(_EVENT_ROW, select(*values)).returning(_HISTORY.c.contact_id)


_CONTACT_AND_EVENT = _both_at_once()
_CONTACT_ALONE = sqlite.insert(_CONTACT).values(_VALUES).on_conflict_do_nothing().returning(_CONTACT.c.id)
_EVENT = insert(_HISTORY)
_THE_CALL = select(_CONTACT.c.id).where(_CONTACT.c.carrier_id == bindparam("carrier_id"))
_THE_CONVERSATION = select(_CONTACT.c.id).where(
    _CONTACT.c.number_index.in_(bindparam("indexes", expanding=True)),
    _CONTACT.c.line.is_not_distinct_from(bindparam("line")),
    _CONTACT.c.channel == "text",
    _CONTACT.c.ended_at.is_(None),
)


class Opened(NamedTuple):
    """Whose webhook this is. `fresh` is false when the contact was there before."""

    contact_id: str
    fresh: bool


def call(
    database: Database,
    *,
    carrier_id: str,
    number: str | None,
    line: Line | None,
    dialled: str,
    place: str,
    now: datetime,
) -> Opened:
    """Record a call at its first ring, once per `carrier_id`. Committed when this returns.

    `line` is None for a number nobody configured: the call is recorded and answered all the same.
    """
    with database.statements(each_commits=True) as db:
        return _open(db, "call", carrier_id, number, line, dialled, place, now)


class _TakenBack(Exception):
    """Undoes a rehearsal."""


def rehearse(database: Database, *, carrier_id: str, dialled: str, place: str, now: datetime) -> str:
    """What `call` does, and then nothing of it: for the trial call, which is counted nowhere. The id it would have."""
    opened = None
    try:
        with database.statements() as db:
            opened = _open(db, "call", carrier_id, None, None, dialled, place, now)
            raise _TakenBack
    except _TakenBack:
        assert opened is not None
        return opened.contact_id


def text(
    database: Database, *, carrier_id: str, number: str | None, line: Line | None, dialled: str, now: datetime
) -> Opened:
    """The open conversation of this number on this line, or a new one that begins with this text."""
    with database.statements() as db:
        if number is not None:
            for ours in (dialled, None) if line is None else (dialled,):  # an unknown line is not kept with the contact
                if running := _running(db, number, ours):
                    return Opened(running, False)
        return _open(db, "text", carrier_id, number, line, dialled, "waiting", now)


def _open(
    db: Connection,
    channel: str,
    carrier_id: str,
    number: str | None,
    line: Line | None,
    dialled: str,
    place: str,
    now: datetime,
) -> Opened:
    contact_id = new_id()
    row: dict[str, object] = {
        **columns(Contact, contact_id, number=number),
        "id": contact_id, "channel": channel, "carrier_id": carrier_id, "started_at": now,
        "line": dialled if line else None, "route": line.route if line else "direct",
        "locality": line.locality if line else None, "place": place, "turn": 0,
        "call_id": carrier_id if channel == "call" else None, "leg_ended": channel == "text",
        "danger": False, "cannot_talk": False, "opted_out": False,
    }  # fmt: skip
    event: dict[str, object] = {
        "at": now, "what": "rang" if channel == "call" else "texted",
        "actor": "caller" if channel == "call" else "texter", "detail": {"route": row["route"]},
    }  # fmt: skip
    made = _record(db, row, event)
    return Opened(made, True) if made else Opened(_existing(db, carrier_id, number, row["line"]), False)


def _record(db: Connection, row: dict[str, object], event: dict[str, object]) -> str | None:
    """The contact's id, if nobody was before us."""
    if db.dialect.name == "postgresql":
        both = row | {f"event_{name}": value for name, value in event.items()}
        return cast(str | None, db.execute(_CONTACT_AND_EVENT, both).scalar_one_or_none())
    made = cast(str | None, db.execute(_CONTACT_ALONE, row).scalar_one_or_none())
    if made:
        db.execute(_EVENT, event | {"contact_id": made, "incident_id": None})
    return made


def _existing(db: Connection, carrier_id: str, number: str | None, ours: object) -> str:
    found = db.execute(_THE_CALL, {"carrier_id": carrier_id}).scalar_one_or_none()
    if found is None and number is not None:
        found = _running(db, number, ours)
    return str(found)


def _running(db: Connection, number: str, ours: object) -> str | None:
    asked = {"indexes": ring().indexes("number", number), "line": ours}
    return cast(str | None, db.execute(_THE_CONVERSATION, asked).scalar())

"""The first webhook of a call or a text conversation: the contact and its first event, committed before any answer.

This is the one path where every round trip counts (performance.md 1): statements built once, without the unit of work;
on PostgreSQL a single one, which commits itself. A repeat of the same webhook, or two at once, make one contact.
"""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Connection, Insert, Table, bindparam, exists, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from callflows.after import Answer
from triage import follow_up
from triage.after_models import FollowUp
from triage.db import Database
from triage.lifecycles import OPEN_ENTRY
from triage.models import Contact, History, Line, Locality, QueueEntry, new_id
from triage.reach_models import SharedNumber
from triage.sealing import columns, ring

_CONTACT, _HISTORY = cast(Table, Contact.__table__), cast(Table, History.__table__)
_LOCALITY, _FOLLOW_UP = cast(Table, Locality.__table__), cast(Table, FollowUp.__table__)
_ROW = (
    "id", "channel", "carrier_id", "number_sealed", "number_index", "number_tail", "number_run", "line", "route",
    "locality", "started_at", "place", "turn", "call_id", "leg_ended", "danger", "cannot_talk", "opted_out", "language",
    "words_index",
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
_SHARED = exists().where(SharedNumber.number_index.in_(bindparam("indexes", expanding=True)))
_DISMISSED = exists().where(QueueEntry.contact_id == _CONTACT.c.id, QueueEntry.state == "dismissed")
_THEIR_CALL = (
    select(_CONTACT.c.id)
    .join(QueueEntry, QueueEntry.contact_id == _CONTACT.c.id)
    .where(
        _CONTACT.c.number_index.in_(bindparam("indexes", expanding=True)),
        _CONTACT.c.channel == "call",
        QueueEntry.state.in_(OPEN_ENTRY),
        ~_SHARED,
    )
    .order_by(_CONTACT.c.started_at.desc(), _CONTACT.c.id)
    .limit(1)
)
_DISMISSED = exists().where(QueueEntry.contact_id == _CONTACT.c.id, QueueEntry.state == "dismissed")
_LONGEST_WINDOW: Final = timedelta(hours=168)
_LATELY_ENDED = (
    select(
        _CONTACT.c.id, _CONTACT.c.channel, _CONTACT.c.line, _CONTACT.c.ended_at, _LOCALITY.c.text_window_hours,
        _FOLLOW_UP.c.asked_at, _FOLLOW_UP.c.scored_at,
    )
    .outerjoin(_LOCALITY, _LOCALITY.c.code == _CONTACT.c.locality)
    .outerjoin(_FOLLOW_UP, _FOLLOW_UP.c.contact_id == _CONTACT.c.id)
    .where(
        _CONTACT.c.number_index.in_(bindparam("indexes", expanding=True)),
        _CONTACT.c.ended_at > bindparam("since", type_=_CONTACT.c.ended_at.type),
        _CONTACT.c.went_on_as.is_(None),
        ~_DISMISSED,  # nobody's: what comes next is a first text again, and looked at as such
        ~_SHARED,
    )
    .order_by(_CONTACT.c.ended_at.desc(), _CONTACT.c.id)
    .limit(10)
)  # fmt: skip


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
    database: Database, *, carrier_id: str, number: str | None, line: Line | None, dialled: str, now: datetime,
    answer: Answer | None = None, words_index: str | None = None,
) -> Opened:  # fmt: skip
    """The open conversation of this number on this line, else their call that waits or is with a nurse, or else a new
    conversation that begins with this text. `words_index` is of its words (`floods.index_of`): kept with a new one.

    Where none is open, one look finds what this text goes on with: the contact whose question it answers (`answer`), or
    the conversation that ended within its locality's window. Such a contact is ended still when this returns: whoever
    keeps the text opens it again (`queue.join`), in the same transaction.
    """
    with database.statements() as db:
        if number is not None:
            for ours in (dialled, None) if line is None else (dialled,):  # an unknown line is not kept with the contact
                if running := _running(db, number, ours):
                    return Opened(running, False)
            if ringing := db.execute(_THEIR_CALL, {"indexes": ring().indexes("number", number)}).scalar():
                return Opened(ringing, False)
            if ended := _goes_on_with(db, number, dialled if line else None, answer, now):
                return Opened(ended, False)
        return _open(db, "text", carrier_id, number, line, dialled, "waiting", now, words_index)


def _open(
    db: Connection,
    channel: str,
    carrier_id: str,
    number: str | None,
    line: Line | None,
    dialled: str,
    place: str,
    now: datetime,
    words_index: str | None = None,
) -> Opened:
    contact_id = new_id()
    row: dict[str, object] = {
        **columns(Contact, contact_id, number=number),
        "id": contact_id, "channel": channel, "carrier_id": carrier_id, "started_at": now,
        "line": dialled if line else None, "route": line.route if line else "direct",
        "locality": line.locality if line else None, "place": place, "turn": 0,
        "call_id": carrier_id if channel == "call" else None, "leg_ended": channel == "text",
        "danger": False, "cannot_talk": False, "opted_out": False, "language": line.language if line else None,
        "words_index": words_index,
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


def _goes_on_with(db: Connection, number: str, ours: str | None, answer: Answer | None, now: datetime) -> str | None:
    """The ended contact to which a text of this number belongs, if any. A number that several people use has none."""
    indexes = ring().indexes("number", number)
    asked = {"indexes": indexes, "since": now - _LONGEST_WINDOW}
    rows = db.execute(_LATELY_ENDED, asked).all()
    if answer is not None:
        for row in rows:
            if row.asked_at is not None and follow_up.takes(answer, row.asked_at, row.scored_at, now):
                return cast(str, row.id)
    for row in rows:
        window = timedelta(hours=row.text_window_hours or 0)
        if row.channel == "text" and row.line == ours and window and row.ended_at > now - window:
            return cast(str, row.id)
    return None

"""The chain of history: every line is bound to the one before it, so that a line changed, added or taken out shows.

What a named person does or reads is linked in the very transaction that records it. What callers, carrier and clock do
is recorded in its transaction too and linked within seconds by the clock: linking takes a lock that all writers share,
and nobody on the line may wait for that. The database itself refuses to change or delete history (migration 0003); who
owns the database can undo that and write a new chain, so its end is logged every hour, and logs leave the machine.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from triage.models import History, HistoryHead, HistoryLink

START: Final = "0" * 64
AT_ONCE: Final = 500
STILL_COMING: Final = timedelta(minutes=10)
"""A transaction that has not committed after this long never will: ours are ended after 15 s (`triage.db`)."""
LINKED_WITHIN: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class End:
    """Where the chain ends. Kept elsewhere, it proves later that what came before was not rewritten."""

    seq: int
    digest: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.digest}"


def digest(before: str, seq: int, line: History) -> str:
    """SHA-256, as hex, over the digest before, the place in the chain, and the whole line."""
    what_happened = [
        line.id,
        line.at.isoformat(),
        line.what,
        line.actor,
        line.contact_id,
        line.incident_id,
        line.detail,
    ]
    said = [before, seq, what_happened]
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def link_at_the_end(db: Session, line: History) -> None:
    """Link `line` when this transaction is about to commit: last, because whoever links holds the end of the chain."""
    lines = db.info.setdefault("to_link", [])
    if not lines:
        db.info.setdefault("last_of_all", {})["link"] = _link_recorded
    lines.append(line)


def _link_recorded(db: Session) -> None:
    db.flush()
    link(db, db.info.pop("to_link"))


def link(db: Session, lines: Iterable[History]) -> End:
    """Put these lines at the end of the chain."""
    head = db.scalars(select(HistoryHead).with_for_update().execution_options(populate_existing=True)).one()
    for line in lines:
        head.digest = digest(head.digest, head.seq + 1, line)
        head.seq += 1
        db.add(HistoryLink(seq=head.seq, history_id=line.id, digest=head.digest))
    return End(head.seq, head.digest)


def _unlinked(limit: int) -> Select[History]:
    below = select(HistoryHead.linked_below).scalar_subquery()
    return (
        select(History)
        .outerjoin(HistoryLink, HistoryLink.history_id == History.id)
        .where(History.id >= below, HistoryLink.seq.is_(None))
        .order_by(History.id)
        .limit(limit)
    )


def left(db: Session) -> bool:
    """Whether anything is recorded that is not linked yet."""
    return db.scalars(_unlinked(1)).first() is not None


def link_left(db: Session, now: datetime) -> int:
    """Link what is recorded and not linked yet, oldest first; says how many lines that were. For the clock."""
    db.scalars(select(HistoryHead).with_for_update()).one()  # first: nobody else may link one of them meanwhile
    lines = db.scalars(_unlinked(AT_ONCE)).all()
    link(db, lines)
    if len(lines) < AT_ONCE:
        _all_linked_below(db, now - STILL_COMING)
    return len(lines)


def _all_linked_below(db: Session, then: datetime) -> None:
    """Note from which line on there can be unlinked ones: nothing older than `then` is still to be committed."""
    head = db.scalars(select(HistoryHead)).one()
    young = db.scalar(select(func.min(History.id)).where(History.id >= head.linked_below, History.at > then))
    if young is not None:
        head.linked_below = young


def end(db: Session) -> End:
    """Where the chain ends now."""
    head = db.scalars(select(HistoryHead)).one()
    return End(head.seq, head.digest)


class Broken(Exception):
    """The chain does not hold. `str()` says where, and what that means."""


def verify(db: Session, now: datetime, *, expect: Sequence[End] = ()) -> Iterator[int]:
    """Follow the whole chain; yields after each batch how many links were good. Raises Broken at the first fault.

    `expect` are ends noted earlier: the chain must have had each of them.
    """
    expected = {one.seq: one.digest for one in expect}
    before, seq = START, 0
    chain = (
        select(HistoryLink, History)
        .outerjoin(History, History.id == HistoryLink.history_id)
        .order_by(HistoryLink.seq)
        .execution_options(yield_per=AT_ONCE)
    )
    for batch in db.execute(chain).partitions():
        for joined, line in batch:
            seq += 1
            _good(before, seq, joined, line)
            before = joined.digest
            if expected.pop(seq, before) != before:
                raise Broken(f"Link {seq} is not the one that was noted before: the chain was written anew.")
        yield seq
    if end(db) != End(seq, before):
        raise Broken(f"The chain ends at link {seq}, but should go on to {end(db).seq}: links were taken off its end.")
    if expected:
        raise Broken(f"The chain ends at link {seq}, but link {min(expected)} was noted before: its end is gone.")
    _none_left_out(db, now)


def _good(before: str, seq: int, joined: HistoryLink, line: History | None) -> None:
    if joined.seq != seq:
        raise Broken(f"Link {seq} is missing.")
    if line is None:
        raise Broken(f"Link {seq} is there, but its line of history (number {joined.history_id}) was deleted.")
    if digest(before, seq, line) != joined.digest:
        raise Broken(f"Link {seq} does not fit: line {line.id} of history, or the link itself, was changed.")


def _none_left_out(db: Session, now: datetime) -> None:
    left_out = (
        select(func.count(History.id))
        .outerjoin(HistoryLink, HistoryLink.history_id == History.id)
        .where(HistoryLink.seq.is_(None), History.at < now - LINKED_WITHIN)
    )
    if count := db.scalar(left_out):
        raise Broken(f"{count} lines of history are in no link: written past the service, or the clock does not run.")


def can_rewrite(db: Session) -> bool:
    """Whether the role this session works as could change history after all. SQLite has no roles: whoever has the file
    can.
    """
    if db.get_bind().dialect.name != "postgresql":
        return True
    asked = """
        SELECT rolsuper OR pg_has_role(current_user, relowner, 'MEMBER')
            OR has_table_privilege(current_user, 'history', 'UPDATE, DELETE, TRUNCATE')
        FROM pg_roles, pg_class WHERE rolname = current_user AND pg_class.oid = 'history'::regclass
    """
    return bool(db.scalar(text(asked)))

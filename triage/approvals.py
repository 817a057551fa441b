"""What takes two people: exports, wording, the fallback number, deletion, subject access.

Somebody asks; people who may decide agree or refuse, each once, nobody on what they asked for themselves. It may be
carried out when two *named* people stand behind it: who asks from a command line is nobody, so that takes two more.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import history
from triage.contacts import NotFound
from triage.keeping_models import Agreement, Approval
from triage.models import Staff

OPERATOR: Final = "operator"
MAY_DECIDE: Final = frozenset({"supervisor", "administrator"})
OPEN_FOR: Final = timedelta(days=7)
PEOPLE: Final = 2
KINDS: Final = {
    "export": "Export of records",
    "wording": "What the line says, and how long records are kept",
    "fallback_number": "The fallback number",
    "deletion": "Deletion of records",
    "subject_access": "A person's own record, for them",
}
CARRY_OUT: Final[dict[str, Callable[[Session, dict[str, Any], datetime], None]]] = {}
"""What happens by itself as soon as two people agree, by kind. Other kinds wait for the command that asked."""


class CannotDecide(Exception):
    """This person cannot decide on it, or it is decided; `str()` says which."""


class NotAgreed(Exception):
    """It may not be carried out; `str()` says why."""


def ask(
    db: Session, kind: str, what: str, details: dict[str, Any], *, by: str, now: datetime, contact_id: str | None = None
) -> Approval:
    """Ask for something that takes two people. The same asked for again while it is open is the same."""
    for row in _open(db, now):
        if row.kind == kind and row.details == details:
            return row
    row = Approval(
        kind=kind, what=what, details=details, asked_by=by, asked_at=now, expires_at=now + OPEN_FOR, done_at=None,
        state="asked",
    )  # fmt: skip
    db.add(row)
    db.flush()
    history.record(db, "approval_asked", actor=by, now=now, contact_id=contact_id, approval_id=row.id, kind=kind)
    return row


def waiting(db: Session, now: datetime) -> Sequence[Approval]:
    """What waits for somebody to decide, oldest first."""
    return [row for row in _open(db, now) if row.state == "asked"]


def decided(db: Session, limit: int = 20) -> Sequence[Approval]:
    """What was decided or has run out, newest first."""
    rows = select(Approval).order_by(Approval.asked_at.desc()).limit(limit)
    return db.scalars(rows.where(Approval.state != "asked")).all()


def decide(db: Session, approval_id: str, staff: Staff, agrees: bool, *, now: datetime) -> Approval:
    """One person agrees or refuses. Raises NotFound, CannotDecide."""
    row = _locked(db, approval_id)
    if not MAY_DECIDE & set(staff.roles):
        raise CannotDecide("Only a supervisor or an administrator decides on this.")
    if row.state != "asked":
        raise CannotDecide("This is decided.")
    if row.expires_at <= now:
        raise CannotDecide("This was asked too long ago. Whoever needs it asks again.")
    if row.asked_by == staff.id:
        raise CannotDecide("You asked for this yourself: somebody else decides.")
    if any(one.staff_id == staff.id for one in row.agreements):
        raise CannotDecide("You agreed to this already: it takes somebody else as well.")
    row.agreements.append(Agreement(approval_id=row.id, staff_id=staff.id, agrees=agrees, at=now))
    what = "approval_agreed" if agrees else "approval_refused"
    history.record(db, what, actor=staff.id, now=now, approval_id=row.id, kind=row.kind)
    if not agrees:
        row.state = "refused"
    elif people(row) >= PEOPLE:
        row.state = "agreed"
        if row.kind in CARRY_OUT:
            CARRY_OUT[row.kind](db, row.details, now)
            _done(db, row, staff.id, now)
    return row


def people(row: Approval) -> int:
    """How many named people stand behind it."""
    return (row.asked_by != OPERATOR) + sum(one.agrees for one in row.agreements)


def carry_out(db: Session, approval_id: str, kind: str, *, now: datetime) -> Approval:
    """Use an agreement, once. Raises NotFound, NotAgreed."""
    row = _locked(db, approval_id)
    if row.kind != kind:
        raise NotAgreed(f"That is about something else: {KINDS[row.kind].lower()}.")
    if row.state == "asked":
        raise NotAgreed(f"{people(row)} of {PEOPLE} people agree so far. It is decided on the page Two people.")
    if row.state != "agreed":
        raise NotAgreed("It was refused." if row.state == "refused" else "It was done already. Ask again.")
    if row.expires_at <= now:
        raise NotAgreed("It was agreed too long ago. Ask again.")
    _done(db, row, OPERATOR, now)
    return row


def _done(db: Session, row: Approval, actor: str, now: datetime) -> None:
    row.state, row.done_at = "done", now
    history.record(db, "approval_used", actor=actor, now=now, approval_id=row.id, kind=row.kind)


def _locked(db: Session, approval_id: str) -> Approval:
    found = select(Approval).where(Approval.id == approval_id).with_for_update()
    row = db.scalar(found.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("Nothing of this id was asked for.")
    return row


def _open(db: Session, now: datetime) -> Sequence[Approval]:
    rows = select(Approval).where(Approval.state.in_(("asked", "agreed")), Approval.expires_at > now)
    return db.scalars(rows.order_by(Approval.asked_at)).all()

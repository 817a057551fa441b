"""What is owed to people, by when, and whether it was kept. Nothing here closes itself: a person, or the person's own
return, settles a promise."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased, contains_eager, selectinload

from triage import destinations, history, rules, same_person
from triage.contacts import NotFound
from triage.lifecycles import OPEN_ENTRY
from triage.models import Contact, Promise, PromiseAttempt, QueueEntry, Staff
from triage.reach_models import SharedNumber

LONGEST_CALL = timedelta(hours=6)  # the carrier ends calls after four: an end that was lost hides nobody for good
_WHOSE, _HERE = aliased(Contact), aliased(Contact)


class AlreadySettled(Exception):
    """The promise was settled before; `str()` says how."""


def owe(
    db: Session, kind: str, what: str, contact: Contact, *, due_at: datetime, now: datetime,
    incident_id: str | None = None, reachable: bool = True,
) -> Promise:  # fmt: skip
    """Something is owed. The same kind to the same contact (and incident) is owed once, until somebody has it: what
    happens after that is news to them.
    """
    same = select(Promise).where(
        Promise.kind == kind, Promise.contact_id == contact.id, Promise.incident_id == incident_id,
        Promise.settled_at.is_(None), (Promise.owner_id.is_(None)) | (Promise.kind == "call_back"),
    )  # fmt: skip
    if owed := db.scalar(same):
        return owed
    promise = Promise(
        kind=kind, what=what, contact_id=contact.id, incident_id=incident_id, reachable=reachable, due_at=due_at,
        owner_id=None, made_at=now, settled_at=None, settled_how=None, lost_at=None, decision=None, legal_test=None,
        decided_by=None, decided_at=None, decision_words=None,
    )  # fmt: skip
    db.add(promise)
    db.flush()
    history.record(
        db,
        "promised",
        actor="clock",
        now=now,
        contact_id=contact.id,
        incident_id=incident_id,
        promise_id=promise.id,
        kind=kind,
    )
    return promise


def owe_call_back(db: Session, contact: Contact, what: str, *, now: datetime, they_came: bool = True) -> Promise:
    """Somebody left before a nurse had them. A withheld number, or one the line does not ring (`destinations`), is owed
    all the same, and shown as unreachable.

    One person is owed one call, however often they ring: what is owed stays, with its first time, and goes over to the
    contact they were last lost on, unless that one could not be rung. Their coming again is news: whatever was tried or
    decided before counts no more (`ladder`). With `they_came` false it was we who tried to reach them, and it is none.
    """
    reachable = destinations.may_reach(contact.number, destinations.policy(db))
    already = next(iter(_of(db, contact, "call_back")), None)
    if already is None:
        due = now + timedelta(seconds=rules.current(db).rules.call_back_due_s)
        return owe(db, "call_back", what, contact, due_at=due, now=now, reachable=reachable)
    if already.contact_id == contact.id:
        return already
    if they_came:
        _lost_again(db, already, contact, what, now)
    if reachable or not already.reachable:
        already.contact_id, already.reachable = contact.id, reachable
    return already


def _lost_again(db: Session, promise: Promise, contact: Contact, what: str, now: datetime) -> None:
    if contact.danger:
        promise.what = what
    promise.lost_at, promise.decision, promise.legal_test = now, None, None
    promise.decided_by, promise.decided_at, promise.decision_words = None, None, None
    history.record(db, "lost_again", actor="clock", now=now, contact_id=contact.id, promise_id=promise.id)


def get(db: Session, promise_id: str) -> Promise:
    """The promise, to be changed: locked until the transaction ends, so that it is settled once. Raises NotFound."""
    locked = select(Promise).where(Promise.id == promise_id).with_for_update().execution_options(populate_existing=True)
    promise = db.scalar(locked)
    if promise is None:
        raise NotFound("No promise has this id.")
    return promise


def owed(db: Session, now: datetime) -> Sequence[Promise]:
    """All that is owed now, soonest first. Not a call to somebody who is on the line at this moment: they are there.

    Their contacts and attempts are read with them. Whoever shows the list cuts it after the walls, never before.
    """
    with_it = contains_eager(Promise.contact.of_type(_WHOSE)), selectinload(Promise.attempts)
    return db.scalars(still_owed(db, now).options(*with_it).order_by(Promise.due_at)).all()


def still_owed(db: Session, now: datetime) -> Select[Promise]:
    """What `owed` lists, as a statement to count or narrow."""
    there = (
        select(_HERE.id)
        .outerjoin(QueueEntry, QueueEntry.contact_id == _HERE.id)
        .where(_HERE.channel == "call", ~_HERE.leg_ended, _HERE.started_at > now - LONGEST_CALL)
        .where(QueueEntry.id.is_(None) | QueueEntry.state.in_(OPEN_ENTRY))
    )
    by_number = there.where(_HERE.number_index == _WHOSE.number_index)
    by_number = by_number.where(_HERE.number_index.not_in(select(SharedNumber.number_index)))
    joined = same_person.joined_to(db, there)
    is_there = by_number.exists() | Promise.contact_id.in_(joined) if joined else by_number.exists()
    return (
        select(Promise)
        .join(_WHOSE, _WHOSE.id == Promise.contact_id)
        .where(Promise.settled_at.is_(None), (Promise.kind != "call_back") | ~is_there)
    )


def attempt(db: Session, promise: Promise, result: str, staff: Staff, *, now: datetime) -> PromiseAttempt:
    """Note one attempt to keep it; whoever tried first owns it. Raises AlreadySettled."""
    _still_owed(promise)
    promise.owner_id = promise.owner_id or staff.id
    return _tried(db, promise, result, staff.id, now)


def settle(db: Session, promise: Promise, how: str, staff: Staff, *, now: datetime) -> Promise:
    """A person says how it was kept, or why it cannot be. Raises AlreadySettled."""
    _still_owed(promise)
    promise.owner_id = promise.owner_id or staff.id
    _settle(db, promise, how, staff.id, now)
    return promise


def tried(
    db: Session, contact: Contact, result: str, *, by: str | None, now: datetime, rang: bool = True
) -> Sequence[Promise]:
    """The line itself tried to ring them: note it on the call that is owed to this person; what that is. `rang`:
    whether their telephone rang at all.
    """
    owed_to_them = _of(db, contact, "call_back")
    for promise in owed_to_them:
        _tried(db, promise, result, by, now, rang=rang)
    return owed_to_them


def is_owed(db: Session, contact: Contact, kind: str) -> bool:
    """Whether something of this kind is owed to this person still, on any contact of theirs."""
    return bool(_of(db, contact, kind))


def settle_for(db: Session, contact: Contact, kind: str, how: str, *, actor: str, now: datetime) -> None:
    """What was owed to this person has happened (they are with a nurse): settle it, on every contact of theirs."""
    for promise in _of(db, contact, kind):
        _settle(db, promise, how, actor, now)


def settle_incident(
    db: Session, incident_id: str, kinds: Sequence[str], how: str, *, actor: str, now: datetime
) -> None:
    """What was owed about this incident is no longer: a crew has it, or it was stood down."""
    owed_about_it = select(Promise).where(
        Promise.incident_id == incident_id, Promise.kind.in_(kinds), Promise.settled_at.is_(None)
    )
    for promise in db.scalars(owed_about_it):
        _settle(db, promise, how, actor, now)


def note(db: Session, promise: Promise, result: str, *, by: str | None, now: datetime) -> None:
    """Add a line to a promise, settled or not."""
    _tried(db, promise, result, by, now)


def _of(db: Session, contact: Contact, kind: str) -> Sequence[Promise]:
    theirs = Promise.contact_id.in_(select(Contact.id).where(same_person.others(db, contact)))
    return db.scalars(
        select(Promise).where(
            (Promise.contact_id == contact.id) | theirs, Promise.kind == kind, Promise.settled_at.is_(None)
        )
    ).all()


def _tried(
    db: Session, promise: Promise, result: str, by: str | None, now: datetime, *, rang: bool = True
) -> PromiseAttempt:
    row = PromiseAttempt(promise_id=promise.id, at=now, by=by, result=result, rang=rang)
    db.add(row)
    history.record(
        db, "promise_tried", actor=by or "clock", now=now, contact_id=promise.contact_id, promise_id=promise.id
    )
    return row


def _settle(db: Session, promise: Promise, how: str, actor: str, now: datetime) -> None:
    promise.settled_at, promise.settled_how = now, how
    history.record(db, "promise_settled", actor=actor, now=now, contact_id=promise.contact_id, promise_id=promise.id)


def _still_owed(promise: Promise) -> None:
    if promise.settled_at is not None:
        raise AlreadySettled(f"This was settled already: {promise.settled_how}.")

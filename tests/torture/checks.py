"""What must be true after the faults: the carrier's own record of what was heard, against the database. Each check
returns sentences, one a violation; none is good news.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage import audit
from triage.db import utcnow
from triage.lifecycles import OPEN_INCIDENT
from triage.models import Contact, Dispatch, Incident, Outbox, Promise, QueueEntry
from triage.sealing import ring

CARRIERS_OWN: Final = "application error"
WORK_LATE: Final = timedelta(seconds=30)  # as the watchdog has it
SILENT_S: Final = 300  # of the carrier's clock, which runs many times as fast


def recorded_once(db: Session, sids: Sequence[str]) -> list[str]:
    """Every call that reached the carrier is one contact."""
    found = dict(
        db.execute(
            select(Contact.carrier_id, func.count()).where(Contact.carrier_id.in_(sids)).group_by(Contact.carrier_id)
        ).all()
    )  # type: ignore[arg-type]
    return [f"call {sid[-6:]} is {found.get(sid, 0)} contacts" for sid in sids if found.get(sid, 0) != 1]


def nobody_lost(db: Session, sids: Sequence[str]) -> list[str]:
    """Whoever is off the line was with a nurse, or is owed a call (or was, and it was kept)."""
    lost = []
    for contact in db.scalars(select(Contact).where(Contact.carrier_id.in_(sids))):
        entry = db.scalar(select(QueueEntry).where(QueueEntry.contact_id == contact.id))
        if entry is not None and entry.connected_at is not None:
            continue
        same = Contact.number_index.in_(ring().indexes("number", contact.number or ""))
        owed = select(Promise.id).join(Contact, Contact.id == Promise.contact_id).where(same)
        if db.scalar(owed.where(Promise.kind == "call_back").limit(1)) is None:
            where = entry.state if entry else "never in the queue"
            lost.append(f"call {contact.carrier_id[-6:]} is gone ({where}) and nothing is owed")
    return lost


def nobody_still_up(db: Session, sids: Sequence[str]) -> list[str]:
    """No call that is over is thought to be up, and nobody is held by a nurse who has nobody."""
    up = db.scalars(select(Contact.carrier_id).where(Contact.carrier_id.in_(sids), ~Contact.leg_ended))
    return [f"call {sid[-6:]} is over and thought to be up" for sid in up]


def one_nurse(heard_at_once: Mapping[str, int]) -> list[str]:
    """Nobody was ever with two people at once: for each call, with how many at most, as the carrier had it."""
    return [f"call {sid[-6:]} was with {most} people at once" for sid, most in heard_at_once.items() if most > 1]


def heard_words(calls: Mapping[str, dict[str, Any]]) -> list[str]:
    """No caller heard the carrier's own error, or nothing at all though they stayed."""
    wrong = []
    for sid, call in calls.items():
        said = [entry["text"] for entry in call["heard"]]
        if any(CARRIERS_OWN in words.lower() for words in said):
            wrong.append(f"call {sid[-6:]} heard an error")
        stayed = (call["ended_at"] or 0) - (call["answered_at"] or 0)
        if call["answered_at"] is not None and not said and stayed > SILENT_S:
            wrong.append(f"call {sid[-6:]} heard nothing")
    return wrong


def cars(db: Session, incident_ids: Sequence[str]) -> list[str]:
    """Each incident was accepted by exactly one crew, or a person was told; and never two at once."""
    wrong = []
    for one in incident_ids:
        incident = db.get(Incident, one)
        if incident is None:
            wrong.append("an incident that was answered for is not there")
            continue
        rows = db.scalars(select(Dispatch).where(Dispatch.incident_id == one)).all()
        accepted = [row for row in rows if row.acknowledged_at is not None]
        told = db.scalar(select(Promise.id).where(Promise.incident_id == one).limit(1)) is not None
        still = incident.state in OPEN_INCIDENT and any(row.state == "offered" for row in rows)
        if len(accepted) > 1 and not told:
            wrong.append(f"incident {one[:6]} was accepted by {len(accepted)} crews")
        if not accepted and not told and not still:
            wrong.append(f"incident {one[:6]} ended {incident.state} with no crew and nobody told")
    return wrong


def work_done(db: Session) -> list[str]:
    """Nothing that was promised lies undone past its time: people are rung about cars for as long as nobody can go, so
    some work is always there.
    """
    now = utcnow()
    late = Outbox.done_at.is_(None), Outbox.due_at < now - WORK_LATE
    left = db.execute(select(Outbox.job, Outbox.due_at, Outbox.attempts).where(*late).order_by(Outbox.due_at)).all()
    if not left:
        return []
    job, due_at, attempts = left[0]
    oldest = f"the oldest, {job}, due {(now - due_at).total_seconds():.0f} s ago, tried {attempts} times"
    return [f"{len(left)} jobs lie undone: {', '.join(sorted({job for job, _, _ in left}))}; {oldest}"]


def chain(db: Session) -> list[str]:
    """The chain of history verifies, and nothing is left out of it."""
    try:
        for _ in audit.verify(db, utcnow()):
            pass
    except Exception as broken:
        return [f"the chain of history does not verify: {broken}"]
    return []

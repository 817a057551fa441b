"""A nurse who heard somebody says that they can be heard later than their place in the queue says.

The only way anybody moves down (DESIGN 2.4; hazard H4: people died after their urgency was lowered because no nurse was
free). It takes a nurse who has the person on the line, one of the reasons below, none of which is how busy the line is,
and a second person who reads it; and it is counted.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage import bridge, history, notices, queue
from triage.models import Contact, QueueEntry, Staff
from triage.reach_models import Notice

LOWERED: Final = "lowered"
BECAUSE: Final[Mapping[str, str]] = {
    "safe_for_now": "A nurse heard them: safe for now, and they agree to wait",
    "mistake": "A nurse heard them: what had moved them ahead was a mistake",
    "help_there": "A nurse heard them: somebody who helps is with them now",
}


class CannotLower(Exception):
    """This band or this reason will not do; `field` says which, `str()` says why and what would."""

    def __init__(self, field: str, sentence: str):
        super().__init__(sentence)
        self.field = field


def give_back_for_later(
    db: Session, contact: Contact, band: int, because: str, staff: Staff, *, seen: int, now: datetime
) -> QueueEntry:
    """Give the person back to the queue in `band`, which is later than theirs, `because` of a name in BECAUSE.

    `seen` is the band she saw: if they said something since that moved them up, she must read that first. Their arrival
    stays, so they are the oldest of that band as before, and waiting moves them up again from there. Raises
    queue.NotTheirs if this nurse does not hold them, CannotLower if she has not heard them yet, or for another band or
    reason.
    """
    entry = queue.held_by(db, contact.id, staff)
    db.refresh(entry, with_for_update={"of": QueueEntry})
    before = entry.band
    if "nurse" not in staff.roles:
        raise CannotLower("band", "Only a nurse says that somebody can be heard later.")
    if entry.state != "connected":
        raise CannotLower("band", "You have not heard them yet. Speak with them first, or give them back as they are.")
    if before != seen:
        raise CannotLower(
            "seen_band", f"They are in band {before} by now: {'. '.join(entry.reasons)}. Read that first."
        )
    if not before < band <= queue.SCHEDULED:
        later = f"{before + 1} to {queue.SCHEDULED}" if before < queue.SCHEDULED else "none"
        raise CannotLower("band", f"They are in band {before}. Later bands: {later}.")
    if because not in BECAUSE:
        raise CannotLower(
            "because", f"Say why they can wait: {', '.join(BECAUSE)}. How busy the line is, is no reason."
        )
    bridge.give_back(db, contact, staff, now=now, ahead=False)
    entry.band, entry.climbed_at = band, now
    entry.reasons = [*(why for why in entry.reasons if why not in BECAUSE.values()), BECAUSE[because]]
    history.record(
        db, LOWERED, actor=staff.id, now=now, contact_id=contact.id, before=before, band=band, because=because
    )
    notices.tell(db, LOWERED, staff, locality=contact.locality, contact=contact, now=now)
    return entry


def count(db: Session) -> int:
    """How many times anybody was lowered since the beginning."""
    return db.scalar(select(func.count()).where(Notice.kind == LOWERED)) or 0

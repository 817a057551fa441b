"""How many texts and calls the line itself sends to people in an hour, before a person must look.

Caps never touch a crew's offer, a nurse's own leg or word to staff: only what goes to members of the public, where a
loop, a mistake or a stranger with a token would ring or text somebody (or many) over and over. What is beyond a cap is
held, not lost: the text stays as not sent, the call-back stays owed, both are promised to a human, and an alarm is
logged and counted (`nowrongdoor_held_total`).

`_sent` is the one place that counts.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage import history, promises
from triage.models import Contact, History, Leg, Message, QueueEntry
from triage.sealing import ring

log = structlog.get_logger(__name__)
What = Literal["text", "call"]
HOUR: Final = timedelta(hours=1)
HELD: Final = "held"  # the kind of promise that says so
RANG_BACK: Final = "rang_back"
IN_HISTORY: Final[dict[What, str]] = {"text": "text_out", "call": RANG_BACK}
TO_ONE: Final[dict[What, int]] = {
    "text": 60,  # one a minute for an hour: no nurse in a conversation writes faster
    "call": 10,  # rung every six minutes: more is a telephone that nobody wants rung
}
IN_ALL: Final[dict[What, int]] = {
    "text": 1200,  # twenty nurses, each writing once a minute
    "call": 600,  # a sixth of what the carrier places at all, one call a second (twilio.md 1.5)
}
LOOKED_AT: Final = 10_000  # the newest lines of history: the count costs the same after five years
WORDS: Final[dict[What, str]] = {"text": "texts to them", "call": "calls back to them"}


def reached(db: Session, contact: Contact, what: What, *, now: datetime) -> bool:
    """Whether one more would be too many. If so a human is told: a promise on the contact, and an alarm in the log."""
    one, everybody = _sent(db, contact, what, now - HOUR)
    if one < TO_ONE[what] and everybody < IN_ALL[what]:
        return False
    whose = "to one person" if one >= TO_ONE[what] else "in all"
    log.error("cap_reached", alarm=True, what=what, whose=whose, contact=contact.id, in_an_hour=max(one, everybody))
    promises.owe(
        db, HELD, f"Too many {WORDS[what]} this hour, so no more go by themselves: decide what next", contact,
        due_at=now, now=now, reachable=contact.number is not None,
    )  # fmt: skip
    history.record(db, "capped", actor="clock", now=now, contact_id=contact.id, of=what)
    return True


def _sent(db: Session, contact: Contact, what: What, since: datetime) -> tuple[int, int]:
    """How many went to this person's number, and to everybody, since then."""
    whose = ring().indexes("number", contact.number or "")
    if what == "text":
        to_one = select(func.count(Message.id)).where(
            Message.number_index.in_(whose), Message.direction == "out", Message.contact_id.is_not(None),
            Message.state != "failed", Message.made_at > since,
        )  # fmt: skip
    else:
        to_one = select(func.count(Leg.id)).where(
            Leg.to_index.in_(whose), Leg.purpose == "call_back", Leg.made_at > since
        )
        by_nurse = select(func.count(Leg.id)).join(QueueEntry, QueueEntry.id == Leg.entry_id)
        by_nurse = by_nurse.join(Contact, Contact.id == QueueEntry.contact_id).where(Contact.number_index.in_(whose))
        by_nurse = by_nurse.where(Leg.purpose == "nurse_reach", Leg.outcome.like("person_%"), Leg.made_at > since)
        to_one = select(to_one.scalar_subquery() + by_nurse.scalar_subquery())
    newest = select(History.what, History.at).order_by(History.id.desc()).limit(LOOKED_AT).subquery()
    in_all = select(func.count()).select_from(newest).where(newest.c.what == IN_HISTORY[what], newest.c.at > since)
    return db.scalar(to_one) or 0, db.scalar(in_all) or 0

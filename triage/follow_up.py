"""One question by text after a contact, where the person agreed to it: was talking with us helpful?

Never within an hour of danger, at night, or while anything between them and us is open; never twice; never to somebody
who stopped our texts. What is plainly an answer (`callflows.after`) is kept and calls nobody; any other text is one
like any: a nurse reads it.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final, Literal

from sqlalchemy import ColumnElement, Select, or_, select, text
from sqlalchemy.orm import Session

from callflows.after import Answer
from callflows.wording import words
from triage import history, rules, same_person, texts
from triage.after_models import ASKED_AFTER, FollowUp
from triage.db import utcnow
from triage.lifecycles import OPEN_ENTRY
from triage.models import Contact, Incident, Message, Promise, QueueEntry, new_id
from triage.opening import UK
from triage.rules import Rules

MORNING, EVENING = time(9), time(21)
AFTER_DANGER: Final = timedelta(hours=1)
WORTH_ASKING: Final = timedelta(hours=48)  # later nobody knows what is meant
NOT_AGAIN: Final = timedelta(days=7)  # a person with several contacts is asked about one of them
SCORE_WITHIN: Final = timedelta(days=2)
WORDS_WITHIN: Final = timedelta(days=1)

ASKED: Final = text(ASKED_AFTER)  # in the very words of its index


def due(db: Session, numbers: Rules, now: datetime) -> Sequence[str]:
    """Contacts that may be asked now, oldest end first."""
    if not _by_day(now):
        return []
    asked = select(FollowUp.contact_id).where(FollowUp.contact_id == Contact.id)
    ended = (Contact.ended_at <= now - timedelta(seconds=numbers.ask_after_s)) & (Contact.ended_at > now - WORTH_ASKING)
    agreed = select(Contact).where(ASKED, ended, ~asked.exists())
    rows = db.scalars(agreed.order_by(Contact.ended_at, Contact.id).limit(200)).all()
    return [row.id for row in rows if _fits(db, row, now)]


def ask(db: Session, contact_id: str, *, now: datetime) -> None:
    """Ask this person, once: the row is there before the text, and nobody is asked who has one."""
    locked = select(Contact).where(Contact.id == contact_id).with_for_update()
    contact = db.scalars(locked.execution_options(populate_existing=True)).one()
    if db.get(FollowUp, contact_id, populate_existing=True) is not None or not _fits(db, contact, now):
        return
    row = FollowUp(
        contact_id=contact_id, message_id=new_id(), asked_at=now, score=None, scored_at=None, words=None
    )  # fmt: skip
    db.add(row)
    db.flush()
    history.record(db, "asked_after", actor="clock", now=now, contact_id=contact_id)
    body = words(rules.current(db).wording, "text_after", contact.language)
    texts.queue_text(db, contact, body, actor="clock", now=now, message_id=row.message_id, only_while="over")


def still_fits(db: Session, message: Message) -> bool:
    """Whether a question that waits to be sent may still be asked: much may have happened since."""
    contact = db.get(Contact, message.contact_id)
    return contact is not None and _fits(db, contact, utcnow())


def _by_day(now: datetime) -> bool:
    return MORNING <= now.astimezone(UK).time() < EVENING


def _fits(db: Session, contact: Contact, now: datetime) -> bool:
    """Whether nothing stands against asking this person now."""
    if not (_by_day(now) and contact.ask_after and contact.ended_at is not None):
        return False
    if not same_person.telephone(db, contact).links or not texts.may_be_texted(db, contact, asked=True):
        return False
    others = same_person.others(db, contact)
    theirs = or_(Contact.id == contact.id, others)
    return not any(db.scalar(query.limit(1)) for query in _against(contact, theirs, others, now))


def _against(
    contact: Contact, theirs: ColumnElement[bool], others: ColumnElement[bool], now: datetime
) -> Sequence[Select[str]]:
    """What stands against it, each as a question that finds nothing."""
    of_theirs = select(Contact.id).where(theirs)
    return (
        of_theirs.where(Contact.opted_out),
        of_theirs.where(Contact.danger, Contact.ended_at.is_(None) | (Contact.ended_at > now - AFTER_DANGER)),
        of_theirs.where(Contact.ended_at.is_(None), Contact.started_at > now - NOT_AGAIN),
        of_theirs.where(Contact.ask_after.is_(False), Contact.started_at > contact.started_at),
        select(QueueEntry.id).where(QueueEntry.contact_id.in_(of_theirs), QueueEntry.state.in_(OPEN_ENTRY)),
        select(Promise.id).where(
            Promise.contact_id.in_(of_theirs), Promise.kind == "call_back", Promise.settled_at.is_(None)
        ),
        select(Incident.id).where(Incident.contact_id.in_(of_theirs), Incident.closed_at.is_(None)),
        select(FollowUp.contact_id).where(
            FollowUp.contact_id.in_(select(Contact.id).where(others)), FollowUp.asked_at > now - NOT_AGAIN
        ),
    )


def takes(answer: Answer, asked_at: datetime, scored_at: datetime | None, now: datetime) -> bool:
    """Whether a plain answer belongs to a question of that time: the number first, then words within a day."""
    if scored_at is None:
        return answer.score is not None and asked_at > now - SCORE_WITHIN
    return scored_at > now - WORDS_WITHIN


def answered(db: Session, contact: Contact, answer: Answer, *, now: datetime) -> Literal["first", "more"] | None:
    """Keep what they said; None if no question of this contact is open. Another number replaces the first."""
    row = db.get(FollowUp, contact.id, populate_existing=True)
    if row is None or not takes(answer, row.asked_at, row.scored_at, now):
        return None
    first = row.scored_at is None
    if answer.score is not None:
        row.score, row.scored_at = answer.score, row.scored_at or now
    if answer.words:
        row.words = f"{row.words}\n{answer.words}" if row.words else answer.words
    history.record(db, "answered_after", actor="texter", now=now, contact_id=contact.id)
    return "first" if first else "more"


def of(db: Session, contact_id: str) -> FollowUp | None:
    """The question after this contact, if it was asked."""
    return db.get(FollowUp, contact_id)

"""The carrier's own copies of texts, erased there after the time the service file says ([texts] carrier_copies_hours).

Texts both ways, people's and crews': the words are blanked and whatever came with them is deleted. What fails is tried
again, after longer each time; what the carrier does not have any more is done; what is still being sent is left alone.
Which those are stands here; `triage.erasing` does it. Our own copy is not touched (see `triage.retention`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, update
from sqlalchemy.orm import Session

from triage import outbox
from triage.models import AT_THE_CARRIER, Dispatch, Incident, Message
from triage.moments import is_over
from triage.rules import Rules

ONE_LOOK: Final = 50
AGAIN_AFTER: Final = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 360))
FAILED_FOR: Final = timedelta(days=1)


def _there() -> ColumnElement[bool]:
    """Texts the carrier may have a copy of: it gave us an id, or we asked it to send; and they are on their way no
    more.
    """
    ours = and_(Message.direction == "out", or_(Message.attempts > 0, Message.state == "sent"))
    return and_(
        text(f"message.{AT_THE_CARRIER}"), Message.state.not_in(("waiting", "sending")),
        or_(Message.carrier_id.is_not(None), ours),
    )  # fmt: skip


def _overdue(numbers: Rules, now: datetime, by: timedelta = timedelta()) -> Select[int]:
    since = now - timedelta(hours=numbers.carrier_copies_hours) - by
    return select(func.count()).select_from(Message).where(_there(), Message.made_at <= since)


def left(db: Session) -> int:
    """How many texts the carrier may still have a copy of."""
    return db.scalar(select(func.count()).select_from(Message).where(_there())) or 0


def overdue(db: Session, numbers: Rules, now: datetime) -> int:
    """How many of those are past their time."""
    return db.scalar(_overdue(numbers, now)) or 0


def failing(db: Session, numbers: Rules, now: datetime) -> int:
    """How many were tried in vain, and are past their time by a day."""
    return db.scalar(_overdue(numbers, now, FAILED_FOR).where(Message.erase_tries > 0)) or 0


def due(db: Session, numbers: Rules, now: datetime) -> Sequence[str]:
    """The texts whose copies are to be erased now, oldest first, ONE_LOOK at most."""
    old = Message.made_at <= now - timedelta(hours=numbers.carrier_copies_hours)
    query = select(Message.id).where(_there(), old, _not_lately(now)).order_by(Message.made_at, Message.id)
    return db.scalars(query.limit(ONE_LOOK)).all()


def _not_lately(now: datetime) -> ColumnElement[bool]:
    return or_(Message.erase_again_at.is_(None), is_over(Message.erase_again_at, now, AGAIN_AFTER[-1]))


def take(db: Session, message_id: str, *, now: datetime) -> Message | None:
    """Take one text to erase its copy, and say when it may be tried again; None if another clock has it."""
    tries = db.scalar(select(Message.erase_tries).where(Message.id == message_id)) or 0
    again_at = now + AGAIN_AFTER[min(tries, len(AGAIN_AFTER) - 1)]
    taken = (
        update(Message)
        .where(Message.id == message_id, _there(), _not_lately(now))
        .values(erase_again_at=again_at, erase_tries=tries + 1)
        .returning(Message)
        .execution_options(synchronize_session=False)
    )
    return db.scalars(taken).one_or_none()


def erased(db: Session, which: ColumnElement[bool], *, now: datetime) -> None:
    """The carrier has no copy of this text any more."""
    db.execute(update(Message).where(which, Message.carrier_erased_at.is_(None)).values(carrier_erased_at=now))


def erase_soon(db: Session, message: Message, *, now: datetime) -> None:
    """The words of a text are erased here: the carrier's copy goes at once, not in its time."""
    if message.carrier_id and message.carrier_erased_at is None:
        outbox.add(db, "erase_copy", now=now, carrier_id=message.carrier_id)


def erase_with(db: Session, contact_id: str, *, now: datetime) -> None:
    """A contact's record is about to be destroyed: the carrier's copies of its texts go with it, its cars' too."""
    cars = select(Dispatch.id).join(Incident, Incident.id == Dispatch.incident_id)
    cars = cars.where(Incident.contact_id == contact_id)
    of_it = select(Message).where(or_(Message.contact_id == contact_id, Message.dispatch_id.in_(cars)))
    for message in db.scalars(of_it.where(Message.carrier_erased_at.is_(None)).order_by(Message.made_at, Message.id)):
        erase_soon(db, message, now=now)

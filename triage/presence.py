"""Where nurses stand: ready, on contact, wrapping up, busy, on a break, off.

Only a nurse changes her state, and four named rules: taking a contact makes her `on_contact` (and its end
`wrapping_up`); not answering twice running puts her on a break; so does a number that cannot be rung, and a page that
is gone. The reason is shown each time (Flex users asked for nothing else: a state that flips by itself is the complaint
heard most, ecosystem.md 9).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from triage import history
from triage.lifecycles import HELD, PRESENCE
from triage.models import Presence, QueueEntry, Staff
from triage.rules import Rules

CHOSEN = ("ready", "busy", "break", "off")  # what a nurse may set; the other states follow from the work
VIA = ("phone", "browser")
MOST_TEXTS_AT_ONCE = 6  # more than a person can follow; what one can, she sets herself
PAGE_NOTED_S = 10
PAGE_GONE_S = 90
"""Browsers let a page in the background ask no more than once a minute: it must not be taken for gone."""
PAGE_GONE = "your page stopped answering: press Ready when you are back"

# Written into the statement, not bound: SQLite takes the index over held entries only for a condition it can read.
# Bound, it read the whole queue to find whom a nurse holds, and each claim got slower with everybody who waits.
_HELD = QueueEntry.state.in_(bindparam("held", HELD, expanding=True, literal_execute=True))


class CannotBe(Exception):
    """A presence a nurse may not take now; `str()` says what to do instead."""


def of(db: Session, staff: Staff) -> Presence:
    """The nurse's presence; a row is made the first time, as off."""
    row = db.get(Presence, staff.id)
    if row is None:
        row = Presence(
            staff_id=staff.id, state="off", via="phone" if staff.phone else "browser", missed=0, reason=None,
            since=datetime.fromtimestamp(0).astimezone(),
        )  # fmt: skip
        db.add(row)
    return row


def put(db: Session, staff: Staff, state: str, via: str | None, *, now: datetime) -> Presence:
    """Set what the nurse asked for. Raises CannotBe: unknown state or way, no phone, or still holding somebody."""
    if state not in CHOSEN:
        raise CannotBe(f"A state is one of {', '.join(CHOSEN)}; {state!r} is not.")
    if via is not None and via not in VIA:
        raise CannotBe(f"Calls are taken by phone or browser; {via!r} is neither.")
    if "nurse" not in staff.roles:
        raise CannotBe("Only a nurse takes people from the queue. Ask an administrator for that role.")
    row = of(db, staff)
    way = via or row.via
    if way == "phone" and not staff.phone:
        raise CannotBe(
            "No phone is kept for you. Take calls in the browser, or ask an administrator to add your number."
        )
    if holding(db, staff.id):
        raise CannotBe("You are with somebody. Finish that contact first.")
    change(db, row, state, actor=staff.id, now=now, via=way)
    row.missed, row.page_seen_at = 0, None
    return row


def set_texts_at_once(db: Session, staff: Staff, number: int, *, now: datetime) -> Presence:
    """How many text conversations she takes at a time, from now on; those she has stay hers. Raises CannotBe."""
    if "nurse" not in staff.roles:
        raise CannotBe("Only a nurse takes people from the queue. Ask an administrator for that role.")
    if not 1 <= number <= MOST_TEXTS_AT_ONCE:
        raise CannotBe(f"A nurse takes from 1 to {MOST_TEXTS_AT_ONCE} text conversations at a time.")
    row = of(db, staff)
    if row.texts_at_once != number:
        row.texts_at_once = number
        history.record(db, "texts_at_once", actor=staff.id, now=now, staff_id=staff.id, number=number)
    return row


def page_to_note(db: Session, staff_id: str, now: datetime) -> bool:
    """Whether it is time to note that her page is there: while she is ready or has somebody, every PAGE_NOTED_S."""
    row = db.get(Presence, staff_id)
    if row is None or row.state not in ("ready", "on_contact"):
        return False
    return row.page_seen_at is None or not timedelta(0) <= now - row.page_seen_at < timedelta(seconds=PAGE_NOTED_S)


def page_seen(db: Session, staff_id: str, *, now: datetime) -> None:
    """Her page asked for news."""
    db.execute(update(Presence).where(Presence.staff_id == staff_id).values(page_seen_at=now))


def pages_gone(db: Session, now: datetime) -> Sequence[Presence]:
    """Nurses whose page was there on this shift and is silent for PAGE_GONE_S, and who count on it: those ready in the
    browser, and those who have somebody.
    """
    silent = Presence.page_seen_at < now - timedelta(seconds=PAGE_GONE_S)
    counts = (Presence.state == "on_contact") | ((Presence.state == "ready") & (Presence.via == "browser"))
    return db.scalars(select(Presence).where(silent, counts)).all()


def change(
    db: Session,
    row: Presence,
    state: str,
    *,
    actor: str,
    now: datetime,
    via: str | None = None,
    reason: str | None = None,
) -> None:
    """Move a presence and write who did it and why."""
    if state not in PRESENCE:
        raise ValueError(state)
    row.state, row.reason, row.since = state, reason, now
    row.via = via or row.via
    history.record(db, "presence", actor=actor, now=now, staff_id=row.staff_id, state=state, via=row.via)


def holding(db: Session, staff_id: str) -> QueueEntry | None:
    """The entry this nurse holds now, if any; the first of them if she has several text conversations."""
    return next(iter(all_held(db, staff_id)), None)


def all_held(db: Session, staff_id: str) -> Sequence[QueueEntry]:
    """Every entry this nurse holds now, a call first, then by slot: a call, or text conversations up to the number she
    set; both only where somebody she texts with rang and she took their call.
    """
    held = db.scalars(select(QueueEntry).where(QueueEntry.nurse_id == staff_id, _HELD).order_by(QueueEntry.slot))
    return sorted(held, key=lambda entry: entry.contact.channel == "text")


def free_slot(db: Session, staff_id: str, channel: str, *, beside_texts: bool = False) -> int | None:
    """The slot in which this nurse may take one more contact of this channel; None while she may take none.

    `beside_texts`: a call while she has text conversations, which is so only for somebody she texts with.
    """
    held = all_held(db, staff_id)
    if not held:
        return 0
    if beside_texts and all(entry.contact.channel == "text" for entry in held):
        return next(slot for slot in range(len(held) + 1) if slot not in {entry.slot for entry in held})
    if channel != "text" or any(entry.contact.channel != "text" for entry in held):
        return None
    row = db.get(Presence, staff_id)
    taken = {entry.slot for entry in held}
    at_once = row.texts_at_once if row else 1
    return next((slot for slot in range(at_once) if slot not in taken), None) if len(held) < at_once else None


def missed(db: Session, staff_id: str, rules: Rules, *, now: datetime) -> None:
    """A ring was not answered. After `misses_before_break` of them running the nurse is put on a break, and sees
    why.
    """
    row = db.get(Presence, staff_id)
    if row is None or row.state == "off":
        return
    row.missed += 1
    if holding(db, staff_id):  # her text conversations are with her still
        return
    if row.missed >= rules.misses_before_break:
        change(db, row, "break", actor="clock", now=now, reason=f"did not answer {row.missed} times running")
    elif row.state == "on_contact":
        change(db, row, "ready", actor="clock", now=now, reason="did not answer")


def not_rung(db: Session, staff_id: str, *, now: datetime, for_good: bool = False) -> None:
    """The carrier could not ring her: no fault of hers. With `for_good`, her number will never do, and somebody must
    mend it: she is put on a break, and sees why.
    """
    row = db.get(Presence, staff_id)
    if row is None or row.state != "on_contact" or holding(db, staff_id):
        return
    if for_good:
        why = "your number cannot be rung: ask an administrator to correct it, or take calls in the browser"
        change(db, row, "break", actor="clock", now=now, reason=why)
    else:
        change(db, row, "ready", actor="clock", now=now, reason="the carrier could not ring you")


def ready(db: Session, *, via: str | None = None) -> Sequence[tuple[Staff, Presence]]:
    """Nurses ready now and holding nobody, longest ready first."""
    held = select(QueueEntry.nurse_id).where(_HELD, QueueEntry.nurse_id.is_not(None))
    query = (
        select(Staff, Presence)
        .join(Presence, Presence.staff_id == Staff.id)
        .where(Presence.state == "ready", Staff.active, Staff.id.not_in(held))
        .order_by(Presence.since, Staff.id)
    )
    if via:
        query = query.where(Presence.via == via)
    return [(staff, presence) for staff, presence in db.execute(query)]


def on_shift(db: Session) -> Sequence[Staff]:
    """Nurses who are not off."""
    return db.scalars(
        select(Staff).join(Presence, Presence.staff_id == Staff.id).where(Presence.state != "off", Staff.active)
    ).all()

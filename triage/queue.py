"""Who waits for a nurse, in what order, and who has whom.

Order is need, then promise, then arrival (DESIGN 2.4): the band says *when* somebody should be heard, never how risky
they are; inside a band the oldest original arrival comes first. The bands and their reasons are domain.md 6.1.

A claim is one conditional UPDATE. Its row count decides; the token it raises fences off whoever held the entry before;
a unique index allows a nurse one entry a slot: one call, or as many text conversations as she set. Tested with 32
nurses at once on both databases.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, literal, select, true, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from triage import history, moments, opening, presence, same_person
from triage.db import UtcDateTime
from triage.lifecycles import ENTRY, HELD, OPEN_ENTRY, sources
from triage.models import Contact, Locality, Promise, QueueEntry, Staff, new_id
from triage.rules import Rules

DANGER, FAILED_BEFORE, VERY_URGENT, PROFESSIONAL, NOT_ASKED, URGENT, SCHEDULED = range(7)
NO_LANE = ""

SAID_DANGER = "Said there is danger now"
STATED = {
    "carer": "Calling for someone else",
    "cannot_talk": "Cannot talk: ask questions that keys can answer, 1 yes, 2 no",
    "call_back": "Asked to be called back and keep their place",
    "ring_me": "Asked to be rung",
}
RANG_AGAIN = "Rang again while waiting to be called back"
TEXTED_FIRST = "Texted before they rang"
TEXTING_WITH = "Is texting with"
NOT_YET_ASKED = "Not yet asked"
AS_CALL = "went_on_as_call"
STANDS_FOR_FLOOD = "Stands for first texts that look alike: look at all of them together"


class NotTheirs(Exception):
    """This entry is not in this nurse's hands (any more). `str()` says so to them."""


# --- joining and order ------------------------------------------------------------------------------------------------


def join(db: Session, contact: Contact, rules: Rules, *, now: datetime) -> QueueEntry:
    """Put a contact in the queue, once: a second call returns the entry it has.

    A person who was here minutes ago keeps their first arrival, and somebody we failed before goes ahead. A finished
    text conversation is joined again: they wrote to it.
    """
    there = select(QueueEntry).where(QueueEntry.contact_id == contact.id)
    if entry := _just_made(db, contact) or db.scalar(there):
        if entry.state == "finished" and contact.channel == "text":
            _come_back(db, entry, rules, now)
        return entry
    same = same_person.others(db, contact)
    band, reasons, arrived_at = _first_band(db, contact, same, rules, now)
    if contact.danger:
        band, reasons = min(band, DANGER), [SAID_DANGER, *(why for why in reasons if why != "Not yet asked")]
    for asked in _waiting_for_a_call_back(db, contact, same):
        band, arrived_at = min(band, asked.band), min(arrived_at, asked.arrived_at)
        reasons = _reasons(*reasons, RANG_AGAIN, *(why for why in asked.reasons if why != STATED["call_back"]))
        step(db, asked, "finish", actor=_person(contact), now=now, ended_at=now, ended_how="rang_again")
        went_on(db, asked.contact, contact, now=now)
    for texting in _texting(db, contact, same):
        leaves_flood(db, texting, actor=_person(contact), now=now)  # whoever rings is themselves
        band = min(band, texting.band)
        if goes_on_as_call(db, texting, contact, now=now):
            arrived_at = min(arrived_at, texting.arrived_at)
            reasons = _reasons(*reasons, TEXTED_FIRST, *texting.reasons)
        else:
            danger = [SAID_DANGER] if said_danger(texting) else []
            reasons = _reasons(*danger, *reasons, f"{TEXTING_WITH} {nurse_name(db, texting) or 'a nurse'}")
    return at_place(db, contact, band, reasons, arrived_at, now=now)


def _just_made(db: Session, contact: Contact) -> QueueEntry | None:
    """The entry that this very transaction made, if it did: nobody else sees it yet."""
    made: QueueEntry | None = db.info.get("joined", {}).get(contact.id)
    return made if made is not None and made in db else None


def at_place(
    db: Session, contact: Contact, band: int, reasons: list[str], arrived_at: datetime, *, now: datetime
) -> QueueEntry:
    """A contact in the queue, at a place that is known already."""
    entry = QueueEntry(
        contact_id=contact.id, contact=contact, lane=contact.locality or NO_LANE, band=band, reasons=reasons,
        arrived_at=arrived_at, climbed_at=now, nurse_id=None, room=None, lease_until=None, connected_at=None,
        ended_at=None, ended_how=None,
    )  # fmt: skip
    db.add(entry)
    db.flush()
    db.info.setdefault("joined", {})[contact.id] = entry
    history.record(db, "joined_queue", actor=_person(contact), now=now, contact_id=contact.id, band=band)
    return entry


def _reasons(*said: str) -> list[str]:
    """Reasons, each once; that nothing was asked yet is none beside others."""
    return list(dict.fromkeys(why for why in said if why != NOT_YET_ASKED)) or [NOT_YET_ASKED]


def _texting(db: Session, contact: Contact, same: ColumnElement[bool]) -> Sequence[QueueEntry]:
    """For a call: the open text conversations of this very number, waiting, with a nurse or merged in a flood. What was
    agreed by text was agreed for that telephone alone.
    """
    if contact.channel != "call" or contact.number is None:
        return ()
    theirs = select(QueueEntry).join(QueueEntry.contact).where(same, Contact.channel == "text")
    theirs = theirs.where(QueueEntry.state.in_((*OPEN_ENTRY, "merged")))
    found = db.scalars(theirs.order_by(QueueEntry.arrived_at, QueueEntry.id)).all()
    return [entry for entry in found if entry.contact.number == contact.number]


def leaves_flood(db: Session, entry: QueueEntry, *, actor: str, now: datetime) -> None:
    """This person is themselves: out of the flood of first texts that they were merged in, to wait alone since they
    first wrote. Whoever was in none stays where they are.
    """
    contact = entry.contact
    if contact.flood_id is None:
        return
    flood_id, contact.flood_id = contact.flood_id, None
    stands_no_more(entry)
    step(db, entry, "part", actor=actor, now=now)
    history.record(db, "left_flood", actor=actor, now=now, contact_id=contact.id, flood_id=flood_id)
    db.flush()


def stands_no_more(entry: QueueEntry) -> None:
    """This wait is one person's, not a flood's."""
    if STANDS_FOR_FLOOD in entry.reasons:
        entry.reasons = [why for why in entry.reasons if why != STANDS_FOR_FLOOD] or [NOT_YET_ASKED]


def goes_on_as_call(db: Session, texting: QueueEntry, call: Contact, *, now: datetime) -> bool:
    """A text conversation that waits, or is merged into a flood, ends and goes on as this call; False if a nurse has
    taken it meanwhile.
    """
    if texting.state not in ("waiting", "merged") or not step(
        db, texting, "finish", actor="caller", now=now, token=texting.token, ended_at=now, ended_how=AS_CALL
    ):
        return False
    went_on(db, texting.contact, call, now=now)
    return True


def went_on(db: Session, contact: Contact, other: Contact, *, now: datetime) -> None:
    """This contact is over, and goes on as that one of the same person, with what was agreed and said by text.

    That danger was said stays with the place, not with the call: what the line says aloud must not tell whoever rings
    with that number what was texted from it. Whoever rings is in no flood of first texts any more.
    """
    if contact.flood_id is not None:
        history.record(db, "left_flood", actor="clock", now=now, contact_id=contact.id, flood_id=contact.flood_id)
        contact.flood_id = None
    contact.ended_at, contact.went_on_as = contact.ended_at or now, other.id
    if contact.channel == "text" or contact.text_consent:
        other.text_consent = True
    other.opted_out = other.opted_out or contact.opted_out
    if contact.language and (contact.channel == "text" or other.language is None):  # chosen by text
        other.language = contact.language
    if contact.ask_after is not None:  # they are asked about the whole, once
        other.ask_after = contact.ask_after if other.ask_after is None else other.ask_after
        contact.ask_after = None
    if contact.keyword and not other.keyword:
        other.keyword, other.locality = contact.keyword, contact.locality
    db.flush()
    history.record(db, "went_on_as", actor="clock", now=now, contact_id=contact.id, other=other.id)


def _come_back(db: Session, entry: QueueEntry, rules: Rules, now: datetime) -> None:
    """A person texted again after their conversation was finished: they wait from now on, with what was known of them.

    Nobody has them: the claim's token stays, so that whoever held them before can change nothing. The nurse who had
    them is named while she is on shift.
    """
    contact, ended, nurse_id = entry.contact, entry.ended_at or now, entry.nurse_id
    band, reasons, _ = _first_band(db, contact, same_person.others(db, contact), rules, now)
    soon = timedelta(0) <= now - ended <= timedelta(seconds=rules.reconnect_s)
    if soon or contact.danger:
        band = min(band, VERY_URGENT)
    there, today = ended.astimezone(opening.UK), now.astimezone(opening.UK).date()
    day = "" if there.date() == today else f"{there.day} {there:%b} "
    why = [f"Came back to a conversation that ended {day}{there:%H:%M}"]
    if contact.danger:
        why.append("Said there was danger in it")
    if nurse := next((one for one in presence.on_shift(db) if one.id == nurse_id), None):
        why.append(f"{nurse.name} had them before")
    contact.ended_at = None
    step(
        db, entry, "come_back", actor=_person(contact), now=now, nurse_id=None, room=None, lease_until=None,
        connected_at=None, ended_at=None, ended_how=None, call_back=False, band=band, arrived_at=now, climbed_at=now,
        lane=contact.locality or NO_LANE, reasons=[*why, *(one for one in reasons if one != "Not yet asked")],
    )  # fmt: skip


def _first_band(
    db: Session, contact: Contact, same: ColumnElement[bool], rules: Rules, now: datetime
) -> tuple[int, list[str], datetime]:
    """The band a contact starts in, why, and when their wait began. Only stated facts and our own failures count."""
    bands = [(NOT_ASKED, "Not yet asked")]
    if contact.route == "professional":
        bands.append((PROFESSIONAL, "A professional is with the person"))
    arrived_at = contact.started_at
    waits = _earlier_waits(db, same, now)
    for earlier in waits:
        age = now - (earlier.ended_at or now)
        minutes = max(1, int(age.total_seconds() // 60))
        if said_danger(earlier):
            bands.append((FAILED_BEFORE, f"Cut off {minutes} min ago after saying there was danger"))
        if age.total_seconds() <= rules.reconnect_s:
            bands.append((VERY_URGENT, f"Rang again {minutes} min after their last call ended"))
            arrived_at = min(arrived_at, earlier.arrived_at)
    lost, failed_at, overdue = db.execute(
        select(_lost_before_the_queue(same, now), _failed_safe(same, now), _promise_overdue(same, now))
    ).one()
    if sum(1 for entry in waits if entry.state == "abandoned") + lost >= 2:
        bands.append((FAILED_BEFORE, "Gave up waiting twice in the last 24 hours"))
    if failed_at:
        minutes = max(1, int((now - failed_at).total_seconds() // 60))
        bands.append((FAILED_BEFORE, f"Our line failed them {minutes} min ago"))
    if overdue:
        bands.append((FAILED_BEFORE, "We owed them a call-back"))
    band = min(bands)[0]
    reasons = [why for rank, why in sorted(bands) if rank < NOT_ASKED] or ["Not yet asked"]
    return band, reasons, arrived_at


def _waiting_for_a_call_back(db: Session, contact: Contact, same: ColumnElement[bool]) -> Sequence[QueueEntry]:
    """This person's waits that go on without a line: whoever rings again takes that place along, and is one person."""
    if contact.channel != "call":
        return []
    return db.scalars(
        select(QueueEntry)
        .join(QueueEntry.contact)
        .where(same, Contact.leg_ended)
        .where(QueueEntry.state == "waiting", QueueEntry.call_back)
    ).all()


def _earlier_waits(db: Session, same: ColumnElement[bool], now: datetime) -> Sequence[QueueEntry]:
    """This person's waits that ended in the last 24 hours without a nurse having finished them."""
    return db.scalars(
        select(QueueEntry)
        .join(QueueEntry.contact)
        .where(same)
        .where(QueueEntry.ended_at > now - timedelta(hours=24), QueueEntry.ended_how.in_(("rang_off", "gave_up")))
    ).all()


def said_danger(entry: QueueEntry) -> bool:
    """Whether this person said that there is danger now, on this contact or one that went on as it."""
    return entry.contact.danger or SAID_DANGER in entry.reasons


def _lost_before_the_queue(same: ColumnElement[bool], now: datetime) -> ScalarSelect[int]:
    """How many calls of this person ended within 24 hours before they had reached the queue."""
    calls = select(func.count(Contact.id)).outerjoin(QueueEntry, QueueEntry.contact_id == Contact.id)
    calls = calls.where(same, Contact.channel == "call", Contact.leg_ended, QueueEntry.id.is_(None))
    return calls.where(Contact.started_at > now - timedelta(hours=24)).scalar_subquery()


def _failed_safe(same: ColumnElement[bool], now: datetime) -> ScalarSelect[datetime | None]:
    """When the line last failed this person, within 24 hours."""
    newest = select(func.max(Contact.failed_safe_at)).where(same, Contact.started_at > now - timedelta(hours=24))
    return newest.scalar_subquery()


def _promise_overdue(same: ColumnElement[bool], now: datetime) -> ColumnElement[bool]:
    owed = (
        select(Promise.id)
        .join(Contact, Contact.id == Promise.contact_id)
        .where(same, Promise.kind == "call_back")
        .where(Promise.settled_at.is_(None), Promise.due_at < now)
    )
    return owed.exists()


def raise_to(
    db: Session, entry: QueueEntry, band: int, reason: str, *, actor: str, now: datetime, **detail: str
) -> None:
    """Note a stated reason, and move the entry ahead if it calls for that. Software may raise, never lower. `detail`
    has codes for the history.

    The entry is read again, locked: what another transaction raised meanwhile must stand.
    """
    db.refresh(entry, ["band", "reasons"], with_for_update={"of": QueueEntry})
    if reason not in entry.reasons:
        entry.reasons = [*(why for why in entry.reasons if why != "Not yet asked"), reason]
    entry.band = min(entry.band, band)
    history.record(db, "reason", actor=actor, now=now, contact_id=entry.contact_id, band=entry.band, **detail)


def climb(db: Session, rules: Rules, *, now: datetime) -> int:
    """Everyone who has waited long enough since their last step goes up one band, never above band 1 by age alone."""
    long_enough = moments.is_over(
        QueueEntry.climbed_at, now - timedelta(seconds=rules.climb_every_s), timedelta(seconds=rules.climb_every_s)
    )
    risen = db.scalars(
        select(QueueEntry)
        .where(QueueEntry.state == "waiting", long_enough, QueueEntry.band > FAILED_BEFORE)
        .limit(200)
        .with_for_update(skip_locked=True, of=QueueEntry)  # a danger stated at this moment must not be lowered
        .execution_options(populate_existing=True)
    ).all()
    for entry in risen:
        entry.band -= 1
        entry.climbed_at = now
        waited = f"Has waited {int((now - entry.arrived_at).total_seconds() // 60)} min"
        entry.reasons = [*(why for why in entry.reasons if not why.startswith("Has waited")), waited]
        history.record(db, "climbed", actor="clock", now=now, contact_id=entry.contact_id, band=entry.band)
    return len(risen)


def lanes_for(db: Session, staff: Staff, now: datetime) -> list[str]:
    """The localities whose people this nurse may take now: their own, and by overflow.

    While none of its own nurses is on shift, and outside its hours, a locality's people may be taken by those of the
    localities in its `overflow`; while none of those is on shift either, or where it names none, by every nurse: nobody
    waits for an empty room. People whose locality nobody knows yet are everybody's.
    """
    return _lanes(staff, presence.on_shift(db), db.scalars(select(Locality)).all(), now)


def _lanes(staff: Staff, on_shift: Sequence[Staff], localities: Sequence[Locality], now: datetime) -> list[str]:
    covered = {code for nurse in on_shift for code in nurse.localities}
    lanes = [NO_LANE]
    for locality in localities:
        theirs = locality.code in staff.localities
        helpers = set(locality.overflow) & covered
        alone = locality.code in covered and opening.is_open(locality.hours, now)
        lends = not alone and (not helpers or helpers & set(staff.localities))
        if theirs or lends:
            lanes.append(locality.code)
    return lanes


def may_take(entry: QueueEntry, lanes: Sequence[str]) -> bool:
    """Whether a nurse with these lanes may take this entry: one of theirs, or danger now, which is every nurse's."""
    return entry.lane in lanes or entry.band == DANGER


def nurses_for(db: Session, lane: str, now: datetime) -> int:
    """How many nurses on shift may take people of this lane."""
    return sum(1 for lanes in lanes_on_shift(db, now) if lane in lanes)


def lanes_on_shift(db: Session, now: datetime) -> list[list[str]]:
    """The lanes of each nurse on shift, in two statements however many they are."""
    on_shift = presence.on_shift(db)
    localities = db.scalars(select(Locality)).all() if on_shift else []
    return [_lanes(nurse, on_shift, localities, now) for nurse in on_shift]


_IN_ORDER = (QueueEntry.band, QueueEntry.arrived_at, QueueEntry.id)
_BY_TEXT = QueueEntry.contact.has(Contact.channel == "text")
_RUNG_ABOUT = (QueueEntry.band > DANGER) & ~_BY_TEXT


def waiting(db: Session, lanes: Sequence[str] | None = None, limit: int | None = 500) -> Sequence[QueueEntry]:
    """Entries nobody holds, in the order they will be taken; all of them, or those of some lanes."""
    query = select(QueueEntry).where(QueueEntry.state == "waiting").order_by(*_IN_ORDER).limit(limit)
    if lanes is not None:
        query = query.where(QueueEntry.lane.in_(lanes))
    return db.scalars(query).all()


def ahead_of(db: Session, entry: QueueEntry, now: datetime, on_shift: Sequence[Sequence[str]] | None = None) -> int:
    """How many people are before this one for the nurses who may take them: what they may truthfully be told.
    `on_shift`: what `lanes_on_shift` gave just now.
    """
    whole = lanes_on_shift(db, now) if on_shift is None else on_shift
    before = tuple_(*_IN_ORDER) < tuple_(literal(entry.band), literal(entry.arrived_at, UtcDateTime), literal(entry.id))
    shared = {lane for lanes in whole if entry.lane in lanes for lane in lanes} | {entry.lane}
    whose = QueueEntry.lane.in_(shared) | (QueueEntry.band == DANGER)
    count = select(func.count()).where(QueueEntry.state == "waiting", whose, before)
    return db.scalar(count) or 0


# --- claiming ---------------------------------------------------------------------------------------------------------


def claim_next(
    db: Session, staff: Staff, rules: Rules, *, now: datetime, unasked: bool = False, beyond: int = 0
) -> QueueEntry | None:
    """The next person for this nurse, now in their hands; None if nobody of their lanes waits. Danger now is in every
    nurse's lanes: it is the head of everything.

    Asked again while they hold somebody, it returns that one. A text is connected at once; a call is offered, and its
    lease runs until the nurse has answered. `beyond`: a nurse with that many text conversations asks for one more of
    them; asked again once she has it, it returns the newest. While she may have no more, the first she has.

    `unasked`: the service looks for whom to ring her about, she did not ask. Then texts are left to those who do ask
    (she would not know that she has one), and danger now to the ringing of everybody at once.
    """
    # One request of a nurse at a time: her second tab must find what the first one took, not "nobody waits".
    db.execute(select(Staff.id).where(Staff.id == staff.id).with_for_update(key_share=True))
    held = presence.all_held(db, staff.id)
    if len(held) > beyond:
        return max(held, key=lambda entry: (entry.connected_at or now, entry.slot)) if beyond else held[0]
    slot = presence.free_slot(db, staff.id, "text") if held else 0
    if slot is None:
        return held[0]
    here: ColumnElement[bool] = _RUNG_ABOUT if unasked else _BY_TEXT if held else true()
    wanted = dict.fromkeys(lanes_for(db, staff, now), here)
    if not unasked:
        for other in db.scalars(select(Locality.code)):
            wanted.setdefault(other, (QueueEntry.band == DANGER) & here)
    for _look_again in range(2):  # SKIP LOCKED may see nothing while others hold the rows: ask once more
        for lane in _lanes_by_need(db, wanted):
            head = (
                select(QueueEntry.id)
                .where(QueueEntry.state == "waiting", QueueEntry.lane == lane, wanted[lane])
                .order_by(*_IN_ORDER)
                .limit(1)
                .with_for_update(skip_locked=True)
                .scalar_subquery()
            )
            if entry := _claim(db, QueueEntry.id == head, staff, slot, rules, now):
                return entry
    return None


def claim(
    db: Session, entry_id: str, staff: Staff, rules: Rules, *, now: datetime, beside_texts: bool = False
) -> QueueEntry | None:
    """Take this very entry, if it still waits and the nurse may have it: for those rung about danger now, and (with
    `beside_texts`) for the call of somebody she texts with.
    """
    db.execute(select(Staff.id).where(Staff.id == staff.id).with_for_update(key_share=True))
    channel = db.get_one(QueueEntry, entry_id).contact.channel
    slot = presence.free_slot(db, staff.id, channel, beside_texts=beside_texts)
    return None if slot is None else _claim(db, QueueEntry.id == entry_id, staff, slot, rules, now)


def _lanes_by_need(db: Session, wanted: Mapping[str, ColumnElement[bool]]) -> list[str]:
    """Lanes with somebody wanted waiting, the one whose head comes first in front. Reads one index entry a lane,
    however deep.
    """
    heads = []
    for lane, whom in wanted.items():
        head = db.execute(
            select(QueueEntry.band, QueueEntry.arrived_at, QueueEntry.id)
            .where(QueueEntry.state == "waiting", QueueEntry.lane == lane, whom)
            .order_by(*_IN_ORDER)
            .limit(1)
        ).one_or_none()
        if head:
            heads.append((tuple(head), lane))
    return [lane for _, lane in sorted(heads)]


def _claim(
    db: Session, which: ColumnElement[bool], staff: Staff, slot: int, rules: Rules, now: datetime
) -> QueueEntry | None:
    write = (
        update(QueueEntry)
        .where(which, QueueEntry.state == "waiting")
        .values(
            state="offered", nurse_id=staff.id, slot=slot, token=QueueEntry.token + 1, room=new_id(), read_at=None,
            lease_until=now + timedelta(seconds=rules.claim_lease_s),
        )
        .returning(QueueEntry.id)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    try:
        with db.begin_nested():
            entry_id = db.execute(write).scalar_one_or_none()
    except IntegrityError:  # the one-entry-a-slot index: another tab of theirs was first
        return None
    if entry_id is None:
        return None
    entry = db.get_one(QueueEntry, entry_id, populate_existing=True)
    if entry.contact.channel == "text":
        entry.state, entry.lease_until, entry.connected_at = "connected", None, now
    row = presence.of(db, staff)
    if row.state != "on_contact":
        presence.change(db, row, "on_contact", actor=staff.id, now=now)
    history.record(
        db, "claimed", actor=staff.id, now=now, contact_id=entry.contact_id, token=entry.token, state=entry.state
    )
    note_acting_for(db, entry, staff, now=now)
    return entry


def note_acting_for(db: Session, entry: QueueEntry, staff: Staff, *, now: datetime) -> None:
    """Write down that this nurse has somebody of another locality: by overflow, danger now, or from a colleague."""
    if staff.localities and entry.lane not in (NO_LANE, *staff.localities):
        history.record(db, "acting_for", actor=staff.id, now=now, contact_id=entry.contact_id, locality=entry.lane)


def step(
    db: Session, entry: QueueEntry, action: str, *, actor: str, now: datetime, token: int | None = None, **values: Any
) -> bool:
    """Move an entry by its life cycle with one conditional write; False if it was no longer where that may start.

    With `token`, also only while that claim still holds: a stale nurse, leg or job changes nothing.
    """
    starts = sources(ENTRY, action)
    target = ENTRY[starts[0], action]
    allowed = QueueEntry.token == token if token is not None else true()
    moved = db.execute(
        update(QueueEntry)
        .where(QueueEntry.id == entry.id, QueueEntry.state.in_(starts), allowed)
        .values(state=target, **values)
        .returning(QueueEntry.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    db.refresh(entry)
    if moved is None:
        return False
    history.record(db, action, actor=actor, now=now, contact_id=entry.contact_id, state=target, token=entry.token)
    return True


def put_back(
    db: Session,
    entry: QueueEntry,
    reason: str,
    *,
    actor: str,
    now: datetime,
    token: int | None = None,
    band: int | None = None,
) -> bool:
    """Return somebody to the same place in the queue, with the reason; False if the claim had already moved on."""
    if not step(
        db, entry, "return", actor=actor, now=now, token=token,
        nurse_id=None, lease_until=None, room=None, connected_at=None, hand_to_id=None,
    ):  # fmt: skip
        return False
    if band is not None:
        raise_to(db, entry, band, reason, actor=actor, now=now)
    return True


def expired(db: Session, rules: Rules, now: datetime) -> Sequence[QueueEntry]:
    """Claims whose lease ran out before the nurse and the person were together."""
    longest = timedelta(seconds=max(rules.claim_lease_s, rules.connect_lease_s))
    over = moments.is_over(QueueEntry.lease_until, now, longest)
    return db.scalars(select(QueueEntry).where(QueueEntry.state.in_(("offered", "connecting")), over)).all()


def held_by(db: Session, contact_id: str, staff: Staff) -> QueueEntry:
    """The contact's entry, which this nurse holds. Raises NotTheirs otherwise."""
    entry = db.scalar(select(QueueEntry).where(QueueEntry.contact_id == contact_id))
    if entry is None or entry.nurse_id != staff.id or entry.state not in HELD:
        raise NotTheirs("This person is not with you now. Take the next person from the queue.")
    return entry


def with_nurse(db: Session, contact_id: str) -> bool:
    """Whether a nurse has this person now, or they are being joined."""
    held = select(QueueEntry.id).where(QueueEntry.contact_id == contact_id, QueueEntry.state.in_(HELD))
    return db.scalar(held) is not None


def nurse_name(db: Session, entry: QueueEntry) -> str | None:
    """Who has them, by name, for other nurses' screens."""
    if entry.nurse_id is None:
        return None
    return db.scalar(select(Staff.name).where(Staff.id == entry.nurse_id))


def _person(contact: Contact) -> str:
    return "texter" if contact.channel == "text" else "caller"

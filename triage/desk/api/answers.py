"""What clients get: the shapes of the answers, and how each is read. Telephone numbers are always masked."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import contacts, duties, ladder, media, opt_outs, outcomes, presence, queue, same_person
from triage.car_models import Duty
from triage.contacts import masked
from triage.incidents import first_999
from triage.lifecycles import OPEN_DISPATCH
from triage.models import (
    Contact,
    Dispatch,
    Incident,
    Message,
    Outcome,
    Presence,
    Promise,
    QueueEntry,
    Staff,
    Unit,
)
from triage.places import grid_of
from triage.walls import Walls, stays_anonymous

Channel = Literal["call", "text"]


class PresenceAnswer(Struct):
    """Where a nurse stands, since when, and why if it was not her own act."""

    state: str
    via: str
    since: datetime | None
    reason: str | None
    texts_at_once: int

    @classmethod
    def of(cls, db: Session, staff: Staff) -> "PresenceAnswer":
        row = db.get(Presence, staff.id)
        if row is None:
            return cls("off", "phone" if staff.phone else "browser", None, None, 1)
        return cls(row.state, row.via, row.since, row.reason, row.texts_at_once)


class EntryAnswer(Struct, kw_only=True):
    """Somebody in the queue. `band` says when they are heard, never how risky they are; `reason` says why, in words.

    `waiting_since` is the original arrival: it never moves back.
    """

    id: str
    contact_id: str
    channel: Channel
    locality: str | None
    band: int
    reason: str
    reasons: list[str]
    waiting_since: datetime
    masked_number: str
    keyword: str | None
    state: str

    @classmethod
    def of(cls, entry: QueueEntry) -> "EntryAnswer":
        return cls(**_entry(entry))


class ClaimAnswer(EntryAnswer, kw_only=True):
    """Somebody in a nurse's hands. `token` goes up with every claim; it lapses at `lease_until` unless answered."""

    token: int
    lease_until: datetime | None
    connected_at: datetime | None

    @classmethod
    def of(cls, entry: QueueEntry) -> "ClaimAnswer":
        return cls(**_entry(entry), token=entry.token, lease_until=entry.lease_until, connected_at=entry.connected_at)


def _entry(entry: QueueEntry) -> dict[str, Any]:
    contact = entry.contact
    return {
        "id": entry.id, "contact_id": contact.id, "channel": contact.channel, "locality": contact.locality,
        "band": entry.band, "reason": "; ".join(entry.reasons), "reasons": list(entry.reasons),
        "waiting_since": entry.arrived_at, "masked_number": masked(contact.number), "keyword": contact.keyword,
        "state": entry.state,
    }  # fmt: skip


class HandOverAnswer(Struct):
    """A text conversation that one nurse asks another to take. It is with the first until it is taken."""

    contact_id: str
    locality: str | None
    masked_number: str
    asked_by: str | None
    to: str | None
    note: str | None

    @classmethod
    def of(cls, db: Session, entry: QueueEntry) -> "HandOverAnswer":
        names = _name(db, entry.hand_from_id), _name(db, entry.hand_to_id)
        contact = entry.contact
        return cls(contact.id, contact.locality, masked(contact.number), *names, entry.hand_note)


class MeAnswer(Struct):
    """Whose token this is, where they stand, and whom they hold: `holding`, and all of them where they have several
    text conversations. `asked_to_take`: conversations that colleagues ask them to take over, with the note.
    """

    id: str
    name: str
    email: str
    roles: list[str]
    localities: list[str]
    skills: list[str]
    presence: PresenceAnswer
    holding: ClaimAnswer | None
    all_held: list[ClaimAnswer]
    asked_to_take: list[HandOverAnswer]


class OutcomeAnswer(Struct, kw_only=True):
    """What a nurse decided. Added, never overwritten: the newest holds."""

    id: str
    contact_id: str
    urgency: str | None
    disposition: str
    group: str
    mhsds_code: str
    needed_by: datetime | None
    who: str | None
    notes: str | None
    agreed: str | None
    next_steps: str | None
    themes: list[str]
    caller_role: str | None
    text_consent: bool | None
    scale_version: str
    recorded_by: str
    recorded_at: datetime

    @classmethod
    def of(cls, db: Session, row: Outcome) -> "OutcomeAnswer":
        return cls(
            id=row.id, contact_id=row.contact_id, urgency=row.urgency, disposition=row.disposition, group=row.group,
            mhsds_code=row.mhsds_code, needed_by=row.needed_by, who=row.who, notes=row.notes, agreed=row.agreed,
            next_steps=row.next_steps, themes=list(row.themes), caller_role=row.caller_role,
            text_consent=row.text_consent, scale_version=row.scale_version,
            recorded_by=_name(db, row.recorded_by) or "", recorded_at=row.recorded_at,
        )  # fmt: skip


class MediaAnswer(Struct):
    """Something that came with a text: picture, voice_note, video or file, and the media type the carrier says. It is
    shown on the desk alone.
    """

    kind: str
    type: str


class MessageAnswer(Struct):
    """A text, either way, and where it has got to: waiting, sending, sent, delivered or failed (`trouble` says why)."""

    id: str
    direction: Literal["in", "out"]
    body: str
    state: str
    trouble: str | None
    by: str | None
    made_at: datetime
    media: list[MediaAnswer]

    @classmethod
    def of(cls, db: Session, row: Message) -> "MessageAnswer":
        came_with = [MediaAnswer(piece.kind, piece.type) for piece in media.of(row.media)]
        by = _name(db, row.staff_id)
        return cls(row.id, _way(row), row.body or "", row.state, row.trouble, by, row.made_at, came_with)


def _way(row: Message) -> Literal["in", "out"]:
    return "in" if row.direction == "in" else "out"


class DispatchAnswer(Struct, kw_only=True):
    """One assignment of a unit to an incident. `due_at` is when its present state is too old.

    `revision_read` is the newest revision of the incident that the crew has confirmed; `checks_asked` counts welfare
    checks it has not answered; `stand_down_read_at` is when it confirmed that it was stood down; `arrive_at` is when it
    should be there, as reckoned when it moved.
    """

    id: str
    incident_id: str
    call_sign: str
    tag: str
    state: str
    state_since: datetime
    due_at: datetime | None
    offered_at: datetime
    acknowledged_at: datetime | None
    closed_at: datetime | None
    note: str | None
    revision_read: int
    checks_asked: int
    arrive_at: datetime | None
    stand_down_read_at: datetime | None

    @classmethod
    def of(cls, row: Dispatch) -> "DispatchAnswer":
        return cls(
            id=row.id, incident_id=row.incident_id, call_sign=row.call_sign, tag=row.tag, state=row.state,
            state_since=row.state_since, due_at=row.due_at, offered_at=row.offered_at,
            acknowledged_at=row.acknowledged_at, closed_at=row.closed_at, note=row.note,
            revision_read=row.revision_read, checks_asked=row.checks_asked, arrive_at=row.arrive_at,
            stand_down_read_at=row.stand_down_read_at,
        )  # fmt: skip


class ProposalAnswer(Struct):
    """A car that is free, and in how many minutes it would be there; `estimated` by distance and time of day alone.
    `minutes` is null where it, or the incident, is nobody knows where.
    """

    call_sign: str
    minutes: int | None
    estimated: bool


class IncidentAnswer(Struct, kw_only=True):
    """A need for the response car. `fallback` is set while no unit can go: who to turn to instead.

    `first_999` is what must be done before anything else, for urgency A. A list leaves `hazards` out and
    only says whether there are any (`has_hazards`). `visit` is what came of it.
    `position` is `lat,lon` in degrees, as it was given.
    `proposed`: when one incident is read, the cars it would be offered next, in that order.
    """

    id: str
    contact_id: str
    state: str
    state_since: datetime
    locality: str | None
    address: str | None
    postcode: str | None
    position: str | None
    grid_reference: str | None
    who_is_there: str | None
    tell_person: bool
    scene_safety: str
    concern: str | None
    call_back: str
    needed_by: datetime | None
    fallback: str | None
    requested_by: str
    requested_at: datetime
    closed_at: datetime | None
    reason: str | None
    revision: int
    first_999: str | None
    has_hazards: bool
    hazards: str | None
    adjustments: list[str]
    police_test: str | None
    visit: str | None
    visit_words: str | None
    dispatches: list[DispatchAnswer]
    proposed: list[ProposalAnswer] = []

    @classmethod
    def of(cls, db: Session, row: Incident, *, whole: bool = True) -> "IncidentAnswer":
        db.flush()
        sent = db.scalars(
            select(Dispatch).where(Dispatch.incident_id == row.id).order_by(Dispatch.offered_at, Dispatch.id)
        )
        return cls(
            id=row.id, contact_id=row.contact_id, state=row.state, state_since=row.state_since, locality=row.locality,
            address=row.address, postcode=row.postcode, scene_safety=row.scene_safety, concern=row.concern,
            call_back=masked(row.call_back), needed_by=row.needed_by, fallback=row.fallback,
            requested_by=_name(db, row.requested_by) or "", requested_at=row.requested_at, closed_at=row.closed_at,
            reason=row.reason, revision=row.revision, first_999=first_999(db, row), has_hazards=bool(row.hazards),
            hazards=row.hazards if whole else None, adjustments=list(row.adjustments or ()),
            position=row.position, grid_reference=grid_of(row.position), who_is_there=row.who_is_there,
            tell_person=row.tell_person, police_test=row.police_test, visit=row.visit, visit_words=row.visit_words,
            dispatches=[DispatchAnswer.of(each) for each in sent.unique()],
        )  # fmt: skip


class DutyAnswer(Struct, kw_only=True):
    """A period in which a car works: as planned, and when it began and ended, if it did."""

    id: str
    call_sign: str
    starts_at: datetime
    ends_at: datetime
    crew: list[str]
    began_at: datetime | None
    ended_at: datetime | None
    hand_over: str | None

    @classmethod
    def of(cls, row: Duty) -> "DutyAnswer":
        return cls(
            id=row.id, call_sign=row.call_sign, starts_at=row.starts_at, ends_at=row.ends_at, crew=list(row.crew),
            began_at=row.began_at, ended_at=row.ended_at, hand_over=row.hand_over,
        )  # fmt: skip


class UnitAnswer(Struct):
    """A response car, who is on board, where it stands, and the job it has, where that is within reach."""

    call_sign: str
    locality: str
    crew: list[str]
    state: str
    reason: str | None
    since: datetime
    dispatch: DispatchAnswer | None

    @classmethod
    def of(cls, db: Session, row: Unit, walls: Walls) -> "UnitAnswer":
        job = db.scalar(select(Dispatch).where(Dispatch.call_sign == row.call_sign, Dispatch.state.in_(OPEN_DISPATCH)))
        doing = DispatchAnswer.of(job) if job and walls.incident(job.incident) else None
        return cls(row.call_sign, row.locality, duties.on_board(db, row), row.state, row.reason, row.since, doing)


class AttemptAnswer(Struct):
    """One attempt to keep a promise. `rang` is false when the carrier could not ring at all: it counts for nothing."""

    at: datetime
    by: str | None
    result: str
    rang: bool


class PromiseAnswer(Struct, kw_only=True):
    """Something owed by a time. `reachable` is false where the number was withheld: nobody can ring them."""

    id: str
    kind: str
    what: str
    contact_id: str
    incident_id: str | None
    reachable: bool
    due_at: datetime
    owner: str | None
    made_at: datetime
    attempts: list[AttemptAnswer]
    settled_at: datetime | None
    settled_how: str | None
    next_step: str  # ring, decide (a nurse), close (a supervisor), keep (what is no call-back), none (settled)
    decision: str | None
    legal_test: str | None
    decision_words: str | None
    decided_by: str | None

    @classmethod
    def of(cls, db: Session, row: Promise) -> "PromiseAnswer":
        db.flush()
        db.refresh(row, ["attempts"])
        return cls(
            id=row.id, kind=row.kind, what=row.what, contact_id=row.contact_id, incident_id=row.incident_id,
            reachable=row.reachable, due_at=row.due_at, owner=_name(db, row.owner_id), made_at=row.made_at,
            attempts=[AttemptAnswer(each.at, _name(db, each.by), each.result, each.rang) for each in row.attempts],
            settled_at=row.settled_at, settled_how=row.settled_how,
            next_step=ladder.next_step(row), decision=row.decision, legal_test=row.legal_test,
            decision_words=row.decision_words, decided_by=_name(db, row.decided_by),
        )  # fmt: skip


class FoundContact(Struct, kw_only=True):
    """A contact as a list shows it."""

    id: str
    channel: Channel
    started_at: datetime
    ended_at: datetime | None
    locality: str | None
    keyword: str | None
    masked_number: str
    state: str
    outcome: str | None

    @classmethod
    def of(cls, db: Session, row: Contact) -> "FoundContact":
        entry, last = contacts.entry_of(db, row.id), outcomes.latest(db, row.id)
        return cls(**_contact(row, entry), outcome=last.disposition if last else None)


class ContactAnswer(Struct, kw_only=True):
    """One interaction with the line, whole. `state` is the queue entry's, or `ringing` before there is one."""

    id: str
    channel: Channel
    started_at: datetime
    ended_at: datetime | None
    locality: str | None
    keyword: str | None
    masked_number: str
    state: str
    route: str
    band: int | None
    reason: str | None
    waiting_since: datetime | None
    connected_at: datetime | None
    ended_how: str | None
    nurse: str | None
    caller_role: str | None
    danger: bool
    cannot_talk: bool
    text_consent: bool | None
    opted_out: bool
    language: str | None  # of the line's own texts to them: the line's, or the one they chose; null: English
    outcomes: list[OutcomeAnswer]
    messages: list[MessageAnswer]
    incidents: list[IncidentAnswer]
    promises: list[PromiseAnswer]
    earlier: list[FoundContact]
    earlier_elsewhere: int  # earlier contacts of the same telephone behind another locality's wall
    telephone: str  # own, withheld, payphone, switchboard, shared or withheld_like: only "own" links contacts
    stays_anonymous: bool
    acting_for: str | None

    @classmethod
    def of(cls, db: Session, row: Contact, walls: Walls) -> "ContactAnswer":
        entry = contacts.entry_of(db, row.id)
        before = contacts.earlier(db, row)
        mine = [each for each in before if walls.contact(each)]
        owed = db.scalars(select(Promise).where(Promise.contact_id == row.id).order_by(Promise.due_at))
        return cls(
            **_contact(row, entry), route=row.route, band=entry.band if entry else None,
            reason="; ".join(entry.reasons) if entry else None, waiting_since=entry.arrived_at if entry else None,
            connected_at=entry.connected_at if entry else None, ended_how=entry.ended_how if entry else None,
            nurse=queue.nurse_name(db, entry) if entry else None, caller_role=row.caller_role, danger=row.danger,
            cannot_talk=row.cannot_talk, text_consent=row.text_consent, language=row.language,
            opted_out=row.opted_out or opt_outs.stopped(db, row.number),
            outcomes=[OutcomeAnswer.of(db, each) for each in outcomes.of(db, row.id)],
            messages=[MessageAnswer.of(db, each) for each in contacts.messages(db, row.id)],
            incidents=[IncidentAnswer.of(db, each) for each in contacts.incidents(db, row.id)],
            promises=[PromiseAnswer.of(db, each) for each in owed.all()],
            earlier=[FoundContact.of(db, each) for each in mine], earlier_elsewhere=len(before) - len(mine),
            telephone=same_person.telephone(db, row).kind, stays_anonymous=stays_anonymous(db, row.id),
            acting_for=walls.acts_for(row.locality),
        )  # fmt: skip


def _contact(row: Contact, entry: QueueEntry | None) -> dict[str, Any]:
    state = entry.state if entry else ("ringing" if row.ended_at is None else "ended")
    return {
        "id": row.id, "channel": row.channel, "started_at": row.started_at, "ended_at": row.ended_at,
        "locality": row.locality, "keyword": row.keyword, "masked_number": masked(row.number), "state": state,
    }  # fmt: skip


def held_by(db: Session, staff: Staff) -> list[ClaimAnswer]:
    """Whom this nurse holds now."""
    return [ClaimAnswer.of(entry) for entry in presence.all_held(db, staff.id)]


def _name(db: Session, staff_id: str | None) -> str | None:
    staff = db.get(Staff, staff_id) if staff_id else None
    return staff.name if staff else None

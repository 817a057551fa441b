"""The tables. Ids are opaque text; times are aware and UTC; states come from `triage.lifecycles`.

Rows say what is true now; `history` says how it came to be. What a person said or is called, and where they are, stands
only in sealed fields (`triage.sealing`): stored so that nobody without the keys can read them, masked on screens, and
never in logs, URLs, job payloads or metrics. `*_sealed` is what is stored, `*_index` a keyed hash to find a value by.
"""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import uuid4

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, MetaData, String, Text, inspect, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from triage.db import UtcDateTime
from triage.lifecycles import HELD, OPEN_DISPATCH
from triage.sealing import BlindIndex, Sealed, run_of, tail_of


def new_id() -> str:
    """A fresh opaque id: 32 hex digits, nothing of a person or a time in it."""
    return uuid4().hex


def _in(column: str, states: tuple[str, ...]) -> Any:
    return text(f"{column} IN ({', '.join(repr(state) for state in states)})")


LEG_UP = "state <> 'ended'"
"""A leg that is not over, as the index over those is made: SQLite takes the index for these very words."""

A_TEXT = "channel = 'text'"
"""A conversation by text, likewise."""

ON_ITS_WAY = "state IN ('sending', 'sent')"
"""A text whose end nobody has reported, likewise."""

WENT_ON = "went_on_as IS NOT NULL"
"""A contact that went on as another, likewise."""

AT_THE_CARRIER = "carrier_erased_at IS NULL"
"""A text whose copy at the carrier is not known to be erased, likewise."""

SealedText = Annotated[str, "sealed"]
KeyedHash = Annotated[str, "keyed hash"]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy
        datetime: UtcDateTime,
        str: String(64),
        list[str]: JSON,
        dict[str, Any]: JSON,
        SealedText: Text(),
        KeyedHash: String(32),
    }

    def __init__(self, **values: Any) -> None:
        """A new row. Its primary key is set first: what is sealed is sealed for its row."""
        keys = {column.name for column in inspect(type(self)).primary_key}
        for name in sorted(values, key=lambda name: name not in keys):
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no {name}")
            setattr(self, name, values[name])


# --- the service as its administrators declared it ------------------------------------------------------------------


class Service(Base):
    """Row 1: what `apply` loaded last. `config` holds numbers (deadlines, order), `wording` the spoken sentences.

    Row 2, if there is one, holds the outlines of the board's map in its `config` (triage.rules.outline).
    """

    __tablename__ = "service"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    config: Mapped[dict[str, Any]]
    wording: Mapped[dict[str, Any]]
    version: Mapped[int]
    applied_at: Mapped[datetime]


class Locality(Base):
    __tablename__ = "locality"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    overflow: Mapped[list[str]]
    hours: Mapped[list[str]] = mapped_column(default=list)  # spans as triage.opening reads them; none: always
    text_window_hours: Mapped[int] = mapped_column(Integer, default=0)  # how long a text goes on with an ended one
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class Line(Base):
    """A number people ring or text. `route` says who it is for: 111, direct, professional, crew or nurse."""

    __tablename__ = "line"
    number: Mapped[str] = mapped_column(primary_key=True)
    locality: Mapped[str | None] = mapped_column(ForeignKey("locality.code"))
    route: Mapped[str]
    language: Mapped[str | None]  # in which the line texts people by itself; None: English
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class Keyword(Base):
    """A word service users chose for their area. A retired one (`active` false) still reaches a nurse."""

    __tablename__ = "keyword"
    word: Mapped[str] = mapped_column(String(80), primary_key=True)
    locality: Mapped[str] = mapped_column(ForeignKey("locality.code"))
    sounds_like: Mapped[list[str]]
    agreed_by: Mapped[str] = mapped_column(String(200))
    agreed_on: Mapped[date]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class DirectoryEntry(Base):
    """A place or number near a person that may help."""

    __tablename__ = "directory_entry"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    locality: Mapped[str] = mapped_column(ForeignKey("locality.code"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    what: Mapped[str] = mapped_column(Text)
    phone: Mapped[str | None]
    hours: Mapped[str | None] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(Text)  # what a caller is texted, when not name, number and hours


class Staff(Base):
    __tablename__ = "staff"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    roles: Mapped[list[str]]
    localities: Mapped[list[str]]
    skills: Mapped[list[str]]
    phone_sealed: Mapped[SealedText | None]
    phone_index: Mapped[KeyedHash | None] = mapped_column(index=True)
    phone = Sealed[str | None]("phone_sealed", [BlindIndex("phone_index", "number")])
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class ApiToken(Base):
    """A bearer token. Only its SHA-256 is kept: it is 256 random bits, so no slow hash is needed.

    `scope` is read (nothing is changed) or write. Tokens made before there were limits have no `expires_at`.
    """

    __tablename__ = "api_token"
    digest: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    name: Mapped[str | None] = mapped_column(String(100))
    scope: Mapped[str] = mapped_column(default="write")
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class Unit(Base):
    """A response car, by call sign, and where it stands."""

    __tablename__ = "unit"
    call_sign: Mapped[str] = mapped_column(primary_key=True)
    locality: Mapped[str] = mapped_column(ForeignKey("locality.code"))
    phone_sealed: Mapped[SealedText | None]
    phone_index: Mapped[KeyedHash | None] = mapped_column(index=True)
    phone = Sealed[str]("phone_sealed", [BlindIndex("phone_index", "number")])
    crew: Mapped[list[str]]
    state: Mapped[str] = mapped_column(default="off_duty")
    reason: Mapped[str | None] = mapped_column(String(200))
    since: Mapped[datetime]
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    base_lat: Mapped[float | None]  # where it stands when it has no job, in degrees (WGS 84)
    base_lon: Mapped[float | None]
    phone_heard_at: Mapped[datetime | None]  # the crew last answered from this phone: that proves that it is theirs


# --- people and their contacts --------------------------------------------------------------------------------------


class Presence(Base):
    """Where a nurse stands. One row a nurse; missing means off."""

    __tablename__ = "presence"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    state: Mapped[str]
    via: Mapped[str]
    since: Mapped[datetime]
    reason: Mapped[str | None] = mapped_column(String(200))
    missed: Mapped[int] = mapped_column(Integer, default=0)
    texts_at_once: Mapped[int] = mapped_column(Integer, default=1)  # how many text conversations she takes at a time
    page_seen_at: Mapped[datetime | None]  # her page asked for news since she made herself ready; None: no page did


class Contact(Base):
    """One interaction with the line: a call, or a text conversation. Committed at its first webhook.

    `carrier_id` is the carrier's id of the first call or text; it makes the row once only. `call_id` is their call
    now: the
    same, until we rang them back. `place` and `turn`
    say how far the conversation has come; `last_reply` is the answer a repeated webhook gets again.
    """

    __tablename__ = "contact"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    channel: Mapped[str]  # call | text
    carrier_id: Mapped[str] = mapped_column(unique=True)
    number_sealed: Mapped[SealedText | None]
    number_index: Mapped[KeyedHash | None]
    number_tail: Mapped[KeyedHash | None] = mapped_column(index=True)
    number = Sealed[str | None](  # None when withheld
        "number_sealed",
        [
            BlindIndex("number_index", "number"), BlindIndex("number_tail", "tail", tail_of),
            BlindIndex("number_run", "run", run_of),
        ],
    )  # fmt: skip
    number_run: Mapped[KeyedHash | None]  # of the hundred numbers that this one lies in
    words_index: Mapped[KeyedHash | None]  # of the words of their first text (triage.floods)
    flood_id: Mapped[str | None] = mapped_column(index=True)  # a text_flood that they are merged in, or were
    line: Mapped[str | None]
    route: Mapped[str]
    locality: Mapped[str | None]
    keyword: Mapped[str | None] = mapped_column(String(80))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    place: Mapped[str] = mapped_column(String(200))  # may name two keywords
    turn: Mapped[int] = mapped_column(Integer, default=0)
    last_reply: Mapped[str | None] = mapped_column(Text)
    call_id: Mapped[str | None] = mapped_column(index=True)  # the person's call that is up now, or was last
    leg_ended: Mapped[bool] = mapped_column(Boolean, default=False)
    danger: Mapped[bool] = mapped_column(Boolean, default=False)
    cannot_talk: Mapped[bool] = mapped_column(Boolean, default=False)
    caller_role: Mapped[str | None]  # person | carer | professional
    text_consent: Mapped[bool | None]
    opted_out: Mapped[bool] = mapped_column(Boolean, default=False)
    language: Mapped[str | None]  # of our automatic texts: the line's, or the one they chose; None: nobody said
    ask_after: Mapped[bool | None]  # whether they may be asked one question by text once it is over
    failed_safe_at: Mapped[datetime | None]  # when our line failed them, and they heard the constant words
    went_on_as: Mapped[str | None]  # the contact into which this one went on: one person, one wait

    __table_args__ = (
        Index("ix_contact_number_index_started", "number_index", "started_at"),
        Index("ix_contact_started", "started_at"),
        Index(
            "ix_contact_went_on_as", "went_on_as",
            postgresql_where=text(WENT_ON), sqlite_where=text(WENT_ON),
        ),
        Index(
            "ix_contact_number_run", "number_run", "started_at",
            postgresql_where=text(A_TEXT), sqlite_where=text(A_TEXT),
        ),
        # One open conversation a number and line: two first texts at once still make one.
        Index(
            "uq_contact_open_text", "number_index", "line", unique=True,
            postgresql_where=text("channel = 'text' AND ended_at IS NULL AND number_index IS NOT NULL"),
            sqlite_where=text("channel = 'text' AND ended_at IS NULL AND number_index IS NOT NULL"),
        ),
    )  # fmt: skip


class QueueEntry(Base):
    """One wait for a nurse. The claim is `nurse_id`, `token` and `lease_until` together.

    `arrived_at` is the original arrival and never moves back in the queue. `token` goes up with every claim: whoever
    holds an older one can change nothing. `lane` is the locality's code, or "" where nobody knows it yet.

    `slot` is 0 for a call; each of the text conversations a nurse has at once takes one, below the number she set.
    `read_at` is when she last looked at the conversation. While `hand_to_id` is set, that colleague is asked to take
    it; `hand_note`, by `hand_from_id`, stays for whoever took it.
    """

    __tablename__ = "queue_entry"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), unique=True)
    state: Mapped[str] = mapped_column(default="waiting")
    lane: Mapped[str]
    band: Mapped[int]
    reasons: Mapped[list[str]]
    arrived_at: Mapped[datetime]
    climbed_at: Mapped[datetime]
    token: Mapped[int] = mapped_column(Integer, default=0)
    nurse_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    slot: Mapped[int] = mapped_column(Integer, default=0)
    read_at: Mapped[datetime | None]
    hand_to_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    hand_from_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    hand_note_sealed: Mapped[SealedText | None]
    hand_note = Sealed[str | None]("hand_note_sealed")
    handed_at: Mapped[datetime | None]
    room: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    call_back: Mapped[bool] = mapped_column(Boolean, default=False)
    connected_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_how: Mapped[str | None]

    contact: Mapped[Contact] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (
        Index(
            "ix_queue_entry_waiting", "lane", "band", "arrived_at", "id",
            postgresql_where=text("state = 'waiting'"), sqlite_where=text("state = 'waiting'"),
        ),
        # What people of a lane really waited lately.
        Index("ix_queue_entry_connected", "lane", "connected_at"),
        Index(
            "ix_queue_entry_merged", "contact_id",
            postgresql_where=text("state = 'merged'"), sqlite_where=text("state = 'merged'"),
        ),
        Index(
            "uq_queue_entry_nurse_slot", "nurse_id", "slot", unique=True,
            postgresql_where=_in("state", HELD), sqlite_where=_in("state", HELD),
        ),
    )  # fmt: skip


class Leg(Base):
    """A call we place: to a nurse, back to a caller, to a crew, or to a person who must know. Committed before the
    carrier is asked. `token` is the claim it was placed for, or for a crew the step of its job (`DispatchStep.id`).
    """

    __tablename__ = "leg"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    purpose: Mapped[str]  # nurse | alert | call_back | person | crew_offer | crew_reach | nurse_reach
    to_sealed: Mapped[SealedText | None]
    to_index: Mapped[KeyedHash | None] = mapped_column(index=True)
    to = Sealed[str]("to_sealed", [BlindIndex("to_index", "number")])
    from_number: Mapped[str]
    entry_id: Mapped[str | None] = mapped_column(ForeignKey("queue_entry.id"), index=True)
    token: Mapped[int] = mapped_column(Integer, default=0)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    promise_id: Mapped[str | None] = mapped_column(ForeignKey("promise.id"))
    state: Mapped[str] = mapped_column(default="placing")  # placing | ringing | answered | joined | ended
    carrier_id: Mapped[str | None] = mapped_column(index=True)
    outcome: Mapped[str | None]
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_leg_up", "made_at", postgresql_where=text(LEG_UP), sqlite_where=text(LEG_UP)),
    )  # fmt: skip


class Outcome(Base):
    """What a nurse decided. Added, never overwritten; the newest is the one that holds."""

    __tablename__ = "outcome"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    urgency: Mapped[str | None] = mapped_column(String(1))
    scale_version: Mapped[str]
    disposition: Mapped[str]
    group: Mapped[str]
    mhsds_code: Mapped[str]
    needed_by: Mapped[datetime | None]
    who_sealed: Mapped[SealedText | None]
    who = Sealed[str | None]("who_sealed")
    notes_sealed: Mapped[SealedText | None]
    notes = Sealed[str | None]("notes_sealed")
    agreed_sealed: Mapped[SealedText | None]
    agreed = Sealed[str | None]("agreed_sealed")
    next_steps_sealed: Mapped[SealedText | None]
    next_steps = Sealed[str | None]("next_steps_sealed")
    themes: Mapped[list[str]]
    caller_role: Mapped[str | None]
    text_consent: Mapped[bool | None]
    recorded_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime]


class Draft(Base):
    """What a nurse has half written for a contact, saved as she types: parts as `triage.drafts` names them."""

    __tablename__ = "draft"
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    fields_sealed: Mapped[SealedText | None]
    fields = Sealed[dict[str, Any]]("fields_sealed", as_json=True)
    saved_at: Mapped[datetime]


class Message(Base):
    """A text, either way. Outbound ones are committed before they are sent; `id` travels in their status callback."""

    __tablename__ = "message"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contact.id"), index=True)
    dispatch_id: Mapped[str | None] = mapped_column(ForeignKey("dispatch.id"), index=True)
    direction: Mapped[str]  # in | out
    number_sealed: Mapped[SealedText | None]
    number_index: Mapped[KeyedHash | None] = mapped_column(index=True)
    number = Sealed[str]("number_sealed", [BlindIndex("number_index", "number")])
    line: Mapped[str]
    body_sealed: Mapped[SealedText | None]
    body = Sealed[str]("body_sealed")
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    trouble_sealed: Mapped[SealedText | None]
    trouble = Sealed[str | None]("trouble_sealed")  # on a crew's own text: what we replied, which names the place
    carrier_id: Mapped[str | None] = mapped_column(unique=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    made_at: Mapped[datetime]
    media_sealed: Mapped[SealedText | None]
    media = Sealed[list[dict[str, str]] | None]("media_sealed", as_json=True)  # as `triage.media` reads it
    carrier_erased_at: Mapped[datetime | None]  # the carrier's copy, not ours
    erase_again_at: Mapped[datetime | None]
    erase_tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")

    __table_args__ = (
        Index(
            "ix_message_on_its_way", "made_at", postgresql_where=text(ON_ITS_WAY), sqlite_where=text(ON_ITS_WAY),
        ),
        Index(
            "ix_message_kept_by_the_carrier", "made_at", postgresql_where=text(AT_THE_CARRIER),
            sqlite_where=text(AT_THE_CARRIER),
        ),
    )  # fmt: skip


# --- the car ----------------------------------------------------------------------------------------------------------


class Incident(Base):
    """A need for the response car. Committed together with the outcome that asked for it.

    `revision` goes up with every change of what the crew was told.
    """

    __tablename__ = "incident"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    outcome_id: Mapped[str] = mapped_column(ForeignKey("outcome.id"))
    locality: Mapped[str | None]
    address_sealed: Mapped[SealedText | None]
    address = Sealed[str | None]("address_sealed")
    postcode_sealed: Mapped[SealedText | None]
    postcode = Sealed[str | None]("postcode_sealed")
    scene_safety: Mapped[str]  # safe | unsafe | unknown
    concern_sealed: Mapped[SealedText | None]
    concern = Sealed[str | None]("concern_sealed")
    call_back_sealed: Mapped[SealedText | None]
    call_back = Sealed[str | None]("call_back_sealed")
    hazards_sealed: Mapped[SealedText | None]
    hazards = Sealed[str | None]("hazards_sealed")
    adjustments: Mapped[list[str]] = mapped_column(default=list)
    position_sealed: Mapped[SealedText | None]
    position = Sealed[str | None]("position_sealed")  # "latitude,longitude" in degrees (triage.places)
    who_is_there_sealed: Mapped[SealedText | None]
    who_is_there = Sealed[str | None]("who_is_there_sealed")
    tell_person: Mapped[bool] = mapped_column(Boolean, default=False)  # they want a text as the car comes
    police_test: Mapped[str | None]  # police are wanted, and by which legal test (triage.ladder.LEGAL_TESTS)
    revision: Mapped[int] = mapped_column(Integer, default=1)
    visit: Mapped[str | None]  # what came of it (triage.visits)
    visit_words_sealed: Mapped[SealedText | None]
    visit_words = Sealed[str | None]("visit_words_sealed")
    needed_by: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="requested")
    state_since: Mapped[datetime]
    fallback: Mapped[str | None] = mapped_column(Text)
    requested_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    requested_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    reason_sealed: Mapped[SealedText | None]
    reason = Sealed[str | None]("reason_sealed")

    dispatches: Mapped[list["Dispatch"]] = relationship(back_populates="incident", order_by="Dispatch.offered_at")

    @property
    def where(self) -> str:
        """The place in one line, by the best that was said of it: address, else postcode, else position."""
        return self.address or self.postcode or (self.position or "").replace(",", ", ")

    __table_args__ = (Index("ix_incident_state_requested", "state", "requested_at"),)


class Dispatch(Base):
    """One assignment of a unit to an incident. At most one is open per incident, and per unit.

    `tag` is the two digits a crew puts before its reply. `due_at` is when the present state becomes too old: for an
    offer, when the next unit is asked; for a stand-down, when the crew should have confirmed it. `revision_read` is the
    newest revision of the incident that the crew has read; `checks_asked` counts the welfare checks it left unanswered.
    """

    __tablename__ = "dispatch"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    call_sign: Mapped[str] = mapped_column(ForeignKey("unit.call_sign"))
    tag: Mapped[str] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(default="offered")
    state_since: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    offered_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    revision_read: Mapped[int] = mapped_column(Integer, default=0)
    revision_told_at: Mapped[datetime | None]
    stand_down_read_at: Mapped[datetime | None]
    link_hash: Mapped[str | None] = mapped_column(index=True)  # of the link in the offer (triage.crew_links)
    crew_rung_at: Mapped[datetime | None]  # the offer was also rung through
    arrive_at: Mapped[datetime | None]  # when the car should be there, as reckoned when it moved
    person_told: Mapped[str | None]  # what the person was last texted about this car: accepted | near
    link_phone: Mapped[str | None]  # hash of the phone that opened it
    checks_asked: Mapped[int] = mapped_column(Integer, default=0)
    note_sealed: Mapped[SealedText | None]
    note = Sealed[str | None]("note_sealed")

    incident: Mapped[Incident] = relationship(back_populates="dispatches", lazy="joined", innerjoin=True)

    __table_args__ = (
        Index(
            "uq_dispatch_open_incident", "incident_id", unique=True,
            postgresql_where=_in("state", OPEN_DISPATCH), sqlite_where=_in("state", OPEN_DISPATCH),
        ),
        Index(
            "uq_dispatch_open_unit", "call_sign", unique=True,
            postgresql_where=_in("state", OPEN_DISPATCH), sqlite_where=_in("state", OPEN_DISPATCH),
        ),
    )  # fmt: skip


class Promise(Base):
    """Something owed to somebody by a time: a call-back, a hand-over, a decision only a person can make.

    `reachable` is false for a caller whose number was withheld: shown, never forgotten, though nobody can ring them.
    """

    __tablename__ = "promise"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]  # call_back | hand_over | welfare_check | crew_silent | state_too_long | no_unit | held
    what_sealed: Mapped[SealedText | None]
    what = Sealed[str]("what_sealed")
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("incident.id"), index=True)
    reachable: Mapped[bool] = mapped_column(Boolean, default=True)
    due_at: Mapped[datetime]
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    made_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_how_sealed: Mapped[SealedText | None]
    settled_how = Sealed[str | None]("settled_how_sealed")
    lost_at: Mapped[datetime | None]  # when they were lost again: attempts before that do not count
    decision: Mapped[str | None]  # once they could not be reached: next_of_kin | car | police | leave
    legal_test: Mapped[str | None]  # for police: which test is met
    decided_by: Mapped[str | None]  # a nurse's id
    decided_at: Mapped[datetime | None]
    decision_words_sealed: Mapped[SealedText | None]
    decision_words = Sealed[str | None]("decision_words_sealed")

    contact: Mapped["Contact"] = relationship(viewonly=True)
    attempts: Mapped[list["PromiseAttempt"]] = relationship(order_by="PromiseAttempt.at")

    __table_args__ = (
        Index(
            "ix_promise_owed", "due_at",
            postgresql_where=text("settled_at IS NULL"), sqlite_where=text("settled_at IS NULL"),
        ),
    )  # fmt: skip


class PromiseAttempt(Base):
    __tablename__ = "promise_attempt"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    promise_id: Mapped[str] = mapped_column(ForeignKey("promise.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    result_sealed: Mapped[SealedText | None]
    result = Sealed[str]("result_sealed")
    rang: Mapped[bool] = mapped_column(Boolean, default=True)  # false: the carrier could not ring


# --- what happened, and what must happen ------------------------------------------------------------------------------


class History(Base):
    """One thing that happened, in order. Never changed: the database refuses that. `detail` holds ids, codes and times.

    Pages take their version from this table: what changes without a row here does not show until something else does.
    """

    __tablename__ = "history"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    what: Mapped[str]
    actor: Mapped[str]  # a staff id, or caller, texter, crew, carrier, clock, operator
    contact_id: Mapped[str | None] = mapped_column(index=True)
    incident_id: Mapped[str | None] = mapped_column(index=True)
    detail: Mapped[dict[str, Any]]


class HistoryLink(Base):
    """A line of history in the chain: `digest` covers that line and the link before it. Never changed."""

    __tablename__ = "history_link"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    history_id: Mapped[int] = mapped_column(ForeignKey("history.id"), unique=True)
    digest: Mapped[str]


class HistoryHead(Base):
    """One row: where the chain ends. Whoever links locks it. Below `linked_below` every line of history is linked."""

    __tablename__ = "history_head"
    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int]
    digest: Mapped[str]
    linked_below: Mapped[int]


class Outbox(Base):
    """Work promised by a committed transaction. RQ hurries it; the clock finds what was missed."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    queue: Mapped[str]  # dispatch | line
    job: Mapped[str]
    args: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    enqueued_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    lease_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    trouble: Mapped[str | None] = mapped_column(String(300))

    __table_args__ = (
        Index(
            "ix_outbox_open", "due_at",
            postgresql_where=text("done_at IS NULL"), sqlite_where=text("done_at IS NULL"),
        ),
    )  # fmt: skip

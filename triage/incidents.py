"""Incidents: somebody must go there. Asking for the car, standing it down, and what the board shows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from triage import destinations, dispatch, history, outcomes, promises, rules, whereabouts
from triage.contacts import NotFound
from triage.ladder import LEGAL_TESTS
from triage.lifecycles import INCIDENT, OPEN_INCIDENT, move
from triage.models import Contact, Incident, Outcome, Staff
from triage.places import BadPlace

SCENE_SAFETY = ("safe", "unsafe", "unknown")
ADJUSTMENTS = (
    "British Sign Language", "Interpreter", "Plain clothes", "Dislikes uniforms", "Carer to be present",
    "Quiet approach, no siren",
)  # fmt: skip
CHECKED = ("address", "scene_safety", "call_back", "adjustments", "police_test")
ABOUT_A_CREW = ("no_unit", "welfare_check", "crew_silent", "update_unread", "state_too_long")
NINES_FIRST = "Urgency A: ring 999 first. The car goes as well, never instead."
WHERE = "Say where the car must go: an address, or a place a crew can find."
SHOWN_AFTER_END = timedelta(hours=12)


class _End(NamedTuple):
    """A way in which somebody ends an incident."""

    action: str
    state: str
    history: str
    settles: str


STOOD_DOWN = _End("stand_down", "stood_down", "incident_stood_down", "Stood down")
ESCALATED = _End("escalate", "escalated_999", "escalated_999", "Passed to 999")


class BadIncident(Exception):
    """Something in the request for a car is not possible. `field` names it; `str()` says what to do."""

    def __init__(self, field: str, sentence: str):
        super().__init__(sentence)
        self.field = field


def ask_for_car(
    db: Session, contact: Contact, staff: Staff, *, address: str | None, now: datetime, postcode: str | None = None,
    scene_safety: str = "unknown", concern: str | None = None, call_back: str | None = None,
    needed_by: datetime | None = None, outcome: Outcome | None = None, hazards: str | None = None,
    adjustments: Sequence[str] = (), police_test: str | None = None, position: str | None = None,
    who_is_there: str | None = None, tell_person: bool = False,
) -> Incident:  # fmt: skip
    """Record that the car must go, offer it to a unit and leave word to text its crew: all in the caller's transaction.

    The outcome that says so is `outcome`, the contact's latest if it asks for the car already, or a new one with the
    urgency stated last. While the contact's incident is open, asking again returns that one, also when two ask at the
    same moment. With no unit on duty the incident says so at once and names the fallback, and a person is rung; asking
    again then looks for a unit once more. An address, a postcode or a `position` (as somebody types it: triage.places)
    says where; `tell_person`: they agreed to be texted as the car comes. Raises BadIncident.
    """
    check(
        db, address=address if address is not None else "-", scene_safety=scene_safety, call_back=call_back,
        adjustments=adjustments, police_test=police_test,
    )  # fmt: skip
    position = read_position(db, position)
    if not (address or postcode or position):
        raise BadIncident("address", WHERE)
    under = destinations.policy(db)
    db.execute(select(Contact.id).where(Contact.id == contact.id).with_for_update())  # two requests are one car
    running = select(Incident).where(Incident.contact_id == contact.id, Incident.state.in_((*OPEN_INCIDENT, "no_unit")))
    if incident := db.scalar(running):
        if incident.state == "no_unit":
            dispatch.offer_next(db, incident, actor=staff.id, now=now)
        return incident
    outcome = outcome or _outcome_asking_for_car(db, contact, staff, needed_by, now)
    incident = Incident(
        contact_id=contact.id, outcome_id=outcome.id, locality=contact.locality,
        address=address.strip() if address else None, postcode=postcode, position=position,
        scene_safety=scene_safety, concern=concern,
        call_back=call_back or _not_costly(contact.number, under), needed_by=needed_by or outcome.needed_by,
        state="requested", state_since=now, fallback=None,
        requested_by=staff.id, requested_at=now, closed_at=None, reason=None, hazards=hazards,
        adjustments=list(adjustments), police_test=police_test, visit=None, visit_words=None, dispatches=[],
        who_is_there=who_is_there, tell_person=tell_person,
    )  # fmt: skip
    db.add(incident)
    db.flush()
    history.record(db, "car_asked", actor=staff.id, now=now, contact_id=contact.id, incident_id=incident.id)
    if outcome.urgency == "A":
        history.record(db, "said_999_first", actor=staff.id, now=now, contact_id=contact.id, incident_id=incident.id)
    dispatch.offer_next(db, incident, actor=staff.id, now=now)
    return incident


def check(
    db: Session, *, address: str | None = "-", scene_safety: str | None = "unknown", call_back: str | None = None,
    adjustments: Sequence[str] | None = (), police_test: str | None = None,
) -> None:  # fmt: skip
    """Whether these may stand in a request for the car. Raises BadIncident."""
    if not (address or "").strip():
        raise BadIncident("address", WHERE)
    if scene_safety not in SCENE_SAFETY:
        raise BadIncident("scene_safety", "Say safe, unsafe or unknown.")
    if police_test is not None and police_test not in LEGAL_TESTS:
        raise BadIncident("police_test", f"Police are asked for when a test is met: {', '.join(LEGAL_TESTS)}.")
    if unknown := [one for one in adjustments or () if one not in ADJUSTMENTS]:
        raise BadIncident(
            "adjustments", f"{unknown[0]!r} is none of: {', '.join(ADJUSTMENTS)}. Say it in words to the crew."
        )
    _crew_may_ring(call_back, destinations.policy(db))


def read_position(db: Session, typed: str | None) -> str | None:
    """What is kept of a position as somebody typed it. Raises BadIncident."""
    try:
        return whereabouts.read(db, typed)
    except BadPlace as no:
        raise BadIncident("position", str(no)) from None


def _crew_may_ring(number: str | None, under: destinations.Policy) -> None:
    """A nurse's words on how to ring the person are taken as written, but a number must be one that may be rung."""
    try:
        destinations.check(number, under)
    except destinations.Refused as no:
        if number and no.kind != "no number":
            raise BadIncident("call_back", f"The crew cannot be given this to ring: {no.why}. Leave it out.") from None


def _not_costly(number: str | None, under: destinations.Policy) -> str | None:
    """The number they came by, unless nobody should ring it: a caller chooses what number is shown."""
    try:
        destinations.check(number, under, trusted=True)
    except destinations.Refused:
        return None
    return number


def _outcome_asking_for_car(
    db: Session, contact: Contact, staff: Staff, needed_by: datetime | None, now: datetime
) -> Outcome:
    last = outcomes.latest(db, contact.id)
    if last and last.disposition == "response_car":
        return last
    return outcomes.record(
        db,
        contact,
        staff,
        now=now,
        urgency=last.urgency if last else None,
        disposition="response_car",
        needed_by=needed_by,
    )


def get(db: Session, incident_id: str) -> Incident:
    """The incident, to be changed: locked until the transaction ends. Raises NotFound."""
    incident = dispatch.lock(db, incident_id)
    if incident is None:
        raise NotFound("No incident has this id.")
    return incident


def on_board(db: Session, now: datetime, limit: int = 200) -> Sequence[Incident]:
    """Open incidents, and those nobody was free for, needed soonest first; then what ended within SHOWN_AFTER_END, the
    last to end in front.
    """
    shown = or_(
        Incident.state.in_((*OPEN_INCIDENT, "no_unit")),
        Incident.closed_at > now - SHOWN_AFTER_END,
    )
    rows = db.scalars(select(Incident).where(shown).order_by(Incident.requested_at).limit(limit)).all()
    far = now + timedelta(days=3650)
    open_ones = [row for row in rows if row.closed_at is None]
    ended = [row for row in rows if row.closed_at is not None]
    return [
        *sorted(open_ones, key=lambda row: (row.needed_by or far, row.requested_at)),
        *sorted(ended, key=lambda row: row.closed_at or far, reverse=True),
    ]


def stand_down(db: Session, incident: Incident, reason: str, staff: Staff, *, now: datetime) -> Incident:
    """The car is not needed. The crew is told. Repeating it is harmless. Raises IllegalMove, BadIncident."""
    why_asked = "Say why the car is stood down: the crew and the record need it."
    return _end(db, incident, STOOD_DOWN, reason, why_asked, staff, now)


def escalate(db: Session, incident: Incident, reason: str, staff: Staff, *, now: datetime) -> Incident:
    """999 has it now: an ambulance, the police or the fire service was asked instead. A crew that was going is stood
    down. Repeating it is harmless. Raises IllegalMove, BadIncident.
    """
    why_asked = "Say what was passed to 999 and why: the record needs it."
    return _end(db, incident, ESCALATED, reason, why_asked, staff, now)


def _end(
    db: Session, incident: Incident, how: _End, reason: str, why_asked: str, staff: Staff, now: datetime
) -> Incident:
    if incident.state == how.state:
        return incident
    if not reason.strip():
        raise BadIncident("reason", why_asked)
    running = dispatch.open_of(db, incident)
    incident.state = move(INCIDENT, incident.state, how.action, what="This incident")
    incident.state_since = incident.closed_at = now
    incident.reason = reason.strip()
    history.record(db, how.history, actor=staff.id, now=now, contact_id=incident.contact_id, incident_id=incident.id)
    promises.settle_incident(db, incident.id, ABOUT_A_CREW, how.settles, actor=staff.id, now=now)
    if running:
        dispatch.withdraw(db, running, actor=staff.id, now=now)
    return incident


def first_999(db: Session, incident: Incident) -> str | None:
    """What must be said with this request before anything else: urgency A is never a car alone."""
    urgency = db.scalar(select(Outcome.urgency).where(Outcome.id == incident.outcome_id))
    return NINES_FIRST if urgency == "A" and incident.closed_at is None else None


def fallback_sentence(db: Session) -> str:
    """Who to turn to when no car can come, as the administrators wrote it."""
    return rules.current(db).no_car_fallback

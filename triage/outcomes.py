"""Triage outcomes: what a nurse decided, by when it is needed and by whom. Added, never overwritten.

The urgency scale is ours in wording; its letters and times follow the UK Mental Health Triage Scale as summarised in
domain.md 2.5. It says how soon and by whom somebody should be seen; it predicts nothing about a person (NHS England
2025, NICE NG225). Dispositions roll up to the four national groups (domain.md 1.2) and the drop-in contact codes of
MHSDS table MHS302 (2.3).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import drafts, history
from triage.models import Contact, Outcome, Staff

SCALE_VERSION: Final = "2026-1"


class Urgency(NamedTuple):
    label: str
    within: timedelta | None
    who: str


URGENCIES: Final[dict[str, Urgency]] = {
    "A": Urgency("Harm is happening now", timedelta(0), "999: ambulance, police or fire"),
    "B": Urgency("Seen within 4 hours", timedelta(hours=4), "Crisis or liaison team, response car, or A&E"),
    "C": Urgency("Seen within 24 hours", timedelta(hours=24), "Crisis, liaison or community team"),
    "D": Urgency("Seen within 72 hours", timedelta(hours=72), "Community team"),
    "E": Urgency("Seen within 4 weeks", timedelta(weeks=4), "Community team or outpatients"),
    "F": Urgency("Another service is the right one", None, "GP, voluntary sector or social care"),
    "G": Urgency("Advice or information", None, "The nurse, on this contact"),
}


class Disposition(NamedTuple):
    label: str
    group: str  # home | primary_care | ambulance | a_and_e | lost
    mhsds: str


DISPOSITIONS: Final[dict[str, Disposition]] = {
    "home_management": Disposition("Managed on this contact, at home", "home", "02"),
    "signposted": Disposition("Voluntary or community help, named", "home", "03"),
    "safe_haven": Disposition("Safe haven or crisis space", "home", "03"),
    "known_team": Disposition("Handed to the team that knows them", "home", "04"),
    "community_team": Disposition("Community mental-health team", "home", "04"),
    "primary_care": Disposition("GP or primary care", "primary_care", "04"),
    "crisis_team": Disposition("Crisis team to see them", "home", "05"),
    "response_car": Disposition("Response car to go to them", "home", "05"),
    "a_and_e": Disposition("Advised to go to A&E", "a_and_e", "05"),
    "ambulance_999": Disposition("999 ambulance", "ambulance", "06"),
    "police_999": Disposition("999 police", "home", "06"),
    "person_left": Disposition("The person left before we finished", "lost", "01"),
    "other": Disposition("Something else, described in the notes", "home", "98"),
}

THEMES: Final = (
    "anxiety", "low mood", "psychosis", "self-harm", "suicidal thoughts", "alcohol or drugs", "relationships",
    "bereavement", "housing", "money", "work or school", "loneliness", "physical health", "carer strain", "abuse",
)  # fmt: skip
ROLES: Final = ("person", "carer", "professional")


class BadOutcome(Exception):
    """Something in the outcome is not possible. `field` names it; `str()` says what to do."""

    def __init__(self, field: str, sentence: str):
        super().__init__(sentence)
        self.field = field


def record(
    db: Session, contact: Contact, staff: Staff, *, now: datetime, urgency: str | None, disposition: str,
    notes: str = "", agreed: str = "", next_steps: str = "", themes: Sequence[str] = (), who: str | None = None,
    needed_by: datetime | None = None, caller_role: str | None = None, text_consent: bool | None = None,
    ask_after: bool | None = None,
) -> Outcome:  # fmt: skip
    """Add what the nurse decided. The same decision sent twice running is one outcome; another time or team is not it.

    `needed_by` defaults to the scale's time from now; `who` to the scale's. `ask_after`: whether they may be asked one
    question by text once it is over; kept with the contact, None leaves what was said before. Raises BadOutcome.
    """
    if disposition not in DISPOSITIONS:
        raise BadOutcome("disposition", f"Choose one of: {', '.join(DISPOSITIONS)}.")
    if urgency is not None and urgency not in URGENCIES:
        raise BadOutcome("urgency", "Choose a letter from A to G.")
    if caller_role is not None and caller_role not in ROLES:
        raise BadOutcome("caller_role", f"Choose one of: {', '.join(ROLES)}.")
    if ask_after is not None and ask_after != contact.ask_after:
        contact.ask_after = ask_after
        kind = "may_be_asked_after" if ask_after else "not_asked_after"
        history.record(db, kind, actor=staff.id, now=now, contact_id=contact.id)
    scale = URGENCIES[urgency] if urgency else None
    chosen = DISPOSITIONS[disposition]
    said: dict[str, Any] = {
        "urgency": urgency, "disposition": disposition, "notes": notes or None, "agreed": agreed or None,
        "next_steps": next_steps or None, "themes": list(themes), "caller_role": caller_role,
        "text_consent": text_consent,
    }  # fmt: skip
    if needed_by is not None:
        said["needed_by"] = needed_by
    if who:
        said["who"] = who
    last = latest(db, contact.id)
    if last and last.recorded_by == staff.id and all(getattr(last, field) == value for field, value in said.items()):
        drafts.clear(db, contact.id, staff, drafts.OUTCOME)
        return last
    if scale and scale.within is not None:
        said.setdefault("needed_by", now + scale.within)
    if scale:
        said.setdefault("who", scale.who)
    outcome = Outcome(
        **{"needed_by": None, "who": None, **said}, contact_id=contact.id, scale_version=SCALE_VERSION,
        group=chosen.group, mhsds_code=chosen.mhsds, recorded_by=staff.id, recorded_at=now,
    )  # fmt: skip
    db.add(outcome)
    db.flush()
    if caller_role:
        contact.caller_role = caller_role
    if text_consent is not None:
        contact.text_consent = text_consent
    drafts.clear(db, contact.id, staff, drafts.OUTCOME)
    history.record(
        db, "outcome", actor=staff.id, now=now, contact_id=contact.id, outcome_id=outcome.id,
        urgency=urgency, disposition=disposition, scale=SCALE_VERSION,
    )  # fmt: skip
    return outcome


def latest(db: Session, contact_id: str) -> Outcome | None:
    """The outcome that holds now."""
    return db.scalar(
        select(Outcome)
        .where(Outcome.contact_id == contact_id)
        .order_by(Outcome.recorded_at.desc(), Outcome.id)
        .limit(1)
    )


def of(db: Session, contact_id: str) -> Sequence[Outcome]:
    """Every outcome of a contact, oldest first."""
    return db.scalars(select(Outcome).where(Outcome.contact_id == contact_id).order_by(Outcome.recorded_at)).all()

"""What a nurse has half written for a contact: the outcome, a text, the request for the car. Nobody acts on a draft.

It is hers alone while she writes; what she left unrecorded is shown on the contact's record, so that the next nurse
does not start from nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.models import Draft, Staff

OUTCOME: Final = "outcome"
CAR: Final = "car"
TEXT: Final = "text"
_WORDS: Final = ("notes", "agreed", "next_steps")


def save(db: Session, contact_id: str, staff: Staff, parts: dict[str, Any], *, now: datetime) -> None:
    """Keep these parts as they stand now; other parts stay as they were."""
    draft = of(db, contact_id, staff)
    if draft is None and not parts:
        return
    if draft is None:
        draft = Draft(contact_id=contact_id, staff_id=staff.id, fields={})
        db.add(draft)
    draft.fields, draft.saved_at = {**draft.fields, **parts}, now


def of(db: Session, contact_id: str, staff: Staff) -> Draft | None:
    """Her draft for this contact, if any."""
    return db.get(Draft, (contact_id, staff.id))


def clear(db: Session, contact_id: str, staff: Staff, part: str) -> None:
    """This part is done: recorded, sent or asked for."""
    draft = of(db, contact_id, staff)
    if draft is None:
        return
    draft.fields = {name: value for name, value in draft.fields.items() if name != part}
    if not any(draft.fields.values()):
        db.delete(draft)


def unrecorded(db: Session, contact_id: str) -> Sequence[tuple[Draft, list[str]]]:
    """What nurses wrote for an outcome of this contact and have not recorded, oldest first, each with its words."""
    drafts = db.scalars(select(Draft).where(Draft.contact_id == contact_id).order_by(Draft.saved_at))
    written = [(draft, draft.fields.get(OUTCOME) or {}) for draft in drafts]
    words = [(draft, [str(fields[name]) for name in _WORDS if fields.get(name)]) for draft, fields in written]
    return [(draft, said) for draft, said in words if said]

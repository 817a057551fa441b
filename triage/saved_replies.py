"""Words that are ready for a text, which a nurse changes before she sends it: replies, and help near the person."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import rules
from triage.models import Contact, DirectoryEntry


class Ready(NamedTuple):
    """One of them: `code` names it in a form, `name` is what she chooses by, `words` go into the text."""

    code: str
    name: str
    words: str


def of_service(db: Session) -> list[Ready]:
    """The replies the administrators wrote (`[[reply]]`), in their order."""
    return [Ready(f"reply-{at}", name, words) for at, (name, words) in enumerate(rules.current(db).replies)]


def help_near(db: Session, contact: Contact) -> list[Ready]:
    """Local help of the person's place, by name; none while their place is not known."""
    near = select(DirectoryEntry).where(DirectoryEntry.locality == contact.locality)
    rows = db.scalars(near.order_by(DirectoryEntry.name, DirectoryEntry.id))
    return [Ready(f"help-{row.id}", row.name, about(row)) for row in rows]


def about(entry: DirectoryEntry) -> str:
    """An entry as it is texted: in its own words, or name, number and when."""
    return entry.text or " ".join(part for part in (entry.name, entry.phone or "", entry.hours or "") if part)


def put_in(body: str, code: str, ready: list[Ready]) -> str:
    """`body` with the words of that code after what stands there; as it is if there is no such code."""
    words = next((one.words for one in ready if one.code == code), "")
    return f"{body.rstrip()} {words}".strip()

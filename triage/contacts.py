"""Contacts: finding, reading, and what a call or text adds to one. Opening a call is in `triage.first_ring`, kept apart
because it is the one path where every round trip to the database counts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import ColumnElement, Select, String, literal, or_, select
from sqlalchemy.orm import Session

from triage import history, same_person
from triage.models import Contact, History, Incident, Keyword, Locality, Message, QueueEntry, Staff
from triage.sealing import ring, tail_of


class NotFound(Exception):
    """There is no such thing (for this person). `str()` says what was looked for."""


class NeedsTerm(Exception):
    """A search without a term would list everybody: it is refused."""


class BadReason(Exception):
    """Not a reason for which a number is shown."""


LONGEST_TAIL: Final = 4  # digits: what is longer is looked for as a whole number
TAIL_ROWS: Final = 2000  # read at most, newest first, to find four digits among those that share the last three
REVEAL_REASONS: Final = {
    "call_back": "To ring them back",
    "send_help": "To send help to them",
    "hand_over": "To hand over to another service",
    "they_asked": "They asked which number we have",
}


def get(db: Session, contact_id: str) -> Contact:
    """The contact. Raises NotFound."""
    contact = db.get(Contact, contact_id)
    if contact is None:
        raise NotFound("No contact has this id.")
    return contact


def by_carrier_id(db: Session, carrier_id: str) -> Contact | None:
    return db.scalar(select(Contact).where(Contact.carrier_id == carrier_id))


def entry_of(db: Session, contact_id: str) -> QueueEntry | None:
    return db.scalar(select(QueueEntry).where(QueueEntry.contact_id == contact_id))


def read(db: Session, contact_id: str, staff: Staff, *, now: datetime) -> Contact:
    """Open a contact's record. Reading is an act: it is written down who read it and when. Raises NotFound."""
    contact = get(db, contact_id)
    history.record(db, "read", actor=staff.id, now=now, contact_id=contact.id)
    return contact


def reveal(db: Session, contact: Contact, reason: str, staff: Staff, *, now: datetime) -> str | None:
    """The whole number, for one of REVEAL_REASONS, written down with who asked (DESIGN 2.7); None if it was withheld.

    Raises BadReason for any other reason.
    """
    if reason not in REVEAL_REASONS:
        raise BadReason("Say why you need the number.")
    history.record(db, "revealed", actor=staff.id, now=now, contact_id=contact.id, reason=reason)
    return contact.number


def earlier(db: Session, contact: Contact, limit: int = 10) -> Sequence[Contact]:
    """The same person's earlier contacts, newest first, as `same_person` has it: a withheld number is nobody."""
    return db.scalars(
        select(Contact)
        .where(same_person.others(db, contact), Contact.started_at <= contact.started_at)
        .order_by(Contact.started_at.desc())
        .limit(limit)
    ).all()


def search(
    db: Session, *, number: str | None = None, locality: str | None = None, keyword: str | None = None,
    since: datetime | None = None, until: datetime | None = None, limit: int = 50,
    within: ColumnElement[bool] | None = None,
) -> Sequence[Contact]:  # fmt: skip
    """Contacts that fit every term given, newest first. Raises NeedsTerm without any: nobody lists everyone.

    `number` is a whole number in E.164, or its last three or four digits. `within` is who asks' reach (`walls`).
    """
    query = select(Contact).order_by(Contact.started_at.desc())
    terms = []
    if number and len(number) > LONGEST_TAIL:
        terms.append(same_person.of_number(number))
    elif number:
        terms.append(Contact.number_tail.in_(ring().indexes("tail", tail_of(number))))
    if locality:
        terms.append(Contact.locality == locality)
    if keyword:
        terms.append(Contact.keyword == keyword)
    if since:
        terms.append(Contact.started_at >= since)
    if until:
        terms.append(Contact.started_at < until)
    if not terms:
        raise NeedsTerm("Say what to look for: number, locality, keyword, since or until.")
    if within is not None:
        terms.append(within)
    found: Iterable[Contact] = db.scalars(query.where(*terms).limit(TAIL_ROWS if number else limit))
    if number:
        found = (contact for contact in found if (contact.number or "").endswith(number))
    return list(islice(found, limit))


def place_by_keyword(db: Session, contact: Contact, word: str, *, actor: str, now: datetime) -> None:
    """The person gave their area's keyword: their locality changes, and nothing else does."""
    keyword = db.get(Keyword, word)
    if keyword is None:
        return
    contact.keyword, contact.locality = keyword.word, keyword.locality
    if entry := entry_of(db, contact.id):
        entry.lane = keyword.locality
    history.record(db, "keyword", actor=actor, now=now, contact_id=contact.id, keyword=keyword.word)


def choose_language(db: Session, contact: Contact, language: str, *, now: datetime) -> None:
    """The person chose the language of the line's own texts to them."""
    if contact.language != language:
        contact.language = language
        history.record(db, "language", actor="texter", now=now, contact_id=contact.id, language=language)


def locality_name(db: Session, code: str | None) -> str:
    """How a locality is called, for people. Unknown is said as such."""
    if code is None:
        return "area not known"
    locality = db.get(Locality, code)
    return locality.name if locality else code


def parts_of(contact_id: str) -> Select[str]:
    """The ids of this contact and of all that went on as it: what one person wrote and said, on one wait."""
    parts = select(literal(contact_id, String).label("id")).cte("parts", recursive=True)
    parts = parts.union(select(Contact.id).join(parts, Contact.went_on_as == parts.c.id))
    return select(parts.c.id)


def goes_on_as(db: Session, contact: Contact) -> Contact:
    """The contact that this person has now, where this one went on as another."""
    seen: set[str] = set()
    while contact.went_on_as and contact.went_on_as not in seen:
        seen.add(contact.went_on_as)
        following = db.get(Contact, contact.went_on_as)
        if following is None:
            break
        contact = following
    return contact


def messages(db: Session, contact_id: str) -> Sequence[Message]:
    """The texts of a contact and of those that went on as it, both ways, oldest first; what the line answered at once
    comes after what it answered.
    """
    of_contact = select(Message).where(Message.contact_id.in_(parts_of(contact_id)))
    return db.scalars(of_contact.order_by(Message.made_at, Message.direction, Message.id)).all()


def incidents(db: Session, contact_id: str) -> Sequence[Incident]:
    return db.scalars(select(Incident).where(Incident.contact_id == contact_id).order_by(Incident.requested_at)).all()


def story(db: Session, contact_id: str) -> Sequence[History]:
    """Everything that happened to a contact and its incidents, in order."""
    of_incidents = select(Incident.id).where(Incident.contact_id == contact_id)
    return db.scalars(
        select(History)
        .where(or_(History.contact_id == contact_id, History.incident_id.in_(of_incidents)))
        .order_by(History.id)
    ).all()


def masked(number: str | None) -> str:
    """A number as screens show it: its last three digits. Nobody's is "withheld"."""
    return "withheld" if not number else f"••• ••• {number[-3:]}"

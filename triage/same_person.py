"""Which contacts are of one person, as far as the line can know, without anybody being shown who that is.

A telephone number links, by its keyed hash; a withheld one links nobody; nor does one that is a payphone, a switchboard
or shared (`SharedNumber`). Beyond that only a nurse's word counts: she parts contacts of one number, and joins those of
two. This is the only place where contacts are compared: the order of the queue, promises and the record all ask here.

What is linked is never told to whoever rings or texts: a number can be forged, and may be read by somebody else.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, false, or_, select
from sqlalchemy.orm import Session

from triage import history
from triage.models import Contact, Staff, new_id
from triage.reach_models import Parting, SharedNumber
from triage.sealing import ring

SHARED_KINDS: Final = {
    "payphone": "A payphone",
    "switchboard": "A switchboard",
    "shared": "Shared by several people",
    "withheld_like": "A number that stands for no number",
}
LEAST_REASON: Final = 10


class CannotLink(Exception):
    """These contacts cannot be joined or parted, or this telephone not marked; `str()` says why. `field` names it."""

    def __init__(self, field: str, sentence: str):
        super().__init__(sentence)
        self.field = field


class Telephone(NamedTuple):
    """How a contact's number is, for people: `withheld`, `own`, or one of SHARED_KINDS."""

    kind: str

    @property
    def links(self) -> bool:
        return self.kind == "own"


def of_number(number: str) -> ColumnElement[bool]:
    """The condition that finds contacts of this number, by its keyed hash."""
    return Contact.number_index.in_(ring().indexes("number", number))


def shared(db: Session, number: str | None) -> SharedNumber | None:
    """The mark on this number, if somebody has said that it is not one person's."""
    if number is None:
        return None
    return db.scalar(select(SharedNumber).where(SharedNumber.number_index.in_(ring().indexes("number", number))))


def telephone(db: Session, contact: Contact) -> Telephone:
    """Whether this contact's telephone links it to others, and if not, why."""
    if contact.number is None:
        return Telephone("withheld")
    mark = shared(db, contact.number)
    return Telephone(mark.kind if mark else "own")


def others(db: Session, contact: Contact) -> ColumnElement[bool]:
    """The condition that finds the other contacts of this person. It finds nobody where nothing links."""
    marked, any_word = db.execute(select(_is_shared(contact.number), select(Parting.id).exists())).one()
    by_number = [] if contact.number is None or marked else [of_number(contact.number)]
    joined: set[str] = set()
    parted: set[str] = set()
    if any_word:
        joined, parted = _said(db, contact, by_number)
        by_number += _by_number(db, _numbers(db, joined - {contact.id}, known=contact.number))
    linked = [*by_number, *([Contact.id.in_(joined)] if joined else [])]
    if not linked:
        return false()
    return and_(Contact.id != contact.id, Contact.id.not_in(parted) if parted else Contact.id.is_not(None),
                or_(*linked))  # fmt: skip


def _is_shared(number: str | None) -> ColumnElement[bool]:
    if number is None:
        return false()
    return select(SharedNumber.id).where(SharedNumber.number_index.in_(ring().indexes("number", number))).exists()


def _by_number(db: Session, numbers: Collection[str | None]) -> list[ColumnElement[bool]]:
    return [of_number(number) for number in numbers if number is not None and shared(db, number) is None]


def _numbers(db: Session, ids: Collection[str], known: str | None) -> list[str | None]:
    rows = db.scalars(select(Contact).where(Contact.id.in_(ids))) if ids else ()
    return list({row.number for row in rows} - {known})


def _said(db: Session, contact: Contact, by_number: list[ColumnElement[bool]]) -> tuple[set[str], set[str]]:
    """What nurses said of this contact and those of its number: who is joined to them, and who is parted from it."""
    group = select(Contact.id).where(or_(Contact.id == contact.id, *by_number))
    rows = db.scalars(
        select(Parting)
        .where(or_(Parting.first_id.in_(group), Parting.second_id.in_(group)))
        .order_by(Parting.said_at, Parting.id)
    )
    newest = {(row.first_id, row.second_id): row.same for row in rows}
    joined = {one for pair, same in newest.items() if same for one in pair}
    parted = {one for pair, same in newest.items() if not same and contact.id in pair for one in pair} - {contact.id}
    return joined, parted


def joined_to(db: Session, some: Select[str]) -> set[str]:
    """The contacts that nurses have joined, by their word, to any of these (ids). Few: only those of which anybody
    said anything are looked at.
    """
    spoken_of = select(Parting.first_id).union(select(Parting.second_id))
    found: set[str] = set()
    for contact in db.scalars(select(Contact).where(Contact.id.in_(some), Contact.id.in_(spoken_of))):
        found |= set(db.scalars(select(Contact.id).where(others(db, contact))))
    return found


def say(
    db: Session, contact: Contact, other: Contact, staff: Staff, *, same: bool, reason: str, now: datetime
) -> Parting:
    """A nurse joins or parts two contacts, with a reason. Said again, it changes nothing. Raises CannotLink."""
    if contact.id == other.id:
        raise CannotLink("other", "That is this very contact. Choose another one.")
    if len(reason.strip()) < LEAST_REASON:
        raise CannotLink("reason", "Say in a few words how you know: at least ten letters.")
    first, second = sorted((contact.id, other.id))
    last = db.scalar(
        select(Parting)
        .where(Parting.first_id == first, Parting.second_id == second)
        .order_by(Parting.said_at.desc(), Parting.id.desc())
        .limit(1)
    )
    if last is not None and last.same == same:
        return last
    row = Parting(id=new_id(), first_id=first, second_id=second, same=same, said_by=staff.id, said_at=now)
    row.reason = reason.strip()
    db.add(row)
    for one, its_other in ((contact, other), (other, contact)):
        history.record(
            db, "joined_records" if same else "parted_records", actor=staff.id, now=now, contact_id=one.id,
            other=its_other.id, parting=row.id,
        )  # fmt: skip
    db.flush()
    return row


def mark_shared(db: Session, contact: Contact, kind: str, staff: Staff, *, now: datetime) -> SharedNumber:
    """This contact's telephone is not one person's: from now on it links nobody to anybody. Raises CannotLink."""
    if kind not in SHARED_KINDS:
        raise CannotLink("kind", f"Say what it is: {', '.join(SHARED_KINDS)}.")
    if contact.number is None:
        raise CannotLink("kind", "The number was withheld: it links nobody already.")
    row = shared(db, contact.number)
    if row is not None and row.kind == kind:
        return row
    if row is None:
        row = SharedNumber(id=new_id(), kind=kind, marked_by=staff.id, marked_at=now)
        row.number = contact.number
        db.add(row)
    row.kind, row.marked_by, row.marked_at = kind, staff.id, now
    history.record(db, "telephone_shared", actor=staff.id, now=now, contact_id=contact.id, kind=kind)
    db.flush()
    return row


def mark_own(db: Session, contact: Contact, staff: Staff, *, now: datetime) -> None:
    """The mark was wrong: this telephone is one person's after all. Repeating it is harmless."""
    row = shared(db, contact.number)
    if row is None:
        return
    db.delete(row)
    history.record(db, "telephone_own", actor=staff.id, now=now, contact_id=contact.id)
    db.flush()

"""A link for a crew's phone, in the text that offers a job: whose it is, and what it opens.

The link is its own key: 24 letters out of 20, some 100 random bits, of which only a hash is kept. The first phone that
opens it keeps it (single use: a forwarded link opens nothing), for this assignment alone, until it has been over for
OPEN_AFTER_END. The address is behind the acceptance, on the page as in the texts.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import history
from triage.contacts import NotFound
from triage.models import Dispatch

LETTERS: Final = "bcdfghjkmnpqrstvwxyz"  # no vowel: no word by chance; no digit: no job number by chance
LENGTH: Final = 24
OPEN_AFTER_END: Final = timedelta(hours=2)
_base: str | None = None


class NoSuchLink(NotFound):
    """This link leads nowhere, or not any more."""


class OnAnotherPhone(Exception):
    """This link was opened on another phone already."""


def use(base_url: str) -> None:
    """Where this service's pages are. Without it no link is made."""
    global _base
    _base = base_url


def make(row: Dispatch) -> str | None:
    """A link to this assignment, once; its hash is kept with the row."""
    if _base is None:
        return None
    secret = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    row.link_hash = _hash(secret)
    return f"{_base}/crew/{secret}"


def find(db: Session, secret: str, *, now: datetime) -> Dispatch:
    """The assignment this link leads to. Raises NoSuchLink, also once it has been over for long."""
    row = db.scalar(select(Dispatch).where(Dispatch.link_hash == _hash(secret)))
    if row is None or (row.closed_at and row.closed_at < now - OPEN_AFTER_END):
        raise NoSuchLink("This link leads to no job that is open. Ring the control room if you expected one.")
    return row


def is_of(row: Dispatch, phone: str | None) -> bool:
    """Whether this phone may see the job: it opened the link first. Raises OnAnotherPhone if another one did."""
    if row.link_phone is None:
        return False
    if phone is None or not secrets.compare_digest(row.link_phone, _hash(phone)):
        raise OnAnotherPhone("This link was opened on another phone. Answer by text, or ring the control room.")
    return True


def open_on(db: Session, row: Dispatch, phone: str, *, now: datetime) -> None:
    """From now on the link is this phone's. `row` is locked. Repeating it is harmless. Raises OnAnotherPhone."""
    if row.link_phone is not None:
        is_of(row, phone)
        return
    row.link_phone = _hash(phone)
    history.record(
        db, "link_opened", actor="crew", now=now, contact_id=row.incident.contact_id, incident_id=row.incident_id,
        dispatch_id=row.id,
    )  # fmt: skip


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

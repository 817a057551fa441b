"""Who works here: staff as `apply` declared them, and bearer tokens for the API."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from triage import history
from triage.account_models import Account
from triage.db import utcnow
from triage.models import ApiToken, Staff
from triage.sealing import ring

TOKEN_PREFIX = "nwd_"  # noqa: S105 - a label, so that a leaked token is recognised for what it is
READ: Final = "read"
WRITE: Final = "write"
SCOPES: Final = (READ, WRITE)
TOKEN_DAYS: Final = 365
LONGEST_TOKEN_DAYS: Final = 730
USED_EVERY: Final = timedelta(minutes=1)


class OnlyReads(Exception):
    """A token with the scope `read` was used to change something."""


class NoSuchStaff(Exception):
    """Nobody active has this e-mail address."""


def by_email(db: Session, email: str) -> Staff:
    """Raises NoSuchStaff."""
    staff = db.scalar(select(Staff).where(Staff.email == email.strip().lower(), Staff.active))
    if staff is None:
        raise NoSuchStaff(f"Nobody active has the address {email}. Add them to the service file and apply it.")
    return staff


def by_id(db: Session, staff_id: str) -> Staff | None:
    staff = db.get(Staff, staff_id)
    return staff if staff and staff.active else None


def by_phone(db: Session, number: str | None) -> Staff | None:
    """The member of staff this number is kept for. A number proves nothing about who is on it."""
    if number is None:
        return None
    return db.scalar(select(Staff).where(Staff.phone_index.in_(ring().indexes("number", number)), Staff.active))


def everybody(db: Session) -> Sequence[Staff]:
    return db.scalars(select(Staff).where(Staff.active).order_by(Staff.name)).all()


def make_token(
    db: Session, email: str, *, now: datetime, name: str = "", scope: str = WRITE, days: int = TOKEN_DAYS,
    by: str = "operator",
) -> str:  # fmt: skip
    """A new bearer token. Shown once: only its hash is kept. Raises NoSuchStaff."""
    if scope not in SCOPES or not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise ValueError(f"a token is for {' or '.join(SCOPES)}, and for 1 to {LONGEST_TOKEN_DAYS} days")
    staff = by_email(db, email)
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    db.add(
        ApiToken(
            digest=_digest(token), staff_id=staff.id, made_at=now, revoked_at=None, name=name.strip()[:100] or None,
            scope=scope, expires_at=now + timedelta(days=days), last_used_at=None,
        )
    )  # fmt: skip
    history.record(db, "token_made", actor=by, now=now, staff_id=staff.id, scope=scope)
    return token


def by_token(db: Session, token: str, *, now: datetime | None = None, changes: bool = False) -> Staff | None:
    """Whose token this is, or nobody's: unknown, revoked, expired, of a disabled account.

    Raises OnlyReads when it may not do what `changes` something.
    """
    row = db.get(ApiToken, _digest(token))
    if row is None or row.revoked_at is not None:
        return None
    if row.expires_at is not None and row.expires_at <= (now or utcnow()):
        return None
    account = db.get(Account, row.staff_id)
    if account is not None and account.disabled_at is not None:
        return None
    staff = by_id(db, row.staff_id)
    if staff is not None and changes and row.scope != WRITE:
        raise OnlyReads("This token only reads. Ask for one that may change things.")
    return staff


def token_used(db: Session, token: str, *, now: datetime) -> bool:
    """Whether the use should be noted: once a minute is enough to see which tokens live."""
    row = db.get(ApiToken, _digest(token))
    return row is not None and (row.last_used_at is None or row.last_used_at <= now - USED_EVERY)


def note_token_use(db: Session, token: str, *, now: datetime) -> None:
    db.execute(update(ApiToken).where(ApiToken.digest == _digest(token)).values(last_used_at=now))


def tokens(db: Session, staff_id: str | None = None) -> Sequence[ApiToken]:
    """The tokens of somebody, or everybody's, that were not revoked; newest first."""
    asked = select(ApiToken).where(ApiToken.revoked_at.is_(None)).order_by(ApiToken.made_at.desc())
    return db.scalars(asked.where(ApiToken.staff_id == staff_id) if staff_id else asked).all()


def token_id(row: ApiToken) -> str:
    """What a page calls a token: enough to point at it, useless for making it."""
    return row.digest[:24]


def revoke_token(db: Session, which: str, *, by: str, now: datetime, staff_id: str | None = None) -> bool:
    """Revoke a token by `token_id`; with `staff_id`, only one of theirs. Says whether there was one."""
    row = next((row for row in tokens(db, staff_id) if token_id(row) == which), None)
    if row is None:
        return False
    row.revoked_at = now
    history.record(db, "token_revoked", actor=by, now=now, staff_id=row.staff_id)
    return True


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

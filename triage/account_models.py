"""The tables of signing in: accounts, second factors, one-time links, sessions and slowed-down attempts.

`Staff` says who works here and comes from the service file; an account says how that person proves it. Nothing here
helps whoever reads the database: passwords are argon2, codes, links and tokens are hashes, the TOTP secret is sealed.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from triage.models import Base, new_id
from triage.sealing import Sealed


class Account(Base):
    """How one member of staff signs in. `stamp` changes with whatever must end their sessions at once."""

    __tablename__ = "account"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    password: Mapped[str | None] = mapped_column(String(200))  # argon2id
    password_at: Mapped[datetime | None]
    stamp: Mapped[str]
    made_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    totp_sealed: Mapped[str | None] = mapped_column("totp", Text)
    totp_next_sealed: Mapped[str | None] = mapped_column("totp_next", Text)
    totp_step: Mapped[int] = mapped_column(Integer, default=0)  # the last 30-second step used: a code works once
    challenge: Mapped[str | None]  # what a passkey must sign next; taken away when it is answered
    challenge_at: Mapped[datetime | None]
    oidc_subject: Mapped[str | None] = mapped_column(String(300), unique=True)  # issuer and sub, bound at first use

    totp = Sealed[str | None]("totp_sealed")
    totp_next = Sealed[str | None]("totp_next_sealed")  # shown at enrolment, in force once a code proved it


class Passkey(Base):
    """A passkey, by the public half."""

    __tablename__ = "passkey"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    credential_id: Mapped[str] = mapped_column(Text, unique=True)  # base64url
    public_key: Mapped[str] = mapped_column(Text)  # base64url
    sign_count: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(100))
    made_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code for the day the second factor is not at hand. SHA-256 suffices: each has 80 random bits. Works once."""

    __tablename__ = "recovery_code"
    digest: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AccountLink(Base):
    """A single-use link to set a password and a second factor, made by an administrator. Only its hash is kept."""

    __tablename__ = "account_link"
    digest: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    made_by: Mapped[str]  # a staff id, or operator
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    password_at: Mapped[datetime | None]  # the first half is done; the second factor is not yet
    used_at: Mapped[datetime | None]


class SignedSession(Base):
    """One browser in which somebody is signed in. Its id is in the signed cookie; `roles` are those it began with."""

    __tablename__ = "signed_session"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    how: Mapped[str]  # picked | password | passkey | oidc
    stamp: Mapped[str]  # the account's at sign-in; empty when the person was picked
    roles: Mapped[list[str]]
    browser: Mapped[str]
    made_at: Mapped[datetime]
    last_seen: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None]


class Attempts(Base):
    """How often something was tried in vain: an account, an address or a browser, by keyed hash."""

    __tablename__ = "attempts"
    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime]
    not_before: Mapped[datetime]

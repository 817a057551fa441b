"""Proving who somebody is: password first, then a second factor, always; and what administrators do with accounts.

Each function is one or two short units of work. Passwords are hashed outside of them: on SQLite nobody else writes
meanwhile. Every act is history.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from triage import accounts, attempts, factors, history, passwords, sessions
from triage.account_models import Account, AccountLink, Passkey, SignedSession
from triage.db import Database
from triage.models import Keyword, Service, Staff, new_id

KEPT_FOR: Final = timedelta(days=30)  # sessions that are over: long enough to answer who was signed in where
LINK_FOR: Final = timedelta(hours=1)
HALF_FOR: Final = timedelta(minutes=10)  # from the password to the second factor
WRONG: Final = "The e-mail address or the password is wrong."
WRONG_CODE: Final = "That code is not right, or was used before. Wait for the next one, then type it."
NO_LINK: Final = "This link was used, is too old, or was replaced by a newer one. Ask an administrator for a new one."


class Refused(Exception):
    """They are not let in, in a sentence that tells a stranger nothing."""


@dataclass(frozen=True)
class Browser:
    """Where an attempt comes from. `knows` are the staff who signed in on this browser, by its `id`, before."""

    source: str
    id: str = ""
    knows: frozenset[str] = frozenset()
    name: str = ""


@dataclass(frozen=True)
class Half:
    """Somebody whose password, or organisation, was right, and whose second factor is still to come."""

    staff_id: str
    stamp: str
    how: str = "password"


def _who(db: Session, email: str) -> tuple[Staff | None, Account | None]:
    staff = db.scalar(select(Staff).where(Staff.email == email.strip().lower()[:200], Staff.active))
    return staff, db.get(Account, staff.id) if staff else None


def _locked(db: Session, staff_id: str) -> Account | None:
    return db.scalar(select(Account).where(Account.staff_id == staff_id).with_for_update())


# --- signing in -------------------------------------------------------------------------------------------------------


def by_password(database: Database, email: str, password: str, browser: Browser, *, now: datetime) -> Half:
    """The first half. Raises Refused, the same for a wrong password and for nobody, and attempts.TooSoon."""
    with database.transaction() as db:
        staff, account = _who(db, email)
        counted = _counted(email, staff, browser)
        attempts.count(db, counted, now=now)
    usable = account is not None and account.disabled_at is None
    known = staff is not None and staff.id in browser.knows
    if not (_matches(password, account.password if account and usable else None, known) and account and staff):
        if staff and account:  # bounded: what is counted is slowed
            with database.transaction() as db:
                history.record(db, "sign_in_refused", actor=staff.id, now=now, at="password")
        raise Refused(WRONG)
    again = _hashed(password) if passwords.outdated(account.password or "") else None
    with database.transaction() as db:
        _let_off(db, counted)
        if again:
            db.get_one(Account, staff.id).password = again
        ready = factors.kinds(db, account).any
    if not ready:
        raise Refused("Your account has no second factor yet. Open the link you were given again, or ask for one.")
    return Half(staff.id, account.stamp)


def _matches(password: str, kept: str | None, patient: bool = False) -> bool:
    try:
        return passwords.matches(password, kept, patient=patient)
    except passwords.Busy:
        raise attempts.TooSoon(1) from None


def _hashed(password: str) -> str:
    try:
        return passwords.hashed(password)
    except passwords.Busy:
        raise attempts.TooSoon(1) from None


def _counted(email: str, staff: Staff | None, browser: Browser) -> list[tuple[str, attempts.Limit]]:
    """Against what this attempt counts: the browser alone if they signed in on it before, else account and address."""
    if staff and staff.id in browser.knows:
        return [(attempts.key("browser", f"{browser.id}:{staff.id}"), attempts.BROWSER)]
    return [
        (attempts.key("account", email.strip().lower()), attempts.ACCOUNT),
        (attempts.key("source", browser.source), attempts.SOURCE),
    ]


def _let_off(db: Session, counted: list[tuple[str, attempts.Limit]]) -> None:
    for key, limit in counted:
        if limit is attempts.SOURCE:
            attempts.take_back(db, key)
        else:
            attempts.forget(db, key)


def by_code(database: Database, half: Half, code: str, browser: Browser, *, now: datetime) -> str:
    """The second half, by code. Returns the new session's id. Raises Refused, attempts.TooSoon."""
    counted = _code_key(half, browser)
    with database.transaction() as db:
        attempts.count(db, [counted], now=now)
    with database.transaction() as db:
        account, staff = _half_way(db, half)
        kind = factors.code_is_good(db, account, code, now=now)
        if kind:
            attempts.forget(db, counted[0])
            return _signed_in(db, staff, account, half, kind, browser, now)
        history.record(db, "sign_in_refused", actor=staff.id, now=now, at="code")
    raise Refused(WRONG_CODE)


def _code_key(half: Half, browser: Browser) -> tuple[str, attempts.Limit]:
    if half.staff_id in browser.knows:
        return attempts.key("code", f"{browser.id}:{half.staff_id}"), attempts.CODE
    return attempts.key("code", half.staff_id), attempts.CODE


def by_passkey(
    database: Database, half: Half, answer: str, browser: Browser, site: factors.Site, *, now: datetime
) -> str:
    """The second half, by passkey: its signature cannot be guessed, so nothing is slowed. Raises Refused."""
    with database.transaction() as db:
        account, staff = _half_way(db, half)
        if factors.passkey_is_good(db, account, answer, site, now=now):
            return _signed_in(db, staff, account, half, "passkey", browser, now)
        history.record(db, "sign_in_refused", actor=staff.id, now=now, at="passkey")
    raise Refused("The passkey did not prove it. Try again, or use a code.")


def by_organisation(database: Database, half: Half, browser: Browser, *, now: datetime) -> str:
    """The second half, where the organisation proved a second factor itself. Raises Refused."""
    with database.transaction() as db:
        account, staff = _half_way(db, half)
        return _signed_in(db, staff, account, half, "organisation", browser, now)


def _half_way(db: Session, half: Half) -> tuple[Account, Staff]:
    account, staff = _locked(db, half.staff_id), accounts.by_id(db, half.staff_id)
    if account is None or staff is None or account.disabled_at is not None or account.stamp != half.stamp:
        raise Refused("Start again: your account changed meanwhile.")
    return account, staff


def _signed_in(
    db: Session, staff: Staff, account: Account, half: Half, factor: str, browser: Browser, now: datetime
) -> str:
    account.signed_in_at = now
    made = sessions.begin(db, staff, half.how, stamp=account.stamp, browser=browser.name, now=now)
    history.record(db, "signed_in", actor=staff.id, now=now, how=half.how, factor=factor)
    return made.id


def passkey_options(database: Database, half: Half, site: factors.Site, *, now: datetime) -> str:
    """What the browser must sign. Raises Refused."""
    with database.transaction() as db:
        account, _ = _half_way(db, half)
        return factors.ask_for_proof(db, account, site, now=now)


def from_organisation(database: Database, email: str, subject: str, *, now: datetime) -> Half:
    """Somebody whom the organisation's sign-in named. Bound to `subject` at the first use. Raises Refused."""
    unknown = Refused("Your organisation knows you, but this service does not. Ask an administrator.")
    with database.transaction() as db:
        bound = db.scalar(select(Account).where(Account.oidc_subject == subject))
        staff, account = (accounts.by_id(db, bound.staff_id), bound) if bound else _who(db, email)
        if staff is None or (account and account.disabled_at is not None):
            raise unknown
        account = account or _new_account(db, staff.id, now)
        somebody_else = account.oidc_subject not in (None, subject)
        if somebody_else:
            history.record(db, "sign_in_refused", actor=staff.id, now=now, at="organisation")
        elif account.oidc_subject is None:
            account.oidc_subject = subject
            history.record(db, "organisation_bound", actor=staff.id, now=now)
        half = Half(staff.id, account.stamp, "oidc")
    if somebody_else:
        raise unknown
    return half


# --- accounts ---------------------------------------------------------------------------------------------------------


def _new_account(db: Session, staff_id: str, now: datetime) -> Account:
    made = Account(staff_id=staff_id, stamp=new_id(), made_at=now, totp_step=0)
    db.add(made)
    db.flush()
    return made


def is_there_an_administrator(db: Session) -> bool:
    """Whether some administrator can sign in already."""
    rows = db.execute(select(Staff, Account).join(Account, Account.staff_id == Staff.id).where(Staff.active))
    return any(
        "administrator" in staff.roles
        and account.disabled_at is None
        and (account.oidc_subject or (account.password and factors.kinds(db, account).any))
        for staff, account in rows
    )


def make_link(db: Session, staff: Staff, *, by: str, now: datetime) -> str:
    """The secret of a new link for this person, in place of earlier ones. Shown once: only its hash is kept."""
    if db.get(Account, staff.id) is None:
        _new_account(db, staff.id, now)
    db.execute(delete(AccountLink).where(AccountLink.staff_id == staff.id, AccountLink.used_at.is_(None)))
    secret = secrets.token_urlsafe(32)
    db.add(
        AccountLink(
            digest=_digest(secret), staff_id=staff.id, made_by=by, made_at=now, expires_at=now + LINK_FOR,
            password_at=None, used_at=None,
        )
    )  # fmt: skip
    history.record(db, "account_link_made", actor=by, now=now, staff_id=staff.id)
    return secret


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True)
class Opened:
    """A link that holds, and whose it is. `proves`: they have a second factor and must prove it."""

    link: AccountLink
    staff: Staff
    account: Account
    kinds: factors.Kinds


def open_link(db: Session, secret: str, *, now: datetime) -> Opened:
    """Raises Refused."""
    link = db.scalar(select(AccountLink).where(AccountLink.digest == _digest(secret)).with_for_update())
    staff = accounts.by_id(db, link.staff_id) if link else None
    account = _locked(db, link.staff_id) if link else None
    if link is None or link.used_at is not None or link.expires_at <= now or staff is None or account is None:
        raise Refused(NO_LINK)
    if account.disabled_at is not None:
        raise Refused(NO_LINK)
    return Opened(link, staff, account, factors.kinds(db, account))


def known_words(db: Session, staff: Staff) -> list[str]:
    """What somebody who knows this person and service would try."""
    service = db.get(Service, 1)
    keywords = db.scalars(select(Keyword.word)).all()
    return [staff.name, staff.email.partition("@")[0], service.name if service else "", *keywords]


def password_by_link(
    database: Database, secret: str, password: str, code: str, browser: Browser, *, breached: Path | None,
    now: datetime,
) -> Opened:  # fmt: skip
    """Set the password. Whoever has a second factor proves it here with `code`, and the link is used up.

    Raises Refused, passwords.BadPassword, attempts.TooSoon.
    """
    with database.reading() as db:
        opened = open_link(db, secret, now=now)
        about = known_words(db, opened.staff)
    kept = _hashed(passwords.check(password, about=about, breached=breached))
    half = Half(opened.staff.id, opened.account.stamp)
    if opened.kinds.any:
        with database.transaction() as db:
            attempts.count(db, [_code_key(half, browser)], now=now)
    wrong = False
    with database.transaction() as db:
        opened = open_link(db, secret, now=now)
        if opened.kinds.any:
            wrong = not factors.code_is_good(db, opened.account, code, now=now)
        if wrong:
            history.record(db, "sign_in_refused", actor=opened.staff.id, now=now, at="reset")
        else:
            _set_password(db, opened.account, kept, now=now)
            opened.link.password_at = now
            if opened.kinds.any:
                opened.link.used_at = now
                attempts.forget(db, _code_key(half, browser)[0])
    if wrong:
        raise Refused(WRONG_CODE)
    return opened


def _set_password(db: Session, account: Account, kept: str, *, now: datetime, but: str | None = None) -> None:
    account.password, account.password_at = kept, now
    _end_sessions(db, account, "password changed", now=now, but=but)
    history.record(db, "password_set", actor=account.staff_id, now=now)


def _end_sessions(db: Session, account: Account, why: str, *, now: datetime, but: str | None = None) -> None:
    if but is None:
        account.stamp = new_id()
    sessions.end_all(db, account.staff_id, why, now=now, but=but)


def first_factor(database: Database, secret: str, *, now: datetime) -> tuple[Opened, str]:
    """The link's second step: the secret to show for an authenticator app. Raises Refused."""
    with database.transaction() as db:
        opened = _second_step(db, secret, now)
        return opened, factors.offer_totp(opened.account)


def _second_step(db: Session, secret: str, now: datetime) -> Opened:
    opened = open_link(db, secret, now=now)
    if opened.link.password_at is None or opened.kinds.any:
        raise Refused(NO_LINK)
    return opened


def totp_by_link(
    database: Database, secret: str, code: str, browser: Browser, *, now: datetime
) -> tuple[str, list[str], str]:
    """Enrol the app, use up the link, sign in: session id, recovery codes, staff id. Raises Refused, TooSoon."""
    with database.transaction() as db:
        opened = _second_step(db, secret, now)
        attempts.count(db, [(attempts.key("enrol", opened.staff.id), attempts.CODE)], now=now)
    with database.transaction() as db:
        opened = _second_step(db, secret, now)
        if not factors.take_totp(opened.account, code, now=now):
            raise Refused("That code is not right. Type the one the app shows now.")
        history.record(db, "totp_added", actor=opened.staff.id, now=now)
        attempts.forget(db, attempts.key("enrol", opened.staff.id))
        return _enrolled(db, opened, "totp", browser, now)


def passkey_options_by_link(database: Database, secret: str, site: factors.Site, *, now: datetime) -> str:
    """Raises Refused."""
    with database.transaction() as db:
        opened = _second_step(db, secret, now)
        return factors.ask_for_new(db, opened.account, opened.staff.email, opened.staff.name, site, now=now)


def passkey_by_link(
    database: Database, secret: str, answer: str, name: str, browser: Browser, site: factors.Site, *, now: datetime
) -> tuple[str, list[str], str]:
    """As `totp_by_link`, with a passkey. Raises Refused, factors.BadPasskey."""
    with database.transaction() as db:
        opened = _second_step(db, secret, now)
        factors.take_new(db, opened.account, answer, name, site, now=now)
        history.record(db, "passkey_added", actor=opened.staff.id, now=now)
        return _enrolled(db, opened, "passkey", browser, now)


def _enrolled(db: Session, opened: Opened, factor: str, browser: Browser, now: datetime) -> tuple[str, list[str], str]:
    opened.link.used_at = now
    codes = factors.new_recovery_codes(db, opened.staff.id, now=now)
    half = Half(opened.staff.id, opened.account.stamp)
    session_id = _signed_in(db, opened.staff, opened.account, half, factor, browser, now)
    return session_id, codes, opened.staff.id


# --- what somebody does with their own account ------------------------------------------------------------------------


def prove_password(database: Database, staff_id: str, password: str, browser: Browser, *, now: datetime) -> Account:
    """Before anything that matters is changed: the password again. Raises Refused, attempts.TooSoon."""
    counted = [(attempts.key("again", staff_id), attempts.BROWSER)]
    with database.transaction() as db:
        account = db.get(Account, staff_id)
        attempts.count(db, counted, now=now)
    if account is None or account.disabled_at or not _matches(password, account.password, True):
        raise Refused("Your password is wrong.")
    with database.transaction() as db:
        _let_off(db, counted)
    return account


def change_password(
    database: Database, staff: Staff, new: str, session_id: str, *, breached: Path | None, now: datetime
) -> str:
    """After `prove_password`: every session ends, and the id of a new one is returned.

    Raises BadPassword, attempts.TooSoon.
    """
    with database.reading() as db:
        about = known_words(db, staff)
    kept = _hashed(passwords.check(new, about=about, breached=breached))
    with database.transaction() as db:
        account = db.get_one(Account, staff.id)
        before = db.get(SignedSession, session_id)
        _set_password(db, account, kept, now=now)
        made = sessions.begin(
            db, staff, before.how if before else "password", stamp=account.stamp,
            browser=before.browser if before else "", now=now,
        )  # fmt: skip
        return made.id


def drop_factor(db: Session, staff: Staff, which: str, *, now: datetime) -> None:
    """Take away the app (`totp`) or a passkey by id: never the last factor. Raises Refused."""
    account = _locked(db, staff.id)
    if account is None:
        raise Refused("You have no account.")
    have = factors.kinds(db, account)
    if have.totp + have.passkeys <= 1:
        raise Refused("This is your only second factor. Add another first.")
    if which == "totp":
        account.totp = None
    else:
        key = db.get(Passkey, which)
        if key is None or key.staff_id != staff.id:
            raise Refused("There is no such passkey.")
        db.delete(key)
    history.record(db, "factor_removed", actor=staff.id, now=now, factor="totp" if which == "totp" else "passkey")


# --- what an administrator does with an account -----------------------------------------------------------------------


def disable(db: Session, account: Account, *, by: str, now: datetime) -> None:
    """Nobody signs in with it, and whoever is in is out at once. Twice is once."""
    if account.disabled_at is None:
        account.disabled_at = now
        _end_sessions(db, account, "disabled", now=now)
        history.record(db, "account_disabled", actor=by, now=now, staff_id=account.staff_id)


def enable(db: Session, account: Account, *, by: str, now: datetime) -> None:
    if account.disabled_at is not None:
        account.disabled_at = None
        history.record(db, "account_enabled", actor=by, now=now, staff_id=account.staff_id)


def end_sessions(db: Session, account: Account, *, by: str, now: datetime) -> None:
    _end_sessions(db, account, "ended by an administrator", now=now)
    history.record(db, "sessions_ended", actor=by, now=now, staff_id=account.staff_id)


def reset_factors(db: Session, account: Account, *, by: str, now: datetime) -> None:
    """They lost their second factor: it is gone, and they set up another with a new link."""
    factors.forget_all(db, account)
    _end_sessions(db, account, "second factor reset", now=now)
    history.record(db, "second_factor_reset", actor=by, now=now, staff_id=account.staff_id)


def tidy(db: Session, *, now: datetime) -> None:
    """Drop counts, links and sessions that mean nothing any more. History keeps who signed in, and when."""
    attempts.sweep(db, now=now)
    db.execute(delete(AccountLink).where(AccountLink.expires_at < now - KEPT_FOR))
    db.execute(delete(SignedSession).where(SignedSession.made_at < now - KEPT_FOR))

"""Second factors: codes from an authenticator app (TOTP), passkeys, and recovery codes for the day neither is at hand.

No factor by text or call: SIM swaps and shared phones (OWASP ASVS 5.0 6.6.1). Every code works once.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import pyotp
import webauthn
from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.orm import Session
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from triage.account_models import Account, Passkey, RecoveryCode

STEP_S: Final = 30  # RFC 6238
DRIFT_STEPS: Final = 1  # a telephone's clock may be half a minute off
RECOVERY_CODES: Final = 10
CHALLENGE_FOR: Final = timedelta(minutes=5)


class BadPasskey(Exception):
    """The browser's answer does not prove what was asked, in a sentence."""


@dataclass(frozen=True)
class Site:
    """Whom a passkey is for: the address people open the pages at."""

    base_url: str
    name: str = "No Wrong Door"

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def origin(self) -> str:
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Kinds:
    """Which second factors somebody has."""

    totp: bool
    passkeys: int
    recovery_codes: int

    @property
    def any(self) -> bool:
        return self.totp or self.passkeys > 0


def kinds(db: Session, account: Account) -> Kinds:
    of = account.staff_id
    unused = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.staff_id == of)
    return Kinds(
        totp=account.totp_sealed is not None,
        passkeys=db.scalar(select(func.count()).select_from(Passkey).where(Passkey.staff_id == of)) or 0,
        recovery_codes=db.scalar(unused.where(RecoveryCode.used_at.is_(None))) or 0,
    )


# --- codes ------------------------------------------------------------------------------------------------------------


def offer_totp(account: Account) -> str:
    """A new secret to show. It counts only once `take_totp` saw a code made with it; asked again, it is the same."""
    if account.totp_next is None:
        account.totp_next = pyotp.random_base32()
    return account.totp_next or ""


def provisioning(secret: str, email: str, site: Site) -> str:
    """What the authenticator app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=f"{site.name} ({site.host})")


def take_totp(account: Account, code: str, *, now: datetime) -> bool:
    """Put the offered secret in force, if `code` was made with it."""
    offered = account.totp_next
    step = _step_of(offered, code, now) if offered else None
    if step is None:
        return False
    account.totp, account.totp_next, account.totp_step = offered, None, step
    return True


def code_is_good(db: Session, account: Account, code: str, *, now: datetime) -> str | None:
    """Use up a code: `totp` or `recovery_code`, or None if it is neither, or was used before."""
    typed = "".join(code.split())
    if account.totp and (step := _step_of(account.totp, typed, now)) is not None:
        used = db.execute(
            update(Account)
            .where(Account.staff_id == account.staff_id, Account.totp_step < step)
            .values(totp_step=step)
            .execution_options(synchronize_session=False)
        )
        return "totp" if _rows(used) else None
    used = db.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.digest == _digest(account.staff_id, typed), RecoveryCode.staff_id == account.staff_id,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return "recovery_code" if _rows(used) else None


def _rows(result: Any) -> int:
    assert isinstance(result, CursorResult)
    return result.rowcount


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The 30-second step this code belongs to. A step passed is compared like any other: no time tells which."""
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdigit() and len(typed) == 6):
        return None
    made, at = pyotp.TOTP(secret), int(now.timestamp()) // STEP_S
    fits = [
        step
        for step in range(at - DRIFT_STEPS, at + DRIFT_STEPS + 1)
        if hmac.compare_digest(made.at(step * STEP_S), typed)
    ]
    return max(fits, default=None)


def new_recovery_codes(db: Session, staff_id: str, *, now: datetime) -> list[str]:
    """Ten codes to print, in place of all earlier ones. Only their hashes are kept."""
    db.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    made = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    for code in made:
        db.add(RecoveryCode(digest=_digest(staff_id, code), staff_id=staff_id, made_at=now, used_at=None))
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in made]


def _digest(staff_id: str, code: str) -> str:
    plain = code.lower().replace("-", "").replace("0", "o").replace("1", "l")
    return hashlib.sha256(f"{staff_id}:{plain}".encode()).hexdigest()


# --- passkeys ---------------------------------------------------------------------------------------------------------


def passkeys(db: Session, staff_id: str) -> Sequence[Passkey]:
    return db.scalars(select(Passkey).where(Passkey.staff_id == staff_id).order_by(Passkey.made_at)).all()


def ask_for_new(db: Session, account: Account, email: str, name: str, site: Site, *, now: datetime) -> str:
    """What the browser needs to make a passkey, as JSON."""
    return webauthn.options_to_json(
        webauthn.generate_registration_options(
            rp_id=site.host, rp_name=site.name, user_id=account.staff_id.encode(), user_name=email,
            user_display_name=name, challenge=_challenge(account, "new", now),
            exclude_credentials=_described(passkeys(db, account.staff_id)),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
            ),
        )
    )  # fmt: skip


def take_new(db: Session, account: Account, answer: str, name: str, site: Site, *, now: datetime) -> Passkey:
    """Keep the passkey the browser made. Raises BadPasskey."""
    challenge = _answered(account, "new", now)
    try:
        proven = webauthn.verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=site.host, expected_origin=site.origin
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise BadPasskey("The passkey was not made. Try again.") from error
    credential = bytes_to_base64url(proven.credential_id)
    if db.scalar(select(Passkey).where(Passkey.credential_id == credential)):
        raise BadPasskey("This passkey is known already.")
    made = Passkey(
        staff_id=account.staff_id, credential_id=credential,
        public_key=bytes_to_base64url(proven.credential_public_key), sign_count=proven.sign_count,
        name=name.strip()[:100] or "Passkey", made_at=now, last_used_at=None,
    )  # fmt: skip
    db.add(made)
    return made


def ask_for_proof(db: Session, account: Account, site: Site, *, now: datetime) -> str:
    """What the browser needs to prove one of the account's passkeys, as JSON."""
    return webauthn.options_to_json(
        webauthn.generate_authentication_options(
            rp_id=site.host, challenge=_challenge(account, "get", now),
            allow_credentials=_described(passkeys(db, account.staff_id)),
            user_verification=UserVerificationRequirement.PREFERRED,
        )
    )  # fmt: skip


def passkey_is_good(db: Session, account: Account, answer: str, site: Site, *, now: datetime) -> bool:
    """Whether the browser proved one of the account's passkeys, for the challenge given last, once."""
    try:
        challenge = _answered(account, "get", now)
        said = json.loads(answer)
        if not re.fullmatch(r"[\w-]{1,1400}", str(said["id"]), re.ASCII):
            return False
        kept = db.scalar(
            select(Passkey).where(Passkey.staff_id == account.staff_id, Passkey.credential_id == str(said["id"]))
        )
        if kept is None:
            return False
        proven = webauthn.verify_authentication_response(
            credential=said, expected_challenge=challenge, expected_rp_id=site.host, expected_origin=site.origin,
            credential_public_key=webauthn.base64url_to_bytes(kept.public_key),
            credential_current_sign_count=kept.sign_count,
        )  # fmt: skip
    except (WebAuthnException, BadPasskey, ValueError, KeyError, TypeError):
        return False
    kept.sign_count, kept.last_used_at = proven.new_sign_count, now
    return True


def _challenge(account: Account, purpose: str, now: datetime) -> bytes:
    account.challenge, account.challenge_at = f"{purpose}.{secrets.token_urlsafe(32)}", now
    return account.challenge.encode()


def _answered(account: Account, purpose: str, now: datetime) -> bytes:
    """Take the challenge away: it is answered once, for what it was made for, or not at all. The row must be locked."""
    challenge, made_at = account.challenge, account.challenge_at
    account.challenge = account.challenge_at = None
    if challenge is None or made_at is None or made_at < now - CHALLENGE_FOR:
        raise BadPasskey("That took too long. Try again.")
    if not challenge.startswith(f"{purpose}."):
        raise BadPasskey("That was asked for something else. Try again.")
    return challenge.encode()


def _described(keys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(key.credential_id)) for key in keys]


def forget_all(db: Session, account: Account) -> None:
    """Take every second factor away: only when an administrator says so."""
    account.totp = account.totp_next = None
    db.execute(delete(Passkey).where(Passkey.staff_id == account.staff_id))
    db.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == account.staff_id))

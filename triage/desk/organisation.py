"""The organisation's own sign-in, by OpenID Connect: NHS CIS2, Entra ID, or any provider that keeps to the standard.

Discovery, PKCE, state and nonce are Authlib's. Ours is what the answer is worth: it names one active member of staff
by an address the provider vouches for, bound to the provider's own id at the first use; roles never come from it; and
where it does not prove a second factor, ours is asked.
"""

import hashlib
import threading
from typing import Any, Final, cast

import structlog
from authlib.integrations.flask_client import OAuth  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # type: ignore[import-untyped]
from flask import Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from triage import signing_in
from triage.contacts import NotFound
from triage.desk import cookies, signin
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.settings import Organisation

log = structlog.get_logger(__name__)
PATIENCE_S: Final = 3  # callers are answered by the same process
_ASKING: Final = threading.BoundedSemaphore(1)  # so that a provider that hangs holds one thread of it, not all
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
NOT_NOW: Final = "Your organisation's sign-in does not answer. Try again, or sign in with your password."
NOT_PROVEN: Final = "Your organisation's sign-in did not prove who you are. Start again."
UNVERIFIED: Final = "Your organisation does not vouch for your e-mail address. Ask an administrator."


class NotProven(Exception):
    """What the provider sent cannot be relied on, in a sentence."""


def set_up(app: Flask, organisation: Organisation) -> None:
    """Make the client. The provider is asked nothing until somebody signs in."""
    oauth = OAuth(app)
    oauth.register(
        "organisation", client_id=organisation.client_id,
        client_secret=organisation.private_key or organisation.client_secret,
        server_metadata_url=organisation.issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile", "code_challenge_method": "S256", "default_timeout": PATIENCE_S,
            **({"token_endpoint_auth_method": "private_key_jwt"} if organisation.private_key else {}),
        },
    )  # fmt: skip
    app.extensions["nowrongdoor.organisation"] = oauth.organisation


def _client(organisation: Organisation) -> Any:
    """The client, once it knows what its provider says of itself. Raises NotProven for another issuer."""
    client = current_app.extensions["nowrongdoor.organisation"]
    metadata = client.load_server_metadata()
    if metadata.get("issuer") != organisation.issuer:
        raise NotProven(NOT_PROVEN)
    offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
    metadata["id_token_signing_alg_values_supported"] = [one for one in offered if one in ALGORITHMS]
    if organisation.private_key and not client.client_auth_methods:
        taken = metadata.get("token_endpoint_auth_signing_alg_values_supported") or ["RS256"]
        alg = "RS512" if "RS256" not in taken and "RS512" in taken else "RS256"  # CIS2 takes RS512 alone
        client.client_auth_methods = [PrivateKeyJWT(metadata["token_endpoint"], alg=alg)]
    return client


def _organisation() -> Organisation:
    organisation = desk().organisation
    if organisation is None:
        raise NotFound("No organisation's sign-in is set up here.")
    return organisation


@pages.get("/sign-in/organisation")
def organisation() -> ResponseReturnValue:
    """Off to the organisation's page. It is asked to make sure that it is this person at this workstation."""
    known = _organisation()
    back = desk().public_base_url + url_for("pages.organisation_back")
    try:
        with _turn():
            return cast(
                ResponseReturnValue, _client(known).authorize_redirect(back, prompt="login", **_asked_level(known))
            )
    except Exception as error:
        return _no(error)


def _asked_level(known: Organisation) -> dict[str, str]:
    """CIS2 wants to be told which assurance is needed (its `acr_values`)."""
    return {"acr_values": "AAL2_OR_AAL3_ANY"} if "nhs" in known.issuer else {}


@pages.get("/sign-in/organisation/back")
def organisation_back() -> ResponseReturnValue:
    """What the organisation says: signed in, or on to our own second factor."""
    known = _organisation()
    try:
        with _turn():
            claims = _claims(known)
        email = _email(known, claims)
        half = signing_in.from_organisation(desk().database, email, _subject(claims), now=desk().clock())
        if not proves_second_factor(known, claims):
            signin.keep_half(half)
            return redirect(url_for("pages.second_factor"), code=303)
        made = signing_in.by_organisation(desk().database, half, cookies.browser(), now=desk().clock())
    except Exception as error:
        return _no(error)
    signin.leave_old()
    cookies.start(made, half.staff_id)
    return redirect(signin.first_page(half.staff_id), code=303)


def _claims(known: Organisation) -> dict[str, Any]:
    """The proven claims of the ID token, and what else the provider tells about the same person."""
    if request.args.get("iss", known.issuer) != known.issuer:  # RFC 9207: another provider's answer
        raise NotProven(NOT_PROVEN)
    client = _client(known)
    token = client.authorize_access_token(
        claims_options={
            "iss": {"essential": True, "value": known.issuer}, "aud": {"essential": True, "value": known.client_id},
        }
    )  # fmt: skip
    claims = dict(token.get("userinfo") or {})
    if not claims.get("sub") or not claims.get("nonce"):
        raise NotProven(NOT_PROVEN)
    if not claims.get(known.email_claim) and client.server_metadata.get("userinfo_endpoint"):
        more = dict(client.userinfo(token=token))
        if more.get("sub") != claims["sub"]:
            raise NotProven(NOT_PROVEN)
        claims = {**more, **claims}
    return claims


def _email(known: Organisation, claims: dict[str, Any]) -> str:
    """The address, if the provider vouches for it. The standard `email` claim counts only as verified: in some
    directories people write their own there. Another claim is one the organisation fills itself, as its setting says.
    """
    email = claims.get(known.email_claim)
    if not isinstance(email, str) or "@" not in email:
        raise NotProven(UNVERIFIED)
    verified = claims.get("email_verified")
    if verified not in (True, "true") and (known.email_claim == "email" or verified is not None):
        raise NotProven(UNVERIFIED)
    return email


def _subject(claims: dict[str, Any]) -> str:
    whole = f"{claims['iss']} {claims['sub']}"
    return whole if len(whole) <= 300 else hashlib.sha256(whole.encode()).hexdigest()


def proves_second_factor(known: Organisation, claims: dict[str, Any]) -> bool:
    """Whether the provider says that more than a password was proven: `amr`, `acr`, or CIS2's assurance level."""
    amr = claims.get("amr")
    said = {str(one) for one in (amr if isinstance(amr, list) else [amr])}
    said |= {str(claims.get("acr")), f"AAL{claims.get('authentication_assurance_level')}"}
    return bool(said & known.mfa_values)


class _turn:
    """One request at a time goes to the provider; the others wait a little, then are told to try again."""

    def __enter__(self) -> None:
        if not _ASKING.acquire(timeout=PATIENCE_S):
            raise NotProven(NOT_NOW)

    def __exit__(self, *_: object) -> None:
        _ASKING.release()


def _no(error: Exception) -> ResponseReturnValue:
    """Closed, whatever went wrong: the sign-in page with a sentence, and the kind of error in the log."""
    if isinstance(error, NotProven | signing_in.Refused):
        sentence = str(error)
    else:
        sentence = NOT_NOW if isinstance(error, OSError) else NOT_PROVEN
    log.warning("organisation_sign_in_refused", error=type(error).__name__)
    return signin.page(fault=sentence, status=422)

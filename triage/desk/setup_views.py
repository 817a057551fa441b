"""Setting up an account by a single-use link: a password and a second factor; or a new password and the old factor."""

import base64
import io

import qrcode  # type: ignore[import-untyped]
import qrcode.image.svg  # type: ignore[import-untyped]
from flask import jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from triage import attempts, factors, passwords, signing_in
from triage.desk import cookies
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.desk.signin import as_json, trouble
from triage.signing_in import Opened, Refused


def picture(secret: str, email: str) -> str:
    """What an authenticator app photographs, as the address of an image."""
    image = qrcode.make(factors.provisioning(secret, email, desk().site), image_factory=qrcode.image.svg.SvgPathImage)
    drawn = io.BytesIO()
    image.save(drawn)
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()


def spaced(secret: str) -> str:
    """A secret to type, in fours."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _open(secret: str) -> Opened:
    with desk().database.reading() as db:
        return signing_in.open_link(db, secret, now=desk().clock())


def _gone(no: Refused) -> ResponseReturnValue:
    return render_template("error.jinja", title="This link does not work", advice=str(no), status=410), 410


@pages.get("/set-up/<secret>")
def set_up(secret: str) -> ResponseReturnValue:
    """The form for a password. Looking at it uses nothing up: mail scanners open links."""
    try:
        return render_template("set_up.jinja", opened=_open(secret), secret=secret, problem="")
    except Refused as no:
        return _gone(no)


@pages.post("/set-up/<secret>")
def set_up_password(secret: str) -> ResponseReturnValue:
    """Set the password. Then the second factor; or, for who has one and proved it, the sign-in page."""
    form = request.form
    try:
        opened = _open(secret)
    except Refused as no:
        return _gone(no)
    try:
        if form.get("password", "") != form.get("again", ""):
            raise passwords.BadPassword("The two are not the same. Type both again.")
        opened = signing_in.password_by_link(
            desk().database, secret, form.get("password", ""), form.get("code", "")[:100], cookies.browser(),
            breached=desk().breached, now=desk().clock(),
        )  # fmt: skip
    except (passwords.BadPassword, Refused, attempts.TooSoon) as no:
        return render_template("set_up.jinja", opened=opened, secret=secret, problem=str(no)), 422
    if opened.kinds.any:
        return redirect(url_for("pages.sign_in"), code=303)
    return redirect(url_for("pages.set_up_factor", secret=secret), code=303)


@pages.get("/set-up/<secret>/second-factor")
def set_up_factor(secret: str) -> ResponseReturnValue:
    """An authenticator app, or a passkey."""
    return _factor(secret)


def _factor(secret: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    try:
        opened, offered = signing_in.first_factor(desk().database, secret, now=desk().clock())
    except Refused as no:
        return _gone(no)
    shown = {"picture": picture(offered, opened.staff.email), "typed": spaced(offered)}
    return render_template("set_up_factor.jinja", secret=secret, problem=fault, **shown), status


@pages.post("/set-up/<secret>/app")
def set_up_app(secret: str) -> ResponseReturnValue:
    """The app proved itself with a code: signed in, with recovery codes to print."""
    try:
        done = signing_in.totp_by_link(
            desk().database, secret, request.form.get("code", ""), cookies.browser(), now=desk().clock()
        )
    except (Refused, attempts.TooSoon) as no:
        return _factor(secret, str(no), 422)
    return _codes(*done)


def _codes(session_id: str, codes: list[str], staff_id: str) -> ResponseReturnValue:
    cookies.start(session_id, staff_id)
    return render_template("recovery_codes.jinja", codes=codes)


@pages.post("/set-up/<secret>/passkey/options")
def set_up_passkey_options(secret: str) -> ResponseReturnValue:
    """What the browser needs to make a passkey."""
    try:
        options = signing_in.passkey_options_by_link(desk().database, secret, desk().site, now=desk().clock())
    except Refused as no:
        return trouble(str(no))
    return as_json(options)


@pages.post("/set-up/<secret>/passkey")
def set_up_passkey(secret: str) -> ResponseReturnValue:
    """The passkey was made: signed in. The recovery codes are on the page that opens next."""
    try:
        session_id, codes, staff_id = signing_in.passkey_by_link(
            desk().database, secret, request.form.get("passkey", ""), request.form.get("name", ""), cookies.browser(),
            desk().site, now=desk().clock(),
        )  # fmt: skip
    except (Refused, factors.BadPasskey) as no:
        return trouble(str(no))
    cookies.start(session_id, staff_id)
    return jsonify({"codes": codes, "to": url_for("pages.home")})

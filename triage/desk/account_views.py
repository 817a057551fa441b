"""An account as its owner sees it (password, second factors, sessions, tokens), and everybody's, for administrators."""

from typing import Any

from flask import abort, flash, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import accounts, attempts, factors, passwords, sessions, signing_in
from triage.account_models import Account
from triage.desk import answers, cookies
from triage.desk.access import me
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.desk.setup_views import picture, spaced
from triage.desk.signin import as_json, trouble
from triage.history import record
from triage.models import Staff
from triage.signing_in import Refused

MINE = "pages.account"
ALL = "pages.accounts"


@pages.get("/account")
def account() -> ResponseReturnValue:
    """Everything about how she signs in."""
    return _mine()


def _mine(status: int = 200, **shown: Any) -> ResponseReturnValue:
    now = desk().clock()
    with desk().database.reading() as db:
        mine = db.get(Account, me().id)
        shown = {
            "account": mine, "kinds": factors.kinds(db, mine) if mine else None,
            "passkeys": factors.passkeys(db, me().id), "sessions": sessions.open_of(db, me().id, now=now),
            "tokens": [(accounts.token_id(row), row) for row in accounts.tokens(db, me().id)],
            "this_session": cookies.session_id(), "problem": "", "scopes": accounts.SCOPES,
            "token_days": accounts.TOKEN_DAYS, "longest_token_days": accounts.LONGEST_TOKEN_DAYS, "now": now, **shown,
        }  # fmt: skip
    return render_template("account.jinja", **shown), status


def _prove() -> None:
    """The password, before anything that matters is changed. Whoever has none (picked, or by organisation) has proven
    enough by the session. Raises Refused, attempts.TooSoon.
    """
    with desk().database.reading() as db:
        mine = db.get(Account, me().id)
    if mine is not None and mine.password is not None:
        typed = request.form.get("password", "")
        signing_in.prove_password(desk().database, me().id, typed, cookies.browser(), now=desk().clock())


@pages.post("/account/password")
def change_password() -> ResponseReturnValue:
    """A new password. Every session ends but this one, which gets a new id."""
    form = request.form
    try:
        if form.get("new", "") != form.get("again", ""):
            raise passwords.BadPassword("The two are not the same. Type both again.")
        _prove()
        made = signing_in.change_password(
            desk().database, me(), form.get("new", ""), cookies.session_id() or "", breached=desk().breached,
            now=desk().clock(),
        )  # fmt: skip
    except (passwords.BadPassword, Refused, attempts.TooSoon) as no:
        return _mine(422, problem=str(no))
    cookies.start(made, me().id)
    return answers.done("Your password is changed. You are signed out everywhere else.", MINE)


@pages.post("/account/app")
def show_app() -> ResponseReturnValue:
    """The picture to photograph with an authenticator app, after the password."""
    try:
        _prove()
        with desk().database.transaction() as db:
            mine = _locked(db, me().id)
            offered = factors.offer_totp(mine)
    except (Refused, attempts.TooSoon) as no:
        return _mine(422, problem=str(no))
    return _mine(picture=picture(offered, me().email), typed=spaced(offered))


@pages.post("/account/app/code")
def add_app() -> ResponseReturnValue:
    """The app proved itself: its codes count from now on, those of an earlier one no more."""
    with desk().database.transaction() as db:
        attempts.count(db, [(attempts.key("enrol", me().id), attempts.CODE)], now=desk().clock())
    with desk().database.transaction() as db:
        mine = _locked(db, me().id)
        good = factors.take_totp(mine, request.form.get("code", "")[:100], now=desk().clock())
        offered = factors.offer_totp(mine) if not good and mine.totp_next else ""
        if good:
            attempts.forget(db, attempts.key("enrol", me().id))
            record(db, "totp_added", actor=me().id, now=desk().clock())
    if not good:
        again = {"picture": picture(offered, me().email), "typed": spaced(offered)} if offered else {}
        return _mine(422, problem="That code is not right. Type the one the app shows now.", **again)
    return answers.done("The authenticator app is set up.", MINE)


@pages.post("/account/passkey/options")
def add_passkey_options() -> ResponseReturnValue:
    """What the browser needs to make a passkey, after the password."""
    try:
        _prove()
        with desk().database.transaction() as db:
            mine = _locked(db, me().id)
            options = factors.ask_for_new(db, mine, me().email, me().name, desk().site, now=desk().clock())
    except (Refused, attempts.TooSoon) as no:
        return trouble(str(no))
    return as_json(options)


@pages.post("/account/passkey")
def add_passkey() -> ResponseReturnValue:
    """The passkey was made."""
    form, now = request.form, desk().clock()
    try:
        with desk().database.transaction() as db:
            mine = _locked(db, me().id)
            factors.take_new(db, mine, form.get("passkey", ""), form.get("name", ""), desk().site, now=now)
            record(db, "passkey_added", actor=me().id, now=now)
    except factors.BadPasskey as no:
        return trouble(str(no))
    flash("The passkey is added.", "changed")
    return jsonify({"to": url_for(MINE)})


def _locked(db: Session, staff_id: str) -> Account:
    found = db.scalar(select(Account).where(Account.staff_id == staff_id).with_for_update())
    if found is None:
        abort(404)
    return found


@pages.post("/account/factor/remove")
def drop_factor() -> ResponseReturnValue:
    """Take a second factor away: never the last one."""
    try:
        _prove()
        with desk().database.transaction() as db:
            signing_in.drop_factor(db, me(), request.form.get("which", ""), now=desk().clock())
    except (Refused, attempts.TooSoon) as no:
        return _mine(422, problem=str(no))
    return answers.done("Removed.", MINE)


@pages.post("/account/codes")
def new_codes() -> ResponseReturnValue:
    """New recovery codes, shown once, in place of the old ones."""
    try:
        _prove()
        with desk().database.transaction() as db:
            _locked(db, me().id)
            codes = factors.new_recovery_codes(db, me().id, now=desk().clock())
            record(db, "recovery_codes_made", actor=me().id, now=desk().clock())
    except (Refused, attempts.TooSoon) as no:
        return _mine(422, problem=str(no))
    return render_template("recovery_codes.jinja", codes=codes)


@pages.post("/account/sessions/end")
def end_session() -> ResponseReturnValue:
    """End one of her other sessions, or all others."""
    which, now = request.form.get("session", ""), desk().clock()
    with desk().database.transaction() as db:
        if which == "others":
            sessions.end_all(db, me().id, "ended by its owner", now=now, but=cookies.session_id())
        elif any(row.id == which for row in sessions.open_of(db, me().id, now=now)):
            sessions.end(db, which, "ended by its owner", now=now)
        record(db, "sessions_ended", actor=me().id, now=now, staff_id=me().id)
    return answers.done("Signed out there.", MINE)


@pages.post("/account/tokens")
def make_token() -> ResponseReturnValue:
    """A token for the API, shown once."""
    form = request.form
    try:
        days = int(form.get("days", ""))
        _prove()
        with desk().database.transaction() as db:
            token = accounts.make_token(
                db, me().email, now=desk().clock(), name=form.get("name", ""), scope=form.get("scope", accounts.READ),
                days=days, by=me().id,
            )  # fmt: skip
    except ValueError:
        return _mine(422, problem=f"A token works for 1 to {accounts.LONGEST_TOKEN_DAYS} days.")
    except (Refused, attempts.TooSoon) as no:
        return _mine(422, problem=str(no))
    return _mine(token_made=token)


@pages.post("/account/tokens/<which>/revoke")
def revoke_token(which: str) -> ResponseReturnValue:
    """Revoke one of her tokens: it stops working at once."""
    with desk().database.transaction() as db:
        found = accounts.revoke_token(db, which, by=me().id, now=desk().clock(), staff_id=me().id)
    return answers.done("The token is revoked.", MINE) if found else answers.refused("It is not there any more.", MINE)


# --- everybody's, for administrators ----------------------------------------------------------------------------------


@pages.get("/accounts", endpoint="accounts")
def accounts_page() -> ResponseReturnValue:
    """Who has an account, what they prove themselves with, when they last signed in."""
    return _all()


def _all(status: int = 200, **shown: Any) -> ResponseReturnValue:
    now = desk().clock()
    with desk().database.reading() as db:
        rows = []
        for staff in accounts.everybody(db):
            account = db.get(Account, staff.id)
            kinds = factors.kinds(db, account) if account else None
            rows.append((staff, account, kinds, len(sessions.open_of(db, staff.id, now=now))))
        names = {staff.id: staff.name for staff, *_ in rows}
        tokens = [(accounts.token_id(row), row, names.get(row.staff_id, "")) for row in accounts.tokens(db)]
    return render_template("accounts.jinja", rows=rows, tokens=tokens, now=now, **shown), status


def _of(db: Session, staff_id: str) -> Staff:
    staff = accounts.by_id(db, staff_id)
    if staff is None:
        abort(404)
    return staff


@pages.post("/accounts/<staff_id>/link")
def make_link(staff_id: str) -> ResponseReturnValue:
    """A link to set up, or to set a new password: shown once, given to them by hand."""
    with desk().database.transaction() as db:
        staff = _of(db, staff_id)
        secret = signing_in.make_link(db, staff, by=me().id, now=desk().clock())
    link = desk().public_base_url + url_for("pages.set_up", secret=secret)
    return _all(link=link, link_for=staff.name)


@pages.post("/accounts/<staff_id>/disable")
def disable_account(staff_id: str) -> ResponseReturnValue:
    """Nobody signs in with it, and whoever is in is out at once."""
    if staff_id == me().id:
        return answers.refused("You cannot disable your own account.", ALL)
    with desk().database.transaction() as db:
        staff = _of(db, staff_id)
        signing_in.disable(db, _locked(db, staff_id), by=me().id, now=desk().clock())
    return answers.done(f"The account of {staff.name} is disabled.", ALL)


@pages.post("/accounts/<staff_id>/enable")
def enable_account(staff_id: str) -> ResponseReturnValue:
    """It works again, with the password and second factor it had."""
    with desk().database.transaction() as db:
        staff = _of(db, staff_id)
        signing_in.enable(db, _locked(db, staff_id), by=me().id, now=desk().clock())
    return answers.done(f"The account of {staff.name} works again.", ALL)


@pages.post("/accounts/<staff_id>/end-sessions")
def end_sessions(staff_id: str) -> ResponseReturnValue:
    """Sign them out everywhere."""
    with desk().database.transaction() as db:
        staff = _of(db, staff_id)
        signing_in.end_sessions(db, _locked(db, staff_id), by=me().id, now=desk().clock())
    return answers.done(f"{staff.name} is signed out everywhere.", ALL)


@pages.post("/accounts/<staff_id>/reset-factors")
def reset_factors(staff_id: str) -> ResponseReturnValue:
    """They lost their second factor: all of theirs are gone, and a new link sets up another."""
    if staff_id == me().id:
        return answers.refused("Another administrator must do this for you.", ALL)
    with desk().database.transaction() as db:
        staff = _of(db, staff_id)
        signing_in.reset_factors(db, _locked(db, staff_id), by=me().id, now=desk().clock())
    return answers.done(f"The second factor of {staff.name} is gone. Make them a link to set up another.", ALL)


@pages.post("/accounts/tokens/<which>/revoke")
def revoke_any_token(which: str) -> ResponseReturnValue:
    """Revoke anybody's token."""
    with desk().database.transaction() as db:
        found = accounts.revoke_token(db, which, by=me().id, now=desk().clock())
    return answers.done("The token is revoked.", ALL) if found else answers.refused("It is not there any more.", ALL)

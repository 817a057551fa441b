"""Signing in: password and second factor, or the organisation's own sign-in; on one machine by picking a person."""

import json
from typing import Any

from flask import g, jsonify, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf  # type: ignore[import-untyped]

from triage import accounts, attempts, factors, history, presence, sessions, signing_in
from triage.account_models import Account
from triage.contacts import NotFound
from triage.desk import access, answers, cookies
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.models import Presence, Staff
from triage.signing_in import Half

ROLES = ("nurse", "dispatcher", "supervisor", "administrator", "reader")
LIMIT = 200  # of an e-mail address


@pages.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """The form; on one machine, everybody who works here under the role they work in, and no form."""
    return page()


def page(email: str = "", fault: str = "", status: int = 200) -> ResponseReturnValue:
    people: dict[str, list[Staff]] = {}
    if desk().local_sign_in:
        with desk().database.reading() as db:
            for staff in accounts.everybody(db):
                first = next(role for role in ROLES if role in staff.roles)
                people.setdefault(first, []).append(staff)
    shown = render_template(
        "sign_in.jinja", people=people, roles=ROLES, can_pick=desk().local_sign_in, email=email, problem=fault,
        organisation=desk().organisation,
    )  # fmt: skip
    return shown, status


@pages.post("/sign-in")
def sign_in_as() -> ResponseReturnValue:
    """Sign in as the person picked. Refused outside local mode, whoever is named."""
    if not desk().local_sign_in:
        raise NotFound("Nobody can be picked here.")
    now = desk().clock()
    with desk().database.transaction() as db:
        staff = accounts.by_id(db, request.form.get("staff", ""))
        if staff is None:
            raise NotFound("Nobody active has this id.")
        made = sessions.begin(db, staff, sessions.PICKED, stamp="", browser=cookies.browser().name, now=now)
        history.record(db, "signed_in", actor=staff.id, now=now, how=sessions.PICKED)
    leave_old()
    cookies.start(made.id, staff.id)
    return redirect(url_for(access.first_page(staff)), code=303)


def leave_old() -> None:
    """Whoever was signed in in this browser before is out: a shared workstation has one person at a time."""
    if old := cookies.session_id():
        with desk().database.transaction() as db:
            sessions.end(db, old, "another sign-in", now=desk().clock())


@pages.post("/sign-in/password")
def sign_in_with_password() -> ResponseReturnValue:
    """The first half. Wrong, unknown and disabled are told apart by nothing."""
    email = request.form.get("email", "")[:LIMIT]
    try:
        half = signing_in.by_password(
            desk().database, email, request.form.get("password", ""), cookies.browser(), now=desk().clock()
        )
    except signing_in.Refused as no:
        return page(email, str(no), 422)
    except attempts.TooSoon as no:
        return _slowed(page(email, str(no), 429), no)
    keep_half(half)
    return redirect(url_for("pages.second_factor"), code=303)


def _slowed(answer: ResponseReturnValue, no: attempts.TooSoon) -> ResponseReturnValue:
    response = make_response(answer)
    response.headers["Retry-After"] = str(no.wait_s)
    return response


def keep_half(half: Half) -> None:
    """Remember, in a session that is otherwise new, whose second factor is to come."""
    leave_old()
    session.clear()
    session[cookies.PROOF] = {
        "staff": half.staff_id, "stamp": half.stamp, "how": half.how, "at": desk().clock().timestamp(),
    }  # fmt: skip


def half_way() -> Half | None:
    """Who has done the first half in this browser, not long ago."""
    said: Any = session.get(cookies.PROOF)
    if not isinstance(said, dict):
        return None
    age = desk().clock().timestamp() - float(said["at"])
    if not 0 <= age < signing_in.HALF_FOR.total_seconds():
        return None
    return Half(said["staff"], said["stamp"], said["how"])


@pages.get("/sign-in/second-factor")
def second_factor() -> ResponseReturnValue:
    """The code, or the passkey, of whoever gave the right password."""
    half = half_way()
    return _second(half) if half else redirect(url_for("pages.sign_in"))


def _second(half: Half, fault: str = "", status: int = 200) -> ResponseReturnValue:
    with desk().database.reading() as db:
        account = db.get(Account, half.staff_id)
        kinds = factors.kinds(db, account) if account else None
    if kinds is None:
        return redirect(url_for("pages.sign_in"))
    return render_template("second_factor.jinja", kinds=kinds, problem=fault), status


@pages.post("/sign-in/second-factor")
def give_second_factor() -> ResponseReturnValue:
    """The second half, by a code from the app or a recovery code."""
    half = half_way()
    if half is None:
        return page("", "That took too long. Start again.", 422)
    try:
        made = signing_in.by_code(
            desk().database, half, request.form.get("code", "")[:LIMIT], cookies.browser(), now=desk().clock()
        )
    except signing_in.Refused as no:
        return _second(half, str(no), 422)
    except attempts.TooSoon as no:
        return _slowed(_second(half, str(no), 429), no)
    cookies.start(made, half.staff_id)
    return redirect(first_page(half.staff_id), code=303)


def first_page(staff_id: str) -> str:
    with desk().database.reading() as db:
        staff = accounts.by_id(db, staff_id)
    return url_for(access.first_page(staff)) if staff else url_for("pages.sign_in")


@pages.post("/sign-in/passkey/options")
def passkey_options() -> ResponseReturnValue:
    """What the browser must sign to prove the passkey of whoever gave the right password."""
    half = half_way()
    if half is None:
        return trouble("That took too long. Start again.")
    try:
        return as_json(signing_in.passkey_options(desk().database, half, desk().site, now=desk().clock()))
    except signing_in.Refused as no:
        return trouble(str(no))


@pages.post("/sign-in/passkey")
def sign_in_with_passkey() -> ResponseReturnValue:
    """The second half, by passkey."""
    half = half_way()
    if half is None:
        return trouble("That took too long. Start again.")
    try:
        made = signing_in.by_passkey(
            desk().database, half, request.form.get("passkey", ""), cookies.browser(), desk().site, now=desk().clock()
        )
    except signing_in.Refused as no:
        return trouble(str(no))
    cookies.start(made, half.staff_id)
    return jsonify({"to": first_page(half.staff_id)})


def trouble(sentence: str, status: int = 422) -> ResponseReturnValue:
    """Why not, for a script of ours."""
    return jsonify({"sentence": sentence}), status


def as_json(text: str) -> ResponseReturnValue:
    return jsonify(json.loads(text))


# --- again, over the page that is open --------------------------------------------------------------------------------


@pages.get("/sign-in/again")
def again() -> ResponseReturnValue:
    """For a page that was open longer than its session: a form token that works now, and who is signed in."""
    return jsonify({"csrf_token": generate_csrf(), "me": g.staff.id if g.staff else None})


@pages.post("/sign-in/again/passkey")
def again_passkey_options() -> ResponseReturnValue:
    """What the browser must sign. Only for whoever was signed in in this very browser."""
    staff_id: Any = session.get("staff")
    with desk().database.reading() as db:
        account = db.get(Account, staff_id) if isinstance(staff_id, str) else None
    if account is None:
        return trouble("Use a code, or sign in on the sign-in page.")
    try:
        half = Half(account.staff_id, account.stamp)
        return as_json(signing_in.passkey_options(desk().database, half, desk().site, now=desk().clock()))
    except signing_in.Refused as no:
        return trouble(str(no))


@pages.post("/sign-in/again")
def sign_in_again() -> ResponseReturnValue:
    """Both halves at once. The page goes on with the new form token; nothing on it was lost."""
    form, browser, now = request.form, cookies.browser(), desk().clock()
    try:
        half = signing_in.by_password(
            desk().database, form.get("email", "")[:LIMIT], form.get("password", ""), browser, now=now
        )
        if form.get("passkey"):
            made = signing_in.by_passkey(desk().database, half, form["passkey"], browser, desk().site, now=now)
        else:
            made = signing_in.by_code(desk().database, half, form.get("code", "")[:LIMIT], browser, now=now)
    except signing_in.Refused as no:
        return trouble(str(no))
    except attempts.TooSoon as no:
        return trouble(str(no), 429)
    leave_old()
    cookies.start(made, half.staff_id)
    return jsonify({"csrf_token": generate_csrf(), "me": half.staff_id})


@pages.post("/here")
def here() -> ResponseReturnValue:
    """Somebody is at this page: said by it, at most once a minute, while they type or press."""
    return "", 204


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign out. Not while somebody is with her; and her browser, once left, is rung no more. A telephone still is."""
    staff = access.me()
    with desk().database.transaction() as db:
        if presence.holding(db, staff.id):
            return answers.refused("Somebody is with you. Finish that contact, or give them back, before you sign out.")
        row = db.get(Presence, staff.id)
        if row and row.via == "browser" and row.state != "off":
            presence.change(db, row, "off", actor=staff.id, now=desk().clock(), reason="signed out")
        sessions.end(db, cookies.session_id() or "", "signed out", now=desk().clock())
        history.record(db, "signed_out", actor=staff.id, now=desk().clock())
    session.clear()
    g.staff = None
    return redirect(url_for("pages.sign_in"), code=303)

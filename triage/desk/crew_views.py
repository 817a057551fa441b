"""The page of a crew's phone: the job, what to press next, and help. Whoever holds the link, on the first phone."""

import secrets
from datetime import datetime, timedelta
from typing import Final

from flask import abort, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from callflows import crew
from triage import crew_calls, crew_links, crew_replies, destinations, dispatch, visits
from triage.desk import board_data
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.lifecycles import CREW_ACTIONS, OPEN_DISPATCH, UNDER_WAY
from triage.models import Dispatch

PHONE: Final = "crew_phone"  # this browser, in its signed session
LONGEST_AGO: Final = timedelta(hours=12)


@pages.errorhandler(crew_links.NoSuchLink)
@pages.errorhandler(crew_links.OnAnotherPhone)
def closed(why: Exception) -> ResponseReturnValue:
    """Words for a crew whose link opens nothing."""
    status = 404 if isinstance(why, crew_links.NoSuchLink) else 403
    if request.accept_mimetypes.best == "application/json":
        return jsonify({"said": str(why)}), status
    return render_template("crew_closed.jinja", why=str(why)), status


@pages.get("/crew/<secret>")
def crew_page(secret: str) -> ResponseReturnValue:
    """The job as it stands; before the link is opened, only the button that opens it."""
    with desk().database.reading() as db:
        return _page(crew_links.find(db, secret, now=desk().clock()), secret)


def _page(row: Dispatch, secret: str, said: str | None = None, status: int = 200) -> ResponseReturnValue:
    mine = crew_links.is_of(row, session.get(PHONE))
    shown = board_data.row(row.incident)
    actions = [one for one in shown.actions if shown.running is row]
    return render_template(
        "crew.jinja", row=row, incident=row.incident, secret=secret, mine=mine, actions=actions, said=said,
        rings=bool(destinations.in_words(row.incident.call_back)),
        whom=destinations.without_numbers(row.incident.call_back), under_way=row.state in UNDER_WAY,
        open=row.state in OPEN_DISPATCH,
        near=crew.near(dispatch.job(row)),
        unread=row.state in UNDER_WAY and row.revision_read < row.incident.revision,
    ), status  # fmt: skip


@pages.post("/crew/<secret>/open")
def crew_open(secret: str) -> ResponseReturnValue:
    """Open the link on this phone: from now on it is this phone's."""
    phone = session.setdefault(PHONE, secrets.token_urlsafe(16))
    with desk().database.transaction() as db:
        now = desk().clock()
        crew_links.open_on(db, _locked(db, secret, now), phone, now=now)
    return redirect(url_for("pages.crew_page", secret=secret), code=303)


@pages.post("/crew/<secret>/did")
def crew_says(secret: str) -> ResponseReturnValue:
    """What the crew pressed, and when by its phone: kept there while there is no signal, sent in order afterwards."""
    action, now = request.form.get("action", ""), desk().clock()
    if action not in CREW_ACTIONS:
        abort(404)
    with desk().database.transaction() as db:
        row = _mine(db, secret, now)
        if row.state in OPEN_DISPATCH:
            said_at = _said_at(request.form.get("said_at", ""), now)
            said = crew_replies.act(db, row, action, now=now, way="link", said_at=said_at)
        else:
            said = crew_replies.over(db, row, action, now=now)
        said = said if row.state in UNDER_WAY else said.split(" Reply ")[0]
        if request.accept_mimetypes.best == "application/json":
            return jsonify({"said": said})
        return _page(row, secret, said)


@pages.post("/crew/<secret>/ring")
def crew_rings(secret: str) -> ResponseReturnValue:
    """Put the crew through to the person: the car's own telephone is rung first, whoever pressed."""
    with desk().database.transaction() as db:
        now = desk().clock()
        row = _mine(db, secret, now)
        try:
            said = crew_calls.ask_for_person(db, row, now=now)
        except crew_calls.CannotRing as no:
            return _page(row, secret, str(no), 409)
        return _page(row, secret, said)


@pages.post("/crew/<secret>/visit")
def crew_visit(secret: str) -> ResponseReturnValue:
    """What came of the visit, in the crew's words."""
    now = desk().clock()
    with desk().database.transaction() as db:
        row = _mine(db, secret, now)
        try:
            visits.record(db, row.incident, request.form.get("visit", ""), request.form.get("words", "")[:2000],
                          actor="crew", now=now)  # fmt: skip
        except visits.BadVisit as no:
            return _page(row, secret, str(no), 422)
        return _page(row, secret, "Recorded. Thank you.")


def _locked(db: Session, secret: str, now: datetime) -> Dispatch:
    return dispatch.get(db, crew_links.find(db, secret, now=now).id)


def _mine(db: Session, secret: str, now: datetime) -> Dispatch:
    row = _locked(db, secret, now)
    if not crew_links.is_of(row, session.get(PHONE)):
        abort(403)
    return row


def _said_at(given: str, now: datetime) -> datetime | None:
    """When the phone says it was; nothing of a clock that is far off."""
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        return None
    return at if at.tzinfo and now - LONGEST_AGO < at <= now + timedelta(minutes=5) else None

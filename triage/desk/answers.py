"""How pages answer, with script and without: it was done, it cannot be done, nothing has changed since.

A script of ours gets 204 with an event to show, and then reads the page's live parts again; a plain form is
redirected to the page with the same sentence on top.
"""

import json
from typing import Any

import structlog
from flask import Blueprint, Response, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from triage import history
from triage.bridge import CannotMove, Taken
from triage.contacts import NotFound
from triage.desk import access, static_files
from triage.desk.context import desk
from triage.dispatch import CannotSend
from triage.duties import BadDuty, NotThatDuty
from triage.handing import CannotHand
from triage.incidents import BadIncident
from triage.ladder import NotNow, Wrong
from triage.lifecycles import IllegalMove
from triage.notices import NotForYou
from triage.one_person import NotRinging
from triage.presence import CannotBe
from triage.promises import AlreadySettled
from triage.queue import NotTheirs
from triage.same_person import CannotLink
from triage.silence import CannotEnd, NotSilent
from triage.text_calls import CannotRing
from triage.texts import CannotText
from triage.units import BadState
from triage.walls import Walled

log = structlog.get_logger(__name__)


class Overtaken(Exception):
    """Somebody else changed it since the page was shown; `str()` says how it stands now. Nothing was done."""


SENTENCES = (
    AlreadySettled, BadDuty, BadIncident, BadState, CannotBe, CannotEnd, CannotHand, CannotLink, CannotMove,
    CannotRing, CannotSend, CannotText, IllegalMove, NotNow, NotRinging, NotSilent, NotThatDuty, NotTheirs, Overtaken,
    Taken, Wrong,
)  # fmt: skip
WHAT_TO_DO = {
    400: (
        "This form was too old",
        "You signed in or out since the page was opened. Try again; if that fails, open the page again.",
    ),
    401: ("You are signed out", "Sign in again. What you saved is kept."),
    403: ("This page is not yours", "Your roles do not include it. If they should, ask an administrator."),
    404: ("There is nothing here", "The address is wrong, or what it named is not kept any more."),
    405: ("There is nothing here", "The address is wrong, or what it named is not kept any more."),
    429: ("That was too often", "Wait a minute, then try again. What you saved is kept."),
    413: ("That is too much", "The text is longer than can be kept. Shorten it."),
}
FAILED = (
    "Something failed on our side",
    "What you saved is kept. Try again; if it goes on, tell whoever runs the service.",
)


def set_up(pages: Blueprint) -> None:
    """Turn the services' refusals, and whatever goes wrong, into sentences."""
    for refusal in SENTENCES:
        pages.register_error_handler(refusal, lambda error: refused(str(error)))
    pages.register_error_handler(NotFound, lambda error: _page(404))
    pages.register_error_handler(Walled, lambda error: walled(str(error), error.contact_id))
    pages.register_error_handler(NotForYou, lambda error: walled(str(error), None))
    pages.register_error_handler(HTTPException, lambda error: _page(error.code or 500))
    pages.register_error_handler(Exception, _failed)


def walled(
    sentence: str, contact_id: str | None, status: int = 403, *, fault: str | None = None, reason: str = ""
) -> ResponseReturnValue:
    """It is another locality's: say so, with the form that breaks the glass for whoever may."""
    if access.wants_fragment(request):
        return _event(make_response("", status), "refused", fault or sentence)
    page = render_template("walled.jinja", sentence=sentence, contact_id=contact_id, wrong=fault, reason=reason)
    return page, status


def done(sentence: str, page: str, **where: Any) -> ResponseReturnValue:
    """It was done: say so, on `page`."""
    return _say("changed", sentence, 204, page, where)


def refused(sentence: str, page: str | None = None, **where: Any) -> ResponseReturnValue:
    """It cannot be done: say why. Nothing was changed."""
    return _say("refused", sentence, 409, page or access.first_page(access.me()), where)


def _say(event: str, sentence: str, status: int, page: str, where: dict[str, Any]) -> ResponseReturnValue:
    if access.wants_fragment(request):
        return _event(make_response("", status), event, sentence, **where)
    flash(sentence, event)
    return redirect(url_for(page, **where), code=303)


def with_form(html: str, sentence: str, event: str = "changed") -> Response:
    """It was done, for a script: the form afresh, and the sentence to show."""
    return _event(make_response(html), event, sentence)


def _event(response: Response, event: str, sentence: str, **about: Any) -> Response:
    response.headers["HX-Trigger"] = json.dumps({event: {"sentence": sentence, **about}})
    return response


def tag(db: Session, *also: str | None) -> str:
    """The ETag of a live part: it changes with anything recorded, with the person, and with our own release."""
    parts = (static_files.version(), access.me().id, history.version(db), *(part or "" for part in also))
    return ":".join(parts)


def not_modified(etag: str) -> Response | None:
    """304 if the browser has this version: decided before anything is read or rendered."""
    if request.headers.get("If-None-Match") != f'"{etag}"':
        return None
    return _stamped(make_response("", 304), etag)


def fresh(html: str | bytes, etag: str) -> Response:
    """A live part with its version."""
    return _stamped(make_response(html), etag)


def _stamped(response: Response, etag: str) -> Response:
    response.headers["ETag"] = f'"{etag}"'
    response.headers["X-Service-Time"] = str(int(desk().clock().timestamp() * 1000))
    return response


def _page(status: int) -> ResponseReturnValue:
    title, advice = WHAT_TO_DO.get(status, FAILED)
    if access.wants_fragment(request):
        event = {400: "renew", 401: "signedout"}.get(status, "refused")
        return _event(make_response("", status), event, f"{title}. {advice}")
    return render_template("error.jinja", title=title, advice=advice, status=status), status


def _failed(error: Exception) -> ResponseReturnValue:
    log.exception("page_failed", endpoint=request.endpoint, error=type(error).__name__)
    g.setdefault("staff", None)
    try:
        return _page(500)
    except Exception:  # the service's own name may be what cannot be read
        return f"{FAILED[0]}. {FAILED[1]}", 500

"""The webhooks: one blueprint, closed by default. Unsigned requests get 403; any failure of ours gets the fail-safe
words.
"""

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

import structlog
from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from telephony import rehearsal, spooling
from telephony.failsafe import FailSafe
from telephony.signature import Door
from triage.contacts import NotFound
from triage.db import Database, utcnow
from triage.patience import a_caller_waits
from triage.spool import Spool
from triage.standing import Kept, Standing

log = structlog.get_logger(__name__)
SPOOL_WAIT_S: Final = 1.0  # a disk that hangs must not keep a caller from hearing words
IN_THE_QUEUE: Final = ("/wait", "/wait/key")  # what is played there may not dial
REFUSALS: Final = (403, 404, 405, 413)  # forged, unknown, too large: nobody was failed

voice = Blueprint("voice", __name__, url_prefix="/voice")
sms = Blueprint("sms", __name__, url_prefix="/sms")


@dataclass(frozen=True)
class Line:
    """What the webhooks work with: built once by app.py. They touch no Redis."""

    database: Database
    kept: Kept
    public_base_url: str
    account_sid: str
    auth_tokens: tuple[str, ...]
    fallback_number: str
    spool: Spool

    def standing(self, now: datetime) -> Standing:
        return self.kept.now(now.date())

    def url(self, path: str) -> str:
        """One of our addresses, absolute, as the carrier reaches it."""
        return f"{self.public_base_url}{path}"


def line() -> Line:
    return cast(Line, current_app.extensions["nowrongdoor.line"])


def attach(app: Flask, the_line: Line) -> None:
    """Put the webhooks on the app."""
    from telephony import alarm_calls, legs, texting, waiting_room  # noqa: F401 - their routes join the blueprints above
    from telephony import voice as _calls  # noqa: F401

    app.extensions["nowrongdoor.line"] = the_line
    app.extensions["nowrongdoor.door"] = Door(the_line.public_base_url, the_line.account_sid, the_line.auth_tokens)
    app.extensions["nowrongdoor.failsafe"] = FailSafe(the_line.fallback_number)
    app.register_blueprint(voice)
    app.register_blueprint(sms)


@voice.before_request
@sms.before_request
def only_the_carrier() -> None:
    a_caller_waits(True)
    cast(Door, current_app.extensions["nowrongdoor.door"]).check(request)


@voice.teardown_request
@sms.teardown_request
def nobody_waits_now(_: BaseException | None) -> None:
    a_caller_waits(False)


@voice.errorhandler(Exception)
def words_for_a_caller(error: Exception) -> Response | HTTPException:
    """Whatever went wrong, the caller hears words and a way to a person, and the call is remembered on disk. A refusal
    (403) stays one.
    """
    if isinstance(error, HTTPException) and error.code in REFUSALS:
        return error
    log.exception("voice_failed", path=request.path, error=type(error).__name__)
    if not isinstance(error, NotFound):  # nothing of ours failed; a real call we do not know is in the carrier's list
        _remember()
    return _failsafe().waiting() if request.path.endswith(IN_THE_QUEUE) else _failsafe().voice()


@sms.errorhandler(Exception)
def words_for_a_texter(error: Exception) -> Response | HTTPException:
    if isinstance(error, HTTPException) and error.code in REFUSALS:
        return error
    log.exception("sms_failed", path=request.path, error=type(error).__name__)
    if request.path.endswith("/incoming"):
        _remember()
        return _failsafe().text()
    return Response(status=500)  # a status report: nobody hears it, and the carrier's own log shows it


def _failsafe() -> FailSafe:
    return cast(FailSafe, current_app.extensions["nowrongdoor.failsafe"])


@voice.post("/fallback")
def fallback() -> Response:
    """The carrier could not use our answer: constant words, no database. The call is remembered on disk."""
    _remember()
    return _failsafe().voice()


def _remember() -> None:
    """Keep what this failed webhook told us (`triage.spool`). Never raises, and never holds the answer up for long."""
    try:
        if rehearsal.is_trial(request.form.get("CallSid", ""), line().auth_tokens):
            return
        event = spooling.event_of(request, utcnow())
        if event is not None:
            writing = threading.Thread(target=line().spool.keep, args=(event,), name="spool", daemon=True)
            writing.start()
            writing.join(SPOOL_WAIT_S)
    except Exception as error:
        log.error("spool_failed", alarm=True, error=type(error).__name__)


def now() -> datetime:
    return utcnow()


def nothing() -> Response:
    """The answer to a report: noted, nothing to say."""
    return Response(status=204)

"""Problem details (RFC 9457): every refusal in one shape, saying what to do and nothing of what is inside."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import msgspec
import structlog
from flask import Flask, Response, request
from flask_limiter import RateLimitExceeded
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchAddress

from triage.bridge import CannotMove
from triage.contacts import NeedsTerm, NotFound
from triage.desk import limits
from triage.dispatch import CannotSend
from triage.duties import BadDuty, NotThatDuty
from triage.figures import BadMonth
from triage.handing import CannotHand
from triage.incidents import BadIncident
from triage.ladder import NotNow, Wrong
from triage.lifecycles import IllegalMove
from triage.notices import NotForYou
from triage.one_person import NotRinging
from triage.outcomes import BadOutcome
from triage.presence import CannotBe
from triage.promises import AlreadySettled
from triage.queue import NotTheirs
from triage.same_person import CannotLink
from triage.silence import CannotEnd, NotSilent
from triage.text_calls import CannotRing
from triage.texts import CannotText, MayNotText
from triage.units import BadState
from triage.walls import BadBreak, Walled

log = structlog.get_logger(__name__)
MEDIA_TYPE: Final = "application/problem+json"
DATABASE_AWAY: Final = (OperationalError, InterfaceError, NoConnectionFree)
RETRY_AFTER_S: Final = 2


class Fault(msgspec.Struct, omit_defaults=True):
    """One thing wrong with a request: where (a JSON pointer into the body, or a query parameter), and what to do."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class ProblemDetails(msgspec.Struct, omit_defaults=True):
    """Why a request was refused (RFC 9457). `detail` says what to do; `errors` names each field that is wrong."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    errors: list[Fault] = []


class Refused(Exception):
    """Answer with a problem. `headers` go with it."""

    def __init__(self, status: int, detail: str, errors: Sequence[Fault] = (), headers: dict[str, str] | None = None):
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, list(errors), headers or {}


def answer(refused: Refused) -> Response:
    """The problem as a response."""
    details = ProblemDetails(HTTPStatus(refused.status).phrase, refused.status, refused.detail, errors=refused.errors)
    fields = {"type": details.type, **msgspec.to_builtins(details)}  # said always, though it is the default
    response = Response(msgspec.json.encode(fields), status=refused.status, content_type=MEDIA_TYPE)
    response.headers.update(refused.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def invalid(field: str, sentence: str) -> Refused:
    """A field of the body that cannot be taken, by name."""
    return Refused(422, sentence, [Fault(sentence, pointer=f"#/{field.replace('.', '/')}")])


def too_often(wait_s: int) -> Refused:
    """Somebody asks more often than anybody needs to."""
    return Refused(
        429,
        f"You ask too often. Try again in {wait_s} seconds; nothing was changed.",
        headers={"Retry-After": str(wait_s)},
    )


# What the services raise, and what it is over HTTP.
STATUS: Final[dict[type[Exception], int]] = {
    NotFound: 404,
    NotTheirs: 409,
    IllegalMove: 409,
    CannotSend: 409,
    NotThatDuty: 409,
    MayNotText: 422,
    CannotText: 409,
    CannotEnd: 409,
    NotSilent: 409,
    CannotBe: 409,
    CannotHand: 409,
    AlreadySettled: 409,
    NotNow: 409,
    CannotMove: 409,
    CannotRing: 409,
    NotRinging: 409,
    NeedsTerm: 422,
    BadMonth: 422,
    Walled: 403,
    NotForYou: 403,
}
UNSENT: Final[dict[int, str]] = {
    400: "This is not a request this service can read.",
    404: "There is nothing at this address. The calls are listed at /api/v1/openapi.json.",
    413: "The body is too large. Send less than 256 KiB.",
    414: "The address is too long.",
}


def refusal(error: Exception) -> Refused:
    """What a client is told about `error`. Never the error's own text, unless the error was made for people to read."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, BadBreak):
        return invalid("reason", str(error))
    if isinstance(error, BadOutcome | BadIncident | BadDuty | CannotLink | Wrong):
        return invalid(error.field, str(error))
    if isinstance(error, BadState):
        return invalid("state", str(error))
    for kind, status in STATUS.items():
        if isinstance(error, kind):
            return Refused(status, str(error))
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return Refused(405, f"This address answers {allowed or 'other methods'}.", headers={"Allow": allowed})
    if isinstance(error, RateLimitExceeded):
        return too_often(limits.retry_after_s(error))
    if isinstance(error, HTTPException) and error.code and 400 <= error.code < 500:
        return Refused(error.code, UNSENT.get(error.code, "The request was refused as it stands."))
    if isinstance(error, DATABASE_AWAY):
        log.error("database_away", error=type(error).__name__)
        return Refused(
            503, "The database does not answer. Nothing was changed: try again in a moment.",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )  # fmt: skip
    if isinstance(error, DataError):
        return Refused(422, "A value cannot be stored: use ordinary text, numbers and times.")
    log.error("api_failed", exc_info=error)
    return Refused(
        500, "This failed on our side and was written down. Nothing was changed: try again, or ring the service."
    )


def unreadable(error: Exception) -> Refused:
    """A body or query that does not have the shape it needs, in words, with where."""
    if not isinstance(error, msgspec.ValidationError):
        return Refused(400, "The body is not JSON. Send one JSON object in UTF-8.")
    said, _, path = str(error).partition(" - at `")
    if inside := re.match(r"`?key` in `(.*)", path):
        path = inside[1]
    pointer = "#" + re.sub(r"\[(\d+)\]", r"/\1", path.rstrip("`").removeprefix("$")).replace(".", "/")
    if extra := re.search(r"unknown field `(.*)`", said):
        return Refused(
            422, f"There is no field {extra[1]!r}. Leave it out, or check its name.",
            [Fault("There is no such field.", pointer=f"{pointer}/{extra[1]}")],
        )  # fmt: skip
    if missing := re.search(r"missing required field `(.*)`", said):
        return Refused(
            422,
            f"The field {missing[1]!r} is needed.",
            [Fault("This field is needed.", pointer=f"{pointer}/{missing[1]}")],
        )
    sentence = _plainly(said)
    where = pointer.removeprefix("#/").replace("/", ".") if pointer != "#" else "The body"
    return Refused(422, f"{where}: {sentence}", [Fault(sentence, pointer=pointer)])


def _plainly(said: str) -> str:
    """msgspec's words as a sentence for whoever wrote the client."""
    if "matching regex" in said:
        return "Leave out control characters."
    if "timezone component" in said:
        return "Say the time's zone: end it with Z for UTC, such as 2026-11-22T14:00:00Z."
    if "RFC3339" in said:
        return "Write the time as RFC 3339 has it, such as 2026-11-22T14:00:00Z."
    return said.replace("`", "").rstrip(".") + "."


def attach(app: Flask, prefix: str) -> None:
    """Under `prefix`, an unknown address or method is a problem too, never an HTML page."""

    @app.before_request
    def unrouted() -> Response | None:
        wrong = request.routing_exception
        if wrong is None or not (request.path == prefix or request.path.startswith(f"{prefix}/")):
            return None
        return answer(refusal(wrong if isinstance(wrong, MethodNotAllowed) else NoSuchAddress()))

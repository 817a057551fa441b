"""The door of the API: one table of calls, and what every request passes before its call is made.

A call names the roles that may make it; nothing is served that is not in the table. Bodies are read strictly: what is
not known is refused, with a sentence.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import structlog
from flask import Blueprint, Response, g, request

from triage import accounts, history
from triage.desk import limits
from triage.desk.api import problems
from triage.desk.api.problems import Fault, Refused
from triage.desk.context import desk
from triage.models import Staff

log = structlog.get_logger(__name__)
PREFIX: Final = "/api/v1"
DEEPEST: Final = 8  # our deepest body has three levels
EVERYBODY: Final = frozenset({"nurse", "dispatcher", "supervisor", "administrator"})
DESK: Final = frozenset({"nurse", "dispatcher", "supervisor"})
NURSES: Final = frozenset({"nurse"})
CLINICAL: Final = frozenset({"nurse", "supervisor"})
CONTROL: Final = frozenset({"dispatcher", "supervisor"})
STAFF: Final = EVERYBODY | {"reader"}
SUPERVISORS: Final = frozenset({"supervisor"})
TOLD: Final = frozenset({"supervisor", "administrator"})
FIGURES: Final = frozenset({"reader", "supervisor", "administrator"})


@dataclass(frozen=True)
class Ask:
    """One request that was let in: who asks, when, and what they sent (`body` or `query`, as the call declares)."""

    staff: Staff
    now: datetime
    body: Any = None
    query: Any = None


@dataclass(frozen=True)
class Call:
    """One row of the table: the address, who may make the call, and the shapes of what goes in and out."""

    method: str
    path: str
    view: Callable[..., Any]
    roles: frozenset[str]
    body: Any
    query: Any
    answers: dict[int, Any]
    problems: tuple[int, ...]
    body_optional: bool = False

    @property
    def name(self) -> str:
        return self.view.__name__

    @property
    def versioned(self) -> bool:
        """Whether the answer changes only with the service's history, so that asking again is cheap."""
        return self.method == "GET" and self.path in ("/queue", "/incidents", "/units", "/promises")


CALLS: Final[list[Call]] = []


def call(
    method: str, path: str, roles: frozenset[str], *, answers: dict[int, Any], body: Any = None, query: Any = None,
    problems: tuple[int, ...] = (), body_optional: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # fmt: skip
    """Put a view into the table. It gets an `Ask` and the path's values; it returns a value, or status and value."""

    def add(view: Callable[..., Any]) -> Callable[..., Any]:
        CALLS.append(Call(method, path, view, roles, body, query, answers, problems, body_optional))
        return view

    return add


def blueprint() -> Blueprint:
    """The table as a Flask blueprint, called `api`."""
    api = Blueprint("api", __name__, url_prefix=PREFIX)
    table = {f"api.{row.name}": row for row in CALLS}
    for row in CALLS:
        api.add_url_rule(row.path, endpoint=row.name, view_func=_served(row), methods=[row.method])

    @api.before_request
    def let_in() -> None:
        """Refuses whoever may not make this call; an address that is not in the table is nobody's."""
        row = table.get(request.endpoint or "")
        if row is None and request.endpoint != "api.openapi_json":
            raise Refused(403, "This call is open to nobody.")
        if row is not None:
            g.staff = _who()
            if not row.roles & set(g.staff.roles):
                needed = " or ".join(sorted(row.roles))
                raise Refused(403, f"Only a {needed} may do this. Ask an administrator if that should be you.")

    api.register_error_handler(Exception, lambda error: problems.answer(problems.refusal(error)))
    api.after_request(_headers)
    return api


def _who() -> Staff:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if not token.strip():
        raise _unknown("Send 'Authorization: Bearer TOKEN'. `nowrongdoor staff token EMAIL` makes one.", "")
    if kind.lower() != "bearer":
        raise _unknown("Only bearer tokens are taken: 'Authorization: Bearer TOKEN'.", "")
    token, now = token.strip(), desk().clock()
    with desk().database.reading() as db:
        try:
            staff = accounts.by_token(db, token, now=now, changes=request.method not in ("GET", "HEAD"))
        except accounts.OnlyReads as no:
            raise Refused(403, str(no)) from None
        note = staff is not None and accounts.token_used(db, token, now=now)
    if note:
        with desk().database.transaction() as db:
            accounts.note_token_use(db, token, now=now)
    if staff is None:
        if wait_s := limits.wrong_token():
            raise problems.too_often(wait_s)
        raise _unknown(
            "This token is not known, has expired, or was revoked. Ask for a new one.", ', error="invalid_token"'
        )
    return staff


def _unknown(detail: str, more: str) -> Refused:
    return Refused(401, detail, headers={"WWW-Authenticate": f'Bearer realm="nowrongdoor"{more}'})


def _served(row: Call) -> Callable[..., Response]:
    def serve(**path: str) -> Response:
        if any("\0" in value for value in path.values()):
            raise Refused(404, "There is nothing with this id.")
        version = None
        if row.versioned:
            with desk().database.reading() as db:
                version = history.version(db)
            if version in request.if_none_match:
                return _versioned(Response(status=304), version)
        ask = Ask(
            g.staff,
            desk().clock(),
            body=_body(row.body, row.body_optional) if row.body else None,
            query=_query(row.query),
        )
        given = row.view(ask, **path)
        status, value = given if isinstance(given, tuple) else (200, given)
        response = Response(
            msgspec.json.encode(value) if value is not None else b"", status, content_type="application/json"
        )
        if value is None:
            response.headers.pop("Content-Type")
        return _versioned(response, version) if version else response

    serve.__doc__ = row.view.__doc__
    return serve


def _versioned(response: Response, version: str) -> Response:
    response.set_etag(version)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _headers(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.add("Vary", "Authorization")
    return response


def _body(shape: Any, optional: bool) -> Any:
    """The body as `shape`, or a problem: 400 not JSON, 415 not said to be, 422 not what is needed. `optional`: none at
    all is an empty one.
    """
    raw = request.get_data(cache=False)
    if optional and not raw.strip():
        return shape()
    if not raw.strip():
        raise Refused(400, "Send a JSON object in the body.")
    if request.mimetype != "application/json":
        raise Refused(415, "Send JSON, with 'Content-Type: application/json'.", headers={"Accept": "application/json"})
    if _depth(raw) > DEEPEST:
        raise Refused(422, f"The body is nested more than {DEEPEST} deep. Nothing here needs that.")
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise problems.unreadable(error) from None


def _query(shape: Any) -> Any:
    """The query as `shape`; a parameter that is unknown, given twice or wrong is a problem."""
    if shape is None:
        return None
    known = {field.name for field in msgspec.structs.fields(shape)}
    given: dict[str, str] = {}
    for name, values in request.args.lists():
        if name not in known:
            raise _wrong_parameter(
                name, f"There is no parameter {name!r}. These are known: {', '.join(sorted(known))}."
            )
        if len(values) > 1:
            raise _wrong_parameter(name, f"{name} is given more than once.")
        if values[0].strip():
            given[name] = re.sub(r" (\d\d:\d\d)$", r"+\1", values[0]).strip()  # a plus that was not escaped
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        refused = problems.unreadable(error)
        name = (refused.errors[0].pointer or "").removeprefix("#/") if refused.errors else ""
        raise _wrong_parameter(name, refused.detail) from None


def _wrong_parameter(name: str, sentence: str) -> Refused:
    return Refused(422, sentence, [Fault(sentence, parameter=name)])


def _depth(raw: bytes) -> int:
    """How deep the brackets of a JSON text go, those inside strings not counted."""
    deepest = depth = 0
    for mark in re.findall(rb"[\[\]{}]", re.sub(rb'"(?:[^"\\]|\\.)*"?', b"", raw, flags=re.DOTALL)):
        depth += 1 if mark in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest

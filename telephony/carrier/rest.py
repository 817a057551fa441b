"""Twilio's REST API as far as the service uses it: who may call, how errors and lists look, which faults
strike.

Source: Twilio's published OpenAPI description (api v2010), and twilio.com/docs/api/errors for the codes.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from .calls import http_date
from .carrier import Carrier

BASE = "/2010-04-01/Accounts/<account>"
PAGING = frozenset({"Page", "PageSize", "PageToken"})
MOST_ON_A_PAGE = 1000


class Refused(Exception):
    """A request that is not carried out: HTTP status, Twilio's code, and its words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def not_found() -> Refused:
    """What is asked for is not there, or not any more."""
    path = request.path.removesuffix(".json")
    return Refused(404, 20404, f"The requested resource {path}.json was not found")


def rfc2822(when: datetime | None) -> str | None:
    """A date as Twilio writes it."""
    return http_date(when) if when else None


def only(form: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse a parameter Twilio does not have. Stricter than Twilio, which would pass over it in silence."""
    unknown = sorted(set(form) - set(known))
    if unknown:
        raise Refused(400, 20001, f"Unknown parameter {', '.join(unknown)}")


def whole(form: Mapping[str, str], name: str, low: int, high: int, usual: int, code: int = 20001) -> int:
    """A whole-number parameter in its range, or refused."""
    value = form.get(name, "")
    if not value:
        return usual
    if not value.isdecimal() or not low <= int(value) <= high:
        raise Refused(400, code, f"{name} must be a whole number from {low} to {high}")
    return int(value)


def boolean(form: Mapping[str, str], name: str, usual: bool) -> bool:
    """A boolean parameter, or refused."""
    value = form.get(name, "").lower()
    if value not in {"", "true", "false"}:
        raise Refused(400, 20001, f"{name} must be true or false")
    return value == "true" if value else usual


def method(form: Mapping[str, str], name: str = "Method") -> str:
    """An HTTP method parameter, or refused."""
    value = form.get(name, "POST").upper()
    if value not in {"GET", "POST"}:
        raise Refused(400, 20001, f"{name} must be GET or POST")
    return value


def web_address(form: Mapping[str, str], name: str, code: int) -> str:
    """An absolute http or https address, empty when it is not given, or refused with `code`."""
    value = form.get(name, "")
    if value and not value.startswith(("http://", "https://")):
        raise Refused(400, code, f"{name} is not a valid URL")
    return value


def page(rows: Sequence[dict[str, Any]], name: str) -> Response:
    """One page of a list, newest first as given, in Twilio's envelope."""
    size = whole(request.args, "PageSize", 1, MOST_ON_A_PAGE, 50)
    number = whole(request.args, "Page", 0, 1_000_000, 0)
    start = number * size
    shown = list(rows[start : start + size])

    def uri(at: int) -> str:
        others = [(k, v) for k, v in request.args.items(multi=True) if k not in PAGING]
        query = "&".join(f"{k}={_quoted(v)}" for k, v in [*others, ("PageSize", str(size)), ("Page", str(at))])
        return f"{request.path}?{query}"

    return jsonify(
        {
            name: shown,
            "page": number,
            "page_size": size,
            "start": start,
            "end": start + max(len(shown) - 1, 0),
            "uri": uri(number),
            "first_page_uri": uri(0),
            "previous_page_uri": uri(number - 1) if number else None,
            "next_page_uri": uri(number + 1) if start + size < len(rows) else None,
        }
    )


def _quoted(value: str) -> str:
    from urllib.parse import quote

    return quote(value, safe="")


def install(app: Flask, carrier: Carrier, blueprints: Iterable[Callable[[Carrier], Blueprint]]) -> None:
    """Put the REST API into the app. Every route asks for the account's credentials first."""
    settings = carrier.settings
    accepted = {f"{settings.account_sid}:{settings.auth_token}"}
    if settings.api_key and settings.api_secret:
        accepted.add(f"{settings.api_key}:{settings.api_secret}")

    def check() -> Response | None:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        try:
            pair = base64.b64decode(given, validate=True) if kind == "Basic" else b""
        except ValueError:
            pair = b""
        if not any(hmac.compare_digest(pair, each.encode()) for each in accepted):
            raise Refused(401, 20003, "Authenticate")
        if request.view_args is not None and request.view_args.pop("account", None) != settings.account_sid:
            raise not_found()
        faults = carrier.faults
        if faults.take("rest_429", request.path):
            raise Refused(429, 20429, "Too Many Requests")
        if faults.take("rest_500", request.path):
            raise Refused(500, 20500, "Internal Server Error")
        about_a_resource = any(part in request.path for part in ("/Members/", "/Participants/", "/Conferences/"))
        if about_a_resource and faults.take("gone_20404", request.path):
            raise not_found()
        return None

    def late(response: Response) -> Response:
        fault = carrier.faults.take("rest_timeout", request.path)
        if fault is not None:
            carrier.stopping.wait(fault.seconds)
        return response

    def refuse(refused: Refused) -> Response:
        response = jsonify(
            {
                "code": refused.code,
                "message": refused.message,
                "more_info": f"https://www.twilio.com/docs/errors/{refused.code}",
                "status": refused.status,
            }
        )
        response.status_code = refused.status
        if refused.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
        if refused.status == 429:
            response.headers["Retry-After"] = "1"
        return response

    for make in blueprints:
        blueprint = make(carrier)
        blueprint.before_request(check)
        blueprint.after_request(late)
        blueprint.register_error_handler(Refused, refuse)
        app.register_blueprint(blueprint)

    @app.errorhandler(HTTPException)
    def wrong_address(problem: HTTPException) -> Response:
        code = {404: 20404, 405: 20004}.get(problem.code or 500, 20500)
        return refuse(Refused(problem.code or 500, code, problem.name))

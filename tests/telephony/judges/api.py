"""Whether one exchange with the carrier's REST API is one that Twilio could have had.

Both sides are judged: what we asked, and what the carrier (the local one, in tests) answered. The description is
`twilio_api.yaml` beside this file; openapi-core does the reading. What a form schema cannot say (unknown and
repeated parameters, one of several, one with another) is read from the same file by hand.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import yaml
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from .privacy import holds_a_number

DESCRIPTION = Path(__file__).with_name("twilio_api.yaml")
FORM = "application/x-www-form-urlencoded"
HOST = "https://api.twilio.com"

Form = Mapping[str, str | Sequence[str]] | Iterable[tuple[str, str]] | None


class _Request:
    """One request in the shape openapi-core reads. The host is left out: a local carrier stands anywhere."""

    host_url = HOST

    def __init__(self, method: str, path: str, query: list[tuple[str, str]], form: list[tuple[str, str]]) -> None:
        self.method = method.lower()
        self.path = path
        self.content_type = FORM
        self.body = urlencode(form).encode() or None
        self.parameters = RequestParameters(
            path={}, query=ImmutableMultiDict(query), header=Headers(), cookie=ImmutableMultiDict()
        )


class _Response:
    """One answer in the shape openapi-core reads."""

    content_type = "application/json"

    def __init__(self, status: int, answer: object) -> None:
        self.status_code = status
        self.headers = Headers()
        self.data = None if answer is None else json.dumps(answer).encode()


@cache
def description() -> dict[str, Any]:
    """The description as plain data."""
    return yaml.safe_load(DESCRIPTION.read_text("utf-8"))


@cache
def _judge() -> OpenAPI:
    return OpenAPI.from_dict(description())


def check_exchange(
    method: str,
    url: str,
    form: Form = None,
    status: int = 200,
    response_json: object = None,
    *,
    judge_request: bool = True,
) -> list[str]:
    """The faults of one exchange, in plain sentences; none means Twilio could have had it.

    `url` may be absolute or a path, with its query. `form` is the request body: a mapping (a list for a repeated
    parameter) or pairs. `response_json` is the decoded answer, None for an empty one. `judge_request` is False
    only where a test asks badly on purpose, to see how the carrier refuses.
    """
    parts = urlsplit(url)
    query, pairs = parse_qsl(parts.query, keep_blank_values=True), _pairs(form)
    request, response = _Request(method, parts.path, query, pairs), _Response(status, response_json)
    operation = _operation(method, parts.path)
    if operation is None:
        return [f"{method.upper()} {parts.path} is not an operation of this slice of the API."]
    faults: list[str] = []
    if judge_request:
        faults += _closed(operation, query, pairs)
        faults += [_sentence("The request", error) for error in _judge().iter_request_errors(request)]
    faults += [_sentence("The answer", error) for error in _judge().iter_response_errors(request, response)]
    faults += _agrees(parts.path, status, response_json)
    return faults


def _pairs(form: Form) -> list[tuple[str, str]]:
    if form is None:
        return []
    items = form.items() if isinstance(form, Mapping) else form
    flat: list[tuple[str, str]] = []
    for name, value in items:
        flat += [(name, value)] if isinstance(value, str) else [(name, each) for each in value]
    return flat


def _operation(method: str, path: str) -> dict[str, Any] | None:
    """The operation asked for, with its path's parameters among its own; None when the slice has none."""
    for template, item in description()["paths"].items():
        shape = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if re.fullmatch(shape, path) and method.lower() in item:
            operation = dict(item[method.lower()])
            operation["parameters"] = [*item.get("parameters", []), *operation.get("parameters", [])]
            return operation
    return None


def _closed(operation: Mapping[str, Any], query: list[tuple[str, str]], form: list[tuple[str, str]]) -> Iterator[str]:
    """Faults of parameters that no form schema refuses."""
    name = operation["operationId"]
    known = {each["name"] for each in operation["parameters"] if each.get("in") == "query"}
    for parameter in dict(query):
        if parameter not in known:
            yield f"{name} has no query parameter {parameter}."
    body = operation.get("requestBody")
    if body is None:
        if form:
            yield f"{name} takes no form."
        return
    schema = body["content"][FORM]["schema"]
    given = dict(form)
    for parameter, value in given.items():
        times = sum(each == parameter for each, _ in form)
        rule = schema["properties"].get(parameter)
        if rule is None:
            yield f"{name} has no parameter {parameter}."
        elif times > 1 and rule.get("type") != "array":
            yield f"{name} has {parameter} {times} times."
        elif rule.get("$ref", "").rpartition("/")[2].startswith("webhook"):
            address = urlsplit(value)
            if holds_a_number(address.path) or holds_a_number(address.query):
                yield f"{name} {parameter} holds what looks like somebody's number."
    for group in schema.get("x-exactly-one-of", []):
        if len(given.keys() & set(group)) != 1:
            yield f"{name} needs exactly one of {', '.join(group)}."
    for group in schema.get("x-at-least-one-of", []):
        if not given.keys() & set(group):
            yield f"{name} needs one of {', '.join(group)}."
    for parameter, needed in schema.get("x-goes-with", {}).items():
        if parameter in given and needed not in given:
            yield f"{name} has {parameter} without {needed}."


def _agrees(path: str, status: int, answer: object) -> Iterator[str]:
    """Faults of an answer that is well formed and about something else."""
    if status == 204 and answer is not None:
        yield "The answer is 204, and has a body."
    if not isinstance(answer, dict):
        return
    if status >= 400:
        if answer.get("status") != status:
            yield f"The answer says status {answer.get('status')}, and came with {status}."
        return
    words = path.removesuffix(".json").split("/")
    asked = dict(zip(words[2::2], words[3::2], strict=False))
    last = words[-1]
    if "account_sid" in answer and answer["account_sid"] != asked.get("Accounts"):
        yield "The answer is of another account."
    own = answer.get("sid", answer.get("call_sid"))
    if own is not None and own[:2] == last[:2] and len(last) == len(own) and own != last:
        yield f"The answer is about {own}, not {last}."


def _sentence(whose: str, error: BaseException) -> str:
    """One error of openapi-core as a sentence that names the place."""
    named = f"{whose}'s {error.name}" if getattr(error, "name", None) else whose
    causes: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        details = getattr(cause, "schema_errors", None)
        if details:
            said = (f"{_place(each)}{each.message}" for each in details)
            return f"{named} is wrong: {'; '.join(said)}."
        if str(cause) not in causes:
            causes.append(str(cause))
        cause = cause.__cause__
    return f"{named} is wrong: {': '.join(causes)}."


def _place(error: Any) -> str:
    place = ".".join(str(step) for step in error.absolute_path)
    return f"{place}: " if place else ""

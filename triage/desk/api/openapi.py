"""The API described as OpenAPI 3.1, from the table of calls and the shapes: there is no second description."""

import inspect
import re
from typing import Any, Final

import msgspec

from triage.desk.api.door import CALLS, PREFIX, Call
from triage.desk.api.problems import MEDIA_TYPE, ProblemDetails

_REF: Final = "#/components/schemas/{name}"
_ALWAYS: Final = (401, 403, 429, 500, 503)
_WHY: Final = {
    400: "The body is not JSON.",
    401: "No token, or one that is not known.",
    403: "The token's owner has not the role for this, or it belongs to another locality.",
    404: "There is nothing with this id.",
    409: "It cannot be done as things stand; `detail` says what to do instead.",
    413: "The body is too large.",
    415: "The body is not said to be JSON.",
    422: "Something in the request cannot be; `errors` says where, and what to do.",
    429: "Asked too often; `Retry-After` says how many seconds to wait.",
    500: "It failed on our side, and was written down.",
    503: "The database does not answer. Nothing was changed.",
}  # fmt: skip


def document(version: str) -> dict[str, Any]:
    """The whole description, ready to be sent as JSON."""
    schemas, components = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for row in CALLS:
        address = re.sub(r"<(\w+)>", r"{\1}", row.path)
        paths.setdefault(address, {})[row.method.lower()] = _operation(row, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "No Wrong Door",
            "version": version,
            "summary": "The queue, contacts, outcomes, the response car and promises of a mental-health crisis line.",
            "description": "Ids are opaque. Times are RFC 3339 in UTC. Telephone numbers are always masked. Lists "
            "carry an ETag, new whenever the service's history is. Every refusal is a problem document (RFC 9457).",
        },
        "servers": [{"url": PREFIX}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`nowrongdoor staff token EMAIL` prints one.",
                }
            },
        },
    }


def _schemas() -> tuple[dict[Any, Any], dict[str, Any]]:
    """A schema for each shape in the table, and the components they refer to."""
    shapes: list[Any] = [ProblemDetails]
    for row in CALLS:
        for shape in (row.body, row.query, *row.answers.values()):
            if shape is not None and shape not in shapes:
                shapes.append(shape)
    made, components = msgspec.json.schema_components(shapes, ref_template=_REF)
    return dict(zip(map(repr, shapes), made, strict=True)), components


def _operation(row: Call, schemas: dict[Any, Any]) -> dict[str, Any]:
    summary, _, more = inspect.cleandoc(row.view.__doc__ or "").partition("\n\n")
    operation: dict[str, Any] = {
        "operationId": row.name,
        "summary": " ".join(summary.split()),
        "description": " ".join(f"{more} For: {', '.join(sorted(row.roles))}.".split()),
        "parameters": _parameters(row),
        "responses": _responses(row, schemas),
    }
    if row.body is not None:
        operation["requestBody"] = {
            "required": not row.body_optional,
            "content": {"application/json": {"schema": schemas[repr(row.body)]}},
        }
    return operation


def _parameters(row: Call) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"<(\w+)>", row.path)
    ]
    if row.query is not None:
        _, components = msgspec.json.schema_components([row.query], ref_template=_REF)
        for name, schema in components[row.query.__name__]["properties"].items():
            found.append({"name": name, "in": "query", "required": False, "schema": _without_null(schema)})
    if row.versioned:
        found.append(
            {
                "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
                "description": "The ETag of an earlier answer: 304 while nothing has changed.",
            }
        )  # fmt: skip
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query has no null: what is not there is left out."""
    kept = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return kept[0] if len(kept) == 1 else schema


def _responses(row: Call, schemas: dict[Any, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, shape in row.answers.items():
        described: dict[str, Any] = {"description": "Nothing to answer." if shape is None else "As asked."}
        if shape is not None:
            described["content"] = {"application/json": {"schema": schemas[repr(shape)]}}
        if row.versioned:
            described["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "Changes when anything did."}}
        answers[str(status)] = described
    if row.versioned:
        answers["304"] = {"description": "Nothing has changed since that ETag."}
    wrong = {*_ALWAYS, *row.problems}
    if row.body is not None:
        wrong |= {400, 413, 415, 422}
    if row.query is not None:
        wrong.add(422)
    for status in sorted(wrong):
        answers[str(status)] = {
            "description": _WHY[status],
            "content": {MEDIA_TYPE: {"schema": schemas[repr(ProblemDetails)]}},
        }
    return answers

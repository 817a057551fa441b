"""What the API refuses, and how it says so: strangers, roles, shapes, sizes, a database that is away. Never an HTML page."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate
from sqlalchemy import update

from tests.desk.api.lab import Client, Lab, check_problem, make_app
from triage.db import open_database
from triage.desk.api.door import CALLS
from triage.models import ApiToken, Staff
from triage.standing import Kept

ROLES = {"ana": "nurse", "grace": "dispatcher", "kit": "administrator"}
BODIES: dict[str, dict[str, Any]] = {
    "/me/presence": {"state": "ready"},
    "/me/texts-at-once": {"number": 2},
    "/contacts/<contact_id>/hand-over": {"to": "bola@example.org", "note": "They like short texts"},
    "/contacts/<contact_id>/outcomes": {"disposition": "other"},
    "/contacts/<contact_id>/messages": {"body": "Hello"},
    "/contacts/<contact_id>/incidents": {"address": "The bandstand"},
    "/incidents/<incident_id>/dispatches": {"call_sign": "IW01"},
    "/incidents/<incident_id>/stand-down": {"reason": "Not needed"},
    "/incidents/<incident_id>": {"concern": "Alone"},
    "/incidents/<incident_id>/visit": {"visit": "resolved"},
    "/incidents/<incident_id>/escalate": {"reason": "Collapsed"},
    "/contacts/<contact_id>/finish": {"last_text": "Your team rings you tomorrow."},
    "/contacts/<contact_id>/silence": {"choice": "wait"},
    "/contacts/<contact_id>/give-back-for-later": {"seen_band": 4, "band": 5, "because": "safe_for_now"},
    "/units/<call_sign>": {"state": "available"},
    "/units/<call_sign>/duties": {
        "starts_at": "2099-03-01T08:00:00Z",
        "ends_at": "2099-03-01T18:00:00Z",
        "crew": ["Sam"],
    },
    "/units/<call_sign>/duties/<duty_id>/begin": {"crew": ["Sam"]},
    "/units/<call_sign>/duties/<duty_id>/end": {"hand_over": "All is well"},
    "/dispatches/<dispatch_id>/actions": {"action": "clear"},
    "/promises/<promise_id>/attempts": {"result": "Rang"},
    "/promises/<promise_id>/settle": {"how": "Done"},
    "/promises/<promise_id>/decision": {"decision": "leave", "words": "Their mother is with them"},
    "/promises/<promise_id>/close": {"reason": "Their mother is with them"},
    "/contacts/<contact_id>/break-glass": {"reason": "Their mother rang, they are on the bridge."},
    "/incidents/<incident_id>/break-glass": {"reason": "Their mother rang, they are on the bridge."},
    "/contacts/<contact_id>/links": {"other": "nothing", "same": True, "reason": "They told me so themselves."},
    "/contacts/<contact_id>/telephone": {"kind": "payphone"},
}


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    """Every method and address that the running app serves under /api, from its own map."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, rule.rule


def concrete(rule: str) -> str:
    return re.sub(r"<\w+>", "nothing", rule.removeprefix("/api/v1"))


# --- who --------------------------------------------------------------------------------------------------------------


def test_every_call_of_the_app_is_in_the_table_and_refuses_a_stranger(lab: Lab) -> None:
    served = set(routes(lab.app))
    assert served == {(row.method, f"/api/v1{row.path}") for row in CALLS} | {("GET", "/api/v1/openapi.json")}
    for method, rule in served - {("GET", "/api/v1/openapi.json")}:
        response = lab.as_(None).ask(method, concrete(rule))
        assert response.status_code == 401, (method, rule)
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="nowrongdoor"'


def test_every_call_is_refused_to_every_role_that_is_not_in_its_row(lab: Lab) -> None:
    for row in CALLS:
        for who, role in ROLES.items():
            answer = lab.as_(who).ask(row.method, concrete(row.path), json=BODIES.get(row.path))
            if role in row.roles:
                assert answer.status_code not in (401, 403), (row, who)
            else:
                assert answer.status_code == 403, (row, who)


def test_an_address_that_somebody_adds_without_saying_who_may_use_it_is_nobodys(lab: Lab) -> None:
    app = make_app(lab.database, lab.kept, lambda: lab.now)
    app.add_url_rule("/api/v1/forgotten", endpoint="api.forgotten", view_func=lambda: "secret")
    app._got_first_request = False
    for token in (None, *lab.tokens.values()):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = app.test_client().get("/api/v1/forgotten", headers=headers)
        assert response.status_code == 403
        check_problem(response)


@pytest.mark.parametrize(
    "given",
    [
        "Bearer",
        "Bearer ",
        "Bearer nwd_nothing",
        "bearer x",
        "Basic YTpi",
        "nwd_nothing",
        "Bearer " + "x" * 5000,
        "\xe9",
    ],
)
def test_a_token_that_is_none_is_refused(lab: Lab, given: str) -> None:
    response = lab.as_(None).ask("GET", "/me", headers={"Authorization": given})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_revoked_token_and_that_of_somebody_who_left_are_refused_at_once(
    lab: Lab, ana: Client, grace: Client
) -> None:
    assert ana.get("/me")["name"] == "Ana Fernsby"
    staff_id = grace.get("/me")["id"]
    with lab.database.transaction() as db:
        db.execute(update(ApiToken).where(ApiToken.staff_id != staff_id).values(revoked_at=lab.now))
        db.get_one(Staff, staff_id).active = False
    assert "revoked" in ana.refused(401, "GET", "/me")["detail"]
    grace.refused(401, "GET", "/queue")


# --- what -------------------------------------------------------------------------------------------------------------


def test_an_address_that_is_not_there_is_a_problem_for_anybody(lab: Lab) -> None:
    for path in ("/nothing", "/queue/", "/contacts/x/y/z", "/../me", "/incidents/%00/x"):
        assert lab.as_(None).ask("GET", path).status_code == 404, path
    for path in ("/api", "/api/", "/api/v2/me", "/api//v1/me"):
        response = lab.app.test_client().get(path)
        assert response.status_code == 404, path
        check_problem(response)


def test_a_method_that_is_not_there_says_which_are(lab: Lab, ana: Client) -> None:
    for method, path, allowed in (("DELETE", "/queue", "GET"), ("GET", "/queue/next", "POST"), ("PATCH", "/me", "GET")):
        response = ana.ask(method, path)
        assert response.status_code == 405
        assert allowed in response.headers["Allow"]


def test_an_id_that_is_nobodys_is_not_found(isla: Client) -> None:
    for row in CALLS:
        if "<" not in row.path or row.path.startswith("/units") or "supervisor" not in row.roles:
            continue
        for given in ("nothing", "0" * 32, "%00", "x" * 3000, "a'; drop table staff; --", "../me%2f"):
            address = re.sub(r"<\w+>", given, row.path)
            answer = isla.ask(row.method, address, json=BODIES.get(row.path))
            assert answer.status_code == 404, (row.path, given, answer.data)


def test_a_body_that_is_not_a_json_object_is_refused(lab: Lab, ana: Client) -> None:
    address = f"/contacts/{lab.ring()}/outcomes"
    for status, sent in (
        (400, {}),
        (400, {"data": "{", "content_type": "application/json"}),
        (400, {"data": b'{"notes": "\xff"}', "content_type": "application/json"}),
        (400, {"data": '{"notes": "\\ud800"}', "content_type": "application/json"}),
        (400, {"data": '{"disposition": "other"} {}', "content_type": "application/json"}),
        (400, {"data": "NaN", "content_type": "application/json"}),
        (422, {"data": "[]", "content_type": "application/json"}),
        (422, {"data": "null", "content_type": "application/json"}),
        (422, {"data": "{}", "content_type": "application/json; charset=utf-8"}),
        (415, {"data": '{"disposition": "other"}', "content_type": "text/plain"}),
        (415, {"data": '{"disposition": "other"}'}),
        (415, {"data": {"disposition": "other"}, "content_type": "application/x-www-form-urlencoded"}),
        (415, {"data": "<a/>", "content_type": "application/xml"}),
    ):
        answer = ana.ask("POST", address, **sent)
        assert answer.status_code == status, (sent, answer.data)


def test_a_body_that_is_too_deep_or_too_large_is_refused(lab: Lab, ana: Client) -> None:
    address = f"/contacts/{lab.ring()}/outcomes"
    deep = '{"disposition": "other", "x": ' + "[" * 50_000 + "]" * 50_000 + "}"
    assert "nested" in ana.refused(422, "POST", address, data=deep, content_type="application/json")["detail"]
    quotes = '{"disposition": "' + '\\"' * 100_000
    ana.refused(400, "POST", address, data=quotes, content_type="application/json")
    large = json.dumps({"disposition": "other", "notes": "x" * 300_000})
    assert "256 KiB" in ana.refused(413, "POST", address, data=large, content_type="application/json")["detail"]


def test_brackets_in_what_a_nurse_writes_are_only_brackets(lab: Lab, ana: Client) -> None:
    notes = 'They said "[[[[[[[[[[ {{{{ \\" and then rang off.'
    kept = ana.post(f"/contacts/{lab.ring()}/outcomes", {"disposition": "person_left", "notes": notes})
    assert kept["notes"] == notes


def test_every_body_refuses_a_field_it_does_not_know(lab: Lab, isla: Client) -> None:
    for row in CALLS:
        if row.body is None:
            continue
        who = isla if {"supervisor", "nurse"} & row.roles else lab.as_("grace")
        body = {**BODIES[row.path], "colour": "red"}
        problem = who.refused(422, row.method, concrete(row.path), body)
        assert [fault["pointer"] for fault in problem["errors"]] == ["#/colour"], row.path
        assert "colour" in problem["detail"]


# --- when -------------------------------------------------------------------------------------------------------------


def test_a_database_that_is_away_is_said_plainly_and_soon() -> None:
    away = open_database("postgresql://nobody@127.0.0.1:1/nothing")
    app = make_app(away, Kept(away), lambda: None)
    for method, path in (("GET", "/queue"), ("POST", "/queue/next"), ("POST", "/contacts/x/outcomes")):
        response = app.test_client().open(f"/api/v1{path}", method=method, headers={"Authorization": "Bearer nwd_x"})
        assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
        check_problem(response)


def test_a_fault_of_ours_tells_nothing_of_the_inside(lab: Lab, ana: Client, capsys: pytest.CaptureFixture[str]) -> None:
    with lab.database.engine.begin() as connection:
        connection.exec_driver_sql("update staff set skills = '7' where email = 'ana@example.org'")
    assert "written down" in ana.refused(500, "GET", "/me")["detail"]
    assert "api_failed" in capsys.readouterr().out


# --- the description --------------------------------------------------------------------------------------------------


def test_the_description_is_valid_open_to_all_and_says_every_call(lab: Lab) -> None:
    answer = lab.app.test_client().get("/api/v1/openapi.json")
    description = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    validate(description)
    assert description["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, methods in description["paths"].items() for method in methods}
    assert described == {(row.method, re.sub(r"<(\w+)>", r"{\1}", row.path)) for row in CALLS}
    assert description["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for methods in description["paths"].values():
        for operation in methods.values():
            assert operation["summary"].endswith((".", ":", "2"))
            assert "application/problem+json" in operation["responses"]["401"]["content"]


def test_answers_are_not_kept_by_anything_on_the_way(lab: Lab, ana: Client) -> None:
    contact = lab.ring()
    for path in ("/me", f"/contacts/{contact}", "/contacts?locality=iow", "/nothing"):
        assert ana.ask("GET", path).headers["Cache-Control"] == "no-store"
    for path in ("/queue", "/incidents", "/units", "/promises"):
        assert ana.ask("GET", path).headers["Cache-Control"] == "private, no-cache"
        assert "Authorization" in ana.ask("GET", path).headers["Vary"]

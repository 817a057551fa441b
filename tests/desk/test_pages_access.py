"""Who may open which page, and what every answer tells the browser."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.desk import night
from tests.desk.pages_lab import Lab, Person, pages_app
from triage.desk.access import ALLOWED, EVERYBODY, NOT_SIGNED_IN
from triage.models import History, Presence, Staff

ROLES = sorted(EVERYBODY)
WHO = {"nurse": "ana", "dispatcher": "grace", "administrator": "kit"}  # each has this role alone
SOME_ID = "0" * 32


@pytest.fixture
def lab(new_database: Callable[[str], str]) -> Iterator[Lab]:
    made = Lab(new_database("sqlite"))
    yield made
    made.close()


def rules(lab: Lab) -> list[tuple[str, str, str]]:
    """Every page: its endpoint, its method and an address of it."""
    found = []
    for rule in lab.app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", SOME_ID, rule.rule)
        found += [(rule.endpoint, method, path) for method in rule.methods or () if method in ("GET", "POST")]
    return found


def history(lab: Lab) -> int:
    with lab.database.reading() as db:
        return db.scalar(select(func.count()).select_from(History)) or 0


def supervisor(lab: Lab) -> Staff:
    """Somebody who is a supervisor and nothing else: the example has none."""
    staff = Staff(name="Solo", email="solo@example.org", roles=["supervisor"], localities=[], skills=[], phone=None)
    with lab.database.transaction() as db:
        db.add(staff)
    return staff


def test_every_page_is_in_the_table_and_the_table_has_nothing_else(lab: Lab) -> None:
    assert {endpoint for endpoint, _, _ in rules(lab)} == set(ALLOWED)


def test_nobody_gets_in_without_signing_in(lab: Lab) -> None:
    stranger = Person(lab.app)
    for endpoint, method, path in rules(lab):
        if ALLOWED[endpoint] is NOT_SIGNED_IN:
            continue
        if method == "GET":
            answer = stranger.get(path)
            assert (answer.status_code, answer.location) == (302, "/sign-in"), path
            assert stranger.get(path, script=True).status_code == 401, path
        else:
            assert stranger.post(path).status_code == 401, path


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_what_the_table_gives_it(lab: Lab, role: str) -> None:
    staff = supervisor(lab) if role == "supervisor" else lab.staff(WHO[role])
    assert staff.roles == [role]
    for endpoint, method, path in rules(lab):
        if ALLOWED[endpoint] is NOT_SIGNED_IN or endpoint == "pages.sign_out":
            continue
        person = Person(lab.app, staff)
        answer = person.get(path) if method == "GET" else person.post(path)
        refused = answer.status_code == 403
        assert refused == (role not in ALLOWED[endpoint]), (path, answer.status_code)
        assert answer.status_code < 500, (path, answer.text)


def test_a_page_that_is_in_no_table_is_nobodys(lab: Lab) -> None:
    app = pages_app(lab.database)
    app.blueprints["pages"].view_functions = {}  # type: ignore[attr-defined]
    app.add_url_rule("/forgotten", "pages.forgotten", lambda: "open to all")
    assert Person(app, lab.staff("leila")).get("/forgotten").status_code == 403


def test_a_change_without_the_forms_token_is_refused_and_changes_nothing(lab: Lab) -> None:
    for first_name in ("isla", "jonah"):
        person = lab.as_(first_name)
        person.token = ""
        before = history(lab)
        for _, method, path in rules(lab):
            if method == "POST":
                assert person.post(path, state="ready", staff=lab.staff("ana").id).status_code == 400, path
        assert history(lab) == before


def test_somebody_retired_from_the_service_file_is_out_at_once(lab: Lab) -> None:
    ana = lab.as_("ana")
    assert ana.get("/desk").status_code == 200
    with lab.database.transaction() as db:
        db.get_one(Staff, lab.staff("ana").id).active = False
    assert ana.get("/desk").location == "/sign-in"


@pytest.mark.parametrize(
    ("first_name", "page"),
    [("ana", "/desk"), ("grace", "/board"), ("jonah", "/board"), ("isla", "/desk"), ("kit", "/service")],
)
def test_everyone_starts_on_the_page_of_their_work(lab: Lab, first_name: str, page: str) -> None:
    person = lab.as_(first_name)
    assert person.get("/").location == page
    assert person.get(page).status_code == 200


def test_picking_a_person_is_for_one_machine_only(lab: Lab) -> None:
    stranger = Person(pages_app(lab.database, local_sign_in=False))
    page = stranger.get("/sign-in").text
    assert 'name="password"' in page
    assert "Ana Fernsby" not in page
    stranger.token = Person(lab.app).token
    assert stranger.client.post("/sign-in", data={"staff": lab.staff("ana").id}).status_code in (400, 404)
    assert stranger.get("/desk").location == "/sign-in"


def test_signing_in_by_picking_is_refused_in_production_even_with_a_good_token(lab: Lab) -> None:
    app = pages_app(lab.database, local_sign_in=False)
    app.config["WTF_CSRF_ENABLED"] = True
    stranger = Person(app)
    with stranger.client.session_transaction() as session:
        session["csrf_token"] = "known"
    from itsdangerous import URLSafeTimedSerializer

    token = URLSafeTimedSerializer(str(app.config["SECRET_KEY"]), salt="wtf-csrf-token").dumps("known")
    stranger.token = str(token)
    assert stranger.post("/sign-in", staff=lab.staff("ana").id).status_code == 404
    assert stranger.get("/desk").location == "/sign-in"


def test_signing_out_ends_it(lab: Lab) -> None:
    ana = lab.as_("ana")
    assert ana.post("/sign-out").location == "/sign-in"
    assert ana.get("/desk").location == "/sign-in"


@pytest.mark.parametrize(("via", "then"), [("browser", "off"), ("phone", "ready")])
def test_a_browser_that_was_left_is_rung_no_more(lab: Lab, via: str, then: str) -> None:
    ana = lab.as_("ana")
    ana.post("/desk/presence", state="ready", via=via)
    ana.post("/sign-out")
    with lab.database.reading() as db:
        assert db.get_one(Presence, lab.staff("ana").id).state == then


def test_nobody_signs_out_from_under_a_person(lab: Lab) -> None:
    night.ready(lab.database, lab.staff("ana"), now=lab.now)
    night.waits(lab.database, now=lab.now, line=night.ISLAND)
    night.take(lab.database, lab.staff("ana"), now=lab.now)
    ana = lab.as_("ana")
    assert "Somebody is with you" in ana.says(ana.post("/sign-out"))
    assert ana.get("/desk").status_code == 200


# --- headers ----------------------------------------------------------------------------------------------------------


def policy(answer: Any) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


def test_every_answer_keeps_the_browser_to_us(lab: Lab) -> None:
    made = night.busy(lab.database, lab.now)
    isla, ana = lab.as_("isla"), lab.as_("ana")
    answers = [
        *(ana.get(path) for path in ("/desk", "/desk/live", "/contacts", f"/contacts/{made.hers}", "/board", "/nothing")),
        ana.get("/contacts/nobody"),
        isla.get("/board"),
        Person(lab.app).get("/sign-in"),
        Person(lab.app).get("/desk"),
    ]  # fmt: skip
    for answer in answers:
        if answer.request.path == "/nothing":  # not one of ours to answer
            continue
        rules = policy(answer)
        assert rules["default-src"] == "'none'"
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert rules["style-src"] == "'self'"
        assert rules["connect-src"] == "'self'"
        assert rules["frame-ancestors"] == "'none'"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert "microphone=()" in answer.headers["Permissions-Policy"]
        nonces = set(re.findall(r'nonce="([^"]+)"', answer.text))
        assert nonces <= set(re.findall(r"'nonce-([^']+)'", rules["script-src"]))
        assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:|<style", answer.text)
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', answer.text)


def test_two_answers_have_two_nonces(lab: Lab) -> None:
    ana = lab.as_("ana")
    assert policy(ana.get("/desk"))["script-src"] != policy(ana.get("/desk"))["script-src"]


def test_only_the_desk_may_reach_the_local_carrier_and_only_when_there_is_one(lab: Lab) -> None:
    stand_in = {"kind": "stand_in", "url": "http://127.0.0.1:8089", "identity": "x"}
    ana = Person(pages_app(lab.database, softphone=stand_in), lab.staff("ana"))
    assert policy(ana.get("/desk"))["connect-src"] == "'self' http://127.0.0.1:8089"
    assert policy(ana.get("/service"))["connect-src"] == "'self'"
    assert ana.get("/desk/softphone").json == stand_in


def test_the_carriers_telephone_gets_its_hosts_and_the_microphone(lab: Lab) -> None:
    twilio = {"kind": "twilio", "token": "t", "expires_in": 3600, "edge": "dublin"}
    ana = Person(pages_app(lab.database, softphone=twilio), lab.staff("ana"))
    answer = ana.get("/desk")
    assert "wss://voice-js.dublin.twilio.com" in policy(answer)["connect-src"]
    assert "microphone=(self)" in answer.headers["Permissions-Policy"]
    assert "twilio.min.js" in answer.text


def test_every_file_a_page_names_is_there_and_may_be_kept(lab: Lab) -> None:
    ana = lab.as_("ana")
    names = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', ana.get("/desk").text))
    assert len(names) >= 5
    for name in names:
        answer = ana.get(name)
        assert answer.status_code == 200, name
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert ana.get(re.sub(r"/static/\w+/", "/static/0000/", names.pop())).status_code == 404

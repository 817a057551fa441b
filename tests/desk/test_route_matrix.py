"""Every address of the running app, every role, every kind of place: who gets in, and to whose things.

`EXPECT` is written out by hand, apart from the tables the app goes by. An address that is missing here fails, so a new
one is not served before somebody has said who it is for.
"""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from telephony import webhooks
from tests import factories
from tests.desk.pages_lab import Person, pages_app
from triage import accounts, hurry
from triage.car_models import Duty
from triage.db import open_database, utcnow
from triage.desk import access, api, health
from triage.desk.api.door import CALLS
from triage.models import Contact, Dispatch, Incident, Outcome, Promise, Unit, new_id
from triage.reach_models import Notice
from triage.spool import Spool
from triage.standing import Kept
from triage.texting_models import TextFlood

ROLES: Final = {"n": "nurse", "d": "dispatcher", "s": "supervisor", "a": "administrator", "r": "reader"}
PLACES: Final = {"own": "island", "overflow": "forest", "other": "city", "unknown": None}
OPEN: Final = "open"  # to anybody: says nothing of anyone
SOON, LATER = (f"{utcnow() + timedelta(hours=more):%Y-%m-%dT12:00:00}" for more in (48, 72))
WHY: Final = "Their mother rang: they are on the bridge."


@dataclass(frozen=True)
class Route:
    """Who it is for, what kind of thing the id names, and what must be sent for the request itself to be good."""

    roles: str = ""
    thing: str | None = None
    sends: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    also: str = ""  # OPEN
    asked_by_them: str = ""  # roles for which the thing is one they asked for: open wherever it is
    everywhere: bool = False  # no wall: it is the way through one


EXPECT: Final[dict[str, Route]] = {
    # --- pages
    "pages.sign_in": Route(also=OPEN),
    "pages.sign_in_as": Route(also=OPEN),
    # signing in: for whoever is not, or holds a link
    "pages.sign_in_with_password": Route(also=OPEN),
    "pages.second_factor": Route(also=OPEN),
    "pages.give_second_factor": Route(also=OPEN),
    "pages.passkey_options": Route(also=OPEN),
    "pages.sign_in_with_passkey": Route(also=OPEN),
    "pages.again": Route(also=OPEN),
    "pages.sign_in_again": Route(also=OPEN),
    "pages.again_passkey_options": Route(also=OPEN),
    "pages.organisation": Route(also=OPEN),
    "pages.organisation_back": Route(also=OPEN),
    "pages.set_up": Route(also=OPEN),
    "pages.set_up_password": Route(also=OPEN),
    "pages.set_up_factor": Route(also=OPEN),
    "pages.set_up_app": Route(also=OPEN),
    "pages.set_up_passkey_options": Route(also=OPEN),
    "pages.set_up_passkey": Route(also=OPEN),
    "pages.crew_page": Route(also=OPEN),
    "pages.crew_open": Route(also=OPEN),
    "pages.crew_says": Route(also=OPEN),
    "pages.crew_visit": Route(also=OPEN),
    "pages.crew_rings": Route(also=OPEN),
    # one's own account, and everybody's
    "pages.here": Route("ndsar"),
    "pages.account": Route("ndsar"),
    "pages.change_password": Route("ndsar"),
    "pages.show_app": Route("ndsar"),
    "pages.add_app": Route("ndsar"),
    "pages.add_passkey_options": Route("ndsar"),
    "pages.add_passkey": Route("ndsar"),
    "pages.drop_factor": Route("ndsar"),
    "pages.new_codes": Route("ndsar"),
    "pages.end_session": Route("ndsar"),
    "pages.make_token": Route("ndsar"),
    "pages.revoke_token": Route("ndsar"),
    "pages.accounts": Route("a"),
    "pages.make_link": Route("a"),
    "pages.disable_account": Route("a"),
    "pages.enable_account": Route("a"),
    "pages.end_sessions": Route("a"),
    "pages.reset_factors": Route("a"),
    "pages.revoke_any_token": Route("a"),
    "pages.sign_out": Route("ndsar"),
    "pages.home": Route("ndsar"),
    "pages.nurse_desk": Route("n"),
    "pages.desk_live": Route("n"),
    "pages.softphone": Route("n"),
    "pages.set_presence": Route("n", sends={"state": "busy"}),
    "pages.take_next": Route("n"),
    "pages.set_texts_at_once": Route("n", sends={"number": "2"}),
    "pages.ask_to_take": Route("n", "held", {"note": "They like short texts"}),
    "pages.take_over": Route("n", "held"),
    "pages.stop_asking": Route("n", "held"),
    "pages.save_draft": Route("n", "held", {"outcome-notes": "x"}),
    "pages.record_outcome": Route("n", "held", {"disposition": "signposted"}),
    "pages.send_text": Route("n", "held", {"body": "Hello"}),
    "pages.ask_for_car": Route("n", "held", {"address": "The bandstand"}),
    "pages.finish_contact": Route("n", "held"),
    "pages.decide_silence": Route("n", "held", {"choice": "wait"}),
    "pages.give_back": Route("n", "held"),
    "pages.give_back_for_later": Route("n", "held", {"seen_band": "4", "band": "5", "because": "safe_for_now"}),
    "pages.ring_texter": Route("n", "held"),
    "pages.take_their_call": Route("n", "held"),
    "pages.go_on_by_text": Route("n", "held"),
    "pages.board": Route("ds"),
    "pages.board_live": Route("ds"),
    "pages.board_map": Route("ds"),
    "pages.send_unit": Route("ds", "incident", {"call_sign": "IW01"}),
    "pages.stand_down": Route("ds", "incident", {"reason": "Not needed"}),
    "pages.change_incident": Route("nds", "incident", {"concern": "Alone"}),
    "pages.escalate": Route("ds", "incident", {"reason": "Collapsed"}),
    "pages.say_visit": Route("ds", "incident", {"visit": "resolved"}),
    "pages.crew_did": Route("ds", "dispatch", {"action": "acknowledge"}),
    "pages.set_unit": Route("ds", "unit", {"state": "off_duty"}),
    "pages.duty_times": Route("ds"),
    "pages.plan_duty": Route("ds", "unit", {"starts_at": SOON, "ends_at": LATER, "crew": "Sam, Priya"}),
    "pages.begin_duty": Route("ds", "duty"),
    "pages.end_duty": Route("ds", "duty"),
    "pages.note_attempt": Route("nds", "promise", {"result": "Rang"}),
    "pages.settle_promise": Route("nds", "promise", {"how": "Spoke"}),
    "pages.call_person_back": Route("n", "promise"),
    "pages.decide_promise": Route("n", "promise", {"decision": "leave", "words": "Their mother is with them"}),
    "pages.close_promise": Route("s", "promise", {"reason": "Their mother is with them"}),
    "pages.floods": Route("ns"),
    "pages.decide_flood": Route("ns", "flood", {"decision": "people"}),
    "pages.service": Route("ndsa"),
    "pages.try_now": Route("a"),
    "pages.contacts": Route("ns"),
    "pages.find_contacts": Route("ns", sends={"locality": "city"}),
    "pages.contact": Route("ns", "contact"),
    "pages.reveal_number": Route("ns", "contact", {"reason": "call_back"}),
    "pages.break_glass": Route("nds", "contact", {"reason": WHY}, everywhere=True),
    "pages.link_contacts": Route("ns", "contact", {"say": "join", "other": "OTHER", "reason": WHY}),
    "pages.mark_telephone": Route("ns", "contact", {"kind": "payphone"}),
    "pages.note_anonymous": Route("ns", "contact"),
    "pages.open_media": Route("ns", "contact"),
    "pages.say_class": Route("ns", "contact", {"kind": "adult"}),
    "pages.note_right": Route("ns", "contact", {"kind": "correction", "words": "It was a Tuesday"}),
    "pages.hold": Route("s", "contact", {"reason": "The coroner asked"}),
    "pages.lift_hold": Route("s", "contact"),
    "pages.approvals": Route("sa"),
    "pages.decide": Route("sa", sends={"answer": "agree"}),
    "pages.acknowledge_notice": Route("sa", "notice"),
    "pages.acknowledge_alarm": Route("ndsa"),
    "pages.who_saw_what": Route("s", query="?staff=nobody"),
    "pages.figures": Route("sar"),
    "pages.figures_of_cars": Route("sa"),
    "pages.car_figures_file": Route("sa"),
    # --- the API
    "api.openapi_json": Route(also=OPEN),
    "api.who_am_i": Route("ndsar"),
    "api.put_my_presence": Route("n", sends={"state": "busy"}),
    "api.who_waits": Route("nds"),
    "api.take_next": Route("n"),
    "api.put_my_texts_at_once": Route("n", sends={"number": 2}),
    "api.ask_to_take": Route("n", "contact", {"to": "bola@example.org", "note": "They like short texts"}),
    "api.take_over": Route("n", "held"),
    "api.stop_asking": Route("n", "held"),
    "api.find_contacts": Route("ns", query="?locality=city"),
    "api.read_contact": Route("ns", "contact"),
    "api.log_outcome": Route("ns", "contact", {"disposition": "signposted"}),
    "api.text_person": Route("ns", "contact", {"body": "Hello"}),
    "api.ask_for_car": Route("ns", "contact", {"address": "The bandstand"}),
    "api.finish_contact": Route("n", "contact"),
    "api.decide_silence": Route("n", "contact", {"choice": "wait"}),
    "api.give_back": Route("n", "contact"),
    "api.give_back_for_later": Route("n", "contact", {"seen_band": 4, "band": 5, "because": "safe_for_now"}),
    "api.ring_texter": Route("n", "contact"),
    "api.take_their_call": Route("n", "contact"),
    "api.go_on_by_text": Route("n", "contact"),
    "api.board": Route("nds"),
    "api.read_incident": Route("nds", "incident"),
    "api.send_unit": Route("ds", "incident", {"call_sign": "IW01"}),
    "api.stand_down": Route("nds", "incident", {"reason": "Not needed"}, asked_by_them="n"),
    "api.change_incident": Route("nds", "incident", {"concern": "Alone"}),
    "api.say_what_came_of_it": Route("nds", "incident", {"visit": "resolved"}),
    "api.escalate": Route("nds", "incident", {"reason": "Collapsed"}, asked_by_them="n"),
    "api.all_units": Route("nds"),
    "api.put_unit": Route("ds", "unit", {"state": "off_duty"}),
    "api.duties_of": Route("ds", "unit"),
    "api.plan_duty": Route("ds", "unit", {"starts_at": f"{SOON}Z", "ends_at": f"{LATER}Z", "crew": ["Sam"]}),
    "api.begin_duty": Route("ds", "duty", {"crew": ["Sam"]}),
    "api.end_duty": Route("ds", "duty", {"hand_over": "All is well"}),
    "api.crew_did": Route("ds", "dispatch", {"action": "acknowledge"}),
    "api.what_is_owed": Route("nds"),
    "api.note_attempt": Route("nds", "promise", {"result": "Rang"}),
    "api.settle_promise": Route("nds", "promise", {"how": "Spoke"}),
    "api.call_person_back": Route("n", "promise"),
    "api.decide_promise": Route("n", "promise", {"decision": "leave", "words": "Their mother is with them"}),
    "api.close_promise": Route("s", "promise", {"reason": "Their mother is with them"}),
    "api.break_glass": Route("nds", "contact", {"reason": WHY}, everywhere=True),
    "api.break_glass_of_incident": Route("nds", "incident", {"reason": WHY}, everywhere=True),
    "api.what_i_was_told": Route("sa"),
    "api.acknowledge_notice": Route("sa", "notice"),
    "api.what_is_wrong": Route("ndsa"),
    "api.acknowledge_alarm": Route("ndsa"),
    "api.who_saw_what": Route("s", query="?staff=grace@example.org"),
    "api.link_contacts": Route("ns", "contact", {"other": "OTHER", "same": True, "reason": WHY}),
    "api.mark_telephone": Route("ns", "contact", {"kind": "payphone"}),
    "api.note_anonymous": Route("ns", "contact"),
    "api.read_figures": Route("sar"),
    # --- whoever watches the machines
    "live": Route(also=OPEN),
    "ready": Route(also=OPEN),
    "safe": Route(also=OPEN),
    "metrics": Route(also=OPEN),  # to this machine; tests/desk/test_health.py has the others
}
CARRIER: Final = ("voice.", "sms.")


class Matrix:
    """The whole web process on one database, and somebody of each role who works on the island."""

    def __init__(self, url: str) -> None:
        self.database = open_database(url)
        self.now = utcnow()
        factories.make_service(self.database, now=self.now)
        self.people = {
            role: factories.make_staff(
                self.database, roles=(role,), email=f"{role}@example.org",
                localities=("island",) if role in ("nurse", "dispatcher", "supervisor") else (),
            )
            for role in ROLES.values()
        }  # fmt: skip
        factories.make_staff(self.database, roles=("dispatcher",), localities=("city",), email="grace@example.org")
        self.asker = factories.make_nurse(self.database, localities=("city",))
        self.app = self._app()
        with self.database.transaction() as db:
            self.tokens = {
                role: accounts.make_token(db, person.email, now=self.now) for role, person in self.people.items()
            }
        self.browsers = {role: Person(self.app, person) for role, person in self.people.items()}
        self.stranger = Person(self.app)

    def _app(self) -> Flask:
        app = pages_app(self.database)
        health.attach(app, redis=hurry.client("redis://127.0.0.1:1"), public_base_url="https://line.example.org")
        api.attach(app)
        line = webhooks.Line(
            self.database,
            Kept(self.database),
            "https://line.example.org",
            "AC" + "a" * 32,
            ("t" * 32,),
            "+441632960999",
            Spool(Path(tempfile.gettempdir()) / "nowrongdoor-not-written"),
        )
        webhooks.attach(app, line)
        return app

    # --- things, one of each for one request

    def contact(self, place: str | None, _role: str | None) -> str:
        made = factories.make_contact(self.database, line=None, now=self.now)
        with self.database.transaction() as db:
            db.get_one(Contact, made.id).locality = place
        return made.id

    held = contact

    def incident(self, place: str | None, asked_by: str | None) -> str:
        contact_id, asker = self.contact(place, None), self.people[asked_by] if asked_by else self.asker
        with self.database.transaction() as db:
            outcome = Outcome(
                contact_id=contact_id, urgency="B", scale_version="1", disposition="response_car", group="home",
                mhsds_code="05", needed_by=None, who=None, notes=None, agreed=None, next_steps=None, themes=[],
                caller_role=None, text_consent=None, recorded_by=asker.id, recorded_at=self.now,
            )  # fmt: skip
            db.add(outcome)
            db.flush()
            row = Incident(
                contact_id=contact_id, outcome_id=outcome.id, locality=place, address="The bandstand", postcode=None,
                scene_safety="unknown", concern=None, call_back=None, needed_by=None, state="requested",
                state_since=self.now, fallback=None, requested_by=asker.id, requested_at=self.now, closed_at=None,
                reason=None,
            )  # fmt: skip
            db.add(row)
            db.flush()
            return row.id

    def dispatch(self, place: str | None, _role: str | None) -> str:
        incident_id, call_sign = self.incident(place, None), self.unit("island", None)
        with self.database.transaction() as db:
            db.get_one(Incident, incident_id).state = "offered"
            row = Dispatch(
                incident_id=incident_id, call_sign=call_sign, tag="10", state="offered", state_since=self.now,
                due_at=self.now + timedelta(hours=1), offered_at=self.now, acknowledged_at=None, closed_at=None,
                note=None,
            )  # fmt: skip
            db.add(row)
            db.flush()
            return row.id

    def promise(self, place: str | None, _role: str | None) -> str:
        with self.database.transaction() as db:
            row = Promise(
                kind="hand_over", what="Ring the team", contact_id=self.made(db, place), incident_id=None,
                reachable=True, due_at=self.now, owner_id=None, made_at=self.now, settled_at=None, settled_how=None,
            )  # fmt: skip
            db.add(row)
            db.flush()
            return row.id

    @staticmethod
    def made(db: Any, place: str | None) -> str:
        contact = Contact(
            channel="call", carrier_id=factories.carrier_id(), line=None, route="direct", locality=place, keyword=None,
            started_at=utcnow(), ended_at=None, place="greeting", last_reply=None, call_id=None, caller_role=None,
            text_consent=None,
        )  # fmt: skip
        db.add(contact)
        db.flush()
        return contact.id

    def flood(self, place: str | None, _role: str | None) -> str:
        with self.database.transaction() as db:
            row = TextFlood(
                kind="in_a_row", since=self.now, found_at=self.now, decision=None, decided_by=None, decided_at=None
            )
            db.add(row)
            db.flush()
            db.get_one(Contact, self.made(db, place)).flood_id = row.id
            return row.id

    def unit(self, place: str | None, _role: str | None) -> str:
        call_sign = f"X{new_id()[:8]}"
        with self.database.transaction() as db:
            db.add(Unit(call_sign=call_sign, locality=place or "island", phone=factories.number(), crew=[],
                        state="available", reason=None, since=self.now))  # fmt: skip
        return call_sign

    def duty(self, place: str | None, _role: str | None) -> str:
        """A duty that has begun. Its unit has the same name, for the addresses that name both."""
        call_sign = self.unit(place, None)
        with self.database.transaction() as db:
            row = Duty(
                id=call_sign, call_sign=call_sign, starts_at=self.now, ends_at=self.now + timedelta(hours=8),
                crew=["Sam"], made_by=self.asker.id, began_at=self.now, ended_at=None, hand_over_sealed=None,
            )  # fmt: skip
            db.add(row)
        return call_sign

    def notice(self, place: str | None, role: str | None) -> str:
        with self.database.transaction() as db:
            row = Notice(
                kind="break_glass", for_role=role if role in ("supervisor", "administrator") else "supervisor",
                locality=place, contact_id=None, actor=self.asker.id, made_at=self.now, acknowledged_by=None,
                acknowledged_at=None,
            )  # fmt: skip
            db.add(row)
            db.flush()
            return row.id

    # --- one request

    def ask(self, endpoint: str, role: str | None, thing: str | None) -> TestResponse:
        rule = next(rule for rule in self.app.url_map.iter_rules() if rule.endpoint == endpoint)
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        path = re.sub(r"<(?:\w+:)?\w+>", thing or "1", rule.rule) + EXPECT[endpoint].query
        sends = {
            name: self.contact("island", None) if value == "OTHER" else value
            for name, value in EXPECT[endpoint].sends.items()
        }
        if endpoint.startswith("api."):
            headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}
            return self.app.test_client().open(path, method=method, json=sends or None, headers=headers)
        browser = self.browsers[role] if role else self.stranger
        return browser.get(path) if method == "GET" else browser.post(path, script=True, **sends)


@pytest.fixture(scope="module")
def matrices(databases: Any) -> Iterator[dict[str, Matrix]]:
    made: dict[str, Matrix] = {}
    yield _Made(made, databases)
    for one in made.values():
        one.database.engine.dispose()


class _Made(dict[str, Matrix]):
    def __init__(self, kept: dict[str, Matrix], databases: Any) -> None:
        super().__init__()
        self._kept, self._databases = kept, databases

    def __getitem__(self, backend: str) -> Matrix:
        if backend not in self._kept:
            self._kept[backend] = Matrix(self._databases.fresh(backend))
        return self._kept[backend]


def is_refused(answer: TestResponse) -> bool:
    return answer.status_code in (401, 403)


def places_of(route: Route) -> list[str]:
    if route.thing is None:
        return ["own"]
    return [place for place in PLACES if route.thing != "unit" or place != "unknown"]


def opens(route: Route, role: str, place: str) -> bool:
    """What must come of it, by the hand-written table and the one rule for places."""
    if role[0] not in route.roles:
        return False
    if route.thing == "notice" and role == "administrator":
        return True
    return place != "other" or route.everywhere or role[0] in route.asked_by_them


def test_every_address_of_the_app_is_declared_here_and_nothing_else(matrices: dict[str, Matrix]) -> None:
    served = {rule.endpoint for rule in matrices["sqlite"].app.url_map.iter_rules()}
    carrier = {endpoint for endpoint in served if endpoint.startswith(CARRIER)}
    assert served - carrier == {name for name in EXPECT if not name.startswith(CARRIER)}
    assert len(carrier) > 10


def test_the_tables_the_app_goes_by_say_the_same() -> None:
    by_hand = {name: {ROLES[letter] for letter in route.roles} for name, route in EXPECT.items() if not route.also}
    by_app = {f"api.{row.name}": set(row.roles) for row in CALLS}
    by_app |= {name: set(roles) for name, roles in access.ALLOWED.items() if roles is not access.NOT_SIGNED_IN}
    assert by_app == by_hand


PROTECTED: Final = [name for name, route in EXPECT.items() if not route.also and name != "pages.sign_out"]
SAMPLE: Final = (
    "api.read_contact", "api.read_incident", "api.crew_did", "api.put_unit", "api.settle_promise", "pages.contact",
    "api.acknowledge_notice", "api.break_glass",
)  # fmt: skip


@pytest.mark.parametrize(
    ("backend", "endpoint"), [*(("sqlite", name) for name in PROTECTED), *(("postgresql", name) for name in SAMPLE)]
)
def test_each_role_at_each_place(matrices: dict[str, Matrix], backend: str, endpoint: str) -> None:
    matrix, route, wrong = matrices[backend], EXPECT[endpoint], []
    for role, place in product(ROLES.values(), places_of(route)):
        asked_by = role if role[0] in route.asked_by_them or route.thing == "notice" else None
        thing = getattr(matrix, route.thing)(PLACES[place], asked_by) if route.thing else None
        answer = matrix.ask(endpoint, role, thing)
        if route.thing == "held" and role[0] in route.roles:  # nobody writes for a person who is with somebody else
            as_expected = answer.status_code in (404, 409)
        else:
            as_expected = is_refused(answer) != opens(route, role, place)
        if not as_expected or answer.status_code >= 500:
            wrong.append((role, place, answer.status_code, answer.get_data(as_text=True)[:200]))
    assert wrong == []


@pytest.mark.parametrize("endpoint", [*PROTECTED, "pages.sign_out"])
def test_nobody_in_particular_gets_nothing(matrices: dict[str, Matrix], endpoint: str) -> None:
    matrix, route = matrices["sqlite"], EXPECT[endpoint]
    thing = getattr(matrix, route.thing)("island", None) if route.thing else None
    answer = matrix.ask(endpoint, None, thing)
    assert answer.status_code == 401 or answer.location == "/sign-in"


def test_the_carriers_addresses_are_nobodys_who_works_here(matrices: dict[str, Matrix]) -> None:
    matrix = matrices["sqlite"]
    for rule in matrix.app.url_map.iter_rules():
        if not rule.endpoint.startswith(CARRIER) or rule.endpoint == "voice.fallback":
            continue
        path = re.sub(r"<(?:\w+:)?\w+>", "1", rule.rule)
        for role in (None, *ROLES.values()):
            headers = {"Authorization": f"Bearer {matrix.tokens[role]}"} if role else {}
            assert matrix.app.test_client().post(path, headers=headers).status_code == 403, (path, role)


@pytest.mark.parametrize("endpoint", [name for name, route in EXPECT.items() if route.also == OPEN])
def test_what_is_open_to_anybody_names_nobody(matrices: dict[str, Matrix], endpoint: str) -> None:
    if endpoint == "pages.sign_in_as":
        return
    matrix = matrices["sqlite"]
    rule = next(rule.rule for rule in matrix.app.url_map.iter_rules() if rule.endpoint == endpoint)
    contact = matrix.contact("island", None)
    answer = matrix.app.test_client().get(rule)
    assert not is_refused(answer)
    assert contact not in answer.get_data(as_text=True)


def test_everybody_may_sign_out(matrices: dict[str, Matrix]) -> None:
    matrix = matrices["sqlite"]
    for person in matrix.people.values():
        browser = Person(matrix.app, person)
        assert browser.post("/sign-out").location == "/sign-in"
        assert browser.get("/").location == "/sign-in"

"""Attacks on signing in, against the really started service in production mode, one named test each."""

import http.cookiejar
import re
import shutil
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pyotp
import pytest
import requests
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import delete, func, select, update

from tests.desk.provider import Provider
from tests.harness.databases import BACKENDS
from tests.harness.stack import Stack, stack_folder
from triage import accounts, signing_in
from triage.account_models import Account, AccountLink, Attempts, Passkey, RecoveryCode, SignedSession
from triage.db import Database, open_database, utcnow
from triage.models import ApiToken, Staff

PASSWORD = "kestrel amber window"
ANA, ISLA, KIT = "ana@example.org", "isla@example.org", "kit@example.org"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor:
    """A browser on the network, friend or not. `address` is what the proxy in front of the service says of it."""

    def __init__(self, url: str, address: str = "203.0.113.5"):
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["X-Forwarded-For"] = address
        self.token = ""

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        answer = self.http.request(method, self.url + path, allow_redirects=False, timeout=20, **options)
        if found := TOKEN.search(answer.text):
            self.token = found[1]
        return answer

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, **fields: Any) -> requests.Response:
        return self.ask("POST", path, data={"csrf_token": self.token, **fields})

    def password(self, email: str, password: str = PASSWORD) -> requests.Response:
        self.get("/sign-in")
        return self.post("/sign-in/password", email=email, password=password)

    def code(self, code: str) -> requests.Response:
        self.get("/sign-in/second-factor")
        return self.post("/sign-in/second-factor", code=code)

    def is_in(self) -> bool:
        return self.get("/account").status_code == 200

    def takes_cookies_of(self, other: "Visitor") -> None:
        jar = http.cookiejar.CookieJar()
        for cookie in other.http.cookies:
            jar.set_cookie(cookie)
        self.http.cookies = requests.cookies.merge_cookies(requests.cookies.RequestsCookieJar(), jar)

    @property
    def cookie(self) -> str:
        return str(self.http.cookies["nwd"])


class House:
    """The service in production mode, with an organisation's sign-in, and its accounts made new for each attack."""

    def __init__(self, stack: Stack, database: Database, provider: Provider):
        self.stack, self.database, self.provider = stack, database, provider
        self.secrets: dict[str, str] = {}
        self.codes: dict[str, list[str]] = {}

    def visitor(self, address: str = "203.0.113.5") -> Visitor:
        return Visitor(self.stack.web_url, address)

    def id_of(self, email: str) -> str:
        with self.database.reading() as db:
            return accounts.by_email(db, email).id

    def link(self, email: str) -> str:
        with self.database.transaction() as db:
            return "/set-up/" + signing_in.make_link(db, accounts.by_email(db, email), by="operator", now=utcnow())

    def enrolled(self, email: str) -> Visitor:
        """A new account: the browser in which it was set up, signed in."""
        link, at = self.link(email), self.visitor()
        at.get(link)
        assert at.post(link, password=PASSWORD, again=PASSWORD).status_code == 303
        typed = re.search(r'id="typed">([^<]+)<', at.get(f"{link}/second-factor").text)
        assert typed
        self.secrets[email] = typed[1].replace(" ", "")
        done = at.post(f"{link}/app", code=self.app(email))
        self.codes[email] = re.findall(r"<li><code>([^<]+)</code>", done.text)
        assert len(self.codes[email]) == 10, done.text
        at.get("/account")
        return at

    def app(self, email: str) -> str:
        """What the app shows now. Enrolling used this step up: `recovery` signs in without waiting for the next."""
        return pyotp.TOTP(self.secrets[email]).now()

    def next_code(self, email: str) -> str:
        """The code of the step to come, which a clock half a minute fast would show."""
        return pyotp.TOTP(self.secrets[email]).at(int(time.time()) + 30)

    def signed_in(self, email: str, at: Visitor | None = None) -> Visitor:
        at = at or self.visitor()
        assert at.password(email).status_code == 303
        assert at.code(self.codes[email].pop()).status_code == 303
        at.get("/account")
        return at

    def afresh(self) -> None:
        with self.database.transaction() as db:
            for model in (SignedSession, AccountLink, RecoveryCode, Passkey, Account, Attempts, ApiToken):
                db.execute(delete(model))
            db.execute(update(Staff).values(active=True))

    def roles(self, email: str, *roles: str) -> list[str]:
        with self.database.transaction() as db:
            staff = accounts.by_email(db, email)
            before, staff.roles = staff.roles, list(roles)
        return before


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


@pytest.fixture(scope="module", params=BACKENDS)
def started(request: pytest.FixtureRequest, databases: Any, provider: Provider) -> Iterator[House]:
    url = databases.served(request.param)
    settings = {
        "SERVICE_MODE": "production", "OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": "nowrongdoor",
        "OIDC_CLIENT_SECRET": "a secret of the tests",
    }  # fmt: skip
    stack = Stack(stack_folder(), database_url=url, service_file=None, settings=settings)
    database = open_database(url)
    try:
        yield House(stack.start(), database, provider)
    finally:
        stack.close()
        database.engine.dispose()
        shutil.rmtree(stack.folder, ignore_errors=True)


@pytest.fixture
def house(started: House) -> Iterator[House]:
    started.afresh()
    yield started
    started.afresh()


# --- getting in without an account ------------------------------------------------------------------------------------


def test_attack_default_accounts(house: House) -> None:
    with house.database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Account)) == 0
    for email in ("admin", "admin@example.org", "root", "nowrongdoor", KIT):
        for password in ("admin", "password", "changeme", ""):
            at = house.visitor(f"198.51.100.{abs(hash(email)) % 250}")
            assert at.password(email, password).status_code in (422, 429)
            assert not at.is_in()


def test_attack_pick_a_person_in_production(house: House) -> None:
    at = house.visitor()
    assert "One press, no password" not in at.get("/sign-in").text
    assert at.post("/sign-in", staff=house.id_of(ANA)).status_code == 404
    assert not at.is_in()


def test_attack_a_session_that_was_picked_is_worth_nothing_in_production(house: House) -> None:
    with house.database.transaction() as db:
        from triage import sessions

        ana = accounts.by_email(db, ANA)
        picked = sessions.begin(db, ana, sessions.PICKED, stamp="", browser="", now=utcnow()).id
    at = house.visitor()
    at.http.cookies.set("nwd", forged(house.stack.settings["SECRET_KEY"], {"id": picked, "staff": "x"}))
    assert not at.is_in()


def test_attack_second_administrator_by_the_first_ones_command(house: House) -> None:
    assert house.stack.command("staff", "first-administrator", KIT).stdout.startswith(house.stack.web_url + "/set-up/")
    house.enrolled(KIT)
    again = house.stack.command("staff", "first-administrator", KIT, check=False)
    assert again.returncode == 1
    assert "already" in again.stderr
    not_one = house.stack.command("staff", "first-administrator", ANA, check=False)
    assert not_one.returncode == 1


def test_attack_link_guessed(house: House) -> None:
    house.link(ANA)
    at = house.visitor()
    for guess in ("x", "0" * 43, "%2e%2e%2faccounts", "%00", "a" * 5000):
        assert at.get(f"/set-up/{guess}").status_code in (400, 404, 410, 414), guess[:20]


# --- finding out who works here ---------------------------------------------------------------------------------------


def told(answer: requests.Response) -> str:
    return re.sub(r'value="[^"]*"|nonce="[^"]*"', "", answer.text)


def test_attack_user_enumeration_by_words(house: House) -> None:
    house.enrolled(ANA)
    answers = [house.visitor(f"198.51.100.{n}").password(email, "not this one")
               for n, email in enumerate((ANA, ISLA, "nobody@example.org"))]  # fmt: skip
    assert len({told(answer) for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {422}


def test_attack_user_enumeration_by_time(house: House) -> None:
    house.enrolled(ANA)

    def took(email: str, address: str) -> float:
        at, times = house.visitor(address), []
        for _ in range(4):
            at.get("/sign-in")
            start = time.perf_counter()
            at.post("/sign-in/password", email=email, password="not this one")
            times.append(time.perf_counter() - start)
        return min(times)

    known, unknown = took(ANA, "198.51.100.1"), took("nobody@example.org", "198.51.100.2")
    assert known / unknown < 4, (known, unknown)
    assert unknown / known < 4, (known, unknown)


def judged_before_slowed(attempt: Callable[[], requests.Response], most: int = 14) -> int:
    """How many attempts are judged before one has to wait. The wait doubles: however slow this machine, one will."""
    for n in range(most):
        answer = attempt()
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) >= 1
            return n
        assert answer.status_code == 422
    raise AssertionError(f"{most} attempts, none slowed")


def besieged(house: House) -> None:
    """The attack has gone on for an hour: every wait that it earned is the longest."""
    with house.database.transaction() as db:
        db.execute(update(Attempts).values(failures=40, not_before=utcnow() + timedelta(minutes=5)))


def test_attack_user_enumeration_by_being_slowed(house: House) -> None:
    house.enrolled(ANA)
    for n, email in enumerate((ANA, "nobody@example.org")):
        at = house.visitor(f"198.51.100.{n}")
        assert 5 <= judged_before_slowed(lambda at=at, email=email: at.password(email, "not this one")) <= 9, email


# --- sessions ---------------------------------------------------------------------------------------------------------


def forged(key: str, values: dict[str, Any]) -> str:
    app = Flask("forger")
    app.secret_key = key
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer
    return str(signer.dumps(values))


def test_attack_session_fixation(house: House) -> None:
    house.enrolled(ANA)
    attacker, victim = house.visitor(), house.visitor()
    attacker.get("/sign-in")
    victim.takes_cookies_of(attacker)
    planted = attacker.cookie
    house.signed_in(ANA, victim)
    assert victim.cookie != planted
    assert victim.is_in()
    assert not attacker.is_in()


def test_attack_cookie_forged_with_another_key(house: House) -> None:
    ana = house.enrolled(ANA)
    assert ana.is_in()
    with house.database.reading() as db:
        session_id = db.scalars(select(SignedSession.id)).one()
    at = house.visitor()
    for key in ("", "secret", "changeme", "a secret for tests alone"):
        at.http.cookies.set("nwd", forged(key or "x", {"id": session_id, "staff": house.id_of(ANA)}))
        assert not at.is_in(), key


def test_attack_cookie_altered(house: House) -> None:
    ana = house.enrolled(ANA)
    body, dot, rest = ana.cookie.partition(".")
    for changed in (body[:-2] + "AA" + dot + rest, body + dot + rest[:-3] + "AAA", body, "", "." * 3, "a" * 3000):
        at = house.visitor()
        at.http.cookies.set("nwd", changed)
        assert not at.is_in(), changed[:30]


def test_attack_half_a_sign_in_opens_nothing(house: House) -> None:
    house.enrolled(ANA)
    at = house.visitor()
    assert at.password(ANA).status_code == 303
    for path in ("/", "/account", "/desk", "/service", "/contacts", "/desk/live"):
        assert at.get(path).status_code in (302, 401), path
    assert at.post("/here").status_code == 401


def test_attack_reuse_after_sign_out(house: House) -> None:
    ana, thief = house.enrolled(ANA), house.visitor()
    thief.takes_cookies_of(ana)
    assert thief.is_in()
    assert ana.post("/sign-out").status_code == 303
    assert not thief.is_in()


def test_attack_reuse_after_disable(house: House) -> None:
    ana, kit = house.enrolled(ANA), house.enrolled(KIT)
    kit.get("/accounts")
    assert kit.post(f"/accounts/{house.id_of(ANA)}/disable").status_code == 303
    assert not ana.is_in()
    assert ana.post("/desk/presence", state="ready").status_code == 401


def test_attack_reuse_after_role_change(house: House) -> None:
    ana = house.enrolled(ANA)
    before = house.roles(ANA, "nurse", "administrator")
    try:
        assert ana.get("/accounts").status_code == 302
    finally:
        house.roles(ANA, *before)
    assert not ana.is_in(), "also when the roles come back"


def test_attack_reuse_after_password_change(house: House) -> None:
    ana, thief = house.enrolled(ANA), house.visitor()
    thief.takes_cookies_of(ana)
    new = "lantern pebble orchard"
    assert ana.post("/account/password", password=PASSWORD, new=new, again=new).status_code == 303
    assert ana.is_in()
    assert not thief.is_in()


def test_attack_reuse_after_leaving(house: House) -> None:
    ana = house.enrolled(ANA)
    with house.database.transaction() as db:
        accounts.by_email(db, ANA).active = False
    assert not ana.is_in()
    assert house.visitor().password(ANA).status_code == 422


def test_attack_reuse_after_an_administrator_ended_all(house: House) -> None:
    ana, kit = house.enrolled(ANA), house.enrolled(KIT)
    kit.get("/accounts")
    assert kit.post(f"/accounts/{house.id_of(ANA)}/end-sessions").status_code == 303
    assert not ana.is_in()


@pytest.mark.parametrize(("column", "back"), [("last_seen", timedelta(minutes=16)), ("made_at", timedelta(hours=13))])
def test_attack_an_old_session(house: House, column: str, back: timedelta) -> None:
    ana = house.enrolled(ANA)
    with house.database.transaction() as db:
        db.execute(update(SignedSession).values({column: utcnow() - back}))
    assert not ana.is_in()


def test_attack_cookie_read_by_script_or_sent_across(house: House) -> None:
    answer = house.visitor().get("/sign-in")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]
    assert "Domain" not in answer.headers["Set-Cookie"]


def test_attack_pages_kept_by_the_browser_after_sign_out(house: House) -> None:
    ana = house.enrolled(ANA)
    for path in ("/account", "/desk", "/sign-in", "/sign-in/again"):
        assert ana.get(path).headers["Cache-Control"] == "no-store", path


# --- forged requests --------------------------------------------------------------------------------------------------


def test_attack_csrf_on_signing_in(house: House) -> None:
    house.enrolled(ANA)
    at = house.visitor()
    at.get("/sign-in")
    for path in ("/sign-in/password", "/sign-in/second-factor", "/sign-in/again", "/sign-in/passkey"):
        at.token = ""
        assert at.post(path, email=ANA, password=PASSWORD, code=house.codes[ANA][0]).status_code == 400, path


def test_attack_csrf_on_the_account(house: House) -> None:
    kit = house.enrolled(KIT)
    ana = house.id_of(ANA)
    for path in ("/account/password", "/account/app", "/account/codes", "/account/tokens", "/account/factor/remove",
                 f"/accounts/{ana}/link", f"/accounts/{ana}/disable", "/sign-out"):  # fmt: skip
        kit.token = ""
        assert kit.post(path, password=PASSWORD).status_code == 400, path
    assert kit.is_in()


def test_attack_csrf_with_the_token_of_another_session(house: House) -> None:
    kit, attacker = house.enrolled(KIT), house.visitor()
    attacker.get("/sign-in")
    kit.token = attacker.token
    assert kit.post("/account/codes", password=PASSWORD).status_code == 400


def test_attack_a_link_that_signs_people_out(house: House) -> None:
    ana = house.enrolled(ANA)
    assert ana.get("/sign-out").status_code == 405
    assert ana.is_in()


def test_attack_open_redirect(house: House) -> None:
    house.enrolled(ANA)
    at = house.visitor()
    for next_ in ("https://evil.example.org/", "//evil.example.org", "/\\evil.example.org"):
        query = "?next=" + urllib.parse.quote(next_, safe="")
        at.get("/sign-in" + query)
        first = at.post("/sign-in/password" + query, email=ANA, password=PASSWORD, next=next_)
        assert first.headers["Location"] == "/sign-in/second-factor"
        at.get("/sign-in/second-factor" + query)
        second = at.post("/sign-in/second-factor" + query, code=house.codes[ANA].pop(), next=next_)
        assert second.headers["Location"] == "/desk"


def test_attack_host_header_in_a_link(house: House) -> None:
    kit = house.enrolled(KIT)
    kit.get("/accounts")
    headers = {"X-Forwarded-Host": "evil.example.org", "Host": "evil.example.org", "Cookie": f"nwd={kit.cookie}"}
    page = requests.post(
        f"{house.stack.web_url}/accounts/{house.id_of(ANA)}/link", data={"csrf_token": kit.token}, headers=headers,
        allow_redirects=False, timeout=20,
    )  # fmt: skip
    assert page.status_code == 200
    assert "evil.example.org" not in page.text


def test_attack_a_nurse_does_what_administrators_do(house: House) -> None:
    ana = house.enrolled(ANA)
    house.enrolled(KIT)
    kit = house.id_of(KIT)
    assert ana.get("/accounts").status_code == 403
    for act in ("link", "disable", "enable", "end-sessions", "reset-factors"):
        assert ana.post(f"/accounts/{kit}/{act}").status_code == 403, act
    assert ana.post("/accounts/tokens/x/revoke").status_code == 403


def test_attack_odd_input_never_fails(house: House) -> None:
    house.enrolled(ANA)
    odd = (
        "' OR 1=1 --",
        "ana@example.org\0",
        "\ud7ff",
        "ａｎａ@example.org",
        "{{7*7}}",
        "a" * 20_000,
        "%00",
        "\r\nSet-Cookie: a=b",
    )
    for n, text in enumerate(odd):
        at = house.visitor(f"198.51.100.{n}")
        assert at.password(text, text).status_code in (400, 422, 429), text[:20]
        assert at.password(ANA, text).status_code in (400, 422, 429), text[:20]
        assert at.get("/set-up/" + urllib.parse.quote(text, safe="")).status_code in (400, 404, 410, 414), text[:20]
        assert not at.is_in()


def test_attack_a_huge_password_holds_nobody_up(house: House) -> None:
    at = house.visitor()
    start = time.monotonic()
    assert at.password(ANA, "x" * 200_000).status_code == 422
    assert at.password(ANA, "x" * 1_000_000).status_code == 413
    assert time.monotonic() - start < 5


def test_attack_two_addresses_in_one_form(house: House) -> None:
    house.enrolled(ANA)
    house.enrolled(ISLA)
    at = house.visitor()
    at.get("/sign-in")
    fields = [("csrf_token", at.token), ("email", ANA), ("email", ISLA), ("password", PASSWORD)]
    assert at.ask("POST", "/sign-in/password", data=fields).status_code == 303
    assert at.code(house.codes[ISLA][0]).status_code == 422, "the first one counts, on every step"


# --- second factors ---------------------------------------------------------------------------------------------------


def test_attack_totp_replay(house: House) -> None:
    house.enrolled(ANA)
    code = house.next_code(ANA)
    ana, thief = house.visitor(), house.visitor()
    ana.password(ANA)
    thief.password(ANA)
    assert ana.code(code).status_code == 303
    assert thief.code(code).status_code == 422
    assert not thief.is_in()


def test_attack_totp_code_of_the_enrolment_again(house: House) -> None:
    house.enrolled(ANA)
    with house.database.reading() as db:
        used = db.scalars(select(Account.totp_step)).one()
    at = house.visitor()
    at.password(ANA)
    assert at.code(pyotp.TOTP(house.secrets[ANA]).at(used * 30)).status_code == 422


def test_attack_totp_one_code_in_many_browsers_at_once(house: House) -> None:
    house.enrolled(ANA)
    code = house.next_code(ANA)
    visitors = [house.visitor() for _ in range(4)]
    for at in visitors:
        at.password(ANA)
        at.get("/sign-in/second-factor")
    assert (
        at_once([lambda at=at: at.post("/sign-in/second-factor", code=code).status_code for at in visitors]).count(303)
        == 1
    )


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    done: list[Any] = []
    threads = [threading.Thread(target=lambda call=call: done.append(call())) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def test_attack_totp_guessed(house: House) -> None:
    house.enrolled(ANA)
    at = house.visitor()
    at.password(ANA)
    assert 5 <= judged_before_slowed(lambda: at.code("000000")) <= 9


def test_attack_starting_again_does_not_give_new_guesses(house: House) -> None:
    house.enrolled(ANA)
    addresses = iter(range(14))

    def attempt() -> requests.Response:
        at = house.visitor(f"198.51.100.{next(addresses)}")
        at.password(ANA)
        return at.code("000000")

    assert 5 <= judged_before_slowed(attempt) <= 9


def test_attack_recovery_code_again(house: House) -> None:
    house.enrolled(ANA)
    code = house.codes[ANA][0]
    first, second = house.visitor(), house.visitor()
    first.password(ANA)
    second.password(ANA)
    assert first.code(code).status_code == 303
    assert second.code(code).status_code == 422


def test_attack_passkey_made_up(house: House) -> None:
    house.enrolled(ANA)
    at = house.visitor()
    at.password(ANA)
    at.get("/sign-in/second-factor")
    at.post("/sign-in/passkey/options")
    for answer in ("", "{}", "[]", "null", '{"id": "x"}', '{"id": ["x"]}', '{"id": "\\u0000"}', "x" * 50_000):
        assert at.post("/sign-in/passkey", passkey=answer).status_code == 422, answer[:20]
    assert not at.is_in()


def test_attack_passkey_planted_from_a_stolen_session(house: House) -> None:
    thief = house.enrolled(ANA)
    assert thief.post("/account/passkey/options", name="mine").status_code == 422, "the password is asked"
    assert thief.post("/sign-in/again/passkey").status_code == 200
    assert thief.post("/account/passkey", passkey="{}", name="mine").status_code == 422
    with house.database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Passkey)) == 0


def test_attack_a_stolen_session_takes_over_the_account(house: House) -> None:
    thief = house.enrolled(ANA)
    new = "lantern pebble orchard"
    for path, fields in (
        ("/account/password", {"new": new, "again": new}), ("/account/codes", {}), ("/account/app", {}),
        ("/account/factor/remove", {"which": "totp"}), ("/account/tokens", {"scope": "write", "days": "30"}),
    ):  # fmt: skip
        assert thief.post(path, **fields).status_code in (422, 429), path
    assert house.visitor().password(ANA).status_code == 303


# --- links ------------------------------------------------------------------------------------------------------------


def test_attack_reset_link_again(house: House) -> None:
    house.enrolled(ANA)
    link, at = house.link(ANA), house.visitor()
    at.get(link)
    new = "lantern pebble orchard"
    assert at.post(link, password=new, again=new, code=house.codes[ANA].pop()).status_code == 303
    for _ in range(2):
        assert at.get(link).status_code == 410
        assert at.post(link, password=PASSWORD, again=PASSWORD, code=house.codes[ANA].pop()).status_code == 410


def test_attack_reset_link_expired(house: House) -> None:
    link, at = house.link(ANA), house.visitor()
    at.get(link)
    with house.database.transaction() as db:
        db.execute(update(AccountLink).values(expires_at=utcnow() - timedelta(seconds=1)))
    assert at.get(link).status_code == 410
    assert at.post(link, password=PASSWORD, again=PASSWORD).status_code == 410


def test_attack_reset_link_replaced_by_a_newer_one(house: House) -> None:
    old = house.link(ANA)
    house.link(ANA)
    assert house.visitor().get(old).status_code == 410


def test_attack_reset_link_to_step_around_the_second_factor(house: House) -> None:
    house.enrolled(ANA)
    link, at = house.link(ANA), house.visitor()
    at.get(link)
    new = "lantern pebble orchard"
    assert at.post(link, password=new, again=new).status_code == 422
    assert at.get(f"{link}/second-factor").status_code == 410
    assert at.post(f"{link}/app", code="000000").status_code == 410
    assert at.post(f"{link}/passkey", passkey="{}").status_code == 422
    assert not at.is_in()
    assert house.visitor().password(ANA).status_code == 303, "the old password is as it was"


def test_attack_one_link_in_two_browsers_at_once(house: House) -> None:
    link, here, there = house.link(ANA), house.visitor(), house.visitor()
    here.get(link)
    here.post(link, password=PASSWORD, again=PASSWORD)
    typed = re.search(r'id="typed">([^<]+)<', here.get(f"{link}/second-factor").text)
    there.get(f"{link}/second-factor")
    assert typed
    app = pyotp.TOTP(typed[1].replace(" ", ""))
    got = at_once([lambda at=at: at.post(f"{link}/app", code=app.now()).status_code for at in (here, there)])
    assert got.count(200) == 1


# --- guessing, and locking out ----------------------------------------------------------------------------------------


def test_attack_brute_force_slows(house: House) -> None:
    house.enrolled(ANA)
    at = house.visitor("198.51.100.1")
    assert 5 <= judged_before_slowed(lambda: at.password(ANA, "a wrong guess")) <= 9
    besieged(house)
    assert at.password(ANA).status_code == 429, "while it waits even the right one is not judged"


def test_attack_brute_force_from_many_addresses(house: House) -> None:
    house.enrolled(ANA)
    at = (house.visitor(f"198.51.100.{n}") for n in range(14))
    assert 5 <= judged_before_slowed(lambda: next(at).password(ANA, "a wrong guess")) <= 9


def test_attack_many_guesses_at_once(house: House) -> None:
    house.enrolled(ANA)
    visitors = [house.visitor(f"198.51.100.{n}") for n in range(12)]
    for at in visitors:
        at.get("/sign-in")
    got = at_once(
        [lambda at=at: at.post("/sign-in/password", email=ANA, password="a wrong guess").status_code for at in visitors]
    )
    assert got.count(422) <= 7, got  # five are free; one a second after


def test_attack_addresses_made_up_in_the_header(house: House) -> None:
    at = ((n, house.visitor(f"192.0.2.{n}, 198.51.100.9")) for n in range(40))

    def attempt() -> requests.Response:
        n, visitor = next(at)
        return visitor.password(f"person{n}@example.org", "a wrong guess")

    slowed = judged_before_slowed(attempt, 40)
    assert slowed >= 30, "the proxy's own word counts, not what the client wrote before it"


def test_attack_locking_the_night_staff_out(house: House) -> None:
    workstation = house.enrolled(ANA)
    workstation.post("/sign-out")
    for n in range(3):
        attacker = house.visitor(f"198.51.100.{n}")
        for _ in range(6):
            attacker.password(ANA, "a wrong guess")
    besieged(house)
    assert house.visitor("198.51.100.9").password(ANA).status_code == 429
    assert house.signed_in(ANA, workstation).is_in()


def test_attack_locking_everybody_at_one_address_out(house: House) -> None:
    workstation = house.enrolled(ANA)
    workstation.post("/sign-out")
    attacker = house.visitor("203.0.113.5")  # the same as everybody's
    for n in range(32):
        attacker.password(f"person{n}@example.org", "a wrong guess")
    besieged(house)
    assert attacker.password(ANA).status_code == 429
    assert house.signed_in(ANA, workstation).is_in()


def test_attack_with_a_stolen_browser_cookie(house: House) -> None:
    ana, thief = house.enrolled(ANA), house.visitor("198.51.100.1")
    thief.http.cookies.set("nwd-browser", ana.http.cookies["nwd-browser"])
    assert 5 <= judged_before_slowed(lambda: thief.password(ANA, "a wrong guess")) <= 9
    assert not thief.is_in()


def test_attack_with_a_browser_cookie_made_up(house: House) -> None:
    house.enrolled(ANA)
    at = house.visitor("198.51.100.1")
    at.http.cookies.set("nwd-browser", forged("x", {"id": "x", "staff": [house.id_of(ANA)]}))
    house.visitor("198.51.100.2").password(ANA, "a wrong guess")
    besieged(house)
    assert at.password(ANA).status_code == 429, "it is slowed as a stranger is"


# --- tokens -----------------------------------------------------------------------------------------------------------


def api(house: House, token: str, method: str = "GET", path: str = "/me", body: Any = None) -> int:
    return house.stack.api(method, path, token, body).status


def a_token(house: House, **options: Any) -> str:
    with house.database.transaction() as db:
        return accounts.make_token(db, ANA, now=utcnow(), **options)


def test_attack_token_expired(house: House) -> None:
    token = a_token(house, days=1)
    assert api(house, token) == 200
    with house.database.transaction() as db:
        db.execute(update(ApiToken).values(expires_at=utcnow()))
    assert api(house, token) == 401


def test_attack_token_revoked_on_the_page(house: House) -> None:
    ana = house.enrolled(ANA)
    token = a_token(house)
    assert api(house, token) == 200
    which = re.search(r'action="/account/tokens/(\w+)/revoke"', ana.get("/account").text)
    assert which
    assert ana.post(f"/account/tokens/{which[1]}/revoke").status_code == 303
    assert api(house, token) == 401


def test_attack_token_that_reads_used_to_write(house: House) -> None:
    token = a_token(house, scope="read")
    assert api(house, token) == 200
    assert api(house, token, "PUT", "/me/presence", {"state": "ready", "via": "phone"}) == 403
    assert api(house, token, "POST", "/queue/next") == 403


def test_attack_token_of_a_disabled_account(house: House) -> None:
    house.enrolled(ANA)
    token = a_token(house)
    with house.database.transaction() as db:
        signing_in.disable(db, db.get_one(Account, accounts.by_email(db, ANA).id), by="operator", now=utcnow())
    assert api(house, token) == 401


def test_attack_token_in_the_address(house: House) -> None:
    token = a_token(house)
    for query in ("token", "access_token", "bearer"):
        assert house.stack.get(f"/api/v1/me?{query}={token}").status == 401
    at = house.visitor()
    at.http.cookies.set("nwd", token)
    assert at.get("/api/v1/me").status_code == 401
    assert at.get("/api/v1/me", headers={"Authorization": f"Basic {token}"}).status_code == 401


def test_attack_token_on_the_pages_and_session_on_the_api(house: House) -> None:
    ana, token = house.enrolled(ANA), a_token(house)
    assert ana.get("/api/v1/me").status_code == 401
    assert house.visitor().get("/account", headers={"Authorization": f"Bearer {token}"}).status_code == 302


def test_attack_token_read_from_the_database(house: House) -> None:
    a_token(house)
    with house.database.reading() as db:
        digest = db.scalars(select(ApiToken.digest)).one()
    for guess in (digest, f"nwd_{digest}", digest[:24]):
        assert api(house, guess) == 401


def test_a_tokens_last_use_is_known(house: House) -> None:
    token = a_token(house)
    api(house, token)
    with house.database.reading() as db:
        assert db.scalars(select(ApiToken.last_used_at)).one() is not None


# --- the organisation's sign-in ---------------------------------------------------------------------------------------


def back(house: House, who: str, at: Visitor, **over: str) -> requests.Response:
    asked = at.get("/sign-in/organisation")
    assert asked.status_code == 302, asked.text
    return at.get(house.provider.says(asked.headers["Location"], who, **over))


def test_the_organisations_word_lets_in(house: House) -> None:
    at = house.visitor()
    assert back(house, "ana-with-mfa", at).status_code == 303
    assert at.is_in()
    assert at.get("/accounts").status_code == 403, "roles come from the service file, whatever the claim says"


@pytest.mark.parametrize("who", ["somebody-calling-herself-ana", "ana-without-a-word-on-it", "stranger", "nameless"])
def test_attack_oidc_unverified_or_unknown_email(house: House, who: str) -> None:
    at = house.visitor()
    assert back(house, who, at).status_code == 422
    assert not at.is_in()


@pytest.mark.parametrize("over", [{"state": "made-up"}, {"code": "made-up"}, {"iss": "https://evil.example.org"}])
def test_attack_oidc_state_code_and_issuer_mixed_up(house: House, over: dict[str, str]) -> None:
    at = house.visitor()
    assert back(house, "ana-with-mfa", at, **over).status_code == 422
    assert not at.is_in()


def test_attack_oidc_sign_somebody_in_as_the_attacker(house: House) -> None:
    attacker, victim = house.visitor(), house.visitor()
    answer = house.provider.says(attacker.get("/sign-in/organisation").headers["Location"], "ana-with-mfa")
    victim.get("/sign-in")
    assert victim.get(answer).status_code == 422
    assert not victim.is_in()


def test_attack_oidc_stolen_code_fails_by_its_nonce(house: House) -> None:
    victim, thief = house.visitor(), house.visitor()
    answer = house.provider.says(victim.get("/sign-in/organisation").headers["Location"], "ana-with-mfa")
    code = urllib.parse.parse_qs(answer.partition("?")[2])["code"][0]
    assert back(house, "stranger", thief, code=code).status_code == 422
    assert not thief.is_in()


def test_attack_oidc_address_passed_to_another_person(house: House) -> None:
    back(house, "ana-with-mfa", house.visitor())
    at = house.visitor()
    assert back(house, "ana-with-card", at).status_code == 422
    assert not at.is_in()


def test_attack_oidc_around_our_second_factor(house: House) -> None:
    house.enrolled(ANA)
    at = house.visitor()
    assert back(house, "ana-password-only", at).headers["Location"] == "/sign-in/second-factor"
    assert not at.is_in()


# --- what is written down ---------------------------------------------------------------------------------------------


def test_logs_name_nobody_and_hold_no_secret(house: House) -> None:
    ana = house.enrolled(ANA)
    house.visitor().password(ANA, "a telling wrong guess")
    ana.post("/account/tokens", name="x", scope="read", days="3", password=PASSWORD)
    said = str(house.stack.logs())
    for secret in (ANA, PASSWORD, "a telling wrong guess", house.secrets[ANA], house.codes[ANA][0], "/set-up/", "nwd_"):
        assert secret not in said, secret

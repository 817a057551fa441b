"""Signing in: password and second factor on every path, links, sessions that end at once, and slowed guessing."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.desk import night
from tests.desk.pages_lab import Person
from tests.desk.signin_lab import PASSWORD, SigningLab
from triage import accounts, attempts, passwords, sessions, signing_in
from triage.account_models import Account, AccountLink, Attempts, RecoveryCode
from triage.models import ApiToken, Draft, Staff


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[SigningLab]:
    made = SigningLab(new_database(request.param))
    yield made
    made.close()


@pytest.fixture
def lab(new_database: Callable[[str], str]) -> Iterator[SigningLab]:
    made = SigningLab(new_database("sqlite"))
    yield made
    made.close()


# --- the way in ---------------------------------------------------------------------------------------------------------


def test_link_password_app_codes_then_in_and_in_again(both: SigningLab) -> None:
    codes = both.enrol("ana")
    assert len(codes) == 10
    ana = both.sign_in("ana")
    assert ana.get("/desk").status_code == 200
    assert both.happened("account_link_made", "password_set", "totp_added", "signed_in") == [
        "account_link_made", "password_set", "totp_added", "signed_in", "signed_in",
    ]  # fmt: skip


def test_enrolling_signs_in_and_the_link_is_used_up(lab: SigningLab) -> None:
    at = lab.browser()
    lab.enrol("ana", browser=at)
    assert at.is_in()
    with lab.database.reading() as db:
        assert db.scalars(select(AccountLink)).one().used_at is not None


def test_what_is_stored_helps_nobody(lab: SigningLab) -> None:
    codes = lab.enrol("ana")
    with lab.database.reading() as db:
        account = db.scalars(select(Account)).one()
        assert str(account.password).startswith("$argon2id$")
        assert lab.secrets["ana"] not in (account.totp_sealed or "")
        kept = " ".join(row.digest for row in db.scalars(select(RecoveryCode)))
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


def test_the_password_alone_opens_nothing(lab: SigningLab) -> None:
    lab.enrol("ana")
    at = lab.browser()
    assert at.password(lab.email("ana")).location == "/sign-in/second-factor"
    for page in ("/account", "/desk", "/service", "/accounts"):
        assert at.get(page).location == "/sign-in", page
    assert not at.is_in()


def test_the_half_done_way_in_is_short(lab: SigningLab) -> None:
    lab.enrol("ana")
    at = lab.browser()
    at.password(lab.email("ana"))
    at.get("/sign-in/second-factor")
    lab.clock.passes(minutes=11)
    assert "Start again" in at.post("/sign-in/second-factor", code=lab.code("ana")).text
    assert not at.is_in()


def test_the_second_factor_without_the_first_is_nothing(lab: SigningLab) -> None:
    lab.enrol("ana")
    at = lab.browser()
    at.get("/sign-in")
    assert at.post("/sign-in/second-factor", code=lab.code("ana")).status_code == 422
    assert at.post("/sign-in/passkey", passkey="{}").status_code == 422
    assert at.post("/sign-in/passkey/options").status_code == 422
    assert not at.is_in()


def test_a_code_works_once_also_in_another_browser(both: SigningLab) -> None:
    both.enrol("ana")
    code = both.code("ana")
    first, second = both.browser(), both.browser()
    first.password(both.email("ana"))
    second.password(both.email("ana"))
    assert first.code(code).status_code == 303
    assert "used before" in second.code(code).text
    both.clock.passes(seconds=30)
    assert second.code(both.code("ana")).status_code == 303


def test_a_code_half_a_minute_old_works_and_an_older_one_does_not(lab: SigningLab) -> None:
    lab.enrol("ana")
    lab.clock.passes(minutes=5)
    at = lab.browser()
    at.password(lab.email("ana"))
    assert at.code(lab.code("ana", ago_s=90)).status_code == 422
    assert at.code(lab.code("ana", ago_s=30)).status_code == 303


def test_a_recovery_code_works_once(both: SigningLab) -> None:
    code = both.enrol("ana")[3]
    at = both.browser()
    at.password(both.email("ana"))
    assert at.code(code.upper()).status_code == 303
    other = both.browser()
    other.password(both.email("ana"))
    assert other.code(code).status_code == 422


def test_a_recovery_code_is_its_owners_alone(lab: SigningLab) -> None:
    codes = lab.enrol("ana")
    lab.enrol("isla")
    at = lab.browser()
    at.password(lab.email("isla"))
    assert at.code(codes[0]).status_code == 422


def test_without_a_second_factor_nobody_is_let_in(lab: SigningLab) -> None:
    link, at = lab.link("ana"), lab.browser()
    at.get(link)
    at.post(link, password=PASSWORD, again=PASSWORD)
    assert "no second factor yet" in lab.browser().password(lab.email("ana")).text


# --- links --------------------------------------------------------------------------------------------------------------


def test_a_link_is_looked_at_without_being_used_and_used_once(both: SigningLab) -> None:
    link = both.link("ana")
    for _ in range(3):
        assert both.browser().get(link).status_code == 200
    both.enrol("ana")  # makes a newer one
    assert both.browser().get(link).status_code == 410


def test_a_link_ends_after_an_hour(lab: SigningLab) -> None:
    link, at = lab.link("ana"), lab.browser()
    at.get(link)
    lab.clock.passes(minutes=61)
    assert at.get(link).status_code == 410
    assert at.post(link, password=PASSWORD, again=PASSWORD).status_code == 410


def test_only_the_hash_of_a_link_is_kept(lab: SigningLab) -> None:
    secret = lab.link("ana").rpartition("/")[2]
    with lab.database.reading() as db:
        assert db.scalars(select(AccountLink.digest)).one() == hashlib.sha256(secret.encode()).hexdigest()


def test_a_reset_proves_the_factor_that_is_there(both: SigningLab) -> None:
    both.enrol("ana")
    link, at = both.link("ana"), both.browser()
    new = "lantern pebble orchard"
    at.get(link)
    assert at.post(link, password=new, again=new, code="000000").status_code == 422
    assert both.browser().password(both.email("ana"), new).status_code == 422
    answer = at.post(link, password=new, again=new, code=both.code("ana"))
    assert answer.location == "/sign-in"
    assert not at.is_in(), "a reset signs nobody in"
    assert both.browser().password(both.email("ana"), new).status_code == 303
    assert at.get(link).status_code == 410
    assert at.get(f"{link}/second-factor").status_code == 410


def test_a_reset_link_gives_no_second_factor_of_its_own(lab: SigningLab) -> None:
    lab.enrol("ana")
    link, at = lab.link("ana"), lab.browser()
    at.get(link)
    assert at.get(f"{link}/second-factor").status_code == 410
    assert at.post(f"{link}/app", code="123456").status_code == 410
    assert at.post(f"{link}/passkey/options").status_code == 422


def test_the_second_step_waits_for_the_first(lab: SigningLab) -> None:
    link, at = lab.link("ana"), lab.browser()
    at.get(link)
    assert at.get(f"{link}/second-factor").status_code == 410


# --- passwords ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    ["short 7", "password", "Password123!", "P@ssw0rd!!", "12345678", "qwertyuiop", "aaaaaaaaaa", "abcdefghij",
     "Liverpool2024", "nurse2026", "CrisisLine1", "anafernsby", "Harbour99", "samaritans!!", "x" * 129],
)  # fmt: skip
def test_what_everybody_tries_first_is_refused(lab: SigningLab, password: str) -> None:
    link, at = lab.link("ana"), lab.browser()
    at.get(link)
    answer = at.post(link, password=password, again=password)
    assert answer.status_code == 422, password
    assert f'value="{password}"' not in answer.text


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "Ünïcödé schöner Tag",
        "  spaces  count  ",
        "絵文字もパスワード🙂",
        "x1" * 5 + "kestrel" * 8,
    ],
)
def test_any_characters_and_long_ones_are_taken(password: str) -> None:
    kept = passwords.hashed(passwords.check(password))
    assert passwords.matches(password, kept)
    assert not passwords.matches(password + "x", kept)


def test_every_keyboard_gives_the_same_password() -> None:
    kept = passwords.hashed(passwords.check("caf\u00e9 lantern"))
    assert passwords.matches("cafe\u0301 lantern", kept)


def test_breached_passwords_are_found_in_a_file_of_any_size(tmp_path: Path) -> None:
    words = [f"word {n} of the list" for n in range(500)]
    lines = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in words[:250])
    for ending in ("\r\n", ":12\r\n", "\n"):
        file = tmp_path / "breached.txt"
        file.write_text(ending.join(lines) + ending)
        assert all(passwords.is_breached(word, file) for word in words[:250])
        assert not any(passwords.is_breached(word, file) for word in words[250:])
    with pytest.raises(passwords.BadPassword):
        passwords.check(words[0], breached=file)


# --- sessions -------------------------------------------------------------------------------------------------------------


def test_a_new_sign_in_has_a_new_session(lab: SigningLab) -> None:
    lab.enrol("ana")
    at = lab.browser()
    lab.sign_in("ana", at)
    lab.sign_in("ana", at)
    rows = lab.sessions("ana")
    assert len({row.id for row in rows}) == len(rows) == 3
    assert [row.ended_at is None for row in rows] == [True, False, True], "the browser's earlier one ended"


def test_signing_out_kills_a_copied_cookie(both: SigningLab) -> None:
    both.enrol("ana")
    ana = both.sign_in("ana")
    thief = both.browser()
    thief.client.set_cookie("nwd", ana.client.get_cookie("nwd").value)  # type: ignore[union-attr]
    assert thief.is_in()
    ana.get("/account")
    assert ana.post("/sign-out").location == "/sign-in"
    assert not thief.is_in()


@pytest.mark.parametrize("act", ["disable", "end-sessions", "reset-factors"])
def test_an_administrator_ends_sessions_at_once(lab: SigningLab, act: str) -> None:
    lab.enrol("ana")
    lab.enrol("kit")
    ana, kit = lab.sign_in("ana"), lab.sign_in("kit")
    kit.get("/accounts")
    assert kit.post(f"/accounts/{lab.staff('ana').id}/{act}").status_code == 303
    assert not ana.is_in()
    assert all(row.ended_at for row in lab.sessions("ana"))
    can_come_back = act == "end-sessions"
    assert (lab.browser().password(lab.email("ana")).status_code == 303) == can_come_back


def test_disabled_and_enabled_again(lab: SigningLab) -> None:
    lab.enrol("ana")
    lab.enrol("kit")
    kit = lab.sign_in("kit")
    kit.get("/accounts")
    kit.post(f"/accounts/{lab.staff('ana').id}/disable")
    page = kit.get("/accounts").text
    assert "<strong>disabled</strong>" in page
    kit.post(f"/accounts/{lab.staff('ana').id}/enable")
    assert lab.sign_in("ana").is_in()
    assert lab.happened("account_disabled", "account_enabled") == ["account_disabled", "account_enabled"]


def test_a_lost_factor_is_set_up_again_by_link(lab: SigningLab) -> None:
    codes = lab.enrol("ana")
    lab.enrol("kit")
    kit = lab.sign_in("kit")
    kit.get("/accounts")
    kit.post(f"/accounts/{lab.staff('ana').id}/reset-factors")
    lab.enrol("ana")
    at = lab.sign_in("ana")
    assert at.is_in()
    other = lab.browser()
    other.password(lab.email("ana"))
    assert other.code(codes[0]).status_code == 422
    assert lab.happened("second_factor_reset") == ["second_factor_reset"]


def test_other_roles_end_the_session_for_good(both: SigningLab) -> None:
    both.enrol("ana")
    ana = both.sign_in("ana")
    for roles in (["nurse", "supervisor"], ["nurse"]):
        with both.database.transaction() as db:
            db.get_one(Staff, both.staff("ana").id).roles = roles
        assert not ana.is_in(), roles
    assert both.sign_in("ana").is_in()


def test_a_changed_password_ends_every_other_session_and_gives_this_one_a_new_id(lab: SigningLab) -> None:
    lab.enrol("ana")
    here, there = lab.sign_in("ana"), lab.sign_in("ana")
    before = here.client.get_cookie("nwd").value  # type: ignore[union-attr]
    here.get("/account")
    new = "lantern pebble orchard"
    assert here.post("/account/password", password=PASSWORD, new=new, again=new).status_code == 303
    assert here.is_in()
    assert not there.is_in()
    thief = lab.browser()
    thief.client.set_cookie("nwd", before)
    assert not thief.is_in()


def test_the_old_password_is_asked_before_a_new_one(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    new = "lantern pebble orchard"
    assert "Your password is wrong" in ana.post("/account/password", password="wrong one", new=new, again=new).text
    assert "not the same" in ana.post("/account/password", password=PASSWORD, new=new, again="x").text
    assert lab.browser().password(lab.email("ana")).status_code == 303


def test_a_session_lasts_a_shift_and_no_longer(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    for _ in range(71):
        lab.clock.passes(minutes=10)
        assert ana.get("/desk").status_code == 200
    lab.clock.passes(minutes=10)
    assert not ana.is_in()


def test_idle_asks_again_and_the_page_asking_by_itself_is_not_activity(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    ana.get("/desk")
    for _ in range(14):
        lab.clock.passes(minutes=1)
        assert ana.client.get("/desk/live", headers={"HX-Request": "true"}).status_code == 200
    lab.clock.passes(minutes=1, seconds=1)
    answer = ana.client.get("/desk/live", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert "signedout" in answer.headers["HX-Trigger"]
    assert ana.client.get("/desk").location == "/sign-in"


def test_saying_that_she_is_here_keeps_the_session(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    for _ in range(4):
        lab.clock.passes(minutes=14)
        assert ana.post("/here", script=True).status_code == 204
    assert ana.is_in()


def test_an_idle_nurse_keeps_her_call_and_her_words_and_goes_on(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    night.ready(lab.database, lab.staff("ana"), now=lab.clock())
    night.waits(lab.database, now=lab.clock(), line=night.ISLAND)
    contact_id = night.take(lab.database, lab.staff("ana"), now=lab.clock())
    ana.get("/desk")
    draft = f"/desk/contacts/{contact_id}/draft"
    lab.clock.passes(minutes=16)
    assert ana.post(draft, script=True, notes="half a word").status_code == 401
    assert ana.client.get("/desk/softphone", headers={"HX-Request": "true"}).status_code == 200
    ana.token = ana.get("/sign-in/again").json["csrf_token"]
    said = ana.post(
        "/sign-in/again", script=True, email=lab.email("ana"), password=PASSWORD, code=lab.code("ana")
    )  # fmt: skip
    assert said.status_code == 200, said.text
    assert said.json["me"] == lab.staff("ana").id
    ana.token = said.json["csrf_token"]
    assert ana.post(draft, script=True, notes="half a word and more").status_code == 200
    with lab.database.reading() as db:
        assert "half a word and more" in json.dumps(db.scalars(select(Draft)).one().fields)


def test_the_browser_telephone_of_an_idle_nurse_alone_is_not_served(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    lab.clock.passes(minutes=16)
    assert ana.client.get("/desk/softphone", headers={"HX-Request": "true"}).status_code == 401


@pytest.mark.parametrize(("password", "code"), [("wrong", True), (PASSWORD, False)])
def test_again_needs_both_halves(lab: SigningLab, password: str, code: bool) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    lab.clock.passes(minutes=16)
    ana.token = ana.get("/sign-in/again").json["csrf_token"]
    answer = ana.post(
        "/sign-in/again", script=True, email=lab.email("ana"), password=password, code=lab.code("ana") if code else "1"
    )
    assert answer.status_code == 422
    assert not ana.is_in()


def test_signing_out_works_while_idle(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    lab.clock.passes(minutes=16)
    assert ana.post("/sign-out").location == "/sign-in"
    assert lab.sessions("ana")[-1].ended_why == "signed out"


def test_a_person_ends_her_other_sessions_and_nobody_elses(lab: SigningLab) -> None:
    lab.enrol("ana")
    lab.enrol("isla")
    here, there, isla = lab.sign_in("ana"), lab.sign_in("ana"), lab.sign_in("isla")
    here.get("/account")
    here.post("/account/sessions/end", session=lab.sessions("isla")[-1].id)
    assert isla.is_in()
    here.post("/account/sessions/end", session="others")
    assert here.is_in()
    assert not there.is_in()


def test_cookies_are_for_us_alone(lab: SigningLab) -> None:
    lab.enrol("ana")
    at = lab.browser()
    at.password(lab.email("ana"))
    set_now = at.code(lab.code("ana")).headers.getlist("Set-Cookie")
    assert {one.partition("=")[0] for one in set_now} == {"nwd", "nwd-browser"}
    for one in set_now:
        assert "HttpOnly" in one
        assert "SameSite=Lax" in one
        assert "Path=/" in one


def test_over_https_the_cookies_are_host_bound_and_secure(new_database: Callable[[str], str]) -> None:
    lab = SigningLab(new_database("sqlite"), secure=True)
    at = lab.browser()
    answer = at.client.get("/sign-in", base_url="https://line.example.org")
    [cookie] = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-nwd=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    lab.close()


def test_keys_change_without_ending_sessions(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    old = lab.app.config["SECRET_KEY"]
    lab.app.config.update(SECRET_KEY="quite another secret for tests", SECRET_KEY_FALLBACKS=[old])
    assert ana.is_in()
    lab.app.config.update(SECRET_KEY_FALLBACKS=[])
    lab.app.config.update(SECRET_KEY="and yet another secret for tests")
    assert not ana.is_in()


# --- guessing -------------------------------------------------------------------------------------------------------------


def test_nobody_and_somebody_get_the_same_answer(lab: SigningLab) -> None:
    lab.enrol("ana")

    def answer(email: str) -> str:
        at = lab.browser(address=email)
        text = at.password(email, "not this one").text
        return re.sub(r'value="[^"]*"|nonce="[^"]*"', "", text)

    assert answer(lab.email("ana")) == answer("nobody@example.org")


def test_guessing_slows_and_the_wait_doubles(both: SigningLab) -> None:
    both.enrol("ana")
    attacker = both.browser(address="198.51.100.1")
    for _ in range(5):
        assert attacker.password(both.email("ana"), "a wrong guess").status_code == 422
    waits = []
    for _ in range(4):
        answer = attacker.password(both.email("ana"), "a wrong guess")
        assert answer.status_code == 429
        waits.append(int(answer.headers["Retry-After"]))
        both.clock.passes(seconds=waits[-1])
        assert attacker.password(both.email("ana"), "a wrong guess").status_code == 422
    assert waits == [1, 2, 4, 8]


def test_who_does_not_exist_is_slowed_the_same(lab: SigningLab) -> None:
    attacker = lab.browser()
    for _ in range(5):
        attacker.password("nobody@example.org", "a wrong guess")
    assert attacker.password("nobody@example.org", "a wrong guess").status_code == 429


def test_the_night_staff_are_not_locked_out(both: SigningLab) -> None:
    both.enrol("ana")
    workstation = both.browser(address="203.0.113.5")
    both.sign_in("ana", workstation)
    workstation.post("/sign-out")
    attackers = [both.browser(address=f"198.51.100.{n}") for n in range(3)]
    for attacker in attackers:
        for _ in range(6):
            attacker.password(both.email("ana"), "a wrong guess")
    assert attackers[0].password(both.email("ana")).status_code == 429, "even with the right password"
    assert both.sign_in("ana", workstation).is_in()


def test_a_known_browser_guesses_no_faster(lab: SigningLab) -> None:
    lab.enrol("ana")
    stolen = lab.sign_in("ana")
    stolen.post("/sign-out")
    answers = [stolen.password(lab.email("ana"), "a wrong guess").status_code for _ in range(7)]
    assert answers == [422] * 5 + [429] * 2


def test_a_browser_is_known_for_those_who_used_it(lab: SigningLab) -> None:
    lab.enrol("ana")
    lab.enrol("isla")
    workstation = lab.browser(address="203.0.113.5")
    for name in ("ana", "isla"):
        lab.sign_in(name, workstation)
        workstation.post("/sign-out")
    attacker = lab.browser(address="198.51.100.1")
    for name in ("ana", "isla"):
        for _ in range(6):
            attacker.password(lab.email(name), "a wrong guess")
    assert lab.sign_in("ana", workstation).is_in()
    workstation.post("/sign-out")
    assert lab.sign_in("isla", workstation).is_in()
    workstation.post("/sign-out")
    for _ in range(6):
        attacker.password(lab.email("jonah"), "a wrong guess")
    assert workstation.password(lab.email("jonah")).status_code == 429


def test_many_addresses_are_slowed_by_account_and_many_accounts_by_address(lab: SigningLab) -> None:
    spray = lab.browser(address="198.51.100.7")
    answers = [spray.password(f"person{n}@example.org", "a wrong guess").status_code for n in range(31)]
    assert answers == [422] * 30 + [429]


def test_codes_are_slowed_too(both: SigningLab) -> None:
    both.enrol("ana")
    at = both.browser()
    at.password(both.email("ana"))
    answers = [at.code(f"{n:06}").status_code for n in range(6)]
    assert answers == [422] * 5 + [429]
    both.clock.passes(seconds=2)
    assert at.code(both.code("ana")).status_code == 303


def test_attempts_are_counted_before_they_are_judged(lab: SigningLab) -> None:
    key = attempts.key("account", "a@example.org")
    for _ in range(5):
        with lab.database.transaction() as db:
            attempts.count(db, [(key, attempts.ACCOUNT)], now=lab.clock())
    with pytest.raises(attempts.TooSoon), lab.database.transaction() as db:
        attempts.count(db, [(key, attempts.ACCOUNT)], now=lab.clock())
    with lab.database.transaction() as db:
        attempts.count(db, [(key, attempts.ACCOUNT)], now=lab.clock() + timedelta(hours=13))
        assert db.get_one(Attempts, key).failures == 1
        attempts.sweep(db, now=lab.clock() + timedelta(days=3))
        assert db.get(Attempts, key) is None


def test_what_is_over_is_tidied_away_and_what_holds_stays(both: SigningLab) -> None:
    both.enrol("ana")
    both.clock.passes(days=31)
    both.link("ana")
    ana = both.sign_in("ana")
    with both.database.transaction() as db:
        signing_in.tidy(db, now=both.clock())
        assert len(db.scalars(select(AccountLink)).all()) == 1
    assert len(both.sessions("ana")) == 1
    assert ana.is_in()


def test_counts_name_nobody(lab: SigningLab) -> None:
    lab.browser(address="198.51.100.7").password("somebody@example.org", "x")
    with lab.database.reading() as db:
        keys = " ".join(db.scalars(select(Attempts.key)))
    assert "somebody" not in keys
    assert "198.51" not in keys


# --- the account page -----------------------------------------------------------------------------------------------------


def test_the_last_factor_stays(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    assert "only second factor" in ana.post("/account/factor/remove", which="totp", password=PASSWORD).text


def test_another_app_takes_the_place_of_the_first(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    assert ana.post("/account/app", password="wrong").status_code == 422
    page = ana.post("/account/app", password=PASSWORD).text
    old, new = lab.secrets["ana"], re.search(r'id="typed">([^<]+)<', page)[1].replace(" ", "")  # type: ignore[index]
    lab.secrets["ana"] = new
    assert ana.post("/account/app/code", code=lab.code("ana")).status_code == 303
    lab.clock.passes(seconds=30)
    lab.secrets["ana"] = old
    at = lab.browser()
    at.password(lab.email("ana"))
    assert at.code(lab.code("ana")).status_code == 422
    lab.secrets["ana"] = new
    assert at.code(lab.code("ana")).status_code == 303


def test_new_recovery_codes_replace_the_old(lab: SigningLab) -> None:
    old = lab.enrol("ana")
    ana = lab.sign_in("ana")
    new = re.findall(r"<li><code>([^<]+)</code>", ana.post("/account/codes", password=PASSWORD).text)
    assert len(new) == 10
    at = lab.browser()
    at.password(lab.email("ana"))
    assert at.code(old[0]).status_code == 422
    assert at.code(new[0]).status_code == 303


def test_a_passkey_is_not_added_with_a_challenge_made_for_signing_in(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    assert ana.post("/sign-in/again/passkey", script=True).status_code == 200
    answer = ana.post("/account/passkey", script=True, passkey="{}", name="thief's")
    assert answer.status_code == 422
    assert "something else" in answer.json["sentence"]


def test_tokens_are_made_shown_once_listed_and_revoked(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    page = ana.post("/account/tokens", name="reports", scope="read", days="30", password=PASSWORD).text
    token = re.search(r'id="made">([^<]+)<', page)[1]  # type: ignore[index]
    assert token not in ana.get("/account").text
    assert "reports" in ana.get("/account").text
    with lab.database.reading() as db:
        row = db.scalars(select(ApiToken)).one()
        assert row.expires_at == lab.clock() + timedelta(days=30)
        which = accounts.token_id(row)
        assert accounts.by_token(db, token, now=lab.clock()) is not None
        with pytest.raises(accounts.OnlyReads):
            accounts.by_token(db, token, now=lab.clock(), changes=True)
        assert accounts.by_token(db, token, now=lab.clock() + timedelta(days=30)) is None
    lab.enrol("isla")
    isla = lab.sign_in("isla")
    isla.get("/account")
    isla.post(f"/account/tokens/{which}/revoke")
    with lab.database.reading() as db:
        assert accounts.by_token(db, token, now=lab.clock()) is not None, "not hers to revoke"
    ana.get("/account")
    assert ana.post(f"/account/tokens/{which}/revoke").status_code == 303
    with lab.database.reading() as db:
        assert accounts.by_token(db, token, now=lab.clock()) is None


@pytest.mark.parametrize(("scope", "days"), [("everything", "30"), ("read", "0"), ("read", "9999"), ("read", "soon")])
def test_a_token_without_a_limit_is_not_made(lab: SigningLab, scope: str, days: str) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    assert ana.post("/account/tokens", scope=scope, days=days, password=PASSWORD).status_code == 422
    with lab.database.reading() as db:
        assert db.scalars(select(ApiToken)).all() == []


def test_a_disabled_account_has_no_tokens(lab: SigningLab) -> None:
    lab.enrol("ana")
    with lab.database.transaction() as db:
        token = accounts.make_token(db, lab.email("ana"), now=lab.clock())
        signing_in.disable(db, db.get_one(Account, lab.staff("ana").id), by="operator", now=lab.clock())
        assert accounts.by_token(db, token, now=lab.clock()) is None


# --- administrators -------------------------------------------------------------------------------------------------------


def test_the_first_administrator_comes_by_command_and_no_other_way(lab: SigningLab) -> None:
    with lab.database.reading() as db:
        assert not signing_in.is_there_an_administrator(db)
        assert db.scalars(select(Account)).all() == [], "no account is there from the start"
    lab.enrol("ana")
    with lab.database.reading() as db:
        assert not signing_in.is_there_an_administrator(db), "a nurse is none"
    lab.enrol("kit")
    with lab.database.reading() as db:
        assert signing_in.is_there_an_administrator(db)


def test_an_administrator_makes_a_link_that_works(lab: SigningLab) -> None:
    lab.enrol("kit")
    kit = lab.sign_in("kit")
    kit.get("/accounts")
    page = kit.post(f"/accounts/{lab.staff('ana').id}/link").text
    link = re.search(r'id="link">([^<]+)<', page)[1]  # type: ignore[index]
    assert link.startswith("http://localhost/set-up/")
    assert lab.browser().get(link.removeprefix("http://localhost")).status_code == 200
    assert link not in kit.get("/accounts").text


def test_an_administrator_does_not_lock_herself_out(lab: SigningLab) -> None:
    lab.enrol("kit")
    kit = lab.sign_in("kit")
    kit.get("/accounts")
    for act in ("disable", "reset-factors"):
        kit.post(f"/accounts/{lab.staff('kit').id}/{act}")
    assert kit.is_in()
    assert lab.account("kit").disabled_at is None


def test_pictures_of_a_person_picked_do_not_work_elsewhere(new_database: Callable[[str], str]) -> None:
    lab = SigningLab(new_database("sqlite"), local_sign_in=True)
    ana = Person(lab.app, lab.staff("ana"))
    assert ana.get("/desk").status_code == 200
    assert "picked on this machine" in ana.get("/account").text
    from triage.desk import context

    before = lab.app.extensions["nowrongdoor.desk"]
    lab.app.extensions["nowrongdoor.desk"] = context.Desk(
        before.database, before.kept, False, before.softphone, None, clock=lab.clock
    )
    assert ana.get("/desk").location == "/sign-in"
    lab.close()


def test_a_session_row_says_when_it_was_last_used(lab: SigningLab) -> None:
    lab.enrol("ana")
    ana = lab.sign_in("ana")
    before = lab.sessions("ana")[-1].last_seen
    lab.clock.passes(seconds=10)
    ana.get("/desk")
    assert lab.sessions("ana")[-1].last_seen == before
    lab.clock.passes(seconds=31)
    ana.get("/desk")
    assert lab.sessions("ana")[-1].last_seen == lab.clock()
    assert sessions.NOTED_EVERY < sessions.IDLE_AFTER


def test_a_flood_of_sign_ins_leaves_threads_for_calls() -> None:
    kept = passwords.hashed(PASSWORD)
    held = [passwords._IN_LINE.acquire(blocking=False) for _ in range(3)]
    try:
        assert held == [True] * 3
        with pytest.raises(passwords.Busy):
            passwords.matches(PASSWORD, kept)
        assert passwords.matches(PASSWORD, kept, patient=True), "whoever signed in here before waits, and is judged"
    finally:
        for _ in held:
            passwords._IN_LINE.release()
    assert passwords.matches(PASSWORD, kept)

"""Signing in at a real browser: an app, a passkey, the organisation, and again over a page with words half typed."""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.desk import night
from tests.desk.provider import Provider
from tests.desk.signin_lab import PASSWORD, SigningLab
from tests.harness.browser import Violation
from tests.harness.network import free_port


class Served:
    """The pages at `url`, called localhost: a passkey is for a name, not for an address in digits."""

    def __init__(self, database_url: str, **options: Any):
        port = free_port()
        self.url = f"http://localhost:{port}"
        self.lab = SigningLab(database_url, public_base_url=self.url, **options)
        self._server = make_server("localhost", port, self.lab.app, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.lab.close()


@pytest.fixture
def make_served(chromium: Any, new_database: Callable[[str], str]) -> Iterator[Callable[..., Served]]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    made: list[Served] = []

    def make(**options: Any) -> Served:
        made.append(Served(new_database("sqlite"), **options))
        return made[-1]

    yield make
    for served in made:
        served.close()


@pytest.fixture
def served(make_served: Callable[..., Served]) -> Served:
    return make_served()


@pytest.fixture
def open_page(new_page: Callable[..., Any]) -> Callable[..., Any]:
    """A page of a browser of its own. A fault in a script or against the policy fails the test."""

    def open_(**options: Any) -> Any:
        page = new_page(**options)
        page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
        page.on("console", lambda said: complain(said.text))
        return page

    return open_


def complain(said: str) -> None:
    if "Content Security Policy" in said or "Refused to" in said:
        pytest.fail(said)


def authenticator(page: Any) -> None:
    """A passkey device in this browser, which says yes."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    cdp.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                     "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )  # fmt: skip


def gives_password(page: Any, served: Served, name: str) -> None:
    page.goto(f"{served.url}/sign-in")
    page.get_by_label("Work e-mail address").fill(served.lab.email(name))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Prove it is you").wait_for()


def signs_in(page: Any, served: Served, name: str) -> None:
    gives_password(page, served, name)
    page.get_by_label("Code from your authenticator app").fill(served.lab.code(name))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()
    served.lab.clock.passes(seconds=30)


def sets_password(page: Any, served: Served, name: str) -> None:
    page.goto(served.url + served.lab.link(name))
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Set up a second factor").wait_for()


@pytest.mark.parametrize("width", [1280, 390])
def test_from_the_link_to_the_desk_with_an_app(
    served: Served, open_page: Callable[..., Any], axe: Callable[[Any], list[Violation]], width: int
) -> None:
    page = open_page(viewport={"width": width, "height": 800})
    page.goto(f"{served.url}/sign-in")
    assert axe(page) == []
    sets_password(page, served, "ana")
    assert axe(page) == []
    assert page.locator(".code-picture").evaluate("one => one.naturalWidth") > 0
    served.lab.secrets["ana"] = page.locator("#typed").inner_text().replace(" ", "")
    page.get_by_label("Code from the app").fill(served.lab.code("ana"))
    page.get_by_role("button", name="Use this app").click()
    page.get_by_role("heading", name="recovery codes").wait_for()
    assert page.locator("#codes li").count() == 10
    assert axe(page) == []
    page.get_by_role("button", name="go to my page").click()
    page.wait_for_url("**/desk")
    served.lab.clock.passes(seconds=30)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    signs_in(page, served, "ana")
    page.wait_for_url("**/desk")
    page.goto(f"{served.url}/account")
    page.get_by_role("heading", name="Your account").wait_for()
    for summary in page.locator("main summary").all():
        summary.click()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_from_the_link_to_the_desk_with_a_passkey_and_again(served: Served, open_page: Callable[..., Any]) -> None:
    page = open_page()
    authenticator(page)
    sets_password(page, served, "ana")
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_role("heading", name="recovery codes").wait_for()
    assert page.locator("#codes li").count() == 10
    page.get_by_role("link", name="go to my page").click()
    page.wait_for_url("**/desk")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    gives_password(page, served, "ana")
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url("**/desk")
    assert served.lab.sessions("ana")[-1].ended_at is None


def test_a_passkey_is_added_on_the_account_page_and_the_app_still_works_elsewhere(
    served: Served, open_page: Callable[..., Any]
) -> None:
    served.lab.enrol("ana")
    page, other = open_page(), open_page()
    authenticator(page)
    signs_in(page, served, "ana")
    page.goto(f"{served.url}/account")
    page.get_by_text("Add a passkey").click()
    page.get_by_label("Call it").fill("Ward laptop")
    page.locator("#passkey-password").fill(PASSWORD)
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_text("Passkey: Ward laptop").wait_for()
    served.lab.clock.passes(seconds=30)
    signs_in(other, served, "ana")
    assert other.get_by_role("button", name="Sign out").is_visible()


def test_the_organisations_sign_in(make_served: Callable[..., Served], open_page: Callable[..., Any]) -> None:
    provider = Provider()
    try:
        served = make_served(organisation=provider.organisation(name="Solent Trust"))
        page = open_page(in_vain="cdn.")  # a style of the provider's own page
        page.goto(f"{served.url}/sign-in")
        page.get_by_role("button", name="Sign in with Solent Trust").click()
        page.get_by_role("button", name="ana-with-mfa").click()
        page.wait_for_url(f"{served.url}/desk")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
        page.get_by_role("button", name="Sign in with Solent Trust").click()
        page.get_by_role("button", name="stranger").click()
        page.get_by_text("does not").first.wait_for()
        assert page.get_by_label("Password").is_visible()
    finally:
        provider.close()


def with_somebody(served: Served) -> None:
    night.ready(served.lab.database, served.lab.staff("ana"), now=served.lab.clock())
    night.waits(served.lab.database, now=served.lab.clock(), line=night.ISLAND)
    night.take(served.lab.database, served.lab.staff("ana"), now=served.lab.clock())


def test_the_time_out_keeps_the_call_and_every_word_typed(
    served: Served, open_page: Callable[..., Any], axe: Callable[[Any], list[Violation]]
) -> None:
    served.lab.enrol("ana")
    page = open_page()
    signs_in(page, served, "ana")
    with_somebody(served)
    notes = page.locator("#outcome-form textarea").first
    notes.wait_for()
    served.lab.clock.passes(minutes=16)
    page.get_by_role("heading", name="Sign in again").wait_for()
    page.evaluate("document.querySelector('#outcome-form textarea').value = 'she is safe, her sister'")
    assert axe(page) == []
    page.keyboard.press("Escape")
    assert page.get_by_role("heading", name="Sign in again").is_visible()
    page.locator("#again-password").fill("not this one")
    page.locator("#again-code").fill(served.lab.code("ana"))
    page.locator("#again-form").get_by_role("button", name="Sign in").click()
    page.locator("#again-problem", has_text="wrong").wait_for()
    page.locator("#again-password").fill(PASSWORD)
    page.locator("#again-form").get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Sign in again").wait_for(state="hidden")
    assert notes.input_value() == "she is safe, her sister"
    notes.press("End")
    notes.type(" comes")
    page.locator("#saved", has_text="Saved").wait_for()
    page.reload()
    assert page.locator("#outcome-form textarea").first.input_value() == "she is safe, her sister comes"
    assert served.lab.sessions("ana")[-1].ended_at is None


def test_a_press_while_signed_out_loses_nothing_and_works_after(served: Served, open_page: Callable[..., Any]) -> None:
    served.lab.enrol("ana")
    page = open_page()
    signs_in(page, served, "ana")
    tab = page.context.new_page()
    tab.goto(f"{served.url}/desk")
    tab.get_by_role("button", name="Sign out").click()
    tab.wait_for_url("**/sign-in")
    page.get_by_role("heading", name="Sign in again").wait_for()
    page.locator("#again-password").fill(PASSWORD)
    page.locator("#again-code").fill(served.lab.code("ana"))
    page.locator("#again-form").get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Sign in again").wait_for(state="hidden")
    page.get_by_text("You are signed in again").wait_for()
    page.get_by_role("button", name="Ready").first.click()
    page.get_by_text("You are ready").first.wait_for()


def test_again_with_a_passkey(served: Served, open_page: Callable[..., Any]) -> None:
    page = open_page()
    authenticator(page)
    sets_password(page, served, "ana")
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_role("link", name="go to my page").click()
    page.wait_for_url("**/desk")
    served.lab.clock.passes(minutes=16)
    page.get_by_role("heading", name="Sign in again").wait_for()
    page.locator("#again-password").fill(PASSWORD)
    page.get_by_role("button", name="Use my passkey instead").click()
    page.get_by_role("heading", name="Sign in again").wait_for(state="hidden")


def test_signing_in_in_another_tab_is_noticed(served: Served, open_page: Callable[..., Any]) -> None:
    served.lab.enrol("ana")
    page = open_page()
    signs_in(page, served, "ana")
    served.lab.clock.passes(minutes=16)
    page.get_by_role("heading", name="Sign in again").wait_for()
    tab = page.context.new_page()
    signs_in(tab, served, "ana")
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.get_by_role("heading", name="Sign in again").wait_for(state="hidden")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_accounts_page(
    served: Served, open_page: Callable[..., Any], axe: Callable[[Any], list[Violation]], width: int
) -> None:
    served.lab.enrol("kit")
    served.lab.enrol("ana")
    page = open_page(viewport={"width": width, "height": 800}, color_scheme="dark" if width == 390 else "light")
    signs_in(page, served, "kit")
    for path in ("/account", "/accounts"):
        page.goto(served.url + path)
        page.evaluate("document.getElementById('sign-in-again').showModal()")
        assert axe(page) == []
        page.evaluate("document.getElementById('sign-in-again').close()")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("button", name=re.compile("^Reset link.*Ana Fernsby")).click()
    assert page.locator("#link").inner_text().startswith(f"{served.url}/set-up/")
    page.get_by_role("button", name=re.compile("^Disable.*Ana Fernsby")).click()
    page.get_by_text("The account of Ana Fernsby is disabled.").wait_for()
    page.get_by_role("button", name=re.compile("^Enable.*Ana Fernsby")).wait_for()

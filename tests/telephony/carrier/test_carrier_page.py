"""The phone page in a real browser: a caller, a nurse and a texter, by keyboard, at both sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from telephony.carrier.server import Server
from tests.telephony.carrier.carrier_lab import CALLER, LINE, NURSE, Control, Service, until

GREETING = "You are through. Say your word, or press star."


@pytest.fixture
def open_phone(new_page: Callable[..., Any], server: Server, control: Control) -> Callable[..., Any]:
    """A phone in a tab of its own, on a clock of one second a second."""
    control.post("/control/clock", speed=1)

    def open_it(person: str = CALLER, **options: Any) -> Any:
        page = new_page(**options)
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.wrong = wrong
        page.goto(f"{server.url}/?phone={quote(person)}")
        page.get_by_label("Who to ring").locator("option").first.wait_for(state="attached")
        return page

    return open_it


def rings(page: Any) -> Any:
    page.get_by_role("button", name="Ring", exact=True).click()
    return page


def test_a_caller_speaks_and_presses_keys(
    open_phone: Callable[..., Any], service: Service, axe: Callable[[Any], list[Any]]
) -> None:
    service.says("voice", f"<Gather input='speech' action='/word' timeout='60'><Say>{GREETING}</Say></Gather>")
    service.says("word", "<Gather numDigits='2' action='/keys' timeout='60'><Say>Now two keys.</Say></Gather>")
    service.says("keys", "<Say>Thank you.</Say><Pause length='60'/>")
    page = open_phone(viewport={"width": 390, "height": 844})
    assert axe(page) == []
    rings(page)
    page.get_by_text(GREETING).wait_for()
    assert page.evaluate("document.activeElement.id") == "call-title"
    page.get_by_label("Say something").fill("harbour")
    page.keyboard.press("Enter")
    page.get_by_text("Now two keys.").wait_for()
    assert service.forms("word")[0]["SpeechResult"] == "harbour"
    page.get_by_role("button", name="4").click()
    page.keyboard.press("*")
    page.get_by_text("Thank you.").wait_for()
    assert service.forms("keys")[0]["Digits"] == "4*"
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.evaluate(
        """[...document.querySelectorAll('button, select, input:not([type=checkbox]), textarea, #phonebook a')]
        .filter(e => e.offsetParent && Math.min(e.offsetHeight, e.offsetWidth) < 44).map(e => e.outerHTML)"""
    )
    assert small == []
    page.get_by_role("button", name="Hang up").click()
    page.get_by_role("heading", name="The call has ended.").wait_for()
    assert page.evaluate("document.activeElement.id") == "call-title"
    assert page.wrong == []


def test_a_nurse_is_rung_and_talks_with_a_withheld_caller(
    open_phone: Callable[..., Any], service: Service, axe: Callable[[Any], list[Any]]
) -> None:
    service.says("voice", f"<Dial callerId='{LINE}' timeout='60'><Number>{NURSE}</Number></Dial>")
    nurse = open_phone(NURSE, color_scheme="dark")
    assert nurse.get_by_role("heading", level=1).inner_text() == "Ana, nurse"
    caller = open_phone()
    caller.get_by_label("Withhold my number").check()
    rings(caller)
    nurse.get_by_role("heading", name="Test line is ringing").wait_for()
    assert service.forms("voice")[0]["From"] == "anonymous"
    assert axe(nurse) == []
    assert nurse.evaluate("document.activeElement.id") == "answer"
    nurse.keyboard.press("Enter")
    nurse.get_by_text("You are talking with someone.").wait_for()
    nurse.get_by_label("Say something").fill("Hello, I am Ana.")
    nurse.get_by_role("button", name="Say it").click()
    caller.get_by_text("Hello, I am Ana.").wait_for()
    assert caller.locator("#said").get_attribute("aria-live") == "polite"
    nurse.get_by_role("button", name="Hang up").click()
    caller.get_by_role("heading", name="The call has ended.").wait_for()
    assert caller.wrong + nurse.wrong == []


def test_texts_both_ways_without_losing_what_is_half_typed(
    open_phone: Callable[..., Any], service: Service, control: Control
) -> None:
    service.says("sms", "<Message>A nurse will answer you here.</Message>")
    page = open_phone()
    page.get_by_label("Your text").fill("can I text you?")
    page.get_by_role("button", name="Send").click()
    until(lambda: service.forms("sms"))
    page.get_by_label("Your text").fill("half a sen")
    page.get_by_text("A nurse will answer you here.").wait_for()
    assert page.get_by_label("Your text").input_value() == "half a sen"
    assert page.get_by_label("With", exact=True).input_value() == LINE
    assert page.wrong == []


def test_a_picture_is_put_to_a_text_or_sent_alone(
    open_phone: Callable[..., Any], service: Service, control: Control, axe: Callable[[Any], list[Any]]
) -> None:
    service.documents["sms"] = (204, "")
    page = open_phone()
    picture = {"name": "where.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" * 9000}
    page.get_by_label("A picture or a voice note with it").set_input_files([picture])
    page.get_by_role("button", name="Send").click()
    page.get_by_text("With a picture").wait_for()
    form = until(lambda: service.forms("sms"))[0]
    assert (form["Body"], form["NumMedia"], form["MediaContentType0"]) == ("", "1", "image/png")
    assert page.get_by_label("A picture or a voice note with it").input_value() == ""
    assert axe(page) == []
    assert page.wrong == []


def test_the_page_says_when_the_carrier_is_gone(open_phone: Callable[..., Any]) -> None:
    page = open_phone()
    page.route("**/control/phones/**", lambda route: route.abort())
    page.get_by_role("alert").filter(has_text="The carrier does not answer").wait_for()
    page.unroute("**/control/phones/**")
    page.get_by_role("alert").filter(has_text="The carrier does not answer").wait_for(state="hidden")


def test_the_page_takes_nothing_from_elsewhere(control: Control, new_page: Callable[..., Any], server: Server) -> None:
    response = new_page().goto(server.url)
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy

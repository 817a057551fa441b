"""A nurse whose telephone is her browser, with every process really running and the carrier on this machine."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.harness.stack import Stack
from tests.harness.waiting import wait_until

CALLER, LINE = "+447700900123", "+441632960111"


def phone(stack: Stack, number: str) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = stack.request("GET", f"{stack.carrier_url}/control/phones/{number}").json()["calls"]
    return calls


def rings(stack: Stack, number: str = CALLER) -> str:
    answer = stack.request("POST", f"{stack.carrier_url}/control/calls", body={"from": number, "to": LINE})
    assert answer.status == 201, answer
    return str(answer.json()["sid"])


def press(stack: Stack, sid: str, keys: str) -> None:
    answer = stack.request("POST", f"{stack.carrier_url}/control/calls/{sid}/digits", body={"digits": keys})
    assert answer.status == 200, answer


def call(stack: Stack, sid: str) -> dict[str, Any]:
    found: dict[str, Any] = stack.request("GET", f"{stack.carrier_url}/control/calls/{sid}").json()
    return found


def ana_ready_in_browser(stack: Stack, page: Any) -> None:
    page.goto(f"{stack.web_url}/sign-in")
    page.get_by_role("button", name="Ana Fernsby").click()
    page.get_by_role("button", name="Ready in browser").click()
    expect(page.locator("#softphone-words")).to_have_text("Browser phone ready.", timeout=15_000)


def test_take_next_brings_the_person_to_the_browser_and_hanging_up_does_not_end_their_call(
    make_stack: Callable[..., Stack], browser_page: Any
) -> None:
    stack = make_stack(carrier_speed=4.0)
    ana_ready_in_browser(stack, browser_page)
    sid = rings(stack)
    expect(browser_page.locator("#queue")).to_contain_text("••• ••• 123", timeout=30_000)
    browser_page.keyboard.press("Alt+KeyN")
    expect(browser_page.locator(".connection")).to_contain_text(re.compile("browser|Connecting|together"))
    expect(browser_page.locator(".connection")).to_have_text("You are together.", timeout=40_000)
    assert call(stack, sid)["conference"]
    expect(browser_page.locator("#softphone-words")).to_have_text("On a call.")
    browser_page.locator("#softphone-hangup").click()
    expect(browser_page.locator(".state-more").first).to_contain_text("line was lost", ignore_case=True, timeout=20_000)
    assert call(stack, sid)["status"] == "in-progress"
    expect(browser_page.locator("#queue")).to_contain_text("line was lost", ignore_case=True)


def test_danger_now_rings_the_browser_and_waits_for_her_answer(
    make_stack: Callable[..., Stack], browser_page: Any
) -> None:
    stack = make_stack(carrier_speed=4.0)
    ana_ready_in_browser(stack, browser_page)
    sid = rings(stack)
    wait_until(lambda: call(stack, sid)["asking"], 20, what="the greeting asks")
    press(stack, sid, "*")
    expect(browser_page.locator("#softphone-words")).to_contain_text("danger now", timeout=30_000)
    browser_page.keyboard.press("Alt+KeyA")
    expect(browser_page.locator(".connection")).to_have_text("You are together.", timeout=40_000)
    assert call(stack, sid)["conference"]

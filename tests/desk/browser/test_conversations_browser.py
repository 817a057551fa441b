"""Several text conversations at a nurse's desk, and two nurses handing one over, in a real browser."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from tests.desk import night
from tests.desk.browser.conftest import Served
from tests.desk.browser.test_pages_browser import check
from triage import texts
from triage.db import utcnow
from triage.models import Contact, new_id

People = Callable[..., Any]


def texters(served: Served, number: int) -> list[Contact]:
    """So many people who texted, the first of them longest ago."""
    made = []
    for at in range(number):
        minutes = 9 - at
        one = night.waits(
            served.database, now=served.lab.now, minutes=minutes, channel="text", line=night.ISLAND,
            number=f"+4477009006{at:02}",
        )  # fmt: skip
        made.append(one)
        writes(served, one, f"Hello from {at}", minutes_ago=minutes)
    return made


def writes(served: Served, contact: Contact, body: str, *, minutes_ago: float = 0) -> None:
    with served.database.transaction() as db:
        theirs = db.get_one(Contact, contact.id)
        texts.received(db, theirs, f"SM{new_id()}", body, now=utcnow() - timedelta(minutes=minutes_ago))


def takes_three(served: Served, page: Any) -> list[Contact]:
    people = texters(served, 3)
    page.locator("#texts-at-once summary").click()
    page.locator("#at-once").select_option("3")
    page.locator("#texts-at-once button").click()
    page.keyboard.press("Alt+KeyN")
    for had in (1, 2):
        expect(page.locator(".conversation")).to_have_count(had)
        page.keyboard.press("Alt+KeyM")
    expect(page.locator(".conversation")).to_have_count(3)
    return people


def test_a_nurse_goes_between_three_conversations_and_loses_no_word(served: Served, person: People) -> None:
    page = person("Ana")
    first, second, third = takes_three(served, page)
    workspace = page.locator("#workspace .workspace")
    expect(workspace).to_have_attribute("data-contact", third.id)
    page.locator("#text-body").fill("Half an answer to the third")
    page.locator(f"#conversation-{first.id} a").click()
    expect(workspace).to_have_attribute("data-contact", first.id)
    expect(page.locator("#texts")).to_contain_text("Hello from 0")
    expect(page.locator("#text-body")).to_have_value("")
    expect(page.locator(f"#conversation-{third.id}")).to_contain_text("half written")
    page.locator(f"#conversation-{third.id} a").click()
    expect(page.locator("#text-body")).to_have_value("Half an answer to the third")
    page.locator("#send-text").click()
    expect(page.locator(".text-out")).to_contain_text("Half an answer to the third")
    expect(page.locator(f"#conversation-{third.id}")).to_contain_text("You wrote last")
    expect(page.locator(f"#conversation-{second.id}")).to_contain_text("Waits for your answer")


def test_who_writes_anew_comes_first_and_is_counted_until_she_looks(served: Served, person: People) -> None:
    page = person("Ana")
    first, _second, third = takes_three(served, page)
    expect(page.locator("#workspace .workspace")).to_have_attribute("data-contact", third.id)
    writes(served, first, "are you there")
    row = page.locator(f"#conversation-{first.id}")
    expect(row).to_contain_text("1 new")
    expect(page.locator(".conversation").first).to_have_id(f"conversation-{first.id}")
    row.locator("a").click()
    expect(page.locator("#texts")).to_contain_text("are you there")
    expect(row).not_to_contain_text("new")


def test_two_nurses_hand_a_conversation_over(served: Served, person: People, axe: Any) -> None:
    contact = texters(served, 1)[0]
    ana, bola = person("Ana"), person("Bola")
    for page in (ana, bola):
        page.keyboard.press("Alt+KeyW")
        expect(page.locator(".state-word")).to_have_text("Ready")
    ana.keyboard.press("Alt+KeyN")
    ana.locator("#hand-over summary").click()
    ana.locator("#hand-to").select_option(label="Bola Adewright, ready")
    ana.locator("#hand-note").fill("Has not slept, is at home, likes short texts.")
    ana.get_by_role("button", name="Ask them to take it").click()
    expect(ana.locator("#person")).to_contain_text("Bola Adewright is asked to take this conversation")
    expect(bola.locator("#conversations")).to_contain_text("Ana Fernsby asks you to take a text conversation")
    expect(bola.locator("#conversations")).to_contain_text("likes short texts")
    check(bola, axe, "a colleague asks", 1280)
    bola.get_by_role("button", name="Take it").click()
    expect(bola.locator("#workspace .workspace")).to_have_attribute("data-contact", contact.id)
    expect(bola.locator("#person")).to_contain_text("Ana Fernsby handed this over")
    expect(bola.locator("#texts")).to_contain_text("Hello from 0")
    expect(ana.locator(".state-word")).to_have_text("Wrapping up")


def test_the_list_has_no_fault_that_axe_can_find_and_fits(
    served: Served, person: People, axe: Any, shoot: Any, width: int, scheme: str
) -> None:
    page = person("Ana", width=width, scheme=scheme)
    takes_three(served, page)
    page.locator("#hand-over summary").click()
    check(page, axe, f"three conversations {width} {scheme}", width)
    if scheme == "light":
        shoot(page, "conversations" if width == 1280 else "conversations-phone")


def test_without_script_each_conversation_has_an_address(served: Served, new_page: Callable[..., Any]) -> None:
    first, second = texters(served, 2)
    page = new_page(java_script_enabled=False)
    served.sign_in(page, "Ana")
    page.locator("#texts-at-once summary").click()
    page.locator("#at-once").select_option("2")
    page.locator("#texts-at-once button").click()
    page.locator("#take-next button").click()
    page.get_by_role("button", name="Take one more text conversation").click()
    expect(page.locator("#texts")).to_contain_text("Hello from 1")
    page.locator(f"#conversation-{first.id} a").click()
    expect(page.locator("#texts")).to_contain_text("Hello from 0")
    assert second.id not in page.url

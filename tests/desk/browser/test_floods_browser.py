"""Texts that look alike, in a real browser: told on the desk, read and decided, at desk width and at 320 pixels."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.desk.browser.conftest import Served
from tests.desk.browser.test_pages_browser import check
from tests.desk.test_pages_floods import a_flood


@pytest.mark.parametrize(("across", "colours"), [(1280, "light"), (320, "dark")])
def test_a_flood_is_told_read_decided_and_taken_back(
    served: Served, person: Callable[..., Any], axe: Any, across: int, colours: str
) -> None:
    a_flood(served.lab, body="Congratulations_you_have_won_a_very_long_word_without_any_space_in_it_at_all")
    page = person("Ana", width=across, scheme=colours)
    told = page.get_by_role("region", name="Texts that look alike")
    expect(told).to_contain_text("9 first texts from numbers in a row")
    check(page, axe, f"the desk tells of a flood {across}", across)
    told.get_by_role("link", name="Look").press("Enter")
    check(page, axe, f"a flood to decide {across}", across)
    page.get_by_role("button", name="Not people").press("Enter")
    expect(page.locator("#notices")).to_contain_text("closed as nobody's")
    check(page, axe, f"a flood decided {across}", across)
    page.get_by_role("button", name="They are people after all").click()
    expect(page.locator("#notices")).to_contain_text("each of them waits for a nurse")
    page.get_by_role("link", name="Desk", exact=True).click()
    expect(page.locator("#queue tbody tr")).to_have_count(9)

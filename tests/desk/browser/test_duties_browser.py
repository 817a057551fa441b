"""Duty times at the board, in a real browser: planned, begun and ended, at desk and phone width."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from tests.desk.browser.conftest import Served
from tests.desk.browser.test_pages_browser import check
from triage.desk.words import field_time


def test_a_duty_is_planned_begun_and_ended_and_the_units_say_so(
    served: Served, person: Callable[..., Any], axe: Any, width: int, scheme: str
) -> None:
    page = person("Grace", width=width, scheme=scheme)
    page.goto(f"{served.url}/board")
    page.get_by_role("link", name="Duty times").click()
    check(page, axe, f"duty times, none {width}", width)
    car = page.locator("section", has=page.get_by_role("heading", name="IW01"))
    car.get_by_text("Plan a duty").click()
    ends = served.lab.now + timedelta(hours=8)
    car.get_by_label("Ends", exact=True).fill(field_time(ends))
    car.get_by_label("Who is on board, with commas between").fill("Sam and Priya")
    check(page, axe, f"duty times, the form {width}", width)
    car.get_by_role("button", name="Plan").press("Enter")
    expect(car).to_contain_text("Planned")
    car.get_by_label("Who is on board now").fill("Sam")
    car.get_by_role("button", name="Begin duty").click()
    expect(car).to_contain_text("On duty until")
    check(page, axe, f"duty times, on duty {width}", width)
    page.get_by_role("link", name="Back to the board").click()
    unit = page.locator("#unit-IW01")
    expect(unit).to_contain_text("Available")
    expect(unit).to_contain_text("Lone crew")
    expect(unit).to_contain_text("On until")
    check(page, axe, f"the units with a duty {width}", width)
    page.get_by_role("link", name="Duty times").click()
    car.get_by_label("What the next shift should know").fill("Fuel is low")
    car.get_by_role("button", name="End duty").click()
    expect(car).to_contain_text("Handed over: Fuel is low")
    page.get_by_role("link", name="Back to the board").click()
    expect(unit).to_contain_text("Off duty")

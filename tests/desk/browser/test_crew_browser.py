"""A crew's phone at a real browser: on a bad line nothing that was pressed is lost, and it is sent in order."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests.desk.browser.conftest import Served
from tests.desk.browser.test_pages_browser import check
from tests.desk.test_crew_page import offered
from triage import crew_links
from triage.car_models import DispatchStep
from triage.models import Dispatch


@pytest.fixture
def link(served: Served, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(crew_links, "_base", "https://line.example.org")
    return served.url + offered(served.lab)


def state(served: Served) -> str:
    with served.database.reading() as db:
        return db.scalars(select(Dispatch.state)).one()


def test_a_crew_takes_a_job_from_the_link_to_the_end(
    served: Served, link: str, new_page: Callable[..., Any], axe: Any, shoot: Any, width: int, scheme: str
) -> None:
    page = new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(link)
    check(page, axe, f"the crew's page unopened {width}", width)
    page.get_by_role("button", name="Open the job").click()
    expect(page.get_by_role("button", name="Accepted")).to_be_visible()
    check(page, axe, f"the crew's page asked {width}", width)
    page.get_by_role("button", name="Accepted").click()
    expect(page.locator(".crew-where")).to_contain_text("7 Invented Row")
    check(page, axe, f"the crew's page accepted {width}", width)
    if width < 400:
        shoot(page, "crew-phone")
    for press in ("On the way", "There", "With the person", "Clear"):
        page.get_by_role("button", name=press, exact=True).click()
        expect(page.locator("#crew-said")).not_to_have_text("Sending.")
    expect(page.locator(".crew-where")).to_have_count(0)
    check(page, axe, f"the crew's page over {width}", width)
    page.get_by_label("What came of the visit").select_option("resolved")
    page.get_by_role("button", name="Record").click()
    expect(page.locator("#crew-said")).to_contain_text("Recorded")
    assert state(served) == "clear"


def test_without_a_signal_presses_are_kept_and_sent_in_order(
    served: Served, link: str, new_page: Callable[..., Any]
) -> None:
    page = new_page(viewport={"width": 360, "height": 800})
    page.goto(link)
    page.get_by_role("button", name="Open the job").click()
    page.get_by_role("button", name="Accepted").click()
    expect(page.locator(".crew-where")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("button", name="On the way").click()
    expect(page.locator("#crew-kept")).to_contain_text("1 kept on this phone")
    page.get_by_role("button", name="There", exact=True).click()
    expect(page.locator("#crew-kept")).to_contain_text("2 kept on this phone")
    assert state(served) == "acknowledged"
    page.context.set_offline(False)
    expect(page.locator("#crew-kept")).to_be_hidden(timeout=15000)
    expect(page.locator(".crew-state")).to_contain_text("There")
    with served.database.reading() as db:
        steps = db.scalars(select(DispatchStep).order_by(DispatchStep.id)).all()
    assert [step.action for step in steps] == ["offer", "acknowledge", "en_route", "on_scene"]
    assert all(step.said_at for step in steps[1:]), "with the time they were pressed"


def test_the_page_works_without_script(served: Served, link: str, new_page: Callable[..., Any]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(link)
    page.get_by_role("button", name="Open the job").click()
    page.get_by_role("button", name="Accepted").click()
    expect(page.locator(".crew-where")).to_contain_text("7 Invented Row")
    assert state(served) == "acknowledged"

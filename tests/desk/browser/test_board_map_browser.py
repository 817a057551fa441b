"""The map beside the board, in a real browser: what its marks say, and that they follow the board."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.desk import night
from tests.desk.browser.conftest import Served
from tests.desk.browser.test_pages_browser import check
from triage import dispatch
from triage.apply import apply
from triage.models import Incident, Unit
from triage.service_file import read

People = Callable[..., Any]


@pytest.fixture
def made(served: Served) -> night.Night:
    """A busy night, in which it is known where nobody goes to and where SO01 goes."""
    found = night.busy(served.database, served.lab.now)
    with served.database.transaction() as db:
        db.get_one(Incident, found.no_car).position = "50.80500,-1.07000"
        dispatch.open_of_unit(db, "SO01")[0].incident.position = "50.91500,-1.38500"
    return found


def opened(served: Served, person: People, **look: Any) -> Any:
    page = person("Grace", **look)
    page.goto(f"{served.url}/board")
    page.locator("#map-box > summary").click()
    expect(page.locator(".map-button").first).to_be_visible()
    return page


def test_every_mark_has_words_and_a_shape_and_can_be_pressed(
    served: Served, person: People, made: night.Night, axe: Any, width: int, scheme: str
) -> None:
    page = opened(served, person, width=width, scheme=scheme)
    nobody = page.locator(".map-nobody")
    expect(nobody).to_contain_text("No unit, needed by ")
    assert nobody.inner_text().startswith("▲")
    expect(page.locator(".map-car", has_text="IW01")).to_have_text("●IW01, on a job")
    assert "Fratton" not in page.locator("#map").inner_text()
    expect(page.locator(".map-outline").first).to_be_visible()
    expect(page.locator(".map-name", has_text="Newport")).to_be_visible()
    check(page, axe, f"the map {width} {scheme}", width)
    boxes = [one.bounding_box() for one in page.locator(".map-button").all()]
    for at, one in enumerate(boxes):
        for other in boxes[:at]:
            apart = one["x"] >= other["x"] + other["width"] or other["x"] >= one["x"] + one["width"]
            assert apart or one["y"] >= other["y"] + other["height"] or other["y"] >= one["y"] + one["height"]
    nobody.focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#incident-{made.no_car}")).to_be_focused()
    page.locator(".map-car", has_text="PO01").click()
    expect(page.locator("#unit-PO01")).to_be_focused()


def test_a_mark_moves_and_changes_its_words_without_the_page_being_loaded_again(
    served: Served, person: People, made: night.Night
) -> None:
    page = opened(served, person)
    page.evaluate("window.sameDocument = true")
    car = page.locator(".map-car", has_text="SO01")
    car.focus()
    dot = page.locator(".map-mark", has_text="SO01")
    before = dot.bounding_box()
    for action in ("en_route", "on_scene"):
        with served.database.transaction() as db:
            dispatch.act(db, dispatch.open_of_unit(db, "SO01")[0], action, actor="crew", now=served.lab.now)
    page.wait_for_function(
        "([x, y]) => { const box = [...document.querySelectorAll('.map-mark')]"
        ".find(one => one.textContent.includes('SO01')).getBoundingClientRect(); return box.x !== x || box.y !== y }",
        arg=[before["x"], before["y"]],
        timeout=12_000,
    )
    expect(car).to_be_focused()
    assert page.evaluate("window.sameDocument")
    with served.database.transaction() as db:
        dispatch.act(db, dispatch.open_of_unit(db, "SO01")[0], "emergency", actor="crew", now=served.lab.now)
    expect(page.locator(".map-help")).to_contain_text("SO01 asks for help", timeout=12_000)


def test_it_is_open_again_for_whoever_left_it_open(served: Served, person: People, made: night.Night) -> None:
    page = person("Grace")
    expect(page.locator("#map-box > summary")).to_be_visible()
    expect(page.locator("#map-box")).not_to_have_attribute("open", "")
    page.locator("#map-box > summary").click()
    expect(page.locator(".map-button").first).to_be_visible()
    page.reload()
    expect(page.locator(".map-button").first).to_be_visible()
    page.locator("#map-box > summary").click()
    page.reload()
    expect(page.locator("#map-box > summary")).to_be_visible()
    expect(page.locator("#map-box")).not_to_have_attribute("open", "")


def test_with_nothing_to_show_there_is_no_map(served: Served, person: People, tmp_path: Any) -> None:
    plain = tmp_path / "service.toml"
    plain.write_text(night.EXAMPLE.read_text().replace("map = ", "# map = ").replace("base = ", "# base = "))
    with served.database.transaction() as db:
        apply(db, read(plain), now=served.lab.now)
    page = person("Grace")
    expect(page.locator(".panel-nobody .age")).to_have_text("live")
    expect(page.locator("#map-box")).to_be_hidden()
    with served.database.transaction() as db:
        unit = db.get_one(Unit, "IW01")
        unit.base_lat, unit.base_lon = 50.7, -1.3
        apply(db, read(night.EXAMPLE), now=served.lab.now)
    expect(page.locator("#map-box > summary")).to_be_visible(timeout=12_000)


def test_without_script_the_list_is_all_there_is(served: Served, new_page: Any, made: night.Night) -> None:
    page = new_page(java_script_enabled=False)
    served.sign_in(page, "Grace")
    page.goto(f"{served.url}/board")
    expect(page.locator(f"#incident-{made.no_car}")).to_be_visible()
    expect(page.locator("#map-box")).to_be_hidden()

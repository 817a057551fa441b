"""A picture that came with a text, in a real browser: warned of, shown over the page when asked for, and let go."""

import base64
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.desk import night
from tests.desk.browser.conftest import Served
from tests.desk.pages_lab import Lab
from triage import texts
from triage.db import utcnow
from triage.media import Piece
from triage.models import Contact
from triage.ports import NotShown

People = Callable[..., Any]
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
STILL_THERE = """(address) => new Promise((tell) => {
  const image = new Image();
  image.onload = () => tell("there");
  image.onerror = () => tell("gone");
  image.src = address;
})"""
AT = f"MM{'1' * 32}/ME{'a' * 32}"


class Store:
    gives: bytes | None = DOT

    def fetch(self, at: str, *, most_bytes: int) -> tuple[str, bytes]:
        if self.gives is None:
            raise NotShown("gone")
        return "image/png", self.gives


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def served(chromium: Any, new_database: Callable[[str], str], store: Store) -> Iterator[Served]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    lab = Lab(new_database("sqlite"), media=store)
    hers = night.busy(lab.database, lab.now).hers
    with lab.database.transaction() as db:
        contact = db.get_one(Contact, hers)
        pieces = [Piece("picture", "image/png", AT), Piece("file", "text/x-vcard", AT)]
        texts.received(db, contact, "MM" + "9" * 32, "this is where I am", now=utcnow(), media=pieces)
    made = Served(lab)
    yield made
    made.stop()
    lab.close()


def test_a_picture_is_shown_over_the_desk_and_let_go(
    served: Served, person: People, axe: Callable[[Any], list[Any]]
) -> None:
    page = person("Ana")
    page.get_by_text("It may be distressing.").wait_for()
    page.get_by_text("not of a kind that is shown here").wait_for()
    assert page.locator("dialog.media").count() == 0
    show = page.get_by_role("button", name="Show the picture")
    show.focus()
    page.keyboard.press("Enter")
    picture = page.get_by_role("dialog", name="A picture").get_by_role("img")
    picture.wait_for()
    page.wait_for_function("document.querySelector('dialog.media img').naturalWidth === 1")
    assert axe(page) == []
    address = picture.get_attribute("src")
    assert address.startswith("blob:")
    with served.database.transaction() as db:  # the desk is read again, and the picture stays in sight
        texts.received(db, db.get_one(Contact, _hers(served)), "SM" + "8" * 32, "can you see it", now=utcnow())
    page.get_by_text("can you see it").wait_for()
    assert picture.is_visible()
    page.get_by_role("button", name="Close").click()
    page.locator("dialog.media").wait_for(state="detached")
    assert page.evaluate(STILL_THERE, address) == "gone"


def _hers(served: Served) -> str:
    with served.database.reading() as db:
        found = texts.kept(db, "MM" + "9" * 32)
    assert found
    return found.id


def test_why_a_picture_is_not_shown_is_said_on_top_and_it_can_be_asked_for_again(
    served: Served, person: People, store: Store
) -> None:
    store.gives = None
    page = person("Ana")
    show = page.get_by_role("button", name="Show the picture")
    show.click()
    page.locator("#notices").get_by_text("does not have it any more").wait_for()
    assert page.locator("dialog.media").count() == 0
    store.gives = DOT
    show.click()
    page.get_by_role("dialog", name="A picture").wait_for()


def test_without_script_a_picture_opens_by_itself(served: Served, new_page: Callable[..., Any]) -> None:
    page = new_page(java_script_enabled=False)
    served.sign_in(page, "Ana")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Show the picture").click()
    assert opened.value.evaluate("document.contentType") == "image/png"

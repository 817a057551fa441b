"""A nurse whose page is gone: nobody is sent to it, and nobody waits for it."""

from datetime import timedelta

import pytest

from tests.triage.scene import Scene
from triage import bridge, presence
from triage.models import Staff


class Pages(Scene):
    def page_asks(self, nurse: Staff) -> bool:
        with self.database.transaction() as db:
            due = presence.page_to_note(db, nurse.id, self.now)
            if due:
                presence.page_seen(db, nurse.id, now=self.now)
            return due

    def looks(self) -> int:
        with self.database.transaction() as db:
            return bridge.pages_gone(db, self.rules, now=self.now)

    def silent(self, seconds: float = presence.PAGE_GONE_S + 1) -> int:
        self.later(seconds)
        return self.looks()


@pytest.fixture
def pages(database) -> Pages:
    return Pages(database)


def test_a_nurse_ready_in_the_browser_whose_page_is_gone_is_offered_nobody_until_she_says_so(pages: Pages) -> None:
    nurse = pages.nurse(via="browser")
    pages.page_asks(nurse)
    assert pages.silent() == 1
    row = pages.presence(nurse)
    assert (row.state, row.reason) == ("break", presence.PAGE_GONE)
    pages.caller()
    with pages.database.transaction() as db:
        assert bridge.offer_waiting(db, pages.rules, now=pages.now) == 0
        presence.put(db, db.get_one(Staff, nurse.id), "ready", "browser", now=pages.now)
    assert pages.silent() == 0, "no page has been there since"


def test_a_page_in_the_background_that_asks_once_a_minute_is_there(pages: Pages) -> None:
    nurse = pages.nurse(via="browser")
    for _ in range(5):
        assert pages.page_asks(nurse)
        assert pages.silent(60) == 0
    assert pages.presence(nurse).state == "ready"


@pytest.mark.parametrize("via", ["phone", "browser"])
def test_a_nurse_who_never_opened_a_page_is_left_alone(pages: Pages, via: str) -> None:
    nurse = pages.nurse(via=via)
    assert pages.silent(3600) == 0
    assert pages.presence(nurse).state == "ready"


def test_a_nurse_ready_by_phone_needs_no_page(pages: Pages) -> None:
    nurse = pages.nurse(via="phone")
    pages.page_asks(nurse)
    assert pages.silent() == 0
    assert pages.presence(nurse).state == "ready"


def test_who_was_offered_to_that_page_goes_back_to_the_same_place(pages: Pages) -> None:
    nurse = pages.nurse(via="browser")
    caller = pages.caller()
    pages.page_asks(nurse)
    pages.takes(nurse)
    assert pages.silent() == 1
    entry = pages.entry(caller)
    assert (entry.state, entry.arrived_at, entry.band) == ("waiting", caller.started_at, 4)
    assert pages.jobs("hang_up") or pages.leg(caller).outcome == "withdrawn"


def test_a_texter_goes_back_ahead_to_be_answered_by_somebody_else(pages: Pages) -> None:
    nurse = pages.nurse(via="browser")
    texter = pages.texter()
    pages.takes(nurse)
    pages.page_asks(nurse)
    assert pages.silent() == 1
    entry = pages.entry(texter)
    assert (entry.state, entry.arrived_at, entry.band) == ("waiting", texter.started_at, 2)
    assert any("page stopped answering" in why for why in entry.reasons)


def test_a_call_she_is_joined_to_is_never_touched(pages: Pages) -> None:
    nurse = pages.nurse(via="browser")
    caller = pages.caller()
    pages.together(caller, nurse)
    pages.page_asks(nurse)
    assert pages.silent(3600) == 0
    assert pages.entry(caller).state == "connected"


def test_it_is_written_down_no_more_than_every_ten_seconds(pages: Pages) -> None:
    nurse = pages.nurse(via="browser")
    assert [pages.page_asks(nurse) for _ in range(3)] == [True, False, False]
    pages.later(11)
    assert pages.page_asks(nurse)
    pages.now -= timedelta(hours=2)
    assert pages.page_asks(nurse), "a clock set back starts anew"

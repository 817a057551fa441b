"""The page on which people look at first texts that look alike, and decide."""

from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest
from sqlalchemy import select

from tests import factories
from tests.desk.pages_lab import Lab
from triage import first_ring, floods, queue, rules, texts
from triage.models import Contact, History, Line, QueueEntry

LEAST = 8


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    made = Lab(database_url)
    yield made
    made.close()


def a_flood(lab: Lab, count: int = LEAST + 1, *, body: str = "<b>Win</b> a car") -> None:
    """First texts from numbers in a row, as the line receives them."""
    for each in range(count):
        at = lab.now - timedelta(minutes=5) + timedelta(seconds=each)
        with lab.database.reading() as db:
            line = db.scalars(select(Line).where(Line.route == "direct").order_by(Line.number)).first()
        opened = first_ring.text(
            lab.database, carrier_id=factories.carrier_id("SM"), number=f"+4477009008{each:02}", line=line,
            dialled=line.number if line else "", now=at,
        )  # fmt: skip
        with lab.database.transaction() as db:
            contact = db.get_one(Contact, opened.contact_id)
            message = texts.received(db, contact, factories.carrier_id("SM"), f"{body} {each}", now=at)
            assert message is not None
            with patch.dict(floods.LEAST, dict.fromkeys(floods.LEAST, LEAST)):  # a small flood
                merged = floods.takes(db, contact, message, own=False, now=at)
            if not merged:
                queue.join(db, contact, rules.current(db).rules, now=at)


def flood_id(lab: Lab) -> str:
    with lab.database.reading() as db:
        return floods.undecided(db)[0].flood.id


def states(lab: Lab) -> set[str]:
    with lab.database.reading() as db:
        return {
            row.state for row in db.scalars(select(QueueEntry)) if (row.contact.number or "").startswith("+4477009008")
        }


@pytest.mark.parametrize("name", ["ana", "isla"])
def test_nurses_and_supervisors_are_told_on_every_page_and_read_the_texts(lab: Lab, name: str) -> None:
    a_flood(lab)
    person = lab.as_(name)
    first = person.get("/desk" if name == "ana" else "/board").text
    assert "9 first texts from numbers in a row" in first
    assert 'href="/floods"' in first
    page = person.get("/floods").text
    assert "&lt;b&gt;Win&lt;/b&gt; a car 0" in page
    assert "a car 8" in page
    assert "+4477009008" not in page, "numbers are masked"
    assert "Not people" in page


def test_reading_is_written_down_once_of_each_text(lab: Lab) -> None:
    a_flood(lab)
    ana = lab.as_("ana")
    ana.get("/floods")
    ana.get("/floods")
    with lab.database.reading() as db:
        read = db.scalars(select(History.contact_id).where(History.what == "flood_read")).all()
    assert len(read) == len(set(read)) == 9


def test_who_is_no_nurse_and_no_supervisor_neither_sees_nor_decides(lab: Lab) -> None:
    a_flood(lab)
    grace = lab.as_("grace")
    assert grace.get("/floods").status_code == 403
    assert grace.post(f"/floods/{flood_id(lab)}", decision="people").status_code == 403
    assert "first texts" not in grace.get("/board").text


def test_not_people_and_taken_back(lab: Lab) -> None:
    a_flood(lab)
    ana, one = lab.as_("ana"), flood_id(lab)
    assert "Say what they are" in ana.says(ana.post(f"/floods/{one}", decision="perhaps"))
    assert "closed as nobody" in ana.says(ana.post(f"/floods/{one}", decision="not_people"))
    assert states(lab) == {"dismissed"}
    assert "first texts from numbers" not in ana.get("/desk").text
    page = ana.get("/floods").text
    assert "not people, said Ana" in page
    assert "each of them waits" in ana.says(ana.post(f"/floods/{one}", decision="people"))
    assert states(lab) == {"waiting"}
    assert ana.post("/floods/nothing", decision="people").status_code == 404


def test_nobody_closes_texts_of_another_locality_unread(lab: Lab) -> None:
    a_flood(lab)
    with lab.database.transaction() as db:
        shown = floods.undecided(db)[0].contacts
        shown[3].locality = "southampton"
    person, one = lab.as_("ana"), flood_id(lab)
    page = person.get("/floods").text
    assert "a car 3" not in page
    assert "They are people" in page
    assert ">Not people<" not in page
    assert "must have read all" in person.says(person.post(f"/floods/{one}", decision="not_people"))
    assert "merged" in states(lab)

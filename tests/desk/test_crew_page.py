"""The page of a crew's phone: opened once, shows the address only to the crew that has the job, says what is next."""

import re
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from tests.desk import night
from tests.desk.pages_lab import Lab, Person
from triage import crew_calls, crew_links, dispatch, incidents, revisions
from triage.car_models import DispatchStep
from triage.models import Dispatch, Incident, Leg, Message, Staff, Unit

ADDRESS = "7 Invented Row"


@pytest.fixture
def lab(new_database: Callable[[str], str]) -> Iterator[Lab]:
    made = Lab(new_database("sqlite"))
    yield made
    made.close()


@pytest.fixture
def link(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path in the text that offers a job."""
    monkeypatch.setattr(crew_links, "_base", "https://line.example.org")
    return offered(lab)


def offered(lab: Lab) -> str:
    """A car is asked for and offered to IW01; the path of the link in the text."""
    now = lab.now
    made = night.waits(lab.database, now=now, keyword="harbour")
    with lab.database.transaction() as db:
        unit = db.get_one(Unit, "IW01")
        unit.state, unit.since = "available", now
        ana = db.get_one(Staff, lab.staff("ana").id)
        incidents.ask_for_car(db, made, ana, address=ADDRESS, postcode="PO30 1AA", hazards="Steep stairs", now=now)
        [offer] = db.scalars(select(Message).where(Message.dispatch_id.is_not(None))).all()
        found = re.search(r"https://line\.example\.org(/crew/[a-z]{24})$", offer.body)
        assert found, offer.body
        return found[1]


@pytest.fixture
def phone(lab: Lab) -> Person:
    return Person(lab.app)


def test_a_position_is_shown_to_the_crew_that_has_the_job(lab: Lab, phone: Person, link: str) -> None:
    with lab.database.transaction() as db:
        one = db.scalars(select(Incident)).one()
        one.position, one.postcode, one.who_is_there = "50.70000,-1.29000", None, "Their brother"
    phone.post(f"{link}/open")
    asked = phone.get(link).text
    assert "Near SZ58." in asked
    assert "50.70000" not in asked
    assert "Their brother" not in asked
    accepted = phone.post(f"{link}/did", action="acknowledge").text
    assert 'href="geo:50.70000,-1.29000"' in accepted
    assert "SZ 50" in accepted
    assert "There: Their brother" in accepted


def job(lab: Lab) -> Dispatch:
    with lab.database.reading() as db:
        return db.scalars(select(Dispatch)).one()


def test_before_it_is_opened_the_link_shows_nothing_of_the_job(lab: Lab, phone: Person, link: str) -> None:
    page = phone.get(link).text
    assert "Open the job on this phone" in page
    assert ADDRESS not in page
    assert "PO30" not in page
    assert phone.post(f"{link}/did", action="acknowledge").status_code == 403
    assert job(lab).state == "offered"


def test_a_job_from_the_first_press_to_what_came_of_it(lab: Lab, phone: Person, link: str) -> None:
    assert phone.post(f"{link}/open").status_code == 303
    asked = phone.get(link).text
    assert "Near PO30." in asked
    assert ADDRESS not in asked
    accepted = phone.post(f"{link}/did", action="acknowledge").text
    assert ADDRESS in accepted
    assert "Steep stairs" in accepted
    for action, says in (("en_route", "moving"), ("on_scene", "there"), ("with_person", "with the person")):
        assert says in phone.post(f"{link}/did", action=action).text
    over = phone.post(f"{link}/did", action="clear").text
    assert ADDRESS not in over, "hidden once it is clear"
    assert "Choose one of" in phone.post(f"{link}/visit", visit="").text
    assert "Recorded. Thank you." in phone.post(f"{link}/visit", visit="resolved", words="Sister stays").text
    with lab.database.reading() as db:
        assert db.scalars(select(Incident.visit)).one() == "resolved"
        ways = db.scalars(select(DispatchStep.way).order_by(DispatchStep.id)).all()
    assert set(ways[1:]) == {"link"}


def test_a_link_that_is_forwarded_opens_nothing(lab: Lab, phone: Person, link: str) -> None:
    phone.post(f"{link}/open")
    other = Person(lab.app)
    for answer in (other.get(link), other.post(f"{link}/open"), other.post(f"{link}/did", action="acknowledge")):
        assert answer.status_code == 403
        assert "another phone" in answer.text
        assert "PO30" not in answer.text
    assert job(lab).state == "offered"


@pytest.mark.parametrize("wrong", ["/crew/nothing", "/crew/" + "b" * 24])
def test_a_link_that_is_none_is_said_in_words(phone: Person, link: str, wrong: str) -> None:
    assert link
    answer = phone.get(wrong)
    assert answer.status_code == 404
    assert "Ring the control room" in answer.text


def test_a_link_is_over_some_hours_after_its_job(lab: Lab, phone: Person, link: str) -> None:
    phone.post(f"{link}/open")
    with lab.database.transaction() as db:
        row = db.scalars(select(Dispatch)).one()
        dispatch.act(db, dispatch.get(db, row.id), "decline", actor="crew", now=lab.now)
    assert phone.get(link).status_code == 200
    with lab.database.transaction() as db:
        db.scalars(select(Dispatch)).one().closed_at = lab.now - crew_links.OPEN_AFTER_END * 2
    assert phone.get(link).status_code == 404


def test_a_late_yes_to_a_job_given_elsewhere_is_refused_on_the_page_too(lab: Lab, phone: Person, link: str) -> None:
    phone.post(f"{link}/open")
    with lab.database.transaction() as db:
        dispatch.no_reply(db, dispatch.get(db, db.scalars(select(Dispatch.id)).one()), now=lab.now)
    assert "not open for you" in phone.post(f"{link}/did", action="acknowledge").text


def test_a_change_is_shown_and_confirmed(lab: Lab, phone: Person, link: str) -> None:
    phone.post(f"{link}/open")
    phone.post(f"{link}/did", action="acknowledge")
    with lab.database.transaction() as db:
        ana = db.get_one(Staff, lab.staff("ana").id)
        found = incidents.get(db, db.scalars(select(Incident.id)).one())
        revisions.change(db, found, ana, {"address": "9 Other Street"}, now=lab.now)
    page = phone.get(link).text
    assert "I have read the change" in page
    assert "9 Other Street" in page
    phone.post(f"{link}/did", action="acknowledge")
    assert job(lab).revision_read == 2
    assert "I have read the change" not in phone.get(link).text


def test_what_a_phone_kept_without_a_signal_keeps_its_own_time(lab: Lab, phone: Person, link: str) -> None:
    phone.post(f"{link}/open")
    phone.post(f"{link}/did", action="acknowledge", said_at="not a time")
    earlier = lab.now.replace(microsecond=0) - crew_links.OPEN_AFTER_END
    phone.post(f"{link}/did", action="with_person", said_at=lab.now.isoformat())
    phone.post(f"{link}/did", action="on_scene", said_at=earlier.isoformat())
    with lab.database.reading() as db:
        steps = {row.action: row for row in db.scalars(select(DispatchStep))}
    assert steps["acknowledge"].said_at is None
    assert steps["on_scene"].said_at == earlier
    assert steps["on_scene"].at >= lab.now
    assert job(lab).state == "with_person", "a step told late moves nothing"


def test_what_no_crew_does_is_nothing(phone: Person, link: str) -> None:
    phone.post(f"{link}/open")
    assert phone.post(f"{link}/did", action="stand_down").status_code == 404


def test_the_person_is_rung_through_the_line_and_their_number_is_nowhere_on_the_page(
    lab: Lab, phone: Person, link: str
) -> None:
    with lab.database.transaction() as db:
        [incident] = db.scalars(select(Incident)).all()
        incident.call_back = "Mum, 07700 900145"
    assert phone.post(f"{link}/ring").status_code == 403, "not before the link is opened on this phone"
    phone.post(f"{link}/open")
    assert "Ring the person" not in phone.get(link).text
    assert "no job that you have accepted" in phone.post(f"{link}/ring").text
    shown = phone.post(f"{link}/did", action="acknowledge").text
    assert "Ring the person through the line" in shown
    assert "To ring: Mum" in shown
    for page in (shown, phone.get(link).text):
        assert "900145" not in page
    assert "Your own telephone rings in a moment" in phone.post(f"{link}/ring").text
    phone.post(f"{link}/ring")
    with lab.database.reading() as db:
        [leg] = db.scalars(select(Leg)).all()
        assert (leg.purpose, leg.to) == ("crew_reach", db.get_one(Unit, "IW01").phone), "pressed twice, rung once"


def test_without_a_number_the_page_offers_no_call(lab: Lab, phone: Person, link: str) -> None:
    with lab.database.transaction() as db:
        [incident] = db.scalars(select(Incident)).all()
        incident.call_back = "Knock twice"
    phone.post(f"{link}/open")
    shown = phone.post(f"{link}/did", action="acknowledge").text
    assert "To ring: Knock twice" in shown
    assert "Ring the person through the line" not in shown
    refused = phone.post(f"{link}/ring")
    assert (refused.status_code, "no number that we may ring" in refused.text) == (409, True)


def test_the_board_says_that_the_crew_was_rung_and_how_ringing_the_person_went(
    lab: Lab, phone: Person, link: str
) -> None:
    with lab.database.transaction() as db:
        [row] = db.scalars(select(Dispatch)).all()
        crew_calls.ring_crew(db, dispatch.get(db, row.id), now=lab.now)
    grace = Person(lab.app, lab.staff("grace"))
    assert "· rung" in grace.get("/board").text
    phone.post(f"{link}/open")
    phone.post(f"{link}/did", action="acknowledge")
    assert "rang the person" not in grace.get("/board").text
    with lab.database.transaction() as db:
        [leg] = db.scalars(select(Leg)).all()
        crew_calls.person_rung(leg)
        crew_calls.person_over(db, leg, dispatch.get(db, row.id), "no_answer", now=lab.now)
    board = grace.get("/board").text
    assert "rang the person" in board
    assert "no answer" in board

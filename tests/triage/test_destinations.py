"""Which numbers the line rings and texts, and how many times an hour."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.fakes import FakeCarrier
from tests.triage.scene import Scene
from triage import caps, destinations, incidents, jobs, outbox, service_file, texts
from triage.db import Database, open_database
from triage.models import Contact, Leg, Message, Promise, Staff

OURS = destinations.made(["+441632960100"], ["+353"])
# Put together, so that no whole number of somebody's stands in this file.
PREMIUM, SHARED, PERSONAL, PAGER = (
    "+44909" + "8790000",
    "+44871" + "2000000",
    "+4470" + "12000000",
    "+4476" + "40000000",
)
FREE, CORPORATE, JERSEY = "+448081570123", "+4456" + "00000000", "+441534" + "000000"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("+441632960111", "geographic"), ("+442079460018", "geographic"), ("+44300" + "0000000", "geographic"),
        ("+447700900123", "mobile"), ("07700 900123", "mobile"), ("0044 7700 900 123", "mobile"),
        (PREMIUM, "premium"), (SHARED, "shared cost"), ("+44843" + "0000000", "shared cost"), (PERSONAL, "personal"),
        (PAGER, "pager"), (FREE, "freephone"), (CORPORATE, "corporate"), (JERSEY, "abroad"), ("+35312345678", "abroad"),
        ("+1900" + "5550123", "premium"), ("+15005550006", "abroad"), ("999", "emergency"), ("+44999", "emergency"),
        ("112", "emergency"), ("+112", "emergency"), ("911", "emergency"), ("111", "short"), ("116123", "short"),
        ("+44116123", "short"), ("60777", "short"), ("sip:someone@example.org", "no number"), ("client:abc", "no number"),
        ("anonymous", "no number"), ("", "no number"), (None, "no number"), ("+4477009001", "no number"),
        ("+44" + "7" * 14, "no number"), ("+447700900123;ext=9", "no number"), ("+447700900123\n", "mobile"),
    ],
)  # fmt: skip
def test_each_number_is_of_the_kind_its_range_says(number: str | None, kind: str) -> None:
    assert destinations.kind_of(number) == kind


@pytest.mark.parametrize("number", ["+441632960111", "+442079460018", "+447700900123", "+35312345678"])
def test_ordinary_numbers_and_those_the_operator_allows_are_reached(number: str) -> None:
    assert destinations.may_reach(number, OURS)


@pytest.mark.parametrize(
    "number", [PREMIUM, SHARED, PERSONAL, PAGER, FREE, CORPORATE, JERSEY, "+33123456789", "+441632960100", "999", None]
)
def test_nobody_is_reached_on_any_other(number: str | None) -> None:
    assert not destinations.may_reach(number, OURS)


@pytest.mark.parametrize("number", [PREMIUM, SHARED, PERSONAL, "999", "+441632960100", "sip:a@b"])
def test_not_even_the_operators_own_word_opens_what_costs_or_is_ours(number: str) -> None:
    under = destinations.made(["+441632960100"], ["+"])
    for trusted in (True, False):
        with pytest.raises(destinations.Refused):
            destinations.check(number, under, trusted=trusted)


def test_staff_may_be_abroad_and_at_their_browsers() -> None:
    for number in ("+35312345678", FREE, "client:abc"):
        destinations.check(number, destinations.made([], []), trusted=True)
    with pytest.raises(destinations.Refused):
        destinations.check("client:abc", OURS)


def test_a_refusal_says_why_in_words() -> None:
    with pytest.raises(destinations.Refused, match="premium-rate number"):
        destinations.check(PREMIUM, OURS)


FILE = """
[service]
name = "Somewhere"
allow_destinations = [{allowed}]
[[locality]]
code = "here"
name = "Here"
[[staff]]
email = "ana@example.org"
name = "Ana"
roles = ["nurse"]
localities = ["here"]
phone = "{phone}"
[[unit]]
call_sign = "H1"
locality = "here"
phone = "{car}"
"""


def applied(tmp_path, *, phone: str = "+447700900201", car: str = "+447700900301", allowed: str = "") -> list[str]:
    file = tmp_path / "service.toml"
    file.write_text(FILE.format(phone=phone, car=car, allowed=allowed), encoding="utf-8")
    try:
        service_file.read(file)
    except service_file.ServiceFileError as error:
        return [f"{problem.line}: {problem.sentence}" for problem in error.problems]
    return []


def test_a_service_file_with_ordinary_numbers_and_allowed_prefixes_is_taken(tmp_path) -> None:
    assert applied(tmp_path, phone="+35312345678", allowed='"+353", "+44 808"') == []


@pytest.mark.parametrize(
    ("given", "line", "why"),
    [
        ({"phone": PREMIUM}, 13, "premium-rate"), ({"car": SHARED}, 17, "costs extra"), ({"car": PERSONAL}, 17, "070"),
        ({"allowed": '"+449"'}, 4, "nobody is ever rung"), ({"allowed": '"353"'}, 4, "country code"),
        ({"allowed": "353"}, 4, "country code"), ({"allowed": '"+4487"'}, 4, "nobody is ever rung"),
    ],
)  # fmt: skip
def test_a_costly_number_in_the_service_file_is_told_with_its_line(tmp_path, given, line: int, why: str) -> None:
    [problem] = applied(tmp_path, **given)
    assert problem.startswith(f"{line}: ")
    assert why in problem


@pytest.fixture
def scene(new_database: Callable[[str], str]) -> Iterator[Scene]:
    database = open_database(new_database("sqlite"))
    yield Scene(database)
    database.engine.dispose()


def owed(scene: Scene) -> list[tuple[str, bool]]:
    with scene.database.reading() as db:
        return [(row.kind, row.reachable) for row in db.scalars(select(Promise).order_by(Promise.kind))]


def do_the_work(database: Database, carrier: FakeCarrier) -> None:
    with database.reading() as db:
        ids = [row.id for row in outbox.due(db, jobs.utcnow())]
    for row_id in ids:
        jobs.run(jobs.Means(database, carrier, "+441632960999"), row_id)


def test_whatever_wrote_the_row_the_last_door_stays_shut(scene: Scene) -> None:
    carrier = FakeCarrier()
    contact = scene.texter(number=PREMIUM)
    with scene.database.transaction() as db:
        texts.queue_text(db, db.get_one(Contact, contact.id), "hello", actor="caller", now=jobs.utcnow())
    do_the_work(scene.database, carrier)
    assert carrier.texts == []
    with scene.database.reading() as db:
        message = db.scalars(select(Message).where(Message.direction == "out")).one()
        assert (message.state, message.trouble) == ("failed", texts.NOT_REACHED)


def test_a_nurse_is_told_why_a_number_is_not_texted(scene: Scene) -> None:
    nurse = scene.nurse()
    contact = scene.texter(number=PREMIUM)
    with scene.database.transaction() as db, pytest.raises(texts.MayNotText, match="premium-rate"):
        texts.to_person(db, db.get_one(Contact, contact.id), "hello", db.get_one(Staff, nurse.id), now=scene.now)


def test_a_premium_caller_who_left_is_owed_a_call_that_nobody_can_make_and_everybody_sees(scene: Scene) -> None:
    contact = scene.caller(number=PREMIUM)
    scene.hangs_up(contact)
    assert owed(scene) == [("call_back", False)]


def test_the_crew_is_given_no_costly_number_to_ring(scene: Scene) -> None:
    nurse = scene.nurse()
    contact = scene.caller()
    with scene.database.transaction() as db, pytest.raises(incidents.BadIncident, match="premium-rate"):
        incidents.ask_for_car(
            db, db.get_one(Contact, contact.id), db.get_one(Staff, nurse.id), address="12 Quay Street", now=scene.now,
            call_back=PREMIUM,
        )  # fmt: skip


def test_words_on_how_to_reach_somebody_are_taken_as_written(scene: Scene) -> None:
    nurse = scene.nurse()
    contact = scene.caller(number=PREMIUM)
    with scene.database.transaction() as db:
        for said in ("knock twice", None):
            incident = incidents.ask_for_car(
                db, db.get_one(Contact, contact.id), db.get_one(Staff, nurse.id), address="12 Quay Street",
                now=scene.now, call_back=said,
            )  # fmt: skip
            assert incident.call_back == "knock twice"


# --- how many ---------------------------------------------------------------------------------------------------------


def write(scene: Scene, contact: Contact, times: int) -> list[Message]:
    with scene.database.transaction() as db:
        row = db.get_one(Contact, contact.id)
        return [texts.queue_text(db, row, f"text {n}", actor="caller", now=scene.now) for n in range(times)]


def test_texts_beyond_the_cap_are_held_shown_and_promised_to_a_person(scene: Scene, capsys) -> None:
    contact = scene.texter()
    sent = write(scene, contact, caps.TO_ONE["text"] + 1)
    assert {message.state for message in sent[:-1]} == {"waiting"}
    assert (sent[-1].state, sent[-1].trouble) == ("failed", texts.HELD)
    assert owed(scene) == [("held", True)]
    said = capsys.readouterr().out
    assert "cap_reached" in said
    assert "900" not in said.split("cap_reached")[1].split("contact")[0], "the alarm names no number"


def test_an_hour_later_the_line_texts_them_again(scene: Scene) -> None:
    contact = scene.texter()
    write(scene, contact, caps.TO_ONE["text"])
    scene.later(hours=1)
    assert write(scene, contact, 1)[0].state == "waiting"


def test_one_persons_cap_is_not_anothers(scene: Scene) -> None:
    write(scene, scene.texter(number="+447700900123"), caps.TO_ONE["text"])
    assert write(scene, scene.texter(number="+447700900124"), 1)[0].state == "waiting"


def test_the_service_as_a_whole_has_a_cap_too(scene: Scene, monkeypatch) -> None:
    monkeypatch.setitem(caps.IN_ALL, "text", 3)
    for last in range(3):
        assert write(scene, scene.texter(number="+4477009001" + f"2{last}"), 1)[0].state == "waiting"
    assert write(scene, scene.texter(number="+447700900129"), 1)[0].state == "failed"


def test_a_telephone_rung_back_too_often_is_left_alone_and_a_person_is_told(scene: Scene, monkeypatch) -> None:
    monkeypatch.setitem(caps.TO_ONE, "call", 1)
    nurse = scene.nurse()
    contact = scene.caller(number="+447700900123")
    with scene.database.transaction() as db:
        entry = scene.joins(contact)
        db.add(
            Leg(
                purpose="call_back", to="+447700900123", from_number="+441632960100", entry_id=entry.id, token=0,
                carrier_id="CA" + "5" * 32, staff_id=None, promise_id=None, outcome=None, state="ended",
                made_at=scene.now - timedelta(minutes=5), ended_at=None,
            )
        )  # fmt: skip
        assert caps.reached(db, db.get_one(Contact, contact.id), "call", now=scene.now)
    assert ("held", True) in owed(scene)
    assert scene.takes(nurse), "her own leg is never held"


def test_a_crews_offers_are_never_held(scene: Scene, monkeypatch) -> None:
    monkeypatch.setitem(caps.TO_ONE, "text", 0)
    monkeypatch.setitem(caps.IN_ALL, "text", 0)
    factories.make_unit(scene.database, now=scene.now)
    nurse = scene.nurse()
    contact = scene.caller()
    with scene.database.transaction() as db:
        incidents.ask_for_car(
            db, db.get_one(Contact, contact.id), db.get_one(Staff, nurse.id), address="12 Quay Street", now=scene.now
        )
        messages = db.scalars(select(Message).where(Message.dispatch_id.is_not(None))).all()
        assert [message.state for message in messages] == ["waiting"]

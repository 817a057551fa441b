"""The service's own list of who stopped our texts: people in every later contact, and cars."""

import pytest
from sqlalchemy import select

from callflows import crew
from tests import factories
from tests.fakes import FakeCarrier
from tests.triage.scene import Scene
from tests.triage.test_car_in_full import row_of
from tests.triage.test_crew_calls import calls, looks
from tests.triage.test_dispatch import Car
from triage import dispatch, jobs, ladder, opt_outs, promises, rules, texts
from triage.db import Database
from triage.models import Contact, Message, Promise, Service, Staff, Unit
from triage.texting_models import OptOut

NUMBER = "+447700900321"


def stops(scene: Scene, contact: Contact, how: str = opt_outs.SAID) -> None:
    with scene.database.transaction() as db:
        opt_outs.by_contact(db, db.get_one(Contact, contact.id), how, now=scene.now)


def may_be_texted(scene: Scene, contact: Contact) -> bool:
    with scene.database.reading() as db:
        return texts.may_be_texted(db, db.get_one(Contact, contact.id), asked=True)


@pytest.mark.parametrize("channel", ["call", "text"])
def test_who_stopped_our_texts_gets_none_by_itself_in_a_later_contact_either(scene: Scene, channel: str) -> None:
    nurse = scene.nurse()
    first = scene.texter(number=NUMBER)
    stops(scene, first)
    scene.together(first, nurse)
    scene.finishes(first, nurse)
    scene.later(hours=30)
    later = scene.caller(number=NUMBER, channel=channel, line=factories.ISLAND_LINE)
    assert not may_be_texted(scene, later)
    assert may_be_texted(scene, scene.texter()), "nobody else"
    with scene.database.transaction() as db:
        db.get_one(Contact, later.id).text_consent = True
    with scene.database.transaction() as db, pytest.raises(texts.CannotText, match="Offer them a call"):
        texts.to_person(db, db.get_one(Contact, later.id), "Hello", db.get_one(Staff, nurse.id), now=scene.now)


def test_their_own_word_lifts_it_for_every_contact(scene: Scene) -> None:
    first, elsewhere = scene.texter(number=NUMBER), scene.texter(number=NUMBER, line=factories.ISLAND_LINE)
    stops(scene, first)
    assert not may_be_texted(scene, elsewhere)
    with scene.database.transaction() as db:
        assert opt_outs.again_by_contact(db, db.get_one(Contact, elsewhere.id), now=scene.now)
    assert may_be_texted(scene, first)
    assert may_be_texted(scene, elsewhere)
    with scene.database.transaction() as db:
        assert not opt_outs.again_by_contact(db, db.get_one(Contact, elsewhere.id), now=scene.now), "said again"
    assert scene.history(elsewhere).count("texts_wanted") == 1


def test_it_is_written_down_once_however_often_it_is_said_and_kept_when_it_is_lifted(scene: Scene) -> None:
    person = scene.texter(number=NUMBER)
    stops(scene, person)
    stops(scene, person, opt_outs.CARRIER)
    assert scene.history(person).count("texts_stopped") == 1
    with scene.database.transaction() as db:
        opt_outs.again_by_contact(db, db.get_one(Contact, person.id), now=scene.now)
    stops(scene, person)
    with scene.database.reading() as db:
        rows = db.scalars(select(OptOut).order_by(OptOut.lifted_at.is_(None), OptOut.since)).all()
        assert [(row.number, row.how, row.lifted_at is None) for row in rows] == [
            (NUMBER, "said", False), (NUMBER, "said", True),
        ]  # fmt: skip
        assert NUMBER not in str([row.number_sealed for row in rows])


def test_nobody_is_taken_for_a_withheld_number(scene: Scene) -> None:
    stops(scene, scene.texter(number=None))
    with scene.database.reading() as db:
        assert not opt_outs.stopped(db, None)
        assert db.scalar(select(OptOut)) is None


def test_the_text_that_we_tried_to_ring_is_not_sent_to_them(scene: Scene) -> None:
    before = scene.texter(number=NUMBER)
    stops(scene, before)
    person = scene.caller(number=NUMBER)
    with scene.database.transaction() as db:
        row = db.get_one(Contact, person.id)
        row.text_consent = True
        owed = promises.owe_call_back(db, row, "Rang off", now=scene.now)
        assert owed is not None
        for _ in range(ladder.TEXTED_AFTER):
            promises.note(db, owed, "No answer", by=None, now=scene.now)
            ladder.tried(db, owed, now=scene.now)
    assert scene.texts_to(NUMBER) == []


def test_a_text_of_the_lines_own_that_was_waiting_when_they_said_stop_is_not_sent(scene: Scene) -> None:
    person = scene.texter(number=NUMBER)
    with scene.database.transaction() as db:
        texts.queue_text(db, db.get_one(Contact, person.id), "On the way", actor="clock", now=scene.now)
    stops(scene, person)
    carrier = FakeCarrier()
    for row in scene.jobs("send_text"):
        jobs.run(jobs.Means(scene.database, carrier, factories.FALLBACK), row.id)
    assert carrier.texts == []
    assert [message.state for message in scene.texts_to(NUMBER)] == ["failed"]
    assert scene.owed() == [], "nobody has to act on it"


def test_a_landline_is_rung_and_not_texted_by_anybody(scene: Scene) -> None:
    nurse, person = scene.nurse(), scene.texter(number="+441632960321")
    assert not may_be_texted(scene, person)
    with scene.database.transaction() as db, pytest.raises(texts.CannotText, match="A landline reads texts aloud"):
        texts.to_person(db, db.get_one(Contact, person.id), "Hello", db.get_one(Staff, nurse.id), now=scene.now)


@pytest.mark.parametrize("line", [factories.DIRECT, factories.ISLAND_LINE])
def test_a_reply_goes_from_the_number_they_wrote_to(scene: Scene, line: str) -> None:
    nurse, person = scene.nurse(), scene.texter(line=line)
    with scene.database.transaction() as db:
        row = db.get_one(Contact, person.id)
        by_nurse = texts.to_person(db, row, "Hello", db.get_one(Staff, nurse.id), now=scene.now)
        by_itself = texts.queue_text(db, row, "On the way", actor="clock", now=scene.now)
        assert (by_nurse.line, by_itself.line) == (line, line)


# --- cars -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def car(database: Database) -> Car:
    made = Car(database)
    made.on_duty("IW01")
    return made


def carrier_refuses(car: Car, message: Message) -> None:
    with car.database.transaction() as db:
        texts.reported(db, message.id, "", "fail", now=car.now, trouble="opted_out")


def stopped(car: Car) -> set[str]:
    with car.database.reading() as db:
        return opt_outs.units_stopped(db, dispatch.texts_from(db))


@pytest.mark.parametrize("how", ["the carrier refuses", "the crew sends STOP"])
def test_a_car_whose_phone_stopped_our_texts_is_rung_about_its_offer_at_once(car: Car, how: str) -> None:
    if how == "the crew sends STOP":
        car.says("IW01", "Stop")
        row = car.open(car.asked())
    else:
        row = car.open(car.asked())
        carrier_refuses(car, car.texts_to(car.unit("IW01").phone)[-1])
    assert stopped(car) == {"IW01"}
    assert car.unit("IW01").state == "available", "it can be reached, by ringing"
    assert row_of(car, row).state == "offered"
    looks(car)
    looks(car)
    [leg] = calls(car)
    assert leg.to == car.unit("IW01").phone
    assert car.jobs("send_text") == [] or how == "the carrier refuses"


def test_it_is_rung_even_where_crews_are_never_rung_about_offers(database: Database) -> None:
    car = Car(database)
    car.on_duty("IW01")
    car.says("IW01", "END")
    car.asked()
    with database.transaction() as db:
        row = db.get_one(Service, 1)
        row.config = {**row.config, "rules": {**row.config.get("rules", {}), "ring_crew_s": 0}}
        rules.forget(db)
    looks(car)
    assert len(calls(car)) == 1


def test_a_phone_that_was_rung_already_and_refuses_the_text_lets_the_next_car_have_it(car: Car) -> None:
    car.on_duty("IW02")
    incident = car.asked()
    row = car.open(incident)
    car.later(car.rules.ring_crew_s)
    looks(car)
    carrier_refuses(car, car.texts_to(car.unit("IW01").phone)[-1])
    assert row_of(car, row).state == "no_reply"
    assert car.open(incident).call_sign == "IW02"


def test_what_a_crew_that_stopped_our_texts_must_know_is_told_by_a_person(car: Car) -> None:
    row = car.open(car.asked())
    car.acts(row, "acknowledge")
    car.says("IW01", "STOP")
    with car.database.transaction() as db:
        again = dispatch.get(db, row.id)
        told = dispatch.text_crew(db, again, db.get_one(Unit, "IW01"), "Something new", now=car.now)
        assert (told.state, told.trouble) == ("failed", "opted_out")
    with car.database.reading() as db:
        owed = [one.what for one in db.scalars(select(Promise).order_by(Promise.made_at))]
    assert "A text to IW01 did not arrive: tell the crew" in owed
    assert car.jobs("ring_person")


@pytest.mark.parametrize("word", ["START", "unstop", "Yes"])
def test_start_from_the_phone_lifts_it_and_brings_what_it_missed(car: Car, word: str) -> None:
    car.says("IW01", "Stop")
    row = car.open(car.asked())
    said = car.says("IW01", word)
    assert said.startswith(crew.TEXTS_AGAIN)
    assert f"{row.tag} 1 to accept" in said
    assert stopped(car) == set()
    assert "Sea Street" not in said, "the address goes to the crew that accepts"
    car.says("IW01", f"{row.tag} 1")
    assert row_of(car, row).state == "acknowledged"
    assert car.says("IW01", "START") == crew.HOW_TO_REPLY, "said again it is no news"


def test_a_crew_that_stopped_texts_of_another_line_still_gets_its_offers(car: Car) -> None:
    with car.database.transaction() as db:
        opt_outs.add(db, db.get_one(Unit, "IW01").phone, factories.DIRECT, opt_outs.SAID, now=car.now)
    assert stopped(car) == set()
    car.asked()
    assert car.jobs("send_text")

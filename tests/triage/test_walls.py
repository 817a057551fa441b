"""Walls between localities: what is within reach, breaking the glass, who is told, unusual reading, and who is one person."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from tests import factories
from tests.factories import DIRECT, ISLAND_LINE, NOON
from triage import (
    contacts,
    dispatch,
    incidents,
    notices,
    outcomes,
    promises,
    queue,
    same_person,
    service_file,
    units,
    walls,
)
from triage.contacts import NotFound
from triage.db import Database
from triage.models import Contact, History, Message, Outbox, Promise, Staff
from triage.notices import NotForYou
from triage.reach_models import BreakGlass, Notice
from triage.rules import Rules
from triage.same_person import CannotLink
from triage.walls import BadBreak, Walled

WHY = "Their mother rang: they are on the bridge."
Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def service(database: Database) -> None:
    factories.make_service(database)


def of(database: Database, locality: str | None, **over: Any) -> str:
    """A contact of this locality; its id."""
    made = factories.make_contact(database, line=DIRECT, **over)
    with database.transaction() as db:
        db.get_one(Contact, made.id).locality = locality
    return made.id


def staff(database: Database, role: str = "nurse", *localities: str) -> Staff:
    return factories.make_staff(database, roles=(role,), localities=localities)


def opens(database: Database, who: Staff, contact_id: str, at: Any = NOON) -> bool:
    try:
        with database.transaction() as db:
            walls.read_contact(db, contact_id, who, now=at)
    except Walled:
        return False
    return True


def happened(database: Database, what: str, **by: Any) -> list[History]:
    with database.reading() as db:
        return list(db.scalars(select(History).where(History.what == what).filter_by(**by).order_by(History.id)))


def told(database: Database, who: Staff) -> list[Notice]:
    with database.reading() as db:
        return notices.open_for(db, who)


# --- records -----------------------------------------------------------------------------------------------------------


def test_a_record_opens_to_its_own_place_to_overflow_and_while_nobody_knows_its_place(database: Database) -> None:
    ids = {place: of(database, place) for place in ("island", "city", "forest", None)}
    island = staff(database, "nurse", "island")
    assert [opens(database, island, ids[place]) for place in ("island", "forest", "city", None)] == [
        True, True, False, True,
    ]  # fmt: skip
    assert [row.contact_id for row in happened(database, "read")] == [ids["island"], ids["forest"], ids[None]]


def test_what_does_not_exist_is_not_found_and_what_is_walled_says_how_to_open_it(database: Database) -> None:
    island, city = staff(database, "nurse", "island"), of(database, "city")
    with database.transaction() as db:
        with pytest.raises(NotFound):
            walls.read_contact(db, "nothing", island, now=NOON)
        with pytest.raises(Walled, match="break the glass"):
            walls.read_contact(db, city, island, now=NOON)


def test_whoever_took_somebody_from_the_queue_keeps_their_record_and_acts_for_their_place(database: Database) -> None:
    island = factories.make_nurse(database, localities=("island",))
    there = of(database, "city")
    with database.transaction() as db:
        contact = contacts.get(db, there)
        contact.danger = True
        queue.join(db, contact, Rules(), now=NOON)
        entry = queue.claim_next(db, island, Rules(), now=NOON)
        assert entry is not None
        assert entry.contact_id == there
        queue.put_back(db, entry, "given back", actor=island.id, now=NOON)
    assert opens(database, island, there)
    assert [row.detail["locality"] for row in happened(database, "acting_for", actor=island.id)] == ["city"]


def test_acting_through_overflow_is_written_down_once_a_shift(database: Database) -> None:
    island, forest = staff(database, "nurse", "island"), of(database, "forest")
    for hours in (0, 1, 13):
        with database.transaction() as db:
            walls.contact(db, forest, island, now=NOON + timedelta(hours=hours))
    rows = happened(database, "acting_for", contact_id=forest)
    assert [(row.actor, row.detail) for row in rows] == [(island.id, {"locality": "forest"})] * 2


def test_a_search_finds_only_what_opens(database: Database) -> None:
    ids = {place: of(database, place) for place in ("island", "city", "forest", None)}
    asked = {"since": NOON - timedelta(days=1)}
    for who, seen in (
        (staff(database, "nurse", "island"), {"island", "forest", None}),
        (staff(database, "supervisor", "city"), {"city", "island", None}),
        (staff(database, "supervisor"), set(ids)),
        (staff(database, "administrator"), set()),
    ):
        with database.reading() as db:
            within = walls.Walls(db, who, NOON).contacts()
            found = {row.id for row in contacts.search(db, **asked, within=within)}
        assert found == {ids[place] for place in seen}


# --- cars and promises ----------------------------------------------------------------------------------------------------


def car_for(database: Database, contact_id: str, who: Staff) -> str:
    with database.transaction() as db:
        contact = contacts.get(db, contact_id)
        outcomes.record(db, contact, who, now=NOON, urgency="B", disposition="response_car")
        return incidents.ask_for_car(db, contact, who, address="The bandstand", now=NOON).id


def test_a_car_asked_for_elsewhere_is_walled_but_for_whoever_asked(database: Database) -> None:
    city, island = staff(database, "nurse", "city"), staff(database, "nurse", "island")
    dispatcher = staff(database, "dispatcher", "island")
    factories.make_unit(database, "CI01", locality="city")
    there = of(database, "city")
    incident_id = car_for(database, there, city)
    staff(database, "dispatcher", "city")
    with database.transaction() as db:
        running = dispatch.open_of(db, incidents.get(db, incident_id))
        assert running is not None
        for door, given in (
            (walls.seen_incident, incident_id), (walls.incident, incident_id), (walls.dispatched, running.id),
        ):  # fmt: skip
            with pytest.raises(Walled):
                door(db, given, dispatcher, now=NOON)
        with pytest.raises(Walled):
            walls.unit(db, "CI01", dispatcher, now=NOON)
        assert walls.seen_incident(db, incident_id, city, now=NOON).id == incident_id
        assert walls.car_to_send(db, "CI01", dispatcher, now=NOON)  # the island may borrow the city's
        assert not walls.Walls(db, island, NOON).incident(incidents.get(db, incident_id))


def test_what_no_dispatcher_reaches_is_on_every_board(database: Database) -> None:
    city, dispatcher = staff(database, "nurse", "city"), staff(database, "dispatcher", "island")
    incident_id = car_for(database, of(database, "city"), city)
    with database.reading() as db:
        [owed] = db.scalars(select(Promise).where(Promise.kind == "no_unit"))
        assert walls.Walls(db, dispatcher, NOON).promise(owed)
        assert walls.seen_incident(db, incident_id, dispatcher, now=NOON)
    staff(database, "supervisor", "city")
    with database.reading() as db:
        assert not walls.Walls(db, dispatcher, NOON).promise(owed)
        with pytest.raises(Walled):
            walls.seen_incident(db, incident_id, dispatcher, now=NOON)


def test_whoever_was_rung_and_took_the_decision_on_sees_what_it_is_about(database: Database) -> None:
    city, rung = staff(database, "nurse", "city"), staff(database, "dispatcher", "island")
    staff(database, "dispatcher", "city")
    incident_id = car_for(database, of(database, "city"), city)
    with database.transaction() as db:
        owed = db.scalars(select(Promise)).one()
        assert not walls.Walls(db, rung, NOON).promise(owed)
        owed.owner_id = rung.id
        db.flush()
        assert walls.promise(db, owed.id, rung, now=NOON)
        assert walls.incident(db, incident_id, rung, now=NOON)
        promises.settle(db, owed, "Sent the team", rung, now=NOON)
        with pytest.raises(Walled):
            walls.incident(db, incident_id, rung, now=NOON)


def test_a_call_back_is_shown_to_every_nurse_who_could_take_that_person(database: Database) -> None:
    island = factories.make_nurse(database, localities=("island",))
    there = of(database, "city")
    with database.transaction() as db:
        owed = promises.owe_call_back(db, contacts.get(db, there), "Rang off", now=NOON).id
        assert walls.promise(db, owed, island, now=NOON)  # nobody of the city is on shift
    factories.make_nurse(database, localities=("city",))
    with database.transaction() as db, pytest.raises(Walled):
        walls.promise(db, owed, island, now=NOON)


def test_a_car_of_another_place_is_not_set_by_us(database: Database) -> None:
    factories.make_unit(database, "CI01", locality="city")
    island, everywhere = staff(database, "dispatcher", "island"), staff(database, "dispatcher")
    with database.transaction() as db:
        with pytest.raises(Walled):
            walls.unit(db, "CI01", island, now=NOON)
        units.put(db, walls.unit(db, "CI01", everywhere, now=NOON), "off_duty", None, actor=everywhere.id, now=NOON)


# --- breaking the glass ---------------------------------------------------------------------------------------------------


def breaks(database: Database, who: Staff, contact_id: str, why: str = WHY, at: Any = NOON) -> bool:
    with database.transaction() as db:
        return walls.break_glass(db, contact_id, why, who, now=at)[1]


def test_broken_glass_opens_one_record_to_one_person_for_four_hours(database: Database) -> None:
    island, other = staff(database, "nurse", "island"), staff(database, "nurse", "island")
    there, beside = of(database, "city"), of(database, "city")
    assert breaks(database, island, there)
    assert opens(database, island, there, NOON + timedelta(hours=3, minutes=59))
    assert not opens(database, island, there, NOON + timedelta(hours=4))
    assert not opens(database, island, beside)
    assert not opens(database, other, there)


def test_the_reason_is_kept_sealed_and_history_keeps_only_that_there_was_one(database: Database) -> None:
    island, there = staff(database, "nurse", "island"), of(database, "city")
    breaks(database, island, there)
    [row] = happened(database, "glass_broken")
    assert (row.actor, row.contact_id) == (island.id, there)
    with database.reading() as db:
        kept = db.scalars(select(BreakGlass)).one()
        assert kept.reason == WHY
        stored = db.execute(text("select * from break_glass")).one()
        assert "bridge" not in str(stored) + str(row.detail)


@pytest.mark.parametrize("why", ["", "   ", "short", " nine let ", "x" * 1001])
def test_without_a_reason_the_glass_holds(database: Database, why: str) -> None:
    island, there = staff(database, "nurse", "island"), of(database, "city")
    with pytest.raises(BadBreak):
        breaks(database, island, there, why)
    assert not opens(database, island, there)


def test_supervisors_of_the_place_are_told_at_once_and_by_text_without_a_word_of_whom(database: Database) -> None:
    island, there = staff(database, "nurse", "island"), of(database, "city")
    near, far = staff(database, "supervisor", "city"), staff(database, "supervisor", "island")
    breaks(database, island, there)
    assert not breaks(database, island, there)  # said again: nobody is told twice
    assert [(row.kind, row.actor, row.contact_id) for row in told(database, near)] == [
        ("break_glass", island.id, there)
    ]
    assert told(database, far) == []
    with database.reading() as db:
        [sent] = db.scalars(select(Message))
        assert (sent.number, sent.body) == (near.phone, notices.TEXT)
        assert [row.job for row in db.scalars(select(Outbox).where(Outbox.job == "send_text"))] == ["send_text"]


def test_nobody_is_the_second_person_to_themselves(database: Database) -> None:
    alone, there = staff(database, "supervisor", "island"), of(database, "city")
    administrator = staff(database, "administrator")
    breaks(database, alone, there)
    assert told(database, alone) == []
    [notice] = told(database, administrator)
    with database.transaction() as db:
        with pytest.raises(NotForYou):
            notices.acknowledge(db, notice.id, alone, now=NOON)
        with pytest.raises(NotForYou):
            notices.acknowledge(db, notice.id, staff_of(db, "nurse", notice), now=NOON)
        for _again in range(2):
            assert notices.acknowledge(db, notice.id, administrator, now=NOON).acknowledged_by == administrator.id
    assert told(database, administrator) == []
    assert len(happened(database, "notice_acknowledged")) == 1


def staff_of(db: Any, role: str, notice: Notice) -> Staff:
    """Somebody the notice is not for."""
    return Staff(id="stranger", roles=[role], localities=["city"], email="x", name="x", skills=[], phone=None)


def test_a_number_shown_is_told_unless_the_person_is_with_the_nurse_and_did_not_ask_to_stay_anonymous(
    database: Database,
) -> None:
    nurse, supervisor = factories.make_nurse(database), staff(database, "supervisor", "island")
    hers, other = of(database, "island"), of(database, "island")
    with database.transaction() as db:
        queue.join(db, contacts.get(db, hers), Rules(), now=NOON)
        assert queue.claim_next(db, nurse, Rules(), now=NOON)
        assert walls.reveal(db, hers, "call_back", nurse, now=NOON)
    assert told(database, supervisor) == []
    with database.transaction() as db:
        walls.note_anonymous(db, contacts.get(db, hers), nurse, now=NOON)
        assert walls.reveal(db, hers, "call_back", nurse, now=NOON)
        assert walls.reveal(db, other, "call_back", nurse, now=NOON)
    assert {(row.kind, row.contact_id) for row in told(database, supervisor)} == {
        ("revealed", hers), ("revealed", other),
    }  # fmt: skip
    with database.reading() as db:
        assert db.scalars(select(Message)).all() == []  # a number shown for a call-back wakes nobody


# --- unusual reading ------------------------------------------------------------------------------------------------------


def test_more_than_twenty_people_in_ten_minutes_is_told_once_an_hour(database: Database) -> None:
    nurse, supervisor = staff(database, "nurse", "island"), staff(database, "supervisor", "city")
    ids = [of(database, "island") for _ in range(25)]
    for second, contact_id in enumerate(ids[:20]):
        opens(database, nurse, contact_id, NOON + timedelta(seconds=second))
        opens(database, nurse, contact_id, NOON + timedelta(seconds=second))  # the same person again counts once
    assert told(database, supervisor) == []
    for second, contact_id in enumerate(ids[20:]):
        opens(database, nurse, contact_id, NOON + timedelta(seconds=60 + second))
    assert [(row.kind, row.actor, row.contact_id) for row in told(database, supervisor)] == [
        ("unusual_reading", nurse.id, None)
    ]
    later = NOON + timedelta(hours=2)
    for contact_id in ids[:21]:
        opens(database, nurse, contact_id, later)
    assert len(told(database, supervisor)) == 2


def test_twenty_people_over_a_shift_is_ordinary_work(database: Database) -> None:
    nurse, supervisor = staff(database, "nurse", "island"), staff(database, "supervisor", "city")
    for minute in range(25):
        opens(database, nurse, of(database, "island"), NOON + timedelta(minutes=minute))
    assert told(database, supervisor) == []


# --- one person -----------------------------------------------------------------------------------------------------------

NUMBER, SECOND = "+447700900123", "+447700900124"


def linked(database: Database, contact_id: str) -> set[str]:
    with database.reading() as db:
        return set(db.scalars(select(Contact.id).where(same_person.others(db, contacts.get(db, contact_id)))))


def says(database: Database, nurse: Staff, one: str, other: str, *, same: bool, at: Any = NOON) -> None:
    with database.transaction() as db:
        same_person.say(
            db, contacts.get(db, one), contacts.get(db, other), nurse, same=same, reason="They told me so.", now=at
        )


def test_a_telephone_links_over_days_and_channels_and_a_withheld_one_nobody(database: Database) -> None:
    first = of(database, "island", number=NUMBER)
    texted = factories.make_contact(database, channel="text", number=NUMBER, now=NOON + timedelta(days=3)).id
    hidden, hidden_too = of(database, "island", number=None), of(database, "island", number=None)
    assert linked(database, first) == {texted}
    assert linked(database, texted) == {first}
    assert linked(database, hidden) == linked(database, hidden_too) == set()


@pytest.mark.parametrize("kind", list(same_person.SHARED_KINDS))
def test_a_shared_telephone_links_nobody_until_the_mark_is_taken_back(database: Database, kind: str) -> None:
    nurse = staff(database, "nurse", "island")
    one, other = of(database, "island", number=NUMBER), of(database, "island", number=NUMBER)
    with database.transaction() as db:
        for _again in range(2):
            same_person.mark_shared(db, contacts.get(db, one), kind, nurse, now=NOON)
        assert same_person.telephone(db, contacts.get(db, other)).kind == kind
    assert linked(database, one) == set()
    with database.reading() as db:
        assert NUMBER not in str(db.execute(text("select * from shared_number")).one())
    with database.transaction() as db:
        for _again in range(2):
            same_person.mark_own(db, contacts.get(db, one), nurse, now=NOON)
    assert linked(database, one) == {other}
    assert [row.what for row in happened(database, "telephone_shared") + happened(database, "telephone_own")] == [
        "telephone_shared", "telephone_own",
    ]  # fmt: skip


def test_a_shared_telephone_raises_nobody_and_merges_nobodys_promises(database: Database) -> None:
    nurse = staff(database, "nurse", "island")
    ids = [of(database, "island", number=NUMBER, now=NOON + timedelta(minutes=n)) for n in range(3)]
    with database.transaction() as db:
        same_person.mark_shared(db, contacts.get(db, ids[0]), "switchboard", nurse, now=NOON)
        for contact_id in ids[:2]:
            contact = contacts.get(db, contact_id)
            contact.danger = True
            entry = queue.join(db, contact, Rules(), now=NOON)
            queue.step(db, entry, "abandon", actor="caller", now=NOON, ended_at=NOON, ended_how="rang_off")
            promises.owe_call_back(db, contact, "Rang off", now=NOON - timedelta(days=1))
        fresh = queue.join(db, contacts.get(db, ids[2]), Rules(), now=NOON + timedelta(minutes=3))
        assert (fresh.band, fresh.reasons) == (queue.NOT_ASKED, ["Not yet asked"])
        promises.settle_for(db, contacts.get(db, ids[2]), "call_back", "With a nurse", actor="clock", now=NOON)
        assert len(promises.owed(db, NOON)) == 2


def test_the_service_file_may_say_which_telephones_are_shared(database: Database) -> None:
    nurse = staff(database, "nurse", "island")
    one, _two = of(database, "island", number=NUMBER), of(database, "island", number=NUMBER)
    marked = of(database, "island", number=SECOND)
    with database.transaction() as db:
        same_person.mark_shared(db, contacts.get(db, marked), "payphone", nurse, now=NOON)
    ward = (service_file.SharedNumber(NUMBER, "switchboard"),)
    for shared_numbers, changes, kind in (
        (ward, ["shared number ending 123: added"], "switchboard"),
        (ward, [], "switchboard"),
        ((service_file.SharedNumber(NUMBER),), ["shared number ending 123: kind"], "shared"),
        ((), ["shared number ending 123: retired"], "own"),
    ):
        made = factories.make_service(database, shared_numbers=shared_numbers)
        assert [change for change in made if change.startswith("shared")] == changes
        with database.reading() as db:
            assert same_person.telephone(db, contacts.get(db, one)).kind == kind
            assert same_person.telephone(db, contacts.get(db, marked)).kind == "payphone"


def test_a_nurse_parts_and_joins_with_a_reason_and_the_newest_word_holds(database: Database) -> None:
    nurse = staff(database, "nurse", "island")
    one, two = of(database, "island", number=NUMBER), of(database, "island", number=NUMBER)
    other = of(database, "island", number=SECOND)
    hidden = of(database, "island", number=None)
    says(database, nurse, one, two, same=False)
    assert (linked(database, one), linked(database, two)) == (set(), set())
    says(database, nurse, two, one, same=True, at=NOON + timedelta(minutes=1))
    says(database, nurse, one, other, same=True)
    says(database, nurse, hidden, other, same=True)
    assert linked(database, one) == {two, other}
    assert linked(database, other) == {one, two, hidden}
    later = of(database, "island", number=SECOND, now=NOON + timedelta(days=1))
    assert {one, other, hidden} <= linked(database, later)
    assert len(happened(database, "parted_records")) == 2  # on the record of each
    assert all(row.detail.keys() == {"other", "parting"} for row in happened(database, "joined_records"))
    with database.reading() as db:
        assert "told me" not in str(db.execute(text("select * from parting")).all())


def test_joining_takes_two_contacts_and_a_reason(database: Database) -> None:
    nurse, one, two = staff(database, "nurse", "island"), of(database, "island"), of(database, "island")
    hidden = of(database, "island", number=None)
    with database.transaction() as db:
        mine, other = contacts.get(db, one), contacts.get(db, two)
        for given, field in (((mine, mine, WHY), "other"), ((mine, other, " because "), "reason")):
            with pytest.raises(CannotLink) as refused:
                same_person.say(db, given[0], given[1], nurse, same=True, reason=given[2], now=NOON)
            assert refused.value.field == field
        for contact_id, kind in ((one, "mine"), (hidden, "payphone")):
            with pytest.raises(CannotLink):
                same_person.mark_shared(db, contacts.get(db, contact_id), kind, nurse, now=NOON)


def test_nobody_is_raised_by_what_was_parted(database: Database) -> None:
    nurse = staff(database, "nurse", "island")
    one = factories.make_contact(database, number=NUMBER, line=ISLAND_LINE).id
    two = factories.make_contact(database, number=NUMBER, line=ISLAND_LINE, now=NOON + timedelta(minutes=1)).id
    says(database, nurse, one, two, same=False)
    with database.transaction() as db:
        entry = queue.join(db, contacts.get(db, one), Rules(), now=NOON)
        queue.step(db, entry, "abandon", actor="caller", now=NOON, ended_at=NOON, ended_how="rang_off")
        assert queue.join(db, contacts.get(db, two), Rules(), now=NOON).reasons == ["Not yet asked"]

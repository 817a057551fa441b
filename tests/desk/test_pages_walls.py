"""The pages of walls: what stands there instead of another locality's record, who is told, who saw what, figures."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.desk import night
from tests.desk.pages_lab import Lab, Person
from triage import contacts, walls
from triage.models import Staff

WHY = "Their mother rang: they are on the bridge."


@pytest.fixture
def lab(new_database: object) -> Iterator[Lab]:
    made = Lab(new_database("sqlite"))  # type: ignore[operator]
    yield made
    made.close()


@pytest.fixture
def theirs(lab: Lab) -> str:
    """A contact of Southampton."""
    return night.waits(lab.database, now=lab.now, keyword="marigold", number="+447700900123").id


def reader(lab: Lab) -> Person:
    staff = Staff(name="Rhea", email="rhea@example.org", roles=["reader"], localities=[], skills=[], phone=None)
    with lab.database.transaction() as db:
        db.add(staff)
    return Person(lab.app, staff)


def test_another_localitys_record_is_a_wall_with_a_way_through_it(lab: Lab, theirs: str) -> None:
    ana = lab.as_("ana")
    wall = ana.get(f"/contacts/{theirs}")
    assert wall.status_code == 403
    assert "break the glass" in wall.text
    assert "123" not in re.sub(r'(?:value|nonce|href|src|action)="[^"]*"', "", wall.text)
    again = ana.post(f"/contacts/{theirs}/break-glass", reason="short")
    assert again.status_code == 422
    assert 'href="#reason"' in again.text
    assert ">short</textarea>" in again.text
    through = ana.post(f"/contacts/{theirs}/break-glass", reason=WHY)
    assert through.location == f"/contacts/{theirs}"
    record = ana.get(f"/contacts/{theirs}")
    assert "A second person has been told" in record.text
    assert "You act for Southampton" in record.text
    assert WHY not in record.text


def test_a_supervisor_is_told_on_every_page_until_one_has_read_it(lab: Lab, theirs: str) -> None:
    lab.as_("ana").post(f"/contacts/{theirs}/break-glass", reason=WHY)
    isla, jonah, leila = lab.as_("isla"), lab.as_("jonah"), lab.as_("leila")
    for page in ("/board", "/board/live", "/desk", "/desk/live", "/contacts", "/service", "/figures", "/who-saw-what"):
        shown = isla.get(page, script="live" in page).text
        assert "<strong>Ana Fernsby</strong> broke the glass" in shown, page
    assert "broke the glass" not in leila.get("/board").text  # she supervises the island
    notice = re.search(r"/notices/(\w+)/acknowledge", jonah.get("/board").text)
    assert notice
    assert jonah.says(jonah.post(f"/notices/{notice[1]}/acknowledge")) == "Noted that you have read it."
    assert "broke the glass" not in isla.get("/board").text


def test_a_record_says_who_saw_it_to_supervisors_alone(lab: Lab, theirs: str) -> None:
    lab.as_("carys").get(f"/contacts/{theirs}")
    assert "Who saw this record" not in lab.as_("carys").get(f"/contacts/{theirs}").text
    record = lab.as_("isla").get(f"/contacts/{theirs}").text
    seen = record.split("Who saw this record")[1].split("</section>")[0]
    assert [name in seen for name in ("Carys Penhale", "Isla Wrenfield", "Ana Fernsby")] == [True, True, False]


def test_who_saw_what_by_person_and_since_a_time(lab: Lab, theirs: str) -> None:
    carys = lab.staff("carys")
    with lab.database.transaction() as db:
        walls.read_contact(db, theirs, carys, now=lab.now - timedelta(days=3))
        walls.reveal(db, theirs, "they_asked", carys, now=lab.now - timedelta(hours=1))
    page = lab.as_("isla").get(f"/who-saw-what?staff={carys.id}").text
    assert "Carys Penhale: 1" in page
    assert "Number shown (they asked)" in page
    since = (lab.now - timedelta(days=4)).strftime("%Y-%m-%dT%H:%M")
    assert "Carys Penhale: 2" in lab.as_("isla").get(f"/who-saw-what?staff={carys.id}&since={since}").text
    elsewhere = lab.as_("leila").get(f"/who-saw-what?staff={carys.id}").text
    assert f"/contacts/{theirs}" not in elsewhere  # that it was, but not the way in
    for when in ("yesterday", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", ""):
        assert lab.as_("isla").get(f"/who-saw-what?staff={carys.id}&since={quote(when)}").status_code == 200


def test_records_are_parted_joined_and_telephones_marked_on_the_record(lab: Lab) -> None:
    one, two = (night.waits(lab.database, now=lab.now, line=night.ISLAND, number="+447700900123").id for _ in "ab")
    ana = lab.as_("ana")
    page = f"/contacts/{two}"
    assert "The same telephone, 1 earlier contact." in ana.get(page).text
    assert "Say in a few words how you know" in ana.says(ana.post(f"{page}/links", say="part", other=one, reason="no"))
    parted = ana.post(f"{page}/links", say="part", other=f"https://x/contacts/{one}", reason="Another voice entirely")
    assert ana.says(parted) == "Parted: they do not count as one person."
    assert "The same telephone" not in ana.get(page).text
    assert ana.post(f"{page}/links", say="perhaps", other=one, reason=WHY).status_code == 400
    assert ana.post(f"{page}/links", say="join", other="nothing", reason=WHY).status_code == 404
    ana.post(f"{page}/links", say="join", other=one, reason="They told me so themselves")
    assert "The same telephone, 1 earlier contact." in ana.get(page).text
    ana.post(f"{page}/telephone", kind="payphone")
    assert "A payphone: nothing is known" not in ana.get(page).text  # a nurse's word still joins these two
    assert "<dd>A payphone</dd>" in ana.get(page).text
    assert "links its contacts again" in ana.says(ana.post(f"{page}/telephone", kind="own"))
    ana.post(f"{page}/anonymous")
    assert "They asked to stay anonymous." in ana.get(page).text


def test_earlier_contacts_behind_a_wall_show_when_and_where_alone(lab: Lab, theirs: str) -> None:
    with lab.database.transaction() as db:
        contacts.get(db, theirs).started_at -= timedelta(days=2)
    mine = night.waits(lab.database, now=lab.now, line=night.ISLAND, number="+447700900123").id
    ana = lab.as_("ana")
    record = ana.get(f"/contacts/{mine}").text
    assert "another locality's record" in record
    night.ready(lab.database, lab.staff("carys"), now=lab.now, state="busy")
    night.ready(lab.database, lab.staff("ana"), now=lab.now)
    night.take(lab.database, lab.staff("ana"), now=lab.now)
    assert "Another locality's record." in ana.get("/desk").text.replace("&#39;", "'")


def test_whoever_acts_for_another_place_is_told_so(lab: Lab) -> None:
    night.waits(lab.database, now=lab.now, keyword="lantern", channel="text")
    night.ready(lab.database, lab.staff("dev"), now=lab.now, state="off")
    night.ready(lab.database, lab.staff("carys"), now=lab.now)
    carys = lab.as_("carys")
    assert "You act for Portsmouth." in carys.says(carys.post("/desk/next"))
    assert "You act for Portsmouth." in carys.get("/desk").text


def test_a_reader_starts_and_ends_at_the_figures(lab: Lab, theirs: str) -> None:
    rhea = reader(lab)
    assert rhea.get("/").location == "/figures"
    page = rhea.get("/figures").text
    assert "fewer than 5" in page
    assert re.findall(r'nhsuk-header__navigation-link" href="([^"]+)"', page) == ["/figures"]
    late = rhea.get("/figures?month=2099-01")
    assert late.status_code == 422
    assert "That month is not over" in late.text
    for path in ("/desk", "/board", "/contacts", f"/contacts/{theirs}", "/service", "/who-saw-what"):
        assert rhea.get(path).status_code == 403, path


def test_a_page_is_shown_when_notices_cannot_be_read(lab: Lab) -> None:
    isla = lab.as_("isla")
    with lab.database.transaction() as db:
        db.connection().exec_driver_sql("ALTER TABLE notice RENAME TO notice_away")
    assert isla.get("/figures").status_code == 200


def test_the_months_of_the_car_are_a_page_and_a_spreadsheet_for_those_who_run_the_service(lab: Lab) -> None:
    night.busy(lab.database, lab.now)
    isla = lab.as_("isla")
    assert "/figures/cars" in isla.get("/figures").text
    assert "/figures/cars" not in reader(lab).get("/figures").text
    page = isla.get("/figures/cars").text
    assert "All places" in page
    assert "Offered to accepted" in page
    assert "IW01" in page
    file = isla.get("/figures/cars.csv")
    assert file.mimetype == "text/csv"
    assert file.text.splitlines()[0].startswith("month,locality,jobs")
    assert isla.get("/figures/cars?month=2020-02").text.count("<table") == 0
    assert isla.get("/figures/cars?month=nonsense").status_code == 422

"""Two people on the pages: what waits, who may decide; and what is kept beside a record."""

import re
from collections.abc import Iterator

import pytest

from tests.desk.pages_lab import Lab
from triage import approvals
from triage.models import Contact


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    made = Lab(database_url)
    yield made
    made.close()


def asked(lab: Lab, by: str = "operator") -> str:
    with lab.database.transaction() as db:
        return approvals.ask(db, "export", "Export <b>all</b>", {"by": by}, by=by, now=lab.now).id


def test_two_people_agree_on_the_page_and_nobody_else_sees_it(lab: Lab) -> None:
    one = asked(lab)
    isla, kit, ana = lab.as_("isla"), lab.as_("kit"), lab.as_("ana")
    page = isla.get("/two-people").text
    assert "Export &lt;b&gt;all" in page
    assert "0 of 2 people" in page
    assert "takes one more" in isla.says(isla.post(f"/two-people/{one}", answer="agree"))
    assert "You agreed" in isla.get("/two-people").text
    assert "somebody else as well" in isla.says(isla.post(f"/two-people/{one}", answer="agree"))
    assert "Press Agree" in kit.says(kit.post(f"/two-people/{one}", answer="perhaps"))
    assert "makes two" in kit.says(kit.post(f"/two-people/{one}", answer="agree"))
    assert "agreed, not yet used" in kit.get("/two-people").text
    assert ana.get("/two-people").status_code == 403
    assert ana.post(f"/two-people/{one}", answer="agree").status_code == 403
    assert kit.post("/two-people/nothing", answer="agree").status_code == 404


def test_whoever_asked_has_no_button(lab: Lab) -> None:
    isla = lab.as_("isla")
    assert isla.staff
    asked(lab, by=isla.staff.id)
    assert "You asked for this" in isla.get("/two-people").text
    assert 'value="agree"' not in isla.get("/two-people").text


def test_a_record_shows_how_long_it_is_kept_what_holds_it_and_what_the_person_asked(lab: Lab) -> None:
    isla, ana = lab.as_("isla"), lab.as_("ana")
    with lab.database.transaction() as db:
        contact = Contact(
            channel="call", carrier_id="CAx", number="+447700900456", route="direct", locality="iow",
            started_at=lab.now, place="waiting",
        )  # fmt: skip
        db.add(contact)
    at = f"/contacts/{contact.id}"
    page = ana.get(at).text
    assert f"Mental health: kept until {lab.now:%B} {lab.now.year + 20}" in re.sub(r"\s+", " ", page)
    assert "Hold this record" not in page
    assert "four digits" in ana.says(ana.post(f"{at}/class", kind="child", born="x"))
    assert "Choose one of" in ana.says(ana.post(f"{at}/class", kind="x"))
    assert "Noted" in ana.says(ana.post(f"{at}/class", kind="child", born=str(lab.now.year - 10)))
    assert "Recorded" in ana.says(ana.post(f"{at}/rights", kind="correction", words="It was <i>Tuesday</i>"))
    assert ana.post(f"{at}/hold", reason="x").status_code == 403
    assert "Say why" in isla.says(isla.post(f"{at}/hold", reason=" "))
    assert "held" in isla.says(isla.post(f"{at}/hold", reason="Coroner"))
    page = isla.get(at).text
    assert f"born {lab.now.year - 10}" in page
    assert "It was &lt;i&gt;Tuesday" in page
    assert "Coroner" in page
    assert "lifted" in isla.says(isla.post(f"{at}/hold/lift"))
    assert "Coroner" not in isla.get(at).text

"""What the pages say, and what they never say."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from jinja2 import ChainableUndefined
from jinja2.utils import missing
from sqlalchemy import func, select

from callflows import danger, texter
from callflows.caller import Heard
from tests.desk import night
from tests.desk.pages_lab import Lab, Person
from triage import (
    bridge,
    contacts,
    crew_replies,
    dispatch,
    drafts,
    history,
    incidents,
    outcomes,
    presence,
    queue,
    revisions,
    texts,
    units,
)
from triage.models import DirectoryEntry, History, Incident, Keyword, Leg, Locality, Message, Service, Staff

HOSTILE = "<b>x</b>\"'><script>alert(1)</script>{{7*7}}"
PAGES = ("/desk", "/desk/live", "/board", "/board/live", "/service", "/contacts")


@pytest.fixture
def lab(new_database: Callable[[str], str]) -> Iterator[Lab]:
    made = Lab(new_database("sqlite"))
    yield made
    made.close()


def everything(lab: Lab, hers: str, nurse: str = "ana") -> list[tuple[str, str]]:
    """Every page with a busy night on it, as text."""
    people = [lab.as_(nurse), lab.as_("jonah")]
    found = []
    for person in people:
        for path in (*PAGES, f"/contacts/{hers}"):
            answer = person.get(path)
            if answer.status_code == 200:
                found.append((path, answer.text))
    found.append(("search", people[0].post("/contacts", number="0123").text))
    found.append(("sign-in", Person(lab.app).get("/sign-in").text))
    assert len(found) >= 12
    return found


def test_every_page_opens_on_a_busy_night(database_url: str) -> None:
    lab = Lab(database_url)
    made = night.busy(lab.database, lab.now)
    for path, page in everything(lab, made.hers):
        assert "Traceback" not in page, path
    lab.close()


def test_no_page_speaks_of_risk_or_shows_a_whole_number(lab: Lab) -> None:
    made = night.busy(lab.database, lab.now)
    ours = {"+441632960100", "+441632960111", "+441632960120", "+441632960130"}
    for path, page in everything(lab, made.hers):
        assert not re.search(r"\brisk", page, re.IGNORECASE), path
        whole = set(re.findall(r"\+447700900\d{3}", page))
        assert not whole - ours, (path, whole)


def test_what_people_typed_is_shown_as_they_typed_it_and_never_run(lab: Lab) -> None:
    made = night.busy(lab.database, lab.now)
    with lab.database.transaction() as db:
        for table, column in ((Locality, "name"), (DirectoryEntry, "what"), (Staff, "name"), (Keyword, "agreed_by")):
            for row in db.scalars(select(table)):
                setattr(row, column, HOSTILE)
        service = db.get_one(Service, 1)
        service.name, service.wording = HOSTILE, {"greeting": HOSTILE}
        for incident in db.scalars(select(Incident)):
            incident.address = incident.concern = incident.postcode = HOSTILE
            incident.fallback = incident.fallback and HOSTILE
        row = contacts.get(db, made.hers)
        row.keyword, row.route = HOSTILE, HOSTILE
        entry = contacts.entry_of(db, made.hers)
        assert entry
        entry.reasons = [HOSTILE]
        ana = lab.staff("ana")
        outcomes.record(
            db, row, ana, now=lab.now, urgency="B", disposition="other", notes=HOSTILE, agreed=HOSTILE,
            next_steps=HOSTILE, who=HOSTILE,
        )  # fmt: skip
        fields = {"notes": HOSTILE, "who": HOSTILE, "themes": [HOSTILE]}
        drafts.save(db, row.id, ana, {"outcome": fields, "car": {"address": HOSTILE}, "text": HOSTILE}, now=lab.now)
        texts.received(db, row, "SM-hostile", HOSTILE, now=lab.now)
        presence.of(db, lab.staff("carys")).reason = HOSTILE
        presence.of(db, ana).reason = HOSTILE
        unit = units.get(db, "PO01")
        unit.reason, unit.crew = HOSTILE, [HOSTILE]
        running = dispatch.open_of_unit(db, "IW01")[0]
        running.note = HOSTILE
    lab.app.extensions["nowrongdoor.desk"].kept._read_at = float("-inf")
    shown = 0
    for path, page in everything(lab, made.hers):
        assert "<b>x" not in page, path
        assert "<script>alert" not in page, path
        assert '">' not in page.replace("&#34;&gt;", "").split("alert(1)")[0][-20:], path
        assert "{49}" not in page
        shown += page.count("&lt;b&gt;x&lt;/b&gt;")
    assert shown > 60


class Recorder(ChainableUndefined):
    """Notes every top-level name that a template used and nobody gave it."""

    names: set[str] = set()  # noqa: RUF012

    def __init__(self, hint=None, obj=missing, name=None, exc=None):  # type: ignore[no-untyped-def]
        super().__init__(hint, obj, name)
        if obj is missing and name:
            self.names.add(name)


def test_no_template_of_ours_misspells_a_name(lab: Lab) -> None:
    made = night.busy(lab.database, lab.now)
    Recorder.names = set()
    lab.app.jinja_env.undefined = Recorder
    everything(lab, made.hers)
    theirs = {"caller", "href", "params", "undefined"}  # the NHS.UK macros ask whether they were given these
    optional = {"section", "text_error", "text_look", "ending_error", "ending_look"}  # only some pages give them
    assert not Recorder.names - theirs - optional


# --- the desk ---------------------------------------------------------------------------------------------------------


def row_of(page: str, needle: str) -> str:
    """The table row or list item that holds `needle`."""
    found = [row for row in re.findall(r"<(?:tr|li)\b.*?</(?:tr|li)>", page, re.DOTALL) if needle in row]
    assert found, f"{needle} is not on the page"
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def test_the_desk_says_who_waits_why_where_and_in_what_order(lab: Lab) -> None:
    night.waits(lab.database, now=lab.now, minutes=5, line=night.ISLAND, number="+447700900456")
    night.waits(lab.database, now=lab.now, minutes=1, danger=True, number=None)
    page = lab.as_("ana").get("/desk").text
    assert page.index("Said there is danger now") < page.index("Not yet asked")
    assert row_of(page, "Said there is danger now").startswith("■ Now")
    assert "withheld" in row_of(page, "Said there is danger now")
    waiting = row_of(page, "Not yet asked")
    assert "In turn" in waiting
    assert "Isle of Wight" in waiting
    assert "••• ••• 456" in waiting
    assert "5:0" in waiting
    assert 'data-danger="1"' in page
    assert "2 people waiting, 2 for you" in page


def test_an_area_whose_own_nurses_are_on_shift_is_marked_as_theirs(lab: Lab) -> None:
    night.ready(lab.database, lab.staff("carys"), now=lab.now)
    night.waits(lab.database, now=lab.now, keyword="marigold")
    page = lab.as_("ewa").get("/desk").text
    assert "its own nurses take them" in row_of(page, "Southampton")
    assert "1 person waiting, 0 for you" in page


def test_of_areas_beyond_reach_a_nurse_sees_only_that_somebody_waits(lab: Lab) -> None:
    night.ready(lab.database, lab.staff("carys"), now=lab.now)
    night.waits(lab.database, now=lab.now, keyword="marigold")
    page = lab.as_("ana").get("/desk").text
    assert "Southampton" not in page.split('id="queue"')[1].split("</section>")[0]
    assert "1 more waits for nurses of other places" in page
    assert "Nobody is waiting for nurses of your places" in page


def test_the_state_of_the_connection_is_told_as_it_goes(lab: Lab) -> None:
    ana = lab.staff("ana")
    night.ready(lab.database, ana, now=lab.now)
    page = lab.as_("ana")
    waiting = night.waits(lab.database, now=lab.now, minutes=2, line=night.ISLAND)
    night.take(lab.database, ana, now=lab.now, together=False)

    def words() -> str:
        found = re.search(r'class="connection[^"]*"><strong>([^<]+)', page.get("/desk").text)
        return found[1] if found else ""

    assert words() == "Asking the carrier to ring your phone."
    leg_is(lab, "ringing")
    assert words() == "Ringing your phone. Answer, then press 1."
    leg_is(lab, "answered")
    assert words() == "You have answered. Press 1 to take the call."
    with lab.database.transaction() as db:
        entry = bridge.accepted(db, db.scalars(select(Leg)).one(), night.RULES, now=lab.now)
    assert words() == "Connecting: they are being brought to you."
    with lab.database.transaction() as db:
        bridge.caller_joined(db, contacts.entry_of(db, waiting.id), now=lab.now)  # type: ignore[arg-type]
    assert words() == "You are together."
    assert entry.room not in page.get("/desk").text
    with lab.database.transaction() as db:
        bridge.caller_gone(db, contacts.get(db, waiting.id), now=lab.now)
    assert words().startswith("They rang off.")


def leg_is(lab: Lab, state: str) -> None:
    with lab.database.transaction() as db:
        db.scalars(select(Leg)).one().state = state


def test_a_nurse_whose_line_was_lost_is_told_where_the_person_is(lab: Lab) -> None:
    ana = lab.staff("ana")
    night.ready(lab.database, ana, now=lab.now)
    night.waits(lab.database, now=lab.now, minutes=2, line=night.ISLAND)
    night.take(lab.database, ana, now=lab.now)
    with lab.database.transaction() as db:
        bridge.leg_ended(db, db.scalars(select(Leg)).one(), "completed", night.RULES, now=lab.now)
    page = lab.as_("ana").get("/desk").text
    assert "The nurse&#39;s line was lost" in page
    assert "Nobody is with you" in page
    assert "The nurse&#39;s line was lost" in row_of(page, "Isle of Wight")


def test_after_the_person_rang_off_the_nurse_can_still_write_down_what_was_decided(lab: Lab) -> None:
    ana = lab.staff("ana")
    night.ready(lab.database, ana, now=lab.now)
    contact = night.waits(lab.database, now=lab.now, line=night.ISLAND)
    night.take(lab.database, ana, now=lab.now)
    with lab.database.transaction() as db:
        bridge.caller_gone(db, contacts.get(db, contact.id), now=lab.now)
    page = lab.as_("ana")
    assert 'id="outcome-form"' in page.get("/desk").text
    answer = page.post(f"/desk/contacts/{contact.id}/outcomes", urgency="G", disposition="home_management")
    assert "Outcome recorded" in page.says(answer)
    page.post("/desk/presence", state="busy")
    assert 'id="outcome-form"' not in page.get("/desk").text


def test_others_see_who_has_whom_by_name_and_place_only(lab: Lab) -> None:
    made = night.busy(lab.database, lab.now)
    page = lab.as_("femi").get("/desk").text
    assert row_of(page, "Ana Fernsby").startswith("Ana Fernsby : with somebody, text from Isle of Wight")
    assert made.hers not in page
    assert "my brother shouts" not in page


def test_a_text_that_was_lost_is_a_row_that_says_what_to_do(lab: Lab) -> None:
    night.busy(lab.database, lab.now)
    row = row_of(lab.as_("ana").get("/desk").text, "Are you somewhere safe")
    assert "not delivered" in row
    assert "Ask before you send it again" in row
    assert "Send it again" in row


def with_texter(lab: Lab, *bodies: str, apart_s: int = 5) -> str:
    """Ana has somebody who texted all this; the contact's id."""
    nurse = lab.staff("ana")
    night.ready(lab.database, nurse, now=lab.now)
    contact = night.waits(lab.database, now=lab.now, minutes=5, line=night.ISLAND, channel="text")
    with lab.database.transaction() as db:
        for at, body in enumerate(bodies):
            came = lab.now - timedelta(minutes=4) + timedelta(seconds=at * apart_s)
            texts.received(db, contacts.get(db, contact.id), f"SM-{at}", body, now=came)
    assert night.take(lab.database, nurse, now=lab.now) == contact.id
    return contact.id


def test_the_nurse_reads_which_words_the_list_of_danger_met_and_which_list_it_was(lab: Lab) -> None:
    contact_id = with_texter(lab, "I feel low", "I've taken 30 tablets", "I'm not in danger <b>")
    for page in (lab.as_("ana").get("/desk").text, lab.as_("ana").get(f"/contacts/{contact_id}").text):
        assert page.count("The list of danger met:") == 1
        row = row_of(page, "I&#39;ve taken 30 tablets")
        assert "ive taken 30 tablets" in row
        assert f"(list of {danger.VERSION})" in row
    with lab.database.reading() as db:
        kept = db.scalars(select(History).where(History.contact_id == contact_id)).all()
        assert "ive taken" not in repr([line.detail for line in kept])


@pytest.mark.parametrize(("apart_s", "met"), [(5, 1), (60, 0)])
def test_words_sent_in_one_breath_are_shown_as_they_were_read(lab: Lab, apart_s: int, met: int) -> None:
    with_texter(lab, "ive taken", "40 tablets", apart_s=apart_s)
    page = lab.as_("ana").get("/desk").text
    assert page.count("The list of danger met:") == met
    assert ("ive taken 40 tablets" in page) == bool(met)


@pytest.mark.parametrize(("language", "word"), [("cy", "Welsh"), ("en", "English"), (None, None)])
def test_the_language_somebody_chose_stands_with_them(lab: Lab, language: str | None, word: str | None) -> None:
    contact_id = with_texter(lab, "Cymraeg")
    with lab.database.transaction() as db:
        contacts.get(db, contact_id).language = language
    for page in (lab.as_("ana").get("/desk").text, lab.as_("ana").get(f"/contacts/{contact_id}").text):
        assert (f"<dt>Language</dt><dd>{word}</dd>" in page) if word else ("<dt>Language</dt>" not in page)


def test_the_record_says_which_wording_and_which_list_answered(lab: Lab) -> None:
    contact_id = with_texter(lab, "hello")
    with lab.database.transaction() as db:
        standing = lab.app.extensions["nowrongdoor.desk"].standing()
        line = texter.TextLine("Solent Crisis Line")
        reply = texter.reply(line, Heard(danger=True), first=True)
        texts.said_by_line(db, contacts.get(db, contact_id), reply, standing, now=lab.now)
    page = lab.as_("ana").get(f"/contacts/{contact_id}").text
    assert "Answered by the line itself" in page
    assert f"wording 1, list of danger {danger.VERSION}" in page


# --- the records ------------------------------------------------------------------------------------------------------


def written(lab: Lab, what: str) -> int:
    with lab.database.reading() as db:
        return db.scalar(select(func.count()).where(History.what == what)) or 0


def test_opening_a_contact_is_written_down(lab: Lab) -> None:
    made = night.busy(lab.database, lab.now)
    lab.as_("isla").get(f"/contacts/{made.hers}")
    with lab.database.reading() as db:
        read = db.scalars(select(History).where(History.what == "read")).one()
    assert (read.actor, read.contact_id) == (lab.staff("isla").id, made.hers)


def test_a_number_is_shown_whole_for_a_reason_once_and_written_down(lab: Lab) -> None:
    made = night.busy(lab.database, lab.now)
    isla = lab.as_("isla")
    refused = isla.post(f"/contacts/{made.hers}/number", reason="curious")
    assert "Say why" in isla.says(refused)
    assert written(lab, "revealed") == 0
    assert "+447700900123" in isla.post(f"/contacts/{made.hers}/number", reason="call_back").text
    assert written(lab, "revealed") == 1
    assert "+447700900123" not in isla.get(f"/contacts/{made.hers}").text


def test_a_search_needs_a_term_and_is_written_down_without_the_number(lab: Lab) -> None:
    night.busy(lab.database, lab.now)
    isla = lab.as_("isla")
    empty = isla.post("/contacts")
    assert empty.status_code == 422
    assert "Nobody lists everyone" in empty.text
    assert written(lab, "searched") == 0
    for typed in ("07700 900123", "+447700900123", "0123"):
        found = isla.post("/contacts", number=typed)
        assert found.status_code == 200
        assert found.text.count("••• ••• 123") == 2
    with lab.database.reading() as db:
        kept = db.scalars(select(History.detail).where(History.what == "searched")).first()
    assert kept == {"terms": ["number"], "found": 2}
    assert isla.post("/contacts", number="rubbish").status_code == 422
    assert isla.post("/contacts", locality="iow", since="yesterday").status_code == 422
    assert "2 found" in isla.post("/contacts", keyword="Compass").text


def test_the_service_page_shows_what_was_applied_with_who_agreed_the_words(lab: Lab) -> None:
    page = lab.as_("kit").get("/service").text
    assert "Island service users&#39; forum, 1 March 2026" in page
    assert "retired: still reaches a nurse" in row_of(page, "thistle")
    assert "Portsmouth, then Southampton" in row_of(page, "iow")
    assert "••• ••• 201" in row_of(page, "Ana Fernsby")
    assert "2 minutes" in row_of(page, "A crew accepts within")


# --- the board --------------------------------------------------------------------------------------------------------


def test_the_board_keeps_nobody_going_on_top_with_who_to_turn_to(lab: Lab) -> None:
    night.busy(lab.database, lab.now)
    page = lab.as_("grace").get("/board").text
    assert page.index("41 Fratton Row") < page.index("8 Cromwell Road") < page.index("12 Quay Street")
    assert "Ring the Solent home treatment team" in row_of(page, "41 Fratton Row")
    assert "overdue" in row_of(page, "The bench by the Itchen")
    assert "due soon" in row_of(page, "8 Cromwell Road") or "overdue" in row_of(page, "8 Cromwell Road")


def test_a_row_offers_what_its_crew_can_have_said_and_no_more(lab: Lab) -> None:
    night.busy(lab.database, lab.now)
    page = lab.as_("grace").get("/board").text
    with_person = row_of(page, "12 Quay Street")
    assert "Leaving said IW01" in with_person
    assert "Accepted said" not in with_person
    assert "Send" not in with_person
    offered = row_of(page, "8 Cromwell Road")
    assert "Accepted said SO02" in offered
    assert "Send PO01" in offered
    assert "Send SO02" not in offered
    assert "Send SO02" not in row_of(page, "41 Fratton Row")  # it was asked to go elsewhere


def test_waiting_is_counted_by_the_services_clock(lab: Lab) -> None:
    answer = lab.as_("ana").get("/desk/live")
    assert abs(int(answer.headers["X-Service-Time"]) - lab.now.timestamp() * 1000) < 60_000


def test_a_dispatcher_is_not_shown_the_way_to_records_she_may_not_open(lab: Lab) -> None:
    night.busy(lab.database, lab.now)
    assert "/contacts" not in lab.as_("grace").get("/board").text
    assert "/contacts" in lab.as_("jonah").get("/board").text


def test_an_incident_that_ended_stays_in_sight_for_a_while(lab: Lab) -> None:
    made = night.busy(lab.database, lab.now)
    with lab.database.transaction() as db:
        incidents.stand_down(db, incidents.get(db, made.no_car), "Went home", lab.staff("grace"), now=lab.now)
    page = lab.as_("grace").get("/board").text
    assert "Stood down" in row_of(page, "41 Fratton Row")
    assert "Why: Went home" in row_of(page, "41 Fratton Row")


def test_history_moves_the_version_of_the_live_parts(lab: Lab) -> None:
    ana, bola = lab.as_("ana"), lab.as_("bola")
    first = ana.get("/desk/live", script=True)
    tag = first.headers["ETag"]
    same = ana.get("/desk/live", script=True, **{"If-None-Match": tag})
    assert (same.status_code, same.text) == (304, "")
    assert bola.get("/desk/live", script=True, **{"If-None-Match": tag}).status_code == 200
    night.waits(lab.database, now=lab.now)
    changed = ana.get("/desk/live", script=True, **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_a_leg_that_rings_moves_it_too(lab: Lab) -> None:
    ana = lab.staff("ana")
    night.ready(lab.database, ana, now=lab.now)
    night.waits(lab.database, now=lab.now, line=night.ISLAND)
    night.take(lab.database, ana, now=lab.now, together=False)
    page = lab.as_("ana")
    tag = page.get("/desk/live", script=True).headers["ETag"]
    leg_is(lab, "ringing")
    assert page.get("/desk/live", script=True, **{"If-None-Match": tag}).status_code == 200


def test_the_live_parts_leave_the_forms_of_the_person_already_there_alone(lab: Lab) -> None:
    made = night.busy(lab.database, lab.now)
    ana = lab.as_("ana")
    assert 'id="outcome-form"' in ana.get("/desk/live", script=True).text
    known = ana.get(f"/desk/live?with={made.hers}", script=True).text
    assert 'id="outcome-form"' not in known
    assert 'hx-target="#texts"' in known


def test_nonsense_for_the_contact_it_has_is_no_contact(lab: Lab) -> None:
    ana = lab.as_("ana")
    for nonsense in ("%0d%0aX-Evil:1", "%E2%98%83", "a" * 5000):
        answer = ana.get(f"/desk/live?with={nonsense}", script=True)
        assert answer.status_code == 200
        assert "Evil" not in str(answer.headers)


def test_board_and_desk_have_versions_of_their_own(lab: Lab) -> None:
    grace = lab.as_("grace")
    tag = grace.get("/board/live", script=True).headers["ETag"]
    assert grace.get("/board/live", script=True, **{"If-None-Match": tag}).status_code == 304
    with lab.database.transaction() as db:
        history.record(db, "anything", actor="clock", now=lab.now)
    assert grace.get("/board/live", script=True, **{"If-None-Match": tag}).status_code == 200


def test_reasons_are_words(lab: Lab) -> None:
    contact = night.waits(lab.database, now=lab.now, line=night.ISLAND)
    night.says(lab.database, contact, "cannot_talk", now=lab.now)
    row = row_of(lab.as_("ana").get("/desk").text, "Isle of Wight")
    assert queue.STATED["cannot_talk"] in row


def test_the_board_says_of_each_change_who_has_read_it(lab: Lab) -> None:
    night.busy(lab.database, lab.now)
    grace = lab.as_("grace")
    with lab.database.transaction() as db:
        job = dispatch.open_of_unit(db, "IW01")[0]
        incident_id = job.incident_id
    grace.post(f"/incidents/{incident_id}/change", address="5 Chapel Walk", scene_safety="unsafe")
    row = _row(grace.get("/board").text, incident_id)
    assert re.search(r"Change 2, \d\d:\d\d, Grace[^:]*: address, whether it is safe there\.", row)
    assert "IW01 has not read it yet" in row
    with lab.database.transaction() as db:
        revisions.read(db, dispatch.get(db, job.id), now=lab.now, way="text")
    row = _row(grace.get("/board").text, incident_id)
    assert "IW01 read it" in row
    assert "not read it" not in row


def _row(page: str, incident_id: str) -> str:
    row = page.split(f'id="incident-{incident_id}"')[1].split('class="presses"')[0]
    return " ".join(re.sub(r"<[^>]+>", " ", row).split())


def test_the_board_says_which_car_has_not_been_heard_from_by_its_phone(lab: Lab) -> None:
    night.busy(lab.database, lab.now)
    grace = lab.as_("grace")
    assert "Phone not heard from yet" in _unit(grace.get("/board").text, "PO01")
    with lab.database.transaction() as db:
        crew_replies.reply(db, units.get(db, "PO01"), "hello", now=lab.now)
    assert "Phone not heard from yet" not in _unit(grace.get("/board").text, "PO01")


def test_going_in_is_said_to_a_crew_that_waits_at_an_unsafe_scene(lab: Lab) -> None:
    night.busy(lab.database, lab.now)
    grace = lab.as_("grace")
    with lab.database.transaction() as db:
        job = dispatch.open_of_unit(db, "SO01")[0]
        incident_id = job.incident_id
        db.get_one(Incident, incident_id).scene_safety = "unsafe"
    assert "Scene is safe: go in" in _all_of(grace.get("/board").text, incident_id)
    grace.post(f"/incidents/{incident_id}/change", scene_safety="safe")
    assert "Scene is safe: go in" not in _all_of(grace.get("/board").text, incident_id)
    with lab.database.reading() as db:
        texts_to_crew = [row.body for row in db.scalars(select(Message).where(Message.dispatch_id == job.id))]
    assert any("you may go in" in body for body in texts_to_crew)


def _all_of(page: str, incident_id: str) -> str:
    return page.split(f'id="incident-{incident_id}"')[1].split('<li class="incident')[0]


def _unit(page: str, call_sign: str) -> str:
    return page.split(f'id="unit-{call_sign}"')[1].split("</li>")[0]

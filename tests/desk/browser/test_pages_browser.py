"""The pages as a nurse and a dispatcher use them, in a real browser."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Locator, expect
from sqlalchemy import select

from tests.desk import night
from tests.desk.browser.conftest import Served
from tests.harness.waiting import wait_until
from triage import alarms, bridge, contacts, dispatch, history, ladder, presence, promises, units, walls
from triage.models import Leg, Message, Outcome, Promise

People = Callable[..., Any]


def outcome(served: Served) -> Outcome | None:
    with served.database.reading() as db:
        return db.scalars(select(Outcome)).first()


def test_a_contact_from_take_next_to_finish_by_keyboard_alone(served: Served, person: People) -> None:
    night.waits(served.database, now=served.lab.now, minutes=2, channel="text", line=night.ISLAND)
    page = person("Ana")
    keys = page.keyboard
    keys.press("Alt+KeyW")
    expect(page.locator(".state-word")).to_have_text("Ready")
    keys.press("Alt+KeyN")
    expect(page.locator(".connection")).to_contain_text("Text conversation")
    keys.press("Alt+KeyT")
    keys.type("Hello, I am a nurse.")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.locator(".text-out")).to_contain_text("Hello, I am a nurse.")
    expect(page.locator(".text-out")).to_contain_text("waiting to be sent")
    keys.press("Alt+KeyU")
    keys.press("ArrowDown")  # from A to B
    keys.press("Tab")
    keys.type("Crisis")
    keys.press("Tab")
    keys.type("They stay with a friend tonight")
    keys.press("Alt+KeyS")
    expect(page.locator("#outcomes")).to_contain_text("B: Crisis team to see them")
    keys.press("Alt+KeyF")
    expect(page.locator(".state-word")).to_have_text("Wrapping up")
    keys.press("Alt+KeyW")
    expect(page.locator(".state-word")).to_have_text("Ready")
    expect(page.locator("#workspace")).to_contain_text("Nobody is with you")
    row = outcome(served)
    assert row
    assert (row.urgency, row.disposition, row.agreed) == ("B", "crisis_team", "They stay with a friend tonight")


def test_two_quick_presses_are_done_in_the_order_they_were_pressed(served: Served, person: People) -> None:
    night.waits(served.database, now=served.lab.now, line=night.ISLAND)
    page = person("Ana")
    held: list[Any] = []
    page.route("**/desk/presence", lambda route: held.append(route))  # the first press is slow to get through
    with page.expect_request("**/desk/presence"):
        page.keyboard.press("Alt+KeyW")
    page.keyboard.press("Alt+KeyN")
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    held[0].continue_()
    expect(page.locator(".state-word")).to_have_text("Ringing you")
    with served.database.reading() as db:
        assert [leg.to for leg in db.scalars(select(Leg))] == [f"client:{served.lab.staff('ana').id}"]


def test_every_key_is_listed(served: Served, person: People) -> None:
    page = person("Ana")
    page.keyboard.press("Alt+Slash")
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("#keys")).to_contain_text("Alt N")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_the_first_tab_skips_to_the_work(served: Served, person: People) -> None:
    page = person("Ana")
    page.goto(f"{served.url}/desk")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#maincontent")).to_be_focused()


def test_a_change_is_on_the_page_within_a_second_or_so_and_typing_is_not_disturbed(
    served: Served, person: People
) -> None:
    made = night.busy(served.database, served.lab.now)
    page = person("Ana")
    notes = page.locator("#notes")
    notes.click()
    page.keyboard.type("She said that")
    page.locator("#finish-without summary").evaluate("one => one.parentElement.open = true")
    began = time.monotonic()
    night.waits(served.database, now=served.lab.now, number="+447700900777", line=night.ISLAND)
    expect(page.locator("#queue")).to_contain_text("777")
    assert time.monotonic() - began < 4  # a second, and the patience of a busy test machine
    expect(notes).to_be_focused()
    page.keyboard.type(" it helps")
    expect(notes).to_have_value("She said that it helps")
    expect(page.locator("#finish-without")).to_have_attribute("open", "")
    with served.database.transaction() as db:
        contacts.entry_of(db, made.hers).reasons = ["Said more"]  # type: ignore[union-attr]
        history.record(db, "reason", actor="caller", now=served.lab.now)
    expect(page.locator("#person")).to_contain_text("Said more")
    expect(notes).to_have_value("She said that it helps")


def test_what_is_half_written_saves_itself_and_is_there_after_a_reload(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Ana")
    page.locator("#notes").fill("Half a sen")
    with page.expect_response(lambda answer: "urgency=C" in (answer.request.post_data or "")):
        page.get_by_label("C: Seen within 24 hours").check()
    expect(page.locator("#saved")).to_contain_text("Saved ")
    page.reload()
    expect(page.locator("#notes")).to_have_value("Half a sen")
    expect(page.get_by_label("C: Seen within 24 hours")).to_be_checked()


def test_words_put_into_a_text_are_kept_like_typed_ones(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Ana")
    page.get_by_label("Put in words that are ready").select_option("I am here")
    with page.expect_response(
        lambda answer: answer.url.endswith("/draft") and "reading+this" in (answer.request.post_data or "")
    ):
        page.get_by_role("button", name="Put in", exact=True).click()
    expect(page.locator("#text-body")).to_have_value(re.compile("I am reading this"))
    page.reload()
    expect(page.locator("#text-body")).to_have_value(re.compile("I am reading this"))


def test_sending_one_form_never_drops_what_is_half_written_in_another(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Ana")
    page.locator("#text-form textarea").fill("We are here.")
    with page.expect_response(
        lambda answer: answer.url.endswith("/draft") and "Said+in+passing" in (answer.request.post_data or "")
    ):
        page.locator("#notes").fill("Said in passing that")
        page.evaluate("document.getElementById('text-form').requestSubmit()")
    page.reload()
    expect(page.locator("#notes")).to_have_value("Said in passing that")
    expect(page.locator("#text-form textarea")).to_have_value("")


def test_when_the_service_is_gone_the_panels_grey_and_say_so_and_come_back(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Ana")
    expect(page.locator("#queue")).to_contain_text("Said there is danger now")
    served.stop()
    expect(page.locator("body")).to_have_class("js-enabled nhsuk-frontend-supported stale", timeout=15_000)
    expect(page.locator("#stale")).to_contain_text("Not live")
    expect(page.locator("#stale")).to_contain_text("s ago")
    expect(page.locator(".panel-queue .age")).to_contain_text("s old")
    expect(page.locator("#queue")).to_contain_text("Said there is danger now")
    page.locator("#notes").fill("written while it was away")
    expect(page.locator("#saved")).to_contain_text("Not saved yet")
    page.get_by_role("button", name="Send text").click()
    expect(page.locator("#notices")).to_contain_text("does not answer, so it is not known whether that went through")
    served.start()
    expect(page.locator(".panel-queue .age")).to_have_text("live", timeout=15_000)
    expect(page.locator("#notices")).to_contain_text("Look whether your last press went through", timeout=15_000)
    expect(page.locator("#stale")).to_be_empty()
    expect(page.locator("#saved")).to_contain_text("Saved ", timeout=15_000)
    expect(page.locator("#notes")).to_have_value("written while it was away")


def test_a_failure_inside_the_service_never_replaces_a_panel(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Ana")
    expect(page.locator("#queue")).to_contain_text("Said there is danger now")
    page.route("**/desk/live*", lambda route: route.fulfill(status=503, body="<p>broken</p>"))
    expect(page.locator(".panel-queue .age")).to_contain_text("s old", timeout=15_000)
    expect(page.locator("#stale")).to_contain_text("cannot answer now")
    expect(page.locator("#queue")).to_contain_text("Said there is danger now")
    assert "broken" not in page.content()


def test_the_title_counts_and_a_sentence_tells_who_waits(served: Served, person: People) -> None:
    page = person("Ana")
    assert not page.title().startswith("(")
    night.waits(served.database, now=served.lab.now, line=night.ISLAND)
    expect(page).to_have_title("(1) Nurse desk – Solent Crisis Line")
    expect(page.locator("#summary")).to_have_text("1 person waiting, 1 for you")


def test_danger_now_sounds_until_somebody_has_them(served: Served, person: People) -> None:
    page = person("Ana")
    sound = page.locator("#sound")
    expect(sound).to_have_text("Sound for danger now: off")
    page.locator("h2").first.click()
    expect(sound).to_have_text("Sound for danger now: on")
    night.waits(served.database, now=served.lab.now, line=night.ISLAND, danger=True)
    wait_until(lambda: int(sound.get_attribute("data-played") or 0) >= 2, 12, what="the tone repeats")
    night.ready(served.database, served.lab.staff("bola"), now=served.lab.now)
    night.take(served.database, served.lab.staff("bola"), now=served.lab.now)
    expect(page.locator("#team")).to_contain_text("call from Isle of Wight")
    played = sound.get_attribute("data-played")
    page.wait_for_timeout(3500)  # longer than the tone's pause: nothing more is to come
    assert sound.get_attribute("data-played") == played
    sound.press("Enter")
    expect(sound).to_have_text("Sound for danger now: off")


def test_wrong_input_brings_the_reader_to_what_is_wrong_and_loses_nothing(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Ana")
    page.locator("#notes").fill("a lot of words")
    page.get_by_role("button", name="Record outcome").click()
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    expect(page.locator("#notes")).to_have_value("a lot of words")
    page.get_by_role("link", name="Choose what happens next").click()
    expect(page.locator("#disposition")).to_be_focused()
    page.locator("#disposition").select_option("signposted")
    page.get_by_role("button", name="Record outcome").click()
    expect(page.locator("#outcomes")).to_contain_text("Voluntary or community help")
    expect(page.locator(".nhsuk-error-summary")).to_have_count(0)


def test_asking_for_the_car_shows_who_goes_and_follows_it(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Ana")
    page.keyboard.press("Alt+KeyC")
    expect(page.locator("#car-address")).to_be_focused()
    page.keyboard.type("Outside the ferry terminal")
    page.get_by_role("button", name="Ask for the car").click()
    expect(page.locator("#car")).to_contain_text("PO01: waiting for the crew's answer")
    expect(page.locator("#car-ask")).to_be_hidden()
    board = person("Grace")
    row = board.locator(".incident", has_text="Outside the ferry terminal")
    row.get_by_role("button", name="Accepted").click()
    expect(page.locator("#car")).to_contain_text("PO01: accepted, not moving yet")


def test_a_lost_text_is_sent_again_with_one_press(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Ana")
    page.get_by_role("button", name="Send it again").click()
    expect(page.locator(".text", has_text="Are you somewhere safe")).to_have_count(2)
    page.get_by_role("button", name="Send it again").click()
    page.wait_for_load_state("networkidle")
    with served.database.reading() as db:
        again = [text for text in db.scalars(select(Message)) if text.body.startswith("Are you somewhere safe")]
    assert len(again) == 2


def test_the_board_sends_with_one_press_and_keeps_a_half_typed_reason(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Grace")
    nobody = page.locator("#nobody")
    running = page.locator(".incident", has_text="12 Quay Street")
    running.locator("summary", has_text="Stand down").click()
    why = running.get_by_label("Why the car is not needed")
    why.fill("They have gone")
    why.focus()
    with served.database.transaction() as db:
        presence.put(db, served.lab.staff("dev"), "busy", None, now=served.lab.now)
    nobody.get_by_role("button", name="Send PO01").evaluate("one => one.form.requestSubmit(one)")
    expect(nobody).to_contain_text("waiting for a crew's answer")
    expect(why).to_have_value("They have gone")
    expect(why).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#ended")).to_contain_text("Why: They have gone")


def test_deadlines_pass_on_the_page_by_themselves(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Grace")
    asked = page.locator(".incident", has_text="8 Cromwell Road").locator(".crew .due")
    expect(asked).to_contain_text("overdue", timeout=30_000)
    expect(asked).to_have_class("due due-over")
    expect(asked).to_contain_text("■")


def test_a_page_works_without_script(served: Served, new_page: Callable[..., Any]) -> None:
    night.waits(served.database, now=served.lab.now, channel="text", line=night.ISLAND)
    page = new_page(java_script_enabled=False)
    served.sign_in(page, "Ana")
    page.get_by_role("button", name="Ready in browser").click()
    page.get_by_role("button", name="Take next").click()
    expect(page.locator(".notice")).to_contain_text("You have the next person")
    page.locator("#text-body").fill("Hello")
    page.get_by_role("button", name="Send text").click()
    expect(page.locator(".text-out")).to_contain_text("Hello")
    page.get_by_role("button", name="Record outcome").click()
    expect(page.locator(".nhsuk-error-summary")).to_contain_text("Choose what happens next")
    page.locator("#disposition").select_option("signposted")
    page.get_by_role("button", name="Record, and finish without a last text").click()
    expect(page.locator(".state-word")).to_have_text("Wrapping up")
    assert outcome(served)


def test_a_person_who_rings_off_stays_on_the_page_to_be_written_down(served: Served, person: People) -> None:
    nurse = served.lab.staff("ana")
    night.ready(served.database, nurse, now=served.lab.now)
    contact = night.waits(served.database, now=served.lab.now, line=night.ISLAND)
    night.take(served.database, nurse, now=served.lab.now)
    page = person("Ana")
    expect(page.locator(".connection")).to_have_text("You are together.")
    page.locator("#notes").fill("Half")
    with served.database.transaction() as db:
        bridge.caller_gone(db, contacts.get(db, contact.id), now=served.lab.now)
    expect(page.locator(".connection")).to_contain_text("They rang off")
    expect(page.locator("#notes")).to_have_value("Half")


def test_no_page_has_a_fault_that_axe_can_find_or_runs_off_the_side(
    served: Served, person: People, axe: Any, shoot: Any, new_page: Any, width: int, scheme: str
) -> None:
    made = night.busy(served.database, served.lab.now)
    theirs = night.waits(served.database, now=served.lab.now, keyword="marigold").id
    isla = person("Isla", width=width, scheme=scheme)
    reading = served.lab.staff("ana")
    size = "" if width == 1280 else "-phone"
    dark = "-dark" if scheme == "dark" else ""
    ana, grace = (person(who, width=width, scheme=scheme) for who in ("Ana", "Grace"))
    visits = [
        (ana, "/desk", "desk"), (ana, "/contacts", ""), (ana, f"/contacts/{made.hers}", ""), (ana, "/nothing/here", ""),
        (grace, "/board", "board"), (grace, "/service", "service"), (ana, f"/contacts/{theirs}", ""),
    ]  # fmt: skip
    with served.database.transaction() as db:
        walls.break_glass(db, made.hers, "Their mother rang about them", reading, now=served.lab.now)
    visits += [
        (isla, "/board", ""), (isla, f"/contacts/{theirs}", ""), (isla, f"/contacts/{made.hers}", ""),
        (isla, f"/who-saw-what?staff={reading.id}", ""), (isla, "/figures", ""),
        (isla, "/figures/cars", ""),
    ]  # fmt: skip
    for page, path, name in visits:
        page.goto(served.url + path)
        if name in ("desk", "board"):
            expect(page.locator(".age").first).to_have_text("live")
        check(page, axe, f"{path} {width} {scheme}", width)
        if name:
            shoot(page, f"{name}{size}{dark}")
    something_is_wrong(served)
    for page, path, name in ((ana, "/desk", "desk-alarm"), (isla, "/board", "")):
        page.goto(served.url + path)
        expect(page.locator("#alarms-title")).to_be_visible()
        if page is ana:
            page.get_by_text("Decide what happens for them").first.click()
            page.mouse.move(0, 0)  # or it rests on whatever comes to stand below it
            page.evaluate("scrollTo(0, 0)")
        check(page, axe, f"{path} with an alarm {width} {scheme}", width)
        if name:
            shoot(page, f"{name}{size}{dark}")
    ana.goto(f"{served.url}/desk")
    ana.get_by_role("button", name="Record outcome").click()
    expect(ana.locator(".nhsuk-error-summary")).to_be_visible()
    ana.locator("#car-ask > summary").click()
    check(ana, axe, f"the desk with faults {width} {scheme}", width)
    ana.keyboard.press("Alt+Slash")
    check(ana, axe, f"the keys {width} {scheme}", width)
    stranger = new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    stranger.goto(f"{served.url}/sign-in")
    check(stranger, axe, f"sign-in {width} {scheme}", width)
    shoot(stranger, f"sign-in{size}{dark}")


def something_is_wrong(served: Served) -> None:
    """Danger waits for a nurse, and somebody was rung three times in vain."""
    now, ana = served.lab.now, served.lab.staff("ana")
    finding = alarms.Finding("danger_waits", "One person said there is danger now, and no nurse is ready.", 1)
    with served.database.transaction() as db:
        alarms.settle(db, [finding.kind], [finding], now=now)
        owed = db.scalars(select(Promise).where(Promise.kind == "call_back").limit(1)).one()
        for ago in (15, 10, 0):
            promises.attempt(db, owed, "Rang, no answer", ana, now=now - timedelta(minutes=ago))
            ladder.tried(db, owed, now=now)


def check(page: Any, axe: Any, where: str, width: int) -> None:
    faults = axe(page)
    assert not faults, (where, faults)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, where
    small = page.evaluate(
        "[...document.querySelectorAll('main button, main input:not([type=hidden]), main select, main summary')]"
        ".filter(one => one.checkVisibility() && one.type !== 'radio' && one.type !== 'checkbox')"
        ".filter(one => { const box = one.getBoundingClientRect(); return box.width && (box.height < 24 || box.width < 24) })"
        ".map(one => one.outerHTML.slice(0, 100))"
    )
    assert not small, (where, small)


def test_a_half_written_text_and_request_for_the_car_are_there_after_a_reload(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Ana")
    page.keyboard.press("Alt+KeyC")
    page.keyboard.type("Behind the sta")
    page.locator("#text-body").fill("I am go")
    with page.expect_response(lambda answer: "I+am+go" in (answer.request.post_data or "")):
        page.locator("#notes").focus()
    page.reload()
    expect(page.locator("#car-address")).to_have_value("Behind the sta")
    expect(page.locator("#car-address")).to_be_visible()
    expect(page.locator("#text-body")).to_have_value("I am go")
    page.locator("#text-body").fill("I am going")
    page.get_by_role("button", name="Send text").click()
    expect(page.locator("#texts")).to_contain_text("I am going")
    page.reload()
    expect(page.locator("#text-body")).to_have_value("")
    expect(page.locator("#car-address")).to_have_value("Behind the sta")


def test_a_crew_that_asks_for_help_is_first_on_the_board_and_is_heard(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Grace")
    page.locator("h2").first.click()
    expect(page.locator("#sound")).to_have_text("Sound for what nobody has taken: on")
    with served.database.transaction() as db:
        job = dispatch.open_of_unit(db, "IW01")[0]
        dispatch.act(db, dispatch.get(db, job.id), "emergency", actor="crew", now=served.lab.now)
    sound = page.locator("#sound")
    wait_until(lambda: sound.get_attribute("data-kind") == "help", 12, what="the sound of a crew's call for help")
    first = page.locator("#nobody .incident").first
    expect(first).to_contain_text("IW01 asks for help")
    expect(first).to_contain_text("Ring the crew: 07700 900301")
    expect(page.locator("#notices")).to_contain_text("IW01 asks for help")
    assert "!" in page.title()
    takes = page.get_by_role("button", name="I have it")
    for left in reversed(range(takes.count())):
        takes.first.click()
        expect(takes).to_have_count(left)
    expect(page.locator("[data-sound]")).to_have_attribute("data-sound", "")


def test_each_kind_of_trouble_has_a_sound_until_somebody_took_it(served: Served, person: People) -> None:
    made = night.busy(served.database, served.lab.now)
    page = person("Grace")
    page.locator("h2").first.click()
    sound = page.locator("#sound")
    wait_until(lambda: sound.get_attribute("data-kind") == "nobody", 12, what="the sound of nobody going")
    row = page.locator("#promises .row").filter(has_text="No car").first
    row.get_by_role("button", name="I have it").click()
    expect(page.locator("[data-sound]")).not_to_have_attribute("data-sound", "nobody")
    with served.database.transaction() as db:
        job = dispatch.open_of_unit(db, "IW01")[0]
        dispatch.person_must_decide(db, job, "IW01 is quiet", served.lab.now, kind="crew_silent")
    expect(page.locator("[data-sound]")).to_have_attribute("data-sound", "person")
    wait_until(lambda: sound.get_attribute("data-kind") == "person", 12, what="the sound of something owed")
    assert made.no_car


def test_the_board_on_paper_has_everything_but_its_buttons_and_says_when(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Grace")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".printed")).to_be_visible()
    assert re.search(r"\d+ \w+ 20\d\d(,| at) \d\d:\d\d", page.locator("#printed").inner_text())
    for one in page.locator(".incident .where").all():
        expect(one).to_be_visible()
    expect(page.locator("#units .unit").last).to_be_visible()
    assert not [one for one in page.locator("main button").all() if one.is_visible()]
    page.emulate_media(media="screen")
    expect(page.locator(".printed")).to_be_hidden()


def test_rows_stay_where_they_are_while_the_pointer_is_about_to_press(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Grace")
    expect(page.locator(".panel-nobody .age")).to_have_text("live")
    button = page.locator("#units .presses button").first
    button.hover()
    with served.database.transaction() as db:
        unit = next(one for one in units.all_of_them(db) if one.state == "available")
        units.put(db, unit, "off_duty", None, actor="crew", now=served.lab.now)
    with page.expect_response(lambda answer: "/board/live" in answer.url and answer.status == 200):
        page.mouse.move(*_middle(button, 1))
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 200)))"
    )  # it would be drawn by now
    assert page.locator(f"#unit-{unit.call_sign} .unit-state").inner_text() == "Available"
    expect(page.locator(f"#unit-{unit.call_sign} .unit-state")).to_have_text("Off duty", timeout=10_000)


def _middle(element: Locator, beside: int) -> tuple[float, float]:
    box = element.bounding_box()
    assert box
    return box["x"] + box["width"] / 2 + beside, box["y"] + box["height"] / 2


def test_a_nurse_is_told_on_top_when_the_car_cannot_come(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    page = person("Ana")
    page.keyboard.press("Alt+KeyC")
    page.keyboard.type("Outside the ferry terminal")
    page.get_by_role("button", name="Ask for the car").click()
    expect(page.locator("#car")).to_contain_text("PO01: waiting for the crew's answer")
    expect(page.locator("#car")).to_be_focused()
    page.locator("#notes").focus()
    with served.database.transaction() as db:
        job = dispatch.open_of_unit(db, "PO01")[0]
        dispatch.act(db, dispatch.get(db, job.id), "decline", actor="crew", now=served.lab.now)
    expect(page.locator("#notices")).to_contain_text("PO01 cannot go")
    expect(page.locator("#notes")).to_be_focused()


def test_who_waits_in_danger_stays_in_sight_far_down_the_page(served: Served, person: People) -> None:
    night.busy(served.database, served.lab.now)
    for width in (1280, 390):
        page = person("Ana", width=width)
        page.locator("#record").scroll_into_view_if_needed()
        expect(page.locator("#glance")).to_contain_text("1 said there is danger now")
        assert page.locator("#glance").evaluate("one => one.getBoundingClientRect().top") >= 0
        expect(page.locator("#glance")).to_be_in_viewport()

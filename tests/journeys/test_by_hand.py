"""The job as a newcomer does it after `make run`: on the phone page, the nurse desk and the board, in a real browser."""

from typing import Any

from playwright.sync_api import expect

from tests.journeys.conftest import Town

SOON = 20_000  # milliseconds


def sign_in(page: Any, town: Town, name: str) -> Any:
    page.goto(town.stack.web_url + "/sign-in")
    page.get_by_role("button", name=name).click()
    return page


def phone(page: Any, town: Town, number: str) -> Any:
    page.goto(f"{town.stack.carrier_url}/?phone={number.replace('+', '%2B')}")
    return page


def ask_for_the_car(desk: Any, address: str) -> None:
    desk.locator("summary", has_text="Ask for the car").click()
    form = desk.locator("#car-form")
    form.get_by_label("Where must it go").fill(address)
    form.get_by_role("button", name="Ask for the car").click()
    expect(desk.locator("#car")).to_contain_text("IW01", timeout=SOON)


def crew_accepts(crew: Any, address: str) -> None:
    """Their phone has the offer; they send 1, and get the address."""
    expect(crew.locator("#messages")).to_contain_text("to accept", timeout=SOON)
    crew.get_by_label("Your text").fill("1")
    crew.get_by_role("button", name="Send").click()
    expect(crew.locator("#messages")).to_contain_text(address, timeout=SOON)


def test_ring_take_log_send_accept_and_see_it_on_the_board(make_town, new_page):
    town: Town = make_town(carrier_speed=4)
    board = sign_in(new_page(), town, "Grace Tolliver")
    board.locator("#unit-IW01").get_by_role("button", name="Available").click()
    expect(board.locator("#unit-IW01")).to_contain_text("Off duty", timeout=SOON)  # what she can be set to now

    caller = phone(new_page(), town, "+447700900123")
    caller.get_by_role("button", name="Ring").click()
    expect(caller.locator("#transcript")).to_contain_text("Solent Crisis Line", timeout=SOON)
    caller.get_by_label("Say something").fill("harbour")
    caller.get_by_role("button", name="Say it").click()
    expect(caller.locator("#transcript")).to_contain_text("Isle of Wight", timeout=SOON)

    desk = sign_in(new_page(), town, "Ana Fernsby")
    expect(desk.locator("#queue")).to_contain_text("Isle of Wight", timeout=SOON)
    expect(desk.locator("#queue")).not_to_contain_text("7700")
    desk.get_by_role("button", name="Ready in browser").click()
    desk.get_by_role("button", name="Take next").click()
    expect(caller.locator("#transcript")).to_contain_text("A nurse is here", timeout=SOON)
    expect(desk.locator("#person")).to_contain_text("harbour", timeout=SOON)

    desk.locator("input[name=urgency][value=B]").check()
    desk.get_by_label("What happens next").select_option("response_car")
    desk.get_by_label("Notes").fill("Alone on the quay, agreed to wait inside")
    desk.get_by_role("button", name="Record outcome").click()
    expect(desk.locator("#outcomes")).to_contain_text("Recorded", timeout=SOON)
    ask_for_the_car(desk, "12 Invented Quay")
    crew_accepts(phone(new_page(), town, "+447700900301"), "12 Invented Quay")
    expect(board.locator("#running")).to_contain_text("accepted", timeout=SOON)
    expect(desk.locator("#car")).to_contain_text("accepted", timeout=SOON)

    desk.get_by_role("button", name="Finish contact").first.click()
    expect(desk.locator("#me")).to_contain_text("Wrapping up", timeout=SOON)
    expect(caller.locator("#transcript")).to_contain_text("ring again at any time", timeout=SOON)
    assert town.warnings() == []


def test_the_same_by_text(make_town, new_page):
    town: Town = make_town(carrier_speed=4)
    town.colleague("grace@example.org").asks("PUT", "/units/IW01", {"state": "available"})
    person = phone(new_page(), town, "+447700900124")
    person.get_by_label("Your text").fill("harbour, I don't know who to tell")
    person.get_by_role("button", name="Send").click()
    expect(person.locator("#messages")).to_contain_text("999", timeout=SOON)

    desk = sign_in(new_page(), town, "Ana Fernsby")
    desk.get_by_role("button", name="Take next").click()
    expect(desk.locator("#texts")).to_contain_text("who to tell", timeout=SOON)
    desk.get_by_label("Write a text").fill("I'm Ana, and I'm here")
    desk.get_by_role("button", name="Send text").click()
    expect(person.locator("#messages")).to_contain_text("I'm Ana, and I'm here", timeout=SOON)
    expect(desk.locator("#texts")).to_contain_text("delivered", timeout=SOON)

    ask_for_the_car(desk, "3 Made Up Lane")
    crew_accepts(phone(new_page(), town, "+447700900301"), "3 Made Up Lane")
    expect(desk.locator("#car")).to_contain_text("accepted", timeout=SOON)

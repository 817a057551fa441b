"""The whole job, really running: from the first ring, or text, to a car that is there."""

from tests.harness.waiting import wait_until
from tests.journeys.conftest import CREW_LINE, Town

CANARIES = ("+447700900123", "900123", "Invented", "PO30 9ZZ", "Robin", "the pills are", "Alone on the quay")


def test_a_caller_is_heard_and_a_car_goes_to_them(town: Town):
    ana, dispatcher = town.colleague("ana@example.org"), town.colleague("grace@example.org")
    crew = town.crew("IW01")
    dispatcher.asks("PUT", "/units/IW01", {"state": "available"})

    call = town.caller().rings().hears("this is solent crisis line").says("harbour").hears("isle of wight")
    wait_until(lambda: ana.queue(), 10, what="somebody waits")
    (waiting,) = ana.queue()
    assert (waiting["channel"], waiting["locality"], waiting["band"]) == ("call", "iow", 4)
    assert waiting["masked_number"].endswith("123")
    assert "7700" not in waiting["masked_number"]
    call.hears("no nurse is free")

    ana.is_ready()
    nurse = ana.phone.is_rung().picks_up().hears("isle of wight").presses("1")
    call.is_with(nurse)
    claim = ana.waits_until_connected()
    again = ana.asks("POST", "/queue/next", expect=200)
    assert again["id"] == claim["id"]
    contact = claim["contact_id"]

    outcome = {
        "urgency": "B", "disposition": "response_car", "notes": "Robin says the pills are in the drawer",
        "themes": ["low mood"], "next_steps": "car, then crisis team",
    }  # fmt: skip
    assert ana.asks("POST", f"/contacts/{contact}/outcomes", outcome, expect=201)["urgency"] == "B"
    car = {
        "address": "12 Invented Quay", "postcode": "PO30 9ZZ", "scene_safety": "safe", "concern": "Alone on the quay",
        "call_back": None, "needed_by": None,
    }  # fmt: skip
    incident = ana.asks("POST", f"/contacts/{contact}/incidents", car, expect=201)
    assert incident["state"] == "offered"

    offer = crew.got_text("to accept")
    tag = incident["dispatches"][0]["tag"]
    assert tag in offer["body"]
    assert "Invented" not in offer["body"]
    crew.texts("1", to=offer["from"])
    crew.got_text("12 Invented Quay")

    def board() -> str:
        return dispatcher.asks("GET", f"/incidents/{incident['id']}")["dispatches"][0]["state"]

    wait_until(lambda: board() == "acknowledged", 5, what="the board shows it accepted")
    assert next(u for u in dispatcher.asks("GET", "/units") if u["call_sign"] == "IW01")["state"] == "committed"
    ana.asks("POST", f"/contacts/{contact}/finish", expect=200)
    call.hears("ring again at any time").is_over()
    nurse.is_over()
    assert ana.presence() == "wrapping_up"

    for digit, state in [("3", "en_route"), ("4", "on_scene"), ("5", "with_person"), ("8", "clear")]:
        crew.texts(f"{tag} {digit}", to=offer["from"])
        wait_until(lambda state=state: board() == state, 5, what=f"the board shows {state}")
    assert dispatcher.asks("GET", f"/incidents/{incident['id']}")["state"] == "clear"
    assert ana.is_ready().presence() == "ready"

    logs = "\n".join(str(line) for line in town.stack.logs())
    assert not [canary for canary in CANARIES if canary in logs]
    assert not [w for w in town.webhooks() if not 200 <= w["status"] < 300]


def test_a_texter_is_answered_by_a_nurse_and_a_car_goes_to_them(town: Town):
    ana, dispatcher = town.colleague("ana@example.org"), town.colleague("grace@example.org")
    dispatcher.asks("PUT", "/units/IW01", {"state": "available"})
    person, crew = town.caller("+447700900124"), town.crew("IW01")

    person.texts("hi, harbour")
    assert "999" in person.got_text("Isle of Wight")["body"]
    person.texts("I don't know who else to tell")
    claim = ana.asks("POST", "/queue/next", expect=200)
    assert (claim["channel"], claim["state"]) == ("text", "connected")
    contact = claim["contact_id"]

    def directions() -> list[str]:
        return [message["direction"] for message in ana.asks("GET", f"/contacts/{contact}")["messages"]]

    wait_until(lambda: directions() == ["in", "out", "in"], 10, what="the nurse sees both texts and the line's answer")

    ana.asks("POST", f"/contacts/{contact}/messages", {"body": "I'm Ana. I'm here with you."}, expect=201)
    person.got_text("I'm here with you")

    def delivered() -> bool:
        return ana.asks("GET", f"/contacts/{contact}")["messages"][-1]["state"] == "delivered"

    wait_until(delivered, 10, what="the nurse sees that her text arrived")
    car = {"address": "3 Made Up Lane", "postcode": None, "scene_safety": "unknown", "concern": None,
           "call_back": None, "needed_by": None}  # fmt: skip
    incident = ana.asks("POST", f"/contacts/{contact}/incidents", car, expect=201)
    crew.got_text("to accept")
    crew.texts("1", to=CREW_LINE)
    crew.got_text("3 Made Up Lane")
    assert ana.asks("GET", f"/incidents/{incident['id']}")["state"] == "under_way"
    ana.asks("POST", f"/contacts/{contact}/finish", expect=200)

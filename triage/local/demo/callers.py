"""What the forty do with their phones."""

import time
from typing import Any

from triage.local.demo.people import Person
from triage.local.demo.world import Refused, World

EVERY_S = 0.3
PATIENCE_S = 240.0


def play(world: World, person: Person) -> None:
    """One person's whole evening with the line; returns when it is over for them."""
    if person.channel == "text":
        _texts(world, person)
    else:
        _rings(world, person)


def _rings(world: World, person: Person) -> None:
    if person.presses == "1":  # they will be rung back, and say that it is them
        world.set_phone(person.number, "human", "1")
    caller = "withheld" if person.withheld else person.number
    sid = world.carrier("POST", "/calls", {"from": caller, "to": person.line, "phone": person.number})["sid"]
    if person.says or person.keys:
        _answer_greeting(world, sid, person)
    elif person.rings_off == "greeting":
        _wait(world, sid, lambda call: call["heard"])
        world.pause(0.8)
        world.carrier("POST", f"/calls/{sid}/hangup", {})
        return
    if person.presses or person.rings_off:
        _wait(world, sid, lambda call: call["queue"])
    if person.rings_off:
        world.pause(0.5)
        _gone(world, sid)
        return
    if person.presses:
        _press(world, sid, person.presses)
    _wait(world, sid, lambda call: call["conference_started"])
    _say(world, sid, "Thank you for picking up. I do not know where to start.")
    _wait(world, sid, lambda _call: False)


def _answer_greeting(world: World, sid: str, person: Person) -> None:
    said = False
    while not said and not world.over.is_set():
        call = _wait(world, sid, lambda call: call["asking"] or call["queue"])
        if call is None or call["queue"]:
            return  # too late, or a person who was not asked: they wait all the same
        try:
            if person.says:
                said = world.carrier("POST", f"/calls/{sid}/speech", {"text": person.says})["taken"]
            else:
                said = world.carrier("POST", f"/calls/{sid}/digits", {"digits": person.keys})["taken"]
        except Refused:
            return
        world.pause(EVERY_S)


def _press(world: World, sid: str, key: str) -> None:
    taken = False
    while not taken and not world.over.is_set():
        call = _wait(world, sid, lambda call: call["conference"] or (call["queue"] and call["asking"]))
        if call is None or call["conference"]:
            return  # a nurse was quicker
        try:
            taken = world.carrier("POST", f"/calls/{sid}/digits", {"digits": key})["taken"]
        except Refused:
            return
        world.pause(EVERY_S)


def _say(world: World, sid: str, words: str) -> None:
    try:
        world.carrier("POST", f"/calls/{sid}/say", {"text": words})
    except Refused:
        return  # the call ended meanwhile


def _gone(world: World, sid: str) -> None:
    try:
        world.carrier("POST", f"/calls/{sid}/hangup", {})
    except Refused:
        return


def _wait(world: World, sid: str, wanted: Any) -> Any:
    """The call once it is as `wanted`; None when it is over, or the play is."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and not world.over.is_set():
        call = world.carrier("GET", f"/calls/{sid}")
        if call["ended_at"] is not None:
            return None
        if wanted(call):
            return call
        world.pause(EVERY_S)
    return None


def _texts(world: World, person: Person) -> None:
    """Send the first text; each next one after the line, or a nurse, has written something new."""
    seen = _received(world, person)
    for number, words in enumerate(person.texts):
        world.carrier("POST", "/texts", {"from": person.number, "to": person.line, "body": words})
        if number == len(person.texts) - 1:
            return
        until = time.monotonic() + 25
        while _received(world, person) <= seen and time.monotonic() < until and not world.over.is_set():
            world.pause(EVERY_S)
        seen = _received(world, person)
        world.pause(1.5)


def _received(world: World, person: Person) -> int:
    return sum(1 for text in world.phone(person.number)["texts"] if text["direction"] == "received")

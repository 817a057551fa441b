"""Every life cycle of the service, one table each, and the one function that reads them.

A row `(state, action): next state` is the only way a thing may move. A state with no row is an end: a late or
repeated message cannot reopen it. States and actions are plain text because they are stored and shown as they stand.
One end has a row all the same: whoever texts again is the same conversation, for as long as their locality says.
Sources: the order of the response-car states follows CoCeSo, TicketsCAD and Beacon; the queue follows a reservation
that returns to waiting when it is not kept.
"""

from typing import Final

Moves = dict[tuple[str, str], str]


class IllegalMove(Exception):
    """The table has no row for this state and action. `str()` is a sentence for a person."""

    def __init__(self, what: str, state: str, action: str):
        super().__init__(f"{what} is {said(state)}: {said(action)} is not possible now.")
        self.state, self.action = state, action


ENTRY: Final[Moves] = {
    ("waiting", "offer"): "offered",
    ("waiting", "connect"): "connecting",
    ("waiting", "abandon"): "abandoned",
    ("waiting", "finish"): "finished",
    # A flood of first texts that look alike (decision 0030): only a person dismisses, and may take it back.
    ("waiting", "merge"): "merged",
    ("waiting", "dismiss"): "dismissed",
    ("merged", "part"): "waiting",
    ("merged", "dismiss"): "dismissed",
    ("merged", "finish"): "finished",  # they ring: the text goes on as their call
    ("dismissed", "part"): "waiting",
    ("offered", "connect"): "connecting",
    ("offered", "return"): "waiting",
    ("offered", "abandon"): "abandoned",
    ("offered", "finish"): "finished",
    ("connecting", "join"): "connected",
    ("connecting", "return"): "waiting",
    ("connecting", "abandon"): "abandoned",
    ("connecting", "finish"): "finished",
    ("connected", "return"): "waiting",
    ("connected", "finish"): "finished",
    ("finished", "come_back"): "waiting",  # a text conversation alone, by a text of theirs
}
HELD: Final = ("offered", "connecting", "connected")
OPEN_ENTRY: Final = ("waiting", *HELD)

PRESENCE: Final = ("ready", "on_contact", "wrapping_up", "busy", "break", "off")

DISPATCH: Final[Moves] = {
    ("offered", "acknowledge"): "acknowledged",
    ("offered", "decline"): "declined",
    ("offered", "no_reply"): "no_reply",
    ("offered", "stand_down"): "stood_down",
    ("acknowledged", "decline"): "declined",
    ("acknowledged", "en_route"): "en_route",
    ("acknowledged", "on_scene"): "on_scene",
    ("acknowledged", "with_person"): "with_person",  # a crew in a hurry reports what matters: steps may be skipped
    ("acknowledged", "stand_down"): "stood_down",
    ("acknowledged", "emergency"): "emergency",
    ("en_route", "staging"): "staging",
    ("en_route", "on_scene"): "on_scene",
    ("en_route", "with_person"): "with_person",
    ("en_route", "stand_down"): "stood_down",
    ("en_route", "emergency"): "emergency",
    ("staging", "on_scene"): "on_scene",
    ("staging", "stand_down"): "stood_down",
    ("staging", "emergency"): "emergency",
    ("on_scene", "with_person"): "with_person",
    ("on_scene", "unable_to_find"): "unable_to_find",
    ("on_scene", "clear"): "clear",
    ("on_scene", "stand_down"): "stood_down",
    ("on_scene", "emergency"): "emergency",
    ("with_person", "leaving"): "leaving",
    ("with_person", "clear"): "clear",
    ("with_person", "stand_down"): "stood_down",
    ("with_person", "emergency"): "emergency",
    ("leaving", "at_destination"): "at_destination",
    ("leaving", "clear"): "clear",
    ("leaving", "emergency"): "emergency",
    ("at_destination", "handed_over"): "handed_over",
    ("at_destination", "clear"): "clear",
    ("at_destination", "emergency"): "emergency",
    ("handed_over", "clear"): "clear",
    ("handed_over", "emergency"): "emergency",
    # Help was asked for: the crew, or a person who spoke to them, says where they are now.
    ("emergency", "on_scene"): "on_scene",
    ("emergency", "with_person"): "with_person",
    ("emergency", "clear"): "clear",
    ("emergency", "stand_down"): "stood_down",
}
OFFER_ENDED: Final = ("declined", "no_reply")
OPEN_DISPATCH: Final = (
    "offered", "acknowledged", "en_route", "staging", "on_scene", "with_person",
    "leaving", "at_destination", "handed_over", "emergency",
)  # fmt: skip
UNDER_WAY: Final = OPEN_DISPATCH[1:]
CREW_ACTIONS: Final = (
    "acknowledge", "decline", "en_route", "staging", "on_scene", "with_person", "leaving",
    "at_destination", "handed_over", "clear", "unable_to_find", "emergency",
)  # fmt: skip

INCIDENT: Final[Moves] = {
    ("requested", "offer"): "offered",
    ("requested", "no_unit"): "no_unit",
    ("requested", "stand_down"): "stood_down",
    ("offered", "acknowledge"): "under_way",
    ("offered", "offer"): "offered",
    ("offered", "no_unit"): "no_unit",
    ("offered", "stand_down"): "stood_down",
    ("offered", "escalate"): "escalated_999",
    ("under_way", "decline"): "requested",
    ("under_way", "clear"): "clear",
    ("under_way", "stand_down"): "stood_down",
    ("under_way", "return"): "returned_to_nurse",
    ("under_way", "escalate"): "escalated_999",
    # Nobody was free. A person may still send a car that has come on duty, or say who went instead.
    ("no_unit", "offer"): "offered",
    ("no_unit", "escalate"): "escalated_999",
    ("no_unit", "stand_down"): "stood_down",
}
OPEN_INCIDENT: Final = ("requested", "offered", "under_way")

UNIT: Final[Moves] = {
    ("off_duty", "available"): "available",
    ("off_duty", "not_ready"): "not_ready",
    ("not_ready", "available"): "available",
    ("not_ready", "off_duty"): "off_duty",
    ("available", "not_ready"): "not_ready",
    ("available", "off_duty"): "off_duty",
    ("available", "commit"): "committed",
    ("committed", "release"): "available",
}

# A text to or from a person. The carrier may report in any order; an end absorbs what comes later.
MESSAGE: Final[Moves] = {
    ("waiting", "send"): "sending",
    ("waiting", "sent"): "sent",
    ("waiting", "delivered"): "delivered",
    ("waiting", "fail"): "failed",
    ("sending", "release"): "waiting",
    ("sending", "sent"): "sent",
    ("sending", "delivered"): "delivered",
    ("sending", "fail"): "failed",
    ("sent", "delivered"): "delivered",
    ("sent", "fail"): "failed",
}


def move(table: Moves, state: str, action: str, *, what: str = "This") -> str:
    """The state after `action`. Raises IllegalMove if the table has no row."""
    try:
        return table[state, action]
    except KeyError:
        raise IllegalMove(what, state, action) from None


def sources(table: Moves, action: str) -> list[str]:
    """Every state from which `action` is allowed: what a conditional UPDATE may start from."""
    return [state for state, does in table if does == action]


def said(word: str) -> str:
    """A stored state or action as people say it: `en_route` -> "en route"."""
    return word.replace("_", " ")

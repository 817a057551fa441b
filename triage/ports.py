"""What triage needs of the outside world. telephony implements it; app.py joins them; tests have their own."""

from datetime import datetime
from typing import Literal, Protocol

Destination = Literal["join", "back", "goodbye"]


class CarrierUnavailable(Exception):
    """The carrier did not do it now. `in_doubt` is true if it may have happened all the same (no answer came back)."""

    def __init__(self, sentence: str, *, in_doubt: bool):
        super().__init__(sentence)
        self.in_doubt = in_doubt


class CarrierRefused(Exception):
    """The carrier said no, and will say so again. `reason`: gone, opted_out, bad_number, or refused."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class Carrier(Protocol):
    """Calls and texts we place. Each method asks once, within a few seconds, and holds no transaction open.

    All raise CarrierUnavailable or CarrierRefused. Ids of ours travel in the callback addresses, so that the
    carrier's report may arrive before the answer does.
    """

    def place_call(self, *, to: str, from_number: str, leg_id: str, ring_s: int) -> str:
        """Ring `to` (E.164, or `client:ID` for a nurse's browser) for leg `leg_id`; the carrier's id of the call."""
        ...

    def move_caller(self, *, carrier_id: str, contact_id: str, where: Destination) -> None:
        """Take a caller's call where it stands to their room, back to waiting, or to the goodbye."""
        ...

    def hang_up(self, *, carrier_id: str) -> None:
        """End a call. One that is already over is no fault."""
        ...

    def send_text(self, *, to: str, from_number: str, body: str, message_id: str, valid_s: int) -> str:
        """Send a text that is worthless after `valid_s` seconds; the carrier's id of it."""
        ...

    def find_text(self, *, to: str, containing: str, since: datetime) -> str | None:
        """The carrier's id of a text we sent to `to` since then that contains these words, if it has one."""
        ...

"""What triage needs of the outside world. telephony implements it; app.py joins them; tests have their own."""

from datetime import datetime
from typing import Literal, NamedTuple, Protocol

Destination = Literal["join", "back", "goodbye"]


class CarrierUnavailable(Exception):
    """The carrier did not do it now. `in_doubt` is true if it may have happened all the same (no answer came back)."""

    def __init__(self, sentence: str, *, in_doubt: bool):
        super().__init__(sentence)
        self.in_doubt = in_doubt


class CarrierRefused(Exception):
    """The carrier said no, and will say so again. `reason`: gone, opted_out, bad_number, landline, on_its_way or
    refused.
    """

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class CarriersCall(NamedTuple):
    """A call as the carrier has it in its lists."""

    carrier_id: str
    number: str | None  # whose call it is, E.164; None when withheld, or a nurse's browser
    dialled: str
    by_a_person: bool  # somebody rang one of our numbers; else we placed it, or it is a nurse's browser
    outcome: str | None  # completed, busy, no_answer, failed or canceled; None while it is up
    began_at: datetime | None  # None while it is not answered yet
    parent: str | None  # the call that dialled this one


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

    def tell(self, *, to: str, from_number: str, words: str, alarm_id: str | None = None) -> None:
        """Ring somebody who works here and say these words, several times: they travel with the call, no webhook. A key
        they press is about that alarm.
        """
        ...

    def text_alarm(self, *, to: str, from_number: str, words: str) -> None:
        """Text somebody who works here; worthless after ten minutes, and nobody asks what became of it."""
        ...

    def live_calls(self) -> dict[str, CarriersCall]:
        """Every call that is up now, by the carrier's id. Raises CarrierUnavailable rather than give a part of them."""
        ...

    def calls_since(self, since: datetime) -> list[CarriersCall]:
        """The calls that people made to us since then, over or not. At most ten thousand, the newest."""
        ...

    def call(self, carrier_id: str) -> CarriersCall | None:
        """One call; None if the carrier knows none of that id."""
        ...

    def held_calls(self) -> set[str]:
        """The calls that wait in the carrier's queue, or are in a room."""
        ...

    def text_state(self, carrier_id: str) -> tuple[str, str | None] | None:
        """`sent`, `delivered` or `fail` (and then why) of a text we sent; None while the carrier itself has not sent
        it, or does not know it.
        """
        ...

    def erase_text(self, *, carrier_id: str) -> None:
        """Erase the carrier's copy of a text, either way: its words, and whatever came with them. One that is gone is
        no fault; one that is still being sent is refused as `on_its_way`.
        """
        ...


class NotShown(Exception):
    """A picture or voice note that cannot be shown; `reason` is a key of `triage.media.NOT_SHOWN`."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class MediaStore(Protocol):
    """Where the carrier keeps what came with a text."""

    def fetch(self, at: str, *, most_bytes: int) -> tuple[str, bytes]:
        """One piece, by its place (`triage.media.Piece.at`), within a few seconds: the media type the carrier says,
        and the piece itself. Nothing is kept. Raises NotShown: gone, too_large or unavailable.
        """
        ...

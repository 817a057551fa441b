"""The shape of a conversation: a place, an event, and the turn that follows. No clock, no database, no carrier.

A `Turn` says where the conversation now is, what the person hears or is asked (`steps`), and what must become true
(`effects`). Steps are rendered by telephony; effects are carried out by triage, in one transaction, before the person
hears anything.
"""

from dataclasses import dataclass
from enum import StrEnum

# --- steps ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Say:
    text: str


@dataclass(frozen=True)
class Pause:
    seconds: int


@dataclass(frozen=True)
class Ask:
    """Say something and listen: for keys, and for speech if `speech`. Silence for `wait_s` is an answer too."""

    text: str
    speech: bool = False
    most_keys: int | None = 1  # None: until a pause, for words spelled on the keypad
    wait_s: int = 4


@dataclass(frozen=True)
class Hold:
    """Wait in the queue."""


@dataclass(frozen=True)
class WaitOn:
    """From inside the queue: go on waiting."""


@dataclass(frozen=True)
class LeaveQueue:
    """From inside the queue: come out of it (the call goes on with what follows)."""


@dataclass(frozen=True)
class Meet:
    """Go to the room where the other side is."""

    ends_room: bool  # the person's leg does; a nurse's never


@dataclass(frozen=True)
class Reach:
    """Ring a person from a number of ours; who they are asked to be comes first, and a key of theirs joins them."""


@dataclass(frozen=True)
class HangUp:
    pass


Step = Say | Pause | Ask | Hold | WaitOn | LeaveQueue | Meet | Reach | HangUp

# --- effects ----------------------------------------------------------------------------------------------------------


class Do(StrEnum):
    """What must become true because of a turn."""

    JOIN_QUEUE = "join_queue"
    DANGER = "danger"  # they stated danger now: head of everything
    CALL_BACK = "call_back"
    TEXT_LOCAL_HELP = "text_local_help"
    FOR_SOMEONE_ELSE = "for_someone_else"
    CANNOT_TALK = "cannot_talk"


@dataclass(frozen=True)
class PlaceBy:
    """They gave this keyword: the locality is its, the band stays."""

    word: str


Effect = Do | PlaceBy


@dataclass(frozen=True)
class Turn:
    place: str
    steps: tuple[Step, ...]
    effects: tuple[Effect, ...] = ()

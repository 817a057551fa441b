"""The numbers a service runs by, and where each comes from. `apply` may change them; a row keeps the version it
used.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.models import Service

T = TypeVar("T")


class Rules(msgspec.Struct, frozen=True):
    """Seconds unless the name says otherwise. The defaults are DESIGN 3's, or chosen here with the reason given."""

    ring_s: int = 20  # a nurse's phone rings this long; 15 s to reach the pocket, 5 to press 1
    claim_lease_s: int = 40  # a claim not answered by then goes back: ring_s, the whisper, and the carrier's delays
    connect_lease_s: int = 20  # accepted, and the caller on the way to the room
    climb_every_s: int = 600  # waiting climbs a band each time this passes, never above band 1
    reconnect_s: int = 900  # back within 15 minutes: band 2, and the original arrival (domain.md 6.1)
    call_back_due_s: int = 600  # a caller who hung up is owed a ring by then
    acknowledge_s: int = 120  # a crew's time to accept before the next unit is asked (R38)
    ring_crew_s: int = 45  # an offer not answered by text is rung through; 75 s are left to pick up and press. 0: never
    offer_valid_s: int = 120  # a text offering a job must not arrive after that (R38)
    text_valid_s: int = 600  # a reply to a person in crisis is worthless hours later (twilio.md 1.7)
    misses_before_break: int = 2  # a nurse who did not answer twice is not rung a third time
    alert_again_s: int = 30  # danger now and nobody has taken it: ring every ready nurse again
    unsent_s: int = 60  # the carrier must have an offer by then, or a person knows (R38)
    still_warn_s: int = 240  # accepted but not moving: the board warns (Resgrid)
    still_alert_s: int = 480  # accepted but not moving: a person is rung (Resgrid)
    welfare_s: int = 1200  # crew on scene: a welfare check is due (TicketsCAD's practice)
    welfare_answer_s: int = 60  # a crew's time to answer it
    welfare_again_s: int = 120  # and to answer when it was asked once more
    last_offer_s: int = 0  # so long before the planned end of its duty a car is offered nothing more
    en_route_s: int = 3600  # on the way that long: a person asks. These are our choice: half as long again as a job
    staging_s: int = 1800  # usually takes in each state (domain.md 1.4), before somebody is rung about a crew that is
    on_scene_s: int = 3600  # well and at work
    with_person_s: int = 7200
    leaving_s: int = 3600
    at_destination_s: int = 3600
    handed_over_s: int = 1800
    one_breath_s: int = 20  # texts sent within this are one turn: people press send within a sentence. 0: never
    silence_s: int = 600  # a person with a nurse who does not write back is asked once whether they are there
    silence_danger_s: int = 300  # where danger was said, a second person knows by then
    ask_after_s: int = 14400  # the one question, where they agreed to it, comes so long after the end
    carrier_copies_hours: int = 24  # then the carrier's copy of a text is erased; pictures can be shown until then


class TheService(msgspec.Struct, frozen=True):
    """The service as it stands: its name, rules, wording, and the sentence for when no car is on duty."""

    name: str
    rules: Rules
    wording: dict[str, str]
    no_car_fallback: str
    allow_destinations: tuple[str, ...] = ()  # prefixes beyond ordinary British numbers (triage.destinations)
    replies: tuple[tuple[str, str], ...] = ()  # name and words of each saved reply (triage.saved_replies)
    version: int = 0  # goes up whenever `apply` changed anything here: which wording answered somebody
    outline: str | None = None  # the version of the board's outlines, if there are any (triage.outline)


OUTLINE = 2  # the row that holds the board's outlines and nothing else
NO_CAR = "No car can go now. Ring 999 if there is danger now; otherwise the crisis team on call."


def config(db: Session) -> dict[str, Any]:
    """What `apply` keeps of the file's numbers, as it was written."""
    return db.scalar(select(Service.config).where(Service.id == 1)) or {}


def outline(db: Session) -> dict[str, Any] | None:
    """The board's outlines, as GeoJSON: large, so they stand beside the numbers, and only the map reads them."""
    return db.scalar(select(Service.config).where(Service.id == OUTLINE)) or None


def current(db: Session) -> TheService:
    """What `apply` loaded last, or a nameless service with the defaults before anything was."""
    return once(db, "service", _read)


def once(db: Session, name: str, read: Callable[[Session], T]) -> T:
    """What `read` gives, read once in a unit of work; the next one reads anew. Whoever changes it says `forget`."""
    kept: dict[str, T] = db.info.setdefault("read_once", {})
    if name not in kept:
        kept[name] = read(db)
    return kept[name]


def forget(db: Session) -> None:
    """What this unit of work has read `once` holds no more."""
    db.info.pop("read_once", None)


def _read(db: Session) -> TheService:
    row = db.scalar(select(Service).where(Service.id == 1))
    if row is None:
        return TheService("this crisis line", Rules(), {}, NO_CAR)
    return TheService(
        row.name,
        msgspec.convert(row.config.get("rules", {}), Rules),
        {str(name): str(words) for name, words in row.wording.items()},
        row.config.get("no_car_fallback") or NO_CAR,
        tuple(row.config.get("allow_destinations") or ()),
        tuple((name, words) for name, words in row.config.get("replies") or ()),
        row.version,
        row.config.get("outline"),
    )

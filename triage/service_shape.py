"""What a service file holds, once it has no mistake in it; and how mistakes in one are told."""

from datetime import date
from typing import Any, Literal

import msgspec


class Problem(msgspec.Struct, frozen=True, order=True):
    """One mistake: the line it stands on, from 1, and a sentence saying what to do."""

    line: int
    sentence: str


class ServiceFileError(Exception):
    """The file cannot be used. `problems` holds every mistake found, in the order of their lines."""

    def __init__(self, found: list[Problem]) -> None:
        self.problems = sorted(found)
        super().__init__("\n".join(f"line {problem.line}: {problem.sentence}" for problem in self.problems))


class Service(msgspec.Struct, frozen=True):
    """The service itself. `no_car_fallback` is the sentence shown and said when no car is on duty;
    `allow_destinations` are prefixes people may be rung and texted on beyond ordinary British numbers; `map` is the
    file of outlines for the board's map, beside the service file."""

    name: str
    no_car_fallback: str | None = None
    allow_destinations: tuple[str, ...] = ()
    map: str | None = None


class Locality(msgspec.Struct, frozen=True):
    """A place with nurses and cars. `overflow`: the localities whose nurses help, in order, when none
    here is on shift. `text_window_hours`: how long after its end a text goes on with the same conversation."""

    code: str
    name: str
    overflow: tuple[str, ...] = ()
    text_window_hours: int = 0


class Line(msgspec.Struct, frozen=True):
    """A number people ring or text (E.164), where a caller is placed before any keyword, and the language of the texts
    it sends by itself (None: English)."""

    number: str
    locality: str | None = None
    route: str = "direct"
    language: str | None = None


class Keyword(msgspec.Struct, frozen=True):
    """A word service users chose, who agreed it and when, and from and to which day (both included) it is
    in use."""

    word: str
    locality: str
    agreed_by: str
    agreed_on: date
    sounds_like: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def state_on(self, today: date) -> Literal["coming", "in_use", "retired"]:
        """Where the word stands on a day."""
        if self.valid_from and today < self.valid_from:
            return "coming"
        return "retired" if self.valid_to and today > self.valid_to else "in_use"


class Staff(msgspec.Struct, frozen=True):
    """Somebody who signs in. The e-mail is in small letters; the phone, where the service may ring them,
    is E.164."""

    email: str
    name: str
    roles: tuple[str, ...]
    localities: tuple[str, ...] = ()
    phone: str | None = None
    skills: tuple[str, ...] = ()


class Unit(msgspec.Struct, frozen=True):
    """A response car by call sign, its phone (E.164) and who rides in it. `base` is where it stands without a job: a
    position or a postcode, as written.
    """

    call_sign: str
    locality: str
    phone: str
    crew: tuple[str, ...] = ()
    base: str | None = None


class DirectoryEntry(msgspec.Struct, frozen=True):
    """Local help. `open` says when, in words; `text` is what may be texted to a caller, when not name and
    number."""

    name: str
    locality: str
    what: str
    phone: str | None = None
    open: str | None = None
    text: str | None = None


class SavedReply(msgspec.Struct, frozen=True):
    """Words that nurses may put into a text and change before they send it, and the name they are chosen by."""

    name: str
    text: str


class SharedNumber(msgspec.Struct, frozen=True):
    """A telephone that is not one person's (E.164), so that it links nobody: a payphone, a ward, a switchboard."""

    number: str
    kind: str = "shared"


class Hours(msgspec.Struct, frozen=True):
    """When the own nurses of one locality, or (None) of every other, are expected: weekly, local time, as
    `triage.opening` reads it. Without any: always."""

    spans: tuple[str, ...]
    locality: str | None = None


class Order(msgspec.Struct, frozen=True):
    """Numbers the queue and dispatch run by; None leaves the service's own default."""

    wait_climb_minutes: int | None = None
    lease_s: int | None = None
    ack_deadline_s: int | None = None


class Car(msgspec.Struct, frozen=True):
    """Numbers the response car runs by, in seconds, named as in `triage.rules`; None leaves the default there."""

    ring_crew_s: int | None = None
    unsent_s: int | None = None
    still_warn_s: int | None = None
    still_alert_s: int | None = None
    welfare_s: int | None = None
    welfare_answer_s: int | None = None
    welfare_again_s: int | None = None
    last_offer_s: int | None = None
    en_route_s: int | None = None
    staging_s: int | None = None
    on_scene_s: int | None = None
    with_person_s: int | None = None
    leaving_s: int | None = None
    at_destination_s: int | None = None
    handed_over_s: int | None = None


class Texts(msgspec.Struct, frozen=True):
    """Numbers the text line runs by, in seconds unless the name says otherwise, named as in `triage.rules`; None leaves
    the default there."""

    one_breath_s: int | None = None
    silence_s: int | None = None
    silence_danger_s: int | None = None
    ask_after_s: int | None = None
    carrier_copies_hours: int | None = None


class Retention(msgspec.Struct, frozen=True):
    """How long records are kept, in years (`child_until`: to which birthday); None leaves the Records Management
    Code's own time. `texts_days`: how long the words of texts are; None: as long as their record."""

    mental_health_years: int | None = None
    adult_years: int | None = None
    child_until: int | None = None
    texts_days: int | None = None


class ServiceFile(msgspec.Struct, frozen=True):
    """Everything in a service file that has no mistake in it. `outline` is what the file named as `map` holds."""

    service: Service
    localities: tuple[Locality, ...] = ()
    lines: tuple[Line, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    staff: tuple[Staff, ...] = ()
    units: tuple[Unit, ...] = ()
    directory: tuple[DirectoryEntry, ...] = ()
    hours: tuple[Hours, ...] = ()
    shared_numbers: tuple[SharedNumber, ...] = ()
    replies: tuple[SavedReply, ...] = ()
    wording: dict[str, str] = {}
    order: Order = Order()
    car: Car = Car()
    texts: Texts = Texts()
    retention: Retention = Retention()
    outline: dict[str, Any] | None = None

    def hours_of(self, locality: str) -> tuple[str, ...]:
        """The spans of a locality: its own, or those that name no locality, or none."""
        by_locality = {hours.locality: hours.spans for hours in self.hours}
        return by_locality.get(locality) or by_locality.get(None, ())

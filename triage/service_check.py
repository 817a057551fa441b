"""Checks what a service file gave: each field by itself, then fields against each other. Every mistake is found."""

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from callflows.wording import WRITTEN
from triage import before_sending, outline
from triage.keywords import Word, problems
from triage.rules import Rules
from triage.service_fields import (
    LANGUAGES,
    ROLES,
    ROUTES,
    SHARED,
    Field,
    Wrong,
    day,
    email,
    nearest,
    number,
    one_of,
    position,
    prefix,
    public_number,
    rung_number,
    slug,
    span,
    text,
    texts,
    whole,
)
from triage.service_lines import Lines
from triage.service_shape import (
    Car,
    DirectoryEntry,
    Hours,
    Keyword,
    Line,
    Locality,
    Order,
    Problem,
    Retention,
    SavedReply,
    Service,
    ServiceFile,
    SharedNumber,
    Staff,
    Texts,
    Unit,
)

_REQUIRED_LOCALITY = Field(slug, required=True)
_NAME = Field(text(), required=True)

FIELDS: dict[str, dict[str, Field]] = {
    "service": {
        "name": _NAME,
        "no_car_fallback": Field(text(300)),
        "allow_destinations": Field(texts(prefix), default=()),
        "map": Field(text()),
    },
    "order": {
        "wait_climb_minutes": Field(whole(1, 240)),
        "lease_s": Field(whole(30, 600)),
        "ack_deadline_s": Field(whole(30, 900)),
    },
    "car": {
        "ring_crew_s": Field(whole(0, 900)),
        "unsent_s": Field(whole(15, 120)),
        "still_warn_s": Field(whole(60, 3600)),
        "still_alert_s": Field(whole(120, 3600)),
        "welfare_s": Field(whole(120, 3600)),
        "welfare_answer_s": Field(whole(30, 600)),
        "welfare_again_s": Field(whole(30, 600)),
        "last_offer_s": Field(whole(0, 14400)),
        "en_route_s": Field(whole(300, 14400)),
        "staging_s": Field(whole(300, 14400)),
        "on_scene_s": Field(whole(300, 14400)),
        "with_person_s": Field(whole(300, 28800)),
        "leaving_s": Field(whole(300, 14400)),
        "at_destination_s": Field(whole(300, 28800)),
        "handed_over_s": Field(whole(300, 14400)),
    },
    "texts": {
        "one_breath_s": Field(whole(0, 120)),
        "silence_s": Field(whole(120, 3600)),
        "silence_danger_s": Field(whole(60, 1800)),
        "ask_after_s": Field(whole(3600, 86400)),
        "carrier_copies_hours": Field(whole(1, 2160)),
    },
    "retention": {
        "mental_health_years": Field(whole(20, 100)),
        "adult_years": Field(whole(8, 100)),
        "child_until": Field(whole(25, 100)),
        "texts_days": Field(whole(1, 36500)),
    },
    "locality": {
        "code": Field(slug, required=True),
        "name": _NAME,
        "overflow": Field(texts(slug), default=()),
        "text_window_hours": Field(whole(0, 168), default=0),
    },
    "line": {
        "number": Field(number, required=True),
        "locality": Field(slug),
        "route": Field(one_of(*ROUTES), default="direct"),
        "language": Field(one_of(*LANGUAGES)),
    },
    "keyword": {
        "word": Field(text(80), required=True),
        "locality": _REQUIRED_LOCALITY,
        "sounds_like": Field(texts(text(80)), default=()),
        "agreed_by": _NAME,
        "agreed_on": Field(day, required=True),
        "valid_from": Field(day),
        "valid_to": Field(day),
    },
    "staff": {
        "email": Field(email, required=True),
        "name": _NAME,
        "roles": Field(texts(one_of(*ROLES)), required=True),
        "localities": Field(texts(slug), default=()),
        "phone": Field(rung_number),
        "skills": Field(texts(text(60)), default=()),
    },
    "unit": {
        "call_sign": Field(text(20), required=True),
        "locality": _REQUIRED_LOCALITY,
        "phone": Field(rung_number, required=True),
        "crew": Field(texts(text(80)), default=()),
        "base": Field(position),
    },
    "directory": {
        "name": _NAME,
        "locality": _REQUIRED_LOCALITY,
        "what": Field(text(500), required=True),
        "phone": Field(public_number),
        "open": Field(text()),
        "text": Field(text(600)),
    },
    "shared_number": {"number": Field(number, required=True), "kind": Field(one_of(*SHARED), default="shared")},
    "reply": {"name": Field(text(60), required=True), "text": Field(text(600), required=True)},
    "hours": {"locality": Field(slug), "spans": Field(texts(span), required=True)},
}
SINGLE = ("service", "order", "car", "texts", "retention", "wording")
"""Tables that stand once, in single brackets. The others are repeated, in double brackets."""

Entry = dict[str, Any]


def _sentence(name: str, given: Any) -> str:
    """A sentence of the line's; one that is texted goes in two texts, before anything is filled in."""
    words = text(1000)(given)
    if name.startswith("text_") and (count := before_sending.parts(words)) > before_sending.MOST_PARTS:
        wide = before_sending.parts("x" * len(words)) < count
        why = ' (a letter outside the alphabet of texts, such as "ŵ" or a curly quote, makes each of them short)'
        raise Wrong(f"is {count} texts long{why if wide else ''}; shorten it to {before_sending.MOST_PARTS}")
    return words


class Reader:
    """Reads what one file gave, once. `found` is every mistake; `result()` may be asked for when there is none.

    `folder` is where the files lie that it names."""

    def __init__(
        self, given: Entry, lines: Lines, wording_names: Collection[str] | None, folder: Path | None = None
    ) -> None:
        self.found: list[Problem] = []
        self._lines = lines
        for name in given.keys() - {*FIELDS, "wording"}:
            self._say(lines.top(name), f'There is no section called "{name}"{nearest(name, [*FIELDS, "wording"])}.')
        self._given: dict[str, list[Entry]] = {name: self._entries(name, given.get(name)) for name in FIELDS}
        self._wording = self._sentences(given.get("wording", {}), wording_names)
        if "service" not in given:
            self._say(1, 'There is no [service]; begin the file with [service] and a line name = "...".')
        self._check_across()
        self._outline = self._outline_in(folder)

    def result(self) -> ServiceFile:
        def made(kind: Callable[..., Any], name: str) -> tuple[Any, ...]:
            return tuple(kind(**entry) for entry in self._given[name])

        return ServiceFile(
            service=made(Service, "service")[0],
            localities=made(Locality, "locality"),
            lines=made(Line, "line"),
            keywords=made(Keyword, "keyword"),
            staff=made(Staff, "staff"),
            units=made(Unit, "unit"),
            directory=made(DirectoryEntry, "directory"),
            hours=made(Hours, "hours"),
            shared_numbers=made(SharedNumber, "shared_number"),
            replies=made(SavedReply, "reply"),
            wording=self._wording,
            order=next(iter(made(Order, "order")), Order()),
            car=next(iter(made(Car, "car")), Car()),
            texts=next(iter(made(Texts, "texts")), Texts()),
            retention=next(iter(made(Retention, "retention")), Retention()),
            outline=self._outline,
        )

    # Each field by itself

    def _say(self, line: int, sentence: str) -> None:
        self.found.append(Problem(line, sentence.replace("?.", "?")))

    def _entries(self, name: str, given: Any) -> list[Entry]:
        if given is None:
            return []
        if name in SINGLE and not isinstance(given, dict):
            self._say(self._lines.top(name), f"Write [{name}] once, with single brackets.")
            return []
        listed = [given] if name in SINGLE else given
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            self._say(self._lines.top(name), f"Write [[{name}]] with double brackets, once for each.")
            return []
        return [self._entry(name, at, one) for at, one in enumerate(listed)]

    def _entry(self, name: str, at: int, given: Entry) -> Entry:
        """The fields that are right, with defaults for those left out. What is wrong has been said."""
        fields = FIELDS[name]
        for key in given.keys() - fields.keys():
            self._say(self._lines.key(name, at, key), f'A {name} has no field called "{key}"{nearest(key, fields)}.')
        entry: Entry = {}
        for key, field in fields.items():
            if key not in given:
                if field.required:
                    self._say(self._lines.table(name, at), f"This {name} has no {key}; add a line {key} = ...")
                else:
                    entry[key] = field.default
                continue
            try:
                entry[key] = field.check(given[key])
            except Wrong as wrong:
                self._say(self._lines.key(name, at, key), f"{key} {wrong}.")
        return entry

    def _sentences(
        self, given: Any, names: Collection[str] | None, table: str = "wording", prefix: str = ""
    ) -> dict[str, str]:
        """The administrators' sentences by name; those in Welsh (`[wording.cy]`) with "cy." before it."""
        if not isinstance(given, dict):
            self._say(self._lines.top("wording"), f"Write [{table}] once, with single brackets.")
            return {}
        kept: dict[str, str] = {}
        for name, words in given.items():
            line = self._lines.key(table, 0, name)
            if not prefix and name in WRITTEN and isinstance(words, dict):
                texted = None if names is None else [one for one in names if one in WRITTEN[name]]
                kept |= self._sentences(words, texted, f"wording.{name}", f"{name}.")
                continue
            if (names is None and not re.fullmatch(r"[a-z][a-z0-9_]*", name)) or (
                names is not None and name not in names
            ):
                where = " in that language" if prefix else ""
                self._say(line, f'There is no sentence called "{name}"{where}{nearest(name, names or ())}.')
                continue
            try:
                kept[f"{prefix}{name}"] = _sentence(name, words)
            except Wrong as wrong:
                self._say(line, f"{name} {wrong}.")
        return kept

    def _outline_in(self, folder: Path | None) -> dict[str, Any] | None:
        """What the file named as `map` holds."""
        name = next((entry.get("map") for entry in self._given["service"]), None)
        if name is None or folder is None:
            return None
        try:
            return outline.read(folder / name)
        except outline.BadOutline as bad:
            self._say(self._lines.key("service", 0, "map"), f"map: {name} {bad}.")
            return None

    # Fields against each other

    def _check_across(self) -> None:
        for name, key, one in (
            ("locality", "code", "locality"),
            ("line", "number", "line"),
            ("staff", "email", "member of staff"),
            ("unit", "call_sign", "unit"),
            ("shared_number", "number", "shared number"),
            ("reply", "name", "reply"),
            ("hours", "locality", "[[hours]] table"),
        ):
            self._no_two({name: key}, f"{{value}} is already a {one} on line {{line}}; keep one.")
        self._no_two(
            {"line": "number", "staff": "phone", "unit": "phone"},
            "{value} is already used on line {line}; each line, person and car needs its own number.",
        )
        for at, _ in [pair for pair in enumerate(self._given["hours"]) if not pair[1].get("locality")][1:]:
            self._say(self._lines.table("hours", at), "There are hours for every other locality already; keep one.")
        self._known_localities()
        self._staff_and_days()
        self._warned_before_alerted()
        self._keywords_apart()

    def _no_two(self, places: dict[str, str], sentence: str) -> None:
        first: dict[str, int] = {}
        for name, key in places.items():
            for at, entry in enumerate(self._given[name]):
                if value := entry.get(key):
                    line = self._lines.key(name, at, key)
                    there = first.setdefault(value.casefold(), line)
                    said = name == "line" and len(places) > 1  # two lines of one number: already told as such
                    if there != line and not said:
                        self._say(line, sentence.format(value=value, line=there))

    def _known_localities(self) -> None:
        codes = [entry["code"] for entry in self._given["locality"] if "code" in entry]
        for name, at, key, code in self._localities_named():
            line = self._lines.key(name, at, key)
            if code not in codes:
                meant = nearest(code, codes) or f'; add a [[locality]] with code = "{code}" or correct it.'
                self._say(line, f'There is no locality "{code}"{meant}')
            elif name == "locality" and code == self._given[name][at].get("code"):
                self._say(line, f'"{code}" cannot overflow into itself; take it out of overflow.')

    def _localities_named(self) -> Iterator[tuple[str, int, str, str]]:
        for name, key in (
            ("locality", "overflow"), ("line", "locality"), ("keyword", "locality"), ("staff", "localities"),
            ("unit", "locality"), ("directory", "locality"), ("hours", "locality"),
        ):  # fmt: skip
            for at, entry in enumerate(self._given[name]):
                named = entry.get(key) or ()
                for code in (named,) if isinstance(named, str) else named:
                    yield name, at, key, code

    def _staff_and_days(self) -> None:
        for at, entry in enumerate(self._given["staff"]):
            roles = entry.get("roles")
            if roles == ():
                self._say(
                    self._lines.key("staff", at, "roles"),
                    f"roles is empty; give at least one of {', '.join(ROLES)}.",
                )
            elif roles and "nurse" in roles and entry.get("localities") == ():
                line = self._lines.key("staff", at, "localities")
                self._say(line, "A nurse needs at least one locality to take people from; add localities = [...]")
        for at, entry in enumerate(self._given["keyword"]):
            start, end = entry.get("valid_from"), entry.get("valid_to")
            if start and end and end < start:
                self._say(
                    self._lines.key("keyword", at, "valid_to"),
                    "valid_to is before valid_from; swap or correct them.",
                )

    def _warned_before_alerted(self) -> None:
        for at, entry in enumerate(self._given["car"]):
            warn = entry.get("still_warn_s") or Rules().still_warn_s
            alert = entry.get("still_alert_s") or Rules().still_alert_s
            if warn >= alert:
                key = "still_warn_s" if entry.get("still_warn_s") else "still_alert_s"
                self._say(
                    self._lines.key("car", at, key),
                    f"The board would warn after {warn} seconds and somebody be rung after {alert}; "
                    "make still_warn_s the smaller.",
                )

    def _keywords_apart(self) -> None:
        given = [
            (at, entry)
            for at, entry in enumerate(self._given["keyword"])
            if entry.get("word") and entry.get("locality")
        ]
        words = [Word(entry["word"], entry["locality"], entry.get("sounds_like") or ()) for _, entry in given]
        for collision in problems(words):
            line = self._lines.key("keyword", given[collision.at][0], "word")
            sentence = collision.sentence
            if collision.other is not None:
                other = self._lines.key("keyword", given[collision.other][0], "word")
                sentence = f"{sentence.removesuffix('.')} (lines {other} and {line})."
            self._say(line, sentence)

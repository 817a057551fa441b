"""What nurses type, read and checked: as typed, as values where they fit, and a sentence for each that does not."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from triage import drafts, incidents, outcomes, service_fields
from triage.desk.words import HERE, field_time
from triage.models import Outcome, new_id

LONGEST: Final = 10_000  # characters of one note
OUTCOME_FIELDS: Final = (
    "urgency", "disposition", "agreed", "next_steps", "themes", "needed_by", "who", "caller_role",
    "text_consent", "ask_after", "notes",
)  # fmt: skip
SAYS: Final = ("urgency", "disposition", "agreed", "next_steps", "notes")
CAR_FIELDS: Final = (
    "address", "postcode", "scene_safety", "concern", "call_back", "needed_by", "hazards", "police_test",
    "position", "who_is_there", "tell_person",
)  # fmt: skip
CONSENT: Final = {"yes": True, "no": False}


@dataclass
class Form:
    """`fields` goes back on the page as typed; `errors` says what must change; `values` is for the service."""

    fields: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, longest: int = LONGEST) -> str:
        typed = str(self.fields.get(name) or "").strip()
        if len(typed) > longest:
            self.errors[name] = f"This holds {longest} characters at most; you wrote {len(typed)}. Shorten it."
        return typed

    def time(self, name: str) -> datetime | None:
        typed = str(self.fields.get(name) or "").strip()
        if not typed:
            return None
        try:
            at = datetime.fromisoformat(typed)
        except ValueError:
            self.errors[name] = "Write a day and a time, such as 2026-03-01 17:30, or leave it empty."
            return None
        return at if at.tzinfo else at.replace(tzinfo=HERE)


def outcome(sent: MultiDict[str, str]) -> Form:
    """The outcome form. Only what happens next is compulsory: an urgency nobody could judge stays open."""
    form = Form(typed(sent))
    if form.fields["disposition"] not in outcomes.DISPOSITIONS:
        form.errors["disposition"] = "Choose what happens next. If they left, choose that."
    if form.fields["urgency"] and form.fields["urgency"] not in outcomes.URGENCIES:
        form.errors["urgency"] = "Choose a letter from A to G, or leave it open."
    if form.fields["caller_role"] and form.fields["caller_role"] not in outcomes.ROLES:
        form.errors["caller_role"] = "Choose who was speaking, or leave it open."
    form.values = {
        "urgency": form.fields["urgency"] or None,
        "disposition": form.fields["disposition"],
        "agreed": form.text("agreed"),
        "next_steps": form.text("next_steps"),
        "notes": form.text("notes"),
        "who": form.text("who", 200) or None,
        "themes": [theme for theme in outcomes.THEMES if theme in form.fields["themes"]],
        "needed_by": form.time("needed_by"),
        "caller_role": form.fields["caller_role"] or None,
        "text_consent": CONSENT.get(form.fields["text_consent"]),
        "ask_after": CONSENT.get(form.fields["ask_after"]),
    }
    return form


def draft(sent: MultiDict[str, str]) -> dict[str, Any]:
    """What a draft keeps of the page: each of its forms that was sent along. Names of the other forms have a prefix."""
    parts: dict[str, Any] = {}
    if "notes" in sent:
        parts[drafts.OUTCOME] = typed(sent)
    if f"{drafts.CAR}-address" in sent:
        parts[drafts.CAR] = {name: sent.get(f"{drafts.CAR}-{name}", "")[:LONGEST] for name in CAR_FIELDS}
        needed = sent.getlist(f"{drafts.CAR}-adjustments")
        parts[drafts.CAR]["adjustments"] = [one for one in incidents.ADJUSTMENTS if one in needed]
    if f"{drafts.TEXT}-body" in sent:
        parts[drafts.TEXT] = sent[f"{drafts.TEXT}-body"][:LONGEST]
    return parts


def typed(sent: MultiDict[str, str]) -> dict[str, Any]:
    """The outcome fields as they stand on the page."""
    fields: dict[str, Any] = {name: sent.get(name, "")[: 2 * LONGEST] for name in OUTCOME_FIELDS}
    fields["themes"] = [theme for theme in sent.getlist("themes") if theme in outcomes.THEMES]
    return fields


def from_outcome(row: Outcome) -> dict[str, Any]:
    """A recorded outcome as form fields, to add a changed one.

    The time and team that only followed from the letter are left empty: another letter brings its own.
    """
    fields: dict[str, Any] = {name: getattr(row, name, None) or "" for name in OUTCOME_FIELDS}
    fields["themes"] = list(row.themes)
    scale = outcomes.URGENCIES.get(row.urgency or "")
    follows = scale is not None and scale.within is not None and row.needed_by == row.recorded_at + scale.within
    fields["needed_by"] = field_time(row.needed_by) if row.needed_by and not follows else ""
    fields["who"] = "" if scale and row.who == scale.who else row.who or ""
    fields["text_consent"] = {True: "yes", False: "no", None: ""}[row.text_consent]
    return fields


def says_the_same(fields: dict[str, Any], row: Outcome) -> bool:
    """Whether what is typed is what was recorded."""
    return all((fields.get(name) or None) == getattr(row, name) for name in SAYS)


def car(sent: MultiDict[str, str]) -> Form:
    """The request for the car. Only where it must go is compulsory: address, postcode or position; scene safety not
    asked is unknown.
    """
    form = Form({name: sent.get(name, "") for name in CAR_FIELDS} | {"adjustments": sent.getlist("adjustments")})
    address = form.text("address", 1000)
    postcode, position = form.text("postcode", 12).upper() or None, form.text("position", 60) or None
    if not (address or postcode or position):
        form.errors["address"] = incidents.WHERE
    safety = form.fields["scene_safety"] or "unknown"
    if safety not in incidents.SCENE_SAFETY:
        form.errors["scene_safety"] = "Choose safe, not safe or not known."
    form.values = {
        "address": address or None,
        "postcode": postcode,
        "position": position,
        "who_is_there": form.text("who_is_there", 1000) or None,
        "tell_person": form.fields["tell_person"] == "yes",
        "scene_safety": safety,
        "concern": form.text("concern", 2000) or None,
        "call_back": _number(form, "call_back"),
        "needed_by": form.time("needed_by"),
        "hazards": form.text("hazards", 2000) or None,
        "adjustments": form.fields["adjustments"],
        "police_test": form.fields["police_test"] or None,
    }
    return form


def _number(form: Form, name: str) -> str | None:
    if not form.text(name, 40):
        return None
    try:
        return service_fields.number(form.text(name, 40))
    except service_fields.Wrong:
        form.errors[name] = "Write the whole number, such as 07700 900123, or leave it empty."
        return None


def search(sent: MultiDict[str, str]) -> Form:
    """What to look for among the contacts: a number (or its last digits), a place, a keyword, days."""
    form = Form({name: sent.get(name, "").strip() for name in ("number", "locality", "keyword", "since", "until")})
    number: str | None = form.fields["number"]
    if number and not re.fullmatch(r"\d{3,4}", number):
        number = _number(form, "number")
        if "number" in form.errors:
            form.errors["number"] = "Write the whole number, such as 07700 900123, or its last three or four digits."
    form.values = {
        "number": number or None,
        "locality": form.fields["locality"] or None,
        "keyword": form.fields["keyword"].casefold() or None,
        "since": form.time("since"),
        "until": form.time("until"),
    }
    if not form.errors and not any(form.values.values()):
        form.errors["number"] = "Say what to look for. Nobody lists everyone."
    return form


def fresh_key() -> str:
    """A key for one text, made with its form: sent twice with the same key, it is one text."""
    return new_id()

"""What the forms offer to choose from, as the NHS.UK macros want it. Letters say how soon; they carry no colour."""

import hashlib
from typing import Any

from jinja2 import Environment

from triage import incidents, ladder, outcomes

Item = dict[str, Any]


def urgency_items() -> list[Item]:
    items: list[Item] = [
        {"value": letter, "text": f"{letter}: {one.label}", "hint": {"text": one.who}}
        for letter, one in outcomes.URGENCIES.items()
    ]
    return [*items, {"value": "", "text": "Left open"}]


def disposition_items() -> list[Item]:
    items: list[Item] = [{"value": "", "text": "Choose"}]
    for name, one in outcomes.DISPOSITIONS.items():
        items.append({"value": name, "text": one.label})
    return items


def adjustment_items() -> list[Item]:
    return [{"value": one, "text": one} for one in incidents.ADJUSTMENTS]


def police_items() -> list[Item]:
    return [{"value": "", "text": "Not asked for"}, *({"value": k, "text": v} for k, v in ladder.LEGAL_TESTS.items())]


def theme_items() -> list[Item]:
    return [{"value": theme, "text": theme.capitalize()} for theme in outcomes.THEMES]


def locality_items(localities: dict[str, str]) -> list[Item]:
    places = sorted(localities.items(), key=lambda one: one[1])
    return [{"value": "", "text": "Any"}, *({"value": code, "text": name} for code, name in places)]


def error_list(errors: dict[str, str], prefix: str = "") -> list[Item]:
    """The error summary's links, each to the field it is about."""
    return [{"text": sentence, "href": f"#{prefix}{name}"} for name, sentence in errors.items()]


def fault(sentence: str) -> Item | None:
    """What is wrong with one field, or nothing."""
    return {"text": sentence} if sentence else None


def next_key(message_id: str) -> str:
    """The key under which a failed text is sent again: the same each time, so that it is sent again once."""
    return hashlib.sha256(message_id.encode()).hexdigest()[:32]


def add_to(env: Environment) -> None:
    env.globals.update(
        adjustment_items=adjustment_items, police_items=police_items,
        urgency_items=urgency_items, disposition_items=disposition_items, theme_items=theme_items,
        error_list=error_list, fault=fault,
        locality_items=locality_items,
        dispositions=outcomes.DISPOSITIONS, urgencies=outcomes.URGENCIES,
    )  # fmt: skip
    env.filters["next_key"] = next_key

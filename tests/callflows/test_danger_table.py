"""The published table of the list of danger says what the list does."""

from datetime import date

import pytest

from callflows import danger
from tests.callflows import danger_table

KNOWN_FALSE_ALARMS = ["do i need to ring 999"]


def test_the_table_is_what_the_list_does_today() -> None:
    assert danger_table.measured() in danger_table.DOCUMENT.read_text(encoding="utf-8"), (
        "run python -m tests.callflows.danger_table"
    )


def test_no_text_of_the_table_that_states_danger_is_missed() -> None:
    assert len(danger_table.texts()) > 200
    assert danger_table.missed() == []


def test_false_alarms_are_the_known_ones() -> None:
    """A question whether to ring 999 is doubt, and doubt counts as danger."""
    assert danger_table.false_alarms() == KNOWN_FALSE_ALARMS


def test_a_changed_list_has_a_new_version() -> None:
    day, digest = danger.VERSION.split()
    assert digest == danger.digest(), f'the list has changed: VERSION = "<today> {danger.digest()}"'
    assert date.fromisoformat(day)


def test_the_published_table_names_the_version_of_the_list() -> None:
    assert f"Version of the list: {danger.VERSION}." in danger_table.DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "table", ["STATED", "FIGURES", "DENIALS", "WISHES", "LONG_AGO", "_OTHER_WORDS", "_NOT_BETWEEN"]
)
def test_a_change_of_any_table_changes_the_digest(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, changed = danger.digest(), getattr(danger, table)
    other = (
        {**changed, "new": "x"}
        if isinstance(changed, dict)
        else changed | {"x"}
        if isinstance(changed, set)
        else changed + " ; x"
    )
    monkeypatch.setattr(danger, table, other)
    assert danger.digest() != before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hi. I've taken 30 tablets tonight", "ive taken 30 tablets"),
        ("Im standing on the brige", "im standing on the bridge"),
        ("dydw i ddim mewn perygl", None),
        ("dwi mewn perygl", "mewn perygl"),
        ("im not in danger", None),
        ("", None),
    ],
)
def test_the_words_that_were_met_can_be_shown(text: str, words: str | None) -> None:
    assert danger.met(text) == words
    assert danger.in_danger_now(text) is (words is not None)

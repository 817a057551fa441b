"""The published table of the list of danger says what the list does."""

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

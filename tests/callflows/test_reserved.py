"""Words that are a whole text and ask something of the line."""

import pytest

from callflows import reserved


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("CYMRAEG", "cy"),
        ("Welsh!", "cy"),
        ("in welsh please", "cy"),
        ("yn gymraeg", "cy"),
        ("Yn Gymraeg os gwelwch yn dda", "cy"),
        ("can you text in Welsh", "cy"),
        ("english", "en"),
        ("Saesneg plis", "en"),
        ("i would like english please", "en"),
        ("my welsh nan died", None),
        ("i am welsh", None),
        ("i failed my english exam", None),
        ("welsh or english", None),
        ("no welsh", None),
        ("", None),
        ("please", None),
        ("hello", None),
    ],
)
def test_a_language_is_asked_for_by_its_name_and_nothing_else(text: str, language: str | None) -> None:
    assert reserved.language(text) == language


@pytest.mark.parametrize(
    ("text", "alone"), [("HELP", True), (" help! ", True), ("Info.", True), ("help me", False), ("", False)]
)
def test_a_word_alone_is_alone(text: str, alone: bool) -> None:
    assert reserved.alone(text, reserved.HELP) is alone

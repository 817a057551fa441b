"""Waiting: something true every few seconds, and no key that loses anybody their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflows import waiting
from callflows.conversation import Ask, Do, LeaveQueue, Say, Turn, WaitOn
from callflows.waiting import ROUND_S, Wait

WORDS_A_SECOND = 2.4  # slow, clear speech


def asked(turn: Turn) -> str:
    assert isinstance(turn.steps[0], Ask)
    return turn.steps[0].text


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (Wait(0, ahead=0, nurses=0), "No nurse is free yet."),
        (Wait(0, ahead=0, nurses=1), "You are next."),
        (Wait(0, ahead=1, nurses=1), "One person is before you."),
        (Wait(0, ahead=7, nurses=2), "7 people are before you."),
        (Wait(0, ahead=3, nurses=0), "No nurse is free yet."),
        (Wait(20, ahead=0, nurses=1), "You are still in the queue. We are here."),
        (Wait(140, ahead=0, nurses=1), "It is 2 minutes since you first rang."),
        (Wait(0, ahead=0, nurses=1, danger=True), "You are next. If you can, ring 999 now."),
        (Wait(0, ahead=2, nurses=1, danger=True), "2 people are before you. If you can, ring 999 now."),
        (Wait(0, ahead=0, nurses=0, danger=True), "If you can, ring 999 now. Press 4 if you cannot talk."),
    ],
)
def test_what_is_said_is_what_is_true(wait: Wait, words: str) -> None:
    assert words in asked(waiting.document(wait))


def test_only_what_is_possible_is_offered() -> None:
    hidden = asked(waiting.document(Wait(0, ahead=0, nurses=1, has_number=False, can_text=False)))
    landline = asked(waiting.document(Wait(0, ahead=0, nurses=1, can_text=False)))
    assert ("called back" in hidden, "by text" in hidden, "cannot talk" in hidden) == (False, False, True)
    assert ("called back" in landline, "by text" in landline) == (True, False)


def test_the_choices_are_told_in_every_other_round() -> None:
    told = ["Press 1" in asked(waiting.document(Wait(at * ROUND_S, ahead=1, nurses=1))) for at in range(6)]
    assert told == [True, False, True, False, True, False]


@given(
    wait=st.builds(
        Wait, waited_s=st.integers(0, 10**6), ahead=st.integers(0, 10**4), nurses=st.integers(0, 50), danger=st.booleans()
    )
)  # fmt: skip
def test_no_round_is_a_long_silence_and_every_round_listens_and_goes_on(wait: Wait) -> None:
    turn = waiting.document(wait)
    ask, then = turn.steps
    assert isinstance(ask, Ask)
    assert then == WaitOn()
    assert ask.wait_s <= ROUND_S
    assert len(ask.text.split()) / WORDS_A_SECOND + ask.wait_s <= ROUND_S
    assert turn.effects == ()


@pytest.mark.parametrize(
    ("key", "wait", "effects", "words"),
    [
        ("*", {}, (Do.DANGER,), "ring 999"),
        ("1", {}, (Do.CALL_BACK,), "you keep your place"),
        ("1", {"has_number": False}, (), "hidden from us"),
        ("2", {}, (Do.TEXT_LOCAL_HELP,), "sending you a text"),
        ("2", {"can_text": False}, (), "cannot text"),
        ("3", {}, (Do.FOR_SOMEONE_ELSE,), "someone else"),
        ("4", {}, (Do.CANNOT_TALK,), "1 for yes, 2 for no"),
    ],
)
def test_each_key_does_what_it_says(key: str, wait: dict[str, bool], effects: tuple[Do, ...], words: str) -> None:
    turn = waiting.key(Wait(0, 0, 1, **wait), key)  # type: ignore[arg-type]
    assert turn.effects == effects
    said, then = turn.steps
    assert isinstance(said, Say | Ask)
    assert words in said.text
    assert isinstance(said, Ask) or then == LeaveQueue(), "while it is said, the next key counts"
    assert isinstance(turn.steps[-1], LeaveQueue) == (Do.CALL_BACK in effects), "only a call-back leaves the line"


@given(key=st.text(max_size=3).filter(lambda key: key not in ("1", "2", "3", "4", "*")))
def test_any_other_key_says_that_they_are_still_in_the_queue(key: str) -> None:
    turn = waiting.key(Wait(0, 0, 1), key)
    assert (turn.effects, turn.steps[-1]) == ((), WaitOn())

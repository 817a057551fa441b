"""What nurses and people on duty hear when we ring them."""

import pytest

from callflows import staff
from callflows.conversation import Ask, HangUp, Meet, Say, Turn
from callflows.staff import About


def said(turn: Turn) -> str:
    return " ".join(step.text for step in turn.steps if isinstance(step, Say | Ask))


@pytest.mark.parametrize(
    ("waited_s", "words"), [(0, "just now"), (59, "just now"), (60, "waiting 1 minute."), (150, "waiting 2 minutes.")]
)
def test_a_nurse_hears_from_where_how_long_and_why_before_she_accepts(waited_s: int, words: str) -> None:
    turn = staff.offer(About("The Island", ("Not yet asked", "Calling for someone else"), waited_s), {})
    assert "Call from The Island" in said(turn)
    assert words in said(turn)
    assert "Not yet asked. Calling for someone else." in said(turn)
    assert "Press 1" in said(turn)
    assert turn.steps[-1] == HangUp(), "an answerphone presses no key"


def test_the_persons_leg_ends_the_room_and_the_nurses_never_does() -> None:
    assert staff.accepted({}).steps[-1] == Meet(ends_room=False)
    assert staff.call_back_accepted({}).steps[-1] == Meet(ends_room=True)


def test_ringing_somebody_back_tells_a_stranger_nothing() -> None:
    heard = said(staff.call_back({})) + said(staff.call_back_over({}))
    for word in ("crisis", "nurse", "mental", "health", "line"):
        assert word not in heard.lower()
    assert heard.count("press 1") == 2, "asked twice: a phone takes a moment to reach the ear"


def test_a_person_on_duty_hears_who_rings_and_what_must_be_decided() -> None:
    turn = staff.person("No crew has accepted: somebody must decide", "Test Crisis Line", {})
    assert said(turn).count("This is Test Crisis Line. No crew has accepted: somebody must decide. Press 1") == 2


@pytest.mark.parametrize(
    "turn",
    [
        staff.taken({}), staff.no_key({}), staff.call_back_lost({}), staff.call_back_over({}), staff.person_has_it({}),
        staff.person_no_key({}),
    ],
)  # fmt: skip
def test_nobody_is_hung_up_on_without_a_word(turn: Turn) -> None:
    assert turn.place == staff.ENDED
    assert said(turn)
    assert turn.steps[-1] == HangUp()

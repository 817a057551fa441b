"""What the line answers to a text by itself."""

import pytest

from callflows import texter
from callflows.caller import Heard, Word
from callflows.conversation import Do, PlaceBy
from callflows.texter import TextLine

LINE = TextLine("Test Crisis Line")
HARBOUR, MARIGOLD = Word("harbour", "The Island"), Word("marigold", "The City")


@pytest.mark.parametrize(
    "heard",
    [Heard(), Heard(danger=True), Heard(sure=HARBOUR), Heard(choices=(HARBOUR, MARIGOLD))],
)
def test_the_first_answer_says_who_this_is_what_to_do_in_danger_and_that_a_nurse_will_answer(heard: Heard) -> None:
    reply = texter.reply(LINE, heard, first=True)
    assert reply.text is not None
    for words in ("Test Crisis Line", "ring 999", "nurse will answer you here"):
        assert words in reply.text
    assert reply.turn.effects[-1] is Do.JOIN_QUEUE


@pytest.mark.parametrize(
    ("heard", "text", "effects"),
    [
        (Heard(), None, (Do.JOIN_QUEUE,)),
        (Heard(sure=HARBOUR), "A nurse for The Island", (PlaceBy("harbour"), Do.JOIN_QUEUE)),
        (Heard(choices=(HARBOUR, MARIGOLD)), "Did you mean HARBOUR or MARIGOLD?", (Do.JOIN_QUEUE,)),
        (Heard(danger=True), "ring 999", (Do.DANGER, Do.JOIN_QUEUE)),
        (Heard(danger=True, sure=HARBOUR), "ring 999", (Do.DANGER, PlaceBy("harbour"), Do.JOIN_QUEUE)),
    ],
)
def test_later_the_line_speaks_only_of_danger_and_keywords(heard: Heard, text: str | None, effects: object) -> None:
    reply = texter.reply(LINE, heard, first=False)
    assert reply.turn.effects == effects
    assert (reply.text is None) == (text is None)
    assert (text or "") in (reply.text or "")


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (Heard(), None),
        (Heard(sure=HARBOUR), None),
        (Heard(choices=(HARBOUR, MARIGOLD)), None),
        (Heard(danger=True), "The nurse you are texting sees this."),
    ],
)
def test_once_a_nurse_has_them_the_line_keeps_out_of_it(heard: Heard, text: str | None) -> None:
    reply = texter.reply(LINE, heard, first=False, with_nurse=True)
    assert (reply.text is None) == (text is None)
    assert (text or "") in (reply.text or "")


@pytest.mark.parametrize(
    ("text", "out", "back"),
    [
        ("STOP", True, False),
        (" stop. ", True, False),
        ("Stop!", True, False),
        ("unsubscribe", True, False),
        ("please stop him", False, False),
        ("it won't end", False, False),
        ("START", False, True),
        ("", False, False),
    ],
)
def test_opting_out_is_the_word_alone(text: str, out: bool, back: bool) -> None:
    assert (texter.opted_out(text), texter.opted_in(text)) == (out, back)

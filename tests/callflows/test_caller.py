"""A caller from the first ring to the queue: at most two questions, and silence is always an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflows import caller
from callflows.caller import GREETING, WAITING, Heard, Line, Word
from callflows.conversation import Ask, Do, Hold, PlaceBy, Say, Turn

LINE = Line("Test Crisis Line", "direct")
HARBOUR, MARIGOLD = Word("harbour", "The Island"), Word("marigold", "The City")
OFFERED = {word.word: word for word in (HARBOUR, MARIGOLD)}
JOIN, PLACED = (Do.JOIN_QUEUE,), (PlaceBy("harbour"), Do.JOIN_QUEUE)
CHECK, WHICH = "confirm:harbour", "which:harbour:marigold"


def said(turn: Turn) -> str:
    return " ".join(step.text for step in turn.steps if isinstance(step, Say | Ask))


def test_the_greeting_says_who_this_is_and_listens_for_words_and_keys() -> None:
    turn = caller.begin(LINE)
    [ask] = turn.steps
    assert isinstance(ask, Ask)
    assert (turn.place, turn.effects, ask.speech, ask.most_keys) == (GREETING, (), True, None)
    for words in ("Test Crisis Line", "999", "star", "danger", "keyword", "stay on the line"):
        assert words in ask.text


def test_a_professional_is_asked_nothing() -> None:
    turn = caller.begin(Line("Test Crisis Line", "professional"))
    assert (turn.place, turn.effects, turn.steps[-1]) == (WAITING, JOIN, Hold())


@pytest.mark.parametrize(
    ("place", "heard", "effects", "words"),
    [
        (GREETING, Heard(), JOIN, "Stay on the line"),
        (GREETING, Heard(tried=True), JOIN, "do not know that word"),
        (GREETING, Heard(sure=HARBOUR), PLACED, "nurse for The Island"),
        (CHECK, Heard(), JOIN, "Stay on the line"),
        (CHECK, Heard(yes=True), PLACED, "The Island"),
        (CHECK, Heard(digit="1"), PLACED, "The Island"),
        (CHECK, Heard(yes=False), JOIN, "Stay on the line"),
        (CHECK, Heard(digit="2"), JOIN, "Stay on the line"),
        (CHECK, Heard(sure=MARIGOLD), (PlaceBy("marigold"), Do.JOIN_QUEUE), "The City"),
        (WHICH, Heard(digit="1"), PLACED, "The Island"),
        (WHICH, Heard(digit="2"), (PlaceBy("marigold"), Do.JOIN_QUEUE), "The City"),
        (WHICH, Heard(digit="3"), JOIN, "Stay on the line"),
        (WHICH, Heard(choices=(MARIGOLD,)), (PlaceBy("marigold"), Do.JOIN_QUEUE), "The City"),
        (WHICH, Heard(choices=(Word("lantern", "x"),)), JOIN, "Stay on the line"),
        (WHICH, Heard(), JOIN, "Stay on the line"),
        (WHICH, Heard(sure=HARBOUR), PLACED, "The Island"),
        (WAITING, Heard(sure=HARBOUR), JOIN, "Stay on the line"),
        ("somewhere:unknown", Heard(), JOIN, "Stay on the line"),
        ("", Heard(), JOIN, "Stay on the line"),
    ],
)
def test_every_answer_leads_to_the_queue(place: str, heard: Heard, effects: tuple[object, ...], words: str) -> None:
    turn = caller.answer(LINE, place, heard, OFFERED)
    assert (turn.place, turn.effects, turn.steps[-1]) == (WAITING, effects, Hold())
    assert words in said(turn)


@pytest.mark.parametrize(
    ("choices", "place", "words"),
    [
        ((HARBOUR,), CHECK, "harbour. Say yes, or press 1, if that is right."),
        ((HARBOUR, MARIGOLD), WHICH, "Press 1 for harbour, 2 for marigold."),
    ],
)
def test_a_doubtful_word_is_read_back_once(choices: tuple[Word, ...], place: str, words: str) -> None:
    turn = caller.answer(LINE, GREETING, Heard(choices=choices), OFFERED)
    assert (turn.place, turn.effects, said(turn)) == (place, (), words)
    assert isinstance(turn.steps[-1], Ask)


@pytest.mark.parametrize("place", [CHECK, WHICH])
def test_a_word_that_is_gone_since_it_was_offered_loses_nobody(place: str) -> None:
    turn = caller.answer(LINE, place, Heard(yes=True, digit="1"), {})
    assert (turn.effects, turn.steps[-1]) == (JOIN, Hold())


@pytest.mark.parametrize("place", [GREETING, CHECK, WHICH, WAITING, "elsewhere"])
def test_danger_outranks_everything_wherever_it_is_said(place: str) -> None:
    turn = caller.answer(LINE, place, Heard(danger=True, digit="1"), OFFERED)
    assert (turn.place, turn.effects, turn.steps[-1]) == (WAITING, (Do.DANGER, Do.JOIN_QUEUE), Hold())
    assert "ring 999" in said(turn)


def test_a_keyword_said_with_the_danger_places_them_all_the_same() -> None:
    turn = caller.answer(LINE, GREETING, Heard(danger=True, sure=HARBOUR), OFFERED)
    assert turn.effects == (PlaceBy("harbour"), Do.DANGER, Do.JOIN_QUEUE)


@pytest.mark.parametrize(
    ("speech", "digit"),
    [
        ("one", "1"), ("Two.", "2"), ("the first one", "1"), ("the second one please", "2"), ("um number two", "2"),
        ("one or two", None), ("harbour", None), ("", None), ("no one has listened to me since two", None),
    ],
)  # fmt: skip
def test_which_of_two_may_be_said_instead_of_keyed(speech: str, digit: str | None) -> None:
    assert caller.said_digit(speech) == digit


WORDS = st.sampled_from([HARBOUR, MARIGOLD, Word("", ""), Word("a:b", "x")]) | st.builds(Word, st.text(), st.text())
HEARD = st.builds(
    Heard, tried=st.booleans(), danger=st.booleans(), sure=st.none() | WORDS,
    choices=st.lists(WORDS, max_size=4).map(tuple), yes=st.none() | st.booleans(), digit=st.none() | st.text(max_size=2),
)  # fmt: skip
PLACES = st.sampled_from([GREETING, CHECK, WHICH, WAITING, "which:", "confirm:"]) | st.text()


@given(place=PLACES, heard=HEARD, route=st.sampled_from(["111", "direct", "professional", "crew", "?"]))
def test_no_place_and_nothing_heard_ever_loses_a_caller(place: str, heard: Heard, route: str) -> None:
    turn = caller.answer(Line("L", route), place, heard, OFFERED)
    assert isinstance(turn.steps[-1], Hold | Ask)
    assert isinstance(turn.steps[-1], Hold) == (Do.JOIN_QUEUE in turn.effects) == (turn.place == WAITING)


@given(first=HEARD, second=HEARD)
def test_whatever_is_said_two_questions_are_the_most(first: Heard, second: Heard) -> None:
    turn = caller.answer(LINE, GREETING, first, OFFERED)
    if isinstance(turn.steps[-1], Ask):
        turn = caller.answer(LINE, turn.place, second, OFFERED)
    assert turn.steps[-1] == Hold()
    assert Do.JOIN_QUEUE in turn.effects

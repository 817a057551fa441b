"""Which keywords an administrator is refused, and what they are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflows import reserved
from tests.triage.keywords.measure import EXAMPLE
from triage.keywords import Match, Vocabulary, Word, problems
from triage.keywords.everyday import CRISIS, NO, NUMBERS, OPT_OUT, YES


def test_the_example_keywords_can_be_told_apart():
    assert problems(EXAMPLE) == []


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (Word("harbour", "iow"), Word("Harbour!", "portsmouth"), "are the same word"),
        (Word("harbour", "iow", ("harbor",)), Word("harbor", "portsmouth"), "are the same word"),
        (Word("willow", "iow"), Word("pillow", "portsmouth"), "one letter"),
        (Word("kestrel", "iow"), Word("kestral", "portsmouth"), "one letter"),
        (Word("primrose", "iow"), Word("primrolf", "portsmouth"), "two letters"),
        (Word("berry", "iow"), Word("bury", "portsmouth"), "sound alike"),
        (Word("thyme", "iow"), Word("time", "portsmouth"), "sound alike"),
        (Word("whale", "iow"), Word("wail", "portsmouth"), "sound alike"),
        (Word("bear", "iow"), Word("bare", "portsmouth"), "sound alike"),
        (Word("grey stone", "iow"), Word("gray stone", "portsmouth"), "one letter"),
        (Word("reed house", "iow"), Word("read house", "portsmouth"), "one letter"),
        (Word("harbour", "iow"), Word("the harbour", "portsmouth"), "are the same word"),
        (Word("harbour", "iow"), Word("keyword harbour", "portsmouth"), "are the same word"),
        (Word("harbour", "iow"), Word("it's harbour", "portsmouth"), "are the same word"),
        (Word("daisy", "iow"), Word("daisies", "portsmouth"), "are the same word"),
        (Word("leaf", "iow"), Word("leaves", "portsmouth"), "are the same word"),
        (Word("St Mary", "iow"), Word("Saint Mary", "portsmouth"), "are the same word"),
        (Word("phoenix", "iow"), Word("feenicks", "portsmouth"), "sound alike"),
        (Word("rose hill", "iow"), Word("sore hill", "portsmouth"), "keys on a telephone, 76734455"),
        (Word("red kite", "iow"), Word("redkite", "portsmouth"), "are the same word"),
        (Word("marigold", "iow", ("sunflower",)), Word("sunflowers", "portsmouth"), "one letter"),
    ],
)
def test_two_keywords_that_could_be_mistaken_are_refused_by_name(one, other, why):
    (problem,) = problems([one, Word("lantern", "iow"), other])
    assert (problem.at, problem.other) == (2, 0)
    assert why in problem.sentence
    assert problem.sentence.endswith("keep one and change the other.")
    assert "iow" in problem.sentence
    assert "portsmouth" in problem.sentence


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("robin", "rowan"), ("magpie", "maple"), ("willow", "swallow"), ("hazel", "haven"), ("hazel", "chapel"),
        ("courage", "cottage"), ("meadow", "shadow"), ("silver", "river"), ("tulip", "turnip"), ("juniper", "jupiter"),
        ("maple", "apple"), ("birch", "beech"), ("sunrise", "sunset"), ("red kite", "red robin"), ("rain", "rainbow"),
    ],
)  # fmt: skip
def test_two_keywords_that_differ_plainly_may_stand_side_by_side(one, other):
    words = [Word(one, "iow"), Word(other, "portsmouth")]
    assert problems(words) == []
    vocabulary = Vocabulary(words)
    for word in words:
        assert vocabulary.hear(f"it's {word.word}").sure == word
        assert vocabulary.read(word.word.upper()).sure == word


@pytest.mark.parametrize(
    "word",
    [
        "hope", "café", "star", "rain", "rose", "sail", "crown", "mill", "farm", "hare", "smart", "quiet", "quilt", "oak",
        "elm", "ivy", "safe haven", "safe harbour", "safe place", "lost and found", "fire station", "heron", "violet",
        "starling", "hearth", "jumper", "painted lady", "old mill", "St Catherine's", "no wrong door",
    ],
)  # fmt: skip
def test_a_word_that_only_looks_like_one_of_distress_may_be_a_keyword(word):
    assert problems([Word(word, "iow")]) == []
    assert Vocabulary([Word(word, "iow")]).hear(f"it's {word}").sure


def test_a_word_of_three_letters_has_to_be_given_exactly():
    oak = Word("oak", "iow")
    vocabulary = Vocabulary([oak])
    assert vocabulary.hear("it's oak").sure == vocabulary.read("OAKS").sure == oak
    assert vocabulary.read("oat") == vocabulary.read("ok") == vocabulary.read("soak") == Match()


def test_two_names_for_one_place_are_told_to_become_one_keyword():
    (problem,) = problems([Word("harbour", "iow"), Word("harbor", "iow")])
    assert "list one under sounds_like of the other" in problem.sentence
    assert problems([Word("harbour", "iow", ("harbor", "arbour", "harbours"))]) == []


@pytest.mark.parametrize(
    ("word", "why"),
    [
        *[(taken, "the telephone company acts on") for taken in OPT_OUT],
        *[(taken, "is a number") for taken in NUMBERS],
        *[(taken, "yes or no") for taken in (YES | NO) - OPT_OUT],
        *[(taken, "must always mean what it says") for taken in CRISIS - OPT_OUT],
        *[(taken, "this line acts on") for taken in reserved.OF_THE_LINE],
        ("harbour2", "is a number"),
        ("forty two", "is a number"),
        ("self harm", 'has "harm" in it'),
        ("selfharm", 'has "selfharm" in it'),
        ("helpme", 'has "help" in it'),
        ("danger zone", 'has "danger" in it'),
        ("ranger", 'too near "danger"'),
        ("stopp", 'too near "stop"'),
        ("stopping", 'too near "stop"'),
        ("nurses", 'too near "nurse"'),
        ("tablet", 'too near "tablets"'),
        ("dye", 'too near "die"'),
        ("yes please", "yes or no"),
        ("no thanks", "yes or no"),
        ("don't know", "said in passing"),
        ("nobody", "said in passing"),
        ("mother", "said in passing"),
        ("stop it", "said in passing"),
        ("operator", "said in passing"),
        ("my word", "said in passing"),
        ("ab", "shorter than 3 letters"),
        ("llanfairpwllgwyngyll", "longer than 16 letters"),
        ("the old mill by the river", "more than 4 words"),
        ("please", "said in passing"),
        ("🙂", "no letters"),
        ("1234", "no letters"),
    ],
)
def test_a_keyword_that_means_something_else_is_refused(word, why):
    (problem,) = problems([Word(word, "iow")])
    assert (problem.at, problem.other) == (0, None)
    assert why in problem.sentence
    assert problem.sentence.endswith(".")


def test_what_a_keyword_sounds_like_is_held_to_the_same_rules():
    (problem,) = problems([Word("harbour", "iow", ("hurt her",))])
    assert problem.sentence == (
        '"hurt her", given as a sound of "harbour", has "hurt" in it, which must always mean what it says; choose another.'
    )


LETTERS = st.text("abcdefghijklmnoprstuvwy", min_size=4, max_size=9)


@given(st.lists(LETTERS.map(lambda letters: Word(letters, "iow")), max_size=12))
def test_keywords_that_pass_are_each_sure_however_they_are_given(words):
    """The promise the checks make to recognition: nothing accepted is mistaken for another."""
    refused = {at for problem in problems(words) for at in (problem.at, problem.other)}
    accepted = [word for at, word in enumerate(words) if at not in refused]
    vocabulary = Vocabulary(accepted)
    keys = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
    for word in accepted:
        assert vocabulary.hear(f"um it's {word.word} please").sure == word
        assert vocabulary.read(word.word.upper()).sure == word
        assert vocabulary.keyed(word.word.translate(keys)).sure == word

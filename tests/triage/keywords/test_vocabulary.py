"""What a caller or texter gets for what they say, text or key."""

import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.keywords.measure import EXAMPLE
from triage.keywords import Match, Vocabulary, Word
from triage.keywords.everyday import CRISIS, NO, NUMBERS, OPT_OUT, YES

VOCABULARY = Vocabulary(EXAMPLE)
BY_NAME = {word.word: word for word in EXAMPLE}
NOTHING = Match()


@given(st.text(max_size=3000))
def test_anything_at_all_is_answered(text):
    for match in (VOCABULARY.hear(text), VOCABULARY.read(text), VOCABULARY.keyed(text)):
        assert not (match.sure and match.choices)
        assert len(match.choices) <= 2
    assert VOCABULARY.answer(text) in (True, False, None)


@given(
    st.sampled_from(EXAMPLE),
    st.lists(st.booleans(), min_size=20, max_size=20),
    st.sampled_from(["", ".", "!", "?!", " 🙏", "…", ' "', "\n"]),
    st.sampled_from(["", " ", "'", "#", "*", "👋 "]),
)
def test_a_keyword_is_sure_in_any_case_and_punctuation(word, capitals, after, before):
    cased = "".join(c.upper() if up else c for c, up in zip(word.word, capitals, strict=False))
    assert VOCABULARY.hear(before + cased + after) == Match(sure=word)
    assert VOCABULARY.read(before + cased + after) == Match(sure=word)


@pytest.mark.parametrize("word", EXAMPLE, ids=lambda word: word.word)
def test_every_keyword_is_sure_when_keyed(word):
    keys = {letter: key for key, letters in KEYS.items() for letter in letters}
    for form in (word.word, *word.sounds_like):
        digits = "".join(keys.get(letter, "") for letter in form)
        for typed in (digits, f"{digits}#", f"*{digits}", "*".join(digits)):
            assert VOCABULARY.keyed(typed) == Match(sure=word)


KEYS = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz"}


@given(st.sampled_from([word for word in EXAMPLE if len(word.word) >= 6]), st.data())
def test_one_wrong_key_is_asked_about(word, data):
    keys = {letter: key for key, letters in KEYS.items() for letter in letters}
    digits = [keys[letter] for letter in word.word if letter in keys]
    at = data.draw(st.integers(0, len(digits) - 1))
    digits[at] = data.draw(st.sampled_from([key for key in "23456789" if key != digits[at]]))
    assert word in VOCABULARY.keyed("".join(digits)).choices


@pytest.mark.parametrize("taken", sorted(OPT_OUT | CRISIS | NUMBERS | YES | NO))
def test_a_word_that_must_mean_what_it_says_is_never_a_keyword(taken):
    """Even where somebody put a keyword one letter from it past the checks."""
    near = Vocabulary([Word(f"{taken}x", "iow"), Word(f"x{taken}", "iow"), *EXAMPLE])
    for text in (taken, taken.upper(), f"{taken}!", f"um {taken} please"):
        assert near.read(text) == NOTHING
        assert near.hear(text) == NOTHING


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("harbour or willow", {"harbour", "willow"}),
        ("is it juniper no maybe saffron", {"juniper", "saffron"}),
        ("harbour I need somebody", {"harbour"}),
        ("Somebody help me please, harbour", {"harbour"}),
        ("I lost my phone and my keyword is harbur and I need somebody", {"harbour"}),
    ],
)
def test_in_doubt_the_keyword_is_read_back(said, expected):
    match = VOCABULARY.hear(said)
    assert match.sure is None
    assert {word.word for word in match.choices} == expected


@pytest.mark.parametrize(
    "said",
    [
        "my keyword is lantern and I don't feel safe at home and my husband hurt me",
        "I can't go on, I was told the word was lantern, I want to die",
        "Lantern. I've been sitting here for hours and I can't stop crying",
        "the word on the card is lantern but I can't think straight",
    ],
)
def test_a_keyword_plainly_given_counts_however_bad_the_night_is(said):
    assert VOCABULARY.hear(said).sure == BY_NAME["lantern"]


@pytest.mark.parametrize(
    "said",
    [
        "I'm by the harbour and I want to die",
        "my daughter Willow won't come home",
        "we walked through the orchard and I told him I can't go on",
        "she lit a lantern for him every night until she died",
    ],
)
def test_the_same_word_in_a_story_is_not_a_keyword(said):
    assert VOCABULARY.hear(said) == VOCABULARY.read(said) == NOTHING


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("harbour or red kite", ("harbour", "red kite")),
        ("red kite or harbour", ("red kite", "harbour")),
        ("it's not juniper it's saffron", ("juniper", "saffron")),
    ],
)
def test_two_keywords_are_read_back_in_the_order_they_were_said(said, expected):
    assert tuple(word.word for word in VOCABULARY.hear(said).choices) == expected


WORDS_NEARBY = [
    Word(word, "iow")
    for word in (
        "heron", "clover", "maple", "otter", "beacon", "violet", "starling", "daisy", "garden", "holly", "market",
        "badger", "island", "station", "anchor", "fern",
    )
]  # fmt: skip
NEARBY = Vocabulary(WORDS_NEARBY)


@pytest.mark.parametrize(
    "word",
    [
        "heroin", "hero", "closer", "cover", "lover", "clever", "male", "ample", "outer", "hotter", "potter", "bacon",
        "violent", "starving", "staring", "starting", "stabbing", "standing", "daily", "harden", "jolly", "marked",
        "badge", "i stand", "her own", "he run", "situation", "hanger", "stalking", "scarring", "outside",
    ],
)  # fmt: skip
def test_a_word_of_the_language_is_never_acted_on_for_a_slip_of_another(word):
    for text in (word, f"it's {word}", f"um {word} please"):
        assert NEARBY.hear(text).sure is None
        assert NEARBY.read(text).sure is None


@pytest.mark.parametrize(
    "word",
    ["heroin", "violent", "starving", "stabbing", "standing", "situation", "daily", "starting", "closer", "cover"],
)
def test_a_word_of_distress_or_of_every_day_is_not_even_asked_about(word):
    for text in (word, f"it's {word}", f"I'm {word}", f"{word} again"):
        assert NEARBY.hear(text) == NEARBY.read(text) == NOTHING


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("xeron", "heron"),
        ("aeacon", "beacon"),
        ("qlover", "clover"),
        ("markwt", "market"),
        ("iland", "island"),
        ("gardin", "garden"),
    ],
)
def test_what_is_no_word_is_taken_for_the_keyword_it_is_a_slip_of(typed, meant):
    assert NEARBY.read(typed).sure.word == meant


@pytest.mark.parametrize("typed", ["ferm", "fren", "frn", "xern", "fen r"])
def test_a_slip_of_a_short_keyword_is_asked_about(typed):
    match = NEARBY.read(typed)
    assert match.sure is None
    assert [word.word for word in match.choices] == ["fern"]


def test_a_slip_that_is_near_two_keywords_is_asked_about():
    robin, rowan = Word("robin", "iow"), Word("rowan", "portsmouth")
    assert set(Vocabulary([robin, rowan]).read("roban").choices) == {robin, rowan}


@pytest.mark.parametrize(
    ("keyword", "said", "announced"),
    [
        ("berry", "bury", True), ("pear", "pair", False), ("isle", "aisle", False), ("tide", "tied", False),
        ("flower", "flour", False), ("hare", "hair", False), ("grey door", "gray door", False), ("rose", "rows", False),
        ("veil", "vale", False), ("pier", "peer", False), ("colour", "color", False), ("bear", "bare", False),
    ],
)  # fmt: skip
def test_words_said_alike_are_one_word_to_a_listener(keyword, said, announced):
    vocabulary = Vocabulary([Word(keyword, "iow")])
    match = vocabulary.hear(said)
    assert match.sure or match.choices
    assert vocabulary.hear(f"my keyword is {said}").sure
    if announced:
        assert match.sure is None


@pytest.mark.parametrize(
    ("keyword", "said"),
    [
        ("sanctuary", "sanctuaries"),
        ("sunrise", "sunrises"),
        ("lighthouse", "lighthouses"),
        ("leaf", "leaves"),
        ("safe haven", "safe havens"),
        ("st mary", "saint mary's"),
    ],
)
def test_more_than_one_of_it_is_still_the_keyword(keyword, said):
    word = Word(keyword, "iow")
    assert Vocabulary([word]).hear(said).sure == Vocabulary([word]).read(said).sure == word


def test_an_everyday_keyword_counts_only_by_itself():
    hope = Word("hope", "iow")
    vocabulary = Vocabulary([hope])
    for said in ("hope", "it's hope", "my keyword is hope"):
        assert vocabulary.hear(said).sure == hope
    for said in ("I hope so", "no hope", "I've lost hope", "I hope you can help me"):
        assert vocabulary.hear(said) == NOTHING


@pytest.mark.parametrize(
    ("text", "tried"),
    [
        ("pineapple", True), ("it's pineapple please", True), ("my word is pineapple", True), ("blue parrot", True),
        ("I was told to say banana", True), ("the keyword is mushroom and I need help", True), ("asdfgh", True),
        ("", False), ("um", False), ("hello?", False), ("I want to die", False), ("I can't cope", False),
        ("my baby died and I cannot go on", False), ("starving", False), ("my keyword is I don't know", False),
        ("my keyword is help", False), ("stop", False), ("yes please", False), ("no", False), ("07700900123", False),
    ],
)  # fmt: skip
def test_an_attempt_at_a_keyword_is_told_from_talk(text, tried):
    for match in (VOCABULARY.hear(text), VOCABULARY.read(text)):
        assert match == NOTHING
        assert match.tried is tried


@pytest.mark.parametrize(
    ("digits", "tried"),
    [("74669275", True), ("222", True), ("22", False), ("", False), ("999", False), ("112", False), ("0101", False)],
)
def test_keys_that_spell_no_keyword_are_an_attempt(digits, tried):
    match = VOCABULARY.keyed(digits)
    assert match == NOTHING
    assert match.tried is tried


def test_what_is_recognised_is_not_called_an_attempt():
    for match in (VOCABULARY.hear("harbour"), VOCABULARY.hear("harbour or willow"), VOCABULARY.keyed("4272687")):
        assert not match.tried


def test_a_retired_keyword_is_recognised_and_says_so():
    old = Word("thistle", "portsmouth", retired=True)
    match = Vocabulary([old, Word("lantern", "portsmouth")]).read("Thistle")
    assert match == Match(sure=old)
    assert match.sure.retired


def test_a_keyword_in_use_goes_before_a_retired_one_of_the_same_sound():
    live, old = Word("harbour", "iow"), Word("harbor", "portsmouth", ("harbour",), retired=True)
    assert Vocabulary([old, live]).hear("harbour") == Match(sure=live)


def test_two_areas_with_one_word_are_both_offered():
    one, other = Word("harbour", "iow"), Word("harbour", "portsmouth")
    assert Vocabulary([one, other]).hear("harbour") == Match(choices=(one, other))
    assert Vocabulary([one, other]).keyed("4272687") == Match(choices=(one, other))


def test_a_line_without_keywords_recognises_nothing():
    assert Vocabulary([]).hear("harbour") == Vocabulary([]).keyed("4272687") == NOTHING


def test_an_alias_of_everyday_words_counts_only_by_itself():
    assert VOCABULARY.hear("half her") == Match(sure=BY_NAME["harbour"])
    assert VOCABULARY.hear("half of her I hate and half her I love") == NOTHING


@pytest.mark.parametrize(
    ("reply", "means"),
    [
        *product(["yes", "Yeah.", "yep", "YES!", "that's right", "that's it", "yes please", "1", "1#", "one", "correct", "um yeah", "uh huh", "Yes, that's the one", "ydy", "mhm", "mm hmm", "Mm-hmm."], [True]),
        *product(["no", "Nope.", "nah", "no it's orchard", "that's not right", "2", "2#", "two", "wrong", "not really", "no thank you", "no sorry", "nage", "neither"], [False]),
        *product(["", "um", "mm", "hmm", "I don't know", "no one listens", "no point", "right now I'm on my own", "yeah no", "no yes", "harbour", "3", "I can't go on", "sure you will", "12"], [None]),
    ],
)  # fmt: skip
def test_yes_and_no_are_told_from_everything_else(reply, means):
    assert VOCABULARY.answer(reply) is means


def test_a_long_message_is_read_quickly_enough_to_answer_a_call():
    """A second is the whole budget of a voice webhook; this is a thousandth of what the worst text could
    cost."""
    words = [
        Word(f"{a}{b}{c}", "iow")
        for a, b, c in product(["mar", "kes", "wil", "com"], ["tre", "low", "pas", "gol", "ben"], ["lan", "dor", "fin"])
    ]
    vocabulary = Vocabulary(words)
    worst = [
        "my keyword is " * 150,
        "mar " * 500,
        "a b " * 500,
        "keyword " * 250,
        "yes " * 500,
        "er um " * 330,
    ]
    began = time.process_time()
    for text in worst:
        vocabulary.hear(text)
        vocabulary.read(text)
    assert (time.process_time() - began) / (2 * len(worst)) < 0.02


def test_a_keyword_that_begins_like_a_filler_leaves_the_others_alone():
    mill, saffron = Word("the mill", "iow"), Word("saffron", "portsmouth", ("say fron",))
    vocabulary = Vocabulary([mill, saffron])
    assert vocabulary.hear("um it's the mill please").sure == mill
    assert vocabulary.hear("it's the saffron").sure == saffron
    assert vocabulary.hear("it's say fron").sure == saffron

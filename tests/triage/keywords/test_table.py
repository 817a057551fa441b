"""Recall and precision of keyword recognition, measured on three tables of renderings, and printed."""

import pytest

from tests.triage.keywords.measure import EXAMPLE, measure, renderings
from triage.keywords import Vocabulary

VOCABULARY = Vocabulary(EXAMPLE)


def test_recall_and_precision_over_the_tables(capsys):
    measured = measure()
    with capsys.disabled():
        print(f"\nkeyword recognition: {measured}")
    assert measured.positives >= 300
    assert measured.negatives >= 300
    assert measured.wrong == ()
    assert measured.recall >= 0.97
    assert measured.sure_recall >= 0.85


def test_no_keyword_is_acted_on_for_another_word_that_sounds_near_it():
    for rendering in renderings("doubtful"):
        assert rendering.recognised_by(VOCABULARY).sure is None, rendering


@pytest.mark.parametrize("word", EXAMPLE, ids=lambda word: word.word)
def test_every_keyword_has_renderings_by_voice_text_and_keypad(word):
    assert {row.how for row in renderings("positive") if row.meant == word.word} == {"hear", "read", "keyed"}

"""Recognising a keyword among 500, at its slowest, against one `extractOne` of rapidfuzz over the same 500."""

import random

from rapidfuzz import fuzz, process

from tests.bench import report
from tests.bench.bed import Bed
from tests.bench.measuring import Candidate, Strangers, interleave
from triage.keywords import Vocabulary, Word

COUNT = 500
STARTS = ("b", "br", "c", "d", "f", "g", "gl", "h", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "w")
VOWELS = ("a", "e", "i", "o", "u", "ea", "oo")
ENDS = ("n", "r", "l", "t", "m", "rd", "st", "nd", "ck", "ver", "ling", "ton")
MESSAGES = {
    "the keyword": "{word}",
    "a slip of one letter": "{slip}",
    "announced, misheard": "hello they told me to say {slip} please",
    "no keyword, short": "marmalade sandwich",
    "no keyword, one long word": "antidisestablishmentarianism",
    "distress, one sentence": "i cannot do this any more and nobody is listening to me",
    "distress, long": "i rang last week and the week before and nobody came. my son has not slept. i am so tired. " * 4,
    "announced, then long": "my keyword is " + "i think it was something to do with the garden or the river " * 5,
}


def run(bed: Bed) -> list[report.Found]:
    chance = random.Random(7)  # the same words every time
    words = _words(chance)
    vocabulary = Vocabulary(Word(word, "somewhere") for word in words)
    word = max(words, key=len)
    slip = word[:2] + "x" + word[3:]
    found = report.Found(
        f"Recognising a keyword among {COUNT}: time against one rapidfuzz extractOne(ratio, cut-off 80)",
        ("message", "heard, times the floor", "texted, times the floor", "heard, µs", "texted, µs", "floor, µs"),
    )
    worst = 0.0
    with Strangers() as strangers:
        for name, message in MESSAGES.items():
            said = message.format(word=word, slip=slip)
            measured = interleave(
                [
                    Candidate("heard", lambda said=said: said, vocabulary.hear),
                    Candidate("texted", lambda said=said: said, vocabulary.read),
                    Candidate("floor", lambda: slip, lambda one: process.extractOne(
                        one, words, scorer=fuzz.ratio, score_cutoff=80)),
                ],
                rounds=bed.rounds(40), slice_s=0.01,
            )  # fmt: skip
            worst = max(worst, measured.us("heard").median, measured.us("texted").median)
            found.add(
                name,
                *(report.ratio(measured.slower(way, "floor")) for way in ("heard", "texted")),
                *(f"{measured.us(way).median:,.0f}" for way in ("heard", "texted", "floor")),
            )
    found.strangers = strangers.share
    found.notes = [
        f"The slowest takes {worst / 1e3:.2f} ms. The floor compares one word and knows nothing of sentences, sounds,",
        "fillers or distress. Under a hundredth of the time a person needs to say the word is fast enough.",
    ]
    return [found]


def _words(chance: random.Random) -> list[str]:
    made: set[str] = set()
    while len(made) < COUNT:
        syllables = chance.choice((2, 2, 3))
        made.add("".join(chance.choice(STARTS) + chance.choice(VOWELS) for _ in range(syllables)) + chance.choice(ENDS))
    return sorted(made)

"""Measures keyword recognition against the two tables of renderings beside this file.

`python -m tests.triage.keywords.measure` prints recall, precision and every rendering that was missed or
taken wrongly.

The tables were written by ear and by hand before the recogniser was tuned: what a carrier may make of a
keyword, what people type, and what must never be taken for one. A hard case stays in them, and shows as a
miss.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from triage.keywords import Match, Vocabulary, Word

HERE = Path(__file__).parent

EXAMPLE = (
    Word("harbour", "iow", ("harbor", "arbour", "half her")),
    Word("red kite", "iow"),
    Word("pebble", "iow"),
    Word("willow", "iow"),
    Word("marigold", "southampton"),
    Word("compass", "southampton"),
    Word("orchard", "southampton"),
    Word("juniper", "southampton"),
    Word("lantern", "portsmouth"),
    Word("kestrel", "portsmouth"),
    Word("saffron", "portsmouth"),
    Word("thistle", "portsmouth", ("fissel",)),
)
"""A service's keywords with a few sounds its administrators know of. The tables are about these."""


@dataclass(frozen=True)
class Rendering:
    """One row: how it came (hear, read or keyed), what came, and the keyword that was meant ("" for none)."""

    how: str
    text: str
    meant: str

    def recognised_by(self, vocabulary: Vocabulary) -> Match:
        by = {"hear": vocabulary.hear, "read": vocabulary.read, "keyed": vocabulary.keyed}
        return by[self.how](self.text)


@dataclass(frozen=True)
class Measured:
    """Counts over both tables, and what went wrong."""

    positives: int
    negatives: int
    sure: int
    asked: int
    missed: tuple[Rendering, ...]
    wrong: tuple[tuple[Rendering, Match], ...]

    @property
    def sure_recall(self) -> float:
        """Share of keywords given that were recognised at once."""
        return self.sure / self.positives

    @property
    def recall(self) -> float:
        """Share of keywords given that were recognised at once or after one question."""
        return (self.sure + self.asked) / self.positives

    @property
    def precision(self) -> float:
        """Share of what was recognised, or asked about, that was a keyword and the right one."""
        return (self.sure + self.asked) / (self.sure + self.asked + len(self.wrong))

    def __str__(self) -> str:
        return (
            f"{self.positives} renderings of a keyword and {self.negatives} of something else: "
            f"recall {self.recall:.3f} (at once {self.sure_recall:.3f}), precision {self.precision:.3f}, "
            f"{len(self.missed)} missed, {len(self.wrong)} wrong"
        )


def renderings(name: str) -> Iterator[Rendering]:
    """The rows of `renderings_<name>.tsv`."""
    for row in (HERE / f"renderings_{name}.tsv").read_text(encoding="utf-8").splitlines():
        how, text, *meant = row.split("\t")
        yield Rendering(how, text, *meant or [""])


def measure() -> Measured:
    """Both tables against the example vocabulary. Sure of, or asking only about, another word counts as
    wrong."""
    vocabulary = Vocabulary(EXAMPLE)
    positive, negative = list(renderings("positive")), list(renderings("negative"))
    sure = asked = 0
    missed, wrong = [], []
    for rendering in (*positive, *negative):
        match = rendering.recognised_by(vocabulary)
        found = {word.word for word in (*match.choices, *([match.sure] if match.sure else []))}
        if rendering.meant and rendering.meant in found:
            sure, asked = sure + bool(match.sure), asked + bool(match.choices)
        elif found:
            wrong.append((rendering, match))
        if rendering.meant and rendering.meant not in found:
            missed.append(rendering)
    return Measured(len(positive), len(negative), sure, asked, tuple(missed), tuple(wrong))


if __name__ == "__main__":
    result = measure()
    print(result)
    for rendering in result.missed:
        print(f"missed  {rendering.how:5}  {rendering.text}  ({rendering.meant})")
    for rendering, match in result.wrong:
        print(f"wrong   {rendering.how:5}  {rendering.text}  {match}")

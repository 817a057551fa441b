"""Texts with what a person would say of each, and what the list of danger says: the table in docs/danger-list.md.

`python -m tests.callflows.danger_table` writes it anew.
"""

from pathlib import Path
from typing import NamedTuple

from callflows.danger import VERSION, in_danger_now

TEXTS = Path(__file__).with_name("danger_texts.tsv")
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "danger-list.md"
MARK = "<!-- measured -->"


class Text(NamedTuple):
    """One text, and whether somebody who reads it would say that it states danger now."""

    body: str
    danger: bool


def texts() -> list[Text]:
    """The texts of the table, in its order."""
    rows = (line.split("\t") for line in TEXTS.read_text(encoding="utf-8").splitlines())
    return [Text(body, expected == "danger") for expected, body in rows]


def missed() -> list[str]:
    """Danger that the list does not see."""
    return [text.body for text in texts() if text.danger and not in_danger_now(text.body)]


def false_alarms() -> list[str]:
    """What the list takes for danger and a reader would not."""
    return [text.body for text in texts() if not text.danger and in_danger_now(text.body)]


def measured() -> str:
    """The figures and the whole table, as the document has them."""
    all_of_them = texts()
    stated = sum(text.danger for text in all_of_them)
    lines = [
        f"Version of the list: {VERSION}.", "",
        f"{len(all_of_them)} texts: {stated} state danger now, {len(all_of_them) - stated} do not.", "",
        "| Missed | False alarms |", "| --- | --- |",
        f"| {len(missed())} of {stated}: {_several(missed())} |"
        f" {len(false_alarms())} of {len(all_of_them) - stated}: {_several(false_alarms())} |", "",
        "| Text | A reader says | The list says |", "| --- | --- | --- |",
    ]  # fmt: skip
    for text in all_of_them:
        said = in_danger_now(text.body)
        wrong = "" if said == text.danger else " **(wrong)**"
        lines.append(f"| {text.body} | {_word(text.danger)} | {_word(said)}{wrong} |")
    return "\n".join(lines) + "\n"


def _several(bodies: list[str]) -> str:
    return "; ".join(f"*{body}*" for body in bodies) or "none"


def _word(danger: bool) -> str:
    return "danger" if danger else "not stated"


def main() -> None:
    kept = DOCUMENT.read_text(encoding="utf-8").split(MARK)[0]
    DOCUMENT.write_text(f"{kept}{MARK}\n\n{measured()}", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What a nurse is asked to look at once more before a text goes out."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflows.wording import SENTENCES
from telephony.carrier.messages import segments
from triage.before_sending import MOST_PARTS, look, parts

TODAY = date(2026, 3, 4)


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ("A nurse will ring you at 6.", []),
        ("Your appointment is on 05/03/2026 at 14:00.", []),
        ("Ring 116 123 or 01632 960 190 at any time.", []),
        ("NHS number 943 476 5919", ["nhs_number"]),
        ("9434765919", ["nhs_number"]),
        ("9434765918", []),
        ("born 12/4/71", ["birth"]),
        ("12.04.1971 is what we have", ["birth"]),
        ("31/2/1971", []),
        ("QQ 12 34 56 C is not one, AB 12 34 56 C is", ["insurance"]),
        ("we will come to PO30 5AA", ["postcode"]),
        ("write to ana@example.org", ["email"]),
        ("a" * 307, ["long"]),
        ("a" * 306, []),
    ],
)
def test_what_is_worth_a_second_look(body: str, codes: list[str]) -> None:
    assert list(look(body, TODAY)) == codes


@given(st.text())
def test_a_text_has_as_many_parts_as_the_carrier_counts(body: str) -> None:
    assert parts(body) == segments(body)


@pytest.mark.parametrize("name", [name for name in SENTENCES if name.startswith("text_")])
def test_what_the_line_texts_by_itself_fits_two_texts(name: str) -> None:
    filled = SENTENCES[name].format_map(_Any())
    assert parts(filled) <= MOST_PARTS


class _Any(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "Solent Crisis Line"

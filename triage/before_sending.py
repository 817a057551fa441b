"""What a nurse is asked to look at once more before a text goes out: how long it is, and what could name somebody.

A text stays on a phone that others may hold, so a number or address in it tells them who was in touch with whom.
Nothing is refused here: she knows why it may be right.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

ONE_TEXT, JOINED = 160, 153  # characters of the GSM 7-bit alphabet (3GPP TS 23.038)
ONE_WIDE, JOINED_WIDE = 70, 67  # UTF-16 units, once a character outside it is there
MOST_PARTS: Final = 2
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_DOUBLE = frozenset("^{}\\[~]|€\f")

_TEN_DIGITS = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)")
_DATE = re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?!\d)")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)
_INSURANCE = re.compile(r"\b[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b", re.IGNORECASE)
_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b", re.IGNORECASE)


def parts(body: str) -> int:
    """How many texts `body` is carried as: one wide character (an emoji, Welsh `ŵ`) makes each of them shorter."""
    if set(body) <= _GSM | _GSM_DOUBLE:
        units, one, joined = len(body) + sum(character in _GSM_DOUBLE for character in body), ONE_TEXT, JOINED
    else:
        units, one, joined = len(body.encode("utf-16-be", "surrogatepass")) // 2, ONE_WIDE, JOINED_WIDE
    return 1 if units <= one else -(-units // joined)


def _nhs_number(body: str, today: date) -> bool:
    """Ten digits whose last checks the others, modulo 11 (NHS Data Dictionary, NHS NUMBER)."""
    for found in _TEN_DIGITS.findall(body):
        digits = [int(one) for one in found if one.isdigit()]
        check = 11 - sum(digit * (10 - at) for at, digit in enumerate(digits[:9])) % 11
        if check % 11 == digits[9]:
            return True
    return False


def _birth(body: str, today: date) -> bool:
    """A day of at least ten years ago: an appointment is none."""
    for day, month, year in _DATE.findall(body):
        century = "" if len(year) == 4 else ("19" if int(year) > today.year % 100 else "20")
        try:
            if date(int(century + year), int(month), int(day)).year <= today.year - 10:
                return True
        except ValueError:
            continue
    return False


def _matches(pattern: re.Pattern[str]) -> Callable[[str, date], object]:
    return lambda body, today: pattern.search(body)


_LOOKS: Final[Mapping[str, tuple[Callable[[str, date], object], str]]] = {
    "nhs_number": (_nhs_number, "It looks as if it had an NHS number in it."),
    "birth": (_birth, "It looks as if it had a date of birth in it."),
    "insurance": (_matches(_INSURANCE), "It looks as if it had a National Insurance number in it."),
    "postcode": (_matches(_POSTCODE), "It has a full postcode in it."),
    "email": (_matches(_EMAIL), "It has an email address in it."),
}


def look(body: str, today: date) -> dict[str, str]:
    """What to look at once more, by a code, in sentences. Empty if there is nothing. `today`: a birth, or a visit."""
    found = {code: sentence for code, (looks, sentence) in _LOOKS.items() if looks(body, today)}
    if (count := parts(body.strip())) > MOST_PARTS:
        found["long"] = f"It is {count} texts long: some phones show them apart, or in another order."
    return found

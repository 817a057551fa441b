"""Telephone numbers as the carrier gives them, made into E.164, or into nobody. Never refuses a caller over one."""

import re
from functools import lru_cache

import phonenumbers

REGION = "GB"
# How carriers write a caller who withheld their number: words, or those words spelled on a keypad (twilio.md 1.11).
# The last looks like a possible Chinese number. All of them are nobody, never one shared person.
WITHHELD = {
    "anonymous", "restricted", "unavailable", "unknown", "private", "blocked", "withheld", "",
    "+266696687", "266696687", "+7378742833", "7378742833", "+2562533", "2562533", "+8656696", "8656696",
    "+86282452253", "86282452253",
}  # fmt: skip


@lru_cache(maxsize=4096)
def e164(given: str | None) -> str | None:
    """The number in E.164 if it could be one (`possible`, not `valid`: Ofcom's drama numbers are no valid ones),
    else None.

    Reads national forms as British: some trunks send `07700 900123`, or leave the plus out.
    """
    text = (given or "").strip()
    if text.lower() in WITHHELD or not re.fullmatch(r"[+\d][\d\s().-]{2,30}", text):
        return None
    for attempt in (text, f"+{text}"):
        try:
            parsed = phonenumbers.parse(attempt, REGION)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return None


def can_text(number: str | None) -> bool:
    """Whether a text to this number could arrive: not a landline, as far as the number tells."""
    if number is None:
        return False
    kind = phonenumbers.number_type(phonenumbers.parse(number, None))
    return kind not in (
        phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST,
    )  # fmt: skip

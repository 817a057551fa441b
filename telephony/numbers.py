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

    Digits of other scripts are nobody: they look like a number and are none. Reads national forms as British: some
    trunks send `07700 900123`, or leave the plus out.
    """
    text = (given or "").strip()
    if text.lower() in WITHHELD or not re.fullmatch(r"[+0-9][0-9\s().-]{2,30}", text):
        return None
    for attempt in (text, f"+{text}"):
        try:
            parsed = phonenumbers.parse(attempt, REGION)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return None

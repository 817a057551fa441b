"""Which numbers the line rings and texts: decided by Ofcom's number ranges, not by whether a number is in use.

People are rung and texted on ordinary British numbers, geographic (01, 02, 03) and mobile; an operator may allow more
by prefix (`allow_destinations` in the service file). What costs by the minute, is no telephone of a person's, or is
ours is never rung, whoever asks. Staff, cars and the fallback number come from the operator's own hand: they may be
abroad, and are held to the second rule alone.

Source: Ofcom, "The National Telephone Numbering Plan" (ranges and what may be charged on them). The drama ranges, which
phonenumbers calls invalid, pass as what they stand for.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import phonenumbers
from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import rules
from triage.models import Line

REGION: Final = "GB"
EMERGENCY: Final = frozenset({"999", "112", "911", "000", "110", "118", "119", "18000"})
# National numbers by how they begin; the longest that fits decides. Crown Dependencies share +44 and are priced abroad.
RANGES: Final = {
    "1": "geographic", "2": "geographic", "3": "geographic", "1481": "abroad", "1534": "abroad", "1624": "abroad",
    "7": "mobile", "70": "personal", "76": "pager", "7624": "abroad",
    "80": "freephone", "500": "freephone", "84": "shared cost", "87": "shared cost", "82": "premium",
    "9": "premium", "55": "corporate", "56": "corporate",
}  # fmt: skip
ORDINARY: Final = ("geographic", "mobile")
NEVER: Final = {
    "premium": "it is a premium-rate number",
    "shared cost": "it is a number that costs extra to ring",
    "personal": "it is a personal (070) number, which costs as much as a premium one",
    "pager": "it is a pager",
    "emergency": "it is an emergency number",
    "short": "it is a short number, not somebody's telephone",
    "ours": "it is one of this service's own numbers",
    "no number": "it is not a telephone number",
}
ONLY_IF_ALLOWED: Final = {
    "abroad": "it is outside the United Kingdom",
    "freephone": "it is a freephone number",
    "corporate": "it is a corporate or internet number",
    "other": "it is not an ordinary geographic or mobile number",
}
ISLANDS: Final = ("GG", "JE", "IM")
MOBILE_PREMIUM: Final = (phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST)


E164: Final = phonenumbers.PhoneNumberFormat.E164


class Refused(Exception):
    """This number is not rung or texted. `why` is the second half of a sentence, `kind` a word for logs."""

    def __init__(self, kind: str):
        self.kind = kind
        self.why = NEVER.get(kind) or ONLY_IF_ALLOWED[kind]
        super().__init__(f"The line does not ring or text this number: {self.why}.")


class Policy(NamedTuple):
    """What is ours, and what the operator allows beyond ordinary British numbers: prefixes such as "+353"."""

    ours: frozenset[str] = frozenset()
    allowed: tuple[str, ...] = ()


def policy(db: Session) -> Policy:
    """The rule as the service stands now."""
    return rules.once(db, "policy", _read)


def _read(db: Session) -> Policy:
    return made(db.scalars(select(Line.number).where(Line.active)), rules.current(db).allow_destinations)


def made(ours: Iterable[str], allowed: Iterable[str]) -> Policy:
    """The rule for a service with these numbers and these allowed prefixes."""
    return Policy(frozenset(ours), tuple(allowed))


def kind_of(number: str | None) -> str:
    """What kind of number this is, by its range: one of ORDINARY, NEVER or ONLY_IF_ALLOWED."""
    text = re.sub(r"[\s().-]", "", number or "")
    if not re.fullmatch(r"\+?[0-9]{2,17}", text):
        return "no number"
    digits = text.lstrip("+").removeprefix("44") if text.startswith("+44") else text.lstrip("+")
    if digits in EMERGENCY or digits.lstrip("0") in EMERGENCY:
        return "emergency"
    if len(digits) < 7:
        return "short"
    try:
        parsed = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return "no number"
    if parsed.country_code != 44:
        return _abroad(parsed)
    return _british(parsed)


def _abroad(parsed: phonenumbers.PhoneNumber) -> str:
    if phonenumbers.number_type(parsed) in MOBILE_PREMIUM:
        return "premium"
    return "abroad" if phonenumbers.is_possible_number(parsed) else "no number"


def _british(parsed: phonenumbers.PhoneNumber) -> str:
    national = phonenumbers.national_significant_number(parsed)
    fits = [begins for begins in RANGES if national.startswith(begins)]
    if not fits:
        return "other"
    kind = RANGES[max(fits, key=len)]
    lengths = (9, 10) if national.startswith("1") else (10,)
    if kind in ORDINARY and len(national) not in lengths:
        return "no number" if len(national) > 7 else "short"
    if kind == "mobile" and phonenumbers.region_code_for_number(parsed) in ISLANDS:
        return "abroad"
    return kind


def check(number: str | None, under: Policy, *, trusted: bool = False) -> None:
    """Raises Refused if this number is not to be rung or texted. `trusted`: the operator put it into the service file.

    A nurse's browser (`client:`) is no telephone and costs nothing.
    """
    if trusted and (number or "").startswith("client:"):
        return
    kind = "ours" if number in under.ours else kind_of(number)
    if kind in ORDINARY or (kind in ONLY_IF_ALLOWED and trusted):
        return
    if kind in ONLY_IF_ALLOWED and str(number).startswith(under.allowed):
        return
    raise Refused(kind)


def in_words(text: str | None) -> list[tuple[str, str]]:
    """The telephone numbers in what somebody wrote: each as it stands there, and as E.164."""
    found = phonenumbers.PhoneNumberMatcher(text or "", REGION, leniency=phonenumbers.Leniency.POSSIBLE)
    numbers = [(one.raw_string, phonenumbers.format_number(one.number, E164)) for one in found]
    return [(as_written, number) for as_written, number in numbers if kind_of(number) not in ("short", "no number")]


def without_numbers(text: str | None) -> str:
    """What somebody wrote, without the ordinary telephone numbers in it: whom to ring, and when."""
    for as_written, number in in_words(text):
        if kind_of(number) in ORDINARY:
            text = (text or "").replace(as_written, " ")
    return " ".join((text or "").split()).strip(" ,;:-()")


def may_reach(number: str | None, under: Policy) -> bool:
    """Whether a person with this number may be rung or texted."""
    if number is None:
        return False
    try:
        check(number, under)
    except Refused:
        return False
    return True

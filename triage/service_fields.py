"""What may stand in each field of the service file, and the sentence for what may not.

A check takes what TOML gave and returns what the service keeps, or raises Wrong with the second half of a
sentence that begins with the field's name: `phone` "must be written in quotes".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

import phonenumbers
from phonenumbers import shortnumberinfo

from triage import destinations, opening, places

REGION = "GB"
ROUTES = ("111", "direct", "professional", "crew", "nurse")
LANGUAGES = ("en", "cy")
ROLES = ("nurse", "dispatcher", "supervisor", "administrator", "reader")

SHARED = ("payphone", "switchboard", "shared", "withheld_like")

_SLUG = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Wrong(ValueError):
    """Not what may stand here; `str()` is the rest of a sentence about it."""


@dataclass(frozen=True)
class Field:
    """One field: how it is checked, whether it must be there, and what it is when it is not."""

    check: Callable[[Any], Any]
    required: bool = False
    default: Any = None


def nearest(name: str, known: Any) -> str:
    """ "; did you mean ...?" with the nearest known name, or nothing."""
    close = get_close_matches(str(name), [str(one) for one in known], n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def text(longest: int = 200) -> Callable[[Any], str]:
    """Words, on one or more lines, without the space around them."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise Wrong(f"must be text in quotes, not {_kind(value)}")
        if not value.strip():
            raise Wrong("must not be empty; write it or leave the line out")
        if len(value) > longest:
            raise Wrong(f"is {len(value)} characters long; shorten it to {longest}")
        if any(ord(c) < 32 and c not in "\n\t" for c in value):
            raise Wrong("holds a control character; type it again")
        return value.strip()

    return check


def texts(each: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """A list in which `each` fits and nothing stands twice."""

    def check(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Wrong(f"must be a list in square brackets, not {_kind(value)}")
        found = tuple(each(one) for one in value)
        twice = next((one for at, one in enumerate(found) if one in found[:at]), None)
        if twice is not None:
            raise Wrong(f'has "{twice}" twice; keep one')
        return found

    return check


def position(value: Any) -> str:
    """A place: degrees, an OS grid reference or a whole postcode."""
    typed = text(60)(value)
    if places.postcode(typed) is None:
        try:
            places.read(typed)
        except places.BadPlace as no:
            raise Wrong(f"is not a place. {str(no).rstrip('.')}") from None
    return typed


def slug(value: Any) -> str:
    """A short code for use in files and addresses: small letters, digits, - and _."""
    if not isinstance(value, str) or not _SLUG.fullmatch(value):
        raise Wrong("must be a short code in quotes: small letters, digits, - or _, beginning with a letter")
    return value


def one_of(*known: str) -> Callable[[Any], str]:
    """One of these words."""

    def check(value: Any) -> str:
        if value not in known or not isinstance(value, str):
            raise Wrong(f'cannot be "{value}"; use {", ".join(known[:-1])} or {known[-1]}{nearest(value, known)}')
        return value

    return check


def email(value: Any) -> str:
    """An e-mail address, kept in small letters: it is how people are told apart."""
    if not isinstance(value, str) or not _EMAIL.fullmatch(value.strip()):
        raise Wrong("must be an e-mail address in quotes, such as ana@example.org")
    return value.strip().casefold()


def number(value: Any) -> str:
    """A telephone number that can be rung from anywhere, as E.164. Possible is enough: numbering plans
    move on."""
    if not isinstance(value, str):
        raise Wrong(f"must be written in quotes, not as {_kind(value)}")
    try:
        parsed = phonenumbers.parse(value, REGION)
    except phonenumbers.NumberParseException:
        raise Wrong(f'cannot be "{value}"; write a telephone number, such as +447700900201') from None
    national = phonenumbers.national_significant_number(parsed)
    if shortnumberinfo.connects_to_emergency_number(national, REGION):
        raise Wrong(f"cannot be {national}, an emergency number; write a number of your own")
    if len(national) < 7:
        raise Wrong(f"cannot be {value}, a short number; write the whole number, such as +447700900201")
    if parsed.extension or not phonenumbers.is_possible_number(parsed):
        raise Wrong(f'cannot be "{value}"; write the whole number and nothing else, such as +447700900201')
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def rung_number(value: Any) -> str:
    """A number the service rings or texts, of staff and cars: never one that costs by the minute or is no phone."""
    given = number(value)
    kind = destinations.kind_of(given)
    if kind in destinations.NEVER:
        raise Wrong(f"cannot be {given}: {destinations.NEVER[kind]}; write a telephone of your own")
    return given


def prefix(value: Any) -> str:
    """The beginning of numbers that people may be rung on: "+353". Not of those nobody is ever rung on."""
    written = re.sub(r"[\s()-]", "", value) if isinstance(value, str) else ""
    if not re.fullmatch(r"\+[1-9][0-9]{0,13}", written):
        raise Wrong(f'cannot be "{value}"; write how numbers begin, with the country code, such as "+353"')
    national = written.removeprefix("+44")
    never = [begins for begins, kind in destinations.RANGES.items() if kind in destinations.NEVER]
    if written.startswith("+44") and national.startswith(tuple(never)):
        raise Wrong(f"cannot be {written}: nobody is ever rung on those numbers; leave it out")
    return written


def public_number(value: Any) -> str:
    """A number given to a caller: a short one such as 111 or 116123 stays as it is, another becomes E.164."""
    digits = re.sub(r"[\s()-]", "", value) if isinstance(value, str) else ""
    if digits.isdigit() and digits.isascii() and 3 <= len(digits) <= 6:
        return digits
    return number(value)


def day(value: Any) -> date:
    """A date, written without quotes as TOML does."""
    if isinstance(value, datetime) or not isinstance(value, date):
        raise Wrong("must be a date without quotes, such as 2026-03-01")
    return value


def whole(least: int, most: int) -> Callable[[Any], int]:
    """A whole number within bounds."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Wrong(f"must be a whole number from {least} to {most}, without quotes")
        return value

    return check


def span(value: Any) -> str:
    """Weekly hours as `triage.opening` reads them: "mon-fri 09:00-17:00", "daily 18:00-02:00"."""
    written = " ".join(value.lower().split()) if isinstance(value, str) else ""
    try:
        opening.span(written)
    except ValueError:
        raise Wrong(f'cannot be "{value}"; write it like "mon-fri 09:00-17:00" or "daily 18:00-02:00"') from None
    return written


def _kind(value: Any) -> str:
    kinds = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a table",
        str: "text",
    }
    return kinds.get(type(value), "a date or time")

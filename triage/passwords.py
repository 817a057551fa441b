"""Passwords: long enough, not the ones everybody tries first, and kept as argon2id.

NIST SP 800-63B 5.1.1 and OWASP ASVS 5.0 6.2: 8 characters or more, long ones allowed, any characters, no composition
rules, no forced changes; common and breached ones refused. No password ever leaves this machine to be looked up.
"""

import hashlib
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 8
LONGEST: Final = 128
# OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane; about 25 ms. The web process answers callers too:
# no more than two are computed at a time in it, and one more may wait. A flood of sign-ins leaves a thread for calls.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE: Final = threading.BoundedSemaphore(2)
_IN_LINE: Final = threading.BoundedSemaphore(3)
SHA1_DIGITS: Final = 40

# What people choose most, of eight characters or more; and the words that are one with a number or a sign added.
FILE: Final = Path(__file__).with_name("common_passwords.txt")


def _list(part: int) -> frozenset[str]:
    text = FILE.read_text(encoding="utf-8").partition("# Words\n")[::2][part]
    return frozenset(line for line in text.split("\n") if line and not line.startswith("#"))


COMMON: Final = _list(0)
STEMS: Final = _list(1)
_LEET: Final = str.maketrans("0134578@$!|+", "oieastbasiit")


class BadPassword(Exception):
    """Why this password cannot be taken, in a sentence."""


class Busy(Exception):
    """So many passwords are being checked that this one was not: try again in a second."""


@contextmanager
def _turn(patient: bool) -> Iterator[None]:
    """The turn to hash. Whoever is not `patient` is sent away rather than hold a thread: raises Busy."""
    if patient:
        with _AT_ONCE:
            yield
        return
    if not _IN_LINE.acquire(blocking=False):
        raise Busy
    try:
        with _AT_ONCE:
            yield
    finally:
        _IN_LINE.release()


def normal(password: str) -> str:
    """The password as it is hashed: Unicode's compatibility form, so that every keyboard gives the same."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, *, about: Iterable[str] = (), breached: Path | None = None) -> str:
    """The password to keep. `about`: words an attacker knows (name, address, service). Raises BadPassword."""
    chosen = normal(password)
    if len(chosen) < SHORTEST:
        raise BadPassword(
            f"Use {SHORTEST} characters or more. Three or four words that do not belong together are good."
        )
    if len(chosen) > LONGEST:
        raise BadPassword(f"Use {LONGEST} characters at most.")
    if is_common(chosen, about) or (breached and is_breached(chosen, breached)):
        raise BadPassword(
            "This password is one that attackers try first. Choose another: three or four unrelated words."
        )
    return chosen


def is_common(password: str, about: Iterable[str] = ()) -> bool:
    """Whether it is one of the usual ones, a run of keys, or a known word dressed up with digits and signs."""
    plain = password.casefold()
    if plain in COMMON or len(set(plain)) <= 3 or _is_a_run(plain):
        return True
    bare = re.sub(r"[\W\d_]+$|^[\W\d_]+", "", plain)
    folded = re.sub(r"[\W\d_]", "", bare.translate(_LEET))
    words = STEMS | {word for text in about for word in _words(text)}
    return any(stem in words or _is_repeated(stem, words) for stem in (bare, folded, re.sub(r"[\W_]", "", plain)))


def _words(text: str) -> set[str]:
    """The parts of a name or address, and all of it run together."""
    parts = [part for part in re.split(r"[\W\d_]+", text.casefold()) if len(part) >= 3]
    return {*parts, "".join(parts)} - {""}


def _is_repeated(stem: str, words: Iterable[str]) -> bool:
    """One or two known words and nothing else: `nurse` twice, `crisis` and `line`."""
    known = set(words) | {"line", "the", "my", "is"}
    return any(stem[:cut] in known and stem[cut:] in known for cut in range(2, len(stem) - 1))


def _is_a_run(plain: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(plain)}
    half = len(plain) // 2
    return len(steps) == 1 or (len(set(plain)) <= 4 and plain[:half] == plain[half : 2 * half])


def is_breached(password: str, file: Path) -> bool:
    """Whether the password's SHA-1 is in `file`: sorted lines of 40 hex digits, with or without `:count` after them.

    That is the form the Pwned Passwords list comes in; found by halving, so a file of any size will do.
    """
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with file.open("rb") as lines:
        low, high = 0, file.stat().st_size
        while low < high:
            middle = (low + high) // 2
            lines.seek(middle)
            if middle:
                lines.seek(middle - 1)
                lines.readline()  # to the start of the next line
            start = lines.tell()
            line = lines.readline()
            found = line[:SHA1_DIGITS].upper()
            if not line or start >= high or found > wanted:
                high = middle
            elif found == wanted:
                return True
            else:
                low = start + len(line)
    return False


def hashed(password: str) -> str:
    """The argon2id hash to keep. Raises Busy."""
    with _turn(patient=False):
        return _HASHER.hash(normal(password))


def matches(password: str, kept: str | None, *, patient: bool = False) -> bool:
    """Whether it is the one that was hashed. Without a hash it takes as long, and is not. Raises Busy."""
    if len(password) > 4 * LONGEST:
        password = ""
    with _turn(patient):
        try:
            return _HASHER.verify(kept or _nobodys(), normal(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def outdated(kept: str) -> bool:
    """Whether the hash was made with weaker settings than today's: then it is made again at the next sign-in."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _HASHER.hash("the password of nobody at all")

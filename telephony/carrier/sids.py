"""Identifiers in Twilio's form: two letters and 32 hexadecimal digits."""

import hashlib
import re
import secrets

SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}\Z")


def new_sid(prefix: str) -> str:
    """A fresh identifier such as CA0123..., never given twice."""
    return prefix + secrets.token_hex(16)


def fixed_sid(prefix: str, of: str) -> str:
    """The same identifier for the same thing, over restarts: a number keeps its PN."""
    return prefix + hashlib.sha256(of.encode()).hexdigest()[:32]

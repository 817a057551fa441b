"""Whether a name or an address carries a person's telephone or NHS number.

Addresses and room names travel through other people's logs, so they may hold opaque ids only.
"""

import re
from urllib.parse import unquote_plus

# Ids made by machines hold long runs of digits by chance, so they are taken out before digits are counted:
# UUIDs, carrier sids (two letters and 32 hex digits) and hex tokens of 12 or more with a letter among them.
_MACHINE_IDS = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|[A-Z]{2}[0-9a-f]{32}"
    r"|[0-9a-f]{32}"
    r"|(?=[0-9]*[a-f])[0-9a-f]{12,}"
    r")(?![0-9A-Za-z])",
    re.IGNORECASE,
)
# Nine digits are the shortest telephone number of the United Kingdom without its leading nought.
_NUMBER = re.compile(r"[0-9]{9,}")
_GROUPED = re.compile(
    r"(?<![0-9])(?:0[0-9]{2,4}[- ][0-9]{3,4}[- ]?[0-9]{3,4}"  # 01632 960 123
    r"|44[- ]?[0-9]{2,4}[- ][0-9]{3,4}[- ]?[0-9]{3,4}"  # 44 7700 900123
    r"|[0-9]{3}[- ][0-9]{3}[- ][0-9]{4})(?![0-9])"  # an NHS number, 3-3-4
)


def holds_a_number(text: str) -> bool:
    """True when `text` (percent-encoded or not) holds what could be somebody's telephone or NHS number."""
    plain = unquote_plus(text)
    plain = _MACHINE_IDS.sub(" id ", plain)
    joined = re.sub(r"(?<=[0-9])[ .()]+(?=[0-9(])", "", plain)
    return bool(_NUMBER.search(joined) or _GROUPED.search(plain))

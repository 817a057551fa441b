"""When a locality's own nurses are expected: weekly spans of local time, as the service file writes them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

UK: Final = ZoneInfo("Europe/London")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"(daily|[a-z]{3}(?:-[a-z]{3})?) ([0-2]\d:[0-5]\d)-([0-2]\d:[0-5]\d)")


@dataclass(frozen=True)
class Span:
    """From `opens` to `closes` on each of `days` (0 is Monday); over midnight when `closes` is not after `opens`."""

    days: tuple[int, ...]
    opens: time
    closes: time

    def holds(self, local: datetime) -> bool:
        """Whether this moment of local time is inside. The opening minute is, the closing one is not."""
        at, today = local.time(), local.weekday()
        if self.opens < self.closes:
            return today in self.days and self.opens <= at < self.closes
        yesterday = (local - timedelta(days=1)).weekday()
        return (today in self.days and at >= self.opens) or (yesterday in self.days and at < self.closes)


@lru_cache(maxsize=256)
def span(written: str) -> Span:
    """ "mon-fri 09:00-17:00", "sat 10:00-14:00", "daily 18:00-02:00". Raises ValueError for anything else."""
    found = _SPAN.fullmatch(written)
    if not found:
        raise ValueError(written)
    days, opens, closes = found.groups()
    first, _, last = days.partition("-")
    start, end = (0, 6) if days == "daily" else (DAYS.index(first), DAYS.index(last or first))
    which = range(start, end + 1) if start <= end else [*range(start, 7), *range(end + 1)]
    return Span(tuple(which), time.fromisoformat(opens), time.fromisoformat(closes))


def is_open(spans: Iterable[str], now: datetime) -> bool:
    """Whether `now` is inside one of the spans. Without any it always is."""
    written = tuple(spans)
    local = now.astimezone(UK)
    return not written or any(span(one).holds(local) for one in written)

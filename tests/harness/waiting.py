"""Waiting for something to become true, with a deadline: the only way a test here passes time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

CROWDED = 3.0  # deadlines are written for a machine of one's own; others share theirs, and only a failure costs more


def wait_until(condition: Callable[[], T], deadline_s: float = 10.0, *, what: str = "", every_s: float = 0.02) -> T:
    """The first true value that `condition` returns. After `deadline_s` (times CROWDED) it fails, saying `what` was
    waited for.

    A condition that raises AssertionError, LookupError or OSError counts as not yet; its message is shown at the end.
    """
    end = time.monotonic() + deadline_s * CROWDED
    while True:
        try:
            value = condition()
            seen = f"last seen: {value!r}"
            if value:
                return value
        except (AssertionError, LookupError, OSError) as error:
            seen = f"{type(error).__name__}: {error}"
        if time.monotonic() >= end:
            raise AssertionError(f"not within {deadline_s * CROWDED:g} s: {what or condition} ({seen})")
        time.sleep(every_s)

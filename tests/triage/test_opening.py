"""Weekly hours in local time."""

from datetime import UTC, datetime

import pytest

from triage.opening import is_open, span

# A Monday in winter (UTC is British time), and the night of 25 October 2026, when clocks go back at 01:00 UTC.
CASES = [
    ((), "2026-01-05 03:00", True),
    (("mon-fri 09:00-17:00",), "2026-01-05 09:00", True),
    (("mon-fri 09:00-17:00",), "2026-01-05 08:59", False),
    (("mon-fri 09:00-17:00",), "2026-01-05 17:00", False),
    (("mon-fri 09:00-17:00",), "2026-01-04 12:00", False),
    (("sat-mon 09:00-17:00",), "2026-01-05 12:00", True),
    (("sat-mon 09:00-17:00",), "2026-01-06 12:00", False),
    (("sun 20:00-02:00",), "2026-01-05 01:59", True),
    (("sun 20:00-02:00",), "2026-01-05 02:00", False),
    (("sun 20:00-02:00",), "2026-01-05 20:00", False),
    (("daily 00:00-00:00",), "2026-01-05 13:00", True),
    (("mon 08:00-10:00", "mon 14:00-16:00"), "2026-01-05 12:00", False),
    (("mon 08:00-10:00", "mon 14:00-16:00"), "2026-01-05 15:00", True),
    (("daily 09:00-17:00",), "2026-07-06 08:00", True),  # nine in British summer time
    (("sun 01:30-03:00",), "2026-10-25 00:45", True),  # 01:45 before the clocks go back
    (("sun 01:30-03:00",), "2026-10-25 01:45", True),  # and 01:45 again
    (("sun 01:30-03:00",), "2026-10-25 03:00", False),
]


@pytest.mark.parametrize(("spans", "at", "is_so"), CASES)
def test_when_a_place_is_open(spans: tuple[str, ...], at: str, is_so: bool) -> None:
    assert is_open(spans, datetime.fromisoformat(at).replace(tzinfo=UTC)) is is_so


@pytest.mark.parametrize("wrong", ["", "weekdays", "mon 9:00-17:00", "mon 25:00-26:00", "xyz 09:00-10:00"])
def test_other_words_are_no_hours(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        span(wrong)

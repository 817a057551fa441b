"""Comparing times when clocks may be wrong: set back by an hour, or unlike another machine's.

A deadline further ahead than any that is ever set here was set by a clock that was ahead: it counts as over, so that
nobody waits an hour for a clock that was put right. What seems to have happened later than now is not lately.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_

APART: Final = timedelta(seconds=60)  # how far the clocks of our machines may lie apart and be thought honest


def is_over(column: Any, now: datetime, longest: timedelta) -> ColumnElement[bool]:
    """The deadline in `column` has passed, or lies further ahead than `longest`, the furthest one is ever set."""
    return or_(column <= now, column > now + longest + APART)


def lately(column: Any, now: datetime, within: timedelta) -> ColumnElement[bool]:
    """`column` is less than `within` ago."""
    return and_(column > now - within, column <= now + APART)


def was_lately(moment: datetime, now: datetime, within: timedelta) -> bool:
    """As `lately`, for a time in hand."""
    return now - within < moment <= now + APART

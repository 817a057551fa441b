"""Slowing down whoever guesses, without letting them lock out those who know.

Failures are counted in the database by account, by address and by browser. An attempt is counted before it is judged,
so that many at once gain nothing, and forgotten when it succeeds. A browser that signed in before is known by a signed
cookie: it has a count of its own and waits for nobody else's failures. So an attacker who hammers a nurse's account
slows strangers, not the nurse (OWASP ASVS 5.0 6.3.1, 6.1.1: throttling that cannot be used to lock people out).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from triage import sealing
from triage.account_models import Attempts

FORGOTTEN_AFTER: Final = timedelta(hours=12)


@dataclass(frozen=True)
class Limit:
    """`free` failures cost nothing; each one after doubles the wait, from one second up to `longest_s`."""

    free: int
    longest_s: int

    def wait_s(self, failures: int) -> int:
        return 0 if failures < self.free else min(self.longest_s, 2 ** min(failures - self.free, 20))


ACCOUNT: Final = Limit(free=5, longest_s=300)
CODE: Final = Limit(free=5, longest_s=900)  # six digits: at most some hundred guesses a day
BROWSER: Final = Limit(free=5, longest_s=300)
SOURCE: Final = Limit(free=30, longest_s=120)  # a trust's whole staff may share one address


class TooSoon(Exception):
    """Nothing was judged: the next attempt is possible after `wait_s`."""

    def __init__(self, wait_s: int):
        super().__init__(f"Too many attempts. Wait {words(wait_s)}, then try again.")
        self.wait_s = wait_s


def words(wait_s: int) -> str:
    if wait_s < 60:
        return f"{wait_s} second{'' if wait_s == 1 else 's'}"
    minutes = -(-wait_s // 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def key(kind: str, of: str) -> str:
    """The name under which attempts are counted: a keyed hash, nothing of a person or an address in it."""
    return f"{kind}:{sealing.ring().index(f'attempts {kind}', of)}"


def count(db: Session, limits: Sequence[tuple[str, Limit]], *, now: datetime) -> None:
    """Count one attempt against every key, before it is judged. Raises TooSoon, counting nothing."""
    rows = {
        name: _locked(db, name, now) for name, _ in sorted(limits)
    }  # in one order, so that two never wait crosswise
    waits = [(row.not_before - now).total_seconds() for row in rows.values() if row.not_before > now]
    if waits:
        raise TooSoon(max(1, round(max(waits))))
    for name, limit in limits:
        row = rows[name]
        if row.last_at < now - FORGOTTEN_AFTER:
            row.failures = 0
        row.failures += 1
        row.last_at = now
        row.not_before = now + timedelta(seconds=limit.wait_s(row.failures))


def _locked(db: Session, name: str, now: datetime) -> Attempts:
    insert = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = {"key": name, "failures": 0, "last_at": now, "not_before": now}
    db.execute(insert(Attempts).values(**new).on_conflict_do_nothing())
    return db.scalars(select(Attempts).where(Attempts.key == name).with_for_update()).one()


def forget(db: Session, *keys: str) -> None:
    """It succeeded: these attempts are forgotten."""
    db.execute(delete(Attempts).where(Attempts.key.in_(keys)))


def take_back(db: Session, name: str) -> None:
    """It succeeded: this one attempt does not count, the others before it do. For an address many people share."""
    row = db.scalar(select(Attempts).where(Attempts.key == name).with_for_update())
    if row:
        row.failures = max(0, row.failures - 1)
        row.not_before = row.last_at


def sweep(db: Session, *, now: datetime) -> None:
    """Drop counts that mean nothing any more."""
    db.execute(delete(Attempts).where(Attempts.last_at < now - FORGOTTEN_AFTER))

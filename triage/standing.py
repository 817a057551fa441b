"""The service as the line needs it at every ring: name, rules, wording, keywords, localities. Read together, kept
briefly.

Administrators change these a few times a year; a call needs them a hundred times a minute. So each process keeps them
for FRESH_S seconds. Nothing that changes with a contact is in here.
"""

import threading
import time
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows.caller import Word as SpokenWord
from triage import destinations, rules
from triage.db import Database
from triage.keywords import Match, Vocabulary, Word
from triage.models import DirectoryEntry, Keyword, Line, Locality

FRESH_S = 2.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Standing:
    """One reading of the configuration. Immutable: a request works with one from start to end."""

    service: rules.TheService
    vocabulary: Vocabulary
    words: tuple[Word, ...]
    localities: dict[str, str]
    hints: tuple[str, ...]
    lines: dict[str, Line]
    help_near: frozenset[str] = frozenset()  # names of the localities for which local help is known

    def line(self, number: str | None) -> Line | None:
        """The line with this number, if it is one of ours."""
        return self.lines.get(number or "")

    @property
    def destinations(self) -> destinations.Policy:
        """Which numbers may be rung and texted."""
        return destinations.made(self.lines, self.service.allow_destinations)

    def spoken(self, word: Word) -> SpokenWord:
        return SpokenWord(word.word, self.localities.get(word.locality, word.locality))

    def offered(self, place: str) -> dict[str, SpokenWord]:
        """The words that a place of the conversation names, as they are now."""
        names = place.split(":")[1:]
        return {word.word: self.spoken(word) for word in self.words if word.word in names}

    def sure(self, match: Match) -> SpokenWord | None:
        return self.spoken(match.sure) if match.sure else None

    def choices(self, match: Match) -> tuple[SpokenWord, ...]:
        return tuple(self.spoken(word) for word in match.choices)


def read(db: Session, today: date) -> Standing:
    """The configuration as the database has it. A word past its dates is retired, not forgotten."""
    keywords = db.scalars(select(Keyword).order_by(Keyword.word)).all()
    spoken = tuple(
        Word(row.word, row.locality, tuple(row.sounds_like), retired=not _current(row, today))
        for row in keywords
        if row.valid_from is None or row.valid_from <= today
    )
    localities = {row.code: row.name for row in db.scalars(select(Locality))}
    hints = [spelling for row in keywords if row.active for spelling in (row.word, *row.sounds_like)]
    lines = {row.number: row for row in db.scalars(select(Line).where(Line.active))}
    helped = frozenset(localities.get(code, code) for code in db.scalars(select(DirectoryEntry.locality).distinct()))
    return Standing(rules.current(db), _vocabulary(spoken), spoken, localities, tuple(hints[:400]), lines, helped)


@lru_cache(maxsize=2)
def _vocabulary(words: tuple[Word, ...]) -> Vocabulary:
    """Built again only when the words have changed: with hundreds of them it takes tens of milliseconds."""
    return Vocabulary(words)


def _current(row: Keyword, today: date) -> bool:
    return row.active and (row.valid_to is None or row.valid_to >= today)


class Kept:
    """Reads the configuration when what it has is older than FRESH_S. Safe from many threads."""

    def __init__(self, database: Database):
        self._database = database
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._standing: Standing | None = None

    def now(self, today: date) -> Standing:
        """The configuration, at most FRESH_S old. Raises what the database raises, unless an older reading is at
        hand.
        """
        if self._standing and time.monotonic() - self._read_at < FRESH_S:
            return self._standing
        older = self._standing
        if not self._lock.acquire(blocking=older is None) and older:
            return older  # somebody is reading it: nobody's ring waits for that
        try:
            if self._standing is None or time.monotonic() - self._read_at >= FRESH_S:
                self._standing, self._read_at = self._reading(today), time.monotonic()
            return self._standing
        finally:
            self._lock.release()

    def _reading(self, today: date) -> Standing:
        try:
            with self._database.reading() as db:
                return read(db, today)
        except Exception as error:
            if self._standing is None:
                raise
            log.warning("configuration_not_read", error=type(error).__name__)
            return self._standing

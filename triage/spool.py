"""Calls and texts that could not be recorded when they came: kept on this machine's disk until they can be.

When a webhook fails (the database is away), the caller hears constant words and this is where the call is remembered
(reliability.md R31). One file an event, sealed with the field keys, complete or not there at all: written under
another name, flushed to the disk, then renamed. `keep` needs no database, Redis or network and never raises. The clock
empties the folder (`recovering.drain`); what it has recorded twice is recorded once, so a file may be read again.
"""

import os
import secrets
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec
import structlog

from triage.media import Piece
from triage.sealing import CannotOpen, place_of, ring

log = structlog.get_logger(__name__)
MOST_EVENTS: Final = 20_000  # a busy day's calls; some 10 MB
SUFFIX: Final = ".event"
BAD: Final = ".bad"
LONGEST_WORDS: Final = 1700  # one text is 1,600 characters at most


class Event(msgspec.Struct, frozen=True):
    """What the carrier told us of one call or text, in our words."""

    kind: Literal["call", "over", "text"]
    carrier_id: str
    at: datetime
    number: str | None = None  # E.164; None when withheld
    dialled: str = ""  # the number of ours they rang or texted
    words: str = ""  # of a text
    danger: bool = False  # they said or keyed, in this very webhook, that there is danger now
    outcome: str = ""  # how a call ended, for `over`
    media: tuple[Piece, ...] = ()  # what came with a text


class Spool:
    """The folder. Many threads and processes may keep; one or more may read."""

    def __init__(self, folder: Path):
        self.folder = folder

    def keep(self, event: Event) -> bool:
        """Write one event to the disk; false (and a line in the log) if that cannot be done. Never raises."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.count() >= MOST_EVENTS:
                log.error("spool_full", alarm=True, events=MOST_EVENTS)
                return False
            name = f"{time.time_ns():020d}-{secrets.token_hex(6)}"
            sealed = ring().seal(msgspec.json.encode(_bounded(event)).decode(), _place(name))
            self._write(name, sealed.encode())
        except Exception as error:
            log.error("spool_failed", alarm=True, error=type(error).__name__)
            return False
        return True

    def _write(self, name: str, content: bytes) -> None:
        part = self.folder / f"{name}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.rename(self.folder / f"{name}{SUFFIX}")
        except OSError:
            part.unlink(missing_ok=True)  # a full disk is not filled further
            raise
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name itself, too, must outlive the machine
        finally:
            os.close(folder)

    def count(self) -> int:
        """How many events wait to be recorded. Raises OSError if the folder is there and cannot be read."""
        return sum(1 for _ in self._names())

    def files(self) -> list[Path]:
        """Every event that waits, oldest first."""
        return [self.folder / name for name in sorted(self._names())]

    def read(self, file: Path) -> Event | None:
        """One event; None if another reader was first. One that cannot be read is set aside as `.bad`, and said."""
        try:
            opened = ring().open(file.read_text(encoding="utf-8"), _place(file.name.removesuffix(SUFFIX)))
            return msgspec.json.decode(opened, type=Event)
        except FileNotFoundError:
            return None
        except (CannotOpen, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.error("spool_unreadable", alarm=True, file=file.name, error=type(error).__name__)
            file.rename(file.with_suffix(BAD))
            return None

    def done(self, file: Path) -> None:
        """This event is recorded: the file is no longer needed."""
        file.unlink(missing_ok=True)

    def _names(self) -> Iterator[str]:
        try:
            with os.scandir(self.folder) as entries:
                yield from (entry.name for entry in entries if entry.name.endswith(SUFFIX))
        except FileNotFoundError:
            return


def _place(name: str) -> str:
    return place_of("spool", "event", name)


def _bounded(event: Event) -> Event:
    return msgspec.structs.replace(event, words=event.words[:LONGEST_WORDS], dialled=event.dialled[:64])

"""Where postcodes are, from an open file: ONSPD (Office for National Statistics) or Code-Point Open (Ordnance Survey).

A csv, or a zip of them as it is downloaded. ONSPD has a header with `pcds` or `pcd`, `lat` and `long`; Code-Point Open
has none: postcode, quality, easting, northing. Other files in a zip are left alone. The file is read to its end before
anything is written, and what it says replaces what was there in one transaction: a load that fails changes nothing.
"""

import codecs
import csv
import marshal
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from triage import places
from triage.car_models import Postcode
from triage.db import Database
from triage.places import BadPlace

BATCH: Final = 5_000
SHOWN: Final = 10  # bad rows that are kept in words
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class NoPostcodes(Exception):
    """The file cannot be read, or holds nothing that looks like a list of postcodes; `str()` says so."""


@dataclass
class Reading:
    """How far a load is. `read` and `size` are bytes of the lists; `bad` are the first rows nobody could read."""

    size: int
    read: int = 0
    written: int = 0
    good: int = 0
    nowhere: int = 0  # terminated, or without a position
    bad_rows: int = 0
    bad: list[str] = field(default_factory=list)
    in_place: int = 0


def load(database: Database, file: Path) -> Iterator[Reading]:
    """Load the file; what it yields is the same object each time, further on. Raises NoPostcodes."""
    with tempfile.TemporaryFile() as kept:
        try:
            reading = Reading(_size(file))
            for batch in _batches(file, reading):
                marshal.dump(batch, kept)
                yield reading
        except (OSError, zipfile.BadZipFile, UnicodeDecodeError, csv.Error, RuntimeError, NotImplementedError) as error:
            raise NoPostcodes(f"{file.name} cannot be read: {error}. Nothing was changed.") from error
        if not reading.good:
            raise NoPostcodes(
                f"{file.name} holds no postcode with a position. Give an ONSPD or a Code-Point Open file. "
                "Nothing was changed."
            )
        kept.seek(0)
        with database.transaction() as db:
            for letter in LETTERS:  # in parts: each statement has a deadline
                db.execute(delete(Postcode).where(Postcode.postcode.startswith(letter)))
            while reading.written < reading.good:
                batch = marshal.load(kept)  # noqa: S302 - we wrote it a moment ago, to a file nobody else can open
                _write(db, batch)
                reading.written += len(batch)
                yield reading
            reading.in_place = db.scalar(select(func.count()).select_from(Postcode)) or 0
    yield reading


def _write(db: Session, batch: list[tuple[str, float, float]]) -> None:
    dialect: Any = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    rows = [{"postcode": code, "lat": lat, "lon": lon} for code, lat, lon in batch]
    db.execute(dialect.insert(Postcode.__table__).on_conflict_do_nothing(), rows)  # a zip may hold a list twice


def _batches(file: Path, reading: Reading) -> Iterator[list[tuple[str, float, float]]]:
    batch: list[tuple[str, float, float]] = []
    for name, lines in _lists(file):
        for row in _rows(name, lines, reading):
            batch.append(row)
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _size(file: Path) -> int:
    if not zipfile.is_zipfile(file):
        return file.stat().st_size
    with zipfile.ZipFile(file) as archive:
        return sum(one.file_size for one in archive.infolist() if one.filename.lower().endswith(".csv"))


def _lists(file: Path) -> Iterator[tuple[str, IO[bytes]]]:
    if not zipfile.is_zipfile(file):
        with file.open("rb") as lines:
            yield file.name, lines
        return
    with zipfile.ZipFile(file) as archive:
        for one in archive.infolist():
            if one.filename.lower().endswith(".csv"):
                with archive.open(one) as lines:
                    yield one.filename, lines


def _rows(name: str, raw: IO[bytes], reading: Reading) -> Iterator[tuple[str, float, float]]:
    """The rows of one list that have a position; none where it is no such list."""

    def counted() -> Iterator[str]:
        for line in raw:
            reading.read += len(line)
            yield line.removeprefix(codecs.BOM_UTF8).decode()

    rows = csv.reader(counted())
    first = next(rows, [])
    names = [one.strip().casefold() for one in first]
    code_at = next((names.index(one) for one in ("pcds", "pcd") if one in names), None)
    if code_at is not None and "lat" in names and "long" in names:
        lat_at, lon_at, on_grid = names.index("lat"), names.index("long"), False
    elif len(first) >= 4 and places.postcode(first[0]):
        code_at, lat_at, lon_at, on_grid = 0, 2, 3, True
        if row := _row(name, 1, first, (code_at, lat_at, lon_at), on_grid, reading):
            yield row
    else:
        return
    for values in rows:
        if values and (row := _row(name, rows.line_num, values, (code_at, lat_at, lon_at), on_grid, reading)):
            yield row


def _row(
    name: str, line: int, values: list[str], at: tuple[int, int, int], on_grid: bool, reading: Reading
) -> tuple[str, float, float] | None:
    try:
        code, one, other = places.postcode(values[at[0]]), float(values[at[1]]), float(values[at[2]])
        if code is None:
            raise ValueError
        if (on_grid and one == other == 0) or (not on_grid and one > 90):
            reading.nowhere += 1
            return None
        there = places.from_grid(one, other) if on_grid else places.near(one, other)
    except (ValueError, IndexError, OverflowError, BadPlace):
        reading.bad_rows += 1
        if len(reading.bad) < SHOWN:
            reading.bad.append(f"{name}, line {line}: not a postcode with a position here")
        return None
    reading.good += 1
    return code, there.lat, there.lon

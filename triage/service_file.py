"""Reads and checks `service.toml`, the service as its administrators declare it. Reading is pure: nothing is
loaded.

Every mistake in the file is reported at once, each with its line and one sentence that says what to do.
Field names are part of the contract with operators (docs and `triage/local/example.toml` show them all).
"""

import re
import tomllib
from collections.abc import Collection
from pathlib import Path

from triage.service_check import Reader
from triage.service_lines import Lines
from triage.service_shape import (
    Car,
    DirectoryEntry,
    Hours,
    Keyword,
    Line,
    Locality,
    Order,
    Problem,
    Retention,
    Service,
    ServiceFile,
    ServiceFileError,
    SharedNumber,
    Staff,
    Texts,
    Unit,
)

__all__ = [
    "Car",
    "DirectoryEntry",
    "Hours",
    "Keyword",
    "Line",
    "Locality",
    "Order",
    "Problem",
    "Retention",
    "Service",
    "ServiceFile",
    "ServiceFileError",
    "SharedNumber",
    "Staff",
    "Texts",
    "Unit",
    "read",
    "read_text",
]


def read(path: Path | str, *, wording_names: Collection[str] | None = None) -> ServiceFile:
    """The service file at `path`, checked. `wording_names`: the sentences that may be worded anew (None: any
    name).

    Raises ServiceFileError with every mistake in the file, also when there is no such file or it is not
    TOML.
    """
    try:
        written = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = Path(path).read_bytes()[: error.start].count(b"\n") + 1
        raise ServiceFileError(
            [Problem(line, "There is a letter here that is not UTF-8; save the file as UTF-8.")]
        ) from None
    except OSError as error:
        raise ServiceFileError(
            [Problem(1, f"The file cannot be read: {error.strerror}; check its name and place.")]
        ) from None
    return read_text(written, wording_names=wording_names, folder=Path(path).parent)


def read_text(written: str, *, wording_names: Collection[str] | None = None, folder: Path | None = None) -> ServiceFile:
    """The same for what a file holds. `folder` is where the files lie that it names; without it they are not read."""
    written = written.replace("\r\n", "\n")
    try:
        given = tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        raise ServiceFileError([_syntax(written, str(error))]) from None
    reader = Reader(given, Lines(written), wording_names, folder)
    if reader.found:
        raise ServiceFileError(reader.found)
    return reader.result()


def _syntax(written: str, message: str) -> Problem:
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", message)
    line = int(place[1]) if place and place[1] else max(1, len(written.splitlines()))
    return Problem(
        line,
        f"This is not TOML: {message[: place.start()] if place else message}; check quotes and brackets.",
    )

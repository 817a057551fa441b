"""Contacts as a table for a spreadsheet: no names, no words, numbers masked. It takes two people."""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, TextIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import contacts, outcomes
from triage.models import Contact

COLUMNS: Final = (
    "started", "channel", "route", "locality", "keyword", "number", "danger stated", "ended", "urgency", "disposition",
    "needed by",
)  # fmt: skip
AT_ONCE: Final = 200
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def write(db: Session, file: TextIO, since: datetime, until: datetime) -> Iterator[int]:
    """Write the contacts that began in a span of time; yields how many are written, now and then."""
    table = csv.writer(file)
    table.writerow(COLUMNS)
    span = select(Contact).where(Contact.started_at >= since, Contact.started_at < until).order_by(Contact.started_at)
    written = 0
    for batch in db.scalars(span.execution_options(yield_per=AT_ONCE)).partitions():
        for contact in batch:
            table.writerow([harmless(value) for value in _row(db, contact)])
        written += len(batch)
        yield written


def _row(db: Session, contact: Contact) -> list[Any]:
    last = outcomes.latest(db, contact.id)
    return [
        contact.started_at.isoformat(), contact.channel, contact.route, contact.locality, contact.keyword,
        contacts.masked(contact.number), contact.danger, contact.ended_at and contact.ended_at.isoformat(),
        last and last.urgency, last and last.disposition, last and last.needed_by and last.needed_by.isoformat(),
    ]  # fmt: skip


def harmless(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula (ASVS 1.2.10)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text

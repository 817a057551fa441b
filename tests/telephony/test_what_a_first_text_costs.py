"""What a first text costs the database: no more for whoever wrote before, or while their neighbours write."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from triage import standing
from triage.db import Database
from triage.sealing import Keyring

MOST = 29  # found, opened, read, judged by floods and by the order, answered: one statement each, some with two


@contextmanager
def asked(database: Database) -> Iterator[list[str]]:
    """What is sent to the database meanwhile, without what only begins a transaction on SQLite."""
    sent: list[str] = []

    def listen(_connection, _cursor, statement, *_):
        if not statement.startswith(("PRAGMA", "BEGIN")):
            sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", listen)
    yield sent
    event.remove(database.engine, "before_cursor_execute", listen)


@pytest.fixture
def warm(line, monkeypatch):
    """What each process reads every two seconds has been read, and is not again however slow the machine is."""
    monkeypatch.setattr(standing, "FRESH_S", 3600)
    line.texts("hello", From="+447700900001")


def test_a_first_text_takes_at_most_29_statements(line, warm):
    with asked(line.database) as sent:
        assert "Solent Crisis Line" in line.texts("I cannot sleep", From="+447700900777").said
    assert len(sent) <= MOST, "\n".join(sent)


def test_who_wrote_on_another_line_before_costs_no_more(line, warm):
    line.texts("hello", From="+447700900777", To="+441632960111")
    with asked(line.database) as sent:
        line.texts("I cannot sleep", From="+447700900777")
    assert len(sent) <= MOST


def test_beside_first_texts_of_neighbours_it_costs_no_more_and_nobodys_number_is_opened(line, warm, monkeypatch):
    for at in range(8):
        line.texts(f"hello {at}", From=f"+4477009007{at}0")
    opened, really = set(), Keyring.open
    monkeypatch.setattr(Keyring, "open", lambda ring, sealed, place: opened.add(place) or really(ring, sealed, place))
    with asked(line.database) as sent:
        line.texts("I cannot sleep", From="+447700900777")
    assert len(sent) <= MOST
    assert len([place for place in opened if place.startswith("contact\0number")]) <= 1

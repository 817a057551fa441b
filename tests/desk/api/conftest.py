"""A desk with the example service, on both databases."""

from collections.abc import Iterator

import pytest

from tests.desk.api.lab import Client, Lab
from triage.db import open_database


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    database = open_database(database_url)
    yield Lab(database)
    database.engine.dispose()


@pytest.fixture
def ana(lab: Lab) -> Client:
    """A nurse of the Isle of Wight, with a phone."""
    return lab.as_("ana")


@pytest.fixture
def carys(lab: Lab) -> Client:
    """A nurse of Southampton."""
    return lab.as_("carys")


@pytest.fixture
def grace(lab: Lab) -> Client:
    """A dispatcher."""
    return lab.as_("grace")


@pytest.fixture
def isla(lab: Lab) -> Client:
    """A supervisor who is a nurse too."""
    return lab.as_("isla")


@pytest.fixture
def kit(lab: Lab) -> Client:
    """An administrator, who works with nobody."""
    return lab.as_("kit")

"""The service as an attacker meets it: really started, on each database, one for a whole group of attacks.

Attacks leave it as it was: what one does to a limit, a session or a setting must not be felt by the next.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.forging import Attacker
from tests.harness.databases import BACKENDS
from tests.harness.stack import Stack, stack_folder
from tests.journeys.conftest import SPEED, Town


@pytest.fixture(scope="module", params=BACKENDS)
def town(request: pytest.FixtureRequest, databases: Any) -> Iterator[Town]:
    """The whole service in local mode with the example service file; tokens, phones and crews as in the journeys."""
    stack = Stack(stack_folder(), database_url=databases.served(request.param), service_file=None, carrier_speed=SPEED)
    try:
        yield Town(stack.start())
    finally:
        stack.close()
        shutil.rmtree(stack.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def attacker(town: Town) -> Iterator[Attacker]:
    """Somebody at the doors of that service."""
    made = Attacker(town)
    yield made
    made.database.engine.dispose()


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each file's attacks on one database meet the same service: they stay in one worker."""
    for item in items:
        if "town" in getattr(item, "fixturenames", ()) and Path(str(item.path)).parent.name == "attacks":
            backend = item.callspec.params.get("town", "") if hasattr(item, "callspec") else ""
            item.add_marker(pytest.mark.xdist_group(f"{Path(str(item.path)).stem}-{backend}"))
            item.add_marker(pytest.mark.journey)

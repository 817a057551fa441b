"""What a call is told to do next, and what interrupts it meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

FINISHED_ONLY = frozenset({"completed"})
"""The events of a status callback that names none (twilio.com/docs/voice/api/call-resource)."""


@dataclass(frozen=True)
class Source:
    """A document to carry out: an address to ask, or markup given outright."""

    url: str = ""
    method: str = "POST"
    markup: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Callback:
    """Where and about what a status callback is wanted."""

    url: str
    method: str = "POST"
    events: frozenset[str] = FINISHED_ONLY


class Moved(Exception):
    """The service sent this leg to another document."""

    def __init__(self, source: Source) -> None:
        super().__init__("moved")
        self.source = source


class Ended(Exception):
    """The leg is over."""


class Broken(Exception):
    """Something a document was waiting through has come about; caught by the `broken_by` that named it."""

    def __init__(self, test: Callable[[], bool]) -> None:
        super().__init__("broken")
        self.test = test

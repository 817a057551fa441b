"""Faults that a test or a person can switch on: what a bad day at a carrier, or on the road to one, looks
like.

Webhooks: `slow` (the service is asked, but its answer takes `seconds` longer), `error_500` (an error page is
seen and the service never hears of it), `duplicate` (sent twice). Status callbacks: `reorder` (arrives after
the next one of its call, or after `seconds`), `lost_callback`. People: `hang_up_mid_bridge` (gone as they are
pulled from a queue), `unreachable` (the phone is off: calls fail, texts end undelivered with 30003). REST:
`rest_429` and `rest_500` (not carried out), `rest_timeout` (carried out, but the answer comes `seconds`
late), `opt_out_21610`, `gone_20404`, `not_in_progress_21220`.
"""

import threading
from dataclasses import dataclass

from .words import names

KINDS = names(
    "slow error_500 duplicate reorder lost_callback hang_up_mid_bridge unreachable rest_429 rest_500 "
    "rest_timeout opt_out_21610 gone_20404 not_in_progress_21220"
)


@dataclass
class Fault:
    """One fault, good for `times` occasions whose path (or phone, for `unreachable`) contains `match`."""

    kind: str
    times: int = 1
    match: str = ""
    seconds: float = 3.0

    def shown(self) -> dict[str, object]:
        """The fault as JSON."""
        return {"kind": self.kind, "times": self.times, "match": self.match, "seconds": self.seconds}


class Faults:
    """The faults still to come, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Switch a fault on. Raises ValueError for a kind that is not listed or fewer than one time."""
        if fault.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
        if fault.times < 1 or fault.seconds < 0:
            raise ValueError("times must be at least 1 and seconds not negative")
        with self._lock:
            self._faults.append(fault)

    def take(self, kind: str, path: str = "") -> Fault | None:
        """The fault that strikes now, used up once; None when all is well."""
        with self._lock:
            for fault in self._faults:
                if fault.kind == kind and fault.match in path:
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                    return fault
        return None

    def clear(self) -> None:
        """Switch every fault off."""
        with self._lock:
            self._faults.clear()

    def shown(self) -> list[dict[str, object]]:
        """What is still to come."""
        with self._lock:
            return [fault.shown() for fault in self._faults]

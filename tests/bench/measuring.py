"""Comparing fairly on a machine that drifts: slices of every candidate in turn, ratios within a round, medians of those.

A machine's speed moves by half over minutes with nobody else on it, so seconds from two different minutes do not
compare; ratios taken within the same second do. What other processes used meanwhile is measured and shown.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

TOO_DISTURBED = 0.10
"""Share of the whole machine that strangers may use before a run's numbers are called doubtful."""

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spread:
    """A median, with the 10th and the 90th percentile beside it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        ordered = sorted(values)
        return cls(statistics.median(ordered), percentile(ordered, 0.1), percentile(ordered, 0.9))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that this share of the sorted values does not exceed (nearest rank)."""
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


@dataclass(frozen=True)
class Candidate:
    """Something to measure. `make` prepares one run, untimed; `do` is the run."""

    name: str
    make: Callable[[], Any]
    do: Callable[[Any], object]


class Rounds:
    """Seconds a run for each candidate, one value a round; the rounds line up.

    `cpu_s` is what this process alone computed: nearly free of strangers, blind to the disk and the database server.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.cpu_s: dict[str, list[float]] = {}

    def add(self, name: str, seconds: float, cpu_s: float = 0.0) -> None:
        self.seconds.setdefault(name, []).append(seconds)
        self.cpu_s.setdefault(name, []).append(cpu_s)

    def us(self, name: str) -> Spread:
        """Microseconds a run."""
        return Spread.of(value * 1e6 for value in self.seconds[name])

    def cpu_us(self, name: str) -> Spread:
        """Microseconds of computing a run, in this process."""
        return Spread.of(value * 1e6 for value in self.cpu_s[name])

    def slower(self, name: str, than: str) -> Spread:
        """How many times as long `name` takes as `than`."""
        return Spread.of(a / b for a, b in zip(self.seconds[name], self.seconds[than], strict=True))

    def rate(self, name: str, of: str) -> Spread:
        """The rate of `name` as a share of the rate of `of`: 1 is as fast, 0.5 half as fast."""
        return self.slower(of, name)


def interleave(candidates: Sequence[Candidate], *, rounds: int, slice_s: float) -> Rounds:
    """Run slices of about `slice_s` of every candidate in turn, beginning with another one in each round."""
    counts = {one.name: _runs_in(one, slice_s) for one in candidates}
    measured = Rounds()
    for at in range(rounds):
        for shift in range(len(candidates)):
            one = candidates[(at + shift) % len(candidates)]
            prepared = [one.make() for _ in range(counts[one.name])]
            start, cpu = time.perf_counter(), time.process_time()
            for run in prepared:
                one.do(run)
            cpu_s = (time.process_time() - cpu) / len(prepared)
            measured.add(one.name, (time.perf_counter() - start) / len(prepared), cpu_s)
    return measured


def _runs_in(one: Candidate, slice_s: float) -> int:
    """How many runs fill a slice; the first runs, which warm caches and statements up, do not count."""
    for run in [one.make() for _ in range(20)]:
        one.do(run)
    prepared = [one.make() for _ in range(20)]
    start = time.perf_counter()
    for run in prepared:
        one.do(run)
    return max(3, round(slice_s * len(prepared) / (time.perf_counter() - start)))


class Strangers:
    """How much of the machine other processes used, as a share from 0 to 1 of all its cores. None off Linux.

    with Strangers() as strangers:
        ...
    strangers.share
    """

    share: float | None = None

    def __enter__(self) -> Self:
        self._at, self._busy, self._ours = time.monotonic(), _machine_busy_s(), _ours_s()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        busy, ours = _machine_busy_s(), _ours_s()
        if busy is not None and self._busy is not None:
            capacity = (time.monotonic() - self._at) * (os.cpu_count() or 1)
            self.share = max(0.0, (busy - self._busy - (ours - self._ours)) / capacity)


def _machine_busy_s() -> float | None:
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, interrupt, soft, stolen = map(int, fields[:8])
    return (user + nice + system + interrupt + soft + stolen) * _TICK_S


def _ours_s() -> float:
    """Seconds of CPU that this process, all its descendants and their ended children have used."""
    parents, used = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # pid (name) state ppid ... utime stime cutime cstime: fields 14 to 17 of proc(5).
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        parents[pid], used[pid] = int(fields[1]), sum(map(int, fields[11:15]))
    total = 0
    for pid in used:
        ancestor: int | None = pid
        while ancestor and ancestor != os.getpid():
            ancestor = parents.get(ancestor)
        if ancestor:
            total += used[pid]
    return total * _TICK_S

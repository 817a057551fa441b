"""First webhooks over HTTP: the Procfile's web line on PostgreSQL beside the floor under the same line, in turn."""

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import report
from tests.bench.bed import Bed
from tests.bench.measuring import Spread, Strangers, percentile
from tests.bench.rings import Carrier
from tests.harness.databases import ROOT
from tests.harness.waiting import wait_until
from triage.db import Database, utcnow
from triage.local import procfile
from triage.local.processes import Process, stop_all
from triage.standing import Kept

CONNECTIONS = 16
OURS_TARGET, FLOOR_TARGET = "'app:create_app()'", "'tests.bench.floor:create_app()'"
PATIENCE_S = 30.0


@dataclass
class Served:
    """One server under load: what each round gave."""

    carrier: Carrier
    port: int
    process: Process
    told: dict[str, str]
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)

    def round(self, requests: int) -> None:
        """As many first webhooks, over connections that stay open, each sending the next as soon as it is answered."""
        prepared = [self.carrier.http() for _ in range(requests)]
        start = time.perf_counter()
        took = sorted(load(self.port, prepared))
        self.rates.append(len(took) / (time.perf_counter() - start))
        self.latencies += took
        self.p99s.append(percentile(took, 0.99))


def run(bed: Bed) -> list[report.Found]:
    database = bed.database("postgresql")
    found = report.Found(
        f"First voice webhook over HTTP: {CONNECTIONS} connections kept alive, the Procfile's web line, PostgreSQL",
        ("server", "requests/s", "p50, ms", "p99, ms", "worker, MiB (PSS)", "worker, MiB (RSS)"),
    )
    with served(bed, database, OURS_TARGET) as ours, served(bed, database, FLOOR_TARGET) as floor:
        for one in (ours, floor):
            one.round(200)
            one.rates.clear(), one.latencies.clear(), one.p99s.clear()
        rounds, requests = bed.rounds(24), 150 if bed.quick else 500
        with Strangers() as strangers:
            for at in range(rounds):
                for one in (ours, floor) if at % 2 else (floor, ours):
                    one.round(requests)
        for name, one in (("ours", ours), ("floor", floor)):
            took, (pss, rss) = sorted(one.latencies), _largest_worker(one.process)
            found.add(name, f"{Spread.of(one.rates).median:,.0f}", report.ms(percentile(took, 0.5)),
                      report.ms(percentile(took, 0.99)), f"{pss:.0f}", f"{rss:.0f}")  # fmt: skip
    found.strangers = strangers.share
    rate = Spread.of(a / b for a, b in zip(ours.rates, floor.rates, strict=True))
    tail = Spread.of(a / b for a, b in zip(ours.p99s, floor.p99s, strict=True))
    found.notes = [
        f"Ours as a share of the floor's rate: {report.ratio(rate)}. Its p99 to the floor's: {report.ratio(tail)}.",
        "Goals: p99 under 100 ms, a worker under 150 MiB. The load itself comes from this machine and costs about a "
        "tenth of it.",
    ]
    return [found]


@contextmanager
def served(bed: Bed, database: Database, target: str, **told_too: str) -> Iterator[Served]:
    """The Procfile's web line with this target, listening; `told_too` are settings beside the bed's."""
    told = bed.settings(database) | told_too
    command = [part.replace(OURS_TARGET, target) for part in procfile.read(ROOT / "Procfile")["web"]]
    if target not in command[-1]:
        raise RuntimeError("the web line of the Procfile does not name the application as it used to")
    process = Process("web", command, environment=told,
                      log=bed.folder / f"web-{told['PORT']}.log", folder=ROOT)  # fmt: skip
    standing = Kept(database).now(utcnow().date())
    line = next(line for line in standing.lines.values() if line.route == "direct")
    carrier = Carrier(told["PUBLIC_BASE_URL"], told["TWILIO_ACCOUNT_SID"], told["TWILIO_AUTH_TOKEN"], line.number)
    process.start()
    try:
        port = int(told["PORT"])
        wait_until(lambda: _listens(process, port), PATIENCE_S, what="the web process listens")
        yield Served(carrier, port, process, told)
    finally:
        stop_all([process], patience_s=10)


def load(port: int, prepared: list[bytes]) -> list[float]:
    """Send every request once over CONNECTIONS sockets; the seconds each took. Raises RuntimeError for a bad answer."""
    waiting, took = list(reversed(prepared)), []
    with selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ, [b"", 0.0])
        try:
            for key in list(selector.get_map().values()):
                _send(key, waiting)
            while len(took) < len(prepared):
                ready = selector.select(PATIENCE_S)
                if not ready:
                    raise RuntimeError(f"no answer within {PATIENCE_S:g} s")
                for key, _ in ready:
                    key.data[0] += key.fileobj.recv(65536)
                    if whole(key.data[0]) is not None:
                        took.append(time.perf_counter() - key.data[1])
                        _send(key, waiting)
        finally:
            for key in list(selector.get_map().values()):
                key.fileobj.close()
    return took


def _send(key: selectors.SelectorKey, waiting: list[bytes]) -> None:
    key.data[0] = b""
    if waiting:
        request = waiting.pop()
        key.data[1] = time.perf_counter()
        key.fileobj.sendall(request)


def whole(answer: bytes) -> bytes | None:
    """The body of this answer, once all of it is there. Raises RuntimeError for anything but 200."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        if not answer:
            raise RuntimeError("the server closed a connection that was to stay open")
        return None
    if not head.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"the webhook was answered {head.splitlines()[0].decode()}")
    length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
    return body if len(body) >= int(length.partition(b":")[2]) else None


def _listens(process: Process, port: int) -> bool:
    if not process.running:
        raise RuntimeError(f"the web process ended:\n{process.last_words(15)}")
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def _largest_worker(process: Process) -> tuple[float, float]:
    """PSS and RSS in MiB of the worker that holds most, the processes whose parent is the server's own."""
    sizes = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text(errors="replace").rpartition(")")[2].split()[1]) == process.pid:
                sizes.append(_memory(stat.parent / "smaps_rollup"))
        except OSError:
            continue
    return max(sizes, default=(0.0, 0.0))


def _memory(rollup: Path) -> tuple[float, float]:
    lines = (line.split() for line in rollup.read_text().splitlines()[1:])
    kib = {fields[0].rstrip(":"): int(fields[1]) for fields in lines}
    return kib["Pss"] / 1024, kib["Rss"] / 1024

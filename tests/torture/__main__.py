"""`python -m tests.torture [--calls N] [--dispatches N] [--backend sqlite|postgresql|both] [--seed S] [--quick]`

Ends with a table: for each fault and database how many trials there were, how many violations, and the worst times.
"0 in n trials" is what it can say; it proves nothing. Exit code 1 on any violation.
"""

import contextlib
import json
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import func, select

from tests.harness.databases import BACKENDS, FIELD_KEYS, Databases
from tests.harness.postgres import PostgresServer
from tests.harness.proxy import Proxy
from tests.harness.redis_server import RedisServer
from tests.harness.stack import Stack, stack_folder
from tests.journeys import hosted
from tests.journeys.conftest import SERVICE, Town
from tests.torture import checks, faults
from tests.torture.people import Caller, Working, number
from triage import sealing
from triage.db import Database, open_database
from triage.models import Contact

BATCH: Final = 40  # callers at once
SPEED: Final = 20.0
SETTLE_S: Final = 90.0
OWED_WITHIN_S: Final = 30.0


@dataclass
class Row:
    """What came of one fault on one database."""

    trials: int = 0
    dispatches: int = 0
    violations: list[str] = field(default_factory=list)
    slowest_answer_ms: float = 0.0
    slowest_owed_s: float = 0.0


@dataclass
class Run:
    """One database's part of the run."""

    town: Town
    where: faults.Where
    database: Database
    chance: random.Random
    working: Working
    people: int = 0
    rows: dict[str, Row] = field(default_factory=lambda: defaultdict(Row))

    def batch(self, fault: faults.Fault, *, texters: int) -> None:
        """Callers ring, the fault strikes among them, all is healed, and then everything must be right."""
        row = self.rows[fault.name]
        self.town.stack.request("DELETE", f"{self.town.stack.carrier_url}/control/requests")
        first, self.people = self.people, self.people + BATCH + texters
        callers = [Caller(self.town, number(n), self._chance()) for n in range(first, first + BATCH)]
        cars_before = len(self.working.cars)
        threads = [threading.Thread(target=caller, daemon=True) for caller in callers]
        for n in range(first + BATCH, first + BATCH + texters):
            self._text(number(n))
        for thread in threads:
            thread.start()
        self._strike(fault)  # in this thread: a process started by another would end with it (PR_SET_PDEATHSIG)
        for thread in threads:
            thread.join(120)
        self._settle(callers, row)
        sids = [caller.sid for caller in callers if caller.sid]
        cars = self.working.cars[cars_before:]  # before the look at the database: more come all the time
        with self.database.reading() as db:
            found = checks.recorded_once(db, sids) + checks.nobody_lost(db, sids) + checks.nobody_still_up(db, sids)
            found += checks.cars(db, cars)
        found += checks.one_nurse({caller.sid: caller.most_at_once for caller in callers})
        found += checks.heard_words({caller.sid: caller.state() for caller in callers if caller.sid})
        row.trials += len(sids)
        row.dispatches += len(cars)
        row.violations += [f"{fault.name}: {one}" for one in found]

    def _chance(self) -> random.Random:
        return random.Random(self.chance.random())

    def _text(self, who: str) -> None:
        with contextlib.suppress(AssertionError):
            self.town.caller(who).texts("harbour, I need somebody")

    def _strike(self, fault: faults.Fault) -> None:
        time.sleep(self.chance.uniform(0.5, 2.0))
        try:
            with fault.strike(self.where):
                time.sleep(self.chance.uniform(2.0, 6.0))
        except Exception as broken:  # a fault that could not be healed makes the rest of the run worthless
            self.rows[fault.name].violations.append(f"{fault.name}: could not be healed: {broken!r}"[:600])
        self.database.engine.dispose()  # what we look with may have been cut off as well

    def _settle(self, callers: list[Caller], row: Row) -> None:
        """Wait until everybody who is off the line is accounted for, and keep how long the last took."""
        gone = {caller.sid: caller.hung_up_at for caller in callers if caller.sid and caller.hung_up_at}
        waiting = set(gone)
        healed = time.monotonic()
        while waiting and time.monotonic() - healed < SETTLE_S:
            with self.database.reading() as db:
                some = list(waiting)
                missing = {text.split()[1] for text in checks.recorded_once(db, some) + checks.nobody_lost(db, some)}
                missing |= {text.split()[1] for text in checks.nobody_still_up(db, some)}
            for sid in [one for one in waiting if one[-6:] not in missing]:
                waiting.discard(sid)
                row.slowest_owed_s = max(row.slowest_owed_s, time.monotonic() - max(gone[sid] or 0, healed))
            time.sleep(0.3)
        asked = self.town.stack.request("GET", f"{self.town.stack.carrier_url}/control/requests").json()["requests"]
        answered = [one["ms"] for one in asked if one["status"] == 200 and one["path"].startswith("/voice/")]
        row.slowest_answer_ms = max([row.slowest_answer_ms, *answered])

    def drained(self) -> list[str]:
        """After everything: the work is done, and the chain of history holds."""
        deadline = time.monotonic() + SETTLE_S
        with self.database.reading() as db:
            while checks.work_done(db) and time.monotonic() < deadline:
                time.sleep(0.5)
                db.rollback()
            return checks.work_done(db) + checks.chain(db)


@click.command()
@click.option("--calls", default=2000, help="Faulted calls, on both databases together.")
@click.option("--dispatches", default=640, help="People who text and need a car, on both together: nearly all get one.")
@click.option("--backend", type=click.Choice([*BACKENDS, "both"]), default="both")
@click.option("--seed", default=1)
@click.option("--only", default="", help="Faults whose name contains this.")
@click.option("--quick", is_flag=True, help="One batch of each process fault: some minutes.")
def torture(calls: int, dispatches: int, backend: str, seed: int, only: str, quick: bool) -> None:
    """Ring, text and send cars while every part is killed, frozen or cut off; then look for whoever was lost."""
    out = Console()
    wanted = BACKENDS if backend == "both" else (backend,)
    chosen = [fault for fault in faults.all_of_them() if only in fault.name]
    if quick:
        calls, dispatches = BATCH * len(wanted) * 6, 60
    batches = max(1, -(-calls // (BATCH * len(wanted))))
    texters = -(-dispatches // (batches * len(wanted)))
    found: dict[str, dict[str, Row]] = {}
    sealing.use(FIELD_KEYS)
    folder = Path(tempfile.mkdtemp(prefix="nwd-torture-"))
    postgres = PostgresServer()
    databases = Databases(folder, postgres)
    try:
        with Progress(console=out) as bar:
            task = bar.add_task("ringing", total=batches * len(wanted))
            for one in wanted:
                found[one] = _on(one, databases, chosen, batches, texters, seed, lambda: bar.advance(task))
    finally:
        databases.close()
        postgres.close()
        shutil.rmtree(folder, ignore_errors=True)
    wrong = _shown(out, found, seed)
    sys.exit(1 if wrong else 0)


def _on(
    backend: str, databases: Databases, chosen: list[faults.Fault], batches: int, texters: int, seed: int, tick: Any
) -> dict[str, Row]:
    url = databases.served(backend)
    chosen = [fault for fault in chosen if backend in fault.backends]
    redis = RedisServer()
    networks = {"redis": Proxy.to_redis(redis)} | ({} if backend == "sqlite" else {"database": Proxy.to_database(url)})
    settings = {"SYNTHETIC_CALL_EVERY_S": "0", "REDIS_URL": networks["redis"].redis_url}
    through = networks["database"].database_url if "database" in networks else url
    stack = Stack(
        stack_folder(), database_url=through, service_file=None, carrier_speed=SPEED, settings=settings, redis=redis
    )
    database = open_database(url)
    try:
        town = Town(stack.start())
        hosted.on_every_line(town)
        working = Working(town)
        working.start([unit.call_sign for unit in SERVICE.units])
        run = Run(
            town, faults.Where(town, url, databases, networks), database, random.Random(f"{seed} {backend}"), working
        )
        for n in range(batches):
            fault = chosen[n % len(chosen)]
            try:
                run.batch(fault, texters=texters)
            except Exception as broken:  # the batches before it count, and are shown
                run.rows[fault.name].violations.append(f"{fault.name}: the run itself failed: {broken!r}"[:600])
            tick()
        working.stop()
        run.rows["all of it"].violations += run.drained()
        with database.reading() as db:
            run.rows["all of it"].trials = db.scalar(select(func.count(Contact.id))) or 0
        return dict(run.rows)
    finally:
        stack.close()
        for network in networks.values():
            network.close()
        database.engine.dispose()
        shutil.rmtree(stack.folder, ignore_errors=True)


def _shown(out: Console, found: dict[str, dict[str, Row]], seed: int) -> bool:
    """Print the table, write build/torture.json; whether anything was violated."""
    table = Table("database", "fault", "calls", "cars", "violations", "slowest answer", "accounted for within")
    wrong: list[str] = []
    for backend, rows in found.items():
        for name, row in rows.items():
            late = [f"{name}: somebody was accounted for after {row.slowest_owed_s:.0f} s"]
            row.violations += late if row.slowest_owed_s > OWED_WITHIN_S else []
            wrong += [f"{backend}: {one}" for one in row.violations]
            table.add_row(
                backend, name, str(row.trials), str(row.dispatches), f"{len(row.violations)} in {row.trials}",
                f"{row.slowest_answer_ms / 1000:.1f} s", f"{row.slowest_owed_s:.1f} s",
            )  # fmt: skip
    out.print(table)
    for one in wrong[:60]:
        out.print(f"  {one}", markup=False)
    trials = sum(row.trials for rows in found.values() for name, row in rows.items() if name != "all of it")
    cars = sum(row.dispatches for rows in found.values() for row in rows.values())
    said = f"{len(wrong)} violations in {trials} faulted calls and {cars} cars."
    out.print(f"{said} Again: python -m tests.torture --seed {seed}")
    target = Path("build/torture.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({b: {n: vars(r) for n, r in rows.items()} for b, rows in found.items()}, indent=1))
    return bool(wrong)


torture()

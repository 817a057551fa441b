"""`python -m triage.local.demo`: see the package. Ends with 0 when all forty were looked after."""

import argparse
import os
import sys
import threading
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from triage.local.demo import callers, people, report
from triage.local.demo.people import Person
from triage.local.demo.staff import Crew, Dispatcher, Nurse, until
from triage.local.demo.world import NotThere, World
from triage.local.problems import Problem

EXAMPLE: Final = Path(__file__).resolve().parents[1] / "example.toml"
SPEED: Final = 8  # the carrier's clock: half an hour of telephone calls in under four minutes
LONGEST_S: Final = 360
NURSES: Final = 6
console = Console()


@dataclass
class Cast:
    """Everybody in the play."""

    people: list[Person]
    nurses: list[Nurse]
    dispatcher: Dispatcher
    crews: list[Crew]
    supervisor: str


class Play:
    """One evening. Whoever meets something that does not answer stops it for all; `trouble` says what it was."""

    def __init__(self, world: World, cast: Cast) -> None:
        self.world, self.cast = world, cast
        self.trouble: BaseException | None = None
        self.threads: list[threading.Thread] = []
        self.since = datetime.now(UTC).isoformat().replace("+00:00", "Z")

    def start(self, what: Callable[..., None], *given: Any) -> None:
        """Let somebody act beside the others."""

        def act() -> None:
            try:
                what(*given)
            except BaseException as error:  # said at the end, by the one who started the play
                self.trouble = self.trouble or error
                self.world.over.set()

        thread = threading.Thread(target=act, daemon=True)
        self.threads.append(thread)
        thread.start()

    def run(self) -> dict[str, dict[str, Any]]:
        """Play it; each person's contact as it stands at the end. Raises what went wrong."""
        self.cast.dispatcher.cars_on_duty()
        for nurse in self.cast.nurses:
            self.start(nurse.work)
        for crew in self.cast.crews:
            self.start(crew.work)
        self.start(self.cast.dispatcher.work)
        self.start(self._ring_in_turn)
        if self._watch():
            console.print("Everybody has been heard. The crews finish their jobs.")
            until(self.world, lambda: self.cast.dispatcher.open_incidents() == 0, 60)
        if self.trouble:
            raise self.trouble
        return report.read(self.world, self.cast.supervisor, self._listed())

    def _ring_in_turn(self) -> None:
        began = time.monotonic()
        for person in self.cast.people:
            self.world.pause(began + person.at_s - time.monotonic())
            if self.world.over.is_set():
                return
            self.start(callers.play, self.world, person)

    def _watch(self) -> bool:
        """Show how it goes; whether all forty were looked after in time."""
        ends = time.monotonic() + LONGEST_S
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        over = 0
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("the evening begins", total=len(self.cast.people))
            while over < len(self.cast.people) and time.monotonic() < ends and not self.world.over.is_set():
                over = sum(report.is_over(contact) for contact in self._listed().values())
                progress.update(task, completed=over, description=report.now(self.world, self.cast.supervisor))
                self.world.pause(2)
        return over == len(self.cast.people)

    def _listed(self) -> dict[str, dict[str, Any]]:
        return report.listed(self.world, self.cast.supervisor, self.cast.people, self.since)

    def tidy(self) -> None:
        """Nurses go home, phones are answered by hand again, and the carrier's clock is everybody's."""
        self.world.over.set()
        for thread in self.threads:
            thread.join(5)
        for nurse in self.cast.nurses:
            nurse.stop()
        for number in (*(nurse.phone for nurse in self.cast.nurses), self.cast.dispatcher.phone):
            self.world.set_phone(number, "manual")
        self.world.carrier("POST", "/clock", {"speed": 1})


def gather(world: World, seed: int) -> Cast:
    """Everybody, with tokens. Raises NotThere where the example service is not what runs."""
    service = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    staff = service["staff"]
    nurses = [person for person in staff if person["roles"] == ["nurse"]][:NURSES]
    control = next(person for person in staff if person["roles"] == ["dispatcher"])
    supervisor = next(person for person in staff if "supervisor" in person["roles"])
    with ThreadPoolExecutor(2) as pool:
        *hers, his, theirs = pool.map(world.token, [person["email"] for person in (*nurses, control, supervisor)])
    cast = people.everybody(seed)
    by_tail = {person.number[-3:]: person for person in cast if not person.withheld}
    return Cast(
        people=cast,
        nurses=[
            Nurse(world, nurse["name"], token, nurse["phone"], by_tail)
            for nurse, token in zip(nurses, hers, strict=True)
        ],
        dispatcher=Dispatcher(world, his, control["phone"]),
        crews=[
            Crew(world, unit["call_sign"], unit["phone"], shy=number == 1, needs_help=number == 2)
            for number, unit in enumerate(service["unit"])
        ],
        supervisor=theirs,
    )


def main() -> int:
    """Play it and print what happened. A problem is one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="make demo", description="A busy half-hour in a few minutes.")
    parser.add_argument("--seed", type=int, default=1, help="another number, another evening")
    seed = parser.parse_args().seed
    try:
        world = World(os.environ)
        world.check()
        console.print("Making tokens for six nurses, a dispatcher and a supervisor.")
        cast = gather(world, seed)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    console.print(
        f"Forty people ring and text. Watch http://127.0.0.1:{world.port}/desk and /board, and the phones at "
        f"http://127.0.0.1:{world.carrier_port}/. The carrier's clock runs {SPEED} times as fast until the end."
    )
    play = Play(world, cast)
    try:
        world.carrier("POST", "/clock", {"speed": SPEED})
        contacts = play.run()
    except KeyboardInterrupt:
        print("Stopped before its end.", file=sys.stderr)
        return 130
    except NotThere as problem:
        print(f"The play ends here. {problem}", file=sys.stderr)
        return problem.exit_code
    finally:
        _tidy(play)
    console.print(report.table(cast.people, contacts))
    left = [person.name for person in cast.people if not report.is_over(contacts.get(person.number))]
    if left:
        print(f"Not everybody was looked after in {LONGEST_S} s: {', '.join(left)}.", file=sys.stderr)
        return 1
    return 0


def _tidy(play: Play) -> None:
    try:
        play.tidy()
    except Problem as problem:
        print(f"Not everything was put back as it was. {problem}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

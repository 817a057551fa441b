"""What a part of the benchmark found, and how it is shown: tables on a terminal, aligned plain text anywhere else."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from tests.bench.measuring import TOO_DISTURBED, Spread

PLAIN_WIDTH = 120


@dataclass
class Found:
    """One table. `notes` stand under it; `faults` are results that would be wrong at any speed."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    strangers: float | None = None

    def add(self, *cells: str) -> None:
        self.rows.append(cells)


def console() -> Console:
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def show(out: Console, found: Found) -> None:
    table = Table(title=found.title, title_justify="left", box=SIMPLE if out.is_terminal else None, pad_edge=False)
    for at, name in enumerate(found.columns):
        table.add_column(name, justify="left" if at == 0 else "right", overflow="fold")
    for row in found.rows:
        table.add_row(*row)
    out.print(table)
    for note in found.notes:
        out.print(note)
    if found.strangers is not None:
        out.print(f"Other processes used {found.strangers:.0%} of the machine meanwhile.")
        if found.strangers > TOO_DISTURBED:
            out.print("[bold]Too disturbed: read the ratios with doubt and the times not at all.[/bold]")
    for fault in found.faults:
        out.print(f"[bold red]WRONG: {fault}[/bold red]")
    out.print()


def ratio(spread: Spread) -> str:
    return f"{spread.median:.2f} ({spread.low:.2f} to {spread.high:.2f})"


def us(spread: Spread) -> str:
    return f"{spread.median:,.0f} ({spread.low:,.0f} to {spread.high:,.0f})"


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f}"

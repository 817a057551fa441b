"""`python -m tests.bench [--quick] [--only webhook,server,claim,jobs,cars,texts,keywords] [--texts-minute]`"""

import logging
import sys
from importlib import import_module

import click
import structlog

from tests.bench import report
from tests.bench.bed import laid

PARTS = ("webhook", "server", "claim", "jobs", "cars", "texts", "keywords")


def _chosen(_context: click.Context, _option: click.Parameter, given: str) -> list[str]:
    names = [name.strip() for name in given.split(",")]
    if unknown := set(names) - set(PARTS):
        raise click.BadParameter(f"{', '.join(sorted(unknown))}: the parts are {', '.join(PARTS)}")
    return names


@click.command()
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds: about a minute in all.")
@click.option("--only", "parts", default=",".join(PARTS), callback=_chosen, help=f"Some of {', '.join(PARTS)}.")
@click.option("--texts-minute", "whole_minute", is_flag=True, help="Texts at their highest rate for a whole minute.")
def bench(quick: bool, parts: list[str], whole_minute: bool) -> None:
    """Compare the service with a floor measured in the same seconds. Prints; judges nothing but what is wrong."""
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)  # Redis is stopped on purpose, and that is no news
    structlog.configure(wrapper_class=quiet)
    out, wrong = report.console(), False
    with laid(quick=quick, whole_minute=whole_minute) as bed:
        for part in parts:
            for found in import_module(f"tests.bench.{part}").run(bed):
                report.show(out, found)
                wrong = wrong or bool(found.faults)
    sys.exit(1 if wrong else 0)


bench()

"""The composition root: settings, database, carrier, pages and commands are joined here, and nothing imports this.

Each process imports what it needs when it starts: the clock needs no pages and the web process no carrier client, and
on a small machine those seconds are most of a start.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flask import Flask

    from telephony.gateway import TwilioCarrier
    from telephony.rehearsal import TrialCaller
    from triage.jobs import Means
    from triage.settings import Settings


class Commands(click.Group):
    """The commands below, and those operators type, which are loaded when one of them is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_operators().list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or _operators().get_command(ctx, cmd_name)


def _operators() -> click.Group:
    from triage.commands import cli as operators

    return operators


@click.group(cls=Commands)
@click.version_option(package_name="nowrongdoor")
def cli() -> None:
    """No Wrong Door: the telephony backend of a mental-health crisis line."""


def create_app(settings: "Settings | None" = None) -> "Flask":
    """The web process: webhooks, desk, API. Stops the start, naming what is wrong, on missing or unsafe settings."""
    from flask import Flask

    from telephony import media_store, softphone, webhooks
    from triage import crew_links, hurry, logs, sealing, travel
    from triage.db import open_database
    from triage.desk import api, context, headers, health, limits, pages
    from triage.spool import Spool
    from triage.standing import Kept
    from triage.startup import settings_or_exit

    settings = settings or settings_or_exit()
    sealing.use(settings.field_keys)
    crew_links.use(settings.public_base_url)
    logs.set_up("web")
    app = Flask("nowrongdoor", static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key, MAX_CONTENT_LENGTH=256 * 1024, MAX_FORM_PARTS=200,
        SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax",
        SECRET_KEY_FALLBACKS=list(settings.secret_keys_previous),
        SESSION_COOKIE_SECURE=settings.public_base_url.startswith("https:"),
    )  # fmt: skip
    database = open_database(settings.database_url, hurried=True)
    kept = Kept(database)
    line = webhooks.Line(
        database, kept, settings.public_base_url, settings.account_sid, settings.auth_tokens, settings.fallback_number,
        Spool(settings.spool_dir),
    )  # fmt: skip
    webhooks.attach(app, line)
    desk = context.Desk(
        database=database.hurried_by(hurry.Hurry(hurry.client(settings.redis_url))),
        kept=kept,
        local_sign_in=settings.is_local,
        softphone=softphone.for_settings(settings.account_sid, settings.api_key, settings.api_secret,
                                         settings.twiml_app_sid, settings.api_base_url),
        phone_page=settings.api_base_url if settings.is_local else None,
        public_base_url=settings.public_base_url,
        breached=settings.breached_passwords_file,
        organisation=settings.organisation,
        media=media_store.CarrierMedia(
            account_sid=settings.account_sid, auth_token=settings.auth_tokens[0], api_base_url=settings.api_base_url
        ),
    )  # fmt: skip
    travel.use(settings.routing_url)
    context.attach(app, desk)
    limits.attach(app, redis_url=settings.redis_url)
    health.attach(app, redis=hurry.client(settings.redis_url), public_base_url=settings.public_base_url)
    api.attach(app)
    pages.attach(app)
    limits.count(app)
    headers.attach(app)
    return app


def _means(settings: "Settings") -> "Means":
    from triage import crew_links
    from triage.jobs import Means
    from triage.startup import database_when_up

    crew_links.use(settings.public_base_url)
    return Means(database_when_up(settings.database_url), _carrier(settings), settings.fallback_number)


def _carrier(settings: "Settings") -> "TwilioCarrier":
    from telephony.gateway import TwilioCarrier

    return TwilioCarrier(
        account_sid=settings.account_sid, auth_token=settings.auth_tokens[0], base_url=settings.public_base_url,
        api_base_url=settings.api_base_url,
    )  # fmt: skip


@cli.command("worker")
@click.argument("queue", required=False)
def worker_command(queue: str | None) -> None:
    """Do background work: one process for each queue, kept alive; or, with QUEUE, that one alone."""
    from triage import logs, worker
    from triage.outbox import QUEUES
    from triage.startup import settings_or_exit

    if queue is not None and queue not in QUEUES:
        raise click.BadParameter(f"the queues are {' and '.join(QUEUES)}", param_hint="QUEUE")
    settings = settings_or_exit()
    logs.set_up("worker")
    means = _means(settings)
    if queue is None:
        worker.supervise(means, settings.redis_url)
    else:
        worker.work(means, settings.redis_url, queue)


@cli.command("clock")
def clock_command() -> None:
    """Keep time: deadlines, sweeps, the work RQ missed, and the watch over all of it."""
    from triage import hurry, logs
    from triage.clock import Clock
    from triage.spool import Spool
    from triage.startup import settings_or_exit
    from triage.watchdog import Watchdog

    settings = settings_or_exit()
    logs.set_up("clock")
    means = _means(settings)
    spool = Spool(settings.spool_dir)
    trial = _trial_caller(settings)
    watchdog = Watchdog(
        means, spool, rehearse=trial if settings.synthetic_call_every_s else None,
        deadman_file=settings.deadman_file, deadman_url=settings.deadman_url,
    )  # fmt: skip
    Clock(means, hurry.Hurry(hurry.client(settings.redis_url)), spool, watchdog).run()


@cli.command("fallback-twiml")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def fallback_twiml(file: Path | None) -> None:
    """Write the static document to host with the carrier, for when this service is not there at all."""
    from telephony import failsafe
    from triage.startup import settings_or_exit

    document = failsafe.document(settings_or_exit().fallback_number)
    if file:
        file.write_text(document, encoding="utf-8")
    else:
        click.echo(document)


@cli.command("check")
@click.option("--production", is_flag=True, help="Also refuse whatever is right for one machine only.")
def check(production: bool) -> None:
    """What would fail, and how to mend it: settings, database, Redis, carrier, numbers, and a trial call if the service
    runs. Exit code 1 if anything would.
    """
    from telephony import rehearsal
    from telephony.readiness import NOT_SEEN, carrier_faults
    from triage import production_check
    from triage.startup import settings_or_exit

    settings = settings_or_exit()
    faults = [
        *_database_faults(settings),
        *_redis_faults(settings),
        *carrier_faults(_carrier(settings), _lines(settings)),
    ]
    trial = _trial_caller(settings).ring()
    if trial not in (None, rehearsal.NOBODY_THERE):
        faults.append(f"A trial call to {settings.public_base_url} was not answered as a caller's is: {trial}.")
    if production:
        faults += production_check.findings(settings, os.environ, Path.cwd())
        click.echo(NOT_SEEN)
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        sys.exit(1)
    answered = "Everything answers: settings, database, Redis, carrier, numbers"
    if trial is None:
        click.echo(f"{answered}, and a trial call.")
    else:
        click.echo(f"{answered}. Nothing listens at {settings.public_base_url} yet: check again once the service runs.")


def _trial_caller(settings: "Settings") -> "TrialCaller":
    from telephony.rehearsal import TrialCaller

    return TrialCaller(
        base_url=settings.public_base_url, account_sid=settings.account_sid, auth_token=settings.auth_tokens[0],
        every_s=settings.synthetic_call_every_s,
    )  # fmt: skip


def _database_faults(settings: "Settings") -> list[str]:
    from triage.db import open_database
    from triage.startup import migration_fault

    try:
        fault = migration_fault(open_database(settings.database_url))
    except Exception as error:
        return [f"The database does not answer ({type(error).__name__}). Check DATABASE_URL and that it runs."]
    return [fault] if fault else []


def _redis_faults(settings: "Settings") -> list[str]:
    from triage import hurry

    try:
        hurry.client(settings.redis_url).ping()
    except Exception as error:
        return [
            f"Redis does not answer ({type(error).__name__}). Check REDIS_URL; until then the clock does all the work."
        ]
    return []


def _lines(settings: "Settings") -> dict[str, Any]:
    from sqlalchemy import select

    from triage.db import open_database
    from triage.models import Line

    try:
        with open_database(settings.database_url).reading() as db:
            return {row.number: row.route for row in db.scalars(select(Line).where(Line.active))}
    except Exception:
        return {}

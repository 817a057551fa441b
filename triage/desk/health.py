"""Whether the service lives, is ready, and is safe: would the next caller be served? And its numbers, for a monitor.

Nothing here is about a person: states, counts and ages only. Whoever asks from outside gets the word and the status
code, which is all a balancer needs; reasons are for this machine and for those who run the service. There is no page of
RQ's: what is queued is counted here, and looked into with `rq info` on the machine itself.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from flask import Flask, Response, g, jsonify, request
from redis import Redis
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from triage import accounts, caps, carrier_copies, lowering, migrate, queue_health, rules, travel
from triage.desk import access, limits
from triage.desk.context import desk
from triage.lifecycles import OPEN_INCIDENT
from triage.models import Contact, Dispatch, Incident, Line, Outbox, Presence, Promise, QueueEntry, Service, Staff
from triage.settings import is_loopback

log = structlog.get_logger(__name__)
LATE_S: Final = 15  # the clock looks four times a second: what it has left for this long, it is not looking at
INSIDE: Final = frozenset({"supervisor", "administrator"})
FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


def attach(app: Flask, *, redis: Redis, public_base_url: str) -> None:
    """Serve /healthz/live, /healthz/ready, /healthz/safe and /metrics."""

    def watched(path: str) -> Callable[[Callable[[], Response]], None]:
        return lambda view: app.add_url_rule(
            path, view.__name__, limits.counted(app, view, unless=_from_here), methods=["GET"]
        )

    @watched("/healthz/live")
    def live() -> Response:
        """This process answers."""
        return _answer({"status": "ok"})

    @watched("/healthz/ready")
    def ready() -> Response:
        """The database answers and has the shape this version needs. Redis being away is told, and is no reason."""
        return _verdict("ready", _database_reasons(), _redis_warnings(redis))

    @watched("/healthz/safe")
    def safe() -> Response:
        """The next caller would be recorded, answered, and put before a nurse."""
        reasons, warnings = _database_reasons(), _redis_warnings(redis)
        facts: dict[str, Any] = {"carrier_calls": f"{public_base_url}/voice/incoming"}
        if not reasons:
            reasons, more, seen = _safety(desk().clock())
            warnings += more
            facts |= seen
        return _verdict("safe", reasons, warnings, **facts)

    @watched("/metrics")
    def metrics() -> Response:
        """Counts and ages, in Prometheus' text form: for this machine itself, and for those who run the service."""
        if not _may_see_inside():
            return Response("Ask from this machine, or as a supervisor or administrator.\n", 401,
                            content_type="text/plain",
                            headers={"WWW-Authenticate": 'Bearer realm="nowrongdoor"'})  # fmt: skip
        now = desk().clock()
        try:
            with desk().database.reading() as db:
                lines = [*_exposition(db, now), *_background(db, redis, now)]
        except Exception as error:
            log.error("database_away", error=type(error).__name__)
            return Response("The database does not answer.\n", 503, content_type="text/plain")
        return Response("\n".join(lines) + "\n", content_type=TEXT, headers={"Cache-Control": "no-store"})


def _answer(value: dict[str, Any], status: int = 200) -> Response:
    response = jsonify(value)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _verdict(word: str, reasons: list[str], warnings: list[str], **facts: Any) -> Response:
    said: dict[str, Any] = {"status": f"not {word}" if reasons else word}
    if _may_see_inside():
        said |= {"reasons": reasons, "warnings": warnings, **facts}
    return _answer(said, 503 if reasons else 200)


def _database_reasons() -> list[str]:
    try:
        with desk().database.reading() as db:
            have = migrate.at(db.connection())
    except Exception as error:
        log.error("database_away", error=type(error).__name__)
        return ["The database does not answer."]
    if have != migrate.head():
        return [
            f"The database is at {have or 'nothing'}, this version needs {migrate.head()}: run `nowrongdoor migrate`."
        ]
    return []


def _redis_warnings(redis: Redis) -> list[str]:
    try:
        redis.ping()
    except Exception as error:  # whatever is wrong with it, the clock does the work
        log.warning("redis_away", error=type(error).__name__)
        return ["Redis does not answer: the clock does the background work itself, a little later."]
    return []


def _safety(now: datetime) -> tuple[list[str], list[str], dict[str, Any]]:
    """Reasons the next caller would not be served, what a person should look at, and the facts behind both."""
    reasons: list[str] = []
    warnings: list[str] = []
    try:
        _try_a_write()
    except Exception as error:
        log.error("database_cannot_write", error=type(error).__name__)
        reasons.append("The database answers but takes no writes: a call could not be recorded.")
    try:
        with desk().database.reading() as db:
            lines = db.scalar(select(func.count()).select_from(Line).where(Line.active)) or 0
            late_s = _clock_late_s(db, now)
            wait_s = _oldest_wait_s(db, now)
            nurses = db.scalar(select(func.count()).select_from(Presence).where(Presence.state != "off")) or 0
    except Exception as error:
        log.error("database_away", error=type(error).__name__)
        return ["The database does not answer."], warnings, {}
    if not lines:
        reasons.append("No line is configured: run `nowrongdoor apply service.toml`.")
    if late_s > LATE_S:
        reasons.append(f"Work has been due for {late_s} s and nobody did it: the clock is not running.")
    if not nurses:
        warnings.append("No nurse is on shift: callers wait until one is.")
    return (
        reasons,
        warnings,
        {"lines": lines, "oldest_wait_s": wait_s, "nurses_on_shift": nurses, "work_late_s": late_s},
    )


def _try_a_write() -> None:
    """Write, and take it back: a database that is read-only or stuck shows here before a caller meets it."""
    with desk().database.transaction() as db:
        db.execute(update(Service).where(Service.id == 1).values(version=Service.version))
        db.rollback()


def _clock_late_s(db: Session, now: datetime) -> int:
    """How long the oldest thing that only the clock or a worker does has been left. 0 when nothing is due."""
    idle = or_(Outbox.lease_until.is_(None), Outbox.lease_until < now)
    oldest = [
        db.scalar(select(func.min(Outbox.due_at)).where(Outbox.done_at.is_(None), idle)),
        db.scalar(select(func.min(QueueEntry.lease_until)).where(QueueEntry.state.in_(("offered", "connecting")))),
        db.scalar(select(func.min(Dispatch.due_at)).where(Dispatch.state == "offered")),
    ]
    return max((_age_s(when, now) for when in oldest), default=0)


def _oldest_wait_s(db: Session, now: datetime) -> int:
    return _age_s(db.scalar(select(func.min(QueueEntry.arrived_at)).where(QueueEntry.state == "waiting")), now)


def _age_s(when: datetime | None, now: datetime) -> int:
    return max(0, int((now - when) / timedelta(seconds=1))) if when else 0


def _from_here() -> bool:
    """Whether this very machine asks. A proxy on it forwards for others, so its headers take the privilege away."""
    return is_loopback(request.remote_addr or "") and not any(name in request.headers for name in FORWARDED)


def _may_see_inside() -> bool:
    """This machine itself; and, by token or signed in, those who run the service. A database that is away knows
    nobody, so then only this machine is told why.
    """
    if _from_here():
        return True
    g.now = desk().clock()  # as before every page
    try:
        staff = _by_token() or access.signed_in()
    except Exception as error:
        log.warning("nobody_known", error=type(error).__name__)
        return False
    return staff is not None and bool(INSIDE & set(staff.roles))


def _by_token() -> Staff | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        return None
    with desk().database.reading() as db:
        return accounts.by_token(db, token.strip())


def _exposition(db: Session, now: datetime) -> list[str]:
    """Every metric. All are read from the database, so any web process gives the same answer."""
    count: Callable[[Any], Any] = lambda which: select(which, func.count()).group_by(which)  # noqa: E731
    contacts = dict.fromkeys(("call", "text"), 0) | dict(db.execute(count(Contact.channel)).all())
    waiting = dict.fromkeys(range(7), 0)
    waiting |= dict(db.execute(count(QueueEntry.band).where(QueueEntry.state == "waiting")).all())
    standing = dict(db.execute(count(Presence.state)).all())
    open_now = select(func.count()).select_from(Incident).where(Incident.state.in_((*OPEN_INCIDENT, "no_unit")))
    owed = select(func.count()).select_from(Promise).where(Promise.settled_at.is_(None))
    return [
        *_metric("contacts_total", "counter", "Calls and text conversations since the beginning.", "channel", contacts),
        *_metric("waiting", "gauge", "People waiting for a nurse, by band: when they are heard.", "band", waiting),
        *_metric("oldest_wait_seconds", "gauge", "The longest anyone has waited.", None,
                 {None: _oldest_wait_s(db, now)}),
        *_metric("nurses", "gauge", "Nurses by where they stand.", "state", standing),
        *_metric("incidents_open", "gauge", "Incidents no one has closed.", None, {None: db.scalar(open_now) or 0}),
        *_metric("promises_owed", "gauge", "Promises not settled.", None, {None: db.scalar(owed) or 0}),
        *_metric("promises_overdue", "gauge", "Promises past their time.", None,
                 {None: db.scalar(owed.where(Promise.due_at < now)) or 0}),
        *_metric("held_total", "counter", "Times a cap held back texts or calls to a person: a human must look.", None,
                 {None: db.scalar(select(func.count()).where(Promise.kind == caps.HELD)) or 0}),
        *_metric("lowered_total", "counter", "Times a nurse gave somebody she had heard back for later.", None,
                 {None: lowering.count(db)}),
        *_metric("routing_failures_total", "counter", "Times the routing server did not answer this process in time.",
                 None, {None: travel.roads().failures}),
        *_metric("carrier_copies", "gauge", "Texts the carrier still has a copy of.", None,
                 {None: carrier_copies.left(db)}),
        *_metric("carrier_copies_overdue", "gauge", "Of those, the ones it should not have any more.", None,
                 {None: carrier_copies.overdue(db, rules.current(db).rules, now)}),
        *_metric("work_late_seconds", "gauge", "Age of the oldest due work nobody has done.", None,
                 {None: _clock_late_s(db, now)}),
    ]  # fmt: skip


def _background(db: Session, redis: Redis, now: datetime) -> list[str]:
    """The background work. Without Redis nothing is said of workers."""
    queues = queue_health.of_all(db, now)
    alive = queue_health.workers(redis)
    workers = [] if alive is None else _metric("workers", "gauge", "Workers registered in Redis.", None, {None: alive})
    return [
        *_metric("queue_waiting", "gauge", "Work due and not done, by queue.", "queue",
                 {one.name: one.waiting for one in queues}),
        *_metric("queue_oldest_seconds", "gauge", "Age of the oldest due work, by queue.", "queue",
                 {one.name: one.oldest_s for one in queues}),
        *_metric("queue_failing", "gauge", "Work tried in vain that will be tried again, by queue.", "queue",
                 {one.name: one.failing for one in queues}),
        *workers,
    ]  # fmt: skip


def _metric(name: str, kind: str, about: str, label: str | None, values: dict[Any, int]) -> list[str]:
    name = f"nowrongdoor_{name}"
    lines = [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
    for key, value in sorted(values.items(), key=lambda pair: str(pair[0])):
        lines.append(f'{name}{{{label}="{key}"}} {value}' if label else f"{name} {value}")
    return lines

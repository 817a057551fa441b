"""The watchdog: every fifteen seconds, is there for every call, promise, job and machine a next step that is not late?

Each check reads a few indexed rows and stands alone: one that fails is itself a finding, and the others go on
(reliability.md R43, R44). What is found becomes alarms (`triage.alarms`), told by text and by a call whose words travel
with it: that needs no webhook of ours. When the database cannot be asked for LOST_AFTER_S, the people on call, whose
numbers are remembered, are rung all the same. A file is touched, or an address asked, only after a whole round: their
silence is the alarm when all of this is gone.
"""

import shutil
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage import alarms, carrier_copies, dispatch, floods, on_call, opt_outs, promises, queue, rules
from triage.alarms import EVERYBODY, Finding
from triage.carrier_models import Comparison
from triage.db import utcnow
from triage.jobs import Means
from triage.models import Contact, Incident, Line, Outbox, Presence, Promise, QueueEntry, Unit
from triage.ringing import service_number
from triage.spool import Spool

log = structlog.get_logger(__name__)
EVERY_S: Final = 15.0
LOST_AFTER_S: Final = 20.0  # the database not asked for so long: those on call are rung from memory
RUNG_AGAIN_S: Final = 300.0
WAITS_FOR_NOBODY_S: Final = 60
DANGER_WAITS_S: Final = 15
PROMISE_LATE_S: Final = 300
CAR_LATE_S: Final = 180  # R38: a crew has it, or a person knows
WORK_LATE_S: Final = 30
DISPATCH_LATE_S: Final = 10
LEASE_LATE_S: Final = 30
NOT_COMPARED_S: Final = 90
SPOOL_LATE_S: Final = 60
CLOCKS_APART_S: Final = 5
JUMP_TOLD_FOR_S: Final = 600.0
DISK_LEAST: Final = 0.05
REFUSED_TOLD_FOR: Final = timedelta(minutes=10)  # on call rung five times; on the screens until somebody has seen it

Check = Callable[[Session, datetime], Sequence[Finding]]


def danger_waits(db: Session, now: datetime) -> list[Finding]:
    """Somebody said there is danger now, and no nurse has them: with nobody ready, none is even being rung."""
    waiting = select(func.count()).where(
        QueueEntry.state == "waiting", QueueEntry.band == queue.DANGER,
        QueueEntry.climbed_at <= now - timedelta(seconds=DANGER_WAITS_S),
    )  # fmt: skip
    people = db.scalar(waiting) or 0
    if not people:
        return []
    ready = db.scalar(select(func.count()).where(Presence.state == "ready")) or 0
    why = "no nurse has answered yet" if ready else "no nurse is ready"
    return [Finding("danger_waits", f"{_people(people)} said there is danger now, and {why}.", people)]


def nobody_on_shift(db: Session, now: datetime) -> list[Finding]:
    """People wait and no nurse at all is on shift."""
    if db.scalar(select(Presence.staff_id).where(Presence.state != "off").limit(1)):
        return []
    late = now - timedelta(seconds=WAITS_FOR_NOBODY_S)
    waiting = select(func.count()).where(QueueEntry.state == "waiting", QueueEntry.arrived_at <= late)
    people = db.scalar(waiting) or 0
    return [Finding("nobody_on_shift", f"{_people(people)} waiting and no nurse on shift.", people)] if people else []


def claim_stuck(db: Session, now: datetime) -> list[Finding]:
    """A claim whose time is long over was not given back: the clock does not do its work."""
    over = QueueEntry.lease_until < now - timedelta(seconds=LEASE_LATE_S)
    people = db.scalar(select(func.count()).where(QueueEntry.state.in_(("offered", "connecting")), over)) or 0
    words = f"{_people(people)} held for a nurse who did not come, and not given back."
    return [Finding("claim_stuck", words, people)] if people else []


def promises_late(db: Session, now: datetime) -> list[Finding]:
    """Call-backs past their time, whoever owns them, until they are kept or a nurse has decided."""
    late = Promise.due_at < now - timedelta(seconds=PROMISE_LATE_S)
    owed = promises.still_owed(db, now).where(
        Promise.kind == "call_back", Promise.reachable, Promise.decision.is_(None), late
    )
    people = db.scalar(select(func.count()).select_from(owed.subquery())) or 0
    return [Finding("promises_late", f"{_people(people)} owed a call, and it is late.", people)] if people else []


def cars_late(db: Session, now: datetime) -> list[Finding]:
    """A car was asked for and no crew has accepted (R13)."""
    late = now - timedelta(seconds=CAR_LATE_S)
    rows = db.scalars(
        select(Incident.id).where(Incident.state.in_(("requested", "offered")), Incident.requested_at < late).limit(20)
    )
    return [Finding("car_late", "A car was asked for and no crew has accepted it.", 1, one) for one in rows]


def work_late(db: Session, now: datetime) -> list[Finding]:
    """Work that was promised and that neither workers nor clock have done."""
    late = now - timedelta(seconds=WORK_LATE_S)
    first = db.scalar(
        select(func.min(Outbox.due_at)).where(Outbox.done_at.is_(None), Outbox.due_at < late, Outbox.attempts == 0)
    )
    return [Finding("work_late", "Calls and texts that should have gone out are late.", EVERYBODY)] if first else []


def dispatch_queue_late(db: Session, now: datetime) -> list[Finding]:
    """Work about cars has waited for DISPATCH_LATE_S: a crew is not being told, or a person not being rung."""
    late = now - timedelta(seconds=DISPATCH_LATE_S)
    waiting = select(func.count(), func.min(Outbox.due_at)).where(
        Outbox.done_at.is_(None), Outbox.queue == "dispatch", Outbox.due_at < late, Outbox.attempts == 0
    )
    count, oldest = db.execute(waiting).one()
    if not count:
        return []
    words = f"{count} pieces of work about cars wait, the oldest for {int((now - oldest).total_seconds())} s."
    return [Finding("dispatch_queue_late", words, count)]


def carrier_away(db: Session, now: datetime) -> list[Finding]:
    """The carrier does not answer, or not to our credentials."""
    row = db.get(Comparison, 1)
    if row is None or (row.done_at or row.begun_at) > now - timedelta(seconds=NOT_COMPARED_S):
        return []
    return [Finding("carrier_away", "The carrier does not answer: calls may not come in or go out.", EVERYBODY)]


def clocks_apart(db: Session, now: datetime) -> list[Finding]:
    """This machine's clock and the database server's do not agree. SQLite has no clock of its own."""
    if db.get_bind().dialect.name != "postgresql":
        return []
    theirs = db.execute(select(func.clock_timestamp())).scalar_one()
    apart_s = round(abs(_clock() - theirs.timestamp()))
    if apart_s <= CLOCKS_APART_S:
        return []
    words = f"The clocks of this machine and of the database are {apart_s} s apart: deadlines may be wrong."
    return [Finding("clocks_apart", words)]


def copies_left(db: Session, now: datetime) -> list[Finding]:
    """Texts whose copies the carrier was asked in vain for a day to erase."""
    count = carrier_copies.failing(db, rules.current(db).rules, now)
    texts = "1 text" if count == 1 else f"{count} texts"
    words = f"{texts} could not be erased at the carrier for a day: look at its console and the credentials."
    return [Finding("copies_left", words)] if count else []


def no_line(db: Session, now: datetime) -> list[Finding]:
    """No number is configured at all."""
    if db.scalar(select(Line.number).where(Line.active).limit(1)):
        return []
    return [Finding("no_line", "No line is configured: run `nowrongdoor apply`.", EVERYBODY)]


def crew_phones_stopped(db: Session, now: datetime) -> list[Finding]:
    """A car's telephone stopped our texts: its offers are rung, and all else must be told to its crew by somebody."""
    if db.scalar(select(Line.number).where(Line.active).limit(1)) is None:
        return []
    stopped = opt_outs.units_stopped(db, dispatch.texts_from(db))
    on_duty = set(db.scalars(select(Unit.call_sign).where(Unit.call_sign.in_(stopped), Unit.state != "off_duty")))
    return [
        Finding("crew_phone_stopped", f"{name}'s phone stopped our texts: START from it undoes that.",
                int(name in on_duty), name)
        for name in sorted(stopped)
    ]  # fmt: skip


def texts_refused(db: Session, now: datetime) -> list[Finding]:
    """The carrier refused a text to a person because of an opt-out word that we never saw: told once. One who waits for
    an answer is touched now; with a nurse, she sees it on her page.
    """
    found = []
    for row in opt_outs.refused_since(db, now - REFUSED_TOLD_FOR):
        waits = select(QueueEntry.id).join(Contact, Contact.id == QueueEntry.contact_id)
        waits = waits.where(Contact.number_index == row.number_index, QueueEntry.state == "waiting")
        a_car = db.scalar(select(Unit.call_sign).where(Unit.phone_index == row.number_index).limit(1))
        if a_car is None:
            touched = int(db.scalar(waits.limit(1)) is not None)
            words = (
                "A person's carrier stops our texts to them: offer them a call. Only their own word START undoes it."
            )
            found.append(Finding("texts_refused", words, touched, row.id))
    return found


def flood_undecided(db: Session, now: datetime) -> list[Finding]:
    """First texts that look alike are merged, and nobody has looked at them: there may be people among them."""
    late = [one for one in floods.undecided(db) if one.flood.found_at <= now - floods.UNDECIDED_FOR]
    return [
        Finding("flood_undecided", f"{one.words} wait to be looked at: say whether they are people.",
                max(1, len(one.contacts)), one.flood.id)
        for one in late
    ]  # fmt: skip


CHECKS: Final[dict[str, Check]] = {
    "danger_waits": danger_waits, "nobody_on_shift": nobody_on_shift, "claim_stuck": claim_stuck,
    "promises_late": promises_late, "car_late": cars_late, "work_late": work_late,
    "dispatch_queue_late": dispatch_queue_late, "carrier_away": carrier_away,
    "copies_left": copies_left, "no_line": no_line, "clocks_apart": clocks_apart,
    "crew_phone_stopped": crew_phones_stopped, "texts_refused": texts_refused,
    "flood_undecided": flood_undecided,
}  # fmt: skip


class Watchdog:
    """One clock's watchdog. `round()` is called every EVERY_S; it takes a few database reads and may ring people."""

    def __init__(
        self, means: Means, spool: Spool, *, rehearse: Callable[[], str | None] | None = None,
        deadman_file: Path | None = None, deadman_url: str | None = None,
    ):  # fmt: skip
        self._means = means
        self._spool = spool
        self._rehearse = rehearse
        self._deadman_file, self._deadman_url = deadman_file, deadman_url
        self._asked_at = time.monotonic()  # when the database last answered
        self._rung_at = float("-inf")
        self._was_answered = False
        self._clock_ahead_s = _clock() - time.monotonic()
        self._jumped: tuple[float, int] | None = None  # when (monotonic), and by how many seconds
        self._on_call: list[str] = []
        self._ours: str | None = None

    def round(self) -> None:
        """One round. Never raises."""
        now = utcnow()
        beside = self._beside_the_database(now)
        try:
            self._audit(now, beside)
        except Exception as error:
            log.error("watchdog_failed", alarm=True, error=type(error).__name__)
            self._lost()
            return
        self._asked_at = time.monotonic()
        self._alive()

    def _audit(self, now: datetime, beside: Mapping[str, list[Finding]]) -> None:
        found = {**self._checked(now), **beside}
        with self._means.database.transaction() as db:
            alarms.settle(db, list(found), [one for some in found.values() for one in some], now=now)
            tell = [(row.words, row.told, row.id) for row in alarms.to_tell(db, now=now)]
            self._on_call = [person.phone for person in on_call.people(db) if person.phone]
            self._ours = _ours(db)
        if tell:
            words = tell[0][0] if len(tell) == 1 else f"{len(tell)} alarms. {tell[0][0]}"
            self._tell(words, turn=max(told for _, told, _ in tell), alarm_id=tell[0][2])

    def _checked(self, now: datetime) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        failed = []
        for kind, check in CHECKS.items():
            try:
                with self._means.database.reading() as db:
                    found[kind] = list(check(db, now))
            except Exception as error:
                log.error("check_failed", alarm=True, check=kind, error=type(error).__name__)
                failed.append(kind)
        if len(failed) == len(CHECKS):
            raise RuntimeError("no check could be made")
        words = f"{len(failed)} checks of the service could not be made."
        found["checks"] = [Finding("checks", words)] if failed else []
        return found

    def _beside_the_database(self, now: datetime) -> dict[str, list[Finding]]:
        """What can be looked at without it: the spool, the disk, and whether a call would be answered."""
        found: dict[str, list[Finding]] = {"spool": [], "disk": [], "unanswered": [], "clock_jumped": self._jump()}
        try:
            late = now - timedelta(seconds=SPOOL_LATE_S)
            files = [file for file in self._spool.files() if file.stat().st_mtime < late.timestamp()]
            if files:
                words = "Calls or texts that heard the emergency words could not be recorded yet."
                found["spool"] = [Finding("spool", words, len(files))]  # at most so many people: an end is one too
            disk = shutil.disk_usage(self._spool.folder if self._spool.folder.exists() else Path.cwd())
            if disk.free < disk.total * DISK_LEAST:
                found["disk"] = [Finding("disk", "The disk is nearly full.", EVERYBODY)]
        except OSError as error:
            found["spool"] = [Finding("spool", f"The spool cannot be read ({type(error).__name__}).")]
        if self._rehearse:
            fault = self._rehearse()
            self._was_answered = self._was_answered or fault is None
            if fault:  # where none ever was, this machine may not reach its own public address: no night call for that
                people = EVERYBODY if self._was_answered else 0
                found["unanswered"] = [Finding("unanswered", f"A trial call was not answered: {fault}.", people)]
        return found

    def _jump(self) -> list[Finding]:
        """Whether this machine's clock was set, or stood still, by more than it may: told for ten minutes."""
        now = time.monotonic()
        ahead_s = _clock() - now
        by_s = round(ahead_s - self._clock_ahead_s)
        self._clock_ahead_s = ahead_s
        if abs(by_s) > CLOCKS_APART_S:
            self._jumped = now, by_s
        if self._jumped is None or now - self._jumped[0] > JUMP_TOLD_FOR_S:
            return []
        how = f"{abs(self._jumped[1])} s {'forward' if self._jumped[1] > 0 else 'back'}"
        return [
            Finding("clock_jumped", f"This machine's clock jumped {how}: look whether times and deadlines are right.")
        ]

    def _lost(self) -> None:
        """The database cannot be asked: those on call, as they were last known, are rung from memory."""
        now = time.monotonic()
        if now - self._asked_at < LOST_AFTER_S or now - self._rung_at < RUNG_AGAIN_S:
            return
        self._rung_at = now
        self._tell("The database does not answer. Callers hear the emergency words and are put through to you.", turn=1)

    def _tell(self, words: str, *, turn: int, alarm_id: str | None = None) -> None:
        """Ring and text the next person on call; after the last of them the fallback number, then round again. About an
        alarm that is on record, whoever is rung can say with a key that they have it.
        """
        people = [*self._on_call, self._means.fallback_number]
        to = people[(turn - 1) % len(people)]
        if self._ours is None:
            log.error("nobody_told", alarm=True, why="no line to ring from is known")
            return
        said = f"This is the crisis line's own alarm. {words} Please look at the board now."
        carrier, ours = self._means.carrier, self._ours
        key = " Press 1 to say you have it." if alarm_id else ""
        ways: tuple[Callable[[], None], ...] = (
            lambda: carrier.tell(to=to, from_number=ours, words=said + key, alarm_id=alarm_id),
            lambda: carrier.text_alarm(to=to, from_number=ours, words=said),
        )
        for ask in ways:
            try:
                ask()
            except Exception as error:  # the other way, and the next round, go on
                log.error("not_told", alarm=True, error=type(error).__name__)

    def _alive(self) -> None:
        """A whole round was made: say so to whoever waits for this sign."""
        try:
            if self._deadman_file:
                self._deadman_file.parent.mkdir(parents=True, exist_ok=True)
                self._deadman_file.touch()
            if self._deadman_url:
                with urllib.request.urlopen(self._deadman_url, timeout=5):  # noqa: S310 - http(s) alone is let in
                    pass
        except (OSError, ValueError) as error:
            log.error("no_sign_of_life_given", error=type(error).__name__)


def _clock() -> float:
    """What this machine's clock says, in seconds since 1970."""
    return time.time()


def _ours(db: Session) -> str | None:
    try:
        return service_number(db, "crew")
    except LookupError:
        return None


def _people(count: int) -> str:
    return "One person" if count == 1 else f"{count} people"

"""The carrier's calls compared with ours, every fifteen seconds, and mended both ways (reliability.md R31, R41).

A report that never came, a call whose webhooks all failed, a person who fell out of the carrier's queue: the lists
tell. They only nominate. Before anything is ended the carrier is asked about that very call, and what is younger than
SETTLED is left for the next look, so that no race ends a call that is up. A carrier that does not answer is no evidence
of anything. Several clocks may run: one look at a time, by a row in the database.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy import insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callflows.caller import WAITING
from triage import bridge, outbox, recovering, texts
from triage.carrier_models import Comparison
from triage.db import utcnow
from triage.jobs import Means
from triage.models import LEG_UP, ON_ITS_WAY, Contact, Leg, Line, Message, QueueEntry
from triage.ports import CarrierRefused, CarriersCall, CarrierUnavailable

log = structlog.get_logger(__name__)
EVERY: Final = timedelta(seconds=15)
SETTLED: Final = timedelta(seconds=10)  # a webhook has five seconds, its transaction and its report a few more
BACK: Final = timedelta(hours=6)  # before the last good look: a call lasts four hours at most at the carrier
AGAIN: Final = timedelta(minutes=10)  # of the carrier's list before the last good look: what was not settled then
FIRST: Final = timedelta(days=1)  # on the very first look
NOT_FINAL_AFTER: Final = timedelta(seconds=60)  # R41
POLLED: Final = timedelta(days=1)  # a text older than that stays as it is: the carrier gives up after hours
ONE_LOOK: Final = 100  # calls asked for one by one, and texts


class Reconciler:
    """One clock's comparisons. What looks astray once is believed only when it looks so again at the next look."""

    def __init__(self, means: Means):
        self._means = means
        self._astray: set[str] = set()

    def look(self) -> bool:
        """One comparison, if one is due and no other clock is at it; whether it was made.

        Raises nothing for the carrier's or one row's sake.
        """
        now = utcnow()
        since = self._begin(now)
        if since is None:
            return False
        try:
            self._compare(now, since)
        except (CarrierUnavailable, CarrierRefused) as away:
            log.warning("carrier_not_compared", why=str(away))
            return False
        with self._means.database.transaction() as db:
            db.execute(update(Comparison).values(done_at=now))
        return True

    def _begin(self, now: datetime) -> datetime | None:
        """When a look last succeeded, having taken this turn; None if it is not due, or somebody else's."""
        with self._means.database.transaction() as db:
            row = db.get(Comparison, 1)
            if row is None:
                try:
                    with db.begin_nested():
                        db.execute(insert(Comparison).values(id=1, begun_at=now, done_at=None))
                except IntegrityError:
                    return None
                return now - FIRST
            taken = db.execute(
                update(Comparison)
                .where(Comparison.id == 1, or_(Comparison.begun_at <= now - EVERY, Comparison.begun_at > now + EVERY))
                .values(begun_at=now)
            )
            if not taken.rowcount:  # type: ignore[attr-defined]
                return None
            return row.done_at or now - FIRST

    def _compare(self, now: datetime, since: datetime) -> None:
        carrier = self._means.carrier
        live = carrier.live_calls()
        self._people_unknown_to_us(carrier.calls_since(since - AGAIN), live, now)
        self._calls_over(live, since - BACK, now)
        self._people_astray(live, now)
        self._nurses_gone(now)
        self._texts_not_final(now)

    def _each(self, what: str, rows: Collection[str], work: Callable[[str], object]) -> None:
        """Do `work` for each, one failure never stopping the rest; the carrier being away stops them all."""
        for row in rows:
            try:
                work(row)
            except CarrierUnavailable:
                raise
            except Exception as error:
                log.exception("not_mended", what=what, row=row, error=type(error).__name__)

    # --- the carrier has it, we do not

    def _people_unknown_to_us(self, listed: list[CarriersCall], live: dict[str, CarriersCall], now: datetime) -> None:
        """People whose call we never recorded: no webhook of theirs came through."""
        rung = {call.carrier_id: call for call in [*listed, *live.values()] if call.by_a_person and call.began_at}
        settled = {
            carrier_id: call for carrier_id, call in rung.items() if call.began_at and call.began_at <= now - SETTLED
        }
        with self._means.database.reading() as db:
            ours = set(db.scalars(select(Line.number)))
            wanted = [carrier_id for carrier_id, call in settled.items() if call.dialled in ours]
            known = _known(db, wanted)
        unknown = [carrier_id for carrier_id in wanted if carrier_id not in known]
        self._each("a call we had not recorded", unknown, lambda carrier_id: self._adopt(settled[carrier_id], now))

    def _adopt(self, call: CarriersCall, now: datetime) -> None:
        began_at = call.began_at or now
        contact_id = recovering.call_seen(
            self._means.database, carrier_id=call.carrier_id, number=call.number, dialled=call.dialled,
            started_at=began_at, failed_at=began_at, now=now,
        )  # fmt: skip
        if contact_id and call.outcome:
            with self._means.database.transaction() as db:
                recovering.call_over(db, call.carrier_id, call.outcome, now=now)

    # --- we have it, the carrier does not

    def _calls_over(self, live: dict[str, CarriersCall], since: datetime, now: datetime) -> None:
        """Calls that we think are up and the carrier does not list as such."""
        with self._means.database.reading() as db:
            people = select(Contact.call_id).where(
                Contact.started_at > since, Contact.started_at <= now - SETTLED, Contact.channel == "call",
                ~Contact.leg_ended, Contact.call_id.is_not(None),
            )  # fmt: skip
            legs = select(Leg.carrier_id).where(
                text(LEG_UP), Leg.made_at <= now - SETTLED, Leg.carrier_id.is_not(None)
            )  # fmt: skip
            up = [carrier_id for query in (people, legs) for carrier_id in db.scalars(query) if carrier_id]
        gone = [carrier_id for carrier_id in dict.fromkeys(up) if carrier_id not in live][:ONE_LOOK]
        self._each("a call that is over", gone, partial(self._end_if_over, now=now))

    def _end_if_over(self, carrier_id: str, now: datetime) -> None:
        call = self._means.carrier.call(carrier_id)
        if call is not None and call.outcome is None:
            return  # it came up between the two questions
        with self._means.database.transaction() as db:
            recovering.call_over(db, carrier_id, call.outcome if call and call.outcome else "completed", now=now)

    # --- both have it, and not at the same place

    def _people_astray(self, live: dict[str, CarriersCall], now: datetime) -> None:
        """People we think are waiting, whose call is up but in no queue, no room and no conversation with anybody.

        They are put back to waiting, in the same place, when two looks running found them so.
        """
        with self._means.database.reading() as db:
            waiting = db.execute(
                select(QueueEntry.contact_id, Contact.call_id)
                .join(Contact, Contact.id == QueueEntry.contact_id)
                .where(QueueEntry.state.in_(("waiting", "offered")), ~Contact.leg_ended, Contact.channel == "call")
                .where(Contact.place == WAITING, QueueEntry.climbed_at <= now - SETTLED)
            ).all()
        up = {contact_id: call_id for contact_id, call_id in waiting if call_id in live}
        if not up:
            self._astray.clear()
            return
        held = self._means.carrier.held_calls()
        talking = {call.parent for call in live.values() if call.parent}
        astray = {one for one, call_id in up.items() if call_id not in held and call_id not in talking}
        again = astray & self._astray
        self._astray = astray
        self._each("a caller in no queue", sorted(again), partial(self._back_to_waiting, now=now))

    def _back_to_waiting(self, contact_id: str, now: datetime) -> None:
        with self._means.database.transaction() as db:
            outbox.add(db, "return_caller", now=now, contact_id=contact_id)
        self._astray.discard(contact_id)

    def _nurses_gone(self, now: datetime) -> None:
        """People with a nurse none of whose legs is up any more: back to the same place."""
        with self._means.database.reading() as db:
            together = select(QueueEntry.id).join(Contact, Contact.id == QueueEntry.contact_id)
            together = together.where(QueueEntry.state == "connected", Contact.channel == "call", ~Contact.leg_ended)
            hers = select(Leg.id).where(Leg.entry_id == QueueEntry.id, Leg.token == QueueEntry.token)
            hers = hers.where(text(f"leg.{LEG_UP}"), Leg.purpose == "nurse")
            alone = list(db.scalars(together.where(QueueEntry.connected_at <= now - SETTLED, ~hers.exists())))
        self._each("a caller without a nurse", alone, partial(self._alone, now=now))

    def _alone(self, entry_id: str, now: datetime) -> None:
        with self._means.database.transaction() as db:
            entry = db.get_one(QueueEntry, entry_id)
            if entry.state == "connected":
                bridge.room_lost(db, entry, now=now)
                outbox.add(db, "return_caller", now=now, contact_id=entry.contact_id)

    # --- texts

    def _texts_not_final(self, now: datetime) -> None:
        """Texts on their way for more than a minute: what does the carrier say of them?"""
        with self._means.database.reading() as db:
            on_their_way = (
                select(Message.id)
                .where(text(ON_ITS_WAY), Message.made_at.between(now - POLLED, now - NOT_FINAL_AFTER))
                .where(Message.direction == "out", Message.carrier_id.is_not(None))
                .order_by(Message.made_at.desc())
                .limit(ONE_LOOK // 4)
            )
            ids = list(db.scalars(on_their_way))
        self._each("a text", ids, partial(self._text, now=now))

    def _text(self, message_id: str, now: datetime) -> None:
        with self._means.database.reading() as db:
            carrier_id = db.get_one(Message, message_id).carrier_id
        try:
            state = self._means.carrier.text_state(carrier_id or "")
        except CarrierRefused:
            return
        if state is not None:
            with self._means.database.transaction() as db:
                texts.reported(db, message_id, carrier_id or "", state[0], now=now, trouble=state[1])


def _known(db: Session, carrier_ids: list[str]) -> set[str]:
    """Which of these calls we have as a contact or a leg."""
    known: set[str] = set()
    for start in range(0, len(carrier_ids), 500):
        some = carrier_ids[start : start + 500]
        known |= set(db.scalars(select(Contact.carrier_id).where(Contact.carrier_id.in_(some))))
        known |= {one for one in db.scalars(select(Contact.call_id).where(Contact.call_id.in_(some))) if one}
        known |= {one for one in db.scalars(select(Leg.carrier_id).where(Leg.carrier_id.in_(some))) if one}
    return known

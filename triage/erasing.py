"""Erasing the carrier's copies of texts when their time is over: what the clock does of `triage.carrier_copies`.

The clock does it itself, beside its ticks: calls and texts never stand behind it in a queue. Any number of clocks may
run: each text is taken with one conditional write, and erasing it twice is harmless.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select

from triage import carrier_copies, history, rules
from triage.db import utcnow
from triage.jobs import Means
from triage.models import Message
from triage.ports import CarrierRefused, CarrierUnavailable

log = structlog.get_logger(__name__)
AWAY_FOR: Final = timedelta(minutes=1)  # after the carrier did not answer, nothing is asked for so long
SEEN_FROM: Final = timedelta(minutes=1)  # the carrier's clock and ours, when a text is looked for in its list


class Erasing:
    """One clock's part in it."""

    def __init__(self, means: Means):
        self._means = means
        self._not_before: datetime | None = None

    def look(self) -> int:
        """Erase what is due, some fifty texts at most; how many that was. Raises nothing for the carrier's sake."""
        now = utcnow()
        if self._not_before and now < self._not_before <= now + AWAY_FOR:
            return 0
        with self._means.database.reading() as db:
            ids = carrier_copies.due(db, rules.current(db).rules, now)
        gone = 0
        for message_id in ids:
            try:
                gone += self._erase(message_id)
            except CarrierUnavailable as away:
                self._not_before = utcnow() + AWAY_FOR
                log.warning("copy_not_erased", message=message_id, why=str(away))
                break
            except CarrierRefused as no:
                log.warning("copy_not_erased", message=message_id, why=no.reason)
        if gone:
            with self._means.database.transaction() as db:
                history.record(db, "copies_erased", actor="clock", now=utcnow(), texts=gone)
        return gone

    def _erase(self, message_id: str) -> bool:
        with self._means.database.transaction() as db:
            message = carrier_copies.take(db, message_id, now=utcnow())
        if message is None:
            return False
        carrier_id = message.carrier_id or self._look_for(message)
        if carrier_id:
            self._means.carrier.erase_text(carrier_id=carrier_id)
        with self._means.database.transaction() as db:
            carrier_copies.erased(db, Message.id == message_id, now=utcnow())
        return True

    def _look_for(self, message: Message) -> str | None:
        """The carrier's id of a text of ours that it never reported on, by its words; None if it has no such text."""
        if message.body is None:
            return None
        since = message.made_at - SEEN_FROM
        found = self._means.carrier.find_text(to=message.number, containing=message.body, since=since)
        with self._means.database.reading() as db:
            known = db.scalar(select(Message.id).where(Message.carrier_id == found).limit(1)) if found else None
        return None if known else found

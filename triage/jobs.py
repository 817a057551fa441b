"""The work done after a commit, each piece by name: ring, move, text. Run by RQ workers, or by the clock itself.

A job gets ids, never anything personal. It looks up what is true now, does one thing at the carrier with no transaction
open, and what came of it is recorded together with its end: a piece that has something to record returns how. It may
run twice: each piece checks that it is still wanted. Only the names in JOBS run; whatever else stands in Redis is
refused.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callflows import crew
from triage import (
    bridge,
    car_news,
    carrier_copies,
    crew_calls,
    destinations,
    follow_up,
    on_call,
    opt_outs,
    outbox,
    promises,
    ringing,
    rules,
    silence,
    texts,
)
from triage.db import Database, utcnow
from triage.models import Contact, Dispatch, Leg, Message, Promise, QueueEntry
from triage.moments import was_lately
from triage.ports import Carrier, CarrierRefused, CarrierUnavailable, Destination

log = structlog.get_logger(__name__)
CREW_REPEAT: Final = "REPEAT, same job. "
CREW_TEXT_VALID_S: Final = 4 * 3600  # a stand-down still counts hours later; the carrier would try for ten
RUNG_AGAIN_AFTER: Final = timedelta(minutes=3)


class Means(NamedTuple):
    """What a job works with."""

    database: Database
    carrier: Carrier
    fallback_number: str


CameOfIt = Callable[[Session], object]
"""What a piece of work has still to record, in the transaction that ends it."""


def run(means: Means, row_id: int) -> bool:
    """Do one outbox row if nobody else is at it; True if this call did it. Never raises for the carrier's sake.

    A carrier that is away gives the row back for later; anything unforeseen does too, with the error logged, so that
    one bad row cannot stop the others.
    """
    claimed = outbox.claim(means.database, row_id, utcnow())
    if claimed is None:
        return False
    work = JOBS.get(claimed.job)
    try:
        came_of_it = work(means, claimed) if work else None
        with means.database.transaction() as db:
            if came_of_it:
                came_of_it(db)
            outbox.done(db, claimed, utcnow(), None if work else f"no such job: {claimed.job}")
    except CarrierUnavailable as away:
        _give_back(means, claimed, str(away))
    except Exception as error:
        log.exception("job_failed", job=claimed.job, row=claimed.id, error=type(error).__name__)
        _give_back(means, claimed, type(error).__name__)
    return True


def _give_back(means: Means, claimed: outbox.Claimed, trouble: str) -> None:
    log.warning("job_again", job=claimed.job, row=claimed.id, attempt=claimed.attempts, trouble=trouble)
    with means.database.transaction() as db:
        outbox.again(db, claimed, utcnow(), trouble[:300])


# --- calls ------------------------------------------------------------------------------------------------------------


def place_call(means: Means, claimed: outbox.Claimed) -> CameOfIt | None:
    """Ring the leg's number, unless the leg was withdrawn or its claim is over."""
    with means.database.transaction() as db:
        leg = db.get(Leg, claimed.args["leg_id"])
        if leg is None or leg.state != "placing" or leg.carrier_id is not None:
            return None
        if leg.outcome == "withdrawn" or not _still_wanted(db, leg):
            bridge.leg_ended(db, leg, "withdrawn", rules.current(db).rules, now=utcnow())
            return None
        leg_id, to, sender, ring_s = leg.id, leg.to, leg.from_number, rules.current(db).rules.ring_s
        if not _may(db, to, trusted=leg.purpose != "call_back", leg=leg.id):
            bridge.leg_ended(db, leg, "refused", rules.current(db).rules, now=utcnow())
            return None
    try:
        carrier_id = means.carrier.place_call(to=to, from_number=sender, leg_id=leg_id, ring_s=ring_s)
    except CarrierRefused as no:
        return partial(_not_placed, leg_id=leg_id, reason=no.reason)
    return partial(_placed, leg_id=leg_id, carrier_id=carrier_id)


def _not_placed(db: Session, *, leg_id: str, reason: str) -> None:
    bridge.leg_ended(db, db.get_one(Leg, leg_id), reason, rules.current(db).rules, now=utcnow())


def _placed(db: Session, *, leg_id: str, carrier_id: str) -> None:
    db.execute(update(Leg).where(Leg.id == leg_id, Leg.carrier_id.is_(None)).values(carrier_id=carrier_id))
    ringing = update(Leg).where(Leg.id == leg_id, Leg.state == "placing").values(state="ringing")
    db.execute(ringing)
    leg = db.get_one(Leg, leg_id, populate_existing=True)
    if leg.outcome == "withdrawn" or not _still_wanted(db, leg):
        outbox.add(db, "hang_up", now=utcnow(), leg_id=leg_id)


def _may(db: Any, number: str, *, trusted: bool, **ids: str) -> bool:
    """The last door before the carrier, for every call and text: whatever wrote the row, a number that must not be
    reached is not. Words for people come earlier, where they ask.
    """
    try:
        destinations.check(number, destinations.policy(db), trusted=trusted)
    except destinations.Refused as no:
        log.error("destination_refused", kind=no.kind, **ids)
        return False
    return True


def _still_wanted(db: Any, leg: Leg) -> bool:
    if leg.purpose in crew_calls.PURPOSES:
        return crew_calls.still_wanted(db, leg)
    if leg.promise_id:
        promise = db.get(Promise, leg.promise_id)
        return promise is not None and promise.settled_at is None
    entry = db.get(QueueEntry, leg.entry_id)
    if leg.purpose == "alert":
        return entry is not None and entry.state == "waiting"
    return entry is not None and entry.token == leg.token and entry.state in ("offered", "connecting", "connected")


def hang_up(means: Means, claimed: outbox.Claimed) -> None:
    """End a leg we placed. One that was never placed is withdrawn."""
    with means.database.transaction() as db:
        leg = db.get(Leg, claimed.args["leg_id"])
        if leg is None or leg.state == "ended":
            return
        carrier_id = leg.carrier_id
        if carrier_id is None:
            leg.outcome = "withdrawn"
            return
    means.carrier.hang_up(carrier_id=carrier_id)


def move_caller(means: Means, claimed: outbox.Claimed) -> None:
    """Take the person from the queue to the room where their nurse is, if that claim still holds."""
    with means.database.reading() as db:
        entry = db.get(QueueEntry, claimed.args["entry_id"])
        if entry is None or entry.token != claimed.args["token"] or entry.state != "connecting":
            return
        contact_id = entry.contact_id
    _move(means, contact_id, "join")


def return_caller(means: Means, claimed: outbox.Claimed) -> None:
    """The nurse's side was lost: take the person back to waiting, if nobody has them since."""
    with means.database.reading() as db:
        entry = db.scalar(select(QueueEntry).where(QueueEntry.contact_id == claimed.args["contact_id"]))
        if entry is None or entry.state not in ("waiting", "offered"):
            return  # an accepting nurse has them moved to her room; being offered to one does not
    _move(means, claimed.args["contact_id"], "back")


def end_call(means: Means, claimed: outbox.Claimed) -> None:
    """The contact is finished: a last word to the person, then the end of the call."""
    _move(means, claimed.args["contact_id"], "goodbye")


def _move(means: Means, contact_id: str, where: Destination) -> None:
    with means.database.reading() as db:
        contact = db.get_one(Contact, contact_id)
        call_id, over = contact.call_id, contact.leg_ended
    if call_id is None or over:
        return
    try:
        means.carrier.move_caller(carrier_id=call_id, contact_id=contact_id, where=where)
    except CarrierRefused as no:
        if no.reason != "gone":
            raise  # nobody may be taken for gone who is on the line: try again, and let the log say why
        with means.database.transaction() as db:  # the call is over and its own report is still on the way, or was lost
            bridge.caller_gone(db, db.get_one(Contact, contact_id), now=utcnow())


# --- texts ------------------------------------------------------------------------------------------------------------


def send_text(means: Means, claimed: outbox.Claimed) -> CameOfIt | None:
    """Send one text. To a crew: at least once, a repeat marked as such. To a person: at most once, then a nurse sees
    it.

    When an earlier try may have gone through, the carrier is asked first whether it has the text.
    """
    message_id = claimed.args["message_id"]
    with means.database.transaction() as db:
        message = db.get(Message, message_id)
        if message is None or message.state not in ("waiting", "sending") or message.carrier_id:
            return None
        numbers = rules.current(db).rules
        valid_s = _worth_sending_for_s(db, message, numbers)
        if news := claimed.args.get("news"):
            valid_s -= numbers.text_valid_s - car_news.NEWS_VALID_S
            if valid_s < 1 or not car_news.still_true(db, claimed.args["dispatch_id"], news):
                texts.dropped(db, message, car_news.NOT_TRUE_ANY_MORE, now=utcnow())
                return None
        still = ONLY_WHILE.get(claimed.args.get("only_while", ""))
        if still and (valid_s < 1 or not still(db, message)):
            texts.dropped(db, message, car_news.NOT_TRUE_ANY_MORE, now=utcnow())
            return None
        by_itself = message.contact_id is not None and message.staff_id is None
        if by_itself and opt_outs.stopped(db, message.number):
            texts.dropped(db, message, "opted_out", now=utcnow())
            return None
        if valid_s < 1:
            texts.reported(db, message_id, "", "fail", now=utcnow(), trouble="too late to be of use")
            return None
        if not _may(db, message.number, trusted=message.contact_id is None, message=message_id):
            texts.reported(db, message_id, "", "fail", now=utcnow(), trouble=texts.NOT_REACHED)
            return None
        in_doubt = message.state == "sending"
        message.state, message.attempts = "sending", message.attempts + 1
        to, sender, body, made_at = message.number, message.line, message.body, message.made_at
        to_crew = message.dispatch_id is not None
    if in_doubt:
        found = means.carrier.find_text(to=to, containing=body, since=made_at)
        if found and not _another_text(means, message_id, found):
            return partial(_sent, message_id=message_id, carrier_id=found)
        if not to_crew:
            return partial(_not_sent, message_id=message_id, trouble="not known whether it was sent")
        body = CREW_REPEAT + body
    try:
        carrier_id = means.carrier.send_text(
            to=to, from_number=sender, body=body, message_id=message_id, valid_s=valid_s
        )
    except CarrierRefused as no:
        return partial(_not_sent, message_id=message_id, trouble=no.reason)
    except CarrierUnavailable as away:
        if not away.in_doubt:
            with means.database.transaction() as db:
                db.get_one(Message, message_id).state = "waiting"
        raise
    return partial(_sent, message_id=message_id, carrier_id=carrier_id)


def _another_text(means: Means, message_id: str, carrier_id: str) -> bool:
    """Whether what the carrier has is known to us already as another text with the same words."""
    with means.database.reading() as db:
        kept = db.scalar(select(Message.id).where(Message.carrier_id == carrier_id))
    return kept is not None and kept != message_id


def _worth_sending_for_s(db: Any, message: Message, numbers: rules.Rules) -> int:
    """For how many seconds from now this text is worth having; none for one that would mislead.

    An offer counts while it is open, and until its deadline; every other text about a job for hours, because a crew
    that comes out of a valley must still learn that it was stood down; a reply to a person as long as the rules say.
    """
    age_s = int((utcnow() - message.made_at).total_seconds())
    if message.dispatch_id is None:
        return numbers.text_valid_s - age_s
    if not crew.is_offer(message.body):
        return CREW_TEXT_VALID_S
    job = db.get_one(Dispatch, message.dispatch_id)
    return numbers.offer_valid_s - age_s if job.state == "offered" else 0


def _sent(db: Session, *, message_id: str, carrier_id: str) -> None:
    if not texts.reported(db, message_id, carrier_id, "sent", now=utcnow()):  # its report was faster than the answer
        db.execute(
            update(Message).where(Message.id == message_id, Message.carrier_id.is_(None)).values(carrier_id=carrier_id)
        )


def _not_sent(db: Session, *, message_id: str, trouble: str) -> None:
    texts.reported(db, message_id, "", "fail", now=utcnow(), trouble=trouble)


def erase_copy(means: Means, claimed: outbox.Claimed) -> CameOfIt:
    """Erase the carrier's copy of one text whose words are gone here, by the carrier's id: its row may be gone too."""
    carrier_id = claimed.args["carrier_id"]
    means.carrier.erase_text(carrier_id=carrier_id)
    return partial(_copy_erased, carrier_id=carrier_id)


def _copy_erased(db: Session, *, carrier_id: str) -> None:
    carrier_copies.erased(db, Message.carrier_id == carrier_id, now=utcnow())


# --- people on duty ---------------------------------------------------------------------------------------------------


def ring_person(means: Means, claimed: outbox.Claimed) -> None:
    """Ring the next person on duty about something only a person can decide, until one says they have it.

    Dispatchers of the place first, then other dispatchers, then supervisors, then the fallback number; then round
    again.
    """
    with means.database.transaction() as db:
        now = utcnow()
        promise = db.get(Promise, claimed.args["promise_id"], with_for_update=True)  # two runs must not ring two people
        if promise is None or promise.settled_at is not None or promise.owner_id is not None:
            return
        legs = db.scalars(select(Leg).where(Leg.promise_id == promise.id)).all()
        if any(leg.outcome == "accepted" for leg in legs):
            return
        if any(leg.state != "ended" and was_lately(leg.made_at, now, ringing.FORGOTTEN_AFTER) for leg in legs):
            outbox.add(
                db, "ring_person", queue="dispatch", now=now, due_at=now + timedelta(seconds=15), promise_id=promise.id
            )
            return
        tried = {leg.to for leg in legs if was_lately(leg.made_at, now, RUNG_AGAIN_AFTER)}
        for staff in on_call.people(db, near=db.get_one(Contact, promise.contact_id).locality):
            if staff.phone and staff.phone not in tried:
                ringing.place_to_person(db, staff.phone, staff.id, promise.id, now=now)
                break
        else:
            if means.fallback_number not in tried:
                ringing.place_to_person(db, means.fallback_number, None, promise.id, now=now)
        outbox.add(
            db, "ring_person", queue="dispatch", now=now, due_at=now + timedelta(seconds=15), promise_id=promise.id
        )


ONLY_WHILE: Final[dict[str, Callable[[Session, Message], bool]]] = {
    "silent": silence.still_silent,
    "waiting": silence.still_waits,
    "over": follow_up.still_fits,
}
"""Texts the line sends unasked, and what must still be so when they go."""

JOBS: Final[dict[str, Callable[[Means, outbox.Claimed], CameOfIt | None]]] = {
    "place_call": place_call,
    "hang_up": hang_up,
    "move_caller": move_caller,
    "return_caller": return_caller,
    "end_call": end_call,
    "send_text": send_text,
    "erase_copy": erase_copy,
    "ring_person": ring_person,
}


def person_has_it(db: Any, leg: Leg, *, now: datetime) -> None:
    """Somebody on duty pressed 1: the decision is theirs, and the ringing stops."""
    promise = db.get_one(Promise, leg.promise_id)
    promise.owner_id = promise.owner_id or leg.staff_id
    leg.state, leg.outcome = "joined", "accepted"
    promises.note(db, promise, "Said on the phone that they have it", by=leg.staff_id, now=now)

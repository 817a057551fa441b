"""Bringing a nurse and a person together by telephone, and what happens when one of them is lost on the way.

The nurse's leg goes first; only when she has answered is the person moved, so nobody is taken from the queue into an
empty room. The person's leg ends the room, the nurse's never does: a nurse who drops out leaves the person on the line,
and they go back to the same place.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callflows.wording import words
from triage import (
    caps,
    crew_calls,
    destinations,
    history,
    ladder,
    one_person,
    outbox,
    presence,
    promises,
    queue,
    ringing,
    silence,
    text_calls,
    texts,
)
from triage.lifecycles import HELD
from triage.models import Contact, Leg, Presence, QueueEntry, Staff
from triage.moments import lately
from triage.rules import Rules, current

UNREACHED = ("failed", "refused", "bad_number", "gone")  # the carrier never rang them: nobody failed to answer
RING_AGAIN_AFTER = timedelta(seconds=15)  # a carrier that cannot ring her just now is not asked every second


NOT_REACHED = {
    "completed": "Rang, picked up, and nobody asked for us: voicemail, or somebody else",
    "busy": "Rang, engaged",
    "failed": "Could not be rung",
    "bad_number": "Could not be rung: not a number",
    "refused": "Not rung: a number the line does not ring",
}


class Taken(Exception):
    """Somebody else has this person already."""


class CannotMove(Exception):
    """This call cannot go on by text; `str()` says why, to the nurse."""


class NotRungBack(Taken):
    """The person has rung off, and there is no number the line may ring them on."""


def take_next(
    db: Session, staff: Staff, rules: Rules, *, now: datetime, unasked: bool = False, beyond: int = 0
) -> QueueEntry | None:
    """Claim the next person for this nurse and ring her; the one she holds if she holds one; None if nobody waits.

    `unasked` and `beyond` as in `queue.claim_next`.
    """
    already = presence.all_held(db, staff.id)
    if already and not beyond:
        return already[0]
    entry = queue.claim_next(db, staff, rules, now=now, unasked=unasked, beyond=beyond)
    if entry and entry not in already:
        _stop_alerting(db, entry, now)
        ring(db, entry, staff, rules, now=now)
    return entry


def take_their_call(db: Session, contact: Contact, staff: Staff, rules: Rules, *, now: datetime) -> QueueEntry:
    """Whoever this nurse texts with rings: the conversation goes on as their call, which is hers, in one transaction.

    Raises queue.NotTheirs, one_person.NotRinging; then nothing has changed once the transaction is undone.
    """
    call = one_person.ends_into_call(db, contact, staff, now=now)
    if call.state != "waiting" or queue.claim(db, call.id, staff, rules, now=now, beside_texts=True) is None:
        raise one_person.NotRinging("A colleague has just taken their call. The text conversation is still with you.")
    db.refresh(call)
    _stop_alerting(db, call, now)
    ring(db, call, staff, rules, now=now)
    return call


def ring(db: Session, entry: QueueEntry, staff: Staff, rules: Rules, *, now: datetime) -> Leg | None:
    """Place the nurse's leg for the claim she holds. A text needs none; a leg already under way is returned."""
    if entry.contact.channel == "text":
        return None
    if leg := db.scalar(ringing.of_claim(entry).where(Leg.state.in_(ringing.LIVE))):
        return leg
    ours = ringing.from_number(db, entry.contact)
    return ringing.place(db, "nurse", ringing.address(db, staff), ours, now=now, entry=entry, staff=staff)


def alert_all_ready(db: Session, rules: Rules, *, now: datetime) -> int:
    """Somebody said there is danger now: ring every ready nurse who is not being rung about them. First to accept
    has them.
    """
    rung = 0
    urgent = select(QueueEntry).where(QueueEntry.state == "waiting", QueueEntry.band == queue.DANGER)
    for entry in db.scalars(urgent):
        recently = timedelta(seconds=rules.alert_again_s)
        tried = set(
            db.scalars(
                select(Leg.staff_id).where(
                    Leg.entry_id == entry.id,
                    Leg.state.in_(ringing.LIVE) & lately(Leg.made_at, now, ringing.FORGOTTEN_AFTER)
                    | lately(Leg.made_at, now, recently),
                )
            )
        )
        for staff, row in presence.ready(db):
            if staff.id in tried:
                continue
            to = f"client:{staff.id}" if row.via == "browser" else staff.phone
            if to:
                ringing.place(
                    db, "alert", to, ringing.from_number(db, entry.contact), now=now, entry=entry, staff=staff
                )
                rung += 1
    return rung


def offer_waiting(db: Session, rules: Rules, *, now: datetime) -> int:
    """For every nurse ready by phone: claim the next caller of their lanes and ring them.

    A nurse is left alone while her phone rings about danger, and for moments after the carrier could not ring it. No
    ring lasts longer than ringing.FORGOTTEN_AFTER: a leg whose end was never reported must not keep her from everybody.
    """
    offered = 0
    alerts = select(Leg.staff_id).where(
        Leg.state.in_(ringing.LIVE), Leg.purpose == "alert", lately(Leg.made_at, now, ringing.FORGOTTEN_AFTER)
    )
    unreached = select(Leg.staff_id).where(
        Leg.purpose == "nurse", Leg.outcome.in_(UNREACHED), lately(Leg.ended_at, now, RING_AGAIN_AFTER)
    )
    left_alone = {*db.scalars(alerts), *db.scalars(unreached)}
    for staff, _row in presence.ready(db, via="phone"):
        if staff.id not in left_alone and take_next(db, staff, rules, now=now, unasked=True):
            offered += 1
    return offered


def accepted(db: Session, leg: Leg, rules: Rules, *, now: datetime) -> QueueEntry:
    """The nurse on this leg said yes: the person is hers, and is sent for.

    Repeating it is harmless. Another leg of hers that still rings for the same person (she answered in the browser) is
    withdrawn. Raises Taken if the person went to somebody else, is gone, or is with her on another leg.
    """
    entry = db.get_one(QueueEntry, leg.entry_id)
    staff = db.get_one(Staff, leg.staff_id)
    if leg.purpose == "alert" and entry.state == "waiting":
        if not queue.claim(db, entry.id, staff, rules, now=now):
            raise Taken
        leg.purpose, leg.token = "nurse", entry.token
        _stop_alerting(db, entry, now)
    if entry.nurse_id != staff.id or entry.token != leg.token or entry.state not in HELD:
        raise Taken
    if db.scalar(ringing.of_claim(entry).where(Leg.id != leg.id, Leg.state == "joined").limit(1)):
        raise Taken  # she is with them already: a second call in her name joins nobody
    leg.state = "joined"
    for other in db.scalars(ringing.of_claim(entry).where(Leg.id != leg.id, Leg.state.in_(ringing.LIVE))):
        outbox.add(db, "hang_up", now=now, leg_id=other.id)
    row = presence.of(db, staff)
    row.missed = 0
    if entry.state != "offered":
        return entry
    lease = now + timedelta(seconds=rules.connect_lease_s + (rules.ring_s + 20 if entry.contact.leg_ended else 0))
    queue.step(db, entry, "connect", actor=staff.id, now=now, token=leg.token, lease_until=lease)
    if not entry.contact.leg_ended:
        outbox.add(db, "move_caller", now=now, entry_id=entry.id, token=entry.token)
    elif entry.contact.number and _may_ring_back(db, entry.contact, now):
        ringing.place(
            db, "call_back", entry.contact.number, ringing.from_number(db, entry.contact), now=now, entry=entry
        )
        history.record(db, caps.RANG_BACK, actor=staff.id, now=now, contact_id=entry.contact_id)
    else:
        queue.step(db, entry, "finish", actor="carrier", now=now, token=leg.token, ended_at=now, ended_how="gave_up")
        promises.owe_call_back(db, entry.contact, "Rang off while waiting", now=now)
        one_person.waits_by_text_again(db, entry, now=now)
        has_no_more(db, staff.id, now=now)
        raise NotRungBack
    return entry


def _may_ring_back(db: Session, contact: Contact, now: datetime) -> bool:
    """Whether the line itself rings this person back: an ordinary number, and not rung too often this hour."""
    if not destinations.may_reach(contact.number, destinations.policy(db)):
        return False
    return not caps.reached(db, contact, "call", now=now)


def caller_joined(db: Session, entry: QueueEntry, *, now: datetime) -> bool:
    """The person's leg has come to the room: together at last. False if the claim is no longer there."""
    if entry.state == "connected":
        return True
    if not queue.step(db, entry, "join", actor="caller", now=now, lease_until=None, connected_at=now):
        return False
    promises.settle_for(db, entry.contact, "call_back", "Reached: with a nurse", actor="clock", now=now)
    return True


def call_back_accepted(db: Session, leg: Leg, *, now: datetime) -> QueueEntry:
    """The person we rang back says they are there: this call is theirs from now on. Raises Taken if the claim is
    gone.
    """
    entry = db.get_one(QueueEntry, leg.entry_id)
    if entry.token != leg.token or entry.state not in ("connecting", "connected"):
        raise Taken
    leg.state = "joined"
    entry.contact.call_id, entry.contact.leg_ended = leg.carrier_id, False
    caller_joined(db, entry, now=now)
    return entry


def leg_ended(db: Session, leg: Leg, outcome: str, rules: Rules, *, now: datetime) -> None:
    """A leg we placed is over: completed, busy, no_answer, failed or canceled. Once only; later reports change
    nothing.
    """
    was = leg.state
    first = db.execute(
        update(Leg)
        .where(Leg.id == leg.id, Leg.state != "ended")
        .values(state="ended", ended_at=now, outcome=leg.outcome or outcome)
        .returning(Leg.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    db.refresh(leg)
    if first is None:
        return
    if leg.purpose in crew_calls.PURPOSES:
        crew_calls.leg_over(db, leg, now=now)
    if leg.purpose == text_calls.REACH:
        text_calls.leg_over(db, leg, now=now)
    if leg.entry_id is None:
        return
    entry = db.get_one(QueueEntry, leg.entry_id)
    if leg.purpose == "call_back":
        _call_back_ended(db, leg, entry, was, now)
    elif entry.contact.channel == "text":
        return  # her telephone is not what joins her to somebody who texts
    elif leg.purpose == "nurse" and entry.token == leg.token and entry.state in HELD:
        if was != "joined" and db.scalar(ringing.of_claim(entry).where(Leg.state == "joined").limit(1)):
            return  # she is with them on another leg
        _nurse_lost(db, leg, entry, was, rules, now)


def room_lost(db: Session, entry: QueueEntry, *, now: datetime) -> None:
    """The room ended under a person who is still on the line and not finished: they wait again, at the same place."""
    nurse_id, token = entry.nurse_id, entry.token
    reason = "The nurse's line was lost"
    if queue.put_back(
        db, entry, reason, actor="carrier", now=now, token=token, band=min(entry.band, queue.VERY_URGENT)
    ):
        has_no_more(db, nurse_id, now=now)
        _end_nurse_legs(db, entry, now, token=token)


def _nurse_lost(db: Session, leg: Leg, entry: QueueEntry, was: str, rules: Rules, now: datetime) -> None:
    staff_id = leg.staff_id or ""
    if was == "joined":
        reason = "The nurse's line was lost"
        moved = queue.put_back(
            db, entry, reason, actor="carrier", now=now, token=leg.token, band=min(entry.band, queue.VERY_URGENT)
        )
        if moved:
            row = db.get(Presence, staff_id)
            if row and presence.holding(db, staff_id) is None:
                presence.change(db, row, "wrapping_up", actor="carrier", now=now, reason=reason)
            if not entry.contact.leg_ended:
                outbox.add(db, "return_caller", now=now, contact_id=entry.contact_id, token=entry.token)
        return
    if not queue.put_back(db, entry, "", actor="carrier", now=now, token=leg.token):
        return
    if leg.outcome in UNREACHED:
        presence.not_rung(db, staff_id, now=now, for_good=leg.outcome == "bad_number")
    else:
        presence.missed(db, staff_id, rules, now=now)


def _call_back_ended(db: Session, leg: Leg, entry: QueueEntry, was: str, now: datetime) -> None:
    """We rang the person back. Not reached: the nurse is told, and it stays owed; reached and over: the contact
    ends.
    """
    if was == "joined":
        caller_gone(db, entry.contact, now=now)
        return
    if entry.token != leg.token or entry.state != "connecting":
        return
    promises.owe_call_back(db, entry.contact, "Asked for a call-back and did not answer it", now=now, they_came=False)
    result, rang = NOT_REACHED.get(leg.outcome or "", "Rang, no answer"), leg.outcome not in UNREACHED
    for owed in promises.tried(db, entry.contact, result, by=entry.nurse_id, now=now, rang=rang):
        owed.reachable = owed.reachable and leg.outcome != "bad_number"
        ladder.tried(db, owed, now=now)
    nurse_id = entry.nurse_id
    if queue.step(db, entry, "finish", actor="carrier", now=now, token=leg.token, ended_at=now, ended_how="no_answer"):
        entry.contact.ended_at = now
        one_person.waits_by_text_again(db, entry, now=now)
        has_no_more(db, nurse_id, now=now)
        _end_nurse_legs(db, entry, now)


def release_expired(db: Session, rules: Rules, *, now: datetime) -> int:
    """Give back every claim whose lease ran out; the person keeps the place, the nurse's ringing stops."""
    count = 0
    for entry in queue.expired(db, rules, now):
        nurse_id, token, was = entry.nurse_id, entry.token, entry.state
        if not queue.put_back(db, entry, "", actor="clock", now=now, token=token):
            continue
        count += 1
        if was == "offered" and nurse_id:
            _did_not_come(db, entry, nurse_id, token, rules, now)
        elif nurse_id and presence.holding(db, nurse_id) is None:
            presence.change(
                db, db.get_one(Presence, nurse_id), "ready", actor="clock", now=now,
                reason="the call could not be joined to yours",
            )  # fmt: skip
        _end_nurse_legs(db, entry, now, token=token)
        if was == "connecting" and not entry.contact.leg_ended:
            outbox.add(db, "return_caller", now=now, contact_id=entry.contact_id, token=entry.token)
    return count


def _did_not_come(db: Session, entry: QueueEntry, nurse_id: str, token: int, rules: Rules, now: datetime) -> None:
    """Her claim ran out. She is blamed only if her phone had rung: a carrier that was away is not her doing."""
    rang = select(Leg.id).where(Leg.entry_id == entry.id, Leg.token == token, Leg.state.in_(("ringing", "answered")))
    if db.scalar(rang.limit(1)):
        presence.missed(db, nurse_id, rules, now=now)
    else:
        presence.not_rung(db, nurse_id, now=now)


def pages_gone(db: Session, rules: Rules, *, now: datetime) -> int:
    """A nurse's page is gone (browser, machine or network): she is offered nobody until she says so, and whoever only
    her page could have brought to her goes back to the same place.

    A call she is joined to is never touched, nor the conversation of somebody she speaks with: there the telephone is
    the truth, not the page.
    """
    gone = 0
    for row in presence.pages_gone(db, now):
        for entry in presence.all_held(db, row.staff_id):
            _page_gone_for(db, entry, row, now)
        if presence.holding(db, row.staff_id) is None:
            presence.change(db, row, "break", actor="clock", now=now, reason=presence.PAGE_GONE)
            gone += 1
    return gone


def _page_gone_for(db: Session, entry: QueueEntry, row: Presence, now: datetime) -> None:
    offered = entry.state == "offered" and row.via == "browser"
    if not offered and (entry.contact.channel == "call" or text_calls.speaking(db, entry, now)):
        return
    token = entry.token
    band = entry.band if offered else min(entry.band, queue.VERY_URGENT)
    reason = "" if offered else "The nurse's page stopped answering"
    if queue.put_back(db, entry, reason, actor="clock", now=now, token=token, band=band):
        _end_nurse_legs(db, entry, now, token=token)
        one_person.not_with_her_now(db, entry, now=now)


def caller_gone(db: Session, contact: Contact, *, now: datetime) -> None:
    """The person's call is over, whoever ended it. Before a nurse had them it becomes a call-back owed; once only."""
    first = db.execute(
        update(Contact)
        .where(Contact.id == contact.id, ~Contact.leg_ended)
        .values(leg_ended=True)
        .returning(Contact.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    db.refresh(contact)
    if first is None:
        return
    history.record(db, "call_ended", actor="caller", now=now, contact_id=contact.id)
    if contact.channel == "text":
        return  # they went on by text: the conversation is not over
    entry = db.scalar(select(QueueEntry).where(QueueEntry.contact_id == contact.id))
    if entry is None:
        contact.ended_at = now
        promises.owe_call_back(db, contact, _why_owed(contact, "Rang off before reaching the queue"), now=now)
        return
    if entry.call_back and entry.state in ("waiting", "offered"):
        return  # they keep their place without the line: whoever accepts has them rung
    nurse_id, token = entry.nurse_id, entry.token
    if entry.call_back and entry.state == "connecting":
        queue.put_back(db, entry, "", actor="caller", now=now, token=token)
        has_no_more(db, nurse_id, now=now)
        _end_nurse_legs(db, entry, now, token=token)
        return
    if queue.step(db, entry, "abandon", actor="caller", now=now, ended_at=now, ended_how="gave_up", lease_until=None):
        promises.owe_call_back(db, contact, _why_owed(contact, "Rang off while waiting"), now=now)
        one_person.waits_by_text_again(db, entry, now=now)
    elif queue.step(db, entry, "finish", actor="caller", now=now, ended_at=now, ended_how="rang_off", lease_until=None):
        if queue.said_danger(entry):
            promises.owe_call_back(db, contact, "The call ended after they said there was danger", now=now)
    else:
        return
    contact.ended_at = contact.ended_at or now
    has_no_more(db, nurse_id, now=now)
    _end_nurse_legs(db, entry, now)


def _why_owed(contact: Contact, otherwise: str) -> str:
    if contact.failed_safe_at is None:
        return otherwise
    said = "Said there was danger, and our" if contact.danger else "Our"
    return f"{said} line failed them: they heard the emergency words"


def finish(db: Session, contact: Contact, staff: Staff, *, now: datetime) -> None:
    """The nurse ends the contact and wraps up. Done twice is done once. Raises queue.NotTheirs if it is not hers, and
    silence.CannotEnd where somebody who said there was danger fell silent and nothing says what was done.

    Somebody who is sent away before they were together is owed a call-back.
    """
    entry = db.scalar(select(QueueEntry).where(QueueEntry.contact_id == contact.id))
    if entry is not None and entry.state == "finished" and entry.nurse_id == staff.id:
        return
    entry = queue.held_by(db, contact.id, staff)
    silence.may_end(db, entry, now=now)
    to_ring = silence.to_be_rung(db, entry) or (contact.channel == "text" and text_calls.promised(db, contact))
    queue.step(
        db, entry, "finish", actor=staff.id, now=now, token=entry.token, ended_at=now, ended_how="finished",
        hand_to_id=None,
    )  # fmt: skip
    contact.ended_at = contact.ended_at or now
    if to_ring:
        pass  # the call she promised them, or wanted made to them, is still owed
    elif entry.connected_at:
        promises.settle_for(db, contact, "call_back", "A nurse has spoken with them", actor=staff.id, now=now)
    else:
        promises.owe_call_back(db, contact, "The call was ended before a nurse had spoken with them", now=now)
    has_no_more(db, staff.id, now=now)
    if contact.channel == "call" and not contact.leg_ended:
        outbox.add(db, "end_call", now=now, contact_id=contact.id)
    _end_nurse_legs(db, entry, now)
    one_person.not_with_her_now(db, entry, now=now)


def give_back(db: Session, contact: Contact, staff: Staff, *, now: datetime, ahead: bool = True) -> None:
    """The nurse gives the person back: same place, ahead once they had spoken. She is offered nobody until she says so.

    `ahead` false: for later, as `lowering` says. Raises queue.NotTheirs if she does not hold them.
    """
    entry = queue.held_by(db, contact.id, staff)
    token, was = entry.token, entry.state
    band = min(entry.band, queue.VERY_URGENT) if ahead and was == "connected" else entry.band
    if not queue.put_back(db, entry, "Given back by a nurse", actor=staff.id, now=now, token=token, band=band):
        raise queue.NotTheirs("This person is not with you any more.")
    has_no_more(db, staff.id, now=now)
    _end_nurse_legs(db, entry, now, token=token)
    if was != "offered" and contact.channel == "call" and not contact.leg_ended:
        outbox.add(db, "return_caller", now=now, contact_id=contact.id, token=token)
    one_person.not_with_her_now(db, entry, now=now)


def go_on_by_text(db: Session, contact: Contact, staff: Staff, *, now: datetime) -> QueueEntry:
    """The call this nurse has with them becomes a text conversation in her hands: they are texted a discreet line and
    hear a goodbye; the end of the call does not end the contact. Done twice it is done once.

    Another text conversation of theirs that runs is joined into this one. Raises queue.NotTheirs, CannotMove.
    """
    entry = queue.held_by(db, contact.id, staff)
    if contact.channel == "text":
        return entry
    if entry.state != "connected":
        raise CannotMove("You are not together yet. Speak with them first.")
    if not contact.text_consent:
        raise CannotMove("They have not agreed to texts. Ask them, and note it in the outcome.")
    if not texts.may_be_texted(db, contact):
        raise CannotMove("The line cannot text them: a landline, an opt-out word, or a number it does not text.")
    one_person.other_texts_join(db, contact, staff, now=now)
    contact.channel, contact.last_reply = "text", None  # what was answered on the call is no answer to a text
    contact.danger = queue.said_danger(entry)  # the line says nothing aloud any more
    db.flush()
    history.record(db, "moved_to_text", actor=staff.id, now=now, contact_id=contact.id)
    texts.queue_text(db, contact, words(current(db).wording, "text_go_on", contact.language), actor=staff.id, now=now)
    if not contact.leg_ended:
        outbox.add(db, "end_call", now=now, contact_id=contact.id)
    _end_nurse_legs(db, entry, now)
    return entry


def _stop_alerting(db: Session, entry: QueueEntry, now: datetime) -> None:
    """Somebody has them: stop the other phones. Whoever picked up meanwhile is told when they press 1."""
    ringing = select(Leg).where(Leg.entry_id == entry.id, Leg.purpose == "alert", Leg.state.in_(("placing", "ringing")))
    for leg in db.scalars(ringing):
        outbox.add(db, "hang_up", now=now, leg_id=leg.id)


def has_no_more(db: Session, nurse_id: str | None, *, now: datetime) -> None:
    """She has this person no more: she wraps up, unless she has other conversations."""
    row = db.get(Presence, nurse_id) if nurse_id else None
    if row and row.state == "on_contact" and presence.holding(db, row.staff_id) is None:
        presence.change(db, row, "wrapping_up", actor="clock", now=now)


def _end_nurse_legs(db: Session, entry: QueueEntry, now: datetime, token: int | None = None) -> None:
    """Hang up every leg still up for this entry; those of an older claim only, when a token is given."""
    legs = select(Leg).where(Leg.entry_id == entry.id, Leg.state.in_(ringing.LIVE), Leg.purpose.in_(("nurse", "alert")))
    if token is not None:
        legs = legs.where(Leg.token == token)
    for leg in db.scalars(legs):
        outbox.add(db, "hang_up", now=now, leg_id=leg.id)
    db.execute(
        update(Leg)
        .where(Leg.entry_id == entry.id, Leg.state == "placing", Leg.carrier_id.is_(None))
        .values(outcome="withdrawn")
        .execution_options(synchronize_session=False)
    )

"""Dispatches: offering an incident to a unit, what its crew answers, and the next one if it does not.

An offer is committed before it is texted. It ends acknowledged by exactly one crew, or a person is rung
(DESIGN 2.6): the deadline is a column, the clock reads it, and neither RQ nor Redis is needed for it to pass.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, object_session

from callflows import crew
from triage import (
    choosing,
    crew_links,
    destinations,
    duties,
    history,
    moments,
    opt_outs,
    outbox,
    places,
    promises,
    ringing,
    rules,
    steps,
    units,
)
from triage.contacts import NotFound
from triage.lifecycles import DISPATCH, INCIDENT, OPEN_DISPATCH, UNDER_WAY, move, said
from triage.models import Contact, Dispatch, Incident, Message, Promise, Unit

TAGS = [f"{number:02d}" for number in range(10, 100)]
ENDS_INCIDENT = {"clear": "clear", "unable_to_find": "return"}
ON_THE_WAY = [state for state in UNDER_WAY if state != "emergency"]
REACHED = {action: state for (_, action), state in DISPATCH.items() if state in ON_THE_WAY}
UNSAFE_CHECK_S = 300  # our choice: a crew that went into an unsafe scene is asked that soon, whatever the usual time


class CannotSend(Exception):
    """This unit cannot be sent now, and why."""


def offer_next(db: Session, incident: Incident, *, actor: str, now: datetime) -> Dispatch | None:
    """Offer the incident to the next available unit that has not had it yet; None if there is none.

    None means: the incident says `no_unit` and names the fallback, a decision is owed at once, and a person is rung
    (once: asking again while it says so changes nothing).
    """
    tried = {row.call_sign for row in incident.dispatches}
    free = [one.unit for one in choosing.available(db, incident, now) if one.unit.call_sign not in tried]
    if offer := _offer(db, incident, free, actor, now):
        return offer
    if incident.state != "no_unit":
        _nobody(db, incident, bool(tried), actor, now)
    return None


def send(
    db: Session, incident: Incident, call_sign: str, *, actor: str, now: datetime, called_out: str | None = None
) -> Dispatch:
    """A dispatcher sends this unit; asked twice it is one dispatch.

    A unit that is off duty or not ready is sent only when it is `called_out`, for the reason given there. Raises
    NotFound, CannotSend, IllegalMove.
    """
    unit = db.get(Unit, call_sign)
    if unit is None or not unit.active:
        raise NotFound(f"No unit is called {call_sign}.")
    running = open_of(db, incident)
    if running and running.call_sign == call_sign:
        return running
    if running and running.state != "offered":
        raise CannotSend(f"{running.call_sign} has this incident ({said(running.state)}). Stand it down first.")
    if not unit.phone:
        raise CannotSend(f"{call_sign} has no phone number, so its crew cannot be told. Add one to the service file.")
    over = duties.over(db, call_sign, now) if unit.state == "available" else None
    if (unit.state in ("off_duty", "not_ready") or over) and (called_out or "").strip():
        history.record(
            db, "called_out", actor=actor, now=now, contact_id=incident.contact_id, incident_id=incident.id,
            call_sign=call_sign, was="duty_over" if over else unit.state,
        )  # fmt: skip
        units.put(db, unit, "available", None, actor=actor, now=now)
        over = None
    if over:
        ends = duties.clock(over.ends_at)
        raise CannotSend(f"{call_sign} is on duty until {ends} only. Say why it is called out, or send another.")
    if unit.state != "available":
        how = "" if unit.state == "committed" else " Say why it is called out all the same, or send another."
        raise CannotSend(f"{call_sign} is {said(unit.state)}, so it cannot be sent.{how}")
    move(INCIDENT, incident.state, "offer", what="This incident")
    if running:
        withdraw(db, running, actor=actor, now=now)
    offer = _offer(db, incident, [unit], actor, now)
    if offer is None:
        raise CannotSend(f"{call_sign} was just offered another incident.")
    return offer


def _offer(db: Session, incident: Incident, units: Sequence[Unit], actor: str, now: datetime) -> Dispatch | None:
    """Offer it to the first of these units that has no other job; first to those no other request is just choosing."""
    left, tag = list(units), _free_tag(db, now) if units else ""
    while left:
        try:
            with db.begin_nested():
                unit = _not_being_chosen(db, left) or left[0]
                offer = Dispatch(
                    incident_id=incident.id, call_sign=unit.call_sign, tag=tag, state="offered", state_since=now,
                    due_at=now + timedelta(seconds=rules.current(db).rules.acknowledge_s), offered_at=now,
                    acknowledged_at=None, closed_at=None, note=None, revision_told_at=None, stand_down_read_at=None,
                    link_hash=None, link_phone=None,
                )  # fmt: skip
                link = crew_links.make(offer)
                db.add(offer)
                db.flush()
            break
        except IntegrityError:  # the unit, or the incident, has an open dispatch since a moment ago
            left.remove(unit)
    else:
        return None
    db.expire(incident, ["dispatches"])
    incident.state = move(INCIDENT, incident.state, "offer", what="This incident")
    incident.state_since, incident.fallback = now, None
    history.record(
        db, "offered", actor=actor, now=now, contact_id=incident.contact_id, incident_id=incident.id,
        dispatch_id=offer.id, call_sign=unit.call_sign,
    )  # fmt: skip
    steps.note(db, offer, "offer", actor=actor, now=now)
    text_crew(db, offer, unit, crew.offer(job(offer), link), now=now)
    return offer


def _not_being_chosen(db: Session, units: Sequence[Unit]) -> Unit | None:
    """The first of these units that is free and that no other request is just choosing: ours until the transaction, or
    the savepoint, ends. One statement, however many units and requests there are.

    The lock leaves room for another request that offers the same unit all the same: the index decides between the two.
    A lock that kept it from the row would have each wait for the other.
    """
    order = {unit.call_sign: at for at, unit in enumerate(units)}
    busy = select(Dispatch.call_sign).where(Dispatch.state.in_(OPEN_DISPATCH))
    chosen = db.scalar(
        select(Unit.call_sign)
        .where(Unit.call_sign.in_(order), Unit.call_sign.not_in(busy))
        .order_by(case(order, value=Unit.call_sign))
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return None if chosen is None else units[order[chosen]]


def _nobody(db: Session, incident: Incident, tried: bool, actor: str, now: datetime) -> None:
    service = rules.current(db)
    incident.state = move(INCIDENT, incident.state, "no_unit", what="This incident")
    incident.state_since, incident.fallback = now, service.no_car_fallback
    history.record(
        db, "no_unit", actor=actor, now=now, contact_id=incident.contact_id, incident_id=incident.id, tried=tried
    )
    what = "No crew has accepted" if tried else "No car is on duty"
    had_it = {row.call_sign for row in incident.dispatches}
    kept_back = duties.kept_back(db, incident.locality, incident.scene_safety, now)
    if lone := [call_sign for call_sign in kept_back if call_sign not in had_it]:
        have = "has a lone crew" if len(lone) == 1 else "have lone crews"
        what = f"{what}, {' and '.join(lone)} {have}, and the scene is not known to be safe"
    if over := duties.past_their_end(db, incident.locality, now):
        what = f"{what}, and the duty of {' and '.join(over)} is over (it may be called out)"
    person_must_know(db, incident, f"{what}: somebody must decide", now)


def _free_tag(db: Session, now: datetime) -> str:
    """Two digits no open job has, and none of the last day if it can be helped: an old text must not fit a new job."""
    recent = db.execute(
        select(Dispatch.tag, Dispatch.state)
        .where((Dispatch.offered_at > now - timedelta(hours=24)) | Dispatch.state.in_(OPEN_DISPATCH))
        .order_by(Dispatch.offered_at.desc())
    ).all()
    used = [tag for tag, _ in recent]
    open_now = {tag for tag, state in recent if state in OPEN_DISPATCH}
    unused = [tag for tag in TAGS if tag not in used]
    oldest_first = [tag for tag in reversed(used) if tag not in open_now]
    return (unused or oldest_first or TAGS)[0]


def open_of(db: Session, incident: Incident) -> Dispatch | None:
    """The incident's dispatch that is not over, if any."""
    return db.scalar(select(Dispatch).where(Dispatch.incident_id == incident.id, Dispatch.state.in_(OPEN_DISPATCH)))


def open_of_unit(db: Session, call_sign: str) -> Sequence[Dispatch]:
    return db.scalars(select(Dispatch).where(Dispatch.call_sign == call_sign, Dispatch.state.in_(OPEN_DISPATCH))).all()


def get(db: Session, dispatch_id: str) -> Dispatch:
    """The dispatch, to be changed: its incident stays locked until the transaction ends. Raises NotFound."""
    incident_id = db.scalar(select(Dispatch.incident_id).where(Dispatch.id == dispatch_id))
    if incident_id is None:
        raise NotFound("No dispatch has this id.")
    lock(db, incident_id)
    return db.get_one(Dispatch, dispatch_id, populate_existing=True)


def lock(db: Session, incident_id: str) -> Incident | None:
    """The incident, held until the transaction ends: a crew's answer and its deadline must not both win."""
    return db.scalar(
        select(Incident).where(Incident.id == incident_id).with_for_update().execution_options(populate_existing=True)
    )


def act(
    db: Session, row: Dispatch, action: str, *, actor: str, now: datetime, note: str | None = None, way: str = "board",
    said_at: datetime | None = None,
) -> Dispatch:  # fmt: skip
    """What a crew did, by text, keypad, link, page or dispatcher (`way`), at `said_at` if its device said when.

    Saying it again is harmless; a step that was passed already is kept as one, and moves nothing. Going back takes a
    note that says why. Raises IllegalMove where the life cycle has no such step: an offer that was withdrawn or went to
    another crew cannot be accepted any more.
    """
    numbers = rules.current(db).rules
    row.checks_asked = 0
    if actor != "clock":
        promises.settle_incident(db, row.incident_id, ("crew_silent",), "The crew was heard from", actor=actor, now=now)
    if already(row, action):
        if row.state != "acknowledged":  # a yes said twice is not moving
            row.due_at = _due(db, row, numbers, now) or row.due_at
        return row
    if passed(row, action) and (not note or action == "acknowledge"):  # accepting is not gone back to: it is declined
        return _told_late(db, row, action, actor, now, way, said_at)
    if passed(row, action):
        row.state = REACHED[action]  # backwards, and the note says why
    else:
        row.state = move(DISPATCH, row.state, action, what=f"Job {row.tag}")
    row.state_since, row.due_at, row.note = now, _due(db, row, numbers, now), note or row.note
    promises.settle_incident(db, row.incident_id, ("state_too_long",), "The crew has moved on", actor=actor, now=now)
    incident = row.incident
    steps.note(db, row, action, actor=actor, now=now, way=way, said_at=said_at)
    history.record(
        db, action, actor=actor, now=now, contact_id=incident.contact_id, incident_id=incident.id, dispatch_id=row.id,
        call_sign=row.call_sign, state=row.state,
    )  # fmt: skip
    if row.state not in OPEN_DISPATCH:
        row.closed_at = now
        _release(db, row, now)
    if action == "acknowledge":
        row.acknowledged_at = now
        row.revision_read = incident.revision  # the answer to an acceptance tells the crew everything
        _advance(incident, "acknowledge", now)
        _commit(db, row, now)
        promises.settle_incident(db, incident.id, ("no_unit",), f"{row.call_sign} accepted", actor=actor, now=now)
        if actor != "crew" or way == "keypad":  # by radio or by ear: the crew needs the address in writing as well
            text_crew(db, row, db.get_one(Unit, row.call_sign), details(row), now=now)
    elif action == "decline":
        if incident.state == "under_way":
            _advance(incident, "decline", now)
        offer_next(db, incident, actor=actor, now=now)
    elif action == "en_route":
        row.arrive_at = _arrive_at(db, row, now)
    elif action in ENDS_INCIDENT:
        _advance(incident, ENDS_INCIDENT[action], now)
        incident.closed_at = now
        if action == "unable_to_find":
            person_must_decide(db, row, f"{row.call_sign} could not find the person: decide what next", now)
    elif row.state in ("on_scene", "with_person") and went_in_unsafe(db, row):
        row.due_at = min(row.due_at or now, now + timedelta(seconds=UNSAFE_CHECK_S))
        person_must_decide(db, row, f"{row.call_sign} went in and the scene is not safe: find out how the crew is", now)
    elif action == "emergency":
        person_must_decide(db, row, f"{row.call_sign} asks for help", now, graver=True)
    return row


def _arrive_at(db: Session, row: Dispatch, now: datetime) -> datetime | None:
    """When the car that moves now should be there, by what is known without asking anybody."""
    unit = db.get_one(Unit, row.call_sign)
    [going] = choosing.in_order(db, row.incident, [unit], now)
    return now + timedelta(minutes=going.arrival.minutes) if going.arrival else None


def went_in_unsafe(db: Session, row: Dispatch) -> bool:
    """Whether this crew has gone in though the scene is not safe, without having waited nearby first."""
    return row.incident.scene_safety == "unsafe" and "staging" not in steps.told(db, row)


def passed(row: Dispatch, action: str) -> bool:
    """Whether this step lies behind the job: a crew in a hurry, or one without a signal, tells of it afterwards."""
    reached = REACHED.get(action)
    if reached is None or row.state not in ON_THE_WAY or (row.state, action) in DISPATCH:
        return False
    return ON_THE_WAY.index(reached) < ON_THE_WAY.index(row.state)


def _told_late(
    db: Session, row: Dispatch, action: str, actor: str, now: datetime, way: str, said_at: datetime | None
) -> Dispatch:
    if action not in steps.told(db, row):
        steps.note(db, row, action, actor=actor, now=now, way=way, said_at=said_at)
        history.record(
            db, "told_late", actor=actor, now=now, contact_id=row.incident.contact_id, incident_id=row.incident_id,
            dispatch_id=row.id, action=action,
        )  # fmt: skip
    return row


def already(row: Dispatch, action: str) -> bool:
    """Whether this crew has said this already, so that a repeated text is confirmed and changes nothing."""
    return any(target == row.state for (_, does), target in DISPATCH.items() if does == action)


def _due(db: Session, row: Dispatch, numbers: rules.Rules, now: datetime) -> datetime | None:
    welfare_s = numbers.welfare_s // 2 if duties.is_lone(db, row.call_sign) else numbers.welfare_s
    waits = {"acknowledged": numbers.still_alert_s, "on_scene": welfare_s, "with_person": welfare_s}
    wait = waits.get(row.state)
    return now + timedelta(seconds=wait) if wait else None


def overdue_offers(db: Session, now: datetime) -> Sequence[Dispatch]:
    """Offers no crew answered in time."""
    over = moments.is_over(Dispatch.due_at, now, timedelta(seconds=rules.current(db).rules.acknowledge_s))
    return db.scalars(select(Dispatch).where(Dispatch.state == "offered", over)).all()


def no_reply(db: Session, row: Dispatch, *, now: datetime) -> None:
    """The crew did not answer in time, or could not: it is told so, and the next unit is asked."""
    if row.state != "offered":
        return
    row.state = move(DISPATCH, row.state, "no_reply")
    row.state_since = row.closed_at = now
    row.due_at = None
    history.record(
        db, "no_reply", actor="clock", now=now, contact_id=row.incident.contact_id, incident_id=row.incident_id,
        dispatch_id=row.id, call_sign=row.call_sign,
    )  # fmt: skip
    steps.note(db, row, "no_reply", actor="clock", now=now, way="clock")
    text_crew(db, row, db.get_one(Unit, row.call_sign), crew.gone(row.tag), now=now)
    if following := offer_next(db, row.incident, actor="clock", now=now):
        what = f"{row.call_sign} did not answer, {following.call_sign} is asked: see that a crew goes"
        person_must_know(db, row.incident, what, now)


def text_failed(db: Session, dispatch_id: str, *, offer: bool, now: datetime, trouble: str | None = None) -> None:
    """A text to a crew did not arrive. An offer nobody can see is over at once; of anything else a person is told, who
    must reach the crew another way. A phone that stopped our texts is put on the list, and rung about the offer instead
    (`crew_calls.unanswered`): what blocks a text blocks no call.
    """
    row = get(db, dispatch_id)
    if trouble == "opted_out":
        opt_outs.by_unit(db, db.get_one(Unit, row.call_sign), texts_from(db), opt_outs.CARRIER, now=now)
    if offer and row.state == "offered":
        row.note = "The offer did not reach their phone"
        if trouble != "opted_out" or row.crew_rung_at is not None:
            no_reply(db, row, now=now)
    else:
        _tell_them_otherwise(db, row, now)


def _tell_them_otherwise(db: Session, row: Dispatch, now: datetime) -> None:
    if row.acknowledged_at and row.state in (*UNDER_WAY, "stood_down"):
        person_must_decide(db, row, f"A text to {row.call_sign} did not arrive: tell the crew", now)


def texts_from(db: Session) -> str:
    """The number of ours that crews are texted from."""
    return ringing.service_number(db, "crew")


def withdraw(db: Session, row: Dispatch, *, actor: str, now: datetime) -> None:
    """Stand one unit down and tell its crew."""
    row.state = move(DISPATCH, row.state, "stand_down", what=f"Job {row.tag}")
    row.state_since = row.closed_at = now
    numbers = rules.current(db).rules
    row.due_at = now + timedelta(seconds=numbers.acknowledge_s) if row.acknowledged_at else None
    steps.note(db, row, "stand_down", actor=actor, now=now)
    history.record(
        db, "stood_down", actor=actor, now=now, contact_id=row.incident.contact_id, incident_id=row.incident_id,
        dispatch_id=row.id, call_sign=row.call_sign,
    )  # fmt: skip
    _release(db, row, now)
    words = crew.stood_down(row.tag, confirm=row.acknowledged_at is not None)
    text_crew(db, row, db.get_one(Unit, row.call_sign), words, now=now)


def text_crew(db: Session, row: Dispatch, unit: Unit, body: str, *, now: datetime) -> Message:
    """Leave a text to this unit's phone, about this dispatch, to be sent by the dispatch workers.

    A phone that stopped our texts would get none: it is kept as not sent, and a person tells the crew. About an offer
    it is rung instead.
    """
    line = texts_from(db)
    stopped = unit.call_sign in opt_outs.units_stopped(db, line)
    message = Message(
        contact_id=None, dispatch_id=row.id, direction="out", number=unit.phone, body=body, staff_id=None,
        line=line, state="failed" if stopped else "waiting", trouble="opted_out" if stopped else None,
        carrier_id=None, made_at=now,
    )  # fmt: skip
    db.add(message)
    db.flush()
    if stopped:
        _tell_them_otherwise(db, row, now)
    else:
        outbox.add(db, "send_text", queue="dispatch", now=now, message_id=message.id)
    return message


def details(row: Dispatch) -> str:
    """What a crew that has accepted is told: where, and what for."""
    return crew.accepted(job(row))


def job(row: Dispatch) -> crew.Job:
    incident = row.incident
    return crew.Job(
        tag=row.tag, call_sign=row.call_sign, address=incident.address, postcode=incident.postcode,
        scene_safety=incident.scene_safety, concern=incident.concern, call_back=_whom_to_ring(incident.call_back),
        needed_by=incident.needed_by, hazards=incident.hazards, adjustments=tuple(incident.adjustments or ()),
        police=incident.police_test is not None, position=incident.position,
        grid=places.grid_of(incident.position), who_is_there=incident.who_is_there,
        lone=duties.is_lone(object_session(row), row.call_sign),
    )  # fmt: skip


def _whom_to_ring(call_back: str | None) -> str | None:
    """Who the crew may ring. A number the line rings for it is kept from its telephone (decision 0026)."""
    whom = destinations.without_numbers(call_back)
    return f"{whom} through the crew line, key *".strip() if call_back and whom != call_back.strip() else call_back


def _advance(incident: Incident, action: str, now: datetime) -> None:
    incident.state = move(INCIDENT, incident.state, action, what="This incident")
    incident.state_since = now


def _commit(db: Session, row: Dispatch, now: datetime) -> None:
    unit = db.get_one(Unit, row.call_sign)
    unit.state, unit.reason, unit.since = "committed", None, now


def _release(db: Session, row: Dispatch, now: datetime) -> None:
    unit = db.get_one(Unit, row.call_sign)
    if unit.state == "committed":
        unit.state, unit.since = "available", now
        if duties.ended_during(db, unit.call_sign, row.offered_at):
            units.put(db, unit, "off_duty", None, actor="clock", now=now)


def person_must_decide(
    db: Session, row: Dispatch, what: str, now: datetime, kind: str = "welfare_check", *, graver: bool = False
) -> None:
    """Ring people on duty about this job until one of them has it. While they are rung already, the words stay, unless
    these are `graver`: a call for help is not hidden behind a text that did not arrive, nor the other way round.
    """
    _ring_about(db, row.incident, kind, what, now, anew=graver)


def person_must_know(db: Session, incident: Incident, what: str, now: datetime) -> None:
    """No crew has this incident (yet): people on duty are rung until one of them, or a crew, has it. Said anew, it is
    the same ringing with the newest words.
    """
    _ring_about(db, incident, "no_unit", what, now, anew=True)


def _ring_about(db: Session, incident: Incident, kind: str, what: str, now: datetime, *, anew: bool) -> None:
    contact = db.get_one(Contact, incident.contact_id)
    ringing_already = select(Promise.id).where(
        Promise.incident_id == incident.id, Promise.kind == kind, Promise.settled_at.is_(None),
        Promise.owner_id.is_(None),
    )  # fmt: skip
    was = db.scalar(ringing_already)
    owed = promises.owe(db, kind, what, contact, due_at=now, now=now, incident_id=incident.id)
    owed.what = what if anew else owed.what
    if was is None:
        outbox.add(db, "ring_person", queue="dispatch", now=now, promise_id=owed.id)


def unsent_offers(db: Session, now: datetime) -> Sequence[Dispatch]:
    """Offers that the carrier has not taken in time (`unsent_s`), and about which nobody is being rung yet."""
    in_time = timedelta(seconds=rules.current(db).rules.unsent_s)
    unsent = select(Message.id).where(Message.dispatch_id == Dispatch.id, Message.state.in_(("waiting", "sending")))
    known = select(Promise.id).where(
        Promise.incident_id == Dispatch.incident_id, Promise.kind == "no_unit", Promise.settled_at.is_(None)
    )
    late = moments.is_over(Dispatch.offered_at, now - in_time, in_time)
    return db.scalars(
        select(Dispatch).where(Dispatch.state == "offered", late, unsent.exists(), ~known.exists())
    ).all()  # fmt: skip


def not_sent(db: Session, row: Dispatch, *, now: datetime) -> None:
    """The offer has not gone out: a person rings the crew. The deadline of the offer runs on."""
    if row.state == "offered":
        person_must_know(db, row.incident, f"The offer to {row.call_sign} has not gone out: ring the crew", now)


def under_way(row: Dispatch) -> bool:
    """A crew has it."""
    return row.state in UNDER_WAY

"""The board: incidents, units, dispatches, and what is owed."""

from msgspec import UNSET
from sqlalchemy.orm import Session

from triage import (
    choosing,
    dispatch,
    duties,
    incidents,
    ladder,
    promises,
    revisions,
    ringing_back,
    shift_change,
    units,
    visits,
    walls,
)
from triage.contacts import NotFound
from triage.desk import board_data
from triage.desk.api.answers import (
    DispatchAnswer,
    DutyAnswer,
    IncidentAnswer,
    PromiseAnswer,
    ProposalAnswer,
    UnitAnswer,
)
from triage.desk.api.bodies import (
    ActionBody,
    AttemptBody,
    BeginBody,
    ChangeBody,
    CloseBody,
    DecideBody,
    DutyBody,
    EndBody,
    SendBody,
    SettleBody,
    StandDownBody,
    UnitBody,
    VisitBody,
)
from triage.desk.api.contact_calls import call_back_number
from triage.desk.api.door import CONTROL, DESK, NURSES, SUPERVISORS, Ask, call
from triage.desk.api.problems import Refused, invalid
from triage.desk.context import desk
from triage.lifecycles import CREW_ACTIONS, INCIDENT
from triage.models import Incident
from triage.walls import Walls


@call("GET", "/incidents", DESK, answers={200: list[IncidentAnswer]})
def board(ask: Ask) -> list[IncidentAnswer]:
    """Open incidents, and those no unit was free for, needed soonest first; then what ended in the last 12 hours.

    Only those within my reach: of my localities, of those that overflow to mine, or that I asked for.
    """
    with desk().database.reading() as db:
        mine = Walls(db, ask.staff, ask.now)
        rows = [row for row in incidents.on_board(db, ask.now) if mine.incident(row)]
        return [IncidentAnswer.of(db, row, whole=False) for row in rows]


@call("GET", "/incidents/<incident_id>", DESK, answers={200: IncidentAnswer}, problems=(404,))
def read_incident(ask: Ask, incident_id: str) -> IncidentAnswer:
    """One incident, with every unit it was offered to and what each did. Reading it is written down."""
    board_data.ask_roads(desk().database, ask.now, incident_id)
    with desk().database.reading() as db:
        found = walls.seen_incident(db, incident_id, ask.staff, now=ask.now)
        answer = IncidentAnswer.of(db, found)
        answer.proposed = _proposed(db, found, ask)
        new = walls.is_new_reading(db, found, ask.staff, now=ask.now)
    if new:
        with desk().database.transaction() as db:
            walls.note_reading(db, found, ask.staff, now=ask.now)
    return answer


def _proposed(db: Session, incident: Incident, ask: Ask) -> list[ProposalAnswer]:
    if (incident.state, "offer") not in INCIDENT:
        return []
    mine = Walls(db, ask.staff, ask.now)
    return [
        ProposalAnswer(
            one.unit.call_sign, one.arrival.minutes if one.arrival else None,
            one.arrival is not None and one.arrival.estimated,
        )
        for one in choosing.available(db, incident, ask.now) if mine.unit_seen(one.unit)
    ]  # fmt: skip


@call(
    "POST", "/incidents/<incident_id>/dispatches", CONTROL, body=SendBody,
    answers={201: DispatchAnswer, 200: DispatchAnswer}, problems=(404, 409),
)  # fmt: skip
def send_unit(ask: Ask, incident_id: str) -> tuple[int, DispatchAnswer]:
    """Offer the incident to this unit: 201. An offer to another unit that nobody accepted yet is withdrawn.

    The unit that has it already: 200, with that dispatch.
    """
    with desk().database.transaction() as db:
        incident = walls.incident(db, incident_id, ask.staff, now=ask.now)
        before = dispatch.open_of(db, incident)
        try:
            walls.car_to_send(db, ask.body.call_sign, ask.staff, now=ask.now)
        except NotFound as unknown:
            raise invalid("call_sign", str(unknown)) from None
        sent = dispatch.send(
            db, incident, ask.body.call_sign, actor=ask.staff.id, now=ask.now, called_out=ask.body.called_out
        )
        return 200 if before is not None and before.id == sent.id else 201, DispatchAnswer.of(sent)


@call(
    "POST", "/incidents/<incident_id>/stand-down", DESK, body=StandDownBody, answers={200: IncidentAnswer},
    problems=(404, 409),
)  # fmt: skip
def stand_down(ask: Ask, incident_id: str) -> IncidentAnswer:
    """The car is not needed: the crew is told. A nurse may do this for what she asked for; a dispatcher for any."""
    with desk().database.transaction() as db:
        incident = _to_end(db, incident_id, ask)
        return IncidentAnswer.of(db, incidents.stand_down(db, incident, ask.body.reason, ask.staff, now=ask.now))


@call("PATCH", "/incidents/<incident_id>", DESK, body=ChangeBody, answers={200: IncidentAnswer}, problems=(404, 409))
def change_incident(ask: Ask, incident_id: str) -> IncidentAnswer:
    """Change what the crew must know. A crew that has the job is texted what is different, and confirms that it read it
    (`revision`, and each dispatch's `revision_read`). The same again changes nothing.
    """
    wanted = {
        name: getattr(ask.body, name) for name in ask.body.__struct_fields__ if getattr(ask.body, name) is not UNSET
    }
    if wanted.get("call_back"):
        wanted["call_back"] = call_back_number(wanted["call_back"])
    with desk().database.transaction() as db:
        incident = walls.incident(db, incident_id, ask.staff, now=ask.now)
        return IncidentAnswer.of(db, revisions.change(db, incident, ask.staff, wanted, now=ask.now))


@call("POST", "/incidents/<incident_id>/visit", DESK, body=VisitBody, answers={200: IncidentAnswer}, problems=(404,))
def say_what_came_of_it(ask: Ask, incident_id: str) -> IncidentAnswer:
    """What came of the visit, as the crew says. Said anew it replaces what was said."""
    with desk().database.transaction() as db:
        incident = walls.incident(db, incident_id, ask.staff, now=ask.now)
        try:
            visits.record(db, incident, ask.body.visit, ask.body.words, actor=ask.staff.id, now=ask.now)
        except visits.BadVisit as no:
            raise invalid("visit", str(no)) from None
        return IncidentAnswer.of(db, incident)


@call(
    "POST", "/incidents/<incident_id>/escalate", DESK, body=StandDownBody, answers={200: IncidentAnswer},
    problems=(404, 409),
)  # fmt: skip
def escalate(ask: Ask, incident_id: str) -> IncidentAnswer:
    """999 has it now, and why. A crew that was going is stood down. Who may: as for a stand-down."""
    with desk().database.transaction() as db:
        incident = _to_end(db, incident_id, ask)
        return IncidentAnswer.of(db, incidents.escalate(db, incident, ask.body.reason, ask.staff, now=ask.now))


@call("GET", "/units", DESK, answers={200: list[UnitAnswer]})
def all_units(ask: Ask) -> list[UnitAnswer]:
    """Units within my reach, or that my localities may borrow: where each stands, and the job it has."""
    with desk().database.reading() as db:
        mine = Walls(db, ask.staff, ask.now)
        return [UnitAnswer.of(db, row, mine) for row in units.all_of_them(db) if mine.unit_seen(row)]


@call("PUT", "/units/<call_sign>", CONTROL, body=UnitBody, answers={200: UnitAnswer}, problems=(404, 409))
def put_unit(ask: Ask, call_sign: str) -> UnitAnswer:
    """Set a unit available, not ready (with a reason) or off duty."""
    with desk().database.transaction() as db:
        unit = walls.unit(db, call_sign, ask.staff, now=ask.now)
        units.put(db, unit, ask.body.state, ask.body.reason, actor=ask.staff.id, now=ask.now)
        return UnitAnswer.of(db, unit, Walls(db, ask.staff, ask.now))


@call("GET", "/units/<call_sign>/duties", CONTROL, answers={200: list[DutyAnswer]}, problems=(404,))
def duties_of(ask: Ask, call_sign: str) -> list[DutyAnswer]:
    """The duties of this unit that are planned or running, and those that ended in the last day, by their start."""
    with desk().database.reading() as db:
        unit = units.get(db, call_sign)
        if not Walls(db, ask.staff, ask.now).unit(unit):
            raise walls.Walled
        return [DutyAnswer.of(row) for row in duties.of_unit(db, unit.call_sign, ask.now)]


@call(
    "POST", "/units/<call_sign>/duties", CONTROL, body=DutyBody, answers={201: DutyAnswer}, problems=(404, 409)
)  # fmt: skip
def plan_duty(ask: Ask, call_sign: str) -> tuple[int, DutyAnswer]:
    """Plan a duty of this unit. Two that overlap are refused; the same again is the one that is planned."""
    body = ask.body
    with desk().database.transaction() as db:
        unit = walls.unit(db, call_sign, ask.staff, now=ask.now)
        row = duties.plan(db, unit, body.starts_at, body.ends_at, body.crew, actor=ask.staff.id, now=ask.now)
        return 201, DutyAnswer.of(row)


@call(
    "POST", "/units/<call_sign>/duties/<duty_id>/begin", CONTROL, body=BeginBody, answers={200: DutyAnswer},
    problems=(404, 409),
)  # fmt: skip
def begin_duty(ask: Ask, call_sign: str, duty_id: str) -> DutyAnswer:
    """The crew is on board: the unit is available. Begun twice is begun once."""
    with desk().database.transaction() as db:
        unit = walls.unit(db, call_sign, ask.staff, now=ask.now)
        row = duties.get(db, unit.call_sign, duty_id)
        return DutyAnswer.of(
            shift_change.begin(db, unit, row, crew=ask.body.crew, actor=ask.staff.id, now=ask.now)
        )  # fmt: skip


@call(
    "POST", "/units/<call_sign>/duties/<duty_id>/end", CONTROL, body=EndBody, answers={200: DutyAnswer},
    problems=(404, 409),
)  # fmt: skip
def end_duty(ask: Ask, call_sign: str, duty_id: str) -> DutyAnswer:
    """The duty is over. While the unit has accepted a job, `open_job` says what becomes of it."""
    with desk().database.transaction() as db:
        unit = walls.unit(db, call_sign, ask.staff, now=ask.now)
        row = duties.get(db, unit.call_sign, duty_id)
        ended = shift_change.end(
            db, unit, row, actor=ask.staff.id, now=ask.now, hand_over=ask.body.hand_over, open_job=ask.body.open_job
        )
        return DutyAnswer.of(ended)


@call(
    "POST",
    "/dispatches/<dispatch_id>/actions",
    CONTROL,
    body=ActionBody,
    answers={200: DispatchAnswer},
    problems=(404, 409),
)
def crew_did(ask: Ask, dispatch_id: str) -> DispatchAnswer:
    """Note what a crew did, as the crew would by text. Saying it again is harmless."""
    with desk().database.transaction() as db:
        row = walls.dispatched(db, dispatch_id, ask.staff, now=ask.now)
        if ask.body.action not in CREW_ACTIONS:
            raise invalid("action", f"Choose one of: {', '.join(CREW_ACTIONS)}.")
        return DispatchAnswer.of(
            dispatch.act(db, row, ask.body.action, actor=ask.staff.id, now=ask.now, note=ask.body.note)
        )


@call("GET", "/promises", DESK, answers={200: list[PromiseAnswer]})
def what_is_owed(ask: Ask) -> list[PromiseAnswer]:
    """Call-backs, hand-overs, welfare checks and decisions owed within my reach, soonest first."""
    with desk().database.reading() as db:
        mine = Walls(db, ask.staff, ask.now)
        return [PromiseAnswer.of(db, row) for row in promises.owed(db, ask.now) if mine.promise(row)]


@call(
    "POST", "/promises/<promise_id>/attempts", DESK, body=AttemptBody, answers={201: PromiseAnswer}, problems=(404, 409)
)
def note_attempt(ask: Ask, promise_id: str) -> tuple[int, PromiseAnswer]:
    """Note one attempt to keep a promise. Whoever tries first owns it."""
    with desk().database.transaction() as db:
        promise = walls.promise(db, promise_id, ask.staff, now=ask.now)
        promises.attempt(db, promise, _said("result", ask.body.result), ask.staff, now=ask.now)
        ladder.tried(db, promise, now=ask.now)
        return 201, PromiseAnswer.of(db, promise)


@call("POST", "/promises/<promise_id>/settle", DESK, body=SettleBody, answers={200: PromiseAnswer}, problems=(404, 409))
def settle_promise(ask: Ask, promise_id: str) -> PromiseAnswer:
    """Say how a promise was kept: spoken with, or no longer needed. A call-back that reached nobody is decided by a
    nurse and closed by a supervisor instead.
    """
    with desk().database.transaction() as db:
        promise = walls.promise(db, promise_id, ask.staff, now=ask.now)
        promises.settle(db, promise, _said("how", ask.body.how), ask.staff, now=ask.now)
        return PromiseAnswer.of(db, promise)


@call("POST", "/promises/<promise_id>/call", NURSES, answers={200: PromiseAnswer}, problems=(404, 409))
def call_person_back(ask: Ask, promise_id: str) -> PromiseAnswer:
    """Ring me now, and then the person who is owed a call, at the place they had. The attempt notes itself."""
    with desk().database.transaction() as db:
        promise = walls.promise(db, promise_id, ask.staff, now=ask.now)
        ringing_back.begin(db, promise, ask.staff, desk().standing().service.rules, now=ask.now)
        return PromiseAnswer.of(db, promise)


@call(
    "POST", "/promises/<promise_id>/decision", NURSES, body=DecideBody, answers={200: PromiseAnswer},
    problems=(404, 409),
)  # fmt: skip
def decide_promise(ask: Ask, promise_id: str) -> PromiseAnswer:
    """What happens for somebody who was rung at once, after 5 and after 15 minutes, or cannot be rung; and why."""
    with desk().database.transaction() as db:
        promise = walls.promise(db, promise_id, ask.staff, now=ask.now)
        body = ask.body
        ladder.decide(db, promise, body.decision, body.words, ask.staff, now=ask.now, legal_test=body.legal_test)
        return PromiseAnswer.of(db, promise)


@call(
    "POST", "/promises/<promise_id>/close", SUPERVISORS, body=CloseBody, answers={200: PromiseAnswer},
    problems=(404, 409),
)  # fmt: skip
def close_promise(ask: Ask, promise_id: str) -> PromiseAnswer:
    """A supervisor closes what a nurse has decided. Nothing else ends a call-back that did not reach anybody."""
    with desk().database.transaction() as db:
        promise = walls.promise(db, promise_id, ask.staff, now=ask.now)
        return PromiseAnswer.of(db, ladder.close(db, promise, ask.body.reason, ask.staff, now=ask.now))


def _to_end(db: Session, incident_id: str, ask: Ask) -> Incident:
    """The incident, to be ended: a nurse ends what she asked for, a dispatcher any."""
    incident = walls.incident(db, incident_id, ask.staff, now=ask.now)
    if not CONTROL & set(ask.staff.roles) and incident.requested_by != ask.staff.id:
        raise Refused(403, "Another nurse asked for this car. Ask her, or a dispatcher, to end it.")
    return incident


def _said(field: str, words: str) -> str:
    if not words.strip():
        raise invalid(field, "Say it in words: whoever reads the record needs them.")
    return words.strip()

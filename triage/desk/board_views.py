"""The dispatch board: who needs a car, which car goes, and what its crew said."""

from typing import Any, Final

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from triage import dispatch, duties, incidents, outline, revisions, rules, units, visits, walls
from triage.contacts import NotFound
from triage.desk import access, answers, board_data, headers, words
from triage.desk.access import me
from triage.desk.answers import Overtaken
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.lifecycles import CREW_ACTIONS
from triage.models import Incident

BOARD: Final = "pages.board"
CHANGES: Final = ("address", "postcode", "position", "scene_safety", "who_is_there", "hazards", "concern")
NOT_READY: Final = ("Crew break", "Refuelling", "Cleaning", "Crew not complete", "Vehicle fault")


@pages.get("/board")
def board() -> ResponseReturnValue:
    """The whole board. Its live parts are read again each second from `/board/live`."""
    board_data.ask_roads(desk().database, desk().clock())
    with desk().database.reading() as db:
        return render_template("board.jinja", **_everything(db))


@pages.get("/board/live")
def board_live() -> ResponseReturnValue:
    """The live parts, or 304."""
    with desk().database.reading() as db:
        if same := answers.not_modified(_tag(db)):
            return same
    board_data.ask_roads(desk().database, desk().clock())
    with desk().database.reading() as db:
        tag = _tag(db)
        return answers.fresh(render_template("board_live.jinja", **_everything(db)), tag)


@pages.get("/board/map")
def board_map() -> ResponseReturnValue:
    """The outlines of the board's map, as GeoJSON, or 304. They name no incident and no person."""
    with desk().database.reading() as db:
        tag = rules.current(db).outline or "none"
        headers.may_be_kept()
        if same := answers.not_modified(tag):
            return same
        found = rules.outline(db) or outline.NOTHING
    answer = answers.fresh(outline.as_sent(found), tag)
    answer.content_type = "application/geo+json"
    return answer


def _tag(db: Session) -> str:
    """The version of the live parts. That a duty is over comes by the clock, not by history."""
    return answers.tag(db, duties.how_many_over(db, desk().clock()))


def _everything(db: Session) -> dict[str, Any]:
    return {
        **board_data.panels(db, me(), desk().clock()),
        "called_out_first": board_data.called_out_first,
        "not_ready": NOT_READY,
    }


def _as_seen(incident: Incident) -> None:
    """Two people may have the board open: what one decides on a picture that the other changed is asked again.

    Raises Overtaken.
    """
    running = board_data.running_of(incident)
    if request.form.get("seen", "") in ("", board_data.seen(incident, running)):
        return
    now_is = words.INCIDENT[incident.state].lower()
    who = f"{running.call_sign} {words.DISPATCH[running.state].lower()}" if running else "no unit has it"
    raise Overtaken(
        f"Not done: somebody changed this while you looked. It is now: {now_is}, {who}. Look again, then press again."
    )


@pages.post("/board/incidents/<incident_id>/send")
def send_unit(incident_id: str) -> ResponseReturnValue:
    """Send this unit: its crew is texted. One that was only offered it is told it is no longer theirs."""
    call_sign = request.form.get("call_sign", "")
    now = desk().clock()
    with desk().database.transaction() as db:
        incident = walls.incident(db, incident_id, me(), now=now)
        walls.car_to_send(db, call_sign, me(), now=now)
        running = board_data.running_of(incident)
        if running is None or running.call_sign != call_sign:
            _as_seen(incident)
        why = request.form.get("called_out", "")[:200] or None
        dispatch.send(db, incident, call_sign, actor=me().id, now=now, called_out=why)
    return answers.done(f"{call_sign} is asked to go.", BOARD)


@pages.post("/incidents/<incident_id>/change")
def change_incident(incident_id: str) -> ResponseReturnValue:
    """Change what the crew must know. What is left empty stays as it is."""
    wanted = {name: value for name in CHANGES if (value := request.form.get(name, "").strip()[:2000])}
    now = desk().clock()
    with desk().database.transaction() as db:
        incident = walls.incident(db, incident_id, me(), now=now)
        before = incident.revision
        try:
            told = revisions.change(db, incident, me(), wanted, now=now).revision > before
        except incidents.BadIncident as no:
            return answers.refused(str(no), access.first_page(me()))
    said = "Changed. Watch here until the crew has confirmed it." if told else "Nothing is different."
    return answers.done(said, access.first_page(me()))


@pages.post("/incidents/<incident_id>/escalate")
def escalate(incident_id: str) -> ResponseReturnValue:
    """999 has it now, and why. A crew that was going is stood down."""
    now = desk().clock()
    with desk().database.transaction() as db:
        incident = walls.incident(db, incident_id, me(), now=now)
        if incident.closed_at is None:
            _as_seen(incident)
        incidents.escalate(db, incident, request.form.get("reason", "")[:1000], me(), now=now)
    return answers.done("Passed to 999.", BOARD)


@pages.post("/incidents/<incident_id>/visit")
def say_visit(incident_id: str) -> ResponseReturnValue:
    """What came of the visit, as the crew said."""
    now = desk().clock()
    try:
        with desk().database.transaction() as db:
            incident = walls.incident(db, incident_id, me(), now=now)
            words_of_crew = request.form.get("words", "")[:2000]
            visits.record(db, incident, request.form.get("visit", ""), words_of_crew, actor=me().id, now=now)
    except visits.BadVisit as no:
        return answers.refused(str(no), BOARD)
    return answers.done("Recorded what came of it.", BOARD)


@pages.post("/board/incidents/<incident_id>/stand-down")
def stand_down(incident_id: str) -> ResponseReturnValue:
    """The car is not needed, and why. The crew is told."""
    reason = request.form.get("reason", "")[:1000]
    with desk().database.transaction() as db:
        now = desk().clock()
        incident = walls.incident(db, incident_id, me(), now=now)
        if incident.closed_at is None:
            _as_seen(incident)
        incidents.stand_down(db, incident, reason, me(), now=now)
    return answers.done("Stood down.", BOARD)


@pages.post("/board/dispatches/<dispatch_id>/actions")
def crew_did(dispatch_id: str) -> ResponseReturnValue:
    """What a crew said by radio or telephone. Only what its life cycle allows."""
    action = request.form.get("action", "")
    if action not in CREW_ACTIONS:
        raise NotFound("No crew does that.")
    with desk().database.transaction() as db:
        now = desk().clock()
        row = dispatch.act(db, walls.dispatched(db, dispatch_id, me(), now=now), action, actor=me().id, now=now)
    return answers.done(f"{row.call_sign}: {words.DISPATCH[row.state].lower()}.", BOARD)


@pages.post("/board/units/<call_sign>")
def set_unit(call_sign: str) -> ResponseReturnValue:
    """Set a unit available, not ready with a reason, or off duty."""
    state, reason = request.form.get("state", ""), request.form.get("reason", "").strip()[:200] or None
    with desk().database.transaction() as db:
        now = desk().clock()
        unit = units.put(db, walls.unit(db, call_sign, me(), now=now), state, reason, actor=me().id, now=now)
    return answers.done(f"{call_sign} is {words.UNIT[unit.state].lower()}.", BOARD)

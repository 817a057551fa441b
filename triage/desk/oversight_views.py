"""For those who watch over the work: what a second person must know, who saw what, and figures that show nobody."""

import csv
import io
from datetime import datetime

import structlog
from flask import Response, g, render_template, request
from flask.typing import ResponseReturnValue
from jinja2 import Environment
from sqlalchemy.exc import SQLAlchemyError

from triage import accounts, alarms, car_figures, floods, notices, reading_trail, walls
from triage import figures as numbers
from triage.desk import access, answers, desk_data, words
from triage.desk.access import me
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.models import Contact, Staff

log = structlog.get_logger(__name__)


def told() -> dict[str, object]:
    """What waits for the person signed in to know, and the names in it. Never a reason for a page to fail."""
    nothing: dict[str, object] = {"notices": [], "names": {}, "alarms": [], "floods": []}
    staff: Staff | None = g.get("staff")
    if staff is None or not access.EVERYBODY & set(staff.roles):
        return nothing
    try:
        with desk().database.reading() as db:
            waiting = notices.open_for(db, staff)
            wrong = alarms.in_sight(db)
            names = desk_data.owners(db) if waiting or wrong else {}
            unlooked = floods.in_short(db) if access.may("pages.floods") else []
            return {"notices": waiting, "names": names, "alarms": wrong, "floods": unlooked}
    except SQLAlchemyError as error:
        log.warning("notices_not_read", error=type(error).__name__)
        return nothing


@pages.post("/alarms/<alarm_id>/acknowledge")
def acknowledge_alarm(alarm_id: str) -> ResponseReturnValue:
    """Somebody has seen what is wrong: nobody else is rung about it."""
    with desk().database.transaction() as db:
        alarms.seen(db, alarm_id, me(), now=desk().clock())
    return answers.done("Noted that you have seen it.", access.first_page(me()))


@pages.post("/notices/<notice_id>/acknowledge")
def acknowledge_notice(notice_id: str) -> ResponseReturnValue:
    """A second person has read it. Never whoever it is about."""
    with desk().database.transaction() as db:
        notices.acknowledge(db, notice_id, me(), now=desk().clock())
    return answers.done("Noted that you have read it.", access.first_page(me()))


@pages.get("/who-saw-what")
def who_saw_what() -> ResponseReturnValue:
    """What one person opened, was shown, or broke the glass for, since a time."""
    now = desk().clock()
    since = reading_trail.looked_back(_since(request.args.get("since", "")), now)
    with desk().database.reading() as db:
        people = accounts.everybody(db)
        person = next((one for one in people if one.id == request.args.get("staff", "")), None)
        rows = reading_trail.of_person(db, person.id, since, now=now) if person else []
        reach = walls.Walls(db, me(), now)
        found = {row.contact_id: db.get(Contact, row.contact_id) for row in rows if row.contact_id}
        return render_template(
            "who_saw_what.jinja", people=people, person=person, since=words.field_time(since), rows=rows,
            contacts=found, within=lambda contact: contact is not None and reach.contact(contact),
        )  # fmt: skip


def _since(given: str) -> datetime | None:
    """A time as a form's field says it."""
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        return None
    return at.replace(tzinfo=words.HERE) if at.tzinfo is None else at


@pages.get("/figures")
def figures() -> ResponseReturnValue:
    """Counts of one month that is over, by what was decided, by place and by day. Small counts are not shown."""
    now = desk().clock()
    wrong = None
    try:
        month = numbers.month_of(request.args.get("month"), now)
    except numbers.BadMonth as no:
        wrong, month = str(no), numbers.month_of(None, now)
    with desk().database.reading() as db:
        page = render_template("figures.jinja", figures=numbers.read(db, me(), month), wrong=wrong)
    return page, 422 if wrong else 200


@pages.get("/figures/cars")
def figures_of_cars() -> ResponseReturnValue:
    """A month of the response car, also the one that runs: jobs, how long each part took, what came of the visits."""
    found, wrong = _of_cars()
    page = render_template("car_figures.jinja", figures=found, intervals=car_figures.INTERVALS, wrong=wrong)
    return page, 422 if wrong else 200


@pages.get("/figures/cars.csv")
def car_figures_file() -> ResponseReturnValue:
    """The same as a spreadsheet, as `nowrongdoor report cars --csv` writes it."""
    found, wrong = _of_cars()
    if wrong:
        return answers.refused(wrong, "pages.figures_of_cars")
    out = io.StringIO()
    csv.writer(out).writerows(car_figures.lines(found))
    named = f'attachment; filename="response-car-{found.month}.csv"'
    return Response(out.getvalue(), mimetype="text/csv", headers={"Content-Disposition": named})


def _of_cars() -> tuple[car_figures.CarFigures, str | None]:
    """Of the places this person's entry in the service file names, or of all; and why it is not the month asked for."""
    now = desk().clock()
    asked, wrong = request.args.get("month"), None
    try:
        month = numbers.written_month(asked) if asked else numbers.this_month(now)
    except numbers.BadMonth as no:
        wrong, month = str(no), numbers.this_month(now)
    with desk().database.reading() as db:
        return car_figures.read(db, month, now=now, localities=me().localities), wrong


def add_to(env: Environment) -> None:
    env.globals.update(told=told)

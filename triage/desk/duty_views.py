"""Duty times on a page of their own: planned, begun and ended by a person at the board."""

import re
from typing import Final

from flask import render_template, request
from flask.typing import ResponseReturnValue

from triage import dispatch, duties, shift_change, units, walls
from triage.desk import answers
from triage.desk.access import me
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.lifecycles import UNDER_WAY

PAGE: Final = "pages.duty_times"


@pages.get("/board/duties")
def duty_times() -> ResponseReturnValue:
    """Each car within reach, its duties, and the form to plan another."""
    now = desk().clock()
    with desk().database.reading() as db:
        mine = walls.Walls(db, me(), now)
        cars = [car for car in units.all_of_them(db) if mine.unit(car)]
        return render_template(
            "duties.jinja",
            cars=cars,
            duties_of={car.call_sign: duties.of_unit(db, car.call_sign, now) for car in cars},
            job_of={
                car.call_sign: next(
                    (row for row in dispatch.open_of_unit(db, car.call_sign) if row.state in UNDER_WAY), None
                )
                for car in cars
            },
            now=now,
        )


@pages.post("/board/units/<call_sign>/duties")
def plan_duty(call_sign: str) -> ResponseReturnValue:
    """Plan a duty. Times are as clocks here show them."""
    sent, now = request.form, desk().clock()
    with desk().database.transaction() as db:
        unit = walls.unit(db, call_sign, me(), now=now)
        starts_at = duties.local_time(sent.get("starts_at", ""), "starts_at")
        ends_at = duties.local_time(sent.get("ends_at", ""), "ends_at")
        crew = _people(sent.get("crew", ""))
        duty = duties.plan(db, unit, starts_at, ends_at, crew, actor=me().id, now=now)
        until = duties.clock(duty.ends_at)
    return answers.done(f"{call_sign} has a duty until {until}.", PAGE)


@pages.post("/board/units/<call_sign>/duties/<duty_id>/begin")
def begin_duty(call_sign: str, duty_id: str) -> ResponseReturnValue:
    """The crew is on board."""
    now = desk().clock()
    crew = _people(request.form["crew"]) if request.form.get("crew", "").strip() else None
    with desk().database.transaction() as db:
        unit = walls.unit(db, call_sign, me(), now=now)
        duty = duties.get(db, unit.call_sign, duty_id)
        shift_change.begin(db, unit, duty, crew=crew, actor=me().id, now=now)
    return answers.done(f"{call_sign} is on duty.", PAGE)


@pages.post("/board/units/<call_sign>/duties/<duty_id>/end")
def end_duty(call_sign: str, duty_id: str) -> ResponseReturnValue:
    """The duty is over; what becomes of an open job was chosen."""
    now = desk().clock()
    with desk().database.transaction() as db:
        unit = walls.unit(db, call_sign, me(), now=now)
        duty = duties.get(db, unit.call_sign, duty_id)
        hand_over, open_job = request.form.get("hand_over", "")[:2000], request.form.get("open_job") or None
        shift_change.end(db, unit, duty, hand_over=hand_over, open_job=open_job, actor=me().id, now=now)
    return answers.done(f"The duty of {call_sign} is ended.", PAGE)


def _people(typed: str) -> list[str]:
    """`"Sam, Priya and Jo"` -> three names."""
    return re.split(r",|\band\b|\n", typed[:1000])

"""Texts to the person as the car comes: it is coming, it is near, and, if so, that it does not come after all.

Only where they agreed (`Incident.tell_person`) and may be texted at all. Each is said once a car, by
`Dispatch.person_told`; nothing is said once the car is there, and nothing late: what was not sent within NEWS_VALID_S,
or is not true any more, is dropped. That it does not come is owed a call as well: the text says so.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from callflows.wording import words
from triage import history, moments, promises, rules, steps, texts
from triage.models import Contact, Dispatch, Incident

ACCEPTED, NEAR, NOT_COMING = "accepted", "near", "not_coming"
BEFORE_IT_IS_THERE: Final = ("acknowledged", "en_route", "staging")
DOES_NOT_COME: Final = ("declined", "stood_down")
THERE: Final = ("on_scene", "with_person")
NEAR_BEFORE: Final = timedelta(minutes=5)  # time to find shoes and the door, too short to stand and wait
LOOKED_BACK: Final = timedelta(hours=1)  # for cars that do not come, after a clock that stood still
NEWS_VALID_S: Final = 180
NOT_TRUE_ANY_MORE: Final = "too late to be of use"
OWED: Final = "The car sent to them is not coming: ring them"


def due(db: Session, now: datetime) -> Sequence[Dispatch]:
    """Cars of which the person is to be told something now."""
    coming = Dispatch.state.in_(BEFORE_IT_IS_THERE) & (Dispatch.person_told.is_(None) | (Dispatch.person_told != NEAR))
    ended = (
        Dispatch.state.in_(DOES_NOT_COME) & Dispatch.person_told.in_((ACCEPTED, NEAR))
        & moments.lately(Dispatch.closed_at, now, LOOKED_BACK)
    )  # fmt: skip
    rows = db.scalars(
        select(Dispatch)
        .join(Incident, Incident.id == Dispatch.incident_id)
        .where(Incident.tell_person, coming | ended)
        .order_by(Dispatch.offered_at)
    ).all()
    return [row for row in rows if _next(db, row, now)]


def _next(db: Session, row: Dispatch, now: datetime) -> str | None:
    """What the person is to be told of this car now."""
    if not row.incident.tell_person:
        return None
    if row.state in DOES_NOT_COME:
        return NOT_COMING if row.person_told in (ACCEPTED, NEAR) and not steps.told(db, row) & {*THERE} else None
    if row.state not in BEFORE_IT_IS_THERE or not texts.may_be_texted(db, _person(db, row), asked=True):
        return None
    near = row.state == "en_route" if row.arrive_at is None else now >= row.arrive_at - NEAR_BEFORE
    if near and row.state != "acknowledged":
        return NEAR if row.person_told != NEAR else None
    return ACCEPTED if row.person_told is None else None


def tell(db: Session, row: Dispatch, *, now: datetime) -> None:
    """Text the person what is due, once. `row` is locked."""
    news = _next(db, row, now)
    if news is None:
        return
    row.person_told = news
    person = _person(db, row)
    if texts.may_be_texted(db, person, asked=True):
        sentence = "text_car_moving" if news == NEAR and row.arrive_at is None else f"text_car_{news}"
        body = words(rules.current(db).wording, sentence, person.language)
        texts.queue_text(db, person, body, actor="clock", now=now, news_of=(row.id, news))
    history.record(
        db, "person_told", actor="clock", now=now, contact_id=person.id, incident_id=row.incident_id,
        dispatch_id=row.id, told=news,
    )  # fmt: skip
    if news == NOT_COMING:
        promises.owe_call_back(db, person, OWED, now=now, they_came=False)


def still_true(db: Session, dispatch_id: str, news: str) -> bool:
    """Whether a text that waits to be sent still says what is so."""
    row = db.get(Dispatch, dispatch_id)
    return row is not None and row.person_told == news and (news == NOT_COMING or row.state in BEFORE_IT_IS_THERE)


def _person(db: Session, row: Dispatch) -> Contact:
    return db.get_one(Contact, row.incident.contact_id)

"""Walls between localities: breaking the glass, who must know, who saw what, who is one person; and figures."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy.orm import Session

from triage import accounts, alarms, figures, notices, reading_trail, same_person, walls
from triage.alarm_models import Alarm
from triage.contacts import NotFound
from triage.desk.api.answers import ContactAnswer
from triage.desk.api.bodies import BreakGlassBody, FiguresQuery, LinkBody, TelephoneBody, TrailQuery
from triage.desk.api.door import CLINICAL, DESK, EVERYBODY, FIGURES, SUPERVISORS, TOLD, Ask, call
from triage.desk.context import desk
from triage.models import Contact, Incident, Staff
from triage.reach_models import Notice


class GlassAnswer(Struct):
    """A record that is open to you until then. A second person was told."""

    contact_id: str
    open_until: datetime


class AlarmAnswer(Struct, kw_only=True):
    """Something that is wrong. `grade` is everyone, urgent (`people` are touched now) or notice."""

    id: str
    kind: str
    grade: str
    people: int | None
    words: str
    raised_at: datetime
    over_at: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None

    @classmethod
    def of(cls, db: Session, row: Alarm) -> "AlarmAnswer":
        who = db.get(Staff, row.seen_by) if row.seen_by else None
        return cls(
            id=row.id, kind=row.kind, grade=alarms.grade(row), people=row.people if row.people >= 0 else None,
            words=row.words, raised_at=row.raised_at, over_at=row.over_at, acknowledged_by=who.name if who else None,
            acknowledged_at=row.seen_at,
        )  # fmt: skip


class NoticeAnswer(Struct, kw_only=True):
    """What a second person must know: who did what, and on which contact."""

    id: str
    kind: str
    contact_id: str | None
    locality: str | None
    by: str
    made_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None

    @classmethod
    def of(cls, db: Session, row: Notice) -> "NoticeAnswer":
        who = db.get(Staff, row.acknowledged_by) if row.acknowledged_by else None
        return cls(
            id=row.id, kind=row.kind, contact_id=row.contact_id, locality=row.locality,
            by=db.get_one(Staff, row.actor).name, made_at=row.made_at, acknowledged_by=who.name if who else None,
            acknowledged_at=row.acknowledged_at,
        )  # fmt: skip


class SeenAnswer(Struct):
    """One opening of a record (`read`; `incident_read` of its car), a number `revealed`, or a `glass_broken`."""

    at: datetime
    what: str
    contact_id: str | None


class FiguresAnswer(Struct, kw_only=True):
    """Contacts of one month. A value is a count, "fewer than 5", or "not shown" where a small one would follow from it.

    `counts` is by disposition and then by locality; "" is the sum of a line.
    """

    month: str
    counts: dict[str, dict[str, str]]
    days: dict[str, str]


@call(
    "POST", "/contacts/<contact_id>/break-glass", DESK, body=BreakGlassBody,
    answers={201: GlassAnswer, 200: GlassAnswer}, problems=(404,),
)  # fmt: skip
def break_glass(ask: Ask, contact_id: str) -> tuple[int, GlassAnswer]:
    """Open a record of another locality for four hours, with a reason: 201. A second person is told at once.

    While it is open already: 200, and nobody is told again.
    """
    with desk().database.transaction() as db:
        return _break(db, contact_id, ask)


@call(
    "POST", "/incidents/<incident_id>/break-glass", DESK, body=BreakGlassBody,
    answers={201: GlassAnswer, 200: GlassAnswer}, problems=(404,),
)  # fmt: skip
def break_glass_of_incident(ask: Ask, incident_id: str) -> tuple[int, GlassAnswer]:
    """The same for the contact of an incident, by the incident's id: for dispatchers."""
    with desk().database.transaction() as db:
        incident = db.get(Incident, incident_id)
        if incident is None:
            raise NotFound("No incident has this id.")
        return _break(db, incident.contact_id, ask)


def _break(db: Session, contact_id: str, ask: Ask) -> tuple[int, GlassAnswer]:
    row, fresh = walls.break_glass(db, contact_id, ask.body.reason, ask.staff, now=ask.now)
    return 201 if fresh else 200, GlassAnswer(row.contact_id, row.open_until)


@call("GET", "/notices", TOLD, answers={200: list[NoticeAnswer]})
def what_i_was_told(ask: Ask) -> list[NoticeAnswer]:
    """What I must know and nobody has acknowledged, newest first."""
    with desk().database.reading() as db:
        return [NoticeAnswer.of(db, row) for row in notices.open_for(db, ask.staff)]


@call("GET", "/alarms", EVERYBODY, answers={200: list[AlarmAnswer]})
def what_is_wrong(ask: Ask) -> list[AlarmAnswer]:
    """What is wrong with the service now, and what was and nobody has seen: of most people first."""
    with desk().database.reading() as db:
        return [AlarmAnswer.of(db, row) for row in alarms.in_sight(db)]


@call("POST", "/alarms/<alarm_id>/acknowledge", EVERYBODY, answers={200: AlarmAnswer}, problems=(404,))
def acknowledge_alarm(ask: Ask, alarm_id: str) -> AlarmAnswer:
    """I have seen it: nobody else is rung about it. Repeating it is harmless."""
    with desk().database.transaction() as db:
        return AlarmAnswer.of(db, alarms.seen(db, alarm_id, ask.staff, now=ask.now))


@call("POST", "/notices/<notice_id>/acknowledge", TOLD, answers={200: NoticeAnswer}, problems=(404,))
def acknowledge_notice(ask: Ask, notice_id: str) -> NoticeAnswer:
    """I have read it. Refused to whoever it is about. Repeating it is harmless."""
    with desk().database.transaction() as db:
        return NoticeAnswer.of(db, notices.acknowledge(db, notice_id, ask.staff, now=ask.now))


@call("GET", "/who-saw-what", SUPERVISORS, query=TrailQuery, answers={200: list[SeenAnswer]}, problems=(404, 422))
def who_saw_what(ask: Ask) -> list[SeenAnswer]:
    """What one member of staff opened, was shown, or broke the glass for, newest first."""
    wanted: TrailQuery = ask.query
    with desk().database.reading() as db:
        try:
            person = accounts.by_id(db, wanted.staff) or accounts.by_email(db, wanted.staff)
        except accounts.NoSuchStaff:
            raise NotFound("Nobody who works here has this id or address.") from None
        rows = reading_trail.of_person(db, person.id, wanted.since, now=ask.now)
        return [SeenAnswer(row.at, row.what, row.contact_id) for row in rows]


@call("POST", "/contacts/<contact_id>/links", CLINICAL, body=LinkBody, answers={200: ContactAnswer}, problems=(404,))
def link_contacts(ask: Ask, contact_id: str) -> ContactAnswer:
    """Say that another contact is, or is not, of the same person. The newest word on two contacts holds."""
    wanted: LinkBody = ask.body
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        other = walls.contact(db, wanted.other, ask.staff, now=ask.now)
        same_person.say(db, contact, other, ask.staff, same=wanted.same, reason=wanted.reason, now=ask.now)
        return _answer(db, contact, ask)


@call(
    "PUT", "/contacts/<contact_id>/telephone", CLINICAL, body=TelephoneBody, answers={200: ContactAnswer},
    problems=(404,),
)  # fmt: skip
def mark_telephone(ask: Ask, contact_id: str) -> ContactAnswer:
    """Say that this telephone is a payphone, a switchboard or shared, and links nobody; or `own` after all."""
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        if ask.body.kind == "own":
            same_person.mark_own(db, contact, ask.staff, now=ask.now)
        else:
            same_person.mark_shared(db, contact, ask.body.kind, ask.staff, now=ask.now)
        return _answer(db, contact, ask)


@call("PUT", "/contacts/<contact_id>/anonymous", CLINICAL, answers={200: ContactAnswer}, problems=(404,))
def note_anonymous(ask: Ask, contact_id: str) -> ContactAnswer:
    """Keep the person's wish to stay anonymous: showing their number is then told to a second person."""
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        walls.note_anonymous(db, contact, ask.staff, now=ask.now)
        return _answer(db, contact, ask)


def _answer(db: Session, contact: Contact, ask: Ask) -> ContactAnswer:
    return ContactAnswer.of(db, contact, walls.Walls(db, ask.staff, ask.now))


@call("GET", "/figures", FIGURES, query=FiguresQuery, answers={200: FiguresAnswer}, problems=(422,))
def read_figures(ask: Ask) -> FiguresAnswer:
    """Counts of one month that is over, by disposition, locality and day, with small counts kept back."""
    with desk().database.reading() as db:
        month = figures.month_of(ask.query.month, ask.now)
        found = figures.read(db, ask.staff, month)
    lines, columns = [*found.dispositions, figures.TOTAL], [*found.localities, figures.TOTAL]
    return FiguresAnswer(
        month=str(month), counts={line: {column: found.at(line, column) for column in columns} for line in lines},
        days={day.isoformat(): count for day, count in found.days.items()},
    )  # fmt: skip

"""Handing a text conversation to a colleague: ask, take, and not any more."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import contacts, handing, walls
from triage.desk.api.answers import ClaimAnswer, HandOverAnswer
from triage.desk.api.bodies import HandOverBody
from triage.desk.api.door import NURSES, Ask, call
from triage.desk.api.problems import invalid
from triage.desk.context import desk
from triage.models import Staff


@call(
    "POST", "/contacts/<contact_id>/hand-over", NURSES, body=HandOverBody, answers={200: HandOverAnswer},
    problems=(404, 409),
)  # fmt: skip
def ask_to_take(ask: Ask, contact_id: str) -> HandOverAnswer:
    """Ask a colleague on shift to take the text conversation I hold. It is mine until they take it."""
    with desk().database.transaction() as db:
        contact = walls.contact(db, contact_id, ask.staff, now=ask.now)
        entry = handing.ask(db, contact, ask.staff, _colleague(db, ask.body.to), ask.body.note, now=ask.now)
        return HandOverAnswer.of(db, entry)


@call("POST", "/contacts/<contact_id>/hand-over/take", NURSES, answers={200: ClaimAnswer}, problems=(404, 409))
def take_over(ask: Ask, contact_id: str) -> ClaimAnswer:
    """Take the conversation that a colleague asks me to take. Repeating it is harmless."""
    with desk().database.transaction() as db:
        return ClaimAnswer.of(handing.take(db, contacts.get(db, contact_id), ask.staff, now=ask.now))


@call("POST", "/contacts/<contact_id>/hand-over/stop", NURSES, answers={204: None}, problems=(404, 409))
def stop_asking(ask: Ask, contact_id: str) -> tuple[int, None]:
    """Not any more, says the one who asked; I cannot, says the colleague. The conversation stays where it is."""
    with desk().database.transaction() as db:
        handing.stop(db, contacts.get(db, contact_id), ask.staff, now=ask.now)
    return 204, None


def _colleague(db: Session, email: str) -> Staff:
    staff = db.scalar(select(Staff).where(Staff.email == email.strip().lower(), Staff.active))
    if staff is None:
        raise invalid("to", "Nobody with this email works here.")
    return staff

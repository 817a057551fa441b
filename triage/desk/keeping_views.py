"""How long a contact's record is kept, what holds it, and what the person asked to be corrected or objected to."""

from collections.abc import Callable

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from triage import retention, walls
from triage.desk import answers
from triage.desk.access import me
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.models import Contact


@pages.post("/contacts/<contact_id>/class")
def say_class(contact_id: str) -> ResponseReturnValue:
    """Say of what class the record is."""
    born = request.form.get("born", "").strip()
    if born and not (born.isdigit() and born.isascii() and len(born) == 4):
        return _refused("Write the year of birth with four digits, or leave it out.", contact_id)
    kind, year = request.form.get("kind", ""), int(born) if born else None
    return _kept(
        contact_id,
        "Noted.",
        lambda db, row: retention.say_class(db, row, kind, year, me(), now=desk().clock()),
    )


@pages.post("/contacts/<contact_id>/hold")
def hold(contact_id: str) -> ResponseReturnValue:
    """Hold the record: nothing of it is destroyed."""
    reason = request.form.get("reason", "")[:1000]
    return _kept(
        contact_id,
        "The record is held.",
        lambda db, row: retention.hold(db, row, reason, me(), now=desk().clock()),
    )


@pages.post("/contacts/<contact_id>/hold/lift")
def lift_hold(contact_id: str) -> ResponseReturnValue:
    """Lift the hold."""
    return _kept(
        contact_id,
        "The hold is lifted.",
        lambda db, row: retention.lift(db, row, me(), now=desk().clock()),
    )


@pages.post("/contacts/<contact_id>/rights")
def note_right(contact_id: str) -> ResponseReturnValue:
    """Record that the person asked for a correction or objected."""
    kind, words = request.form.get("kind", ""), request.form.get("words", "")[:4000]
    return _kept(
        contact_id,
        "Recorded.",
        lambda db, row: retention.note_right(db, row, kind, words, me(), now=desk().clock()),
    )


def _kept(contact_id: str, done: str, work: Callable[[Session, Contact], None]) -> ResponseReturnValue:
    try:
        with desk().database.transaction() as db:
            work(db, walls.contact(db, contact_id, me(), now=desk().clock()))
    except retention.BadKeeping as no:
        return _refused(str(no), contact_id)
    return answers.done(done, "pages.contact", contact_id=contact_id)


def _refused(sentence: str, contact_id: str) -> ResponseReturnValue:
    return answers.refused(sentence, "pages.contact", contact_id=contact_id)

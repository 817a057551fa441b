"""Several text conversations at a time: how many a nurse takes, and handing one to a colleague."""

from flask import request
from flask.typing import ResponseReturnValue

from triage import accounts, contacts, handing, presence
from triage.desk import answers
from triage.desk.access import me
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.desk.desk_views import DESK, theirs


@pages.post("/desk/texts-at-once")
def set_texts_at_once() -> ResponseReturnValue:
    """How many text conversations she takes at a time."""
    with desk().database.transaction() as db:
        row = presence.set_texts_at_once(db, me(), request.form.get("number", 0, type=int), now=desk().clock())
    several = f"up to {row.texts_at_once} text conversations" if row.texts_at_once > 1 else "one text conversation"
    return answers.done(f"You take {several} at a time.", DESK)


@pages.post("/desk/contacts/<contact_id>/hand-over")
def ask_to_take(contact_id: str) -> ResponseReturnValue:
    """Ask a colleague to take this conversation. She has it until then."""
    form = request.form
    with desk().database.transaction() as db:
        colleague = accounts.by_id(db, form.get("to", ""))
        if colleague is None:
            raise handing.CannotHand("Choose a colleague who is on shift.")
        handing.ask(db, theirs(db, contact_id), me(), colleague, form.get("note", ""), now=desk().clock())
        name = colleague.name
    return answers.done(f"{name} is asked to take it. It is yours until then.", DESK, contact=contact_id)


@pages.post("/desk/contacts/<contact_id>/hand-over/take")
def take_over(contact_id: str) -> ResponseReturnValue:
    """Take the conversation that a colleague asks her to take."""
    with desk().database.transaction() as db:
        handing.take(db, contacts.get(db, contact_id), me(), now=desk().clock())
    return answers.done("The conversation is yours.", DESK, contact=contact_id)


@pages.post("/desk/contacts/<contact_id>/hand-over/stop")
def stop_asking(contact_id: str) -> ResponseReturnValue:
    """Not now, or not any more: the conversation stays where it is."""
    with desk().database.transaction() as db:
        handing.stop(db, contacts.get(db, contact_id), me(), now=desk().clock())
    return answers.done("Not handed over: the conversation stays where it is.", DESK)

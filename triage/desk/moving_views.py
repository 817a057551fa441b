"""Between text and call, for the person with her: ring whoever texts, take the call of whoever texts and rings,
go on by text.
"""

from flask.typing import ResponseReturnValue

from triage import bridge, text_calls
from triage.desk import answers, desk_views
from triage.desk.access import me
from triage.desk.blueprint import pages
from triage.desk.context import desk


@pages.post("/desk/contacts/<contact_id>/ring")
def ring_texter(contact_id: str) -> ResponseReturnValue:
    """Ring her, and then whoever she texts with. Pressed again while it rings, it is the same call."""
    with desk().database.transaction() as db:
        leg = text_calls.ask(db, desk_views.theirs(db, contact_id), me(), now=desk().clock())
    where = "Your browser" if leg.to.startswith("client:") else "Your phone"
    return answers.done(f"{where} is rung first, and then the person. The conversation stays here.", desk_views.DESK)


@pages.post("/desk/contacts/<contact_id>/take-call")
def take_their_call(contact_id: str) -> ResponseReturnValue:
    """Whoever she texts with rings: their call is hers, and the conversation goes on with it."""
    with desk().database.transaction() as db:
        contact = desk_views.theirs(db, contact_id)
        bridge.take_their_call(db, contact, me(), desk().standing().service.rules, now=desk().clock())
    return answers.done("Their call is yours: you are rung now. Their texts are with it.", desk_views.DESK)


@pages.post("/desk/contacts/<contact_id>/to-text")
def go_on_by_text(contact_id: str) -> ResponseReturnValue:
    """Go on by text with whoever she has on the telephone: a goodbye there, and the conversation here."""
    with desk().database.transaction() as db:
        bridge.go_on_by_text(db, desk_views.theirs(db, contact_id), me(), now=desk().clock())
    return answers.done("You go on by text: they are texted a line, and the call ends.", desk_views.DESK)

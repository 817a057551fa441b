"""Promises: what is owed to people. A person notes each attempt, and a person settles it."""

from typing import Final

from flask import request
from flask.typing import ResponseReturnValue

from triage import promises, walls
from triage.desk import access, answers
from triage.desk.access import me
from triage.desk.blueprint import pages
from triage.desk.context import desk

LONGEST: Final = 300
FROM: Final = {"desk": "pages.nurse_desk", "board": "pages.board"}


@pages.post("/promises/<promise_id>/attempts")
def note_attempt(promise_id: str) -> ResponseReturnValue:
    """Note one attempt; whoever tries first owns it from then on."""
    result = request.form.get("result", "").strip()[:LONGEST]
    if not result:
        return answers.refused("Say what came of it.", _page())
    with desk().database.transaction() as db:
        now = desk().clock()
        promises.attempt(db, walls.promise(db, promise_id, me(), now=now), result, me(), now=now)
    return answers.done("Noted. It stays owed, and it is yours.", _page())


@pages.post("/promises/<promise_id>/settle")
def settle_promise(promise_id: str) -> ResponseReturnValue:
    """Settle it: say how it was kept, or why it cannot be."""
    how = request.form.get("how", "").strip()[:LONGEST]
    if not how:
        return answers.refused("Say how it was kept, or why it cannot be.", _page())
    with desk().database.transaction() as db:
        now = desk().clock()
        promises.settle(db, walls.promise(db, promise_id, me(), now=now), how, me(), now=now)
    return answers.done("Settled.", _page())


def _page() -> str:
    page = FROM.get(request.form.get("from", ""), "")
    return page if page and access.may(page) else access.first_page(me())

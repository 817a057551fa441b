"""Promises: what is owed to people. A person notes each attempt, and a person settles it."""

from typing import Final

from flask import request
from flask.typing import ResponseReturnValue

from triage import ladder, promises, ringing_back, walls
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
        promise = walls.promise(db, promise_id, me(), now=now)
        promises.attempt(db, promise, result, me(), now=now)
        ladder.tried(db, promise, now=now)
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


@pages.post("/promises/<promise_id>/call")
def call_person_back(promise_id: str) -> ResponseReturnValue:
    """Ring her now, and then the person who is owed a call."""
    with desk().database.transaction() as db:
        now = desk().clock()
        promise = walls.promise(db, promise_id, me(), now=now)
        ringing_back.begin(db, promise, me(), desk().standing().service.rules, now=now)
    return answers.done("You are rung first, and then the person.", "pages.nurse_desk")


@pages.post("/promises/<promise_id>/decision")
def decide_promise(promise_id: str) -> ResponseReturnValue:
    """They could not be reached: a nurse says what happens for them, and why."""
    form = request.form
    with desk().database.transaction() as db:
        now = desk().clock()
        ladder.decide(
            db, walls.promise(db, promise_id, me(), now=now), form.get("decision", ""),
            form.get("words", "")[:LONGEST], me(), now=now, legal_test=form.get("legal_test") or None,
        )  # fmt: skip
    return answers.done("Decided. A supervisor closes it.", _page())


@pages.post("/promises/<promise_id>/close")
def close_promise(promise_id: str) -> ResponseReturnValue:
    """A supervisor closes what a nurse has decided."""
    with desk().database.transaction() as db:
        now = desk().clock()
        reason = request.form.get("reason", "")[:LONGEST]
        ladder.close(db, walls.promise(db, promise_id, me(), now=now), reason, me(), now=now)
    return answers.done("Closed.", _page())


def _page() -> str:
    page = FROM.get(request.form.get("from", ""), "")
    return page if page and access.may(page) else access.first_page(me())

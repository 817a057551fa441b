"""What takes two people: what waits for a decision, and deciding it."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from triage import approvals as asked
from triage.desk import answers, desk_data
from triage.desk.access import me
from triage.desk.blueprint import pages
from triage.desk.context import desk


@pages.get("/two-people")
def approvals() -> ResponseReturnValue:
    """What waits, and what was decided lately."""
    with desk().database.reading() as db:
        return render_template(
            "approvals.jinja", waiting=asked.waiting(db, desk().clock()), decided=asked.decided(db),
            names=desk_data.owners(db), kinds=asked.KINDS, people=asked.people, needed=asked.PEOPLE,
        )  # fmt: skip


@pages.post("/two-people/<approval_id>")
def decide(approval_id: str) -> ResponseReturnValue:
    """Agree or refuse."""
    answer = request.form.get("answer")
    if answer not in ("agree", "refuse"):
        return answers.refused("Press Agree or Refuse.", "pages.approvals")
    try:
        with desk().database.transaction() as db:
            row = asked.decide(db, approval_id, me(), answer == "agree", now=desk().clock())
    except asked.CannotDecide as no:
        return answers.refused(str(no), "pages.approvals")
    said = {"asked": "You agreed. It takes one more person.", "refused": "Refused. Nothing changes."}
    return answers.done(said.get(row.state, "You agreed, and that makes two."), "pages.approvals")

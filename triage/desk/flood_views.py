"""First texts that look alike, on a page of their own: read by a person, who says whether they are people."""

from typing import Final

from flask import render_template, request
from flask.typing import ResponseReturnValue

from triage import floods, walls
from triage.desk import answers, desk_data, words
from triage.desk.access import me
from triage.desk.blueprint import pages
from triage.desk.context import desk

PAGE: Final = "pages.floods"
DECIDED: Final = {
    floods.PEOPLE: "Noted: each of them waits for a nurse since they first wrote, and is told who this is.",
    floods.NOT_PEOPLE: "Noted: they are closed as nobody's. You can take that back below.",
}
BEHIND: Final = (
    "Some of these texts belong to another locality. Whoever says that they are nobody's must have read all of them: "
    "ask its nurses, or say that they are people."
)


@pages.get("/floods", endpoint="floods")
def texts_alike() -> ResponseReturnValue:
    """What waits to be looked at, with its texts, and what was decided last. Reading is written down."""
    now = desk().clock()
    with desk().database.transaction() as db:
        reach = walls.Walls(db, me(), now)
        waiting, before = floods.undecided(db), floods.decided(db)
        mine = {
            one.flood.id: [contact for contact in one.contacts if reach.contact(contact)][: words.ROWS_SHOWN]
            for one in waiting
        }
        texts = floods.read(db, [contact for some in mine.values() for contact in some], me(), now=now)
        return render_template(
            "floods.jinja", waiting=waiting, decided=before, mine=mine, texts=texts, names=desk_data.owners(db)
        )


@pages.post("/floods/<flood_id>")
def decide_flood(flood_id: str) -> ResponseReturnValue:
    """They are people, or they are not. Whoever reaches none of them does not decide."""
    now, decision = desk().clock(), request.form.get("decision", "")
    with desk().database.transaction() as db:
        reach = walls.Walls(db, me(), now)
        theirs = floods.get(db, flood_id).contacts
        within = [contact for contact in theirs if reach.contact(contact)]
        if not within:
            raise walls.Walled
        if decision == floods.NOT_PEOPLE and len(within) < len(theirs):
            return answers.refused(BEHIND, PAGE)
        try:
            floods.decide(db, flood_id, decision, me(), now=now)
        except floods.BadDecision as no:
            return answers.refused(str(no), PAGE)
        for contact in within:
            walls.acting(db, reach, me(), contact.locality, contact_id=contact.id, now=now)
    return answers.done(DECIDED[decision], PAGE)

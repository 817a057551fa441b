"""The service page: what the service file loaded, to read. Changing it is `nowrongdoor apply`."""

from datetime import date
from typing import Final

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from callflows.wording import SENTENCES
from triage import accounts, queue_health, units
from triage.desk import answers
from triage.desk.access import me
from triage.desk.blueprint import pages
from triage.desk.context import desk
from triage.models import DirectoryEntry, Keyword, Line, Locality, Service

RULES: Final = {
    "ring_s": "A nurse's phone rings for",
    "claim_lease_s": "Somebody offered to a nurse goes back to their place after",
    "connect_lease_s": "Somebody on the way to a nurse goes back to their place after",
    "climb_every_s": "Waiting moves somebody up one step each",
    "reconnect_s": "Somebody cut off keeps their arrival if they are back within",
    "call_back_due_s": "Somebody who rang off while waiting is owed a ring within",
    "acknowledge_s": "A crew accepts within, or the next unit is asked",
    "ring_crew_s": "An offer nobody has answered by text is rung through after",
    "offer_valid_s": "An offer text is worthless after",
    "text_valid_s": "A text to a person is worthless after",
    "alert_again_s": "Danger now, and nobody has it: ring every ready nurse again after",
    "unsent_s": "An offer the carrier has not taken: a person is rung after",
    "still_warn_s": "Accepted and not moving: the board warns after",
    "still_alert_s": "Accepted and not moving: a person is rung after",
    "welfare_s": "Not heard from on scene: the crew is asked after",
    "welfare_answer_s": "Asked whether they are all right: a crew answers within",
    "welfare_again_s": "Asked once more: a crew answers within, or it is a call for help",
    "last_offer_s": "A car is offered nothing more, before the end of its duty",
    "en_route_s": "On the way: a person is rung after",
    "staging_s": "Waiting nearby: a person is rung after",
    "on_scene_s": "There, and not with the person yet: a person is rung after",
    "with_person_s": "With the person: a person is rung after",
    "leaving_s": "Leaving with the person: a person is rung after",
    "at_destination_s": "At the destination: a person is rung after",
    "handed_over_s": "Handed over, and not clear: a person is rung after",
}


@pages.get("/service")
def service() -> ResponseReturnValue:
    """Lines, places, keywords, staff, units, local help, rules and wording as they stand."""
    standing = desk().standing().service
    today = desk().clock().date()
    with desk().database.reading() as db:
        return render_template(
            "service.jinja",
            applied=db.get(Service, 1),
            lines=db.scalars(select(Line).where(Line.active).order_by(Line.number)).all(),
            localities=db.scalars(select(Locality).order_by(Locality.name)).all(),
            keywords=[
                (word, keyword_state(word, today)) for word in db.scalars(select(Keyword).order_by(Keyword.word))
            ],
            staff=accounts.everybody(db),
            units=units.all_of_them(db),
            directory=db.scalars(select(DirectoryEntry).order_by(DirectoryEntry.locality, DirectoryEntry.name)).all(),
            rules=[(sentence, how_long(getattr(standing.rules, name))) for name, sentence in RULES.items()],
            misses=standing.rules.misses_before_break,
            no_car=standing.no_car_fallback,
            queues=queue_health.of_all(db, desk().clock()),
            in_trouble=queue_health.in_trouble(db),
            wording=[(name, standing.wording.get(name), words) for name, words in SENTENCES.items()],
        )


@pages.post("/service/jobs/<int:row_id>/now")
def try_now(row_id: int) -> ResponseReturnValue:
    """Try this piece of background work at once."""
    with desk().database.transaction() as db:
        queue_health.try_now(db, row_id, actor=me().id, now=desk().clock())
    return answers.done("It is tried now.", "pages.service")


def keyword_state(word: Keyword, today: date) -> str:
    """Whether a keyword places callers today, and if not, why not."""
    if not word.active or (word.valid_to is not None and word.valid_to < today):
        return "retired: still reaches a nurse"
    if word.valid_from is not None and word.valid_from > today:
        return "not yet"
    return "in use"


def how_long(seconds: int) -> str:
    """`90` -> "90 seconds", `600` -> "10 minutes"."""
    if seconds >= 120 and seconds % 60 == 0:
        return f"{seconds // 60} minutes"
    return f"{seconds} seconds"

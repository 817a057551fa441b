"""A crew that reads no texts: rung, accepts by key, speaks with the person; and neither sees the other's number."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.harness.databases import Databases
from tests.harness.waiting import wait_until
from tests.journeys.conftest import OnCall, Town
from tests.journeys.test_cars import Night
from triage.db import utcnow
from triage.models import Dispatch, History, Incident

CREW_LINE = "+441632960120"
OURS = "+441632960100"


@pytest.fixture
def night(make_town: Callable[..., Town], databases: Databases) -> Iterator[Night]:
    url = databases.served("sqlite")
    made = Night(make_town(database_url=url, service_file=None), url)
    yield made
    made.database.engine.dispose()


def hear_each_other(one: OnCall, other: OnCall) -> None:
    def together() -> bool:
        return all(
            [party["sid"] for party in mine.state()["other_parties"]] == [yours.sid]
            for mine, yours in ((one, other), (other, one))
        )

    wait_until(together, 20, what="both are on one line")


def changes(night: Night, model: type[Dispatch] | type[Incident], **values: object) -> None:
    with night.database.transaction() as db:
        db.execute(update(model).values(**values))


def test_a_silent_crew_is_rung_accepts_by_key_and_speaks_with_the_person(night: Night) -> None:
    night.on_duty("IW01")
    crew = night.crews["IW01"]
    incident = night.needs_a_car()
    person = night.town.caller("+447700900130")
    changes(night, Incident, tell_person=True)
    night.is_offered(incident, "IW01")
    changes(night, Dispatch, offered_at=utcnow() - timedelta(seconds=45))

    call = crew.is_rung().picks_up().hears("Press 1 to accept")
    assert "12 Invented Quay" not in json.dumps(call.state()["heard"])
    call.presses("1").hears("12 Invented Quay")
    night.stands(incident, "acknowledged")
    person.got_text("Somebody is coming to you")
    crew.got_text("12 Invented Quay")
    call.presses("3").hears("moving")
    person.got_text("is on the way now")
    call.hangs_up()
    call.is_over()

    # on the crew line: rung back, then the person, who presses a key first
    asked = crew.rings(CREW_LINE).hears("moving").presses("*").hears("put you through")
    asked.is_over()
    crews = crew.is_rung().picks_up().hears("Press 1 to be put through").presses("1").hears("Ringing the person")
    theirs = person.is_rung()
    assert theirs.state()["from"] == OURS
    theirs.picks_up().hears("If you are expecting somebody")
    assert crews.state()["other_parties"] == [], "nobody hears anybody before the key"
    theirs.presses("1").hears("This is the response car from Solent Crisis Line")
    hear_each_other(crews, theirs)
    theirs.hangs_up()
    crews.hears("The call is over")

    # once more, and nobody is there but a machine
    person.answers_by_itself(answers="voicemail", after_s=1)
    crews.presses("*").hears("you were not put through")
    crews.hangs_up()
    crews.is_over()

    kept = json.dumps([crew._state(), asked.state(), crews.state(), call.state()])
    assert person.number not in kept
    assert person.number.removeprefix("+44") not in kept.replace(" ", "")
    assert crew.number not in json.dumps([theirs.state(), person._state()])
    with night.database.reading() as db:
        rang = db.scalars(select(History.detail).where(History.what == "crew_rang_person").order_by(History.id)).all()
    assert [detail["outcome"] for detail in rang] == ["spoke", "no_key"]
    assert night.town.warnings() == []

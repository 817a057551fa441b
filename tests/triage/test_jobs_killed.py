"""A worker killed at every step of every piece of work: another finishes it, and nothing personal happens twice."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from tests.fakes import Call, Move, Text
from tests.triage.conftest import empty
from tests.triage.test_jobs import Works, offer_to_crew, prepare
from triage import jobs
from triage.db import Database
from triage.jobs import CREW_REPEAT
from triage.models import Leg, Message, Outbox

FEWEST_STEPS = 6  # the claim, the work and the note that it is done, each before and after
TO_A_CREW = "send_text to a crew"


class Killed(BaseException):
    """As a process is: nothing of ours may catch it."""


class Death:
    """Comes at step number `at`, once."""

    def __init__(self, at: int) -> None:
        self.at, self.steps, self.struck = at, 0, False

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            self.struck = True
            raise Killed


class DeadlyDatabase:
    """The database, with a step before each unit of work and one after it is committed."""

    def __init__(self, database: Database, death: Death) -> None:
        self._database, self._death = database, death

    @contextmanager
    def _unit(self, way: Callable[..., Any], **how: Any) -> Iterator[Any]:
        self._death.step()
        with way(**how) as session:
            yield session
        self._death.step()

    def transaction(self) -> Any:
        return self._unit(self._database.transaction)

    def reading(self) -> Any:
        return self._unit(self._database.reading)

    def statements(self, **how: Any) -> Any:
        return self._unit(self._database.statements, **how)


class DeadlyCarrier:
    """The carrier, with a step before each request and one after it was done."""

    def __init__(self, carrier: Any, death: Death) -> None:
        self._carrier, self._death = carrier, death

    def __getattr__(self, name: str) -> Any:
        def ask(**given: Any) -> Any:
            self._death.step()
            answer = getattr(self._carrier, name)(**given)
            self._death.step()
            return answer

        return ask


def _killed_at(works: Works, row_id: int, step: int) -> bool:
    """Run the row and die at this step; whether it came that far."""
    death = Death(step)
    means = jobs.Means(DeadlyDatabase(works.database, death), DeadlyCarrier(works.carrier, death), "+441632960999")  # type: ignore[arg-type]
    try:
        jobs.run(means, row_id)
    except Killed:
        assert death.struck
    return death.struck


def _finished_by_another(works: Works, row_id: int) -> None:
    for _ in range(3):
        works.make_due()
        jobs.run(works.means, row_id)
    assert works.row(row_id).done_at is not None


@pytest.mark.parametrize("job", [*sorted(jobs.JOBS), TO_A_CREW])
def test_killed_at_any_step_it_is_done_by_another_and_twice_only_where_that_is_right(
    database: Database, job: str
) -> None:
    for step in itertools.count(1):
        empty(database)
        works = Works(database)
        row = _promised(works, job)
        moves, calls, texts = len(works.carrier.moves), len(works.carrier.calls), len(works.carrier.texts)
        if not _killed_at(works, row.id, step):
            assert step >= FEWEST_STEPS, "it can be killed before and after everything it does"
            return
        _finished_by_another(works, row.id)
        _is_right(job, works, works.carrier.moves[moves:], works.carrier.calls[calls:], works.carrier.texts[texts:])


def _promised(works: Works, job: str) -> Outbox:
    if job != TO_A_CREW:
        return prepare(works, job)
    offer_to_crew(works)
    return works.jobs("send_text")[0]


def _is_right(job: str, works: Works, moves: list[Move], calls: list[Call], texts: list[Text]) -> None:
    if job == "send_text":
        with works.database.reading() as db:
            [message] = db.scalars(select(Message).where(Message.direction == "out")).all()
        assert len(texts) <= 1, "a text to a person is never sent twice"
        assert message.state == ("sent" if texts else "failed"), "and whether it went is known, or a nurse is told"
    elif job == TO_A_CREW:
        assert 1 <= len(texts) <= 2, "a crew is told at least once"
        assert all(text.body.startswith(CREW_REPEAT) for text in texts[1:]), "and a repeat says so"
    elif job == "ring_person":
        with works.database.reading() as db:
            assert len(db.scalars(select(Leg).where(Leg.purpose == "person")).all()) == 1, "one person at a time"
    elif job == "place_call":
        assert 1 <= len(calls) <= 2, "a call whose answer was lost is placed again"
        assert len({call.leg_id for call in calls}) == 1, "for the same leg, which joins the first that answers"
    elif job == "hang_up":
        assert works.carrier.hung_up
    elif job == "erase_copy":
        assert 1 <= len(works.carrier.erased) <= 2, "what is erased already is erased again, harmlessly"
        assert len(set(works.carrier.erased)) == 1, "and it is that text alone"
    else:
        assert 1 <= len(moves) <= 2, "moving somebody to where they are does nothing"

"""Texts against a plain model of them: any order of writing, workers, deaths, lost answers and reports.

The model counts what the carrier was given. To a person nothing goes twice; to a crew every text goes, and whatever goes
again says so; a text is shown as sent, delivered or failed only as the carrier said; and in the end none hangs.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from tests import factories
from tests.fakes import Text
from tests.triage.conftest import empty
from tests.triage.test_jobs import Works
from triage import dispatch, jobs, outbox, texts
from triage.db import Database, utcnow
from triage.jobs import CREW_REPEAT
from triage.models import Contact, Dispatch, Message, Outbox, Staff, Unit

STEPS, EXAMPLES = 30, 12
MOST_AT_ONCE = 3  # so that most steps are about what becomes of them
CARRIER = ("works", "works_but_its_list_is_behind", "away", "answer_lost", "request_lost", "refuses")
FINAL = ("delivered", "failed")
STAND_DOWN = "Stand down. Nobody needs you there."


@dataclass
class Written:
    """What must be so of one text."""

    message: Message
    row_id: int
    to_crew: bool
    reported: list[str] = field(default_factory=list)
    refused: bool = False
    was: str = "waiting"


def machine(database: Database) -> type[RuleBasedStateMachine]:
    class Texts(RuleBasedStateMachine):
        @initialize()
        def opens(self) -> None:
            empty(database)
            self.works = Works(database)
            self.job = self._a_crews_job()
            self.texter, self.nurse = self.works.texter(), self.works.nurse()
            self.written: list[Written] = []

        # what happens

        @precondition(lambda self: len(self._open()) < MOST_AT_ONCE)
        @rule()
        def a_nurse_texts_somebody(self) -> None:
            words = f"We are here, {len(self.written)}."
            with database.transaction() as db:
                contact, nurse = db.get_one(Contact, self.texter.id), db.get_one(Staff, self.nurse.id)
                try:
                    message = texts.to_person(db, contact, words, nurse, now=utcnow())
                except texts.CannotText:
                    return  # they stopped our texts
            if message.trouble != texts.HELD:
                self._noted(message, to_crew=False)

        @precondition(lambda self: len(self._open()) < MOST_AT_ONCE)
        @rule()
        def a_crew_is_told(self) -> None:
            with database.transaction() as db:
                job, unit = db.get_one(Dispatch, self.job), db.get_one(Unit, "IW01")
                message = dispatch.text_crew(db, job, unit, f"{STAND_DOWN} {len(self.written)}", now=utcnow())
            self._noted(message, to_crew=True)

        @precondition(lambda self: self._open())
        @rule(pick=st.data(), carrier=st.sampled_from(CARRIER), later=st.booleans())
        def a_worker_does_one(self, pick: Any, carrier: str, later: bool) -> None:
            if later:
                self.works.make_due()
            self._run(pick.draw(st.sampled_from(self._open())), carrier)

        @precondition(lambda self: self._open())
        @rule(pick=st.data())
        def an_answer_is_lost_and_then_the_carriers_list_is_behind(self, pick: Any) -> None:
            one = pick.draw(st.sampled_from(self._open()))
            for carrier in ("answer_lost", "works_but_its_list_is_behind"):
                self.works.make_due()
                self._run(one, carrier)

        @precondition(lambda self: self._open())
        @rule(pick=st.data())
        def a_worker_dies_with_one_in_its_hands(self, pick: Any) -> None:
            outbox.claim(database, pick.draw(st.sampled_from(self._open())).row_id, utcnow())

        @precondition(lambda self: self._at_the_carrier())
        @rule(pick=st.data(), said=st.sampled_from(["sent", "delivered", "fail"]), twice=st.booleans())
        def the_carrier_reports(self, pick: Any, said: str, twice: bool) -> None:
            one = pick.draw(st.sampled_from(self._at_the_carrier()))
            for _ in range(1 + twice):
                with database.transaction() as db:
                    texts.reported(db, one.message.id, self._sent(one)[0].carrier_id, said, now=utcnow())
            one.reported.append(said)

        # what must be so after each

        @invariant()
        def nobody_gets_a_text_twice_and_a_crew_knows_a_repeat(self) -> None:
            for one in getattr(self, "written", []):
                sent = self._sent(one)
                assert one.to_crew or len(sent) <= 1
                assert all(text.body.startswith(CREW_REPEAT) for text in sent[1:])

        @invariant()
        def a_text_stands_as_the_carrier_said(self) -> None:
            with database.reading() as db:
                states = {row.id: row.state for row in db.execute(select(Message.id, Message.state))}
            for one in getattr(self, "written", []):
                state = states[one.message.id]
                assert one.was not in FINAL or state == one.was, "an end absorbs whatever comes later"
                assert state != "delivered" or "delivered" in one.reported
                assert state != "sent" or self._sent(one), "never shown as sent without the carrier having it"
                one.was = state

        def teardown(self) -> None:
            """With the carrier well again, all of it comes to an end."""
            for _ in range(4):
                self.works.make_due()
                for one in getattr(self, "written", []):
                    jobs.run(self.works.means, one.row_id)
            for one in getattr(self, "written", []):
                message = self.works.message(one.message)
                assert self.works.row(one.row_id).done_at is not None
                assert message.state in ("sent", *FINAL)
                assert one.to_crew or len(self._sent(one)) <= 1
                assert all(text.body.startswith(CREW_REPEAT) for text in self._sent(one)[1:])
                if one.to_crew and not one.refused and "fail" not in one.reported:
                    assert self._sent(one), "a crew is told at least once"

        # helpers

        def _a_crews_job(self) -> str:
            factories.make_unit(database, "IW01", now=self.works.now)
            caller, nurse = self.works.caller(line=factories.ISLAND_LINE), self.works.nurse()
            self.works.together(caller, nurse)
            return self.works.incident(self.works.asks_for_car(caller, nurse)).dispatches[0].id

        def _run(self, one: Written, carrier: str) -> None:
            if carrier == "away":
                self.works.carrier.is_away()
            elif carrier in ("answer_lost", "request_lost"):
                self.works.carrier.is_away(in_doubt=True, done=carrier == "answer_lost")
            elif carrier == "refuses":
                self.works.carrier.refuses("refused")
            self.works.carrier.list_is_behind = carrier == "works_but_its_list_is_behind"
            before = len(self._sent(one))
            jobs.run(self.works.means, one.row_id)
            self.works.carrier.works_again()
            self.works.carrier.list_is_behind = False
            one.refused = one.refused or (carrier == "refuses" and len(self._sent(one)) == before)

        def _noted(self, message: Message, *, to_crew: bool) -> None:
            row = next(row for row in self.works.jobs("send_text") if row.args["message_id"] == message.id)
            self.written.append(Written(message, row.id, to_crew))

        def _open(self) -> list[Written]:
            with database.reading() as db:  # asked four times a step: in one statement
                undone = set(db.scalars(select(Outbox.id).where(Outbox.done_at.is_(None))))
            return [one for one in getattr(self, "written", []) if one.row_id in undone]

        def _sent(self, one: Written) -> list[Text]:
            return [text for text in self.works.carrier.texts if text.message_id == one.message.id]

        def _at_the_carrier(self) -> list[Written]:
            return [one for one in getattr(self, "written", []) if self._sent(one)]

    return Texts


@pytest.mark.usefixtures("database")
def test_whatever_happens_in_whatever_order_no_text_is_lost_or_doubled(database: Database) -> None:
    run_state_machine_as_test(
        machine(database),
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],  # shrinking takes minutes
        ),
    )  # fmt: skip

"""The queue against a plain model of it: any order of rings, claims, answers, hang-ups and lost lines loses nobody.

The model is a table of people: waiting, with whom, or gone. Whatever happens, the service must agree with it; nobody is
with two nurses, no nurse with two people; nobody becomes less urgent or arrives later; whoever is gone without a nurse
is owed a call, and nobody who is on the line is.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
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

from tests.triage.conftest import empty
from tests.triage.scene import Scene
from triage import bridge, presence, queue
from triage.db import Database
from triage.models import Contact, QueueEntry, Staff

NURSES = 3
STEPS, EXAMPLES = 25, 8
LOST = ("no_answer", "busy", "failed", "completed")


@dataclass
class Person:
    """What must be so of one person."""

    contact: Contact
    is_: str = "waiting"  # waiting | offered | connecting | connected | gone
    nurse: int | None = None
    band: int = queue.NOT_ASKED
    had_nurse: bool = False

    @property
    def on_the_line(self) -> bool:
        return self.is_ != "gone"


def machine(database: Database) -> type[RuleBasedStateMachine]:
    class Queue(RuleBasedStateMachine):
        @initialize()
        def opens(self) -> None:
            empty(database)
            self.scene = Scene(database)
            self.nurses = [self.scene.nurse() for _ in range(NURSES)]
            self.people: list[Person] = []

        # what happens

        @rule(danger=st.booleans())
        def somebody_rings(self, danger: bool) -> None:
            person = Person(self.scene.caller(danger=danger))
            person.band = self.scene.entry(person.contact).band
            self.people.append(person)

        @rule(seconds=st.integers(1, 400))
        def time_passes(self, seconds: int) -> None:
            self.scene.later(seconds)
            with database.transaction() as db:
                bridge.release_expired(db, self.scene.rules, now=self.scene.now)
            self._what_the_clock_gave_back()
            with database.transaction() as db:
                queue.climb(db, self.scene.rules, now=self.scene.now)

        @rule(n=st.integers(0, NURSES - 1))
        def a_nurse_takes_the_next(self, n: int) -> None:
            held = next((person for person in self.people if person.nurse == n), None)
            expected = held.contact.id if held else next(iter(self._in_order()), None)
            taken = self.scene.takes(self.nurses[n])
            assert (taken.contact_id if taken else None) == expected
            if taken and not held:
                person = self._person(taken.contact_id)
                person.is_, person.nurse = "offered", n

        @precondition(lambda self: self._some("offered"))
        @rule(pick=st.data())
        def her_telephone_is_answered(self, pick: Any) -> None:
            person = self._pick(pick, "offered")
            self.scene.accepts(self.scene.leg(person.contact, self._nurse(person)))
            person.is_ = "connecting"

        @precondition(lambda self: self._some("connecting"))
        @rule(pick=st.data())
        def they_come_to_the_room(self, pick: Any) -> None:
            person = self._pick(pick, "connecting")
            assert self.scene.arrives(person.contact)
            person.is_, person.had_nurse = "connected", True

        @precondition(lambda self: self._some("offered", "connecting", "connected"))
        @rule(pick=st.data(), outcome=st.sampled_from(LOST))
        def her_line_is_lost(self, pick: Any, outcome: str) -> None:
            person = self._pick(pick, "offered", "connecting", "connected")
            self.scene.leg_ends(self.scene.leg(person.contact, self._nurse(person)), outcome)
            person.is_, person.nurse = "waiting", None

        @precondition(lambda self: self._some("offered", "connecting", "connected"))
        @rule(pick=st.data())
        def an_old_leg_of_hers_speaks_again(self, pick: Any) -> None:
            """What was given back is not hers any more: nothing an older leg says changes anything."""
            person = self._pick(pick, "offered", "connecting", "connected")
            for leg in self.scene.legs(person.contact, purpose="nurse")[:-1]:
                self.scene.leg_ends(leg, "completed")

        @precondition(lambda self: any(person.on_the_line for person in self.people))
        @rule(pick=st.data())
        def somebody_rings_off(self, pick: Any) -> None:
            person = pick.draw(st.sampled_from([one for one in self.people if one.on_the_line]))
            for _ in range(2):  # a report twice is one end
                self.scene.hangs_up(person.contact)
            person.is_, person.nurse = "gone", None

        @precondition(lambda self: self._some("connected"))
        @rule(pick=st.data())
        def a_nurse_finishes(self, pick: Any) -> None:
            person = self._pick(pick, "connected")
            self.scene.finishes(person.contact, self._nurse(person))
            person.is_, person.nurse = "gone", None

        @rule(n=st.integers(0, NURSES - 1))
        def a_nurse_presses_ready(self, n: int) -> None:
            if any(person.nurse == n for person in self.people):
                return
            with database.transaction() as db:
                presence.put(db, db.get_one(Staff, self.nurses[n].id), "ready", "phone", now=self.scene.now)

        # what must be so after each

        @invariant()
        def the_service_agrees(self) -> None:
            for person in getattr(self, "people", []):
                entry = self.scene.entry(person.contact)
                state = "gone" if entry.state in ("finished", "abandoned") else entry.state
                assert state == person.is_
                hers = self.nurses[person.nurse].id if person.nurse is not None else None
                assert state == "gone" or entry.nurse_id == hers
                assert entry.band <= person.band, "nobody becomes less urgent"
                assert entry.arrived_at == person.contact.started_at, "nobody arrives later"
                person.band = entry.band

        @invariant()
        def a_nurse_has_one_person(self) -> None:
            held = [person.nurse for person in getattr(self, "people", []) if person.nurse is not None]
            assert len(held) == len(set(held))

        @invariant()
        def who_is_gone_without_a_nurse_is_owed_a_call_and_nobody_else(self) -> None:
            owed = {promise.contact_id for promise in self.scene.owed()} if hasattr(self, "scene") else set()
            for person in getattr(self, "people", []):
                if person.on_the_line:
                    assert person.contact.id not in owed
                elif not person.had_nurse:
                    assert person.contact.id in owed

        # helpers

        def _in_order(self) -> list[str]:
            with database.reading() as db:
                waiting = select(QueueEntry).where(QueueEntry.state == "waiting")
                rows = [(one.band, one.arrived_at, one.id, one.contact_id) for one in db.scalars(waiting)]
            return [contact_id for *_, contact_id in sorted(rows)]

        def _what_the_clock_gave_back(self) -> None:
            for person in self.people:
                entry = self.scene.entry(person.contact)
                if entry.state == "waiting" and person.nurse is not None and person.is_ != "connected":
                    person.is_, person.nurse = "waiting", None

        def _person(self, contact_id: str) -> Person:
            return next(person for person in self.people if person.contact.id == contact_id)

        def _some(self, *states: str) -> bool:
            return any(person.is_ in states for person in getattr(self, "people", []))

        def _pick(self, pick: Any, *states: str) -> Person:
            person: Person = pick.draw(st.sampled_from([one for one in self.people if one.is_ in states]))
            return person

        def _nurse(self, person: Person) -> Staff:
            assert person.nurse is not None
            return self.nurses[person.nurse]

    return Queue


@pytest.mark.usefixtures("database")
def test_whatever_happens_in_whatever_order_the_queue_loses_nobody(database: Database) -> None:
    run_state_machine_as_test(
        machine(database),
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip

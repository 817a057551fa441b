"""Many cars asked for in the same minute: what one request costs the database does not grow with the others."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import event, update

from tests import factories
from tests.triage.scene import Scene
from tests.triage.test_jobs import Works, offer_to_crew
from triage import apply, incidents, jobs, rules, service_file
from triage.db import Database, utcnow
from triage.models import Contact, Dispatch, Staff

OTHERS = 5


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is sent to the database meanwhile, and each end of a transaction."""
    sent: list[str] = []

    def said(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    def ended(_connection: Any) -> None:
        sent.append("COMMIT")

    event.listen(database.engine, "before_cursor_execute", said)
    event.listen(database.engine, "commit", ended)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", said)
        event.remove(database.engine, "commit", ended)


class Night(Scene):
    """Everybody needs a car."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.nurse_on = self.nurse()
        for number in range(OTHERS + 2):
            factories.make_unit(database, f"IW{number:02d}", now=self.now)
            self.later(1)

    def asks(self, session: Any) -> str:
        """Asks for a car in this transaction; whose it is."""
        person = factories.make_contact(self.database, line=factories.ISLAND_LINE, now=self.now)
        incident = incidents.ask_for_car(
            session, session.get_one(Contact, person.id), session.get_one(Staff, self.nurse_on.id),
            address="1 Sea Street", now=self.now,
        )  # fmt: skip
        return str(incident.dispatches[0].call_sign)


def test_a_request_costs_no_more_while_others_are_just_choosing_their_units(database: Database) -> None:
    if database.is_sqlite:
        return  # has one writer: nobody chooses beside another
    night = Night(database)
    with database.transaction() as db:
        night.asks(db)  # learns every statement
    with statements(database) as alone, database.transaction() as db:
        first = night.asks(db)
    with database.transaction() as db:
        db.execute(update(Dispatch).values(state="clear"))

    with ExitStack() as all_at_once:
        taken = [night.asks(all_at_once.enter_context(database.transaction())) for _ in range(OTHERS)]
        with statements(database) as beside, database.transaction() as db:
            taken.append(night.asks(db))

    assert len(beside) == len(alone), "it asked about each of the units that others are choosing"
    assert len(set(taken)) == OTHERS + 1
    assert first in taken


def test_a_text_is_sent_and_its_work_over_in_one_transaction(database: Database) -> None:
    works = Works(database)
    offer = offer_to_crew(works)
    [row] = works.jobs("send_text")
    with statements(database) as sent:
        assert jobs.run(works.means, row.id)

    assert works.message(offer).state == "sent"
    assert sent.count("COMMIT") == 3, "the claim, what is about to be sent, and what came of it"


def test_the_numbers_are_read_once_in_a_unit_of_work_and_anew_in_the_next(database: Database) -> None:
    Scene(database)
    with statements(database) as sent, database.transaction() as db:
        before = [rules.current(db).name for _ in range(3)]
    assert len([one for one in sent if "FROM service" in one]) == 1

    with database.transaction() as db:
        file = factories.service(service=service_file.Service(name="Another name", no_car_fallback="Ring 999"))
        assert rules.current(db).name == before[0] != "Another name"
        apply.apply(db, file, now=utcnow())
        assert rules.current(db).name == "Another name", "even within the transaction that changed it"
    with database.reading() as db:
        assert rules.current(db).name == "Another name"

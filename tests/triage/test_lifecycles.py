"""Every state and action of every life cycle, allowed or refused."""

import itertools

import pytest

from triage import lifecycles
from triage.lifecycles import (
    CREW_ACTIONS,
    DISPATCH,
    ENTRY,
    HELD,
    INCIDENT,
    MESSAGE,
    OFFER_ENDED,
    OPEN_DISPATCH,
    OPEN_ENTRY,
    OPEN_INCIDENT,
    UNDER_WAY,
    UNIT,
    IllegalMove,
    Moves,
    move,
    said,
    sources,
)  # fmt: skip

TABLES = {"entry": ENTRY, "dispatch": DISPATCH, "incident": INCIDENT, "unit": UNIT, "message": MESSAGE}
ENDS = {
    "entry": {"abandoned"},
    "dispatch": {"declined", "no_reply", "stood_down", "clear", "unable_to_find"},
    "incident": {"clear", "stood_down", "returned_to_nurse", "escalated_999"},
    "unit": set(),
    "message": {"delivered", "failed"},
}


def states(table: Moves) -> set[str]:
    return {state for state, _ in table} | set(table.values())


def pairs() -> list[tuple[str, str, str]]:
    return [
        (name, state, action)
        for name, table in TABLES.items()
        for state, action in itertools.product(sorted(states(table)), sorted({action for _, action in table}))
    ]


@pytest.mark.parametrize(("name", "state", "action"), pairs())
def test_only_what_the_table_has_is_allowed(name: str, state: str, action: str) -> None:
    table = TABLES[name]
    if (state, action) in table:
        assert move(table, state, action) == table[state, action]
    else:
        with pytest.raises(IllegalMove) as refused:
            move(table, state, action, what="This")
        assert said(state) in str(refused.value)
        assert (refused.value.state, refused.value.action) == (state, action)


@pytest.mark.parametrize("name", TABLES)
def test_an_end_stays_an_end(name: str) -> None:
    table = TABLES[name]
    assert states(table) - {state for state, _ in table} == ENDS[name]


@pytest.mark.parametrize("name", TABLES)
def test_an_action_leads_to_one_state_wherever_it_starts(name: str) -> None:
    """The conditional writes depend on it: they name the states an action may start from and one target."""
    table = TABLES[name]
    for action in {action for _, action in table}:
        assert len({table[state, action] for state in sources(table, action)}) == 1, action


@pytest.mark.parametrize("name", TABLES)
def test_every_state_can_be_reached_and_left(name: str) -> None:
    table = TABLES[name]
    start = {
        "entry": "waiting",
        "dispatch": "offered",
        "incident": "requested",
        "unit": "off_duty",
        "message": "waiting",
    }
    reached = {start[name]}
    while more := {target for (state, _), target in table.items() if state in reached} - reached:
        reached |= more
    assert reached == states(table)


def test_the_lists_of_states_agree_with_the_tables() -> None:
    apart = {"merged", "dismissed"}  # in a flood of texts: not in the queue, and may come back to it
    assert set(OPEN_ENTRY) | apart == {state for state, action in ENTRY if action != "come_back"}
    assert set(HELD) == set(OPEN_ENTRY) - {"waiting"}
    assert set(OPEN_DISPATCH) == {state for state, _ in DISPATCH}
    assert set(UNDER_WAY) == set(OPEN_DISPATCH) - {"offered"}
    assert set(OFFER_ENDED) == {"declined", "no_reply"} <= ENDS["dispatch"]
    assert set(OPEN_INCIDENT) == {state for state, _ in INCIDENT} - {"no_unit"}
    assert set(CREW_ACTIONS) == {action for _, action in DISPATCH} - {"no_reply", "stand_down"}
    assert len(set(lifecycles.PRESENCE)) == 6


def test_a_finished_wait_is_left_only_by_coming_back() -> None:
    assert {action for state, action in ENTRY if state == "finished"} == {"come_back"}
    assert sources(ENTRY, "come_back") == ["finished"]


def test_a_nurse_who_left_does_not_end_the_wait_and_a_person_who_talked_is_not_abandoned() -> None:
    assert all(ENTRY[state, "return"] == "waiting" for state in HELD)
    assert ("connected", "abandon") not in ENTRY


def test_a_unit_with_a_job_cannot_simply_go_off_duty() -> None:
    for action in ("off_duty", "not_ready"):
        with pytest.raises(IllegalMove):
            move(UNIT, "committed", action)


@pytest.mark.parametrize("action", ["acknowledge", "decline", "stand_down", "en_route"])
def test_a_refusal_is_a_sentence_a_crew_can_read(action: str) -> None:
    with pytest.raises(IllegalMove) as refused:
        move(DISPATCH, "clear", action, what="Job 42")
    assert str(refused.value) == f"Job 42 is clear: {said(action)} is not possible now."

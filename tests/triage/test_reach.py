"""Who reaches which locality: the pure rules, every role and kind of place."""

import pytest

from triage import reach

OVERFLOW = {"island": ["city"], "city": [], "forest": ["island", "city"]}


def how(roles: list[str], localities: list[str], of: str | None) -> str:
    return reach.of(roles, localities, OVERFLOW).how(of)


@pytest.mark.parametrize("role", ["nurse", "dispatcher", "supervisor"])
@pytest.mark.parametrize(
    ("localities", "of", "expected"),
    [
        (["island"], "island", "own"),
        (["island"], "forest", "overflow"),
        (["island"], "city", "no"),
        (["island"], None, "unknown"),
        (["island"], "", "unknown"),
        (["island"], "nowhere", "no"),
        (["city"], "island", "overflow"),
        (["city"], "forest", "overflow"),
        (["city", "island"], "island", "own"),
        ([], "city", "own"),
        ([], "nowhere", "own"),
        ([], None, "unknown"),
    ],
)
def test_at_the_desk(role: str, localities: list[str], of: str | None, expected: str) -> None:
    assert how([role], localities, of) == expected


@pytest.mark.parametrize("roles", [["administrator"], ["reader"], ["reader", "administrator"], [], ["unheard-of"]])
@pytest.mark.parametrize("localities", [[], ["island"]])
@pytest.mark.parametrize("of", ["island", "city", None])
def test_who_is_not_at_the_desk_reaches_nobody(roles: list[str], localities: list[str], of: str | None) -> None:
    assert how(roles, localities, of) == "no"


def test_acting_for_a_place_is_said_only_where_it_is_not_ones_own() -> None:
    mine = reach.of(["nurse"], ["island"], OVERFLOW)
    assert [mine.acts_for(of) for of in ("island", "forest", "city", None)] == [None, "forest", "city", None]


def test_cars_are_lent_by_those_a_place_names() -> None:
    assert reach.lends_to(["forest"], OVERFLOW) == {"island", "city"}
    assert reach.lends_to(["city"], OVERFLOW) == frozenset()

"""What a nurse types as a place, and the same place as degrees and as a grid reference."""

import pytest

from triage import places
from triage.places import BadPlace, Position

# Ordnance Survey's own test points for its grid file (OSTN15), and the water tower of Caister, the example of its guide
# to coordinate systems: exact positions, which a shift without that file must meet to about five metres.
PUBLISHED = (
    ("St Mary's", 91492.146, 11318.804, 49.92226393730, -6.29977752014),
    ("The Lizard", 170370.718, 11572.405, 49.96006137820, -5.20304609998),
    ("London", 530624.974, 178388.464, 51.48936564950, -0.11992557180),
)


@pytest.mark.parametrize(("name", "east", "north", "lat", "lon"), PUBLISHED)
def test_published_points_are_met_to_a_few_metres(name: str, east: float, north: float, lat: float, lon: float) -> None:
    there = places.from_grid(east, north)
    assert places.metres(there, Position(lat, lon)) < 6, name
    back = places.grid_reference(Position(lat, lon))
    assert back is not None
    assert places.metres(places.read(back), Position(lat, lon)) < 12


def test_the_example_of_the_ordnance_surveys_guide() -> None:
    there = places.read("TG 51409 13177")
    assert (round(there.lat, 4), round(there.lon, 4)) == (52.6580, 1.7160)
    assert places.grid_reference(there) in ("TG 51409 13177", "TG 51408 13177", "TG 51409 13176", "TG 51408 13176")


@pytest.mark.parametrize(
    "typed",
    [
        "50.7000, -1.2900", "50.7000,-1.2900", "50.7000 -1.2900", "50.7000N 1.2900W", "N50.7000, W1.2900",
        "50.7000° N, 1.2900° W", " (50.7000; \u22121.2900) ", "50.7000 n 1.2900 w", "+50.7000, -1.2900",
    ],
)  # fmt: skip
def test_degrees_however_they_are_written(typed: str) -> None:
    assert str(places.read(typed)) == "50.70000,-1.29000"


@pytest.mark.parametrize("typed", ["SZ 500 890", "sz500890", "SZ 50050 89050", "Sz 5005 8905"])
def test_a_grid_reference_is_the_middle_of_its_square(typed: str) -> None:
    there = places.read(typed)
    assert places.metres(there, places.from_grid(450_050, 89_050)) < 8
    assert places.metres(there, Position(50.7, -1.29)) < 1000


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Write degrees"),
        ("the old mill", "not a place we can read"),
        ("SZ 500 89", "even number"),
        ("SZ 50 89", "at least six figures"),
        ("AA 500 890", "No part of Great Britain"),
        ("50, -1", "need their decimals"),
        ("-1.2900, 50.7000", "Latitude comes first"),
        ("48.8566, 2.3522", "not in or near the United Kingdom"),
        ("-50.7000S, 1.2900W", "twice"),
        ("950.7000, -1.2900", "not in or near"),
        ("SZ 5000 8900 1", "even number"),
    ],
)
def test_what_is_no_place_says_why_and_what_to_write(typed: str, says: str) -> None:
    with pytest.raises(BadPlace, match=says):
        places.read(typed)


def test_whole_postcodes_only_are_postcodes() -> None:
    assert places.postcode(" po30 1aa ") == "PO301AA"
    assert [places.postcode(one) for one in (None, "", "PO30", "PO30 1", "SZ 500 890", "50.7000,-1.2900")] == [None] * 6


def test_a_kept_position_reads_back() -> None:
    assert places.kept("50.70000,-1.29000") == Position(50.7, -1.29)
    assert places.kept(None) is None

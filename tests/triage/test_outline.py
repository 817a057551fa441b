"""The outlines behind the board's map: which files are taken, what an administrator is told, and where they stand."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import event

import triage.local
from triage import outline, rules
from triage.apply import apply
from triage.db import Database, utcnow
from triage.outline import BadOutline
from triage.service_file import ServiceFileError, read

EXAMPLE = Path(triage.local.__file__).parent / "outline.geojson"
RING = [[-1.5, 50.7], [-1.2, 50.7], [-1.3, 50.6], [-1.5, 50.7]]
FILE = '[service]\nname = "A line"\nmap = "outline.geojson"\n'


def of(kind: str, coordinates: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": None, **more}


def collection(*features: Any, **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **more}


def read_of(given: Any) -> dict[str, Any]:
    return outline.read_text(json.dumps(given).encode())


def folder_with(tmp_path: Path, given: Any, service: str = FILE) -> Path:
    (tmp_path / "outline.geojson").write_text(json.dumps(given))
    (tmp_path / "service.toml").write_text(service)
    return tmp_path / "service.toml"


def test_every_kind_of_shape_is_kept_to_a_metre_with_its_name_and_nothing_else() -> None:
    given = collection(
        of("Polygon", [RING]), of("MultiPolygon", [[RING], [RING]]), of("LineString", RING[:2]),
        of("Point", [-1.123456789, 50.123456789, 12.5], properties={"name": "Newport", "owner": "Somebody"}, id=7),
        name="layer", bbox=[-1.5, 50.6, -1.2, 50.7],
    )  # fmt: skip
    found = read_of(given)
    assert set(found) == {"type", "features"}
    assert [one["geometry"]["type"] for one in found["features"]] == ["Polygon", "MultiPolygon", "LineString", "Point"]
    assert found["features"][0]["geometry"]["coordinates"] == [RING]
    assert found["features"][-1] == {
        "type": "Feature",
        "properties": {"name": "Newport"},
        "geometry": {"type": "Point", "coordinates": [-1.12346, 50.12346]},
    }
    assert read_of(given["features"][0]) == read_of(of("Polygon", [RING])["geometry"])
    assert outline.read(EXAMPLE)["features"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"outline", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"type": "Point", "coordinates": [NaN, 50.7]}', "is not JSON"),
        ([], "is not GeoJSON"),
        (collection(), "holds no features"),
        ({"type": "FeatureCollection", "features": {}}, "without a list of features"),
        (collection({"type": "Feature", "geometry": None}), "without a geometry"),
        (collection(7), "without a geometry"),
        (of("MultiPoint", [[-1.5, 50.7]]), "of type MultiPoint; only Polygon, MultiPolygon, LineString, Point are"),
        (of([], []), "only Polygon"),  # type: ignore[arg-type]
        (of("Polygon", [RING[:3]]), "fewer than four positions"),
        (of("Polygon", [[*RING[:3], [-1.4, 50.7]]]), "not closed"),
        (of("Polygon", []), "without an edge"),
        (of("LineString", RING[:1]), "fewer than two positions"),
        (of("Point", ["-1.5", "50.7"]), "not a pair of numbers"),
        (of("Point", [True, 50.7]), "not a pair of numbers"),
        (of("Point", None), "not a pair of numbers"),
        (of("Point", [50.7, -1.5]), "latitude first"),
        (of("Point", [450_000, 89_000]), "not degrees, such as 450000, 89000; save it in WGS 84"),
        (of("Point", [13.4, 52.5]), "not in or near the United Kingdom"),
        (collection(of("Point", [-1.5, 50.7]), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}}),
         "is in urn:ogc:def:crs:EPSG::27700; save it in WGS 84"),
        (collection(of("Point", [-1.5, 50.7]), crs={"type": "link"}), "does not say which system"),
        (of("LineString", [[-1.5 + step / 100_000, 50.7] for step in range(40_000)]), "and may be 500; simplify"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_what_cannot_be_shown_is_said_in_words(given: Any, told: str) -> None:
    with pytest.raises(BadOutline, match=told):
        outline.read_text(given if isinstance(given, bytes) else json.dumps(given).encode())


def test_the_older_name_of_the_same_system_is_taken() -> None:
    for name in ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"):
        assert read_of({**of("Point", [-1.5, 50.7]), "crs": {"type": "name", "properties": {"name": name}}})


def test_a_mistake_in_it_is_told_with_the_line_that_names_it_and_with_all_the_others(tmp_path: Path) -> None:
    path = folder_with(tmp_path, of("Point", [50.7, -1.5]), FILE + "[[locality]]\n")
    with pytest.raises(ServiceFileError) as caught:
        read(path)
    assert caught.value.problems[0].line == 3
    assert caught.value.problems[0].sentence == (
        "map: outline.geojson has latitude first; GeoJSON has longitude first: swap them."
    )
    assert [one.line for one in caught.value.problems[1:]] == [4, 4]
    (tmp_path / "outline.geojson").unlink()
    with pytest.raises(ServiceFileError, match="cannot be read: No such file or directory; check its name and place"):
        read(folder_with(tmp_path / "..", {}, FILE).parent / tmp_path.name / "service.toml")


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "outline.geojson").open("wb") as file:
        file.truncate(outline.LARGEST_FILE + 1)
    with pytest.raises(BadOutline, match="larger than 10 MB"):
        outline.read(tmp_path / "outline.geojson")


def test_apply_loads_it_once_takes_another_and_takes_it_away(database: Database, tmp_path: Path) -> None:
    first, second = of("Polygon", [RING]), of("Point", [-1.5, 50.7])

    def load(given: Any, service: str = FILE) -> list[str]:
        with database.transaction() as db:
            return apply(db, read(folder_with(tmp_path, given, service)), now=utcnow())

    def shown() -> tuple[Any, str | None]:
        with database.reading() as db:
            return rules.outline(db), rules.current(db).outline

    assert "map: 1 outlines" in load(first)
    found, version = shown()
    assert found == read_of(first)
    assert version == outline.version(found)
    assert load(first) == []
    assert load(second) == ["service A line: changed", "map: 1 outlines"]
    assert shown()[0] == read_of(second)
    assert shown()[1] != version
    assert load(second, FILE.replace("map =", "# map =")) == ["service A line: changed", "map: retired"]
    assert shown() == (None, None)


def test_reading_the_rules_does_not_read_the_outlines(database: Database, tmp_path: Path) -> None:
    with database.transaction() as db:
        apply(db, read(folder_with(tmp_path, of("Polygon", [RING]))), now=utcnow())
    kept: list[int] = []
    with database.reading() as db:
        event.listen(db, "loaded_as_persistent", lambda _session, row: kept.append(row.id))
        rules.current(db)
        assert len(msgspec.json.encode(rules.config(db))) < 500
    assert kept == [1]

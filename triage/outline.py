"""The outlines behind the map on the dispatch board: coasts, borders, places. Read from a GeoJSON file of the trust's.

No picture of a map is fetched from anybody: what may be shown is what stands in that file, made small. The format is
RFC 7946, whose positions are WGS 84, longitude first.
"""

import hashlib
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any, Final

import msgspec

from triage.places import EAST, NORTH, SOUTH, WEST

LARGEST_FILE: Final = 10_000_000  # bytes as it was saved; mapping tools write fifteen decimals
LARGEST: Final = 500_000  # bytes as every board reads it
DECIMALS: Final = 5  # about a metre
WGS_84: Final = ("CRS84", "EPSG::4326", "EPSG:4326")  # as older files name it
SAVE_AS: Final = "save it in WGS 84 (EPSG:4326)"
NOTHING: Final[dict[str, Any]] = {"type": "FeatureCollection", "features": []}


class BadOutline(Exception):
    """The file cannot be shown; `str()` is the rest of a sentence that begins with its name, without a full stop."""


def read(path: Path) -> dict[str, Any]:
    """The outlines in a file: what is shown of them, and nothing else that stood there. Raises BadOutline."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadOutline("is larger than 10 MB; simplify its lines and save it again")
        written = path.read_bytes()
    except OSError as error:
        raise BadOutline(f"cannot be read: {error.strerror}; check its name and place") from None
    return read_text(written)


def read_text(written: bytes) -> dict[str, Any]:
    """The same for what a file holds."""
    try:
        given = msgspec.json.decode(written.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadOutline("is not JSON; save it as GeoJSON") from None
    if not isinstance(given, dict):
        raise BadOutline("is not GeoJSON; it holds no features")
    _in_wgs_84(given)
    found = {"type": "FeatureCollection", "features": [_feature(one) for one in _features(given)]}
    if not found["features"]:
        raise BadOutline("holds no features; there is nothing to show")
    if (size := len(as_sent(found))) > LARGEST:
        raise BadOutline(
            f"is {size // 1000} kB with positions to a metre, and may be {LARGEST // 1000}; simplify its lines"
        )
    return found


def as_sent(found: dict[str, Any]) -> bytes:
    """The outlines as a page reads them."""
    return msgspec.json.encode(found)


def version(found: dict[str, Any]) -> str:
    """A short name for exactly these outlines."""
    return hashlib.sha256(as_sent(found)).hexdigest()[:16]


def _in_wgs_84(given: dict[str, Any]) -> None:
    """Files from before RFC 7946 may say that they are in something else."""
    if given.get("crs") is None:
        return
    try:
        name = str(given["crs"]["properties"]["name"])
    except (KeyError, TypeError):
        raise BadOutline(f"does not say which system its positions are in; {SAVE_AS}") from None
    if not name.upper().endswith(WGS_84):
        raise BadOutline(f"is in {name[:60]}; {SAVE_AS}")


def _features(given: dict[str, Any]) -> list[Any]:
    if given.get("type") == "FeatureCollection":
        features = given.get("features")
        if not isinstance(features, list):
            raise BadOutline("is a FeatureCollection without a list of features")
        return features
    return [given if given.get("type") == "Feature" else {"type": "Feature", "geometry": given}]


def _feature(given: Any) -> dict[str, Any]:
    """One feature with its name, if it has one. What else a mapping tool wrote about it stays in the file."""
    geometry = given.get("geometry") if isinstance(given, dict) and given.get("type") == "Feature" else None
    if not isinstance(geometry, dict):
        raise BadOutline("has a feature without a geometry; take it out")
    kind = geometry.get("type")
    shape = SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None:
        raise BadOutline(f"has a feature of type {str(kind)[:40]}; only {', '.join(SHAPES)} are shown")
    properties = given.get("properties")
    name = properties.get("name") if isinstance(properties, dict) else None
    return {
        "type": "Feature",
        "properties": {"name": name[:60]} if isinstance(name, str) else {},
        "geometry": {"type": kind, "coordinates": shape(geometry.get("coordinates"))},
    }


def _point(given: Any) -> list[float]:
    if not isinstance(given, list) or len(given) < 2:
        raise BadOutline("has a position that is not a pair of numbers, longitude first")
    lon, lat = given[:2]
    if any(isinstance(one, bool) or not isinstance(one, int | float) or not isfinite(one) for one in (lon, lat)):
        raise BadOutline("has a position that is not a pair of numbers, longitude first")
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadOutline(f"has positions that are not degrees, such as {lon:.0f}, {lat:.0f}; {SAVE_AS}")
    if SOUTH <= lon <= NORTH and WEST <= lat <= EAST:
        raise BadOutline("has latitude first; GeoJSON has longitude first: swap them")
    if not (WEST <= lon <= EAST and SOUTH <= lat <= NORTH):
        raise BadOutline(f"has a position that is not in or near the United Kingdom: {lon:.2f}, {lat:.2f}")
    return [round(float(lon), DECIMALS), round(float(lat), DECIMALS)]


def _list_of(each: Callable[[Any], Any], at_least: int, what: str) -> Callable[[Any], list[Any]]:
    def read_list(given: Any) -> list[Any]:
        if not isinstance(given, list) or len(given) < at_least:
            raise BadOutline(f"has {what}")
        return [each(one) for one in given]

    return read_list


def _ring(given: Any) -> list[Any]:
    points = _list_of(_point, 4, "an area with fewer than four positions around it")(given)
    if points[0] != points[-1]:
        raise BadOutline("has an area that is not closed: its last position must be its first")
    return points


_line = _list_of(_point, 2, "a line of fewer than two positions")
_polygon = _list_of(_ring, 1, "an area without an edge")
SHAPES: Final[dict[str, Callable[[Any], Any]]] = {
    "Polygon": _polygon,
    "MultiPolygon": _list_of(_polygon, 1, "a MultiPolygon without an area"),
    "LineString": _line,
    "Point": _point,
}

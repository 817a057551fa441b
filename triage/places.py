"""Where something is: read from what a nurse types, kept as degrees, said as text, degrees and OS grid reference.

Positions are WGS 84, as a phone and a map use them. A grid reference is on another figure of the earth (Airy 1830): the
figures of the projection and of the seven-parameter (Helmert) shift are those of Ordnance Survey, *A guide to
coordinate systems in Great Britain*, annexes A to C. Without the OS grid file that
shift is right to about 5 m: enough for a car.
"""

import re
from dataclasses import dataclass
from math import asin, atan2, cos, degrees, hypot, radians, sin, sqrt, tan
from typing import Final

HOW: Final = "Write degrees such as 50.7000, -1.2900, an OS grid reference such as SZ 500 890, or a whole postcode."
FAR: Final = "That is not in or near the United Kingdom. Look at the figures once more."
SOUTH, NORTH, WEST, EAST = 49.0, 61.5, -11.0, 3.0  # the United Kingdom and the sea around it
EARTH_M: Final = 6_371_009  # mean radius
POSTCODE: Final = re.compile(r"(GIR ?0AA|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2})", re.IGNORECASE)

_AIRY = (6_377_563.396, 6_356_256.909)  # half axes, m
_WGS = (6_378_137.0, 6_356_752.314245)
_SCALE, _LAT0, _LON0, _E0, _N0 = 0.9996012717, radians(49), radians(-2), 400_000.0, -100_000.0
_SHIFT_M = (446.448, -125.157, 542.060)  # Airy to WGS 84
_TURN_S = (0.1502, 0.2470, 0.8421)  # seconds of arc
_GROW = -20.4894e-6
_NUMBER = r"(\d{1,3}(?:\.\d+)?)"
_DEGREES = re.compile(
    rf"([NS])?\s*([+-])?\s*{_NUMBER}\s*°?\s*([NS])?(?:\s*[,;]\s*|\s+)([EW])?\s*([+-])?\s*{_NUMBER}\s*°?\s*([EW])?",
    re.IGNORECASE,
)
_GRID = re.compile(r"([A-HJ-Z]{2})\s*((?:\d\s*){2,10})", re.IGNORECASE)
_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # no I


class BadPlace(Exception):
    """What was typed is no place; `str()` says why, and what to write."""


@dataclass(frozen=True)
class Position:
    """A point, in degrees (WGS 84)."""

    lat: float
    lon: float

    def __str__(self) -> str:
        """`"50.70000,-1.29000"`: to about a metre, as a phone's map opens it."""
        return f"{self.lat:.5f},{self.lon:.5f}"


def read(typed: str) -> Position:
    """The position in what somebody typed: decimal degrees or an OS grid reference. Raises BadPlace."""
    said = " ".join(typed.replace("\u2212", "-").replace("\u2032", "'").split()).strip(" .()")
    if match := _DEGREES.fullmatch(said):
        return near(*_from_degrees(*match.groups()))
    if match := _GRID.fullmatch(said):
        return _from_grid(match[1].upper(), "".join(match[2].split()))
    raise BadPlace(f"{'This is not a place we can read. ' if said else ''}{HOW}")


def kept(position: str | None) -> Position | None:
    """The position in a text of ours, `lat,lon`; None where there is none."""
    if not position:
        return None
    lat, _, lon = position.partition(",")
    return Position(float(lat), float(lon))


def grid_of(position: str | None) -> str | None:
    """The grid reference of a position in a text of ours; None where there is none."""
    there = kept(position)
    return grid_reference(there) if there else None


def postcode(typed: str | None) -> str | None:
    """A whole postcode without its space, in capitals, as it is looked up; None if this is not one."""
    said = "".join((typed or "").split()).upper()
    return said if POSTCODE.fullmatch(said) else None


def metres(one: Position, other: Position) -> float:
    """How far apart two positions are along the great circle."""
    lat, lon = radians(other.lat - one.lat) / 2, radians(other.lon - one.lon) / 2
    part = sin(lat) ** 2 + cos(radians(one.lat)) * cos(radians(other.lat)) * sin(lon) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(part)))


def from_grid(easting: float, northing: float) -> Position:
    """The position of British National Grid metres. Raises BadPlace where it is not in or near the United Kingdom."""
    return near(*_airy_to_wgs(*_unproject(easting, northing)))


def grid_reference(position: Position) -> str | None:
    """`"SZ 50231 89012"`: to a metre as written, right to about five. None outside the grid."""
    easting, northing = _project(*_wgs_to_airy(position.lat, position.lon))
    if not (0 <= easting < 700_000 and 0 <= northing < 1_300_000):
        return None
    across, up = int(easting // 100_000), int(northing // 100_000)
    first = (19 - up) - (19 - up) % 5 + (across + 10) // 5
    second = (19 - up) * 5 % 25 + across % 5
    return f"{_LETTERS[first]}{_LETTERS[second]} {int(easting) % 100_000:05d} {int(northing) % 100_000:05d}"


def _from_degrees(
    ns: str | None, up: str | None, lat: str, ns2: str | None, ew: str | None, left: str | None, lon: str,
    ew2: str | None,
) -> tuple[float, float]:  # fmt: skip
    if (ns and ns2) or (ew and ew2) or (up and (ns or ns2)) or (left and (ew or ew2)):
        raise BadPlace(f"This says twice which side it is on. {HOW}")
    if "." not in lat or "." not in lon:
        raise BadPlace(f"Degrees need their decimals: whole ones are a hundred kilometres apart. {HOW}")
    south = up == "-" or (ns or ns2 or "").upper() == "S"
    west = left == "-" or (ew or ew2 or "").upper() == "W"
    return (-float(lat) if south else float(lat)), (-float(lon) if west else float(lon))


def near(lat: float, lon: float) -> Position:
    """The position, if it is in or near the United Kingdom. Raises BadPlace."""
    if SOUTH <= lon <= NORTH and WEST <= lat <= EAST:
        raise BadPlace("Latitude comes first: about 50 to 60 here. These two seem to be the other way round.")
    if not (SOUTH <= lat <= NORTH and WEST <= lon <= EAST):
        raise BadPlace(FAR)
    return Position(lat, lon)


def _from_grid(letters: str, digits: str) -> Position:
    if len(digits) % 2:
        raise BadPlace("A grid reference has as many figures across as up: two letters and an even number of figures.")
    if len(digits) < 6:
        raise BadPlace("This grid reference is a square of a kilometre or more. Give at least six figures.")
    first, second = (_LETTERS.index(letter) for letter in letters)
    across = (first - 2) % 5 * 5 + second % 5
    up = 19 - first // 5 * 5 - second // 5
    if not (0 <= across < 7 and 0 <= up < 13):
        raise BadPlace(f"No part of Great Britain begins with {letters} in a grid reference. {HOW}")
    half = len(digits) // 2
    unit = 10 ** (5 - half)
    middle = unit / 2 if unit > 1 else 0  # a reference names a square by its corner: the car goes to its middle
    easting = across * 100_000 + int(digits[:half]) * unit + middle
    return from_grid(easting, up * 100_000 + int(digits[half:]) * unit + middle)


def _meridian(lat: float) -> float:
    """The arc of the meridian from the true origin (OS guide, C3)."""
    a, b = _AIRY
    n = (a - b) / (a + b)
    by, to = lat - _LAT0, lat + _LAT0
    return b * _SCALE * (
        (1 + n + 1.25 * n**2 + 1.25 * n**3) * by
        - (3 * n + 3 * n**2 + 21 / 8 * n**3) * sin(by) * cos(to)
        + 15 / 8 * (n**2 + n**3) * sin(2 * by) * cos(2 * to)
        - 35 / 24 * n**3 * sin(3 * by) * cos(3 * to)
    )  # fmt: skip


def _radii(lat: float) -> tuple[float, float, float]:
    """nu, rho and eta squared at this latitude on Airy's figure (OS guide, C2)."""
    a, b = _AIRY
    e2 = 1 - (b / a) ** 2
    inside = 1 - e2 * sin(lat) ** 2
    nu, rho = a * _SCALE / sqrt(inside), a * _SCALE * (1 - e2) / inside**1.5
    return nu, rho, nu / rho - 1


def _unproject(easting: float, northing: float) -> tuple[float, float]:
    """Grid metres to degrees on Airy's figure (OS guide, C4)."""
    a, _ = _AIRY
    lat, left = _LAT0, northing - _N0
    for _step in range(20):
        lat += left / (a * _SCALE)
        left = northing - _N0 - _meridian(lat)
        if abs(left) < 0.00001:
            break
    nu, rho, eta2 = _radii(lat)
    t, sec, d = tan(lat), 1 / cos(lat), easting - _E0
    vii = t / (2 * rho * nu)
    viii = t / (24 * rho * nu**3) * (5 + 3 * t**2 + eta2 - 9 * t**2 * eta2)
    ix = t / (720 * rho * nu**5) * (61 + 90 * t**2 + 45 * t**4)
    x = sec / nu
    xi = sec / (6 * nu**3) * (nu / rho + 2 * t**2)
    xii = sec / (120 * nu**5) * (5 + 28 * t**2 + 24 * t**4)
    xiia = sec / (5040 * nu**7) * (61 + 662 * t**2 + 1320 * t**4 + 720 * t**6)
    lon = _LON0 + x * d - xi * d**3 + xii * d**5 - xiia * d**7
    return degrees(lat - vii * d**2 + viii * d**4 - ix * d**6), degrees(lon)


def _project(lat_d: float, lon_d: float) -> tuple[float, float]:
    """Degrees on Airy's figure to grid metres (OS guide, C3)."""
    lat, d = radians(lat_d), radians(lon_d) - _LON0
    nu, rho, eta2 = _radii(lat)
    s, c, t2 = sin(lat), cos(lat), tan(lat) ** 2
    ii = nu / 2 * s * c
    iii = nu / 24 * s * c**3 * (5 - t2 + 9 * eta2)
    iiia = nu / 720 * s * c**5 * (61 - 58 * t2 + t2**2)
    iv = nu * c
    v = nu / 6 * c**3 * (nu / rho - t2)
    vi = nu / 120 * c**5 * (5 - 18 * t2 + t2**2 + 14 * eta2 - 58 * t2 * eta2)
    return _E0 + iv * d + v * d**3 + vi * d**5, _N0 + _meridian(lat) + ii * d**2 + iii * d**4 + iiia * d**6


def _airy_to_wgs(lat: float, lon: float) -> tuple[float, float]:
    return _from_space(*_moved(*_in_space(lat, lon, _AIRY), 1), _WGS)


def _wgs_to_airy(lat: float, lon: float) -> tuple[float, float]:
    return _from_space(*_moved(*_in_space(lat, lon, _WGS), -1), _AIRY)


def _in_space(lat_d: float, lon_d: float, axes: tuple[float, float]) -> tuple[float, float, float]:
    """Degrees to metres from the middle of the earth (OS guide, B1), on the ground."""
    lat, lon = radians(lat_d), radians(lon_d)
    a, b = axes
    e2 = 1 - (b / a) ** 2
    nu = a / sqrt(1 - e2 * sin(lat) ** 2)
    return nu * cos(lat) * cos(lon), nu * cos(lat) * sin(lon), (1 - e2) * nu * sin(lat)


def _moved(x: float, y: float, z: float, way: int) -> tuple[float, float, float]:
    """The Helmert shift (OS guide, B3); `way` -1 goes back, which the same figures with their signs turned do."""
    tx, ty, tz = (way * each for each in _SHIFT_M)
    rx, ry, rz = (way * radians(each / 3600) for each in _TURN_S)
    grow = 1 + way * _GROW
    return tx + x * grow - y * rz + z * ry, ty + x * rz + y * grow - z * rx, tz - x * ry + y * rx + z * grow


def _from_space(x: float, y: float, z: float, axes: tuple[float, float]) -> tuple[float, float]:
    """Back to degrees (OS guide, B2)."""
    a, b = axes
    e2 = 1 - (b / a) ** 2
    flat = hypot(x, y)
    lat = atan2(z, flat * (1 - e2))
    for _step in range(6):
        nu = a / sqrt(1 - e2 * sin(lat) ** 2)
        lat = atan2(z + e2 * nu * sin(lat), flat)
    return degrees(lat), degrees(atan2(y, x))

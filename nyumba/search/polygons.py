"""Polygons that people draw: checked, cut where they reach over the antimeridian, and wound as readers expect.

Invariant: this is loaded when somebody draws the first one: Shapely takes 14 MB, and most processes never need it.
"""

import math
from itertools import pairwise
from typing import Any

import shapely
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Polygon, box, mapping
from shapely.geometry.polygon import orient

from nyumba.search.areas import Area, AreaRefused, OneArea

MOST_VERTICES = 10_000

Position = tuple[float, float]
Ring = list[Position]

_HALVES = [box(west, -90, west + 180, 90) for west in range(-540, 540, 180)]


def draw(area: Area) -> dict[str, Any]:
    """What `prepare_area` makes of an area."""
    polygons = [area.coordinates] if isinstance(area, OneArea) else area.coordinates
    if not polygons:
        raise AreaRefused("has no polygon")
    _check_size(polygons)
    parts = [piece for polygon in polygons for piece in _cut(_build_polygon(polygon))]
    prepared: dict[str, Any] = mapping(MultiPolygon([orient(part) for part in parts]))
    return prepared


def _check_size(polygons: list[Any]) -> None:
    rings = [ring for polygon in polygons if isinstance(polygon, list) for ring in polygon if isinstance(ring, list)]
    if sum(map(len, rings)) > MOST_VERTICES:
        raise AreaRefused(f"has more than {MOST_VERTICES:,} vertices; simplify it")


def _build_polygon(rings: Any) -> Polygon:  # noqa: ANN401  (whatever somebody sent)
    if not isinstance(rings, list) or not rings:
        raise AreaRefused("has a polygon that is no list of rings")
    shell, *holes = [_unwrap(_read_ring(ring)) for ring in rings]
    west, east = min(lon for lon, _ in shell), max(lon for lon, _ in shell)
    polygon = Polygon(shell, [_bring_near(hole, west, east) for hole in holes])
    if not shapely.is_valid(polygon):
        raise AreaRefused(f"is not a valid polygon: {shapely.is_valid_reason(polygon)} (longitude latitude)")
    if polygon.area == 0:
        raise AreaRefused("has no area")
    return polygon


def _read_ring(ring: Any) -> Ring:  # noqa: ANN401  (whatever somebody sent)
    if not isinstance(ring, list) or len(ring) < 4:
        raise AreaRefused("has a ring of fewer than four positions")
    positions = [_read_position(position) for position in ring]
    if positions[0] != positions[-1]:
        raise AreaRefused("has a ring that is not closed: its last position must be its first one")
    return positions


def _read_position(position: Any) -> Position:  # noqa: ANN401  (whatever somebody sent)
    if not isinstance(position, list) or len(position) < 2 or not all(map(_is_number, position)):
        raise AreaRefused("has a position that is not [longitude, latitude]")
    lon, lat = position[:2]
    if not -180 <= lon <= 180:
        raise AreaRefused(f"has longitude {lon}, which is beyond -180 to 180")
    if not -90 <= lat <= 90:
        raise AreaRefused(f"has latitude {lat}, which is beyond -90 to 90; positions are [longitude, latitude]")
    return float(lon), float(lat)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _unwrap(ring: Ring) -> Ring:
    """The ring without jumps at the antimeridian: longitudes go on beyond 180."""
    turns = 0
    unwrapped = [ring[0]]
    for (before, _), (lon, lat) in pairwise(ring):
        step = lon - before
        if 180 < abs(step) < 360:
            turns -= 1 if step > 0 else -1
        unwrapped.append((lon + 360 * turns, lat))
    if turns:
        raise AreaRefused("has a ring around a pole; cut it at the antimeridian")
    return unwrapped


def _bring_near(hole: Ring, west: float, east: float) -> Ring:
    """A hole on the same turn of the earth as its shell, where that goes beyond the antimeridian."""
    middle = sum(lon for lon, _ in hole) / len(hole)
    shift = 360 if middle < west and east > 180 else -360 if middle > east and west < -180 else 0
    return [(lon + shift, lat) for lon, lat in hole]


def _cut(polygon: Polygon) -> list[Polygon]:
    """The pieces, each within -180 to 180, and within one half of that where the whole is wide."""
    west, _, east, _ = polygon.bounds
    if west >= -180 and east <= 180 and east - west <= 180:
        return [polygon]
    pieces = []
    for half in _HALVES:
        piece = polygon.intersection(half)
        start = half.bounds[0]
        shift = 360 if start < -180 else -360 if start >= 180 else 0
        parts = piece.geoms if hasattr(piece, "geoms") else [piece]
        pieces += [translate(part, shift) for part in parts if part.geom_type == "Polygon" and part.area > 0]
    return pieces

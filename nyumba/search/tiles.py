"""Tiles of web mercator maps, as Elasticsearch's `geotile_grid` counts them.

Invariant: these are only used to choose how fine a grid may be and to name the corners of a tile, never to say which
tile a property lies in.
"""

from math import asin, atan, degrees, floor, log, pi, radians, sin, sinh, tanh

BEYOND_ZOOM = 2
MOST_TILES = 1_000
MOST_LATITUDE = degrees(asin(tanh(pi)))


def choose_precision(box: list[float], zoom: int) -> int:
    """Tiles a quarter as wide as those of the map, or wider ones where the box would have too many."""
    precision = zoom + BEYOND_ZOOM
    while precision and count_tiles(box, precision) > MOST_TILES:
        precision -= 1
    return precision


def count_tiles(box: list[float], precision: int) -> int:
    """How many tiles a box touches."""
    west, south, east, north = box
    tiles = 2**precision
    first, last = _column(west, tiles), _column(east, tiles)
    columns = last - first + 1 if west <= east else tiles - first + last + 1
    return columns * (_row(south, tiles) - _row(north, tiles) + 1)


def locate_tile(key: str) -> list[float]:
    """West, south, east and north of the tile `zoom/x/y`."""
    zoom, x, y = map(int, key.split("/"))
    tiles = 2**zoom
    return [x / tiles * 360 - 180, _latitude(y + 1, tiles), (x + 1) / tiles * 360 - 180, _latitude(y, tiles)]


def _column(lon: float, tiles: int) -> int:
    return min(tiles - 1, floor((lon + 180) / 360 * tiles))


def _row(lat: float, tiles: int) -> int:
    sine = sin(radians(max(-MOST_LATITUDE, min(MOST_LATITUDE, lat))))
    return min(tiles - 1, max(0, floor((0.5 - log((1 + sine) / (1 - sine)) / (4 * pi)) * tiles)))


def _latitude(row: int, tiles: int) -> float:
    return degrees(atan(sinh(pi * (1 - 2 * row / tiles))))

"""Polygons: what is let through, how it is cut, and why the rest is refused."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape

from nyumba.search.areas import Area, AreaRefused, OneArea, SeveralAreas, prepare_area
from nyumba.search.polygons import MOST_VERTICES

SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]


def area(*polygons: list[Any]) -> Area:
    return SeveralAreas(list(polygons)) if len(polygons) > 1 else OneArea(polygons[0])


def circle(vertices: int, radius: float = 1.0) -> list[list[float]]:
    angles = [2 * math.pi * number / vertices for number in range(vertices)]
    ring = [[36.8 + radius * math.cos(angle), -1.3 + radius * math.sin(angle)] for angle in angles]
    return [*ring, ring[0]]


@pytest.mark.parametrize(
    ("coordinates", "reason"),
    [
        ([[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]], "Self-intersection"),
        ([SQUARE, [[2, 2], [20, 2], [20, 4], [2, 4], [2, 2]]], "not a valid polygon"),
        ([SQUARE, [[20, 20], [21, 20], [21, 21], [20, 20]]], r"not a valid polygon.*outside shell\[20 20\]"),
        ([[[0, 0], [10, 0], [10, 10], [0, 10]]], "not closed"),
        ([[[0, 0], [10, 0], [0, 0]]], "fewer than four"),
        ([[[0, 0], [10, 0], [20, 0], [0, 0]]], "not a valid polygon"),
        ([[[0, 0], [190, 0], [10, 10], [0, 0]]], "longitude 190"),
        ([[[0, 0], [10, 91], [10, 10], [0, 0]]], "latitude 91"),
        ([[["0", 0], [10, 0], [10, 10], [0, 0]]], "not \\[longitude, latitude\\]"),
        ([[[0], [10, 0], [10, 10], [0, 0]]], "not \\[longitude, latitude\\]"),
        ([[[True, 0], [10, 0], [10, 10], [True, 0]]], "not \\[longitude, latitude\\]"),
        ([7], "fewer than four"),
        ([], "no list of rings"),
        ([circle(MOST_VERTICES)], "more than 10,000 vertices"),
        ([[[-120, 80], [0, 80], [120, 80], [-120, 80]]], "around a pole"),
    ],
)
def test_unclear_area_is_refused_with_the_reason(coordinates: list[Any], reason: str) -> None:
    with pytest.raises(AreaRefused, match=reason):
        prepare_area(OneArea(coordinates))


@pytest.mark.parametrize("coordinates", [[], [7], [[7]], [[[]]], [None], [{}]])
@pytest.mark.parametrize("kind", [OneArea, SeveralAreas])
def test_rubbish_is_refused(kind: type[Area], coordinates: list[Any]) -> None:
    with pytest.raises(AreaRefused):
        prepare_area(kind(coordinates))


@pytest.mark.parametrize("ring", [SQUARE, SQUARE[::-1]])
def test_winding_does_not_matter(ring: list[list[float]]) -> None:
    assert shape(prepare_area(area([ring]))).equals(shape({"type": "Polygon", "coordinates": [SQUARE]}))


def test_heights_are_ignored() -> None:
    high = [[lon, lat, 1_700] for lon, lat in SQUARE]
    assert prepare_area(area([high])) == prepare_area(area([SQUARE]))


def test_edges_over_the_antimeridian_are_cut_there() -> None:
    ring = [[170, -10], [-170, -10], [-170, 10], [170, 10], [170, -10]]
    prepared = shape(prepare_area(area([ring, [[175, -5], [-175, -5], [-175, 5], [175, 5], [175, -5]]])))
    assert prepared.area == pytest.approx(20 * 20 - 10 * 10)
    assert prepared.bounds == (-180, -10, 180, 10)
    assert len(prepared.geoms) == 2


def test_the_whole_world_is_an_area() -> None:
    world = [[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]
    prepared = shape(prepare_area(area([world])))
    assert prepared.area == 360 * 180
    assert all(part.bounds[2] - part.bounds[0] <= 180 for part in prepared.geoms)


def test_most_vertices_are_fine() -> None:
    assert len(prepare_area(area([circle(MOST_VERTICES - 1)]))["coordinates"][0][0]) == MOST_VERTICES


@given(
    middle=st.floats(-180, 180),
    corners=st.lists(st.floats(1, 20), min_size=3, max_size=12),
    winding=st.sampled_from(["left", "right"]),
)
def test_any_star_keeps_its_area_wherever_it_lies(middle: float, corners: list[float], winding: str) -> None:
    turns = [2 * math.pi * number / len(corners) for number in range(len(corners))]
    points = [[middle + r * math.cos(turn), r * math.sin(turn)] for r, turn in zip(corners, turns, strict=True)]
    if winding == "right":
        points.reverse()
    wrapped = [[(lon + 180) % 360 - 180, lat] for lon, lat in points]
    prepared = shape(prepare_area(area([[*wrapped, wrapped[0]]])))
    true = shape({"type": "Polygon", "coordinates": [[*points, points[0]]]})
    assert prepared.area == pytest.approx(true.area)
    west, south, east, north = prepared.bounds
    assert west >= -180
    assert east <= 180
    assert (south, north) == pytest.approx((true.bounds[1], true.bounds[3]))

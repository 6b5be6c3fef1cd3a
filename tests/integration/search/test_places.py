"""Boxes and polygons find the points that lie in them, also over the antimeridian and with holes."""

import gzip
import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import AsyncTestClient

from tests.conftest import World
from tests.integration.search.conftest import SEARCH
from tests.integration.search.oracle import CENTRE, Point, contains, measure_between

PATIENT = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
WARDS = Path(__file__).parents[3].parent / "shared" / "data" / "nairobi_wards.geojson.gz"
NEAR = 1e-6  # degrees: points so close to an edge may lie on either side of it

Api = AsyncTestClient[Litestar]


class Globe:
    """Points by their titles, and the API that finds them."""

    def __init__(self, api: Api, points: dict[str, Point]) -> None:
        self.api = api
        self.points = points

    async def find(self, **params: Any) -> set[str]:  # noqa: ANN401
        """The titles of all that a search finds."""
        titles: set[str] = set()
        cursor: dict[str, str] = {}
        while True:
            response = await self.api.post(f"{SEARCH}/search", json={**params, "limit": 100, **cursor})
            assert response.status_code == 200, response.text
            answer = response.json()
            titles |= {item["title"] for item in answer["items"]}
            if answer["page"]["next_cursor"] is None:
                assert answer["total"]["value"] == len(titles)
                return titles
            cursor = {"cursor": answer["page"]["next_cursor"]}


async def scatter(world: World, points: list[Point]) -> dict[str, Point]:
    owner = await world.add_user()
    titled = {f"P{number}": point for number, point in enumerate(points)}
    rows = [{"title": title, "latitude": lat, "longitude": lon} for title, (lon, lat) in titled.items()]
    await world.sql(
        "INSERT INTO properties (user_id, title, property_type, listing_type, price, latitude, longitude)"
        " SELECT :owner, title, 'house', 'sale', 1, latitude, longitude"
        " FROM jsonb_populate_recordset(NULL::properties, CAST(:rows AS jsonb))",
        owner=owner,
        rows=json.dumps(rows),
    )
    await world.add_property(owner, title="Nowhere")
    await world.reindex()
    return titled


@pytest.fixture
async def globe(world: World, api: Api) -> Globe:
    """Points all over the world, dense where hemispheres meet, and on the very edges."""
    chance = random.Random(5)
    points = [(chance.uniform(-180, 180), chance.uniform(-90, 90)) for _ in range(150)]
    points += [((170 + chance.uniform(0, 20) + 180) % 360 - 180, chance.uniform(-12, 12)) for _ in range(150)]
    points += [(chance.uniform(-12, 12), chance.uniform(-12, 12)) for _ in range(100)]
    points += [(lon, lat) for lon in (-180.0, 180.0, 0.0, 36.8219) for lat in (-90.0, 90.0, 0.0, -1.2921)]
    return Globe(api, await scatter(world, [(round(lon, 7), round(lat, 7)) for lon, lat in points]))


EDGES = (-180.0, 180.0, 0.0, 36.8219, 175.0, -175.0)


@PATIENT
@example(west=0.0, east=-1e-9, latitudes=(-90.0, 90.0))
@given(
    west=st.sampled_from(EDGES) | st.floats(-180, 180),
    east=st.sampled_from(EDGES) | st.floats(-180, 180),
    latitudes=st.tuples(st.sampled_from([-90.0, 0.0, -1.2921]) | st.floats(-90, 90), st.floats(-90, 90)),
)
async def test_box_finds_what_is_in_it_and_on_its_edges(
    globe: Globe, west: float, east: float, latitudes: tuple[float, float]
) -> None:
    south, north = sorted(latitudes)

    def is_in(lon: float, lat: float) -> bool:
        between = west <= lon <= east if west <= east else lon >= west or lon <= east
        return south <= lat <= north and between

    found = await globe.find(bbox=[west, south, east, north])
    expected = {title for title, point in globe.points.items() if is_in(*point)}
    exact = {west, east, south, north}
    close = {
        title
        for title, (lon, lat) in globe.points.items()
        if any(0 < abs(value - edge) < NEAR for value in (lon, lat) for edge in exact)
    }
    # 180 and -180 degrees are the same meridian, which an edge on either of them may take in.
    turning = {title for title, (lon, _) in globe.points.items() if abs(lon) == 180 and {west, east} & {-180.0, 180.0}}
    assert found - close - turning == expected - close - turning


async def test_circle_ends_at_its_radius(world: World, api: Api) -> None:
    chance = random.Random(3)
    lat, lon = CENTRE
    near = [(lon + chance.uniform(-0.1, 0.1), lat + chance.uniform(-0.1, 0.1)) for _ in range(60)]
    globe = Globe(api, await scatter(world, near))
    distances = {title: measure_between((lon, lat), point) for title, point in globe.points.items()}
    for edge in list(distances.values())[:15]:
        for radius in (edge - 0.2, edge + 0.2):
            found = await globe.find(lat=lat, lon=lon, radius_m=radius)
            assert found == {title for title, distance in distances.items() if distance <= radius}


def is_near(ring: list[Point], point: Point) -> bool:
    """Whether a point is so close to a ring that rounding decides."""
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        length = math.hypot(x2 - x1, y2 - y1) or 1.0
        along = max(0.0, min(1.0, ((point[0] - x1) * (x2 - x1) + (point[1] - y1) * (y2 - y1)) / length**2))
        if math.hypot(point[0] - x1 - along * (x2 - x1), point[1] - y1 - along * (y2 - y1)) < NEAR:
            return True
    return False


def draw_star(middle: Point, radii: list[float]) -> list[Point]:
    turns = [2 * math.pi * number / len(radii) for number in range(len(radii))]
    return [
        (middle[0] + r * math.cos(turn), middle[1] + r * math.sin(turn)) for r, turn in zip(radii, turns, strict=True)
    ]


def wrap(ring: list[Point]) -> list[list[float]]:
    """As people send it: every longitude from -180 to 180."""
    wrapped = [[(lon + 180) % 360 - 180, lat] for lon, lat in ring]
    return [*wrapped, wrapped[0]]


RADII = st.lists(st.floats(4, 10), min_size=4, max_size=9)


@PATIENT
@given(
    middles=st.lists(st.tuples(st.sampled_from([180.0, 0.0, 176.0, -178.0]), st.floats(-2, 2)), min_size=1, max_size=2),
    radii=RADII,
    hole=st.floats(0.1, 0.9) | st.none(),
    clockwise=st.sampled_from([1, -1]),
)
async def test_polygon_finds_what_is_in_it_and_not_in_its_holes(
    globe: Globe, middles: list[Point], radii: list[float], hole: float | None, clockwise: int
) -> None:
    polygons = []
    for middle in middles:
        rings = [draw_star(middle, radii)]
        if hole is not None:
            rings.append(draw_star(middle, [min(radii) * hole * 0.5] * 5))
        polygons.append(rings)
    found = await globe.find(
        polygon={
            "type": "MultiPolygon",
            "coordinates": [[wrap(ring)[::clockwise] for ring in rings] for rings in polygons],
        }
    )

    def turns(point: Point) -> list[Point]:
        return [(point[0] + shift, point[1]) for shift in (-360, 0, 360)]

    def is_in(point: Point) -> bool:
        return any(
            contains(shell, turned) and not any(contains(one, turned) for one in holes)
            for turned in turns(point)
            for shell, *holes in polygons
        )

    unclear = {
        title
        for title, point in globe.points.items()
        if any(is_near(ring, turned) for turned in turns(point) for rings in polygons for ring in rings)
        or abs(point[0]) == 180
    }
    expected = {title for title, point in globe.points.items() if is_in(point)}
    assert found - unclear == expected - unclear


async def test_ten_thousand_vertices_are_searched(globe: Globe) -> None:
    ring = draw_star((0.0, 0.0), [9 + (number % 7) / 100 for number in range(9_999)])
    found = await globe.find(polygon={"type": "Polygon", "coordinates": [wrap(ring)]})
    assert found == {title for title, point in globe.points.items() if contains(ring, point)}
    too_many = draw_star((0.0, 0.0), [9.0] * 10_000)
    refused = await globe.api.post(
        f"{SEARCH}/search", json={"polygon": {"type": "Polygon", "coordinates": [wrap(too_many)]}}
    )
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/polygon")


async def test_the_whole_world_is_found_and_what_has_no_place_is_not(globe: Globe) -> None:
    world = [[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]
    assert await globe.find(polygon={"type": "Polygon", "coordinates": [world]}) == globe.points.keys()
    assert await globe.find(bbox=[-180, -90, 180, 90]) == globe.points.keys()


async def test_polygon_belongs_into_a_body(globe: Globe) -> None:
    refused = await globe.api.get(SEARCH, params={"polygon": "[]"})
    assert refused.status_code == 400
    assert "POST /properties/search" in refused.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    "polygon",
    [
        7,
        [],
        {"type": "Point", "coordinates": [1, 2]},
        {"coordinates": []},
        {"type": "Polygon", "coordinates": [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1e400, 10], [10, 0], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [200, 10], [10, 0], [0, 0]]]},
    ],
)
async def test_polygon_that_is_none_is_refused_by_name(globe: Globe, polygon: object) -> None:
    body = json.dumps({"polygon": polygon, "limit": 0}).replace("Infinity", "1e400")
    refused = await globe.api.post(f"{SEARCH}/search", content=body)
    assert refused.status_code == 400
    assert refused.json().get("errors") is None or {e["pointer"] for e in refused.json()["errors"]} == {
        "/limit",
        "/polygon",
    }


@pytest.mark.skipif(not WARDS.exists(), reason=f"the evaluation data is not there: {WARDS.name}")
async def test_every_ward_of_nairobi_finds_its_points(world: World, api: Api) -> None:
    wards = json.loads(gzip.decompress(WARDS.read_bytes()))["features"]
    chance = random.Random(3)
    points = [(round(chance.uniform(36.66, 37.1), 6), round(chance.uniform(-1.45, -1.16), 6)) for _ in range(2_000)]
    globe = Globe(api, await scatter(world, points))
    for ward in wards:
        geometry = ward["geometry"]
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        shells = [[(p[0], p[1]) for p in rings[0]] for rings in polygons]
        holes = [[(p[0], p[1]) for p in ring] for rings in polygons for ring in rings[1:]]
        expected = {
            title
            for title, point in globe.points.items()
            if any(contains(shell, point) for shell in shells) and not any(contains(hole, point) for hole in holes)
        }
        assert await globe.find(polygon=geometry) == expected

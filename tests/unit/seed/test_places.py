import csv
import gzip
from collections import defaultdict
from itertools import pairwise
from math import cos, hypot, radians, sin
from pathlib import Path
from random import Random

import pytest

import nyumba
from nyumba.seed.places import METRES_PER_DEGREE, Place, draw_place, draw_point, load_places

GAZETTEER = Path(nyumba.__file__).parents[2] / "shared" / "data" / "kenya_gazetteer.csv.gz"
FARTHEST_KM = 4
FARTHEST_FROM_TOWN_KM = 14
# The gazetteer's own points for these are wards that lie elsewhere, or medians of scattered addresses.
WRONG_IN_GAZETTEER = {"Utawala", "Riverside"}

Point = tuple[float, float]


def kilometres(a: Point, b: Point) -> float:
    north, east = a[0] - b[0], (a[1] - b[1]) * cos(radians(a[0]))
    return hypot(north, east) * METRES_PER_DEGREE / 1_000


def read_gazetteer() -> dict[str, list[Point]]:
    if not GAZETTEER.exists():
        pytest.skip("../shared/data/kenya_gazetteer.csv.gz is not here: it is evaluation data, not part of the project")
    points = defaultdict(list)
    with gzip.open(GAZETTEER, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            points[simplify(row["name"])].append((float(row["lat"]), float(row["lon"])))
    return points


def simplify(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalpha())


def name_place(place: Place) -> str:
    return f"{place.city}-{place.name}"


def test_places_lie_where_the_gazetteer_says() -> None:
    gazetteer = read_gazetteer()
    compared = 0
    for place in load_places():
        if place.name in WRONG_IN_GAZETTEER or (place.neighborhood and place.city != "Nairobi"):
            continue
        known = gazetteer.get(simplify(place.name))
        if known:
            compared += 1
            nearest = min(kilometres(place.at, point) for point in known)
            assert nearest <= FARTHEST_KM, f"{place.name} is {nearest:.1f} km away"
    assert compared > 70


def test_neighborhoods_lie_by_their_town() -> None:
    gazetteer = read_gazetteer()
    towns = {place.city: place.at for place in load_places() if place.neighborhood is None}
    for place in load_places():
        known = [*gazetteer.get(simplify(place.city), []), *([towns[place.city]] if place.city in towns else [])]
        if place.neighborhood and known and place.name != "Vipingo":  # a town of its own in Kilifi county
            farthest = 26 if place.city == "Nairobi" else FARTHEST_FROM_TOWN_KM
            assert min(kilometres(place.at, point) for point in known) <= farthest, place.name


def test_places_are_many_and_named_once() -> None:
    names = [(place.city, place.neighborhood) for place in load_places()]
    assert len(names) == len(set(names)) >= 90


@pytest.mark.parametrize("place", load_places(), ids=name_place)
def test_place_is_whole(place: Place) -> None:
    for kind in ("apartment", "townhouse", "house", "farms"):
        assert getattr(place.profile, kind) or kind.removesuffix("s") not in place.profile.kinds
    assert place.roads
    assert place.near
    assert 0 < place.spread <= 3_000


@pytest.mark.parametrize("place", [place for place in load_places() if place.inland is not None], ids=name_place)
def test_no_home_lies_on_the_water_side(place: Place) -> None:
    bearing = radians(place.inland or 0)
    for number in range(200):
        lat, lon = draw_point(Random(number), place)
        north, east = lat - place.at[0], (lon - place.at[1]) * cos(radians(place.at[0]))
        assert north * cos(bearing) + east * sin(bearing) >= -1e-9


def test_homes_lie_in_their_place() -> None:
    for number in range(500):
        rng = Random(number)
        place = draw_place(rng)
        assert kilometres(place.at, draw_point(rng, place)) <= place.spread * 1.8 / 1_000 + 0.001


def test_larger_markets_are_drawn_more_often() -> None:
    drawn = [draw_place(Random(number)).name for number in range(4_000)]
    counts = [drawn.count(name) for name in ("Kilimani", "Ruaka", "Lamu")]
    assert all(more > fewer for more, fewer in pairwise(counts))

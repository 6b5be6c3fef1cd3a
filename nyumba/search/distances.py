"""Distances on the globe."""

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.7714


def measure_distance(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres between two points in degrees, on a sphere."""
    rise, run = radians(other_lat - lat), radians(other_lon - lon)
    half = sin(rise / 2) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(run / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, half)))


def tell_distance(distance_m: float) -> str:
    """In words."""
    return "less than 100 m away" if distance_m < 100 else f"{distance_m / 1000:.1f} km away"

"""Polygons that people draw, checked and made ready for Elasticsearch.

Invariant: what is let through means the same to everybody: no part crosses itself, spans more than 180 degrees or
reaches over the antimeridian, and outer rings run counter-clockwise.
"""

from functools import cached_property
from typing import Annotated, Any

import msgspec
from msgspec import Meta

LONGITUDE = {"type": "number", "minimum": -180, "maximum": 180}
LATITUDE = {"type": "number", "minimum": -90, "maximum": 90}

_POSITION = {"type": "array", "prefixItems": [LONGITUDE, LATITUDE], "items": {"type": "number"}, "minItems": 2}
_RING = {"type": "array", "items": _POSITION, "minItems": 4}
_POLYGON = {"type": "array", "items": _RING, "minItems": 1}


class Area(msgspec.Struct, frozen=True, tag_field="type", dict=True):
    """A GeoJSON geometry (RFC 7946): positions are longitude, latitude. Rings are closed."""

    coordinates: list[Any]

    @cached_property
    def prepared(self) -> dict[str, Any]:
        """What `prepare_area` makes of it, made once: a thousand vertices take some milliseconds."""
        return prepare_area(self)


class OneArea(Area, frozen=True, tag="Polygon"):
    """A polygon: its outer ring, then its holes."""

    coordinates: Annotated[list[Any], Meta(extra_json_schema=_POLYGON)]


class SeveralAreas(Area, frozen=True, tag="MultiPolygon"):
    """Several polygons, which may overlap."""

    coordinates: Annotated[list[Any], Meta(extra_json_schema={"items": _POLYGON, "minItems": 1})]


class AreaRefused(ValueError):
    """A polygon that has no area, or no clear one."""


def prepare_area(area: Area) -> dict[str, Any]:
    """The same area as a GeoJSON MultiPolygon that no reader can take otherwise.

    Rings may wind either way. An edge goes the short way round the earth, so one from 179 to -179 degrees crosses the
    antimeridian; only one from -180 to 180 goes all the way. Parts may overlap.

    Raises:
        AreaRefused: with the reason.
    """
    from nyumba.search.polygons import draw  # noqa: PLC0415  (large, and most processes never need it)

    return draw(area)

"""What searches take: one struct of filters for list, map, facets and export, and what each of them adds to it.

Invariant: every filter has one name here, under which clauses, facets, relaxations and cursors know it too.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, field
from msgspec.structs import force_setattr

from nyumba.errors import FieldError
from nyumba.pagination import LONGEST_CURSOR
from nyumba.parameters import COMMAS, EXPECTED, Ruled
from nyumba.properties.vocabulary import ListingType, PropertyType, PublicStatus
from nyumba.search.areas import LATITUDE, LONGITUDE, AreaRefused, OneArea, SeveralAreas

DEEPEST = 10_000
MOST_CHOICES = 50
LONGEST_TEXT = 300
MOST_EXCLUDED = 200
FIRST_YEAR, LAST_YEAR = 1500, 2100

FacetName = Literal[
    "property_type",
    "listing_type",
    "status",
    "bedrooms",
    "bathrooms",
    "city",
    "neighborhood",
    "amenities",
    "features",
    "price",
    "price_per_m2",
    "agent",
]
Sort = Literal["relevance", "-created_at", "price", "-price", "price_per_m2", "distance", "trending"]
Include = Literal["suggestions", "reasons", "promoted", "explain"]

Text = Annotated[str, Meta(min_length=0, max_length=LONGEST_TEXT)]
Price = Annotated[float, Meta(ge=0, le=9_999_999_999.99)]
Place = Annotated[str, Meta(min_length=1, max_length=100)]
Word = Annotated[str, Meta(min_length=1, max_length=100)]
Rooms = Annotated[int, Meta(ge=0, le=100)]
Year = Annotated[int, Meta(ge=FIRST_YEAR, le=LAST_YEAR)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
SquareMeters = Annotated[float, Meta(ge=0, le=99_999_999.99)]

_USUAL = {"typo": "auto", "interpret": "on"}
_PAIRS = ("price", "square_meters", "price_per_m2", "year_built")


class PropertyFilters(Ruled, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is looked for. All filters hold at once; several values of one are alternatives, but for `amenities`."""

    search: Annotated[Text | None, Meta(description="words that must all occur; of a long text the first 32")] = None
    q: Annotated[Text | None, Meta(description="another name of `search`")] = None
    typo: Annotated[Literal["auto", "off"], Meta(description="whether mistyped words are forgiven")] = "auto"
    interpret: Annotated[
        Literal["on", "off"],
        Meta(description="whether filters are read out of `search`: `2 bedroom in kilimani under 80k`"),
    ] = "on"
    listing_type: ListingType | None = None
    status: Annotated[list[PublicStatus], Meta(max_length=MOST_CHOICES, description="`active` unless asked")] = field(
        default_factory=list
    )
    property_type: Annotated[list[PropertyType], Meta(max_length=MOST_CHOICES)] = field(default_factory=list)
    is_featured: Annotated[bool | None, Meta(extra={EXPECTED: "true or false"})] = None
    price_min: Annotated[Price | None, Meta(description="least price, inclusive, in KES (a month, for rent)")] = None
    price_max: Annotated[Price | None, Meta(description="highest price, inclusive, in KES (a month, for rent)")] = None
    bedrooms: Annotated[list[Rooms], Meta(max_length=MOST_CHOICES)] = field(default_factory=list)
    bedrooms_min: Rooms | None = None
    bathrooms_min: Annotated[float, Meta(ge=0, le=100)] | None = None
    square_meters_min: SquareMeters | None = None
    square_meters_max: SquareMeters | None = None
    price_per_m2_min: Annotated[Price | None, Meta(description="in KES for each m², inclusive")] = None
    price_per_m2_max: Annotated[Price | None, Meta(description="in KES for each m², inclusive")] = None
    year_built_min: Year | None = None
    year_built_max: Year | None = None
    listed_within_days: Annotated[
        Annotated[int, Meta(ge=1, le=3650)] | None, Meta(description="first published so many days ago or later")
    ] = None
    price_drop_pct_min: Annotated[
        Annotated[float, Meta(ge=0, le=100)] | None,
        Meta(description="the last change of its price lowered it by so many percent or more"),
    ] = None
    amenities: Annotated[list[Word], Meta(max_length=MOST_CHOICES, description="all of them")] = field(
        default_factory=list
    )
    amenities_any: Annotated[list[Word], Meta(max_length=MOST_CHOICES, description="one of them or more")] = field(
        default_factory=list
    )
    features: Annotated[list[Word], Meta(max_length=MOST_CHOICES, description="one of them or more")] = field(
        default_factory=list
    )
    agent_id: Annotated[
        list[UUID],
        Meta(
            max_length=MOST_CHOICES,
            description="whose listings: `user_id` of the cards",
        ),
    ] = field(default_factory=list)
    city: Annotated[list[Place], Meta(max_length=MOST_CHOICES, description="accents and case do not matter")] = field(
        default_factory=list
    )
    neighborhood: Annotated[
        list[Place], Meta(max_length=MOST_CHOICES, description="accents and case do not matter")
    ] = field(default_factory=list)
    place: Annotated[
        list[Place], Meta(max_length=MOST_CHOICES, description="city or neighborhood, whichever has this name")
    ] = field(default_factory=list)
    lat: Annotated[Latitude | None, Meta(description="of a point, in degrees of WGS 84")] = None
    lon: Annotated[Longitude | None, Meta(description="of a point, in degrees of WGS 84")] = None
    radius_m: Annotated[
        Annotated[float, Meta(ge=1, le=500_000)] | None, Meta(description="metres around lat and lon")
    ] = None
    bbox: Annotated[
        list[float],
        Meta(
            min_length=4,
            max_length=4,
            description="minLon,minLat,maxLon,maxLat; where minLon is above maxLon, across the antimeridian",
            extra={COMMAS: True, EXPECTED: "four numbers: minLon,minLat,maxLon,maxLat"},
            extra_json_schema={"prefixItems": [LONGITUDE, LATITUDE] * 2},
        ),
    ] = field(default_factory=list)
    polygon: Annotated[
        OneArea | SeveralAreas | None,
        Meta(
            description="GeoJSON",
            extra={EXPECTED: "a GeoJSON Polygon or MultiPolygon in the body of POST /properties/search"},
        ),
    ] = None
    exclude_ids: Annotated[
        list[UUID],
        Meta(
            max_length=MOST_EXCLUDED,
            description="properties to leave out",
        ),
    ] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Both names of the text lead to one. What holds no letter and no digit is as good as not given."""
        force_setattr(self, "search", _read_text(self.search) or _read_text(self.q))
        force_setattr(self, "q", None)

    @classmethod
    def find_faults(cls, values: Mapping[str, Any]) -> list[FieldError]:
        """What is fine alone but not together."""
        errors = [
            FieldError(f"is above {name}_max", parameter=f"{name}_min")
            for name in _PAIRS
            if _is_above(values.get(f"{name}_min"), values.get(f"{name}_max"))
        ]
        texts = {text for name in ("search", "q") if (text := _read_text(values.get(name)))}
        if len(texts) > 1:
            errors.append(FieldError("is another name of search; give one of them", parameter="q"))
        errors += [FieldError(detail, parameter=name) for name, detail in _check_point(values).items()]
        if "bbox" in values:
            errors += [FieldError(detail, parameter="bbox") for detail in _check_box(values["bbox"])]
        if values.get("polygon") is not None:
            try:
                _ = values["polygon"].prepared
            except AreaRefused as refused:
                errors.append(FieldError(str(refused), parameter="polygon"))
        return errors

    def list_applied(self) -> dict[str, Any]:
        """The filters that are set, by name."""
        return {
            name: value
            for name in PropertyFilters.__struct_fields__
            if (value := getattr(self, name)) not in (None, []) and value != _USUAL.get(name)
        }


class OrderedFilters(PropertyFilters, frozen=True, kw_only=True):
    """What is looked for, and what comes first."""

    sort: Annotated[
        Sort | None,
        Meta(
            description="by default `relevance` with `search` and `-created_at` without; `distance` needs lat and lon"
        ),
    ] = None

    @classmethod
    def find_faults(cls, values: Mapping[str, Any]) -> list[FieldError]:
        """What is fine alone but not together."""
        errors = super().find_faults(values)
        if values.get("sort") == "distance" and values.get("lat") is None and values.get("lon") is None:
            errors.append(FieldError("needs lat and lon for distance", parameter="sort"))
        return errors

    @property
    def order(self) -> Sort:
        """The sort that holds."""
        return self.sort or ("relevance" if self.search else "-created_at")


class PropertySearch(OrderedFilters, frozen=True, kw_only=True):
    """The parameters of a search."""

    skip: Annotated[int, Meta(ge=0, le=DEEPEST, description="skip + limit is at most 10,000")] = 0
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[
        Annotated[str, Meta(min_length=1, max_length=LONGEST_CURSOR)] | None,
        Meta(description="`page.next_cursor` of the page before"),
    ] = None
    facets: Annotated[
        list[FacetName],
        Meta(max_length=20, description="what to count, with commas between several", extra={COMMAS: True}),
    ] = field(default_factory=list)
    facet_size: Annotated[int, Meta(ge=1, le=200, description="how many values of each facet")] = 20
    highlight: Annotated[bool, Meta(extra={EXPECTED: "true or false"})] = False
    include: Annotated[
        list[Include],
        Meta(
            max_length=10,
            description="what else to answer, with commas between several; `explain` is for administrators",
            extra={COMMAS: True},
        ),
    ] = field(default_factory=list)

    @classmethod
    def find_faults(cls, values: Mapping[str, Any]) -> list[FieldError]:
        """What is fine alone but not together."""
        errors = super().find_faults(values)
        skip, limit = values.get("skip") or 0, values.get("limit") or 20
        if skip + limit > DEEPEST:
            detail = f"plus limit goes beyond {DEEPEST:,}; use `cursor` to read on, or narrow the search"
            errors.append(FieldError(detail, parameter="skip"))
        if values.get("cursor") is not None and skip:
            errors.append(FieldError("cannot be combined with cursor", parameter="skip"))
        return errors

    def fingerprint(self, filters: Mapping[str, Any]) -> bytes:
        """What a cursor is bound to: all that decides which items come and in which order. Takes `list_applied()`."""
        bound = {**filters, "sort": self.order, "typo": self.typo}
        return msgspec.json.encode(bound, order="deterministic")


class MapSearch(OrderedFilters, frozen=True, kw_only=True):
    """The parameters of a map."""

    zoom: Annotated[
        Annotated[int, Meta(ge=0, le=22)] | None, Meta(description="of the map, in web mercator: 0 shows the world")
    ] = None
    pins: Annotated[int, Meta(ge=0, le=200, description="how many properties are shown by themselves")] = 50

    @classmethod
    def find_faults(cls, values: Mapping[str, Any]) -> list[FieldError]:
        """What is fine alone but not together."""
        missing = [name for name in ("bbox", "zoom") if name not in values]
        needed = [FieldError("is needed: a map shows a bbox at a zoom", parameter=name) for name in missing]
        return needed + super().find_faults(values)


class ExportSearch(OrderedFilters, frozen=True, kw_only=True):
    """The parameters of an export."""

    format: Literal["csv", "ndjson"] = "csv"


def _read_text(text: str | None) -> str | None:
    return text.strip() if text and any(map(str.isalnum, text)) else None


def _is_above(least: float | None, most: float | None) -> bool:
    return least is not None and most is not None and least > most


def _check_point(values: Mapping[str, Any]) -> dict[str, str]:
    given = {name for name in ("lat", "lon", "radius_m") if values.get(name) is not None}
    missing = {"lat", "lon"} - given if given else set()
    return dict.fromkeys(sorted(missing), "is needed: lat and lon go together, and radius_m needs both")


def _check_box(box: list[float]) -> list[str]:
    west, south, east, north = box
    faults = []
    if not (-180 <= west <= 180 and -180 <= east <= 180):
        faults.append("has a longitude beyond -180 to 180; the order is minLon,minLat,maxLon,maxLat")
    if not (-90 <= south <= 90 and -90 <= north <= 90):
        faults.append("has a latitude beyond -90 to 90; the order is minLon,minLat,maxLon,maxLat")
    if south > north:
        faults.append("has minLat above maxLat")
    return faults

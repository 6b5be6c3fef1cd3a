"""The facts of one listing, before anybody has written about them.

Invariant: titles and descriptions are written from a `Listing` alone, so what is not in here cannot be claimed.
"""

import msgspec

from nyumba.properties.vocabulary import ListingType, PropertyType
from nyumba.seed.places import Kind, Place

PROPERTY_TYPES: dict[Kind, PropertyType] = {
    "apartment": "apartment",
    "studio": "apartment",
    "bedsitter": "apartment",
    "house": "house",
    "townhouse": "townhouse",
    "plot": "land",
    "farm": "land",
    "shop": "commercial",
    "office": "commercial",
    "godown": "commercial",
}
NEW_SINCE = 2024


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A place on offer. Areas are in m², a plot is in acres; `private` means that its owner is no agent."""

    place: Place
    kind: Kind
    listing_type: ListingType
    noun: str
    private: bool
    square_meters: int
    bedrooms: int | None = None
    bathrooms: int | None = None
    acres: float | None = None
    year_built: int | None = None
    road: str | None = None
    landmark: str | None = None
    amenities: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    price: int = 0

    @property
    def property_type(self) -> PropertyType:
        """The type in the words of the schema."""
        return PROPERTY_TYPES[self.kind]

    @property
    def is_home(self) -> bool:
        """Whether people live in it."""
        return self.property_type not in {"land", "commercial"}

    @property
    def is_new(self) -> bool:
        """Known to be built lately."""
        return self.year_built is not None and self.year_built >= NEW_SINCE

    def has(self, word: str) -> bool:
        """Whether an amenity or a feature goes by this name."""
        return word in self.amenities or word in self.features

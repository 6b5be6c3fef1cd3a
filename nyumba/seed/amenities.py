"""What homes, plots and business premises have, by how much money lives in their place.

Invariant: names are lower-case English and each has one spelling, because search facets count by name.
"""

from random import Random

from nyumba.seed.listing import Listing
from nyumba.seed.places import Tier

FEWEST_AMENITIES = 2
MOST_AMENITIES = 12
MOST_FEATURES = 5
FEWEST_BEDROOMS_FOR_DSQ = 3
NOT_IN_BEDSITTERS = {"swimming pool", "gym", "intercom", "children's play area", "backup generator"}

Chances = tuple[float, float, float]  # in basic, middle and upscale places

HOMES: dict[str, Chances] = {
    "parking": (0.6, 0.85, 0.96),
    "borehole": (0.4, 0.55, 0.65),
    "water storage tank": (0.4, 0.3, 0.15),
    "cctv": (0.25, 0.5, 0.8),
    "perimeter wall": (0.5, 0.55, 0.45),
    "electric fence": (0.05, 0.3, 0.55),
    "24 hour security": (0.25, 0.55, 0.8),
    "solar water heating": (0.08, 0.25, 0.4),
    "instant shower": (0.5, 0.35, 0.1),
    "fibre internet": (0.3, 0.5, 0.65),
    "built-in wardrobes": (0.3, 0.5, 0.55),
    "tiled floors": (0.5, 0.35, 0.1),
    "prepaid electricity meter": (0.45, 0.35, 0.1),
}
FLATS: dict[str, Chances] = {
    "balcony": (0.4, 0.6, 0.8),
    "lift": (0.03, 0.2, 0.85),
    "backup generator": (0.02, 0.25, 0.75),
    "swimming pool": (0.0, 0.06, 0.45),
    "gym": (0.0, 0.07, 0.5),
    "children's play area": (0.03, 0.15, 0.35),
    "laundry area": (0.15, 0.3, 0.35),
    "intercom": (0.0, 0.08, 0.3),
}
HOUSES: dict[str, Chances] = {
    "garden": (0.35, 0.5, 0.8),
    "swimming pool": (0.0, 0.03, 0.16),
    "backup generator": (0.01, 0.05, 0.4),
    "balcony": (0.1, 0.25, 0.4),
    "pantry": (0.1, 0.25, 0.4),
    "laundry area": (0.15, 0.25, 0.3),
    "fireplace": (0.0, 0.02, 0.3),
    "children's play area": (0.02, 0.08, 0.15),
}
LAND: dict[str, Chances] = {
    "piped water": (0.45, 0.6, 0.75),
    "electricity on site": (0.35, 0.45, 0.6),
    "electricity nearby": (0.5, 0.45, 0.3),
    "borehole": (0.12, 0.12, 0.15),
    "tarmac access": (0.25, 0.45, 0.75),
    "murram access road": (0.6, 0.45, 0.1),
    "perimeter fence": (0.3, 0.35, 0.5),
    "beacons in place": (0.5, 0.4, 0.35),
    "sewer connection": (0.05, 0.15, 0.35),
}
PREMISES: dict[str, Chances] = {
    "parking": (0.5, 0.7, 0.9),
    "cctv": (0.35, 0.6, 0.85),
    "24 hour security": (0.35, 0.6, 0.85),
    "backup generator": (0.05, 0.35, 0.85),
    "fibre internet": (0.3, 0.6, 0.85),
    "borehole": (0.2, 0.35, 0.45),
    "prepaid electricity meter": (0.5, 0.35, 0.15),
}
SPECIAL: dict[str, dict[str, Chances]] = {
    "shop": {"shop front window": (0.2, 0.35, 0.5), "roller shutter": (0.5, 0.4, 0.3)},
    "office": {"lift": (0.1, 0.35, 0.85), "reception area": (0.2, 0.35, 0.6), "kitchenette": (0.2, 0.4, 0.6)},
    "godown": {"loading bay": (0.5, 0.6, 0.7), "three phase power": (0.7, 0.75, 0.8), "weighbridge": (0.05,) * 3},
}
OPPOSITES = {
    "electricity on site": "electricity nearby",
    "electricity nearby": "electricity on site",
    "tarmac access": "murram access road",
    "murram access road": "tarmac access",
}
VIEWLESS = {"bedsitter", "shop", "godown"}
TIERS: tuple[Tier, ...] = ("basic", "middle", "upscale")


def draw_amenities(rng: Random, listing: Listing) -> tuple[str, ...]:
    """Two to twelve amenities that fit the kind of listing and its place."""
    chances = _chances(listing)
    tier = TIERS.index(listing.place.tier)
    names: list[str] = []
    for name, chance in chances.items():
        if rng.random() < chance[tier] and OPPOSITES.get(name) not in names:
            names.append(name)
    missing = [name for name, chance in chances.items() if chance[tier] > 0.3 and name not in names]
    while len(names) < FEWEST_AMENITIES:
        name = missing.pop(rng.randrange(len(missing)))
        if OPPOSITES.get(name) not in names:
            names.append(name)
    rng.shuffle(names)
    return tuple(names[:MOST_AMENITIES])


def _chances(listing: Listing) -> dict[str, Chances]:
    if listing.property_type == "land":
        return LAND
    if listing.property_type == "commercial":
        return PREMISES | SPECIAL[listing.kind]
    if listing.kind == "bedsitter":
        return {name: chance for name, chance in (HOMES | FLATS).items() if name not in NOT_IN_BEDSITTERS}
    chances = HOMES | (FLATS if listing.property_type == "apartment" else HOUSES)
    if listing.noun == "bungalow":  # all of it is on the ground floor
        chances = chances | {"balcony": (0.0, 0.0, 0.0)}
    if (listing.bedrooms or 0) >= FEWEST_BEDROOMS_FOR_DSQ:
        chances = chances | {"dsq": (0.02, 0.2, 0.5)}
    if listing.place.profile.air_conditioning:
        chances = chances | {"air conditioning": (0.1, 0.3, 0.6), "fireplace": (0.0, 0.0, 0.0)}
    return chances


def draw_features(rng: Random, listing: Listing) -> tuple[str, ...]:
    """Up to five features, in the order in which people name them."""
    chances = {
        "land": _land_features,
        "commercial": _premises_features,
    }.get(listing.property_type, _home_features)(listing)
    if listing.kind not in VIEWLESS:
        chances |= dict.fromkeys(listing.place.views, 0.2)
    if listing.listing_type == "sale":
        chances |= {"ready title deed": 0.55 if listing.property_type == "land" else 0.25}
    return tuple(name for name, chance in chances.items() if rng.random() < chance)[:MOST_FEATURES]


def _land_features(listing: Listing) -> dict[str, float]:
    chances = {"corner plot": 0.12, "gated community": 0.2, "installment plan": 0.25, "freehold": 0.25}
    if listing.kind == "farm":
        return {"red soil": 0.4, "river frontage": 0.15, "freehold": 0.3}
    return chances if listing.place.tier == "basic" else chances | {"installment plan": 0.08}


def _premises_features(listing: Listing) -> dict[str, float]:
    if listing.kind == "godown":
        return {"high ceiling": 0.5, "trailer access": 0.5, "newly built": _chance_of_new(listing)}
    return {
        "ground floor": 0.7 if listing.kind == "shop" else 0.12,
        "busy street": 0.4 if listing.kind == "shop" else 0.0,
        "partitioned": 0.4 if listing.kind == "office" else 0.0,
        "newly built": _chance_of_new(listing),
    }


def _home_features(listing: Listing) -> dict[str, float]:
    upscale = listing.place.tier == "upscale"
    chances = {"newly built": _chance_of_new(listing), "spacious rooms": 0.2, "open plan kitchen": 0.3}
    if listing.kind == "bedsitter":
        return {"newly built": chances["newly built"], "spacious rooms": 0.1}
    bedrooms, bathrooms = listing.bedrooms or 0, listing.bathrooms or 0
    if bedrooms >= 2 and bathrooms >= bedrooms:
        chances = {"all ensuite": 0.8} | chances
    elif bedrooms >= 2 and bathrooms >= 2:
        chances = {"master ensuite": 0.8} | chances
    if listing.property_type == "apartment":
        furnished = 0.16 if upscale else 0.04
        chances |= {"furnished": furnished if listing.listing_type == "rent" else 0.0}
        chances |= {"installment plan": 0.3 if listing.listing_type == "sale" and listing.is_new else 0.0}
    elif listing.kind == "townhouse":
        chances |= {"gated community": 0.8}
    else:
        chances |= {"own compound": 0.5, "gated community": 0.3 if upscale else 0.15}
    return chances


def _chance_of_new(listing: Listing) -> float:
    return 0.8 if listing.is_new else 0.0

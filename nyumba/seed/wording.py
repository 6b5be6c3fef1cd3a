"""The phrases of which titles and descriptions are made, each said in one of the ways in which people say it.

Invariant: a template is used only when the listing has every fact that it names; nothing is ever filled in.
"""

from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from string import Formatter

from nyumba.seed.listing import Listing

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven")
SQUARE_FEET_PER_SQUARE_METRE = 10.7639
PLOTS: dict[float, tuple[str, ...]] = {
    0.0551: ("40x60 ft",),
    0.0735: ("40x80 ft", "40 by 80"),
    0.125: ("1/8 acre", "eighth acre", "50x100", "50 by 100"),
    0.25: ("1/4 acre", "quarter acre"),
    0.5: ("1/2 acre", "half acre"),
    0.75: ("3/4 acre",),
    1.0: ("1 acre", "one acre"),
}
# How an amenity or feature is worth a mention beside the name of a home.
EXTRAS = {
    "swimming pool": ("with swimming pool", "with a pool"),
    "dsq": ("with DSQ", "plus DSQ", "with SQ"),
    "garden": ("with a garden", "with a mature garden"),
    "gym": ("with gym",),
    "borehole": ("with borehole water",),
    "backup generator": ("with backup generator",),
    "lift": ("with lift",),
    "balcony": ("with balcony",),
    "parking": ("with parking",),
    "all ensuite": ("all ensuite", "all en-suite"),
    "master ensuite": ("master ensuite",),
    "sea view": ("with sea view",),
    "lake view": ("with lake view",),
    "ngong hills view": ("with a view of the Ngong Hills",),
    "mount kenya view": ("with a view of Mount Kenya",),
    "own compound": ("in its own compound",),
    "gated community": ("in a gated community",),
    "ready title deed": ("with ready title deed", "with title deed"),
    "loading bay": ("with loading bay",),
    "three phase power": ("with three phase power",),
    "ground floor": ("on the ground floor",),
}
SHOWN_WORDS = {"cctv": "CCTV", "dsq": "DSQ", "24 hour security": "24-hour security", "fibre internet": "fibre internet"}


@cache
def _names(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


def compose(rng: Random, templates: Sequence[str], phrases: dict[str, str]) -> str:
    """Fill one of the templates for which every phrase is there; empty when there is none."""
    usable = [template for template in templates if _names(template) <= phrases.keys()]
    return rng.choice(usable).format_map(phrases) if usable else ""


def draw_phrases(rng: Random, listing: Listing) -> dict[str, str]:
    """What can be said of a listing, each in one wording."""
    place = listing.place
    item = say_item(rng, listing)
    # One says `half acre land`, but not `a half acre land`.
    counted = item.removesuffix(" land") + " piece of land" if item.endswith(" land") else item
    adjective = rng.choice(_adjectives(listing))
    phrases = {
        "item": item,
        "a_item": with_article(counted),
        "adjective": adjective,
        "a_adjective_item": with_article(f"{adjective} {counted}"),
        "action": rng.choice(("to let", "for rent", "to let") if listing.listing_type == "rent" else ("for sale",)),
        "place": place.name,
        "place_city": f"{place.name}, {place.city}" if place.neighborhood else place.city,
        "where": _say_where(rng, listing),
        "area": f"{listing.square_meters:,}",
        "price": say_price(rng, listing),
    }
    phrases |= {name: value for name, value in (("road", listing.road), ("landmark", listing.landmark)) if value}
    extras = [rng.choice(EXTRAS[word]) for word in (*listing.features, *listing.amenities) if word in EXTRAS]
    if listing.kind == "house" and listing.acres:
        plot = say_plot(rng, listing.acres)
        extras.append(f"on {plot}" if "acre" in plot else f"on a {plot} plot")
    if extras:
        phrases["extra"] = rng.choice(extras)
    return phrases | _sizes(rng, listing)


def _sizes(rng: Random, listing: Listing) -> dict[str, str]:
    sizes = {}
    if listing.bedrooms:
        sizes["bedrooms"] = f"{NUMBERS[listing.bedrooms]} bedroom{'s' if listing.bedrooms > 1 else ''}"
    if listing.bathrooms:
        sizes["bathrooms"] = f"{NUMBERS[listing.bathrooms]} bathroom{'s' if listing.bathrooms > 1 else ''}"
    if listing.acres:
        sizes["plot"] = say_plot(rng, listing.acres) if listing.acres <= 1 else f"{listing.acres:g} acres"
        sizes["a_plot"] = with_article(sizes["plot"])
    if listing.property_type == "commercial":
        sizes["feet"] = f"{round(listing.square_meters * SQUARE_FEET_PER_SQUARE_METRE / 10) * 10:,}"
    return sizes


def say_item(rng: Random, listing: Listing) -> str:
    """What is on offer: `3 bedroom bungalow`, `1/8 acre plot`, `office space`."""
    if listing.acres and listing.property_type == "land":
        return f"{say_plot(rng, listing.acres)} {listing.noun}"
    if not listing.bedrooms:
        return listing.noun
    count, word = listing.bedrooms, NUMBERS[listing.bedrooms]
    ways = [f"{count} bedroom", f"{count} bedroom", f"{count}-bedroom", f"{count} bed", f"{word} bedroom"]
    if listing.private:
        ways += [f"{count}br", f"{count} br"]
    return f"{rng.choice(ways)} {listing.noun}"


def say_plot(rng: Random, acres: float) -> str:
    """A plot's size as people say it."""
    if acres in PLOTS:
        return rng.choice(PLOTS[acres])
    return rng.choice((f"{acres:g} acre", f"{acres:g}-acre"))


def say_price(rng: Random, listing: Listing) -> str:
    """The exact price, in one of the ways in which people write it."""
    price = listing.price
    ways = [f"KES {price:,}", f"Ksh {price:,}", f"KSh {price:,}/-"]
    if price >= 1_000_000 and price % 10_000 == 0:
        ways += [f"{price / 1e6:g} million", f"{price / 1e6:g}M", f"Ksh {price / 1e6:g}M"]
    elif price < 1_000_000 and price % 1_000 == 0:
        ways += [f"{price // 1_000}k", f"Ksh {price // 1_000}k"]
    return rng.choice(ways)


def with_article(phrase: str) -> str:
    """`a house`, `an apartment`, `an 8 bedroom house`."""
    return f"{'an' if phrase[0].lower() in 'aeiou8' and not phrase.startswith('one') else 'a'} {phrase}"


def capitalize(text: str) -> str:
    """The first letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def join_words(words: Sequence[str], last: str = "and") -> str:
    """`a, b and c`."""
    shown = [SHOWN_WORDS.get(word, word) for word in words]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {last} {shown[-1]}"


def _say_where(rng: Random, listing: Listing) -> str:
    name = listing.place.name
    ways: list[Callable[[], str]] = [lambda: f"in {name}"]
    if listing.road:
        ways += [lambda: f"in {name}, off {listing.road}", lambda: f"along {listing.road}, {name}"]
    if listing.landmark:
        ways += [lambda: f"in {name} near {listing.landmark}", lambda: f"near {listing.landmark}, {name}"]
    return rng.choice(ways)()


def _adjectives(listing: Listing) -> list[str]:
    tier = listing.place.tier
    if listing.property_type == "land":
        words = ["prime", "prime", "well located", "level"]
        return [*words, "affordable"] if tier == "basic" else words
    words = ["well located", "neat"] if not listing.is_home else ["lovely", "beautiful", "well kept"]
    if listing.is_new:
        words += ["newly built", "brand new"]
    if listing.year_built and listing.year_built >= 2012:
        words += ["modern"]
    if listing.has("spacious rooms"):
        words += ["spacious", "spacious"]
    if listing.has("furnished"):
        words = ["fully furnished", "furnished", "tastefully furnished"]
    words += {"basic": ["affordable"], "middle": ["executive"], "upscale": ["elegant", "executive"]}[tier]
    return [*words, "cosy"] if listing.is_home and (listing.bedrooms or 0) < 2 else words

"""Titles of listings, in the many shapes that people give them.

Invariant: a title fits the 255 characters of its column with room to spare.
"""

from random import Random

from nyumba.seed.listing import Listing
from nyumba.seed.swahili import write_swahili_title
from nyumba.seed.wording import capitalize, compose, draw_phrases

HOMES = (
    "{item} {action} in {place}",
    "{item} {action} {where}",
    "{item} {action} {where}",
    "{adjective} {item} {action} in {place}",
    "{adjective} {item} {action} {where}",
    "{place}: {item} {action}",
    "{place} {item} {action}",
    "{item} {extra} {action} in {place}",
    "{item} {action} in {place}, {extra}",
    "{adjective} {item} {extra}, {place}",
    "{adjective} {item} near {landmark}",
    "{item} {action} off {road}",
)
LAND = (
    "{item} {action} in {place}",
    "{item} {action} {where}",
    "{adjective} {item} {action} in {place}",
    "{adjective} {item} {action} {where}",
    "{item} {extra}, {place}",
    "{place}: {adjective} {item} {action}",
    "{adjective} {item} near {landmark}, {place}",
)
PREMISES = (
    "{item} {action} in {place}",
    "{item} {action} {where}",
    "{area} sqm {item} {action} in {place}",
    "{feet} sq ft {item} {action} in {place}",
    "{adjective} {item} {action} {where}",
    "{item} {extra}, {place}",
    "{place} {item} {action}, {area} sqm",
)
SMALL_WORDS = {"in", "to", "for", "near", "with", "off", "on", "a", "of", "by", "and", "the", "its"}


def write_title(rng: Random, listing: Listing) -> str:
    """A title for the facts; some in capitals, some in none, some with the price, some in Swahili."""
    swahili = 0.12 if listing.private else 0.05 if listing.place.tier == "basic" else 0.02
    if rng.random() < swahili:
        return write_swahili_title(rng, listing)
    templates = {"land": LAND, "commercial": PREMISES}.get(listing.property_type, HOMES)
    phrases = draw_phrases(rng, listing)
    title = compose(rng, templates, phrases)
    if rng.random() < 0.06:
        title += rng.choice((" @ {price}", " - {price}", ", {price}")).format_map(phrases)
    return _set_case(rng, title, private=listing.private)


def _set_case(rng: Random, title: str, *, private: bool) -> str:
    draw = rng.random()
    if draw < 0.05:
        return title.upper()
    if private and draw < 0.3:
        return title.lower()
    if draw < 0.65:
        words = [word if word in SMALL_WORDS and i else capitalize(word) for i, word in enumerate(title.split(" "))]
        return " ".join(words)
    return capitalize(title)

"""Descriptions of listings: an agent's paragraphs, a list of points, an owner's few words, or Swahili.

Invariant: a sentence about something that a listing may lack hangs on the amenity, feature or fact that it names.
"""

from collections.abc import Callable
from random import Random

from nyumba.seed.listing import Listing
from nyumba.seed.sentences import (
    BRIEF_PRICES,
    BRIEF_RENTS,
    CLOSINGS,
    LOCATIONS,
    OPENINGS,
    OWNER_CLOSINGS,
    PREMISES_USES,
    RENT_TERMS,
    SALE_TERMS,
    SHAPES,
    SPECIALS,
    WORD_LISTS,
)
from nyumba.seed.swahili import write_swahili_description
from nyumba.seed.wording import SHOWN_WORDS, capitalize, compose, draw_phrases, join_words

WITHOUT = 0.035
MOST_NAMED_AMENITIES = 7

Writer = Callable[[Random, Listing], str]


def write_description(rng: Random, listing: Listing) -> str | None:
    """A description of the facts; a few listings have none, as in life."""
    if rng.random() < WITHOUT:
        return None
    writers: list[Writer] = [_write_paragraph, _write_points, _write_briefly, write_swahili_description]
    weights = (20, 15, 50, 15) if listing.private else (62, 26, 9, 3)
    return rng.choices(writers, weights)[0](rng, listing)


def _write_paragraph(rng: Random, listing: Listing) -> str:
    phrases = draw_phrases(rng, listing)
    group = _group(listing)
    opening = compose(rng, OPENINGS[group], phrases)
    untold = {name: phrase for name, phrase in phrases.items() if name == "place" or phrase not in opening}
    sentences = [opening, compose(rng, SHAPES[group], untold)]
    sentences += _write_specials(rng, listing)[:2]
    sentences += [_write_amenities(rng, listing), _write_use(rng, listing)]
    if rng.random() < 0.75:
        sentences += [compose(rng, LOCATIONS[group], untold)]
    if rng.random() < 0.6:
        sentences += [_write_terms(rng, listing, phrases)]
    if rng.random() < 0.6:
        sentences += [_write_closing(rng, listing)]
    return _set_paragraphs(rng, [capitalize(sentence) for sentence in sentences if sentence])


def _set_paragraphs(rng: Random, sentences: list[str]) -> str:
    if len(sentences) > 4 and rng.random() < 0.4:
        return f"{' '.join(sentences[:3])}\n\n{' '.join(sentences[3:])}"
    return " ".join(sentences)


def _write_points(rng: Random, listing: Listing) -> str:
    phrases = draw_phrases(rng, listing)
    bullet = rng.choice(("- ", "* ", "• ", "✓ "))
    head = capitalize(compose(rng, ("{item} {action} {where}", "{adjective} {item} {action} in {place_city}"), phrases))
    words = [SHOWN_WORDS.get(word, word) for word in (*listing.features, *listing.amenities[:MOST_NAMED_AMENITIES])]
    points = [compose(rng, ("{area} sqm", "Size: {area} sqm"), phrases)] if listing.property_type != "land" else []
    points += [phrases["bathrooms"]] if listing.bathrooms else []
    lines = [bullet + capitalize(point) for point in (*points, *words)]
    lines += [_write_terms(rng, listing, phrases)]
    if rng.random() < 0.7:
        lines += [_write_closing(rng, listing)]
    return "\n".join((rng.choice((f"{head}:", head, f"{head}.")), *lines))


def _write_briefly(rng: Random, listing: Listing) -> str:
    """As people type on a phone."""
    phrases = draw_phrases(rng, listing)
    words = [SHOWN_WORDS.get(word, word) for word in (*listing.amenities, *listing.features)]
    prices = BRIEF_RENTS if listing.listing_type == "rent" else BRIEF_PRICES
    parts = [compose(rng, ("{item} {action} {where}", "{item} {action} in {place}"), phrases)]
    parts += rng.sample(words, min(len(words), rng.randint(2, 4)))
    parts += [compose(rng, prices, phrases)]
    text = ", ".join(parts) if rng.random() < 0.5 else ". ".join(map(capitalize, parts))
    return f"{text}. {_write_closing(rng, listing)}" if rng.random() < 0.5 else text


def _group(listing: Listing) -> str:
    return listing.property_type if listing.property_type in {"land", "commercial"} else "home"


def _write_specials(rng: Random, listing: Listing) -> list[str]:
    words = [word for word in (*listing.features, *listing.amenities) if word in SPECIALS]
    return [rng.choice(SPECIALS[word]) for word in words]


def _write_amenities(rng: Random, listing: Listing) -> str:
    told = [word for word in listing.amenities if word not in SPECIALS][:MOST_NAMED_AMENITIES]
    templates = WORD_LISTS.get(listing.property_type, WORD_LISTS["home"])
    return compose(rng, templates, {"words": join_words(told)}) if told else ""


def _write_use(rng: Random, listing: Listing) -> str:
    uses = PREMISES_USES.get(listing.kind)
    return rng.choice(uses) if uses and rng.random() < 0.6 else ""


def _write_terms(rng: Random, listing: Listing, phrases: dict[str, str]) -> str:
    return compose(rng, RENT_TERMS if listing.listing_type == "rent" else SALE_TERMS, phrases)


def _write_closing(rng: Random, listing: Listing) -> str:
    return rng.choice(OWNER_CLOSINGS if listing.private else CLOSINGS)

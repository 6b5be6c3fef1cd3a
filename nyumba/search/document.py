"""The document contract: what a property looks like in Elasticsearch.

Invariant: this is the one place that names index fields. Whoever changes settings, mappings or the meaning of a field
raises SCHEMA_VERSION; a test holds the digest of each version, and the index name carries it.
"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from nyumba.search.synonyms import SYNONYMS

SCHEMA_VERSION = 7

TEXT = {"type": "text", "analyzer": "listing", "search_analyzer": "typed"}
KEYWORD = {"type": "keyword"}
NUMBER = {"type": "double"}
# Filters and facets go by the folded word, whose spelling `shown` keeps.
WORD = {"type": "keyword", "normalizer": "folded", "fields": {"text": TEXT, "shown": KEYWORD}}
# The beginnings of a place's words, for suggestions while somebody types.
BEGINNINGS = {
    "type": "text",
    "analyzer": "beginnings",
    "search_analyzer": "plain",
    "norms": False,
    "index_options": "docs",
}
PLACE = {**WORD, "fields": {"text": TEXT, "shown": KEYWORD, "beginnings": BEGINNINGS}}
SHOWN_ONLY = {"type": "keyword", "index": False, "doc_values": False}

FOLDED = ["lowercase", "asciifolding"]
# Before words are looked at: an accent that is a character of its own goes, since `asciifolding` knows whole letters
# alone, and a space that does not break a line, as web pages have them, is a space.
TIDIED = [*(f"\\u{code:04x}=>" for code in range(0x300, 0x370)), r"\u00a0=>\u0020"]
STEMMED = [*FOLDED, "possessive", "kstem"]
WORDS = {"char_filter": ["tidied"], "tokenizer": "standard"}

SETTINGS: dict[str, Any] = {
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",
    "max_result_window": 10_001,
    "analysis": {
        "char_filter": {"tidied": {"type": "mapping", "mappings": TIDIED}},
        "filter": {
            "possessive": {"type": "stemmer", "language": "possessive_english"},
            "synonyms": {"type": "synonym_graph", "synonyms": list(SYNONYMS)},
            "beginnings": {"type": "edge_ngram", "min_gram": 1, "max_gram": 12},
        },
        "analyzer": {
            "listing": {**WORDS, "filter": STEMMED},
            "typed": {**WORDS, "filter": [*STEMMED, "synonyms"]},
            "plain": {**WORDS, "filter": FOLDED},
            "beginnings": {**WORDS, "filter": [*FOLDED, "beginnings"]},
        },
        "normalizer": {"folded": {"type": "custom", "char_filter": ["tidied"], "filter": ["trim", *FOLDED]}},
    },
}

MAPPINGS: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "id": KEYWORD,
        "user_id": KEYWORD,
        "title": TEXT,
        "description": TEXT,
        "property_type": KEYWORD,
        "listing_type": KEYWORD,
        "status": KEYWORD,
        "price": NUMBER,
        "price_step": KEYWORD,
        "price_per_m2": NUMBER,
        "price_per_m2_step": KEYWORD,
        "price_drop_pct": NUMBER,
        "bedrooms": {"type": "integer"},
        "bathrooms": NUMBER,
        "square_meters": NUMBER,
        "year_built": {"type": "integer"},
        "address": TEXT,
        "neighborhood": PLACE,
        "city": PLACE,
        "latitude": SHOWN_ONLY,
        "longitude": SHOWN_ONLY,
        "location": {"type": "geo_point"},
        "is_featured": {"type": "boolean"},
        "amenities": WORD,
        "features": WORD,
        "image_url": SHOWN_ONLY,
        "agent": {
            "properties": {"name": TEXT, "company": TEXT},
        },
        "created_at": {"type": "date"},
        "listed_at": {"type": "date"},
        "trending": NUMBER,
        "popularity": NUMBER,
        "tombstoned_at": {"type": "date"},
    },
}

# A property that is gone or hidden leaves a tombstone: a document with this field alone, which the alias does not show.
LIVE_FILTER: dict[str, Any] = {"bool": {"must_not": {"exists": {"field": "tombstoned_at"}}}}

TEXT_FIELDS = (
    "title",
    "neighborhood.text",
    "city.text",
    "address",
    "amenities.text",
    "features.text",
    "description",
)


class GeoPoint(msgspec.Struct, frozen=True):
    """Degrees of WGS 84."""

    lat: float
    lon: float


class Agent(msgspec.Struct, frozen=True):
    """Who offers a property. Only agents with a profile on show have a name here: others are nobody's search result."""

    name: str | None = None
    company: str | None = None


class PropertyDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One property as the index holds it. Absent and null mean the same: not known.

    `price_per_m2` is in KES. The steps are the price and the price for each m², cut to two significant digits: what
    histograms are added up from. `price_drop_pct` is how far the last change of the price lowered it, if it did.
    `listed_at` is when it was first published.
    `trending` is a score in log space, of which only the order means anything; `popularity` is from 0 to 1: how
    much interest it ever had.
    """

    id: UUID
    user_id: UUID
    title: str
    property_type: str
    listing_type: str
    status: str
    price: float
    price_step: float
    is_featured: bool
    created_at: datetime
    listed_at: datetime
    agent: Agent
    amenities: list[str]
    features: list[str]
    description: str | None = None
    price_per_m2: float | None = None
    price_per_m2_step: float | None = None
    price_drop_pct: float | None = None
    bedrooms: int | None = None
    bathrooms: float | None = None
    square_meters: float | None = None
    year_built: int | None = None
    address: str | None = None
    neighborhood: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    location: GeoPoint | None = None
    trending: float | None = None
    popularity: float | None = None
    image_url: str | None = None


def compute_digest() -> str:
    """A fingerprint of the contract: equal exactly when settings, mappings and version are."""
    contract = msgspec.json.encode([SCHEMA_VERSION, SETTINGS, MAPPINGS, LIVE_FILTER], order="deterministic")
    return hashlib.sha256(contract).hexdigest()[:12]

"""The seeded market that rankings are measured on, with what its generator knows of each listing.

Invariant: facts are read from the generator, not from the index: so a judgement does not use what the ranking made of
them. They follow from the seed alone.
"""

from dataclasses import dataclass
from datetime import date
from random import Random

from nyumba.intake.records import PropertyRecord
from nyumba.search.folding import fold
from nyumba.seed.facts import draw_listing
from nyumba.seed.generator import generate
from nyumba.seed.listing import Listing
from nyumba.seed.owners import draw_owner
from nyumba.seed.places import draw_place

SEED = 2026


@dataclass(frozen=True, slots=True)
class Known:
    """A listing on the market: what is written about it, and what is true of it."""

    record: PropertyRecord
    listing: Listing
    text: str

    @property
    def id(self) -> str:
        """Its name in judgements and runs."""
        return self.record.source_id


def build_corpus(count: int, as_of: date) -> dict[str, Known]:
    """Those of the first `count` listings of the seed that are on the market, by their names."""
    corpus = {}
    for index in range(count):
        record = generate(SEED, index, as_of).record
        if record.status == "active":
            corpus[record.source_id] = Known(record, _draw_facts(index), _join_text(record))
    return corpus


def _draw_facts(index: int) -> Listing:
    """The draws with which `generate` begins."""
    rng = Random(f"listing/{SEED}/{index}")  # noqa: S311  (no secret)
    place = draw_place(rng)
    owner = draw_owner(rng, SEED, index, place)
    return draw_listing(rng, place, private=owner.role == "seller")


def _join_text(record: PropertyRecord) -> str:
    parts = (record.title, record.description, record.address, record.neighborhood, record.city)
    return fold(" ".join([part for part in parts if part] + [*record.amenities, *record.features]))

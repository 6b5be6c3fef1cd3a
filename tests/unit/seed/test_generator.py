import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from nyumba.seed.generator import generate

TODAY = date(2026, 11, 23)
seeds = st.integers(0, 2**31 - 1)
indexes = st.integers(0, 4_999_999)


@given(seed=seeds, index=indexes)
@settings(deadline=None)
def test_listing_is_the_same_every_time(seed: int, index: int) -> None:
    assert generate(seed, index, TODAY) == generate(seed, index, TODAY)


def test_listings_do_not_depend_on_the_process() -> None:
    """Fails when Python's salted hash(), or the order of a set, gets into the draws."""
    code = (
        "import hashlib, datetime, msgspec; from nyumba.seed.generator import generate;"
        "listings = [generate(7, i, datetime.date(2026, 11, 23)) for i in range(200)];"
        "print(hashlib.sha256(msgspec.json.encode(listings)).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": salt},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert len(digests) == 1


def test_order_of_generation_does_not_matter() -> None:
    forwards = [generate(1, index, TODAY) for index in range(300)]
    backwards = [generate(1, index, TODAY) for index in reversed(range(300))]
    assert forwards == backwards[::-1]


def test_another_seed_is_another_demo() -> None:
    ours = {generate(1, index, TODAY).record.title for index in range(200)}
    theirs = {generate(2, index, TODAY).record.title for index in range(200)}
    assert len(ours & theirs) < 20


@given(seed=seeds, index=indexes, as_of=st.dates(date(2020, 1, 1), date(2040, 1, 1)))
@settings(deadline=None)
def test_day_moves_nothing_but_created_at(seed: int, index: int, as_of: date) -> None:
    listing, other = generate(seed, index, TODAY), generate(seed, index, as_of)
    moved = msgspec.structs.replace(other.record, created_at=listing.record.created_at)
    assert moved == listing.record
    assert other.owner == listing.owner


@given(seed=seeds, index=indexes)
@settings(deadline=None)
def test_listing_is_from_the_year_before_the_day(seed: int, index: int) -> None:
    created_at = generate(seed, index, TODAY).record.created_at
    end = datetime(2026, 11, 23, tzinfo=UTC)
    assert created_at is not None
    assert end - timedelta(days=365) <= created_at <= end


def test_titles_and_descriptions_are_many() -> None:
    records = [generate(1, index, TODAY).record for index in range(2_000)]
    assert len({record.title for record in records}) > 1_900
    described = [record.description for record in records if record.description]
    assert len(set(described)) == len(described)


def test_demo_is_mixed_as_a_market_is() -> None:
    records = [generate(1, index, TODAY).record for index in range(3_000)]

    def share(count: int) -> float:
        return count / len(records)

    assert 0.85 < share(sum(record.status == "active" for record in records)) < 0.95
    assert 0.02 < share(sum(record.is_featured for record in records)) < 0.045
    assert 0.025 < share(sum(record.latitude is None for record in records)) < 0.06
    assert 0.02 < share(sum(record.description is None for record in records)) < 0.05
    assert {record.property_type for record in records} == {"house", "apartment", "townhouse", "land", "commercial"}
    assert 0.4 < share(sum(record.city == "Nairobi" for record in records)) < 0.6

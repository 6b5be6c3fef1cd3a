from collections import Counter
from datetime import date

import pytest

from nyumba.seed.generator import generate
from nyumba.seed.owners import Owner, owner_of

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def owners() -> list[Owner]:
    return [generate(1, index, TODAY).owner for index in range(6_000)]


def test_owners_differ_in_everything_that_must_be_unique(owners: list[Owner]) -> None:
    people = {owner.id: owner for owner in owners}.values()
    for name in ("email", "license"):
        values = [getattr(owner, name) for owner in people if getattr(owner, name)]
        assert len(values) == len(set(values))


def test_seeds_share_no_owner() -> None:
    """So many that some have the same name: fails when the seed is missing from an id, an e-mail or a licence."""
    ours, theirs = ([owner_of(seed, "Nairobi", "agent", number) for number in range(3_000)] for seed in (1, 2))
    assert {owner.full_name for owner in ours} & {owner.full_name for owner in theirs}
    for name in ("id", "email", "license"):
        assert not {getattr(owner, name) for owner in ours} & {getattr(owner, name) for owner in theirs}


def test_nobody_real_is_meant(owners: list[Owner]) -> None:
    assert all(owner.email.endswith(".example.com") and owner.email == owner.email.lower() for owner in owners)


def test_agents_have_a_profile_and_sellers_none(owners: list[Owner]) -> None:
    for owner in owners:
        assert (owner.license is not None) == (owner.company_name is not None) == (owner.role == "agent")
    assert {owner.role for owner in owners} == {"agent", "seller"}


def test_some_owners_have_many_listings_and_most_have_few(owners: list[Owner]) -> None:
    counts = sorted(Counter(owner.id for owner in owners).values())
    assert 15 < len(owners) / len(counts) < 60
    assert counts[-1] > 5 * counts[len(counts) // 2]


def test_agents_work_in_one_city() -> None:
    cities: dict[object, set[str | None]] = {}
    for index in range(3_000):
        listing = generate(1, index, TODAY)
        cities.setdefault(listing.owner.id, set()).add(listing.record.city)
    assert all(len(served) == 1 for served in cities.values())

"""The table of moves, as data."""

import re
from pathlib import Path
from typing import get_args

import pytest

from nyumba.properties.lifecycle import CLOSINGS, MOVES, explain_refusal, list_moves
from nyumba.properties.vocabulary import PUBLIC_STATUSES, ListingType, Status

README = Path(__file__).parents[3] / "README.md"
STATUSES: tuple[Status, ...] = get_args(Status)
TYPES: tuple[ListingType, ...] = get_args(ListingType)


def test_table_knows_every_status_and_no_other() -> None:
    assert set(MOVES) == set(STATUSES)
    assert {following for moves in MOVES.values() for following in moves} == set(STATUSES)


@pytest.mark.parametrize("listing_type", TYPES)
def test_no_listing_is_stuck_or_out_of_reach(listing_type: ListingType) -> None:
    reached: set[Status] = {"draft"}
    for _ in STATUSES:
        reached |= {following for status in reached for following in list_moves(status, listing_type)}
    foreign = {status for status, wanted in CLOSINGS.items() if wanted != listing_type}
    assert reached == set(STATUSES) - foreign
    assert all("active" in list_moves(status, listing_type) for status in reached - {"active"})


def test_what_was_public_never_becomes_a_draft_at_once() -> None:
    assert all("draft" not in MOVES[status] for status in PUBLIC_STATUSES)


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_refusal_names_what_is_allowed(before: Status, after: Status) -> None:
    for listing_type in TYPES:
        refusal = explain_refusal(before, after, listing_type)
        closes_another = CLOSINGS.get(after, listing_type) != listing_type
        assert (refusal is None) == ((before == after or after in MOVES[before]) and not closes_another)
        if refusal:
            assert all(status in refusal for status in list_moves(before, listing_type))


def test_readme_says_what_the_table_does() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (`.*) \|$", README.read_text(), flags=re.MULTILINE)
    said = {before: tuple(re.findall(r"`(\w+)`", moves)) for before, moves in rows if before in STATUSES}
    assert said == MOVES

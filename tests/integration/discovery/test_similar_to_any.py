"""Similar listings of a whole market: of those without coordinates, of land, and of the dearest and cheapest alike."""

from itertools import pairwise

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.integration.search.conftest import COUNT, Market, market, owners
from tests.integration.search.oracle import Listing

__all__ = ["market", "owners"]

SEARCH = "/api/v1/properties"
PUBLIC = ("active", "under_offer")


def may_be_similar(one: Listing, other: Listing) -> bool:
    return (
        other.id != one.id
        and other.status == "active"
        and other.listing_type == one.listing_type
        and one.price / 2 <= other.price <= one.price * 2
    )


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, COUNT - 1), limit=st.integers(1, 50))
async def test_similar_are_others_on_the_same_market_for_half_to_twice_the_price(
    market: Market, number: int, limit: int
) -> None:
    one = market.listings[number]
    answer = await market.api.get(f"{SEARCH}/{one.id}/similar", params={"limit": limit})
    if one.status not in PUBLIC:
        assert answer.status_code == 404
        return
    items = answer.json()["items"]
    allowed = {str(other.id) for other in market.listings if may_be_similar(one, other)}
    found = {item["id"] for item in items}
    assert found <= allowed
    assert len(found) == len(items) == min(limit, len(allowed))
    scores = [item["match"]["score"] for item in items]
    assert all(0 <= later <= sooner <= 1 for sooner, later in pairwise(scores))
    assert all(len(item["match"]["reasons"]) <= 2 and all(item["match"]["reasons"]) for item in items)

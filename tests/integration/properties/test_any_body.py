"""Whatever is sent: it is taken as it says, or refused with the field named, and never an error of ours."""

from typing import Any

import msgspec
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nyumba.properties.write_schemas import PropertyCreate, PropertyUpdate
from tests.integration.accounts.conftest import Person
from tests.integration.properties.conftest import HOUSE, PROPERTIES, Listings

FIELDS = PropertyUpdate.__struct_fields__
WORDS = st.lists(st.text(max_size=110), max_size=4)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-1, 105),
    st.integers(1490, 2110),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-200, 200),
    st.decimals(0, "9999999999.99", places=2).map(float),
    st.text(max_size=300),
    st.sampled_from(["house", "land", "sale", "rent", "draft", "active", "sold", "let", "withdrawn"]),
    WORDS,
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)
BODIES = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), VALUES, max_size=6)

endure = hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@endure
@given(body=BODIES)
async def test_any_new_property_is_taken_as_it_says_or_refused(
    listings: Listings, owner: Person, body: dict[str, Any]
) -> None:
    response = await listings.request("POST", PROPERTIES, owner, HOUSE | body)
    assert response.status_code in {201, 400}, response.text
    if response.status_code == 201:
        sent = msgspec.convert(HOUSE | body, PropertyCreate)
        assert response.json() == (await listings.request("GET", response.headers["location"], owner)).json()
        assert response.json()["price"] == sent.price
    else:
        assert all(error["pointer"].startswith("/") for error in response.json()["errors"])


@endure
@given(body=BODIES)
async def test_any_change_is_taken_as_it_says_or_refused(
    listings: Listings, owner: Person, body: dict[str, Any]
) -> None:
    path = await listings.offer(owner)
    response = await listings.request("PATCH", path, owner, body)
    assert response.status_code in {200, 400, 409}, response.text
    seen = (await listings.request("GET", path, owner)).json()
    if response.status_code == 200:
        assert seen == response.json()
    else:
        assert {name: seen[name] for name in HOUSE} == HOUSE

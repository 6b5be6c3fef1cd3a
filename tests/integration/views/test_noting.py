"""Who counts as a visitor, and what is kept of them."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.settings import Settings
from nyumba.views import service
from nyumba.views.service import Visitors
from tests.integration.accounts.conftest import Person, serve
from tests.integration.properties.conftest import PROPERTIES, Listings


async def look(listings: Listings, path: str, person: Person | None = None, code: int = 204, **headers: str) -> None:
    response = await listings.request("POST", f"{path}/view", person, **headers)
    assert (response.status_code, response.content if code == 204 else b"") == (code, b""), response.text


async def count(listings: Listings) -> int:
    return int((await listings.sql("SELECT count(*) FROM property_views"))[0][0])


async def test_visitor_counts_once_for_each_property(listings: Listings, owner: Person) -> None:
    first, second = await listings.offer(owner), await listings.offer(owner)
    for _ in range(3):
        await look(listings, first)
    await look(listings, second)
    assert await count(listings) == 2


async def test_parallel_views_of_one_visitor_count_once(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner)
    await asyncio.gather(*(look(listings, path) for _ in range(20)))
    assert await count(listings) == 1


async def test_accounts_and_browsers_are_told_apart(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner)
    people = [await listings.accounts.add_logged_in(role) for role in ("buyer", "agent", "admin")]
    for _ in range(2):
        for person in people:
            await look(listings, path, person)
        for browser in ("one", "two"):
            await look(listings, path, user_agent=browser)
    assert await count(listings) == 5


async def test_account_is_the_same_visitor_wherever_it_is(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner)
    buyer = await listings.accounts.add_logged_in("buyer")
    for browser in ("one", "two"):
        await look(listings, path, buyer, user_agent=browser)
    assert await count(listings) == 1


async def test_addresses_behind_a_proxy_are_told_apart(listings: Listings, owner: Person, settings: Settings) -> None:
    path = await listings.offer(owner)
    async with serve(replace(settings, trusted_proxies=1)) as api:
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "10.0.0.1, 192.0.2.2"):
            assert (await api.post(f"{path}/view", headers={"X-Forwarded-For": address})).status_code == 204
    assert await count(listings) == 2


async def test_owner_does_not_count(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner)
    await look(listings, path, owner)
    assert await count(listings) == 0


@pytest.mark.parametrize("status", ["draft", "sold", "let", "withdrawn", "expired"])
async def test_only_what_is_on_the_market_counts(listings: Listings, owner: Person, status: str) -> None:
    path = await listings.offer(owner)
    await listings.sql("UPDATE properties SET status = :status", status=status)
    await look(listings, path, code=404)
    await look(listings, path, await listings.accounts.add_logged_in("agent"), code=404)
    await look(listings, path, owner)
    await look(listings, path, await listings.accounts.add_logged_in("admin"))
    await look(listings, f"{PROPERTIES}/{uuid4()}", code=404)
    assert await count(listings) == 0


async def test_token_that_is_sent_must_be_good(listings: Listings, owner: Person) -> None:
    await look(listings, await listings.offer(owner), code=401, authorization="Bearer rubbish")


async def test_visitor_counts_again_on_the_next_day(
    listings: Listings, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await listings.offer(owner)
    for day in (1, 1, 2):

        class Clock(datetime):
            @classmethod
            def now(cls, tz: object = None, day: int = day) -> datetime:  # type: ignore[override]  # noqa: ARG003
                return datetime(2026, 3, day, 23, 59, tzinfo=UTC)

        monkeypatch.setattr(service, "datetime", Clock)
        await look(listings, path)
    days = await listings.sql("SELECT day FROM property_views ORDER BY day")
    assert days == [(date(2026, 3, 1),), (date(2026, 3, 2),)]
    visitors = await listings.sql("SELECT DISTINCT visitor FROM property_views")
    salts = await listings.sql("SELECT DISTINCT salt FROM view_salts")
    assert (len(visitors), len(salts)) == (2, 2)  # nobody can be followed from one day to the next


async def test_nothing_of_a_visitor_is_kept(listings: Listings, owner: Person, settings: Settings) -> None:
    path = await listings.offer(owner)
    buyer = await listings.accounts.add_logged_in("buyer")
    await look(listings, path, buyer, user_agent="Browser/1.0")
    await look(listings, path, user_agent="Browser/1.0")
    rows = str(await listings.sql("SELECT * FROM property_views")).lower()
    for kept in (str(buyer.id), buyer.id.hex, "127.0.0.1", "browser", "testclient"):
        assert kept not in rows
    names = {Visitors(secret).name(b"salt", "device 192.0.2.1 Browser") for secret in ("a" * 32, "b" * 32)}
    names.add(Visitors("a" * 32).name(b"other", "device 192.0.2.1 Browser"))
    assert len(names) == 3


async def test_view_neither_waits_for_a_lock_of_the_property_nor_takes_one(
    listings: Listings, owner: Person, engine: AsyncEngine
) -> None:
    path = await listings.offer(owner)
    property_id = UUID(path.rsplit("/", 1)[1])
    async with engine.connect() as writer:
        await writer.exec_driver_sql(f"SELECT FROM properties WHERE id = '{property_id}' FOR UPDATE")
        async with asyncio.timeout(20):
            await look(listings, path)
    assert await count(listings) == 1
    traces = "SELECT ctid::text, xmin::text, xmax::text FROM properties"  # xmax tells who locked the row last
    before = await listings.sql(traces)
    await look(listings, path, user_agent="another")
    assert (await count(listings), await listings.sql(traces)) == (2, before)


async def test_flood_from_one_address_is_stopped(
    listings: Listings, owner: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await listings.offer(owner)
    async with serve(replace(settings, rate_limit_factor=1)) as api:
        assert (await api.post(f"{path}/view")).headers["ratelimit"].startswith('"view-by-address";r=999;')
        await listings.sql("UPDATE rate_limits SET taken = 1000")
        refused = await api.post(f"{path}/view", headers={"User-Agent": "another"})
    assert (refused.status_code, await count(listings)) == (429, 1)

"""What comes first, and who may see how it was computed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba.events.query_ids import QueryIds
from nyumba.search import service
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.accounts.conftest import Accounts, serve

SEARCH = "/api/v1/properties"
Api = AsyncTestClient[Litestar]


async def find(api: Api, **parameters: object) -> list[UUID]:
    answer = await api.get(SEARCH, params=parameters)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return [UUID(item["id"]) for item in answer.json()["items"]]


async def test_among_equals_the_newer_and_the_more_popular_come_first(world: World, api: Api) -> None:
    old = datetime.now(UTC) - timedelta(days=300)
    plain = await world.add_property(title="Sunny flat", created_at=old)
    new = await world.add_property(title="Sunny flat")
    popular = await world.add_property(title="Sunny flat", created_at=old)
    await world.sql("INSERT INTO property_trends VALUES (:id, 900, 90, 900, 0.9)", id=popular)
    await world.reindex()
    assert await find(api, search="sunny") == [popular, new, plain]
    assert await find(api, search="apartment for rent") == [popular, new, plain]  # no text is left of it
    assert (await find(api))[0] == new  # who types nothing sees what is new


async def test_clearly_better_match_comes_first_however_old(world: World, api: Api) -> None:
    old = datetime.now(UTC) - timedelta(days=300)
    best = await world.add_property(title="Sunny flat", created_at=old)
    await world.add_property(title="Flat", description="It is sunny. " + "There is much to see. " * 9, is_featured=True)
    await world.reindex()
    assert (await find(api, search="sunny"))[0] == best


async def test_pages_are_of_one_order_over_midnight(world: World, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for age in range(12):
        await world.add_property(title="Sunny flat", created_at=datetime.now(UTC) - timedelta(days=5 * age))
    await world.reindex()
    whole = await find(api, search="sunny", limit=12)
    first = (await api.get(SEARCH, params={"search": "sunny", "limit": 6})).json()
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]  # noqa: ARG003
            return tomorrow

    monkeypatch.setattr(service, "datetime", Clock)
    second = await find(api, search="sunny", limit=6, cursor=first["page"]["next_cursor"])
    assert [UUID(item["id"]) for item in first["items"]] + second == whole


async def test_reasons_are_told_when_asked_for(world: World, api: Api) -> None:
    await world.add_property(title="Sunny flat")
    await world.reindex()
    for include, reasons in ({}, []), ({"include": "reasons"}, ["“sunny” in the title", "listed today"]):
        item = (await api.get(SEARCH, params={"search": "sunny", **include})).json()["items"][0]
        assert item["match"]["reasons"] == reasons


async def test_popular_listing_says_so(world: World, api: Api) -> None:
    property_id = await world.add_property(created_at=datetime.now(UTC) - timedelta(days=30))
    await world.sql("INSERT INTO property_trends VALUES (:id, 900, 90, 900, 0.9)", id=property_id)
    await world.reindex()
    answer = (await api.get(SEARCH, params={"search": "apartment", "include": "reasons"})).json()
    assert answer["items"][0]["match"]["reasons"] == ["many have looked at it"]


async def test_only_administrators_see_how_a_score_is_computed(accounts: Accounts, world: World) -> None:
    await world.add_property(title="Sunny flat")
    await world.reindex()
    asked = {"search": "sunny", "include": "explain"}
    for role, code in ((None, 401), ("agent", 403), ("admin", 200)):
        headers = (await accounts.add_logged_in(role)).headers if role else {}
        answer = await accounts.api.get(SEARCH, params=asked, headers=headers)
        assert answer.status_code == code
        posted = await accounts.api.post(f"{SEARCH}/search", json=asked | {"include": ["explain"]}, headers=headers)
        assert posted.status_code == code
    explanation = answer.json()["items"][0]["match"]["explanation"]
    assert explanation["value"] > 0
    for part in ("title:", "listed_at", "popularity"):
        assert part in str(explanation)


async def test_query_id_is_one_that_events_may_name(world: World, settings: Settings) -> None:
    property_id = await world.add_property(title="Sunny flat")
    await world.reindex()
    async with serve(settings) as api:
        query_id = (await api.get(SEARCH, params={"search": "sunny"})).json()["query_id"]
        assert QueryIds(settings.secret_key).is_known(UUID(query_id))
        event = {"query_id": query_id, "action_name": "click"}
        event |= {"event_attributes": {"object": {"object_id": str(property_id)}}}
        answer = await api.post("/api/v1/search/events", json={"events": [event]})
        assert answer.json() == {"accepted": 1, "ignored": 0}

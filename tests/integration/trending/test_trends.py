"""What moves a trend, and what cannot. Each test fails without the rule that its name tells."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.events.query_ids import QueryIds
from nyumba.settings import Settings
from nyumba.trending import publishing, scores
from nyumba.trending.publishing import forget_events, publish_trends
from nyumba.views.folding import fold_views
from tests.conftest import World, find_today
from tests.integration.accounts.conftest import Accounts, Person

Noted = Sequence[tuple[str, int, int]]  # kind, days ago, visitor


async def note(world: World, property_id: UUID, noted: Noted) -> None:
    """Each of these as the API would have noted it on its day."""
    for kind, ago, visitor in noted:
        day, who = find_today() - timedelta(days=ago), bytes([visitor])
        if kind == "view":
            statement = "INSERT INTO property_views (property_id, day, visitor) VALUES (:id, :day, :who)"
        else:
            statement = "INSERT INTO trend_events (property_id, kind, day, visitor) VALUES (:id, :kind, :day, :who)"
        values = {"id": property_id, "day": day, "who": who} | ({} if kind == "view" else {"kind": kind})
        await world.sql(f"{statement} ON CONFLICT DO NOTHING", **values)


async def read_score(world: World, property_id: UUID) -> float | None:
    rows = await world.sql("SELECT score FROM property_trends WHERE property_id = :id", id=property_id)
    return float(rows[0][0]) if rows else None


def expect(noted: Noted) -> float | None:
    return scores.score((kind, find_today() - timedelta(days=ago)) for kind, ago, _ in sorted(set(noted)))


@given(
    st.lists(
        st.tuples(st.sampled_from(["view", "save", "contact"]), st.integers(0, 400), st.integers(0, 3)), max_size=12
    ),
    st.randoms(use_true_random=False),
    st.lists(st.integers(0, 11), max_size=3),
)
@examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_score_is_that_of_the_distinct_events_in_any_order_with_replays_and_restarts(
    world: World, engine: AsyncEngine, noted: list[tuple[str, int, int]], chance: object, folds: list[int]
) -> None:
    property_id = await world.add_property()
    arriving = noted + noted
    chance.shuffle(arriving)  # type: ignore[attr-defined]
    for number, event in enumerate(arriving):
        await note(world, property_id, [event])
        if number in folds:  # a process starts, counts, and ends: there is nothing that it could lose
            await fold_views(engine)
    for _ in range(2):
        await fold_views(engine)
    found, expected = await read_score(world, property_id), expect(noted)
    assert (found is None) == (expected is None)
    assert found is None or math.isclose(found, expected or 0, abs_tol=1e-9)


@given(
    st.floats(-3000, 3000), st.floats(-3000, 3000), st.sampled_from(sorted(scores.WEIGHTS)), st.dates(date(2000, 1, 1))
)
@examples(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_database_computes_what_the_formulas_say(
    world: World, first: float, second: float, kind: str, day: date
) -> None:
    rows = await world.sql(
        "SELECT log2_add(:a, :b), trend_exponent(:kind, :day)", a=first, b=second, kind=kind, day=day
    )
    assert math.isclose(rows[0][0], scores.add(first, second), abs_tol=1e-9)
    assert math.isclose(rows[0][1], scores.find_exponent(kind, day), abs_tol=1e-9)


async def test_one_visitor_hammering_counts_as_one(accounts: Accounts, world: World, engine: AsyncEngine) -> None:
    hammered = await world.add_property()
    visitor = await accounts.add_logged_in("buyer")
    for _ in range(20):
        await accounts.api.post(f"/api/v1/properties/{hammered}/view", headers=visitor.headers)
        await accounts.api.post(f"/api/v1/properties/{hammered}/save", headers=visitor.headers)
        await accounts.api.delete(f"/api/v1/properties/{hammered}/save", headers=visitor.headers)
        await contact(accounts, hammered, visitor)
        await fold_views(engine)
    once = scores.score([("view", find_today()), ("save", find_today()), ("contact", find_today())])
    assert await read_score(world, hammered) == pytest.approx(once)


async def contact(accounts: Accounts, property_id: UUID, person: Person | None = None) -> None:
    query_id = QueryIds(Settings().secret_key).make()
    attributes = {"object": {"object_id": str(property_id)}}
    event = {"query_id": str(query_id), "action_name": "contact", "event_attributes": attributes}
    answer = await accounts.api.post(
        "/api/v1/search/events", headers=person.headers if person else {}, json={"events": [event]}
    )
    assert answer.json() == {"accepted": 1, "ignored": 0}


async def test_owner_does_not_lift_what_is_theirs(accounts: Accounts, world: World, engine: AsyncEngine) -> None:
    owner = await accounts.add_logged_in("seller")
    own = await world.add_property(owner.id)
    for action in ("view", "save"):
        answer = await accounts.api.post(f"/api/v1/properties/{own}/{action}", headers=owner.headers)
        assert answer.status_code == 204
    await contact(accounts, own, owner)
    await fold_views(engine)
    assert await read_score(world, own) is None


async def test_owner_who_has_logged_out_does_not_lift_it_either_and_others_at_that_place_do(
    accounts: Accounts, world: World, engine: AsyncEngine
) -> None:
    owner, visitor = await accounts.add_logged_in("seller"), await accounts.add_logged_in()
    own, other = await world.add_property(owner.id), await world.add_property()
    for person in (owner, visitor):
        await accounts.api.post(f"/api/v1/properties/{own}/view", headers=person.headers)
    await fold_views(engine)
    before = await read_score(world, own)
    for property_id in (own, other):  # as one device, and logged out
        await accounts.api.post(f"/api/v1/properties/{property_id}/view")
        await contact(accounts, property_id)
    await fold_views(engine)
    assert await read_score(world, own) == before == pytest.approx(scores.score([("view", find_today())]))
    assert await read_score(world, other) == pytest.approx(
        scores.score([("view", find_today()), ("contact", find_today())])
    )
    await accounts.api.post(f"/api/v1/properties/{own}/view", headers={"User-Agent": "another device"})
    await fold_views(engine)
    assert await read_score(world, own) == pytest.approx(scores.score([("view", find_today()), ("view", find_today())]))


async def test_index_hears_of_a_score_only_when_it_grew_enough(world: World, engine: AsyncEngine) -> None:
    """Each day raises scores by a third of a doubling: none brings the few views to another step."""
    property_id = await world.add_property()
    await note(world, property_id, [("view", 0, visitor) for visitor in range(34)])
    await fold_views(engine)
    assert (await publish_trends(engine), await publish_trends(engine)) == (1, 0)
    await note(world, property_id, [("view", 0, 34)])
    await fold_views(engine)
    assert await publish_trends(engine) == 0
    await note(world, property_id, [("view", 0, visitor) for visitor in range(35, 50)])
    await fold_views(engine)
    assert await publish_trends(engine) == 1


async def test_writes_within_an_hour_are_bounded_and_go_to_what_grew_most(world: World, engine: AsyncEngine) -> None:
    properties = [await world.add_property() for _ in range(6)]
    for property_id in properties:
        await note(world, property_id, [("view", 0, 1)])
    await fold_views(engine)
    assert [await publish_trends(engine, most=4) for _ in range(3)] == [4, 0, 0]
    await world.sql("UPDATE property_trends SET published_at = published_at - interval '61 minutes'")
    assert await publish_trends(engine, most=4) == 2


async def test_publishing_leaves_the_property_as_it_was_and_stands_back(world: World, engine: AsyncEngine) -> None:
    property_id = await world.add_property()
    await world.sql("DELETE FROM search_outbox")
    before = await world.sql("SELECT updated_at FROM properties")
    await note(world, property_id, [("save", 0, 1)])
    await publish_trends(engine)
    assert await world.sql("SELECT updated_at FROM properties") == before
    rows = await world.sql(
        "SELECT o.priority, o.version = p.search_version FROM search_outbox o JOIN properties p ON true"
    )
    assert rows == [(-1, True)]
    await world.sql("UPDATE properties SET title = 'Another'")
    assert await world.sql("SELECT updated_at FROM properties") != before


async def test_published_trend_reaches_the_index(world: World, engine: AsyncEngine) -> None:
    property_id = await world.add_property()
    await world.reindex()
    await note(world, property_id, [("save", 0, 1)])
    await publish_trends(engine)
    await world.processor.drain()
    source = (await world.elastic.get(index=world.alias, id=str(property_id)))["_source"]
    score = scores.find_exponent("save", find_today())
    assert score - publishing.STEP < source["trending"] <= score
    assert 0 < source["popularity"] < 1


async def test_events_of_days_that_are_over_are_forgotten_and_stay_counted(world: World, engine: AsyncEngine) -> None:
    property_id = await world.add_property()
    await note(world, property_id, [("save", 1, 1), ("save", 0, 2)])
    score = await read_score(world, property_id)
    await forget_events(engine)
    assert await world.sql("SELECT day FROM trend_events") == [(find_today(),)]
    assert await read_score(world, property_id) == score


async def test_event_of_a_property_that_is_gone_does_no_harm(world: World) -> None:
    await note(world, uuid4(), [("contact", 0, 1)])
    assert await world.sql("SELECT count(*) FROM property_trends") == [(0,)]

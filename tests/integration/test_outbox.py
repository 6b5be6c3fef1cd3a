"""The triggers: which change makes an event, and which does not."""

import re
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from tests.conftest import World


async def take_events(world: World) -> list[tuple[str, str, str]]:
    rows = await world.sql(
        "WITH taken AS (DELETE FROM search_outbox RETURNING *) SELECT property_id, op, reason FROM taken ORDER BY id"
    )
    return [(str(property_id), op, reason) for property_id, op, reason in rows]


async def read_version(world: World, property_id: UUID) -> int:
    rows = await world.sql("SELECT search_version FROM properties WHERE id = :id", id=property_id)
    return int(rows[0][0])


INDEXED = {
    "title": "Another",
    "description": "Quiet",
    "property_type": "house",
    "listing_type": "sale",
    "price": 60_000.5,
    "bedrooms": 3,
    "bathrooms": 2.5,
    "square_meters": 80,
    "address": "Ring Road",
    "neighborhood": "Kilimani",
    "city": "Nairobi",
    "status": "under_offer",
    "year_built": 2015,
    "is_featured": True,
}


@pytest.mark.parametrize("column", INDEXED)
async def test_change_of_an_indexed_column_makes_one_event(world: World, column: str) -> None:
    property_id = await world.add_property()
    await take_events(world)
    before = await read_version(world, property_id)
    await world.sql(f"UPDATE properties SET {column} = :value", value=INDEXED[column])
    assert await take_events(world) == [(str(property_id), "index", "update")]
    assert await read_version(world, property_id) > before


async def test_moving_on_the_map_makes_an_event(world: World) -> None:
    property_id = await world.add_property()
    await take_events(world)
    await world.sql("UPDATE properties SET latitude = -1.29, longitude = 36.78")
    assert await take_events(world) == [(str(property_id), "index", "update")]


@pytest.mark.parametrize("change", ["view_count = view_count + 1", "updated_at = now()", "title = title"])
async def test_irrelevant_change_makes_no_event(world: World, change: str) -> None:
    property_id = await world.add_property()
    await take_events(world)
    before = await read_version(world, property_id)
    await world.sql(f"UPDATE properties SET {change}")
    assert await take_events(world) == []
    assert await read_version(world, property_id) == before


async def test_leaving_the_market_asks_to_unindex(world: World) -> None:
    property_id = await world.add_property()
    await take_events(world)
    await world.sql("UPDATE properties SET status = 'sold'")
    await world.sql("DELETE FROM properties")
    assert await take_events(world) == [
        (str(property_id), "unindex", "update"),
        (str(property_id), "unindex", "delete"),
    ]


@pytest.mark.parametrize("table", ["amenities", "features"])
async def test_words_of_a_property_touch_it(world: World, table: str) -> None:
    property_id = await world.add_property()
    touched = [(str(property_id), "index", "related")]
    await take_events(world)
    await world.sql(f"INSERT INTO {table} (property_id, name) VALUES (:id, 'pool')", id=property_id)
    assert await take_events(world) == touched
    await world.sql(f"UPDATE {table} SET name = 'gym'")
    assert await take_events(world) == touched
    await world.sql(f"DELETE FROM {table}")
    assert await take_events(world) == touched


async def test_image_moved_to_another_property_touches_both(world: World) -> None:
    one, other = await world.add_property(), await world.add_property()
    await world.sql("INSERT INTO property_images (property_id, url) VALUES (:id, 'a.jpg')", id=one)
    await take_events(world)
    await world.sql("UPDATE property_images SET property_id = :id", id=other)
    assert {event[0] for event in await take_events(world)} == {str(one), str(other)}


async def test_only_the_image_that_search_shows_touches_its_property(world: World) -> None:
    property_id = await world.add_property()
    touched = [(str(property_id), "index", "related")]
    insert = "INSERT INTO property_images (property_id, url, is_primary, display_order) VALUES "
    steps = [
        (f"{insert}(:id, 'one', false, 5)", touched),
        (f"{insert}(:id, 'two', false, 6)", []),
        (f"{insert}(:id, 'three', false, 4)", touched),
        ("UPDATE property_images SET display_order = 7 WHERE url = 'one'", []),
        ("UPDATE property_images SET display_order = 8 - display_order", touched),
        ("UPDATE property_images SET is_primary = true WHERE url = 'one'", touched),
        ("UPDATE property_images SET display_order = 8 - display_order", []),
        ("UPDATE property_images SET width = 1, height = 1", []),
        ("UPDATE property_images SET card_url = 'card' WHERE url = 'two'", []),
        ("UPDATE property_images SET card_url = 'card' WHERE url = 'one'", touched),
        ("DELETE FROM property_images WHERE url = 'two'", []),
        ("DELETE FROM property_images WHERE url = 'one'", touched),
        ("DELETE FROM property_images", touched),
    ]
    await take_events(world)
    for statement, events in steps:
        before = await world.sql("SELECT updated_at FROM properties")
        await world.sql(statement, **({"id": property_id} if ":id" in statement else {}))
        assert await take_events(world) == events, statement
        assert await world.sql("SELECT updated_at FROM properties") > before, "the property has changed in any case"


async def test_agent_shown_with_a_property_touches_it(world: World) -> None:
    agent = await world.add_user()
    property_id = await world.add_property(agent)
    touched = [(str(property_id), "index", "related")]
    await take_events(world)
    await world.sql("UPDATE users SET full_name = 'Otieno Odhiambo'")
    assert await take_events(world) == touched
    await world.sql("INSERT INTO agent_profiles (user_id, company_name) VALUES (:id, 'Savanna Homes')", id=agent)
    assert await take_events(world) == touched
    await world.sql("UPDATE agent_profiles SET company_name = 'Savanna'")
    assert await take_events(world) == touched
    await world.sql("UPDATE users SET is_active = false")
    assert await take_events(world) == touched
    await world.sql("UPDATE agent_profiles SET bio = 'Since 2004'")
    await world.sql("UPDATE users SET phone = '+254700000000'")
    assert await take_events(world) == []


async def test_bulk_load_makes_one_event_for_each_property(world: World) -> None:
    user_id = await world.add_user()
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO properties (user_id, title, property_type, listing_type, price)"
            f" SELECT '{user_id}', 'Plot ' || n, 'land', 'sale', 1e6 FROM generate_series(1, 50) n"
        )
        await connection.exec_driver_sql("INSERT INTO amenities (property_id, name) SELECT id, 'water' FROM properties")
        await connection.exec_driver_sql("INSERT INTO features (property_id, name) SELECT id, 'title' FROM properties")
    assert len(await take_events(world)) == 50


async def test_change_of_many_makes_events_for_those_that_change(world: World) -> None:
    owner = await world.add_user()
    cheap = [await world.add_property(owner, price=40_000) for _ in range(3)]
    await world.add_property(owner, price=60_000)
    await take_events(world)
    await world.sql("UPDATE properties SET price = greatest(price, 50_000)")
    assert sorted(await take_events(world)) == sorted((str(one), "index", "update") for one in cheap)


async def test_no_trigger_joins_the_rows_before_with_those_after(world: World) -> None:
    """The plan that a session keeps for one row would compare all with all where there are many."""
    bodies = dict(await world.sql("SELECT proname, prosrc FROM pg_proc WHERE prosrc LIKE '%_rows%'"))
    assert len(bodies) > 5
    assert [name for name, body in bodies.items() if re.search(r"_rows\b[^;]*\bJOIN\s+\w+_rows\b", body)] == []


async def test_words_added_after_an_irrelevant_change_in_one_transaction_still_make_an_event(world: World) -> None:
    property_id = await world.add_property()
    await take_events(world)
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE properties SET view_count = 5")
        await connection.exec_driver_sql("INSERT INTO amenities (property_id, name) SELECT id, 'gym' FROM properties")
    assert await take_events(world) == [(str(property_id), "index", "related")]


async def test_words_added_while_an_event_is_pending_make_another(world: World) -> None:
    """The pending one may have been read already."""
    property_id = await world.add_property()
    await world.sql("INSERT INTO amenities (property_id, name) VALUES (:id, 'pool')", id=property_id)
    assert len(await take_events(world)) == 2


async def test_version_rises_when_an_id_is_inserted_again(world: World) -> None:
    property_id = await world.add_property()
    await world.sql("UPDATE properties SET price = 2")
    before = await read_version(world, property_id)
    await world.sql("DELETE FROM properties")
    await world.add_property(id=property_id)
    assert await read_version(world, property_id) > before


async def test_rolled_back_change_leaves_no_event(world: World) -> None:
    await world.add_property()
    await take_events(world)
    async with world.engine.connect() as connection:
        await connection.exec_driver_sql("UPDATE properties SET price = 3")
        await connection.rollback()
    assert await take_events(world) == []


@pytest.mark.parametrize(
    "table",
    ["properties", "amenities", "features", "property_images", "price_changes", "agent_profiles", "users"],
)
async def test_truncate_is_refused(world: World, table: str) -> None:
    with pytest.raises(DBAPIError, match="would leave the search index wrong"):
        await world.sql(f"TRUNCATE {table} CASCADE")


async def test_id_of_a_property_cannot_change(world: World) -> None:
    await world.add_property()
    with pytest.raises(DBAPIError, match=r"properties\.id cannot change"):
        await world.sql("UPDATE properties SET id = gen_random_uuid()")


async def test_bulk_load_can_stand_back(world: World) -> None:
    user_id = await world.add_user()
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL nyumba.outbox_priority = -10")
        await connection.exec_driver_sql(
            "INSERT INTO properties (user_id, title, property_type, listing_type, price)"
            f" VALUES ('{user_id}', 'Plot', 'land', 'sale', 1e6)"
        )
    await world.add_property(user_id)
    assert await world.sql("SELECT priority FROM search_outbox ORDER BY priority DESC, id") == [(0,), (-10,)]

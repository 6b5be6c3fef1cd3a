"""Documents as PostgreSQL writes them."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from indexer.actions import Action, read_actions
from indexer.backfill import read_chunks
from indexer.projection import SELECT_BY_IDS
from nyumba.search.document import PropertyDocument
from tests.conftest import World

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=40)


async def read_by_ids(world: World, ids: list[UUID]) -> list[Action]:
    async with world.engine.connect() as connection:
        rows = await connection.execute(SELECT_BY_IDS, {"ids": ids})
        return [Action(*row) for row in rows]


async def read_by_chunks(world: World) -> list[Action]:
    return [action for chunk in [c async for c in read_chunks(world.engine)] for action in read_actions(chunk.lines)]


def decode(action: Action) -> PropertyDocument:
    return msgspec.json.decode(action.lines.split("\n")[1], type=PropertyDocument)


async def add_rich_property(world: World, user_id: UUID, **values: object) -> UUID:
    """A property with two of everything that belongs to one."""
    property_id = await world.add_property(user_id, square_meters=60, **values)
    for name in ("pool", "borehole"):
        await world.sql("INSERT INTO amenities (property_id, name) VALUES (:id, :name)", id=property_id, name=name)
        await world.sql("INSERT INTO features (property_id, name) VALUES (:id, :name)", id=property_id, name=name)
    for order in (1, 0):
        await world.sql(
            "INSERT INTO property_images (property_id, url, display_order) VALUES (:id, :url, :order)",
            id=property_id,
            url=f"/images/{order}",
            order=order,
        )
    return property_id


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=TEXT, description=TEXT, city=st.none() | TEXT, amenity=TEXT)
async def test_any_text_survives(world: World, title: str, description: str, city: str | None, amenity: str) -> None:
    property_id = await world.add_property(title=title, description=description, city=city)
    await world.sql("INSERT INTO amenities (property_id, name) VALUES (:id, :name)", id=property_id, name=amenity)
    (action,) = await read_by_ids(world, [property_id])
    document = decode(action)
    assert (document.title, document.description, document.city) == (title, description, city)
    assert document.amenities == [amenity]


async def test_both_ways_of_reading_give_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.backfill.CHUNK_SIZE", 3)
    user_id = await world.add_user()
    ids = [await add_rich_property(world, user_id) for _ in range(7)]
    await world.sql("UPDATE properties SET status = 'withdrawn' WHERE id = ANY(:ids)", ids=ids[2:4])
    await world.add_property(user_id)
    everything = await read_by_chunks(world)
    assert len(everything) == 6
    assert [action.property_id for action in everything] == sorted(action.property_id for action in everything)
    by_ids = await read_by_ids(world, [action.property_id for action in everything])
    assert sorted(by_ids, key=lambda action: action.property_id) == everything


async def test_what_belongs_to_a_property_is_its_own(world: World) -> None:
    """Guards the folding of a whole batch: nothing may move to a neighbour."""
    rich = await add_rich_property(world, await world.add_user(), price=100_000)
    await world.sql("UPDATE properties SET price = 90000 WHERE id = :id", id=rich)
    plain = await world.add_property(title="Plain")
    documents = {action.property_id: decode(action) for action in await read_by_chunks(world)}
    document = documents[rich]
    assert (document.amenities, document.features) == (["borehole", "pool"], ["borehole", "pool"])
    assert (document.image_url, document.price_drop_pct, document.price_per_m2) == ("/images/0", 10, 1500)
    assert document.listed_at <= document.created_at
    document = documents[plain]
    assert (document.amenities, document.features, document.image_url) == ([], [], None)
    assert (document.price_drop_pct, document.price_per_m2, document.location) == (None, None, None)


async def test_fields_are_those_of_the_contract(world: World) -> None:
    property_id = await world.add_property(latitude=-1.25, longitude=36.75)
    (action,) = await read_by_ids(world, [property_id])
    document: dict[str, Any] = msgspec.json.decode(action.lines.split("\n")[1])
    assert document.keys() == {field.encode_name for field in msgspec.structs.fields(PropertyDocument)}


@pytest.mark.parametrize("fraction", ["", ".000001", ".12", ".999999"])
async def test_times_are_written_as_the_api_writes_them(world: World, fraction: str) -> None:
    """Searches pass documents on as they are, and other lists show the same property."""
    property_id = await world.add_property()
    written = f"2025-07-01T03:04:05{fraction}+03:00"
    await world.sql("UPDATE properties SET created_at = cast(cast(:at AS text) AS timestamptz)", at=written)
    (action,) = await read_by_ids(world, [property_id])
    document: dict[str, Any] = msgspec.json.decode(action.lines.split("\n")[1])
    assert document["created_at"] == msgspec.to_builtins(decode(action).created_at)
    assert document["created_at"].endswith("Z")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE price_changes SET price = -1",
        "UPDATE price_changes SET price = 'NaN'",
        "UPDATE price_changes SET previous_price = 0",
        "UPDATE price_changes SET previous_price = 'NaN'",
        "UPDATE properties SET price = 'NaN'",
        "UPDATE properties SET square_meters = 'NaN'",
        "UPDATE properties SET description = repeat('x', 10001)",
    ],
)
async def test_value_that_no_document_can_hold_is_refused(world: World, change: str) -> None:
    await world.add_property(square_meters=60)
    with pytest.raises(IntegrityError):
        await world.sql(change)


async def test_price_before_of_nothing_is_no_drop(world: World) -> None:
    """A row that the constraints would not let in, as one of a restored dump: it may not stop all others."""
    await world.sql(
        "ALTER TABLE price_changes DROP CONSTRAINT ck_price_changes_price,"
        " DROP CONSTRAINT ck_price_changes_previous_price"
    )
    property_id = await world.add_property()
    await world.sql("UPDATE price_changes SET price = -1, previous_price = 0")
    [action] = await read_by_ids(world, [property_id])
    assert decode(action).price_drop_pct is None

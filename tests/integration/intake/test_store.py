from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from nyumba.db import create_engine
from nyumba.intake.records import PropertyRecord, property_id
from nyumba.intake.store import StoreCounts, ensure_owner, store_records


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_engine(database_url, pool_size=1)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def make_record(connection: AsyncConnection, source_id: str = "1", **values: Any) -> PropertyRecord:  # noqa: ANN401
    owner = await ensure_owner(connection, "here", "Here")
    record = PropertyRecord(
        source_id=source_id,
        user_id=owner,
        title="A home",
        property_type="house",
        listing_type="sale",
        price=Decimal(100),
        amenities=("Pool", "Wi-Fi"),
        features=("Sea view",),
    )
    return replace(record, **values)


async def store(connection: AsyncConnection, *records: PropertyRecord) -> StoreCounts:
    counts = await store_records(connection, "here", records)
    await connection.commit()
    return counts


async def fetch(connection: AsyncConnection, sql: str) -> list[tuple[Any, ...]]:
    rows = [tuple(row) for row in await connection.execute(text(sql))]
    await connection.commit()
    return rows


async def version(connection: AsyncConnection) -> list[tuple[Any, ...]]:
    return await fetch(
        connection, "SELECT sum(search_version), max(updated_at), (SELECT count(*) FROM search_outbox) FROM properties"
    )


async def words(connection: AsyncConnection, table: str = "amenities") -> list[str]:
    return [name for (name,) in await fetch(connection, f"SELECT name FROM {table} ORDER BY name")]


async def test_new_property_has_its_words_and_the_id_of_its_source(connection: AsyncConnection) -> None:
    record = await make_record(connection, latitude=Decimal("-1.25"), longitude=Decimal("36.8"))
    assert await store(connection, record) == StoreCounts(inserted=1)
    assert await fetch(connection, "SELECT id, title, price, latitude, status FROM properties") == [
        (property_id("here", "1"), "A home", Decimal("100.00"), Decimal("-1.25000000"), "active")
    ]
    assert await words(connection) == ["Pool", "Wi-Fi"]
    assert await words(connection, "features") == ["Sea view"]


async def test_same_record_again_writes_nothing(connection: AsyncConnection) -> None:
    record = await make_record(connection)
    await store(connection, record)
    before = await version(connection)
    assert await store(connection, record) == StoreCounts(unchanged=1)
    assert await version(connection) == before


@pytest.mark.parametrize(
    "change",
    [
        {"price": Decimal(101)},
        {"description": "new"},
        {"status": "sold"},
        {"amenities": ("Pool",)},
        {"amenities": ("Gym", "Pool", "Wi-Fi")},
        {"amenities": ()},
        {"features": ("Garden",)},
    ],
)
async def test_any_difference_is_an_update_and_one_event(connection: AsyncConnection, change: dict[str, Any]) -> None:
    record = await make_record(connection)
    await store(connection, record)
    await fetch(connection, "DELETE FROM search_outbox RETURNING id")
    assert await store(connection, replace(record, **change)) == StoreCounts(updated=1)
    assert await words(connection) == sorted(change.get("amenities", record.amenities))
    assert await words(connection, "features") == sorted(change.get("features", record.features))
    assert await fetch(connection, "SELECT count(*) FROM search_outbox") == [(1,)]


async def test_only_the_changed_of_a_batch_are_written(connection: AsyncConnection) -> None:
    first, second, third = [await make_record(connection, key) for key in "123"]
    await store(connection, first, second)
    changed = replace(second, title="Another", amenities=("Pool", "Gym"))
    assert await store(connection, first, changed, third) == StoreCounts(1, 1, 1)
    assert await words(connection) == ["Gym", "Pool", "Pool", "Pool", "Wi-Fi", "Wi-Fi"]


async def test_history_and_what_operators_set_outlive_an_update(connection: AsyncConnection) -> None:
    record = await make_record(connection)
    await store(connection, record)
    await fetch(connection, "UPDATE properties SET is_featured = true, view_count = 7 RETURNING id")
    created = await fetch(connection, "SELECT created_at FROM properties")
    assert (await store(connection, replace(record, title="Renamed"))).updated == 1
    assert await fetch(connection, "SELECT created_at FROM properties") == created
    assert await fetch(connection, "SELECT is_featured, view_count, title FROM properties") == [(True, 7, "Renamed")]


async def test_same_source_id_of_another_source_is_another_property(connection: AsyncConnection) -> None:
    record = await make_record(connection)
    await store(connection, record)
    assert await store_records(connection, "there", [record]) == StoreCounts(inserted=1)


async def test_refused_record_leaves_nothing_of_its_batch(connection: AsyncConnection) -> None:
    good, bad = await make_record(connection), await make_record(connection, "2", price=Decimal(-1))
    await connection.commit()
    with pytest.raises(IntegrityError):
        await store(connection, good, bad)
    await connection.rollback()
    assert await fetch(connection, "SELECT (SELECT count(*) FROM properties), (SELECT count(*) FROM amenities)") == [
        (0, 0)
    ]


async def test_empty_batch_is_nothing(connection: AsyncConnection) -> None:
    assert await store(connection) == StoreCounts()


async def test_source_has_one_owner_without_a_password(connection: AsyncConnection) -> None:
    owners = {await ensure_owner(connection, "here", "Here") for _ in range(2)}
    assert await fetch(connection, "SELECT id, email, password_hash, role FROM users") == [
        (owners.pop(), "import+here@nyumba.invalid", "!", "agent")
    ]
    assert isinstance(await ensure_owner(connection, "there", "There"), UUID)
    assert not owners

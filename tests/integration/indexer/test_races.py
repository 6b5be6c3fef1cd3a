"""Transactions that meet on their way to the index: whichever comes last, the document ends up as the rows are."""

import asyncio
from contextlib import suppress
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from indexer.errors import NoIndex
from indexer.outbox import Batch
from tests.conftest import World
from tests.locks import wait_until_done_or_blocked

INSERT = (
    "INSERT INTO properties (id, user_id, title, property_type, listing_type, price)"
    " VALUES (:id, :user_id, 'Back again', 'house', 'sale', 1)"
)


async def read_agent(world: World, property_id: UUID) -> tuple[str | None, str | None]:
    answer = await world.elastic.get(index=world.alias, id=str(property_id))
    return answer["_source"]["agent"]["name"], answer["_source"]["agent"]["company"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE users SET full_name = 'Otieno Odhiambo'", ("Otieno Odhiambo", None)),
        (
            "INSERT INTO agent_profiles (user_id, company_name) SELECT id, 'Savanna Homes' FROM users",
            ("Wanjiku Kamau", "Savanna Homes"),
        ),
    ],
    ids=["name", "company"],
)
@pytest.mark.parametrize("changes_owner", [False, True], ids=["new", "handed over"])
async def test_property_that_gets_an_agent_who_is_being_renamed_shows_the_new_name(
    world: World, change: str, expected: tuple[str, str | None], *, changes_owner: bool
) -> None:
    """Guards the share of the user's row: without it neither transaction would see the other, and the old name stay."""
    await world.reindex()
    agent = await world.add_user()
    if expected[1] is None:
        await world.sql("INSERT INTO agent_profiles (user_id) VALUES (:id)", id=agent)
    property_id = await world.add_property(await world.add_user(role="seller")) if changes_owner else UUID(int=1)
    get_agent = "UPDATE properties SET user_id = :user_id WHERE id = :id" if changes_owner else INSERT
    async with world.engine.connect() as renaming:
        await renaming.execute(text(f"{change} WHERE id = :id").bindparams(id=agent))
        writing = asyncio.create_task(world.sql(get_agent, id=property_id, user_id=agent))
        await wait_until_done_or_blocked(world, writing)
        await world.processor.drain()
        await renaming.commit()
    await writing
    await world.processor.drain()
    assert await read_agent(world, property_id) == expected


async def test_id_that_is_inserted_again_while_it_is_being_deleted_is_found(world: World) -> None:
    """Guards the order of versions: if the deletion got the later one, its tombstone would hide the new row."""
    await world.reindex()
    user_id = await world.add_user()
    again, other = await world.add_property(user_id), await world.add_property(user_id)
    await world.processor.drain()
    async with world.engine.connect() as editing, world.engine.connect() as inserting:
        await editing.execute(text("UPDATE properties SET price = 2 WHERE id = :id"), {"id": other})
        deleting = asyncio.create_task(world.sql("DELETE FROM properties WHERE user_id = :id", id=user_id))
        await wait_until_done_or_blocked(world, deleting)
        insert = inserting.execute(text(INSERT), {"id": again, "user_id": user_id})
        writing: asyncio.Task[object] = asyncio.create_task(insert)
        await wait_until_done_or_blocked(world, deleting, writing)
        await editing.rollback()
        await deleting
        await writing
        await world.processor.drain()
        await inserting.commit()
    await world.processor.drain()
    assert await world.find_drift() == {}
    assert await world.find_ids() == {again}


async def test_deletion_while_the_first_index_is_registered_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards that the events from before go with the registration: who reads that reads the rows as they are then."""
    property_id = await world.add_property()
    execute, project = AsyncConnection.execute, world.processor._project

    async def project_and_stall(batch: Batch) -> object:
        projected = await project(batch)
        await world.sql("DELETE FROM properties")
        return projected

    async def work_first(connection: AsyncConnection, statement: object, *arguments: object) -> object:
        """Just before the events go, a worker claims one and reads its row, which is deleted before it writes."""
        if str(statement) == "DELETE FROM search_outbox":
            with suppress(NoIndex):
                await world.processor.process_batch()
        return await execute(connection, statement, *arguments)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(world.processor, "_project", project_and_stall)
        patch.setattr(AsyncConnection, "execute", work_first)
        await world.reindex()
    await world.sql("DELETE FROM properties")
    await world.processor.drain()
    assert property_id not in await world.find_ids()

"""Physical indices in Elasticsearch, and the alias that readers use.

Invariant: the alias is on one index at a time, and moves only if it is still where the mover last saw it, and to an
index that nobody else has taken hold of since: so one who lost the lock unseen neither undoes nor shows anything.
Only `delete_index` deletes, and never what readers see, whatever is registered and whoever asks.
"""

from uuid import uuid4

from elasticsearch import AsyncElasticsearch, BadRequestError, NotFoundError

from indexer.actions import write_alias
from indexer.errors import AliasOnSeveral, IndexShown, SwapRefused
from nyumba.elastic import is_foreign
from nyumba.search.document import LIVE_FILTER, MAPPINGS, SETTINGS

REFRESH_INTERVAL = "500ms"


async def create_index(client: AsyncElasticsearch, index: str) -> None:
    """An empty index that is not refreshed until it is published."""
    await client.indices.create(
        index=index,
        settings={**SETTINGS, "refresh_interval": "-1"},
        mappings=MAPPINGS,
        aliases={write_alias(index): {}},
    )


async def publish_index(client: AsyncElasticsearch, index: str) -> None:
    """Make everything written so far searchable, and from now on what is written within REFRESH_INTERVAL.

    An explicit interval, for with the default one Elasticsearch stops refreshing what nobody has searched for a while.
    """
    await client.indices.put_settings(index=index, settings={"refresh_interval": REFRESH_INTERVAL})
    await client.indices.refresh(index=index)


async def take_unknown_fields(client: AsyncElasticsearch, index: str) -> None:
    """Let an index of another release take this one's documents. Fields that it does not know cannot be searched."""
    await client.indices.put_mapping(index=index, dynamic="false", ignore_unavailable=True, allow_no_indices=True)


async def list_indices(client: AsyncElasticsearch, alias: str) -> list[str]:
    """All that are named after the alias, whoever made them."""
    return list((await client.indices.get_alias(index=f"{alias}-*")).body)


async def find_closed(client: AsyncElasticsearch, alias: str) -> set[str]:
    """Those that somebody has closed: they are there, and can be neither read nor written."""
    found = await client.indices.resolve_index(name=[f"{alias}-*"], expand_wildcards="all")
    return {index["name"] for index in found["indices"] if "closed" in index["attributes"]}


async def count_documents(client: AsyncElasticsearch, index: str) -> int:
    """How many properties a search could find."""
    answer = await client.count(index=index, query=LIVE_FILTER)
    return int(answer["count"])


async def read_shown(client: AsyncElasticsearch, alias: str) -> list[str]:
    """The indices that the alias is on: one, unless somebody changed it by hand."""
    try:
        answer = await client.indices.get_alias(name=alias)
    except NotFoundError as error:
        if is_foreign(error):
            raise
        return []
    return sorted(answer.body)


async def read_alias(client: AsyncElasticsearch, alias: str) -> str | None:
    """The index that readers see.

    Raises:
        AliasOnSeveral: they see each property several times.
    """
    shown = await read_shown(client, alias)
    if len(shown) > 1:
        raise AliasOnSeveral(alias, shown)
    return shown[0] if shown else None


async def take_alias_off(client: AsyncElasticsearch, alias: str, index: str) -> None:
    """Show an index to readers no more."""
    await client.indices.delete_alias(index=index, name=alias)


async def check_unseen(client: AsyncElasticsearch, index: str) -> None:
    """Take an index from whoever means to show it, then make sure that nobody does; one that is gone, nobody sees.

    Any alias counts but the index's own: what the API reads is a setting, and people add theirs.

    Raises:
        IndexShown: they do.
    """
    try:
        await take_hold(client, index)
        answer = await client.indices.get_alias(index=index)
    except NotFoundError:
        return
    shown = [name for name in answer[index]["aliases"] if name != write_alias(index) and not _is_hold(index, name)]
    if shown:
        raise IndexShown(index, shown)


async def delete_index(client: AsyncElasticsearch, index: str) -> None:
    """Delete an index, if it is there.

    For those who have written down before that it is dropped: who takes hold of it later finds that.

    Raises:
        IndexShown: readers see it; it stays.
    """
    await check_unseen(client, index)
    await client.indices.delete(index=index, ignore_unavailable=True)


async def take_hold(client: AsyncElasticsearch, index: str) -> str:
    """Take an index from whoever meant to show or to delete it, and return the hold that `move_alias` asks for.

    A hold is an alias of its own, for that can be asked for in the very step that moves the other.
    """
    hold = f"{index}-held-{uuid4().hex}"
    others = {"remove": {"index": index, "alias": f"{index}-held-*", "must_exist": False}}
    await client.indices.update_aliases(actions=[others, {"add": {"index": index, "alias": hold}}])
    return hold


def _is_hold(index: str, name: str) -> bool:
    return name.startswith(f"{index}-held-")


async def move_alias(client: AsyncElasticsearch, alias: str, *, source: str | None, target: str, hold: str) -> None:
    """Show `target` to readers instead of `source`, in one step.

    Raises:
        SwapRefused: the alias is no longer on `source`, or somebody else has taken hold of `target`; nothing changed.
    """
    actions: list[dict[str, object]] = [{"remove": {"index": target, "alias": hold, "must_exist": True}}]
    if source is not None:
        actions.append({"remove": {"index": source, "alias": alias, "must_exist": True}})
    actions.append({"add": {"index": target, "alias": alias, "filter": LIVE_FILTER}})
    try:
        await client.indices.update_aliases(actions=actions)
    except NotFoundError as error:
        raise SwapRefused(f"it is no longer on {source}, or another has taken over {target}") from error
    except BadRequestError as error:
        raise SwapRefused(f"an index is itself called {alias}; delete or rename it") from error

"""Searches and events in their data streams.

All tests share two streams, and look for what is their own by its ids: not every distribution can delete a stream.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from elasticsearch import AsyncElasticsearch
from httpx import AsyncClient, Response

from indexer.event_streams import forget_records, prepare_streams
from nyumba.events.query_ids import QueryIds
from nyumba.events.recorder import Recorder
from nyumba.events.streams import EVENTS, SEARCHES, Record, build_event_record, build_search_record, name_stream
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.accounts.conftest import serve

PREFIX = "test-of-events"
PATH = "/api/v1/search/events"


@pytest.fixture
async def streams(elastic: AsyncElasticsearch) -> list[str]:
    await prepare_streams(elastic, PREFIX)
    return await prepare_streams(elastic, PREFIX)  # it is harmless to repeat


async def find(elastic: AsyncElasticsearch, stream: str, query_id: UUID) -> list[dict[str, Any]]:
    name = name_stream(PREFIX, stream)
    await elastic.indices.refresh(index=name)
    answer = await elastic.search(index=name, query={"term": {"query_id": str(query_id)}}, size=100)
    return [hit["_source"] for hit in answer["hits"]["hits"]]


def name_event(query_id: UUID, object_id: UUID, action_name: str = "click", ordinal: int = 1) -> dict[str, Any]:
    attributes = {"object": {"object_id": str(object_id)}, "position": {"ordinal": ordinal}}
    return {"query_id": str(query_id), "action_name": action_name, "event_attributes": attributes}


async def post(api: AsyncClient, *events: dict[str, Any]) -> Response:
    return await api.post(PATH, json={"events": events})


async def test_events_reach_their_stream_once(
    world: World, settings: Settings, elastic: AsyncElasticsearch, streams: list[str]
) -> None:
    property_id, query_id = await world.add_property(), QueryIds(settings.secret_key).make()
    async with serve(replace(settings, events_prefix=PREFIX)) as api:
        for _ in range(2):
            answer = await post(api, name_event(query_id, property_id), name_event(query_id, property_id, "contact"))
            assert (answer.status_code, answer.json()) == (202, {"accepted": 2, "ignored": 0})
    found = await find(elastic, EVENTS, query_id)
    assert {event["action_name"] for event in found} == {"click", "contact"}
    assert len(found) == 2
    assert found[0]["event_attributes"] == {
        "object": {"object_id": str(property_id), "object_id_field": "id"},
        "position": {"ordinal": 1},
    }


async def test_unknown_ids_are_ignored_and_counted(world: World, settings: Settings, streams: list[str]) -> None:
    query_id = QueryIds(settings.secret_key).make()
    shown, hidden = await world.add_property(), await world.add_property(status="draft")
    async with serve(replace(settings, events_prefix=PREFIX)) as api:
        answer = await post(
            api, *(name_event(q, p) for q, p in ((query_id, shown), (uuid4(), shown), (query_id, hidden)))
        )
        assert answer.json() == {"accepted": 1, "ignored": 2}


async def test_batch_is_bounded(settings: Settings) -> None:
    async with serve(settings) as api:
        for events in ([], [name_event(uuid4(), uuid4())] * 101):
            answer = await post(api, *events)
            assert answer.status_code == 400
            assert answer.json()["errors"] == [{"pointer": "/events", "detail": "must be a list of 1 to 100 events"}]


async def test_search_is_recorded_when_the_process_ends(elastic: AsyncElasticsearch, streams: list[str]) -> None:
    query_id, object_id = uuid4(), uuid4()
    recorder = Recorder(elastic, PREFIX)
    async with recorder.work():
        recorder.note(build_search_record(query_id, "kilimani", {"total": 1, "filters": ["city"]}, [str(object_id)]))
    (document,) = await find(elastic, SEARCHES, query_id)
    assert document["user_query"] == "kilimani"
    assert document["query_attributes"] == {"total": 1, "filters": ["city"]}
    assert document["query_response_object_ids"] == [str(object_id)]
    assert (recorder.recorded, recorder.dropped) == (1, 0)


async def test_refused_record_does_not_hold_up_the_others(elastic: AsyncElasticsearch, streams: list[str]) -> None:
    query_id = uuid4()
    recorder = Recorder(elastic, PREFIX)
    recorder.note(Record(SEARCHES, "x", {"@timestamp": "no time"}))
    recorder.note(build_event_record(query_id, "click", uuid4(), None))
    await recorder.flush()
    assert (recorder.recorded, recorder.dropped) == (1, 1)
    assert len(await find(elastic, EVENTS, query_id)) == 1


async def test_without_templates_no_index_is_made(elastic: AsyncElasticsearch) -> None:
    recorder = Recorder(elastic, "test-of-no-events")
    recorder.note(build_search_record(uuid4(), "kilimani", {}, []))
    await recorder.flush()
    assert (recorder.recorded, recorder.dropped) == (0, 1)
    assert not (await elastic.indices.resolve_index(name=["test-of-no-events-*"]))["data_streams"]


async def test_old_records_are_forgotten_and_young_ones_stay(elastic: AsyncElasticsearch, streams: list[str]) -> None:
    old, young = uuid4(), uuid4()
    recorder = Recorder(elastic, PREFIX)
    for query_id, when in ((old, "2020-01-01T00:00:00Z"), (young, None)):
        record = build_search_record(query_id, None, {}, [])
        recorder.note(replace(record, document={**record.document} | ({"@timestamp": when} if when else {})))
    await recorder.flush()
    await elastic.indices.refresh(index=name_stream(PREFIX, SEARCHES))
    assert (await forget_records(elastic, PREFIX, timedelta(days=30))).records >= 1
    assert (await find(elastic, SEARCHES, old), len(await find(elastic, SEARCHES, young))) == ([], 1)


async def test_index_of_old_records_goes_as_a_whole(elastic: AsyncElasticsearch, streams: list[str]) -> None:
    name = name_stream(PREFIX, EVENTS)
    recorder = Recorder(elastic, PREFIX)
    recorder.note(build_event_record(uuid4(), "click", uuid4(), None))
    await recorder.flush()
    rolled = await elastic.indices.rollover(alias=name)
    await elastic.indices.refresh(index=name)
    kept = await forget_records(elastic, PREFIX, timedelta(days=30))
    assert rolled["old_index"] not in kept.indices
    swept = await forget_records(elastic, PREFIX, timedelta(0))
    assert rolled["old_index"] in swept.indices
    assert not await elastic.indices.exists(index=rolled["old_index"])

"""`nyumba-indexer events gc` deletes what is older than the setting says, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from elasticsearch import AsyncElasticsearch

from nyumba.events.recorder import Recorder
from nyumba.events.streams import SEARCHES, build_search_record, name_stream
from tests.e2e.test_commands import environ, run

__all__ = ["environ"]

PREFIX = "test-of-retention"


async def test_records_are_kept_for_as_many_days_as_the_setting_says(
    elastic: AsyncElasticsearch, environ: dict[str, str]
) -> None:
    environ["NYUMBA_EVENTS_PREFIX"] = PREFIX
    assert run(environ, "indexer", "events", "prepare").returncode == 0
    recorder, ages = Recorder(elastic, PREFIX), {days: uuid4() for days in (1, 29, 31)}
    name = name_stream(PREFIX, SEARCHES)
    for days, query_id in ages.items():
        record = build_search_record(query_id, None, {}, [])
        when = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        recorder.note(replace(record, document={**record.document, "@timestamp": when}))
        await recorder.flush()
        await elastic.indices.put_settings(index=name, settings={"refresh_interval": "-1"})  # the next are not shown
    assert recorder.recorded == len(ages)

    async def find() -> set[int]:
        await elastic.indices.refresh(index=name)
        asked = {"terms": {"query_id": [str(query_id) for query_id in ages.values()]}}
        answer = await elastic.search(index=name, query=asked)
        found = {hit["_source"]["query_id"] for hit in answer["hits"]["hits"]}
        return {days for days, query_id in ages.items() if str(query_id) in found}

    for retention, kept in (("30", {1, 29}), ("7", {1})):
        environ["NYUMBA_EVENTS_RETENTION_DAYS"] = retention
        done = run(environ, "indexer", "events", "gc")
        assert done.returncode == 0, done.stderr
        assert await find() == kept

"""Ask Elasticsearch what a panel of Kibana asks, and put the answer into its chart, as Kibana would.

Invariant: the query goes out as the panel has it; only Kibana's own words are replaced, by the time that is given.
"""

import copy
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from elasticsearch import AsyncElasticsearch

from indexer.kibana.panels import Json

SIZE = (620, 300)
THEME: Json = {"background": "white", "font": "DejaVu Sans"}


async def answer_spec(client: AsyncElasticsearch, spec: Json, since: datetime, until: datetime) -> Json:
    """The chart with the buckets that each of its queries found."""
    answered = copy.deepcopy(spec)
    for data in _find_queries(answered):
        url = data.pop("url")
        body = dict(url["body"])
        if (field := url.get("%timefield%")) is not None:
            body["query"] = {"range": {field: {"gte": since.isoformat(), "lte": until.isoformat()}}}
        answer = await client.search(index=url["index"], body=body)
        found: Any = answer.body
        for name in data.pop("format")["property"].split("."):
            found = found[name]
        data["values"] = found
    return answered | {"width": SIZE[0], "height": SIZE[1], "config": THEME}


def _find_queries(value: object) -> Iterator[Json]:
    """Every `data` with a query for its `url`, wherever it stands in a spec."""
    if isinstance(value, list):
        for one in value:
            yield from _find_queries(one)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == "data" and isinstance(inner, dict) and isinstance(inner.get("url"), dict):
                yield inner
            else:
                yield from _find_queries(inner)

"""Pictures of every panel of Kibana, for docs/kibana: real queries to a real Elasticsearch, drawn by a real browser.

Where there is no Chromium, Vega draws them without one. `python -m bench.pictures`
"""

import asyncio
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path

import click
import vl_convert
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_bulk
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.panels import SIZE, answer_spec
from bench.traffic import make_traffic
from bench.world import SEED_DAY, connect, fill_database, run_services
from indexer.event_streams import STREAMS, prepare_streams
from indexer.kibana.objects import build_dashboards
from indexer.kibana.panels import Json, Panel, Sources
from indexer.reindex import reindex
from nyumba.events.streams import name_stream
from nyumba.settings import Settings

FOLDER = Path(__file__).parents[1] / "docs" / "kibana"
LISTINGS = 8_000
SEARCHES = 3_000
UNTIL = datetime(SEED_DAY.year, SEED_DAY.month, SEED_DAY.day, tzinfo=UTC)
PERIODS = {"now-1y": timedelta(days=365), "now-30d": timedelta(days=30), "now-7d": timedelta(days=7)}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Draw them all."""
    FOLDER.mkdir(exist_ok=True)
    with run_services() as settings:
        fill_database(settings, LISTINGS)
        charts = asyncio.run(_answer_all(settings))
    for panel, chart in charts:
        draw(panel, chart, FOLDER / f"{panel.slug}.png")
        click.echo(f"docs/kibana/{panel.slug}.png: {panel.title}")


def draw(panel: Panel, chart: Json, path: Path) -> None:
    """Draw one chart under its title, as Kibana shows the title of a panel."""
    titled = {**chart, "title": {"text": panel.title, "anchor": "start"}}
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        path.write_bytes(vl_convert.vegalite_to_png(titled, vl_version="5.21"))
        return
    page = vl_convert.vegalite_to_html(titled, vl_version="5.21", bundle=True, renderer="canvas")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "panel.html"
        source.write_text(page.replace("<head>", "<head><style>summary{display:none}body{margin:8px}</style>", 1))
        subprocess.run(  # noqa: S603  (our own page)
            [
                *(browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *("--virtual-time-budget=5000", f"--user-data-dir={folder}/profile"),
                *(f"--window-size={SIZE[0] + 220},{SIZE[1] + 120}", f"--screenshot={path}", source.as_uri()),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


async def _answer_all(settings: Settings) -> list[tuple[Panel, Json]]:
    async with connect(settings) as (engine, client):
        await reindex(engine, client, settings.search_alias, lambda _: None)
        await prepare_streams(client, settings.events_prefix)
        searches, events = (name_stream(settings.events_prefix, stream) for stream in STREAMS)
        await _fill_streams(engine, client, searches, events)
        sources = Sources(settings.search_alias, searches, events)
        return [
            (panel, await answer_spec(client, panel.spec, UNTIL - PERIODS[dashboard.since], UNTIL))
            for dashboard in build_dashboards(sources)
            for panel in dashboard.panels
        ]


async def _fill_streams(engine: AsyncEngine, client: AsyncElasticsearch, searches: str, events: str) -> None:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT DISTINCT lower(neighborhood) FROM properties"))
        areas = sorted(
            filter(None, rows.scalars()), key=lambda area: md5(area.encode(), usedforsecurity=False).digest()
        )
    actions = (
        {"_op_type": "create", "_index": index, "_source": document}
        for search, done in make_traffic(areas, UNTIL, searches=SEARCHES)
        for index, document in [(searches, search), *((events, event) for event in done)]
    )
    await async_bulk(client, actions, refresh=True)


if __name__ == "__main__":
    main()

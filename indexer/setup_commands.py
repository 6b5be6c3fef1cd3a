"""The commands that prepare Elasticsearch and Kibana for the others: keys and dashboards."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from indexer.event_streams import STREAMS, prepare_streams
from indexer.kibana.importer import Kibana
from indexer.kibana.objects import build_objects, encode_objects
from indexer.kibana.panels import Sources
from indexer.security import Change, KeyStore, Security
from indexer.security_roles import KEY_NAMES, KeyName
from nyumba.elastic import create_client
from nyumba.events.streams import name_stream
from nyumba.settings import Settings

REQUEST_TIMEOUT_S = 30.0


@click.command("setup-security")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the keys are kept, by default keys/ of the state directory.",
)
@click.option("--rotate", "rotated", multiple=True, type=click.Choice(KEY_NAMES), help="Replace this key.")
@click.option("--rotate-all", is_flag=True, help="Replace every key.")
@click.option(
    "--grace-minutes",
    default=60,
    show_default=True,
    type=click.IntRange(0, 10_080),
    help="How long a replaced key lives on; 0 ends it at once.",
)
@click.pass_obj
def set_up_security(
    settings: Settings, *, directory: Path | None, rotated: Sequence[KeyName], rotate_all: bool, grace_minutes: int
) -> None:
    """Make the keys, roles, users and templates that the others work with. Does nothing to what is right already.

    NYUMBA_ELASTICSEARCH_URL must name a user who may manage security.
    """
    store = KeyStore(directory or settings.state_dir / "keys")
    renewed = KEY_NAMES if rotate_all else rotated
    changes = asyncio.run(_set_up(settings, store, renewed, timedelta(minutes=grace_minutes)))
    for change in changes:
        click.echo(f"{change.name}: {change.outcome}")
    click.echo(f"keys are in {store.directory}")


async def _set_up(settings: Settings, store: KeyStore, rotated: Sequence[KeyName], grace: timedelta) -> list[Change]:
    url = settings.require_elasticsearch_url()
    async with create_client(url, timeout_s=REQUEST_TIMEOUT_S, api_key=settings.elasticsearch_api_key) as client:
        streams = [name_stream(settings.events_prefix, stream) for stream in STREAMS]
        security = Security(client, settings.search_alias, streams)
        await security.check()
        await prepare_streams(client, settings.events_prefix)  # no key may make templates
        people = await security.set_up_people(settings.analyst_password, settings.kibana_system_password)
        return [*people, *await security.set_up_keys(store, rotated, grace)]


@click.command("kibana-import")
@click.option("--dry-run", is_flag=True, help="Show what would be imported, and ask Kibana nothing.")
@click.option("--ndjson", is_flag=True, help="Print the objects instead, for Kibana's own import page.")
@click.pass_obj
def import_dashboards(settings: Settings, *, dry_run: bool, ndjson: bool) -> None:
    """Bring data views, searches, panels and dashboards to Kibana, in place of those of an earlier import."""
    searches, events = (name_stream(settings.events_prefix, stream) for stream in STREAMS)
    objects = build_objects(Sources(settings.search_alias, searches, events))
    if ndjson:
        click.echo(encode_objects(objects), nl=False)
        return
    if dry_run:
        for one in objects:
            click.echo(
                f"{one['type']:<14} {one['id']:<40} {one['attributes'].get('name') or one['attributes']['title']}"
            )
        click.echo(f"{len(objects)} objects would go to {settings.kibana_url}")
        return
    count = Kibana(settings.kibana_url, settings.kibana_api_key).import_objects(encode_objects(objects))
    click.echo(f"{count} objects imported; {settings.kibana_url}/app/dashboards shows them")

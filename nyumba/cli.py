"""The commands of people who run or develop Nyumba. Operators of the index use `nyumba-indexer`."""

import gc

import click
import uvicorn

from nyumba.accounts.cli import users
from nyumba.app import create_app
from nyumba.commands import CommandGroup, configure_logging
from nyumba.demo import run_demo
from nyumba.drain import LONGEST_REQUEST_S, DrainingServer, Gate
from nyumba.images.cli import images
from nyumba.intake.cli import import_file
from nyumba.local.cli import services
from nyumba.mail.cli import mail
from nyumba.migrate import migrate
from nyumba.seed.cli import seed_listings
from nyumba.settings import Settings
from nyumba.setup_roles import set_up_database_roles

YOUNG_OBJECTS = 10_000  # a search leaves next to no cycles, so looking for them each 700 objects finds nothing


@click.group(cls=CommandGroup)
@click.version_option(package_name="nyumba")
def main() -> None:
    """Property listings whose heart is search."""


main.add_command(services)
main.add_command(users)
main.add_command(import_file)
main.add_command(seed_listings)
main.add_command(mail)
main.add_command(images)
main.add_command(set_up_database_roles)


@main.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--count", default=20_000, show_default=True, type=click.IntRange(1, 1_000_000), help="Listings to seed.")
def demo(port: int, count: int) -> None:
    """Run everything on 127.0.0.1 with made-up listings, until Ctrl-C."""
    run_demo(Settings.from_env(local_urls=False), port=port, count=count)


@main.command("migrate")
def run_migrations() -> None:
    """Bring the database schema up to date. Does nothing when it is."""
    settings = Settings.from_env()
    configure_logging(settings.log_level)
    migrate(settings.require_database_url())
    click.echo("the schema is up to date")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--drain-seconds",
    default=0,
    show_default=True,
    type=click.IntRange(0, 600),
    help="On SIGTERM, refuse readiness and go on serving for so long, until load balancers have turned away.",
)
def serve(host: str, port: int, drain_seconds: int) -> None:
    """Serve the API. On SIGTERM, requests in flight are finished."""
    settings = Settings.from_env()
    configure_logging(settings.log_level)
    gate = Gate(create_app(settings))
    gc.collect()
    gc.freeze()  # what lives as long as the process is not looked through again at each full collection
    gc.set_threshold(YOUNG_OBJECTS)
    config = uvicorn.Config(
        gate,
        host=host,
        port=port,
        log_config=None,
        access_log=settings.log_level == "debug",
        proxy_headers=False,  # NYUMBA_TRUSTED_PROXIES decides who is believed; uvicorn would believe any local client
        timeout_graceful_shutdown=LONGEST_REQUEST_S,
    )
    server = DrainingServer(config, gate, drain_seconds)
    server.run()
    if not server.started:
        raise SystemExit(1)

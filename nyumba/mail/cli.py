"""`nyumba mail run`: the process that sends e-mail."""

import asyncio
import signal

import click

from nyumba.commands import configure_logging
from nyumba.db import create_engine
from nyumba.mail.delivery import choose_delivery
from nyumba.mail.messages import Letterhead
from nyumba.mail.sealing import TokenSeal
from nyumba.mail.worker import MailWorker
from nyumba.settings import Settings


@click.group()
def mail() -> None:
    """Send e-mail."""


@mail.command("run")
@click.option("--once", is_flag=True, help="Try what is due and stop.")
def run_mail(*, once: bool) -> None:
    """Send what the API promised to send, until stopped. Several may run at once."""
    settings = Settings.from_env()
    configure_logging(settings.log_level)
    asyncio.run(_run(settings, once=once))


async def _run(settings: Settings, *, once: bool) -> None:
    delivery = choose_delivery(settings)
    engine = create_engine(settings.require_database_url(), pool_size=1)
    letterhead = Letterhead(settings.mail_from, settings.public_url)
    worker = MailWorker(engine, delivery, letterhead, TokenSeal(settings.secret_key, settings.secret_key_previous))
    try:
        if once:
            click.echo(f"{await worker.drain():,} messages tried")
        else:
            where = "through the mail server" if settings.smtp_url else f"to {settings.state_dir / 'mail'}"
            click.echo(f"sending e-mail {where}; stop with Ctrl-C", err=True)
            await worker.run(_stop_on_signals())
    finally:
        await engine.dispose()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop

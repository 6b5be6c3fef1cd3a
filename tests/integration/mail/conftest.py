"""What the mail tests share: a mail server, and a database with a user to write to."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from nyumba.db import create_session_factory
from nyumba.mail.delivery import Delivery, SmtpServer
from nyumba.mail.kinds import MailKind
from nyumba.mail.messages import Letterhead
from nyumba.mail.sealing import TokenSeal
from nyumba.mail.service import SEAL, queue_mail
from nyumba.mail.worker import MailWorker
from tests.conftest import World
from tests.mail_server import MailServer

SECRET = "a secret of these tests, and of no others"  # noqa: S105


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


class Post:
    """The outbox of one test and those who work on it."""

    def __init__(self, world: World, server: MailServer) -> None:
        self.world = world
        self.server = server
        self.engine: AsyncEngine = world.engine
        self.seal = TokenSeal(SECRET)
        self.session_factory: async_sessionmaker[AsyncSession] = create_session_factory(world.engine)
        self.session_factory.configure(info={SEAL: self.seal})

    async def queue_in(self, session: AsyncSession, user_id: UUID) -> None:
        await queue_mail(session, user_id=user_id, kind="verify_email", token="the-token")  # noqa: S106

    async def queue(self, user_id: UUID, kind: MailKind = "verify_email", token: str | None = "the-token") -> None:  # noqa: S107
        async with self.session_factory() as session, session.begin():
            await queue_mail(session, user_id=user_id, kind=kind, token=token)

    def hire(self, delivery: Delivery | None = None, secret: str = SECRET) -> MailWorker:
        delivery = delivery or SmtpServer(self.server.url, require_tls=False)
        letterhead = Letterhead("Nyumba <post@nyumba.example>", "https://nyumba.example")
        return MailWorker(self.engine, delivery, letterhead, TokenSeal(secret))

    async def make_due(self) -> None:
        """As if the time until the next try, or the lease, had passed."""
        await self.world.sql("UPDATE mail_outbox SET visible_at = now() WHERE given_up_at IS NULL")


@pytest.fixture
def post(world: World, mail_server: MailServer) -> Post:
    return Post(world, mail_server)


@pytest.fixture
async def user_id(world: World) -> UUID:
    return await world.add_user()

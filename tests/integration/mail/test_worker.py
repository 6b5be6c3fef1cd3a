"""The mail worker: every promised message is sent, once unless somebody died, or is given up for a reason."""

import asyncio
import logging
import smtplib
import socket
from collections import Counter
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from nyumba.mail.delivery import SmtpServer
from nyumba.mail.worker import MOST_ATTEMPTS
from tests.integration.mail.conftest import Post
from tests.mail_server import read_text

OUTBOX = "SELECT attempts, lease_token, sealed_token, given_up_at IS NOT NULL, reason FROM mail_outbox"


async def email_of(post: Post, user_id: UUID) -> str:
    return str((await post.world.sql("SELECT email FROM users WHERE id = :id", id=user_id))[0][0])


def test_mail_server_of_these_tests_is_alive(post: Post) -> None:
    with smtplib.SMTP("127.0.0.1", post.server.port) as client:
        client.sendmail("a@example.com", ["b@example.com"], "Subject: hello\r\n\r\nhello\r\n")
    assert post.server.recipients == ["b@example.com"]


async def test_promised_message_arrives_with_its_link_and_leaves_the_outbox(post: Post, user_id: UUID) -> None:
    await post.queue(user_id, "reset_password", "token-1")
    assert await post.hire().drain() == 1
    message = post.server.messages[0]
    assert post.server.recipients == [await email_of(post, user_id)] == [message["To"]]
    for subtype in ("plain", "html"):
        assert "https://nyumba.example/reset-password#token=token-1" in read_text(message, subtype)
    assert await post.world.sql(OUTBOX) == []


async def test_message_of_a_rolled_back_request_is_never_sent(post: Post, user_id: UUID) -> None:
    async with post.session_factory() as session:
        await post.queue_in(session, user_id)
        await session.rollback()
    assert await post.hire().drain() == 0


async def test_message_goes_to_the_address_that_the_user_has_by_then(post: Post, user_id: UUID) -> None:
    await post.queue(user_id)
    await post.world.sql("UPDATE users SET email = 'moved@example.com'")
    await post.hire().drain()
    assert post.server.recipients == ["moved@example.com"]


async def test_message_of_a_deleted_user_goes_with_the_user(post: Post, user_id: UUID) -> None:
    await post.queue(user_id)
    await post.world.sql("DELETE FROM users")
    assert await post.hire().drain() == 0
    assert await post.world.sql(OUTBOX) == []


async def test_token_is_not_to_be_read_in_the_database(post: Post, user_id: UUID) -> None:
    await post.queue(user_id, token="s3cret-token")  # noqa: S106
    rows = await post.world.sql("SELECT CAST(mail_outbox AS text) FROM mail_outbox")
    assert "s3cret" not in str(rows)
    assert "@" not in str(rows)


@pytest.mark.parametrize("refuse", ["refusals", "data_refusals"])
async def test_temporary_refusal_is_tried_again_later(post: Post, user_id: UUID, refuse: str) -> None:
    getattr(post.server, refuse).append("451 4.3.0 the mailbox is busy")
    await post.queue(user_id)
    worker = post.hire()
    assert await worker.drain() == 1, "the row is not due again at once"
    assert post.server.messages == []
    [(attempts, lease, sealed, given_up, reason)] = await post.world.sql(OUTBOX)
    assert (attempts, lease, given_up, reason) == (1, None, False, "the mail server answered 451")
    assert sealed is not None
    await post.make_due()
    await worker.drain()
    assert len(post.server.messages) == 1
    assert await post.world.sql(OUTBOX) == []


@pytest.mark.parametrize("refuse", ["refusals", "data_refusals"])
async def test_permanent_refusal_is_given_up_at_once_without_the_token(post: Post, user_id: UUID, refuse: str) -> None:
    getattr(post.server, refuse).append("550 5.1.1 <nobody@example.com> is unknown here")
    await post.queue(user_id)
    await post.hire().drain()
    assert await post.world.sql(OUTBOX) == [(1, None, None, True, "the mail server answered 550")]
    await post.make_due()
    assert await post.hire().drain() == 0


async def test_one_refused_message_does_not_hold_up_the_next(post: Post, user_id: UUID) -> None:
    post.server.refusals.append("451 4.3.0 the mailbox is busy")
    await post.queue(user_id)
    await post.queue(user_id)
    assert await post.hire().drain() == 2
    assert len(post.server.messages) == 1


async def test_server_that_is_down_costs_no_message(post: Post, user_id: UUID) -> None:
    await post.queue(user_id)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    await post.hire(SmtpServer(f"smtp://127.0.0.1:{port}", require_tls=False)).drain()
    [(_, _, _, given_up, reason)] = await post.world.sql(OUTBOX)
    assert (given_up, "cannot be reached" in reason) == (False, True)
    await post.make_due()
    await post.hire().drain()
    assert len(post.server.messages) == 1


async def test_attempts_are_bounded(post: Post, user_id: UUID) -> None:
    await post.queue(user_id)
    worker = post.hire()
    waited = []
    for _ in range(MOST_ATTEMPTS):
        post.server.refusals.append("451 4.3.0 the mailbox is busy")
        await worker.drain()
        waited += await post.world.sql("SELECT extract(epoch FROM visible_at - now())::int FROM mail_outbox")
        await post.make_due()
    assert await post.world.sql(OUTBOX) == [(MOST_ATTEMPTS, None, None, True, "the mail server answered 451")]
    seconds = [row[0] for row in waited[:-1]]
    assert seconds == sorted(seconds)
    assert 10 <= seconds[0] <= 20
    assert 15 * 3600 <= sum(seconds) <= 30 * 3600


async def test_message_whose_link_has_expired_is_not_sent(post: Post, user_id: UUID) -> None:
    await post.queue(user_id, "reset_password")
    await post.world.sql("UPDATE mail_outbox SET expires_at = now()")
    await post.hire().drain()
    assert post.server.messages == []
    assert await post.world.sql(OUTBOX) == [(1, None, None, True, "it came too late to be of use")]


async def test_message_is_given_up_when_its_link_expires_before_the_next_try(post: Post, user_id: UUID) -> None:
    post.server.refusals.append("451 4.3.0 the mailbox is busy")
    await post.queue(user_id, "reset_password")
    await post.world.sql("UPDATE mail_outbox SET expires_at = now() + interval '5 s'")
    await post.hire().drain()
    assert await post.world.sql(OUTBOX) == [(1, None, None, True, "the mail server answered 451")]


async def test_row_that_kills_every_worker_is_given_up(post: Post, user_id: UUID) -> None:
    """A claim counts even when nobody lives to say how it went."""
    await post.queue(user_id)
    await post.world.sql("UPDATE mail_outbox SET attempts = :most", most=MOST_ATTEMPTS)
    await post.hire().drain()
    assert post.server.messages == []
    assert (await post.world.sql(OUTBOX))[0][3] is True


async def test_address_that_is_none_is_given_up_and_stays_out_of_the_log(
    post: Post, user_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    await post.world.sql("UPDATE users SET email = e'a@b.example\\r\\nbcc: c@d.example'")
    await post.queue(user_id)
    with caplog.at_level(logging.DEBUG, "nyumba"):
        await post.hire().drain()
    assert post.server.recipients == []
    assert (await post.world.sql(OUTBOX))[0][3] is True
    assert "b.example" not in caplog.text


async def test_token_sealed_under_another_secret_is_given_up(post: Post, user_id: UUID) -> None:
    await post.queue(user_id)
    await post.hire(secret="the secret of another installation").drain()  # noqa: S106
    assert post.server.messages == []
    assert "NYUMBA_SECRET_KEY" in (await post.world.sql(OUTBOX))[0][4]


async def test_what_was_given_up_is_forgotten_in_time(post: Post, user_id: UUID) -> None:
    await post.queue(user_id)
    await post.world.sql(
        "UPDATE mail_outbox SET given_up_at = now() - interval '31 days', sealed_token = NULL, reason = 'old'"
    )
    post.server.refusals.append("550 5.1.1 unknown")
    await post.queue(user_id)
    await post.hire().drain()
    assert [row[4] for row in await post.world.sql(OUTBOX)] == ["the mail server answered 550"]


async def test_several_workers_send_each_message_once(post: Post, user_id: UUID) -> None:
    for number in range(30):
        await post.queue(user_id, token=f"token-{number}")
    counts = await asyncio.gather(*(post.hire().drain() for _ in range(4)))
    assert sum(counts) == 30
    assert min(counts) > 0
    assert set(Counter(message["Message-ID"] for message in post.server.messages).values()) == {1}
    assert len(post.server.messages) == 30


async def test_message_in_hand_is_nobody_elses(post: Post, user_id: UUID) -> None:
    await post.queue(user_id)
    post.server.open.clear()
    sending = asyncio.create_task(post.hire().process_next())
    async with asyncio.timeout(10):
        while await post.world.sql("SELECT id FROM mail_outbox WHERE lease_token IS NULL"):
            await asyncio.sleep(0.01)
    assert await post.hire().process_next() is False
    post.server.open.set()
    assert await sending is True
    assert len(post.server.messages) == 1


async def test_worker_that_lost_its_lease_leaves_the_row_to_the_next(post: Post, user_id: UUID) -> None:
    await post.queue(user_id)
    first, second = post.hire(), post.hire()
    claim = await first._claim()
    assert claim is not None
    await post.make_due()
    post.server.refusals.append("451 4.3.0 the mailbox is busy")
    await second.drain()
    await first._give_up(claim, "late")
    assert (await post.world.sql(OUTBOX))[0][3:] == (False, "the mail server answered 451")


async def test_restart_of_postgresql_is_waited_for(post: Post, user_id: UUID, caplog: pytest.LogCaptureFixture) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(post.hire().run(stop))
    await asyncio.sleep(0)
    async with post.engine.connect() as admin:
        await admin.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await post.queue(user_id)
    async with asyncio.timeout(20):
        while not post.server.messages:
            await asyncio.sleep(0.02)
    stop.set()
    await running


async def test_log_holds_no_address_token_or_link(post: Post, user_id: UUID, caplog: pytest.LogCaptureFixture) -> None:
    post.server.refusals += ["451 4.3.0 busy", "550 5.1.1 unknown"]
    for _ in range(3):
        await post.queue(user_id, "reset_password", "s3cret-token")
    with caplog.at_level(logging.DEBUG):
        await post.hire().drain()
    lines = [record.getMessage() for record in caplog.records if record.name.startswith(("nyumba", "aiosmtplib"))]
    assert len(lines) == 3, "one sent, one delayed, one given up"
    said = "\n".join(lines)
    for secret in (await email_of(post, user_id), "s3cret-token", "nyumba.example"):
        assert secret not in said


async def test_worker_waits_for_a_lock_and_not_for_ever(
    post: Post, user_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards both: a cancelled statement ended the worker, and one that always is would be repeated for ever."""
    monkeypatch.setattr("nyumba.mail.worker.LONGEST_PAUSE_S", 0.01)
    await post.queue(user_id)
    await post.world.sql(f"ALTER DATABASE {post.world.engine.url.database} SET lock_timeout = 20")
    await post.world.engine.dispose()
    async with post.world.engine.begin() as connection:
        await connection.exec_driver_sql("LOCK TABLE mail_outbox")
        with pytest.raises(DBAPIError, match="lock timeout"):
            await asyncio.wait_for(post.hire().run(asyncio.Event()), 60)
        stop = asyncio.Event()
        worker = asyncio.create_task(post.hire().run(stop))
        await asyncio.sleep(0.05)
    async with asyncio.timeout(60):
        while not post.server.messages:
            await asyncio.sleep(0.01)
    stop.set()
    await worker

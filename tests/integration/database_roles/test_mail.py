"""Tests of the mail worker once more, connected as its role. The API promises what it sends."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.database_roles import RoleName
from nyumba.settings import Settings
from tests.conftest import World
from tests.e2e.test_mail import test_stop_waits_for_the_message_in_hand
from tests.integration.mail.conftest import Post, mail_server, user_id
from tests.integration.mail.test_worker import (
    test_message_of_a_rolled_back_request_is_never_sent,
    test_permanent_refusal_is_given_up_at_once_without_the_token,
    test_promised_message_arrives_with_its_link_and_leaves_the_outbox,
    test_temporary_refusal_is_tried_again_later,
    test_what_was_given_up_is_forgotten_in_time,
)
from tests.mail_server import MailServer


@pytest.fixture
def process() -> RoleName:
    return "mail"


@pytest.fixture
def post(world: World, mail_server: MailServer, engines: dict[RoleName, AsyncEngine]) -> Post:
    post = Post(world, mail_server)
    post.session_factory.configure(bind=engines["api"])
    return post

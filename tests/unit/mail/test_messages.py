"""The messages: both forms say the same, and nothing that a stranger typed gets into them."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import cast, get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nyumba.mail.kinds import LIFETIMES, MailKind
from nyumba.mail.messages import AddressUnusable, Letterhead
from tests.mail_server import read_text

KINDS: tuple[MailKind, ...] = get_args(MailKind)
MAIL_ID = UUID("7f1b0f0e-3f0a-4a5e-9d0b-1c2d3e4f5a6b")
LETTERHEAD = Letterhead("Nyumba <post@nyumba.example>", "https://nyumba.example")


def write(kind: MailKind, recipient: str = "wanjiku@example.com", token: str | None = "token-1") -> EmailMessage:  # noqa: S107
    mail = LETTERHEAD.write(
        kind, mail_id=MAIL_ID, created_at=datetime(2026, 11, 23, 9, tzinfo=UTC), recipient=recipient, token=token
    )
    return cast("EmailMessage", message_from_bytes(mail.message.as_bytes(), policy=SMTP))


@pytest.mark.parametrize(
    ("kind", "token", "link"),
    [
        ("verify_email", "a-b_C", "https://nyumba.example/verify-email#token=a-b_C"),
        ("reset_password", "a-b_C", "https://nyumba.example/reset-password#token=a-b_C"),
        ("already_registered", None, "https://nyumba.example/forgot-password"),
        ("password_changed", None, "https://nyumba.example/forgot-password"),
    ],
)
def test_both_forms_hold_the_link(kind: MailKind, token: str | None, link: str) -> None:
    message = write(kind, token=token)
    assert link in read_text(message, "plain").splitlines()
    assert f'<a href="{link}">' in read_text(message, "html")


@pytest.mark.parametrize("kind", KINDS)
def test_message_says_what_to_do_if_it_was_not_you(kind: MailKind) -> None:
    words = read_text(write(kind), "plain")
    assert "it was not you" in words or "did not open an account" in words


@pytest.mark.parametrize(("kind", "time"), [("verify_email", "24 hours"), ("reset_password", "30 minutes")])
def test_message_says_how_long_its_link_works(kind: MailKind, time: str) -> None:
    assert f"within {time}" in read_text(write(kind), "plain")


@pytest.mark.parametrize("kind", KINDS)
def test_headers_are_those_that_mail_servers_expect(kind: MailKind) -> None:
    message = write(kind)
    assert message["From"] == "Nyumba <post@nyumba.example>"
    assert message["To"] == "wanjiku@example.com"
    assert message["Subject"].endswith(" - Nyumba")
    assert message["Message-ID"] == f"<{MAIL_ID}@nyumba.example>"
    assert message["Date"] == "Mon, 23 Nov 2026 09:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"


def test_token_cannot_leave_its_place() -> None:
    message = write("reset_password", token='"><script>alert(1)</script>&x=y\r\nBcc: z@example.com')  # noqa: S106
    assert "<script>" not in read_text(message, "html")
    assert message["Bcc"] is None


def test_public_url_is_escaped_in_html() -> None:
    letterhead = Letterhead("post@nyumba.example", "https://nyumba.example/a'b\"c")
    mail = letterhead.write(
        "reset_password",
        mail_id=MAIL_ID,
        created_at=datetime.now(UTC),
        recipient="a@example.com",
        token="t",  # noqa: S106
    )
    assert "a&#x27;b&quot;c/reset-password" in read_text(mail.message, "html")


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "nobody",
        "a@b.example\nBcc: c@d.example",
        "a@b.example\r\n\r\nBuy now",
        "a@b.example, c@d.example",
        "a b@c.example",
    ],
)
def test_recipient_that_is_no_address_is_refused_without_being_quoted(recipient: str) -> None:
    with pytest.raises(AddressUnusable) as refused:
        write("verify_email", recipient)
    assert "example" not in str(refused.value)
    assert refused.value.__suppress_context__


@given(st.text(max_size=60))
def test_no_recipient_injects_a_header(recipient: str) -> None:
    try:
        message = write("verify_email", recipient)
    except AddressUnusable:
        return
    expected = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    assert message.keys() == expected
    assert len(message["To"].addresses) == 1


def test_links_are_worth_sending_as_long_as_they_work() -> None:
    assert set(LIFETIMES) == set(KINDS)

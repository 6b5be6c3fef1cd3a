"""What the e-mails say, in text and in HTML.

Invariant: nothing that a stranger typed stands in a message, not even a name: whoever registers with somebody else's
address could otherwise write to them in our name. The recipient and the link are all that varies.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from typing import cast
from urllib.parse import quote
from uuid import UUID

from nyumba.errors import NyumbaError
from nyumba.mail.kinds import LIFETIMES, MailKind


class AddressUnusable(NyumbaError):
    """No message can be addressed like this."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One kind of e-mail: what stands before its link and after it, and the page that the link opens."""

    subject: str
    path: str
    before: str
    action: str
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that is ready to be sent, and its link for the log of a developer."""

    kind: MailKind
    message: EmailMessage
    link: str


def _say_lifetime(kind: MailKind) -> str:
    minutes = LIFETIMES[kind] // timedelta(minutes=1)
    time = f"{minutes // 60} hours" if minutes % 60 == 0 else f"{minutes} minutes"
    return f"The link works once, within {time}."


_WORDINGS: dict[MailKind, Wording] = {
    "verify_email": Wording(
        subject="Confirm your e-mail address",
        path="/verify-email",
        before="Welcome to Nyumba. Please confirm that this e-mail address is yours:",
        action="Confirm my e-mail address",
        after=(
            _say_lifetime("verify_email"),
            "If you did not open an account with Nyumba, ignore this message and do not open the link.",
        ),
    ),
    "reset_password": Wording(
        subject="Choose a new password",
        path="/reset-password",
        before="Somebody, most likely you, asked for a new password for your Nyumba account. You can choose it here:",
        action="Choose a new password",
        after=(
            _say_lifetime("reset_password"),
            "If it was not you, ignore this message: your password stays as it is. Never pass this link on to anybody.",
        ),
    ),
    "already_registered": Wording(
        subject="You already have an account",
        path="/forgot-password",
        before="Somebody, most likely you, tried to register with this e-mail address. It already has a Nyumba account,"
        " so just log in as usual. If you forgot the password, you can ask for a new one:",
        action="Ask for a new password",
        after=("If it was not you, there is nothing to do: your account is as it was, and nobody learnt about it.",),
    ),
    "password_changed": Wording(
        subject="Your password was changed",
        path="/forgot-password",
        before="The password of your Nyumba account has just been changed, and all devices were logged out. If that was"
        " you, there is nothing more to do. If it was not you, choose a new password at once:",
        action="Ask for a new password",
        after=("If somebody else may read your e-mail, change the password of your e-mail account as well.",),
    ),
}


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all messages of an installation share. `public_url` has no slash at its end."""

    sender: str
    public_url: str

    def write(self, kind: MailKind, *, mail_id: UUID, created_at: datetime, recipient: str, token: str | None) -> Mail:
        """Build a message. Building it again gives the same Message-ID and Date, so that duplicates can be recognised.

        The token goes behind a #, which no browser sends to a server: it reaches no access log and no referrer.

        Raises:
            AddressUnusable: the recipient is not an address.
        """
        wording = _WORDINGS[kind]
        link = self.public_url + wording.path + ("" if token is None else f"#token={quote(token, safe='')}")
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = _parse_recipient(recipient)
        message["Subject"] = f"{wording.subject} - Nyumba"
        message["Date"] = created_at
        message["Message-ID"] = f"<{mail_id}@{_find_domain(message)}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers it
        message.set_content(_write_text(wording, link))
        message.add_alternative(_write_html(wording, link), subtype="html")
        return Mail(kind, message, link)


def _find_domain(message: EmailMessage) -> str:
    return cast("str", message["From"].addresses[0].domain)


def _parse_recipient(address: str) -> Address:
    try:
        return Address(addr_spec=address)
    except (ValueError, IndexError, HeaderParseError):
        # The cause quotes the address, which must reach no log.
        raise AddressUnusable("the recipient's address cannot be written in a message") from None


def _write_text(wording: Wording, link: str) -> str:
    return "\n\n".join(["Hello,", wording.before, link, *wording.after, "Nyumba"]) + "\n"


def _write_html(wording: Wording, link: str) -> str:
    paragraphs = [
        "Hello,",
        escape(wording.before),
        f'<a href="{escape(link)}">{escape(wording.action)}</a>',
        *(escape(line) for line in wording.after),
        "Nyumba",
    ]
    body = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    head = f'<meta charset="utf-8"><title>{escape(wording.subject)}</title>'
    return f'<!DOCTYPE html>\n<html lang="en-KE"><head>{head}</head><body>\n{body}\n</body></html>\n'

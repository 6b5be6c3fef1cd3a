"""The kinds of e-mail, and how long each is worth sending.

Invariant: the links of a kind work for exactly its lifetime, so whoever makes their tokens takes it from here.
"""

from datetime import timedelta
from typing import Literal

MailKind = Literal["verify_email", "reset_password", "already_registered", "password_changed"]

LIFETIMES: dict[MailKind, timedelta] = {
    "verify_email": timedelta(hours=24),
    "reset_password": timedelta(minutes=30),
    "already_registered": timedelta(hours=24),
    "password_changed": timedelta(hours=24),
}

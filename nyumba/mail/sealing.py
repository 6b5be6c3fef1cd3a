"""Tokens at rest. Whoever reads the database alone, in a backup or a replica, must not be able to follow a link.

Invariant: the key is derived from the secret for this one purpose, so that no other use of the secret can open a seal.
"""

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from nyumba.errors import NyumbaError

_PURPOSE = b"nyumba: tokens in the mail outbox"


class SealBroken(NyumbaError):
    """A token was sealed under a secret that is no longer known, or was tampered with."""


class TokenSeal:
    """Seals tokens under the secret, and opens what it or the previous one sealed (Fernet: AES-128-CBC, HMAC)."""

    def __init__(self, secret: str, previous: str | None = None) -> None:
        secrets = [secret] if previous is None else [secret, previous]
        self._fernet = MultiFernet([Fernet(_derive(s)) for s in secrets])

    def seal(self, token: str) -> str:
        """What may be stored. Differs each time."""
        return self._fernet.encrypt(token.encode()).decode()

    def open(self, sealed: str) -> str:
        """The token again.

        Raises:
            SealBroken: this secret did not seal it.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise SealBroken("the token cannot be opened with this NYUMBA_SECRET_KEY") from None


def _derive(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hmac.digest(secret.encode(), _PURPOSE, "sha256"))

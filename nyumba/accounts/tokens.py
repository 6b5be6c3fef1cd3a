"""Access and refresh tokens: JWT, signed with HS256 by keys that are derived from the secret.

Invariant: the algorithm is ours to say, never the token's; each use has a key of its own, so that a token of one cannot
serve as the other; and nothing is believed of a token before its signature was.
"""

import hashlib
import hmac
import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import jwt
import msgspec

from nyumba.accounts.errors import InvalidToken

ACCESS_LIFETIME = timedelta(minutes=30)
REFRESH_LIFETIME = timedelta(days=7)
LATEST_IAT_S = 60  # how far the clocks of two machines may differ

Use = Literal["access", "refresh"]
_ALGORITHM = "HS256"
_LIFETIMES: dict[Use, timedelta] = {"access": ACCESS_LIFETIME, "refresh": REFRESH_LIFETIME}
# The last letter of a signature holds 4 bits and 2 that must be 0, or a token could be written in four ways.
_FORM = re.compile(r"[A-Za-z0-9_-]{1,500}\.[A-Za-z0-9_-]{1,1000}\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says: who (`sub`), in which family (`sid`), and what it is good for (`typ`)."""

    typ: Use
    sub: UUID
    sid: UUID
    jti: str
    iat: int
    exp: int
    iss: Literal["nyumba"] = "nyumba"
    aud: Literal["nyumba-api"] = "nyumba-api"


class TokenKeys:
    """Signs tokens with the secret, and reads those that it or the previous one signed."""

    def __init__(self, secret: str, previous: str | None = None) -> None:
        self._secrets = [secret] if previous is None else [secret, previous]
        self._keys = {use: [_derive(s, f"token/{use}") for s in self._secrets] for use in _LIFETIMES}

    def sign(self, use: Use, jti: str, *, user_id: UUID, family_id: UUID, at: datetime) -> str:
        """A token that begins to live at this time. The same arguments give the same token."""
        issued = int(at.timestamp())
        claims = Claims(
            typ=use,
            sub=user_id,
            sid=family_id,
            jti=jti,
            iat=issued,
            exp=issued + int(_LIFETIMES[use].total_seconds()),
        )
        key = self._keys[use][0]
        return jwt.encode(msgspec.to_builtins(claims), key, _ALGORITHM, headers={"kid": _name(key)})

    def read(self, use: Use, token: str) -> Claims:
        """The claims of a living token.

        Raises:
            InvalidToken: it is anything else; the message does not say what.
        """
        if not _FORM.fullmatch(token):
            raise InvalidToken("the token is not valid")
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = next(key for key in self._keys[use] if _name(key) == kid)
            options: jwt.types.Options = {"require": list(Claims.__struct_fields__), "verify_iat": False}
            payload = jwt.decode(token, key, [_ALGORITHM], options, audience="nyumba-api", issuer="nyumba")
            claims = msgspec.convert(payload, Claims)
        except (jwt.PyJWTError, msgspec.ValidationError, StopIteration):
            raise InvalidToken("the token is not valid") from None
        if claims.typ != use or claims.iat > time.time() + LATEST_IAT_S:
            raise InvalidToken("the token is not valid")
        return claims

    def derive_successors(self, jti: str) -> list[str]:
        """The ids of the refresh token after this one: under the secret, and under the previous one.

        They follow from the id, so that whoever retries a refresh gets what the first try got, of which only a hash is
        stored.
        """
        keys = [_derive(secret, "token/successor") for secret in self._secrets]
        return [hmac.new(key, jti.encode(), "sha256").hexdigest() for key in keys]


def draw_id() -> str:
    """A token id that nobody can guess."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """What is stored of a token or its id. They are random, so that no slow hash is needed."""
    return hashlib.sha256(token.encode()).digest()


def now() -> datetime:
    """The time that tokens go by: this machine's, for all of them are read without the database."""
    return datetime.now(UTC)


def _derive(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), f"nyumba/{purpose}".encode(), "sha256")


def _name(key: bytes) -> str:
    """The key id. It tells nothing of the key."""
    return hmac.new(key, b"kid", "sha256").hexdigest()[:16]

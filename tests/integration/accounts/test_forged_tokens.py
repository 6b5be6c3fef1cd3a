"""Tokens that nobody should believe: not one of them opens a door."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from httpx import AsyncClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nyumba.accounts.tokens import TokenKeys
from nyumba.settings import Settings
from tests.integration.accounts.conftest import Accounts, Person


def encode_part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class Forge:
    """Makes tokens out of a good one. It knows the keys, so that only what is changed can be why they are refused."""

    def __init__(self, good: str, other: str, secret: str) -> None:
        self.good, self.other, self.secret = good, other, secret
        self.head, self.body, self.signature = good.split(".")
        self.header = jwt.get_unverified_header(good)
        self.claims: dict[str, Any] = jwt.decode(good, options={"verify_signature": False})
        kid = self.header["kid"]
        keys = TokenKeys(secret)._keys
        self.key = next(
            k for use in keys.values() for k in use if hmac.new(k, b"kid", "sha256").hexdigest()[:16] == kid
        )

    def sign(self, header: dict[str, Any], claims: object, key: bytes | None = None, digest: str = "sha256") -> str:
        message = f"{encode_part(header)}.{encode_part(claims)}"
        signature = hmac.digest(self.key if key is None else key, message.encode(), digest)
        return f"{message}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"

    def with_claims(self, **changes: object) -> str:
        claims = {name: value for name, value in (self.claims | changes).items() if value is not None}
        return self.sign(self.header, claims)

    def with_header(self, **changes: object) -> str:
        header = {name: value for name, value in (self.header | changes).items() if value is not None}
        return self.sign(header, self.claims)

    def make_all(self) -> dict[str, str]:
        now = int(time.time())
        rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        raw, derived = self.secret.encode(), hashlib.sha256(self.secret.encode()).digest()
        unsigned = f"{encode_part(self.header | {'alg': 'none'})}.{self.body}"
        other_letter = "B" if self.signature[-2] == "A" else "A"
        spare = chr(ord(self.signature[-1]) + 1)
        return {
            "nothing": "",
            "no dots": "abc",
            "two parts": f"{self.head}.{self.body}",
            "four parts": f"{self.good}.x",
            "five parts": f"{self.good}.x.y",
            "alg none, no signature": f"{unsigned}.",
            "alg none, old signature": f"{unsigned}.{self.signature}",
            "alg None": f"{encode_part(self.header | {'alg': 'None'})}.{self.body}.{self.signature}",
            "alg missing": self.with_header(alg=None),
            "alg null in a list": self.with_header(alg=["HS256"]),
            "alg HS384": self.sign(self.header | {"alg": "HS384"}, self.claims, digest="sha384"),
            "alg HS512": self.sign(self.header | {"alg": "HS512"}, self.claims, digest="sha512"),
            "alg HS384 said, HS256 done": self.with_header(alg="HS384"),
            "alg RS256, key of the forger": jwt.encode(self.claims, rsa_key, "RS256", {"kid": self.header["kid"]}),
            "alg RS256 said, HMAC done": self.with_header(alg="RS256"),
            "alg ES256 said, HMAC done": self.with_header(alg="ES256"),
            "alg EdDSA said, HMAC done": self.with_header(alg="EdDSA"),
            "kid missing": self.with_header(kid=None),
            "kid unknown": self.with_header(kid="0123456789abcdef"),
            "kid empty": self.with_header(kid=""),
            "kid a number": self.with_header(kid=7),
            "kid a path": self.with_header(kid="../../dev/null"),
            "kid SQL": self.with_header(kid="' UNION SELECT 'x"),
            "crit unknown": self.with_header(crit=["exp2"], exp2=1),
            "jwk in the header, key unknown": self.sign(
                self.header | {"jwk": {"kty": "oct", "k": "AAAA"}}, self.claims, b"\0\0\0"
            ),
            "signed with nothing": self.sign(self.header, self.claims, b""),
            "signed with the secret itself": self.sign(self.header, self.claims, raw),
            "signed with its SHA-256": self.sign(self.header, self.claims, derived),
            "signed with another secret": self.sign(self.header, self.claims, b"x" * 32),
            "signature cut": self.good[:-1],
            "signature gone": f"{self.head}.{self.body}.",
            "signature changed": f"{self.good[:-2]}{other_letter}{self.good[-1]}",
            "signature written in another way": self.good[:-1] + spare,
            "signature padded": f"{self.good}=",
            "signature of another token": f"{self.head}.{self.body}.{self.other.split('.')[2]}",
            "signature with a line break": f"{self.good[:-5]}\t{self.good[-5:]}",
            "body of another token": f"{self.head}.{self.other.split('.')[1]}.{self.signature}",
            "body changed": f"{self.head}.{encode_part(self.claims | {'sub': str(uuid4())})}.{self.signature}",
            "body no JSON": f"{self.head}.AAAA.{self.signature}",
            "body a list": self.sign(self.header, [self.claims]),
            "body empty": self.sign(self.header, {}),
            "header no JSON": f"AAAA.{self.body}.{self.signature}",
            "expired": self.with_claims(exp=now - 1),
            "expired long ago": self.with_claims(iat=0, exp=1),
            "never expires": self.with_claims(exp=None),
            "expires as text": self.with_claims(exp="tomorrow"),
            "expires as infinity": self.with_claims(exp=float("inf")),
            "issued tomorrow": self.with_claims(iat=now + 86_400, exp=now + 90_000),
            "not issued": self.with_claims(iat=None),
            "not valid before tomorrow": self.with_claims(nbf=now + 86_400),
            "audience of another API": self.with_claims(aud="other-api"),
            "audience missing": self.with_claims(aud=None),
            "audience a list": self.with_claims(aud=["nyumba-api", "other-api"]),
            "issuer of another": self.with_claims(iss="mallory"),
            "issuer missing": self.with_claims(iss=None),
            "use missing": self.with_claims(typ=None),
            "use unknown": self.with_claims(typ="id"),
            "use of the other kind": self.with_claims(
                typ={"access": "refresh", "refresh": "access"}[self.claims["typ"]]
            ),
            "id missing": self.with_claims(jti=None),
            "subject missing": self.with_claims(sub=None),
            "subject no UUID": self.with_claims(sub="1 OR 1=1"),
            "subject nobody": self.with_claims(sub=str(uuid4())),
            "family missing": self.with_claims(sid=None),
            "family that never was": self.with_claims(sid=str(uuid4())),
            "family of somebody else": self.with_claims(
                sid=jwt.decode(self.other, options={"verify_signature": False})["sid"]
            ),
            "other kind of token": self.other,
        }


@pytest.fixture
async def mallory(accounts: Accounts) -> Person:
    return await accounts.add_logged_in()


async def check_refused(forged: dict[str, str], use: Callable[[str], Any]) -> None:
    assert len(forged) >= 40
    for name, token in forged.items():
        response = await use(token)
        assert response.status_code == 401, f"{name}: {response.status_code}"
        assert response.headers["content-type"] == "application/problem+json", name
        assert response.headers["www-authenticate"].startswith("Bearer"), name
        assert response.json()["type"] == "urn:nyumba:problem:invalid-token", name


async def test_no_forged_access_token_is_believed(accounts: Accounts, mallory: Person, settings: Settings) -> None:
    person = await accounts.add_logged_in()
    forge = Forge(person.access_token, mallory.refresh_token, settings.secret_key)
    assert (await accounts.read_me(forge.with_claims())).status_code == 200
    forged = {
        name: token for name, token in forge.make_all().items() if token.isascii() and "\t" not in token and token
    }
    await check_refused(forged, accounts.read_me)
    assert (await accounts.read_me(person.access_token)).status_code == 200


@pytest.mark.parametrize("name", ["refresh", "logout"])
async def test_no_forged_refresh_token_is_believed(
    accounts: Accounts, mallory: Person, settings: Settings, name: str
) -> None:
    person = await accounts.add_logged_in()
    forge = Forge(person.refresh_token, mallory.access_token, settings.secret_key)
    forged = forge.make_all()
    if name == "logout":  # ends what is named, and says nothing of whether it was there
        for harmless in ("subject nobody", "family that never was", "family of somebody else"):
            del forged[harmless]
    await check_refused(forged, lambda token: accounts.post(name, refresh_token=token))
    assert (await accounts.post("refresh", refresh_token=forge.with_claims())).status_code == 200


@pytest.mark.parametrize(
    "header", ["Basic eDp5", "Bearer", "Bearer ", "bearer  {}", "Token {}", "{}", "Bearer {} x", "Bearer {},Bearer {}"]
)
async def test_odd_header_is_refused(accounts: Accounts, mallory: Person, header: str) -> None:
    headers = {"Authorization": header.replace("{}", mallory.access_token)}
    assert (await accounts.api.get("/api/v1/auth/me", headers=headers)).status_code == 401


async def test_two_headers_are_refused(accounts: Accounts, mallory: Person) -> None:
    header = ("Authorization", f"Bearer {mallory.access_token}")
    assert (await accounts.api.get("/api/v1/auth/me", headers=[header, header])).status_code == 401


async def test_scheme_may_be_written_in_any_case(accounts: Accounts, mallory: Person) -> None:
    headers = {"Authorization": f"bEARER {mallory.access_token}"}
    assert (await accounts.api.get("/api/v1/auth/me", headers=headers)).status_code == 200


@hypothesis_settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=300), token=st.from_regex(r"[\w-]{0,60}\.[\w-]{0,60}\.[\w-]{42}[AEIM]", fullmatch=True))
async def test_junk_never_breaks_the_check(api: AsyncClient, junk: bytes, token: str) -> None:
    for value in (b"Bearer " + junk.replace(b"\n", b"").replace(b"\r", b""), b"Bearer " + token.encode()):
        response = await api.get("/api/v1/auth/me", headers={b"Authorization": value})
        assert response.status_code == 401

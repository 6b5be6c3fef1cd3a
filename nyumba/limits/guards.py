"""Rate limits as routes use them: a guard for the address, a dependency for the account, and the answer's fields.

Invariant: on an answer that was let through, RateLimit tells of the address alone. How much is left of an account would
tell anybody who names it whether its owner has been there.
"""

from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import MutableScopeHeaders
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard, Message, Scope

from nyumba.limits.addresses import find_client
from nyumba.limits.errors import RateLimited
from nyumba.limits.fields import write_policies, write_reading
from nyumba.limits.policies import Policy
from nyumba.limits.service import RateLimiter, Reading

_STANDING = "rate_limit_standing"


@dataclass(slots=True)
class Standing:
    """What the answer to this request will say: the limits that apply, and how the decisive one stands."""

    policy: Policy
    reading: Reading


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What the application gives to guards and dependencies."""

    limiter: RateLimiter
    factor: int
    trusted_proxies: int


def locate_client(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The network address that a request counts for."""
    limits: RateLimits = connection.app.state.rate_limits
    peer = connection.client.host if connection.client else None
    return find_client(peer, connection.headers.getall("x-forwarded-for", []), limits.trusted_proxies)


def limit_by_address(policy: Policy) -> Guard:
    """A guard that counts the request for the address it comes from, before anything else is done for it.

    The guard raises RateLimited: the address has had its share.
    """

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        limits: RateLimits = connection.app.state.rate_limits
        scaled = policy.multiply(limits.factor)
        reading = await limits.limiter.take(scaled.by_address, locate_client(connection))
        connection.state[_STANDING] = Standing(scaled, reading)
        if reading.is_exceeded:
            raise RateLimited(reading.resets_in_s)

    return guard


class AccountLimits:
    """Counts this request for an account, once the body says which one."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        self._request = request

    async def take(self, policy: Policy, account: str) -> None:
        """Count for an account, whether or not it exists. Call it before the work that is to be limited.

        Raises:
            RateLimited: the account has had its share.
        """
        limits: RateLimits = self._request.app.state.rate_limits
        scaled = policy.multiply(limits.factor)
        reading = await limits.limiter.take(scaled.by_account, account)
        if reading.is_exceeded:
            self._request.state[_STANDING] = Standing(scaled, reading)
            raise RateLimited(reading.resets_in_s)


def provide_account_limits(request: Request[Any, Any, Any]) -> AccountLimits:
    """The dependency `account_limits`."""
    return AccountLimits(request)


async def add_rate_limit_fields(message: Message, scope: Scope) -> None:
    """The application's `before_send`: what a limited endpoint answers carries the fields, errors too."""
    standing: Standing | None = scope.get("state", {}).get(_STANDING)
    if standing is None or message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    headers["RateLimit-Policy"] = write_policies(standing.policy)
    headers["RateLimit"] = write_reading(standing.reading)

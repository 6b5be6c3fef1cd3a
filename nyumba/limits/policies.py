"""How often each endpoint may be used: the one table of the rate limits.

An account limit slows guessing at one account from anywhere; an address limit slows guessing at many from one place,
and is the wider one, since whole offices and mobile networks share an address.
"""

from dataclasses import dataclass, replace
from typing import Self

MINUTE = 60
HOUR = 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests within a window that begins with the first of them. The name is shown to clients."""

    name: str
    quota: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits of one endpoint."""

    by_address: Limit
    by_account: Limit

    def multiply(self, factor: int) -> Self:
        """The same limits with quotas so many times as large."""
        address, account = self.by_address, self.by_account
        return replace(
            self,
            by_address=replace(address, quota=address.quota * factor),
            by_account=replace(account, quota=account.quota * factor),
        )


def _policy(name: str, *, address: tuple[int, int], account: tuple[int, int]) -> Policy:
    return Policy(Limit(f"{name}-by-address", *address), Limit(f"{name}-by-account", *account))


LOGIN = _policy("login", address=(100, 15 * MINUTE), account=(10, 15 * MINUTE))
REGISTER = _policy("register", address=(20, HOUR), account=(5, HOUR))
FORGOT_PASSWORD = _policy("forgot-password", address=(20, HOUR), account=(5, HOUR))
REFRESH = _policy("refresh", address=(300, 15 * MINUTE), account=(60, 15 * MINUTE))
CHANGE_PASSWORD = _policy("change-password", address=(100, 15 * MINUTE), account=(10, 15 * MINUTE))
EXPORT = _policy("export", address=(60, HOUR), account=(30, HOUR))
EVENTS = _policy("events", address=(2000, 15 * MINUTE), account=(600, 15 * MINUTE))
VIEW = _policy("view", address=(1000, 15 * MINUTE), account=(300, 15 * MINUTE))

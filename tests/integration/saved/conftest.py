"""Accounts that save properties."""

from tests.integration.accounts.conftest import accounts, api, settings

__all__ = ["accounts", "api", "settings"]

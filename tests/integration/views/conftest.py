"""Properties that people look at."""

from tests.integration.properties.conftest import Listings, accounts, api, listings, owner, settings

__all__ = ["Listings", "accounts", "api", "listings", "owner", "settings"]

"""What saved properties look like over HTTP."""

from datetime import datetime

from nyumba.properties.schemas import ListingCard


class SavedCard(ListingCard, frozen=True, kw_only=True):
    """A property that you saved. `available` is false when it has left the market; `status` says how."""

    saved_at: datetime
    available: bool

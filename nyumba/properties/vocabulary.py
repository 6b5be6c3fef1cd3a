"""The words for kinds and states of properties, shared by the table, the index and the API."""

from typing import Literal, get_args

PropertyType = Literal["house", "apartment", "townhouse", "land", "commercial"]
ListingType = Literal["sale", "rent"]
PublicStatus = Literal["active", "under_offer"]
Status = Literal["draft", "active", "under_offer", "sold", "let", "withdrawn", "expired"]

PUBLIC_STATUSES: tuple[PublicStatus, ...] = get_args(PublicStatus)

"""The words for kinds and states of properties, and how long their texts may be: for table, index, API and imports."""

from typing import Literal, get_args

PropertyType = Literal["house", "apartment", "townhouse", "land", "commercial"]
ListingType = Literal["sale", "rent"]
PublicStatus = Literal["active", "under_offer"]
Status = Literal["draft", "active", "under_offer", "sold", "let", "withdrawn", "expired"]

PUBLIC_STATUSES: tuple[PublicStatus, ...] = get_args(PublicStatus)

# Five hundred of them fit into one request to Elasticsearch, whatever letters they are made of.
LONGEST_DESCRIPTION = 10_000

"""Which way a listing may go: from draft over the market to its end, and back where life takes it back.

Invariant: MOVES, FIRST and CLOSINGS are all there is to it; no other code says what may follow what.
"""

from collections.abc import Mapping

from nyumba.properties.vocabulary import ListingType, Status

MOVES: Mapping[Status, tuple[Status, ...]] = {
    "draft": ("active", "withdrawn"),
    "active": ("under_offer", "sold", "let", "withdrawn", "expired"),
    "under_offer": ("active", "sold", "let", "withdrawn"),
    "sold": ("active",),  # a sale falls through, or the new owner sells
    "let": ("active", "withdrawn"),
    "withdrawn": ("draft", "active"),
    "expired": ("active", "withdrawn"),
}
CLOSINGS: Mapping[Status, ListingType] = {"sold": "sale", "let": "rent"}


def list_moves(status: Status, listing_type: ListingType) -> list[Status]:
    """The states that such a listing can go to: only what is for sale gets sold, only what is for rent gets let."""
    return [following for following in MOVES[status] if CLOSINGS.get(following, listing_type) == listing_type]


def explain_refusal(before: Status, after: Status, listing_type: ListingType) -> str | None:
    """Why a listing of this type cannot go from one state to the other, to go on after its name; None if it can.

    `listing_type` is that of afterwards, so that a change of it counts as well.
    """
    stays = before == after and CLOSINGS.get(after, listing_type) == listing_type
    allowed = list_moves(before, listing_type)
    if stays or after in allowed:
        return None
    return f"cannot go from {before} to {after} where listing_type is {listing_type}; it can go to {', '.join(allowed)}"

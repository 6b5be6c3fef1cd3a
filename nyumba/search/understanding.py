"""A search whose typed words have become filters.

Invariant: what the caller sets explicitly is never changed by what they type, and what was understood makes the same
search as the parameters that are reported for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from nyumba.search.answers import Interpretation
from nyumba.search.interpret.interpreter import Filter, interpret
from nyumba.search.interpret.spelling import correct
from nyumba.search.schemas import LONGEST_TEXT, OrderedFilters, PropertyFilters

S = TypeVar("S", bound=PropertyFilters)

# Parameters that say something of the same thing: one of them given, the typed words say nothing of it any more.
_TOGETHER = (
    frozenset({"price_min", "price_max"}),
    frozenset({"bedrooms", "bedrooms_min"}),
    frozenset({"square_meters_min", "square_meters_max"}),
    frozenset({"features"}),
    frozenset({"property_type"}),
    frozenset({"listing_type"}),
    frozenset({"bathrooms_min"}),
    frozenset({"city"}),
    frozenset({"neighborhood"}),
    frozenset({"place"}),
    frozenset({"sort"}),
)
_ADDED = "amenities"  # all of them are asked for, so typed ones join the given ones
_MANY = frozenset({"property_type", "bedrooms", "amenities", "features", "city", "neighborhood", "place"})


@dataclass(frozen=True, slots=True)
class Understood(Generic[S]):
    """The search with filters in the place of the words that stand for them, and which those are.

    `overridden` are the words that say nothing, for the caller has set a parameter for the same thing.
    """

    search: S
    interpreted: list[Interpretation]
    overridden: list[Interpretation]


def understand(search: S) -> Understood[S]:
    """Read filters out of what was typed, unless the caller wants it taken as words."""
    if search.search is None or search.interpret == "off":
        return Understood(search, [], [])
    found = interpret(search.search, forgive=search.typo == "auto")
    if found.rest == search.search:
        return Understood(search, [], [])
    used = [entry for entry in found.filters if _is_open(search, entry.param)]
    values = _collect(search, used)
    if isinstance(search, OrderedFilters):
        values.setdefault("sort", search.order)  # that of what was typed, though no text may be left
    understood = replace(search, search=found.rest or None, **values)
    overridden = [entry for entry in found.filters if not _is_open(search, entry.param)]
    return Understood(understood, list(map(_tell, used)), list(map(_tell, overridden)))


def guess(search: S) -> S | None:
    """The same search of what its words were probably meant to be, not understood yet."""
    meant = correct(search.search) if search.search else None
    return replace(search, search=meant) if meant and len(meant) <= LONGEST_TEXT else None


def _is_open(search: PropertyFilters, param: str) -> bool:
    if param == _ADDED:
        return True
    together = next(group for group in _TOGETHER if param in group)
    return param in search.__struct_fields__ and all(getattr(search, name) in (None, []) for name in together)


def _collect(search: PropertyFilters, used: Iterable[Filter]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for entry in used:
        if entry.param in _MANY:
            known = values.setdefault(entry.param, list(getattr(search, entry.param)))
            known += [value for value in entry.values if value not in known]
        else:
            values[entry.param] = entry.values[0]
    return values


def _tell(entry: Filter) -> Interpretation:
    value = entry.values[0] if len(entry.values) == 1 else list(entry.values)
    return Interpretation(entry.text, entry.param, value)

"""A search whose typed words have become filters.

Invariant: what the caller sets explicitly is never changed by what they type, and what was understood makes the same
search as the parameters that are reported for it.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

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


def understand(search: S) -> tuple[S, list[Interpretation]]:
    """The search with filters in the place of the words that stand for them, and which those are."""
    if search.search is None or search.interpret == "off":
        return search, []
    found = interpret(search.search, forgive=search.typo == "auto")
    if found.rest == search.search:
        return search, []
    used = [entry for entry in found.filters if _is_open(search, entry.param)]
    values = _collect(search, used)
    if isinstance(search, OrderedFilters):
        values.setdefault("sort", search.order)  # that of what was typed, though no text may be left
    understood = replace(search, search=found.rest or None, **values)
    return understood, [Interpretation(entry.text, entry.param, _show(entry)) for entry in used]


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


def _show(entry: Filter) -> Any:  # noqa: ANN401  # whatever the parameter takes
    return entry.values[0] if len(entry.values) == 1 else list(entry.values)

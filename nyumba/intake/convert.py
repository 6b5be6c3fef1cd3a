"""A row of a source to a property, or to everything that is wrong with it.

Invariant: a record that comes from here is one that the database takes, and a row with a problem yields no record:
never half a row. All problems of a row are found, so that a person can mend it in one go.
"""

import re
from collections.abc import Mapping as Cells
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from nyumba.errors import NyumbaError
from nyumba.intake import cells as parse
from nyumba.intake import limits
from nyumba.intake.mapping import AnyField, AreaField, ListField, Mapping, MoneyField, NumberField, TextField, TimeField
from nyumba.intake.records import PropertyRecord

_REQUIRED = ("title", "property_type", "listing_type", "price")
_WHOLE = ("bedrooms", "year_built")


class FieldProblem(msgspec.Struct, frozen=True):
    """Why a row cannot be taken. `field` is one of the property's, `source_id`, or `row` for the row as a whole."""

    field: str
    reason: str


class CellRefused(NyumbaError):
    """A cell that the mapping does not let through. The message goes into the rejects file."""


def convert_row(mapping: Mapping, cells: Cells[str, str], user_id: UUID) -> PropertyRecord | list[FieldProblem]:
    """The property that a row describes, or all its problems."""
    values: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    try:
        values["source_id"] = limits.check_text("source_id", read_source_id(mapping, cells))
    except NyumbaError as error:
        problems.append(FieldProblem("source_id", str(error)))
    for name, field in mapping.fields.filled:
        try:
            value = _convert_field(name, field, cells, values)
        except NyumbaError as error:
            problems.append(FieldProblem(name, _name_column(field, str(error))))
        else:
            if value is not None:
                values[name] = value
    named = {problem.field for problem in problems}
    problems += [problem for problem in _find_contradictions(values) if problem.field not in named]
    return problems or PropertyRecord(user_id=user_id, **values)


def read_source_id(mapping: Mapping, cells: Cells[str, str]) -> str:
    """The id that the source gave the row: the cells of its key columns, joined by a slash."""
    parts = [cells[column].strip() for column in mapping.source_id]
    for column, part in zip(mapping.source_id, parts, strict=True):
        if not part:
            raise CellRefused(f"column {column!r}: it is empty")
        if limits.NUL in part:
            raise CellRefused(f"column {column!r}: {parse.quote(part)} holds a NUL character")
    return "/".join(parts)


def _convert_field(name: str, field: AnyField, cells: Cells[str, str], values: dict[str, Any]) -> object:
    cell = _find_cell(field, cells, values)
    if not cell:
        if name in _REQUIRED:
            raise CellRefused("it is empty")
        return None
    if limits.NUL in cell:
        raise CellRefused(f"{parse.quote(cell)} holds a NUL character")
    match field:
        case TextField():
            return _convert_text(name, field, cell)
        case NumberField():
            return _convert_number(name, field, cell)
        case ListField():
            return tuple(_fit_words(field, parse.parse_words(cell)))
        case TimeField():
            return parse.parse_time(cell, field.format)


def _find_cell(field: AnyField, cells: Cells[str, str], values: dict[str, Any]) -> str:
    if isinstance(field, TextField) and field.template is not None:
        missing = sorted(field.template_names - values.keys())
        if missing:
            raise CellRefused(f"it cannot be made without {', '.join(missing)}")
        return field.template.format_map(values)
    return (cells[field.column] if field.column is not None else field.constant or "").strip()


def _convert_text(name: str, field: TextField, cell: str) -> str:
    text = cell if name == "description" else parse.join_spaces(cell)
    if field.pattern is not None:
        match = re.fullmatch(field.pattern, text)
        if match is None or not match[1]:
            raise CellRefused(f"{parse.quote(text)} does not fit the mapping's pattern")
        text = match[1]
    if field.values is not None:
        if text not in field.values:
            raise CellRefused(f"{parse.quote(text)} is not among the values that the mapping knows")
        text = field.values[text]
    return limits.check_text(name, _shorten(text, limits.longest(name)) if field.shorten else text)


def _convert_number(name: str, field: NumberField, cell: str) -> Decimal | int:
    number = limits.fit_number(name, _parse_number(name, field, cell))
    too_small = field.least is not None and number < field.least
    too_large = field.most is not None and number > field.most
    if too_small or too_large:
        bound = f"below {field.least}" if too_small else f"above {field.most}"
        raise CellRefused(f"{parse.quote(cell)} is {bound}: {field.because}")
    return int(number) if name in _WHOLE else number


def _parse_number(name: str, field: NumberField, cell: str) -> Decimal:
    match field:
        case MoneyField():
            return parse.parse_money(cell, field.prefix, field.thousands, field.per)
        case AreaField():
            return parse.parse_area(cell, field.unit, field.thousands)
        case _ if name in _WHOLE:
            return Decimal(parse.parse_whole(cell, field.thousands))
        case _:
            return parse.parse_number(cell, field.thousands)


def _fit_words(field: ListField, words: list[str]) -> dict[str, None]:
    limits.check_count(words)
    fitted = [_shorten(word, limits.LONGEST_WORD) for word in words] if field.shorten else words
    return dict.fromkeys(limits.check_word(word) for word in fitted)


def _shorten(text: str, limit: int | None) -> str:
    return text if limit is None or len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _find_contradictions(values: dict[str, Any]) -> list[FieldProblem]:
    problems = []
    if values.get("property_type") == "land" and values.get("bedrooms"):
        problems.append(FieldProblem("bedrooms", f"land has no bedrooms, and this has {values['bedrooms']}"))
    for missing, given in (("latitude", "longitude"), ("longitude", "latitude")):
        if given in values and missing not in values:
            problems.append(FieldProblem(missing, f"it is empty, and {given} is not: a point needs both"))
    return problems


def _name_column(field: AnyField, reason: str) -> str:
    return reason if field.column is None else f"column {field.column!r}: {reason}"

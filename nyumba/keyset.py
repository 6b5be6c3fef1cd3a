"""Pages of a SQL query by keyset.

With an index on the keys a deep page costs what the first one does, and rows that come or go shift none.

Invariant: the keys together are unique and never NULL, or rows would be skipped where a page ends.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Label, Row, Select, SQLColumnExpression, func, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.pagination import PageInfo, Paging, Total, decode_cursor, encode_cursor

T = TypeVar("T", bound=msgspec.Struct)

Query = Select[*tuple[Any, ...]]
Key = SQLColumnExpression[Any]


async def read_page(
    session: AsyncSession,
    query: Query,
    keys: Sequence[Key],
    paging: Paging,
    scope: Sequence[object],
) -> tuple[Sequence[Row[*tuple[Any, ...]]], Total, PageInfo]:
    """The rows of one page, greatest keys first, and how many there are in all. Takes two statements.

    `scope` names the list with all that decides what is in it: a cursor is good for that alone.

    Raises:
        InvalidRequest: the cursor was altered, or is that of another list.
    """
    bound_to = msgspec.json.encode(scope)
    labels: list[Label[Any]] = [key.label(f"key_{number}") for number, key in enumerate(keys)]
    statement = query.add_columns(*labels)
    if paging.cursor is not None:
        position = decode_cursor(paging.secret, bound_to, paging.cursor)
        statement = statement.where(tuple_(*keys) < tuple_(*_read_position(labels, position)))
    statement = statement.order_by(*(key.desc() for key in keys)).limit(paging.limit + 1)
    rows = (await session.execute(statement)).all()
    total = await session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True))
    page, more = rows[: paging.limit], len(rows) > paging.limit
    last = list(page[-1][-len(keys) :]) if more else []
    cursor = encode_cursor(paging.secret, bound_to, last) if more else None
    return page, Total(total or 0), PageInfo(paging.limit, cursor)


def convert_row(row: object, model: type[T]) -> T:
    """The struct whose fields are the columns of a row. Decimals become the numbers that JSON has."""
    return msgspec.convert(row, model, from_attributes=True, strict=False)


def _read_position(labels: Sequence[Label[Any]], position: list[Any]) -> list[ColumnElement[Any]]:
    """JSON has no times and no UUIDs: the columns know what they hold."""
    pairs = zip(labels, position, strict=True)
    return [literal(msgspec.convert(value, label.type.python_type), label.type) for label, value in pairs]

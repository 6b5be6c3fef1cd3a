"""How many statements something takes: what shows that a list costs the same however many items it has."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Engine, event

_is_ours: ContextVar[bool] = ContextVar("_is_ours", default=False)


@contextmanager
def record_statements() -> Iterator[list[str]]:
    """All that is sent to any database for the sake of this block, but for the beginning and end of transactions.

    What tasks that were there before send meanwhile is not part of it: the API has some that look at queues.
    """
    seen: list[str] = []

    def note(*arguments: object) -> None:
        if _is_ours.get():
            seen.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    token = _is_ours.set(True)
    try:
        yield seen
    finally:
        _is_ours.reset(token)
        event.remove(Engine, "before_cursor_execute", note)

"""What searches use of this package: ids for their answers, and where they are noted.

Invariant: this knows no SQL, since searches go without it.
"""

from dataclasses import dataclass

from nyumba.events.query_ids import QueryIds
from nyumba.events.recorder import Recorder


@dataclass(frozen=True, slots=True)
class SearchLog:
    """One for the application."""

    recorder: Recorder
    query_ids: QueryIds

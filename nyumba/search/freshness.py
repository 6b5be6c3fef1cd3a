"""How far the index is behind the database, as it was when somebody last looked.

Invariant: searches only read this. Nothing here waits, and what is not known is not made up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

TOO_OLD_S = 10.0
WORRYING_LAG_S = 60.0


@dataclass(slots=True)
class Freshness:
    """`lag_s` is the age of the oldest change that waited when it was looked at `seen_at`, 0 when none did."""

    clock: Callable[[], float] = monotonic
    lag_s: float = 0.0
    seen_at: float | None = None

    def note(self, lag_s: float) -> None:
        """Somebody has looked."""
        self.lag_s, self.seen_at = lag_s, self.clock()

    def measure_lag(self) -> float | None:
        """Seconds, of which what waited then has grown older; None when nobody has looked lately."""
        if self.seen_at is None:
            return None
        ago = self.clock() - self.seen_at
        if ago > TOO_OLD_S:
            return None
        return self.lag_s + ago if self.lag_s else 0.0


def is_degraded(lag_s: float | None) -> bool:
    """Whether results may be older than people expect."""
    return lag_s is None or lag_s > WORRYING_LAG_S

"""What to do about what is wrong: one line for each thing, for status.

Invariant: a line names the command to type, and docs/alerts.md has more on it.
"""

from collections.abc import Collection

from indexer.generations import Generation
from indexer.readings import Readings
from nyumba.search.document import compute_digest

WORRYING_LAG_S = 60.0

REINDEX = "run `nyumba-indexer reindex`"
UNMENDABLE = ("ahead", "duplicate")


def advise_on_alias(shown: list[str], generations: list[Generation]) -> list[str]:
    """On what readers see."""
    serving = next((g for g in generations if g.state == "serving"), None)
    if not shown:
        return [f"searches fail, as the alias is on no index: {REINDEX}"]
    if len(shown) > 1:
        return [f"searches show properties twice, as the alias is on {' and '.join(shown)}: {REINDEX}"]
    if serving is None or [serving.index] != shown:
        return [f"the alias is not where it was put: {REINDEX}"]
    if serving.digest != compute_digest():
        return [f"the index has the mapping of another release: {REINDEX}"]
    return []


def advise_on_generations(generations: list[Generation], gone: list[str], *, is_reindexing: bool) -> list[str]:
    """On the registered indices; `gone` are those that Elasticsearch does not have.

    Of a retired one only the way back is gone: whoever deleted it was short of room.
    """
    advice = []
    gone = [g.index for g in generations if g.index in gone and g.state != "retired"]
    if gone:
        advice.append(f"{', '.join(gone)} was deleted by hand: {REINDEX}")
    if not is_reindexing and any(g.state == "building" for g in generations):
        advice.append("a reindex was cut short: go on with `nyumba-indexer reindex --resume`")
    return advice


def advise_on_closed(generations: list[Generation], closed: Collection[str]) -> list[str]:
    """On registered indices that somebody has closed: no change goes anywhere until they are open."""
    return [
        f'{g.index} is closed, and changes wait: `curl -X POST "$ES/{g.index}/_open"`'
        for g in generations
        if g.index in closed
    ]


def advise_on_queue(readings: Readings) -> list[str]:
    """On what waits, who works on it, and what is dead."""
    alive = [worker for worker in readings.workers if worker.alive]
    advice = [
        f"{worker.name} has stopped ({worker.stopped_at:%Y-%m-%d %H:%M} UTC): {worker.reason}."
        " Once that is mended: start `nyumba-indexer run`"
        for worker in readings.workers
        if worker.stopped_at and not alive
    ]
    advice += [
        f"{worker.name} waits: {worker.reason}: see `nyumba-indexer doctor`"
        for worker in alive
        if worker.breaker != "closed"
    ]
    if readings.lag_s > WORRYING_LAG_S:
        waiting = f"{readings.pending:,} changes wait, the oldest for {describe_age(readings.lag_s)}"
        remedy = "start more workers with `nyumba-indexer run --workers N`" if alive else "start `nyumba-indexer run`"
        advice.append(f"{waiting}: {remedy}")
    if readings.dead:
        advice.append(f"{readings.dead:,} dead documents are out of date in searches: see `nyumba-indexer dead list`")
    return advice


def advise_on_drift(readings: Readings) -> list[str]:
    """On what the last verify found."""
    drift = readings.verified.drift if readings.verified else {}
    found = ", ".join(f"{count:,} {kind}" for kind, count in sorted(drift.items()))
    if any(drift.get(kind) for kind in UNMENDABLE):
        return [f"the last verify found {found}: run `nyumba-indexer repair`, then `nyumba-indexer reindex`"]
    return [f"the last verify found {found}: run `nyumba-indexer repair`"] if found else []


def describe_age(seconds: float) -> str:
    """As people say it."""
    if seconds < 120:
        return f"{seconds:,.1f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60:,} h {minutes % 60} min"

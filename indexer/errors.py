"""What keeps the indexer from going on. Each message says what to do."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from nyumba.errors import NyumbaError


class ElasticsearchUnavailable(NyumbaError):
    """Elasticsearch does not take writes now."""

    exit_code = 3

    def __init__(self, reason: str) -> None:
        super().__init__(f"Elasticsearch is unavailable ({reason}); pending changes are kept and sent when it is back")


class StatementsInterrupted(NyumbaError):
    """PostgreSQL takes our statements, and ends none of them."""

    exit_code = 3

    def __init__(self, times: int, state: str) -> None:
        super().__init__(
            f"PostgreSQL cancelled our statements, or gave them up for others', {times} times in a row (SQLSTATE"
            f" {state}); see what holds locks, or raise statement_timeout and lock_timeout of our role"
        )


class ElasticsearchBusy(ElasticsearchUnavailable):
    """It has no room for a request of this size now."""


class AnotherRelease(ElasticsearchUnavailable):
    """The index is made by another release, and only that one knows what it holds."""

    def __init__(self, index: str) -> None:
        NyumbaError.__init__(
            self,
            f"{index} is of another release, whose `nyumba-indexer run` is to write it: start that one, or run"
            " `nyumba-indexer reindex` of this one; pending changes are kept",
        )


class IndexMissing(NyumbaError):
    """A registered index was taken away."""

    def __init__(self, index: str) -> None:
        self.index = index
        super().__init__(f"the index {index} is gone; run `nyumba-indexer reindex` to build a new one")


class NoIndex(NyumbaError):
    """There is no index to write to yet."""

    def __init__(self, alias: str) -> None:
        super().__init__(f"no index is built for the alias {alias} yet; run `nyumba-indexer reindex`")


class AnotherAlias(NyumbaError):
    """The changes of this database already go to the indices of an alias; its queue has room for one."""

    exit_code = 2

    def __init__(self, alias: str, other: str) -> None:
        super().__init__(
            f"the changes of this database go to the indices of {other}, not of {alias}: set NYUMBA_SEARCH_ALIAS to"
            f" {other}, or give that up as docs/operations.md says under Another alias"
        )


class AliasOnSeveral(NyumbaError):
    """Somebody put the alias on a second index by hand."""

    def __init__(self, alias: str, indices: list[str]) -> None:
        super().__init__(f"{alias} is on {' and '.join(indices)} at once; run `nyumba-indexer reindex`")


class ReindexRunning(NyumbaError):
    """Reindexing is done by one at a time."""

    def __init__(self, alias: str) -> None:
        super().__init__(f"another reindex of {alias} is running; wait for it, or stop it first")


class SwapRefused(NyumbaError):
    """The new index is not what the alias should show."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the alias stays where it is: {reason}")


class IndexShown(NyumbaError):
    """An index should be deleted, and readers see it."""

    def __init__(self, index: str, aliases: list[str]) -> None:
        super().__init__(f"{index} is not deleted, as readers see it: {' and '.join(aliases)} is on it")


class TooManyRefused(NyumbaError):
    """Elasticsearch refuses not single documents but most of them."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Elasticsearch refuses most documents, the last one for this reason: {reason}. Nothing more is set aside:"
            " mend the mapping or run `nyumba-indexer reindex`"
        )


class NothingToResume(NyumbaError):
    """There is no backfill to go on with."""

    def __init__(self, alias: str) -> None:
        super().__init__(f"no reindex of {alias} was cut short; run `nyumba-indexer reindex` without --resume")


class NothingToRollBack(NyumbaError):
    """There is no index to go back to."""

    def __init__(self, alias: str) -> None:
        super().__init__(f"no earlier index of {alias} is kept; run `nyumba-indexer reindex` to build a fresh one")


class UnknownProperty(NyumbaError):
    """Neither store knows it."""

    def __init__(self, property_id: UUID) -> None:
        super().__init__(f"neither PostgreSQL nor Elasticsearch has a property {property_id}")


class SecurityOff(NyumbaError):
    """There is nobody to make keys for."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__("this Elasticsearch asks nobody who they are: set xpack.security.enabled, or do without keys")


class KeyDirectoryUnusable(NyumbaError):
    """Keys cannot be kept where they should be."""

    exit_code = 2

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} cannot be read and written: mend that, or name another --directory")


class MetricsAddressUnusable(NyumbaError):
    """Prometheus cannot be answered there."""

    exit_code = 2

    def __init__(self, host: str, port: int, error: OSError) -> None:
        reason = error.strerror or type(error).__name__
        advice = "choose another --metrics-port or NYUMBA_METRICS_HOST"
        super().__init__(f"metrics cannot be served at {host}:{port} ({reason}); {advice}")


class KibanaUnavailable(NyumbaError):
    """Kibana does not take an import now."""

    exit_code = 3

    def __init__(self, reason: str) -> None:
        super().__init__(f"Kibana does not answer at NYUMBA_KIBANA_URL ({reason}); start it, or wait until it is ready")


class KibanaRefused(NyumbaError):
    """Kibana does not take this import."""

    def __init__(self, status: int, reason: str) -> None:
        advice = "; set NYUMBA_KIBANA_API_KEY to a key that may import" if status in {401, 403} else ""
        super().__init__(f"Kibana refuses the import with {status}: {reason}{advice}")


class ObjectsRefused(NyumbaError):
    """Kibana took some objects and not the others."""

    def __init__(self, taken: int, refused: Sequence[str]) -> None:
        reasons = "; ".join(refused) or "it does not say which"
        super().__init__(f"Kibana took {taken} objects and refused {len(refused)}: {reasons}")

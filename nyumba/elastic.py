"""The Elasticsearch client, the short way that searches take, and which failures mean that search is down.

Invariant: the client never repeats a request that a node answered: who calls it knows whether that is safe. Where there
are several nodes, a connection that fails is tried on the next one, so every request must bear to arrive twice.
"""

from dataclasses import dataclass, field
from http import HTTPStatus
from zlib import crc32

from elastic_transport import ConnectionError as ElasticConnectionError
from elastic_transport import ConnectionTimeout, TlsError
from elasticsearch import ApiError, AsyncElasticsearch, SerializationError

from nyumba.errors import SearchTimedOut, SearchUnavailable
from nyumba.http_pool import Answer, HttpPool
from nyumba.settings import split_nodes

OUTAGES = (ElasticConnectionError, ConnectionTimeout, TlsError)
OUTAGE_STATUSES = frozenset({429, 500, 502, 503, 504})
CLOSED = "index_closed_exception"
BLOCKS = frozenset({"cluster_block_exception", CLOSED})  # somebody, or a full disk, has put them on
DENIED_STATUSES = frozenset({401, 403})
LONGEST_REASON = 2000
OVER_TIME = b'"search_timeout_exception"'


class SearchRefused(Exception):
    """Elasticsearch does not carry a search out; says its status and why. The reason quotes no document."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"status {answer.status}: {answer.body[:LONGEST_REASON].decode(errors='replace')}")


@dataclass(frozen=True, slots=True)
class SearchEngine:
    """What reads the alias, and the key that signs cursors. Searches go through `pool`, all else through `client`."""

    client: AsyncElasticsearch
    pool: HttpPool
    alias: str
    secret: str = field(repr=False)

    async def search(self, body: bytes, *, belonging: bytes = b"") -> bytes:
        """The answer to a `_search` of the alias, as it came: whoever asks decodes what is needed, and no more.

        Searches that belong together ask the same copy of a shard: copies differ in what they still hold of deleted
        documents, and so in scores, and pages would overlap.

        Raises:
            SearchUnavailable: Elasticsearch is down, too slow or refuses our key, or no index is there and open.
            SearchRefused: the body is wrong.
        """
        copy = f"&preference={crc32(belonging):08x}" if belonging else ""
        return await self._post(f"/{self.alias}/_search?allow_partial_search_results=false{copy}", body)

    async def search_at_point_in_time(self, body: bytes) -> bytes:
        """The answer to a `_search` whose body names a point in time. It raises what `search` does."""
        return await self._post("/_search?allow_partial_search_results=false", body)

    async def _post(self, path: str, body: bytes) -> bytes:
        try:
            answer = await self.pool.post(path, body)
        except OSError as error:
            raise SearchUnavailable("search does not answer now; try again soon") from error
        if answer.status == HTTPStatus.OK:
            return answer.body
        if answer.status == HTTPStatus.NOT_FOUND:
            raise SearchUnavailable("nothing has been indexed yet")
        if answer.status in OUTAGE_STATUSES and OVER_TIME in answer.body:
            raise SearchTimedOut
        if answer.status in OUTAGE_STATUSES | DENIED_STATUSES or CLOSED.encode() in answer.body:
            raise SearchUnavailable("search does not answer now; try again soon") from SearchRefused(answer)
        raise SearchRefused(answer)


def create_client(
    urls: str, *, timeout_s: float, api_key: str | None = None, connections: int = 16
) -> AsyncElasticsearch:
    """A client for the nodes of one cluster, or for one load balancer.

    Credentials are an API key or stand in the URLs, if there are any. A node that cannot be reached is passed over, and
    for a while not asked again.
    """
    nodes = split_nodes(urls)
    return AsyncElasticsearch(
        nodes,
        api_key=api_key,
        request_timeout=timeout_s,
        connections_per_node=connections,
        max_retries=len(nodes) - 1,
        retry_on_status=(),
        retry_on_timeout=False,
        http_compress=False,
    )


def is_outage(error: Exception) -> bool:
    """Whether an error says that Elasticsearch cannot answer now, as against that the request was wrong."""
    if isinstance(error, ApiError):
        return error.status_code in OUTAGE_STATUSES or is_blocked(error)
    return isinstance(error, OUTAGES)


def is_blocked(error: Exception) -> bool:
    """Whether Elasticsearch answers and has been told not to do this: it is read-only, or the index is closed."""
    return isinstance(error, ApiError) and error.error in BLOCKS


def is_denied(error: Exception) -> bool:
    """Whether Elasticsearch refuses the credentials, or what is asked with them."""
    if not isinstance(error, ApiError):
        return False
    return error.status_code == 401 or (error.status_code == 403 and error.error == "security_exception")


def is_foreign(error: Exception) -> bool:
    """Whether it was no Elasticsearch that answered: each answer of one says what it comes from."""
    if isinstance(error, ApiError):
        return error.meta.headers.get("x-elastic-product") != "Elasticsearch"
    return isinstance(error, SerializationError)

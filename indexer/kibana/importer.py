"""Bring saved objects to Kibana, through its import API.

Invariant: an import overwrites objects of the same ids and touches no other; it is whole only if Kibana says so of
every object.
"""

import http.client
import json
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass

import msgspec

from indexer.errors import KibanaRefused, KibanaUnavailable, ObjectsRefused

TIMEOUT_S = 60
PATH = "/api/saved_objects/_import?overwrite=true"
LONGEST_REASON = 300


class _Reason(msgspec.Struct):
    type: str = "unknown"


class _Refusal(msgspec.Struct):
    type: str
    id: str
    error: _Reason


class _Answer(msgspec.Struct, rename="camel"):
    success: bool
    success_count: int
    errors: list[_Refusal] = []


@dataclass(frozen=True, slots=True)
class Kibana:
    """Where it is, and the key that may import."""

    url: str
    api_key: str | None

    def import_objects(self, ndjson: bytes) -> int:
        """Import, and say how many objects that was.

        Raises:
            KibanaUnavailable: it does not answer, or is not ready yet.
            KibanaRefused: the key, or the request.
            ObjectsRefused: some objects; the others are there.
        """
        boundary = secrets.token_hex(16)
        fields = {"kbn-xsrf": "nyumba", "Content-Type": f"multipart/form-data; boundary={boundary}"}
        if self.api_key is not None:
            fields["Authorization"] = f"ApiKey {self.api_key}"
        body = _build_form(boundary, ndjson)
        request = urllib.request.Request(f"{self.url}{PATH}", data=body, headers=fields, method="POST")  # noqa: S310
        answer = self._send(request)
        refused = [f"{one.type} {one.id}: {one.error.type}" for one in answer.errors]
        if refused or not answer.success:
            raise ObjectsRefused(answer.success_count, refused)
        return answer.success_count

    def _send(self, request: urllib.request.Request) -> _Answer:
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310  (NYUMBA_KIBANA_URL is http)
                return msgspec.json.decode(response.read(), type=_Answer)
        except urllib.error.HTTPError as error:
            with error:
                if error.code >= 500:
                    raise KibanaUnavailable(f"it answers {error.code}") from error
                raise KibanaRefused(error.code, _read_message(error.read())) from error
        except msgspec.DecodeError as error:
            raise KibanaUnavailable("what answers there is no Kibana") from error
        except (OSError, http.client.HTTPException) as error:
            raise KibanaUnavailable(type(error).__name__) from error


def _build_form(boundary: str, ndjson: bytes) -> bytes:
    head = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="file"; filename="nyumba.ndjson"\r\n'
        "Content-Type: application/ndjson\r\n\r\n"
    )
    return head.encode() + ndjson + f"\r\n--{boundary}--\r\n".encode()


def _read_message(body: bytes) -> str:
    """What Kibana says; its errors are `{"statusCode", "error", "message"}`."""
    try:
        said = json.loads(body)
    except ValueError:
        return "no reason given"
    message = said.get("message") if isinstance(said, dict) else None
    return str(message or "no reason given")[:LONGEST_REASON]

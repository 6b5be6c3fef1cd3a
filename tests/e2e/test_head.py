"""HEAD answers as GET does, without the body: what monitors, link checkers and load balancers ask."""

from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

from nyumba.settings import Settings
from tests.conftest import World
from tests.serving import make_environ, run_server

OF_THE_MOMENT = {"date", "content-length", "transfer-encoding", "ratelimit"}


async def test_head_answers_as_get_does_without_a_body(settings: Settings, world: World) -> None:
    property_id = await world.add_property()
    await world.reindex()
    with (
        run_server(make_environ(settings)) as server,
        closing(HTTPConnection(urlsplit(server.url).netloc)) as connection,
    ):

        def ask(method: str, path: str) -> tuple[HTTPResponse, bytes]:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer, answer.read()

        for path in (
            "/health/live",
            "/health/ready",
            "/api/v1/properties?limit=1",
            "/api/v1/properties/export",
            f"/api/v1/properties/{property_id}",
            "/api/v1/properties?limit=0",
            "/api/v1/auth/me",
            "/docs/openapi.json",
        ):
            (head, nothing), (get, body) = ask("HEAD", path), ask("GET", path)
            assert (head.status, nothing) == (get.status, b""), path
            assert body, path
            shown = [
                {name.lower(): value for name, value in answer.getheaders() if name.lower() not in OF_THE_MOMENT}
                for answer in (head, get)
            ]
            assert shown[0] == shown[1], path
        assert ask("HEAD", "/api/v1/auth/login")[0].status == 405

"""Pages of other origins: which may call the API, and what caches are told."""

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba.cors import build_cors
from nyumba.settings import Settings

HOME = "http://127.0.0.1:8000"  # the public URL, where nothing else is set
STRANGER = "https://elsewhere.example"
PROPERTY = "/api/v1/properties/00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("path", ["/api/v1/auth/me", "/api/v1/properties?color=red", PROPERTY, "/nowhere"])
async def test_page_at_the_public_url_can_read_errors_too(api: AsyncTestClient[Litestar], path: str) -> None:
    answer = await api.get(path, headers={"Origin": HOME})
    assert answer.is_client_error
    assert answer.headers["Access-Control-Allow-Origin"] == HOME
    assert {"ETag", "Location", "Retry-After"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))


async def test_page_of_a_stranger_cannot_read(api: AsyncTestClient[Litestar]) -> None:
    answer = await api.get("/health/live", headers={"Origin": STRANGER})
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("headers", [{}, {"Origin": HOME}, {"Origin": STRANGER}])
async def test_caches_keep_answers_apart(api: AsyncTestClient[Litestar], headers: dict[str, str]) -> None:
    answer = await api.get("/docs/openapi.json", headers={"Accept-Encoding": "gzip", **headers})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers.get_list("Vary") == ["Accept-Encoding, Origin"]


async def test_page_may_ask_for_what_the_api_offers(api: AsyncTestClient[Litestar]) -> None:
    asked = {
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,if-match,prefer",
    }
    answer = await api.options(PROPERTY, headers={"Origin": HOME, **asked})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == HOME
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    refused = await api.options(PROPERTY, headers={"Origin": STRANGER, **asked})
    assert refused.status_code == 400
    assert "Access-Control-Allow-Origin" not in refused.headers


@pytest.mark.parametrize(
    ("settings", "origin", "allowed"),
    [
        (Settings(public_url="https://nyumba.example/sw"), "https://nyumba.example", True),
        (Settings(public_url="https://Nyumba.example:443"), "https://nyumba.example", True),
        (Settings(public_url="https://nyumba.example:8443"), "https://nyumba.example:8443", True),
        (Settings(public_url="http://[::1]:8000"), "http://[::1]:8000", True),
        (Settings(public_url="https://nyumba.example"), "http://nyumba.example", False),
        (Settings(public_url="https://nyumba.example"), "https://nyumbaxexample", False),
        (Settings(public_url="https://nyumba.example"), "https://nyumba.example.elsewhere.example", False),
        (Settings(public_url="https://nyumba.example"), "null", False),
        (Settings(cors_origins="https://a.example,https://b.example"), "https://b.example", True),
        (Settings(cors_origins="https://a.example"), HOME.replace("127.0.0.1", "nyumba.example"), False),
        (Settings(cors_origins="*", env="production"), STRANGER, True),
        (Settings(env="development"), "http://localhost:3000", True),
        (Settings(env="development"), "http://localhost.elsewhere.example", False),
        (Settings(env="production", public_url="https://nyumba.example"), "http://localhost:3000", False),
    ],
)
def test_origins_that_are_allowed(settings: Settings, origin: str, allowed: bool) -> None:  # noqa: FBT001
    assert build_cors(settings).is_origin_allowed(origin) is allowed

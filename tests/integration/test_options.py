from litestar import Litestar
from litestar.testing import AsyncTestClient


async def test_options_lists_all_methods_of_a_path(api: AsyncTestClient[Litestar]) -> None:
    answer = await api.options("/api/v1/properties/00000000-0000-0000-0000-000000000000")
    assert answer.status_code == 204
    assert set(answer.headers["Allow"].split(", ")) == {"DELETE", "GET", "OPTIONS", "PATCH", "PUT"}

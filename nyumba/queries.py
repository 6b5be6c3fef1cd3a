"""Query parameters as routes take them: parsed in one go, and described in the OpenAPI document. Headers, too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIType

from nyumba.pagination import PageParameters, Paging
from nyumba.parameters import describe_parameters, parse_parameters


def describe_query(
    model: type[msgspec.Struct], *, required: Sequence[str] = (), media_types: Sequence[str] = ()
) -> type[Operation]:
    """The `operation_class` of a route that parses this struct out of its query string.

    `required` are parameters that `find_faults` asks for; `media_types` those of an answer that is no JSON.
    """

    @dataclass
    class QueryOperation(Operation):
        def __post_init__(self) -> None:
            schemas: dict[str, Any] = describe_parameters(model)
            self.parameters = [*(self.parameters or [])] + [
                Parameter(
                    name, "query", schema=schema, description=schema.pop("description", None), required=name in required
                )
                for name, schema in schemas.items()
            ]
            answer = (self.responses or {}).get("200")
            if media_types and isinstance(answer, OpenAPIResponse):
                text = OpenAPIMediaType(Schema(type=OpenAPIType.STRING))
                answer.description, answer.content = "A file", dict.fromkeys(media_types, text)

    return QueryOperation


def describe_header(pattern: str | None = None, *, examples: Sequence[str] | None = None) -> dict[str, Any]:
    """The `schema_extra` of an optional header: one can leave it out, but not send a null."""
    return {"type": OpenAPIType.STRING, "one_of": None, "pattern": pattern, "examples": examples}


def open_page(request: Request[Any, Any, Any], asked: PageParameters) -> Paging:
    """What a list needs to know to give the page that is asked for."""
    return Paging(asked.limit, asked.cursor, request.app.state.cursor_secret)


async def provide_paging(request: Request[Any, Any, Any]) -> Paging:
    """The dependency `paging` of lists that have no parameters but `limit` and `cursor`."""
    return open_page(request, parse_parameters(PageParameters, request.query_params.multi_items()))

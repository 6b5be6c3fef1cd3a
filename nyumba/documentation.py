"""The OpenAPI document, and the page that shows it.

A route names the errors of its own, `@put(..., errors=[Forbidden, PropertyNotFound])`; those that come from what it is
made of (a body, a token, a path, a database) are added here.

Invariant: a status that a route can answer is in the document. A test that talks to every route holds it against that.
"""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import swagger_ui
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from nyumba.accounts.errors import InvalidToken, Unauthenticated
from nyumba.errors import DatabaseUnavailable, InvalidRequest, MalformedBody, NyumbaError, SearchUnavailable
from nyumba.problems import MEDIA_TYPE, Problem, type_of, type_of_status

ASSETS = "/docs/assets"
ASSETS_FOLDER = Path(swagger_ui.__file__).parent / "static"

_BY_DEPENDENCY: dict[str, type[NyumbaError]] = {
    "session": DatabaseUnavailable,
    "session_factory": DatabaseUnavailable,
    "search_engine": SearchUnavailable,
}
_NO_INPUT = {"request", "scope", "state", "socket"}


class RouteDocumentation(ReceiveRoutePlugin):
    """Completes what each route says of itself, as it is registered."""

    def receive_route(self, route: BaseRoute) -> None:
        """Document the errors of the route's handlers, and correct what it answers to OPTIONS."""
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                handler.responses = {**_describe_errors(handler, route), **(handler.responses or {})}
            _list_all_methods(route)


def build_document_config() -> OpenAPIConfig:
    """OpenAPI 3.1 at /docs/openapi.json and a page to try it at /docs, without a byte from elsewhere."""
    page = SwaggerRenderPlugin(
        path="/",
        js_url=f"{ASSETS}/swagger-ui-bundle.js",
        css_url=f"{ASSETS}/swagger-ui.css",
        standalone_preset_js_url=f"{ASSETS}/swagger-ui-standalone-preset.js",
        favicon=f"<link rel='icon' type='image/png' href='{ASSETS}/favicon-32x32.png'>",
    )
    return OpenAPIConfig(
        title="Nyumba",
        version="1",
        description="Property listings whose heart is search. Errors are problem+json (RFC 9457): their `type` is "
        "stable, and `errors` names each field that is wrong.",
        components=Components(
            security_schemes={"bearer": SecurityScheme("http", scheme="bearer", bearer_format="JWT")}
        ),
        use_handler_docstrings=True,
        path="/docs",
        render_plugins=[page],
    )


def _describe_errors(handler: HTTPRouteHandler, route: HTTPRoute) -> dict[int, ResponseSpec]:
    """A response for each status of an error, with all the types that have it."""
    meanings: dict[int, dict[str, str]] = {}
    for status, kind, title in _find_errors(handler, route):
        meanings.setdefault(status, {})[kind] = title
    return {
        status: ResponseSpec(
            Problem,
            generate_examples=False,
            description="; ".join(f"{title} (`{kind}`)" for kind, title in kinds.items()),
            media_type=MEDIA_TYPE,
        )
        for status, kinds in sorted(meanings.items())
    }


def _find_errors(handler: HTTPRouteHandler, route: HTTPRoute) -> Iterator[tuple[int, str, str]]:
    """Status, type and title of each."""
    for error in _find_domain_errors(handler):
        yield error.status, type_of(error.code), error.title
    if route.path_parameters:
        yield HTTPStatus.NOT_FOUND, type_of_status(HTTPStatus.NOT_FOUND), HTTPStatus.NOT_FOUND.phrase
    if _has_body(handler):
        large = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        yield large, type_of_status(large), large.phrase


def _find_domain_errors(handler: HTTPRouteHandler) -> Iterator[type[NyumbaError]]:
    if handler.resolve_security():
        yield from (Unauthenticated, InvalidToken, DatabaseUnavailable)
    yield from handler.opt.get("errors", ())
    if _has_body(handler):
        yield MalformedBody
    if _has_input(handler):
        yield InvalidRequest
    for name, error in _BY_DEPENDENCY.items():
        if name in handler.parsed_fn_signature.parameters:
            yield error


def _has_body(handler: HTTPRouteHandler) -> bool:
    operation: Any = handler.operation_class()
    return "data" in handler.parsed_fn_signature.parameters or operation.request_body is not None


def _has_input(handler: HTTPRouteHandler) -> bool:
    operation: Any = handler.operation_class()
    own = handler.parsed_fn_signature.parameters.keys() - handler.resolve_dependencies().keys() - _NO_INPUT
    return bool(own or operation.parameters or operation.request_body)


def _list_all_methods(route: HTTPRoute) -> None:
    """Renew the answer to OPTIONS: Litestar keeps the one from when the path had its first handler alone."""
    for handler in route.route_handlers:
        if handler.http_methods == {"OPTIONS"}:
            handler._fn = route.create_options_handler(route.path).fn  # noqa: SLF001  (there is no other way in)

"""Errors as problem+json (RFC 9457), rendered in this one place.

Invariant: what is not meant for the caller (SQL, index names, stacks) is logged, never answered.
"""

import logging
import traceback
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DBAPIError

from nyumba.db import describe_absence, is_access_refused, is_conflict, is_database_outage
from nyumba.elastic import is_denied
from nyumba.errors import (
    DatabaseUnavailable,
    FieldError,
    InvalidRequest,
    MalformedBody,
    NyumbaError,
    SearchUnavailable,
)

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The body of every error. `type` is stable; `errors` has one entry for each offending field."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldError] = []


def type_of(code: str) -> str:
    """The stable type of an error with this code."""
    return f"urn:nyumba:problem:{code}"


def type_of_status(status: HTTPStatus) -> str:
    """The type of an error that is the framework's, of which nothing but the status is known."""
    return type_of(status.phrase.lower().replace(" ", "-"))


def render_domain_error(request: Request[Any, Any, Any], error: NyumbaError) -> Response[Problem]:
    """An error that services raise on purpose."""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.warning("%s %s: %s", request.method, request.url.path, error.code, exc_info=error.__cause__)
    errors = error.errors if isinstance(error, InvalidRequest) else []
    problem = Problem(
        type=type_of(error.code),
        title=error.title,
        status=error.status,
        detail=None if errors else str(error),
        errors=errors,
    )
    return Response(problem, status_code=error.status, media_type=MEDIA_TYPE, headers=error.headers)


def render_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """An error of the framework: no such route, wrong method, a value of the wrong type."""
    if isinstance(error, ValidationException):
        return render_domain_error(request, _explain_validation(error))
    status = HTTPStatus(error.status_code)
    detail = _name_limit(request.route_handler) if isinstance(error, RequestEntityTooLarge) else None
    problem = Problem(type=type_of_status(status), title=status.phrase, status=status, detail=detail)
    return Response(problem, status_code=status, media_type=MEDIA_TYPE, headers=error.headers)


def render_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """A store that is down or does not let us in, a change in the way of another, or a bug."""
    if is_denied(error):
        logger.error("Elasticsearch refuses NYUMBA_ELASTICSEARCH_API_KEY: %s", type(error).__name__)
        return render_domain_error(request, SearchUnavailable("search does not answer now; try again soon"))
    if is_conflict(error):
        logger.warning("%s %s met another change\n%s", request.method, request.url.path, _describe_bug(error))
        return render_domain_error(request, DatabaseUnavailable("another change was in the way; try again soon"))
    if is_access_refused(error):
        logger.error("%s %s: %s", request.method, request.url.path, describe_absence(error))
    if is_access_refused(error) or is_database_outage(error):
        return render_domain_error(request, DatabaseUnavailable("try again soon"))
    logger.error("%s %s failed\n%s", request.method, request.url.path, _describe_bug(error))
    problem = Problem(type=type_of("internal-error"), title="Internal error", status=500)
    return Response(problem, status_code=500, media_type=MEDIA_TYPE)


def _name_limit(handler: HTTPRouteHandler) -> str:
    """How long a body of this route may be."""
    return f"the body must have {handler.resolve_request_max_body_size():,} bytes or less"


def _explain_validation(error: ValidationException) -> NyumbaError:
    """Litestar lists parameters of the wrong type as dictionaries. Bodies are ours to read, unless they are empty."""
    found = [entry for entry in error.extra or [] if isinstance(entry, dict) and entry.get("key") != "data"]
    if not found:
        return MalformedBody("the body must be a JSON object, in UTF-8")
    return InvalidRequest([FieldError(str(entry["message"]), parameter=str(entry.get("key"))) for entry in found])


def _describe_bug(error: Exception) -> str:
    """The stack, and what was wrong, unless PostgreSQL says it: its messages quote rows, and so what people typed."""
    if isinstance(error, DBAPIError):
        stack = "".join(traceback.format_tb(error.__traceback__))
        return f"{stack}{type(error).__name__}: SQLSTATE {getattr(error.orig, 'sqlstate', None)}"
    return "".join(traceback.format_exception(error))


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    NyumbaError: render_domain_error,
    HTTPException: render_http_error,
    Exception: render_unexpected,
}

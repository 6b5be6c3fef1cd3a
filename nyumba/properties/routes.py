"""`/properties`: offering, changing and removing properties, and reading one. The search has a package of its own."""

from typing import Annotated, Any
from uuid import UUID

from litestar import HttpMethod, Request, Response, Router, delete, get, post, route
from litestar.datastructures import CacheControlHeader, ResponseHeader
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.dependencies import provide_user, provide_viewer
from nyumba.accounts.errors import Forbidden
from nyumba.accounts.guards import recognize_user, require_role, require_user
from nyumba.accounts.models import User
from nyumba.accounts.routes import BEARER
from nyumba.bodies import StrictBody
from nyumba.errors import PropertyNotFound
from nyumba.pagination import Page, PageParameters, Paging
from nyumba.preconditions import MalformedHeader, PreconditionFailed, is_known
from nyumba.properties import service, writing
from nyumba.properties.idempotency import IdempotencyKeyReused, create_property_once
from nyumba.properties.schemas import PriceChangeRead, PropertyRead
from nyumba.properties.user_routes import BEARER_OR_NOTHING
from nyumba.properties.waiting import Waiting, provide_waiting
from nyumba.properties.write_schemas import PropertyCreate, PropertyUpdate
from nyumba.properties.writing import StatusMoveRefused
from nyumba.queries import describe_header, describe_query, provide_paging

LARGEST_BODY = 131_072
WRITE_ERRORS = (Forbidden, PropertyNotFound, MalformedHeader, PreconditionFailed)
ETAG = ResponseHeader(name="ETag", documentation_only=True, description="changes when the property does")
LOCATION = ResponseHeader(name="Location", documentation_only=True, description="the path of what was made")

IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        description="act only on what has this `ETag`; 412 otherwise",
        schema_extra=describe_header(
            r'^(\*|(W/)?"[!#-~]*"([ \t]*,[ \t]*(W/)?"[!#-~]*")*)$', examples=["*", '"kYUuNjBvTPwB54OhXRZsHw"']
        ),
    ),
]
IfNoneMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-None-Match",
        description="the `ETag` that you have; 304 while it is current",
        schema_extra=describe_header(),
    ),
]
Key = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="a request that is repeated with the same key within 24 hours makes nothing new; "
        "1 to 255 printable ASCII characters",
        schema_extra=describe_header(r"^[ -~]{1,255}$"),
    ),
]


@post(
    "/",
    dto=StrictBody[PropertyCreate],
    return_dto=None,
    guards=[require_role("seller", "agent", "admin")],
    security=BEARER,
    errors=[Forbidden, MalformedHeader, IdempotencyKeyReused],
    response_headers=[LOCATION, ETAG],
    summary="Offer a property",
)
async def create_property(
    data: JSONBody[PropertyCreate],
    user: NamedDependency[User],
    session: NamedDependency[AsyncSession],
    waiting: NamedDependency[Waiting],
    idempotency_key: Key = None,
) -> Response[PropertyRead]:
    """Offer a property. It is on the market at once, unless `status` is `draft`."""
    if idempotency_key is None:
        created = await writing.create_property(session, user, data)
    else:
        created = await create_property_once(session, user, idempotency_key, data)
    waiting.note(created.id)
    return _answer(created, location=f"/api/v1/properties/{created.id}")


@get(
    "/{property_id:uuid}",
    guards=[recognize_user],
    security=BEARER_OR_NOTHING,
    errors=[PropertyNotFound],
    responses={304: ResponseSpec(None, description="What you have is current")},
    response_headers=[ETAG],
    summary="Read one property",
)
async def get_property(
    property_id: FromPath[UUID],
    viewer: NamedDependency[User | None],
    session: NamedDependency[AsyncSession],
    if_none_match: IfNoneMatch = None,
) -> Response[PropertyRead]:
    """All there is to know about a property on the market, with its images. Answers also while search is down.

    Its owner sees it off the market, too. `ETag` stands for all of it but `view_count`.
    """
    found = await service.get_property(session, viewer, property_id)
    if is_known(if_none_match, service.tag_property(found)):
        return _answer_unchanged(found)
    return _answer(found)


@route(
    "/{property_id:uuid}",
    http_method=[HttpMethod.PUT, HttpMethod.PATCH],
    status_code=200,
    dto=StrictBody[PropertyUpdate],
    return_dto=None,
    guards=[require_user],
    security=BEARER,
    errors=[*WRITE_ERRORS, StatusMoveRefused],
    response_headers=[ETAG],
    summary="Change a property",
)
async def update_property(
    property_id: FromPath[UUID],
    data: JSONBody[PropertyUpdate],
    user: NamedDependency[User],
    session: NamedDependency[AsyncSession],
    waiting: NamedDependency[Waiting],
    condition: NamedDependency[str | None],
) -> Response[PropertyRead]:
    """Change a property, by PUT or PATCH. What is left out stays as it is; null empties it."""
    waiting.note(property_id)
    return _answer(await writing.update_property(session, user, property_id, data, condition))


@delete(
    "/{property_id:uuid}",
    guards=[require_user],
    security=BEARER,
    errors=WRITE_ERRORS,
    summary="Remove a property",
)
async def delete_property(
    property_id: FromPath[UUID],
    user: NamedDependency[User],
    session: NamedDependency[AsyncSession],
    waiting: NamedDependency[Waiting],
    condition: NamedDependency[str | None],
) -> None:
    """Remove a property with its images and its history."""
    waiting.note(property_id)
    await writing.remove_property(session, user, property_id, condition)


@get(
    "/{property_id:uuid}/history",
    guards=[recognize_user],
    security=BEARER_OR_NOTHING,
    operation_class=describe_query(PageParameters),
    cache_control=CacheControlHeader(no_store=True),
    errors=[PropertyNotFound],
    summary="List what a property has cost",
)
async def list_prices(
    property_id: FromPath[UUID],
    viewer: NamedDependency[User | None],
    paging: NamedDependency[Paging],
    session: NamedDependency[AsyncSession],
) -> Page[PriceChangeRead]:
    """What a property has cost since it was published, last change first."""
    return await service.list_prices(session, viewer, property_id, paging)


async def provide_condition(request: Request[Any, Any, Any], if_match: IfMatch = None) -> str | None:
    """The dependency `condition`: If-Match, which may come in several lines that are one list."""
    return None if if_match is None else ", ".join(request.headers.getall("If-Match"))


def _answer(read: PropertyRead, location: str | None = None) -> Response[PropertyRead]:
    headers = _describe_state(read) | ({"Location": location} if location else {})
    return Response(read, headers=headers)


def _answer_unchanged(read: PropertyRead) -> Response[Any]:
    return Response(None, status_code=304, headers=_describe_state(read))


def _describe_state(read: PropertyRead) -> dict[str, str]:
    """Caches keep it for the one who asked, and ask again each time: the answer may depend on who asks."""
    return {"ETag": service.tag_property(read), "Cache-Control": "private, no-cache"}


properties_router = Router(
    "/properties",
    route_handlers=[create_property, get_property, update_property, delete_property, list_prices],
    dependencies={
        "user": Provide(provide_user),
        "viewer": Provide(provide_viewer),
        "waiting": Provide(provide_waiting),
        "condition": Provide(provide_condition),
        "paging": Provide(provide_paging),
    },
    tags=["properties"],
    request_max_body_size=LARGEST_BODY,
)

"""`/properties/{id}/images`, and the files themselves while they lie in a folder."""

from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Router, delete, post, put, route
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.openapi.spec import Encoding, OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, JSONBody
from litestar.response import File
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.dependencies import provide_user
from nyumba.accounts.errors import Forbidden
from nyumba.accounts.guards import require_user
from nyumba.accounts.models import User
from nyumba.accounts.routes import BEARER
from nyumba.bodies import StrictBody
from nyumba.errors import DatabaseUnavailable, PropertyNotFound
from nyumba.images.folder import MEDIA, FolderStorage
from nyumba.images.objects import CACHE_CONTROL, MEDIA_TYPE, StorageUnavailable, name_objects, read_image_id
from nyumba.images.processing import ProcessingBusy
from nyumba.images.schemas import ImageOrder, PropertyImages
from nyumba.images.service import (
    ImageNotFound,
    Imaging,
    TooManyImages,
    UploadTooSlow,
    add_images,
    order_images,
    remove_image,
    set_primary,
)
from nyumba.images.uploads import FIELD, LARGEST_BODY, MOST_FILES, FileTooLarge, receive_files
from nyumba.properties.waiting import Waiting, provide_waiting

LARGEST_ORDER = 16_384
WRITE_ERRORS = (Forbidden, PropertyNotFound)


@dataclass
class UploadOperation(Operation):
    """Documents the form, for it is read as it arrives."""

    def __post_init__(self) -> None:
        """Add the body."""
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        files = Schema(type=OpenAPIType.ARRAY, items=file, min_items=1, max_items=MOST_FILES)
        form = Schema(type=OpenAPIType.OBJECT, properties={FIELD: files}, required=[FIELD], additional_properties=False)
        encoding = {FIELD: Encoding("image/jpeg, image/png, image/webp")}
        self.request_body = RequestBody(
            {"multipart/form-data": OpenAPIMediaType(form, encoding=encoding)}, required=True
        )


@post(
    "/",
    operation_class=UploadOperation,
    request_max_body_size=LARGEST_BODY,
    errors=[
        *WRITE_ERRORS,
        FileTooLarge,
        TooManyImages,
        UploadTooSlow,
        DatabaseUnavailable,
        ProcessingBusy,
        StorageUnavailable,
    ],
    summary="Add images",
)
async def upload_images(
    property_id: FromPath[UUID],
    request: Request[User, Any, Any],
    user: NamedDependency[User],
    imaging: NamedDependency[Imaging],
    waiting: NamedDependency[Waiting],
) -> PropertyImages:
    """Add pictures behind those there are; the first of all becomes the primary one.

    JPEG, PNG and WebP, told by their content, up to 10 MB and 25 megapixels each. They are turned upright, made smaller
    where they are larger than a page needs, and freed of everything but the picture: place and time of the shot, too.
    """
    waiting.note(property_id)
    async with aclosing(receive_files(request)) as files:
        return await add_images(imaging, user, property_id, files)


@delete("/{image_id:uuid}", errors=[*WRITE_ERRORS, ImageNotFound], summary="Remove an image")
async def delete_image(
    property_id: FromPath[UUID],
    image_id: FromPath[UUID],
    user: NamedDependency[User],
    session: NamedDependency[AsyncSession],
    waiting: NamedDependency[Waiting],
) -> None:
    """Remove a picture. If it was the primary one, the first of the others takes its place."""
    waiting.note(property_id)
    await remove_image(session, user, property_id, image_id)


@put("/{image_id:uuid}/primary", errors=[*WRITE_ERRORS, ImageNotFound], summary="Choose the primary image")
async def make_primary(
    property_id: FromPath[UUID],
    image_id: FromPath[UUID],
    user: NamedDependency[User],
    session: NamedDependency[AsyncSession],
    waiting: NamedDependency[Waiting],
) -> PropertyImages:
    """Choose the picture that is shown with the property in lists."""
    waiting.note(property_id)
    return await set_primary(session, user, property_id, image_id)


@put(
    "/order",
    dto=StrictBody[ImageOrder],
    return_dto=None,
    request_max_body_size=LARGEST_ORDER,
    errors=WRITE_ERRORS,
    summary="Order images",
)
async def reorder_images(
    property_id: FromPath[UUID],
    data: JSONBody[ImageOrder],
    user: NamedDependency[User],
    session: NamedDependency[AsyncSession],
    waiting: NamedDependency[Waiting],
) -> PropertyImages:
    """Show the pictures in another order. All of them must be named, each once."""
    waiting.note(property_id)
    return await order_images(session, user, property_id, data.image_ids)


@route(
    f"{MEDIA}/{{name:str}}",
    http_method=["GET", "HEAD"],
    media_type=MEDIA_TYPE,
    opt={"is_compressed": True},
    include_in_schema=False,
)
async def serve_image(name: FromPath[str], state: State) -> File:
    """A picture from the folder. Only names that were made here are looked for."""
    storage = state.imaging.storage
    image_id = read_image_id(name)
    is_image = isinstance(storage, FolderStorage) and image_id is not None and name in name_objects(image_id)
    if not is_image or not (storage.path / name).is_file():
        raise ImageNotFound("there is no such image")
    headers = {"Cache-Control": CACHE_CONTROL, "X-Content-Type-Options": "nosniff"}
    return File(storage.path / name, media_type=MEDIA_TYPE, content_disposition_type="inline", headers=headers)


async def provide_imaging(state: State) -> Imaging:
    """What the application made at start-up."""
    imaging: Imaging = state.imaging
    return imaging


images_router = Router(
    "/properties/{property_id:uuid}/images",
    route_handlers=[upload_images, delete_image, make_primary, reorder_images],
    guards=[require_user],
    security=BEARER,
    dependencies={
        "user": Provide(provide_user),
        "imaging": Provide(provide_imaging),
        "waiting": Provide(provide_waiting),
    },
    tags=["images"],
)

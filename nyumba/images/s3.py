"""Images in a bucket of any S3 service, by boto3, whose calls block and so run in threads of their own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from nyumba.images.objects import CACHE_CONTROL, MEDIA_TYPE, StorageUnavailable, StoredObject
from nyumba.settings import Settings

MOST_AT_ONCE = 8
CONFIG = Config(
    connect_timeout=5,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=MOST_AT_ONCE,
    # Services other than Amazon's do not all know the checksums that boto3 has added since 2025.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)

T = TypeVar("T")


class S3Storage:
    """One bucket."""

    def __init__(self, settings: Settings, bucket: str) -> None:
        self._bucket = bucket
        self._public_url = settings.s3_public_url or _public_url(settings, bucket)
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="s3")
        self._client = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint_url,
            region_name=settings.s3_region,
            aws_access_key_id=settings.s3_access_key,
            aws_secret_access_key=settings.s3_secret_key,
            config=CONFIG,
        )

    async def put(self, name: str, content: bytes) -> None:
        """Upload an object."""
        call = {"Body": content, "ContentType": MEDIA_TYPE, "CacheControl": CACHE_CONTROL}
        await self._run(lambda: self._client.put_object(Bucket=self._bucket, Key=name, **call))

    async def delete(self, name: str) -> None:
        """Remove an object."""
        await self._run(lambda: self._client.delete_object(Bucket=self._bucket, Key=name))

    async def list_objects(self) -> AsyncIterator[StoredObject]:
        """All objects of the bucket, page by page."""
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket))
        while (page := await self._run(lambda: next(pages, None))) is not None:
            for found in page.get("Contents", []):
                yield StoredObject(found["Key"], found["LastModified"])

    def locate(self, name: str) -> str:
        """Where the public finds it."""
        return f"{self._public_url}/{name}"

    def close(self) -> None:
        """Stop the threads and close the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    async def _run(self, call: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except (BotoCoreError, ClientError) as error:
            raise StorageUnavailable("images cannot be stored or removed at the moment") from error


def _public_url(settings: Settings, bucket: str) -> str:
    if settings.s3_endpoint_url:
        return f"{settings.s3_endpoint_url}/{bucket}"
    return f"https://{bucket}.s3.{settings.s3_region}.amazonaws.com"

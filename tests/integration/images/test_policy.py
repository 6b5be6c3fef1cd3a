"""minio/api.json, asked of a server that knows policies: all that the API does, and nothing else that is tried."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from nyumba.images.objects import StorageUnavailable
from nyumba.images.storage import open_storage
from nyumba.settings import Settings

POLICY = (Path(__file__).parents[3] / "minio" / "api.json").read_text()
BUCKET = "nyumba-images"
REFUSED: dict[str, Callable[[Any], object]] = {
    "read an object with the key": lambda s3: s3.get_object(Bucket=BUCKET, Key="one"),
    "list the buckets": lambda s3: s3.list_buckets(),
    "make a bucket": lambda s3: s3.create_bucket(Bucket="more"),
    "remove the bucket": lambda s3: s3.delete_bucket(Bucket=BUCKET),
    "let everybody write": lambda s3: s3.put_bucket_policy(Bucket=BUCKET, Policy="{}"),
    "write to another bucket": lambda s3: s3.put_object(Bucket="other", Key="one", Body=b""),
    "list another bucket": lambda s3: s3.list_objects_v2(Bucket="other"),
    "delete from another bucket": lambda s3: s3.delete_object(Bucket="other", Key="one"),
}


@dataclass(frozen=True)
class Key:
    """What the API knows of its user."""

    url: str
    access: str
    secret: str


def connect(service: str, key: Key) -> Any:  # noqa: ANN401  (boto3 ships no annotations)
    return boto3.client(
        service,
        endpoint_url=key.url,
        region_name="us-east-1",
        aws_access_key_id=key.access,
        aws_secret_access_key=key.secret,
    )


@pytest.fixture(scope="module")
def key() -> Iterator[Key]:
    """A user with the policy, on a server that asks who is there from then on. Moto knows no anonymous reader."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    root = Key(f"http://{host}:{port}", "test", "test")
    storage, accounts = connect("s3", root), connect("iam", root)
    for bucket in (BUCKET, "other"):
        storage.create_bucket(Bucket=bucket)
    accounts.create_user(UserName="nyumba-api")
    accounts.put_user_policy(UserName="nyumba-api", PolicyName="nyumba-images", PolicyDocument=POLICY)
    made = accounts.create_access_key(UserName="nyumba-api")["AccessKey"]
    for client in (storage, accounts):
        client.close()
    httpx.post(f"{root.url}/moto-api/reset-auth", content=b"0").raise_for_status()
    yield Key(root.url, made["AccessKeyId"], made["SecretAccessKey"])
    httpx.post(f"{root.url}/moto-api/reset-auth", content=b"inf").raise_for_status()  # servers of one process share it
    server.stop()


async def test_policy_lets_the_storage_do_all_that_it_does(settings: Settings, key: Key) -> None:
    with_key = replace(settings, s3_endpoint_url=key.url, s3_access_key=key.access, s3_secret_key=key.secret)
    storage = open_storage(replace(with_key, s3_bucket=BUCKET))
    await storage.put("one", b"1")
    assert [found.name async for found in storage.list_objects()] == ["one"]
    await storage.delete("one")
    assert [found.name async for found in storage.list_objects()] == []
    storage.close()
    elsewhere = open_storage(replace(with_key, s3_bucket="other"))
    with pytest.raises(StorageUnavailable):
        await elsewhere.put("one", b"1")
    elsewhere.close()


def test_policy_allows_nothing_else(key: Key) -> None:
    client = connect("s3", key)
    client.put_object(Bucket=BUCKET, Key="one", Body=b"")
    codes = {}
    for what, attempt in REFUSED.items():
        with pytest.raises(ClientError) as failure:
            attempt(client)
        codes[what] = failure.value.response["Error"]["Code"]
    client.close()
    assert codes == dict.fromkeys(REFUSED, "AccessDenied")

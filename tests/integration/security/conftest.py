"""An Elasticsearch that asks who is there: the local node's pieces with security on, or a container of the image."""

import json
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from uuid import uuid4

import pytest
from elasticsearch import AsyncElasticsearch
from testcontainers.community.elasticsearch import ElasticSearchContainer

from indexer.event_streams import prepare_streams
from indexer.security import KeyStore, Security
from indexer.security_roles import KeyName
from nyumba.elastic import create_client
from nyumba.local.account import Account
from nyumba.local.containers import has_engine
from nyumba.local.elasticsearch import LAUNCHER_JVM, Elasticsearch
from nyumba.local.elasticsearch_config import HOST
from nyumba.local.java import find_java
from nyumba.settings import Settings
from tests.conftest import ELASTICSEARCH_IMAGE, ELASTICSEARCH_SETTINGS

PASSWORD = "bootstrap-of-the-tests"  # noqa: S105
KEYSTORE_TOOL = "org.elasticsearch.launcher.CliToolLauncher"


@dataclass(frozen=True, slots=True)
class SecuredElasticsearch(Elasticsearch):
    """The local node with users, roles and API keys."""

    def _write_config(self, home: Path, port: int) -> None:
        Elasticsearch._write_config(self, home, port)
        path = self.directory / "config" / "elasticsearch.yml"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"xpack.security.enabled": True}))
        if not (self.directory / "config" / "elasticsearch.keystore").exists():
            self._keep_password(home)

    def _keep_password(self, home: Path) -> None:
        java = find_java(home, self.account)
        subprocess.run(
            [
                *(java / "bin" / "java", *LAUNCHER_JVM, "-Dcli.name=keystore", "-Dcli.libs=lib/tools/keystore-cli"),
                *(f"-Des.path.home={home}", f"-Des.path.conf={self.directory / 'config'}"),
                *("-cp", f"{home}/lib/*:{home}/lib/cli-launcher/*", KEYSTORE_TOOL),
                *("add", "--stdin", "--force", "bootstrap.password"),
            ],
            input=PASSWORD,
            text=True,
            cwd=home,
            env=self._environment(home, java),
            check=True,
            **self.account.as_subprocess(),
        )

    def _answers(self, question: str) -> bool:
        connection = HTTPConnection(HOST, self._last_port(), timeout=5)
        credentials = b64encode(f"elastic:{PASSWORD}".encode()).decode()
        try:
            connection.request("GET", question, headers={"Authorization": f"Basic {credentials}"})
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


@contextmanager
def run_container() -> Iterator[str]:
    container = ElasticSearchContainer(ELASTICSEARCH_IMAGE)
    secured = {"xpack.security.enabled": "true", "xpack.security.http.ssl.enabled": "false"}
    for name, value in {**ELASTICSEARCH_SETTINGS, **secured, "ELASTIC_PASSWORD": PASSWORD}.items():
        container.with_env(name, value)
    with container:
        yield f"{container.get_container_host_ip()}:{container.get_exposed_port(9200)}"


@contextmanager
def run_process() -> Iterator[str]:
    settings = Settings.from_env(local_urls=False)
    with tempfile.TemporaryDirectory(prefix="nyumba-secured-") as directory:
        Path(directory).chmod(0o755)  # the node runs as another user when root runs the tests
        account = Account.for_services()
        own = Settings(state_dir=Path(directory), cache_dir=settings.cache_dir, elasticsearch_heap_mb=512)
        node = SecuredElasticsearch(own, account)
        node.launch(print)
        try:
            node.wait()
            yield node.url.removeprefix("http://")
        finally:
            node.stop()


@pytest.fixture(scope="session")
def secured_address() -> Iterator[str]:
    """Host and port of a node that refuses whoever does not say who they are."""
    settings = Settings.from_env(local_urls=False)
    contained = settings.services == "containers" or (settings.services == "auto" and has_engine())
    with run_container() if contained else run_process() as address:
        yield address


@pytest.fixture
async def superuser(secured_address: str) -> AsyncIterator[AsyncElasticsearch]:
    """Who may do everything."""
    async with create_client(f"http://elastic:{PASSWORD}@{secured_address}", timeout_s=30) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Secured:
    """An alias and two streams of a test's own on the secured node, with a key for each role."""

    address: str
    alias: str
    prefix: str
    streams: list[str]
    store: KeyStore
    security: Security

    def key(self, name: KeyName) -> str:
        kept = self.store.read(name)
        assert kept is not None
        return kept

    def connect(self, key: str) -> AsyncElasticsearch:
        return create_client(f"http://{self.address}", timeout_s=30, api_key=key)


@pytest.fixture
async def secured(superuser: AsyncElasticsearch, secured_address: str, tmp_path: Path) -> AsyncIterator[Secured]:
    alias = f"t{uuid4().hex}"
    streams = await prepare_streams(superuser, f"e{alias}")
    security = Security(superuser, alias, streams)
    secured = Secured(secured_address, alias, f"e{alias}", streams, KeyStore(tmp_path / "keys"), security)
    await secured.security.set_up_keys(secured.store, [], timedelta(minutes=5))
    yield secured
    for index in await superuser.indices.get(index=f"{alias}-*"):
        await superuser.indices.delete(index=index)

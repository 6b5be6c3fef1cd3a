import dataclasses
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from nyumba.local import elasticsearch_config as config
from nyumba.local.account import Account
from nyumba.local.elasticsearch import Elasticsearch, PortBusy
from nyumba.settings import Settings


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def make_node(settings: Settings, account: Account, port: int, last_port: int | None = None) -> Elasticsearch:
    node = Elasticsearch(dataclasses.replace(settings, elasticsearch_port=port), account)
    if last_port is not None:
        (node.directory / "config").mkdir(parents=True)
        (node.directory / "config" / "elasticsearch.yml").write_text(json.dumps({"http.port": last_port}))
    return node


def test_busy_port_that_was_asked_for_is_an_error(settings: Settings, account: Account, busy_port: int) -> None:
    with pytest.raises(PortBusy, match=f"Port {busy_port} is used .* set NYUMBA_ELASTICSEARCH_PORT to another"):
        make_node(settings, account, busy_port).choose_port()


def test_port_of_the_last_start_is_taken_again(settings: Settings, account: Account, busy_port: int) -> None:
    free = make_node(settings, account, 0).choose_port()
    assert make_node(settings, account, 0, last_port=free).choose_port() == free


def test_busy_port_of_the_last_start_is_replaced(settings: Settings, account: Account, busy_port: int) -> None:
    assert make_node(settings, account, 0, last_port=busy_port).choose_port() != busy_port


def test_node_listens_on_loopback_only_and_creates_no_index_by_accident(tmp_path: Path) -> None:
    rendered = json.loads(config.render_files(tmp_path, tmp_path, 9200, 512)["elasticsearch.yml"])
    assert rendered["network.host"] == "127.0.0.1"
    assert rendered["action.auto_create_index"] is False


def test_settings_of_modules_are_given_only_to_distributions_that_have_them(tmp_path: Path) -> None:
    (tmp_path / "modules" / "ingest-geoip").mkdir(parents=True)
    rendered = json.loads(config.render_files(tmp_path, tmp_path, 9200, 512)["elasticsearch.yml"])
    assert rendered["ingest.geoip.downloader.enabled"] is False
    assert "xpack.ml.enabled" not in rendered


def test_heap_has_one_size(tmp_path: Path) -> None:
    options = config.render_files(tmp_path, tmp_path, 9200, 768)["jvm.options"].splitlines()
    assert {"-Xms768m", "-Xmx768m"} <= set(options)

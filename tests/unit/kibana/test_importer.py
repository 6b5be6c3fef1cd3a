"""The import, against a server that speaks what Kibana documents of `POST /api/saved_objects/_import`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner
from multipart import MultipartParser, MultipartPart, parse_options_header

from indexer.cli import main
from indexer.errors import KibanaRefused, KibanaUnavailable, ObjectsRefused
from indexer.kibana.importer import Kibana

KEY = "a2V5OnRoYXQgbWF5IGltcG9ydA=="
VIEW = {"type": "index-pattern", "id": "v", "attributes": {}, "references": []}
PANEL = {"type": "visualization", "id": "p", "attributes": {}, "references": [{"type": "index-pattern", "id": "v"}]}


class FakeKibana(BaseHTTPRequestHandler):
    """Keeps what is imported. It knows the header, the form, the key, conflicts and missing references."""

    kept: dict[tuple[str, str], Any]
    ready = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not type(self).ready:
            self._answer(
                503, {"statusCode": 503, "error": "Service Unavailable", "message": "License is not available."}
            )
        elif self.headers.get("Authorization") != f"ApiKey {KEY}":
            self._answer(401, {"statusCode": 401, "error": "Unauthorized", "message": "no such key"})
        elif "kbn-xsrf" not in self.headers:
            self._answer(
                400, {"statusCode": 400, "error": "Bad Request", "message": "Request must contain a kbn-xsrf header."}
            )
        else:
            self._import(body)

    def _import(self, body: bytes) -> None:
        address = urlsplit(self.path)
        assert address.path == "/api/saved_objects/_import"
        overwrite = parse_qs(address.query).get("overwrite") == ["true"]
        form = _read_form(self.headers, body)
        if form is None or not form.filename.endswith(".ndjson"):
            self._answer(
                415, {"statusCode": 415, "error": "Unsupported Media Type", "message": "Unsupported Media Type"}
            )
            return
        objects = [json.loads(line) for line in form.raw.splitlines()]
        there = {(one["type"], one["id"]) for one in objects} | set(self.kept)
        errors = []
        for one in objects:
            name = (one["type"], one["id"])
            missing = [ref for ref in one["references"] if (ref["type"], ref["id"]) not in there]
            if missing:
                reason = {"type": "missing_references", "references": missing}
            elif name in self.kept and not overwrite:
                reason = {"type": "conflict"}
            else:
                self.kept[name] = one
                continue
            errors.append({"type": one["type"], "id": one["id"], "meta": {}, "error": reason})
        answer: dict[str, Any] = {"successCount": len(objects) - len(errors), "success": not errors, "warnings": []}
        self._answer(200, answer | ({"errors": errors} if errors else {}))

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def _read_form(headers: Message, body: bytes) -> MultipartPart | None:
    kind, options = parse_options_header(headers.get("Content-Type", ""))
    if kind != "multipart/form-data":
        return None
    return MultipartParser(BytesIO(body), options["boundary"]).get("file")


@contextmanager
def run_kibana(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def fake() -> Iterator[tuple[str, type[FakeKibana]]]:
    handler = type("OwnKibana", (FakeKibana,), {"kept": {}})
    with run_kibana(handler) as url:
        yield url, handler


def lines(*objects: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


def test_objects_arrive_and_a_second_import_replaces_them(fake: tuple[str, type[FakeKibana]]) -> None:
    url, handler = fake
    assert Kibana(url, KEY).import_objects(lines(VIEW, PANEL)) == 2
    newer = {**VIEW, "attributes": {"title": "newer"}}
    assert Kibana(url, KEY).import_objects(lines(newer)) == 1
    assert handler.kept["index-pattern", "v"] == newer


def test_command_imports_everything(fake: tuple[str, type[FakeKibana]]) -> None:
    url, handler = fake
    environ = {"NYUMBA_KIBANA_URL": url, "NYUMBA_KIBANA_API_KEY": KEY}
    done = CliRunner().invoke(main, ["kibana-import"], env=environ)
    assert (done.exit_code, f"{len(handler.kept)} objects imported" in done.output) == (0, True), done.output
    assert ("dashboard", "nyumba-dashboard-market") in handler.kept


def test_dry_run_asks_kibana_nothing() -> None:
    done = CliRunner().invoke(main, ["kibana-import", "--dry-run"], env={"NYUMBA_KIBANA_URL": "http://127.0.0.1:1"})
    assert (done.exit_code, "nyumba-dashboard-market" in done.output) == (0, True), done.output


def test_object_that_is_refused_is_named(fake: tuple[str, type[FakeKibana]]) -> None:
    url, handler = fake
    with pytest.raises(ObjectsRefused, match="took 0 objects and refused 1: visualization p: missing_references"):
        Kibana(url, KEY).import_objects(lines(PANEL))
    assert handler.kept == {}


def test_wrong_key_is_told_what_to_do_and_not_shown(fake: tuple[str, type[FakeKibana]]) -> None:
    with pytest.raises(KibanaRefused, match="401: no such key; set NYUMBA_KIBANA_API_KEY") as refused:
        Kibana(fake[0], "d3Jvbmcga2V5").import_objects(lines(VIEW))
    assert "d3Jvbmcga2V5" not in str(refused.value)


def test_kibana_that_starts_up_is_waited_for_by_whoever_calls(fake: tuple[str, type[FakeKibana]]) -> None:
    url, handler = fake
    handler.ready = False
    with pytest.raises(KibanaUnavailable, match="it answers 503"):
        Kibana(url, KEY).import_objects(lines(VIEW))


def test_kibana_that_is_down_is_said_so() -> None:
    done = CliRunner().invoke(main, ["kibana-import"], env={"NYUMBA_KIBANA_URL": "http://127.0.0.1:1"})
    assert (done.exit_code, "Kibana does not answer" in done.output) == (3, True)


def test_what_is_no_kibana_is_said_so() -> None:
    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with run_kibana(Page) as url, pytest.raises(KibanaUnavailable, match="no Kibana"):
        Kibana(url, None).import_objects(lines(VIEW))

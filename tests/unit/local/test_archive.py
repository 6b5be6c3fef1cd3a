import hashlib
import io
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from nyumba.local.archive import OfficialArchive
from nyumba.local.sources import ChecksumMismatch, SourceUnavailable

NAME = "elasticsearch.tar.gz"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class CuttingHandler(QuietHandler):
    """Promises more than it sends."""

    def send_header(self, keyword: str, value: str) -> None:
        is_size = keyword == "Content-Length" and not self.path.endswith(".sha512")
        super().send_header(keyword, str(int(value) + 1000) if is_size else value)


@contextmanager
def serve(folder: Path, handler: type[SimpleHTTPRequestHandler] = QuietHandler) -> Iterator[OfficialArchive]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield OfficialArchive(f"http://127.0.0.1:{server.server_port}/{NAME}")
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder with an archive and its checksum."""
    folder = tmp_path / "published"
    folder.mkdir()
    with tarfile.open(folder / NAME, "w:gz") as members:
        member = tarfile.TarInfo("elasticsearch-9.4.3/lib/some.jar")
        member.size = 3
        members.addfile(member, io.BytesIO(b"jar"))
    digest = hashlib.sha512((folder / NAME).read_bytes()).hexdigest()
    (folder / f"{NAME}.sha512").write_text(f"{digest}  {NAME}\n")
    return folder


def test_archive_is_unpacked_without_its_top_folder(published: Path, tmp_path: Path, steps: list[str]) -> None:
    with serve(published) as archive:
        archive.fetch(tmp_path / "home", steps.append)
    assert (tmp_path / "home" / "lib" / "some.jar").read_text() == "jar"
    assert steps[0].startswith("Downloading Elasticsearch: 100 %")


def test_altered_archive_is_refused(published: Path, tmp_path: Path, steps: list[str]) -> None:
    (published / f"{NAME}.sha512").write_text("0" * 128)
    with serve(published) as archive, pytest.raises(ChecksumMismatch, match="sha512"):
        archive.fetch(tmp_path / "home", steps.append)
    assert not (tmp_path / "home").exists()


def test_login_page_in_place_of_the_checksum_is_an_unavailable_source(
    published: Path, tmp_path: Path, steps: list[str]
) -> None:
    (published / f"{NAME}.sha512").write_text("<html>Please log in</html>")
    with serve(published) as archive, pytest.raises(SourceUnavailable, match="is no checksum"):
        archive.fetch(tmp_path / "home", steps.append)


def test_download_that_breaks_off_is_an_unavailable_source(published: Path, tmp_path: Path, steps: list[str]) -> None:
    with serve(published, CuttingHandler) as archive, pytest.raises(SourceUnavailable, match="broke off"):
        archive.fetch(tmp_path / "home", steps.append)


def test_unreachable_host_is_an_unavailable_source(tmp_path: Path, steps: list[str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and never listens
        archive = OfficialArchive(f"http://127.0.0.1:{closed.getsockname()[1]}/{NAME}")
        with pytest.raises(SourceUnavailable, match=r"cannot be reached \(.*refused\)"):
            archive.fetch(tmp_path / "home", steps.append)

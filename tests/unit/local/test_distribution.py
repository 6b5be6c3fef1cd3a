import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from nyumba.local.account import Account
from nyumba.local.disk import Report
from nyumba.local.distribution import VERSION, DistributionMissing, find_distribution
from nyumba.local.sources import ChecksumMismatch, Source, SourceUnavailable
from nyumba.settings import Settings

Find = Callable[..., Path]


def make_home(home: Path, version: str = VERSION) -> Path:
    for jar in (f"lib/elasticsearch-{version}.jar", "lib/tools/server-launcher/server-launcher.jar"):
        (home / jar).parent.mkdir(parents=True, exist_ok=True)
        (home / jar).write_text("jar")
    return home


class Shelf:
    """A source that counts how often it is asked."""

    def __init__(self) -> None:
        self.fetched = 0

    def fetch(self, home: Path, report: Report) -> None:
        self.fetched += 1
        report("Fetching")
        make_home(home)


class Broken:
    """A source that fails half-way."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def fetch(self, home: Path, report: Report) -> None:
        report("Failing")
        home.mkdir()
        (home / "half").touch()
        raise self._error


@pytest.fixture
def find(settings: Settings, account: Account, steps: list[str]) -> Find:
    def find(*sources: Source, given: Path | None = None, usual: tuple[Path, ...] = ()) -> Path:
        chosen = dataclasses.replace(settings, elasticsearch_home=given)
        return find_distribution(chosen, account, steps.append, usual_homes=usual, sources=sources)

    return find


def test_given_home_wins(find: Find, tmp_path: Path) -> None:
    given, usual = make_home(tmp_path / "given"), make_home(tmp_path / "usual")
    assert find(Shelf(), given=given, usual=(usual,)) == given


def test_given_home_of_another_version_is_an_error_that_names_it(find: Find, tmp_path: Path) -> None:
    given = make_home(tmp_path / "given", "8.19.13")
    with pytest.raises(DistributionMissing, match=r"given, which holds Elasticsearch 8\.19\.13"):
        find(Shelf(), given=given)


def test_given_home_without_elasticsearch_is_an_error(find: Find, tmp_path: Path) -> None:
    with pytest.raises(DistributionMissing, match="holds no Elasticsearch: set it to another home"):
        find(Shelf(), given=tmp_path)


def test_usual_home_is_found_before_anything_is_fetched(find: Find, tmp_path: Path) -> None:
    old, usual, shelf = make_home(tmp_path / "old", "8.19.13"), make_home(tmp_path / "usual"), Shelf()
    assert find(shelf, usual=(tmp_path / "none", old, usual)) == usual
    assert shelf.fetched == 0


def test_fetched_home_is_cached_by_version(find: Find, settings: Settings) -> None:
    shelf = Shelf()
    home = find(shelf)
    assert find(shelf) == home == settings.cache_dir / f"elasticsearch-{VERSION}"
    assert shelf.fetched == 1
    assert (home / "plugins").is_dir()


@pytest.mark.parametrize("damage", ["missing", "truncated", "no manifest"])
def test_damaged_cache_is_fetched_again(find: Find, damage: str, steps: list[str]) -> None:
    shelf = Shelf()
    home = find(shelf)
    jar = home / "lib" / f"elasticsearch-{VERSION}.jar"
    match damage:
        case "missing":
            jar.unlink()
        case "truncated":
            jar.write_text("j")
        case "no manifest":
            (home / ".nyumba-manifest").unlink()
    find(shelf)
    assert shelf.fetched == 2
    assert jar.read_text() == "jar"
    assert f"{home} is damaged and is fetched again" in steps


def test_unavailable_source_is_passed_over_and_said(find: Find, steps: list[str]) -> None:
    shelf = Shelf()
    find(Broken(SourceUnavailable("the host cannot be reached")), shelf)
    assert shelf.fetched == 1
    assert "Passing over a source, as the host cannot be reached" in steps


def test_error_lists_every_obstacle(find: Find) -> None:
    with pytest.raises(DistributionMissing, match="as no network and no Maven: remove one of these obstacles"):
        find(Broken(SourceUnavailable("no network")), Broken(SourceUnavailable("no Maven")))


def test_wrong_checksum_is_not_worked_around(find: Find) -> None:
    shelf = Shelf()
    with pytest.raises(ChecksumMismatch):
        find(Broken(ChecksumMismatch("altered")), shelf)
    assert shelf.fetched == 0


@pytest.mark.parametrize("error", [ChecksumMismatch("altered"), KeyboardInterrupt()])
def test_failed_fetch_leaves_nothing_behind(find: Find, settings: Settings, error: BaseException) -> None:
    with pytest.raises(type(error)):
        find(Broken(error))
    assert [path.name for path in settings.cache_dir.iterdir()] == ["elasticsearch.lock"]


def test_remains_of_a_killed_fetch_are_removed(find: Find, settings: Settings) -> None:
    remains = settings.cache_dir / f"elasticsearch-{VERSION}.partial-killed"
    make_home(remains / "home")
    shelf = Shelf()
    find(shelf)
    assert shelf.fetched == 1
    assert not remains.exists()

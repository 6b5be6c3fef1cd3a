"""The real download, a gigabyte: only where `TEST_DOWNLOADS` is set."""

import os
from pathlib import Path

import pytest

from nyumba.local.account import Account
from nyumba.local.distribution import VERSION, find_distribution
from nyumba.settings import Settings

pytestmark = pytest.mark.skipif("TEST_DOWNLOADS" not in os.environ, reason="downloads a gigabyte; set TEST_DOWNLOADS=1")


def test_a_pinned_source_passes_its_checksum_and_only_its_members_stay(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", cache_dir=tmp_path / "cache")
    steps: list[str] = []
    home = find_distribution(settings, Account("myself", os.geteuid(), os.getegid()), steps.append, usual_homes=())
    assert (home / "lib" / f"elasticsearch-{VERSION}.jar").exists()
    assert any("100 %" in step for step in steps)
    assert {path.name for path in settings.cache_dir.iterdir()} == {home.name, "elasticsearch.lock"}

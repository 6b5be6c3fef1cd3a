from pathlib import Path

import pytest

from nyumba.local.account import Account
from nyumba.local.errors import DirectoryUnusable
from nyumba.local.postgres_cluster import check_socket, provide_cluster


def test_cluster_of_another_version_is_refused_untouched(tmp_path: Path, account: Account, steps: list[str]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("15\n")
    with pytest.raises(DirectoryUnusable, match="was made by PostgreSQL 15 and this is 18: move it away"):
        provide_cluster(tmp_path / "data", Path("/nonexistent"), account, steps.append)
    assert steps == []


def test_socket_path_that_the_kernel_refuses_is_said(tmp_path: Path) -> None:
    with pytest.raises(DirectoryUnusable, match="longer than 107 bytes: set NYUMBA_STATE_DIR"):
        check_socket(tmp_path / ("x" * 107))

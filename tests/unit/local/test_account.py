import os
from pathlib import Path

import pytest

from nyumba.local.account import Account
from nyumba.local.errors import DirectoryUnusable

STRANGER = Account("stranger", 54321, 54321)


def test_root_runs_the_services_as_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    account = Account.for_services()
    assert account.name == "nobody"
    assert account.as_subprocess() == {"user": account.uid, "group": account.gid, "extra_groups": []}


def test_a_user_runs_the_services_as_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    account = Account.for_services()
    assert account.uid == 1234
    assert account.as_subprocess() == {}


def test_closed_parent_is_named_and_left_closed(open_path: Path) -> None:
    closed = open_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DirectoryUnusable, match=f"{closed} is closed to the user stranger.*NYUMBA_STATE_DIR"):
        STRANGER.make_open_dir(closed / "state")
    assert closed.stat().st_mode & 0o777 == 0o700


def test_open_dir_can_be_entered_whatever_the_umask(tmp_path: Path, account: Account) -> None:
    before = os.umask(0o077)
    try:
        account.make_open_dir(tmp_path / "outer" / "inner")
    finally:
        os.umask(before)
    assert (tmp_path / "outer").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "outer" / "inner").stat().st_mode & 0o777 == 0o755


def test_private_dir_is_closed_to_others(tmp_path: Path, account: Account) -> None:
    account.make_private_dir(tmp_path / "data")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700

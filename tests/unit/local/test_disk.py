import threading
from pathlib import Path

import pytest

from nyumba.local.disk import check_free_space, hold_lock, open_to_readers, write_atomically
from nyumba.local.errors import DiskFull


def test_too_little_space_is_one_sentence_with_what_to_do(tmp_path: Path) -> None:
    needed = 2**50
    with pytest.raises(DiskFull, match=rf"{tmp_path} has \d+ MB .* {needed} MB are needed: make room, or set NYUMBA_X"):
        check_free_space(tmp_path, needed, "NYUMBA_X")


def test_second_holder_waits_for_the_first_and_says_so(tmp_path: Path) -> None:
    lock, waits, order = tmp_path / "lock", threading.Event(), []

    def hold_second() -> None:
        with hold_lock(lock, lambda _: waits.set()):
            order.append("second")

    with hold_lock(lock, order.append):
        second = threading.Thread(target=hold_second)
        second.start()
        assert waits.wait(timeout=10)
        order.append("first")
    second.join(timeout=10)
    assert order == ["first", "second"]


def test_atomic_write_replaces_and_leaves_no_draft(tmp_path: Path) -> None:
    for text in ("old", "new"):
        write_atomically(tmp_path / "urls.json", text)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["new"]


def test_closed_tree_is_opened_to_readers_without_following_links(tmp_path: Path) -> None:
    secret, tree = tmp_path / "secret", tmp_path / "tree"
    secret.touch(mode=0o600)
    (tree / "lib").mkdir(parents=True, mode=0o700)
    (tree / "lib" / "some.jar").touch(mode=0o600)
    (tree / "link").symlink_to(secret)
    open_to_readers(tree)
    assert (tree / "lib" / "some.jar").stat().st_mode & 0o777 == 0o644
    assert (tree / "lib").stat().st_mode & 0o055 == 0o055
    assert secret.stat().st_mode & 0o777 == 0o600

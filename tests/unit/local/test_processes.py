import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from nyumba.local.account import Account
from nyumba.local.processes import find_processes, spawn, stop_processes

SLEEP = "import time; print('started', flush=True); time.sleep(600)"
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('started', flush=True); time.sleep(600)"
)
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEP!r}, sys.argv[1]])"

HEEDLESS = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", os.environ["CODE"], os.environ["MARK"]])
time.sleep(600)
"""


TIMEOUT_S = 60


class Family:
    """Processes that carry one mark among their arguments."""

    def __init__(self, directory: Path, account: Account) -> None:
        self.mark, self.output, self._account = uuid4().hex, directory / "output.log", account

    def spawn(self, code: str) -> None:
        spawn(
            [sys.executable, "-c", code, self.mark],
            account=self._account,
            cwd=self.output.parent,
            env={},
            output=self.output,
        )
        deadline = time.monotonic() + TIMEOUT_S
        while "started" not in self.output.read_text():  # while it is being loaded, its arguments cannot be read yet
            assert time.monotonic() < deadline

    def find(self) -> list[psutil.Process]:
        return find_processes(lambda process: self.mark in process.cmdline())


@pytest.fixture
def family(tmp_path: Path, account: Account) -> Iterator[Family]:
    family = Family(tmp_path, account)
    yield family
    for process in family.find():
        process.kill()


def test_spawned_process_is_found_by_its_arguments(family: Family) -> None:
    family.spawn(SLEEP)
    assert len(family.find()) == 1


def test_stop_ends_the_whole_tree(family: Family) -> None:
    family.spawn(PARENT)
    assert len(family.find()) == 2
    stop_processes(family.find(), sign=signal.SIGINT, grace_s=0.5)
    assert family.find() == []


def test_deaf_process_is_killed_when_its_grace_is_over(family: Family) -> None:
    family.spawn(DEAF)
    stop_processes(family.find(), sign=signal.SIGTERM, grace_s=0.1)
    assert family.find() == []


def test_dead_child_that_nobody_has_waited_for_is_not_found(family: Family) -> None:
    family.spawn(SLEEP)
    (process,) = family.find()
    process.kill()
    while process.status() != psutil.STATUS_ZOMBIE:
        pass
    assert family.find() == []


def test_stop_does_not_wait_for_a_parent_that_never_collects_its_child(family: Family, account: Account) -> None:
    env = {"CODE": SLEEP, "MARK": family.mark}
    command = [sys.executable, "-c", HEEDLESS]
    spawn(command, account=account, cwd=family.output.parent, env=env, output=family.output)
    while "started" not in family.output.read_text():
        pass
    (child,) = family.find()
    parent = child.parent()
    assert parent is not None
    stop_processes([child], sign=signal.SIGTERM, grace_s=5)
    assert child.status() == psutil.STATUS_ZOMBIE
    parent.kill()


def test_stopping_nothing_is_fine() -> None:
    stop_processes([], sign=signal.SIGTERM, grace_s=1)


def test_output_of_the_last_start_is_kept_and_older_output_is_not(family: Family) -> None:
    for _ in range(3):
        family.spawn(SLEEP)
        stop_processes(family.find(), sign=signal.SIGTERM, grace_s=5)
    assert sorted(path.name for path in family.output.parent.iterdir()) == ["output.log", "output.previous"]

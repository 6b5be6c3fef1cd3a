"""Starting, finding and stopping the processes of a service.

Invariant: a service is found by what its processes are running, never by a pid on disk. So a reused pid is never
killed, and a service whose starter was killed is still found. `psutil.Process` remembers when its process was created.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from nyumba.local.account import Account
from nyumba.local.errors import ServiceFailed
from nyumba.local.logs import set_aside

KILL_TIMEOUT_S = 10


def find_processes(belongs: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """The living processes that `belongs` accepts; those that vanish or may not be looked at are left out."""
    return list(_find(belongs))


def _find(belongs: Callable[[psutil.Process], bool]) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if belongs(process):
                yield process


def spawn(command: Sequence[str | Path], *, account: Account, cwd: Path, env: Mapping[str, str], output: Path) -> None:
    """Start a process that outlives this one, in a session of its own so that Ctrl-C here does not reach it.

    It writes to `output`; what the last start wrote is kept beside it as `.previous`, and older output is gone.
    """
    set_aside(output)
    with output.open("wb") as log:
        account.own(output)
        process = subprocess.Popen(  # noqa: S603  (our own command)
            [str(part) for part in command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **account.as_subprocess(),
        )
    process.returncode = 0  # it is meant to go on: without this Popen warns about a process that still runs


def stop_processes(processes: Sequence[psutil.Process], *, sign: signal.Signals, grace_s: float) -> None:
    """Ask the outermost processes to end, give all of them `grace_s` seconds, and kill those that are left.

    Raises:
        ServiceFailed: a process survives even SIGKILL.
    """
    pids = {process.pid for process in processes}
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in pids:
                process.send_signal(sign)
    alive = _wait(processes, grace_s)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    if alive := _wait(alive, KILL_TIMEOUT_S):
        raise ServiceFailed(f"Process {alive[0].pid} does not end: look at what it waits for, then stop it by hand")


def _wait(processes: Sequence[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait until all have ended; those that have not.

    One that has ended and that its parent does not collect counts as ended: the parent may be the terminal that started
    it, or the first process of a container, which collects nothing.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        _, left = psutil.wait_procs(processes, timeout=0)  # collects our own children
        alive = [process for process in left if not _is_zombie(process)]
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.05)


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

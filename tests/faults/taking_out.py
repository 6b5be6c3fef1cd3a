"""`python -m tests.faults.taking_out [WORD …]`: take each mechanism out of a copy of the code, and see its test fail.

Invariant: a test that stays green, or that cannot even run, guards nothing: the exit code is then 1.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from tests.faults.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
COPIED = ("indexer", "nyumba", "migrations", "tests", "pyproject.toml", "README.md")
# A test that waits for what will never come shall not wait for as long as a busy machine may need.
IMPATIENT = (
    ("tests/faults/load.py", "timeout_s: float = 240", "timeout_s: float = 40"),
    ("tests/faults/processes.py", "TIMEOUT_S = 240", "TIMEOUT_S = 60"),
    ("tests/faults/test_model.py", "deadline=None,", "deadline=None, phases=[Phase.generate],"),  # it need not shrink
    ("tests/faults/test_model.py", "import HealthCheck", "import HealthCheck, Phase"),
)
REASON = re.compile(r"^(?:FAILED|ERROR) tests/.+?(?: - (.*))?$", re.MULTILINE)


@click.command()
@click.argument("words", nargs=-1)
def main(words: tuple[str, ...]) -> None:
    """Only what is named by one of the words, if there are any."""
    chosen = [one for one in MUTATIONS if not words or any(word in one.test + one.mechanism for word in words)]
    guarded = [_is_guarded(one) for one in chosen]
    raise SystemExit(0 if all(guarded) else 1)


def _is_guarded(mutation: Mutation) -> bool:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nyumba-without-") as directory:
        copy = Path(directory)
        copy.chmod(0o755)
        _copy(copy)
        for file, text, instead in (*mutation.edits, *IMPATIENT):
            edit(copy / file, text, instead)
        code, said = _run(copy, mutation.test)
    found = REASON.search(said)
    is_guarded = code == 1 and found is not None and found[0].startswith("FAILED")
    click.echo(f"{'red  ' if is_guarded else 'GREEN'} {time.monotonic() - started:4.0f} s  {mutation.mechanism}")
    click.echo(f"      {mutation.test}: {found[1] if found else said.strip()[-200:]}")
    return is_guarded


def edit(file: Path, text: str, instead: str) -> None:
    """Replace a text that is there once."""
    content = file.read_text()
    if content.count(text) != 1:
        raise ValueError(f"{file} has {content.count(text)} times, and not once: {text}")
    file.write_text(content.replace(text, instead))


def _copy(directory: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, directory / name)


def _run(directory: Path, test: str) -> tuple[int, str]:
    """Run one test with the copy's code, also in the processes that it starts."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-m",
        "",  # also those that `make test` leaves out
        "-p",
        "no:cacheprovider",
        "--tb=short",
        f"tests/{test}",
    ]
    environ = {**os.environ, "PYTHONPATH": str(directory), "COLUMNS": "400", "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(command, cwd=directory, env=environ, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


if __name__ == "__main__":
    main()

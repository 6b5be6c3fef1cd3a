"""What the code as a whole promises: sizes, documentation, and nothing of the machine that it was written on."""

import re
import subprocess
from pathlib import Path
from typing import get_type_hints

import click
import pytest

import indexer.cli
import nyumba.cli
from nyumba.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for package in ("nyumba", "indexer", "migrations") for path in (ROOT / package).rglob("*.py"))
LONGEST_MODULE = 400


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    return [ROOT / name for name in listed.stdout.splitlines()]


def list_commands(group: click.Group, words: tuple[str, ...]) -> list[str]:
    names = []
    for name, command in group.commands.items():
        path = (*words, name)
        names += list_commands(command, path) if isinstance(command, click.Group) else [" ".join(path)]
    return names


COMMANDS = list_commands(nyumba.cli.main, ("nyumba",)) + list_commands(indexer.cli.main, ("nyumba-indexer",))


@pytest.mark.parametrize("path", [*MODULES, *(ROOT / "tests").rglob("*.py")], ids=lambda path: str(path.name))
def test_module_is_not_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=lambda path: path.parent.name)
def test_package_file_is_empty(path: Path) -> None:
    assert path.read_text() == ""


@pytest.mark.parametrize("path", [p for p in MODULES if p.name != "__init__.py"], ids=lambda path: str(path.name))
def test_module_says_what_it_is_for(path: Path) -> None:
    assert path.read_text().startswith('"""')


@pytest.mark.parametrize("name", [PREFIX + name.upper() for name in get_type_hints(Settings)])
@pytest.mark.parametrize("document", ["README.md", ".env.example"])
def test_setting_is_documented(name: str, document: str) -> None:
    assert re.search(rf"\b{name}\b", (ROOT / document).read_text())


@pytest.mark.parametrize("command", COMMANDS)
def test_command_is_documented(command: str) -> None:
    assert f"`{command}" in (ROOT / "README.md").read_text()


def test_no_registry_and_no_path_of_a_machine_is_named() -> None:
    hosts = re.compile(
        r"https?://[^ ]*(maven|pypi|pythonhosted|npmjs|crates|golang|debian)|(^|[^a-z.])/(work|farm|root)/"
    )
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked_files()
        if path.exists() and path != Path(__file__)
        for number, line in enumerate(path.read_text(errors="ignore").splitlines(), start=1)
        if hosts.search(line)
    ]
    assert named == []

"""What is kept of a run: `docs/benchmarks.json` for machines, `docs/benchmarks.md` for people.

Invariant: a kept figure is never older than the versions that stand above it: a run that is not of the same machine
and versions takes the place of all that was kept of its size.
"""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from bench.figures import Figure

DOCS = Path(__file__).resolve().parent.parent / "docs"
TOLERANCE = 0.10
PACKAGES = ("litestar", "uvicorn", "uvloop", "httptools", "msgspec", "elasticsearch", "sqlalchemy", "asyncpg")
INTRODUCTION = """# Benchmarks

`make bench` measures and writes this page; `make bench-compare` measures again and fails when a ratio got worse by more
than a tenth. Larger corpora: `make bench SIZE=200000`, `make bench SIZE=1000000`. How the memory of a reindex grows:
`python -m bench --size 100000 --part memory --keep`.

Every ratio is to a baseline that was measured in turns with it, in the same run, on the same machine, by the same
client over kept-alive connections, after a warm-up. Raw `_search` gets the very bodies that the API sends, with every
question around a point of its own; the mix is of words, typed sentences, filters, circles and boxes, each with five
facets. Client, API, PostgreSQL and Elasticsearch share the cores, so what one of them uses the others lack.
"""


class Run(msgspec.Struct, frozen=True):
    """One run at one size."""

    date: str
    machine: str
    versions: dict[str, str]
    figures: list[Figure]


Kept = dict[str, Run]


def describe_run(figures: list[Figure], stores: dict[str, str]) -> Run:
    """These figures, with where and on what they were measured."""
    versions = {"python": platform.python_version(), **stores, **{name: version(name) for name in PACKAGES}}
    return Run(datetime.now(UTC).date().isoformat(), describe_machine(), versions, figures)


def describe_machine() -> str:
    """Cores, processor, memory and kernel."""
    model = next((line.partition(":")[2].strip() for line in _read("/proc/cpuinfo") if "model name" in line), "unknown")
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{os.cpu_count()} cores ({model}), {memory_gb:.0f} GB, {platform.system()} {platform.release()}"


def _read(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def read_kept() -> Kept:
    """The runs that are kept, by size."""
    path = DOCS / "benchmarks.json"
    return msgspec.json.decode(path.read_bytes(), type=Kept) if path.exists() else {}


def keep(size: int, run: Run) -> None:
    """Write both files."""
    kept = {**read_kept(), str(size): run}
    ordered = {name: kept[name] for name in sorted(kept, key=int)}
    (DOCS / "benchmarks.json").write_bytes(msgspec.json.format(msgspec.json.encode(ordered)) + b"\n")
    (DOCS / "benchmarks.md").write_text("\n".join([INTRODUCTION, *map(render_run, ordered, ordered.values())]))


def merge_runs(kept: Run, run: Run) -> Run:
    """The new figures, and those of the other parts that were measured on the same."""
    if (kept.machine, kept.versions) != (run.machine, run.versions):
        return run
    renewed = {(figure.area, figure.name) for figure in run.figures}
    others = [figure for figure in kept.figures if (figure.area, figure.name) not in renewed]
    return msgspec.structs.replace(run, figures=others + run.figures)


def render_run(size: str, run: Run) -> str:
    """A section of the page."""
    versions = ", ".join(f"{name} {number}" for name, number in run.versions.items())
    return "\n".join(
        [
            f"## {int(size):,} listings",
            "",
            f"{run.date}, {run.machine}; {versions}.",
            "",
            *render_table(run.figures),
            "",
        ]
    )


def render_table(figures: Sequence[Figure]) -> list[str]:
    """Markdown."""
    lines = ["| | what | measured | baseline | ratio | to reach | |", "| --- | --- | ---: | ---: | ---: | ---: | --- |"]
    for figure in figures:
        baseline = "" if figure.baseline is None else f"{show(figure.baseline)} {figure.unit}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        sign = "≤" if figure.better == "lower" else "≥"
        bound = "" if figure.bound is None else f"{sign} {figure.bound:g}"
        verdict = {None: "", True: "holds", False: "**does not**"}[figure.holds]
        cells = [figure.area, figure.name, f"{show(figure.value)} {figure.unit}", baseline, ratio, bound, verdict]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def show(value: float) -> str:
    """Three digits that matter."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def find_regressions(kept: Sequence[Figure], now: Sequence[Figure], *, is_whole: bool = True) -> list[str]:
    """What got worse by more than a tenth, or, where all parts were measured, is not measured any more."""
    found = {(figure.area, figure.name): figure for figure in now}
    worse = []
    for before in kept:
        after = found.get((before.area, before.name))
        if after is None:
            if is_whole:
                worse.append(f"{before.area}: {before.name}: is not measured any more")
        elif not before.noise and _got_worse(before, after):
            worse.append(f"{before.area}: {before.name}: {show(before.decisive)} became {show(after.decisive)}")
    return worse


def _got_worse(before: Figure, after: Figure) -> bool:
    now = after.decisive if after.best is None else after.best
    if before.better == "lower":
        return now > before.decisive * (1 + TOLERANCE)
    return now < before.decisive * (1 - TOLERANCE)

"""How well the product ranks: `make eval` prints it, keeps it, and `--check` compares it with what was kept.

Invariant: what was tuned was tuned on the half `rules`; differences are tested on the half `held_out` alone.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from litestar.testing import AsyncTestClient
from sqlalchemy import text

from bench.world import connect, run_services
from evaluation.corpus import SEED, build_corpus
from evaluation.judged_interest import Log, judge_interest, simulate_logs, write_logs
from evaluation.judged_nearby import judge_nearby
from evaluation.judged_queries import Judged, judge_queries
from evaluation.judged_similar import judge_similar
from evaluation.measures import Comparison, Figures, Run, compare, measure
from evaluation.runs import TEXT_ALONE, Market
from evaluation.simulated_interest import run_markets
from indexer.event_streams import prepare_streams
from indexer.reindex import reindex
from nyumba.app import create_app
from nyumba.migrate import migrate
from nyumba.seed.seeder import seed_database
from nyumba.settings import Settings

KEPT = Path(__file__).with_name("kept")
LARGE, SMALL = 20_000, 3_000
SIMILAR = 200
MARKETS = 60
MOST_LOST = 0.02


class Result(msgspec.Struct, frozen=True):
    """One task: figures of every run by kind over all queries, and ours against the baselines on the held-back half."""

    figures: dict[str, dict[str, Figures]]
    held_out: list[Comparison]


Results = dict[str, Result]


def kept_path(count: int) -> Path:
    """Where the results for a market of this size are kept."""
    return KEPT / f"{count}.json"


async def evaluate(settings: Settings, count: int) -> Results:
    """Seed an empty database, index it, and measure."""
    today = datetime.now(UTC).date()
    corpus = build_corpus(count, today)
    searches, similar = judge_queries(corpus), judge_similar(corpus, SIMILAR)
    logs = simulate_logs(corpus, today)
    wanted = judge_interest(searches, logs)
    nearby, points = judge_nearby(searches, corpus)
    async with _open_market(settings, count, logs) as market:
        results = {
            "search": _judge(searches, await market.run_searches(searches)),
            "interest": _judge(wanted, await market.run_interest(wanted)),
            "nearby": _judge(nearby, await market.run_nearby(nearby, points)),
            "similar": _judge(similar, await market.run_similar(similar, corpus)),
        }
    return results | {"trending": _judge(*run_markets(range(MARKETS)))}


@asynccontextmanager
async def _open_market(settings: Settings, count: int, logs: Mapping[str, Log]) -> AsyncIterator[Market]:
    today = datetime.now(UTC).date()
    async with connect(settings) as (engine, client):
        await seed_database(engine, count=count, seed=SEED, as_of=today, advance=lambda _: None)
        await write_logs(engine, logs)
        await reindex(engine, client, settings.search_alias, lambda _: None)
        async with engine.connect() as connection:
            rows = await connection.execute(text("SELECT id, source_id FROM properties"))
            names = {str(row.id): row.source_id for row in rows}
        async with AsyncTestClient(create_app(settings)) as api:
            yield Market(api, client, settings.search_alias, names)


def _judge(judged: Sequence[Judged], runs: Mapping[str, Run]) -> Result:
    held_out = [one for one in judged if one.half == "held_out"]
    baselines = {name: run for name, run in runs.items() if name != TEXT_ALONE}
    return Result({name: measure(judged, run) for name, run in runs.items()}, compare(held_out, baselines))


def find_losses(kept: Results, found: Results) -> list[str]:
    """The kinds for which ours has become worse than was kept, by more than MOST_LOST."""
    losses = []
    for task, result in kept.items():
        for kind, before in result.figures["ours"].items():
            now = found[task].figures["ours"][kind].ndcg_10
            if before.ndcg_10 - now > MOST_LOST:
                losses.append(f"{task}, {kind}: NDCG@10 was {before.ndcg_10:.3f} and is {now:.3f}")
    return losses


def render(results: Results) -> str:
    """The tables of docs/evaluation.md."""
    lines: list[str] = []
    for task, result in results.items():
        runs = list(result.figures)
        lines += [f"### {task}", "", f"| kind | queries | {' | '.join(runs)} | recall@100 | empty pages |"]
        lines += ["|" + " --- |" * (len(runs) + 4)]
        for kind, ours in result.figures["ours"].items():
            scores = " | ".join(f"{result.figures[run][kind].ndcg_10:.3f}" for run in runs)
            lines.append(f"| {kind} | {ours.queries} | {scores} | {ours.recall_100:.3f} | {ours.empty:.3f} |")
        lines.append("")
        lines += [
            f"Held back: {one.difference:+.3f} against {one.baseline}, p = {one.p_value:.4f}."
            for one in result.held_out
        ]
        lines.append("")
    return "\n".join(lines)


async def _evaluate_alone(settings: Settings, count: int) -> Results:
    async with connect(settings) as (_, client):
        await prepare_streams(client, settings.events_prefix)
    return await evaluate(settings, count)


def read_kept(count: int) -> Results:
    """The results that were kept."""
    return msgspec.json.decode(kept_path(count).read_bytes(), type=Results)


@click.command()
@click.option("--count", default=LARGE, show_default=True, help="Listings to seed.")
@click.option("--keep", is_flag=True, help="Keep the results, for later ones to be compared with.")
def main(count: int, *, keep: bool) -> None:
    """Measure the rankings on a market of seeded listings, and compare with what was kept."""
    with run_services() as settings, tempfile.TemporaryDirectory() as folder:
        migrate(settings.require_database_url())
        results = asyncio.run(_evaluate_alone(replace(settings, state_dir=Path(folder)), count))
    click.echo(render(results))
    if keep:
        kept_path(count).write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    elif kept_path(count).exists() and (losses := find_losses(read_kept(count), results)):
        raise click.ClickException("\n".join(losses))


if __name__ == "__main__":
    main()

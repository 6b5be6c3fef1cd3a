"""How well typed queries are understood: precision and recall of the filters, for each part and kind of the sets.

Invariant: a filter counts only when its parameter and all its values are right. Of the half that no rule was written
against, only figures are printed.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import click

from evaluation.typed_queries import JudgedQuery, Part, load_queries
from nyumba.search.interpret.gazetteer import load_gazetteer
from nyumba.search.interpret.interpreter import Filter, interpret
from nyumba.search.interpret.tokens import split_tokens
from nyumba.search.interpret.vocabulary import load_vocabulary

Item = tuple[str, frozenset[object]]

PARTS: tuple[Part, ...] = ("rules", "held_out", "second")


@dataclass(slots=True)
class Score:
    """Counts of filters, and of queries whose every filter and every remaining word are right."""

    queries: int = 0
    whole: int = 0
    right: int = 0
    given: int = 0
    wanted: int = 0

    @property
    def precision(self) -> float:
        """The part of the given filters that are right."""
        return self.right / self.given if self.given else 1.0

    @property
    def recall(self) -> float:
        """The part of the wanted filters that are given."""
        return self.right / self.wanted if self.wanted else 1.0

    def add(self, query: JudgedQuery) -> bool:
        """Judge one query; whether all of it is right."""
        found = interpret(query.q)
        given, wanted = collect_items(found.filters), want_items(query)
        whole = given == wanted and _content(found.rest) == _content(query.rest)
        self.queries += 1
        self.whole += whole
        self.right += len(given & wanted)
        self.given += len(given)
        self.wanted += len(wanted)
        return whole


def collect_items(filters: Iterable[Filter]) -> set[Item]:
    """Parameters with all their values; a place with the name that the gazetteer has for it."""
    values: dict[str, set[object]] = defaultdict(set)
    for found in filters:
        values[found.param] |= {_SPELLINGS.get(str(value), value) for value in found.values}
    return {(param, frozenset(chosen)) for param, chosen in values.items()}


def want_items(query: JudgedQuery) -> set[Item]:
    """What the query should become, in the same shape."""
    return {
        (param, frozenset(value) if isinstance(value, list) else frozenset([value]))
        for param, value in query.want.items()
    }


def score(part: Part) -> dict[str, Score]:
    """The scores of one part, by kind, and of `all`."""
    scores: dict[str, Score] = defaultdict(Score)
    for query in load_queries(part):
        scores[query.kind].add(query)
        scores["all"].add(query)
    return scores


@click.command()
@click.option("--failures", is_flag=True, help="Also show what goes wrong in the half that rules are written against.")
def main(*, failures: bool) -> None:
    """Print how well typed queries are understood."""
    click.echo(f"{'part':<9} {'kind':<8} {'queries':>7} {'filters':>7} {'precision':>9} {'recall':>6} {'whole':>6}")
    for part in PARTS:
        for kind, result in sorted(score(part).items(), key=lambda entry: (entry[0] == "all", entry[0])):
            click.echo(
                f"{part:<9} {kind:<8} {result.queries:>7} {result.wanted:>7} {result.precision:>9.3f}"
                f" {result.recall:>6.3f} {result.whole / result.queries:>6.3f}"
            )
    for query in load_queries("rules") if failures else []:
        if not Score().add(query):
            found = interpret(query.q)
            click.echo(f"\n{query.q}\n  want {sorted(query.want.items())} | {query.rest}")
            click.echo(f"  have {[(f.text, f.param, f.values) for f in found.filters]} | {found.rest}")


def _content(text: str) -> list[str]:
    return [token.word for token in split_tokens(text.lower().replace('"', "")) if token.word not in _LITTLE]


def _list_spellings() -> dict[str, str]:
    gazetteer = load_gazetteer()
    spellings = {also: town.name for town in gazetteer.towns for also in town.also}
    return spellings | {also: name for name, entry in gazetteer.spellings.items() for also in entry.also}


_SPELLINGS = _list_spellings()
_LITTLE = load_vocabulary().little | {"karibu"}

if __name__ == "__main__":
    main()

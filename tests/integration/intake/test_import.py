import asyncio
import gzip
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nyumba.commands import CommandGroup
from nyumba.intake.cli import import_file
from nyumba.intake.importer import ImportSummary, import_rows
from nyumba.intake.mapping import parse_mapping
from nyumba.intake.reader import Row
from nyumba.intake.rejects import RejectsFile
from nyumba.intake.store import StoreCounts

MAPPING = """
source = "homes"
label = "Homes"
source_id = ["id"]

[fields]
title = { column = "name" }
property_type = { constant = "house" }
listing_type = { constant = "sale" }
price = { column = "price", prefix = "$", thousands = "," }
amenities = { column = "has" }
"""
HEADER = ["id", "name", "price", "has"]
STATE = """
    SELECT p.source_id, p.title, p.price, array_agg(a.name ORDER BY a.name) AS words, {columns}
    FROM properties p LEFT JOIN amenities a ON a.property_id = p.id GROUP BY p.id ORDER BY p.source_id
"""

Import = Callable[..., Result]


def query(database_url: str, sql: str) -> list[tuple[Any, ...]]:
    async def fetch() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(fetch())


def csv_of(*rows: Sequence[str]) -> str:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    return "".join(",".join(map(quoted, row)) + "\n" for row in (HEADER, *rows))


@pytest.fixture
def run_import(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """`nyumba import` as a person calls it, in a directory of its own."""
    monkeypatch.setenv("NYUMBA_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    Path("homes.toml").write_text(MAPPING)
    main = CommandGroup()
    main.add_command(import_file)

    def run(content: str | bytes, name: str = "homes.csv", mapping: str = "homes.toml", *options: str) -> Result:
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return CliRunner().invoke(main, ["import", name, "--mapping", mapping, *options])

    return run


def rejects(path: str = "homes.rejects.ndjson") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_rows_become_properties_and_the_others_named_rejects(run_import: Import, database_url: str) -> None:
    result = run_import(
        csv_of(
            ["1", "One", "$1,000", '["Pool"]'], ["2", "Two\nlines", "", ""], ["", "", "$5", ""], ["4", "Four", "$4", ""]
        )
    )
    assert result.exit_code == 0, result.output
    assert "read 4, inserted 2, updated 0, unchanged 0, rejected 2 in" in result.stdout
    assert "rejected rows: homes.rejects.ndjson" in result.stdout
    assert "Importing homes.csv" in result.stderr
    assert rejects() == [
        {"line": 3, "source_id": "2", "field": "price", "reason": "column 'price': it is empty"},
        {"line": 5, "source_id": None, "field": "source_id", "reason": "column 'id': it is empty"},
        {"line": 5, "source_id": None, "field": "title", "reason": "column 'name': it is empty"},
    ]
    assert query(database_url, "SELECT source, source_id, title FROM properties ORDER BY 2") == [
        ("homes", "1", "One"),
        ("homes", "4", "Four"),
    ]
    assert query(database_url, "SELECT full_name, role FROM users") == [("Homes", "agent")]


def test_second_import_changes_nothing(run_import: Import, database_url: str) -> None:
    content = csv_of(*([str(number), f"Home {number}", "$7", '["Gym", "Pool"]'] for number in range(2_500)))
    columns = STATE.format(columns="p.search_version, p.updated_at, (SELECT count(*) FROM search_outbox)")
    assert "inserted 2,500" in run_import(content).stdout
    before = query(database_url, columns)
    result = run_import(gzip.compress(content.encode()), "homes.csv.gz")
    assert "inserted 0, updated 0, unchanged 2,500, rejected 0" in result.stdout
    assert query(database_url, columns) == before


def test_events_of_an_import_stand_behind_those_of_people(run_import: Import, database_url: str) -> None:
    run_import(csv_of(["1", "One", "$1", ""]))
    assert query(database_url, "SELECT priority FROM search_outbox") == [(-1,)]


def test_ndjson_is_the_same_import(run_import: Import, database_url: str) -> None:
    run_import(csv_of(["1", "One", "$1", '["Pool"]'], ["2", "Two", "$2", ""]))
    lines = (
        '{"id": 1, "name": "One", "price": "$1", "has": ["Pool"]}\n{"id": "2", "name": "Two", "price": "$3"}\nnope\n'
    )
    result = run_import(lines, "more.ndjson")
    assert "read 3, inserted 0, updated 1, unchanged 1, rejected 1" in result.stdout
    assert [(entry["line"], entry["field"]) for entry in rejects("more.rejects.ndjson")] == [(3, "row")]
    assert query(database_url, "SELECT price FROM properties WHERE source_id = '2'") == [(3,)]


def test_repeated_source_id_is_a_reject_that_names_the_row_that_was_taken(
    run_import: Import, database_url: str
) -> None:
    far = [[str(number), "Home", "$1", ""] for number in range(1_500)]
    result = run_import(csv_of(*far, ["1499", "Near", "$2", ""], ["0", "Far", "$2", ""]))
    assert "read 1,502, inserted 1,500, updated 0, unchanged 0, rejected 2" in result.stdout
    assert [(entry["line"], entry["source_id"], entry["reason"]) for entry in rejects()] == [
        (1502, "1499", "line 1501 has the same one, and was taken"),
        (1503, "0", "line 2 has the same one, and was taken"),
    ]
    assert query(database_url, "SELECT DISTINCT title FROM properties") == [("Home",)]


def test_repeat_of_a_rejected_row_is_taken(run_import: Import) -> None:
    result = run_import(csv_of(["1", "No price", "", ""], ["1", "One", "$1", ""]))
    assert "inserted 1, updated 0, unchanged 0, rejected 1" in result.stdout


def test_rejects_of_an_earlier_run_do_not_survive(run_import: Import) -> None:
    run_import(csv_of(["1", "One", "", ""]))
    assert len(rejects()) == 1
    run_import(csv_of(["1", "One", "$1", ""]))
    assert not Path("homes.rejects.ndjson").exists()


def test_rejects_go_where_they_are_told(run_import: Import) -> None:
    run_import(csv_of(["1", "One", "", ""]), "homes.csv", "homes.toml", "--rejects", "elsewhere.ndjson")
    assert len(rejects("elsewhere.ndjson")) == 1


def test_rejects_never_replace_the_file_itself(run_import: Import) -> None:
    result = run_import(csv_of(), "homes.csv", "homes.toml", "--rejects", "homes.csv")
    assert result.exit_code == 2
    assert Path("homes.csv").read_text() == csv_of()


def test_rejects_never_replace_the_mapping(run_import: Import) -> None:
    result = run_import(csv_of(), "homes.csv", "homes.toml", "--rejects", "./homes.toml")
    assert result.exit_code == 2
    assert "the rejects would replace homes.toml" in result.stderr
    assert Path("homes.toml").read_text() == MAPPING


def test_cells_that_the_database_refuses_are_rejects_and_the_others_are_taken(
    run_import: Import, database_url: str
) -> None:
    result = run_import(
        csv_of(
            ["1", "One", "$1", '["Pool"]'],
            ["2", "Two", "$2", '["bad\\u0000word"]'],
            ["3", "x" * 200_000, "$3", ""],
            ["4", "Four", "$4", ""],
        )
    )
    assert "read 4, inserted 2, updated 0, unchanged 0, rejected 2" in result.stdout
    assert [(entry["line"], entry["field"]) for entry in rejects()] == [(3, "amenities"), (4, "title")]
    assert query(database_url, "SELECT source_id FROM properties ORDER BY 1") == [("1",), ("4",)]


def test_endless_description_is_a_reject(run_import: Import, database_url: str) -> None:
    Path("told.toml").write_text(MAPPING + 'description = { column = "text" }\n')
    lines = "".join(
        json.dumps({"id": key, "name": "Home", "price": "$1", "text": "é" * count}) + "\n"
        for key, count in (("1", 10_000), ("2", 10_001), ("3", 3_000_000))
    )
    result = run_import(lines, "homes.ndjson", "told.toml")
    assert "inserted 1, updated 0, unchanged 0, rejected 2" in result.stdout
    assert rejects()[0]["field"] == "description"
    assert rejects()[0]["reason"].endswith("has 10001 characters, and 10000 is the most")
    assert query(database_url, "SELECT source_id FROM properties") == [("1",)]


def test_broken_file_keeps_what_was_committed_and_can_be_finished(run_import: Import, database_url: str) -> None:
    whole = csv_of(*([str(number), "Home", "$1", '["Pool"]'] for number in range(2_500)))
    broken = run_import(whole[:-40].encode() + b"\xff\n")
    assert broken.exit_code == 1
    assert "homes.csv is not UTF-8: reading ends after line" in broken.stderr
    assert query(database_url, "SELECT count(*), (SELECT count(*) FROM amenities) FROM properties") == [(2000, 2000)]
    assert "inserted 500, updated 0, unchanged 2,000" in run_import(whole).stdout


@pytest.mark.parametrize(
    ("content", "name", "mapping", "code", "message"),
    [
        ("", "homes.csv", "homes.toml", 1, "homes.csv is empty"),
        ("id,name\n", "homes.csv", "homes.toml", 1, "has no column 'has', 'price'"),
        (csv_of(), "homes.txt", "homes.toml", 2, "must be named .csv"),
        (csv_of(), "homes.csv", "zillow", 2, "there is no mapping 'zillow'; take one of"),
    ],
)
def test_import_that_cannot_be_says_why(
    run_import: Import, content: str, name: str, mapping: str, code: int, message: str
) -> None:
    result = run_import(content, name, mapping)
    assert result.exit_code == code
    assert message in result.stderr


def test_header_alone_is_an_import_of_nothing(run_import: Import) -> None:
    result = run_import(csv_of())
    assert result.exit_code == 0
    assert "read 0, inserted 0" in result.stdout


def test_rejects_need_a_directory_that_is_there(run_import: Import) -> None:
    result = run_import(csv_of(), "homes.csv", "homes.toml", "--rejects", "nowhere/rejects.ndjson")
    assert result.exit_code == 2
    assert "cannot write the rejects to nowhere/rejects.ndjson (there is no such directory)" in result.stderr


def test_missing_file_is_a_usage_error() -> None:
    result = CliRunner().invoke(import_file, ["absent.csv", "--mapping", "kc_house_sales"])
    assert result.exit_code == 2
    assert "'absent.csv' does not exist" in result.stderr


def test_database_that_is_down_is_one_sentence(run_import: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NYUMBA_DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1:1/none")
    result = run_import(csv_of(["1", "One", "$1", ""]))
    assert result.exit_code == 3
    assert result.stderr.count("PostgreSQL does not answer") == 1


ROWS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(-1, 9), st.lists(st.sampled_from(["Gym", "Pool", "Wi-Fi"]))),
    max_size=12,
    unique_by=lambda row: row[0],
)


def import_tuples(database_url: str, path: Path, rows: Sequence[Any], batch_rows: int) -> ImportSummary:
    cells = [
        Row(line, {"id": str(key), "name": f"Home {key}", "price": f"${price}", "has": json.dumps(words)})
        for line, (key, price, words) in enumerate(rows, start=2)
    ]
    with closing(RejectsFile(path)) as rejected:
        mapping = parse_mapping("homes", MAPPING)
        return asyncio.run(import_rows(database_url, mapping, cells, rejected, batch_rows=batch_rows))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, batches=st.tuples(st.integers(1, 4), st.integers(1, 20)), data=st.data())
def test_order_and_batches_of_the_rows_make_no_difference(
    database_url: str, tmp_path: Path, rows: list[Any], batches: tuple[int, int], data: st.DataObject
) -> None:
    query(database_url, "DELETE FROM properties")
    state = STATE.format(columns="p.id, p.search_version")
    first = import_tuples(database_url, tmp_path / "rejects", rows, batches[0])
    before = query(database_url, state)
    second = import_tuples(database_url, tmp_path / "rejects", data.draw(st.permutations(rows)), batches[1])
    taken = sum(price > 0 for _, price, _ in rows)
    assert first.stored == StoreCounts(inserted=taken)
    assert second.stored == StoreCounts(unchanged=taken)
    assert first.rejected == second.rejected == len(rows) - taken
    assert query(database_url, state) == before
    assert len(before) == taken

"""The three real sources, where they are at hand."""

import asyncio
from collections import Counter
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from nyumba.intake.importer import import_rows
from nyumba.intake.mapping import load_mapping
from nyumba.intake.reader import open_rows
from nyumba.intake.rejects import RejectsFile
from nyumba.intake.store import StoreCounts

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.mark.parametrize(
    ("name", "taken", "refused"),
    [
        ("kc_house_sales", 21_613, {}),
        ("insideairbnb_jersey_city_2025", 1_631, {"price": 198}),
        ("p24_nairobi_addresses_2026", 370, {"price": 7}),
    ],
)
def test_every_row_is_a_property_or_a_named_reject(
    database_url: str, tmp_path: Path, name: str, taken: int, refused: dict[str, int]
) -> None:
    path = DATA / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not there: it is for evaluation only, and not part of the project")
    mapping = load_mapping(name)
    for expected in (StoreCounts(inserted=taken), StoreCounts(unchanged=taken)):
        with (
            open_rows(path, mapping.columns()) as rows,
            closing(RejectsFile(tmp_path / "rejects.ndjson")) as rejects,
        ):
            summary = asyncio.run(import_rows(database_url, mapping, rows, rejects))
        assert summary.stored == expected
        assert summary.rejected == sum(refused.values())
    lines = rejects.path.read_bytes().splitlines() if refused else []
    assert Counter(msgspec.json.decode(line)["field"] for line in lines) == refused

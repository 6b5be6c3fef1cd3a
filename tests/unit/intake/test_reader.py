import gzip
from pathlib import Path

import pytest

from nyumba.intake.errors import ColumnsMissing, FileBroken, FileUnknown
from nyumba.intake.reader import BrokenRow, Row, open_rows

CSV = b'\xef\xbb\xbfid,text,other\r\n1,"two\r\nlines ""so""",x\r\n\r\n2,\xf0\x9f\x8f\xa1,\r\n3,x\r\n4,last,y'


def read(path: Path, content: bytes, columns: tuple[str, ...] = ("id", "text")) -> list[Row | BrokenRow]:
    path.write_bytes(content)
    with open_rows(path, columns) as rows:
        return list(rows)


@pytest.mark.parametrize("name", ["homes.csv", "homes.csv.gz", "v1.2.csv"])
def test_csv_rows_carry_the_line_that_they_start_on(tmp_path: Path, name: str) -> None:
    content = gzip.compress(CSV) if name.endswith(".gz") else CSV
    assert read(tmp_path / name, content) == [
        Row(2, {"id": "1", "text": 'two\r\nlines "so"'}),
        Row(5, {"id": "2", "text": "🏡"}),
        BrokenRow(6, "it has 2 cells, and the header has 3"),
        Row(7, {"id": "4", "text": "last"}),
    ]


def test_ndjson_cells_keep_the_digits_that_were_written(tmp_path: Path) -> None:
    content = b'{"id": 12345678901234567890.10, "text": "\\u00e9"}\n\n{"text": null}\n{"id": true, "text": ["a", 1]}\n'
    assert read(tmp_path / "homes.ndjson.gz", gzip.compress(content)) == [
        Row(1, {"id": "12345678901234567890.10", "text": "é"}),
        Row(3, {"id": "", "text": ""}),
        Row(4, {"id": "true", "text": '["a", 1]'}),
    ]


@pytest.mark.parametrize(
    "line", [b"{", b"[1]", b"3", b'{"id": "\xff"}', b'{"id": "\\ud800"}', b'{"id": ' + b"[" * 9_999]
)
def test_line_that_is_no_json_object_is_a_broken_row(tmp_path: Path, line: bytes) -> None:
    broken, whole = read(tmp_path / "homes.ndjson", line + b'\n{"id": "1", "text": "a"}')
    assert isinstance(broken, BrokenRow)
    assert broken.line == 1
    assert broken.reason.startswith("it is no JSON object (")
    assert whole == Row(2, {"id": "1", "text": "a"})


def test_cell_may_be_larger_than_python_lets_it(tmp_path: Path) -> None:
    """So that it is a reject that is named, and the rows behind it are read."""
    large = "x" * 200_000
    rows = read(tmp_path / "homes.csv", f"id,text\n1,{large}\n2,b\n".encode())
    assert rows == [Row(2, {"id": "1", "text": large}), Row(3, {"id": "2", "text": "b"})]


def test_quote_that_is_never_closed_ends_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards the memory: the rest of the file would be one cell."""
    monkeypatch.setattr("nyumba.intake.reader.LARGEST_CELL", 100)
    with pytest.raises(FileBroken, match="field larger than field limit"):
        read(tmp_path / "homes.csv", b'id,text\n1,"' + b"x\n" * 100)


def test_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path / "homes.csv", b"id,text\n") == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("homes.csv", b"", "is empty"),
        ("homes.ndjson", b"", "is empty"),
        ("homes.csv", b"id,text\n1,a\n2,\xff\n", "is not UTF-8: reading ends after line 2"),
        ("homes.csv", b'id,text\n1,"a\n2,b\n', "is no proper CSV"),
        ("homes.csv", b'id,text\n1,"a"b\n', "is no proper CSV"),
        ("homes.csv", b"id,text,text\n", "has more than one column 'text'"),
        ("homes.csv.gz", CSV, "is no whole gzip file: reading ends after line 0"),
        ("homes.csv.gz", gzip.compress(CSV, mtime=0)[:-9], "is no whole gzip file"),
        ("homes.csv.gz", gzip.compress(CSV, mtime=0)[:-8] + b"12345678", "is no whole gzip file"),
    ],
)
def test_file_that_cannot_be_read_on_is_one_clear_error(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(FileBroken) as caught:
        read(tmp_path / name, content)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert message in str(caught.value)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(ColumnsMissing, match="has no column 'id', 'text', which the mapping names"):
        read(tmp_path / "homes.csv", b"ID,body\n1,a\n")


def test_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnknown, match=r"must be named \.csv"):
        read(tmp_path / "homes.xlsx", CSV)


def test_position_ends_at_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "homes.csv.gz"
    path.write_bytes(gzip.compress(CSV * 1000))
    with open_rows(path, ("id",)) as rows:
        list(rows)
        assert rows.position == rows.size == path.stat().st_size

from pathlib import Path

from nyumba.local.logs import quote_last_words


def test_last_telling_line_is_quoted_with_the_path(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("ERROR first\nCaused by: FooException: second\n\tat FooException.<init>(Foo.java:1)\nclosing\n\n")
    assert quote_last_words(log) == f"'Caused by: FooException: second'; read {log} for more"


def test_last_line_is_quoted_when_none_tells_more(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\ntwo\n")
    assert quote_last_words(tmp_path / "missing.log", log) == f"'two'; read {log} for more"


def test_silence_is_said(tmp_path: Path) -> None:
    assert quote_last_words(tmp_path / "missing.log") == f"it said nothing; look into {tmp_path}"

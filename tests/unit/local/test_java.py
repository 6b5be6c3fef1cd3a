from pathlib import Path

import pytest

from nyumba.local.account import Account
from nyumba.local.java import JavaMissing, find_java

NO_HOME = Path("/nonexistent")


def make_jdk(home: Path, version: str, *, programs: tuple[str, ...] = ("java", "jlink")) -> Path:
    (home / "bin").mkdir(parents=True)
    for program in programs:
        (home / "bin" / program).touch(mode=0o755)
    (home / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\n')
    return home


def test_explicit_java_home_comes_first(tmp_path: Path, account: Account) -> None:
    asked = make_jdk(tmp_path / "asked", "21.0.1")
    make_jdk(tmp_path / "jvms" / "newer", "25.0.3")
    environ = {"ES_JAVA_HOME": str(asked)}
    assert find_java(NO_HOME, account, environ=environ, folders=(tmp_path / "jvms",)) == asked


def test_bundled_jdk_comes_before_java_home(tmp_path: Path, account: Account) -> None:
    bundled = make_jdk(tmp_path / "home" / "jdk", "25")
    other = make_jdk(tmp_path / "other", "25")
    assert find_java(tmp_path / "home", account, environ={"JAVA_HOME": str(other)}, folders=()) == bundled


def test_unfit_java_home_is_passed_over_for_the_usual_folders(tmp_path: Path, account: Account) -> None:
    old = make_jdk(tmp_path / "jvms" / "java-17", "17.0.15")
    fit = make_jdk(tmp_path / "jvms" / "java-21", "21.0.4")
    assert find_java(NO_HOME, account, environ={"JAVA_HOME": str(old)}, folders=(tmp_path / "jvms",)) == fit


def test_java_on_the_path_is_found(tmp_path: Path, account: Account) -> None:
    home = make_jdk(tmp_path / "jdk", "21")
    assert find_java(NO_HOME, account, environ={"PATH": str(home / "bin")}, folders=()) == home


def test_error_lists_the_versions_found_and_what_is_needed(tmp_path: Path, account: Account) -> None:
    make_jdk(tmp_path / "java-17", "17.0.15")
    make_jdk(tmp_path / "trimmed", "25.0.1", programs=("java",))
    with pytest.raises(JavaMissing) as caught:
        find_java(NO_HOME, account, environ={"PATH": ""}, folders=(tmp_path,))
    message = str(caught.value)
    assert "full JDK 21 or newer" in message
    assert f"{tmp_path}/java-17 (version 17.0.15)" in message
    assert f"{tmp_path}/trimmed (version 25.0.1 without the module jdk.jlink)" in message


def test_error_says_when_there_is_no_java_at_all(account: Account) -> None:
    with pytest.raises(JavaMissing, match="found none: install one"):
        find_java(NO_HOME, account, environ={"PATH": ""}, folders=())


def test_jdk_that_the_account_cannot_reach_is_passed_over(tmp_path: Path) -> None:
    make_jdk(tmp_path / "jdk", "25")
    (tmp_path / "jdk" / "bin").chmod(0o700)
    stranger = Account("stranger", 54321, 54321)
    with pytest.raises(JavaMissing, match="closed to the user stranger"):
        find_java(NO_HOME, stranger, environ={"PATH": ""}, folders=(tmp_path,))

"""The mutations of the fault tests, and the table of docs/faults.md, speak of the code and the tests as they are."""

import re
from pathlib import Path

import pytest

from tests.faults.mutations import MUTATIONS, Mutation
from tests.faults.taking_out import IMPATIENT, ROOT

TESTS = {
    f"faults/{file.name}::{name}"
    for file in (ROOT / "tests/faults").glob("test_*.py")
    for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.mechanism)
def test_mutation_has_its_text_and_its_test(mutation: Mutation) -> None:
    for file, text, instead in (*mutation.edits, *IMPATIENT):
        assert Path(ROOT / file).read_text().count(text) == 1, text
        assert text != instead
    file, _, name = mutation.test.partition("[")[0].partition("::")
    assert f"def {name}(" in Path(ROOT / "tests" / file).read_text()


def test_every_fault_test_has_a_mutation_and_a_row() -> None:
    assert {mutation.test.partition("[")[0] for mutation in MUTATIONS} >= TESTS
    table = (ROOT / "docs/faults.md").read_text()
    assert [name for name in TESTS if name.partition("::")[2] not in table] == []
    assert [one.mechanism for one in MUTATIONS if one.mechanism not in table] == []

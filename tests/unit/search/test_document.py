"""The document contract does not change unnoticed."""

import msgspec

from nyumba.search.document import MAPPINGS, SCHEMA_VERSION, Agent, PropertyDocument, compute_digest

# One line for each version that was ever released. A changed digest without a new version is a mistake.
DIGESTS = {
    1: "9e3475d8c83f",
    2: "e77e92ea6f64",
    3: "3a9f01318941",
    4: "309bb86a0fdc",
    5: "855b011e6038",
    6: "ccba4e201277",
    7: "d3b01f1b4503",
}


def test_contract_changes_only_with_its_version() -> None:
    assert max(DIGESTS) == SCHEMA_VERSION
    assert compute_digest() == DIGESTS[SCHEMA_VERSION], "raise SCHEMA_VERSION, and add its digest here"


def test_struct_and_mapping_name_the_same_fields() -> None:
    def names(struct: type[msgspec.Struct]) -> set[str]:
        return {field.encode_name for field in msgspec.structs.fields(struct)}

    assert names(PropertyDocument) | {"tombstoned_at"} == MAPPINGS["properties"].keys()
    assert names(Agent) == MAPPINGS["properties"]["agent"]["properties"].keys()

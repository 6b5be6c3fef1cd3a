"""The OpenAPI document, as it is made from the routes."""

from typing import Any

import pytest

from nyumba.app import create_app
from nyumba.problems import MEDIA_TYPE
from nyumba.settings import Settings


def read_document() -> dict[str, Any]:
    settings = Settings(
        env="test", database_url="postgresql+asyncpg://127.0.0.1:1/x", elasticsearch_url="http://127.0.0.1:1"
    )
    return create_app(settings).openapi_schema.to_schema()


DOCUMENT = read_document()
OPERATIONS = {
    f"{method} {path}": operation for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_is_explained(name: str) -> None:
    assert OPERATIONS[name]["summary"]
    assert OPERATIONS[name]["description"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_errors_are_problems(name: str) -> None:
    for status, response in OPERATIONS[name]["responses"].items():
        if int(status) >= 400:
            assert list(response["content"]) == [MEDIA_TYPE], status
            assert "urn:nyumba:problem:" in response["description"]


@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if operation.get("security")])
def test_operation_that_reads_tokens_says_what_a_bad_one_gets_and_that_it_needs_the_database(name: str) -> None:
    assert {"401", "503"} <= set(OPERATIONS[name]["responses"])


@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if "requestBody" in operation])
def test_body_takes_no_other_fields(name: str) -> None:
    [content] = OPERATIONS[name]["requestBody"]["content"].values()
    schema = content["schema"]
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    assert schema["additionalProperties"] is False
    assert {"400", "413"} <= set(OPERATIONS[name]["responses"])


def test_export_says_how_many_there_are() -> None:
    answer = OPERATIONS["get /api/v1/properties/export"]["responses"]["200"]
    assert list(answer["headers"]) == ["Total-Count"]
    assert list(answer["content"]) == ["text/csv", "application/x-ndjson"]


def test_bounds_are_those_of_the_body() -> None:
    fields = DOCUMENT["components"]["schemas"]["PropertyCreate"]["properties"]
    assert fields["bedrooms"]["anyOf"][0] | {"description": ""} == {
        "type": "integer",
        "minimum": 0,
        "maximum": 100,
        "description": "",
    }
    assert fields["amenities"]["items"]["maxLength"] == 100
    assert "(?" not in fields["title"]["pattern"]

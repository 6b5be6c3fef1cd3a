"""JSON bodies into structs, all their faults at once.

Invariant: every field of a body is either understood or named in an error; none is ignored. So nobody sets what the
struct does not offer, such as a role of their own.
"""

import math
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec
from litestar.dto import MsgspecDTO
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition
from msgspec import NODEFAULT
from msgspec.structs import FieldInfo, fields

from nyumba.errors import FieldError, InvalidRequest, MalformedBody
from nyumba.parameters import Ruled, describe_type
from nyumba.texts import publish_pattern

T = TypeVar("T", bound=msgspec.Struct)
J = TypeVar("J")

LARGEST_WHOLE = 2**53  # beyond it, not every whole number is a float


def read_number(text: str) -> int | float:
    """The `float_hook` of what reads bodies: JSON has one kind of number, so 3.0 is a whole one.

    Raises:
        ValueError: no float is as large.
    """
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return int(number) if number.is_integer() and abs(number) <= LARGEST_WHOLE else number


_OBJECT = msgspec.json.Decoder(dict[str, Any], float_hook=read_number)


def read_json(decoder: msgspec.json.Decoder[J], body: bytes) -> J:
    """Decode a body.

    Raises:
        MalformedBody: it is no JSON, not what the decoder takes, or nested too deep to be read.
    """
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedBody("the body must be a JSON object, in UTF-8") from None


class StrictBody(MsgspecDTO[T], Generic[T]):
    """How a handler's `data` is read: `@post(dto=StrictBody[Login], return_dto=None)`."""

    def decode_bytes(self, value: bytes) -> Any:  # noqa: ANN401  (as Litestar declares it)
        """Read the body."""
        return parse_body(self.model_type, value)

    @classmethod
    def create_for_field_definition(cls, *_: object, **__: object) -> None:
        """Nothing is transferred from a model of Litestar's making: the struct itself is read."""

    @classmethod
    def create_openapi_schema(
        cls,
        field_definition: FieldDefinition,
        handler_id: str,  # noqa: ARG003  (as Litestar declares it)
        schema_creator: Any,  # noqa: ANN401  (of a type that Litestar keeps to itself)
    ) -> Reference | Schema:
        """Describe the struct as msgspec does: Litestar leaves out some bounds, and all those of items."""
        reference: Reference = schema_creator.for_field_definition(field_definition)
        schema: Schema = schema_creator.schema_registry.from_reference(reference).schema
        described = describe_struct(cls.model_type)
        schema.properties, schema.required = described["properties"], described.get("required")
        schema.additional_properties = False
        return reference


def describe_struct(model: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON schema of a struct, with those of other structs in their places."""
    schema = msgspec.json.schema(model)
    described: dict[str, Any] = _resolve({"$ref": schema["$ref"]}, schema["$defs"])
    return described


def parse_body(model: type[T], body: bytes) -> T:
    """Build a struct from a JSON object.

    Raises:
        MalformedBody: it is no JSON object.
        InvalidRequest: with all the fields that are unknown, missing or wrong.
    """
    given = read_json(_OBJECT, body)
    known = {field.encode_name: field for field in fields(model)}
    values: dict[str, Any] = {}
    errors = [_refuse(name, f"is not a field here; there are: {', '.join(known)}") for name in given.keys() - known]
    for name, field in known.items():
        if name not in given:
            if field.default is NODEFAULT and field.default_factory is NODEFAULT:
                errors.append(_refuse(name, "is missing"))
            elif field.default is not NODEFAULT:
                values[field.name] = field.default
            continue
        try:
            values[field.name] = msgspec.convert(given[name], field.type)
        except msgspec.ValidationError:
            errors.append(_refuse(name, f"must be {_describe(field)}"))
    if issubclass(model, Ruled):
        faults = [_refuse(e.parameter, e.detail) if e.parameter else e for e in model.find_faults(values)]
        named = {error.pointer for error in errors}
        errors += [fault for fault in faults if fault.pointer not in named]
    if errors:
        raise InvalidRequest(sorted(errors, key=lambda error: error.pointer or ""))
    return model(**values)


def _resolve(schema: Any, definitions: Mapping[str, Any]) -> Any:  # noqa: ANN401  (JSON)
    """A schema without references, also those of a discriminator, its patterns as JSON Schema reads them."""
    if isinstance(schema, list):
        return [_resolve(entry, definitions) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/$defs/")]
    if isinstance(pattern := schema.get("pattern"), str):
        schema = schema | {"pattern": publish_pattern(pattern)}
    return {key: _resolve(value, definitions) for key, value in schema.items() if key != "discriminator"}


def _refuse(name: str, detail: str) -> FieldError:
    """The pointer of a field, escaped as RFC 6901 wants it and cut where a stranger's name for it is too long."""
    return FieldError(detail, pointer="/" + name[:100].replace("~", "~0").replace("/", "~1"))


def _describe(field: FieldInfo) -> str:
    return describe_type(msgspec.inspect.type_info(field.type))
